use std::{collections::BTreeSet, sync::Arc};

use service_kit::operator::Role;
use tokio::task::JoinSet;
use waiting_room_audit::{Action, AuditLog, By, Entry, Sighting, Via};
use waiting_room_core::{EventId, Timestamp};

/// A log that is empty, and that processes open.
pub(crate) trait Bench {
    async fn new() -> Self;

    /// The log as a process has it; of a log that one process alone has, that one's.
    async fn open(&self) -> Arc<dyn AuditLog>;

    /// The log as a process has it that starts after all others were killed.
    async fn reopen(self) -> (Self, Arc<dyn AuditLog>)
    where
        Self: Sized;
}

pub(crate) fn event(id: &str) -> EventId {
    id.parse().unwrap()
}

pub(crate) fn aurora() -> EventId {
    event("aurora-live")
}

pub(crate) fn entry(seconds: u64, of: Option<EventId>, via: Via, to: &str) -> Entry {
    let by = By {
        who: Some("Zoë „the boss“".to_owned()),
        role: Some(Role::Operator),
        via,
    };
    let action = Action::SettingChanged {
        setting: "message".to_owned(),
        from: "\u{1f3ab}\n\"".to_owned(),
        to: to.to_owned(),
    };
    Entry::new(
        Timestamp::from_seconds(1_795_000_000 + seconds),
        of,
        by,
        action,
    )
}

fn sighting(number: u64, own: bool) -> Sighting {
    Sighting {
        series: "eu-west-1/aurora-live/mode".to_owned(),
        number,
        mark: "pause".to_owned(),
        own,
    }
}

async fn all(log: &dyn AuditLog) -> Vec<Entry> {
    let page = log.page(&aurora(), None, 1_000).await.unwrap();
    assert_eq!(page.next, None);
    page.entries
}

pub(crate) async fn an_event_s_entries_and_those_of_all_are_shown_newest_first<B: Bench>() {
    let bench = B::new().await;
    let log = bench.open().await;
    assert_eq!(all(&*log).await, []);
    let entries = [
        entry(3, Some(aurora()), Via::Console, "third"),
        entry(1, Some(aurora()), Via::Api, "first"),
        entry(2, None, Via::Console, "second"),
        entry(4, Some(event("another")), Via::Console, "of another event"),
    ];
    for entry in &entries {
        log.keep(entry, None).await.unwrap();
        log.keep(entry, None).await.unwrap();
    }
    let [third, first, second, _] = entries;
    assert_eq!(all(&*log).await, [third, second, first]);
}

pub(crate) async fn what_was_kept_is_there_after_everybody_was_killed<B: Bench>() {
    let bench = B::new().await;
    let log = bench.open().await;
    let kept = entry(1, Some(aurora()), Via::Console, "kept");
    log.keep(&kept, None).await.unwrap();
    let seen = entry(2, Some(aurora()), Via::ParameterStore, "seen");
    log.keep(&seen, Some(&sighting(7, false))).await.unwrap();
    drop(log);
    let (_bench, log) = bench.reopen().await;
    assert_eq!(all(&*log).await, [seen.clone(), kept]);
    let again = entry(9, Some(aurora()), Via::ParameterStore, "seen");
    log.keep(&again, Some(&sighting(7, false))).await.unwrap();
    assert_eq!(all(&*log).await.first(), Some(&seen));
    let series = "eu-west-1/aurora-live/mode";
    assert_eq!(log.newest_of(series).await.unwrap(), Some(7));
}

pub(crate) async fn pages_have_each_entry_once<B: Bench>() {
    let bench = B::new().await;
    let log = bench.open().await;
    for second in 0..25 {
        let of = (second % 3 > 0).then(aurora);
        let entry = entry(second, of, Via::Api, &second.to_string());
        log.keep(&entry, None).await.unwrap();
    }
    let whole = all(&*log).await;
    assert_eq!(whole.len(), 25);
    for limit in [1, 7, 24, 25, 26] {
        let (mut pages, mut before) = (Vec::new(), None);
        loop {
            let page = log.page(&aurora(), before.as_ref(), limit).await.unwrap();
            assert!(page.entries.len() <= limit);
            pages.extend(page.entries);
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(pages, whole, "{limit}");
    }
}

pub(crate) async fn what_many_see_stands_there_once<B: Bench>() {
    let bench = B::new().await;
    let mut tasks = JoinSet::new();
    for instance in 0..8 {
        let log = bench.open().await;
        tasks.spawn(async move {
            for number in 1..=3 {
                let to = format!("version {number}");
                let entry = entry(number, Some(aurora()), Via::ParameterStore, &to);
                let sighting = sighting(number, false);
                log.keep(&entry, Some(&sighting)).await.unwrap();
                assert!(instance < 8);
            }
        });
    }
    tasks.join_all().await;
    let log = bench.open().await;
    let entries = all(&*log).await;
    assert_eq!(entries.len(), 3, "{entries:#?}");
    let series = "eu-west-1/aurora-live/mode";
    assert_eq!(log.newest_of(series).await.unwrap(), Some(3));
    assert_eq!(
        log.newest_of("eu-west-1/aurora-live/mod").await.unwrap(),
        None
    );
}

pub(crate) async fn who_made_it_is_named_whoever_comes_first<B: Bench>() {
    let bench = B::new().await;
    let log = bench.open().await;
    let of = |via| entry(1, Some(aurora()), via, "pause");
    for (number, order) in [(1, [true, false]), (2, [false, true]), (3, [true, true])] {
        for own in order {
            let via = if own {
                Via::Console
            } else {
                Via::ParameterStore
            };
            log.keep(&of(via), Some(&sighting(number, own)))
                .await
                .unwrap();
        }
        log.keep(&of(Via::ParameterStore), Some(&sighting(number, false)))
            .await
            .unwrap();
    }
    let entries = all(&*log).await;
    assert_eq!(entries.len(), 3);
    assert!(entries.iter().all(|entry| entry.by.via == Via::Console));
    let ids: BTreeSet<_> = entries.iter().map(|entry| &entry.id).collect();
    assert_eq!(ids.len(), 3);
}

pub(crate) async fn a_series_that_begins_anew_is_told_by_its_mark<B: Bench>() {
    let bench = B::new().await;
    let log = bench.open().await;
    for mark in ["600", "900"] {
        let sighting = Sighting {
            mark: mark.to_owned(),
            ..sighting(1, false)
        };
        let entry = entry(1, Some(aurora()), Via::ParameterStore, mark);
        log.keep(&entry, Some(&sighting)).await.unwrap();
    }
    assert_eq!(all(&*log).await.len(), 2);
}

macro_rules! conforms {
    ($bench:ty: $($rule:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $rule() {
                crate::suite::$rule::<$bench>().await;
            }
        )+
    };
    ($bench:ty) => {
        $crate::suite::conforms! { $bench:
            an_event_s_entries_and_those_of_all_are_shown_newest_first,
            what_was_kept_is_there_after_everybody_was_killed,
            pages_have_each_entry_once,
            what_many_see_stands_there_once,
            who_made_it_is_named_whoever_comes_first,
            a_series_that_begins_anew_is_told_by_its_mark,
        }
    };
}
pub(crate) use conforms;
