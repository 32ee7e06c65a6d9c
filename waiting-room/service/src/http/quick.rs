//! What fans ask again and again while they wait, answered before the router is asked.

use axum::response::Response;
use http::{HeaderMap, Method, Uri};
use service_kit::{extract::bearer, front::Quick};

use super::fan::{board_of, private};
use crate::room::Gatekeeper;

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
        let (event, rest) = uri.path().strip_prefix("/v1/events/")?.split_once('/')?;
        match rest {
            "board" => {
                let room = self.room(event)?;
                Some(("/v1/events/{event}/board", board_of(room, headers)))
            }
            "queue/me" => {
                let room = self.room(event)?;
                let token = bearer(headers)?;
                let claims = self.keys.queue().verify(token, room.now()).ok()?;
                let status = (claims.event == room.event().id)
                    .then(|| self.status_at_once(room, &claims))??;
                Some(("/v1/events/{event}/queue/me", private(&status)))
            }
            _ => None,
        }
    }
}
