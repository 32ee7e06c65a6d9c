//! The thread that writes: many commands, one durable commit.

use std::{
    collections::HashMap,
    fmt, io,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use arc_swap::{ArcSwap, ArcSwapOption};
use redb::{Database, ReadableDatabase};
use thiserror::Error;
use tokio::sync::{
    Notify,
    mpsc::{self, error::TryRecvError},
    oneshot,
};
use waiting_room_core::EventId;

use super::{
    OpenError, Opened,
    batch::{Batch, Done, Halt, Stepped},
    message_index::MessageIndex,
    records::{self, Tables},
};
use crate::{BackendError, Depth, error::chain, observe};

/// Commands in one transaction at most: enough that the sync costs each next to nothing, few enough
/// that the first does not wait long for the last.
const BATCH: usize = 256;

/// Commands that may wait for the next batches; further callers wait to be let in.
const WAITING: usize = 4 * BATCH;

/// The pause before a database that failed is opened anew; doubles with each time in vain.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How often commands are answered during such a pause.
const GLANCE: Duration = Duration::from_millis(20);

/// The way to the writing thread.
pub(super) struct Writer {
    commands: Option<mpsc::Sender<Box<dyn Command>>>,
    thread: Option<JoinHandle<()>>,
    published: Arc<Published>,
}

/// What the thread tells after each batch.
#[derive(Default)]
struct Published {
    /// For readers; none after a failure, until it is open again.
    database: ArcSwapOption<Database>,
    depths: ArcSwap<HashMap<EventId, Depth>>,
    arrivals: Notify,
    fault: ArcSwapOption<BackendError>,
}

#[derive(Debug, Error)]
#[error("the thread that writes the order book has ended")]
struct WriterEnded;

#[derive(Debug, Error)]
#[error("the order book is closed after a failure of the disk, until it can be opened again")]
struct Closed;

/// A step on its way through the thread.
trait Command: Send {
    /// Does it in the transaction; true when it wrote something.
    fn apply(&mut self, batch: &mut Batch<'_>) -> Result<bool, redb::Error>;
    /// Tells the caller how it went, now that the batch is durable or has failed.
    fn answer(self: Box<Self>, written: Result<(), BackendError>);
}

struct Asked<F, T, E> {
    step: Option<F>,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Command for Asked<F, T, E>
where
    F: FnOnce(&mut Batch<'_>) -> Stepped<T, E> + Send,
    T: Send,
    E: From<BackendError> + Send,
{
    fn apply(&mut self, batch: &mut Batch<'_>) -> Result<bool, redb::Error> {
        let Some(step) = self.step.take() else {
            return Ok(false);
        };
        let (outcome, wrote) = match step(batch) {
            Ok(Done::Wrote(answer)) => (Ok(answer), true),
            Ok(Done::Unchanged(answer)) => (Ok(answer), false),
            Err(Halt::Refused(refusal)) => (Err(refusal), false),
            Err(Halt::Failed(error)) => return Err(error),
        };
        self.outcome = Some(outcome);
        Ok(wrote)
    }

    fn answer(self: Box<Self>, written: Result<(), BackendError>) {
        let outcome = match (written, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(BackendError::unavailable(WriterEnded).into()),
            // A refusal counts no more than a success: it may rest on what the batch wrote.
            (Err(error), _) => Err(error.into()),
        };
        // A caller that has gone away needs no answer.
        let _ = self.reply.send(outcome);
    }
}

impl Writer {
    /// Starts the thread on `opened`, which it opens with `again` after each failure.
    pub(super) fn start(
        opened: Opened,
        again: impl Fn() -> Result<Opened, OpenError> + Send + 'static,
    ) -> io::Result<Self> {
        let published = Arc::new(Published::default());
        let (database, index) = published.open(opened);
        let (commands, waiting) = mpsc::channel(WAITING);
        let thread = thread::Builder::new()
            .name("order-book".to_owned())
            .spawn({
                let published = published.clone();
                move || write(database, waiting, index, &published, &again)
            })?;
        Ok(Self {
            commands: Some(commands),
            thread: Some(thread),
            published,
        })
    }

    /// Does `step` in the next transaction; answers once that is durable.
    pub(super) async fn run<T, E>(
        &self,
        step: impl FnOnce(&mut Batch<'_>) -> Stepped<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<BackendError> + Send + 'static,
    {
        let ended = || BackendError::unavailable(WriterEnded);
        let (reply, answer) = oneshot::channel();
        let asked = Asked {
            step: Some(step),
            outcome: None,
            reply,
        };
        let commands = self.commands.as_ref().ok_or_else(ended)?;
        commands.send(Box::new(asked)).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }

    /// How many messages of `event` there are.
    pub(super) fn depth(&self, event: &EventId) -> Depth {
        let depths = self.published.depths.load();
        depths.get(event).copied().unwrap_or_default()
    }

    /// Is notified when there may be messages to receive.
    pub(super) fn arrivals(&self) -> &Notify {
        &self.published.arrivals
    }

    /// The database, to read from.
    pub(super) fn database(&self) -> Result<Arc<Database>, BackendError> {
        let database = self.published.database.load_full();
        database.ok_or_else(|| BackendError::unavailable(Closed))
    }

    /// Whether the thread lives and the database is open.
    pub(super) fn check(&self) -> Result<(), BackendError> {
        if self.thread.as_ref().is_none_or(JoinHandle::is_finished) {
            return Err(BackendError::unavailable(WriterEnded));
        }
        match self.published.fault.load_full() {
            Some(fault) => Err((*fault).clone()),
            None => Ok(()),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that writes the order book panicked");
        }
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl Published {
    fn tell(&self, index: &mut MessageIndex) {
        if index.take_depths_changed() {
            self.depths.store(Arc::new(index.depths().clone()));
        }
        if index.take_arrived() {
            self.arrivals.notify_waiters();
        }
    }

    fn open(&self, opened: Opened) -> (Arc<Database>, MessageIndex) {
        let Opened {
            database,
            mut messages,
        } = opened;
        let database = Arc::new(database);
        self.database.store(Some(database.clone()));
        self.fault.store(None);
        self.tell(&mut messages);
        (database, messages)
    }

    fn close(&self, fault: &BackendError) {
        self.fault.store(Some(Arc::new(fault.clone())));
        self.database.store(None);
    }
}

pub(super) fn load(database: &Database) -> Result<MessageIndex, redb::Error> {
    Ok(MessageIndex::new(&records::holdings(
        &database.begin_read()?,
    )?))
}

fn write(
    mut database: Arc<Database>,
    mut waiting: mpsc::Receiver<Box<dyn Command>>,
    mut index: MessageIndex,
    published: &Published,
    again: &impl Fn() -> Result<Opened, OpenError>,
) {
    let mut commands = Vec::with_capacity(BATCH);
    while waiting.blocking_recv_many(&mut commands, BATCH) > 0 {
        let started = Instant::now();
        let written = apply(&database, &mut commands, &mut index);
        observe::committed(commands.len(), started.elapsed());
        let written = written.map_err(BackendError::unavailable);
        if let Err(fault) = &written {
            tracing::error!(
                error = chain(fault),
                commands = commands.len(),
                "a batch of the order book was not written; it is opened anew"
            );
            // After a failure the database refuses everything, and the index has seen what the
            // file has not. Readers let go of it in no time; until then its lock keeps the next out.
            published.close(fault);
            drop(database);
            for command in commands.drain(..) {
                command.answer(written.clone());
            }
            let Some(opened) = reopen(again, &mut waiting, fault) else {
                return;
            };
            tracing::info!("the order book is open again");
            (database, index) = published.open(opened);
            continue;
        }
        published.tell(&mut index);
        for command in commands.drain(..) {
            command.answer(Ok(()));
        }
    }
}

/// Opens the database anew as soon as that is possible, and tells callers of `fault` until then;
/// `None` when nobody can call any more.
fn reopen(
    again: &impl Fn() -> Result<Opened, OpenError>,
    waiting: &mut mpsc::Receiver<Box<dyn Command>>,
    fault: &BackendError,
) -> Option<Opened> {
    let mut pause = FIRST_PAUSE;
    loop {
        let until = Instant::now() + pause;
        while Instant::now() < until {
            match waiting.try_recv() {
                Ok(command) => command.answer(Err(fault.clone())),
                Err(TryRecvError::Empty) => thread::sleep(GLANCE),
                Err(TryRecvError::Disconnected) => return None,
            }
        }
        match again() {
            Ok(opened) => return Some(opened),
            Err(error) => {
                pause = LONGEST_PAUSE.min(pause * 2);
                tracing::warn!(
                    error = chain(&error),
                    "the order book cannot be opened again yet"
                );
            }
        }
    }
}

fn apply(
    database: &Database,
    commands: &mut [Box<dyn Command>],
    index: &mut MessageIndex,
) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    // An order book that comes back at once after a crash is worth the second sync to a batch.
    transaction.set_quick_repair(true);
    let mut wrote = false;
    {
        let mut batch = Batch {
            tables: Tables::open(&transaction)?,
            messages: index,
        };
        for command in commands {
            wrote |= command.apply(&mut batch)?;
        }
    }
    if wrote {
        transaction.commit()?;
    } else {
        transaction.abort()?;
    }
    Ok(())
}
