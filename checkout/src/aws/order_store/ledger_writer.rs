//! Writes an event's ledger: all commands that wait share a write.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use thiserror::Error;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};
use waiting_room_core::EventId;

use super::{
    ledger::{Case, Ledger, Ruling, Verdict},
    orders::Orders,
    schema::ledger_key,
    table::{Versioned, Written},
};
use crate::{BackendError, OrderId, Sold, aws::nonce::Nonce, error::chain};

/// Commands that share a write.
const BATCH: usize = 128;

/// Commands that wait before callers do.
const WAITING: usize = 1_024;

/// How often another process may get in before, until the commands are given back undone.
const MOST_TRIES: usize = 32;

/// How soon to look again at what an order waits for, if nothing of this process changes it.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// How long a verdict is left to its own worker. Helping it along sooner or later makes no difference but
/// to the cost.
const PATIENCE: Duration = Duration::from_millis(500);

/// Verdicts that are helped along at once.
const HELPED: usize = 16;

/// Asks the task that writes one ledger. Cheap to clone; the task ends with the last clone.
#[derive(Clone, Debug)]
pub(super) struct LedgerWriter {
    commands: mpsc::Sender<Command>,
}

type Answer<T> = oneshot::Sender<Result<T, BackendError>>;

#[derive(Debug)]
enum Command {
    /// Enter a verdict, or find the one that stands.
    Rule {
        case: Case,
        answer: Answer<(Verdict, Sold)>,
    },
    /// Close what is open on an order that is settled by the verdict `named`.
    Close {
        order: OrderId,
        named: Option<Nonce>,
        /// Whether the verdict may be one that this process has not seen yet.
        look: bool,
        answer: Answer<Sold>,
    },
    /// Help along what has been open for long.
    Help { answer: Answer<usize> },
}

/// What a command comes to, should the ledger be written as it is then.
enum Outcome {
    Ruled(Verdict),
    Closed,
    Waits,
}

/// The task is gone.
#[derive(Debug, Error)]
#[error("the ledger is not written any more")]
struct Gone;

/// Too many others write.
#[derive(Debug, Error)]
#[error("the ledger was changed by others all the time")]
struct TooBusy;

impl LedgerWriter {
    pub(super) fn start(orders: Orders, event: &EventId) -> Self {
        let (commands, received) = mpsc::channel(WAITING);
        let task = Task {
            orders,
            key: ledger_key(event),
            known: None,
            seen: HashMap::new(),
        };
        tokio::spawn(task.run(received));
        Self { commands }
    }

    /// The verdict on `case`, and what was sold for good by then.
    pub(super) async fn rule(&self, case: Case) -> Result<(Verdict, Sold), BackendError> {
        self.ask(|answer| Command::Rule { case, answer }).await
    }

    /// Closes the verdict on `order`, which is settled by the verdict `named`, after this process has seen
    /// it in the ledger; gives what is sold for good.
    pub(super) async fn close(
        &self,
        order: OrderId,
        named: Option<Nonce>,
    ) -> Result<Sold, BackendError> {
        self.close_as(order, named, false).await
    }

    /// As [`close`](Self::close), also when somebody else has entered the verdict.
    pub(super) async fn look_and_close(
        &self,
        order: OrderId,
        named: Option<Nonce>,
    ) -> Result<Sold, BackendError> {
        self.close_as(order, named, true).await
    }

    /// Whether its task has ended, which it does of itself only when it panics.
    pub(super) fn is_gone(&self) -> bool {
        self.commands.is_closed()
    }

    async fn close_as(
        &self,
        order: OrderId,
        named: Option<Nonce>,
        look: bool,
    ) -> Result<Sold, BackendError> {
        self.ask(|answer| Command::Close {
            order,
            named,
            look,
            answer,
        })
        .await
    }

    /// Helps along the verdicts that have been open for long; says how many these were.
    pub(super) async fn help(&self) -> Result<usize, BackendError> {
        self.ask(|answer| Command::Help { answer }).await
    }

    async fn ask<T>(&self, command: impl FnOnce(Answer<T>) -> Command) -> Result<T, BackendError> {
        let gone = |_| BackendError::unavailable(Gone);
        let (answer, answered) = oneshot::channel();
        let sent = self.commands.send(command(answer)).await;
        sent.map_err(|_| BackendError::unavailable(Gone))?;
        answered.await.map_err(gone)?
    }
}

struct Task {
    orders: Orders,
    key: String,
    /// As it was read or written last; may be outdated.
    known: Option<Versioned<Ledger>>,
    /// Since when this process has seen verdicts open.
    seen: HashMap<(OrderId, Nonce), Instant>,
}

