mod attendance;
mod calm;
mod door;
mod leavers;
mod second_calls;
mod sight;

use std::time::Duration;

use serde::Serialize;

use self::{
    attendance::{Attendance, Outlook},
    calm::{Calm, Slack},
    door::Door,
    leavers::Leavers,
    second_calls::SecondCalls,
    sight::{Sight, Tick},
};
use crate::{Epoch, Phase, Settings, Snapshot};

/// How fast the frontier moves, in tickets called a minute, with honest bounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pace {
    /// The speed as observed.
    pub per_minute: f64,
    /// A speed that it rarely falls below.
    pub low_per_minute: f64,
    /// A speed that it rarely exceeds.
    pub high_per_minute: f64,
}

/// When a turn is expected: an estimate between two bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EtaRange {
    /// The estimate.
    pub expected: Duration,
    /// The turn rarely comes before this.
    pub low: Duration,
    /// The turn rarely comes after this.
    pub high: Duration,
}

/// What a turn that is due costs in any case: a tick until the call and a poll until it is seen.
const SLACK: Duration = Duration::from_secs(3);

impl Pace {
    /// When somebody with `ahead` people in front is called.
    pub fn eta(&self, ahead: u64) -> EtaRange {
        let at = |per_minute: f64| {
            let seconds = (ahead as f64 / per_minute.max(1e-3) * 60.0).min(1e8);
            Duration::from_secs_f64(seconds)
        };
        EtaRange {
            expected: at(self.per_minute),
            low: at(self.high_per_minute).saturating_sub(SLACK),
            high: at(self.low_per_minute) + SLACK,
        }
    }
}

/// Measures the [`Pace`] from what the controller sees each tick.
///
/// The queue moves up by one place for each fan who passes the door, by one for each who is called and does not come,
/// and by those who leave; a fan who missed a call and comes back takes a permit without a place being left. So the
/// pace is the speed of the door, divided by the share of places whose fan comes in the end, and what leavers add.
/// Each has its own estimator, for each errs in its own way. The calls themselves are no measure: they run ahead while
/// the door fills up, and stop while it has too many.
///
/// All of it is kept as a ratio to the rate in force, so when the operator changes the rate the pace changes with it at
/// once instead of when a window has moved on.
#[derive(Clone, Debug, Default)]
pub struct PaceMeter {
    last: Option<Sight>,
    epoch: Epochal,
    calm: Calm,
}

/// What was learned since the store's epoch began.
#[derive(Clone, Debug, Default)]
struct Epochal {
    number: Option<Epoch>,
    /// Seconds during which the door was open and fans waited.
    open: f64,
    /// Seconds of it since the door opened or its rate changed.
    settled: f64,
    door: Door,
    attendance: Attendance,
    second_calls: SecondCalls,
    leavers: Leavers,
}

/// After the door opens, or its rate changes, fans are still under way for so many seconds: not the lasting pace. Nor
/// does anybody know before that who of those called comes, so until then there is no estimate: a page that lets its
/// ETA fall only would hold the first guess for ever.
const SETTLING: f64 = 10.0;

/// Quantile of the normal distribution that leaves a tenth on either side: 80 per cent inside.
const Z_80: f64 = 1.2816;

/// What no estimator below allows for, as parts of the pace.
const MARGIN_SLOWER: f64 = 0.04;
const MARGIN_FASTER: f64 = 0.055;

/// The bounds are at most this part of the pace away.
const MARGIN_MAX: f64 = 0.60;

/// The bounds' distance as the door opens, as parts of the pace: who looks at another tab has not come yet, so the queue
/// may turn out slower rather than faster. It narrows to nothing until [`OPENING`].
const OPENING_SLOWER: f64 = 0.27;
const OPENING_FASTER: f64 = 0.25;
const OPENING: f64 = 60.0;

/// The pace as measured, with the distances of its bounds as parts of it.
struct Measured {
    per_second: f64,
    slower: f64,
    faster: f64,
    slack: Slack,
}

