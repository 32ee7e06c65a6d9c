//! What a full queue costs the server, as the server itself tells.

use std::{sync::Arc, time::Duration};

use waiting_room::queue_store::{QueueStore, RedisConfig, RedisQueueStore};
use waiting_room_core::{
    Claim, Marks, MaxActiveSessions, Mode, Place, SessionId, Standing, TicketId,
};

use super::Redis;
use crate::{
    backend::{RECOVERY, event, regime},
    suite::assert_people_ahead,
};

const MILLION: u64 = 1_000_000;

fn ticket(number: u64) -> TicketId {
    // Spread as hashes are.
    let high = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let bytes = (u128::from(high) << 64) | u128::from(number);
    TicketId::from_bytes(bytes.to_be_bytes())
}

async fn store(redis: &Redis) -> Arc<RedisQueueStore> {
    let mut config = RedisConfig::server(redis.server.url());
    config.timeout = Duration::from_secs(10);
    let store = RedisQueueStore::open(&config, "load", RECOVERY, [event()]).await;
    Arc::new(store.unwrap())
}

/// A regime that has been on sale since long ago.
fn on_sale(per_minute: u32) -> waiting_room::queue_store::Regime {
    let mut regime = regime(per_minute);
    regime.rules.schedule.opens_at = waiting_room_core::Timestamp::from_seconds(u32::MAX.into());
    regime.rules.schedule.on_sale_at = waiting_room_core::Timestamp::from_seconds(1_000);
    regime.rules.capacity = 5 * MILLION as usize;
    regime
}

