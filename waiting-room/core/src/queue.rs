//! One event's queue: the state machine that every queue store has to behave as.

mod answers;
mod calls;
mod record;
mod sessions;

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use self::{
    calls::{Calls, DoorTime},
    record::{Record, Stage},
    sessions::Sessions,
};
use crate::{
    Cohort, Epoch, Marks, PermitBucket, Phase, Place, PlaceOrder, Rules, SessionId, Settings,
    TicketId, Timestamp,
};

pub use self::{
    answers::{Claim, Joined, QueueFull, RejoinRefused, Snapshot, Standing, Totals, Turn},
    sessions::Session,
};

/// One event's queue: who waits where, who is called, who is in checkout, and the permits that
/// the rate has left.
///
/// Each operation takes the store's time as `now`; a time before the last one counts as the last.
/// An operation done twice, or by two instances, has the effect of one.
#[derive(Clone, Debug)]
pub struct EventQueue {
    epoch: Epoch,
    recovers_until: Timestamp,
    now: Timestamp,
    door_time: DoorTime,
    door_open: bool,
    tickets: HashMap<TicketId, Record>,
    gone: VecDeque<TicketId>,
    waiting: PlaceOrder,
    calls: Calls,
    sessions: Sessions,
    permits: PermitBucket,
    frontier: Option<Place>,
    last_arrival: Place,
    totals: Totals,
}

/// How many seconds' worth of fans the controller keeps at the door beyond those under way: enough
/// that a permit always finds somebody, few enough that nobody stands there for long.
const DOOR_RESERVE: Duration = Duration::from_secs(2);

/// How many standard deviations of the number under way the controller keeps at the door besides:
/// fans come by chance, which weighs most where few do.
const SAFETY: f64 = 1.5;

/// The longest lead for which the controller calls ahead, however slowly fans come.
const LONGEST_LEAD: Duration = Duration::from_secs(45);

/// The smallest show share that the controller believes in; bounds how many it calls at once.
const LEAST_SHOW_SHARE: f64 = 0.05;

/// The bounds of a `Retry-After` at a door that is open.
const RETRY: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(3));

/// A longer pause between two operations than this many ticks means that nobody could come to the door, because
/// the store or the network was away: of it, call windows lose one tick only.
const LONGEST_GAP_TICKS: u32 = 5;

/// When to knock again at a door that is shut, or behind which every session is taken.
const RETRY_SHUT: Duration = Duration::from_secs(4);

impl EventQueue {
    /// An empty queue under `epoch`. When its predecessor was lost, nobody is called before
    /// `recovers_until`.
    pub fn new(
        epoch: Epoch,
        now: Timestamp,
        recovers_until: Timestamp,
        rules: &Rules,
        settings: &Settings,
    ) -> Self {
        Self {
            epoch,
            recovers_until,
            now,
            door_time: DoorTime::default(),
            door_open: false,
            tickets: HashMap::new(),
            gone: VecDeque::new(),
            waiting: PlaceOrder::default(),
            calls: Calls::default(),
            sessions: Sessions::default(),
            permits: PermitBucket::empty(now, settings.admission_rate_per_minute, rules.tick),
            frontier: None,
            last_arrival: Place::default(),
            totals: Totals::default(),
        }
    }

    /// Gives `ticket` its place, or finds it where it stands: `drawn`, its place in the draw, before
    /// the on-sale, and behind everybody who has arrived since then. When nobody waits and the door
    /// has room, it is called at once.
    ///
    /// # Errors
    /// When the ticket is new and the queue is full.
    pub fn join(
        &mut self,
        ticket: TicketId,
        drawn: Place,
        now: Timestamp,
        rules: &Rules,
        settings: &Settings,
    ) -> Result<Joined, QueueFull> {
        let phase = self.advance(now, rules, settings);
        if let Some(record) = self.tickets.get(&ticket).copied() {
            let standing = self.standing_of(ticket, record, rules);
            return Ok(Joined {
                place: record.place(),
                new: false,
                waited: None,
                standing,
            });
        }
        if self.present() >= rules.capacity {
            return Err(QueueFull);
        }
        let (place, waited) = match rules.schedule.cohort_at(self.now) {
            Cohort::Prequeue => (drawn, None),
            Cohort::Arrival => {
                self.last_arrival = Place::of_arrival(self.now, self.last_arrival);
                (self.last_arrival, Some(self.waiting.len() as u64))
            }
        };
        self.seat(ticket, place, rules);
        self.totals.joined += 1;
        if phase == Phase::Admitting && self.waiting.len() == 1 && self.door_has_room(settings) {
            self.call(1, rules);
        }
        let standing = self.standing(ticket, rules).unwrap_or(Standing::Waiting);
        Ok(Joined {
            place,
            new: true,
            waited,
            standing,
        })
    }

