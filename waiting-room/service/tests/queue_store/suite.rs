//! What every queue store has to do.

use std::{collections::HashSet, sync::Arc, time::Duration};

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, TestRunner},
};
use waiting_room::queue_store::{QueueStore, Regime};
use waiting_room_core::{Claim, Cohort, Marks, Mode, Place, SessionId, Standing, Timestamp};

use crate::{
    backend::{Backend, Embedded, ON_SALE, OPENS, RECOVERY, Time, event, regime},
    reference::{Pair, Step, drawn, steps, ticket},
};

/// Instances over one queue, and the time that they share.
struct Room {
    backend: Box<dyn Backend>,
    instances: Vec<Arc<dyn QueueStore>>,
    regime: Regime,
    time: Time,
    turns: usize,
}

const SECOND: Duration = Duration::from_secs(1);

impl Room {
    async fn open(
        backend: Box<dyn Backend>,
        instances: usize,
        regime: Regime,
        at: Timestamp,
    ) -> Self {
        let time = Time::starting_at(OPENS);
        let mut opened = Vec::new();
        for _ in 0..instances {
            opened.push(backend.open(&event(), &regime, &time).await);
        }
        let room = Self {
            backend,
            instances: opened,
            regime,
            time,
            turns: 0,
        };
        // The queue exists before the event opens.
        room.instances[0]
            .snapshot(&event(), &room.regime)
            .await
            .unwrap();
        room.time.pass(at.since(OPENS));
        room
    }

    fn at(&self, n: u16) -> &dyn QueueStore {
        &*self.instances[usize::from(n) % self.instances.len()]
    }

    async fn join(&self, n: u16) -> Place {
        self.time.pass(Duration::from_micros(3));
        let joined = self
            .at(n)
            .join(&event(), ticket(n), drawn(n), &self.regime)
            .await;
        joined.unwrap().unwrap().place
    }

    async fn claim(&self, n: u16, place: Place) -> Claim {
        let session = SessionId::from_bytes(*ticket(n).as_bytes());
        let store = self.at(n.wrapping_add(1));
        store
            .claim(&event(), ticket(n), place, session, &self.regime)
            .await
            .unwrap()
    }

    async fn standing(&self, n: u16) -> Option<Standing> {
        self.at(n)
            .standing(&event(), ticket(n), &self.regime)
            .await
            .unwrap()
    }

    /// A second passes; each instance takes its turn in it.
    async fn pass_second(&mut self) {
        for instance in &self.instances {
            self.time.pass(SECOND / self.instances.len() as u32);
            instance.turn(&event(), &self.regime).await.unwrap();
        }
        self.turns += 1;
    }
}

/// The tickets of the reference: few, so that they meet.
const FEW: u16 = 120;

pub(crate) async fn answers_as_the_core_does(backend: impl AsyncFn() -> Box<dyn Backend>) {
    for steps in samples(steps(FEW, FEW), 48) {
        let mut regime = regime(300);
        regime.rules.capacity = 100;
        let time = Time::starting_at(OPENS);
        as_the_core_does(&*backend().await, regime, time, FEW, steps, 8).await;
    }
}

pub(crate) async fn a_long_queue_s_head_is_exact_whatever_happens_to_it(
    backend: impl AsyncFn() -> Box<dyn Backend>,
) {
    let tickets = Marks::HEAD as u16 + 200;
    for steps in samples(steps(100, tickets), 6) {
        let regime = regime(300);
        let time = Time::starting_at(OPENS);
        let crowd = (0..tickets).step_by(30).map(Step::Crowd);
        let begin = [Step::Pass(ON_SALE.since(OPENS))];
        let steps = begin.into_iter().chain(crowd).chain(steps).collect();
        as_the_core_does(&*backend().await, regime, time, tickets, steps, 1).await;
    }
}

fn samples<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let mut runner = TestRunner::new(Config::default());
    (0..count)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect()
}

async fn as_the_core_does(
    backend: &dyn Backend,
    regime: Regime,
    time: Time,
    tickets: u16,
    steps: Vec<Step>,
    every: usize,
) {
    let store = backend.open(&event(), &regime, &time).await;
    let told = format!("{steps:?}");
    let pair = Pair::new(store, regime, time, tickets);
    let run = tokio::spawn(pair.run(steps, every));
    if let Err(failed) = run.await {
        panic!("{failed}\nafter {told}");
    }
}

pub(crate) async fn people_ahead_are_told_however_many_leave(
    backend: impl AsyncFn() -> Box<dyn Backend>,
) {
    let mut regime = regime(60);
    regime.settings.mode = Mode::Pause;
    let room = Room::open(backend().await, 2, regime, ON_SALE).await;
    let mut waiting = Vec::new();
    for n in 0..4_000 {
        // Ever fewer come.
        room.time.pass(Duration::from_micros(u64::from(n)));
        waiting.push((room.join(n).await, n));
    }
    let leaves = |n: u16| n.wrapping_mul(40_503).is_multiple_of(3);
    for (_, n) in waiting.extract_if(.., |(_, n)| leaves(*n)) {
        let left = room.at(n).leave(&event(), ticket(n), &room.regime).await;
        assert!(left.unwrap());
    }
    let snapshot = room.at(0).snapshot(&event(), &room.regime).await.unwrap();
    assert_eq!(snapshot.marks.waiting(), waiting.len() as u64);
    let ranks = (0..).zip(waiting.iter().map(|(place, _)| *place));
    assert_people_ahead(&snapshot.marks, ranks);
}

