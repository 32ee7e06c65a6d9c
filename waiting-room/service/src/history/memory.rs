use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use waiting_room_core::{EventId, Timestamp};

use super::{FigureHistory, HistoryUnavailable, KEPT, Moment, is_recent};

/// The history of one process, in its memory: some hundred kilobytes an event.
#[derive(Debug, Default)]
pub struct MemoryFigureHistory(Mutex<HashMap<EventId, BTreeMap<u64, Moment>>>);

#[async_trait]
impl FigureHistory for MemoryFigureHistory {
    async fn keep(&self, event: &EventId, moment: &Moment) -> Result<(), HistoryUnavailable> {
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = events.entry(event.clone()).or_default();
        kept.entry(moment.slot()).or_insert_with(|| moment.clone());
        while kept.len() as u64 > KEPT {
            kept.pop_first();
        }
        Ok(())
    }

    async fn last_hour(
        &self,
        event: &EventId,
        now: Timestamp,
    ) -> Result<Vec<Moment>, HistoryUnavailable> {
        let events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = events.get(event).into_iter().flatten();
        let recent = kept.filter(|(slot, _)| is_recent(**slot, now));
        Ok(recent.map(|(_, moment)| moment.clone()).collect())
    }
}
