//! Joins travel together: those that come while one call is under way make up the next.

use std::{collections::HashSet, iter, sync::Arc};

use tokio::{
    sync::{mpsc, oneshot},
    task::yield_now,
};
use waiting_room_core::{EventId, Joined, Place, QueueFull, TicketId};

use super::{Failure, Inner};
use crate::queue_store::Regime;

/// Joins that one script call takes at most.
const MOST_TOGETHER: usize = 256;

/// Joins that wait for their call at most; more are refused.
const MOST_WAITING: usize = 20_000;

/// One fan's join.
pub(super) struct Join {
    pub(super) ticket: TicketId,
    pub(super) drawn: Place,
}

type Answer = Result<Result<Joined, QueueFull>, Failure>;

struct Request {
    join: Join,
    regime: Arc<Regime>,
    answer: oneshot::Sender<Answer>,
}

/// Where the joins of one event gather.
pub(super) struct Joins(mpsc::Sender<Request>);

impl Joins {
    /// Starts to carry the joins of `event`, until this value is dropped.
    pub(super) fn start(event: EventId, inner: Arc<Inner>) -> Self {
        let (sender, mut requests) = mpsc::channel(MOST_WAITING);
        tokio::spawn(async move {
            let mut together: Vec<Request> = Vec::with_capacity(MOST_TOGETHER);
            while requests.recv_many(&mut together, MOST_TOGETHER).await > 0 {
                gather(&mut requests, &mut together).await;
                carry(&event, &inner, &mut together).await;
            }
        });
        Self(sender)
    }

    /// Joins with the next call.
    pub(super) async fn join(&self, join: Join, regime: &Regime) -> Answer {
        let (answer, answered) = oneshot::channel();
        let request = Request {
            join,
            regime: Arc::new(regime.clone()),
            answer,
        };
        self.0.try_send(request).map_err(|_| Failure::Crowded)?;
        answered.await.unwrap_or(Err(Failure::Crowded))
    }
}

/// How often nobody else may be found before a call begins.
const LOOKS: usize = 4;

/// Lets whoever is about to join do so first, as long as somebody does: a call costs the store as much as a dozen
/// joins.
async fn gather(requests: &mut mpsc::Receiver<Request>, together: &mut Vec<Request>) {
    let mut looks = 0;
    while together.len() < MOST_TOGETHER && looks < LOOKS {
        yield_now().await;
        let before = together.len();
        let more = iter::from_fn(|| requests.try_recv().ok());
        together.extend(more.take(MOST_TOGETHER - before));
        looks = if together.len() == before {
            looks + 1
        } else {
            0
        };
    }
}

async fn carry(event: &EventId, inner: &Inner, together: &mut Vec<Request>) {
    // Fans who gave up meanwhile come again with the same secret.
    together.retain(|request| !request.answer.is_closed());
    let Some(latest) = together.last() else {
        return;
    };
    let regime = latest.regime.clone();
    // One ticket may be there twice; a script call takes each once, and answers its first request.
    let mut seen = HashSet::with_capacity(together.len());
    let (mut once, again): (Vec<_>, Vec<_>) = together
        .drain(..)
        .partition(|request| seen.insert(request.join.ticket));
    let joins = once.iter().map(|request| &request.join);
    let answers = inner.join_all(event, joins, &regime).await;
    let of = |index: usize| -> Answer {
        match &answers {
            Ok(answers) => answers.get(index).copied().ok_or(Failure::Crowded),
            Err(failure) => Err(failure.clone()),
        }
    };
    for request in again {
        let first = once
            .iter()
            .position(|first| first.join.ticket == request.join.ticket);
        let known = |joined: Joined| Joined {
            new: false,
            waited: None,
            ..joined
        };
        let answer = of(first.unwrap_or(usize::MAX)).map(|joined| joined.map(known));
        let _ = request.answer.send(answer);
    }
    for (index, request) in once.drain(..).enumerate() {
        let _ = request.answer.send(of(index));
    }
}
