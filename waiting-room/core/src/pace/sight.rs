use crate::{AdmissionRate, Settings, Snapshot, Timestamp, Totals};

/// What the controller saw in one tick.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
    pub(super) at: Timestamp,
    pub(super) waiting: f64,
    pub(super) show_share: f64,
    pub(super) rate: AdmissionRate,
    pub(super) max_sessions: f64,
    pub(super) totals: Totals,
    at_door: u64,
}

/// What happened from one tick to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tick {
    pub(super) seconds: f64,
    pub(super) before: Sight,
    pub(super) after: Sight,
    pub(super) calls: f64,
    pub(super) claims: f64,
    /// Who knocked for the first time, whether there was a permit or not.
    pub(super) came: f64,
    pub(super) missed: f64,
    pub(super) rejoined: f64,
    /// Who gave the place up while waiting.
    pub(super) gone: f64,
}

impl Sight {
    pub(super) fn of(snapshot: &Snapshot, settings: &Settings) -> Self {
        Self {
            at: snapshot.at,
            waiting: snapshot.marks.waiting() as f64,
            show_share: snapshot.show_share,
            rate: settings.admission_rate_per_minute,
            max_sessions: f64::from(settings.max_active_sessions.sessions()),
            totals: snapshot.totals,
            at_door: snapshot.at_door,
        }
    }

    /// How many are in checkout.
    pub(super) fn sessions(&self) -> f64 {
        let Totals {
            claimed,
            sessions_ended,
            ..
        } = self.totals;
        claimed.saturating_sub(sessions_ended) as f64
    }
}

impl Tick {
    pub(super) fn between(before: &Sight, after: &Sight) -> Self {
        let since = |count: fn(&Totals) -> u64| {
            count(&after.totals).saturating_sub(count(&before.totals)) as f64
        };
        let (calls, claims) = (since(|t| t.called), since(|t| t.claimed));
        let rejoined = since(|t| t.rejoined);
        let stood = before.waiting + since(|t| t.joined) + rejoined;
        Self {
            seconds: after.at.since(before.at).as_secs_f64(),
            before: *before,
            after: *after,
            calls,
            claims,
            came: claims + after.at_door as f64 - before.at_door as f64,
            missed: since(|t| t.missed),
            rejoined,
            gone: (stood - calls - after.waiting).max(0.0),
        }
    }

    pub(super) fn rate_changed(&self) -> bool {
        self.before.rate != self.after.rate
    }
}
