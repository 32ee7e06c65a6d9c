//! How large a board is on the wire.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use waiting_room_core::{Cohort, Mark, Marks, Place};

/// What a board holds besides places and ranks, and its headers, in compressed bytes.
const BYTES_BESIDES: f64 = 900.0;

/// Sizes are measured for queues of one, two, four, ... up to 2²⁶ tickets.
const DOUBLINGS: u32 = 27;

/// Within how many microseconds arrivals are taken to have come.
const CAME_WITHIN: f64 = 60e6;

/// The size of a board by the queue's length, from the marks that the core makes of it.
pub(crate) struct BoardSize {
    bytes: Vec<f64>,
}

impl BoardSize {
    /// Measures boards of queues of `cohort` up to `longest` tickets.
    pub(crate) fn up_to(longest: u64, cohort: Cohort) -> Self {
        let doublings = longest.max(1).ilog2() + 2;
        let queues = (0..doublings.min(DOUBLINGS)).map(|doubling| 1 << doubling);
        let bytes = queues.map(|waiting| compressed(&marks(waiting, cohort)));
        Self {
            bytes: bytes.collect(),
        }
    }

    /// Bytes that the board of `waiting` tickets takes.
    pub(crate) fn bytes(&self, waiting: f64) -> f64 {
        let exact = waiting.max(1.0).log2();
        let below = (exact as usize).min(self.bytes.len() - 1);
        let above = (below + 1).min(self.bytes.len() - 1);
        let (low, high) = (self.bytes[below], self.bytes[above]);
        BYTES_BESIDES + low + (exact - below as f64).min(1.0) * (high - low)
    }
}

/// The marks of so many tickets, whose places lie as chance has them.
fn marks(waiting: u64, cohort: Cohort) -> Marks {
    let (first, range) = match cohort {
        Cohort::Prequeue => (0.0, 2_f64.powi(Place::DRAW_BITS as i32)),
        Cohort::Arrival => (1_795_250_000e6, CAME_WITHIN),
    };
    let gap = range / waiting as f64;
    let (mut place, mut before) = (first, 0);
    let marks = Marks::ranks(waiting).map(|rank| {
        // Gaps between neighbours are exponential; over many of them chance is small.
        place += match rank - before {
            1 => -gap * unit(rank).ln(),
            ranks => gap * ranks as f64,
        };
        before = rank;
        Mark {
            place: Place::new(place as u64).unwrap_or_default(),
            rank,
        }
    });
    Marks::new(marks.collect(), waiting)
}

/// What a board says of `marks`, compressed, in bytes.
fn compressed(marks: &Marks) -> f64 {
    let json = serde_json::to_vec(&(marks.head(), marks.published())).unwrap_or_default();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(&json).and_then(|()| encoder.finish());
    written.map_or(json.len(), |bytes| bytes.len()) as f64
}

/// A number above 0 and at most 1 that looks like chance (the finaliser of SplitMix64).
fn unit(n: u64) -> f64 {
    let mut z = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z >> 11) + 1) as f64 / 2_f64.powi(53)
}

#[cfg(test)]
mod tests {
    use waiting_room_core::{PlaceOrder, TicketId};

    use super::*;

    /// The marks of a real queue.
    fn of_a_queue(waiting: u64, cohort: Cohort) -> Marks {
        let mut order = PlaceOrder::default();
        for n in 0..waiting {
            let place = match cohort {
                Cohort::Prequeue => unit(n + 77) * 2_f64.powi(50) - 1.0,
                Cohort::Arrival => 1_795_250_000e6 + unit(n + 77) * CAME_WITHIN,
            };
            let place = Place::new(place as u64).unwrap();
            order.insert(place, TicketId::from_bytes(u128::from(n).to_be_bytes()));
        }
        Marks::new(order.marks(), waiting)
    }

    #[test]
    fn a_board_is_about_as_large_as_that_of_a_real_queue() {
        for cohort in [Cohort::Prequeue, Cohort::Arrival] {
            let size = BoardSize::up_to(100_000, cohort);
            for waiting in [300, 7_000, 100_000] {
                let real = compressed(&of_a_queue(waiting, cohort)) + BYTES_BESIDES;
                let planned = size.bytes(waiting as f64);
                println!("{waiting} wait: planned {planned:.0}, real {real:.0} bytes");
                assert!((planned / real - 1.0).abs() < 0.2);
            }
        }
    }

    #[test]
    fn a_longer_queue_has_no_much_larger_board() {
        let size = BoardSize::up_to(50_000_000, Cohort::Arrival);
        assert!(size.bytes(0.0) < 1_500.0);
        assert!(size.bytes(5e7) < 2.0 * size.bytes(1e4));
    }
}
