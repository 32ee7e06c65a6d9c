//! Reads what the scripts answer.

use std::time::Duration;

use redis::Value;
use thiserror::Error;
use waiting_room_core::{
    Claim, Epoch, Joined, Mark, Marks, Place, QueueFull, RejoinRefused, Session, SessionId,
    Snapshot, Standing, Timestamp, Totals,
};

use super::knowledge::Knowledge;

/// The store answered something that no script of ours answers: another version's data, or no Redis.
#[derive(Clone, Copy, Debug, Error)]
#[error("the store's answer is not understood: {0} is missing")]
pub(super) struct NotUnderstood(&'static str);

type Read<T> = Result<T, NotUnderstood>;

/// The parts of an array, read one after the other.
pub(super) struct Parts(std::vec::IntoIter<Value>);

impl Parts {
    pub(super) fn of(value: Value) -> Read<Self> {
        match value {
            Value::Array(parts) => Ok(Self(parts.into_iter())),
            _ => Err(NotUnderstood("an array")),
        }
    }

    /// The answer of a script that may have changed something, and the knowledge it begins with.
    pub(super) fn with_knowledge(value: Value) -> Read<(Knowledge, Self)> {
        let mut parts = Self::of(value)?;
        let revision = parts.number("the revision")?;
        let epoch = parts.number("the epoch")?;
        Ok((Knowledge { epoch, revision }, parts))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    pub(super) fn number(&mut self, what: &'static str) -> Read<u64> {
        self.signed(what)?
            .try_into()
            .map_err(|_| NotUnderstood(what))
    }

    pub(super) fn flag(&mut self, what: &'static str) -> Read<bool> {
        Ok(self.signed(what)? == 1)
    }

    pub(super) fn parts(&mut self, what: &'static str) -> Read<Self> {
        Self::of(self.0.next().ok_or(NotUnderstood(what))?)
    }

    fn signed(&mut self, what: &'static str) -> Read<i64> {
        match self.0.next() {
            Some(Value::Int(number)) => Ok(number),
            _ => Err(NotUnderstood(what)),
        }
    }

    fn bytes(&mut self, what: &'static str) -> Read<Vec<u8>> {
        match self.0.next() {
            Some(Value::BulkString(bytes)) => Ok(bytes),
            _ => Err(NotUnderstood(what)),
        }
    }

    fn text(&mut self, what: &'static str) -> Read<String> {
        String::from_utf8(self.bytes(what)?).map_err(|_| NotUnderstood(what))
    }

    fn time(&mut self, what: &'static str) -> Read<Timestamp> {
        self.number(what).map(Timestamp::from_micros)
    }

    fn place(&mut self) -> Read<Place> {
        Place::new(self.number("a place")?).map_err(|_| NotUnderstood("a place"))
    }

    fn session(&mut self) -> Read<Session> {
        let id = self.bytes("a session")?;
        let id = id.try_into().map_err(|_| NotUnderstood("a session"))?;
        Ok(Session {
            id: SessionId::from_bytes(id),
            admitted_at: self.time("when it began")?,
            expires_at: self.time("when it ends")?,
        })
    }

    pub(super) fn standing(mut self) -> Read<Standing> {
        Ok(match self.signed("a stage")? {
            0 => Standing::Waiting,
            1 => Standing::Called {
                until: self.time("the call window")?,
            },
            2 => Standing::Admitted(self.session()?),
            3 => Standing::Missed {
                may_rejoin: self.flag("the rules")?,
            },
            4 => Standing::Left,
            5 => Standing::Ended,
            _ => return Err(NotUnderstood("a stage")),
        })
    }

    pub(super) fn joined(mut self) -> Read<Result<Joined, QueueFull>> {
        let new = match self.signed("a join's outcome")? {
            0 => return Ok(Err(QueueFull)),
            1 => true,
            _ => false,
        };
        let place = self.place()?;
        let waited = u64::try_from(self.signed("who waited")?).ok();
        let standing = self.parts("a standing")?.standing()?;
        Ok(Ok(Joined {
            place,
            new,
            waited,
            standing,
        }))
    }

    pub(super) fn rejoined(self) -> Read<Result<Standing, RejoinRefused>> {
        if let [Value::Int(-1)] = self.0.as_slice() {
            return Ok(Err(RejoinRefused::Full));
        }
        Ok(match self.standing()? {
            Standing::Missed { .. } => Err(RejoinRefused::CalledTooOften),
            Standing::Left => Err(RejoinRefused::Left),
            Standing::Ended => Err(RejoinRefused::Ended),
            standing => Ok(standing),
        })
    }

    pub(super) fn claim(mut self) -> Read<Claim> {
        Ok(match self.text("a claim's outcome")?.as_str() {
            "admitted" => Claim::Admitted {
                session: self.session()?,
                again: false,
            },
            "again" => Claim::Admitted {
                session: self.session()?,
                again: true,
            },
            "not-called" => Claim::NotCalled,
            "busy" => Claim::Busy {
                retry_after: Duration::from_micros(self.number("when to knock again")?),
            },
            "missed" => Claim::Missed {
                may_rejoin: self.flag("the rules")?,
            },
            "left" => Claim::Left,
            "ended" => Claim::Ended,
            "closed" => Claim::Closed,
            "full" => Claim::Full,
            _ => return Err(NotUnderstood("a claim's outcome")),
        })
    }

    pub(super) fn snapshot(mut self, epoch: u64) -> Read<Snapshot> {
        let at = self.time("the time")?;
        let recovering = self.flag("whether it recovers")?;
        let frontier = self.place()?;
        let called = self.number("who is called")?;
        let at_door = self.number("who is at the door")?;
        let sessions = self.number("the sessions")?;
        let show_share = self.text("the show share")?;
        let mut totals = self.parts("the totals")?;
        let totals = Totals {
            joined: totals.number("joins")?,
            rejoined: totals.number("rejoins")?,
            called: totals.number("calls")?,
            claimed: totals.number("claims")?,
            missed: totals.number("missed calls")?,
            left: totals.number("who left")?,
            sessions_ended: totals.number("ended sessions")?,
        };
        let waiting = self.number("who waits")?;
        let mut pairs = self.parts("the marks")?;
        let mut marks = Vec::with_capacity(pairs.0.len() / 2);
        while !pairs.is_empty() {
            marks.push(Mark {
                place: pairs.place()?,
                rank: pairs.number("a rank")?,
            });
        }
        Ok(Snapshot {
            epoch: Epoch::new(epoch),
            at,
            recovering,
            frontier: (frontier > Place::default()).then_some(frontier),
            marks: Marks::new(marks, waiting),
            called,
            at_door,
            sessions,
            show_share: show_share
                .parse()
                .map_err(|_| NotUnderstood("the show share"))?,
            totals,
        })
    }
}
