//! One suite for every history, and what only the shared one can get wrong.

use std::{collections::BTreeMap, sync::Arc};

use waiting_room_core::{EventId, Timestamp};

use super::{FigureHistory, KEPT, MemoryFigureHistory, Moment, points};

/// A whole number of slots.
const START: u64 = 1_800_000_000;

fn event(name: &str) -> EventId {
    name.parse().unwrap()
}

fn seconds(second: u64) -> Timestamp {
    Timestamp::from_seconds(START + second)
}

fn moment(second: u64) -> Moment {
    Moment {
        at: seconds(second),
        epoch: 1,
        phase: "admitting".to_owned(),
        waiting: second,
        joined_total: 20 * second,
        called_total: 10 * second,
        claimed_total: 5 * second,
        rate_per_minute: 600,
        sessions: 7,
        max_active_sessions: 100,
        no_show_share: 0.4,
        eta_back_of_queue_seconds: Some(90),
        orders_confirmed: Some(3),
        orders_pending: None,
        stock_left: BTreeMap::from([("standing".to_owned(), 4_200)]),
    }
}

/// What `history` tells, in seconds since the start.
async fn told(history: &dyn FigureHistory, event: &EventId, now: u64) -> Vec<u64> {
    let moments = history.last_hour(event, seconds(now)).await.unwrap();
    moments.iter().map(|moment| moment.waiting).collect()
}

/// `here` and `there` are two instances' histories of the same events.
async fn suite(here: Arc<dyn FigureHistory>, there: Arc<dyn FigureHistory>) {
    let (aurora, matinee) = (event("aurora"), event("matinee"));
    assert_eq!(told(&*here, &aurora, 0).await, [0; 0]);
    here.keep(&aurora, &moment(0)).await.unwrap();
    there.keep(&aurora, &moment(5)).await.unwrap();
    let kept = there.last_hour(&aurora, seconds(5)).await.unwrap();
    assert_eq!(kept, [moment(0), moment(5)], "whole, and in order");

    // Of several in the same five seconds the first is kept, whoever else is late.
    there.keep(&aurora, &moment(2)).await.unwrap();
    here.keep(&aurora, &moment(9)).await.unwrap();
    there.keep(&aurora, &moment(10)).await.unwrap();
    assert_eq!(told(&*here, &aurora, 10).await, [0, 5, 10]);
    assert_eq!(told(&*here, &matinee, 10).await, [0; 0], "each its own");

    // An hour is kept and not a moment more; what was kept late stands where it belongs.
    let hour = KEPT * 5;
    for slot in 4..KEPT + 2 {
        here.keep(&aurora, &moment(slot * 5)).await.unwrap();
    }
    there.keep(&aurora, &moment(15)).await.unwrap();
    let last = hour + 5;
    let expected: Vec<u64> = (2..KEPT + 2).map(|slot| slot * 5).collect();
    assert_eq!(told(&*there, &aurora, last).await, expected);
    there.keep(&aurora, &moment(0)).await.unwrap();
    assert_eq!(told(&*there, &aurora, last).await, expected, "too late");

    // After a long silence nothing old is told as new.
    assert_eq!(told(&*here, &aurora, last + hour - 5).await, [last]);
    assert_eq!(told(&*here, &aurora, last + hour).await, [0; 0]);
    here.keep(&aurora, &moment(last + hour)).await.unwrap();
    assert_eq!(told(&*here, &aurora, last + hour).await, [last + hour]);
}

#[tokio::test]
async fn one_process_keeps_the_last_hour() {
    let history = Arc::new(MemoryFigureHistory::default());
    suite(history.clone(), history).await;
}

#[test]
fn speeds_are_those_of_the_minute_before() {
    let moments: Vec<_> = (0..=24).map(|slot| moment(slot * 5)).collect();
    let points = points(moments);
    assert_eq!(points[0].joins_per_minute, None, "nothing came before");
    for point in &points[1..] {
        assert_eq!(point.joins_per_minute, Some(1_200.0));
        assert_eq!(point.calls_per_minute, Some(600.0));
        assert_eq!(point.claims_per_minute, Some(300.0));
    }
}

