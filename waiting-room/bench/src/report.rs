//! What a run found.

use std::fmt::{self, Display};

use serde::Serialize;

use crate::{row::Row, table::Table, turns::StoreTime};

/// All that was measured.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// The loads.
    pub(crate) rows: Vec<Row>,
    /// The memory of the queues.
    pub(crate) memory: Vec<Memory>,
    /// The controller's share.
    pub(crate) store_times: Vec<StoreTimes>,
    /// How long a durable write of 4 kB takes, in microseconds.
    pub(crate) disk_micros: f64,
    /// What could not be measured.
    pub(crate) failures: Vec<String>,
}

/// How much memory a waiting ticket takes.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Memory {
    pub(crate) target: &'static str,
    pub(crate) waiting: usize,
    pub(crate) bytes_per_ticket: f64,
}

/// What the controller's work takes of a store with so many tickets.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct StoreTimes {
    pub(crate) target: &'static str,
    pub(crate) waiting: usize,
    pub(crate) time: StoreTime,
}

impl Report {
    /// Whether all was measured, without errors.
    pub(crate) fn is_good(&self) -> bool {
        self.failures.is_empty() && self.rows.iter().all(|row| row.figures.is_ok())
    }

    /// For each target its poll rate with the most tickets by that with the fewest: as measured, and with the
    /// drift of the plain handler's taken out.
    fn poll_rates(&self) -> Vec<String> {
        let targets = ["embedded", "Redis", "floor"].into_iter();
        targets
            .filter_map(|target| {
                let mut polls: Vec<_> = self
                    .rows
                    .iter()
                    .filter(|row| row.target == target && row.operation == "poll")
                    .filter_map(|row| Some((row.waiting?, row.figures.as_ref().ok()?, row.plain?)))
                    .collect();
                polls.sort_by_key(|(waiting, ..)| *waiting);
                let (few, of_few, plain_then) = polls.first()?;
                let (many, of_many, plain_now) = polls.last().filter(|(many, ..)| many > few)?;
                let raw = of_many.per_second / of_few.per_second;
                let drift = plain_now.per_second / plain_then.per_second;
                Some(format!(
                    "poll rate, {target}: with {many} waiting {raw:.3} of that with {few}; {:.3} when the plain \
                     handler's drift is taken out",
                    raw / drift
                ))
            })
            .collect()
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Table(&self.rows))?;
        writeln!(f)?;
        for line in self.poll_rates() {
            writeln!(f, "{line}")?;
        }
        for memory in &self.memory {
            writeln!(
                f,
                "memory, {}: {:.0} bytes a waiting ticket, of {}",
                memory.target, memory.bytes_per_ticket, memory.waiting
            )?;
        }
        for StoreTimes {
            target,
            waiting,
            time,
        } in &self.store_times
        {
            writeln!(
                f,
                "controller, {target} with {waiting} waiting: a turn of {} calls takes {:.0} µs of the store \
                 ({:.0} calls a second), a snapshot {:.0} µs",
                time.called, time.turn_micros, time.called_per_second, time.snapshot_micros
            )?;
        }
        writeln!(
            f,
            "disk: a durable write of 4 kB takes {:.0} µs",
            self.disk_micros
        )?;
        for failure in &self.failures {
            writeln!(f, "FAILED: {failure}")?;
        }
        Ok(())
    }
}
