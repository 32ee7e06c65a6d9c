use std::time::Duration;

use crate::{AdmissionRate, Timestamp};

/// The rate's bucket at the door: a claim takes one permit.
///
/// A token bucket that holds one tick's batch at most (and at least one permit), in exact integer
/// arithmetic: so in any window of T seconds it gives at most rate × T + one tick's batch. It starts
/// empty, so a store that was lost and came back gives nothing that its predecessor may have given.
#[derive(Clone, Debug)]
pub struct PermitBucket {
    level: u64,
    per_minute: u64,
    capacity: u64,
    refilled_at: Timestamp,
}

/// One permit: a rate of one a minute fills it by one each microsecond.
const PERMIT: u64 = 60_000_000;

impl PermitBucket {
    /// An empty bucket that starts to fill at `now`.
    pub fn empty(now: Timestamp, rate: AdmissionRate, tick: Duration) -> Self {
        let mut bucket = Self {
            level: 0,
            per_minute: 0,
            capacity: 0,
            refilled_at: now,
        };
        bucket.adopt(rate, tick);
        bucket
    }

    /// Fills up at the rate in force until `now`, then adopts `rate`. A clock that went back adds
    /// nothing.
    pub fn refill(&mut self, now: Timestamp, rate: AdmissionRate, tick: Duration) {
        let elapsed = now
            .since(self.refilled_at)
            .as_micros()
            .min(u128::from(PERMIT)) as u64;
        self.level = self
            .level
            .saturating_add(elapsed * self.per_minute)
            .min(self.capacity);
        self.refilled_at = self.refilled_at.max(now);
        self.adopt(rate, tick);
    }

    /// Takes one permit; false when there is none.
    pub fn take(&mut self) -> bool {
        let Some(rest) = self.level.checked_sub(PERMIT) else {
            return false;
        };
        self.level = rest;
        true
    }

    /// How many whole permits are there.
    pub fn permits(&self) -> u64 {
        self.level / PERMIT
    }

    /// How long until a whole permit is there.
    pub fn next_in(&self) -> Duration {
        let missing = PERMIT.saturating_sub(self.level);
        Duration::from_micros(missing.div_ceil(self.per_minute.max(1)))
    }

    fn adopt(&mut self, rate: AdmissionRate, tick: Duration) {
        self.per_minute = u64::from(rate.per_minute());
        let tick_micros = tick.as_micros().min(u128::from(PERMIT)) as u64;
        self.capacity = (self.per_minute * tick_micros).max(PERMIT);
        self.level = self.level.min(self.capacity);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TICK: Duration = Duration::from_secs(1);

    fn rate(per_minute: u32) -> AdmissionRate {
        AdmissionRate::new(per_minute).unwrap()
    }

    #[test]
    fn a_new_bucket_gives_nothing_before_it_has_filled() {
        let start = Timestamp::from_seconds(100);
        let mut bucket = PermitBucket::empty(start, rate(60), TICK);
        assert!(!bucket.take());
        bucket.refill(start + Duration::from_micros(999_999), rate(60), TICK);
        assert!(!bucket.take());
        bucket.refill(start + Duration::from_secs(1), rate(60), TICK);
        assert!(bucket.take());
        assert!(!bucket.take());
    }

    #[test]
    fn a_slow_rate_still_lets_one_in_at_its_time() {
        let start = Timestamp::from_seconds(0);
        let mut bucket = PermitBucket::empty(start, rate(1), TICK);
        bucket.refill(start + Duration::from_secs(59), rate(1), TICK);
        assert!(!bucket.take());
        bucket.refill(start + Duration::from_secs(60), rate(1), TICK);
        assert!(bucket.take());
    }

    #[test]
    fn a_lowered_rate_takes_back_what_was_saved_up() {
        let start = Timestamp::from_seconds(0);
        let mut bucket = PermitBucket::empty(start, rate(6_000), TICK);
        bucket.refill(start + Duration::from_secs(1), rate(60), TICK);
        assert_eq!(bucket.permits(), 1);
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing() {
        let start = Timestamp::from_seconds(100);
        let mut bucket = PermitBucket::empty(start, rate(600), TICK);
        bucket.refill(Timestamp::from_seconds(50), rate(600), TICK);
        assert_eq!(bucket.permits(), 0);
        bucket.refill(start, rate(600), TICK);
        assert_eq!(bucket.permits(), 0);
    }

    proptest! {
        #[test]
        fn no_window_holds_more_than_the_rate_and_one_ticks_batch(
            per_minute in 1..100_000_u32,
            pauses in prop::collection::vec(0..3_000_000_u64, 1..60),
        ) {
            let rate = rate(per_minute);
            let mut now = Timestamp::from_seconds(1);
            let mut bucket = PermitBucket::empty(now, rate, TICK);
            let mut taken: Vec<(Timestamp, u64)> = Vec::new();
            for pause in pauses {
                now = now + Duration::from_micros(pause);
                bucket.refill(now, rate, TICK);
                let mut count = 0;
                while bucket.take() {
                    count += 1;
                }
                taken.push((now, count));
            }
            let per_second = f64::from(per_minute) / 60.0;
            let batch = per_second.max(1.0);
            for (first, (from, _)) in taken.iter().enumerate() {
                let mut sum = 0;
                for (to, count) in &taken[first..] {
                    sum += count;
                    let window = to.since(*from).as_secs_f64();
                    prop_assert!(sum as f64 <= per_second * window + batch + 1e-6);
                }
            }
        }
    }
}
