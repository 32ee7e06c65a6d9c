//! The service, put together as its programs do it (`on-sale`'s `run`; `waiting-room`'s where the queue is in
//! Redis, but for AWS): all routes, limits, metrics and logs, and the controller that ticks.

use std::{collections::HashMap, path::Path, sync::Arc, time::Duration};

use axum::Router;
use checkout::{
    Checkout, CheckoutConfig, CheckoutParts, OrderQueue, OrderStore, QueuePolicy, SessionGate,
    embedded::OrderBook,
    fulfilment::{self, Fulfilment, Pace},
};
use on_sale::{
    adapters::{Door, Tills},
    site,
};
use service_kit::{
    extract::OperatorCredential,
    front::Front,
    health::{self, Health},
    operator::{Operators, TrustedProxies},
    serve::{self, Limits},
    telemetry::{self, LogFormat},
};
use tokio::time::sleep;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use utoipa_axum::router::OpenApiRouter;
use waiting_room::{
    Gatekeeper,
    history::MemoryFigureHistory,
    keys::{FileKeyStore, TokenKeys},
    queue_store::{EmbeddedQueueStore, QueueStore, RedisConfig, RedisQueueStore, Regime},
    region::OneRegion,
    room::{Parts, RoomLimits},
    settings::FileSettings,
};
use waiting_room_audit::Auditor;
use waiting_room_catalogue::Catalogue;
use waiting_room_core::EventId;

use super::{
    EVENT, Ready, anywhere,
    crowd::{self, Crowd},
    tell,
};
use crate::{Outcome, options::ServeOptions};

const ISSUER: &str = "waiting-room";

/// Claims a minute while the fans wait: the queue stays as long as it is.
const WHILE_WAITING: u32 = 60;

/// Claims a minute while the fans come to the door: the highest rate that there is.
const AT_THE_DOOR: u32 = 1_000_000;

/// So many have to be called before those who come to the door do.
const CALLED_FIRST: u64 = 15_000;

