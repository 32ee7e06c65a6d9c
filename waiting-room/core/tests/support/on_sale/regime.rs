use std::time::Duration;

use waiting_room_core::{
    AdmissionRate, MaxActiveSessions, Message, Mode, Rules, Schedule, Settings, Timestamp,
};

/// When the on-sale begins.
pub(crate) const START: Timestamp = Timestamp::from_seconds(1_795_250_000);

/// How long before the on-sale the pre-queue opens.
pub(super) const PREQUEUE: Duration = Duration::from_secs(60);

pub(super) fn rate(per_minute: u32) -> AdmissionRate {
    AdmissionRate::new(per_minute).unwrap()
}

pub(super) fn max_sessions(count: u32) -> MaxActiveSessions {
    MaxActiveSessions::new(count).unwrap()
}

pub(super) fn settings(per_minute: u32) -> Settings {
    Settings {
        admission_rate_per_minute: rate(per_minute),
        max_active_sessions: max_sessions(1_000_000),
        mode: Mode::Admit,
        message: Message::default(),
    }
}

pub(super) fn rules() -> Rules {
    Rules {
        schedule: Schedule {
            opens_at: Timestamp::from_micros(START.as_micros() - PREQUEUE.as_micros() as u64),
            on_sale_at: START,
            closes_at: None,
        },
        session_length: Duration::from_secs(600),
        call_window: Duration::from_secs(120),
        calls_per_ticket: 2,
        tick: Duration::from_secs(1),
        capacity: 1_000_000,
    }
}
