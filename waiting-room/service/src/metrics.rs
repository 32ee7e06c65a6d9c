//! The gatekeeper's metrics.

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};
use waiting_room_core::{Cohort, Phase, SettingName, Turn};

use crate::figures::Figures;

const JOINS: &str = "waiting_room_joins_total";
const REJOINS: &str = "waiting_room_rejoins_total";
const CLAIMS: &str = "waiting_room_claims_total";
const CALLS: &str = "waiting_room_calls_total";
const MISSED: &str = "waiting_room_missed_calls_total";
const EXPIRED: &str = "waiting_room_sessions_expired_total";
const HISTORY_FAILURES: &str = "waiting_room_history_failures_total";
pub(crate) const STORE_SECONDS: &str = "waiting_room_queue_store_seconds";
pub(crate) const STORE_FAILURES: &str = "waiting_room_queue_store_failures_total";

/// Tells the help texts; once a process.
pub(crate) fn describe() {
    describe_counter!(
        JOINS,
        "Joins, by event, cohort and whether the ticket is new"
    );
    describe_counter!(REJOINS, "Tickets that fans put back, by event");
    describe_counter!(CLAIMS, "Claims, by event and outcome");
    describe_counter!(CALLS, "Tickets called, by event");
    describe_counter!(MISSED, "Call windows that passed unused, by event");
    describe_counter!(EXPIRED, "Sessions whose time ran out, by event");
    describe_counter!(
        STORE_FAILURES,
        "Operations that the queue store did not answer, by event and operation"
    );
    describe_histogram!(
        STORE_SECONDS,
        Unit::Seconds,
        "Time until the queue store answered, by operation"
    );
    describe_counter!(
        HISTORY_FAILURES,
        "Moments of the figures that were not kept for the charts, by event"
    );
    describe_gauge!(
        "waiting_room_part_ok",
        "1 while a part that the event depends on does its work, 0 while it fails, by event and part"
    );
    describe_gauge!("waiting_room_waiting", "Waiting tickets, by event");
    describe_gauge!(
        "waiting_room_called",
        "Tickets with an open call window, by event"
    );
    describe_gauge!(
        "waiting_room_at_door",
        "Called fans who came and wait for a permit, by event"
    );
    describe_gauge!("waiting_room_active_sessions", "Fans in checkout, by event");
    describe_gauge!(
        "waiting_room_rate_per_minute",
        "The admission rate in force, by event"
    );
    describe_gauge!(
        "waiting_room_region_percent",
        "How much of the operator's rate this region may admit, by event; 0 while another one is active"
    );
    describe_gauge!(
        "waiting_room_max_active_sessions",
        "The session limit in force, by event"
    );
    describe_gauge!(
        "waiting_room_no_show_share",
        "Learned share of called fans who don't come"
    );
    describe_gauge!(
        "waiting_room_frontier",
        "The highest place called so far, by event"
    );
    describe_gauge!("waiting_room_epoch", "The queue store's life, by event");
    describe_gauge!("waiting_room_phase", "1 for the phase that the event is in");
    describe_gauge!(
        "waiting_room_setting_refused",
        "1 while a found value is not in force"
    );
    describe_gauge!(
        "waiting_room_settings_age_seconds",
        "Time since the settings were last read"
    );
    describe_gauge!(
        "waiting_room_eta_back_of_queue_seconds",
        Unit::Seconds,
        "How long somebody who joins now waits, by event; NaN while nobody is called"
    );
    describe_gauge!(
        "waiting_room_orders",
        "The shop's orders, by event and state: pending, confirmed or refused"
    );
    describe_gauge!(
        "waiting_room_stock",
        "How many of an offer there are in all, by event and offer"
    );
    describe_gauge!(
        "waiting_room_stock_left",
        "How many of an offer are left, by event and offer"
    );
}

pub(crate) fn joined(event: &str, cohort: Cohort, new: bool) {
    let new = if new { "true" } else { "false" };
    counter!(JOINS, "event" => event.to_owned(), "cohort" => cohort.as_str(), "new" => new)
        .increment(1);
}

pub(crate) fn rejoined(event: &str) {
    counter!(REJOINS, "event" => event.to_owned()).increment(1);
}

pub(crate) fn claimed(event: &str, outcome: &'static str) {
    counter!(CLAIMS, "event" => event.to_owned(), "outcome" => outcome).increment(1);
}

