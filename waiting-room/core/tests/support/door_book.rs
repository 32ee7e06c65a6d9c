use std::time::Duration;

use waiting_room_core::Timestamp;

/// The book at the door: every claim, the rate under which it happened, and invariant 1.
///
/// The rate in force at a time is the highest under which an instance last acted. In exact
/// integers: a permit is 60,000,000 parts, a rate of one a minute gives one part a microsecond.
pub(crate) struct DoorBook {
    acted_under: Vec<u32>,
    tick: Duration,
    at: Timestamp,
    granted: i128,
    lowest_start: i128,
    pub(crate) claims: Vec<Timestamp>,
}

const PERMIT: i128 = 60_000_000;

impl DoorBook {
    pub(crate) fn new(at: Timestamp, tick: Duration, rates: Vec<u32>) -> Self {
        Self {
            acted_under: rates,
            tick,
            at,
            granted: 0,
            lowest_start: i128::MAX,
            claims: Vec::new(),
        }
    }

    /// The store's time.
    pub(crate) fn at(&self) -> Timestamp {
        self.at
    }

    /// `instance` acts at the store's time `at` under `rate`.
    pub(crate) fn acts(&mut self, instance: usize, at: Timestamp, rate: u32) {
        let elapsed = at.since(self.at).as_micros() as i128;
        self.granted += elapsed * self.rate();
        self.at = self.at.max(at);
        self.acted_under[instance] = rate;
    }

    /// A claim opened a session at `at`.
    ///
    /// A window from claim i to claim j holds j - i + 1 claims; it is within the rate when that is
    /// at most what was granted between them and one batch. So each claim has to be within what
    /// the lowest start allows, and all windows are checked in one pass.
    pub(crate) fn claimed(&mut self, at: Timestamp) {
        assert_eq!(at, self.at, "admitted at another time than the store's");
        let claims_before = self.claims.len() as i128 * PERMIT;
        let batch = (self.rate() * self.tick.as_micros() as i128).max(PERMIT);
        let start = claims_before - self.granted;
        self.lowest_start = self.lowest_start.min(start + batch);
        assert!(
            start + PERMIT <= self.lowest_start,
            "claim {} at {at} is above the rate by {} of a permit",
            self.claims.len() + 1,
            (start + PERMIT - self.lowest_start) as f64 / PERMIT as f64,
        );
        self.claims.push(at);
    }

    /// The claims from `from` up to, not including, `to`.
    pub(crate) fn claims_between(&self, from: Timestamp, to: Timestamp) -> usize {
        let before = |time: Timestamp| self.claims.partition_point(|claim| *claim < time);
        before(to) - before(from)
    }

    fn rate(&self) -> i128 {
        self.acted_under.iter().copied().max().unwrap_or(0).into()
    }
}
