use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use waiting_room_core::{
    Claim, Cohort, Epoch, EventQueue, Message, Mode, Pace, PaceMeter, Phase, Place, Rules,
    Schedule, SessionId, Settings, Snapshot, Standing, TicketId, Timestamp,
};
use waiting_room_planner::Scenario;

use super::dice::Dice;

/// When the on-sale begins.
const START: Timestamp = Timestamp::from_seconds(1_795_250_000);

/// One fan in so many looks at the board, and counts for all of them.
const LOOKERS: usize = 20;

/// How it went.
pub(crate) struct Outcome {
    /// In seconds, in ascending order.
    waits: Vec<f64>,
    pub(crate) last_admission_at: f64,
    pub(crate) sold_out_at: Option<f64>,
    pub(crate) longest_queue: usize,
    pub(crate) most_sessions: usize,
    pub(crate) orders: usize,
    pub(crate) left: usize,
    pub(crate) knocks: usize,
    pub(crate) looks: usize,
}

impl Outcome {
    pub(crate) fn admitted(&self) -> usize {
        self.waits.len()
    }

    pub(crate) fn wait(&self, percentile: u32) -> f64 {
        let last = self.waits.len() - 1;
        self.waits[last * percentile as usize / 100]
    }
}

/// Lets a crowd do what `scenario` says, once, as `seed` decides.
pub(crate) fn rehearse(scenario: &Scenario, seed: u64) -> Outcome {
    let mut sale = Sale::new(scenario, seed);
    sale.run();
    sale.outcome.waits.sort_by(f64::total_cmp);
    sale.outcome
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Turn,
    Join(usize),
    Look(usize),
    Leave(usize),
    Knock(usize),
    Held(usize, Duration),
    Order(usize),
}

struct Fan {
    comes: bool,
    oversleeps: bool,
    hidden: bool,
    place: Option<Place>,
    since: f64,
    calls: u32,
    session: Option<SessionId>,
    gone: bool,
}

struct Sale<'a> {
    scenario: &'a Scenario,
    rules: Rules,
    settings: Settings,
    queue: EventQueue,
    snapshot: Option<Snapshot>,
    meter: PaceMeter,
    pace: Option<Pace>,
    fans: Vec<Fan>,
    waiting: std::collections::BTreeSet<(Place, usize)>,
    in_checkout: usize,
    units_left: Option<f64>,
    dice: Dice,
    now: f64,
    steps: BinaryHeap<Reverse<(Timestamp, u64, Step)>>,
    planned: u64,
    fates_open: usize,
    outcome: Outcome,
}

fn at(seconds: f64) -> Timestamp {
    Timestamp::from_micros((START.as_micros() as f64 + seconds * 1e6) as u64)
}

fn ticket(fan: usize) -> TicketId {
    TicketId::from_bytes((fan as u128).to_be_bytes())
}

impl<'a> Sale<'a> {
    fn new(scenario: &'a Scenario, seed: u64) -> Self {
        let door = &scenario.door;
        let opens = -scenario.crowd.prequeue_for.as_secs_f64();
        let rules = Rules {
            schedule: Schedule {
                opens_at: at(opens),
                on_sale_at: START,
                closes_at: None,
            },
            session_length: door.session_length,
            call_window: door.call_window,
            calls_per_ticket: 2,
            tick: Duration::from_secs(1),
            capacity: 10_000_000,
        };
        let settings = Settings {
            admission_rate_per_minute: door.rate,
            max_active_sessions: door.max_sessions,
            mode: Mode::Admit,
            message: Message::default(),
        };
        let begin = at(opens);
        let mut sale = Self {
            queue: EventQueue::new(Epoch::new(1), begin, begin, &rules, &settings),
            rules,
            settings,
            snapshot: None,
            meter: PaceMeter::default(),
            pace: None,
            fans: Vec::new(),
            waiting: std::collections::BTreeSet::new(),
            in_checkout: 0,
            units_left: scenario.purchase.stock.map(|units| units as f64),
            dice: Dice::new(seed),
            now: opens,
            steps: BinaryHeap::new(),
            planned: 0,
            fates_open: scenario.crowd.fans as usize,
            outcome: Outcome {
                waits: Vec::new(),
                last_admission_at: 0.0,
                sold_out_at: None,
                longest_queue: 0,
                most_sessions: 0,
                orders: 0,
                left: 0,
                knocks: 0,
                looks: 0,
            },
            scenario,
        };
        sale.gather();
        sale.plan(0.37, Step::Turn);
        sale
    }

