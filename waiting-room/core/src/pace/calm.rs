use crate::Timestamp;

/// The pace that was told last, as a multiple of the rate: an ETA that trembles, or climbs only to fall again, is
/// trusted by nobody.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Calm {
    told: Option<(Timestamp, f64)>,
}

/// How far what is told may be above and below what was measured, as parts of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slack {
    above: f64,
    below: f64,
}

/// Of the distance of the bounds, how much is left to calmness.
const OF_BOUNDS: f64 = 0.75;

/// While the slowest of the first to be called have yet to come, the pace seems too fast, and less so each second: to
/// tell that once, when it is known, is one climb instead of one at each look.
const ABOVE_AT_FIRST: f64 = 0.4;
const BELOW_AT_FIRST: f64 = 0.2;

/// With an ETA of t, a pace that falls by the part 1/t a second leaves it standing still. It falls by half as much, so
/// the last in the queue sees the ETA fall on, at half its speed; it rises twice as fast, for that climbs for nobody.
const FALLS: f64 = 0.5;
const RISES: f64 = 1.0;

/// However long nothing was told, the pace moves as in so many seconds.
const LONGEST_STEP: f64 = 10.0;

impl Slack {
    /// What bounds so far apart leave; `known` when the slowest had their time to come.
    pub(super) fn within(slower: f64, faster: f64, known: bool) -> Self {
        let (above, below) = if known {
            (0.0, 0.0)
        } else {
            (ABOVE_AT_FIRST, BELOW_AT_FIRST)
        };
        Self {
            above: above.max(slower * OF_BOUNDS),
            below: below.max(faster * OF_BOUNDS),
        }
    }
}

impl Calm {
    /// What was told last.
    pub(super) fn told(&self) -> Option<f64> {
        self.told.map(|(_, multiple)| multiple)
    }

    /// The multiple to tell: the one told last, moved towards `measured` as far as the last in the queue, who has the
    /// longest `wait` at a multiple, may see; or `measured` itself when that would leave the `slack`.
    pub(super) fn tell(
        &mut self,
        at: Timestamp,
        measured: f64,
        wait: impl Fn(f64) -> f64,
        slack: Slack,
    ) -> f64 {
        let multiple = self.told.map_or(measured, |(told_at, told)| {
            let elapsed = at.since(told_at).as_secs_f64().min(LONGEST_STEP);
            let step = (elapsed / wait(told).max(1.0)).min(1.0);
            let moved = measured.clamp(told * (1.0 - FALLS * step), told * (1.0 + RISES * step));
            let bearable = measured * (1.0 - slack.below)..=measured * (1.0 + slack.above);
            if bearable.contains(&moved) {
                moved
            } else {
                measured
            }
        });
        self.told = Some((at, multiple));
        multiple
    }
}
