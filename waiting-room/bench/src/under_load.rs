//! A server that fans can be let loose on.

use std::{
    ffi::OsString,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use tempfile::TempDir;
use test_backends::RedisServer;

use crate::{
    Outcome, disk,
    options::{Operation, Target},
    process::Server,
    redis_cost::used_memory,
    report::Memory,
    requests,
    server::QUEUE_TOKENS,
};

/// A server under load, and the Redis that it uses.
pub(crate) struct UnderLoad {
    target: Target,
    pub(crate) tickets: usize,
    pub(crate) server: Server,
    pub(crate) redis: Option<RedisServer>,
    redis_empty: u64,
    to_door: usize,
    buyers: usize,
    dir: TempDir,
}

impl UnderLoad {
    /// Starts `target` with `tickets` waiting, behind `to_door` more that come to the door, and with admission
    /// tokens for `buyers`.
    pub(crate) fn start(
        target: Target,
        tickets: usize,
        to_door: usize,
        buyers: usize,
    ) -> Outcome<Self> {
        let dir = disk::directory()?;
        let redis = (target != Target::Embedded).then(RedisServer::start);
        let redis_empty = redis.as_ref().map_or(Ok(0), used_memory)?;
        let mut arguments: Vec<OsString> = vec![match target {
            Target::Embedded | Target::Redis => "product".into(),
            Target::Floor => "floor".into(),
        }];
        arguments.extend(["--dir".into(), dir.path().into()]);
        for (flag, number) in [
            ("--tickets", tickets + to_door),
            ("--to-door", to_door),
            ("--buyers", buyers),
        ] {
            arguments.extend([flag.into(), number.to_string().into()]);
        }
        if let Some(redis) = &redis {
            arguments.extend(["--redis-url".into(), redis.url().into()]);
        }
        let server = Server::start(arguments, &dir.path().join("server.log"))?;
        Ok(Self {
            target,
            tickets,
            server,
            redis,
            redis_empty,
            to_door,
            buyers,
            dir,
        })
    }

    /// What the server is called.
    pub(crate) fn name(&self) -> &'static str {
        self.target.name()
    }

    /// Where the server keeps its data and the tokens.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// How many requests of `operation` there are, if each can be sent once only.
    pub(crate) fn most(&self, operation: Operation) -> Option<u64> {
        match operation {
            Operation::Claim => Some(self.to_door as u64),
            Operation::Order => Some(self.buyers as u64),
            _ => None,
        }
    }

    /// How much memory a waiting ticket takes; nothing where that is not told.
    pub(crate) fn memory(&self) -> Outcome<Option<Memory>> {
        let grown = match (self.target, &self.redis) {
            (Target::Floor, _) => return Ok(None),
            (_, Some(redis)) => used_memory(redis)?.saturating_sub(self.redis_empty),
            (_, None) => self.server.ready.grown_bytes,
        };
        Ok(Some(Memory {
            target: self.name(),
            waiting: self.tickets,
            bytes_per_ticket: grown as f64 / self.tickets as f64,
        }))
    }

    /// The queue tokens of those who ask.
    pub(crate) fn tokens(&self) -> Outcome<Vec<String>> {
        let file = File::open(self.dir.path().join(QUEUE_TOKENS))?;
        Ok(BufReader::new(file).lines().collect::<Result<_, _>>()?)
    }

    /// Refuses what was measured when the first of those who asked does not wait any more.
    pub(crate) fn still_waits(&self) -> Outcome<()> {
        let tokens = self.tokens()?;
        let first = tokens.first().ok_or("no queue tokens")?;
        let answer = requests::ask_once(self.server.ready.address, first)?;
        if answer.contains(r#""state":"waiting""#) {
            Ok(())
        } else {
            Err(format!("those who asked did not wait: {answer}").into())
        }
    }
}