    fn gather(&mut self) {
        let crowd = &self.scenario.crowd;
        for fan in 0..crowd.fans as usize {
            let wave = self.dice.between(0.0, 1.0);
            let joins_at = if wave < crowd.prequeue {
                self.dice.between(-crowd.prequeue_for.as_secs_f64(), 0.0)
            } else if wave < crowd.prequeue + crowd.late {
                self.dice.between(0.0, crowd.late_over.as_secs_f64())
            } else {
                self.dice.between(0.0, crowd.stampede.as_secs_f64())
            };
            self.fans.push(Fan {
                comes: !self.dice.chance(crowd.no_show),
                oversleeps: self.dice.chance(crowd.second_call),
                hidden: self.dice.chance(crowd.hidden),
                place: None,
                since: joins_at.max(0.0),
                calls: 0,
                session: None,
                gone: false,
            });
            self.plan_at(joins_at, Step::Join(fan));
        }
    }

    fn plan(&mut self, after: f64, step: Step) {
        self.plan_at(self.now + after, step);
    }

    fn plan_at(&mut self, seconds: f64, step: Step) {
        self.planned += 1;
        self.steps.push(Reverse((at(seconds), self.planned, step)));
    }

    fn run(&mut self) {
        while let Some(Reverse((time, _, step))) = self.steps.pop() {
            self.now = (time.as_micros() as f64 - START.as_micros() as f64) / 1e6;
            match step {
                Step::Turn => self.turn(),
                Step::Join(fan) => self.join(fan),
                Step::Look(fan) => self.look(fan),
                Step::Leave(fan) => self.leave(fan),
                Step::Knock(fan) => {
                    self.outcome.knocks += 1;
                    self.knock(fan, Claim::HOLD);
                }
                Step::Held(fan, hold) => self.knock(fan, hold),
                Step::Order(fan) => self.order(fan),
            }
            if self.outcome.sold_out_at.is_some() || self.fates_open == 0 && self.in_checkout == 0 {
                return;
            }
        }
    }

    fn turn(&mut self) {
        let now = at(self.now);
        let turn = self.queue.turn(now, &self.rules, &self.settings);
        for _ in 0..turn.called {
            let (_, fan) = self.waiting.pop_first().expect("called more than wait");
            self.called(fan);
        }
        self.in_checkout -= turn.sessions_expired;
        let snapshot = self.queue.snapshot(now, &self.rules, &self.settings);
        let waiting = snapshot.marks.waiting();
        let phase = Phase::at(now, &self.rules.schedule, self.settings.mode, false);
        self.outcome.longest_queue = self.outcome.longest_queue.max(waiting as usize);
        let sessions = snapshot.sessions as usize;
        self.outcome.most_sessions = self.outcome.most_sessions.max(sessions);
        self.in_checkout = sessions;
        self.pace = self.meter.observe(&snapshot, phase, &self.settings);
        self.snapshot = Some(snapshot);
        self.plan(1.0, Step::Turn);
    }

    fn join(&mut self, fan: usize) {
        let drawn = Place::new(self.dice.bits() >> (64 - Place::DRAW_BITS)).unwrap();
        let joined = self
            .queue
            .join(
                ticket(fan),
                drawn,
                at(self.now),
                &self.rules,
                &self.settings,
            )
            .unwrap();
        self.fans[fan].place = Some(joined.place);
        if fan.is_multiple_of(LOOKERS) {
            // One look when the page opens, one after joining.
            self.outcome.looks += LOOKERS;
            self.look(fan);
        }
        let share = self.scenario.crowd.leave_per_hour;
        if share > 0.0 {
            let from = self.now.max(0.0);
            let leaves_at = from + self.dice.time_until(share);
            self.plan_at(leaves_at, Step::Leave(fan));
        }
        match joined.standing {
            Standing::Waiting => drop(self.waiting.insert((joined.place, fan))),
            _ => self.called(fan),
        }
    }

