use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

use crate::{SessionId, TicketId, Timestamp};

/// One admitted fan's stay in checkout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Session {
    /// Its id, the admission token's `jti`.
    pub id: SessionId,
    /// When the fan passed the door.
    pub admitted_at: Timestamp,
    /// When it ends, unless an order or the fan ends it before.
    pub expires_at: Timestamp,
}

/// The live sessions, and how fast they end.
#[derive(Clone, Debug, Default)]
pub(super) struct Sessions {
    live: HashMap<TicketId, Session>,
    expiry: BTreeSet<(Timestamp, TicketId)>,
    ended: u64,
    ended_at_last_turn: u64,
    last_turn: Option<Timestamp>,
    ended_per_second: f64,
}

/// Over how many seconds the speed at which sessions end is smoothed.
const SMOOTHING_SECONDS: f64 = 10.0;

impl Sessions {
    pub(super) fn len(&self) -> usize {
        self.live.len()
    }

    pub(super) fn ended_per_second(&self) -> f64 {
        self.ended_per_second
    }

    pub(super) fn get(&self, ticket: TicketId) -> Option<Session> {
        self.live.get(&ticket).copied()
    }

    pub(super) fn open(&mut self, ticket: TicketId, session: Session) {
        self.expiry.insert((session.expires_at, ticket));
        self.live.insert(ticket, session);
    }

    /// Ends the session of `ticket` if it is the session `id`.
    pub(super) fn end(&mut self, ticket: TicketId, id: SessionId) -> bool {
        let Some(session) = self.live.get(&ticket).copied().filter(|live| live.id == id) else {
            return false;
        };
        self.live.remove(&ticket);
        self.expiry.remove(&(session.expires_at, ticket));
        self.ended += 1;
        true
    }

    /// Ends the sessions whose time is over and tells whose they were.
    pub(super) fn expire(&mut self, now: Timestamp) -> Vec<TicketId> {
        let mut expired = Vec::new();
        while let Some(&(until, ticket)) = self.expiry.first() {
            if until > now {
                break;
            }
            self.expiry.pop_first();
            self.live.remove(&ticket);
            self.ended += 1;
            expired.push(ticket);
        }
        expired
    }

    /// Measures, once a turn, how fast sessions end.
    pub(super) fn measure(&mut self, now: Timestamp) {
        let elapsed = self
            .last_turn
            .map_or(0.0, |last| now.since(last).as_secs_f64());
        if elapsed > 0.0 {
            let speed = (self.ended - self.ended_at_last_turn) as f64 / elapsed;
            let weight = 1.0 - (-elapsed / SMOOTHING_SECONDS).exp();
            self.ended_per_second += weight * (speed - self.ended_per_second);
        }
        self.ended_at_last_turn = self.ended;
        self.last_turn = Some(now);
    }
}
