//! Joins travel together: those that come while one call is under way make up the next.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
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

async fn carry(event: &EventId, inner: &Inner, together: &mut Vec<Request>) {
    // Fans who gave up meanwhile come again with the same secret.
    together.retain(|request| !request.answer.is_closed());
    let Some(latest) = together.last() else {
        return;
    };
    let regime = latest.regime.clone();
    let joins = together.iter().map(|request| &request.join);
    match inner.join_all(event, joins, &regime).await {
        Ok(answers) => {
            for (request, answer) in together.drain(..).zip(answers) {
                let _ = request.answer.send(Ok(answer));
            }
        }
        Err(failure) => {
            for request in together.drain(..) {
                let _ = request.answer.send(Err(failure.clone()));
            }
        }
    }
}
