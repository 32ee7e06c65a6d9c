//! What is measured, in which order.

use std::{
    fs::File,
    io::{self, Write},
};

use tempfile::TempDir;
use test_backends::RedisServer;

use crate::{
    Outcome, disk,
    options::{MeasureOptions, Operation, Target},
    process::Server,
    redis_cost::RedisCost,
    report::{Report, StoreTimes},
    requests,
    row::{Figures, Part, Row},
    steady,
    table::Progress,
    turns,
    under_load::UnderLoad,
    wrk::{Load, Requests},
};

const CONNECTIONS: u32 = 64;
const MANY_CONNECTIONS: u32 = 256;

/// What is measured while the fans wait, in this order: joins make the queue longer.
const WHILE_WAITING: [Operation; 6] = [
    Operation::Poll,
    Operation::PollAnew,
    Operation::Board,
    Operation::BoardIdentity,
    Operation::Join,
    Operation::JoinMany,
];

/// What is measured while the fans are called.
const AT_THE_DOOR: [Operation; 2] = [Operation::Claim, Operation::Order];

/// Loads are measured in parts of so many seconds, by turns with the plain handler.
const PART_SECONDS: u64 = 2;

const CONNECTION_EACH: &str = "fixed body, connection each";

/// More claims a second than the highest rate lets pass.
const CLAIMS_PER_SECOND: usize = 17_500;

/// More orders a second than a disk takes.
const ORDERS_PER_SECOND: usize = 15_000;

/// Measures what `options` ask for and prints the table; false when a load had errors.
pub(crate) fn run(options: &MeasureOptions) -> Outcome<bool> {
    let mut bench = Bench::start(options)?;
    let sizes = if options.quick {
        &[10_000][..]
    } else {
        &options.waiting
    };
    for target in [Target::Embedded, Target::Redis, Target::Floor] {
        if options.target.is_empty() || options.target.contains(&target) {
            bench.target(target, sizes);
        }
    }
    if let Some(plain) = Figures::of(&bench.plain_parts) {
        let row = plain_row("fixed body", Ok(Some(plain)));
        bench.report.rows.insert(0, row);
    }
    write!(io::stdout(), "{}", bench.report)?;
    if let Some(path) = &options.json {
        serde_json::to_writer_pretty(File::create(path)?, &bench.report)?;
    }
    Ok(bench.report.is_good())
}

struct Bench<'a> {
    options: &'a MeasureOptions,
    dir: TempDir,
    plain: Server,
    plain_parts: Vec<Part>,
    report: Report,
}

impl<'a> Bench<'a> {
    fn start(options: &'a MeasureOptions) -> Outcome<Self> {
        let dir = disk::directory()?;
        let plain = Server::start(["plain"], &dir.path().join("plain.log"))?;
        Ok(Self {
            options,
            dir,
            plain,
            plain_parts: Vec::new(),
            report: Report {
                disk_micros: disk::durable_write_micros()?,
                ..Report::default()
            },
        })
    }

    /// Measures `target` with each number of tickets. What fails does not keep the rest from being measured.
    fn target(&mut self, target: Target, sizes: &[usize]) {
        for (index, tickets) in sizes.iter().enumerate() {
            self.attempt(|bench| bench.while_waiting(target, *tickets, index == 0));
            if target != Target::Floor {
                self.attempt(|bench| bench.at_the_door(target, *tickets, index == 0));
                self.attempt(|bench| bench.turns(target, *tickets));
            }
        }
        if target != Target::Floor {
            let largest = sizes.iter().copied().max().unwrap_or_default();
            self.attempt(|bench| bench.steady(target, largest));
        }
    }

    fn attempt(&mut self, measure: impl FnOnce(&mut Self) -> Outcome<()>) {
        if let Err(error) = measure(self) {
            self.report.failures.push(error.to_string());
        }
    }

    /// How long a part of a measurement takes, in seconds.
    fn part_seconds(&self) -> u64 {
        if self.options.quick { 1 } else { PART_SECONDS }
    }

    /// In how many parts each load is measured.
    fn parts(&self) -> u64 {
        if self.options.quick {
            1
        } else {
            self.options.seconds.div_ceil(PART_SECONDS)
        }
    }

    fn wanted(&self, operations: &[Operation], first_size: bool) -> Vec<Operation> {
        let only = &self.options.only;
        let once = [Operation::PollAnew, Operation::Order];
        operations
            .iter()
            .copied()
            .filter(|operation| only.is_empty() || only.contains(operation))
            .filter(|operation| first_size || !once.contains(operation))
            .collect()
    }

    fn while_waiting(&mut self, target: Target, tickets: usize, first_size: bool) -> Outcome<()> {
        let operations = self.wanted(&WHILE_WAITING, first_size);
        if operations.is_empty() {
            return Ok(());
        }
        let server = UnderLoad::start(target, tickets, 0, 0)?;
        self.report.memory.extend(server.memory()?);
        self.group(&server, &operations)?;
        server.still_waits()
    }

    fn at_the_door(&mut self, target: Target, tickets: usize, first_size: bool) -> Outcome<()> {
        let mut operations = self.wanted(&AT_THE_DOOR, first_size);
        operations.retain(|operation| *operation == Operation::Claim || target == Target::Embedded);
        if operations.is_empty() {
            return Ok(());
        }
        let seconds = (self.part_seconds() * self.parts()) as usize + 1;
        let to_door = seconds * CLAIMS_PER_SECOND;
        let buyers = match operations.contains(&Operation::Order) {
            true => seconds * ORDERS_PER_SECOND,
            false => 0,
        };
        let server = UnderLoad::start(target, tickets, to_door, buyers)?;
        self.group(&server, &operations)
    }

