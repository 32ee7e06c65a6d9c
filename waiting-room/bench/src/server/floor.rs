//! The floor: a program that does the unavoidable work only. It verifies an HS256 token and looks a place up in
//! a snapshot, sends a board that is made already, and lets fans join in one Redis script for all who come
//! together. No idempotency, no limits, no metrics, no traces, no ticks: it tells how far the service is from
//! what is possible, and is no service.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    sync::Arc,
};

use axum::{
    Json, Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use http::{StatusCode, header};
use redis::{Script, aio::MultiplexedConnection};
use serde::{Deserialize, Serialize};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
};
use tokio_util::sync::CancellationToken;
use waiting_room_core::{Epoch, EventId, Marks, Place, PlaceOrder, Secret, TicketId, Timestamp};
use waiting_room_tokens::{KeyRing, QueueClaims, QueueKeys, SigningKey, TokenError};

use super::{EVENT, QUEUE_TOKENS, Ready, anywhere, crowd::VALID, tell};
use crate::{Outcome, options::ServeOptions};

/// Joins that one script call takes at most.
const MOST_TOGETHER: usize = 256;

/// How many different tokens the load has.
const TOKENS: u64 = 20_000;

const JOIN: &str = "
local time = redis.call('TIME')
local place = math.max(time[1] * 1000000 + time[2], tonumber(redis.call('GET', KEYS[2]) or 0))
local entries, places = {}, {}
for index, ticket in ipairs(ARGV) do
  place = place + 1
  entries[2 * index - 1], entries[2 * index] = string.format('%.0f', place), ticket
  places[index] = place
end
redis.call('SET', KEYS[2], string.format('%.0f', place))
redis.call('ZADD', KEYS[1], unpack(entries))
return places";

#[derive(Serialize)]
struct Status {
    state: &'static str,
    ahead: u64,
    waiting: u64,
    eta_seconds: u64,
    eta_low_seconds: u64,
    eta_high_seconds: u64,
    poll_after_ms: u64,
    phase: &'static str,
    epoch: u64,
    cohort: &'static str,
    place: Place,
}

#[derive(Deserialize)]
struct JoinBody {
    secret: String,
}

#[derive(Serialize)]
struct Seat {
    queue_token: String,
    ticket: TicketId,
    status: Status,
}

type Join = (TicketId, oneshot::Sender<u64>);

struct Floor {
    event: EventId,
    marks: Marks,
    board: Bytes,
    keys: QueueKeys,
    joins: mpsc::Sender<Join>,
}

impl Floor {
    fn status(&self, place: Place) -> Status {
        let ahead = self.marks.ahead(place);
        Status {
            state: "waiting",
            ahead,
            waiting: self.marks.waiting(),
            eta_seconds: ahead / 10,
            eta_low_seconds: ahead / 12,
            eta_high_seconds: ahead / 8,
            poll_after_ms: 30_000,
            phase: "admitting",
            epoch: 1,
            cohort: "arrival",
            place,
        }
    }

    fn sign(&self, ticket: TicketId, place: Place) -> Result<String, TokenError> {
        let now = service_kit::now();
        self.keys.sign(&QueueClaims {
            ticket,
            event: self.event.clone(),
            place: Some(place),
            epoch: Epoch::new(1),
            issued_at: now,
            expires_at: now + VALID,
        })
    }
}

/// Serves as `options` say until `shutdown`.
pub(super) async fn run(options: ServeOptions, shutdown: CancellationToken) -> Outcome<()> {
    let url = options.redis_url.ok_or("the floor joins in Redis")?;
    let redis = redis::Client::open(url)?;
    let connection = redis.get_multiplexed_async_connection().await?;
    let (joins, waiting) = mpsc::channel(20_000);
    tokio::spawn(carry(connection, waiting));
    let places = Places::of(options.tickets as u64)?;
    let marks = places.marks();
    let key = SigningKey::new("floor".to_owned(), Timestamp::default(), [7; 32]);
    let floor = Floor {
        event: EVENT.parse()?,
        board: board(&places)?,
        marks,
        keys: QueueKeys::new("floor", KeyRing::new(vec![key])?),
        joins,
    };
    write_tokens(&floor, &places, &options.dir)?;
    let routes = Router::new()
        .route("/v1/events/aurora-live/queue/me", get(poll))
        .route("/v1/events/aurora-live/board", get(send_board))
        .route("/v1/events/aurora-live/queue", post(join))
        .with_state(Arc::new(floor));
    let listener = TcpListener::bind(anywhere()).await?;
    tell(&Ready {
        address: listener.local_addr()?,
        grown_bytes: 0,
    })?;
    let serving = axum::serve(listener, routes).into_future();
    shutdown.run_until_cancelled(serving).await;
    Ok(())
}