impl Task {
    async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut waiting = Vec::new();
        loop {
            let next = if waiting.is_empty() {
                commands.recv().await
            } else {
                match timeout(LOOK_AGAIN, commands.recv()).await {
                    Ok(next) => next,
                    Err(_) => {
                        waiting = self.round(waiting).await;
                        continue;
                    }
                }
            };
            let Some(next) = next else { return };
            waiting.push(next);
            let mut fresh = 1;
            while fresh < BATCH
                && let Ok(next) = commands.try_recv()
            {
                waiting.push(next);
                fresh += 1;
            }
            waiting = self.round(waiting).await;
        }
    }

    /// Does what can be done; gives what has to wait.
    async fn round(&mut self, commands: Vec<Command>) -> Vec<Command> {
        let commands: Vec<Command> = commands.into_iter().filter(Command::is_awaited).collect();
        if commands.iter().any(Command::looks) {
            self.known = None;
        }
        let outcomes = match self.write(&commands).await {
            Ok(outcomes) => outcomes,
            Err(error) => {
                self.known = None;
                commands
                    .into_iter()
                    .for_each(|command| command.fail(&error));
                return Vec::new();
            }
        };
        let sold = self.known.as_ref().map(|known| known.value.closed());
        let sold = sold.unwrap_or_default();
        let mut waiting = Vec::new();
        let mut helping = Vec::new();
        for (command, outcome) in commands.into_iter().zip(outcomes) {
            match (command, outcome) {
                (Command::Help { answer }, _) => helping.push(answer),
                (Command::Rule { answer, .. }, Outcome::Ruled(verdict)) => {
                    let _ = answer.send(Ok((verdict, sold.clone())));
                }
                (Command::Close { answer, .. }, _) => {
                    let _ = answer.send(Ok(sold.clone()));
                }
                (waits, _) => waiting.push(waits),
            }
        }
        if !waiting.is_empty() || !helping.is_empty() {
            let helped = self.help_along().await;
            // Others may have changed what is waited for.
            self.known = None;
            for answer in helping {
                let _ = answer.send(helped.clone());
            }
        }
        waiting
    }

    /// Applies `commands` to the ledger and writes it, if that changed it.
    async fn write(&mut self, commands: &[Command]) -> Result<Vec<Outcome>, BackendError> {
        for _ in 0..MOST_TRIES {
            let known = self.known().await?;
            let mut next = known.value.clone();
            let outcomes: Vec<Outcome> = commands
                .iter()
                .map(|command| command.apply(&mut next))
                .collect();
            if next == known.value {
                return Ok(outcomes);
            }
            let version = known.version;
            match self.orders.table.replace(&self.key, &next, version).await? {
                Written::Done => {
                    self.learn(Versioned {
                        value: next,
                        version: version + 1,
                    });
                    return Ok(outcomes);
                }
                Written::Changed(changed) => self.learn(changed),
            }
        }
        Err(BackendError::unavailable(TooBusy))
    }

    async fn known(&mut self) -> Result<Versioned<Ledger>, BackendError> {
        if let Some(known) = &self.known {
            return Ok(known.clone());
        }
        let read = self.orders.table.versioned(&self.key).await?;
        self.learn(read.clone());
        Ok(read)
    }

    fn learn(&mut self, known: Versioned<Ledger>) {
        let now = Instant::now();
        let open = known.value.open();
        self.seen = open
            .map(|(order, verdict)| {
                let key = (order, verdict.token.clone());
                let since = self.seen.get(&key).copied().unwrap_or(now);
                (key, since)
            })
            .collect();
        self.known = Some(known);
    }

    /// Carries out and closes verdicts that have been open for long; says how many.
    async fn help_along(&mut self) -> Result<usize, BackendError> {
        let known = self.known().await?;
        let late = known.value.open().filter(|(order, verdict)| {
            let key = (*order, verdict.token.clone());
            self.seen
                .get(&key)
                .is_some_and(|since| since.elapsed() >= PATIENCE)
        });
        let helped = late.take(HELPED).map(async |(order, verdict)| {
            let stored = self.orders.carry_out(order, verdict, &verdict.call).await;
            (order, stored)
        });
        let mut closes = Vec::new();
        for (order, stored) in join_all(helped).await {
            match stored {
                Ok(stored) => closes.push(Command::Close {
                    order,
                    named: stored.and_then(|stored| stored.verdict),
                    look: false,
                    answer: oneshot::channel().0,
                }),
                Err(error) => {
                    tracing::warn!(%order, error = chain(&error), "a verdict stays open");
                }
            }
        }
        if closes.is_empty() {
            return Ok(0);
        }
        tracing::info!(
            verdicts = closes.len(),
            "what others left half done is done"
        );
        self.write(&closes).await.map(|_| closes.len())
    }
}

impl Command {
    fn apply(&self, ledger: &mut Ledger) -> Outcome {
        match self {
            Self::Rule { case, .. } => match ledger.rule(case) {
                Ruling::New(verdict) | Ruling::Standing(verdict) => Outcome::Ruled(verdict),
                Ruling::Unclear => Outcome::Waits,
            },
            Self::Close { order, named, .. } => {
                ledger.close(*order, named.as_ref());
                Outcome::Closed
            }
            Self::Help { .. } => Outcome::Waits,
        }
    }

    /// Whether somebody waits for the answer. What is to be closed is closed anyway.
    fn is_awaited(&self) -> bool {
        match self {
            Self::Rule { answer, .. } => !answer.is_closed(),
            Self::Help { answer } => !answer.is_closed(),
            Self::Close { .. } => true,
        }
    }

    /// Whether it is about what may have been written since this process looked.
    fn looks(&self) -> bool {
        matches!(self, Self::Help { .. } | Self::Close { look: true, .. })
    }

    fn fail(self, error: &BackendError) {
        match self {
            Self::Rule { answer, .. } => drop(answer.send(Err(error.clone()))),
            Self::Close { answer, .. } => drop(answer.send(Err(error.clone()))),
            Self::Help { answer } => drop(answer.send(Err(error.clone()))),
        }
    }
}
