//! Flags that several programs share, each with its twin in the environment.

use std::{net::SocketAddr, sync::Arc};

use aws_config::SdkConfig;
use clap::Args;
use http::Uri;
use on_sale::{LogFormatArg, credential};
use service_kit::{
    extract::OperatorCredential,
    operator::{Operators, SameCredential, TrustedProxies},
    traces::TracesConfig,
};
use waiting_room_audit::{Auditor, DynamoAuditLog};
use waiting_room_region::Region;

use crate::program::Program;

/// How a program serves and what it logs.
#[derive(Clone, Debug, Args)]
pub struct Serving {
    /// The address to serve on; port 0 picks a free port and logs it
    #[arg(
        long,
        value_name = "ADDR",
        env = "WAITING_ROOM_LISTEN",
        default_value = "0.0.0.0:8080"
    )]
    pub listen: SocketAddr,

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
        default_value = "json"
    )]
    pub log_format: LogFormatArg,

    /// An OpenTelemetry collector that takes OTLP over HTTP (http or https; /v1/traces is added): spans of some requests
    /// are sent there. Without it none are made
    #[arg(long, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<Uri>,

    /// The share of requests of which spans are made, 0 to 1. A request that says that it is traced has its trace
    /// continued, but is drawn as any other
    #[arg(
        long,
        value_name = "SHARE",
        env = "OTEL_TRACES_SAMPLER_ARG",
        default_value_t = 0.01,
        value_parser = share
    )]
    pub traces_ratio: f64,
}

impl Serving {
    /// Where spans go, if anywhere.
    pub fn traces(&self) -> Option<TracesConfig> {
        let endpoint = self.otlp_endpoint.clone()?;
        Some(TracesConfig {
            endpoint,
            ratio: self.traces_ratio,
        })
    }
}

fn share(text: &str) -> Result<f64, &'static str> {
    let share = text.parse().ok();
    let share = share.filter(|share| (0.0..=1.0).contains(share));
    share.ok_or("it is not a number from 0 to 1")
}

/// Where the events are.
#[derive(Clone, Debug, Args)]
pub struct CatalogueTable {
    /// The DynamoDB table of the events; `waiting-room load-events` fills it
    #[arg(long, value_name = "TABLE", env = "WAITING_ROOM_CATALOGUE_TABLE")]
    pub catalogue_table: String,
}

/// Where orders are kept and what travels between the programs.
#[derive(Clone, Debug, Args)]
pub struct Shop {
    /// The DynamoDB table of orders, stock and ended sessions
    #[arg(long, value_name = "TABLE", env = "WAITING_ROOM_ORDERS_TABLE")]
    pub orders_table: String,

    /// The SQS queue of orders to settle
    #[arg(long, value_name = "URL", env = "WAITING_ROOM_ORDER_QUEUE_URL")]
    pub order_queue_url: String,

    /// The SQS queue of orders that could not be settled
    #[arg(long, value_name = "URL", env = "WAITING_ROOM_DEAD_LETTER_QUEUE_URL")]
    pub dead_letter_queue_url: String,

    /// The SQS queue by which checkout and fulfilment give sessions back to the waiting room
    #[arg(
        long,
        value_name = "URL",
        env = "WAITING_ROOM_ENDED_SESSIONS_QUEUE_URL"
    )]
    pub ended_sessions_queue_url: String,
}

/// Where it runs.
#[derive(Clone, Debug, Args)]
pub struct Here {
    /// The region it runs in, as the control item in the table of orders names regions: while that names another
    /// one, nobody is admitted and no orders are taken here. Without such an item there is one region
    #[arg(long, value_name = "REGION", env = "AWS_REGION")]
    pub region: Option<Region>,
}

/// What operators sign in with.
#[derive(Clone, Debug, Args)]
pub struct Operator {
    /// What operators sign in with, 16 characters at least: sent as a bearer token, or in the header
    /// X-Operator-Credential where something in front takes Authorization for itself
    #[arg(
        long,
        value_name = "SECRET",
        env = "WAITING_ROOM_OPERATOR_CREDENTIAL",
        hide_env_values = true,
        value_parser = credential
    )]
    pub operator_credential: OperatorCredential,

    /// What those sign in with who may look and change nothing, 16 characters at least; without it there are none
    #[arg(
        long,
        value_name = "SECRET",
        env = "WAITING_ROOM_VIEWER_CREDENTIAL",
        hide_env_values = true,
        value_parser = credential
    )]
    pub viewer_credential: Option<OperatorCredential>,

    /// How many proxies stand in front that each add the address of who called them to X-Forwarded-For; wrong
    /// credentials are counted by that address. Where it is too low, all who come through a proxy are taken for one
    #[arg(
        long,
        value_name = "COUNT",
        env = "WAITING_ROOM_TRUSTED_PROXIES",
        default_value_t = 0,
        value_parser = clap::value_parser!(u8).range(0..=10)
    )]
    pub trusted_proxies: u8,

    /// The DynamoDB table of the audit log: what operators did
    #[arg(long, value_name = "TABLE", env = "WAITING_ROOM_AUDIT_TABLE")]
    pub audit_table: String,
}

impl Operator {
    /// Who keeps what they did; writes what is left in the background of `program`.
    pub(crate) fn auditor(&self, config: &SdkConfig, program: &Program) -> Auditor {
        let client = aws_sdk_dynamodb::Client::new(config);
        let auditor = Auditor::new(Arc::new(DynamoAuditLog::new(client, &self.audit_table)));
        let (running, until) = (auditor.clone(), program.shutdown.clone());
        program.tasks.spawn(async move { running.run(until).await });
        auditor
    }

    /// Those who operate.
    ///
    /// # Errors
    /// When operators and viewers could not be told apart.
    pub fn operators(&self) -> Result<Operators, SameCredential> {
        let proxies = TrustedProxies(self.trusted_proxies);
        Operators::new(
            &self.operator_credential,
            self.viewer_credential.as_ref(),
            proxies,
        )
    }
}
