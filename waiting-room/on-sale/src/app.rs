use std::{
    collections::HashMap,
    fs,
    io::{self, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use axum::{Router, body::Bytes, extract::Request, routing::get};
use basic_pages::Library;
use checkout::{
    Checkout, CheckoutConfig, CheckoutParts, OrderQueue, OrderStore, QueuePolicy, SessionGate,
    embedded::{self, OrderBook},
    fulfilment::{self, Fulfilment, Pace},
};
use http::{Uri, header, uri::InvalidUri};
use metrics_exporter_prometheus::BuildError;
use service_kit::{
    extract::OperatorCredential,
    front::Front,
    health::{self, Health},
    operator::{Operators, SameCredential, TrustedProxies},
    serve::{self, Limits},
    telemetry,
};
use thiserror::Error;
use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use waiting_room::{
    Gatekeeper,
    history::MemoryFigureHistory,
    keys::{FileKeyStore, KeyError, TokenKeys},
    queue_store::{self, EmbeddedQueueStore, QueueStore, Regime},
    region::OneRegion,
    room::{Parts, RoomLimits, StartError},
    settings::{FileSettings, SettingsSource},
};
use waiting_room_audit::{Auditor, FileAuditLog};
use waiting_room_catalogue::{Catalogue, CatalogueErrors};

use crate::{
    adapters::{Door, Tills},
    config::Config,
    data_dir::{DataDir, DataDirError},
    site::{self, Site},
};

/// Why the on-sale ended before it was asked to.
#[derive(Debug, Error)]
pub enum RunError {
    /// The data dir can't be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// Operators and viewers could not be told apart.
    #[error(transparent)]
    Credentials(#[from] SameCredential),
    /// The events file can't be read.
    #[error("the events file {path} cannot be read")]
    EventsFile {
        /// Its path.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The events file has mistakes.
    #[error("the events are not usable:\n{0}")]
    Events(#[from] CatalogueErrors),
    /// The address can't be served on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The keys can't be used.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The queue store can't be opened.
    #[error(transparent)]
    Queue(#[from] queue_store::OpenError),
    /// The order book can't be opened.
    #[error(transparent)]
    Orders(#[from] embedded::OpenError),
    /// The gatekeeper can't start.
    #[error(transparent)]
    Gatekeeper(#[from] StartError),
    /// The metrics can't be collected.
    #[error(transparent)]
    Metrics(#[from] BuildError),
    /// The process's own address is none.
    #[error(transparent)]
    Address(#[from] InvalidUri),
    /// The audit log can't be used.
    #[error("the audit log cannot be used")]
    AuditLog(#[source] io::Error),
    /// The folder with files of the site can't be read.
    #[error("the files of the site in {path} cannot be read")]
    Site {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The settings file, or something else of the system, can't be used.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Whom the tokens name as their issuer.
const ISSUER: &str = "waiting-room";

/// How long background work may go on after the last request.
const WIND_UP: Duration = Duration::from_secs(2);

#[derive(OpenApi)]
#[openapi(info(
    title = "Waiting Room",
    description = "A virtual waiting room, its checkout and its operator's controls. Errors are RFC 9457 problems with a stable type."
))]
struct Api;

/// Runs the whole on-sale until `shutdown`.
///
/// # Errors
/// When something that it needs can't be used, as [`RunError`] says.
pub async fn run(config: Config, shutdown: CancellationToken) -> Result<(), RunError> {
    let now = service_kit::now();
    let data_dir = DataDir::open(&config.data_dir)?;
    let credential = data_dir.operator_credential(config.operator_credential.as_deref())?;
    let proxies = TrustedProxies(config.trusted_proxies);
    let operators = Operators::new(&credential, config.viewer_credential.as_ref(), proxies)?;
    let catalogue = Arc::new(Catalogue::parse(&events_text(&config)?, now)?);
    let metrics = telemetry::init_metrics("on-sale")?;
    checkout::describe_metrics();
    let site = open_site(&config)?;
    let listener = serve::listen(config.listen).map_err(|source| RunError::Listen {
        address: config.listen,
        source,
    })?;
    let address = listener.local_addr()?;
    let tasks = TaskTracker::new();

    let log = FileAuditLog::open(data_dir.path()).map_err(RunError::AuditLog)?;
    let auditor = Auditor::new(Arc::new(log));
    let settings = Arc::new(FileSettings::open(
        data_dir.path(),
        catalogue
            .events()
            .iter()
            .map(|event| (&event.id, &event.initial_settings)),
        now,
        auditor.clone(),
    )?);
    let limits = RoomLimits {
        tick: config.tick(),
        capacity: config.queue_capacity as usize,
    };
    let queue: Arc<dyn QueueStore> = Arc::new(open_queue(
        &config, &data_dir, &catalogue, limits, &settings,
    )?);
    let book = OrderBook::open(data_dir.path(), QueuePolicy::default())?;
    let gate: Arc<dyn SessionGate> = Arc::new(Door(queue.clone()));
    let checkout = open_checkout(address, &catalogue, &book, &gate, (&operators, &auditor))?;

    let keys = FileKeyStore::new(data_dir.path());
    let parts = Parts {
        catalogue: catalogue.clone(),
        limits,
        store: queue.clone(),
        settings: settings.clone(),
        keys: Arc::new(TokenKeys::load(ISSUER, Box::new(keys), now).await?),
        shop: Arc::new(Tills {
            store: book.clone(),
            queue: book.clone(),
        }),
        history: Arc::new(MemoryFigureHistory::default()),
        fence: Arc::new(OneRegion),
        operators,
        auditor: auditor.clone(),
    };
    let gatekeeper = Gatekeeper::start(parts, &tasks, shutdown.clone()).await?;
    let fulfilment = Fulfilment::new(
        &catalogue,
        book.clone(),
        book.clone(),
        gate,
        Pace::default(),
    );
    tasks.spawn(fulfilment::run(fulfilment, shutdown.clone()));
    let until = shutdown.clone();
    tasks.spawn(async move { auditor.run(until).await });
    let stop_watching = shutdown.clone();
    tasks.spawn(async move { settings.watch_file(stop_watching).await });
    tasks.spawn(health::upkeep(metrics.clone(), shutdown.clone()));

    let health = Health {
        backends: vec![
            (
                "queue-store",
                probe(queue, |queue| async move { queue.ready().await.is_ok() }),
            ),
            (
                "order-store",
                probe(checkout.clone(), |shop| async move {
                    shop.check().await.is_ok()
                }),
            ),
        ],
        shutdown: shutdown.clone(),
        metrics,
    };
    let (warming, until) = (checkout.clone(), shutdown.clone());
    tasks.spawn(async move { until.run_until_cancelled(warming.warm_up()).await });
    let limits = Limits {
        connections: config.max_connections as usize,
        ..Limits::default()
    };
    let routes = all_routes(gatekeeper.clone(), &checkout).merge(health::routes(health));
    let front = Front::new(
        routes.fallback(move |request: Request| async move { site.serve(&request) }),
        limits,
    )
    .asking_first(gatekeeper)
    .finishing(site::secure);
    print_where_to_go(address, &credential, &config);
    serve::serve(listener, front, shutdown).await;

    tasks.close();
    if timeout(WIND_UP, tasks.wait()).await.is_err() {
        tracing::warn!(tasks = tasks.len(), "background work was cut off");
    }
    Ok(())
}

fn events_text(config: &Config) -> Result<String, RunError> {
    match &config.events {
        Some(path) => fs::read_to_string(path).map_err(|source| RunError::EventsFile {
            path: path.clone(),
            source,
        }),
        None => Ok(include_str!("demo-events.toml").to_owned()),
    }
}

fn open_site(config: &Config) -> Result<Arc<Site>, RunError> {
    let site = match &config.site {
        Some(path) => Site::with_folder(path).map_err(|source| RunError::Site {
            path: path.clone(),
            source,
        })?,
        None => Site::default(),
    };
    // The pages that the services render speak and wear what the site's own do.
    Library::built_in().with(site.added()).install();
    Ok(Arc::new(site))
}

fn open_queue(
    config: &Config,
    data_dir: &DataDir,
    catalogue: &Catalogue,
    limits: RoomLimits,
    settings: &FileSettings,
) -> Result<EmbeddedQueueStore, RunError> {
    let regimes: HashMap<_, _> = catalogue
        .events()
        .iter()
        .map(|event| {
            let settings = settings.watch(&event.id).map_or_else(
                || event.initial_settings.clone(),
                |view| view.borrow().settings.clone(),
            );
            (
                event.id.clone(),
                Regime {
                    rules: limits.rules(event),
                    settings,
                },
            )
        })
        .collect();
    let clock = Arc::new(service_kit::now);
    Ok(EmbeddedQueueStore::open(
        data_dir.path(),
        config.recovery(),
        regimes.iter(),
        clock,
    )?)
}

fn open_checkout(
    address: SocketAddr,
    catalogue: &Arc<Catalogue>,
    book: &Arc<OrderBook>,
    gate: &Arc<dyn SessionGate>,
    (operators, auditor): (&Operators, &Auditor),
) -> Result<Checkout, RunError> {
    // Checkout learns the keys as a shop elsewhere would: from the published set.
    let jwks_url: Uri = format!("http://{}/.well-known/jwks.json", reachable(address)).parse()?;
    let store: Arc<dyn OrderStore> = book.clone();
    let queue: Arc<dyn OrderQueue> = book.clone();
    let parts = CheckoutParts {
        catalogue: catalogue.clone(),
        store,
        queue,
        gate: gate.clone(),
        fence: Arc::new(OneRegion),
        operators: operators.clone(),
        auditor: auditor.clone(),
    };
    Ok(Checkout::new(
        CheckoutConfig {
            issuer: ISSUER.to_owned(),
            jwks_url,
        },
        parts,
    ))
}

fn all_routes(gatekeeper: Arc<Gatekeeper>, checkout: &Checkout) -> Router {
    let (routes, api) = OpenApiRouter::with_openapi(Api::openapi())
        .merge(waiting_room::routes(gatekeeper))
        .merge(checkout.routes())
        .split_for_parts();
    let api = Bytes::from(serde_json::to_vec(&api).unwrap_or_default());
    let json = [(header::CONTENT_TYPE, "application/json")];
    routes.route("/openapi.json", get(async move || (json, api)))
}

fn probe<T, F>(backend: T, ask: fn(T) -> F) -> health::Probe
where
    T: Clone + Send + Sync + 'static,
    F: Future<Output = bool> + Send + 'static,
{
    Arc::new(move || Box::pin(ask(backend.clone())))
}

/// Where this process reaches itself when it serves on `address`.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, address.port())
}

fn print_where_to_go(address: SocketAddr, operator: &OperatorCredential, config: &Config) {
    let base = format!("http://{}", reachable(address));
    // What was given is known already, and does not belong in a container's log.
    let credential = match config.operator_credential {
        Some(_) => "(as given)",
        None => operator.reveal(),
    };
    // Nobody may be reading: that is no reason not to serve.
    let _ = writeln!(
        io::stdout(),
        "The waiting room is open.\n\n  \
         home      {base}/\n  \
         console   {base}/console.html\n  \
         operator  {}\n  \
         data      {}\n  \
         stop      Ctrl-C",
        credential,
        config.data_dir.display(),
    );
}
