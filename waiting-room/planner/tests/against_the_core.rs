//! The plan against a crowd of single fans before the core's real queue: the same on-sale, fan by fan.
//!
//! `cargo test -p waiting-room-planner --test against_the_core -- --nocapture` prints both.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod support;

use clap::Parser;
use support::{Outcome, rehearse};
use waiting_room_planner::{Plan, PlanArgs, Prices, Scenario};

#[derive(Parser)]
struct Asked {
    #[command(flatten)]
    plan: PlanArgs,
}

fn scenario(options: &str) -> Scenario {
    let arguments = ["plan"].into_iter().chain(options.split_whitespace());
    Asked::parse_from(arguments).plan.scenario().unwrap()
}

/// What is within so many per cent of what is expected, or within so many of its units.
fn agree(what: &str, planned: f64, happened: f64, percent: f64, units: f64) {
    let allowed = (happened * percent / 100.0).max(units);
    println!("  {what:<16} planned {planned:>10.1}   happened {happened:>10.1}");
    assert!(
        (planned - happened).abs() <= allowed,
        "{what}: planned {planned:.1}, happened {happened:.1}"
    );
}

/// Plans and rehearses, and wants both to agree: times within 3 % or 6 s, numbers of fans within 3 %.
fn rehearsed(options: &str) -> (Plan, Outcome) {
    rehearsed_within(6.0, options)
}

fn rehearsed_within(seconds: f64, options: &str) -> (Plan, Outcome) {
    let scenario = scenario(options);
    let plan = Plan::of(scenario.clone(), &Prices::list().unwrap());
    let happened = rehearse(&scenario, 7);
    println!("{options}");
    let course = &plan.course;
    agree(
        "length",
        course.last_admission_at,
        happened.last_admission_at,
        3.0,
        15.0,
    );
    for percentile in [10, 50, 90, 99] {
        let what = format!("wait p{percentile}");
        agree(
            &what,
            plan.wait(percentile),
            happened.wait(percentile),
            3.0,
            seconds,
        );
    }
    let totals = &course.totals;
    let fans = |what, planned, happened: usize| agree(what, planned, happened as f64, 3.0, 60.0);
    fans("admitted", totals.admitted, happened.admitted());
    fans("orders", totals.orders, happened.orders);
    fans("left", totals.left, happened.left);
    let longest = happened.longest_queue as f64;
    agree("longest queue", course.longest_queue, longest, 6.0, 60.0);
    // The most that there are at any moment is where chance shows.
    let most = happened.most_sessions as f64;
    agree("most sessions", course.most_sessions, most, 8.0, 60.0);
    agree(
        "board requests",
        course.load.consumption.board_requests,
        happened.looks as f64,
        8.0,
        0.0,
    );
    let knocks = course.load.mean.claims * course.load.consumption.hours * 3_600.0;
    agree("knocks", knocks, happened.knocks as f64, 50.0, 0.0);
    (plan, happened)
}

#[test]
fn everybody_comes() {
    rehearsed("--fans 20000 --rate 1800 --no-show 0 --sessions 100000");
}

#[test]
fn four_in_ten_never_come() {
    rehearsed("--fans 30000 --rate 1800 --no-show 0.4 --sessions 100000");
}

#[test]
fn nine_in_ten_never_come_and_many_look_at_another_tab() {
    // Only the real controller has to learn, in the first seconds, how few of those called come.
    rehearsed_within(
        10.0,
        "--fans 80000 --rate 600 --no-show 0.9 --hidden-tabs 0.6 --sessions 100000",
    );
}

#[test]
fn a_slow_door() {
    rehearsed("--fans 600 --rate 12 --no-show 0.2 --sessions 100000");
}

#[test]
fn checkout_is_full() {
    let (plan, _) = rehearsed("--fans 15000 --rate 1800 --no-show 0.3 --sessions 1500");
    assert!(plan.scenario.sessions_bind());
}

#[test]
fn half_of_them_came_to_the_pre_queue() {
    rehearsed("--fans 20000 --rate 1800 --prequeue 0.5 --prequeue-minutes 10 --sessions 100000");
}

#[test]
fn they_come_more_slowly_than_they_are_served() {
    rehearsed("--fans 10000 --rate 1200 --late 0.9 --late-minutes 20 --sessions 100000");
}

#[test]
fn some_give_up_and_some_oversleep() {
    rehearsed("--fans 20000 --rate 1200 --leave-per-hour 0.5 --second-call 0.1 --sessions 100000");
}

#[test]
fn it_is_sold_out_while_they_wait() {
    let (plan, happened) =
        rehearsed("--fans 20000 --rate 1200 --stock 12000 --per-order 2 --sessions 100000");
    let (planned, happened) = (plan.course.sold_out_at, happened.sold_out_at);
    agree("sold out", planned.unwrap(), happened.unwrap(), 3.0, 6.0);
}
