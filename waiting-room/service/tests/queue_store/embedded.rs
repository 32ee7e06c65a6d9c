//! What a full queue in memory tells.

use waiting_room_core::{Marks, Mode, Place, TicketId};

use crate::{
    backend::{Backend, Embedded, ON_SALE, Time, event, regime},
    suite::assert_people_ahead,
};

const MILLION: u64 = 1_000_000;

fn ticket(number: u64) -> TicketId {
    let high = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let bytes = (u128::from(high) << 64) | u128::from(number);
    TicketId::from_bytes(bytes.to_be_bytes())
}

#[tokio::test]
async fn people_ahead_are_told_among_a_million_of_whom_a_third_left() {
    let (event, mut regime, time) = (event(), regime(600), Time::starting_at(ON_SALE));
    regime.rules.capacity = 2 * MILLION as usize;
    regime.settings.mode = Mode::Pause;
    let backend = Embedded::new();
    let store = backend.open(&event, &regime, &time).await;
    let mut waiting: Vec<(Place, TicketId)> = Vec::new();
    for number in 0..MILLION {
        let ticket = ticket(number);
        let joined = store.join(&event, ticket, Place::default(), &regime).await;
        waiting.push((joined.unwrap().unwrap().place, ticket));
    }
    let leaves = |ticket: &TicketId| ticket.as_bytes()[0].is_multiple_of(3);
    for (_, ticket) in waiting.extract_if(.., |(_, ticket)| leaves(ticket)) {
        assert!(store.leave(&event, ticket, &regime).await.unwrap());
    }
    let snapshot = store.snapshot(&event, &regime).await.unwrap();
    assert_eq!(snapshot.marks.waiting(), waiting.len() as u64);
    assert!(snapshot.marks.as_slice().len() < Marks::HEAD + 300);
    let ranks = (0..).zip(waiting.iter().map(|(place, _)| *place));
    assert_people_ahead(&snapshot.marks, ranks);
}
