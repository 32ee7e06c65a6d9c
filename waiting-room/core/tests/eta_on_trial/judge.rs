use std::collections::HashMap;

use waiting_room_core::{EtaRange, Place, Timestamp};

use crate::{
    scenarios::Scenario,
    support::{OnSale, START},
};

/// One look of one fan at the page.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    pub(crate) at: Timestamp,
    pub(crate) place: Place,
    pub(crate) eta: EtaRange,
    /// How long it took indeed, at the rate of that moment.
    pub(crate) wait: f64,
}

/// How the ETA did in one kind of on-sale.
pub(crate) struct Verdict {
    pub(crate) looks: Vec<Look>,
    /// Looks at which the estimate was later than at the look before, though the operator had not slowed down.
    climbs: usize,
    /// Looks that have one before.
    successions: usize,
}

/// Fans look every so many seconds.
const EVERY: f64 = 10.0;

/// One in so many fans is followed.
const FOLLOWED: usize = 40;

/// Below this many seconds to go the page says "any moment now".
const SOON: f64 = 15.0;

/// An estimate that is later by less than this was only rounded.
const CLIMB: f64 = 1.0;

/// Replays `scenario` with each of `seeds`.
pub(crate) fn judge(scenario: &Scenario, seeds: &[u64]) -> Verdict {
    let mut verdict = Verdict {
        looks: Vec::new(),
        climbs: 0,
        successions: 0,
    };
    for seed in seeds {
        verdict.replay(scenario, *seed);
    }
    verdict
}

impl Verdict {
    fn replay(&mut self, scenario: &Scenario, seed: u64) {
        let mut sale = scenario.open(seed);
        let mut seen = Vec::new();
        let mut second = 1.0;
        while second < Scenario::ENDS {
            sale.run_until(second);
            if second > 60.0 && sale.waiting() == 0 {
                break;
            }
            let now = START + std::time::Duration::from_secs_f64(second);
            seen.extend(sale.etas(FOLLOWED).into_iter().map(|eta| (now, eta)));
            for event in scenario.events(second, second + EVERY) {
                sale.operate(event);
            }
            second += EVERY;
        }
        self.take(&sale, seen);
    }

    fn take(&mut self, sale: &OnSale, seen: Vec<(Timestamp, (Place, EtaRange))>) {
        let mut calls: HashMap<Place, Vec<Timestamp>> = HashMap::new();
        for (at, place) in &sale.calls {
            calls.entry(*place).or_default().push(*at);
        }
        let mut before: HashMap<Place, (Timestamp, EtaRange)> = HashMap::new();
        for (at, (place, eta)) in seen {
            if let Some((last_at, last)) = before.insert(place, (at, eta))
                && !sale.grants().slowed(last_at, at)
            {
                let climb = eta.expected.as_secs_f64() - last.expected.as_secs_f64();
                self.successions += 1;
                self.climbs += usize::from(climb > CLIMB);
            }
            let call = calls
                .get(&place)
                .and_then(|calls| calls.iter().find(|call| **call >= at));
            // Who leaves is never called.
            let Some(call) = call else { continue };
            if sale.grants().lost(at, *call) {
                continue;
            }
            let wait = sale.grants().wait(at, *call).as_secs_f64();
            if wait >= SOON {
                self.looks.push(Look {
                    at,
                    place,
                    eta,
                    wait,
                });
            }
        }
    }

    /// The error at quantile `q`, as a part of the true wait.
    pub(crate) fn error(&self, q: f64) -> f64 {
        quantile(self.looks.iter().map(Look::error).collect(), q)
    }

    /// The share of looks whose turn fell between the bounds.
    pub(crate) fn inside(&self) -> f64 {
        let inside = self.looks.iter().filter(|look| look.is_inside()).count();
        inside as f64 / self.looks.len() as f64
    }

    /// The median distance of the bounds, as a part of the true wait.
    pub(crate) fn width(&self) -> f64 {
        let widths = self
            .looks
            .iter()
            .map(|look| (look.eta.high.as_secs_f64() - look.eta.low.as_secs_f64()) / look.wait);
        quantile(widths.collect(), 0.5)
    }

    /// The share of looks at which the estimate had climbed.
    pub(crate) fn climbed(&self) -> f64 {
        self.climbs as f64 / self.successions as f64
    }
}

impl Look {
    /// How far the estimate was off, as a part of the true wait.
    pub(crate) fn error(&self) -> f64 {
        (self.eta.expected.as_secs_f64() - self.wait).abs() / self.wait
    }

    fn is_inside(&self) -> bool {
        (self.eta.low.as_secs_f64()..=self.eta.high.as_secs_f64()).contains(&self.wait)
    }
}

/// The value at `q` of `values` in order; 0 of none.
pub(crate) fn quantile(mut values: Vec<f64>, q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values
        .get((last as f64 * q).round() as usize)
        .copied()
        .unwrap_or(0.0)
}
