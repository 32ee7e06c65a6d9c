//! Which messages may be received, and which are hidden until when: in memory only.

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};

use waiting_room_core::EventId;

use super::records::Holdings;
use crate::{Depth, Receipt};

/// The queue's messages by number.
#[derive(Debug)]
pub(super) struct MessageIndex {
    ready: BTreeSet<u64>,
    hidden: BTreeSet<(Instant, u64)>,
    leases: HashMap<u64, Lease>,
    depths: HashMap<EventId, Depth>,
    next_number: u64,
    next_mark: u64,
    depths_changed: bool,
    arrived: bool,
}

/// Who has a hidden message, and until when. The mark tells one delivery from the next.
#[derive(Clone, Copy, Debug)]
struct Lease {
    until: Instant,
    mark: u64,
}

impl MessageIndex {
    /// The index of a file that holds `holdings`: everything is ready.
    pub(super) fn new(holdings: &Holdings) -> Self {
        let mut depths: HashMap<EventId, Depth> = HashMap::new();
        for (_, event) in &holdings.queued {
            depths.entry(event.clone()).or_default().queued += 1;
        }
        for (_, event) in &holdings.dead {
            depths.entry(event.clone()).or_default().dead += 1;
        }
        let numbers = holdings.queued.iter().chain(&holdings.dead);
        Self {
            next_number: numbers
                .map(|(number, _)| number + 1)
                .max()
                .unwrap_or_default(),
            ready: holdings.queued.iter().map(|(number, _)| *number).collect(),
            hidden: BTreeSet::new(),
            leases: HashMap::new(),
            depths,
            // A receipt from before a restart must not fit a delivery after it.
            next_mark: rand::random::<u64>() >> 1,
            depths_changed: true,
            arrived: true,
        }
    }

    /// How many messages each event has.
    pub(super) fn depths(&self) -> &HashMap<EventId, Depth> {
        &self.depths
    }

    /// Whether the depths have changed since this was asked last.
    pub(super) fn take_depths_changed(&mut self) -> bool {
        std::mem::take(&mut self.depths_changed)
    }

    /// Whether a message came, or will be ready at another time, since this was asked last.
    pub(super) fn take_arrived(&mut self) -> bool {
        std::mem::take(&mut self.arrived)
    }

    /// Adds a message of `event` and gives its number.
    pub(super) fn add(&mut self, event: &EventId) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        self.ready.insert(number);
        self.arrived = true;
        self.depth(event).queued += 1;
        number
    }

    /// The next message that is ready at `now`. It stays ready until it is hidden or taken off.
    pub(super) fn first_ready(&mut self, now: Instant) -> Option<u64> {
        while let Some(&(until, number)) = self.hidden.first()
            && until <= now
        {
            self.hidden.pop_first();
            self.leases.remove(&number);
            self.ready.insert(number);
        }
        self.ready.first().copied()
    }

    /// When the next hidden message will be ready.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.hidden.first().map(|(until, _)| *until)
    }

    /// Hides `number`, received by somebody, until `until`.
    pub(super) fn hide(&mut self, number: u64, until: Instant) -> Receipt {
        self.unlist(number);
        let mark = self.next_mark;
        self.next_mark += 1;
        self.leases.insert(number, Lease { until, mark });
        self.hidden.insert((until, number));
        Receipt::new(format!("{number}.{mark}"))
    }

    /// Hides `number`, given back, until `until`.
    pub(super) fn rest(&mut self, number: u64, until: Instant) {
        self.hide(number, until);
        self.arrived = true;
    }

    /// The message that `receipt` is for, while its delivery is the last one and not over at `now`.
    pub(super) fn held(&self, receipt: &Receipt, now: Instant) -> Option<u64> {
        let (number, mark) = receipt.as_str().split_once('.')?;
        let (number, mark) = (number.parse().ok()?, mark.parse::<u64>().ok()?);
        let lease = self.leases.get(&number)?;
        (lease.mark == mark && lease.until > now).then_some(number)
    }

    /// Hides `number`, whose delivery goes on, for `visibility` from `now`.
    pub(super) fn extend(&mut self, number: u64, now: Instant, visibility: Duration) {
        if let Some(lease) = self.leases.get_mut(&number) {
            self.hidden.remove(&(lease.until, number));
            lease.until = now + visibility;
            self.hidden.insert((lease.until, number));
        }
    }

    /// Takes `number` of `event` off.
    pub(super) fn remove(&mut self, number: u64, event: &EventId) {
        self.unlist(number);
        let depth = self.depth(event);
        depth.queued = depth.queued.saturating_sub(1);
    }

    /// Takes `number` of `event` off, as a dead letter.
    pub(super) fn bury(&mut self, number: u64, event: &EventId) {
        self.remove(number, event);
        self.depth(event).dead += 1;
    }

    /// Forgets a dead letter of `event`.
    pub(super) fn unbury(&mut self, event: &EventId) {
        let depth = self.depth(event);
        depth.dead = depth.dead.saturating_sub(1);
    }

    /// Passes over `number`, whose record cannot be read.
    pub(super) fn pass_over(&mut self, number: u64) {
        self.unlist(number);
    }

    fn unlist(&mut self, number: u64) {
        self.ready.remove(&number);
        if let Some(lease) = self.leases.remove(&number) {
            self.hidden.remove(&(lease.until, number));
        }
    }

    fn depth(&mut self, event: &EventId) -> &mut Depth {
        self.depths_changed = true;
        self.depths.entry(event.clone()).or_default()
    }
}
