//! Who asks how often: the requests a second that a crowd makes, and what they add up to.

use std::time::Duration;

use serde::Serialize;
use waiting_room_core::{Cohort, PollPolicy};

use crate::{Consumption, Scenario, board::BoardSize, course::TICK};

/// What the on-sale is like in one second.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moment {
    pub(crate) at: f64,
    pub(crate) waiting: f64,
    pub(crate) sessions: f64,
    pub(crate) joins: f64,
    pub(crate) left: f64,
    /// Those called who come to the door.
    pub(crate) came: f64,
    pub(crate) admitted: f64,
    pub(crate) knocks: f64,
    pub(crate) orders: f64,
}

/// Requests a second.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Rates {
    /// Joins.
    pub joins: f64,
    /// For the board, by all fans.
    pub board: f64,
    /// For the board, as far as they reach the waiting room.
    pub board_at_origin: f64,
    /// For the event with its stock, which pages show.
    pub event: f64,
    /// For the site's files.
    pub files: f64,
    /// Status polls with a queue token: a page asks when the board says that its turn has come.
    pub status: f64,
    /// Knocks at the door.
    pub claims: f64,
    /// To checkout: sessions, orders and their state.
    pub checkout: f64,
    /// Scripts that the queue store runs, at most.
    pub store_scripts: f64,
}

/// The peaks of the requests, and what they add up to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Load {
    /// Requests a second, the most of each.
    pub peak: Peaks,
    /// Requests a second on average, from the on-sale's beginning (or the pre-queue's) to the last admission.
    pub mean: Rates,
    /// What is used up in all.
    pub consumption: Consumption,
}

/// The most requests a second.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Peaks {
    /// Of each kind, at whatever time.
    #[serde(flatten)]
    pub rates: Rates,
    /// When most asked for the board, in seconds after the on-sale begins.
    pub board_at: f64,
    /// Of all kinds together at the CDN.
    pub at_cdn: f64,
    /// Of all kinds together at the waiting room.
    pub at_origin: f64,
    /// Claims that pass the door.
    pub admissions: f64,
    /// Orders.
    pub orders: f64,
}

/// How often a waiting page in view asks for the event: `stockDelay` of the site's `lib/poll.js`.
const EVENT_POLICY: PollPolicy = PollPolicy {
    min_ms: 45_000,
    max_ms: 300_000,
    eta_fraction: 0.2,
    jitter: 0.2,
    hidden_ms: 300_000,
};

/// How often checkout asks for the stock, in seconds.
const STOCK_EVERY: f64 = 10.0;

/// Over how many seconds after the draw the pages spread their first look: `momentDelay` of the site's `lib/poll.js`.
pub(crate) const DRAW_SPREAD: f64 = 4.0;

/// Looks at the board when a page opens and when the fan has joined.
const LOOKS_ON_JOINING: f64 = 2.0;

/// Files of the waiting page, and what the checkout's and the order's pages need besides.
const FILES_TO_WAIT: f64 = 32.0;
const FILES_TO_ORDER: f64 = 10.0;

/// Their size, compressed, in bytes.
const FILE_BYTES: f64 = 1_800.0;

/// Bytes of an answer for the event, and of one to a fan's own request.
const EVENT_BYTES: f64 = 900.0;
const OWN_BYTES: f64 = 1_200.0;

/// Requests to checkout for each session, and besides for each order: one to place it, two to see it settled.
const PER_SESSION: f64 = 1.0;
const PER_ORDER: f64 = 3.0;

/// Scripts for each turn of an instance, the snapshot included, for each status poll, knock, leaver, ended
/// session.
const SCRIPTS_PER_TURN: f64 = 2.0;
const SCRIPTS_PER_LEAVER: f64 = 2.0;

/// How long one script call with joins is under way, in seconds: so long the next ones gather.
const ROUND_TRIP: f64 = 0.001;

/// How often caches ask for the event: it may be cached for two seconds.
const EVENT_AT_ORIGIN: f64 = 0.5;

/// How long after the door opens the core's `PaceMeter` begins to measure, and how old what it measured is on
/// average, in seconds: it looks back a minute and a half.
const SETTLING: f64 = 10.0;
const PACE_MEMORY: f64 = 45.0;

/// Makes requests of moments.
pub(crate) struct Traffic {
    polls: Polls,
    event_polls: Polls,
    hidden: f64,
    instances: f64,
    edges: Option<f64>,
    show_share: f64,
    board: BoardSize,
    admitted_per_second: f64,
    sum: Rates,
    peak: Peaks,
    used: Consumption,
    began_at: Option<f64>,
}

impl Traffic {
    pub(crate) fn of(scenario: &Scenario) -> Self {
        let cohort = match scenario.crowd.prequeue {
            share if share > 0.0 => Cohort::Prequeue,
            _ => Cohort::Arrival,
        };
        Self {
            polls: Polls::of(scenario.poll_policy()),
            event_polls: Polls::of(EVENT_POLICY),
            hidden: scenario.crowd.hidden,
            instances: f64::from(scenario.serving.instances),
            edges: scenario.serving.edges.map(f64::from),
            show_share: scenario.show_share(),
            board: BoardSize::up_to(scenario.crowd.fans, cohort),
            admitted_per_second: scenario.door.rate.per_second(),
            sum: Rates::default(),
            peak: Peaks::default(),
            used: Consumption::default(),
            began_at: None,
        }
    }

