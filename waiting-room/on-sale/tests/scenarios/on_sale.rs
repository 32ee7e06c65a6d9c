//! A whole on-sale: two thousand fans at three thousand a minute, four in ten of whom never come.

use test_crowd::{Addresses, Crowd, SharedRecord};
use tokio::task::JoinSet;

use crate::program::{Program, event};

pub(crate) const RATE_PER_MINUTE: u32 = 3_000;
pub(crate) const PER_SECOND: usize = RATE_PER_MINUTE as usize / 60;

pub(crate) const CROWD: Crowd = Crowd {
    no_shows_in_ten: 4,
    ..Crowd::of(2_000)
};

/// Sends the crowd to `program`.
pub(crate) fn set_out(program: &Program) -> (SharedRecord, JoinSet<()>) {
    let addresses = Addresses {
        event: "aurora-live".to_owned(),
        waiting_rooms: vec![program.url("")],
        checkouts: Vec::new(),
    };
    CROWD.set_out(&program.client, &addresses)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_fans_pass_in_order_at_the_rate_though_four_in_ten_never_come() {
    let _alone = Crowd::alone().await;
    let program = Program::start(&event(RATE_PER_MINUTE, ""), &[]);
    let (record, fans) = set_out(&program);
    fans.join_all().await;
    let record = record.lock().await;
    record.assert_fair(&CROWD, PER_SECOND);
    let overtaken = record.overtaken();
    assert!(
        overtaken.is_empty(),
        "{} overtaken, first {:?}",
        overtaken.len(),
        overtaken[0]
    );
    let share = record.busy_share(.., PER_SECOND);
    println!(
        "on-sale: {} admitted, {:.1} % of the rate, at most {} in ten seconds",
        record.admitted.len(),
        share * 100.0,
        record.most_in_ten_seconds()
    );
    assert!(
        share >= 0.95,
        "only {:.1} % of the rate: {}",
        share * 100.0,
        record.course()
    );
}
