use std::{collections::VecDeque, time::Duration};

use serde::Serialize;

use crate::{AdmissionRate, Phase, Timestamp, Totals};

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
///
/// Who leaves while waiting shortens the queue too, and who comes back after a missed call lengthens it. And as long as
/// it is within the bounds, the pace moves no faster than the last in the queue can bear without seeing the estimate
/// climb: with an ETA of t, a pace that falls by the part 1/t a second leaves it standing still.
#[derive(Clone, Debug, Default)]
pub struct PaceMeter {
    ratios: VecDeque<f64>,
    claims: f64,
    permitted: f64,
    measured: Duration,
    settling: Duration,
    turnover: Turnover,
    seen: Option<Seen>,
    told: Option<Told>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    at: Timestamp,
    waiting: u64,
    totals: Totals,
    rate: AdmissionRate,
}

/// The pace told last, as a multiple of the rate.
#[derive(Clone, Copy, Debug)]
struct Told {
    at: Timestamp,
    multiple: f64,
}

/// Calls, and how many people ahead went or came beside them; older ones fade.
#[derive(Clone, Copy, Debug, Default)]
struct Turnover {
    called: f64,
    gone: f64,
    missed: f64,
    rejoined: f64,
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

/// For how many minutes' people ahead the bounds allow for who of them happens to come.
const CHANCE_MINUTES: f64 = 2.0;

/// How much of the bounds' half-width the estimate may be away from what was measured, so that it need not move.
const STEADY_WITHIN: f64 = 0.5;

/// Seconds after which what went on in the queue counts a third.
const TURNOVER_MEMORY: f64 = 180.0;

/// How many calls the expectation counts as that nobody leaves or comes back.
const TURNOVER_PRIOR: f64 = 100.0;

impl Turnover {
    fn fade(&mut self, elapsed: Duration) {
        let keep = (-elapsed.as_secs_f64() / TURNOVER_MEMORY).exp();
        for count in [
            &mut self.called,
            &mut self.gone,
            &mut self.missed,
            &mut self.rejoined,
        ] {
            *count *= keep;
        }
    }

    fn observe(&mut self, before: &Seen, after: &Seen) {
        let since = |count: fn(&Totals) -> u64| {
            count(&after.totals).saturating_sub(count(&before.totals)) as f64
        };
        let (called, rejoined) = (since(|t| t.called), since(|t| t.rejoined));
        let came = before.waiting as f64 + since(|t| t.joined) + rejoined;
        self.called += called;
        self.gone += (came - called - after.waiting as f64).max(0.0);
        self.missed += since(|t| t.missed);
        self.rejoined += rejoined;
    }

