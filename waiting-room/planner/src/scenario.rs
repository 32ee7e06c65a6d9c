use std::time::Duration;

use serde::{Serialize, Serializer};
use thiserror::Error;
use waiting_room_core::{AdmissionRate, MaxActiveSessions, PollPolicy};

/// The on-sale to plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scenario {
    /// Who comes, and how they behave.
    pub crowd: Crowd,
    /// The event's settings and rules.
    pub door: Door,
    /// What happens in checkout.
    pub purchase: Purchase,
    /// What serves it.
    pub serving: Serving,
    /// How long after the on-sale begins the event closes.
    #[serde(rename = "closes_after_seconds", serialize_with = "seconds")]
    pub closes_after: Duration,
}

/// Who comes, and how they behave. Shares are from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Crowd {
    /// How many come in all.
    pub fans: u64,
    /// The share that comes to the pre-queue.
    pub prequeue: f64,
    /// How long before the on-sale the pre-queue opens; its fans come evenly.
    #[serde(rename = "prequeue_seconds", serialize_with = "seconds")]
    pub prequeue_for: Duration,
    /// Over how long those come, evenly, who come at the on-sale's beginning.
    #[serde(rename = "stampede_seconds", serialize_with = "seconds")]
    pub stampede: Duration,
    /// The share that comes later.
    pub late: f64,
    /// Over how long they come, evenly from the on-sale on.
    #[serde(rename = "late_over_seconds", serialize_with = "seconds")]
    pub late_over: Duration,
    /// Of those called, the share that never comes.
    pub no_show: f64,
    /// Of those who come, the share that misses the first call and comes back for a second one.
    pub second_call: f64,
    /// Of those waiting, the share that gives its place up within an hour.
    pub leave_per_hour: f64,
    /// The share that looks at another tab meanwhile.
    pub hidden: f64,
}

/// The event's settings and rules.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Door {
    /// Claims a minute.
    pub rate: AdmissionRate,
    /// How many may be in checkout at once.
    pub max_sessions: MaxActiveSessions,
    /// How long an admitted fan may stay there.
    #[serde(rename = "session_seconds", serialize_with = "seconds")]
    pub session_length: Duration,
    /// How long a called fan has to come.
    #[serde(rename = "call_window_seconds", serialize_with = "seconds")]
    pub call_window: Duration,
}

/// What happens in checkout.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Purchase {
    /// How long a fan who orders stays, on average; not more than a session's length. Stays are spread
    /// evenly from half of it to one and a half, or up to the session's length and as much to the other
    /// side.
    #[serde(rename = "stay_seconds", serialize_with = "seconds")]
    pub stay: Duration,
    /// The share of those admitted who never order and hold the session until it expires.
    pub abandon: f64,
    /// Units for sale; none: more than anybody wants.
    pub stock: Option<u64>,
    /// Units an order takes on average.
    pub per_order: f64,
}

/// What serves it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Serving {
    /// Processes of the waiting room.
    pub instances: u32,
    /// Caches that ask the origin for the board, each at most once a second; none: every board request
    /// reaches the origin.
    pub edges: Option<u32>,
}

/// Why a scenario can't be.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ScenarioError {
    /// Nothing to plan.
    #[error("--fans and --rate are needed")]
    NoOnSale,
    /// More than everybody.
    #[error("--prequeue and --late are shares of the same fans: together at most 1")]
    SharesAboveOne,
    /// Longer than allowed.
    #[error(
        "--stay-seconds is longer than --session-seconds: nobody may stay longer than a session"
    )]
    StayAboveSession,
}

impl Scenario {
    /// Checks what no option alone can tell.
    ///
    /// # Errors
    /// When the options contradict each other.
    pub fn checked(self) -> Result<Self, ScenarioError> {
        if self.crowd.prequeue + self.crowd.late > 1.0 + 1e-9 {
            return Err(ScenarioError::SharesAboveOne);
        }
        if self.purchase.stay > self.door.session_length {
            return Err(ScenarioError::StayAboveSession);
        }
        Ok(self)
    }

    /// How long an admitted fan holds a session, on average.
    pub fn mean_stay(&self) -> Duration {
        let Purchase { stay, abandon, .. } = self.purchase;
        stay.mul_f64(1.0 - abandon) + self.door.session_length.mul_f64(abandon)
    }

    /// How often its fans are told to ask.
    pub fn poll_policy(&self) -> PollPolicy {
        PollPolicy::for_call_window(self.door.call_window)
    }

    /// The share of those called for the first time who come within their call window.
    pub fn show_share(&self) -> f64 {
        (1.0 - self.crowd.no_show) * (1.0 - self.crowd.second_call)
    }

    /// Claims a second that the door lets through as long as fans wait: the rate, or what the sessions
    /// allow. By Little's law sessions = claims a second × mean stay, so with every session taken
    /// claims a second = sessions ÷ mean stay.
    pub fn sustained_per_second(&self) -> f64 {
        let sessions = f64::from(self.door.max_sessions.sessions());
        let by_sessions = sessions / self.mean_stay().as_secs_f64();
        self.door.rate.per_second().min(by_sessions)
    }

    /// Whether the limit of sessions, not the rate, decides how fast the queue moves.
    pub fn sessions_bind(&self) -> bool {
        self.sustained_per_second() < self.door.rate.per_second() * 0.995
    }
}

fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}