    fn turns(&mut self, target: Target, tickets: usize) -> Outcome<()> {
        if self.wanted(&[Operation::Turn], true).is_empty() {
            return Ok(());
        }
        let redis = (target == Target::Redis).then(RedisServer::start);
        let time = turns::measure(redis.as_ref(), tickets, &disk::directory()?)?;
        self.report.store_times.push(StoreTimes {
            target: target.name(),
            waiting: tickets,
            time,
        });
        Ok(())
    }

    fn steady(&mut self, target: Target, tickets: usize) -> Outcome<()> {
        if self.wanted(&[Operation::Steady], true).is_empty() {
            return Ok(());
        }
        let under_load = UnderLoad::start(target, tickets, 0, 0)?;
        let server = &under_load.server;
        let cpu_before = server.cpu()?;
        let measured = steady::run(server.ready.address, under_load.tokens()?)?;
        let cpu = server.cpu()? - cpu_before;
        let requests = measured.joins.requests + measured.polls.requests;
        for (operation, measured) in [
            ("join, steady", measured.joins),
            ("poll meanwhile", measured.polls),
        ] {
            let share = cpu.mul_f64(measured.requests as f64 / requests.max(1) as f64);
            let part = measured.without_errors().map(|measured| Part {
                measured,
                cpu: share,
                redis: None,
            });
            let figures = part.map(|part| Figures::of(&[part]));
            self.report.rows.push(Row {
                target: under_load.name(),
                waiting: Some(tickets),
                connections: steady::CONNECTIONS,
                ..plain_row(operation, figures)
            });
        }
        Ok(())
    }

    fn group(&mut self, under_load: &UnderLoad, operations: &[Operation]) -> Outcome<()> {
        for operation in operations {
            if *operation == Operation::PollAnew {
                let anew = self.measure_plain(true);
                let figures = anew.map(|part| Figures::of(&[part]));
                self.finish(plain_row(CONNECTION_EACH, figures))?;
            }
            let row = self.row(under_load, *operation)?;
            self.finish(row)?;
        }
        Ok(())
    }

    fn finish(&mut self, row: Row) -> Outcome<()> {
        writeln!(io::stderr(), "{}", Progress(&row))?;
        self.report.rows.push(row);
        Ok(())
    }

    /// Measures `operation` and the plain handler by turns, so that what disturbs the machine disturbs both.
    fn row(&mut self, under_load: &UnderLoad, operation: Operation) -> Outcome<Row> {
        let connections = match operation {
            Operation::JoinMany => MANY_CONNECTIONS,
            _ => CONNECTIONS,
        };
        let mut load = Load {
            requests: requests::of(operation, under_load.dir()),
            connections,
            seconds: self.part_seconds(),
        };
        let (mut own, mut plain) = (Vec::new(), Vec::new());
        let mut figures = Err(String::new());
        for _ in 0..self.parts() {
            plain.push(self.measure_plain(false)?);
            match self.part(&mut load, operation, under_load) {
                Ok(part) => own.push(part),
                Err(error) => {
                    figures = Err(error.to_string());
                    own.clear();
                    break;
                }
            }
        }
        if let Some(measured) = Figures::of(&own) {
            figures = Ok(measured);
        }
        self.plain_parts.extend(&plain);
        Ok(Row {
            target: under_load.name(),
            operation: operation.name().to_owned(),
            waiting: Some(under_load.tickets),
            connections,
            figures,
            plain: Figures::of(&plain),
        })
    }

    fn part(&self, load: &mut Load, operation: Operation, under_load: &UnderLoad) -> Outcome<Part> {
        let part = self.measure(load, &under_load.server, under_load.redis.as_ref())?;
        if let (Some(most), Requests::Lines { from, .. }) =
            (under_load.most(operation), &mut load.requests)
        {
            *from += part.measured.sent;
            if *from > most {
                return Err("there were too few tokens: some were used twice".into());
            }
        }
        Ok(part)
    }

    fn measure_plain(&self, anew: bool) -> Outcome<Part> {
        let load = Load {
            requests: requests::plain(anew),
            connections: CONNECTIONS,
            seconds: self.part_seconds(),
        };
        self.measure(&load, &self.plain, None)
    }

    fn measure(&self, load: &Load, server: &Server, redis: Option<&RedisServer>) -> Outcome<Part> {
        let cost = |redis: Option<&RedisServer>| redis.map(RedisCost::of).transpose();
        let redis_before = cost(redis)?;
        let cpu_before = server.cpu()?;
        let measured = load.run(server.ready.address, self.dir.path())?;
        let cpu = server.cpu()? - cpu_before;
        let redis = cost(redis)?
            .zip(redis_before)
            .map(|(after, before)| after - before);
        let measured = measured.without_errors()?;
        Ok(Part {
            measured,
            cpu,
            redis,
        })
    }
}

fn plain_row(operation: &str, figures: Outcome<Option<Figures>>) -> Row {
    let figures = figures.and_then(|figures| figures.ok_or_else(|| "nothing was measured".into()));
    Row {
        target: "plain",
        operation: operation.to_owned(),
        waiting: None,
        connections: CONNECTIONS,
        figures: figures.map_err(|error| error.to_string()),
        plain: None,
    }
}