    /// How many places the queue moves up with one call.
    fn places_per_call(&self) -> f64 {
        // Of those who leave, half stand ahead of whoever stands in the middle. Who comes back without having missed a
        // call was forgotten by the store, and is no second call.
        let beside = self.gone / 2.0 - self.rejoined.min(self.missed);
        (1.0 + beside / (self.called + TURNOVER_PRIOR)).clamp(0.5, 2.0)
    }
}

impl PaceMeter {
    /// Takes in one tick: at `at`, in `phase`, `waiting` tickets were left and the epoch had come to `totals`.
    pub fn observe(
        &mut self,
        at: Timestamp,
        phase: Phase,
        waiting: u64,
        totals: Totals,
        rate: AdmissionRate,
    ) {
        // A queue that has run dry lets in as many as come, which says nothing of those who come next.
        if phase != Phase::Admitting || waiting == 0 {
            self.seen = None;
            self.settling = Duration::ZERO;
            return;
        }
        let now = Seen {
            at,
            waiting,
            totals,
            rate,
        };
        let before = self.seen.replace(now);
        let Some(before) = before.filter(|b| b.totals.claimed <= totals.claimed) else {
            return;
        };
        let elapsed = at.since(before.at);
        self.turnover.fade(elapsed);
        self.turnover.observe(&before, &now);
        if self.settling < SETTLING {
            self.settling += elapsed;
            return;
        }
        self.claims += (totals.claimed - before.totals.claimed) as f64;
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

    /// The pace at `rate`, when `show_share` of those called come. Asked once a tick, after [`Self::observe`].
    pub fn pace(&mut self, rate: AdmissionRate, show_share: f64) -> Pace {
        let show_share = show_share.clamp(0.05, 1.0);
        let rate = f64::from(rate.per_minute());
        let spans = self.ratios.len() as f64;
        let mean = (self.ratios.iter().sum::<f64>() + PRIOR_SPANS) / (spans + PRIOR_SPANS);
        let measured = mean * self.turnover.places_per_call() / show_share;
        let spread = self.spread(mean, show_share, rate * measured);
        let multiple = self.steady(measured, spread * STEADY_WITHIN, rate);
        Pace {
            per_minute: rate * multiple,
            low_per_minute: rate * measured * (1.0 - spread),
            high_per_minute: rate * measured * (1.0 + spread),
        }
    }

    /// The bounds' half-width as a part of the pace.
    fn spread(&self, mean: f64, show_share: f64, per_minute: f64) -> f64 {
        let spans = self.ratios.len() as f64;
        let observed = if self.ratios.len() < 2 {
            0.0
        } else {
            let squares: f64 = self.ratios.iter().map(|ratio| (ratio - mean).powi(2)).sum();
            let deviation = (squares / (spans - 1.0)).sqrt() / mean.max(f64::MIN_POSITIVE);
            Z_80 * deviation / spans.sqrt()
        };
        // Of n people ahead a binomial number comes.
        let ahead = (CHANCE_MINUTES * per_minute).max(1.0);
        let chance = Z_80 * ((1.0 - show_share) / (show_share * ahead)).sqrt();
        // Fans who look at another tab come half a minute late: before that nobody knows how many they are.
        let unknown = SPREAD_PRIOR * (1.0 - spans / SPANS_TO_TELL).max(0.0);
        (SPREAD_MIN + observed + chance)
            .max(unknown)
            .min(SPREAD_MAX)
    }

    /// The multiple to tell: the one told last, moved towards `measured` as far as the last in the queue may see, and
    /// further only to be `within` of it.
    fn steady(&mut self, measured: f64, within: f64, rate: f64) -> f64 {
        let Some(seen) = self.seen else {
            return self.told.map_or(measured, |told| told.multiple);
        };
        let multiple = self.told.map_or(measured, |told| {
            let wait = seen.waiting as f64 / (rate / 60.0 * told.multiple);
            let elapsed = seen.at.since(told.at).min(SPAN).as_secs_f64();
            let step = (elapsed / wait.max(1.0)).min(1.0);
            let moved = measured.clamp(told.multiple * (1.0 - step), told.multiple * (1.0 + step));
            moved.clamp(measured * (1.0 - within), measured * (1.0 + within))
        });
        self.told = Some(Told {
            at: seen.at,
            multiple,
        });
        multiple
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(per_minute: u32) -> AdmissionRate {
        AdmissionRate::new(per_minute).unwrap()
    }

    fn claims(claimed: u64) -> Totals {
        Totals {
            claimed,
            joined: claimed,
            called: claimed,
            ..Totals::default()
        }
    }

    fn run(meter: &mut PaceMeter, from: u64, seconds: u64, claimed: &mut u64, each: u64, r: u32) {
        for second in from..from + seconds {
            *claimed += each;
            meter.observe(
                Timestamp::from_seconds(second),
                Phase::Admitting,
                1,
                claims(*claimed),
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
                claims(claimed),
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

    #[test]
    fn who_leaves_shortens_the_queue_and_who_comes_back_lengthens_it() {
        let run = |left: u64, missed: u64| {
            let mut meter = PaceMeter::default();
            for second in 0..200 {
                let totals = Totals {
                    joined: 10_000,
                    claimed: 10 * second,
                    called: (10 + missed) * second,
                    missed: missed * second,
                    rejoined: missed * second,
                    left: left * second,
                    ..Totals::default()
                };
                let waiting = 10_000 - (10 + left) * second;
                let at = Timestamp::from_seconds(second);
                meter.observe(at, Phase::Admitting, waiting, totals, rate(600));
            }
            meter
                .pace(rate(600), 10.0 / (10 + missed) as f64)
                .per_minute
        };
        let nobody = run(0, 0);
        assert!((nobody - 600.0).abs() < 1.0, "{nobody}");
        assert!((630.0..670.0).contains(&run(2, 0)), "{}", run(2, 0));
        assert!((590.0..620.0).contains(&run(0, 2)), "{}", run(0, 2));
    }

    #[test]
    fn the_estimate_does_not_climb_for_a_change_that_is_within_the_bounds() {
        let mut meter = PaceMeter::default();
        let (mut waiting, mut before) = (12_000, None);
        for second in 0..400 {
            let totals = Totals {
                claimed: 10 * second,
                called: 16 * second,
                ..Totals::default()
            };
            let at = Timestamp::from_seconds(second);
            meter.observe(at, Phase::Admitting, waiting, totals, rate(600));
            let share = if second < 150 { 0.60 } else { 0.62 };
            let eta = meter.pace(rate(600), share).eta(waiting).expected;
            if second > 100
                && let Some(last) = before
            {
                assert!(
                    eta <= last + Duration::from_millis(50),
                    "{second}: {eta:?} after {last:?}"
                );
            }
            before = Some(eta);
            waiting -= 16;
        }
        let far = meter.pace(rate(600), 0.3);
        let raw = 2_000.0;
        assert!((far.per_minute - raw).abs() <= raw * 0.06, "{far:?}");
    }
}
