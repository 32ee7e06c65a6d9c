use std::sync::Arc;

use axum::{body::Body, extract::State, response::Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use service_kit::{extract, problem::Problem, reply};
use utoipa::ToSchema;
use waiting_room_core::{Phase, Secret, Timestamp};

use super::{
    room_of::{Fan, RoomOf},
    stream::{self, BOARDS},
};
use crate::{
    board::BoardBody,
    desk::{Admission, Seat, Status},
    figures::OfferView,
    refusal::Refusal,
    room::{Gatekeeper, Room},
};

/// All events.
#[derive(Serialize, ToSchema)]
pub(super) struct EventsBody {
    events: Vec<EventBody>,
}

/// An event as fans see it.
#[derive(Serialize, ToSchema)]
pub(super) struct EventBody {
    id: String,
    name: String,
    venue: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    opens_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    on_sale_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    closes_at: Option<Timestamp>,
    #[schema(value_type = String, example = "admitting")]
    phase: Phase,
    /// How many wait.
    waiting: u64,
    offers: Vec<OfferView>,
    #[schema(value_type = String, format = DateTime)]
    server_time: Timestamp,
}

impl EventBody {
    fn new(room: &Room) -> Self {
        let event = room.event();
        let figures = room.figures();
        Self {
            id: event.id.to_string(),
            name: event.name.clone(),
            venue: event.venue.clone(),
            starts_at: event.starts_at,
            opens_at: event.schedule.opens_at,
            on_sale_at: event.schedule.on_sale_at,
            closes_at: event.schedule.closes_at,
            phase: figures.phase,
            waiting: figures.waiting,
            offers: figures.offers.clone(),
            server_time: room.now(),
        }
    }
}

/// The body of a join.
#[derive(Deserialize, ToSchema)]
pub(super) struct JoinBody {
    /// What the fan's browser drew at random: 22 to 64 base64url characters.
    pub(super) secret: String,
}

/// The catalogue: all events with their offers and the stock left.
#[utoipa::path(
    get, path = "/v1/events", tag = "fan",
    responses((status = 200, body = EventsBody))
)]
pub(super) async fn events(State(gatekeeper): State<Arc<Gatekeeper>>) -> Response {
    let events = gatekeeper
        .rooms()
        .iter()
        .map(|room| EventBody::new(room))
        .collect();
    briefly_cacheable(&EventsBody { events })
}

/// One event with its offers and the stock left.
#[utoipa::path(
    get, path = "/v1/events/{event}", tag = "fan",
    params(("event" = String, Path, description = "The event's id")),
    responses((status = 200, body = EventBody), (status = 404, body = Problem, content_type = "application/problem+json"))
)]
pub(super) async fn event(RoomOf(room): RoomOf) -> Response {
    briefly_cacheable(&EventBody::new(&room))
}

/// Gives the fan a place, or finds the one that this secret has. Safe to repeat.
#[utoipa::path(
    post, path = "/v1/events/{event}/queue", tag = "fan",
    params(("event" = String, Path, description = "The event's id")),
    request_body = JoinBody,
    responses(
        (status = 201, description = "A new place", body = Seat),
        (status = 200, description = "The place that it had", body = Seat),
        (status = 404, body = Problem, content_type = "application/problem+json"), (status = 410, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"), (status = 425, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn join(
    State(gatekeeper): State<Arc<Gatekeeper>>,
    RoomOf(room): RoomOf,
    extract::Json(body): extract::Json<JoinBody>,
) -> Result<Response, Refusal> {
    let secret: Secret = body.secret.parse().map_err(Refusal::InvalidSecret)?;
    seated(&gatekeeper, &room, &secret).await
}

/// The answer to the fan who joins `room` with `secret`.
pub(super) async fn seated(
    gatekeeper: &Gatekeeper,
    room: &Room,
    secret: &Secret,
) -> Result<Response, Refusal> {
    let seat = gatekeeper.join(room, secret).await?;
    let mut response = private(&seat);
    if seat.new {
        *response.status_mut() = StatusCode::CREATED;
    }
    Ok(response)
}

/// Where the fan stands.
#[utoipa::path(
    get, path = "/v1/events/{event}/queue/me", tag = "fan",
    security(("queue_token" = [])),
    params(("event" = String, Path, description = "The event's id")),
    responses((status = 200, body = Status), (status = 401, body = Problem, content_type = "application/problem+json"), (status = 403, body = Problem, content_type = "application/problem+json"))
)]
pub(super) async fn me(
    State(gatekeeper): State<Arc<Gatekeeper>>,
    fan: Fan,
) -> Result<Response, Refusal> {
    Ok(private(&gatekeeper.status(&fan.room, &fan.claims).await?))
}

