use serde::{Serialize, Serializer};

use crate::{Head, Place};

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
/// Knowing it, anyone tells the people ahead of a place without asking the store: exactly for the first
/// [`Self::HEAD`], and behind them within half a per cent of the queue's length, whoever arrived in whatever pattern and
/// whoever left. A bit per issued place and a popcount index would be exact everywhere, at 1.3 MB per ten million
/// places, but only for a process that has heard of every leaver, never for a browser; and places are clock readings,
/// which survive the store, not the serial numbers that it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    marks: Vec<Mark>,
    waiting: u64,
}

/// Two samples behind the head are at most this part of the queue apart: what lies between them is off by less than
/// their distance, however the places in between are spread. The rest of half a per cent is for a store that reads the
/// samples less often than it tells them, and for the rounding of what is published.
const EVENLY: u64 = 220;

/// Nor are they further apart than this part of their rank, so that whoever is near the head is told more exactly.
const NEARBY: u64 = 10;

/// How far a published place may be from the ticket's, as a part of the distance to the samples beside it.
const PUBLISHED_WITHIN: u64 = 64;

impl Marks {
    /// How many tickets at the head are all sampled.
    pub const HEAD: usize = 1_000;

    /// The queue of `waiting` tickets, sampled at `marks`, which ascend in place and rank and are those
    /// at the [`Self::ranks`] of that many tickets.
    pub fn new(marks: Vec<Mark>, waiting: u64) -> Self {
        Self { marks, waiting }
    }

    /// The ranks to sample in a queue of `waiting` tickets: each at the head, then ever sparser, and the last.
    pub fn ranks(waiting: u64) -> impl Iterator<Item = u64> {
        let head = (Self::HEAD as u64).min(waiting);
        let behind = Self::sparse_from(head, waiting);
        (0..head).chain(behind)
    }

    fn sparse_from(first: u64, waiting: u64) -> impl Iterator<Item = u64> {
        let last = waiting.saturating_sub(1);
        let next = move |rank: &u64| {
            let step = (rank / NEARBY).min(waiting / EVENLY).max(1);
            (*rank < last).then(|| (rank + step).min(last))
        };
        std::iter::successors((first < waiting).then_some(first), next)
    }

    /// How many tickets wait.
    pub fn waiting(&self) -> u64 {
        self.waiting
    }

    /// The samples, in the order of their places.
    pub fn as_slice(&self) -> &[Mark] {
        &self.marks
    }

    /// The first places, exact to a rank.
    pub fn head(&self) -> Option<Head> {
        let places: Vec<Place> = self
            .marks
            .iter()
            .take(Self::HEAD)
            .map(|mark| mark.place)
            .collect();
        Head::of(&places)
    }

