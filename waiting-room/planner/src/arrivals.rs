use crate::Crowd;

/// When the fans come: how many have come by a time in seconds after the on-sale begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrivals {
    waves: [Wave; 3],
}

/// Fans who come evenly from one time to another.
#[derive(Clone, Copy, Debug)]
struct Wave {
    fans: f64,
    from: f64,
    to: f64,
}

impl Wave {
    fn by(self, at: f64) -> f64 {
        self.fans * ((at - self.from) / (self.to - self.from)).clamp(0.0, 1.0)
    }
}

impl Arrivals {
    pub(crate) fn of(crowd: &Crowd) -> Self {
        let wave = |share: f64, from: f64, to: f64| Wave {
            fans: crowd.fans as f64 * share,
            from,
            to: to.max(from + f64::EPSILON),
        };
        let at_once = (1.0 - crowd.prequeue - crowd.late).max(0.0);
        Self {
            waves: [
                wave(crowd.prequeue, -crowd.prequeue_for.as_secs_f64(), 0.0),
                wave(at_once, 0.0, crowd.stampede.as_secs_f64()),
                wave(crowd.late, 0.0, crowd.late_over.as_secs_f64()),
            ],
        }
    }

    /// How many come from `from` to `to`.
    pub(crate) fn between(&self, from: f64, to: f64) -> f64 {
        let waves = self.waves.iter();
        waves.map(|wave| wave.by(to) - wave.by(from)).sum()
    }

    /// When the first come; not after the on-sale begins.
    pub(crate) fn begin(&self) -> f64 {
        self.of_anybody()
            .map(|wave| wave.from)
            .fold(0.0, f64::min)
            .floor()
    }

    /// When the last have come.
    pub(crate) fn end(&self) -> f64 {
        self.of_anybody().map(|wave| wave.to).fold(0.0, f64::max)
    }

    fn of_anybody(&self) -> impl Iterator<Item = &Wave> {
        self.waves.iter().filter(|wave| wave.fans > 0.0)
    }
}