/// Gives the place up.
#[utoipa::path(
    delete, path = "/v1/events/{event}/queue/me", tag = "fan",
    security(("queue_token" = [])),
    params(("event" = String, Path, description = "The event's id")),
    responses((status = 204), (status = 401, body = Problem, content_type = "application/problem+json"), (status = 403, body = Problem, content_type = "application/problem+json"))
)]
pub(super) async fn leave(
    State(gatekeeper): State<Arc<Gatekeeper>>,
    fan: Fan,
) -> Result<StatusCode, Refusal> {
    gatekeeper.leave(&fan.room, &fan.claims).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Puts the ticket back at its place, after store loss or a missed call.
#[utoipa::path(
    post, path = "/v1/events/{event}/queue/rejoin", tag = "fan",
    security(("queue_token" = [])),
    params(("event" = String, Path, description = "The event's id")),
    responses((status = 200, body = Seat), (status = 401, body = Problem, content_type = "application/problem+json"), (status = 403, body = Problem, content_type = "application/problem+json"), (status = 409, body = Problem, content_type = "application/problem+json"), (status = 410, body = Problem, content_type = "application/problem+json"))
)]
pub(super) async fn rejoin(
    State(gatekeeper): State<Arc<Gatekeeper>>,
    fan: Fan,
) -> Result<Response, Refusal> {
    Ok(private(&gatekeeper.rejoin(&fan.room, fan.claims).await?))
}

/// Comes to the door. Claiming again while the session lives gives the same session.
#[utoipa::path(
    post, path = "/v1/events/{event}/admission", tag = "fan",
    security(("queue_token" = [])),
    params(("event" = String, Path, description = "The event's id")),
    responses(
        (status = 200, body = Admission),
        (status = 401, body = Problem, content_type = "application/problem+json"), (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "Call missed, or event closed", body = Problem, content_type = "application/problem+json"),
        (status = 425, description = "Not called yet", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Called, but the door is busy", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn admission(
    State(gatekeeper): State<Arc<Gatekeeper>>,
    fan: Fan,
) -> Result<Response, Refusal> {
    Ok(private(&gatekeeper.claim(&fan.room, &fan.claims).await?))
}

/// The board: the queue's public state, the same for everybody.
#[utoipa::path(
    get, path = "/v1/events/{event}/board", tag = "fan",
    params(("event" = String, Path, description = "The event's id")),
    responses((status = 200, body = inline(BoardBody<'static>)), (status = 304), (status = 404, body = Problem, content_type = "application/problem+json"))
)]
pub(super) async fn board(RoomOf(room): RoomOf, request: HeaderMap) -> Response {
    board_of(&room, &request)
}

/// The board of `room`, as `request` accepts it.
pub(super) fn board_of(room: &Room, request: &HeaderMap) -> Response {
    let board = room.board();
    let known = board.is_known_to(request);
    let gzip = board.gzip.clone().filter(|_| accepts_gzip(request));
    let compressed = gzip.is_some() && !known;
    let mut response = Response::new(match known {
        true => Body::empty(),
        false => Body::from(gzip.unwrap_or_else(|| board.json.clone())),
    });
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    *response.headers_mut() = board.headers.clone();
    if compressed {
        let encoding = HeaderValue::from_static("gzip");
        response
            .headers_mut()
            .insert(header::CONTENT_ENCODING, encoding);
    }
    response
}

/// The board at each tick, as server-sent events `board`: for consoles and small events.
#[utoipa::path(
    get, path = "/v1/events/{event}/stream", tag = "fan",
    params(("event" = String, Path, description = "The event's id")),
    responses((status = 200, content_type = "text/event-stream", body = inline(BoardBody<'static>)), (status = 404, body = Problem, content_type = "application/problem+json"), (status = 503, body = Problem, content_type = "application/problem+json"))
)]
pub(super) async fn stream(
    State(gatekeeper): State<Arc<Gatekeeper>>,
    RoomOf(room): RoomOf,
) -> Result<Response, Refusal> {
    let changes = room.board.subscribe();
    stream::of_changes(
        &BOARDS,
        changes,
        gatekeeper.shutdown.clone(),
        "board",
        |board| String::from_utf8_lossy(&board.json).into_owned(),
    )
}

fn accepts_gzip(request: &HeaderMap) -> bool {
    request
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            value.split(',').any(|coding| {
                let mut parts = coding.split(';').map(str::trim);
                parts.next() == Some("gzip") && parts.next() != Some("q=0")
            })
        })
}

/// For one fan alone.
pub(super) fn private<T: Serialize>(body: &T) -> Response {
    reply::json(body, "private, no-store")
}

fn briefly_cacheable<T: Serialize>(body: &T) -> Response {
    reply::json(body, "public, s-maxage=2")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_only_to_who_asks_for_it() {
        let accepts = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            accepts_gzip(&headers)
        };
        assert!(accepts("gzip"));
        assert!(accepts("br, gzip;q=0.8"));
        assert!(!accepts("br"));
        assert!(!accepts("gzip;q=0, br"));
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
