use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Measures the service under load and prints one table, with the ratio to an axum handler that returns a
/// fixed JSON body in the same run.
#[derive(Clone, Debug, Parser)]
#[command(name = "waiting-room-bench", max_term_width = 100)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) measure: MeasureOptions,
}

/// What is measured.
#[derive(Clone, Debug, Args)]
pub(crate) struct MeasureOptions {
    /// Only these operations
    #[arg(long, value_delimiter = ',', value_name = "OPERATIONS")]
    pub(crate) only: Vec<Operation>,

    /// Only these targets
    #[arg(long, value_delimiter = ',', value_name = "TARGETS")]
    pub(crate) target: Vec<Target>,

    /// How many tickets wait
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "TICKETS",
        default_value = "10000,100000,1000000"
    )]
    pub(crate) waiting: Vec<usize>,

    /// How long each load is measured, in parts of 2 seconds by turns with the plain handler
    #[arg(long, value_name = "SECONDS", default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(crate) seconds: u64,

    /// A first impression: 1 second each, 10,000 tickets
    #[arg(long)]
    pub(crate) quick: bool,

    /// Writes the figures as JSON, too
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

/// What is put under load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub(crate) enum Target {
    /// The whole service, its queue in its own memory
    Embedded,
    /// The whole service, its queue in a redis-server
    Redis,
    /// A program that does the unavoidable work only
    Floor,
}

impl Target {
    /// What the table calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Redis => "Redis",
            Self::Floor => "floor",
        }
    }
}

/// What is asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub(crate) enum Operation {
    /// A waiting fan asks for the status
    Poll,
    /// Somebody looks at the board, and takes it compressed as browsers and CDNs do
    Board,
    /// Somebody looks at the board, and takes it as it is
    BoardIdentity,
    /// A fan joins
    Join,
    /// A fan joins, on 256 connections
    JoinMany,
    /// A called fan comes to the door
    Claim,
    /// An admitted fan orders
    Order,
    /// The poll, each on a connection of its own
    PollAnew,
    /// Joins come at 10,000 a second for 10 seconds, polls go on
    Steady,
    /// The controller's turn and snapshot in the store
    Turn,
}

impl Operation {
    /// What the table calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::PollAnew => "poll, connection each",
            Self::Board => "board, gzip",
            Self::BoardIdentity => "board, identity",
            Self::Join | Self::JoinMany => "join",
            Self::Claim => "claim",
            Self::Order => "order",
            Self::Steady => "steady",
            Self::Turn => "turn",
        }
    }
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves, to be measured; ends with its standard input
    #[command(subcommand, hide = true)]
    Serve(ServeCommand),
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ServeCommand {
    /// The handler that returns a fixed body
    Plain,
    /// The unavoidable work
    Floor(ServeOptions),
    /// The service
    Product(ServeOptions),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ServeOptions {
    /// Where keys, settings and orders are kept, and the tokens are written to
    #[arg(long)]
    pub(crate) dir: PathBuf,
    /// Where the queue is kept; without it in this process
    #[arg(long)]
    pub(crate) redis_url: Option<String>,
    /// How many tickets join before the load begins
    #[arg(long)]
    pub(crate) tickets: usize,
    /// How many of them, the first, are to come to the door; 0: they wait, and few are called
    #[arg(long, default_value_t = 0)]
    pub(crate) to_door: usize,
    /// For how many fans there are admission tokens
    #[arg(long, default_value_t = 0)]
    pub(crate) buyers: usize,
}