/// As a server tells it and as a browser reads it off the board, people ahead of each of `ranks` are told exactly at
/// the head, and behind it within half a per cent of the queue's length.
pub(crate) fn assert_people_ahead(marks: &Marks, ranks: impl Iterator<Item = (u64, Place)>) {
    let (head, published) = (marks.head().unwrap(), marks.published());
    let published = Marks::new(published, marks.waiting());
    let (mut server_off, mut browser_off, mut told) = (0, 0, 0);
    for (rank, place) in ranks {
        let by_head = head.rank(place);
        let browser = by_head.unwrap_or_else(|| published.ahead(place));
        let off = (
            marks.ahead(place).abs_diff(rank),
            browser.abs_diff(rank),
            published.ahead(place).abs_diff(rank),
        );
        if rank < Marks::HEAD as u64 {
            assert_eq!((off.0, off.1), (0, 0), "rank {rank}");
        }
        let most = off.0.max(off.1).max(off.2);
        assert!(most * 200 <= marks.waiting(), "rank {rank} is off {off:?}");
        server_off = server_off.max(off.0);
        browser_off = browser_off.max(off.1);
        told += 1;
    }
    let share = |off: u64| off as f64 / marks.waiting() as f64 * 100.0;
    println!(
        "{told} of {} waiting: people ahead is off by {:.3} % of the queue at most, by {:.3} % on the board",
        marks.waiting(),
        share(server_off),
        share(browser_off),
    );
    assert!(told > Marks::HEAD);
}

pub(crate) async fn the_store_s_clock_tells_the_cohort(
    backend: impl AsyncFn() -> Box<dyn Backend>,
) {
    let room = Room::open(backend().await, 2, regime(600), OPENS).await;
    let early = room.join(1).await;
    assert_eq!((early.cohort(), early), (Cohort::Prequeue, drawn(1)));
    room.time.pass(ON_SALE.since(OPENS));
    let late = room.join(2).await;
    assert_eq!(late.cohort(), Cohort::Arrival);
    assert_eq!(
        room.join(1).await,
        early,
        "joining again gives the same place"
    );
}

pub(crate) async fn joins_at_the_same_time_get_places_of_their_own(
    backend: impl AsyncFn() -> Box<dyn Backend>,
) {
    let mut regime = regime(60);
    regime.settings.mode = Mode::Pause;
    let room = Arc::new(Room::open(backend().await, 3, regime, ON_SALE).await);
    let mut tasks = Vec::new();
    for n in 0..600 {
        let room = room.clone();
        // Each ticket comes twice, at two instances.
        tasks.push(tokio::spawn(async move {
            let event = event();
            let first = room.at(n).join(&event, ticket(n), drawn(n), &room.regime);
            let second = room
                .at(n + 1)
                .join(&event, ticket(n), drawn(n), &room.regime);
            let (first, second) = tokio::join!(first, second);
            let (first, second) = (first.unwrap().unwrap(), second.unwrap().unwrap());
            assert_eq!(first.place, second.place);
            assert!(first.new != second.new, "one of two joins makes the place");
            first.place
        }));
    }
    let mut places = Vec::new();
    for task in tasks {
        places.push(task.await.unwrap());
    }
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), 600);
    let snapshot = room.at(0).snapshot(&event(), &room.regime).await.unwrap();
    assert_eq!(
        (snapshot.marks.waiting(), snapshot.totals.joined),
        (600, 600)
    );
}

pub(crate) async fn claims_never_exceed_the_rate_and_nobody_overtakes(
    backend: impl AsyncFn() -> Box<dyn Backend>,
) {
    let mut room = Room::open(backend().await, 3, regime(600), OPENS).await;
    let mut fans = Vec::new();
    for n in 0..900 {
        fans.push((room.join(n).await, n));
    }
    fans.sort_unstable();
    room.time.pass(ON_SALE.since(room.time.now()));
    let mut admitted: Vec<(Timestamp, usize)> = Vec::new();
    let mut through = HashSet::new();
    for _ in 0..60 {
        room.pass_second().await;
        for (rank, (place, n)) in fans.iter().enumerate() {
            // Four in ten never come.
            if n % 5 >= 3 || through.contains(n) {
                continue;
            }
            match room.standing(*n).await.unwrap() {
                Standing::Called { .. } => {
                    if let Claim::Admitted { .. } = room.claim(*n, *place).await {
                        admitted.push((room.time.now(), rank));
                        through.insert(*n);
                    }
                }
                Standing::Waiting => break,
                standing => panic!("{n} is {standing:?}"),
            }
        }
    }
    let count = admitted.len() as f64;
    assert!(
        count >= 0.95 * 540.0,
        "{count} admitted in a minute at 600, of 540 who come"
    );
    for (first, (from, _)) in admitted.iter().enumerate() {
        for (sum, (to, _)) in admitted[first..].iter().enumerate() {
            let allowed = 10.0 * to.since(*from).as_secs_f64() + 10.0;
            assert!(
                sum as f64 + 1.0 <= allowed + 1e-6,
                "{sum} claims since {from}"
            );
        }
    }
    let called = room.at(0).snapshot(&event(), &room.regime).await.unwrap();
    let frontier = called.frontier.unwrap();
    for (place, n) in fans {
        let waits = room.standing(n).await == Some(Standing::Waiting);
        assert!(!waits || place >= frontier, "{place} was overtaken");
    }
}

