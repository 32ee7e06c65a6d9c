//! One and the same suite for every settings source.

use std::{sync::Arc, time::Duration};

use service_kit::operator::Role;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::sync::{CancellationToken, DropGuard};
use waiting_room::settings::{ChangeError, SettingsSource, SettingsView};
use waiting_room_audit::{Action, AuditLog, Auditor, By, FileAuditLog, Via};
use waiting_room_core::{
    AdmissionRate, EventId, MaxActiveSessions, Message, Mode, SettingName, Settings,
};

use crate::support::PATIENCE;

/// A source that several instances share, and that can be written to behind their backs.
pub(super) trait Bench {
    /// An empty one.
    async fn new() -> Self;

    fn event(&self) -> &EventId;

    /// A process that reads it.
    async fn instance(&self) -> Instance;

    /// What all its processes tell who changed what.
    fn log(&self) -> &Log;

    /// The way of who writes with the operator's own tools.
    const OUTSIDE: Via;

    /// Writes with the operator's own tools, whatever it is.
    async fn write(&self, key: &str, value: &str);
}

/// An audit log that all processes of a bench have.
pub(super) struct Log {
    log: Arc<FileAuditLog>,
    _directory: tempfile::TempDir,
}

impl Log {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let log = FileAuditLog::open(directory.path()).unwrap();
        Self {
            log: Arc::new(log),
            _directory: directory,
        }
    }

    /// What a process writes it with.
    pub(super) fn auditor(&self) -> Auditor {
        let auditor = Auditor::new(self.log.clone());
        let running = auditor.clone();
        tokio::spawn(async move { running.run(CancellationToken::new()).await });
        auditor
    }

    /// What it has of `event`, the oldest first: the way, who, and what was done in short.
    pub(super) async fn of(&self, event: &EventId) -> Vec<(Via, Option<String>, String)> {
        let entries = self.log.page(event, None, 100).await.unwrap().entries;
        let told = entries.into_iter().rev().map(|entry| {
            let action = match entry.action {
                Action::SettingChanged { setting, from, to } => format!("{setting}: {from} > {to}"),
                Action::SettingRefused { setting, value, .. } => format!("{setting}: not {value}"),
                other => format!("{other:?}"),
            };
            (entry.by.via, entry.by.who, action)
        });
        told.collect()
    }

    /// As [`Self::of`], once there are so `many` entries, and some time after that.
    pub(super) async fn once_it_has(
        &self,
        event: &EventId,
        many: usize,
    ) -> Vec<(Via, Option<String>, String)> {
        let begun = std::time::Instant::now();
        while self.of(event).await.len() < many {
            let told = self.of(event).await;
            assert!(begun.elapsed() < PATIENCE, "never told: {told:#?}");
            sleep(Duration::from_millis(100)).await;
        }
        // Whoever would tell it once more has done so by then.
        sleep(Duration::from_secs(8)).await;
        self.of(event).await
    }
}

/// One process's view, as long as it is held.
pub(super) struct Instance {
    pub(super) source: Arc<dyn SettingsSource>,
    pub(super) changes: watch::Receiver<SettingsView>,
    pub(super) event: EventId,
    pub(super) _running: DropGuard,
}

impl Instance {
    pub(super) fn new<S: SettingsSource + 'static, F>(
        source: S,
        event: &EventId,
        poll: impl FnOnce(Arc<S>, CancellationToken) -> F,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (source, shutdown) = (Arc::new(source), CancellationToken::new());
        tokio::spawn(poll(source.clone(), shutdown.clone()));
        Self {
            changes: source.watch(event).unwrap(),
            source,
            event: event.clone(),
            _running: shutdown.drop_guard(),
        }
    }

    pub(super) fn view(&self) -> SettingsView {
        self.changes.borrow().clone()
    }

    pub(super) fn rate(&self) -> u32 {
        self.view().settings.admission_rate_per_minute.per_minute()
    }

    /// The view, once `condition` holds of it.
    pub(super) async fn once(&self, condition: impl FnMut(&SettingsView) -> bool) -> SettingsView {
        let mut changes = self.changes.clone();
        let waited = timeout(PATIENCE, changes.wait_for(condition)).await;
        let view = waited.map(|view| view.unwrap().clone());
        view.unwrap_or_else(|_| panic!("never came true: {:?}", self.view()))
    }

    pub(super) async fn change(&self, name: SettingName, value: &str) -> SettingsView {
        let values = vec![(name, value.to_owned())];
        let by = ana();
        let changed = self.source.change(&self.event, values, &by);
        changed.await.unwrap()
    }
}

