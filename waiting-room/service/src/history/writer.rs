//! Hands moments to the history, beside the controller's turns and never in their way.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::Semaphore;
use waiting_room_core::EventId;

use super::{FigureHistory, Moment, slot_of};
use crate::{figures::Figures, metrics};

/// Writes one event's history: at most one moment each five seconds, one at a time.
pub(crate) struct HistoryWriter {
    history: Arc<dyn FigureHistory>,
    event: EventId,
    last_slot: u64,
    free: Arc<Semaphore>,
    failing: Arc<AtomicBool>,
}

impl HistoryWriter {
    pub(crate) fn new(history: Arc<dyn FigureHistory>, event: EventId) -> Self {
        Self {
            history,
            event,
            last_slot: 0,
            free: Arc::new(Semaphore::new(1)),
            failing: Arc::default(),
        }
    }

    /// Has a moment of `figures` kept, unless that was done for these five seconds or the one before is still on its way.
    pub(crate) fn note(&mut self, figures: &Figures) {
        let slot = slot_of(figures.at);
        if slot == self.last_slot {
            return;
        }
        let Ok(permit) = self.free.clone().try_acquire_owned() else {
            return;
        };
        self.last_slot = slot;
        let moment = Moment::of(figures);
        let (history, event) = (self.history.clone(), self.event.clone());
        let failing = self.failing.clone();
        tokio::spawn(async move {
            let kept = history.keep(&event, &moment).await;
            let failed_before = failing.swap(kept.is_err(), Ordering::Relaxed);
            if let Err(error) = kept {
                metrics::history_failed(event.as_str());
                if !failed_before {
                    tracing::warn!(
                        %event,
                        error = &error as &dyn std::error::Error,
                        "the figures are not kept: the charts have a gap"
                    );
                }
            }
            drop(permit);
        });
    }
}
