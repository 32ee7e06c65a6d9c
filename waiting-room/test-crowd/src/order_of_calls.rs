//! Whether anybody overtook.

use std::{collections::HashMap, time::Instant};

use crate::{Record, Sight};

/// The called sights of one instance in one epoch, by the time of their answers; with each one that has
/// the highest place so far.
#[derive(Default)]
struct Calls<'a> {
    seen: Vec<(Instant, &'a Sight)>,
}

impl<'a> Calls<'a> {
    fn add(&mut self, sight: &'a Sight) {
        let highest = match self.seen.last() {
            Some((_, highest)) if highest.place > sight.place => highest,
            _ => sight,
        };
        self.seen.push((sight.answered, highest));
    }

    /// The highest place that had been seen called before `then`.
    fn highest_before(&self, then: Instant) -> Option<&'a Sight> {
        let earlier = self.seen.partition_point(|(answered, _)| *answered < then);
        self.seen[..earlier].last().map(|(_, highest)| *highest)
    }
}

impl Record {
    /// Fans who were seen waiting after one behind them had been seen called.
    ///
    /// What two instances say is not compared: each tells the queue as it was at its own last tick, so
    /// one may know of a call that the other doesn't yet. Neither is what an instance says before it has
    /// noticed that the store lost the queue, nor a call from before the fan put its ticket back.
    pub fn overtaken(&self) -> Vec<(Sight, Sight)> {
        let mut called: Vec<&Sight> = self.sights.iter().filter(|sight| sight.called).collect();
        called.sort_by_key(|sight| sight.answered);
        let stale = self.last_epochs_before_losses();
        let is_stale = |sight: &Sight| {
            let mut ended = stale.iter();
            ended.any(|(lost_at, last)| sight.answered > *lost_at && sight.epoch <= *last)
        };
        let mut calls: HashMap<(usize, u64), Calls<'_>> = HashMap::new();
        for sight in called {
            if !is_stale(sight) {
                let key = (sight.instance, sight.epoch);
                calls.entry(key).or_default().add(sight);
            }
        }
        let waiting = self.sights.iter().filter(|sight| !sight.called);
        waiting
            .filter(|sight| !is_stale(sight))
            .filter_map(|waiting| {
                let calls = calls.get(&(waiting.instance, waiting.epoch))?;
                let called = calls.highest_before(waiting.asked)?;
                let overtook = called.place > waiting.place && called.answered > waiting.held_since;
                overtook.then(|| (waiting.clone(), called.clone()))
            })
            .collect()
    }

    /// When the store lost something, and the last of its lives that a fan had heard of by then.
    fn last_epochs_before_losses(&self) -> Vec<(Instant, u64)> {
        let heard_of = |lost_at: &Instant| {
            let before = self.sights.iter().filter(|sight| sight.answered < *lost_at);
            (*lost_at, before.map(|sight| sight.epoch).max().unwrap_or(0))
        };
        self.losses.iter().map(heard_of).collect()
    }

    /// Neighbours in the order of places of whom the one behind was called first, by the times at which
    /// their calls expire: for an on-sale in which the door was always open and no window changed.
    pub fn called_out_of_order(&self) -> Vec<(u64, u64)> {
        let mut first_seen: HashMap<u64, u64> = HashMap::new();
        for sight in &self.sights {
            if let Some(expires_at) = sight.call_expires_at {
                first_seen.entry(sight.place).or_insert(expires_at);
            }
        }
        let mut calls: Vec<(u64, u64)> = first_seen.into_iter().collect();
        calls.sort_unstable();
        let pairs = calls.windows(2).filter(|pair| pair[0].1 > pair[1].1);
        pairs.map(|pair| (pair[0].0, pair[1].0)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    struct Seen {
        base: Instant,
        record: Record,
    }

    impl Seen {
        fn new() -> Self {
            Self {
                base: Instant::now(),
                record: Record::default(),
            }
        }

        fn at(&self, seconds: u64) -> Instant {
            self.base + Duration::from_secs(seconds)
        }

        fn sight(&mut self, second: u64, instance: usize, epoch: u64, place: u64, called: bool) {
            let sight = Sight {
                asked: self.at(second),
                answered: self.at(second),
                held_since: self.at(0),
                instance,
                place,
                epoch,
                called,
                call_expires_at: None,
            };
            self.record.sights.push(sight);
        }
    }

    #[test]
    fn a_fan_who_waits_behind_one_who_was_called_later_is_overtaken() {
        let mut seen = Seen::new();
        seen.sight(1, 0, 1, 20, true);
        seen.sight(2, 0, 1, 10, false);
        seen.sight(2, 0, 1, 30, false);
        let overtaken = seen.record.overtaken();
        assert_eq!(overtaken.len(), 1);
        assert_eq!((overtaken[0].0.place, overtaken[0].1.place), (10, 20));
    }

    #[test]
    fn another_instance_another_epoch_or_an_earlier_answer_prove_nothing() {
        let mut seen = Seen::new();
        seen.sight(2, 0, 1, 20, true);
        seen.sight(1, 0, 1, 10, false);
        seen.sight(3, 1, 1, 10, false);
        seen.sight(3, 0, 2, 10, false);
        assert!(seen.record.overtaken().is_empty());
    }

    #[test]
    fn what_an_instance_says_before_it_notices_the_loss_proves_nothing() {
        let mut seen = Seen::new();
        seen.sight(1, 0, 1, 20, true);
        seen.sight(3, 0, 1, 10, false);
        let lost_at = seen.at(2);
        seen.record.losses.push(lost_at);
        assert!(seen.record.overtaken().is_empty());
        seen.sight(4, 0, 2, 20, true);
        seen.sight(5, 0, 2, 10, false);
        assert_eq!(seen.record.overtaken().len(), 1);
    }
}
