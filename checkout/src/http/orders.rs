//! `/v1/orders`.

use axum::{
    extract::{FromRequestParts, Path, State, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use http::{StatusCode, header, request::Parts};
use serde::Serialize;
use service_kit::{extract::Json, problem::Problem};
use utoipa::ToSchema;

use super::{Checkout, Pass, Refusal};
use crate::{IdempotencyKey, Order, OrderId, OrderRequest, OrderState};

/// The `Idempotency-Key` header.
pub(super) struct Keyed(IdempotencyKey);

/// An accepted order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Accepted {
    /// The order's id.
    #[schema(example = "AZ3-k5b8cAOGqHk1yGqW1A")]
    order_id: String,
    /// `pending`, `confirmed` or `refused`.
    state: &'static str,
    /// Where to ask what becomes of it.
    status_url: String,
    /// What all of it costs, in hundredths of the currency's unit.
    total_cents: u64,
    /// The currency's ISO 4217 code.
    currency: String,
}

/// An order and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderView {
    /// The order's id.
    order_id: String,
    /// The event's id.
    event: String,
    /// `pending`, `confirmed` or `refused`.
    state: &'static str,
    /// Why it was refused: `sold-out`.
    reason: Option<&'static str>,
    /// What it holds.
    lines: Vec<LineView>,
    /// What all of it costs, in hundredths of the currency's unit.
    total_cents: u64,
    /// The currency's ISO 4217 code.
    currency: String,
    /// For whom it is.
    name: String,
    /// Where the confirmation goes.
    email: String,
    /// When it was placed.
    #[schema(format = DateTime)]
    placed_at: String,
    /// When it was confirmed or refused.
    #[schema(format = DateTime)]
    settled_at: Option<String>,
}

/// So many of one offer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LineView {
    /// The offer's id.
    offer: String,
    /// What it is called.
    name: String,
    /// How many.
    quantity: u32,
    /// The price of one, in hundredths of the currency's unit.
    price_cents: u64,
}

impl From<&Order> for Accepted {
    fn from(order: &Order) -> Self {
        Self {
            order_id: order.id.to_string(),
            state: order.state.as_str(),
            status_url: format!("/v1/orders/{}", order.id),
            total_cents: order.basket.total_cents(),
            currency: order.basket.currency().as_str().to_owned(),
        }
    }
}

impl From<&Order> for OrderView {
    fn from(order: &Order) -> Self {
        let lines = order.basket.lines().iter();
        Self {
            order_id: order.id.to_string(),
            event: order.event.to_string(),
            state: order.state.as_str(),
            reason: order.state.reason().map(|reason| reason.as_str()),
            lines: lines
                .map(|line| LineView {
                    offer: line.offer.to_string(),
                    name: line.name.clone(),
                    quantity: line.quantity,
                    price_cents: line.price_cents,
                })
                .collect(),
            total_cents: order.basket.total_cents(),
            currency: order.basket.currency().as_str().to_owned(),
            name: order.buyer.name.as_str().to_owned(),
            email: order.buyer.email.as_str().to_owned(),
            placed_at: order.placed_at.to_string(),
            settled_at: order.state.settled_at().map(|at| at.to_string()),
        }
    }
}

/// Places an order
///
/// It is accepted as pending and settled within moments: ask its `status_url`. A request that is
/// repeated with its key gives the order that it made, whatever became of it since.
#[utoipa::path(
    post,
    path = "/v1/orders",
    tag = "orders",
    security(("admission_token" = [])),
    params(("Idempotency-Key" = String, Header,
        description = "1 to 128 visible ASCII characters, new for each order")),
    request_body = OrderRequest,
    responses(
        (status = 202, description = "Accepted, pending", body = Accepted),
        (status = 200, description = "A repeated request, whose order is settled", body = Accepted),
        (status = 400, description = "`idempotency-key-missing`, `malformed-json`", body = Problem),
        (status = 401, description = "`invalid-token`", body = Problem),
        (status = 409, description = "`ticket-already-bought`, with `order_id`", body = Problem),
        (status = 413, description = "`body-too-large`", body = Problem),
        (status = 415, description = "`unsupported-media-type`", body = Problem),
        (status = 422, body = Problem, description =
            "`invalid-order` with `field` and all `errors`, `invalid-body`, `idempotency-key-reused`"),
        (status = 503, body = Problem, description =
            "`unavailable`; `region-not-active`: after a failover, until the fan reaches the active region"),
    )
)]
pub(super) async fn place(
    State(checkout): State<Checkout>,
    pass: Pass,
    Keyed(key): Keyed,
    Json(request): Json<OrderRequest>,
) -> Result<Response, Refusal> {
    let placed = checkout.place(&pass, key, request).await?;
    let status = match placed.order.state {
        OrderState::Pending => StatusCode::ACCEPTED,
        OrderState::Confirmed { .. } | OrderState::Refused { .. } => StatusCode::OK,
    };
    Ok(private(status, &Accepted::from(&placed.order)))
}

/// Tells what became of an order
///
/// The admission token of the ticket that placed it shows it, also for a day after the token has
/// expired.
#[utoipa::path(
    get,
    path = "/v1/orders/{order_id}",
    tag = "orders",
    security(("admission_token" = [])),
    params(("order_id" = String, Path, description = "The order's id")),
    responses(
        (status = 200, description = "The order", body = OrderView),
        (status = 401, description = "`invalid-token`", body = Problem),
        (status = 404, description = "`unknown-order`: this ticket has no such order", body = Problem),
        (status = 503, description = "`unavailable`", body = Problem),
    )
)]
pub(super) async fn read(
    State(checkout): State<Checkout>,
    pass: Pass,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Refusal> {
    let Path(id) = id.map_err(|_| Refusal::UnknownOrder)?;
    let id: OrderId = id.parse().map_err(|_| Refusal::UnknownOrder)?;
    let order = checkout.own_order(&pass, id).await?;
    Ok(private(StatusCode::OK, &OrderView::from(&order)))
}

/// An answer that is for its reader only.
pub(super) fn private<T: Serialize>(status: StatusCode, body: &T) -> Response {
    let headers = [(header::CACHE_CONTROL, "no-store")];
    (status, headers, axum::Json(body)).into_response()
}

impl<S: Send + Sync> FromRequestParts<S> for Keyed {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let mut values = parts.headers.get_all("idempotency-key").iter();
        let value = values.next().and_then(|value| value.to_str().ok());
        match (value.and_then(|text| text.parse().ok()), values.next()) {
            (Some(key), None) => Ok(Self(key)),
            _ => Err(Refusal::NoIdempotencyKey),
        }
    }
}
