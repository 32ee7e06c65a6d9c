use super::dice::Dice;

/// What kind of people come, in shares from 0 to 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crowd {
    /// Called and never seen again.
    pub(crate) no_shows: f64,
    /// Look at another tab: learn of their call after half a minute.
    pub(crate) hidden: f64,
    /// Come after their call window has passed.
    pub(crate) late: f64,
    /// Give their place up at some moment.
    pub(crate) leavers: f64,
    /// Within how many seconds of joining they do.
    pub(crate) leave_within: f64,
    /// Of those who would come, who loses patience with each minute of waiting.
    pub(crate) impatience: f64,
    /// Requests that are sent twice.
    pub(crate) retried: f64,
    /// Seconds in checkout, from and to; who would stay longer than a session is ended by its expiry.
    pub(crate) stay: (f64, f64),
}

impl Crowd {
    /// All attentive and all come.
    pub(crate) const EAGER: Self = Self {
        no_shows: 0.0,
        hidden: 0.0,
        late: 0.0,
        leavers: 0.0,
        leave_within: 200.0,
        impatience: 0.0,
        retried: 0.0,
        stay: (30.0, 90.0),
    };

    /// The published figure: about 40 per cent of those called never come.
    pub(crate) const USUAL: Self = Self {
        no_shows: 0.4,
        hidden: 0.1,
        ..Self::EAGER
    };
}

/// What one fan is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    pub(crate) comes: bool,
    pub(crate) late: bool,
    pub(crate) hidden: bool,
    pub(crate) leaves: bool,
}

impl Manner {
    pub(crate) fn draw(crowd: &Crowd, dice: &mut Dice) -> Self {
        Self {
            comes: !dice.chance(crowd.no_shows),
            late: dice.chance(crowd.late),
            hidden: dice.chance(crowd.hidden),
            leaves: dice.chance(crowd.leavers),
        }
    }

    /// Seconds between two looks of this fan when the turn is near.
    pub(crate) fn poll_interval(self, dice: &mut Dice) -> f64 {
        if self.hidden {
            dice.between(30.0, 40.0)
        } else {
            dice.between(1.0, 3.0)
        }
    }

    /// Seconds until this fan, asked to knock again after `retry_after` seconds, does: with the
    /// client's jitter and the network's delay; a browser rounds a hidden tab's timers up to a
    /// second.
    pub(crate) fn knocks_after(self, retry_after: f64, dice: &mut Dice) -> f64 {
        let asked = retry_after * dice.between(1.0, 1.2);
        let timer = if self.hidden { asked.ceil() } else { asked };
        timer + network_delay(dice)
    }
}

/// Seconds from a fan's decision to the store.
pub(crate) fn network_delay(dice: &mut Dice) -> f64 {
    dice.between(0.02, 0.15)
}
