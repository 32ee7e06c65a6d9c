//! The whole on-sale with one command: waiting room, checkout, fulfilment and site in one process, on
//! backends that need no server.

use std::{
    env,
    error::Error,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use on_sale::{Command, Invocation, run};
use service_kit::{serve, shutdown, telemetry};
use waiting_room_ctl::CtlArgs;

#[tokio::main]
async fn main() -> ExitCode {
    let config = match Invocation::parse() {
        Invocation::Serve(config) => *config,
        Invocation::Do(command) => return done(command).await,
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

async fn done(command: Command) -> ExitCode {
    let args = match command {
        Command::Plan(args) => args,
        Command::Ctl(args) => return operated(*args).await,
    };
    let error = match waiting_room_planner::run(&args, &mut io::stdout().lock()) {
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

async fn operated(args: CtlArgs) -> ExitCode {
    let data_dir = env::var_os("WAITING_ROOM_DATA_DIR")
        .map_or_else(|| PathBuf::from(on_sale::USUAL_DATA_DIR), PathBuf::from);
    let usual = data_dir.join(on_sale::CREDENTIAL_FILE);
    match waiting_room_ctl::run(args, Some(usual), &mut io::stdout()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            error.exit_status().into()
        }
    }
}
