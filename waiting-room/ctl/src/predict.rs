//! What a rate will do to the queue, told before it is applied.

use std::time::Duration;

use crate::{
    figures::Figures,
    words::{clock_to_the_minute, grouped, lasting},
};

/// A queue that takes longer than this to empty hardly shrinks.
const HARDLY: f64 = 86_400.0;

/// Of those called some never come, but never all of them.
const MOST_NO_SHOWS: f64 = 0.95;

/// What `rate` a minute will do to the queue of `figures`, in words: as the console tells it
/// (`cdn-site/js/lib/predict.js`).
///
/// The door admits `rate` a minute. While a share of those called never comes, the controller calls more, so the queue
/// shortens by rate / (1 − share) a minute, less those who join.
pub(crate) fn effect(rate: u32, figures: &Figures) -> String {
    let share = figures.no_show_share.clamp(0.0, MOST_NO_SHOWS);
    let served = f64::from(rate) / (1.0 - share);
    let joins = figures.joins_per_minute.unwrap_or(0.0);
    let growth = joins - served;
    let waiting = figures.waiting as f64;
    let when = |minutes: f64| {
        let from_now = Duration::from_secs_f64(minutes * 60.0);
        let at = clock_to_the_minute(figures.at + from_now);
        format!("at about {at}, in {}", lasting(from_now.as_secs()))
    };
    let mut told = Vec::new();
    let begin = format!("At {}/min", grouped(rate.into()));
    if figures.waiting == 0 {
        told.push(match growth > 0.0 {
            true => format!(
                "{begin} a queue forms: {} more a minute come than are let in.",
                grouped(growth.round() as u64)
            ),
            false => format!("{begin} nobody has to wait."),
        });
    } else {
        let empty_after = waiting / -growth;
        told.push(if growth >= 0.0 {
            format!(
                "{begin} the queue does not empty: it grows by {} a minute.",
                grouped(growth.round().max(1.0) as u64)
            )
        } else if empty_after * 60.0 > HARDLY {
            format!("{begin} the queue hardly shrinks: it takes more than a day to empty.")
        } else {
            format!("{begin} the queue empties {}.", when(empty_after))
        });
        if waiting / served * 60.0 <= HARDLY {
            told.push(format!(
                "The last of the {} who wait now is called {}.",
                grouped(figures.waiting),
                when(waiting / served)
            ));
        }
    }
    if figures.sessions >= figures.max_active_sessions {
        told.push(format!(
            "The limit of {} sessions is reached, and decides before the rate does.",
            grouped(figures.max_active_sessions)
        ));
    }
    if figures.phase == "paused" {
        told.push("Counted from when the door is open again.".to_owned());
    }
    told.join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn figures(change: Value) -> Figures {
        let mut figures = json!({
            "event": "aurora-live", "at": "2026-11-21T20:00:00Z", "phase": "admitting", "epoch": 1,
            "rate_per_minute": 600, "max_active_sessions": 2000, "mode": "admit", "message": "",
            "waiting": 12_000, "called": 0, "at_door": 0, "sessions": 10,
            "claims_per_minute": 600.0, "calls_per_minute": 1000.0, "joins_per_minute": 0.0,
            "no_show_share": 0.4, "eta_back_of_queue_seconds": 720, "refused_settings": [],
            "orders": null, "offers": [],
        });
        let object = figures.as_object_mut().unwrap();
        object.extend(change.as_object().unwrap().clone());
        serde_json::from_value(figures).unwrap()
    }

    #[test]
    fn no_shows_make_the_queue_shorter_than_the_rate_alone() {
        let told = effect(600, &figures(json!({})));
        // 600 / (1 - 0.4) = 1,000 a minute: 12,000 people take twelve minutes.
        assert!(
            told.starts_with("At 600/min the queue empties at about 20:12 UTC, in 12 min."),
            "{told}"
        );
        let told = effect(900, &figures(json!({"no_show_share": 0.0})));
        assert!(told.contains("at about 20:13 UTC, in 13 min"), "{told}");
    }

    #[test]
    fn those_who_join_make_it_longer_but_nobody_who_waits_waits_longer() {
        let told = effect(600, &figures(json!({"joins_per_minute": 500.0})));
        assert!(told.contains("empties at about 20:24 UTC"), "{told}");
        assert!(
            told.contains("The last of the 12,000 who wait now is called at about 20:12 UTC"),
            "{told}"
        );
        let told = effect(600, &figures(json!({"joins_per_minute": 1_100.0})));
        assert!(
            told.contains("does not empty: it grows by 100 a minute"),
            "{told}"
        );
        let told = effect(600, &figures(json!({"joins_per_minute": 999.0})));
        assert!(told.contains("hardly shrinks"), "{told}");
    }

    #[test]
    fn what_decides_before_the_rate_is_told() {
        let told = effect(600, &figures(json!({"sessions": 2_000, "phase": "paused"})));
        assert!(
            told.contains("The limit of 2,000 sessions is reached"),
            "{told}"
        );
        assert!(
            told.ends_with("Counted from when the door is open again."),
            "{told}"
        );
        let told = effect(600, &figures(json!({"waiting": 0})));
        assert_eq!(told, "At 600/min nobody has to wait.");
        let told = effect(
            60,
            &figures(json!({"waiting": 0, "joins_per_minute": 300.0})),
        );
        assert_eq!(
            told,
            "At 60/min a queue forms: 200 more a minute come than are let in."
        );
    }
}
