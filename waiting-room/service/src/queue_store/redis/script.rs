//! The scripts, and what each is told in its first arguments.

use redis::{Script, ScriptInvocation};
use waiting_room_core::EventId;

use super::knowledge::Knowledge;
use crate::queue_store::Regime;

/// A script that changes or reads one event's queue in one atomic step.
pub(super) struct Scripts {
    pub(super) join: Script,
    pub(super) rejoin: Script,
    pub(super) claim: Script,
    pub(super) leave: Script,
    pub(super) end_session: Script,
    pub(super) standing: Script,
    pub(super) turn: Script,
    pub(super) snapshot: Script,
}

macro_rules! script {
    ($name:literal) => {
        Script::new(concat!(
            // Without flags: refused as a whole, not broken off, when the store is full.
            "#!lua\n",
            include_str!("lua/queue.lua"),
            include_str!(concat!("lua/", $name, ".lua"))
        ))
    };
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            join: script!("join"),
            rejoin: script!("rejoin"),
            claim: script!("claim"),
            leave: script!("leave"),
            end_session: script!("end_session"),
            standing: script!("standing"),
            turn: script!("turn"),
            snapshot: script!("snapshot"),
        }
    }
}

/// The keys of one event's queue; the hash tag keeps them on one node of a cluster.
pub(super) struct Keys([String; 9]);

impl Keys {
    pub(super) fn of(event: &EventId) -> Self {
        let key = |name: &str| format!("waiting-room:{{{event}}}:{name}");
        Self([
            key("state"),
            key("waiting"),
            key("tickets"),
            key("recalled"),
            key("windows"),
            key("at-door"),
            key("sessions"),
            key("batches"),
            key("gone"),
        ])
    }
}

/// The arguments that every script begins with.
pub(super) struct Preamble<'a> {
    /// The time to go by instead of the server's, in microseconds.
    pub(super) now: Option<u64>,
    pub(super) instance: &'a str,
    pub(super) recovery_micros: u64,
    pub(super) known: Knowledge,
}

impl Preamble<'_> {
    /// Prepares a call of `script` on the queue at `keys`; without a regime the rules are not asked.
    pub(super) fn call<'s>(
        &self,
        script: &'s Script,
        keys: &Keys,
        regime: Option<&Regime>,
    ) -> ScriptInvocation<'s> {
        let mut call = script.prepare_invoke();
        for key in &keys.0 {
            call.key(key);
        }
        call.arg(self.now.map_or_else(String::new, |now| now.to_string()));
        match regime {
            Some(Regime { rules, settings }) => {
                let schedule = &rules.schedule;
                let closes_at = schedule.closes_at.map_or(0, |at| at.as_micros());
                call.arg(schedule.on_sale_at.as_micros())
                    .arg(closes_at)
                    .arg(settings.mode.as_str())
                    .arg(settings.admission_rate_per_minute.per_minute())
                    .arg(settings.max_active_sessions.sessions())
                    .arg(rules.session_length.as_micros() as u64)
                    .arg(rules.call_window.as_micros() as u64)
                    .arg(rules.calls_per_ticket)
                    .arg(rules.tick.as_micros() as u64)
                    .arg(rules.capacity);
            }
            None => {
                for _ in 0..10 {
                    call.arg(0);
                }
            }
        }
        let opens_at = regime.map_or(0, |regime| regime.rules.schedule.opens_at.as_micros());
        call.arg(self.recovery_micros)
            .arg(self.instance)
            .arg(self.known.revision)
            .arg(self.known.epoch)
            .arg(opens_at);
        call
    }
}
