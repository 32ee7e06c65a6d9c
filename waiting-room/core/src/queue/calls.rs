use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::Duration,
};

use crate::{ShowUpCurve, TicketId, Timestamp};

/// Time during which the door was open: call windows run by it, so that a pause costs nobody a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DoorTime(Duration);

impl DoorTime {
    pub(super) fn advance(&mut self, by: Duration) {
        self.0 += by;
    }

    fn plus(self, duration: Duration) -> Self {
        Self(self.0 + duration)
    }

    fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// The tickets that are called and not yet admitted, and what their coming teaches.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    open: HashMap<TicketId, Call>,
    windows: BTreeSet<(DoorTime, TicketId)>,
    batches: VecDeque<Batch>,
    first_batch: u64,
    at_door: HashMap<TicketId, Presence>,
    curve: ShowUpCurve,
}

#[derive(Clone, Copy, Debug)]
struct Call {
    until: DoorTime,
    batch: u64,
    came: bool,
}

/// The tickets of one turn, or of a few joins in a row, which age together.
#[derive(Clone, Copy, Debug)]
struct Batch {
    called_at: DoorTime,
    span: usize,
    at_risk: u32,
    came_in_span: u32,
    not_come: u32,
}

#[derive(Clone, Copy, Debug)]
struct Presence {
    since: DoorTime,
    last_seen: Timestamp,
}

/// Who has not knocked for this long is not at the door any more; several times the longest
/// `Retry-After` that the door gives.
const PRESENCE: Duration = Duration::from_secs(12);

/// Calls within this are one batch: so a queue that calls each fan on joining has few of them.
const SAME_AGE: Duration = Duration::from_millis(250);

impl Batch {
    /// Reports the span that ends, and begins the next.
    fn close_span(&mut self, curve: &mut ShowUpCurve, next: usize) {
        curve.observe(self.span, self.at_risk, self.came_in_span);
        // Spans that passed between two turns were survived by everybody who is left.
        for skipped in self.span + 1..next {
            curve.observe(skipped, self.not_come, 0);
        }
        self.span = next;
        self.at_risk = self.not_come;
        self.came_in_span = 0;
    }
}

impl Calls {
    /// How many are called and not yet admitted.
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// How many knocked lately and wait for a permit.
    pub(super) fn at_door(&self) -> usize {
        self.at_door.len()
    }

    pub(super) fn curve(&self) -> &ShowUpCurve {
        &self.curve
    }

    /// How many of those called will stand at the door, those who do already included.
    pub(super) fn expected(&self) -> f64 {
        let coming = |batch: &Batch| f64::from(batch.not_come) * self.curve.still_comes(batch.span);
        self.at_door.len() as f64 + self.batches.iter().map(coming).sum::<f64>()
    }

    /// Opens the call windows of `tickets`.
    pub(super) fn call(
        &mut self,
        tickets: impl ExactSizeIterator<Item = TicketId>,
        now: DoorTime,
        window: Duration,
    ) {
        let count = u32::try_from(tickets.len()).unwrap_or(u32::MAX);
        if count == 0 {
            return;
        }
        match self.batches.back_mut() {
            Some(last) if last.span == 0 && now.since(last.called_at) < SAME_AGE => {
                last.at_risk += count;
                last.not_come += count;
            }
            _ => self.batches.push_back(Batch {
                called_at: now,
                span: 0,
                at_risk: count,
                came_in_span: 0,
                not_come: count,
            }),
        }
        let batch = self.first_batch + self.batches.len() as u64 - 1;
        let until = now.plus(window);
        for ticket in tickets {
            self.open.insert(
                ticket,
                Call {
                    until,
                    batch,
                    came: false,
                },
            );
            self.windows.insert((until, ticket));
        }
    }

    /// How much longer the call window of `ticket` is open.
    pub(super) fn remaining(&self, ticket: TicketId, now: DoorTime) -> Duration {
        self.open
            .get(&ticket)
            .map_or(Duration::ZERO, |call| call.until.since(now))
    }

    /// `ticket` knocks; tells how long it has been at the door. Who finds the door busy must not
    /// lose the call by it, however seldom a page in the background may knock: so the call window
    /// begins anew.
    pub(super) fn knock(
        &mut self,
        ticket: TicketId,
        at: Timestamp,
        now: DoorTime,
        window: Duration,
    ) -> Duration {
        if let Some(call) = self.open.get_mut(&ticket) {
            let first = !std::mem::replace(&mut call.came, true);
            let until = now.plus(window.max(PRESENCE));
            self.windows.remove(&(call.until, ticket));
            self.windows.insert((until, ticket));
            call.until = until;
            if first && let Some(batch) = self.batch(ticket) {
                batch.came_in_span += 1;
                batch.not_come = batch.not_come.saturating_sub(1);
            }
        }
        let presence = self.at_door.entry(ticket).or_insert(Presence {
            since: now,
            last_seen: at,
        });
        presence.last_seen = at;
        now.since(presence.since)
    }

    /// `ticket` passed the door or left: it is not called any more.
    pub(super) fn close(&mut self, ticket: TicketId) {
        let came = self.open.get(&ticket).is_some_and(|call| call.came);
        if !came && let Some(batch) = self.batch(ticket) {
            batch.not_come = batch.not_come.saturating_sub(1);
        }
        if let Some(call) = self.open.remove(&ticket) {
            self.windows.remove(&(call.until, ticket));
        }
        self.at_door.remove(&ticket);
    }

    /// Ages the calls: learns who came, forgets who went from the door, and tells whose window has
    /// passed.
    pub(super) fn expire(&mut self, at: Timestamp, now: DoorTime) -> Vec<TicketId> {
        self.at_door
            .retain(|_, presence| at.since(presence.last_seen) <= PRESENCE);
        let mut missed = Vec::new();
        while let Some(&(until, ticket)) = self.windows.first() {
            if until > now {
                break;
            }
            self.windows.pop_first();
            self.close(ticket);
            missed.push(ticket);
        }
        for batch in &mut self.batches {
            let span = ShowUpCurve::span_of(now.since(batch.called_at));
            if span > batch.span {
                batch.close_span(&mut self.curve, span);
            }
        }
        while self
            .batches
            .front()
            .is_some_and(|batch| batch.not_come == 0)
        {
            if let Some(mut done) = self.batches.pop_front() {
                done.close_span(&mut self.curve, done.span);
            }
            self.first_batch += 1;
        }
        missed
    }

    fn batch(&mut self, ticket: TicketId) -> Option<&mut Batch> {
        let index = self
            .open
            .get(&ticket)?
            .batch
            .checked_sub(self.first_batch)?;
        self.batches.get_mut(usize::try_from(index).ok()?)
    }
}