/// Who turns something over the API.
pub(super) fn ana() -> By {
    By {
        who: Some("Ana".to_owned()),
        role: Some(Role::Operator),
        via: Via::Console,
    }
}

/// What is in force until somebody turns something.
pub(super) fn initial() -> Settings {
    Settings {
        admission_rate_per_minute: AdmissionRate::new(600).unwrap(),
        max_active_sessions: MaxActiveSessions::new(10).unwrap(),
        mode: Mode::Admit,
        message: Message::default(),
    }
}

pub(super) fn has_rate(rate: u32) -> impl FnMut(&SettingsView) -> bool {
    move |view| view.settings.admission_rate_per_minute.per_minute() == rate
}

pub(super) const RATE: &str = "admission-rate-per-minute";

pub(super) async fn an_empty_source_means_the_initial_settings<B: Bench>() {
    let bench = B::new().await;
    let view = bench.instance().await.view();
    assert_eq!((view.settings, view.refused), (initial(), vec![]));
}

pub(super) async fn what_the_operator_writes_is_in_force_everywhere<B: Bench>() {
    let bench = B::new().await;
    let (one, two) = (bench.instance().await, bench.instance().await);
    bench.write(RATE, "900").await;
    bench.write("mode", "pause").await;
    bench.write("message", "Back in ten minutes").await;
    bench.write("max-active-sessions", "7").await;
    let expected = Settings {
        admission_rate_per_minute: AdmissionRate::new(900).unwrap(),
        max_active_sessions: MaxActiveSessions::new(7).unwrap(),
        mode: Mode::Pause,
        message: "Back in ten minutes".parse().unwrap(),
    };
    one.once(|view| view.settings == expected).await;
    two.once(|view| view.settings == expected).await;
}

pub(super) async fn bad_values_never_apply_and_are_shown<B: Bench>() {
    let bench = B::new().await;
    let instance = bench.instance().await;
    bench.write(RATE, "900").await;
    instance.once(has_rate(900)).await;
    for [rate, sessions, mode] in [
        ["0", "-5", "PAUSE"],
        ["10000000", "fast", " "],
        ["600.5", "0", "stop"],
        [" ", "9e2", "true"],
    ] {
        bench.write(RATE, rate).await;
        bench.write("max-active-sessions", sessions).await;
        bench.write("mode", mode).await;
        let bad = [rate, sessions, mode];
        let all_seen = |view: &SettingsView| {
            let refused = |bad| {
                view.refused
                    .iter()
                    .any(|r| r.value.trim_matches('"') == bad)
            };
            view.refused.len() == 3 && bad.into_iter().all(refused)
        };
        let view = instance.once(all_seen).await;
        let mut expected = initial();
        expected.admission_rate_per_minute = AdmissionRate::new(900).unwrap();
        assert_eq!(view.settings, expected, "{bad:?}");
    }
    bench.write("max-active-sessions", "10").await;
    bench.write("mode", "admit").await;
    bench.write(RATE, "700").await;
    instance.once(has_rate(700)).await;
    instance.once(|view| view.refused.is_empty()).await;
}

pub(super) async fn a_bad_value_does_not_hold_back_a_good_one_beside_it<B: Bench>() {
    let bench = B::new().await;
    let instance = bench.instance().await;
    bench.write(RATE, "0").await;
    bench.write("colour", "red").await;
    bench.write("mode", "pause").await;
    let is_read = |view: &SettingsView| view.refused.len() == 2;
    instance.once(is_read).await;
    let view = instance
        .once(|view| view.settings.mode == Mode::Pause)
        .await;
    let refused: Vec<_> = view.refused.iter().map(|r| &*r.setting).collect();
    assert_eq!(refused, [RATE, "colour"]);
    assert_eq!(instance.rate(), 600);
}

pub(super) async fn a_change_is_in_force_here_at_once_and_everywhere_soon<B: Bench>() {
    let bench = B::new().await;
    let (one, two) = (bench.instance().await, bench.instance().await);
    bench.write(RATE, "0").await;
    one.once(|view| view.refused.len() == 1).await;
    let view = one
        .change(SettingName::AdmissionRatePerMinute, "1200")
        .await;
    assert_eq!((one.rate(), view.refused), (1200, vec![]));
    let view = one.change(SettingName::Message, "Hello").await;
    assert_eq!(view.settings.message.as_str(), "Hello");
    let hello = |view: &SettingsView| view.settings.message.as_str() == "Hello";
    two.once(hello).await;
    two.once(has_rate(1200)).await;
    let view = one.change(SettingName::Message, "").await;
    assert_eq!(view.settings.message, Message::default());
    two.once(|view| view.settings.message == Message::default())
        .await;
}

