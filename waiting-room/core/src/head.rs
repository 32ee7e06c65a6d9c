use serde::Serialize;

use crate::Place;

/// The first places of the queue as the board publishes them: small, and yet each of them tells its rank.
///
/// The first place and the gaps to the next ones, counted in a unit. The unit is the smallest gap, so two places
/// never fall on one count and no rank is lost; a thousand drawn places of 50 bits then take two bytes each on the wire
/// instead of five. Rank r stands at `first + unit × (gaps[0] + … + gaps[r - 1])`, rounded down to a whole unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Head {
    first: Place,
    unit: u64,
    gaps: Vec<u64>,
}

impl Head {
    /// The code of `places`, which ascend; nothing of an empty queue.
    pub fn of(places: &[Place]) -> Option<Self> {
        let first = *places.first()?;
        let smallest = places
            .windows(2)
            .map(|pair| pair[1].number() - pair[0].number());
        // Tickets that share a place have one rank.
        let unit = smallest.filter(|gap| *gap > 0).min().unwrap_or(1);
        let counts = places
            .iter()
            .map(|place| (place.number() - first.number()) / unit);
        let gaps = counts
            .clone()
            .zip(counts.skip(1))
            .map(|(one, next)| next - one)
            .collect();
        Some(Self { first, unit, gaps })
    }

    /// How many of these stand before `place`, which is one of them; nothing when it is behind all.
    ///
    /// This is the browser's arithmetic.
    pub fn rank(&self, place: Place) -> Option<u64> {
        let offset = place.number().saturating_sub(self.first.number());
        let wanted = offset / self.unit;
        let mut count = 0;
        for (rank, gap) in (0..).zip(&self.gaps) {
            if count >= wanted {
                return Some(rank);
            }
            count += gap;
        }
        (count >= wanted).then_some(self.gaps.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn places(gaps: &[u64]) -> Vec<Place> {
        let numbers = gaps.iter().scan(5, |at, gap| {
            *at += gap;
            Some(Place::new(*at).unwrap())
        });
        numbers.collect()
    }

    #[test]
    fn nobody_waits() {
        assert_eq!(Head::of(&[]), None);
    }

    #[test]
    fn is_as_coarse_as_the_closest_two() {
        let head = Head::of(&places(&[0, 700, 100, 250])).unwrap();
        let json = serde_json::to_string(&head).unwrap();
        assert_eq!(json, r#"{"first":5,"unit":100,"gaps":[7,1,2]}"#);
        assert_eq!(head.rank(Place::new(4).unwrap()), Some(0));
        assert_eq!(head.rank(Place::new(1_255).unwrap()), None);
    }

    proptest! {
        #[test]
        fn each_place_has_its_rank(
            gaps in prop::collection::vec(
                prop_oneof![3 => 1..40_u64, 1 => 0..2_u64, 1 => 1..(1_u64 << 42)],
                1..1_000,
            ),
        ) {
            let places = places(&gaps);
            let head = Head::of(&places).unwrap();
            for place in &places {
                let rank = places.partition_point(|other| other < place) as u64;
                prop_assert_eq!(head.rank(*place), Some(rank));
            }
            let behind = Place::new(places[places.len() - 1].number() + head.unit).unwrap();
            prop_assert_eq!(head.rank(behind), None);
        }
    }
}
