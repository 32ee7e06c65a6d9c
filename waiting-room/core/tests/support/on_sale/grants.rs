use std::time::Duration;

use waiting_room_core::{Mode, Settings, Timestamp};

/// What the door was allowed to do when: the rate in force, none while it was shut.
pub(crate) struct Grants {
    /// Since when, how many a second.
    rates: Vec<(Timestamp, f64)>,
    losses: Vec<(Timestamp, Timestamp)>,
}

impl Grants {
    pub(super) fn at(start: Timestamp, per_minute: u32) -> Self {
        Self {
            rates: vec![(start, f64::from(per_minute) / 60.0)],
            losses: Vec::new(),
        }
    }

    pub(super) fn set(&mut self, now: Timestamp, settings: &Settings) {
        let open = settings.mode == Mode::Admit;
        let per_second = settings.admission_rate_per_minute.per_second();
        self.rates.push((now, if open { per_second } else { 0.0 }));
    }

    pub(super) fn lose_store(&mut self, now: Timestamp, recovery: Duration) {
        self.losses.push((now, now + recovery));
    }

    /// The time from `from` to `to` as it would have been had the door stayed as it was at `from`: a second at twice the
    /// rate counts two, a second of a pause or of a recovery none.
    pub(crate) fn wait(&self, from: Timestamp, to: Timestamp) -> Duration {
        let mut granted = 0.0;
        for (index, (since, per_second)) in self.rates.iter().enumerate() {
            let until = self.rates.get(index + 1).map_or(to, |next| next.0.min(to));
            let open = until.since((*since).max(from)).as_secs_f64();
            let lost: f64 = self
                .losses
                .iter()
                .map(|(began, ended)| {
                    let began = (*began).max(*since).max(from);
                    (*ended).min(until).since(began).as_secs_f64()
                })
                .sum();
            granted += per_second * (open - lost).max(0.0);
        }
        Duration::from_secs_f64(granted / self.rate(from).max(f64::MIN_POSITIVE))
    }

    /// Whether the store was lost from `from` on and before `to`.
    pub(crate) fn lost(&self, from: Timestamp, to: Timestamp) -> bool {
        self.losses
            .iter()
            .any(|(began, _)| (from..to).contains(began))
    }

    /// Whether the operator slowed down, or the store was lost, from `from` on and before `to`.
    pub(crate) fn slowed(&self, from: Timestamp, to: Timestamp) -> bool {
        self.lost(from, to)
            || self.rates.windows(2).any(|pair| {
                let (at, per_second) = pair[1];
                per_second < pair[0].1 && (from..to).contains(&at)
            })
    }

    fn rate(&self, at: Timestamp) -> f64 {
        let since = self.rates.partition_point(|(since, _)| *since < at);
        since
            .checked_sub(1)
            .map_or(self.rates[0].1, |index| self.rates[index].1)
    }
}
