//! A whole on-sale: two thousand fans at three thousand a minute, four in ten of whom never come.

use std::{collections::HashSet, time::Duration};

use crate::{
    crowd::{Crowd, Record},
    program::{Program, event},
};

pub(crate) const RATE_PER_MINUTE: u32 = 3_000;
pub(crate) const PER_SECOND: usize = RATE_PER_MINUTE as usize / 60;

pub(crate) const CROWD: Crowd = Crowd {
    fans: 2_000,
    no_shows_in_ten: 4,
    patience: Duration::from_secs(120),
};

/// What holds of every on-sale, whatever happened in it.
pub(crate) fn check(record: &Record) {
    assert_eq!(record.unexpected, Vec::<String>::new());
    assert_eq!(record.changed_places, [], "a place changed");
    assert_eq!(record.admitted.len(), CROWD.coming(), "somebody was lost");
    let sessions: HashSet<&str> = record
        .admitted
        .iter()
        .map(|claim| &*claim.session)
        .collect();
    assert_eq!(
        sessions.len(),
        record.admitted.len(),
        "two tickets share a session"
    );
    let allowed = PER_SECOND * 10 + PER_SECOND;
    let most = record.most_in_ten_seconds();
    assert!(
        most <= allowed,
        "{most} claims in ten seconds, {allowed} allowed"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_fans_pass_in_order_at_the_rate_though_four_in_ten_never_come() {
    let _alone = Crowd::alone().await;
    let program = Program::start(&event(RATE_PER_MINUTE, ""), &[]);
    let (record, fans) = CROWD.set_out(&program);
    fans.join_all().await;
    let record = record.lock().await;
    check(&record);
    let overtaken = record.overtaken();
    assert!(
        overtaken.is_empty(),
        "{} overtaken, first {:?}",
        overtaken.len(),
        overtaken[0]
    );
    let share = record.busy_share(0, PER_SECOND);
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
