//! Redis forgets, falls behind, stands still and comes back.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use test_backends::{Proxy, RedisServer};
use tokio::time::sleep;
use waiting_room::queue_store::{QueueStore, RedisConfig, RedisQueueStore, Regime};
use waiting_room_core::{Claim, Place, SessionId, Standing, Timestamp};

use crate::{
    backend::{event, regime},
    reference::ticket,
};

const RECOVERY: Duration = Duration::from_secs(2);

/// On sale by the real clock.
fn on_sale(per_minute: u32) -> Regime {
    let mut regime = regime(per_minute);
    regime.rules.schedule.opens_at = Timestamp::from_seconds(u32::MAX.into());
    regime.rules.schedule.on_sale_at = Timestamp::from_seconds(1_000);
    regime
}

async fn open(port: u16, instance: &str) -> Arc<dyn QueueStore> {
    let mut config = RedisConfig::server(format!("redis://127.0.0.1:{port}/"));
    config.timeout = Duration::from_millis(500);
    let store = RedisQueueStore::open(&config, instance, RECOVERY, [event()]).await;
    Arc::new(store.unwrap())
}

async fn join(store: &dyn QueueStore, n: u16, regime: &Regime) -> Place {
    let joined = store
        .join(&event(), ticket(n), Place::default(), regime)
        .await;
    joined.unwrap().unwrap().place
}

async fn epoch(store: &dyn QueueStore, regime: &Regime) -> u64 {
    let snapshot = store.snapshot(&event(), regime).await.unwrap();
    snapshot.epoch.number()
}

