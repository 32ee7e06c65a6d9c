//! The HTTP face of checkout: the fan's API, the operator's, and the pages that need no JavaScript.

mod dead_letters;
mod figures;
mod jwks;
mod keys;
mod openapi;
mod orders;
mod pass;
mod placing;
mod refusal;
mod sessions;

use std::{fmt, sync::Arc};

use http::Uri;
use service_kit::operator::Operators;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};
use waiting_room_audit::Auditor;
use waiting_room_catalogue::{Catalogue, Event};
use waiting_room_core::EventId;
use waiting_room_region::RegionFence;

pub use self::figures::{Figures, OfferFigures, OrderFigures};
pub(crate) use self::{pass::Pass, refusal::Refusal};

use self::{
    jwks::JwksSource,
    keys::{Freshness, TrustedKeys},
};
use crate::{BackendError, OrderQueue, OrderStore, SessionGate, basic};

/// Whom checkout trusts to let fans in.
#[derive(Clone, Debug)]
pub struct CheckoutConfig {
    /// What admission tokens have to name as their issuer.
    pub issuer: String,
    /// Where the waiting room publishes its public keys: an `http` URL, or `https` with the feature `aws`.
    pub jwks_url: Uri,
}

/// What checkout works with.
pub struct CheckoutParts {
    /// The events and their offers.
    pub catalogue: Arc<Catalogue>,
    /// Orders, stock and ended sessions.
    pub store: Arc<dyn OrderStore>,
    /// Where orders go to be settled.
    pub queue: Arc<dyn OrderQueue>,
    /// Where sessions are given back.
    pub gate: Arc<dyn SessionGate>,
    /// Whether this region may take orders.
    pub fence: Arc<dyn RegionFence>,
    /// Those who operate.
    pub operators: Operators,
    /// Who keeps what they did.
    pub auditor: Auditor,
}

impl fmt::Debug for CheckoutParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckoutParts").finish_non_exhaustive()
    }
}

/// The checkout service. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Checkout {
    parts: Arc<CheckoutParts>,
    keys: Arc<TrustedKeys>,
}

impl Checkout {
    /// A checkout of these parts. The public keys are fetched when the first token comes, unless
    /// [`warm_up`](Self::warm_up) has fetched them before.
    pub fn new(config: CheckoutConfig, parts: CheckoutParts) -> Self {
        let source = JwksSource::new(config.jwks_url);
        Self {
            parts: Arc::new(parts),
            keys: Arc::new(TrustedKeys::new(
                config.issuer,
                source,
                Freshness::default(),
            )),
        }
    }

    /// Its routes, with their part of the OpenAPI document. They expect the limits that
    /// [`service_kit::front::Front`] sets.
    pub fn routes(&self) -> OpenApiRouter {
        OpenApiRouter::with_openapi(openapi::CheckoutApi::openapi())
            .routes(routes!(orders::place))
            .routes(routes!(orders::read))
            .routes(routes!(sessions::read, sessions::leave))
            .routes(routes!(dead_letters::list))
            .routes(routes!(dead_letters::redrive))
            .merge(basic::routes())
            .with_state(self.clone())
    }

    /// Fetches the public keys, so that the first order does not depend on a free connection to
    /// the waiting room. Gives up with a warning after 5 seconds.
    pub async fn warm_up(&self) {
        self.keys.warm_up().await;
    }

    /// Whether orders can be taken now.
    ///
    /// # Errors
    /// When the order store does not answer.
    pub async fn check(&self) -> Result<(), BackendError> {
        self.parts.store.check().await
    }

    /// The figures of `event`, as [`Figures::of`] tells them; `None` when there is no such event.
    ///
    /// # Errors
    /// When a backend fails.
    pub async fn figures(&self, event: &EventId) -> Result<Option<Figures>, BackendError> {
        let Some(event) = self.parts.catalogue.event(event) else {
            return Ok(None);
        };
        let figures = Figures::of(event, &*self.parts.store, &*self.parts.queue).await;
        figures.map(Some)
    }

    pub(crate) fn parts(&self) -> &CheckoutParts {
        &self.parts
    }

    pub(crate) fn event(&self, id: &EventId) -> Result<&Event, Refusal> {
        let event = self.parts.catalogue.event(id);
        event.ok_or(Refusal::UnknownEvent)
    }
}
