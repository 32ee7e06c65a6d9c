//! One event's waiting room, and the gatekeeper of them all.

use std::{collections::HashMap, sync::Arc, time::Duration};

use thiserror::Error;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use waiting_room_catalogue::{Catalogue, Event};
use waiting_room_core::{Cohort, DrawSeed, EventId, Place, PollPolicy, Rules, Settings, Timestamp};
use waiting_room_tokens::QueueClaims;

use http::request::Parts as RequestParts;
use service_kit::{
    operator::{Operator, Operators, Stranger},
    problem::Problem,
};
use waiting_room_audit::{Action, Auditor, By, Entry};

use crate::{
    board::Board,
    controller::Controller,
    figures::Figures,
    history::FigureHistory,
    keys::TokenKeys,
    measured::Measured,
    queue_store::{QueueStore, Regime, StoreUnavailable},
    region::{RegionFence, RegionGate},
    settings::{SettingsSource, SettingsView},
    shop::Shop,
};

/// What of an event's waiting room never changes while it runs.
pub struct Setup {
    /// The event.
    pub event: Event,
    /// Its rules.
    pub rules: Rules,
    /// The secret of its draw.
    pub seed: DrawSeed,
    /// How often its fans ask.
    pub poll_policy: PollPolicy,
    pub(crate) region: RegionGate,
}

impl Setup {
    /// What holds under `settings` now.
    pub fn regime(&self, settings: &Settings) -> Regime {
        Regime {
            rules: self.rules.clone(),
            settings: self.region.govern(settings),
        }
    }
}

/// One event's waiting room: its setup, and the latest of everything that changes.
pub struct Room {
    setup: Arc<Setup>,
    settings: watch::Receiver<SettingsView>,
    pub(crate) board: watch::Sender<Arc<Board>>,
    pub(crate) figures: watch::Sender<Arc<Figures>>,
}

/// How long a queue token outlives its event, so that a fan who comes too late is told so.
const TOKEN_AFTER_CLOSE: Duration = Duration::from_secs(86_400);

/// How long a queue token lives when its event has no end.
const TOKEN_WITHOUT_CLOSE: Duration = Duration::from_secs(30 * 86_400);

impl Room {
    /// What never changes.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The event.
    pub fn event(&self) -> &Event {
        &self.setup.event
    }

    /// What holds now.
    pub fn regime(&self) -> Regime {
        self.setup.regime(&self.settings.borrow().settings)
    }

    /// The store's time, by its last board and the time that has passed here since: whatever this
    /// machine's clock says, all instances tell the same.
    pub fn now(&self) -> Timestamp {
        let board = self.board.borrow();
        board.snapshot.at + board.seen_at.elapsed()
    }

    /// The latest board.
    pub fn board(&self) -> Arc<Board> {
        self.board.borrow().clone()
    }

    /// The latest figures.
    pub fn figures(&self) -> Arc<Figures> {
        self.figures.borrow().clone()
    }

    /// The settings as the operator has set them.
    pub fn settings(&self) -> SettingsView {
        self.settings.borrow().clone()
    }

    /// The place that `claims` stand for, whether or not the fan may know it yet.
    pub fn place_of(&self, claims: &QueueClaims) -> Place {
        claims
            .place
            .unwrap_or_else(|| self.setup.seed.place_of(claims.ticket))
    }

    /// Whether a fan of `cohort` may know its place at `now`.
    pub fn place_is_known(&self, cohort: Cohort, now: Timestamp) -> bool {
        cohort == Cohort::Arrival || self.event().schedule.drawn_at(now)
    }

    /// Until when a queue token issued at `now` is worth its place.
    pub fn token_expiry(&self, now: Timestamp) -> Timestamp {
        match self.event().schedule.closes_at {
            Some(closes_at) => closes_at + TOKEN_AFTER_CLOSE,
            None => now + TOKEN_WITHOUT_CLOSE,
        }
    }
}

/// Times and limits that an installation may set.
#[derive(Clone, Copy, Debug)]
pub struct RoomLimits {
    /// One turn of the admission controller; 100 ms to 5 s.
    pub tick: Duration,
    /// How many tickets a queue holds at most.
    pub capacity: usize,
}

impl Default for RoomLimits {
    fn default() -> Self {
        Self {
            tick: Duration::from_secs(1),
            capacity: 5_000_000,
        }
    }
}

impl RoomLimits {
    /// The rules of `event` under these limits.
    pub fn rules(&self, event: &Event) -> Rules {
        Rules {
            schedule: event.schedule,
            session_length: event.session_length,
            call_window: event.call_window,
            calls_per_ticket: 2,
            tick: self.tick,
            capacity: self.capacity,
        }
    }
}

