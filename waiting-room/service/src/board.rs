//! The board: the public state of one event's queue, the same for everybody.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Serialize;
use utoipa::ToSchema;
use waiting_room_core::{
    Cohort, DrawCommitment, EtaRange, Head, Mark, Pace, Phase, Place, PollPolicy, Snapshot,
    Timestamp,
};

use crate::{room::Setup, settings::SettingsView};

/// The queue of one event as this instance last saw it, and the board made from it: once a tick,
/// so that a poll costs neither a store command nor a serialisation.
#[derive(Clone, Debug)]
pub struct Board {
    /// The store's snapshot.
    pub snapshot: Snapshot,
    /// When it was taken, by this process's own clock.
    pub seen_at: Instant,
    /// The phase at that moment.
    pub phase: Phase,
    /// The frontier's speed, while it moves and is known.
    pub pace: Option<Pace>,
    /// The settings that were in force.
    pub settings: SettingsView,
    /// The board as JSON.
    pub json: Bytes,
    /// The same, compressed, where that saves something.
    pub gzip: Option<Bytes>,
    /// The headers that it is sent with, whichever its encoding.
    pub headers: HeaderMap,
}

/// The board as it is sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Board)]
pub struct BoardBody<'a> {
    /// The event.
    event: &'a str,
    /// The queue store's life. A fan who holds a token of another one presents it by `rejoin`.
    epoch: u64,
    #[schema(value_type = String, example = "admitting")]
    phase: Phase,
    /// The server's time.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    opens_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    on_sale_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    closes_at: Option<Timestamp>,
    /// The highest place called so far; 0 when nobody was.
    frontier: u64,
    /// How many wait.
    waiting: u64,
    rate_per_minute: u32,
    /// Tickets called a minute, as observed; absent while nobody is called and in the first seconds in which somebody is.
    observed_per_minute: Option<f64>,
    observed_low_per_minute: Option<f64>,
    observed_high_per_minute: Option<f64>,
    /// When the operator last lowered the rate or paused: the only reason for an ETA to climb.
    #[schema(value_type = Option<String>, format = DateTime)]
    slowed_at: Option<Timestamp>,
    /// The first thousand places, exact to a rank: the ticket of rank r stands at
    /// `first + unit × (gaps[0] + … + gaps[r - 1])`, rounded down to a whole `unit`. Absent before the draw and while
    /// nobody waits.
    #[schema(value_type = Option<Object>)]
    head: Option<Head>,
    /// Pairs of (place, rank), ascending; empty before the draw. Between two of them, and by themselves also within
    /// `head`, people ahead are interpolated, within half a per cent of the queue's length.
    #[schema(value_type = Vec<[u64; 2]>)]
    marks: Vec<Mark>,
    #[schema(value_type = Object)]
    poll_policy: PollPolicy,
    draw: Draw,
    call_window_seconds: u64,
    message: Option<&'a str>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Draw {
    /// SHA-256 of the seed, as hexadecimal.
    #[schema(value_type = String)]
    commitment: DrawCommitment,
    /// The seed, as hexadecimal, once drawn.
    seed: Option<String>,
}

/// Smaller boards fit a packet as they are.
const WORTH_COMPRESSING: usize = 1_200;

impl Board {
    pub(crate) fn new(
        setup: &Setup,
        snapshot: Snapshot,
        seen_at: Instant,
        phase: Phase,
        pace: Option<Pace>,
        settings: SettingsView,
        slowed_at: Option<Timestamp>,
    ) -> Self {
        let schedule = setup.event.schedule;
        let drawn = schedule.drawn_at(snapshot.at);
        let body = BoardBody {
            event: setup.event.id.as_str(),
            epoch: snapshot.epoch.number(),
            phase,
            at: snapshot.at,
            opens_at: schedule.opens_at,
            on_sale_at: schedule.on_sale_at,
            closes_at: schedule.closes_at,
            frontier: snapshot.frontier.map_or(0, Place::number),
            waiting: snapshot.marks.waiting(),
            rate_per_minute: settings.settings.admission_rate_per_minute.per_minute(),
            observed_per_minute: pace.map(|pace| tenths(pace.per_minute)),
            observed_low_per_minute: pace.map(|pace| tenths(pace.low_per_minute)),
            observed_high_per_minute: pace.map(|pace| tenths(pace.high_per_minute)),
            slowed_at,
            head: drawn.then(|| snapshot.marks.head()).flatten(),
            marks: if drawn {
                snapshot.marks.published()
            } else {
                Vec::new()
            },
            poll_policy: setup.poll_policy,
            draw: Draw {
                commitment: setup.seed.commitment(),
                seed: drawn.then(|| setup.seed.reveal()),
            },
            call_window_seconds: setup.rules.call_window.as_secs(),
            message: settings.settings.message.shown(),
        };
        let json = Bytes::from(serde_json::to_vec(&body).unwrap_or_default());
        let gzip = (json.len() > WORTH_COMPRESSING)
            .then(|| compress(&json))
            .flatten();
        let headers = headers(&snapshot);
        Self {
            snapshot,
            seen_at,
            phase,
            pace,
            settings,
            json,
            gzip,
            headers,
        }
    }

    /// Whether somebody who sends `request` has this very board already.
    pub fn is_known_to(&self, request: &HeaderMap) -> bool {
        request
            .get(header::IF_NONE_MATCH)
            .is_some_and(|tag| self.headers.get(header::ETAG) == Some(tag))
    }

    /// Whether the ticket at `place` has been called, as far as this board knows.
    pub fn has_called(&self, place: Place) -> bool {
        self.snapshot
            .frontier
            .is_some_and(|frontier| place <= frontier)
    }

    /// How many people stand ahead of `place`; `None` when it was given after this board was made,
    /// which then does not know who came between.
    pub fn ahead(&self, place: Place) -> Option<u64> {
        let newer = place.cohort() == Cohort::Arrival
            && place.number() > self.snapshot.at.as_micros()
            && self.snapshot.marks.is_behind_all(place);
        (!newer).then(|| self.snapshot.marks.ahead(place))
    }

    /// When somebody with `ahead` people in front is called; `None` while nobody is, or the pace is not known.
    pub fn eta(&self, ahead: u64) -> Option<EtaRange> {
        self.pace.map(|pace| pace.eta(ahead))
    }

    /// How long `ahead` people take at the rate in force: tells how often to ask as long as nobody knows how long to
    /// wait.
    pub(crate) fn at_the_rate(&self, ahead: u64) -> Duration {
        let rate = self.settings.settings.admission_rate_per_minute;
        rate.lasts(ahead)
            .mul_f64(self.snapshot.show_share.clamp(0.0, 1.0))
    }
}

const SENT_WITH: [(HeaderName, &str); 4] = [
    (header::CONTENT_TYPE, "application/json"),
    (
        header::CACHE_CONTROL,
        "public, s-maxage=1, stale-while-revalidate=5",
    ),
    (header::VARY, "accept-encoding"),
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
];

/// The entity tag among them is a weak one, as both encodings share it.
fn headers(snapshot: &Snapshot) -> HeaderMap {
    let mut headers: HeaderMap = SENT_WITH
        .into_iter()
        .map(|(name, value)| (name, HeaderValue::from_static(value)))
        .collect();
    let tag = format!("W/\"{}-{}\"", snapshot.epoch, snapshot.at.as_micros());
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    headers
}

fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

fn compress(json: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(json.len() / 2), Compression::default());
    encoder.write_all(json).ok()?;
    encoder.finish().ok().map(Bytes::from)
}