#[test]
fn a_faster_minute_is_not_blended_with_the_one_before_it() {
    let mut moments: Vec<_> = (0..=24).map(|slot| moment(slot * 5)).collect();
    for moment in &mut moments[12..] {
        moment.joined_total = 1_200 + 40 * moment.at.since(seconds(60)).as_secs();
    }
    let points = points(moments);
    assert_eq!(points[12].joins_per_minute, Some(1_200.0));
    assert_eq!(points[18].joins_per_minute, Some(1_800.0));
    assert_eq!(points[24].joins_per_minute, Some(2_400.0));
}

#[test]
fn neither_a_lost_queue_nor_a_gap_makes_a_speed_up() {
    let mut moments = vec![moment(0), moment(5), moment(10), moment(15), moment(100)];
    for (count, moment) in moments[2..].iter_mut().enumerate() {
        moment.epoch = 2;
        moment.joined_total = 10 * count as u64;
    }
    let speeds: Vec<_> = points(moments)
        .iter()
        .map(|point| point.joins_per_minute)
        .collect();
    assert_eq!(speeds, [None, Some(1_200.0), None, Some(120.0), None]);
}

#[cfg(feature = "redis")]
mod redis {
    use std::time::{Duration, Instant};

    use test_backends::RedisServer;

    use super::*;
    use crate::{history::RedisFigureHistory, queue_store::RedisConfig};

    /// How long a new connection may take.
    const PATIENCE: Duration = Duration::from_secs(20);
    const PAUSE: Duration = Duration::from_millis(100);

    async fn instance(server: &RedisServer) -> Arc<RedisFigureHistory> {
        let config = RedisConfig {
            timeout: Duration::from_millis(500),
            ..RedisConfig::server(server.url())
        };
        Arc::new(RedisFigureHistory::open(&config).await.unwrap())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn all_instances_keep_one_last_hour_in_redis() {
        let server = RedisServer::start();
        suite(instance(&server).await, instance(&server).await).await;
        let key = "waiting-room:{aurora}:history";
        assert_eq!(
            server.command(&format!("HLEN {key}")).trim(),
            KEPT.to_string()
        );
        let bytes: u64 = server
            .command(&format!("MEMORY USAGE {key}"))
            .trim()
            .parse()
            .unwrap();
        assert!(bytes < 500_000, "{bytes} bytes");
        let seconds: i64 = server
            .command(&format!("TTL {key}"))
            .trim()
            .parse()
            .unwrap();
        assert!(
            (1..=7_200).contains(&seconds),
            "forgotten some day: {seconds}"
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn all_instances_keep_one_last_hour_in_valkey() {
        let server = RedisServer::start_valkey();
        suite(instance(&server).await, instance(&server).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn rubbish_among_the_moments_is_left_out() {
        let server = RedisServer::start();
        let history = instance(&server).await;
        history.keep(&event("aurora"), &moment(0)).await.unwrap();
        let key = "waiting-room:{aurora}:history";
        for (field, rubbish) in [(1, "x"), (2, "360000002_{}"), (3, "9")] {
            server.command(&format!("HSET {key} {field} {rubbish}"));
        }
        assert_eq!(told(&*history, &event("aurora"), 0).await, [0]);
        history.keep(&event("aurora"), &moment(5)).await.unwrap();
        assert_eq!(told(&*history, &event("aurora"), 5).await, [0, 5]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn while_the_server_is_away_an_instance_tells_what_it_kept_itself() {
        let mut server = RedisServer::start();
        let (here, there) = (instance(&server).await, instance(&server).await);
        here.keep(&event("aurora"), &moment(0)).await.unwrap();
        there.keep(&event("aurora"), &moment(5)).await.unwrap();
        server.kill();
        assert!(here.keep(&event("aurora"), &moment(10)).await.is_err());
        assert_eq!(told(&*here, &event("aurora"), 10).await, [0, 10]);
        server.restart();
        let begun = Instant::now();
        while here.keep(&event("aurora"), &moment(15)).await.is_err() {
            assert!(begun.elapsed() < PATIENCE, "it never came back");
            tokio::time::sleep(PAUSE).await;
        }
        while told(&*there, &event("aurora"), 15).await != [15] {
            assert!(begun.elapsed() < PATIENCE, "it never came back");
            tokio::time::sleep(PAUSE).await;
        }
    }
}
