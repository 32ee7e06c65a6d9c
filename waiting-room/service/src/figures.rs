//! What an operator watches, each second.

use std::{collections::VecDeque, time::Duration};

use serde::Serialize;
use utoipa::ToSchema;
use waiting_room_core::{Message, Mode, Phase, Place, Timestamp, Totals};

use crate::{
    board::Board,
    health::PartHealth,
    room::Setup,
    settings::{Refused, SettingsView},
    shop::{OrderFigures, ShopFigures},
};

/// The state of one event, for its operator.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Figures {
    /// The event.
    pub event: String,
    /// When these were taken.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    #[schema(value_type = String)]
    /// What the queue is doing.
    pub phase: Phase,
    /// The queue store's life.
    pub epoch: u64,
    /// The rate in force.
    pub rate_per_minute: u32,
    /// The limit of sessions in force.
    pub max_active_sessions: u32,
    /// How much of the operator's rate this region may admit: 0 to 100, 0 while another region is active.
    pub region_percent: u8,
    /// The mode in force.
    #[schema(value_type = String)]
    pub mode: Mode,
    /// What fans are told.
    #[schema(value_type = String)]
    pub message: Message,
    /// Waiting tickets.
    pub waiting: u64,
    /// Called, with an open call window, and not admitted yet.
    pub called: u64,
    /// Of these, who came and waits for a permit.
    pub at_door: u64,
    /// Fans in checkout.
    pub sessions: u64,
    /// The highest place called so far; 0 when nobody was.
    pub frontier: u64,
    /// Tickets that joined in this epoch.
    pub joined_total: u64,
    /// Tickets that fans put back in this epoch.
    pub rejoined_total: u64,
    /// Calls in this epoch.
    pub called_total: u64,
    /// Claims that opened a session in this epoch.
    pub claimed_total: u64,
    /// Call windows that passed unused in this epoch.
    pub missed_total: u64,
    /// Fans who left in this epoch.
    pub left_total: u64,
    /// Sessions that ended in this epoch.
    pub sessions_ended_total: u64,
    /// Claims in the last minute.
    pub claims_per_minute: f64,
    /// The frontier's speed; absent while nobody is called.
    pub calls_per_minute: Option<f64>,
    /// Joins in the last minute.
    pub joins_per_minute: f64,
    /// The share of those called who don't come, as learned, 0 to 1.
    pub no_show_share: f64,
    /// How long somebody who joins now waits; absent while nobody is called.
    pub eta_back_of_queue_seconds: Option<u64>,
    /// Values that were found and are not in force.
    pub refused_settings: Vec<Refused>,
    /// Seconds since the settings were last read.
    pub settings_age_seconds: f64,
    /// The shop's orders; absent when it does not answer.
    pub orders: Option<OrderFigures>,
    /// What is sold.
    pub offers: Vec<OfferView>,
    /// How the parts are on which the event depends. Told anew each tick even while the queue store does not answer, in
    /// which case all that it would tell stays as it was at `at`.
    pub health: Vec<PartHealth>,
}

/// An offer, for fans and operators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OfferView {
    /// Its id.
    pub id: String,
    /// What fans call it.
    pub name: String,
    /// The price of one, in hundredths of the currency's unit.
    pub price_cents: u64,
    /// ISO 4217.
    pub currency: String,
    /// How many there are in all.
    pub stock: u32,
    /// How many are left; absent when the shop does not answer.
    pub stock_left: Option<u32>,
    /// How many one order may hold.
    pub max_per_order: u32,
}

