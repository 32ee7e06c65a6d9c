//! What each program does around its own work.

use std::{io, net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use axum::{Router, body::Bytes, routing::get};
use checkout::BackendError;
use http::header;
use metrics_exporter_prometheus::{BuildError, PrometheusHandle};
use service_kit::{
    front::{Front, Quick},
    health::{self, Health, Probe},
    operator::SameCredential,
    serve::{self, Limits},
    shutdown, telemetry,
    traces::TracesError,
};
use thiserror::Error;
use tokio::{net::TcpListener, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use utoipa::openapi::OpenApi;
use waiting_room::{keys::KeyError, queue_store::ConnectError, room::StartError};
use waiting_room_catalogue::DynamoCatalogueError;

use crate::options::Serving;

/// Why a program ended before it was asked to.
#[derive(Debug, Error)]
pub enum ProgramError {
    /// The address can't be served on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The events can't be read.
    #[error("the events cannot be read")]
    Catalogue(#[from] DynamoCatalogueError),
    /// The table of events is empty.
    #[error("there are no events: fill the table with `waiting-room load-events`")]
    NoEvents,
    /// The keys can't be used.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Operators and viewers could not be told apart.
    #[error(transparent)]
    Credentials(#[from] SameCredential),
    /// The queue store can't be used.
    #[error(transparent)]
    QueueStore(#[from] ConnectError),
    /// The gatekeeper can't start.
    #[error(transparent)]
    Gatekeeper(#[from] StartError),
    /// It does not know in which region it runs.
    #[error("the region is not known: say --region, or set AWS_REGION")]
    Nowhere,
    /// The traces can't be sent.
    #[error(transparent)]
    Traces(#[from] TracesError),
    /// An order backend can't be used.
    #[error(transparent)]
    Shop(#[from] BackendError),
    /// The metrics can't be collected.
    #[error(transparent)]
    Metrics(#[from] BuildError),
    /// Something of the system can't be used.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// How long background work may go on after the last request.
const WIND_UP: Duration = Duration::from_secs(3);

/// Logs and traces as `serving` says, runs `program`, which is called `name`, until Ctrl-C or SIGTERM, and tells how it ended.
pub async fn run_until_signal<F>(
    name: &'static str,
    serving: &Serving,
    program: impl FnOnce(CancellationToken) -> F,
) -> ExitCode
where
    F: Future<Output = Result<(), ProgramError>>,
{
    let outcome = async {
        let (log, format) = (&serving.log, serving.log_format.into());
        let traces = serving.traces();
        let traces = telemetry::init_logs_and_traces(log, format, name, traces.as_ref())?;
        serve::raise_open_files_limit();
        let outcome = program(shutdown::on_signal()?).await;
        if let Some(traces) = traces {
            traces.end().await;
        }
        outcome
    };
    let outcome: Result<(), ProgramError> = outcome.await;
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "it ended");
            ExitCode::FAILURE
        }
    }
}

/// A program that is being put together.
pub(crate) struct Program {
    /// Background work, which is waited for at the end.
    pub(crate) tasks: TaskTracker,
    /// Cancelled when the program is to end.
    pub(crate) shutdown: CancellationToken,
    backends: Vec<(&'static str, Probe)>,
    listener: TcpListener,
    metrics: PrometheusHandle,
    limits: Limits,
}

impl Program {
    /// The program `name` begins to listen, before the rest is ready: connections wait.
    pub(crate) fn start(
        name: &'static str,
        serving: &Serving,
        shutdown: CancellationToken,
    ) -> Result<Self, ProgramError> {
        let metrics = telemetry::init_metrics(name)?;
        let listener = serve::listen(serving.listen).map_err(|source| ProgramError::Listen {
            address: serving.listen,
            source,
        })?;
        let tasks = TaskTracker::new();
        tasks.spawn(health::upkeep(metrics.clone(), shutdown.clone()));
        Ok(Self {
            tasks,
            shutdown,
            backends: Vec::new(),
            listener,
            metrics,
            limits: Limits {
                connections: serving.max_connections as usize,
                ..Limits::default()
            },
        })
    }

    /// Without the backend of this `role` the program is not ready.
    pub(crate) fn needs<T, F>(&mut self, role: &'static str, backend: T, answers: fn(T) -> F)
    where
        T: Clone + Send + Sync + 'static,
        F: Future<Output = bool> + Send + 'static,
    {
        let probe: Probe = Arc::new(move || Box::pin(answers(backend.clone())));
        self.backends.push((role, probe));
    }

    /// Serves `routes`, of which `quick` answers some at once, until the shutdown, then drains.
    pub(crate) async fn serve(
        self,
        routes: Router,
        quick: Option<Arc<dyn Quick>>,
    ) -> Result<(), ProgramError> {
        let health = Health {
            backends: self.backends,
            shutdown: self.shutdown.clone(),
            metrics: self.metrics,
        };
        let routes = routes.merge(health::routes(health));
        let mut front = Front::new(routes, self.limits).finishing(on_sale::site::secure);
        if let Some(quick) = quick {
            front = front.asking_first(quick);
        }
        tracing::info!(address = %self.listener.local_addr()?, "serving");
        serve::serve(self.listener, front, self.shutdown).await;
        self.tasks.close();
        if timeout(WIND_UP, self.tasks.wait()).await.is_err() {
            tracing::warn!(tasks = self.tasks.len(), "background work was cut off");
        }
        Ok(())
    }
}

/// `routes` and the document that describes them.
pub(crate) fn documented((routes, api): (Router, OpenApi)) -> Router {
    let api = Bytes::from(serde_json::to_vec(&api).unwrap_or_default());
    let json = [(header::CONTENT_TYPE, "application/json")];
    routes.route("/openapi.json", get(async move || (json, api)))
}
