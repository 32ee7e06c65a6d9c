//! What an event's waiting room makes of its region's fence: the one place where settings become a regime.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use waiting_room_core::{AdmissionRate, Epoch, EventId, Message, Mode, Settings};

use crate::queue_store::{QueueStore, StoreResult};

pub use waiting_room_region::{Admission, OneRegion, RegionFence};

/// What fans read while nobody is let in because another region takes over, unless the operator has a message of their
/// own.
const MOVING: &str = "Nobody is let in for a moment: we are moving to another data centre. Your place is kept, and \
                      it goes on by itself.";

/// The same while it is not known which region is active.
const UNSURE: &str = "Nobody is let in for a moment: something behind the door does not answer. Your place is kept, \
                      and it goes on by itself.";

/// Before the first.
const NONE: u64 = 0;

/// The fence as one event's waiting room heeds it.
pub(crate) struct RegionGate {
    fence: Arc<dyn RegionFence>,
    /// The epoch of the region, of those in which it was active, for which this event's queue was begun.
    begun: AtomicU64,
    /// The queue's own epoch at the last turn.
    queue: AtomicU64,
}

impl RegionGate {
    pub(crate) fn new(fence: Arc<dyn RegionFence>) -> Self {
        Self {
            fence,
            begun: AtomicU64::new(NONE),
            queue: AtomicU64::new(NONE),
        }
    }

    /// Whether the door must stay shut whatever the queue store says.
    pub(crate) fn is_fenced(&self) -> bool {
        !self.admission().is_active()
    }

    /// What `settings` come to here and now: the operator's rate by the part that the region may admit, and a pause
    /// where that is none. The settings themselves are not touched.
    pub(crate) fn govern(&self, settings: &Settings) -> Settings {
        govern(self.admission(), settings)
    }

    /// Before a turn: a region that has become active begins a new epoch of its queue, as if that had been lost, so that
    /// fans put their tickets back. What it held before is from before the other region's time.
    pub(crate) async fn take_over(
        &self,
        store: &dyn QueueStore,
        event: &EventId,
    ) -> StoreResult<()> {
        let Admission::Active { epoch, .. } = self.fence.admission() else {
            return Ok(());
        };
        if self.begun.load(Ordering::SeqCst) < epoch {
            store.take_over(event, epoch, false).await?;
            self.begun.fetch_max(epoch, Ordering::SeqCst);
        }
        Ok(())
    }

    /// After a turn that found the queue in this `epoch`: a store that has lost it has also lost the note for which
    /// time of the region it was begun.
    pub(crate) async fn note(
        &self,
        store: &dyn QueueStore,
        event: &EventId,
        epoch: Epoch,
    ) -> StoreResult<()> {
        let begun = self.begun.load(Ordering::SeqCst);
        if begun != NONE && self.queue.load(Ordering::SeqCst) != epoch.number() {
            store.take_over(event, begun, true).await?;
        }
        self.queue.store(epoch.number(), Ordering::SeqCst);
        Ok(())
    }

    /// What the fence allows this event: nothing new in a region whose queue is still that of an earlier time.
    fn admission(&self) -> Admission {
        match self.fence.admission() {
            Admission::Active { epoch, .. } if self.begun.load(Ordering::SeqCst) < epoch => {
                Admission::Unknown
            }
            admission => admission,
        }
    }

    /// How much of the operator's rate may be admitted, in per cent.
    pub(crate) fn percent(&self) -> u8 {
        self.admission().percent().number()
    }
}

fn govern(admission: Admission, settings: &Settings) -> Settings {
    let mut governed = settings.clone();
    let percent = admission.percent();
    let rate = percent.of(settings.admission_rate_per_minute.per_minute());
    match AdmissionRate::new(rate) {
        Ok(rate) => {
            governed.admission_rate_per_minute = rate;
            // Admission comes back in steps, which a door without a queue knows nothing of.
            if settings.mode == Mode::Bypass && percent.number() < 100 {
                governed.mode = Mode::Admit;
            }
        }
        Err(_) if settings.mode == Mode::Closed => {}
        Err(_) => {
            governed.mode = Mode::Pause;
            if governed.message.shown().is_none() {
                let reason = match admission {
                    Admission::Unknown => UNSURE,
                    _ => MOVING,
                };
                governed.message = reason.parse::<Message>().unwrap_or_default();
            }
        }
    }
    governed
}

#[cfg(test)]
mod tests {
    use waiting_room_core::MaxActiveSessions;

    use super::*;

    fn settings(rate: u32, mode: Mode) -> Settings {
        Settings {
            admission_rate_per_minute: AdmissionRate::new(rate).unwrap(),
            max_active_sessions: MaxActiveSessions::new(10).unwrap(),
            mode,
            message: Message::default(),
        }
    }

    fn active(percent: u64) -> Admission {
        let percent = percent.try_into().unwrap();
        Admission::Active { epoch: 2, percent }
    }

    #[test]
    fn the_active_region_admits_its_part_of_the_rate() {
        let set = settings(600, Mode::Admit);
        for (percent, rate) in [(25, 150), (50, 300), (100, 600)] {
            let governed = govern(active(percent), &set);
            assert_eq!(governed, settings(rate, Mode::Admit));
        }
        assert_eq!(govern(Admission::Unfenced, &set), set);
        let slow = govern(active(25), &settings(1, Mode::Admit));
        assert_eq!(slow, settings(1, Mode::Admit));
    }

    #[test]
    fn nothing_that_opens_the_door_opens_that_of_a_fenced_region() {
        for (admission, reason) in [
            (Admission::Fenced, MOVING),
            (Admission::Unknown, UNSURE),
            (active(0), MOVING),
        ] {
            for mode in [Mode::Admit, Mode::Pause, Mode::Bypass] {
                let governed = govern(admission, &settings(600, mode));
                assert_eq!(governed.mode, Mode::Pause, "{admission:?} {mode:?}");
                assert_eq!(governed.message.shown(), Some(reason));
            }
            let closed = settings(600, Mode::Closed);
            assert_eq!(govern(admission, &closed), closed);
        }
    }

    #[test]
    fn a_door_without_a_queue_comes_back_in_steps_too() {
        let bypass = settings(600, Mode::Bypass);
        assert_eq!(
            govern(active(25), &bypass),
            settings(150, Mode::Admit),
            "everybody at once would be more than a quarter"
        );
        assert_eq!(govern(active(100), &bypass), bypass);
    }

    #[test]
    fn the_operators_own_message_stays() {
        let mut set = settings(600, Mode::Admit);
        set.message = "Back at noon".parse().unwrap();
        assert_eq!(govern(Admission::Fenced, &set).message, set.message);
    }
}
