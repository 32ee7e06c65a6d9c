//! The program `waiting-room`.

mod commands;

use std::{path::PathBuf, sync::Arc, time::Duration};

use aws_config::SdkConfig;
use axum::Router;
use clap::{CommandFactory, Parser, Subcommand};
use on_sale::adapters::Tills;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use waiting_room::{
    Gatekeeper,
    aws::ended_sessions,
    history::RedisFigureHistory,
    keys::{SecretsManagerKeyStore, TokenKeys, random_bytes},
    queue_store::{QueueStore, RedisConfig, RedisQueueStore},
    room::{Parts, RoomLimits},
    settings::{ParameterAudit, SsmSettings},
};
use waiting_room_core::SessionId;
use waiting_room_ctl::CtlArgs;
use waiting_room_planner::PlanArgs;

use crate::{
    aws,
    failover::FailoverArgs,
    options::{CatalogueTable, Here, Operator, Serving, Shop},
    program::{Program, ProgramError, documented},
    region,
    shop::{self, ShopBackends},
};

pub use self::commands::{CommandError, run as run_command};

/// What the program is asked to do.
#[derive(Clone, Debug)]
pub enum Invocation {
    /// To serve.
    Serve(Box<Config>),
    /// Something else.
    Do(Command),
}

impl Invocation {
    /// What the command line and the environment ask for; ends the program with its help or with what is
    /// wrong with them.
    pub fn parse() -> Self {
        let first = std::env::args().nth(1).unwrap_or_default();
        if Commands::command().find_subcommand(&first).is_some() {
            Self::Do(Commands::parse().command)
        } else {
            Self::Serve(Box::new(Config::parse()))
        }
    }
}

#[derive(Parser)]
#[command(name = "waiting-room", version, max_term_width = 100)]
struct Commands {
    #[command(subcommand)]
    command: Command,
}

/// What there is to do besides.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Puts the events of an events file into the table of events
    LoadEvents {
        /// The table
        #[command(flatten)]
        table: CatalogueTable,
        /// Takes events out of the table that are not in the file
        #[arg(long)]
        prune: bool,
        /// The events file (TOML)
        file: PathBuf,
    },
    /// Makes tables and queues where no infrastructure code does, in an AWS emulator, and prints the
    /// environment that the programs need to find them
    CreateBackends {
        /// What the names begin with
        #[arg(long, value_name = "NAME", default_value = "waiting-room")]
        name: String,
    },
    /// Makes another region the active one: the button, for processes of one's own. In the cloud the automation
    /// document does the same
    Failover(Box<FailoverArgs>),
    /// Plans an on-sale: how long it takes, the waits, the requests a second, what drives the cost. Needs no
    /// environment and asks nobody
    Plan(Box<PlanArgs>),
    /// Does from a terminal what an operator can do: status, rate, pause, resume, ...
    Ctl(Box<CtlArgs>),
}

/// The gatekeeper: gives fans their places, shows the board, calls and admits them at the operator's rate.
///
/// AWS region, credentials and endpoints come from the SDK's own variables (AWS_REGION, AWS_ENDPOINT_URL, ...).
#[derive(Clone, Debug, Parser)]
#[command(
    name = "waiting-room",
    version,
    max_term_width = 100,
    after_help = "Commands besides, each with a --help of its own: load-events, create-backends, failover,\n\
                  plan, ctl"
)]
pub struct Config {
    /// How it serves
    #[command(flatten)]
    pub serving: Serving,
    /// What operators sign in with
    #[command(flatten)]
    pub operator: Operator,
    /// The events
    #[command(flatten)]
    pub catalogue: CatalogueTable,
    /// The shop behind the door
    #[command(flatten)]
    pub shop: Shop,
    /// Where it runs
    #[command(flatten)]
    pub here: Here,

    /// The queue store: redis://, or rediss:// for TLS, with user and password where there are any; of a
    /// cluster one or more nodes, separated by commas
    #[arg(
        long,
        value_name = "URL",
        env = "WAITING_ROOM_REDIS_URL",
        hide_env_values = true,
        value_delimiter = ',',
        required = true
    )]
    pub redis_url: Vec<String>,

    /// The queue store is a cluster
    #[arg(long, env = "WAITING_ROOM_REDIS_CLUSTER")]
    pub redis_cluster: bool,

    /// A PEM file with the authorities to trust for the queue store instead of the public ones
    #[arg(long, value_name = "FILE", env = "WAITING_ROOM_REDIS_AUTHORITIES")]
    pub redis_authorities: Option<PathBuf>,

    /// How long a command of the queue store may take, in milliseconds; 100 to 10000
    #[arg(
        long,
        value_name = "MS",
        env = "WAITING_ROOM_REDIS_TIMEOUT_MS",
        default_value_t = 2_000,
        value_parser = clap::value_parser!(u64).range(100..=10_000)
    )]
    pub redis_timeout_ms: u64,

    /// The secret in Secrets Manager that holds the signing keys; they are made if it is empty
    #[arg(
        long,
        value_name = "SECRET",
        env = "WAITING_ROOM_KEYS_SECRET",
        default_value = "waiting-room/keys"
    )]
    pub keys_secret: String,

    /// What the names of the settings' parameters begin with
    #[arg(
        long,
        value_name = "PATH",
        env = "WAITING_ROOM_SETTINGS_PREFIX",
        default_value = "/waiting-room"
    )]
    pub settings_prefix: String,

    /// Whom tokens name as their issuer
    #[arg(
        long,
        value_name = "NAME",
        env = "WAITING_ROOM_ISSUER",
        default_value = "waiting-room"
    )]
    pub issuer: String,

    /// How long nobody is called after the queue store lost something, while the fans put their tickets
    /// back; 5 to 600
    #[arg(
        long,
        value_name = "SECONDS",
        env = "WAITING_ROOM_RECOVERY_SECONDS",
        default_value_t = 15,
        value_parser = clap::value_parser!(u64).range(5..=600)
    )]
    pub recovery_seconds: u64,

    /// One turn of the admission controller, in milliseconds; 100 to 5000
    #[arg(
        long,
        value_name = "MS",
        env = "WAITING_ROOM_TICK_MS",
        default_value_t = 1_000,
        value_parser = clap::value_parser!(u64).range(100..=5_000)
    )]
    pub tick_ms: u64,

    /// How many tickets one event's queue holds at most
    #[arg(
        long,
        value_name = "TICKETS",
        env = "WAITING_ROOM_QUEUE_CAPACITY",
        default_value_t = 5_000_000,
        value_parser = clap::value_parser!(u64).range(1..=100_000_000)
    )]
    pub queue_capacity: u64,
}

