use serde::Serialize;

use crate::{Advice, Bill, Course, Prices, Scenario};

/// What will happen, what it takes, and what to think of it.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// What was asked.
    pub scenario: Scenario,
    /// The wait of those admitted.
    pub waits: Vec<WaitPercentile>,
    /// The sessions that the rate needs.
    pub sessions_needed: SessionsNeeded,
    /// Bytes that the queue store takes for those who wait, at most.
    pub store_bytes: f64,
    /// What it costs.
    pub bill: Bill,
    /// What to think of it.
    pub advice: Vec<Advice>,
    /// How it goes.
    pub course: Course,
}

/// How long a share of those admitted waited at most.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct WaitPercentile {
    /// The share in per cent; 100 is the longest wait.
    pub percentile: u32,
    /// The wait in seconds.
    pub seconds: f64,
}

/// Little's law: sessions = claims a second × mean stay.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SessionsNeeded {
    /// Seconds an admitted fan holds a session on average.
    pub mean_stay_seconds: f64,
    /// Sessions that the rate fills.
    pub at_the_rate: f64,
    /// Claims a minute that the limit of sessions allows.
    pub rate_at_the_limit: f64,
}

const PERCENTILES: [u32; 5] = [10, 50, 90, 99, 100];

/// What a waiting ticket takes in Redis or Valkey: one entry of a sorted set, as measured with a million
/// of them (the target for the store's other structures is little more).
const BYTES_PER_WAITING_TICKET: f64 = 126.0;

impl Plan {
    /// The plan of `scenario`.
    pub fn of(scenario: Scenario, prices: &Prices) -> Self {
        let course = Course::of(&scenario);
        let waits = PERCENTILES.map(|percentile| WaitPercentile {
            percentile,
            seconds: course.waits.quantile(f64::from(percentile) / 100.0),
        });
        let mean_stay = scenario.mean_stay().as_secs_f64();
        let sessions = f64::from(scenario.door.max_sessions.sessions());
        let sessions_needed = SessionsNeeded {
            mean_stay_seconds: mean_stay,
            at_the_rate: scenario.door.rate.per_second() * mean_stay,
            rate_at_the_limit: sessions / mean_stay * 60.0,
        };
        Self {
            waits: waits.into(),
            sessions_needed,
            store_bytes: course.longest_queue * BYTES_PER_WAITING_TICKET,
            bill: Bill::of(&course.load.consumption, scenario.crowd.fans, prices),
            advice: Advice::on(&scenario, &course),
            course,
            scenario,
        }
    }

    /// The wait in seconds that so many per cent of those admitted did not exceed.
    pub fn wait(&self, percentile: u32) -> f64 {
        self.course.waits.quantile(f64::from(percentile) / 100.0)
    }
}
