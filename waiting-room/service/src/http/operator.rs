use std::sync::Arc;

use axum::{Json, extract::State, response::Response};
use http::request::Parts;
use serde::{Deserialize, Serialize};
use service_kit::{extract, problem::Problem};
use utoipa::ToSchema;
use waiting_room_audit::{Action, By, unbroken};
use waiting_room_core::{Message, Mode, SettingName, Timestamp};

use super::{
    room_of::{Acting, OperatorOf},
    stream::{self, FIGURES},
};
use crate::{
    figures::Figures,
    keys::Rotation,
    refusal::Refusal,
    room::Gatekeeper,
    settings::{Refused, SettingsView},
};

/// The settings as they stand.
#[derive(Serialize, ToSchema)]
pub(super) struct SettingsBody {
    admission_rate_per_minute: u32,
    max_active_sessions: u32,
    #[schema(value_type = String, example = "admit")]
    mode: Mode,
    #[schema(value_type = String)]
    message: Message,
    /// Values that were found and are not in force.
    refused: Vec<Refused>,
    #[schema(value_type = String, format = DateTime)]
    read_at: Timestamp,
    /// Where they are read from and written to.
    source: String,
}

/// Settings to change; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsChange {
    /// Claims a minute, 1 to 1,000,000.
    admission_rate_per_minute: Option<i64>,
    /// Fans in checkout at once, 1 to 1,000,000.
    max_active_sessions: Option<i64>,
    /// `admit`, `pause`, `bypass` or `closed`.
    mode: Option<String>,
    /// One line for the fans, at most 500 characters; empty for none.
    message: Option<String>,
}

impl SettingsBody {
    fn new(gatekeeper: &Gatekeeper, view: SettingsView) -> Json<Self> {
        let settings = view.settings;
        Json(Self {
            admission_rate_per_minute: settings.admission_rate_per_minute.per_minute(),
            max_active_sessions: settings.max_active_sessions.sessions(),
            mode: settings.mode,
            message: settings.message,
            refused: view.refused,
            read_at: view.read_at,
            source: gatekeeper.settings.describe(),
        })
    }
}

/// The settings in force, and what was refused.
#[utoipa::path(
    get,
    path = "/v1/operator/events/{event}/settings",
    tag = "operator",
    security(("operator_credential" = []), ("operator_session" = [])),
    params(("event" = String, Path, description = "The event's id")),
    responses((status = 200, body = SettingsBody), (status = 401, body = Problem, content_type = "application/problem+json"), (status = 403, body = Problem, content_type = "application/problem+json"), (status = 429, body = Problem, content_type = "application/problem+json"), (status = 404, body = Problem, content_type = "application/problem+json"))
)]
pub(super) async fn settings(
    State(gatekeeper): State<Arc<Gatekeeper>>,
    OperatorOf(room): OperatorOf,
) -> Json<SettingsBody> {
    SettingsBody::new(&gatekeeper, room.settings())
}

/// Changes settings: all that are given, or none.
#[utoipa::path(
    patch,
    path = "/v1/operator/events/{event}/settings",
    tag = "operator",
    security(("operator_credential" = []), ("operator_session" = [])),
    params(("event" = String, Path, description = "The event's id")),
    request_body = SettingsChange,
    responses((status = 200, body = SettingsBody), (status = 401, body = Problem, content_type = "application/problem+json"), (status = 403, body = Problem, content_type = "application/problem+json"), (status = 429, body = Problem, content_type = "application/problem+json"), (status = 404, body = Problem, content_type = "application/problem+json"), (status = 422, body = Problem, content_type = "application/problem+json"))
)]
pub(super) async fn change_settings(
    State(gatekeeper): State<Arc<Gatekeeper>>,
    Acting { room, operator }: Acting,
    extract::Json(change): extract::Json<SettingsChange>,
) -> Result<Json<SettingsBody>, Refusal> {
    let given = [
        (
            SettingName::AdmissionRatePerMinute,
            change.admission_rate_per_minute.map(|n| n.to_string()),
        ),
        (
            SettingName::MaxActiveSessions,
            change.max_active_sessions.map(|n| n.to_string()),
        ),
        (SettingName::Mode, change.mode),
        (SettingName::Message, change.message),
    ];
    let values: Vec<(SettingName, String)> = given
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    let by = By::from(&operator);
    let event = room.event().id.clone();
    let mut changed = room.settings().settings;
    for (name, value) in &values {
        if let Err(error) = changed.set(*name, value) {
            let refused = Action::SettingRefused {
                setting: name.to_string(),
                value: value.chars().take(Refused::SHOWN).collect(),
                reason: error.reason.to_owned(),
            };
            gatekeeper.note(&by, Some(&event), refused).await;
            return Err(error.into());
        }
    }
    let names: Vec<&str> = values.iter().map(|(name, _)| name.as_str()).collect();
    tracing::info!(%event, ?names, who = by.who, "the operator changes settings");
    let view = unbroken({
        let gatekeeper = gatekeeper.clone();
        async move { gatekeeper.settings.change(&event, values, &by).await }
    });
    Ok(SettingsBody::new(&gatekeeper, view.await?))
}

