use crate::room::Gatekeeper;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
pub(super) fn routes() -> OpenApiRouter<Arc<Gatekeeper>> {
    OpenApiRouter::new()
}
