use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use checkout::{GateError, SessionGate};
use waiting_room_core::{EventId, SessionId, TicketId};

/// A waiting room that writes down which sessions were ended, and can be out of order.
#[derive(Default)]
pub struct RecordingGate {
    ended: Mutex<Vec<SessionId>>,
    broken: AtomicBool,
}

impl RecordingGate {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn ended(&self) -> Vec<SessionId> {
        self.ended.lock().unwrap().clone()
    }

    pub fn set_broken(&self, broken: bool) {
        self.broken.store(broken, Ordering::SeqCst);
    }
}

#[async_trait]
impl SessionGate for RecordingGate {
    async fn end_session(
        &self,
        _: &EventId,
        _: TicketId,
        session: SessionId,
    ) -> Result<(), GateError> {
        tokio::time::sleep(Duration::from_millis(1)).await;
        if self.broken.load(Ordering::SeqCst) {
            return Err(GateError::new("out of order"));
        }
        self.ended.lock().unwrap().push(session);
        Ok(())
    }
}