    /// Puts `ticket` back where it stood: after the store lost it, or after a missed call.
    ///
    /// # Errors
    /// When the event's rules don't allow it.
    pub fn rejoin(
        &mut self,
        ticket: TicketId,
        place: Place,
        now: Timestamp,
        rules: &Rules,
        settings: &Settings,
    ) -> Result<Standing, RejoinRefused> {
        self.advance(now, rules, settings);
        let Some(record) = self.tickets.get(&ticket).copied() else {
            if !self.has_room_for_returner(rules) {
                return Err(RejoinRefused::Full);
            }
            self.seat(ticket, place, rules);
            self.totals.rejoined += 1;
            return Ok(Standing::Waiting);
        };
        match self.standing_of(ticket, record, rules) {
            Standing::Missed { may_rejoin: true } => {
                self.tickets.insert(ticket, record.at(Stage::Waiting));
                self.waiting.insert(record.place(), ticket);
                self.totals.rejoined += 1;
                Ok(Standing::Waiting)
            }
            Standing::Missed { may_rejoin: false } => Err(RejoinRefused::CalledTooOften),
            Standing::Left => Err(RejoinRefused::Left),
            Standing::Ended => Err(RejoinRefused::Ended),
            standing => Ok(standing),
        }
    }

    /// One turn of the controller: ends what has run out, and calls enough tickets to keep the
    /// door busy.
    ///
    /// Enough is the number of fans that the door lets through while a called fan is under way,
    /// plus a reserve, less those whom the calls so far will still bring; so any number of
    /// instances may take turns, as often as they like.
    pub fn turn(&mut self, now: Timestamp, rules: &Rules, settings: &Settings) -> Turn {
        let before = self.totals;
        let phase = self.advance(now, rules, settings);
        let missed = self.calls.expire(self.now, self.door_time);
        for ticket in &missed {
            self.set_stage(*ticket, Stage::Missed);
        }
        self.totals.missed += missed.len() as u64;
        self.sessions.measure(self.now);
        let called = if phase == Phase::Admitting {
            self.call(self.short_of(settings), rules)
        } else {
            0
        };
        Turn {
            called,
            missed: missed.len(),
            sessions_expired: (self.totals.sessions_ended - before.sessions_ended) as usize,
        }
    }

    /// `ticket`, which stands at `place`, comes to the door. `session` is the id that its session
    /// gets, should it pass.
    pub fn claim(
        &mut self,
        ticket: TicketId,
        place: Place,
        session: SessionId,
        now: Timestamp,
        rules: &Rules,
        settings: &Settings,
    ) -> Claim {
        let phase = self.advance(now, rules, settings);
        let record = match self.tickets.get(&ticket).copied() {
            Some(record) => record,
            None if phase == Phase::Closed => return Claim::Closed,
            None if !self.has_room_for_returner(rules) => return Claim::Full,
            None => {
                self.totals.rejoined += 1;
                self.seat(ticket, place, rules)
            }
        };
        match self.standing_of(ticket, record, rules) {
            Standing::Admitted(session) => Claim::Admitted {
                session,
                again: true,
            },
            Standing::Left => Claim::Left,
            Standing::Ended => Claim::Ended,
            _ if phase == Phase::Closed => Claim::Closed,
            _ if phase == Phase::Bypass => self.admit(ticket, record, session, rules),
            Standing::Missed { may_rejoin } => Claim::Missed { may_rejoin },
            Standing::Waiting => Claim::NotCalled,
            Standing::Called { .. } => {
                let at_door_for =
                    self.calls
                        .knock(ticket, self.now, self.door_time, rules.call_window);
                let limit = settings.max_active_sessions.sessions() as usize;
                if phase != Phase::Admitting || self.sessions.len() >= limit {
                    return Claim::Busy {
                        retry_after: RETRY_SHUT,
                    };
                }
                if !self.permits.take() {
                    let retry_after = self.knock_again_after(at_door_for, rules, settings);
                    return Claim::Busy { retry_after };
                }
                self.admit(ticket, record, session, rules)
            }
        }
    }

