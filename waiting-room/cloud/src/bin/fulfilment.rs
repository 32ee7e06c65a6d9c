//! `fulfilment`; `cloud::fulfilment` says what it does.

use std::process::ExitCode;

use clap::Parser;
use cloud::fulfilment::{Config, run};

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    let serving = config.serving.clone();
    cloud::run_until_signal("fulfilment", &serving, |shutdown| run(config, shutdown)).await
}
