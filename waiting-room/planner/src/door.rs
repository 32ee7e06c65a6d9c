//! Calling and claiming, as the core's `EventQueue` does it once it knows its crowd.

use std::{collections::VecDeque, time::Duration};

use crate::{
    Scenario,
    course::TICK,
    line::{Line, Slice},
};

/// How long a fan takes to read "it is your turn" and press the button, from and to, in seconds (judgement).
const REACTION: (f64, f64) = (1.0, 5.0);

/// When a fan who overslept the call window comes back, in seconds after its end (judgement).
const COMES_BACK_AFTER: f64 = 15.0;

/// The controller's reserve, longest lead and safety, as `EventQueue::turn` has them.
const DOOR_RESERVE: f64 = 2.0;
const LONGEST_LEAD: f64 = 45.0;
const SAFETY: f64 = 1.5;

/// When to knock again at a busy door, at least and at most, and at one behind which every session is taken,
/// in seconds, as `EventQueue::claim` has it; and by how much later a page does.
const RETRY: (f64, f64) = (0.3, 3.0);
const RETRY_SHUT: f64 = 4.0;
const PAGES_ARE_LATE: f64 = 1.1;

/// Over how many seconds it smooths the speed at which sessions end.
const SMOOTHING: f64 = 10.0;

/// Into how many equal parts those are cut whose next poll comes at any moment of an interval.
const PARTS: usize = 8;

/// The fans who are called, and those at the door.
pub(crate) struct Controller {
    show_share: f64,
    second_call: f64,
    no_show: f64,
    delays: Vec<(usize, f64)>,
    comes_back: usize,
    mean_delay: f64,
    per_second: f64,
    batch: f64,
    permits: f64,
    under_way: VecDeque<Vec<Slice>>,
    coming: f64,
    returning: VecDeque<Vec<Slice>>,
    overslept: f64,
    at_door: Line,
    ended_per_second: f64,
}

/// What a turn called.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Called {
    pub(crate) first: f64,
    pub(crate) second: f64,
    pub(crate) never_come: f64,
}

impl Controller {
    pub(crate) fn of(scenario: &Scenario) -> Self {
        let policy = scenario.poll_policy();
        let near = policy.poll_after(Some(Duration::ZERO)).as_secs_f64();
        let hidden = Duration::from_millis(policy.hidden_ms).as_secs_f64();
        let share_hidden = scenario.crowd.hidden;
        // The call falls at any moment between two polls.
        let spread = |interval: f64, share: f64| {
            let (soonest, latest) = (REACTION.0, interval + REACTION.1);
            let part = move |n| (n as f64 + 0.5) / PARTS as f64 * (latest - soonest);
            (0..PARTS).map(move |n| (soonest + part(n), share / PARTS as f64))
        };
        let delays: Vec<(f64, f64)> = spread(near, 1.0 - share_hidden)
            .chain(spread(hidden, share_hidden))
            .filter(|(_, share)| *share > 0.0)
            .collect();
        let mean_delay = delays.iter().map(|(delay, share)| delay * share).sum();
        let mut in_ticks: Vec<(usize, f64)> = Vec::new();
        for (delay, share) in delays {
            let ticks = ticks(delay);
            match in_ticks.last_mut() {
                Some((same, sum)) if *same == ticks => *sum += share,
                _ => in_ticks.push((ticks, share)),
            }
        }
        let window = scenario.door.call_window.as_secs_f64();
        let per_second = scenario.door.rate.per_second();
        Self {
            show_share: scenario.show_share(),
            second_call: scenario.crowd.second_call,
            no_show: scenario.crowd.no_show,
            delays: in_ticks,
            comes_back: ticks(window + COMES_BACK_AFTER),
            mean_delay,
            per_second,
            batch: (per_second * TICK).max(1.0),
            permits: 0.0,
            under_way: VecDeque::new(),
            coming: 0.0,
            returning: VecDeque::new(),
            overslept: 0.0,
            at_door: Line::default(),
            ended_per_second: 0.0,
        }
    }

    /// Those who are called and will come, be it after another call.
    pub(crate) fn expected(&self) -> f64 {
        self.coming + self.overslept + self.at_door.fans()
    }

