//! How fast the fans came through.

use std::ops::RangeBounds;

use crate::Record;

/// In microseconds.
const SECOND: u64 = 1_000_000;

impl Record {
    /// What invariant 1 allows in any ten seconds at ticks of a second.
    pub fn allowed_in_ten_seconds(per_second: usize) -> usize {
        per_second * 10 + per_second
    }

    /// The most claims in any window of ten seconds.
    pub fn most_in_ten_seconds(&self) -> usize {
        self.most_in_ten_seconds_of(..)
    }

    /// The same, of the claims that were granted in this `span` (microseconds of the store's clock).
    pub fn most_in_ten_seconds_of(&self, span: impl RangeBounds<u64>) -> usize {
        let mut times = self.claim_times();
        times.retain(|at| span.contains(at));
        let mut from = 0;
        let mut most = 0;
        for (to, at) in times.iter().enumerate() {
            while at - times[from] > 10 * SECOND {
                from += 1;
            }
            most = most.max(to - from + 1);
        }
        most
    }

    /// When claims were granted, in microseconds, ascending.
    pub fn claim_times(&self) -> Vec<u64> {
        let mut times: Vec<u64> = self.admitted.iter().map(|claim| claim.at_micros).collect();
        times.sort_unstable();
        times
    }

    /// The longest time between two claims, in seconds.
    pub fn longest_gap(&self) -> f64 {
        let times = self.claim_times();
        let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
        gaps.max().unwrap_or_default() as f64 / 1e6
    }

    /// Claims as a part of `per_second` within `span` (microseconds of the store's clock): from a second
    /// after the first one that was granted while fans waited, when what a door at rest has saved up is
    /// used, until nobody waited any more.
    ///
    /// # Panics
    /// When fans waited too briefly to tell.
    pub fn busy_share(&self, span: impl RangeBounds<u64>, per_second: usize) -> f64 {
        let times = self.claim_times();
        let waited = self
            .waited_at
            .iter()
            .copied()
            .filter(|at| span.contains(at));
        let began = waited.clone().min().unwrap_or(u64::MAX);
        let first = times.get(times.partition_point(|at| *at < began)).copied();
        let from = first.map_or(u64::MAX, |first| first + SECOND);
        let to = waited.max().unwrap_or_default();
        let seconds = to.saturating_sub(from) as f64 / 1e6;
        assert!(
            seconds > 3.0,
            "fans waited for {seconds:.1} s only: too little to tell: {}",
            self.course()
        );
        let claims = times.iter().filter(|at| (from..to).contains(at)).count();
        claims as f64 / (seconds * per_second as f64)
    }

    /// Claims in each second since the first, and when fans waited, for the message of a test that
    /// fails.
    pub fn course(&self) -> String {
        let times = self.claim_times();
        let first = times.first().copied().unwrap_or_default();
        let second = |at: &u64| at.saturating_sub(first) / SECOND;
        let mut claims = vec![0; times.last().map_or(0, |last| second(last) as usize + 1)];
        for at in &times {
            claims[second(at) as usize] += 1;
        }
        let waited = (self.waited_at.iter().min(), self.waited_at.iter().max());
        let waited = (waited.0.map(second), waited.1.map(second));
        format!("claims by second {claims:?}, fans waited from and to second {waited:?}")
    }
}
