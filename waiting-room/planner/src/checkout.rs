use std::collections::VecDeque;

use crate::{Scenario, course::TICK};

/// The sessions, the orders in which they end, and the stock.
///
/// A stay's end is spread over many ticks. So what is kept for each tick to come is by how much the
/// number of ends a tick changes there: a batch of admissions touches a few entries only.
pub(crate) struct Checkout {
    abandon: f64,
    shortest: usize,
    spread: usize,
    session: usize,
    per_order: f64,
    stock: Option<f64>,
    active: f64,
    changes: VecDeque<f64>,
    orders_a_tick: f64,
    expiries: VecDeque<f64>,
}

/// What a tick ended.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ended {
    pub(crate) orders: f64,
    pub(crate) expired: f64,
    /// Whether the last unit is gone.
    pub(crate) sold_out: bool,
}

impl Checkout {
    pub(crate) fn of(scenario: &Scenario) -> Self {
        let session = scenario.door.session_length.as_secs_f64();
        let mean = scenario.purchase.stay.as_secs_f64();
        let half = (mean / 2.0).min(session - mean);
        let in_ticks = |seconds: f64| (seconds / TICK).round().max(1.0) as usize;
        Self {
            abandon: scenario.purchase.abandon,
            shortest: in_ticks(mean - half),
            spread: in_ticks(2.0 * half),
            session: in_ticks(session),
            per_order: scenario.purchase.per_order,
            stock: scenario.purchase.stock.map(|units| units as f64),
            active: 0.0,
            changes: VecDeque::new(),
            orders_a_tick: 0.0,
            expiries: VecDeque::new(),
        }
    }

    pub(crate) fn active(&self) -> f64 {
        self.active
    }

    pub(crate) fn admit(&mut self, fans: f64) {
        self.active += fans;
        let each = fans * (1.0 - self.abandon) / self.spread as f64;
        *at(&mut self.changes, self.shortest) += each;
        *at(&mut self.changes, self.shortest + self.spread) -= each;
        *at(&mut self.expiries, self.session) += fans * self.abandon;
    }

    /// A tick passes.
    pub(crate) fn pass_time(&mut self) -> Ended {
        self.orders_a_tick += self.changes.pop_front().unwrap_or_default();
        if self.changes.is_empty() {
            self.orders_a_tick = 0.0;
        }
        let mut orders = self.orders_a_tick.max(0.0);
        let expired = self.expiries.pop_front().unwrap_or_default();
        let mut sold_out = false;
        if let Some(stock) = &mut self.stock {
            let wanted = orders * self.per_order;
            sold_out = wanted >= *stock && wanted > 0.0;
            orders = wanted.min(*stock) / self.per_order;
            *stock -= orders * self.per_order;
        }
        self.active = (self.active - orders - expired).max(0.0);
        if self.changes.is_empty() && self.expiries.is_empty() {
            self.active = 0.0;
        }
        Ended {
            orders,
            expired,
            sold_out,
        }
    }
}

fn at(calendar: &mut VecDeque<f64>, ticks: usize) -> &mut f64 {
    let index = ticks.saturating_sub(1);
    if calendar.len() <= index {
        calendar.resize(index + 1, 0.0);
    }
    &mut calendar[index]
}
