use std::time::{Duration, Instant};

use aws_sdk_ssm::types::ParameterType;
use test_backends::Proxy;
use tokio_util::sync::CancellationToken;
use waiting_room::settings::SettingsSource;
use waiting_room_core::{Mode, SettingName};

use super::{
    SsmBench,
    conformance::{Bench, Instance, RATE, ana, has_rate},
    open,
};
use crate::support::{Fault, PATIENCE, Relay, eventually, moto, new_event};

/// The design's promise.
const IN_FORCE_WITHIN: Duration = Duration::from_secs(5);

/// Longer than the longest pause between two reads.
const READS_MISSED: Duration = Duration::from_secs(4);

fn age(instance: &Instance) -> Duration {
    service_kit::now().since(instance.view().read_at)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_put_with_the_command_line_is_in_force_on_two_instances_within_five_seconds() {
    let bench = SsmBench::new().await;
    let port = moto().port();
    let (one, two) = (
        bench.instance_over(port).await,
        bench.instance_over(port).await,
    );
    let put = Instant::now();
    bench.write(RATE, "1200").await;
    tokio::join!(one.once(has_rate(1200)), two.once(has_rate(1200)));
    assert!(put.elapsed() < IN_FORCE_WITHIN, "{:?}", put.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_keeps_the_values_shows_their_age_and_ends() {
    let bench = SsmBench::new().await;
    bench.write("mode", "pause").await;
    let proxy = Proxy::to(moto().port());
    let instance = bench.instance_over(proxy.port()).await;
    proxy.refuse();
    bench.write("mode", "admit").await;
    eventually(|| age(&instance) > READS_MISSED).await;
    let view = instance.view();
    assert_eq!((view.settings.mode, view.refused), (Mode::Pause, vec![]));
    let change = vec![(SettingName::Mode, "bypass".to_owned())];
    let changed = instance.source.change(&bench.event, change, &ana()).await;
    assert!(changed.is_err());
    assert_eq!(instance.view().settings.mode, Mode::Pause);
    proxy.switch_to(moto().port());
    instance
        .once(|view| view.settings.mode == Mode::Admit)
        .await;
    assert!(age(&instance) < READS_MISSED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn throttling_and_denial_keep_the_values() {
    let faulty = async |fault| {
        let (bench, relay) = (SsmBench::new().await, Relay::to(moto().port()).await);
        bench.write(RATE, "900").await;
        let instance = bench.instance_over(relay.port()).await;
        relay.set_fault(Some(fault));
        bench.write(RATE, "100").await;
        let calls = relay.calls("GetParametersByPath");
        eventually(|| age(&instance) > READS_MISSED).await;
        assert!(relay.calls("GetParametersByPath") > calls);
        assert_eq!(instance.rate(), 900, "{fault:?}");
        assert_eq!(instance.view().refused, []);
        relay.set_fault(None);
        instance.once(has_rate(100)).await;
    };
    tokio::join!(faulty(Fault::Throttled), faulty(Fault::Denied));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_not_undone_by_a_slow_answer_from_before_it() {
    let (bench, relay) = (SsmBench::new().await, Relay::to(moto().port()).await);
    let instance = bench.instance_over(relay.port()).await;
    relay.hold("GetParametersByPath").await;
    instance
        .change(SettingName::AdmissionRatePerMinute, "1200")
        .await;
    let (changed_at, was_read_at) = (service_kit::now(), instance.view().read_at);
    let mut undone = instance.changes.clone();
    undone.mark_unchanged();
    relay.let_go();
    eventually(|| instance.view().read_at > was_read_at).await;
    assert!(instance.view().read_at > changed_at);
    assert!(!undone.has_changed().unwrap());
    assert_eq!(instance.rate(), 1200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_starts_in_an_outage_pauses_until_the_operators_will_is_known() {
    let bench = SsmBench::new().await;
    bench.write(RATE, "50").await;
    let proxy = Proxy::to(moto().port());
    proxy.refuse();
    let source = open(proxy.port(), &bench.prefix, &[bench.event()]).await;
    assert!(!source.ready());
    let (tell, told) = tokio::sync::oneshot::channel();
    let instance = Instance::new(source, bench.event(), async |source, shutdown| {
        let _ = tell.send(source.clone());
        source.watch_parameters(shutdown).await;
    });
    let source = told.await.unwrap();
    let view = instance.view();
    assert_eq!(view.settings.mode, Mode::Pause);
    assert_eq!(view.refused[0].setting, "parameters");
    proxy.switch_to(moto().port());
    let view = instance.once(has_rate(50)).await;
    assert_eq!((view.settings.mode, view.refused), (Mode::Admit, vec![]));
    assert!(source.ready());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_call_reads_ten_parameters_of_all_events() {
    const PREFIX: &str = "/another-waiting-room";
    let mut benches = Vec::new();
    for rate in 1..=3_u32 {
        let bench = SsmBench::below(PREFIX).await;
        for (key, value) in [
            (RATE, &*rate.to_string()),
            ("max-active-sessions", "9"),
            ("mode", "pause"),
            ("message", "-"),
        ] {
            bench.write(key, value).await;
        }
        benches.push(bench);
    }
    let relay = Relay::to(moto().port()).await;
    let events: Vec<_> = benches.iter().map(Bench::event).collect();
    let source = open(relay.port(), PREFIX, &events).await;
    for (bench, rate) in benches.iter().zip(1..) {
        let view = source.watch(bench.event()).unwrap();
        let settings = view.borrow().settings.clone();
        assert_eq!(settings.admission_rate_per_minute.per_minute(), rate);
        assert_eq!(settings.message.shown(), None);
    }
    assert_eq!(relay.calls("GetParametersByPath"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_of_another_type_is_refused() {
    let bench = SsmBench::new().await;
    let secure = bench.client.put_parameter().name(bench.path("message"));
    let secure = secure.value("hello").r#type(ParameterType::SecureString);
    secure.send().await.unwrap();
    let view = bench.instance().await.view();
    assert_eq!(view.settings.message.shown(), None);
    assert_eq!(view.refused[0].reason, "must be of the type String");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_parameter_stands_for_the_initial_value() {
    let bench = SsmBench::new().await;
    bench.write(RATE, "50").await;
    let instance = bench.instance().await;
    assert_eq!(instance.rate(), 50);
    let delete = bench.client.delete_parameter().name(bench.path(RATE));
    delete.send().await.unwrap();
    instance.once(has_rate(600)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reader_ends_at_shutdown_whatever_it_is_at() {
    let event = new_event();
    let source = open(moto().port(), "/waiting-room", &[&event]).await;
    let shutdown = CancellationToken::new();
    shutdown.cancel();
    let ended = tokio::time::timeout(PATIENCE, source.watch_parameters(shutdown)).await;
    assert!(ended.is_ok());
}