/// Takes turns until one succeeds, as the controller does.
async fn back(store: &dyn QueueStore, regime: &Regime) -> Duration {
    let since = Instant::now();
    while store.turn(&event(), regime).await.is_err() {
        assert!(
            since.elapsed() < Duration::from_secs(30),
            "it does not come back"
        );
        sleep(Duration::from_millis(100)).await;
    }
    since.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_that_are_flushed_come_back_by_themselves() {
    let server = RedisServer::start();
    let (store, regime) = (open(server.port(), "a").await, on_sale(60));
    let place = join(&*store, 1, &regime).await;
    let before = epoch(&*store, &regime).await;
    server.command("SCRIPT FLUSH");
    assert_eq!(join(&*store, 1, &regime).await, place);
    server.command("SCRIPT FLUSH");
    store.turn(&event(), &regime).await.unwrap();
    assert_eq!(epoch(&*store, &regime).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_comes_back_empty_begins_an_epoch_that_recovers() {
    let mut server = RedisServer::start();
    let (store, regime) = (open(server.port(), "a").await, on_sale(6_000));
    let place = join(&*store, 1, &regime).await;
    let before = epoch(&*store, &regime).await;
    server.kill();
    let refused = store
        .join(&event(), ticket(2), Place::default(), &regime)
        .await;
    assert!(refused.unwrap_err().retry_after > Duration::ZERO);
    server.restart();
    back(&*store, &regime).await;
    let snapshot = store.snapshot(&event(), &regime).await.unwrap();
    assert!(snapshot.epoch.number() > before && snapshot.recovering);
    let rejoined = store.rejoin(&event(), ticket(1), place, &regime).await;
    assert_eq!(rejoined.unwrap(), Ok(Standing::Waiting));
    assert_eq!(store.turn(&event(), &regime).await.unwrap().called, 0);
    sleep(RECOVERY).await;
    assert_eq!(store.turn(&event(), &regime).await.unwrap().called, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_server_is_noticed_at_once_and_joined_again_when_it_goes_on() {
    let server = RedisServer::start();
    let (store, regime) = (open(server.port(), "a").await, on_sale(6_000));
    let place = join(&*store, 1, &regime).await;
    let before = epoch(&*store, &regime).await;
    server.freeze();
    let since = Instant::now();
    let refused = store
        .join(&event(), ticket(2), Place::default(), &regime)
        .await;
    assert!(refused.is_err());
    let claim = store
        .claim(
            &event(),
            ticket(1),
            place,
            SessionId::from_bytes([1; 16]),
            &regime,
        )
        .await;
    assert!(claim.is_err());
    assert!(
        since.elapsed() < Duration::from_secs(10),
        "nobody waits for ever"
    );
    server.thaw();
    back(&*store, &regime).await;
    assert_eq!(epoch(&*store, &regime).await, before, "nothing was lost");
    assert_eq!(join(&*store, 1, &regime).await, place);
}

/// A primary, a replica of it, the line between them, and the address that leads to one of them.
struct Pair {
    primary: RedisServer,
    replica: RedisServer,
    line: Proxy,
    address: Proxy,
}

impl Pair {
    async fn start() -> Self {
        let (primary, replica) = (RedisServer::start(), RedisServer::start());
        let line = Proxy::to(primary.port());
        replica.command(&format!("REPLICAOF 127.0.0.1 {}", line.port()));
        let pair = Self {
            address: Proxy::to(primary.port()),
            primary,
            replica,
            line,
        };
        pair.caught_up().await;
        pair
    }

    /// Until the replica has all that the primary had at this moment.
    async fn caught_up(&self) {
        let field = |server: &RedisServer, name: &str| {
            let info = server.command("INFO replication");
            let line = info
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.map_or(0, |value| value.trim().parse::<u64>().unwrap())
        };
        let wanted = field(&self.primary, "master_repl_offset").max(1);
        let since = Instant::now();
        while field(&self.replica, "slave_repl_offset") < wanted {
            assert!(
                since.elapsed() < Duration::from_secs(30),
                "it does not catch up"
            );
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn fail_over(&mut self) {
        self.primary.kill();
        self.replica.command("REPLICAOF NO ONE");
        self.address.switch_to(self.replica.port());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_without_loss_goes_on_under_the_same_epoch() {
    let mut pair = Pair::start().await;
    let (store, regime) = (open(pair.address.port(), "a").await, on_sale(6_000));
    let place = join(&*store, 1, &regime).await;
    let before = epoch(&*store, &regime).await;
    pair.caught_up().await;
    pair.fail_over();
    back(&*store, &regime).await;
    assert_eq!(epoch(&*store, &regime).await, before);
    assert_eq!(join(&*store, 1, &regime).await, place);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_missed_the_last_writes_is_noticed_by_whoever_remembers_them() {
    let mut pair = Pair::start().await;
    let regime = on_sale(6_000);
    let (first, second) = (
        open(pair.address.port(), "a").await,
        open(pair.address.port(), "b").await,
    );
    let kept = join(&*first, 1, &regime).await;
    join(&*second, 2, &regime).await;
    let before = epoch(&*first, &regime).await;
    pair.caught_up().await;
    pair.line.refuse();
    // Only the second process learns of what the replica misses.
    let lost = join(&*second, 3, &regime).await;
    pair.fail_over();

    // The first has nothing to object; the second has.
    back(&*first, &regime).await;
    assert_eq!(epoch(&*first, &regime).await, before);
    back(&*second, &regime).await;
    let snapshot = second.snapshot(&event(), &regime).await.unwrap();
    assert!(snapshot.epoch.number() > before && snapshot.recovering);
    // One loss is one epoch, whoever notices it next.
    let noticed = snapshot.epoch.number();
    for store in [&first, &second, &first] {
        store.turn(&event(), &regime).await.unwrap();
        assert_eq!(epoch(&**store, &regime).await, noticed);
    }
    assert_eq!(
        first.standing(&event(), ticket(3), &regime).await.unwrap(),
        None
    );
    let rejoined = first.rejoin(&event(), ticket(3), lost, &regime).await;
    assert_eq!(rejoined.unwrap(), Ok(Standing::Waiting));
    assert_eq!(join(&*second, 3, &regime).await, lost);
    assert_eq!(join(&*second, 1, &regime).await, kept);
    let claim = second
        .claim(
            &event(),
            ticket(1),
            kept,
            SessionId::from_bytes([1; 16]),
            &regime,
        )
        .await;
    assert!(
        !matches!(claim.unwrap(), Claim::Admitted { .. }),
        "the rate is not known yet"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_became_a_replica_is_left_for_the_new_one() {
    let pair = Pair::start().await;
    let (store, regime) = (open(pair.address.port(), "a").await, on_sale(6_000));
    let place = join(&*store, 1, &regime).await;
    pair.caught_up().await;
    // The connection to the old primary stays open; only the address has changed, for new ones.
    pair.replica.command("REPLICAOF NO ONE");
    pair.primary
        .command(&format!("REPLICAOF 127.0.0.1 {}", pair.replica.port()));
    pair.address.switch_new_to(pair.replica.port());
    back(&*store, &regime).await;
    assert_eq!(join(&*store, 1, &regime).await, place);
}
