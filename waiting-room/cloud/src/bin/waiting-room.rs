//! `waiting-room`; `cloud::waiting_room` says what it does.

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

use cloud::waiting_room::{CommandError, Invocation, run, run_command};

#[tokio::main]
async fn main() -> ExitCode {
    let config = match Invocation::parse() {
        Invocation::Serve(config) => *config,
        Invocation::Do(command) => return told(run_command(command).await),
    };
    let serving = config.serving.clone();
    cloud::run_until_signal("waiting-room", &serving, |shutdown| run(config, shutdown)).await
}

fn told(outcome: Result<String, CommandError>) -> ExitCode {
    let error = match outcome {
        Ok(told) => {
            if !told.is_empty() {
                let _ = writeln!(io::stdout(), "{told}");
            }
            return ExitCode::SUCCESS;
        }
        Err(error) => error,
    };
    let code = error.exit_code();
    let mut because: Option<&dyn Error> = Some(&error);
    while let Some(reason) = because {
        let _ = writeln!(io::stderr(), "{reason}");
        because = reason.source();
    }
    code
}
