//! The queue on Redis or Valkey, shared by any number of instances.
//!
//! Per event there is a sorted set of who waits, a hash of all others, and some small keys, all under one hash
//! tag. Each operation is one Lua script, so it is atomic; the scripts are the core's rules once more
//! (`lua/queue.lua` says where they differ in form), go by the server's clock, and may be repeated.
//!
//! Redis may lose what it holds, whole or in part. When the state is gone, whoever comes first begins a new
//! epoch; when a replica took over that had missed writes, whoever remembers more than the store does
//! ([`knowledge`]) begins one too. In both cases the bucket is empty and nobody is called during the recovery
//! window, so the rate holds whatever was forgotten.

mod answer;
mod joins;
mod knowledge;
pub(crate) mod link;
mod script;
mod takeover;

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use redis::{ScriptInvocation, Value};
use thiserror::Error;
use waiting_room_core::{
    Claim, EventId, Joined, Place, QueueFull, RejoinRefused, Rules, SessionId, Snapshot, Standing,
    TicketId, Turn,
};

use self::{
    answer::{NotUnderstood, Parts},
    joins::{Join, Joins},
    knowledge::{Knowledge, Memory},
    link::{Link, NoAnswer},
    script::{Keys, Preamble, Scripts},
};
use super::{Clock, Known, QueueStore, Regime, StoreResult, StoreUnavailable};

pub use self::link::{ConnectError, RedisConfig};

/// The queues of all events in one Redis or Valkey.
pub struct RedisQueueStore {
    inner: Arc<Inner>,
    joins: HashMap<EventId, Joins>,
}

struct Inner {
    link: Link,
    scripts: Scripts,
    queues: HashMap<EventId, Queue>,
    instance: String,
    recovery: Duration,
    clock: Option<Clock>,
}

struct Queue {
    keys: Keys,
    memory: Memory,
}

/// Why an operation was not done.
#[derive(Clone, Debug, Error)]
enum Failure {
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    #[error(transparent)]
    NotUnderstood(#[from] NotUnderstood),
    #[error("too many joins wait for the store")]
    Crowded,
    #[error("there is no queue for this event")]
    NoQueue,
}

/// When to try again after a failure; an outage lasts seconds at least.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// One turn goes on in at most this many calls, each of which does a bounded part.
const MOST_CALLS_A_TURN: usize = 40;

impl From<Failure> for StoreUnavailable {
    fn from(failure: Failure) -> Self {
        Self {
            retry_after: RETRY_AFTER,
            source: Box::new(failure),
        }
    }
}

impl RedisQueueStore {
    /// Opens the queues of `events`. `instance` tells this process from the others. After a loss nobody is called
    /// for `recovery`, which has to be longer than the time in which all fans ask once, or those who ask
    /// late are called late.
    ///
    /// # Errors
    /// When the address can't be used; of one server, whether it answers is found out later.
    pub async fn open(
        config: &RedisConfig,
        instance: impl Into<String>,
        recovery: Duration,
        events: impl IntoIterator<Item = EventId>,
    ) -> Result<Self, ConnectError> {
        Self::open_with_clock(config, instance.into(), recovery, events, None).await
    }

    /// As [`Self::open`], but the queues go by `clock` instead of the server's: for tests of what takes hours.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_with_clock(
        config: &RedisConfig,
        instance: String,
        recovery: Duration,
        events: impl IntoIterator<Item = EventId>,
        clock: Option<Clock>,
    ) -> Result<Self, ConnectError> {
        let queues = events.into_iter().map(|event| {
            let queue = Queue {
                keys: Keys::of(&event),
                memory: Memory::default(),
            };
            (event, queue)
        });
        let inner = Arc::new(Inner {
            link: Link::open(config).await?,
            scripts: Scripts::new(),
            queues: queues.collect(),
            instance,
            recovery,
            clock,
        });
        let joins = inner
            .queues
            .keys()
            .map(|event| (event.clone(), Joins::start(event.clone(), inner.clone())))
            .collect();
        Ok(Self { inner, joins })
    }
}

impl Inner {
    fn queue(&self, event: &EventId) -> Result<&Queue, Failure> {
        self.queues.get(event).ok_or(Failure::NoQueue)
    }

    fn preamble(&self, known: Knowledge) -> Preamble<'_> {
        Preamble {
            now: self.clock.as_ref().map(|clock| clock().as_micros()),
            instance: &self.instance,
            recovery_micros: self.recovery.as_micros() as u64,
            known,
        }
    }

    fn prepare<'s>(
        &'s self,
        script: &'s redis::Script,
        queue: &Queue,
        regime: Option<&Regime>,
    ) -> ScriptInvocation<'s> {
        self.preamble(queue.memory.known())
            .call(script, &queue.keys, regime)
    }

    /// The parts of an answer to a script that changes the queue.
    fn learned(&self, queue: &Queue, answer: Value) -> Result<(Knowledge, Parts), Failure> {
        let (told, parts) = Parts::with_knowledge(answer)?;
        queue.memory.learn(told);
        Ok((told, parts))
    }

    /// The joins of different tickets.
    async fn join_all<'a>(
        &self,
        event: &EventId,
        joins: impl Iterator<Item = &'a Join> + Clone,
        regime: &Regime,
    ) -> Result<Vec<Result<Joined, QueueFull>>, Failure> {
        let queue = self.queue(event)?;
        let mut call = self.prepare(&self.scripts.join, queue, Some(regime));
        let count = joins.clone().count() as u64;
        let drawn = joins.clone().map(|join| join.drawn.number() as f64);
        call.arg(drawn.flat_map(f64::to_be_bytes).collect::<Vec<u8>>());
        for join in joins {
            call.arg(join.ticket.as_bytes().as_slice());
        }
        let (_, mut parts) = self.learned(queue, self.link.call(&call).await?)?;
        let waited = parts.number("who waited")?;
        Ok(parts.joined(count, waited)?)
    }

    async fn one_turn(&self, event: &EventId, regime: &Regime) -> Result<(Turn, bool), Failure> {
        let queue = self.queue(event)?;
        let call = self.prepare(&self.scripts.turn, queue, Some(regime));
        let (_, mut parts) = self.learned(queue, self.link.call_always(&call).await?)?;
        let turn = Turn {
            called: parts.number("calls")? as usize,
            missed: parts.number("missed calls")? as usize,
            sessions_expired: parts.number("expired sessions")? as usize,
        };
        Ok((turn, parts.flag("whether there is more")?))
    }

    async fn ask(
        &self,
        event: &EventId,
        script: &redis::Script,
        regime: &Regime,
        arguments: &[&[u8]],
    ) -> Result<(Knowledge, Parts), Failure> {
        let queue = self.queue(event)?;
        let mut call = self.prepare(script, queue, Some(regime));
        for argument in arguments {
            call.arg(*argument);
        }
        self.learned(queue, self.link.call(&call).await?)
    }
}

