//! What holds for every plan.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use proptest::prelude::*;
use waiting_room_core::{AdmissionRate, MaxActiveSessions};
use waiting_room_planner::{Course, Crowd, Door, Purchase, Scenario, Serving};

fn crowd() -> impl Strategy<Value = Crowd> {
    let come = (1..200_000_u64, 0.0..0.5_f64, 1..40_u64, 1..900_u64);
    let late = (0.0..0.5_f64, 1..120_u64);
    let behave = (0.0..0.95_f64, 0.0..0.5_f64, 0.0..0.95_f64, 0.0..1.0_f64);
    (come, late, behave).prop_map(
        |(
            (fans, prequeue, prequeue_minutes, stampede),
            (late, late_minutes),
            (no_show, second_call, leave_per_hour, hidden),
        )| Crowd {
            fans,
            prequeue,
            prequeue_for: Duration::from_secs(prequeue_minutes * 60),
            stampede: Duration::from_secs(stampede),
            late,
            late_over: Duration::from_secs(late_minutes * 60),
            no_show,
            second_call,
            leave_per_hour,
            hidden,
        },
    )
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let door = (1..30_000_u32, 1..50_000_u32, 60..900_u64, 5..300_u64);
    let purchase = (
        0.01..1.0_f64,
        0.0..1.0_f64,
        prop::option::of(1..100_000_u64),
        1.0..6.0_f64,
    );
    (crowd(), door, purchase, 0.1..6.0_f64).prop_map(|(crowd, door, purchase, hours)| {
        let (rate, sessions, session, window) = door;
        let (stay, abandon, stock, per_order) = purchase;
        let session_length = Duration::from_secs(session);
        Scenario {
            crowd,
            door: Door {
                rate: AdmissionRate::new(rate).unwrap(),
                max_sessions: MaxActiveSessions::new(sessions).unwrap(),
                session_length,
                call_window: Duration::from_secs(window),
            },
            purchase: Purchase {
                stay: session_length.mul_f64(stay).max(Duration::from_secs(1)),
                abandon,
                stock,
                per_order,
            },
            serving: Serving {
                instances: 3,
                edges: Some(1),
            },
            closes_after: Duration::from_secs_f64(hours * 3_600.0),
        }
    })
}

/// That `scenario` would never be sold out and that nobody leaves: then each fan's wait is the queue's doing alone.
fn patient(scenario: &Scenario) -> Scenario {
    let mut patient = scenario.clone();
    patient.purchase.stock = None;
    patient.crowd.leave_per_hour = 0.0;
    patient.closes_after = Duration::from_secs(7 * 86_400);
    patient
}

fn about(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-6 * one.abs().max(other.abs()).max(1.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_fan_ends_somewhere_and_only_once(scenario in scenario()) {
        let course = Course::of(&scenario);
        let totals = &course.totals;
        let fans = scenario.crowd.fans as f64;
        prop_assert!(about(totals.joined + totals.came_too_late, fans), "{totals:?}");
        let ends = totals.left + totals.never_came + totals.admitted + totals.turned_away;
        prop_assert!(about(ends, totals.joined), "{totals:?}");
        let leave_checkout = totals.orders + totals.expired + totals.admitted_in_vain;
        prop_assert!(about(leave_checkout, totals.admitted), "{totals:?}");
        prop_assert!(totals.second_calls <= totals.calls);
    }

    #[test]
    fn rate_sessions_and_stock_are_never_exceeded(scenario in scenario()) {
        let course = Course::of(&scenario);
        let per_second = scenario.door.rate.per_second();
        let admitted_by = course.last_admission_at.max(0.0);
        let batch = per_second.max(1.0);
        prop_assert!(course.totals.admitted <= per_second * admitted_by + batch + 1e-6);
        let sessions = f64::from(scenario.door.max_sessions.sessions());
        prop_assert!(course.most_sessions <= sessions + 1e-6);
        if let Some(stock) = scenario.purchase.stock {
            let sold = course.totals.orders * scenario.purchase.per_order;
            prop_assert!(sold <= stock as f64 + 1e-6);
        }
        let closes = scenario.closes_after.as_secs_f64();
        prop_assert!(admitted_by <= closes + 1.0);
    }

    #[test]
    fn a_higher_rate_never_lengthens_the_wait(scenario in scenario(), more in 1.05..4.0_f64) {
        let mut slow = patient(&scenario);
        slow.crowd.fans = slow.crowd.fans.min(20_000);
        slow.door.rate = AdmissionRate::new(slow.door.rate.per_minute().max(200)).unwrap();
        let mut fast = slow.clone();
        let raised = f64::from(slow.door.rate.per_minute()) * more;
        fast.door.rate = AdmissionRate::new(raised.ceil() as u32).unwrap();
        let (slow, fast) = (Course::of(&slow), Course::of(&fast));
        for percentile in [10, 50, 90, 99, 100] {
            let quantile = f64::from(percentile) / 100.0;
            let (long, short) = (slow.waits.quantile(quantile), fast.waits.quantile(quantile));
            // A fuller door has a fan knock a few seconds more.
            prop_assert!(short <= long * 1.005 + 6.0, "p{percentile}: {long} s became {short} s");
        }
    }

    #[test]
    fn the_same_question_has_the_same_answer(scenario in scenario()) {
        let (one, other) = (Course::of(&scenario), Course::of(&scenario));
        prop_assert_eq!(format!("{one:?}"), format!("{other:?}"));
    }
}