    /// The fan gives the place up; false when the store does not know the ticket.
    pub fn leave(
        &mut self,
        ticket: TicketId,
        now: Timestamp,
        rules: &Rules,
        settings: &Settings,
    ) -> bool {
        self.advance(now, rules, settings);
        let Some(record) = self.tickets.get(&ticket).copied() else {
            return false;
        };
        match record.stage() {
            Stage::Waiting => {
                self.waiting.remove(record.place(), ticket);
            }
            Stage::Called => self.calls.close(ticket),
            Stage::Admitted => {
                if let Some(session) = self.sessions.get(ticket) {
                    self.end_session(ticket, session.id);
                }
            }
            Stage::Missed => {}
            Stage::Left | Stage::Ended => return true,
        }
        self.set_stage(ticket, Stage::Left);
        self.totals.left += 1;
        true
    }

    /// The stay in checkout is over: its slot is free. False when that session does not live.
    pub fn end_session(&mut self, ticket: TicketId, session: SessionId) -> bool {
        let ended = self.sessions.end(ticket, session);
        if ended {
            self.set_stage(ticket, Stage::Ended);
            self.totals.sessions_ended += 1;
        }
        ended
    }

    /// How far `ticket` has come; nothing when the store does not know it.
    pub fn standing(&self, ticket: TicketId, rules: &Rules) -> Option<Standing> {
        self.tickets
            .get(&ticket)
            .map(|record| self.standing_of(ticket, *record, rules))
    }

    /// The queue as it is.
    pub fn snapshot(&mut self, now: Timestamp, rules: &Rules, settings: &Settings) -> Snapshot {
        self.advance(now, rules, settings);
        Snapshot {
            epoch: self.epoch,
            at: self.now,
            recovering: self.recovering(),
            frontier: self.frontier,
            marks: Marks::new(self.waiting.marks(), self.waiting.len() as u64),
            called: self.calls.len() as u64,
            at_door: self.calls.at_door() as u64,
            sessions: self.sessions.len() as u64,
            show_share: self.calls.curve().show_share(),
            totals: self.totals,
        }
    }

    /// The store's life.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Whoever comes back had a place before those who joined since: newcomers can't crowd them out.
    fn has_room_for_returner(&self, rules: &Rules) -> bool {
        self.present() < rules.capacity.saturating_mul(2)
    }

    fn recovering(&self) -> bool {
        self.now < self.recovers_until
    }

    fn advance(&mut self, now: Timestamp, rules: &Rules, settings: &Settings) -> Phase {
        let elapsed = now.since(self.now);
        self.now = self.now.max(now);
        let phase = Phase::at(self.now, &rules.schedule, settings.mode, self.recovering());
        // Time counts when the door was open at both its ends: in between it may have been shut.
        let was_open = std::mem::replace(&mut self.door_open, phase == Phase::Admitting);
        if was_open && self.door_open {
            let away = elapsed > rules.tick * LONGEST_GAP_TICKS;
            self.door_time
                .advance(if away { rules.tick } else { elapsed });
        }
        self.permits
            .refill(self.now, settings.admission_rate_per_minute, rules.tick);
        for ticket in self.sessions.expire(self.now) {
            self.set_stage(ticket, Stage::Ended);
            self.totals.sessions_ended += 1;
        }
        phase
    }

    /// How many tickets have not left or had their session.
    fn present(&self) -> usize {
        self.tickets.len() - self.gone.len()
    }

    fn seat(&mut self, ticket: TicketId, place: Place, rules: &Rules) -> Record {
        if self.tickets.len() >= rules.capacity
            && let Some(oldest) = self.gone.pop_front()
        {
            self.tickets.remove(&oldest);
        }
        let record = Record::waiting(place);
        self.tickets.insert(ticket, record);
        self.waiting.insert(place, ticket);
        if place.cohort() == Cohort::Arrival {
            // After a store loss the clock may be behind the one that gave this place.
            self.last_arrival = self.last_arrival.max(place);
        }
        record
    }