async fn poll(State(floor): State<Arc<Floor>>, request: Request) -> Response {
    let token = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .unwrap_or_default();
    let claims = floor.keys.verify(token, service_kit::now());
    match claims.ok().and_then(|claims| claims.place) {
        Some(place) => Json(floor.status(place)).into_response(),
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

async fn send_board(State(floor): State<Arc<Floor>>) -> Response {
    // What caches and other sites' pages need is sent by any board.
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (
            header::CACHE_CONTROL,
            "public, s-maxage=1, stale-while-revalidate=5",
        ),
        (header::VARY, "accept-encoding"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ETAG, "W/\"1-1795319796011657\""),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, floor.board.clone()).into_response()
}

async fn join(
    State(floor): State<Arc<Floor>>,
    Json(body): Json<JoinBody>,
) -> Result<Response, StatusCode> {
    let secret: Secret = body
        .secret
        .parse()
        .map_err(|_| StatusCode::UNPROCESSABLE_ENTITY)?;
    let ticket = TicketId::of(&floor.event, &secret);
    let (answer, answered) = oneshot::channel();
    let gone = |_| StatusCode::SERVICE_UNAVAILABLE;
    floor.joins.try_send((ticket, answer)).map_err(gone)?;
    let number = answered
        .await
        .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let place = Place::new(number).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let queue_token = floor
        .sign(ticket, place)
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let seat = Seat {
        queue_token,
        ticket,
        status: floor.status(place),
    };
    Ok((StatusCode::CREATED, Json(seat)).into_response())
}

async fn carry(mut redis: MultiplexedConnection, mut waiting: mpsc::Receiver<Join>) {
    let script = Script::new(JOIN);
    let mut together = Vec::new();
    while waiting.recv_many(&mut together, MOST_TOGETHER).await > 0 {
        let mut call = script.key("{floor}:waiting");
        call.key("{floor}:last");
        for (ticket, _) in &together {
            call.arg(ticket.as_bytes().as_slice());
        }
        // Who gets no place is told so by the sender that is dropped.
        let places: Vec<u64> = call.invoke_async(&mut redis).await.unwrap_or_default();
        for ((_, answer), place) in together.drain(..).zip(places) {
            let _ = answer.send(place);
        }
    }
}

/// Where the floor's tickets stand: one every microsecond until now, as arrivals do.
struct Places {
    first: u64,
    count: u64,
}

impl Places {
    fn of(count: u64) -> Outcome<Self> {
        let now = service_kit::now().as_micros();
        let first = now.checked_sub(count).ok_or("more tickets than time")?;
        Ok(Self { first, count })
    }

    fn at(&self, rank: u64) -> Outcome<Place> {
        Ok(Place::new(self.first + rank)?)
    }

    fn marks(&self) -> Marks {
        let mut order = PlaceOrder::default();
        for rank in 0..self.count {
            if let Ok(place) = self.at(rank) {
                order.insert(place, ticket(rank));
            }
        }
        Marks::new(order.marks(), self.count)
    }
}

fn ticket(rank: u64) -> TicketId {
    TicketId::from_bytes(u128::from(rank).to_be_bytes())
}

/// A board as small as it can be: some hundred places with their ranks.
fn board(places: &Places) -> Outcome<Bytes> {
    const MARKS: u64 = 100;
    let ranks = (0..MARKS).map(|mark| mark * places.count / MARKS);
    let marks: Outcome<Vec<(Place, u64)>> =
        ranks.map(|rank| Ok((places.at(rank)?, rank))).collect();
    Ok(Bytes::from(serde_json::to_vec(&marks?)?))
}

fn write_tokens(floor: &Floor, places: &Places, dir: &Path) -> Outcome<()> {
    let mut file = BufWriter::new(File::create(dir.join(QUEUE_TOKENS))?);
    let step = (places.count / TOKENS).max(1);
    for rank in (0..places.count).step_by(step as usize) {
        writeln!(file, "{}", floor.sign(ticket(rank), places.at(rank)?)?)?;
    }
    Ok(file.flush()?)
}
