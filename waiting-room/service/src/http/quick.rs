//! What fans ask most often, answered before the router is asked: to join, and while they wait where they stand and
//! what the board tells.

use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Uri, header};
use service_kit::{extract::bearer, front::Quick};
use waiting_room_core::Secret;

use super::fan::{JoinBody, board_of, private, seated};
use crate::room::Gatekeeper;

const BOARD: &str = "/v1/events/{event}/board";
const STATUS: &str = "/v1/events/{event}/queue/me";
const JOIN: &str = "/v1/events/{event}/queue";

/// A join with the longest secret has room in this, in bytes.
const LONGEST_JOIN: usize = 128;

/// The event's id in a path, and what follows it.
fn event_and_rest(uri: &Uri) -> Option<(&str, &str)> {
    uri.path().strip_prefix("/v1/events/")?.split_once('/')
}

impl Quick for Gatekeeper {
    fn answer(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Option<(&'static str, Response)> {
        if method != Method::GET {
            return None;
        }
        let (event, rest) = event_and_rest(uri)?;
        match rest {
            "board" => {
                let room = self.room(event)?;
                Some((BOARD, board_of(room, headers)))
            }
            "queue/me" => {
                let room = self.room(event)?;
                let token = bearer(headers)?;
                let claims = self.keys.queue().verify(token, room.now()).ok()?;
                let status = (claims.event == room.event().id)
                    .then(|| self.status_at_once(room, &claims))??;
                Some((STATUS, private(&status)))
            }
            _ => None,
        }
    }

    fn reads_body(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
        let length = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        method == Method::POST
            && event_and_rest(uri).is_some_and(|(_, rest)| rest == "queue")
            && headers
                .get(header::CONTENT_TYPE)
                .is_some_and(|of| of == "application/json")
            && length.is_some_and(|length| length <= LONGEST_JOIN)
    }

    fn answer_to<'a>(
        &'a self,
        uri: &Uri,
        body: &[u8],
    ) -> Option<(&'static str, BoxFuture<'a, Response>)> {
        let (event, _) = event_and_rest(uri)?;
        let room = self.room(event)?;
        let JoinBody { secret } = serde_json::from_slice(body).ok()?;
        let secret: Secret = secret.parse().ok()?;
        let answer = async move { seated(self, room, &secret).await.into_response() };
        Some((JOIN, Box::pin(answer)))
    }
}
