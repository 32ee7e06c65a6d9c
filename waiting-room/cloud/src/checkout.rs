//! The program `checkout`.

use axum::Router;
use checkout::{Checkout, CheckoutConfig, CheckoutParts};
use clap::Parser;
use http::Uri;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    aws,
    options::{CatalogueTable, Here, Operator, Serving, Shop},
    program::{Program, ProgramError, documented},
    region,
    shop::{self, ShopBackends},
};

/// Checkout: takes the orders of admitted fans, writes them down and puts them on the order queue.
///
/// AWS region, credentials and endpoints come from the SDK's own variables (AWS_REGION, AWS_ENDPOINT_URL, ...).
#[derive(Clone, Debug, Parser)]
#[command(name = "checkout", version, max_term_width = 100)]
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
    /// Orders and messages
    #[command(flatten)]
    pub shop: Shop,
    /// Where it runs
    #[command(flatten)]
    pub here: Here,

    /// Where the waiting room publishes the keys of admission tokens; http or https
    #[arg(long, value_name = "URL", env = "WAITING_ROOM_JWKS_URL")]
    pub jwks_url: Uri,

    /// Whom admission tokens name as their issuer
    #[arg(
        long,
        value_name = "NAME",
        env = "WAITING_ROOM_ISSUER",
        default_value = "waiting-room"
    )]
    pub issuer: String,
}

/// Runs it until `shutdown`.
///
/// # Errors
/// When something that it needs can't be used, as [`ProgramError`] says.
pub async fn run(config: Config, shutdown: CancellationToken) -> Result<(), ProgramError> {
    let mut program = Program::start("checkout", &config.serving, shutdown)?;
    checkout::describe_metrics();
    let aws = aws::config().await;
    let catalogue = shop::catalogue(&aws, &config.catalogue).await?;
    let backends = ShopBackends::open(&aws, &config.shop).await?;
    let fence = region::fence(&aws, &config.here, &config.shop, &mut program).await?;
    let checkout = Checkout::new(
        CheckoutConfig {
            issuer: config.issuer,
            jwks_url: config.jwks_url,
        },
        CheckoutParts {
            catalogue,
            store: backends.store.clone(),
            queue: backends.queue.clone(),
            gate: backends.gate.clone(),
            fence,
            operators: config.operator.operators()?,
            auditor: config.operator.auditor(&aws, &program),
        },
    );
    backends.are_needed_by(&mut program);
    let (warming, until) = (checkout.clone(), program.shutdown.clone());
    program
        .tasks
        .spawn(async move { until.run_until_cancelled(warming.warm_up()).await });
    let routes: Router = documented(
        OpenApiRouter::new()
            .merge(checkout.routes())
            .split_for_parts(),
    );
    program.serve(routes, None).await
}
