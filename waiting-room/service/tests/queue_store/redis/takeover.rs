//! The region becomes the active one.

use waiting_room::queue_store::QueueStore;
use waiting_room_core::{Cohort, Place, Standing};

use super::Redis;
use crate::{
    backend::{Backend, ON_SALE, RECOVERY, Time, event, regime},
    reference::ticket,
};

async fn epoch(store: &dyn QueueStore) -> u64 {
    let snapshot = store.snapshot(&event(), &regime(600)).await.unwrap();
    snapshot.epoch.number()
}

async fn take_over(store: &dyn QueueStore, region_epoch: u64, seen: bool) {
    store.take_over(&event(), region_epoch, seen).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_region_that_takes_over_begins_its_queue_anew_and_does_so_once() {
    let (redis, time, regime) = (Redis::new(), Time::starting_at(ON_SALE), regime(600));
    let store = redis.open(&event(), &regime, &time).await;
    let other = redis.open(&event(), &regime, &time).await;
    store.turn(&event(), &regime).await.unwrap();
    let joined = store
        .join(&event(), ticket(1), Place::default(), &regime)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(joined.place.cohort(), Cohort::Arrival);
    let before = epoch(&*store).await;

    time.pass(RECOVERY * 3);
    take_over(&*store, 1, false).await;
    let begun = epoch(&*other).await;
    assert!(begun > before, "{begun} after {before}");
    let snapshot = store.snapshot(&event(), &regime).await.unwrap();
    assert!(snapshot.recovering);
    let standing = store.standing(&event(), ticket(1), &regime).await.unwrap();
    assert_eq!(standing, None, "it is from before the other region's time");
    let back = other
        .rejoin(&event(), ticket(1), joined.place, &regime)
        .await;
    assert_eq!(back.unwrap().unwrap(), Standing::Waiting);

    // The other instance, one that starts later, and one that is late with an earlier failover.
    take_over(&*other, 1, false).await;
    let late = redis.open(&event(), &regime, &time).await;
    take_over(&*late, 1, false).await;
    take_over(&*late, 0, false).await;
    assert_eq!(epoch(&*store).await, begun);
    let standing = store.standing(&event(), ticket(1), &regime).await.unwrap();
    assert_eq!(standing, Some(Standing::Waiting));

    time.pass(RECOVERY * 3);
    take_over(&*other, 2, false).await;
    assert!(epoch(&*store).await > begun);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_was_lost_since_is_not_begun_again_by_an_instance_that_starts() {
    let (redis, time, regime) = (Redis::new(), Time::starting_at(ON_SALE), regime(600));
    let store = redis.open(&event(), &regime, &time).await;
    take_over(&*store, 3, false).await;
    store.turn(&event(), &regime).await.unwrap();
    time.pass(RECOVERY * 3);
    redis.lose().await;
    let lost = epoch(&*store).await;
    take_over(&*store, 3, true).await;
    time.pass(RECOVERY * 3);
    let late = redis.open(&event(), &regime, &time).await;
    take_over(&*late, 3, false).await;
    assert_eq!(epoch(&*late).await, lost);
}