pub(super) async fn an_event_that_is_none_can_not_be_changed<B: Bench>() {
    let bench = B::new().await;
    let instance = bench.instance().await;
    let nobody: EventId = "nobody".parse().unwrap();
    assert!(instance.source.watch(&nobody).is_none());
    let values = vec![(SettingName::Mode, "pause".to_owned())];
    let changed = instance.source.change(&nobody, values, &ana()).await;
    assert!(matches!(changed, Err(ChangeError::UnknownEvent(_))));
}

pub(super) async fn a_restart_while_a_bad_value_stands_there_keeps_the_last_good_one<B: Bench>() {
    let bench = B::new().await;
    let instance = bench.instance().await;
    bench.write("mode", "pause").await;
    bench.write(RATE, "50").await;
    instance
        .once(|view| view.settings.mode == Mode::Pause)
        .await;
    instance.once(has_rate(50)).await;
    bench.write(RATE, "0").await;
    bench.write(RATE, "5O").await;
    instance.once(|view| view.refused.len() == 1).await;
    drop(instance);
    let restarted = bench.instance().await;
    assert_eq!(restarted.rate(), 50);
    assert_eq!(restarted.view().settings.mode, Mode::Pause);
    assert_eq!(restarted.view().refused[0].value.trim_matches('"'), "5O");
}

pub(super) async fn what_is_changed_stands_in_the_audit_log_once<B: Bench>() {
    let bench = B::new().await;
    let (one, two) = (bench.instance().await, bench.instance().await);
    // What is there at the start nobody changed.
    sleep(Duration::from_secs(8)).await;
    one.change(SettingName::AdmissionRatePerMinute, "900").await;
    two.once(has_rate(900)).await;
    sleep(Duration::from_secs(8)).await;
    bench.write("mode", "pause").await;
    one.once(|view| view.settings.mode == Mode::Pause).await;
    two.once(|view| view.settings.mode == Mode::Pause).await;
    bench.log().once_it_has(bench.event(), 2).await;
    bench.write("mode", "stop").await;
    let told = bench.log().once_it_has(bench.event(), 3).await;
    let told: Vec<_> = told
        .iter()
        .map(|(via, who, action)| {
            (
                *via,
                who.as_deref() == Some("Ana"),
                action.trim_matches('"').replace('"', ""),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (Via::Console, true, format!("{RATE}: 600 > 900")),
            (B::OUTSIDE, false, "mode: admit > pause".to_owned()),
            (B::OUTSIDE, false, "mode: not stop".to_owned()),
        ]
    );
}

pub(super) async fn what_was_changed_while_nobody_looked_stands_in_the_audit_log<B: Bench>() {
    let bench = B::new().await;
    let instance = bench.instance().await;
    sleep(Duration::from_secs(8)).await;
    bench.write(RATE, "900").await;
    instance.once(has_rate(900)).await;
    bench.log().once_it_has(bench.event(), 1).await;
    drop(instance);
    bench.write(RATE, "1200").await;
    let instance = bench.instance().await;
    instance.once(has_rate(1200)).await;
    let told = bench.log().once_it_has(bench.event(), 2).await;
    assert_eq!(told.len(), 2);
    assert_eq!(told[1].2, format!("{RATE}: 900 > 1200"));
    assert_eq!(told[1].0, B::OUTSIDE);
}

macro_rules! conforms {
    ($backend:ident, $bench:ty: $($rule:ident),+ $(,)?) => {
        mod $backend {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $rule() {
                    super::conformance::$rule::<$bench>().await;
                }
            )+
        }
    };
    ($backend:ident, $bench:ty) => {
        $crate::settings::conformance::conforms! { $backend, $bench:
            an_empty_source_means_the_initial_settings,
            what_the_operator_writes_is_in_force_everywhere,
            bad_values_never_apply_and_are_shown,
            a_bad_value_does_not_hold_back_a_good_one_beside_it,
            a_change_is_in_force_here_at_once_and_everywhere_soon,
            an_event_that_is_none_can_not_be_changed,
            a_restart_while_a_bad_value_stands_there_keeps_the_last_good_one,
            what_is_changed_stands_in_the_audit_log_once,
            what_was_changed_while_nobody_looked_stands_in_the_audit_log,
        }
    };
}
pub(super) use conforms;