impl Figures {
    pub(crate) fn new(
        setup: &Setup,
        board: &Board,
        speed: &Speed,
        shop: Option<&ShopFigures>,
        health: Vec<PartHealth>,
        now: Timestamp,
    ) -> Self {
        let snapshot = &board.snapshot;
        let settings = &board.settings.settings;
        let totals = snapshot.totals;
        let waiting = snapshot.marks.waiting();
        Self {
            event: setup.event.id.to_string(),
            at: snapshot.at,
            phase: board.phase,
            epoch: snapshot.epoch.number(),
            rate_per_minute: settings.admission_rate_per_minute.per_minute(),
            max_active_sessions: settings.max_active_sessions.sessions(),
            region_percent: setup.region.percent(),
            mode: settings.mode,
            message: settings.message.clone(),
            waiting,
            called: snapshot.called,
            at_door: snapshot.at_door,
            sessions: snapshot.sessions,
            frontier: snapshot.frontier.map_or(0, Place::number),
            joined_total: totals.joined,
            rejoined_total: totals.rejoined,
            called_total: totals.called,
            claimed_total: totals.claimed,
            missed_total: totals.missed,
            left_total: totals.left,
            sessions_ended_total: totals.sessions_ended,
            claims_per_minute: speed.per_minute(|totals| totals.claimed),
            calls_per_minute: board.pace.map(|pace| pace.per_minute),
            joins_per_minute: speed.per_minute(|totals| totals.joined),
            no_show_share: 1.0 - snapshot.show_share,
            eta_back_of_queue_seconds: board.eta(waiting).map(|eta| eta.expected.as_secs()),
            refused_settings: board.settings.refused.clone(),
            settings_age_seconds: now.since(board.settings.read_at).as_secs_f64(),
            orders: shop.map(|shop| shop.orders),
            offers: offers(setup, shop),
            health,
        }
    }

    /// The same while the queue store does not answer: what does not come from it is as it is now.
    pub(crate) fn without_store(
        &self,
        setup: &Setup,
        view: &SettingsView,
        shop: Option<&ShopFigures>,
        health: Vec<PartHealth>,
        now: Timestamp,
    ) -> Self {
        Self {
            refused_settings: view.refused.clone(),
            settings_age_seconds: now.since(view.read_at).as_secs_f64(),
            orders: shop.map(|shop| shop.orders),
            offers: offers(setup, shop),
            health,
            ..self.clone()
        }
    }
}

/// The offers of the event with what `shop` has left.
fn offers(setup: &Setup, shop: Option<&ShopFigures>) -> Vec<OfferView> {
    let left = |id: &_| {
        let (_, left) = shop?.stock_left.iter().find(|(offer, _)| offer == id)?;
        Some(*left)
    };
    setup
        .event
        .offers
        .iter()
        .map(|offer| OfferView {
            id: offer.id.to_string(),
            name: offer.name.clone(),
            price_cents: offer.price_cents,
            currency: offer.currency.as_str().to_owned(),
            stock: offer.stock,
            stock_left: left(&offer.id),
            max_per_order: offer.max_per_order,
        })
        .collect()
}

/// How fast the totals grew over the last minute.
#[derive(Debug, Default)]
pub(crate) struct Speed {
    samples: VecDeque<(Timestamp, Totals)>,
}

const WINDOW: Duration = Duration::from_secs(60);

impl Speed {
    pub(crate) fn observe(&mut self, at: Timestamp, totals: Totals) {
        // A store that lost its queue counts from zero again.
        if self
            .samples
            .back()
            .is_some_and(|(_, last)| last.called > totals.called)
        {
            self.samples.clear();
        }
        self.samples.push_back((at, totals));
        while self
            .samples
            .get(1)
            .is_some_and(|(second, _)| at.since(*second) >= WINDOW)
        {
            self.samples.pop_front();
        }
    }

    fn per_minute(&self, count: impl Fn(&Totals) -> u64) -> f64 {
        let (Some((from, first)), Some((to, last))) = (self.samples.front(), self.samples.back())
        else {
            return 0.0;
        };
        let minutes = to.since(*from).as_secs_f64() / 60.0;
        let grown = count(last).saturating_sub(count(first)) as f64;
        if minutes > 0.0 { grown / minutes } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(count: u64) -> Totals {
        Totals {
            claimed: count,
            called: count,
            ..Totals::default()
        }
    }

    #[test]
    fn speed_is_that_of_the_last_minute() {
        let mut speed = Speed::default();
        assert_eq!(speed.per_minute(|totals| totals.claimed), 0.0);
        for second in 0..=60 {
            speed.observe(Timestamp::from_seconds(second), claimed(second * 100));
        }
        for second in 61..=180 {
            speed.observe(
                Timestamp::from_seconds(second),
                claimed(6_000 + (second - 60) * 10),
            );
        }
        assert_eq!(speed.per_minute(|totals| totals.claimed), 600.0);
    }

    #[test]
    fn a_lost_store_gives_no_negative_speed() {
        let mut speed = Speed::default();
        speed.observe(Timestamp::from_seconds(1), claimed(1_000));
        speed.observe(Timestamp::from_seconds(2), claimed(0));
        speed.observe(Timestamp::from_seconds(62), claimed(60));
        assert_eq!(speed.per_minute(|totals| totals.claimed), 60.0);
    }
}
