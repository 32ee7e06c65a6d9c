//! What a chart draws of the moments that were kept.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;
use utoipa::ToSchema;
use waiting_room_core::Timestamp;

use super::Moment;

/// One event at one moment, with how fast it went.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Point {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Waiting tickets.
    pub waiting: u64,
    /// Joins in the minute before; absent where nothing is known of that, as the next two.
    pub joins_per_minute: Option<f64>,
    /// Calls in the minute before.
    pub calls_per_minute: Option<f64>,
    /// Claims in the minute before.
    pub claims_per_minute: Option<f64>,
    /// The rate in force.
    pub rate_per_minute: u32,
    /// Fans in checkout.
    pub sessions: u64,
    /// The limit of sessions in force.
    pub max_active_sessions: u32,
    /// The share of those called who don't come, as learned, 0 to 1.
    pub no_show_share: f64,
    /// How long somebody who joined then was to wait; absent while nobody was called.
    pub eta_back_of_queue_seconds: Option<u64>,
    /// Orders sold; absent when the shop did not answer, as the next two.
    pub orders_confirmed: Option<u64>,
    /// Orders accepted and not settled yet.
    pub orders_pending: Option<u64>,
    /// How much was left of each offer, by its id.
    pub stock_left: BTreeMap<String, u32>,
    /// What the queue did.
    pub phase: String,
}

/// Speeds are those over this long.
const WINDOW: Duration = Duration::from_secs(60);

/// The points of `moments`, which come oldest first.
pub(crate) fn points(moments: Vec<Moment>) -> Vec<Point> {
    let mut from = 0;
    let speeds: Vec<_> = moments
        .iter()
        .map(|moment| {
            // A queue that was lost counts from zero again.
            while moments[from].epoch != moment.epoch || moment.at.since(moments[from].at) > WINDOW
            {
                from += 1;
            }
            speeds(&moments[from], moment)
        })
        .collect();
    let points = moments.into_iter().zip(speeds);
    points
        .map(|(moment, speeds)| Point {
            at: moment.at,
            waiting: moment.waiting,
            joins_per_minute: speeds.map(|[joins, _, _]| joins),
            calls_per_minute: speeds.map(|[_, calls, _]| calls),
            claims_per_minute: speeds.map(|[_, _, claims]| claims),
            rate_per_minute: moment.rate_per_minute,
            sessions: moment.sessions,
            max_active_sessions: moment.max_active_sessions,
            no_show_share: moment.no_show_share,
            eta_back_of_queue_seconds: moment.eta_back_of_queue_seconds,
            orders_confirmed: moment.orders_confirmed,
            orders_pending: moment.orders_pending,
            stock_left: moment.stock_left,
            phase: moment.phase,
        })
        .collect()
}

/// Joins, calls and claims a minute between two moments of one epoch; nothing when they are one.
fn speeds(first: &Moment, last: &Moment) -> Option<[f64; 3]> {
    let minutes = last.at.since(first.at).as_secs_f64() / 60.0;
    let per_minute = |count: fn(&Moment) -> u64| {
        let speed = count(last).saturating_sub(count(first)) as f64 / minutes;
        (speed * 10.0).round() / 10.0
    };
    (minutes > 0.0).then(|| {
        [
            per_minute(|moment| moment.joined_total),
            per_minute(|moment| moment.called_total),
            per_minute(|moment| moment.claimed_total),
        ]
    })
}
