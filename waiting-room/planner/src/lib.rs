//! How an on-sale will go, told before it: how long it takes, who waits how long, the requests a
//! second to be ready for, and what drives the cost.
//!
//! **The model.** [`Course`] steps through the on-sale a second at a time, the controller's tick. Fans are
//! not followed one by one but as a fluid: slices of a crowd that came in the same second stand in line
//! behind one another, and fractions of them are called, come, never come, leave, are admitted and order.
//! Nothing is random and no clock is read, so the same question has the same answer.
//!
//! **Why that is right.** Each rule that matters is an average or a bound that the real queue keeps: the
//! rate at the door, Little's law for sessions, the controller's lead, the order of places. What is left
//! out is chance, and of hundreds of thousands of fans chance is a fraction of a per cent. The tests in
//! `tests/against_the_core.rs` send a crowd of single fans, decided by dice, through the real
//! `waiting_room_core::EventQueue` and want its length and its percentiles of the wait to be those of the
//! plan, within a few per cent. For some dozens of fans chance is larger than that, and so is the error.
//!
//! How often fans ask comes from the product's own [`waiting_room_core::PollPolicy`]; the ranges of rate
//! and sessions from its settings.

mod advice;
mod args;
mod arrivals;
mod bill;
mod board;
mod checkout;
mod course;
mod door;
mod figures;
mod line;
mod plan;
mod plot;
mod prices;
mod report;
mod scenario;
mod timeline;
mod traffic;
mod waits;

use std::{fs, io::Write};

use thiserror::Error;

pub use self::{
    advice::Advice,
    args::PlanArgs,
    bill::{Bill, BillLine, Consumption},
    course::{Course, Totals},
    plan::{Plan, SessionsNeeded, WaitPercentile},
    prices::{Prices, PricesError},
    scenario::{Crowd, Door, Purchase, Scenario, ScenarioError, Serving},
    timeline::{Point, Timeline},
    traffic::{Load, Peaks, Rates},
    waits::Waits,
};

/// Why there is no plan.
#[derive(Debug, Error)]
pub enum PlanError {
    /// The options contradict each other.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The prices can't be used.
    #[error(transparent)]
    Prices(#[from] PricesError),
    /// The plot can't be drawn.
    #[error("the plot cannot be drawn: {0}")]
    Plot(String),
    /// The plot can't be written.
    #[error("the plot cannot be written to {path}")]
    PlotFile {
        /// Where to.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The plan can't be printed.
    #[error("the plan cannot be printed")]
    Output(#[from] std::io::Error),
    /// The plan can't be put into JSON.
    #[error("the plan cannot be put into JSON")]
    Json(#[from] serde_json::Error),
}

/// Prints the plan that `args` ask for to `out`, and writes its plot where they say.
///
/// # Errors
/// As [`PlanError`] says.
pub fn run(args: &PlanArgs, out: &mut impl Write) -> Result<(), PlanError> {
    if args.show_prices {
        out.write_all(Prices::LIST.as_bytes())?;
        return Ok(());
    }
    let scenario = args.scenario()?;
    let prices = match &args.prices {
        Some(path) => Prices::from_file(path)?,
        None => Prices::list()?,
    };
    let plan = Plan::of(scenario, &prices);
    if let Some(path) = &args.svg {
        let drawn = plot::svg(&plan)?;
        fs::write(path, drawn).map_err(|source| PlanError::PlotFile {
            path: path.clone(),
            source,
        })?;
    }
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &plan)?;
        writeln!(out)?;
    } else {
        report::write(&plan, out)?;
    }
    Ok(())
}
