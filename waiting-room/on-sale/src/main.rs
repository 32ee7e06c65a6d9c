//! The whole on-sale with one command: waiting room, checkout, fulfilment and site in one process, on
//! backends that need no server.

use std::process::ExitCode;

use clap::Parser;
use on_sale::{Config, run};
use service_kit::{serve, shutdown, telemetry};

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    telemetry::init_logs(&config.log, config.log_format.into());
    serve::raise_open_files_limit();
    let outcome = match shutdown::on_signal() {
        Ok(shutdown) => run(config, shutdown).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the on-sale ended"
            );
            ExitCode::FAILURE
        }
    }
}