    fn set_stage(&mut self, ticket: TicketId, stage: Stage) {
        if let Some(record) = self.tickets.get_mut(&ticket) {
            let was_gone = record.stage().is_gone();
            *record = record.at(stage);
            if stage.is_gone() && !was_gone {
                self.gone.push_back(ticket);
            }
        }
    }

    fn free_sessions(&self, settings: &Settings) -> f64 {
        let limit = settings.max_active_sessions.sessions() as usize;
        limit.saturating_sub(self.sessions.len()) as f64
    }

    fn door_has_room(&self, settings: &Settings) -> bool {
        let room = (self.permits.permits() as f64).min(self.free_sessions(settings));
        self.calls.expected() + 1.0 <= room
    }

    /// When a fan who has been at the door for `at_door_for` and found no permit knocks again.
    ///
    /// The bucket gains nothing while it is full. While it takes long to fill up, a fan comes when
    /// the line at the door has passed; where it holds one permit only, each moment between that
    /// permit and the next knock is lost, so all the few at the door come for each permit, early
    /// enough to be held until it falls due.
    fn knock_again_after(
        &self,
        at_door_for: Duration,
        rules: &Rules,
        settings: &Settings,
    ) -> Duration {
        let per_second = settings.admission_rate_per_minute.per_second();
        let period = Duration::from_secs_f64(1.0 / per_second);
        if rules.tick.saturating_sub(period) > RETRY.0 {
            let line =
                Duration::from_secs_f64((self.calls.at_door() as f64 / per_second).min(60.0));
            return line.saturating_sub(at_door_for).clamp(RETRY.0, RETRY.1);
        }
        let due = self.permits.next_in();
        if due <= Claim::HOLD {
            due
        } else {
            (due - due / 10)
                .saturating_sub(Claim::HOLD / 2)
                .clamp(RETRY.0, RETRY.1)
        }
    }

    /// How many tickets to call so that the door stays busy.
    fn short_of(&self, settings: &Settings) -> usize {
        let curve = self.calls.curve();
        let lead = (curve.mean_delay() + DOOR_RESERVE)
            .min(LONGEST_LEAD)
            .as_secs_f64();
        let per_second = settings.admission_rate_per_minute.per_second();
        let under_way = per_second * curve.mean_delay().as_secs_f64();
        let through_the_door = per_second * lead + SAFETY * under_way.sqrt();
        let into_checkout = self.free_sessions(settings) + self.sessions.ended_per_second() * lead;
        let missing = through_the_door.max(1.0).min(into_checkout) - self.calls.expected();
        (missing / curve.show_share().max(LEAST_SHOW_SHARE))
            .ceil()
            .max(0.0) as usize
    }

    fn call(&mut self, count: usize, rules: &Rules) -> usize {
        let called = self.waiting.take_first(count);
        for (place, ticket) in &called {
            if let Some(record) = self.tickets.get_mut(ticket) {
                *record = record.called_once_more();
            }
            self.frontier = self.frontier.max(Some(*place));
        }
        let tickets = called.iter().map(|(_, ticket)| *ticket);
        self.calls.call(tickets, self.door_time, rules.call_window);
        self.totals.called += called.len() as u64;
        called.len()
    }

    fn admit(&mut self, ticket: TicketId, record: Record, id: SessionId, rules: &Rules) -> Claim {
        self.waiting.remove(record.place(), ticket);
        self.calls.close(ticket);
        let session = Session {
            id,
            admitted_at: self.now,
            expires_at: self.now + rules.session_length,
        };
        self.sessions.open(ticket, session);
        self.set_stage(ticket, Stage::Admitted);
        self.totals.claimed += 1;
        Claim::Admitted {
            session,
            again: false,
        }
    }

    fn standing_of(&self, ticket: TicketId, record: Record, rules: &Rules) -> Standing {
        match record.stage() {
            Stage::Waiting => Standing::Waiting,
            Stage::Called => {
                let remaining = self.calls.remaining(ticket, self.door_time);
                Standing::Called {
                    until: self.now + remaining,
                }
            }
            Stage::Admitted => self
                .sessions
                .get(ticket)
                .map_or(Standing::Ended, Standing::Admitted),
            Stage::Missed => Standing::Missed {
                may_rejoin: record.calls() < rules.calls_per_ticket,
            },
            Stage::Left => Standing::Left,
            Stage::Ended => Standing::Ended,
        }
    }
}
