//! The benchmark: the whole service under load, embedded and on Redis, beside an axum handler that returns a
//! fixed JSON body. `docs/benchmark.md` tells what is measured and how to read it.

mod disk;
mod options;
mod process;
mod redis_cost;
mod report;
mod requests;
mod row;
mod run;
mod server;
mod steady;
mod table;
mod turns;
mod under_load;
mod wrk;

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;

use crate::options::{Command, Options};

/// A result, or why there is none.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match options.command {
        Some(Command::Serve(command)) => server::serve(command).map(|()| true),
        None => run::run(&options.measure),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}