/// Serves as `options` say until `shutdown`.
pub(super) async fn run(options: ServeOptions, shutdown: CancellationToken) -> Outcome<()> {
    telemetry::init_logs("info", LogFormat::Text);
    let now = service_kit::now();
    let rate = match options.to_door {
        0 => WHILE_WAITING,
        _ => AT_THE_DOOR,
    };
    let catalogue = Arc::new(Catalogue::parse(&events(rate), now)?);
    let event: EventId = EVENT.parse()?;
    let metrics = telemetry::init_metrics("on-sale")?;
    checkout::describe_metrics();
    let listener = serve::listen(anywhere())?;
    let address = listener.local_addr()?;
    let tasks = TaskTracker::new();

    let settings = Arc::new(FileSettings::open(
        &options.dir,
        catalogue
            .events()
            .iter()
            .map(|event| (&event.id, &event.initial_settings)),
        now,
        Auditor::of_nothing(),
    )?);
    let limits = RoomLimits::default();
    let regime = Regime {
        rules: limits.rules(&catalogue.events()[0]),
        settings: catalogue.events()[0].initial_settings.clone(),
    };
    let redis_url = options.redis_url.as_deref();
    let store = open_store(redis_url, &options.dir, &event, &regime).await?;
    let keys = FileKeyStore::new(&options.dir);
    let keys = Arc::new(TokenKeys::load(ISSUER, Box::new(keys), now).await?);

    let crowd = Crowd::join(&*store, &event, &regime, options.tickets, options.to_door).await?;
    let epoch = store.snapshot(&event, &regime).await?.epoch;
    crowd.write_queue_tokens(&keys, &event, epoch, &options.dir)?;
    crowd::write_admission_tokens(options.buyers, &keys, &event, &options.dir)?;

    let book = OrderBook::open(&options.dir, QueuePolicy::default())?;
    let gate: Arc<dyn SessionGate> = Arc::new(Door(store.clone()));
    let operator = OperatorCredential::new("measured, not guarded").ok_or("a short credential")?;
    let operators = Operators::new(&operator, None, TrustedProxies::default())?;
    let orders: Arc<dyn OrderStore> = book.clone();
    let order_queue: Arc<dyn OrderQueue> = book.clone();
    let checkout = Checkout::new(
        CheckoutConfig {
            issuer: ISSUER.to_owned(),
            jwks_url: format!("http://{address}/.well-known/jwks.json").parse()?,
        },
        CheckoutParts {
            catalogue: catalogue.clone(),
            store: orders.clone(),
            queue: order_queue.clone(),
            gate: gate.clone(),
            fence: Arc::new(OneRegion),
            operators: operators.clone(),
            auditor: Auditor::of_nothing(),
        },
    );
    let parts = Parts {
        catalogue: catalogue.clone(),
        limits,
        store: store.clone(),
        settings: settings.clone(),
        keys,
        shop: Arc::new(Tills {
            store: orders,
            queue: order_queue,
        }),
        history: Arc::new(MemoryFigureHistory::default()),
        fence: Arc::new(OneRegion),
        operators,
        auditor: Auditor::of_nothing(),
    };
    let gatekeeper = Gatekeeper::start(parts, &tasks, shutdown.clone()).await?;
    let fulfilment = Fulfilment::new(&catalogue, book.clone(), book, gate, Pace::default());
    tasks.spawn(fulfilment::run(fulfilment, shutdown.clone()));
    let stop_watching = shutdown.clone();
    tasks.spawn(async move { settings.watch_file(stop_watching).await });
    tasks.spawn(health::upkeep(metrics.clone(), shutdown.clone()));

    let health = Health {
        backends: Vec::new(),
        shutdown: shutdown.clone(),
        metrics,
    };
    let (warming, until) = (checkout.clone(), shutdown.clone());
    tasks.spawn(async move { until.run_until_cancelled(warming.warm_up()).await });
    let (routes, _): (Router, _) = OpenApiRouter::new()
        .merge(waiting_room::routes(gatekeeper.clone()))
        .merge(checkout.routes())
        .split_for_parts();
    let limits = Limits::default();
    let front = Front::new(routes.merge(health::routes(health)), limits)
        .asking_first(gatekeeper)
        .finishing(site::secure);

    let until = shutdown.clone();
    let ready = async move {
        if options.to_door > 0 {
            wait_for_calls(&*store, &event, &regime).await?;
        }
        tell(&Ready {
            address,
            grown_bytes: crowd.grown_bytes,
        })
    };
    let serving = tokio::spawn(serve::serve(listener, front, shutdown));
    if let Err(error) = ready.await {
        until.cancel();
        return Err(error);
    }
    Ok(serving.await?)
}

/// The store of one event's queue: in the Redis at `redis_url`, or else in this process.
pub(crate) async fn open_store(
    redis_url: Option<&str>,
    dir: &Path,
    event: &EventId,
    regime: &Regime,
) -> Outcome<Arc<dyn QueueStore>> {
    // The store is new: there is nothing to recover, nobody to wait for.
    let recovery = Duration::ZERO;
    if let Some(url) = redis_url {
        let redis = RedisConfig::server(url);
        let events = [event.clone()];
        let store = RedisQueueStore::open(&redis, "bench", recovery, events).await?;
        return Ok(Arc::new(store));
    }
    let regimes = HashMap::from([(event.clone(), regime.clone())]);
    let clock = Arc::new(service_kit::now);
    let store = EmbeddedQueueStore::open(dir, recovery, regimes.iter(), clock)?;
    Ok(Arc::new(store))
}

async fn wait_for_calls(store: &dyn QueueStore, event: &EventId, regime: &Regime) -> Outcome<()> {
    for _ in 0..100 {
        if store.snapshot(event, regime).await?.called >= CALLED_FIRST {
            return Ok(());
        }
        sleep(Duration::from_millis(100)).await;
    }
    Err("too few were called within 10 s".into())
}

/// The events file, with the rate that holds.
pub(crate) fn events(rate_per_minute: u32) -> String {
    format!(
        r#"
        [[event]]
        id = "{EVENT}"
        name = "Aurora, live at the Arena"
        admission_rate_per_minute = {rate_per_minute}
        max_active_sessions = 1000000
        session_seconds = 3600
        call_window_seconds = 600
        offer = [{{ id = "standing", name = "Standing", price_cents = 4500, currency = "EUR", stock = 10000000, max_per_order = 4 }}]
        "#
    )
}
