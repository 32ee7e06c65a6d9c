//! Clocks that are wrong.

use std::time::Duration;

use serde_json::Value;
use test_backends::RedisServer;
use test_crowd::Crowd;
use waiting_room_core::{Cohort, DrawSeed, Place, TicketId, Timestamp};

use crate::{
    cluster::{Cluster, Plan, event},
    verdict::{CROWD, assert_busy, assert_invariants, tell},
};

/// From the start of the cluster to the on-sale.
const GATHERING: Duration = Duration::from_secs(35);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_rooms_whose_clocks_are_minutes_off_keep_one_order() {
    let redis = RedisServer::start();
    let plan = Plan::new("clocks", redis.port()).await;
    let on_sale_at = service_kit::now() + GATHERING;
    let times = format!("opens_at = \"2026-01-01T00:00:00Z\"\non_sale_at = \"{on_sale_at}\"");
    let plan = plan
        .event(event(&times, 50))
        .clocks([None, Some("+5m"), Some("-5m")]);
    let cluster = Cluster::start(plan).await;
    for (room, minutes) in [(0, 0.0), (1, 5.0), (2, -5.0)] {
        let off = clock_of(&cluster, room).await - service_kit::now().as_seconds() as f64;
        assert!((off - 60.0 * minutes).abs() < 30.0, "{room} is {off} s off");
    }
    let left = on_sale_at.since(service_kit::now());
    assert!(
        left > Duration::from_secs(3),
        "no time for a pre-queue: {left:?}"
    );
    let crowd = Crowd {
        fans: 300,
        arrive_within: left + Duration::from_secs(6),
        ..CROWD
    };
    let (record, fans) = cluster.open_to(&crowd);
    fans.join_all().await;

    let record = record.lock().await;
    assert_invariants(&cluster, &record, &crowd, 50).await;
    let out_of_order = record.called_out_of_order();
    assert!(out_of_order.is_empty(), "{out_of_order:?}");
    let claims = record.claim_times();
    assert!(
        claims[0] >= on_sale_at.as_micros(),
        "somebody was let in before the on-sale"
    );

    let board: Value = cluster.board(1).await.json().await.unwrap();
    let seed = DrawSeed::from_bytes(bytes(board["draw"]["seed"].as_str().unwrap()));
    let (drawn, arrived): (Vec<_>, Vec<_>) = record
        .places
        .iter()
        .partition(|(_, place)| Place::new(**place).unwrap().cohort() == Cohort::Prequeue);
    assert!(
        drawn.len() > 30 && arrived.len() > 30,
        "{} and {}",
        drawn.len(),
        arrived.len()
    );
    for (ticket, place) in &drawn {
        let ticket: TicketId = ticket.parse().unwrap();
        assert_eq!(seed.place_of(ticket).number(), **place);
    }
    let fault = format!(
        "clocks 5 min ahead and behind, {} drawn and {} arrived",
        drawn.len(),
        arrived.len()
    );
    tell(&fault, &record, assert_busy(&record, ..));
}

/// What a waiting room believes the time is, in seconds, as far as it tells: when it read its settings.
async fn clock_of(cluster: &Cluster, room: usize) -> f64 {
    let read_at = cluster.settings(room).await["read_at"].clone();
    let read_at = Timestamp::parse(read_at.as_str().unwrap()).unwrap();
    read_at.as_seconds() as f64
}

fn bytes(hex: &str) -> [u8; 32] {
    let byte = |at: usize| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap();
    std::array::from_fn(byte)
}