/// The event's figures as of the last tick.
#[utoipa::path(
    get,
    path = "/v1/operator/events/{event}/figures",
    tag = "operator",
    security(("operator_credential" = []), ("operator_session" = [])),
    params(("event" = String, Path, description = "The event's id")),
    responses((status = 200, body = Figures), (status = 401, body = Problem, content_type = "application/problem+json"), (status = 403, body = Problem, content_type = "application/problem+json"), (status = 429, body = Problem, content_type = "application/problem+json"), (status = 404, body = Problem, content_type = "application/problem+json"))
)]
pub(super) async fn figures(OperatorOf(room): OperatorOf) -> Json<Figures> {
    Json(Figures::clone(&room.figures()))
}

/// The event's figures, each tick, as server-sent events `figures`.
#[utoipa::path(
    get,
    path = "/v1/operator/events/{event}/stream",
    tag = "operator",
    security(("operator_credential" = []), ("operator_session" = [])),
    params(("event" = String, Path, description = "The event's id")),
    responses((status = 200, content_type = "text/event-stream", body = Figures), (status = 401, body = Problem, content_type = "application/problem+json"), (status = 403, body = Problem, content_type = "application/problem+json"), (status = 429, body = Problem, content_type = "application/problem+json"), (status = 404, body = Problem, content_type = "application/problem+json"))
)]
pub(super) async fn stream(
    State(gatekeeper): State<Arc<Gatekeeper>>,
    OperatorOf(room): OperatorOf,
) -> Result<Response, Refusal> {
    let changes = room.figures.subscribe();
    stream::of_changes(
        &FIGURES,
        changes,
        gatekeeper.shutdown.clone(),
        "figures",
        |figures| serde_json::to_string(figures).unwrap_or_default(),
    )
}

/// Adds a new signing key of each kind. What the old ones signed stays valid.
#[utoipa::path(
    post,
    path = "/v1/operator/keys/rotate",
    tag = "operator",
    security(("operator_credential" = []), ("operator_session" = [])),
    responses((status = 200, body = Rotation), (status = 401, body = Problem, content_type = "application/problem+json"), (status = 403, body = Problem, content_type = "application/problem+json"), (status = 429, body = Problem, content_type = "application/problem+json"))
)]
pub(super) async fn rotate_keys(
    State(gatekeeper): State<Arc<Gatekeeper>>,
    parts: Parts,
) -> Result<Json<Rotation>, Problem> {
    let by = By::from(&gatekeeper.operator(&parts)?);
    let rotation = unbroken(async move {
        let rotation = gatekeeper.keys.rotate(gatekeeper.now()).await;
        if rotation.is_ok() {
            gatekeeper.note(&by, None, Action::KeysRotated {}).await;
        }
        rotation
    });
    let rotation = rotation
        .await
        .map_err(|e| Problem::from(Refusal::from(e)))?;
    tracing::info!(
        queue_token_kid = rotation.queue_token_kid,
        admission_token_kid = rotation.admission_token_kid,
        "the operator rotates the signing keys"
    );
    Ok(Json(rotation))
}
