//! The program `fulfilment`.

use axum::Router;
use checkout::fulfilment::{self, Fulfilment, Pace};
use clap::Parser;
use tokio_util::sync::CancellationToken;

use crate::{
    aws,
    options::{CatalogueTable, Serving, Shop},
    program::{Program, ProgramError},
    shop::{self, ShopBackends},
};

/// Fulfilment: takes orders off the queue, reserves their stock and settles them; sweeps up what was left
/// half done. Serves nothing but its health and metrics.
///
/// AWS region, credentials and endpoints come from the SDK's own variables (AWS_REGION, AWS_ENDPOINT_URL, ...).
#[derive(Clone, Debug, Parser)]
#[command(name = "fulfilment", version, max_term_width = 100)]
pub struct Config {
    /// How it serves
    #[command(flatten)]
    pub serving: Serving,
    /// The events
    #[command(flatten)]
    pub catalogue: CatalogueTable,
    /// Orders and messages
    #[command(flatten)]
    pub shop: Shop,
}

/// Runs it until `shutdown`.
///
/// # Errors
/// When something that it needs can't be used, as [`ProgramError`] says.
pub async fn run(config: Config, shutdown: CancellationToken) -> Result<(), ProgramError> {
    let mut program = Program::start("fulfilment", &config.serving, shutdown)?;
    checkout::describe_metrics();
    let aws = aws::config().await;
    let catalogue = shop::catalogue(&aws, &config.catalogue).await?;
    let backends = ShopBackends::open(&aws, &config.shop).await?;
    backends.are_needed_by(&mut program);
    let fulfilment = Fulfilment::new(
        &catalogue,
        backends.store,
        backends.queue,
        backends.gate,
        Pace::default(),
    );
    program
        .tasks
        .spawn(fulfilment::run(fulfilment, program.shutdown.clone()));
    program.serve(Router::new(), None).await
}