/// What the gatekeeper is made of.
pub struct Parts {
    /// The events.
    pub catalogue: Arc<Catalogue>,
    /// Times and limits.
    pub limits: RoomLimits,
    /// Where the queue is kept.
    pub store: Arc<dyn QueueStore>,
    /// Where the settings come from.
    pub settings: Arc<dyn SettingsSource>,
    /// What signs the tokens.
    pub keys: Arc<TokenKeys>,
    /// The shop behind the door.
    pub shop: Arc<dyn Shop>,
    /// Where the last hour of the figures is kept.
    pub history: Arc<dyn FigureHistory>,
    /// Whether this region may admit.
    pub fence: Arc<dyn RegionFence>,
    /// Those who operate.
    pub operators: Operators,
    /// Who keeps what they did.
    pub auditor: Auditor,
}

/// The waiting rooms of all events.
pub struct Gatekeeper {
    rooms: HashMap<EventId, Arc<Room>>,
    in_order: Vec<Arc<Room>>,
    pub(crate) store: Arc<dyn QueueStore>,
    pub(crate) settings: Arc<dyn SettingsSource>,
    pub(crate) keys: Arc<TokenKeys>,
    pub(crate) shop: Arc<dyn Shop>,
    pub(crate) history: Arc<dyn FigureHistory>,
    pub(crate) operators: Operators,
    pub(crate) auditor: Auditor,
    pub(crate) shutdown: CancellationToken,
}

/// Why the gatekeeper could not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The settings source does not know an event.
    #[error("there are no settings for event {0}")]
    NoSettings(EventId),
    /// The queue store does not answer.
    #[error("the queue of event {event} cannot be opened")]
    Store {
        /// The event.
        event: EventId,
        /// Why.
        #[source]
        source: StoreUnavailable,
    },
}

impl Gatekeeper {
    /// Opens the rooms of all events and starts their controllers on `tasks`, until `shutdown`.
    ///
    /// # Errors
    /// When a backend does not answer.
    pub async fn start(
        parts: Parts,
        tasks: &TaskTracker,
        shutdown: CancellationToken,
    ) -> Result<Arc<Self>, StartError> {
        crate::metrics::describe();
        let events = parts.catalogue.events().iter().map(|event| &event.id);
        let store = Arc::new(Measured::new(parts.store.clone(), events));
        let parts = Parts { store, ..parts };
        let mut in_order = Vec::new();
        for event in parts.catalogue.events() {
            crate::metrics::begin(event.id.as_str());
            let settings = parts
                .settings
                .watch(&event.id)
                .ok_or_else(|| StartError::NoSettings(event.id.clone()))?;
            let setup = Arc::new(Setup {
                event: event.clone(),
                rules: parts.limits.rules(event),
                seed: DrawSeed::derive(parts.keys.draw_key(), &event.id),
                poll_policy: PollPolicy::for_call_window(event.call_window),
                region: RegionGate::new(parts.fence.clone()),
            });
            let mut controller = Controller::new(&parts, setup.clone(), settings.clone());
            let (board, figures) = controller
                .tick()
                .await
                .map_err(|source| StartError::Store {
                    event: event.id.clone(),
                    source,
                })?;
            let room = Arc::new(Room {
                setup,
                settings,
                board: watch::Sender::new(Arc::new(board)),
                figures: watch::Sender::new(Arc::new(figures)),
            });
            tasks.spawn(controller.run(room.clone(), shutdown.clone()));
            in_order.push(room);
        }
        let rooms = in_order
            .iter()
            .map(|room| (room.event().id.clone(), room.clone()))
            .collect();
        Ok(Arc::new(Self {
            rooms,
            in_order,
            store: parts.store,
            settings: parts.settings,
            keys: parts.keys,
            shop: parts.shop,
            history: parts.history,
            operators: parts.operators,
            auditor: parts.auditor,
            shutdown,
        }))
    }

    /// The store's time, as [`Room::now`] tells it.
    pub fn now(&self) -> Timestamp {
        self.in_order
            .first()
            .map_or_else(service_kit::now, |room| room.now())
    }

    /// Who sent the operator's request `parts`, if they may do what it asks for.
    pub(crate) fn operator(&self, parts: &RequestParts) -> Result<Operator, Problem> {
        self.operators
            .check(parts)
            .map_err(|stranger| self.turned_away(stranger))
    }

    /// What a stranger is told; what there is to note of them is noted.
    pub(crate) fn turned_away(&self, stranger: Stranger) -> Problem {
        if let Some(entry) = stranger.refused.map(Entry::of_refused) {
            self.auditor.note_later(entry, None);
        }
        stranger.into()
    }

    /// Keeps that `by` did `action` to `event`, or to all.
    pub(crate) async fn note(&self, by: &By, event: Option<&EventId>, action: Action) {
        let entry = Entry::new(service_kit::now(), event.cloned(), by.clone(), action);
        self.auditor.note(entry, None).await;
    }

    /// The room of `event`.
    pub fn room(&self, event: &str) -> Option<&Arc<Room>> {
        self.rooms.get(event)
    }

    /// All rooms, in the catalogue's order.
    pub fn rooms(&self) -> &[Arc<Room>] {
        &self.in_order
    }
}