    /// The page looks at the board, as the policy says, until the turn has come.
    fn look(&mut self, fan: usize) {
        let Some(place) = self.fans[fan].place else {
            return;
        };
        if self.fans[fan].calls > 0 || self.fans[fan].gone {
            return;
        }
        self.outcome.looks += LOOKERS;
        let policy = self.scenario.poll_policy();
        let jitter = self.dice.between(1.0 - policy.jitter, 1.0 + policy.jitter);
        if self.now < 0.0 {
            // `momentDelay` of the site's `lib/poll.js`.
            let far = match self.fans[fan].hidden {
                true => policy.hidden_ms,
                false => policy.max_ms,
            };
            let rarely = Duration::from_millis(far).as_secs_f64() * jitter;
            let soon = Duration::from_millis(policy.min_ms).as_secs_f64() / 2.0;
            let spread = self.dice.between(0.0, 4.0);
            self.plan(rarely.min(soon + spread - self.now), Step::Look(fan));
            return;
        }
        let interval = if self.fans[fan].hidden {
            Duration::from_millis(policy.hidden_ms)
        } else if let Some(board) = &self.snapshot
            && (place.cohort() == Cohort::Arrival || self.now > 1.5)
        {
            let rate = self.settings.admission_rate_per_minute;
            let ahead = board.marks.ahead(place);
            let eta = self.pace.map(|pace| pace.eta(ahead).expected);
            policy.poll_after(Some(
                eta.unwrap_or_else(|| rate.lasts(ahead).mul_f64(board.show_share)),
            ))
        } else {
            policy.poll_after(Some(Duration::ZERO))
        };
        self.plan(interval.as_secs_f64() * jitter, Step::Look(fan));
    }

    fn leave(&mut self, fan: usize) {
        let place = self.fans[fan].place.unwrap();
        if self.waiting.remove(&(place, fan)) {
            self.queue
                .leave(ticket(fan), at(self.now), &self.rules, &self.settings);
            self.outcome.left += 1;
            self.fate(fan);
        }
    }

    /// The fan is called: sees it at the next poll, reads, and presses the button.
    fn called(&mut self, fan: usize) {
        let policy = self.scenario.poll_policy();
        self.fans[fan].calls += 1;
        if !self.fans[fan].comes {
            self.fate(fan);
            return;
        }
        let interval = match self.fans[fan].hidden {
            true => policy.hidden_ms,
            false => policy.min_ms,
        };
        let poll = self.dice.between(0.0, interval as f64 / 1_000.0);
        let reaction = self.dice.between(1.0, 5.0);
        let overslept = if self.fans[fan].oversleeps && self.fans[fan].calls == 1 {
            self.rules.call_window.as_secs_f64() + self.dice.between(1.0, 25.0)
        } else {
            0.0
        };
        self.plan(poll + reaction + overslept, Step::Knock(fan));
    }

    fn knock(&mut self, fan: usize, hold: Duration) {
        let place = self.fans[fan].place.unwrap();
        let id = SessionId::from_bytes((u128::from(self.dice.bits()) << 64).to_be_bytes());
        let now = at(self.now);
        let claim = self
            .queue
            .claim(ticket(fan), place, id, now, &self.rules, &self.settings);
        match claim {
            Claim::Admitted { session, .. } => self.admitted(fan, session.id),
            Claim::Busy { retry_after } if retry_after <= hold => {
                self.plan(
                    retry_after.as_secs_f64(),
                    Step::Held(fan, hold - retry_after),
                );
            }
            Claim::Busy { retry_after } => {
                let asked = retry_after.as_secs_f64() * self.dice.between(1.0, 1.2);
                let network = self.dice.between(0.02, 0.15);
                self.plan(asked + network, Step::Knock(fan));
            }
            Claim::Missed { may_rejoin: true } => {
                self.queue
                    .rejoin(ticket(fan), place, now, &self.rules, &self.settings)
                    .unwrap();
                self.waiting.insert((place, fan));
            }
            other => panic!("{other:?}"),
        }
    }

    fn admitted(&mut self, fan: usize, session: SessionId) {
        self.fans[fan].session = Some(session);
        self.in_checkout += 1;
        self.outcome.waits.push(self.now - self.fans[fan].since);
        self.outcome.last_admission_at = self.now;
        self.fate(fan);
        let purchase = &self.scenario.purchase;
        if !self.dice.chance(purchase.abandon) {
            let mean = purchase.stay.as_secs_f64();
            let half = (mean / 2.0).min(self.rules.session_length.as_secs_f64() - mean);
            let stay = self.dice.between(mean - half, mean + half);
            self.plan(stay, Step::Order(fan));
        }
    }

    fn order(&mut self, fan: usize) {
        let session = self.fans[fan].session.unwrap();
        if !self.queue.end_session(ticket(fan), session) {
            return;
        }
        self.in_checkout -= 1;
        self.outcome.orders += 1;
        if let Some(left) = &mut self.units_left {
            *left -= self.scenario.purchase.per_order;
            if *left <= 0.0 {
                self.outcome.sold_out_at = Some(self.now);
            }
        }
    }

    /// How it ends for this fan is known.
    fn fate(&mut self, fan: usize) {
        self.fans[fan].gone = true;
        self.fates_open -= 1;
    }
}
