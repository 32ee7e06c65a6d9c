use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

use crate::{
    caller::{Failure, Service, Streak},
    crowd::Crowd,
};

/// The record that all fans write.
pub type SharedRecord = Arc<Mutex<Record>>;

/// What one fan saw of the queue in one poll.
#[derive(Clone, Debug)]
pub struct Sight {
    /// When it asked.
    pub asked: Instant,
    /// When it was answered.
    pub answered: Instant,
    /// Since when the store held the ticket.
    pub held_since: Instant,
    /// Which instance answered.
    pub instance: usize,
    /// The ticket's place.
    pub place: u64,
    /// The store's life, as that instance knew it.
    pub epoch: u64,
    /// Whether it was called.
    pub called: bool,
    /// If so: until when the call stands by the store's clock, in microseconds since the Unix epoch.
    pub call_expires_at: Option<u64>,
}

/// One fan's way through the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The store's time, in microseconds since the Unix epoch.
    pub at_micros: u64,
    /// The session.
    pub session: String,
}

/// An order and how it ended.
#[derive(Clone, Debug)]
pub struct Bought {
    /// Its id.
    pub order: String,
    /// `confirmed` or `refused`.
    pub state: String,
    /// Why it was refused.
    pub reason: Option<String>,
    /// When, as checkout tells it.
    pub settled_at: String,
    /// How many were ordered.
    pub quantity: u32,
    /// What shows it to its fan.
    pub admission_token: String,
}

/// What a crowd remembers.
#[derive(Debug, Default)]
pub struct Record {
    /// What was seen of the queue.
    pub sights: Vec<Sight>,
    /// Who came through the door.
    pub admitted: Vec<Admitted>,
    /// The place of each ticket, once told.
    pub places: HashMap<String, u64>,
    /// Places that were told differently later.
    pub changed_places: Vec<(u64, u64)>,
    /// The store's times, in microseconds, at which the board said that fans waited.
    pub waited_at: Vec<u64>,
    /// The ids of orders that were accepted.
    pub accepted: Vec<String>,
    /// Orders that are settled.
    pub bought: Vec<Bought>,
    /// Requests that had to be tried again.
    pub streaks: Vec<Streak>,
    /// The longest that a request took, whatever came of it.
    pub slowest: Duration,
    /// When a test made the store lose something.
    pub losses: Vec<Instant>,
    /// Answers that should not be.
    pub unexpected: Vec<String>,
}

impl Record {
    /// What holds of every on-sale at `per_second`, whatever happened in it: nobody got an answer that
    /// should not be, places stayed, everybody who came of `crowd` was admitted once, and never more in
    /// ten seconds than the rate and one second's batch.
    ///
    /// # Panics
    /// When it does not hold.
    pub fn assert_fair(&self, crowd: &Crowd, per_second: usize) {
        let unexpected = &self.unexpected[..self.unexpected.len().min(10)];
        assert!(
            unexpected.is_empty(),
            "{} answers that should not be: {unexpected:#?}",
            self.unexpected.len()
        );
        assert_eq!(self.changed_places, [], "a place changed");
        let places: HashSet<u64> = self.places.values().copied().collect();
        assert_eq!(places.len(), self.places.len(), "two tickets share a place");
        assert_eq!(
            self.admitted.len(),
            crowd.coming(),
            "somebody was lost: {}",
            self.course()
        );
        let sessions: HashSet<&str> = self.admitted.iter().map(|one| &*one.session).collect();
        assert_eq!(
            sessions.len(),
            self.admitted.len(),
            "two tickets share a session"
        );
        let (most, allowed) = (
            self.most_in_ten_seconds(),
            Self::allowed_in_ten_seconds(per_second),
        );
        assert!(
            most <= allowed,
            "{most} claims in ten seconds, {allowed} allowed: {}",
            self.course()
        );
    }

    /// Requests of fans to `service` that failed and were made again.
    pub fn retried(&self, service: Service) -> usize {
        self.streaks_at(service)
            .map(|streak| streak.failures.len())
            .sum()
    }

    /// How many requests of one fan to `service` failed one after the other at most, and how.
    pub fn longest_streak(&self, service: Service) -> &[Failure] {
        self.streaks_at(service)
            .map(|streak| &*streak.failures)
            .max_by_key(|failures| failures.len())
            .unwrap_or_default()
    }

    /// Requests to `service` that failed one after the other.
    pub fn streaks_at(&self, service: Service) -> impl Iterator<Item = &Streak> {
        self.streaks
            .iter()
            .filter(move |streak| streak.service == service)
    }

    /// How many orders ended as confirmed and as refused.
    pub fn confirmed_and_refused(&self) -> (usize, usize) {
        let confirmed = self.bought.iter().filter(|one| one.state == "confirmed");
        let confirmed = confirmed.count();
        (confirmed, self.bought.len() - confirmed)
    }
}
