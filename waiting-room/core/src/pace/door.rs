use std::collections::VecDeque;

use super::sight::{Sight, Tick};

/// How fast fans pass the door, as a ratio to what limits it: the rate, or the room in checkout.
#[derive(Clone, Debug)]
pub(super) struct Door {
    limit: Limit,
    ratios: VecDeque<f64>,
    claims: f64,
    allowed: f64,
    seconds: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    /// A permit is there for each who passes: the ratio is near one.
    Rate,
    /// All sessions are taken, and a fan passes when one ends: the ratio is how many end a second, of one.
    Checkout,
}

/// The speed of the door.
#[derive(Clone, Copy, Debug)]
pub(super) struct Speed {
    pub(super) per_second: f64,
    /// Its standard deviation, as a part of it.
    pub(super) deviation: f64,
}

/// One ratio is taken over so many seconds.
const SPAN: f64 = 10.0;

/// How many spans count.
const SPANS: usize = 9;

/// Checkout is full when this part of the sessions is taken, and no longer when less than that is.
const FULL: f64 = 0.98;
const NOT_FULL: f64 = 0.90;

/// The bucket of permits holds a tick's batch, so a span may hold a little more than the rate.
const ABOVE_RATE: f64 = 1.02;

impl Default for Door {
    /// Until something was seen the rate is what to expect.
    fn default() -> Self {
        Self::limited_by(Limit::Rate, 1.0)
    }
}

impl Door {
    fn limited_by(limit: Limit, ratio: f64) -> Self {
        Self {
            limit,
            ratios: VecDeque::from([ratio]),
            claims: 0.0,
            allowed: 0.0,
            seconds: 0.0,
        }
    }

    pub(super) fn observe(&mut self, tick: &Tick, settled: bool) {
        let taken = tick.after.sessions() / tick.after.max_sessions;
        let full = match self.limit {
            Limit::Rate => taken >= FULL,
            Limit::Checkout => taken >= NOT_FULL,
        };
        let limit = if full { Limit::Checkout } else { Limit::Rate };
        if limit != self.limit {
            self.change_to(limit, &tick.before);
        }
        if !settled {
            return;
        }
        self.claims += tick.claims;
        self.allowed += limit.per_second(&tick.before) * tick.seconds;
        self.seconds += tick.seconds;
        if self.seconds >= SPAN {
            if self.ratios.len() == SPANS {
                self.ratios.pop_front();
            }
            self.ratios
                .push_back(self.claims / self.allowed.max(f64::MIN_POSITIVE));
            (self.claims, self.allowed, self.seconds) = (0.0, 0.0, 0.0);
        }
    }

    pub(super) fn speed(&self, sight: &Sight) -> Speed {
        let mean = self.mean();
        let spans = self.ratios.len() as f64;
        let deviation = if spans < 3.0 {
            0.0
        } else {
            let squares: f64 = self.ratios.iter().map(|ratio| (ratio - mean).powi(2)).sum();
            (squares / (spans - 1.0) / spans).sqrt() / mean.max(f64::MIN_POSITIVE)
        };
        let most = sight.rate.per_second() * ABOVE_RATE;
        Speed {
            per_second: (mean * self.limit.per_second(sight)).min(most),
            deviation,
        }
    }

    /// What limits the door has changed. The old speed is the first that is known of the new one.
    fn change_to(&mut self, limit: Limit, sight: &Sight) {
        let speed = self.speed(sight).per_second.min(sight.rate.per_second());
        *self = Self::limited_by(limit, speed / limit.per_second(sight));
    }

    fn mean(&self) -> f64 {
        self.ratios.iter().sum::<f64>() / self.ratios.len() as f64
    }
}

impl Limit {
    /// What a ratio of one would be.
    fn per_second(self, sight: &Sight) -> f64 {
        match self {
            Self::Rate => sight.rate.per_second(),
            Self::Checkout => sight.max_sessions,
        }
    }
}
