use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use service_kit::{extract::OperatorCredential, telemetry::LogFormat};
use waiting_room_ctl::CtlArgs;
use waiting_room_planner::PlanArgs;

/// Where keys, settings, orders and stock are kept, unless somewhere else is named.
pub const USUAL_DATA_DIR: &str = "waiting-room-data";

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
#[command(version, max_term_width = 100)]
struct Commands {
    #[command(subcommand)]
    command: Command,
}

/// What there is to do besides.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Plans an on-sale: how long it takes, the waits, the requests a second, what drives the cost. Starts
    /// and asks nothing
    Plan(Box<PlanArgs>),
    /// Does from a terminal what an operator can do: status, rate, pause, resume, ...
    Ctl(Box<CtlArgs>),
}

/// The whole on-sale in one process: waiting room, checkout, fulfilment and site. No server, no
/// account, no configuration needed.
#[derive(Clone, Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "Commands besides, each with a --help of its own: plan, which tells how an on-sale will go, and\nctl, which runs one from a terminal"
)]
pub struct Config {
    /// The address to serve on; port 0 picks a free port and prints it
    #[arg(
        long,
        value_name = "ADDR",
        env = "WAITING_ROOM_LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    pub listen: SocketAddr,

    /// Where keys, settings, orders and stock are kept; made if it is not there
    #[arg(
        long,
        value_name = "DIR",
        env = "WAITING_ROOM_DATA_DIR",
        default_value = USUAL_DATA_DIR
    )]
    pub data_dir: PathBuf,

    /// The events file (TOML); without it a demonstration event is on sale
    #[arg(long, value_name = "FILE", env = "WAITING_ROOM_EVENTS")]
    pub events: Option<PathBuf>,

    /// A folder with files that are added to the site, or take the place of its own: themes/EVENT.json,
    /// messages/LANGUAGE.json, a logo in assets/. Read at the start
    #[arg(long, value_name = "DIR", env = "WAITING_ROOM_SITE")]
    pub site: Option<PathBuf>,

    /// What operators sign in with, 16 characters at least; without it one is made and kept in the
    /// data dir
    #[arg(
        long,
        value_name = "SECRET",
        env = "WAITING_ROOM_OPERATOR_CREDENTIAL",
        hide_env_values = true
    )]
    pub operator_credential: Option<String>,

    /// What those sign in with who may look and change nothing, 16 characters at least; without it there
    /// are none
    #[arg(
        long,
        value_name = "SECRET",
        env = "WAITING_ROOM_VIEWER_CREDENTIAL",
        hide_env_values = true,
        value_parser = credential
    )]
    pub viewer_credential: Option<OperatorCredential>,

    /// How many proxies stand in front that each add the address of who called them to X-Forwarded-For;
    /// wrong credentials are counted by that address. Where it is too low, all who come through a proxy
    /// are taken for one
    #[arg(
        long,
        value_name = "COUNT",
        env = "WAITING_ROOM_TRUSTED_PROXIES",
        default_value_t = 0,
        value_parser = clap::value_parser!(u8).range(0..=10)
    )]
    pub trusted_proxies: u8,

    /// How long nobody is called after a restart, while the fans put their tickets back; 0 to 600
    #[arg(
        long,
        value_name = "SECONDS",
        env = "WAITING_ROOM_RECOVERY_SECONDS",
        default_value_t = 10,
        value_parser = clap::value_parser!(u64).range(0..=600)
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

    /// How many connections are served at once; the last fifth are for one request each
    #[arg(
        long,
        value_name = "CONNECTIONS",
        env = "WAITING_ROOM_MAX_CONNECTIONS",
        default_value_t = 20_000,
        value_parser = clap::value_parser!(u64).range(16..=1_000_000)
    )]
    pub max_connections: u64,

    /// Which log lines are written to standard error, in the syntax of RUST_LOG
    #[arg(long, value_name = "FILTER", env = "RUST_LOG", default_value = "info")]
    pub log: String,

    /// How log lines look
    #[arg(
        long,
        value_enum,
        env = "WAITING_ROOM_LOG_FORMAT",
        default_value = "text"
    )]
    pub log_format: LogFormatArg,
}

/// The credential `text`.
///
/// # Errors
/// When it is too short.
pub fn credential(text: &str) -> Result<OperatorCredential, &'static str> {
    OperatorCredential::new(text).ok_or("it has fewer than 16 characters")
}

/// How log lines look.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LogFormatArg {
    /// For a person at a terminal
    Text,
    /// One JSON object a line
    Json,
}

impl From<LogFormatArg> for LogFormat {
    fn from(format: LogFormatArg) -> Self {
        match format {
            LogFormatArg::Text => Self::Text,
            LogFormatArg::Json => Self::Json,
        }
    }
}

impl Config {
    /// How long nobody is called after a restart.
    pub fn recovery(&self) -> Duration {
        Duration::from_secs(self.recovery_seconds)
    }

    /// One turn of the admission controller.
    pub fn tick(&self) -> Duration {
        Duration::from_millis(self.tick_ms)
    }
}
