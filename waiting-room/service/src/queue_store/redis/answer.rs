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

fn place_of(number: u64) -> Read<Place> {
    Place::new(number).map_err(|_| NotUnderstood("a place"))
}

/// A new ticket that waits at `place`, behind `waited` others.
fn seated(place: i64, waited: u64) -> Read<Joined> {
    let place = place_of(place.try_into().map_err(|_| NotUnderstood("a place"))?)?;
    Ok(Joined {
        place,
        new: true,
        // Before the draw nobody knows who stands in front.
        waited: (place.cohort() == Cohort::Arrival).then_some(waited),
        standing: Standing::Waiting,
    })
}

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
        place_of(self.number("a place")?)
    }

    /// Whole numbers that came as doubles, one behind the other.
    fn doubles(&mut self, what: &'static str) -> Read<Vec<u64>> {
        let bytes = self.bytes(what)?;
        let (doubles, rest) = bytes.as_chunks();
        let numbers = doubles
            .iter()
            .map(|bytes| f64::from_be_bytes(*bytes) as u64);
        if rest.is_empty() {
            Ok(numbers.collect())
        } else {
            Err(NotUnderstood(what))
        }
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

    /// The `count` joins of one call, each of a different ticket; `waited` tickets waited before.
    pub(super) fn joined(
        mut self,
        count: u64,
        waited: u64,
    ) -> Read<Vec<Result<Joined, QueueFull>>> {
        match self.0.next() {
            Some(Value::Int(first)) => (first..)
                .zip(waited..waited + count)
                .map(|(place, waited)| Ok(Ok(seated(place, waited)?)))
                .collect(),
            Some(answers) => {
                let answers = Self::of(answers)?;
                if answers.0.len() as u64 != count {
                    return Err(NotUnderstood("a join's answer"));
                }
                answers.joined_each(waited)
            }
            None => Err(NotUnderstood("the joins")),
        }
    }

    fn joined_each(self, mut waited: u64) -> Read<Vec<Result<Joined, QueueFull>>> {
        let mut joined = Vec::with_capacity(self.0.len());
        for answer in self.0 {
            joined.push(match answer {
                Value::Int(0) => Err(QueueFull),
                Value::Int(place) => {
                    let seated = seated(place, waited)?;
                    waited += 1;
                    Ok(seated)
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
        let head = self.doubles("the head")?;
        let behind = self.doubles("the samples behind it")?;
        let (pairs, _) = behind.as_chunks();
        let pairs = pairs.iter().map(|[place, rank]| (*place, *rank));
        let marks = (head.into_iter().zip(0..).chain(pairs))
            .map(|(place, rank)| {
                Ok(Mark {
                    place: place_of(place)?,
                    rank,
                })
            })
            .collect::<Read<Vec<_>>>()?;
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