    /// Some 300 samples for whoever has no use for [`Self::head`], which are within half a per cent of the queue's
    /// length too.
    ///
    /// Behind the head a place is rounded down as far as that does not matter, since the digits of a clock or of a draw
    /// are what a board can't compress.
    pub fn published(&self) -> Vec<Mark> {
        let head = self.marks.len().min(Self::HEAD);
        let mut published: Vec<Mark> = Self::sparse_from(0, self.waiting)
            .map_while(|rank| self.marks[..head].get(usize::try_from(rank).ok()?).copied())
            .collect();
        for index in head..self.marks.len() {
            let mark = self.marks[index];
            let number = mark.place.number();
            let before = number - self.marks[index - 1].place.number();
            let after = self.marks.get(index + 1);
            let after = after.map_or(before, |next| next.place.number() - number);
            let within = (before.min(after) / PUBLISHED_WITHIN).max(1);
            let place = Place::new(number - number % 10_u64.pow(within.ilog10()));
            published.push(Mark {
                place: place.unwrap_or(mark.place),
                ..mark
            });
        }
        published
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

    /// Half a per cent of the queue's length.
    fn tolerance(waiting: usize) -> u64 {
        (waiting as u64).div_ceil(200)
    }

    #[test]
    fn an_empty_queue_has_nobody_ahead() {
        assert_eq!(Marks::default().ahead(place(5)), 0);
        assert_eq!(Marks::ranks(0).count(), 0);
        assert!(Marks::default().published().is_empty());
        assert_eq!(Marks::default().head(), None);
    }

    #[test]
    fn exact_at_the_head_and_everybody_is_ahead_of_a_newcomer() {
        let marks = marks_of(&queue((0..10_000).map(|n| 1_000 + n * n)));
        for rank in 0..1_000 {
            assert_eq!(marks.ahead(place(1_000 + rank * rank)), rank);
        }
        assert_eq!(marks.ahead(place(1)), 0);
        assert_eq!(marks.ahead(place(u64::from(u32::MAX))), 10_000);
    }

    #[test]
    fn few_ranks_are_sampled_the_first_and_the_last_among_them() {
        for waiting in [1, 2, 999, 1_000, 1_001, 5_000, 1_000_000, 5_000_000] {
            let ranks: Vec<u64> = Marks::ranks(waiting).collect();
            assert_eq!(ranks.last(), Some(&(waiting - 1)));
            assert!(ranks.is_sorted_by(|a, b| a < b));
            assert!(ranks.iter().take(1_000).copied().eq(0..waiting.min(1_000)));
            assert!(ranks.len() < 1_300, "{} for {waiting}", ranks.len());
        }
    }

    #[test]
    fn what_is_published_of_a_million_is_a_few_hundred_round_numbers() {
        let marks = marks_of(&queue(
            (0..1_000_000).map(|n| n * 1_234 + 1_800_000_000_000_000),
        ));
        let published = marks.published();
        assert!(published.len() < 330, "{}", published.len());
        let behind: Vec<&Mark> = published.iter().filter(|mark| mark.rank >= 1_000).collect();
        assert!(behind.iter().all(|mark| mark.place.number() % 100 == 0));
        assert_eq!(published.last().map(|mark| mark.rank), Some(999_999));
        assert_eq!(
            marks
                .head()
                .unwrap()
                .rank(place(1_800_000_000_000_000 + 999 * 1_234)),
            Some(999)
        );
    }

    /// Gaps of an arrival pattern that changes abruptly: bursts, silence, and all in between.
    fn gaps() -> impl Strategy<Value = Vec<u64>> {
        let stretch = prop_oneof![
            (1..600_usize, Just(1_u64)),
            (1..600_usize, 1..1_000_u64),
            (1..60_usize, 1..(1_u64 << 33)),
        ];
        prop::collection::vec(stretch, 1..16).prop_map(|stretches| {
            stretches
                .into_iter()
                .flat_map(|(count, gap)| std::iter::repeat_n(gap, count))
                .collect()
        })
    }

    proptest! {
        #[test]
        fn people_ahead_is_exact_at_the_head_close_behind_it_and_ordered_as_the_places(
            gaps in gaps(),
            leavers in 0..4_u64,
            seed: u64,
        ) {
            let mut dice = seed;
            let mut stays = || {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (dice >> 33) % 9 >= leavers
            };
            let places: Vec<u64> = gaps
                .iter()
                .scan(0, |at, gap| {
                    *at += gap;
                    Some(*at)
                })
                .filter(|_| stays())
                .collect();
            let marks = marks_of(&queue(places.iter().copied()));
            let published = Marks::new(marks.published(), marks.waiting());
            let mut previous = (0, 0);
            for (rank, n) in places.iter().enumerate() {
                let ahead = (marks.ahead(place(*n)), published.ahead(place(*n)));
                prop_assert!(ahead >= previous);
                previous = ahead;
                let truth = rank as u64;
                if rank < 1_000 {
                    prop_assert_eq!(ahead.0, truth);
                }
                let off = (ahead.0.abs_diff(truth), ahead.1.abs_diff(truth));
                let tolerance = tolerance(places.len());
                prop_assert!(off.0.max(off.1) <= tolerance, "rank {} as {:?}", rank, ahead);
            }
        }
    }
}
