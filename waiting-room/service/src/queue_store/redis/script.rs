//! The scripts, and what each is told in its first arguments.

use redis::{Script, ScriptInvocation};
use waiting_room_core::{EventId, Mode, Timestamp};

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
    ($($part:expr),+) => {
        Script::new(concat!(
            // Without flags: refused as a whole, not broken off, when the store is full.
            "#!lua\n",
            include_str!("lua/state.lua"),
            include_str!("lua/tickets.lua"),
            $($part),+
        ))
    };
}

macro_rules! lua {
    ($name:literal) => {
        include_str!(concat!("lua/", $name, ".lua"))
    };
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            join: script!(
                lua!("time"),
                // Joins seldom call anybody: the functions for it are made when one does.
                "local function open_calls()\n",
                lua!("calls"),
                "return { load_curve = load_curve, still_comes = still_comes, all_batches = all_batches, \
                 expected = expected, call_first = call_first, free_sessions = free_sessions }\nend\n",
                lua!("join")
            ),
            rejoin: script!(lua!("time"), lua!("rejoin")),
            claim: script!(lua!("time"), lua!("calls"), lua!("claim")),
            leave: script!(lua!("time"), lua!("calls"), lua!("leave")),
            end_session: script!(lua!("end_session")),
            standing: script!(lua!("standing")),
            turn: script!(lua!("time"), lua!("calls"), lua!("turn")),
            snapshot: script!(lua!("time"), lua!("calls"), lua!("snapshot")),
        }
    }
}

/// The keys of one event's queue; the hash tag keeps them on one node of a cluster.
pub(super) struct Keys([String; 11]);

impl Keys {
    pub(super) fn of(event: &EventId) -> Self {
        let key = |name: &str| format!("waiting-room:{{{event}}}:{name}");
        Self([
            key("state"),
            key("waiting"),
            key("late"),
            key("tickets"),
            key("recalled"),
            key("windows"),
            key("rounds"),
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
        call.arg(self.rules(regime)).arg(self.instance);
        call
    }

    /// What `lua/state.lua` unpacks as its `R`: doubles, which hold all of these exactly.
    fn rules(&self, regime: Option<&Regime>) -> Vec<u8> {
        let micros = |at: Timestamp| at.as_micros() as f64;
        let of_regime = regime.map_or([0.0; 10], |Regime { rules, settings }| {
            [
                micros(rules.schedule.on_sale_at),
                rules.schedule.closes_at.map_or(0.0, micros),
                micros(rules.schedule.opens_at),
                number_of(settings.mode),
                f64::from(settings.admission_rate_per_minute.per_minute()),
                f64::from(settings.max_active_sessions.sessions()),
                rules.session_length.as_micros() as f64,
                rules.call_window.as_micros() as f64,
                f64::from(rules.calls_per_ticket),
                rules.tick.as_micros() as f64,
            ]
        });
        let capacity = regime.map_or(0.0, |regime| regime.rules.capacity as f64);
        let now = self.now.map_or(-1.0, |now| now as f64);
        let rest = [
            capacity,
            self.recovery_micros as f64,
            self.known.revision as f64,
            self.known.epoch as f64,
        ];
        [now]
            .into_iter()
            .chain(of_regime)
            .chain(rest)
            .flat_map(f64::to_be_bytes)
            .collect()
    }
}

/// The mode as the scripts know it.
fn number_of(mode: Mode) -> f64 {
    match mode {
        Mode::Admit => 0.0,
        Mode::Pause => 1.0,
        Mode::Bypass => 2.0,
        Mode::Closed => 3.0,
    }
}
