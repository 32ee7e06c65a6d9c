//! What `waiting-room` does besides serving.

use std::{fs, io, path::PathBuf, process::ExitCode};

use aws_config::SdkConfig;
use aws_sdk_sqs::{error::SdkError, operation::create_queue::CreateQueueError};
use checkout::{
    BackendError, QueuePolicy,
    aws::{create_queues, create_table as create_orders_table},
};
use thiserror::Error;
use waiting_room_audit::DynamoAuditLog;
use waiting_room_catalogue::{DynamoCatalogue, DynamoCatalogueError, Loaded, Others};
use waiting_room_ctl::CtlError;
use waiting_room_planner::PlanError;

use super::Command;
use crate::{
    aws,
    failover::{self, FailoverError},
};

/// Why a command failed.
#[derive(Debug, Error)]
pub enum CommandError {
    /// The events file can't be read.
    #[error("the events file {path} cannot be read")]
    EventsFile {
        /// Its path.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The events have mistakes, or their table can't be used.
    #[error(transparent)]
    Catalogue(#[from] DynamoCatalogueError),
    /// The shop's tables and queues can't be made.
    #[error(transparent)]
    Shop(#[from] BackendError),
    /// The table of the audit log can't be made.
    #[error(transparent)]
    Audit(#[from] waiting_room_audit::Unavailable),
    /// The queue of ended sessions can't be made.
    #[error("the queue of ended sessions cannot be made")]
    EndedSessions(#[source] Box<SdkError<CreateQueueError>>),
    /// The other region is not the active one, or not wholly.
    #[error(transparent)]
    Failover(#[from] FailoverError),
    /// There is no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// What the operator asked for was not done.
    #[error(transparent)]
    Ctl(#[from] CtlError),
}

impl CommandError {
    /// What the program ends with.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Failover(error) => error.exit_status().into(),
            Self::Ctl(error) => error.exit_status().into(),
            _ => ExitCode::FAILURE,
        }
    }
}

/// Does what `command` says, and tells what it did; what takes long is told as it goes, and then nothing.
///
/// # Errors
/// As [`CommandError`] says; an events file with a mistake changes nothing.
pub async fn run(command: Command) -> Result<String, CommandError> {
    match command {
        Command::LoadEvents { table, prune, file } => {
            let aws = aws::config().await;
            let text = fs::read_to_string(&file)
                .map_err(|source| CommandError::EventsFile { path: file, source })?;
            let others = if prune { Others::Remove } else { Others::Keep };
            let table = catalogue(&aws, &table.catalogue_table);
            Ok(told(&table.load(&text, service_kit::now(), others).await?))
        }
        Command::CreateBackends { name } => create_backends(&aws::config().await, &name).await,
        Command::Failover(args) => {
            failover::run(&args, io::stdout()).await?;
            Ok(format!("{} is the active region", args.to))
        }
        Command::Ctl(args) => {
            waiting_room_ctl::run(*args, None, &mut io::stdout()).await?;
            Ok(String::new())
        }
        Command::Plan(args) => {
            let mut plan = Vec::new();
            waiting_room_planner::run(&args, &mut plan)?;
            Ok(String::from_utf8_lossy(&plan).trim_end().to_owned())
        }
    }
}

async fn create_backends(aws: &SdkConfig, name: &str) -> Result<String, CommandError> {
    let (events, orders) = (format!("{name}-events"), format!("{name}-orders"));
    catalogue(aws, &events).create_table().await?;
    let dynamodb = aws_sdk_dynamodb::Client::new(aws);
    create_orders_table(&dynamodb, &orders).await?;
    let audit = format!("{name}-audit");
    let log = DynamoAuditLog::new(dynamodb, &audit);
    log.create_table().await?;
    let sqs = aws_sdk_sqs::Client::new(aws);
    let queues = create_queues(&sqs, &orders, QueuePolicy::default()).await?;
    let ended = sqs
        .create_queue()
        .queue_name(format!("{name}-ended-sessions"));
    let ended = ended.send().await;
    let ended = ended.map_err(|error| CommandError::EndedSessions(Box::new(error)))?;
    let ended = ended.queue_url.unwrap_or_default();
    let environment = [
        ("WAITING_ROOM_CATALOGUE_TABLE", events),
        ("WAITING_ROOM_ORDERS_TABLE", orders),
        ("WAITING_ROOM_AUDIT_TABLE", audit),
        ("WAITING_ROOM_ORDER_QUEUE_URL", queues.orders),
        ("WAITING_ROOM_DEAD_LETTER_QUEUE_URL", queues.dead_letters),
        ("WAITING_ROOM_ENDED_SESSIONS_QUEUE_URL", ended),
    ];
    let lines = environment.map(|(name, value)| format!("{name}={value}"));
    Ok(lines.join("\n"))
}

fn catalogue(aws: &SdkConfig, table: &str) -> DynamoCatalogue {
    DynamoCatalogue::new(aws_sdk_dynamodb::Client::new(aws), table)
}

fn told(loaded: &Loaded) -> String {
    let listed = |what: &str, events: &[String]| match events {
        [] => String::new(),
        events => format!("{what}: {}\n", events.join(", ")),
    };
    let lines = listed("loaded", &loaded.written)
        + &listed("removed", &loaded.removed)
        + &listed("kept, though the file has them not", &loaded.kept);
    lines.trim_end().to_owned()
}