async fn join_all(store: &Arc<RedisQueueStore>, from: u64, to: u64, at_once: u64) {
    let mut regime = on_sale(60_000);
    regime.settings.mode = Mode::Pause;
    let regime = Arc::new(regime);
    let mut tasks = tokio::task::JoinSet::new();
    for first in 0..at_once {
        let (store, regime) = (store.clone(), regime.clone());
        tasks.spawn(async move {
            let event = event();
            for number in (from + first..to).step_by(at_once as usize) {
                let joined = store
                    .join(&event, ticket(number), Place::default(), &regime)
                    .await;
                assert!(joined.unwrap().unwrap().new);
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

/// Microseconds of the server for one call of `what`.
async fn server_time<T>(redis: &Redis, what: impl Future<Output = T>) -> (f64, T) {
    redis.server.command("CONFIG RESETSTAT");
    let answer = what.await;
    let (calls, micros) = redis.server.command_stats("evalsha");
    assert!(calls > 0);
    (micros as f64 / calls as f64, answer)
}

const WAITING: &str = "waiting-room:{aurora}:waiting";

/// A command that takes `count` tickets out of the queue, whichever they are, but of the `awaited` at its head.
fn leave_at_random(count: u64, awaited: u64) -> String {
    let script = format!(
        "local left = {count} while left > 0 do \
         for _, ticket in ipairs(redis.call('ZRANDMEMBER', KEYS[1], math.min(left, 5000))) do \
         if redis.call('ZRANK', KEYS[1], ticket) >= {awaited} then \
         left = left - redis.call('ZREM', KEYS[1], ticket) end end end return left"
    );
    format!("EVAL \"{script}\" 1 {WAITING}")
}

/// Ranks and places as the sorted set has them behind the `awaited`: the whole head, and many behind it.
fn waiting(redis: &Redis, awaited: u64, count: u64) -> impl Iterator<Item = (u64, Place)> {
    let head = Marks::HEAD as u64 + 200;
    let ranks: Vec<u64> = (0..head).chain((head..count).step_by(997)).collect();
    let script = "local places, rank = {} for at = 2, #ARGV do rank = ARGV[1] + ARGV[at] \
                  places[at - 1] = redis.call('ZRANGE', KEYS[1], rank, rank, 'WITHSCORES')[2] end return places";
    let arguments: Vec<String> = ranks.iter().map(u64::to_string).collect();
    let command = format!(
        "EVAL \"{script}\" 1 {WAITING} {awaited} {}",
        arguments.join(" ")
    );
    let places = redis.server.command(&command);
    let places = places
        .lines()
        .map(|line| Place::new(line.trim().parse::<f64>().unwrap() as u64).unwrap());
    let places: Vec<Place> = places.collect();
    assert_eq!(places.len(), ranks.len());
    ranks.into_iter().zip(places)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_tickets_neither_block_the_store_nor_fill_it() {
    let redis = Redis::new();
    let store = store(&redis).await;
    let (event, regime) = (event(), on_sale(60_000));
    let used = || {
        let info = redis.server.command("INFO memory");
        let line = info
            .lines()
            .find_map(|line| line.strip_prefix("used_memory:"));
        line.unwrap().trim().parse::<u64>().unwrap()
    };
    let empty = used();
    join_all(&store, 0, MILLION, 2_000).await;
    let bytes = (used() - empty) / MILLION;
    println!("redis: {bytes} bytes per waiting ticket at a million");
    assert!(bytes < 200);

    // The scripts are there already, and nothing but them is measured.
    store.turn(&event, &regime).await.unwrap();
    store.snapshot(&event, &regime).await.unwrap();
    let (snapshot_micros, snapshot) = server_time(&redis, store.snapshot(&event, &regime)).await;
    let snapshot = snapshot.unwrap();
    println!(
        "redis: a snapshot of {} takes {snapshot_micros:.0} us for {} marks",
        snapshot.marks.waiting(),
        snapshot.marks.as_slice().len()
    );
    assert!(snapshot_micros < 10_000.0);

    // What was read before is used: nobody has left, and few have been called.
    store.turn(&event, &regime).await.unwrap();
    let (again_micros, again) = server_time(&redis, store.snapshot(&event, &regime)).await;
    let again = again.unwrap();
    println!("redis: the next one takes {again_micros:.0} us");
    assert_people_ahead(
        &again.marks,
        waiting(&redis, again.called, again.marks.waiting()),
    );

    redis
        .server
        .command(&leave_at_random(MILLION / 3, again.called));
    let fewer = store.snapshot(&event, &regime).await.unwrap().marks;
    assert_eq!(fewer.waiting(), again.marks.waiting() - MILLION / 3);
    assert_people_ahead(&fewer, waiting(&redis, again.called, fewer.waiting()));

    let before = snapshot.totals.called;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut turns = Vec::new();
    for doubled in 1..=4 {
        let mut faster = on_sale(60_000 << doubled);
        faster.settings.max_active_sessions = MaxActiveSessions::new(1_000_000).unwrap();
        let (turn_micros, turn) = server_time(&redis, store.turn(&event, &faster)).await;
        let called = turn.unwrap().called;
        println!(
            "redis: a call of the turn takes {turn_micros:.0} us on average, {called} tickets called (before: {before})"
        );
        assert!(called > 500);
        turns.push(turn_micros);
    }
    // Others use the machine, too: what the script needs is what it took at its best.
    assert!(turns.into_iter().fold(f64::INFINITY, f64::min) < 10_000.0);

    let mut admitted = 0;
    let (claim_micros, ()) = server_time(&redis, async {
        for number in 0..200 {
            let place = Place::default();
            let session = SessionId::from_bytes(*ticket(number).as_bytes());
            let claim = store
                .claim(&event, ticket(number), place, session, &regime)
                .await;
            admitted += usize::from(matches!(claim.unwrap(), Claim::Admitted { .. }));
        }
    })
    .await;
    println!("redis: a claim takes {claim_micros:.0} us, {admitted} of 200 admitted");
    assert!(admitted > 0);
    assert!(claim_micros < 10_000.0);
    let slowest = redis.server.command("SLOWLOG GET 1");
    println!(
        "redis: slowest logged:\n{}",
        slowest.lines().take(3).collect::<Vec<_>>().join(" ")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn joins_at_the_same_time_share_script_calls() {
    let redis = Redis::new();
    let store = store(&redis).await;
    join_all(&store, 0, 1, 1).await;
    for (at_once, most) in [(64, 0.10), (256, 0.03)] {
        let from = MILLION * at_once;
        redis.server.command("CONFIG RESETSTAT");
        join_all(&store, from, from + 20_000, at_once).await;
        let (calls, micros) = redis.server.command_stats("evalsha");
        let (each, cost) = (calls as f64 / 20_000.0, micros as f64 / 20_000.0);
        println!("redis: {at_once} joins at once: {each:.4} script calls and {cost:.1} us each");
        assert!(each <= most, "{each} calls a join");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_process_knows_of_a_waiting_ticket_costs_no_command() {
    let redis = Redis::new();
    let store = store(&redis).await;
    join_all(&store, 0, 10, 1).await;
    redis.server.command("CONFIG RESETSTAT");
    for number in 0..10 {
        store.known_standing(&event(), ticket(number), &on_sale(60).rules);
    }
    let (calls, _) = redis.server.command_stats("evalsha");
    assert_eq!(calls, 0);
    let standing = store.standing(&event(), ticket(3), &on_sale(60)).await;
    assert_eq!(standing.unwrap(), Some(Standing::Waiting));
    let (calls, _) = redis.server.command_stats("evalsha");
    assert!(calls > 0, "commands are counted");
}
