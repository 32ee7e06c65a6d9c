//! The same on-sale, killed in the middle.

use std::time::{Duration, Instant};

use test_crowd::Crowd;
use tokio::time::sleep;

use crate::{
    on_sale::{CROWD, PER_SECOND, RATE_PER_MINUTE, set_out},
    program::{Program, event},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_loses_a_place_and_the_rate_holds_when_the_program_is_killed_in_the_middle() {
    let _alone = Crowd::alone().await;
    let mut program = Program::start(&event(RATE_PER_MINUTE, ""), &["--recovery-seconds", "8"]);
    let (record, fans) = set_out(&program);
    sleep(Duration::from_secs(12)).await;
    program.kill();
    record.lock().await.losses.push(Instant::now());
    let killed_at = service_kit::now().as_micros();
    program.spawn();
    fans.join_all().await;

    let record = record.lock().await;
    record.assert_fair(&CROWD, PER_SECOND);
    let times = record.claim_times();
    let before = times.partition_point(|at| *at < killed_at);
    let (first_life, second_life) = times.split_at(before);
    assert!(before > 100, "only {before} admitted before the crash");
    let share = record.busy_share(second_life[0].., PER_SECOND);
    println!(
        "crash: {before} admitted before and {} after, {:.1} s apart; then {:.1} % of the rate; \
         at most {} in ten seconds, {} seen overtaken",
        second_life.len(),
        (second_life[0] - first_life[before - 1]) as f64 / 1e6,
        share * 100.0,
        record.most_in_ten_seconds(),
        record.overtaken().len()
    );
    assert!(
        share >= 0.95,
        "only {:.1} % of the rate: {}",
        share * 100.0,
        record.course()
    );
    // Every fan asks more often than the recovery window is long, so the order was whole again.
    let overtaken = record.overtaken();
    assert!(overtaken.is_empty(), "{} seen overtaken", overtaken.len());
}
