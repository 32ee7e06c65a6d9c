//! `checkout`; `cloud::checkout` says what it does.

use std::process::ExitCode;

use clap::Parser;
use cloud::checkout::{Config, run};

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    let serving = config.serving.clone();
    cloud::run_until_signal("checkout", &serving, |shutdown| run(config, shutdown)).await
}