    /// Takes in one second.
    pub(crate) fn observe(&mut self, moment: &Moment) -> Rates {
        self.began_at.get_or_insert(moment.at);
        let rates = self.rates(moment);
        self.peak.rates.raise_to(&rates);
        if rates.board >= self.peak.rates.board {
            self.peak.board_at = moment.at;
        }
        self.peak.at_cdn = self.peak.at_cdn.max(rates.at_cdn());
        self.peak.at_origin = self.peak.at_origin.max(self.at_origin(&rates));
        self.peak.admissions = self.peak.admissions.max(moment.admitted / TICK);
        self.peak.orders = self.peak.orders.max(moment.orders / TICK);
        self.sum.add(&rates);
        let cached = self.edges.is_some();
        let board_bytes = rates.board * self.board.bytes(moment.waiting);
        let other_bytes = rates.event * EVENT_BYTES + rates.own() * OWN_BYTES;
        let file_bytes = rates.files * FILE_BYTES;
        self.used.cdn_requests += if cached { rates.at_cdn() } else { rates.files } * TICK;
        self.used.board_requests += rates.board * TICK;
        self.used.event_requests += rates.event * TICK;
        self.used.board_gb_out += board_bytes * TICK / 1e9;
        self.used.hours_waited += moment.waiting * TICK / 3_600.0;
        self.used.gb_out += (board_bytes + other_bytes + file_bytes) * TICK / 1e9;
        self.used.order(moment.orders);
        rates
    }

    /// The load of an on-sale whose last admission was at `until`.
    pub(crate) fn load(mut self, until: f64) -> Load {
        let seconds = (until - self.began_at.unwrap_or(until)).max(TICK);
        self.sum.scale(TICK / seconds);
        self.used.instance_hours = self.instances * seconds / 3_600.0;
        self.used.hours = seconds / 3_600.0;
        Load {
            peak: self.peak,
            mean: self.sum,
            consumption: self.used,
        }
    }

    fn rates(&mut self, moment: &Moment) -> Rates {
        let in_view = moment.waiting * (1.0 - self.hidden);
        let unseen = moment.waiting * self.hidden;
        let joins = moment.joins / TICK;
        let pace = self.pace(moment);
        let (mut looks, events) = if moment.at < 0.0 {
            // Nothing happens before the draw, so nobody asks more often as it comes near.
            (
                in_view / self.polls.far,
                self.event_polls.at_eta(in_view, -moment.at),
            )
        } else {
            (
                self.polls.of_line(in_view, moment.waiting, pace),
                self.event_polls.of_line(in_view, moment.waiting, pace),
            )
        };
        if self.began_at.is_some_and(|at| at < 0.0) && (0.0..DRAW_SPREAD).contains(&moment.at) {
            looks += in_view / DRAW_SPREAD;
        }
        let board = looks + unseen / self.polls.hidden_seconds + joins * LOOKS_ON_JOINING;
        let claims = moment.knocks / TICK;
        let status = moment.came / TICK;
        let orders = moment.orders / TICK;
        let join_scripts = joins.min(self.instances / ROUND_TRIP);
        let leaver_scripts = moment.left / TICK * SCRIPTS_PER_LEAVER;
        let turns = self.instances * SCRIPTS_PER_TURN / TICK;
        Rates {
            joins,
            board,
            board_at_origin: self.edges.map_or(board, |edges| board.min(edges)),
            event: joins + events + moment.sessions / STOCK_EVERY,
            files: joins * FILES_TO_WAIT + moment.admitted / TICK * FILES_TO_ORDER,
            status,
            claims,
            checkout: moment.admitted / TICK * PER_SESSION + orders * PER_ORDER,
            store_scripts: turns + join_scripts + leaver_scripts + status + claims + orders,
        }
    }

    /// How fast the line moves, in fans a second, as the board tells it: what passed the door of late, divided by
    /// the share of those called who come. As long as nobody knows, the rate is taken to be reached.
    fn pace(&mut self, moment: &Moment) -> f64 {
        if moment.at >= SETTLING && moment.waiting >= 1.0 {
            let weight = TICK / PACE_MEMORY;
            self.admitted_per_second +=
                weight * (moment.admitted / TICK - self.admitted_per_second);
        }
        self.admitted_per_second / self.show_share
    }

    fn at_origin(&self, rates: &Rates) -> f64 {
        let event = match self.edges {
            Some(edges) => rates.event.min(edges * EVENT_AT_ORIGIN),
            None => rates.event,
        };
        rates.joins + rates.status + rates.claims + rates.board_at_origin + event
    }
}

