use super::sight::Tick;

/// How many of those who miss their call come back for another: each takes a permit from somebody who waits, so what
/// they do counts long before they do it. Until the first call windows have passed nobody knows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SecondCalls {
    missed: f64,
    returned: f64,
    /// Misses whose fans had their time to come back.
    due: f64,
}

/// Of those who come, the share that is expected to come late, before anybody could.
const EXPECTED: f64 = 0.04;

/// How far off that may be: of the places, as a standard deviation.
const UNKNOWN: f64 = 0.1;

/// How many misses the expectation counts as.
const PRIOR: f64 = 15.0;

/// How many seconds who wakes up takes to come back, on average.
const WAKES_UP: f64 = 12.0;

impl SecondCalls {
    /// Learns of a tick; tells how many came back in it. Who comes back without having missed a call was forgotten by
    /// the store.
    pub(super) fn observe(&mut self, tick: &Tick) -> f64 {
        self.missed += tick.missed;
        let returned = tick.rejoined.min(self.missed - self.returned);
        self.returned += returned;
        self.due += (self.missed - self.due) * (tick.seconds / WAKES_UP).min(1.0);
        returned
    }

    /// The share of places whose fan comes, be it at a second call, when `share` of them comes at the first: 0 to 1.
    pub(super) fn comes_in_the_end(&self, share: f64) -> f64 {
        let misses = 1.0 - share;
        let expected = (EXPECTED * share / misses.max(0.02)).min(0.5);
        let returns = (self.returned + expected * PRIOR) / (self.due + PRIOR);
        (share + misses * returns.min(1.0)).min(1.0)
    }

    /// The standard deviation of the pace that comes of not knowing, as a part of it.
    pub(super) fn deviation(&self, share: f64) -> f64 {
        let unknown = PRIOR / (self.due + PRIOR);
        UNKNOWN * unknown * (1.5 * (1.0 - share) / share).min(1.0)
    }
}