pub(crate) async fn a_lost_queue_re_forms_as_it_was(backend: impl AsyncFn() -> Box<dyn Backend>) {
    let mut room = Room::open(backend().await, 1, regime(60), OPENS).await;
    let mut places = Vec::new();
    for n in 0..100 {
        places.push(room.join(n).await);
    }
    room.time.pass(ON_SALE.since(room.time.now()));
    room.pass_second().await;
    let before = room.at(0).snapshot(&event(), &room.regime).await.unwrap();

    room.backend.lose().await;
    room.instances = vec![room.backend.open(&event(), &room.regime, &room.time).await];
    room.time.pass(SECOND);
    assert_eq!(room.standing(3).await, None);
    // The last come first.
    for n in (0..100).rev() {
        let place = places[usize::from(n)];
        let standing = room
            .at(n)
            .rejoin(&event(), ticket(n), place, &room.regime)
            .await;
        assert_eq!(standing.unwrap(), Ok(Standing::Waiting));
    }
    let after = room.at(0).snapshot(&event(), &room.regime).await.unwrap();
    assert!(after.epoch > before.epoch && after.recovering);
    assert_eq!(after.marks.waiting(), 100);
    for n in 0..100 {
        assert_eq!(room.join(n).await, places[usize::from(n)]);
    }
    room.pass_second().await;
    assert_eq!(
        room.at(0)
            .snapshot(&event(), &room.regime)
            .await
            .unwrap()
            .called,
        0
    );
    assert_eq!(room.claim(3, places[3]).await, Claim::NotCalled);

    room.time.pass(RECOVERY);
    room.pass_second().await;
    let calling = room.at(0).snapshot(&event(), &room.regime).await.unwrap();
    assert!(!calling.recovering && calling.called > 0);
    places.sort_unstable();
    assert_eq!(calling.frontier, Some(places[calling.called as usize - 1]));
}

pub(crate) async fn a_ticket_has_one_session_while_it_lives(
    backend: impl AsyncFn() -> Box<dyn Backend>,
) {
    let mut room = Room::open(backend().await, 2, regime(600), ON_SALE).await;
    room.pass_second().await;
    let place = room.join(1).await;
    let Claim::Admitted { session, again } = room.claim(1, place).await else {
        panic!("a quiet event has no waiting room");
    };
    assert!(!again);
    let other = SessionId::from_bytes([9; 16]);
    let twice = room
        .at(1)
        .claim(&event(), ticket(1), place, other, &room.regime)
        .await;
    assert_eq!(
        twice.unwrap(),
        Claim::Admitted {
            session,
            again: true
        }
    );
    let end = async |id| {
        room.at(0)
            .end_session(&event(), ticket(1), id)
            .await
            .unwrap()
    };
    assert!(!end(other).await, "another session");
    assert!(end(session.id).await);
    assert!(!end(session.id).await, "it has ended already");
    assert_eq!(room.claim(1, place).await, Claim::Ended);
    assert_eq!(room.standing(1).await, Some(Standing::Ended));
}

macro_rules! suite {
    ($name:ident, $backend:expr, [$($test:ident),* $(,)?]) => {
        mod $name {
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test(async || Box::new($backend) as Box<dyn Backend>).await;
                }
            )*
        }
    };
    ($name:ident, $backend:expr) => {
        suite!($name, $backend, [
            answers_as_the_core_does,
            a_long_queue_s_head_is_exact_whatever_happens_to_it,
            people_ahead_are_told_however_many_leave,
            the_store_s_clock_tells_the_cohort,
            joins_at_the_same_time_get_places_of_their_own,
            claims_never_exceed_the_rate_and_nobody_overtakes,
            a_lost_queue_re_forms_as_it_was,
            a_ticket_has_one_session_while_it_lives,
        ]);
    };
}

suite!(embedded, Embedded::new());
#[cfg(feature = "redis")]
suite!(redis, crate::redis::Redis::new());
#[cfg(feature = "redis")]
suite!(valkey, crate::redis::Redis::valkey());
