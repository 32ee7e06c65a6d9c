//! A region that becomes active begins its queue anew.

use std::sync::LazyLock;

use redis::Script;
use waiting_room_core::EventId;

use super::{Failure, Inner};

static TAKE_OVER: LazyLock<Script> =
    LazyLock::new(|| Script::new(concat!("#!lua\n", include_str!("lua/take_over.lua"))));

impl Inner {
    /// Has the queue of `event` begun for `region_epoch`, once, whoever asks how often. What is left of it is then
    /// what is left after a loss, and the next script that comes does what is done about one.
    pub(super) async fn take_over(
        &self,
        event: &EventId,
        region_epoch: u64,
        seen: bool,
    ) -> Result<(), Failure> {
        let queue = self.queue(event)?;
        let mut call = self.prepare(&TAKE_OVER, queue, None);
        // Beside the queue, which is what is lost.
        call.key(format!("waiting-room:{{{event}}}:region-epoch"))
            .arg(region_epoch)
            .arg(u8::from(seen));
        self.link.call_always(&call).await?;
        Ok(())
    }
}
