use serde::{Serialize, Serializer};

use crate::Place;

/// One sample of the queue: `rank` waiting tickets have a place lower than `place`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// A place at which a ticket stands.
    pub place: Place,
    /// How many waiting tickets stand before it.
    pub rank: u64,
}

impl Serialize for Mark {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.place, self.rank).serialize(serializer)
    }
}

/// The queue as everybody may know it: how many wait, and sampled places with their ranks.
///
/// Knowing it, anyone tells the people ahead of a place without asking the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    marks: Vec<Mark>,
    waiting: u64,
}

impl Marks {
    /// The queue of `waiting` tickets, sampled at `marks`, which ascend in place and rank.
    pub fn new(marks: Vec<Mark>, waiting: u64) -> Self {
        Self { marks, waiting }
    }

    /// How many tickets wait.
    pub fn waiting(&self) -> u64 {
        self.waiting
    }

    /// The samples, in the order of their places.
    pub fn as_slice(&self) -> &[Mark] {
        &self.marks
    }

    /// Whether everybody who waits stands before `place`.
    pub fn is_behind_all(&self, place: Place) -> bool {
        self.marks.last().is_none_or(|last| last.place < place)
    }

    /// How many people stand ahead of `place`: exact at a mark, interpolated between two, everybody
    /// behind the last.
    pub fn ahead(&self, place: Place) -> u64 {
        let after = self.marks.partition_point(|mark| mark.place < place);
        let Some(upper) = self.marks.get(after) else {
            return self.waiting;
        };
        if upper.place == place {
            return upper.rank;
        }
        let Some(lower) = after.checked_sub(1).map(|before| self.marks[before]) else {
            return upper.rank;
        };
        let span = (upper.place.number() - lower.place.number()) as f64;
        let part = (place.number() - lower.place.number()) as f64 / span;
        let ranks = (upper.rank - lower.rank) as f64;
        // The ticket at `lower` is itself ahead, hence at least one more than its rank.
        let interpolated = (part * ranks).round().max(1.0) as u64;
        (lower.rank + interpolated).min(upper.rank)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{PlaceOrder, TicketId};

    fn place(n: u64) -> Place {
        Place::new(n).unwrap()
    }

    fn queue(places: impl IntoIterator<Item = u64>) -> PlaceOrder {
        let mut order = PlaceOrder::default();
        for n in places {
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&n.to_be_bytes());
            order.insert(place(n), TicketId::from_bytes(bytes));
        }
        order
    }

    fn marks_of(order: &PlaceOrder) -> Marks {
        Marks::new(order.marks(), order.len() as u64)
    }

    #[test]
    fn an_empty_queue_has_nobody_ahead() {
        assert_eq!(Marks::default().ahead(place(5)), 0);
    }

    #[test]
    fn exact_at_the_head_and_everybody_is_ahead_of_a_newcomer() {
        let marks = marks_of(&queue((0..10_000).map(|n| 1_000 + n * n)));
        for rank in 0..32 {
            assert_eq!(marks.ahead(place(1_000 + rank * rank)), rank);
        }
        assert_eq!(marks.ahead(place(1)), 0);
        assert_eq!(marks.ahead(place(u64::from(u32::MAX))), 10_000);
    }

    proptest! {
        #[test]
        fn people_ahead_is_close_to_the_truth_and_ordered_as_the_places(
            gaps in prop::collection::vec(1..1_000_u64, 1..3_000),
        ) {
            let places: Vec<u64> = gaps
                .iter()
                .scan(0, |at, gap| {
                    *at += gap;
                    Some(*at)
                })
                .collect();
            let marks = marks_of(&queue(places.iter().copied()));
            let mut previous = 0;
            for (rank, n) in places.iter().enumerate() {
                let ahead = marks.ahead(place(*n));
                prop_assert!(ahead >= previous);
                previous = ahead;
                let error = ahead.abs_diff(rank as u64);
                prop_assert!(error <= 1 + rank as u64 / 32, "rank {} as {}", rank, ahead);
            }
        }
    }
}
