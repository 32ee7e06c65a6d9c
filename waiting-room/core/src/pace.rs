use std::{collections::VecDeque, time::Duration};

use serde::Serialize;

use crate::{AdmissionRate, Phase, Timestamp};

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
/// The frontier moves as fast as fans pass the door, divided by the share of those called who come. It is not
/// read off the calls themselves: those run ahead while the door fills up, and stop while it has too many. Of the
/// claims the ratio to the rate in force is kept, which is one as long as checkout is not full: so when the
/// operator changes the rate the pace changes with it at once instead of when the window has moved on.
#[derive(Clone, Debug, Default)]
pub struct PaceMeter {
    ratios: VecDeque<f64>,
    claims: f64,
    permitted: f64,
    measured: Duration,
    settling: Duration,
    seen: Option<Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    at: Timestamp,
    claimed_total: u64,
    rate: AdmissionRate,
}

/// One ratio is taken over this long.
const SPAN: Duration = Duration::from_secs(10);

/// How many spans count.
const SPANS: usize = 9;

/// After the door opens the first fans are still under way: not the lasting pace.
const SETTLING: Duration = Duration::from_secs(10);

/// How many spans the expectation that the rate is reached counts as.
const PRIOR_SPANS: f64 = 0.5;

/// The bounds' half-width, as a part of the pace: at least, at most, and before anything was seen.
const SPREAD_MIN: f64 = 0.08;
const SPREAD_MAX: f64 = 0.60;
const SPREAD_PRIOR: f64 = 0.40;

/// After how many spans the show share is known as well as it will be.
const SPANS_TO_TELL: f64 = 8.0;

/// Quantile of the normal distribution that leaves a tenth on either side: 80 per cent inside.
const Z_80: f64 = 1.2816;

impl PaceMeter {
    /// Takes in one tick: at `at`, in `phase`, `waiting` tickets were left and `claimed_total` had
    /// passed the door since the epoch began.
    pub fn observe(
        &mut self,
        at: Timestamp,
        phase: Phase,
        waiting: u64,
        claimed_total: u64,
        rate: AdmissionRate,
    ) {
        // A queue that has run dry lets in as many as come, which says nothing of those who come next.
        if phase != Phase::Admitting || waiting == 0 {
            self.seen = None;
            self.settling = Duration::ZERO;
            return;
        }
        let before = self.seen.replace(Seen {
            at,
            claimed_total,
            rate,
        });
        let Some(before) = before.filter(|b| b.claimed_total <= claimed_total) else {
            return;
        };
        let elapsed = at.since(before.at);
        if self.settling < SETTLING {
            self.settling += elapsed;
            return;
        }
        self.claims += (claimed_total - before.claimed_total) as f64;
        self.permitted += before.rate.per_second() * elapsed.as_secs_f64();
        self.measured += elapsed;
        if self.measured >= SPAN {
            if self.ratios.len() == SPANS {
                self.ratios.pop_front();
            }
            self.ratios
                .push_back(self.claims / self.permitted.max(f64::MIN_POSITIVE));
            (self.claims, self.permitted, self.measured) = (0.0, 0.0, Duration::ZERO);
        }
    }

    /// The pace at `rate`, when `show_share` of those called come.
    pub fn pace(&self, rate: AdmissionRate, show_share: f64) -> Pace {
        let per_minute = f64::from(rate.per_minute()) / show_share.clamp(0.05, 1.0);
        let spans = self.ratios.len() as f64;
        let mean = (self.ratios.iter().sum::<f64>() + PRIOR_SPANS) / (spans + PRIOR_SPANS);
        let observed = if self.ratios.len() < 2 {
            SPREAD_MIN
        } else {
            let squares: f64 = self.ratios.iter().map(|ratio| (ratio - mean).powi(2)).sum();
            let deviation = (squares / (spans - 1.0)).sqrt() / mean.max(f64::MIN_POSITIVE);
            SPREAD_MIN + Z_80 * deviation / spans.sqrt()
        };
        // Fans who look at another tab come half a minute late: before that nobody knows how many they are.
        let unknown = SPREAD_PRIOR * (1.0 - spans / SPANS_TO_TELL).max(0.0);
        let spread = observed.max(unknown).min(SPREAD_MAX);
        Pace {
            per_minute: per_minute * mean,
            low_per_minute: per_minute * mean * (1.0 - spread),
            high_per_minute: per_minute * mean * (1.0 + spread),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(per_minute: u32) -> AdmissionRate {
        AdmissionRate::new(per_minute).unwrap()
    }

    fn run(meter: &mut PaceMeter, from: u64, seconds: u64, claimed: &mut u64, each: u64, r: u32) {
        for second in from..from + seconds {
            *claimed += each;
            meter.observe(
                Timestamp::from_seconds(second),
                Phase::Admitting,
                1,
                *claimed,
                rate(r),
            );
        }
    }

    #[test]
    fn before_anything_is_seen_the_show_share_tells() {
        let pace = PaceMeter::default().pace(rate(600), 0.5);
        assert!((pace.per_minute - 1_200.0).abs() < 1e-6);
        assert!(pace.low_per_minute < pace.per_minute && pace.per_minute < pace.high_per_minute);
    }

    #[test]
    fn what_is_observed_outweighs_what_was_configured() {
        let (mut meter, mut claimed) = (PaceMeter::default(), 0);
        run(&mut meter, 0, 120, &mut claimed, 5, 600);
        let pace = meter.pace(rate(600), 0.5);
        assert!((600.0..700.0).contains(&pace.per_minute), "{pace:?}");
    }

    #[test]
    fn a_changed_rate_changes_the_pace_at_once() {
        let (mut meter, mut claimed) = (PaceMeter::default(), 0);
        run(&mut meter, 0, 120, &mut claimed, 16, 600);
        let (before, after) = (meter.pace(rate(600), 0.6), meter.pace(rate(300), 0.6));
        assert!((after.per_minute * 2.0 - before.per_minute).abs() < 1e-6);
    }

    #[test]
    fn the_door_s_first_seconds_and_a_dry_queue_are_not_the_pace() {
        let (mut meter, mut claimed) = (PaceMeter::default(), 0);
        run(&mut meter, 0, 8, &mut claimed, 0, 600);
        run(&mut meter, 8, 90, &mut claimed, 10, 600);
        let steady = meter.pace(rate(600), 1.0);
        for second in 98..200 {
            meter.observe(
                Timestamp::from_seconds(second),
                Phase::Admitting,
                0,
                claimed,
                rate(600),
            );
        }
        assert_eq!(meter.pace(rate(600), 1.0), steady);
        assert!((580.0..620.0).contains(&steady.per_minute), "{steady:?}");
    }

    #[test]
    fn bounds_hold_the_estimate_and_a_store_that_lost_its_counters_is_survived() {
        let (mut meter, mut claimed) = (PaceMeter::default(), 0);
        run(&mut meter, 0, 60, &mut claimed, 10, 600);
        let mut fresh = 0;
        run(&mut meter, 60, 60, &mut fresh, 10, 600);
        let eta = meter.pace(rate(600), 1.0).eta(1_000);
        assert!(eta.low < eta.expected && eta.expected < eta.high);
        assert!((90..112).contains(&eta.expected.as_secs()), "{eta:?}");
    }
}