pub(crate) fn turned(event: &str, turn: Turn) {
    counter!(CALLS, "event" => event.to_owned()).increment(turn.called as u64);
    counter!(MISSED, "event" => event.to_owned()).increment(turn.missed as u64);
    counter!(EXPIRED, "event" => event.to_owned()).increment(turn.sessions_expired as u64);
}

/// What `event` counts is there from the start, at nought: a counter that appears with its first count hides that one
/// from whoever watches its increase.
pub(crate) fn begin(event: &str) {
    for cohort in [Cohort::Prequeue, Cohort::Arrival] {
        for new in ["true", "false"] {
            let event = event.to_owned();
            counter!(JOINS, "event" => event, "cohort" => cohort.as_str(), "new" => new)
                .increment(0);
        }
    }
    for outcome in OUTCOMES {
        counter!(CLAIMS, "event" => event.to_owned(), "outcome" => outcome).increment(0);
    }
    for name in [REJOINS, CALLS, MISSED, EXPIRED, HISTORY_FAILURES] {
        counter!(name, "event" => event.to_owned()).increment(0);
    }
}

/// How claims end.
const OUTCOMES: [&str; 8] = [
    "admitted",
    "again",
    "not_called",
    "busy",
    "missed",
    "gone",
    "closed",
    "full",
];

pub(crate) fn history_failed(event: &str) {
    counter!(HISTORY_FAILURES, "event" => event.to_owned()).increment(1);
}

const PHASES: [Phase; 6] = [
    Phase::Prequeue,
    Phase::Admitting,
    Phase::Paused,
    Phase::Recovering,
    Phase::Bypass,
    Phase::Closed,
];

pub(crate) fn observed(figures: &Figures) {
    let set = |name: &'static str, value: f64| {
        gauge!(name, "event" => figures.event.clone()).set(value);
    };
    set("waiting_room_waiting", figures.waiting as f64);
    set("waiting_room_called", figures.called as f64);
    set("waiting_room_at_door", figures.at_door as f64);
    set("waiting_room_active_sessions", figures.sessions as f64);
    set(
        "waiting_room_rate_per_minute",
        f64::from(figures.rate_per_minute),
    );
    set(
        "waiting_room_max_active_sessions",
        f64::from(figures.max_active_sessions),
    );
    set(
        "waiting_room_region_percent",
        f64::from(figures.region_percent),
    );
    let eta = figures.eta_back_of_queue_seconds;
    set(
        "waiting_room_eta_back_of_queue_seconds",
        eta.map_or(f64::NAN, |seconds| seconds as f64),
    );
    if let Some(orders) = figures.orders {
        for (state, count) in [
            ("pending", orders.pending),
            ("confirmed", orders.confirmed),
            ("refused", orders.refused),
        ] {
            gauge!("waiting_room_orders", "event" => figures.event.clone(), "state" => state)
                .set(count as f64);
        }
    }
    set("waiting_room_no_show_share", figures.no_show_share);
    set("waiting_room_frontier", figures.frontier as f64);
    set("waiting_room_epoch", figures.epoch as f64);
    set(
        "waiting_room_settings_age_seconds",
        figures.settings_age_seconds,
    );
    for phase in PHASES {
        gauge!("waiting_room_phase", "event" => figures.event.clone(), "phase" => phase.as_str())
            .set(if phase == figures.phase { 1.0 } else { 0.0 });
    }
    let names = SettingName::ALL.map(SettingName::as_str);
    for name in names.into_iter().chain(["settings-file", "parameters"]) {
        let refused = figures
            .refused_settings
            .iter()
            .any(|refused| refused.setting == name);
        gauge!(
            "waiting_room_setting_refused",
            "event" => figures.event.clone(),
            "setting" => name
        )
        .set(if refused { 1.0 } else { 0.0 });
    }
    for health in &figures.health {
        gauge!(
            "waiting_room_part_ok",
            "event" => figures.event.clone(),
            "part" => health.part.as_str()
        )
        .set(if health.ok { 1.0 } else { 0.0 });
    }
    for offer in &figures.offers {
        gauge!(
            "waiting_room_stock",
            "event" => figures.event.clone(),
            "offer" => offer.id.clone()
        )
        .set(f64::from(offer.stock));
        if let Some(left) = offer.stock_left {
            gauge!(
                "waiting_room_stock_left",
                "event" => figures.event.clone(),
                "offer" => offer.id.clone()
            )
            .set(f64::from(left));
        }
    }
}
