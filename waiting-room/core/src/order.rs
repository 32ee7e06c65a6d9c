use std::collections::VecDeque;

use crate::{Mark, Marks, Place, TicketId};

type Entry = (Place, TicketId);

/// The tickets that wait, in the order of their places.
///
/// A list of sorted chunks. Arrivals append to the last chunk, pre-queue tickets and returners are
/// inserted by binary search, calls are taken off the front; 24 bytes an entry. What it is for is
/// [`Self::marks`]: the rank of a chunk's first entry is a running sum over some two thousand
/// chunks for a million tickets, so a snapshot never walks the queue.
#[derive(Clone, Debug, Default)]
pub struct PlaceOrder {
    chunks: VecDeque<Vec<Entry>>,
    len: usize,
}

/// Entries a chunk holds at most: a memory move of 12 kB at worst for an insertion.
const CHUNK: usize = 512;

impl PlaceOrder {
    /// How many tickets wait.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Puts `ticket` at `place`; false when it stood there already. Tickets that share a place
    /// stand in the order of their ids.
    pub fn insert(&mut self, place: Place, ticket: TicketId) -> bool {
        let entry = (place, ticket);
        let Some(last) = self.chunks.len().checked_sub(1) else {
            self.push_chunk(entry);
            return true;
        };
        let index = self.chunk_for(&entry).min(last);
        let chunk = &mut self.chunks[index];
        let Err(at) = chunk.binary_search(&entry) else {
            return false;
        };
        if chunk.len() < CHUNK {
            chunk.insert(at, entry);
            self.len += 1;
            return true;
        }
        if index == last && at == chunk.len() {
            self.push_chunk(entry);
            return true;
        }
        let mut upper = Vec::with_capacity(CHUNK);
        upper.extend(chunk.drain(CHUNK / 2..));
        if at <= chunk.len() {
            chunk.insert(at, entry);
        } else {
            upper.insert(at - chunk.len(), entry);
        }
        self.chunks.insert(index + 1, upper);
        self.len += 1;
        true
    }

    /// Takes `ticket` out; false when it did not stand at `place`.
    pub fn remove(&mut self, place: Place, ticket: TicketId) -> bool {
        let entry = (place, ticket);
        let index = self.chunk_for(&entry);
        let Some(chunk) = self.chunks.get_mut(index) else {
            return false;
        };
        let Ok(at) = chunk.binary_search(&entry) else {
            return false;
        };
        chunk.remove(at);
        if chunk.is_empty() {
            self.chunks.remove(index);
        }
        self.len -= 1;
        true
    }

    /// Takes the first `count` tickets off, lowest place first.
    pub fn take_first(&mut self, count: usize) -> Vec<(Place, TicketId)> {
        let mut taken = Vec::with_capacity(count.min(self.len));
        while taken.len() < count {
            let Some(chunk) = self.chunks.front_mut() else {
                break;
            };
            let wanted = count - taken.len();
            if wanted >= chunk.len() {
                taken.append(chunk);
                self.chunks.pop_front();
            } else {
                taken.extend(chunk.drain(..wanted));
            }
        }
        self.len -= taken.len();
        taken
    }

    /// The tickets in order.
    pub fn iter(&self) -> impl Iterator<Item = (Place, TicketId)> + '_ {
        self.chunks.iter().flatten().copied()
    }

    /// Pairs of (place, rank) at the [`Marks::ranks`] of this queue: some 1,250 for a million tickets.
    pub fn marks(&self) -> Vec<Mark> {
        let mut marks = Vec::with_capacity(2 * Marks::HEAD);
        let mut ranks = Marks::ranks(self.len as u64).peekable();
        let mut first_rank = 0;
        for chunk in &self.chunks {
            let behind = first_rank + chunk.len() as u64;
            while let Some(rank) = ranks.next_if(|rank| *rank < behind) {
                let (place, _) = chunk[(rank - first_rank) as usize];
                marks.push(Mark { place, rank });
            }
            first_rank = behind;
        }
        marks
    }

    fn chunk_for(&self, entry: &Entry) -> usize {
        self.chunks
            .partition_point(|chunk| chunk.last().is_some_and(|last| last < entry))
    }

    fn push_chunk(&mut self, entry: Entry) {
        let mut chunk = Vec::with_capacity(CHUNK);
        chunk.push(entry);
        self.chunks.push_back(chunk);
        self.len += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn ticket(n: u64) -> TicketId {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        TicketId::from_bytes(bytes)
    }

    fn entry(n: u64) -> Entry {
        (Place::new(n).unwrap(), ticket(n % 3))
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u64),
        Append(u64),
        Remove(u64),
        TakeFirst(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..5_000_u64).prop_map(Step::Insert),
            4 => (1..40_u64).prop_map(Step::Append),
            2 => (0..5_000_u64).prop_map(Step::Remove),
            1 => (0..40_usize).prop_map(Step::TakeFirst),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn behaves_as_a_plain_sorted_set(steps in prop::collection::vec(step(), 1..200)) {
            let mut order = PlaceOrder::default();
            let mut model = BTreeSet::new();
            let mut end = 5_000;
            for step in steps {
                match step {
                    Step::Insert(n) => {
                        let (place, ticket) = entry(n);
                        prop_assert_eq!(order.insert(place, ticket), model.insert((place, ticket)));
                    }
                    Step::Append(count) => {
                        for _ in 0..count * 40 {
                            end += 1;
                            let (place, ticket) = entry(end);
                            prop_assert!(order.insert(place, ticket));
                            model.insert((place, ticket));
                        }
                    }
                    Step::Remove(n) => {
                        let (place, ticket) = entry(n);
                        prop_assert_eq!(order.remove(place, ticket), model.remove(&(place, ticket)));
                    }
                    Step::TakeFirst(count) => {
                        let expected: Vec<_> = model.iter().take(count).copied().collect();
                        for entry in &expected {
                            model.remove(entry);
                        }
                        prop_assert_eq!(order.take_first(count), expected);
                    }
                }
                prop_assert_eq!(order.len(), model.len());
            }
            prop_assert!(order.iter().eq(model.iter().copied()));
            let ordered: Vec<_> = model.into_iter().collect();
            let marks = order.marks();
            prop_assert!(marks.iter().map(|mark| mark.rank).eq(Marks::ranks(ordered.len() as u64)));
            for mark in marks {
                prop_assert_eq!(ordered[mark.rank as usize].0, mark.place);
            }
        }
    }
}