    /// A tick passes: who is under way gets nearer; tells how many reach the door. Who overslept a call
    /// goes back to the head of `line`.
    pub(crate) fn pass_time(&mut self, line: &mut Line, sessions_ended: f64) -> f64 {
        self.permits = (self.permits + self.per_second * TICK).min(self.batch);
        let weight = 1.0 - (-TICK / SMOOTHING).exp();
        self.ended_per_second += weight * (sessions_ended / TICK - self.ended_per_second);
        for slice in self.returning.pop_front().unwrap_or_default() {
            self.overslept -= slice.fans;
            line.push_front(slice);
        }
        let mut came = 0.0;
        for slice in self.under_way.pop_front().unwrap_or_default() {
            came += slice.fans;
            self.coming -= slice.fans;
            self.at_door.push_back(slice);
        }
        if self.under_way.is_empty() {
            self.coming = 0.0;
        }
        if self.returning.is_empty() {
            self.overslept = 0.0;
        }
        came
    }

    /// How often a second those at the door knock in vain, by the door's `Retry-After`.
    pub(crate) fn knocks_per_second(&self, free_sessions: f64) -> f64 {
        let at_door = self.at_door.fans();
        let period = 1.0 / self.per_second;
        let retry = if free_sessions < 1.0 {
            RETRY_SHUT
        } else if TICK - period > RETRY.0 {
            (at_door / self.per_second).clamp(RETRY.0, RETRY.1)
        } else {
            (period / 2.0).clamp(RETRY.0, RETRY.1)
        };
        at_door / (retry * PAGES_ARE_LATE)
    }

    /// Those at the door whom permits and `free_sessions` let pass.
    pub(crate) fn claims(&mut self, free_sessions: f64) -> Vec<Slice> {
        let admitted = self
            .at_door
            .take(self.permits.min(free_sessions.max(0.0)), |_| 1.0);
        self.permits -= admitted.iter().map(|slice| slice.fans).sum::<f64>();
        admitted
    }

    /// The controller's turn: calls as many as keep the door busy.
    pub(crate) fn turn(&mut self, line: &mut Line, free_sessions: f64) -> Called {
        let lead = (self.mean_delay + DOOR_RESERVE).min(LONGEST_LEAD);
        let under_way = self.per_second * self.mean_delay;
        let through_the_door = (self.per_second * lead + SAFETY * under_way.sqrt()).max(1.0);
        let into_checkout = free_sessions.max(0.0) + self.ended_per_second * lead;
        let missing = through_the_door.min(into_checkout) - self.coming - self.at_door.fans();
        let show_share = self.show_share;
        let taken = line.take(missing, |slice| match slice.missed_one {
            true => 1.0,
            false => show_share,
        });
        let mut called = Called::default();
        for slice in taken {
            self.call(slice, &mut called);
        }
        called
    }

    fn call(&mut self, slice: Slice, called: &mut Called) {
        if slice.missed_one {
            called.second += slice.fans;
            self.set_out(slice);
            return;
        }
        called.first += slice.fans;
        called.never_come += slice.fans * self.no_show;
        let come = slice.fans * (1.0 - self.no_show);
        let oversleep = Slice {
            fans: come * self.second_call,
            missed_one: true,
            ..slice
        };
        if oversleep.fans > 0.0 {
            self.overslept += oversleep.fans;
            at(&mut self.returning, self.comes_back).push(oversleep);
        }
        self.set_out(Slice {
            fans: come - oversleep.fans,
            ..slice
        });
    }

    fn set_out(&mut self, slice: Slice) {
        self.coming += slice.fans;
        for (delay, share) in &self.delays {
            let fans = slice.fans * share;
            at(&mut self.under_way, *delay).push(Slice { fans, ..slice });
        }
    }
}

/// The entry of `calendar` in so many ticks.
fn at(calendar: &mut VecDeque<Vec<Slice>>, ticks: usize) -> &mut Vec<Slice> {
    let index = ticks.saturating_sub(1);
    if calendar.len() <= index {
        calendar.resize_with(index + 1, Vec::new);
    }
    &mut calendar[index]
}

fn ticks(seconds: f64) -> usize {
    (seconds / TICK).round().max(1.0) as usize
}
