//! How fast the fans came through.

use crate::Record;

/// Ten seconds in microseconds.
const TEN_SECONDS: u64 = 10_000_000;

impl Record {
    /// What invariant 1 allows in any ten seconds at ticks of a second.
    pub fn allowed_in_ten_seconds(per_second: usize) -> usize {
        per_second * 10 + per_second
    }

    /// The most claims in any window of ten seconds.
    pub fn most_in_ten_seconds(&self) -> usize {
        let times = self.claim_times();
        let mut from = 0;
        let mut most = 0;
        for (to, at) in times.iter().enumerate() {
            while at - times[from] > TEN_SECONDS {
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

    /// Claims as a part of `per_second`, from the first one that was granted after `from`
    /// (microseconds) while fans waited until nobody waited any more.
    ///
    /// # Panics
    /// When fans waited too briefly to tell.
    pub fn busy_share(&self, from: u64, per_second: usize) -> f64 {
        let times = self.claim_times();
        let waited = self.waited_at.iter().copied().filter(|at| *at >= from);
        let began = waited.clone().min().unwrap_or(u64::MAX);
        let first = times.get(times.partition_point(|at| *at < began)).copied();
        let (first, last) = (first.unwrap_or(u64::MAX), waited.max().unwrap_or_default());
        let seconds = last.saturating_sub(first) as f64 / 1e6;
        assert!(
            seconds > 3.0,
            "fans waited for {seconds:.1} s only: too little to tell: {}",
            self.course()
        );
        let claims = times.iter().filter(|at| (first..last).contains(at)).count();
        claims as f64 / (seconds * per_second as f64)
    }

    /// Claims in each second since the first, and when fans waited, for the message of a test that
    /// fails.
    pub fn course(&self) -> String {
        let times = self.claim_times();
        let first = times.first().copied().unwrap_or_default();
        let second = |at: &u64| at.saturating_sub(first) / 1_000_000;
        let mut claims = vec![0; times.last().map_or(0, |last| second(last) as usize + 1)];
        for at in &times {
            claims[second(at) as usize] += 1;
        }
        let waited = (self.waited_at.iter().min(), self.waited_at.iter().max());
        let waited = (waited.0.map(second), waited.1.map(second));
        format!("claims by second {claims:?}, fans waited from and to second {waited:?}")
    }
}
