//! What the core's arithmetic costs with a million tickets: the parts of a poll, of a join, of a claim and of
//! a turn of the controller.
//!
//! `cargo bench -p waiting-room-core`

#![allow(
    clippy::expect_used,
    missing_docs,
    reason = "a benchmark that cannot be set up ends"
)]

use std::{cell::RefCell, time::Duration};

use divan::{Bencher, black_box, counter::ItemsCount};
use waiting_room_core::{
    AdmissionRate, Claim, Epoch, EventQueue, MaxActiveSessions, Message, Mode, Place, Rules,
    Schedule, Secret, SessionId, Settings, TicketId, Timestamp,
};

fn main() {
    divan::main();
}

const TICKETS: [u64; 3] = [10_000, 100_000, 1_000_000];
const OPENS: Timestamp = Timestamp::from_seconds(1_795_250_000);
const TICK: Duration = Duration::from_secs(1);

fn ticket(number: u64) -> TicketId {
    // As unordered as the hashes that tickets are.
    let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    TicketId::from_bytes((u128::from(spread) << 64 | u128::from(number)).to_be_bytes())
}

/// The time at which the arrival with this number comes: one every 40 µs.
fn arrival(number: u64) -> Timestamp {
    OPENS + Duration::from_micros(40 * number)
}

fn rules() -> Rules {
    Rules {
        schedule: Schedule {
            opens_at: OPENS,
            on_sale_at: OPENS,
            closes_at: None,
        },
        session_length: Duration::from_secs(3_600),
        call_window: Duration::from_secs(600),
        calls_per_ticket: 2,
        tick: TICK,
        capacity: 10_000_000,
    }
}

fn settings(per_minute: u32) -> Settings {
    Settings {
        admission_rate_per_minute: AdmissionRate::new(per_minute).expect("a rate"),
        max_active_sessions: MaxActiveSessions::new(1_000_000).expect("sessions"),
        mode: Mode::Admit,
        message: Message::default(),
    }
}

/// A queue that nobody was called from yet, and the time then.
fn queue(tickets: u64) -> (EventQueue, Timestamp) {
    let (rules, settings) = (rules(), settings(1));
    let mut queue = EventQueue::new(Epoch::new(1), OPENS, OPENS, &rules, &settings);
    for number in 0..tickets {
        join(&mut queue, number);
    }
    (queue, arrival(tickets))
}

fn join(queue: &mut EventQueue, number: u64) {
    let now = arrival(number);
    let joined = queue.join(
        ticket(number),
        Place::default(),
        now,
        &rules(),
        &settings(1),
    );
    let _ = black_box(joined);
}

fn place(number: u64) -> Place {
    Place::of_arrival(arrival(number), Place::default())
}

/// A poll: how many people stand ahead.
#[divan::bench(args = TICKETS)]
fn place_to_rank(bencher: Bencher<'_, '_>, tickets: u64) {
    let (mut queue, now) = queue(tickets);
    let marks = queue.snapshot(now, &rules(), &settings(1)).marks;
    let mut number = 0;
    bencher.bench_local(|| {
        number = (number + 7_919) % tickets;
        marks.ahead(black_box(place(number)))
    });
}

/// What a poll asks the embedded store besides.
#[divan::bench(args = TICKETS)]
fn standing(bencher: Bencher<'_, '_>, tickets: u64) {
    let (queue, _) = queue(tickets);
    let rules = rules();
    let mut number = 0;
    bencher.bench_local(|| {
        number = (number + 7_919) % tickets;
        queue.standing(black_box(ticket(number)), &rules)
    });
}

/// The snapshot with its marks, made once a tick.
#[divan::bench(args = TICKETS)]
fn snapshot(bencher: Bencher<'_, '_>, tickets: u64) {
    let (mut queue, now) = queue(tickets);
    let (rules, settings) = (rules(), settings(1));
    bencher.bench_local(|| queue.snapshot(now, &rules, &settings));
}

/// A thousand arrivals behind those who wait.
#[divan::bench(args = TICKETS, sample_size = 1)]
fn join_1000(bencher: Bencher<'_, '_>, tickets: u64) {
    let (mut queue, _) = queue(tickets);
    let mut next = tickets;
    bencher.counter(ItemsCount::new(1_000_u32)).bench_local(|| {
        for number in next..next + 1_000 {
            join(&mut queue, number);
        }
        next += 1_000;
    });
}

/// The ticket of a secret, which a join makes first.
#[divan::bench]
fn ticket_of_secret(bencher: Bencher<'_, '_>) {
    let event = "aurora-live".parse().expect("an id");
    let secret: Secret = "0123456789abcdefghijkl".parse().expect("a secret");
    bencher.bench_local(|| TicketId::of(&event, black_box(&secret)));
}

/// A turn that calls about a thousand: each finds a rate for which a thousand more are to be called.
#[divan::bench(args = TICKETS, sample_count = 8, sample_size = 1)]
fn turn_of_1000(bencher: Bencher<'_, '_>, tickets: u64) {
    let (queue, now) = queue(tickets);
    let rules = rules();
    let queue = RefCell::new((queue, 0));
    bencher.bench_local(|| {
        let (queue, turns) = &mut *queue.borrow_mut();
        *turns += 1;
        queue.turn(now, &rules, &settings(7_000 * *turns)).called
    });
}

/// A turn that finds nothing to do.
#[divan::bench(args = TICKETS)]
fn turn_at_rest(bencher: Bencher<'_, '_>, tickets: u64) {
    let (mut queue, now) = queue(tickets);
    let (rules, settings) = (rules(), settings(600));
    queue.turn(now, &rules, &settings);
    bencher.bench_local(|| queue.turn(now, &rules, &settings));
}

/// A thousand called fans pass the door.
#[divan::bench(args = TICKETS, sample_count = 10, sample_size = 1)]
fn claim_1000(bencher: Bencher<'_, '_>, tickets: u64) {
    let (mut queue, now) = queue(tickets);
    let (rules, settings) = (rules(), settings(1_000_000));
    let mut next = 0;
    let mut now = now;
    queue.turn(now, &rules, &settings);
    bencher.counter(ItemsCount::new(1_000_u32)).bench_local(|| {
        // A thousand permits fall due in 60 ms.
        now = now + Duration::from_millis(61);
        for number in next..next + 1_000 {
            let session = SessionId::from_bytes(*ticket(number).as_bytes());
            let place = place(number);
            let claim = queue.claim(ticket(number), place, session, now, &rules, &settings);
            assert!(matches!(claim, Claim::Admitted { .. }), "{claim:?}");
        }
        next += 1_000;
    });
}
