use super::sight::Tick;

/// How many of those who wait give their place up; what is long ago fades.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Leavers {
    gone: f64,
    /// Seconds that all who waited have waited.
    waited: f64,
}

/// After so many seconds it counts a third.
const MEMORY: f64 = 180.0;

/// Of those who leave, half stand ahead of whoever stands in the middle, and half of them are called before they leave.
const AHEAD: f64 = 0.25;

impl Leavers {
    pub(super) fn observe(&mut self, tick: &Tick) {
        let keep = (-tick.seconds / MEMORY).exp();
        self.gone = self.gone * keep + tick.gone;
        self.waited = self.waited * keep + tick.before.waiting * tick.seconds;
    }

    /// By how many places a second they move up whoever stands in the middle of a queue of `waiting`.
    pub(super) fn places_per_second(&self, waiting: f64) -> f64 {
        if self.waited > 0.0 {
            AHEAD * waiting * self.gone / self.waited
        } else {
            0.0
        }
    }
}
