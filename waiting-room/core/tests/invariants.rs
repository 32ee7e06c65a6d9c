//! The invariants of the design, held against a virtual crowd. In every run here [`OnSale`] itself
//! checks at each step that no window holds more claims than the rate and one tick's batch
//! (invariant 1), that a place is always the same (3), that each turn calls the head of the order
//! (4), and that a ticket has one session an epoch (5).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

#[allow(dead_code, reason = "the trial of the ETA needs more of it")]
mod support;

use std::time::Duration;

use proptest::prelude::*;
use waiting_room_core::Mode;

use self::support::{Crowd, End, OnSale, Operator, START};

fn after(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Anything that makes people or operators unpredictable, within what the poll policy promises.
fn crowd() -> impl Strategy<Value = Crowd> {
    (0.0..0.7, 0.0..0.6, 0.0..0.3, 0.0..0.2, 0.0..0.3).prop_map(
        |(no_shows, hidden, late, leavers, retried)| Crowd {
            no_shows,
            hidden,
            late,
            leavers,
            retried,
            stay: (5.0, 700.0),
            ..Crowd::EAGER
        },
    )
}

fn rate() -> impl Strategy<Value = u32> {
    prop_oneof![1..60_u32, 60..3_000_u32, 3_000..50_000_u32]
}

fn operator() -> impl Strategy<Value = Operator> {
    prop_oneof![
        3 => rate().prop_map(Operator::Rate),
        3 => (0..4_usize, rate()).prop_map(|(at, rate)| Operator::RateAt(at, rate)),
        2 => prop_oneof![1..20_u32, 20..1_000_u32].prop_map(Operator::MaxSessions),
        1 => Just(Operator::Mode(Mode::Pause)),
        2 => Just(Operator::Mode(Mode::Admit)),
        2 => (0..30_u64).prop_map(|seconds| Operator::LoseStore(after(seconds))),
    ]
}

/// What happens when, in seconds after the on-sale began.
fn events(
    event: impl Strategy<Value = Operator>,
    count: usize,
) -> impl Strategy<Value = Vec<(f64, Operator)>> {
    prop::collection::vec((-30.0..240.0, event), 0..count).prop_map(
        |mut events: Vec<(f64, Operator)>| {
            events.sort_by(|a, b| a.0.total_cmp(&b.0));
            events
        },
    )
}

fn run(sale: &mut OnSale, events: &[(f64, Operator)]) {
    for (at, event) in events {
        sale.run_until(*at);
        sale.operate(event);
    }
    sale.run_until(240.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn whatever_happens_nobody_who_comes_is_lost(
        seed: u64,
        crowd in crowd(),
        per_minute in rate(),
        instances in 1..4_usize,
        prequeue in 0..300_usize,
        arrivals in 0..300_usize,
        events in events(operator(), 8),
    ) {
        let mut sale = OnSale::new(seed, crowd, per_minute, instances);
        sale.prequeue(prequeue);
        sale.arrivals(arrivals, 0.0, 200.0);
        run(&mut sale, &events);
        for calm in [
            Operator::Mode(Mode::Admit),
            Operator::Rate(6_000),
            Operator::MaxSessions(100_000),
        ] {
            sale.operate(&calm);
        }
        sale.run_until(1_000.0);
        prop_assert_eq!(sale.waiting(), 0);
        prop_assert_eq!(sale.still_hoping(), 0);
        prop_assert_eq!(sale.ended(End::MissedForGood), 0);
    }

    #[test]
    fn claims_never_exceed_the_rate_while_instances_restart(
        seed: u64,
        per_minute in rate(),
        instances in 1..4_usize,
        events in events(
            prop_oneof![
                3 => (0..3_u64).prop_map(|seconds| Operator::LoseStore(after(seconds))),
                1 => (0..4_usize, rate()).prop_map(|(at, rate)| Operator::RateAt(at, rate)),
            ],
            60,
        ),
    ) {
        let mut sale = OnSale::new(seed, Crowd::EAGER, per_minute, instances);
        sale.prequeue(400);
        run(&mut sale, &events);
    }
}

/// Tickets that are more than will be called within `seconds`.
fn backlog(per_minute: u32, seconds: f64, crowd: Crowd) -> usize {
    (f64::from(per_minute) / 60.0 * seconds / (1.0 - crowd.no_shows) * 1.3) as usize + 200
}

/// A window long enough to count: a minute, or at a slow rate what takes 60 claims.
fn window(per_minute: u32) -> u64 {
    (3_600 / u64::from(per_minute)).max(60)
}

/// The least share of the rate that was claimed in any window from `from` to `to`.
fn least_share(sale: &OnSale, per_minute: u32, from: u64, to: u64) -> f64 {
    let length = window(per_minute);
    let permitted = f64::from(per_minute) / 60.0 * length as f64;
    (from..=to - length)
        .map(|start| {
            let start = START + after(start);
            sale.book.claims_between(start, start + after(length)) as f64 / permitted
        })
        .fold(f64::INFINITY, f64::min)
}

fn the_door_stays_busy(name: &str, crowd: Crowd, per_minute: u32) {
    let seconds = 2 * window(per_minute);
    let mut sale = OnSale::new(u64::from(per_minute), crowd, per_minute, 3);
    sale.prequeue(backlog(per_minute, seconds as f64, crowd));
    sale.run_until(seconds as f64);
    assert!(sale.waiting() > 0, "the backlog was too short");
    let least = least_share(&sale, per_minute, 0, seconds);
    println!(
        "{name:>9} {per_minute:>6}/min: {:.1} % of the rate at least, {}",
        least * 100.0,
        sale.door()
    );
    assert!(least >= 0.95, "{name}, {per_minute} a minute: {least}");
}

#[test]
fn the_door_is_never_idle_when_four_in_ten_never_come() {
    for per_minute in [6, 20, 60, 90, 120, 600, 3_000, 12_000] {
        the_door_stays_busy("usual", Crowd::USUAL, per_minute);
    }
}

#[test]
fn the_door_is_never_idle_when_half_look_at_another_tab() {
    let crowd = Crowd {
        hidden: 0.5,
        ..Crowd::USUAL
    };
    for per_minute in [6, 60, 600, 3_000, 12_000] {
        the_door_stays_busy("hidden", crowd, per_minute);
    }
}

#[test]
fn the_door_is_never_idle_when_seven_in_ten_never_come() {
    let crowd = Crowd {
        no_shows: 0.7,
        ..Crowd::USUAL
    };
    for per_minute in [6, 60, 600, 3_000] {
        the_door_stays_busy("no-shows", crowd, per_minute);
    }
}

#[test]
fn a_changed_rate_is_met_within_ten_seconds_without_overshoot() {
    let rates = [600, 3_000, 300, 1_200, 12_000];
    let mut sale = OnSale::new(1, Crowd::USUAL, rates[0], 3);
    sale.prequeue(40_000);
    sale.run_until(80.0);
    for (change, per_minute) in rates.into_iter().enumerate().skip(1) {
        let changed = 80 * change as u64;
        sale.operate(&Operator::Rate(per_minute));
        sale.run_until((changed + 80) as f64);
        let met = START + after(changed + 10);
        let claims = sale.book.claims_between(met, met + after(10)) as f64;
        let share = claims / (f64::from(per_minute) / 6.0);
        println!(
            "to {per_minute:>6}/min: {:.1} % from the tenth second on",
            share * 100.0
        );
        assert!(share >= 0.95, "{per_minute} a minute: {share}");
        assert!(least_share(&sale, per_minute, changed + 10, changed + 80) >= 0.95);
    }
}

#[test]
fn a_full_checkout_is_refilled_as_its_sessions_end() {
    for limit in [10, 100, 1_000] {
        let mut sale = OnSale::new(2, Crowd::USUAL, 3_000, 3);
        sale.operate(&Operator::MaxSessions(limit));
        sale.prequeue(6_000);
        let mut taken = 0;
        for second in 60..180 {
            sale.run_until(f64::from(second));
            let sessions = sale.sessions();
            assert!(sessions <= u64::from(limit));
            taken += sessions;
        }
        assert!(sale.waiting() > 0, "the backlog was too short");
        let share = taken as f64 / 120.0 / f64::from(limit);
        println!(
            "{limit:>5} sessions: {:.1} % taken, {}",
            share * 100.0,
            sale.door()
        );
        assert!(share >= 0.95, "{limit} sessions: {share}");
    }
}

#[test]
fn after_a_store_loss_whoever_comes_back_is_called_in_the_order_of_the_places() {
    let mut sale = OnSale::new(3, Crowd::EAGER, 600, 3);
    sale.prequeue(1_000);
    sale.run_until(30.0);
    let called_before = sale.calls.len();
    sale.operate(&Operator::LoseStore(after(15)));
    sale.run_until(300.0);
    let places: Vec<_> = sale.calls[called_before..]
        .iter()
        .map(|(_, place)| *place)
        .collect();
    assert!(places.is_sorted(), "somebody overtook");
    assert_eq!(sale.ended(End::Admitted), 1_000);
}
