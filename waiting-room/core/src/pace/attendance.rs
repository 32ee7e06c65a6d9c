use super::sight::{Sight, Tick};

/// The share of those called for the first time who come, and where it drifts.
///
/// The share that the store learned (the show-up curve) knows who came within seconds of the first call, but it is the
/// mean of some thousand calls: a crowd whose patience wears off is a minute ahead of it. So it only begins; once the
/// slowest of the first to be called have come, those who come are counted against those who are called, every ten
/// seconds, and a Kalman filter with a local linear trend (Harvey 1989) keeps the share and its drift. The drift is
/// damped (Gardner and McKenzie 1985): nobody's patience wears off for hours at the speed of the last minutes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Attendance {
    trend: Option<Trend>,
    calls: f64,
    came: f64,
    seconds: f64,
}

/// The share that is expected on average until the middle of the queue is called.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outlook {
    pub(super) share: f64,
    /// Its standard deviation.
    pub(super) deviation: f64,
    /// The same, were it known that nothing drifts.
    pub(super) deviation_at_rest: f64,
}

#[derive(Clone, Copy, Debug)]
struct Trend {
    share: f64,
    /// How much the share changes in a minute.
    drift: f64,
    share_variance: f64,
    covariance: f64,
    drift_variance: f64,
}

/// By then a fan who looks at another tab has come, or will not.
const CURVE_IS_KNOWN: f64 = 40.0;

/// How many calls the show-up curve remembers.
const CURVE_MEMORY: f64 = 900.0;

/// The drift that is usual, a minute (standard deviation), and after how many minutes it is a third.
const DRIFT: f64 = 0.025;
const DRIFT_LASTS: f64 = 3.0;

/// How far the share wanders by itself in a minute (standard deviation).
const WANDERS: f64 = 0.01;

/// How many seconds are counted together.
const SPAN: f64 = 10.0;

/// Who comes now was called some seconds ago: what this adds to the variance of a count, a fan.
const UNDER_WAY: f64 = 0.1;

/// The middle of the queue waits half as long as the queue lasts, and of that the middle is its average share. A little
/// more, for fans look more often while they have longer to go.
const OUTLOOK: f64 = 0.3;

const LEAST_SHARE: f64 = 0.05;
const LEAST_VARIANCE: f64 = 0.02;

/// The variance of whether one fan comes. Never nothing, for nobody is sure of everybody.
fn variance(share: f64) -> f64 {
    (share * (1.0 - share)).max(LEAST_VARIANCE)
}

impl Attendance {
    /// What is being counted is not to be trusted: the door was shut, or its rate has changed.
    pub(super) fn interrupt(&mut self) {
        (self.calls, self.came, self.seconds) = (0.0, 0.0, 0.0);
    }

    /// Whether the slowest had their time to come.
    pub(super) fn is_known(&self) -> bool {
        self.trend.is_some()
    }

    /// Learns of a tick, in which `second_calls` of the calls went to fans who had missed one, `open` seconds after the
    /// door opened.
    pub(super) fn observe(&mut self, tick: &Tick, second_calls: f64, open: f64, settled: bool) {
        if settled {
            self.calls += (tick.calls - second_calls).max(0.0);
            // Who comes back for a second call comes to the door as well.
            self.came += tick.came - second_calls;
            self.seconds += tick.seconds;
        }
        match &mut self.trend {
            None if open >= CURVE_IS_KNOWN => {
                self.trend = Some(Trend::begin(&tick.after));
                self.interrupt();
            }
            Some(trend) if self.seconds >= SPAN => {
                trend.pass(self.seconds / 60.0);
                trend.count(self.calls, self.came);
                self.interrupt();
            }
            None | Some(_) => {}
        }
    }

    /// The share now.
    pub(super) fn now(&self, sight: &Sight) -> f64 {
        let share = self.trend.map_or(sight.show_share, |trend| trend.share);
        share.clamp(LEAST_SHARE, 1.0)
    }

    /// What is to be expected of a queue that lasts for `seconds`.
    pub(super) fn outlook(&self, sight: &Sight, seconds: f64) -> Outlook {
        let Some(trend) = &self.trend else {
            let deviation = Trend::begin(sight).share_variance.sqrt();
            return Outlook {
                share: self.now(sight),
                deviation,
                deviation_at_rest: deviation,
            };
        };
        let minutes = seconds / 60.0 * OUTLOOK;
        let damped = DRIFT_LASTS * (1.0 - (-minutes / DRIFT_LASTS).exp());
        let at_rest = trend.share_variance + WANDERS * WANDERS * minutes;
        let drifts =
            2.0 * damped * trend.covariance + damped * damped * trend.drift_variance + at_rest;
        Outlook {
            share: (trend.share + damped * trend.drift).clamp(LEAST_SHARE, 1.0),
            deviation: drifts.max(0.0).sqrt(),
            deviation_at_rest: at_rest.sqrt(),
        }
    }
}

impl Trend {
    fn begin(sight: &Sight) -> Self {
        let calls = (sight.totals.called as f64).clamp(1.0, CURVE_MEMORY);
        Self {
            share: sight.show_share,
            drift: 0.0,
            share_variance: variance(sight.show_share) / calls,
            covariance: 0.0,
            drift_variance: DRIFT * DRIFT,
        }
    }

    /// Some time passes.
    fn pass(&mut self, minutes: f64) {
        let kept = (-minutes / DRIFT_LASTS).exp();
        self.share += self.drift * minutes;
        self.drift *= kept;
        self.share_variance +=
            minutes * (2.0 * self.covariance + minutes * self.drift_variance + WANDERS * WANDERS);
        self.covariance = (self.covariance + minutes * self.drift_variance) * kept;
        self.drift_variance =
            self.drift_variance * kept * kept + DRIFT * DRIFT * (1.0 - kept * kept);
    }

    /// Of `calls`, so many `came`.
    fn count(&mut self, calls: f64, came: f64) {
        let noise = calls.max(1.0) * (variance(self.share) + UNDER_WAY * self.share);
        let total = calls * calls * self.share_variance + noise;
        let share_gain = calls * self.share_variance / total;
        let drift_gain = calls * self.covariance / total;
        let surprise = came - calls * self.share;
        self.share = (self.share + share_gain * surprise).clamp(LEAST_SHARE, 1.0);
        self.drift += drift_gain * surprise;
        self.drift_variance -= drift_gain * calls * self.covariance;
        self.share_variance *= 1.0 - share_gain * calls;
        self.covariance *= 1.0 - share_gain * calls;
    }
}
