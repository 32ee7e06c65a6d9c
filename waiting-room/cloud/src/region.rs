//! The fence, as the programs open it.

use std::sync::Arc;

use aws_config::SdkConfig;
use waiting_room_region::{ControlItem, Region, WatchedFence};

use crate::{
    options::{Here, Shop},
    program::{Program, ProgramError},
};

/// The region `here`, or the one that AWS's own configuration tells.
pub(crate) fn of(config: &SdkConfig, here: &Here) -> Result<Region, ProgramError> {
    let told = config
        .region()
        .and_then(|region| region.as_ref().parse().ok());
    here.region.clone().or(told).ok_or(ProgramError::Nowhere)
}

/// The fence of the region in which `program` runs, which follows the control item. Without having read it once the
/// program is not ready.
pub(crate) async fn fence(
    config: &SdkConfig,
    here: &Here,
    shop: &Shop,
    program: &mut Program,
) -> Result<Arc<WatchedFence>, ProgramError> {
    let region = of(config, here)?;
    let item = ControlItem::new(aws_sdk_dynamodb::Client::new(config), &shop.orders_table);
    let fence = Arc::new(WatchedFence::open(region, item).await);
    let (watched, until) = (fence.clone(), program.shutdown.clone());
    program
        .tasks
        .spawn(async move { watched.watch(until).await });
    program.needs(
        "region",
        fence.clone(),
        |fence| async move { fence.ready() },
    );
    Ok(fence)
}
