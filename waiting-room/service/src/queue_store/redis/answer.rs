//! Reads what the scripts answer.

use std::time::Duration;

use redis::Value;
use thiserror::Error;
use waiting_room_core::{
    Claim, Cohort, Epoch, Joined, Mark, Marks, Place, QueueFull, RejoinRefused, Session, SessionId,
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

    /// A place as the sorted set tells it: a floating-point number in decimals, which some servers write with an
    /// exponent.
    fn score(&mut self) -> Read<Place> {
        let score = self.text("a place")?.parse::<f64>();
        let number = score.map_err(|_| NotUnderstood("a place"))? as u64;
        Place::new(number).map_err(|_| NotUnderstood("a place"))
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

    /// The joins of one call, each of a different ticket; `waited` tickets waited before.
    pub(super) fn joined(self, mut waited: u64) -> Read<Vec<Result<Joined, QueueFull>>> {
        let mut joined = Vec::with_capacity(self.0.len());
        for answer in self.0 {
            joined.push(match answer {
                Value::Int(0) => Err(QueueFull),
                Value::Int(_) => {
                    let place = Parts(vec![answer].into_iter()).place()?;
                    // Before the draw nobody knows who stands in front.
                    let known = place.cohort() == Cohort::Arrival;
                    let ahead = known.then_some(waited);
                    waited += 1;
                    Ok(Joined {
                        place,
                        new: true,
                        waited: ahead,
                        standing: Standing::Waiting,
                    })
                }
                other => {
                    let mut parts = Self::of(other)?;
                    let new = parts.flag("a join's outcome")?;
                    Ok(Joined {
                        place: parts.place()?,
                        new,
                        waited: new.then_some(0),
                        standing: parts.parts("a standing")?.standing()?,
                    })
                }
            });
        }
        Ok(joined)
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
        let mut head = self.parts("the head")?;
        let mut behind = self.parts("the samples behind it")?;
        let mut marks = Vec::with_capacity(head.0.len() + behind.0.len() / 2);
        while !head.is_empty() {
            let rank = marks.len() as u64;
            let place = head.score()?;
            marks.push(Mark { place, rank });
        }
        while !behind.is_empty() {
            let place = behind.score()?;
            let rank = behind.number("a rank")?;
            marks.push(Mark { place, rank });
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
