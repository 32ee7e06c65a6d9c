//! The whole on-sale with one command: waiting room, checkout, fulfilment and site in one process, on
//! backends that need no server.

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

use on_sale::{Command, Invocation, run};
use service_kit::{serve, shutdown, telemetry};

#[tokio::main]
async fn main() -> ExitCode {
    let config = match Invocation::parse() {
        Invocation::Serve(config) => *config,
        Invocation::Do(command) => return done(&command),
    };
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

fn done(command: &Command) -> ExitCode {
    let Command::Plan(args) = command;
    let error = match waiting_room_planner::run(args, &mut io::stdout().lock()) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(error) => error,
    };
    let mut because: Option<&dyn Error> = Some(&error);
    while let Some(reason) = because {
        let _ = writeln!(io::stderr(), "{reason}");
        because = reason.source();
    }
    ExitCode::FAILURE
}