impl Config {
    fn redis(&self) -> RedisConfig {
        RedisConfig {
            urls: self.redis_url.clone(),
            cluster: self.redis_cluster,
            authorities: self.redis_authorities.clone(),
            timeout: Duration::from_millis(self.redis_timeout_ms),
            ..RedisConfig::server("")
        }
    }
}

/// Serves until `shutdown`.
///
/// # Errors
/// When something that it needs can't be used, as [`ProgramError`] says.
pub async fn run(config: Config, shutdown: CancellationToken) -> Result<(), ProgramError> {
    let mut program = Program::start("waiting-room", &config.serving, shutdown)?;
    let aws = aws::config().await;
    let catalogue = shop::catalogue(&aws, &config.catalogue).await?;
    let backends = ShopBackends::open(&aws, &config.shop).await?;
    let now = service_kit::now();

    let auditor = config.operator.auditor(&aws, &program);
    let fence = region::fence(&aws, &config.here, &config.shop, &mut program).await?;
    let events = catalogue.events().iter();
    let settings = SsmSettings::open(
        aws_sdk_ssm::Client::new(&aws),
        &config.settings_prefix,
        events
            .clone()
            .map(|event| (&event.id, &event.initial_settings)),
        now,
    );
    let settings = Arc::new(settings.await.audited(ParameterAudit {
        auditor: auditor.clone(),
        region: region::of(&aws, &config.here)?.to_string(),
        fence: fence.clone(),
    }));
    let instance = SessionId::from_bytes(random_bytes()).to_string();
    let recovery = Duration::from_secs(config.recovery_seconds);
    let ids = events.map(|event| event.id.clone());
    let store = RedisQueueStore::open(&config.redis(), instance, recovery, ids).await?;
    let store: Arc<dyn QueueStore> = Arc::new(store);
    let keys = Arc::new(open_keys(&config, &aws).await?);
    let parts = Parts {
        catalogue,
        limits: RoomLimits {
            tick: Duration::from_millis(config.tick_ms),
            capacity: config.queue_capacity as usize,
        },
        store: store.clone(),
        settings: settings.clone(),
        keys: keys.clone(),
        shop: Arc::new(Tills {
            store: backends.store,
            queue: backends.queue,
        }),
        history: Arc::new(RedisFigureHistory::open(&config.redis()).await?),
        fence,
        operators: config.operator.operators()?,
        auditor,
    };
    let (tasks, shutdown) = (program.tasks.clone(), program.shutdown.clone());
    let gatekeeper = Gatekeeper::start(parts, &tasks, shutdown.clone()).await?;

    let (polled, until) = (settings.clone(), shutdown.clone());
    tasks.spawn(async move { polled.watch_parameters(until).await });
    let until = shutdown.clone();
    tasks.spawn(async move { keys.watch(until).await });
    tasks.spawn(ended_sessions::run(
        aws_sdk_sqs::Client::new(&aws),
        config.shop.ended_sessions_queue_url.clone(),
        store.clone(),
        shutdown,
    ));
    program.needs("queue-store", store, |store| async move {
        store.ready().await.is_ok()
    });
    program.needs(
        "settings",
        settings,
        |settings| async move { settings.ready() },
    );
    let routes = OpenApiRouter::new().merge(waiting_room::routes(gatekeeper.clone()));
    let routes: Router = documented(routes.split_for_parts());
    program.serve(routes, Some(gatekeeper)).await
}

async fn open_keys(config: &Config, aws: &SdkConfig) -> Result<TokenKeys, ProgramError> {
    let secrets = aws_sdk_secretsmanager::Client::new(aws);
    let store = SecretsManagerKeyStore::new(secrets, &config.keys_secret);
    let now = service_kit::now();
    Ok(TokenKeys::load(&config.issuer, Box::new(store), now).await?)
}
