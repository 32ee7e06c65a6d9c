//! The admission controller: one turn a tick, against the store, on every instance; none leads.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;
use waiting_room_audit::Auditor;
use waiting_room_core::{AdmissionRate, Mode, PaceMeter, Phase, Timestamp};

use crate::{
    board::Board,
    figures::{Figures, Speed},
    health::{self, Condition, Part, PartHealth, Vitals},
    history::HistoryWriter,
    metrics,
    queue_store::{QueueStore, StoreResult, StoreUnavailable},
    room::{Parts, Room, Setup},
    settings::SettingsView,
    shop::{Shop, ShopFigures},
};

/// Ticks for one event.
pub(crate) struct Controller {
    setup: Arc<Setup>,
    store: Arc<dyn QueueStore>,
    shop: Arc<dyn Shop>,
    settings: watch::Receiver<SettingsView>,
    meter: PaceMeter,
    speed: Speed,
    brakes: Brakes,
    vitals: Vitals,
    auditor: Auditor,
    history: HistoryWriter,
}

/// A shop that is slower than this is shown as not answering.
const SHOP_TIMEOUT: Duration = Duration::from_millis(500);

impl Controller {
    pub(crate) fn new(
        parts: &Parts,
        setup: Arc<Setup>,
        settings: watch::Receiver<SettingsView>,
    ) -> Self {
        Self {
            store: parts.store.clone(),
            shop: parts.shop.clone(),
            auditor: parts.auditor.clone(),
            history: HistoryWriter::new(parts.history.clone(), setup.event.id.clone()),
            setup,
            settings,
            meter: PaceMeter::default(),
            speed: Speed::default(),
            brakes: Brakes::default(),
            vitals: Vitals::default(),
        }
    }

    /// Ticks until `shutdown`: each tick of the clock, and at once when a setting changes.
    pub(crate) async fn run(mut self, room: Arc<Room>, shutdown: CancellationToken) {
        let mut ticks = interval(self.setup.rules.tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = ticks.tick() => {}
                // A settings source that is gone leaves the last settings in force.
                Ok(()) = self.settings.changed() => {}
            }
            match self.tick().await {
                Ok((board, figures)) => {
                    metrics::observed(&figures);
                    self.history.note(&figures);
                    room.board.send_replace(Arc::new(board));
                    room.figures.send_replace(Arc::new(figures));
                }
                Err(error) => {
                    tracing::warn!(
                        event = %self.setup.event.id,
                        error = &error as &dyn std::error::Error,
                        "no turn: the last board stays"
                    );
                    let figures = self.figures_without_store(&room.figures(), &error).await;
                    metrics::observed(&figures);
                    room.figures.send_replace(Arc::new(figures));
                }
            }
        }
    }

    /// One turn, and what it leaves to be seen.
    pub(crate) async fn tick(&mut self) -> StoreResult<(Board, Figures)> {
        let event = &self.setup.event.id;
        let region = &self.setup.region;
        region.take_over(&*self.store, event).await?;
        let mut view = self.settings.borrow_and_update().clone();
        let regime = self.setup.regime(&view.settings);
        let turn = self.store.turn(event, &regime).await?;
        let snapshot = self.store.snapshot(event, &regime).await?;
        let seen_at = Instant::now();
        region.note(&*self.store, event, snapshot.epoch).await?;
        // What everybody is shown is what is in force.
        view.settings = regime.settings;
        metrics::turned(event.as_str(), turn);
        let shop = self.ask_shop().await;

        let settings = &view.settings;
        let rate = settings.admission_rate_per_minute;
        let phase = Phase::at(
            snapshot.at,
            &self.setup.event.schedule,
            settings.mode,
            snapshot.recovering,
        );
        let pace = self.meter.observe(&snapshot, phase, settings);
        self.speed.observe(snapshot.at, snapshot.totals);
        self.brakes.observe(snapshot.at, rate, settings.mode);
        let board = Board::new(
            &self.setup,
            snapshot,
            seen_at,
            phase,
            pace,
            view,
            self.brakes.slowed_at,
        );
        let now = service_kit::now();
        let of_store = health::of_queue_store(Ok(phase));
        let health = self.health(of_store, &board.settings, shop.as_ref(), now);
        let figures = Figures::new(&self.setup, &board, &self.speed, shop.as_ref(), health, now);
        Ok((board, figures))
    }

    /// What an operator is shown when the store has not answered since `last`, because of `error`: why nothing moves.
    async fn figures_without_store(&mut self, last: &Figures, error: &StoreUnavailable) -> Figures {
        let shop = self.ask_shop().await;
        let view = self.settings.borrow().clone();
        let now = service_kit::now();
        let of_store = health::of_queue_store(Err(error));
        let health = self.health(of_store, &view, shop.as_ref(), now);
        last.without_store(&self.setup, &view, shop.as_ref(), health, now)
    }

    fn health(
        &mut self,
        of_store: Condition,
        view: &SettingsView,
        shop: Option<&ShopFigures>,
        now: Timestamp,
    ) -> Vec<PartHealth> {
        let conditions = [
            (Part::QueueStore, of_store),
            (Part::Settings, health::of_settings(view, now)),
            (Part::OrderQueue, health::of_order_queue(shop)),
            (Part::Audit, health::of_audit(&self.auditor)),
        ];
        conditions
            .map(|(part, condition)| self.vitals.note(part, condition, now))
            .into()
    }

    async fn ask_shop(&self) -> Option<ShopFigures> {
        timeout(SHOP_TIMEOUT, self.shop.figures(&self.setup.event))
            .await
            .ok()
            .flatten()
    }
}

/// Notices when the operator slows the queue down: the only reason for an ETA to climb.
#[derive(Default)]
struct Brakes {
    last: Option<(AdmissionRate, Mode)>,
    slowed_at: Option<Timestamp>,
}

impl Brakes {
    fn observe(&mut self, at: Timestamp, rate: AdmissionRate, mode: Mode) {
        if let Some((last_rate, last_mode)) = self.last.replace((rate, mode)) {
            let stopped = mode != last_mode && matches!(mode, Mode::Pause | Mode::Closed);
            if rate < last_rate || stopped {
                self.slowed_at = Some(at);
            }
        }
    }
}