impl Rates {
    /// All of them: whatever a fan asks for comes to the CDN first.
    fn at_cdn(&self) -> f64 {
        self.board + self.event + self.files + self.own()
    }

    /// Those that are a fan's own, which no cache answers.
    fn own(&self) -> f64 {
        self.joins + self.status + self.claims + self.checkout
    }

    fn fields(&mut self) -> [&mut f64; 9] {
        [
            &mut self.joins,
            &mut self.board,
            &mut self.board_at_origin,
            &mut self.event,
            &mut self.files,
            &mut self.status,
            &mut self.claims,
            &mut self.checkout,
            &mut self.store_scripts,
        ]
    }

    fn add(&mut self, other: &Self) {
        let mut other = *other;
        for (sum, part) in self.fields().into_iter().zip(other.fields()) {
            *sum += *part;
        }
    }

    fn raise_to(&mut self, other: &Self) {
        let mut other = *other;
        for (most, now) in self.fields().into_iter().zip(other.fields()) {
            *most = most.max(*now);
        }
    }

    fn scale(&mut self, factor: f64) {
        for field in self.fields() {
            *field *= factor;
        }
    }
}

/// How often those who wait look at the board, by the product's own policy.
struct Polls {
    policy: PollPolicy,
    hidden_seconds: f64,
    /// Looks a second of one fan with each whole second of remaining wait, summed up to there.
    summed: Vec<f64>,
    far: f64,
}

impl Polls {
    fn of(policy: PollPolicy) -> Self {
        let far = Duration::from_millis(policy.max_ms).as_secs_f64();
        let nearly_far = (far / policy.eta_fraction).ceil() as u64;
        let mut sum = 0.0;
        let mut summed = vec![0.0];
        for second in 0..=nearly_far {
            // A fan was told an interval at its beginning, when more of the wait was left.
            let middle = second as f64 + 0.5;
            let told_at = Duration::from_secs_f64(middle / (1.0 - policy.eta_fraction / 2.0));
            sum += 1.0 / policy.poll_after(Some(told_at)).as_secs_f64();
            summed.push(sum);
        }
        Self {
            policy,
            hidden_seconds: Duration::from_millis(policy.hidden_ms).as_secs_f64(),
            summed,
            far,
        }
    }

    /// Looks a second of `fans` whose turns all come in `eta` seconds.
    fn at_eta(&self, fans: f64, eta: f64) -> f64 {
        let eta = Duration::from_secs_f64(eta.max(0.0));
        fans / self.policy.poll_after(Some(eta)).as_secs_f64()
    }

    /// Looks a second of `fans`, who are spread over a line of `waiting` that moves by `pace` a second: so
    /// `fans` ÷ `waiting` × `pace` of them have each second of remaining wait.
    fn of_line(&self, fans: f64, waiting: f64, pace: f64) -> f64 {
        if waiting <= 0.0 || pace <= 0.0 {
            return 0.0;
        }
        let longest = waiting / pace;
        fans / waiting * pace * self.summed_to(longest)
    }

    fn summed_to(&self, eta: f64) -> f64 {
        let last = self.summed.len() - 1;
        if eta >= last as f64 {
            return self.summed[last] + (eta - last as f64) / self.far;
        }
        let whole = eta.floor();
        let (below, above) = (self.summed[whole as usize], self.summed[whole as usize + 1]);
        below + (eta - whole) * (above - below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polls() -> Polls {
        Polls::of(PollPolicy::for_call_window(Duration::from_secs(120)))
    }

    #[test]
    fn far_away_a_fan_asks_every_thirty_seconds() {
        let polls = polls();
        let looks = polls.of_line(1e6, 1e6, 10.0);
        assert!((looks / (1e6 / 30.0) - 1.0).abs() < 0.01, "{looks}");
    }

    #[test]
    fn one_fan_s_looks_over_the_whole_wait_are_those_of_the_policy_followed_step_by_step() {
        let polls = polls();
        for wait in [10.0, 100.0, 1_000.0, 10_000.0] {
            let (mut left, mut looks): (f64, u32) = (wait, 0);
            while left > 0.0 {
                let eta = Some(Duration::from_secs_f64(left));
                left -= polls.policy.poll_after(eta).as_secs_f64();
                looks += 1;
            }
            let planned = polls.summed_to(wait);
            let looks = f64::from(looks);
            assert!(
                (planned - looks).abs() < 1.0 + 0.02 * looks,
                "{wait} s: {planned} for {looks}"
            );
        }
    }

    #[test]
    fn the_waiting_page_has_as_many_files_as_counted() {
        let page = include_str!("../../../cdn-site/waiting-room.html");
        let mut files: Vec<&str> = page
            .split(['"', '\''])
            .filter(|part| part.starts_with('/') && part.contains('.'))
            .collect();
        files.sort_unstable();
        files.dedup();
        // The page itself and its language come besides.
        let count = files.len() as f64 + 2.0;
        assert!((count - FILES_TO_WAIT).abs() <= 3.0, "{count}: {files:?}");
    }
}