#[async_trait]
impl QueueStore for RedisQueueStore {
    async fn join(
        &self,
        event: &EventId,
        ticket: TicketId,
        drawn: Place,
        regime: &Regime,
    ) -> StoreResult<Result<Joined, QueueFull>> {
        let joins = self.joins.get(event).ok_or(Failure::NoQueue)?;
        Ok(joins.join(Join { ticket, drawn }, regime).await?)
    }

    async fn rejoin(
        &self,
        event: &EventId,
        ticket: TicketId,
        place: Place,
        regime: &Regime,
    ) -> StoreResult<Result<Standing, RejoinRefused>> {
        let place = place.number().to_string();
        let arguments = [ticket.as_bytes().as_slice(), place.as_bytes()];
        let script = &self.inner.scripts.rejoin;
        let (_, mut parts) = self.inner.ask(event, script, regime, &arguments).await?;
        let standing = parts.parts("a standing").map_err(Failure::from)?;
        Ok(standing.rejoined().map_err(Failure::from)?)
    }

    async fn claim(
        &self,
        event: &EventId,
        ticket: TicketId,
        place: Place,
        session: SessionId,
        regime: &Regime,
    ) -> StoreResult<Claim> {
        let place = place.number().to_string();
        let arguments = [
            ticket.as_bytes().as_slice(),
            place.as_bytes(),
            session.as_bytes().as_slice(),
        ];
        let script = &self.inner.scripts.claim;
        let (_, mut parts) = self.inner.ask(event, script, regime, &arguments).await?;
        let claim = parts.parts("a claim").map_err(Failure::from)?;
        Ok(claim.claim().map_err(Failure::from)?)
    }

    async fn leave(&self, event: &EventId, ticket: TicketId, regime: &Regime) -> StoreResult<bool> {
        let script = &self.inner.scripts.leave;
        let arguments = [ticket.as_bytes().as_slice()];
        let (_, mut parts) = self.inner.ask(event, script, regime, &arguments).await?;
        Ok(parts.flag("whether it is known").map_err(Failure::from)?)
    }

    async fn end_session(
        &self,
        event: &EventId,
        ticket: TicketId,
        session: SessionId,
    ) -> StoreResult<bool> {
        let inner = &self.inner;
        let queue = inner.queue(event)?;
        let mut call = inner.prepare(&inner.scripts.end_session, queue, None);
        call.arg(ticket.as_bytes().as_slice())
            .arg(session.as_bytes().as_slice());
        let answer = inner.link.call(&call).await.map_err(Failure::from)?;
        Ok(answer == Value::Int(1))
    }

    async fn standing(
        &self,
        event: &EventId,
        ticket: TicketId,
        regime: &Regime,
    ) -> StoreResult<Option<Standing>> {
        let inner = &self.inner;
        let queue = inner.queue(event)?;
        let mut call = inner.prepare(&inner.scripts.standing, queue, Some(regime));
        call.arg(ticket.as_bytes().as_slice());
        let answer = inner.link.call(&call).await.map_err(Failure::from)?;
        if answer == Value::Nil {
            return Ok(None);
        }
        let standing = Parts::of(answer).and_then(Parts::standing);
        Ok(Some(standing.map_err(Failure::from)?))
    }

    fn known_standing(&self, _: &EventId, _: TicketId, _: &Rules) -> Known {
        Known::Nothing
    }

    async fn turn(&self, event: &EventId, regime: &Regime) -> StoreResult<Turn> {
        let mut done = Turn::default();
        for _ in 0..MOST_CALLS_A_TURN {
            let (part, more) = self.inner.one_turn(event, regime).await?;
            done.called += part.called;
            done.missed += part.missed;
            done.sessions_expired += part.sessions_expired;
            if !more {
                break;
            }
        }
        Ok(done)
    }

    async fn take_over(&self, event: &EventId, region_epoch: u64, seen: bool) -> StoreResult<()> {
        Ok(self.inner.take_over(event, region_epoch, seen).await?)
    }

    async fn snapshot(&self, event: &EventId, regime: &Regime) -> StoreResult<Snapshot> {
        let inner = &self.inner;
        let queue = inner.queue(event)?;
        let call = inner.prepare(&inner.scripts.snapshot, queue, Some(regime));
        let answer = inner.link.call_always(&call).await.map_err(Failure::from)?;
        let (told, parts) = inner.learned(queue, answer)?;
        Ok(parts.snapshot(told.epoch).map_err(Failure::from)?)
    }

    async fn ready(&self) -> StoreResult<()> {
        Ok(self.inner.link.ping().await.map_err(Failure::from)?)
    }
}