impl PaceMeter {
    /// Takes in what the controller saw in one tick, and tells the pace: none while nobody is called, and none in the
    /// first ten seconds in which somebody is.
    pub fn observe(
        &mut self,
        snapshot: &Snapshot,
        phase: Phase,
        settings: &Settings,
    ) -> Option<Pace> {
        let sight = Sight::of(snapshot, settings);
        if self.epoch.number != Some(snapshot.epoch) {
            *self = Self::default();
            self.epoch.number = Some(snapshot.epoch);
        }
        // A queue that has run dry lets in as many as come, which says nothing of those who come next.
        if phase == Phase::Admitting && sight.waiting > 0.0 {
            if let Some(before) = self.last.replace(sight) {
                self.epoch.learn(&Tick::between(&before, &sight));
            }
        } else {
            self.last = None;
            self.epoch.unsettle();
        }
        let moves = phase == Phase::Admitting && self.epoch.open >= SETTLING;
        moves.then(|| self.tell(&sight))
    }

    fn tell(&mut self, sight: &Sight) -> Pace {
        let measured = self.epoch.measure(sight);
        let rate = sight.rate.per_second();
        let multiple = measured.per_second / rate;
        let told = if self.last.is_some() {
            let wait = |multiple: f64| sight.waiting / (rate * multiple);
            self.calm.tell(sight.at, multiple, wait, measured.slack)
        } else {
            self.calm.told().unwrap_or(multiple)
        };
        let per_minute = |multiple: f64| multiple * f64::from(sight.rate.per_minute());
        Pace {
            per_minute: per_minute(told),
            low_per_minute: per_minute(told.min(multiple * (1.0 - measured.slower))),
            high_per_minute: per_minute(told.max(multiple * (1.0 + measured.faster))),
        }
    }
}

impl Epochal {
    fn unsettle(&mut self) {
        self.settled = 0.0;
        self.attendance.interrupt();
    }

    fn learn(&mut self, tick: &Tick) {
        self.open += tick.seconds;
        self.leavers.observe(tick);
        let second_calls = self.second_calls.observe(tick);
        if tick.rate_changed() {
            self.unsettle();
        }
        let settled = self.settled >= SETTLING;
        self.attendance
            .observe(tick, second_calls, self.open, settled);
        self.door.observe(tick, settled);
        self.settled += tick.seconds;
    }

    fn measure(&self, sight: &Sight) -> Measured {
        let door = self.door.speed(sight);
        let places_per_second = |share: f64| {
            let comes = self.second_calls.comes_in_the_end(share);
            door.per_second / comes + self.leavers.places_per_second(sight.waiting)
        };
        let now = self.attendance.now(sight);
        let queue_lasts = sight.waiting / places_per_second(now).max(f64::MIN_POSITIVE);
        let Outlook {
            share,
            deviation,
            deviation_at_rest,
        } = self.attendance.outlook(sight, queue_lasts);
        // Of n people ahead a binomial number comes.
        let chance = ((1.0 - share) / (share * sight.waiting.max(1.0))).sqrt();
        let spread = |deviation: f64| {
            let parts = [deviation / share, chance, door.deviation];
            Z_80 * parts.iter().map(|part| part * part).sum::<f64>().sqrt()
        };
        // Patience wears off and does not grow: a share that drifts makes the queue faster.
        let slower = spread(deviation_at_rest) + MARGIN_SLOWER;
        let faster = spread(deviation) + MARGIN_FASTER;
        let opening = (1.0 - self.open / OPENING).max(0.0);
        let returns = Z_80 * self.second_calls.deviation(share);
        Measured {
            per_second: places_per_second(share),
            slower: slower
                .max(OPENING_SLOWER * opening)
                .hypot(returns)
                .min(MARGIN_MAX),
            faster: faster.max(OPENING_FASTER * opening).min(MARGIN_MAX),
            slack: Slack::within(slower, faster, self.attendance.is_known()),
        }
    }
}

#[cfg(test)]
mod tests;
