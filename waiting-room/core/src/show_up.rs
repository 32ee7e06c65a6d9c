use std::time::Duration;

/// How likely a called fan is to come to the door, by how long ago the call was: learned from the
/// calls so far.
///
/// A Kaplan-Meier estimate (Kaplan and Meier 1958): for each span of time since the call, of those
/// who had not come before it, the share that came within it. It needs no call window to end, so
/// the first seconds of an on-sale already tell how many of those called come.
#[derive(Clone, Debug)]
pub struct ShowUpCurve {
    spans: [Span; SPANS],
}

#[derive(Clone, Copy, Debug)]
struct Span {
    at_risk: f64,
    came: f64,
}

/// Where each span begins, in seconds after the call.
const BEGINS: [u64; SPANS] = [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128];
const SPANS: usize = 15;

/// Before anything was seen: of those left at a span's beginning, the share that comes within it.
/// Six in ten come, most of them within six seconds.
const PRIOR: [f64; SPANS] = [
    0.12, 0.20, 0.20, 0.14, 0.10, 0.04, 0.02, 0.01, 0.01, 0.005, 0.005, 0.005, 0.005, 0.0, 0.0,
];

/// How many calls the prior counts as.
const PRIOR_CALLS: f64 = 12.0;

/// Calls after which older ones count half, so that the curve follows a crowd that changes.
const MEMORY: f64 = 1_200.0;

impl Default for ShowUpCurve {
    fn default() -> Self {
        let spans = PRIOR.map(|share| Span {
            at_risk: PRIOR_CALLS,
            came: share * PRIOR_CALLS,
        });
        Self { spans }
    }
}

impl ShowUpCurve {
    /// The span that holds `age`, a time since the call.
    pub fn span_of(age: Duration) -> usize {
        BEGINS
            .partition_point(|begin| Duration::from_secs(*begin) <= age)
            .saturating_sub(1)
    }

    /// Learns that of `at_risk` fans who had not come before `span`, `came` came within it.
    pub fn observe(&mut self, span: usize, at_risk: u32, came: u32) {
        let Some(span) = self.spans.get_mut(span) else {
            return;
        };
        span.at_risk += f64::from(at_risk);
        span.came += f64::from(came.min(at_risk));
        if span.at_risk > MEMORY {
            span.at_risk /= 2.0;
            span.came /= 2.0;
        }
    }

    /// The probability that a fan who has not come before `span` still comes, 0 to 1.
    pub fn still_comes(&self, span: usize) -> f64 {
        1.0 - self
            .spans
            .iter()
            .skip(span)
            .map(|s| 1.0 - s.share())
            .product::<f64>()
    }

    /// The probability that a fan who is called now comes, 0 to 1.
    pub fn show_share(&self) -> f64 {
        self.still_comes(0)
    }

    /// How long those who come take, on average.
    pub fn mean_delay(&self) -> Duration {
        let mut not_yet = 1.0;
        let mut weighted = 0.0;
        for (index, span) in self.spans.iter().enumerate() {
            let begin = BEGINS[index] as f64;
            let end = BEGINS
                .get(index + 1)
                .map_or(begin * 1.5, |next| *next as f64);
            let comes_now = not_yet * span.share();
            weighted += comes_now * (begin + end) / 2.0;
            not_yet -= comes_now;
        }
        let comes = 1.0 - not_yet;
        Duration::from_secs_f64(if comes > 0.0 { weighted / comes } else { 0.0 })
    }
}

impl Span {
    fn share(self) -> f64 {
        self.came / self.at_risk
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_cover_all_ages() {
        assert_eq!(ShowUpCurve::span_of(Duration::ZERO), 0);
        assert_eq!(ShowUpCurve::span_of(Duration::from_millis(999)), 0);
        assert_eq!(ShowUpCurve::span_of(Duration::from_secs(5)), 4);
        assert_eq!(ShowUpCurve::span_of(Duration::from_secs(9_999)), SPANS - 1);
    }

    #[test]
    fn begins_with_six_in_ten_within_seconds() {
        let curve = ShowUpCurve::default();
        assert!(
            (0.55..0.65).contains(&curve.show_share()),
            "{}",
            curve.show_share()
        );
        assert!(
            curve.mean_delay() < Duration::from_secs(8),
            "{:?}",
            curve.mean_delay()
        );
    }

    #[test]
    fn learns_the_crowd_it_sees_and_follows_when_it_changes() {
        let mut curve = ShowUpCurve::default();
        let mut see = |first_share: f64, calls: u32| {
            for _ in 0..calls / 100 {
                let came = (100.0 * first_share) as u32;
                curve.observe(0, 100, came);
                for span in 1..SPANS {
                    curve.observe(span, 100 - came, 0);
                }
            }
            (curve.show_share(), curve.mean_delay())
        };
        let (share, delay) = see(0.9, 3_000);
        assert!((0.87..0.93).contains(&share), "{share}");
        assert!(delay < Duration::from_secs(1));
        let (share, _) = see(0.2, 4_000);
        assert!((0.18..0.26).contains(&share), "{share}");
    }

    #[test]
    fn the_longer_a_fan_has_not_come_the_less_likely_it_gets() {
        let curve = ShowUpCurve::default();
        let chances: Vec<f64> = (0..SPANS).map(|span| curve.still_comes(span)).collect();
        assert!(chances.is_sorted_by(|a, b| a >= b), "{chances:?}");
    }
}
