use std::time::Duration;

use serde::Serialize;

/// How often a fan asks, published on the board so that an operator's server, not an old page in
/// somebody's cache, decides it.
///
/// A visible page asks after `eta × eta_fraction`, within `min_ms` and `max_ms`, times a random
/// factor of 1 ± `jitter`; a hidden one after `hidden_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PollPolicy {
    /// Milliseconds between two polls of a fan whose turn is near.
    pub min_ms: u64,
    /// Milliseconds between two polls of a fan whose turn is far.
    pub max_ms: u64,
    /// The part of the remaining wait after which to ask again.
    pub eta_fraction: f64,
    /// The random spread of an interval, as a part of it.
    pub jitter: f64,
    /// Milliseconds between two polls of a page nobody looks at.
    pub hidden_ms: u64,
}

/// What a fan without an ETA waits before asking again.
const WITHOUT_ETA: Duration = Duration::from_secs(5);

impl PollPolicy {
    /// The policy for an event whose call window is `call_window`: a hidden page, which learns of
    /// its call by polling too, asks at least three times within it.
    pub fn for_call_window(call_window: Duration) -> Self {
        let third = u64::try_from(call_window.as_millis() / 3).unwrap_or(u64::MAX);
        Self {
            min_ms: 1_500,
            max_ms: 30_000.min(third.max(1_500)),
            eta_fraction: 0.1,
            jitter: 0.25,
            hidden_ms: third.clamp(1_500, 60_000),
        }
    }

    /// When a visible page whose turn comes in `eta` asks again, before jitter.
    pub fn poll_after(&self, eta: Option<Duration>) -> Duration {
        let wanted = eta.map_or(WITHOUT_ETA, |eta| eta.mul_f64(self.eta_fraction));
        wanted.clamp(
            Duration::from_millis(self.min_ms),
            Duration::from_millis(self.max_ms),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearer_the_turn_the_more_often_a_fan_asks() {
        let policy = PollPolicy::for_call_window(Duration::from_secs(120));
        let after = |seconds| {
            policy
                .poll_after(Some(Duration::from_secs(seconds)))
                .as_millis()
        };
        assert_eq!(after(0), 1_500);
        assert_eq!(after(60), 6_000);
        assert_eq!(after(7_200), 30_000);
        assert_eq!(policy.poll_after(None), WITHOUT_ETA);
    }

    #[test]
    fn nobody_sleeps_through_a_call_window() {
        for seconds in [5, 30, 120, 3_600] {
            let policy = PollPolicy::for_call_window(Duration::from_secs(seconds));
            assert!(policy.hidden_ms * 3 <= seconds * 1_000);
            assert!(policy.max_ms * 3 <= seconds * 1_000);
            assert!(policy.min_ms <= policy.max_ms);
        }
    }
}
