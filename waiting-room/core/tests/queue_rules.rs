//! The rules of the queue, one by one, on a queue small enough to follow by hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use waiting_room_core::{
    AdmissionRate, Claim, Cohort, Epoch, EventQueue, Joined, MaxActiveSessions, Message, Mode,
    Place, QueueFull, RejoinRefused, Rules, Schedule, SessionId, Settings, Standing, TicketId,
    Timestamp, Turn,
};

const ON_SALE: Timestamp = Timestamp::from_seconds(1_795_250_000);
const CALL_WINDOW: u64 = 60;

/// One queue and its clock.
struct Room {
    queue: EventQueue,
    rules: Rules,
    settings: Settings,
    now: Timestamp,
}

fn ticket(n: u8) -> TicketId {
    TicketId::from_bytes([n; 16])
}

fn drawn(n: u64) -> Place {
    Place::new(n).unwrap()
}

impl Room {
    fn at_rate(per_minute: u32) -> Self {
        let rules = Rules {
            schedule: Schedule {
                opens_at: Timestamp::default(),
                on_sale_at: ON_SALE,
                closes_at: None,
            },
            session_length: Duration::from_secs(600),
            call_window: Duration::from_secs(CALL_WINDOW),
            calls_per_ticket: 2,
            tick: Duration::from_secs(1),
            capacity: 100,
        };
        let settings = Settings {
            admission_rate_per_minute: AdmissionRate::new(per_minute).unwrap(),
            max_active_sessions: MaxActiveSessions::new(100).unwrap(),
            mode: Mode::Admit,
            message: Message::default(),
        };
        Self {
            queue: EventQueue::new(Epoch::new(1), ON_SALE, ON_SALE, &rules, &settings),
            rules,
            settings,
            now: ON_SALE,
        }
    }

    /// A quiet shop's room, whose door has filled up its permits.
    fn quiet() -> Self {
        let mut room = Self::at_rate(600);
        room.pass(1);
        room
    }

    /// Seconds pass, with a turn at the end of each.
    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now = self.now + Duration::from_secs(1);
            self.turn();
        }
    }

    fn turn(&mut self) -> Turn {
        self.queue.turn(self.now, &self.rules, &self.settings)
    }

    fn try_join(&mut self, n: u8) -> Result<Joined, QueueFull> {
        let drawn = drawn(n.into());
        self.queue
            .join(ticket(n), drawn, self.now, &self.rules, &self.settings)
    }

    fn join(&mut self, n: u8) -> Joined {
        self.try_join(n).unwrap()
    }

    fn rejoin(&mut self, n: u8, place: Place) -> Result<Standing, RejoinRefused> {
        self.queue
            .rejoin(ticket(n), place, self.now, &self.rules, &self.settings)
    }

    /// `n` claims from `place`; each attempt brings a session id of its own.
    fn claim(&mut self, n: u8, place: Place) -> Claim {
        let attempt = self.queue.snapshot(self.now, &self.rules, &self.settings);
        let mut id = [n; 16];
        id[..8].copy_from_slice(&attempt.totals.claimed.to_be_bytes());
        self.queue.claim(
            ticket(n),
            place,
            SessionId::from_bytes(id),
            self.now,
            &self.rules,
            &self.settings,
        )
    }

    fn leave(&mut self, n: u8) -> bool {
        self.queue
            .leave(ticket(n), self.now, &self.rules, &self.settings)
    }

    fn standing(&self, n: u8) -> Option<Standing> {
        self.queue.standing(ticket(n), &self.rules)
    }

    fn is_called(&self, n: u8) -> bool {
        matches!(self.standing(n), Some(Standing::Called { .. }))
    }

    fn lose_store(&mut self, recovery: Duration) {
        self.queue = EventQueue::new(
            Epoch::new(2),
            self.now,
            self.now + recovery,
            &self.rules,
            &self.settings,
        );
    }
}

fn admitted(claim: Claim) -> SessionId {
    match claim {
        Claim::Admitted { session, .. } => session.id,
        other => panic!("{other:?}"),
    }
}

fn is_busy(claim: Claim) -> bool {
    matches!(claim, Claim::Busy { .. })
}

#[test]
fn when_nobody_waits_a_join_is_called_at_once() {
    let mut room = Room::quiet();
    let joined = room.join(1);
    assert!(matches!(joined.standing, Standing::Called { .. }));
    admitted(room.claim(1, joined.place));
}

#[test]
fn no_more_joins_are_called_at_once_than_the_door_lets_through() {
    let mut room = Room::quiet();
    let called = (0..100)
        .filter(|n| matches!(room.join(*n).standing, Standing::Called { .. }))
        .count();
    assert!((10..=20).contains(&called), "{called} for 10 permits");
}

#[test]
fn nobody_is_called_at_once_before_the_on_sale_or_behind_somebody_who_waits() {
    let mut room = Room::quiet();
    room.rules.schedule.on_sale_at = room.now + Duration::from_secs(10);
    for n in 1..=3 {
        let joined = room.join(n);
        assert_eq!(joined.place, drawn(n.into()));
        assert_eq!(joined.standing, Standing::Waiting);
    }
    room.now = room.now + Duration::from_secs(10);
    assert_eq!(room.join(4).standing, Standing::Waiting);
    room.turn();
    assert!((1..=4).all(|n| room.is_called(n)));
}

#[test]
fn joining_again_gives_the_same_place() {
    let mut room = Room::quiet();
    let first = room.join(1);
    room.pass(5);
    let again = room.join(1);
    assert!(first.new && !again.new);
    assert_eq!(first.place, again.place);
}

#[test]
fn claiming_again_gives_the_same_session_while_it_lives_and_none_afterwards() {
    let mut room = Room::quiet();
    let place = room.join(1).place;
    let session = admitted(room.claim(1, place));
    room.pass(1);
    assert_eq!(admitted(room.claim(1, place)), session);
    assert_eq!(room.rejoin(1, place), Ok(room.standing(1).unwrap()));
    assert!(room.queue.end_session(ticket(1), session));
    assert!(!room.queue.end_session(ticket(1), session));
    assert_eq!(room.claim(1, place), Claim::Ended);
    assert_eq!(room.rejoin(1, place), Err(RejoinRefused::Ended));
    assert_eq!(room.join(1).standing, Standing::Ended);
}

#[test]
fn a_session_that_is_over_frees_its_slot() {
    let mut room = Room::quiet();
    room.settings.max_active_sessions = MaxActiveSessions::new(1).unwrap();
    let places = [1, 2].map(|n| room.join(n).place);
    let session = admitted(room.claim(1, places[0]));
    room.pass(1);
    assert!(!matches!(room.claim(2, places[1]), Claim::Admitted { .. }));
    assert!(room.queue.end_session(ticket(1), session));
    room.pass(1);
    admitted(room.claim(2, places[1]));
    room.pass(600);
    assert_eq!(room.standing(2), Some(Standing::Ended));
    let third = room.join(3).place;
    room.pass(1);
    admitted(room.claim(3, third));
}

#[test]
fn a_missed_call_may_be_had_again_once_and_no_more() {
    let mut room = Room::quiet();
    let place = room.join(1).place;
    room.pass(CALL_WINDOW);
    let missed = Claim::Missed { may_rejoin: true };
    assert_eq!(room.claim(1, place), missed);
    assert_eq!(room.rejoin(1, place), Ok(Standing::Waiting));
    assert_eq!(room.join(1).place, place);
    room.pass(1);
    assert!(room.is_called(1));
    room.pass(CALL_WINDOW);
    let missed = Claim::Missed { may_rejoin: false };
    assert_eq!(room.claim(1, place), missed);
    assert_eq!(room.rejoin(1, place), Err(RejoinRefused::CalledTooOften));
}

#[test]
fn whoever_comes_back_after_a_missed_call_is_called_next() {
    let mut room = Room::at_rate(1);
    let place = room.join(1).place;
    room.pass(CALL_WINDOW + 1);
    for n in 2..50 {
        room.join(n);
    }
    room.pass(1);
    assert_eq!(room.rejoin(1, place), Ok(Standing::Waiting));
    let waiting = (2..50).find(|n| !room.is_called(*n)).unwrap();
    while !room.is_called(1) {
        room.pass(1);
        assert!(room.is_called(1) || !room.is_called(waiting), "overtaken");
    }
}

#[test]
fn a_pause_costs_nobody_the_call_window() {
    let mut room = Room::quiet();
    let place = room.join(1).place;
    room.pass(CALL_WINDOW - 10);
    room.settings.mode = Mode::Pause;
    room.pass(1_000);
    assert!(room.is_called(1));
    room.settings.mode = Mode::Admit;
    room.pass(9);
    admitted(room.claim(1, place));
}

#[test]
fn a_paused_door_lets_nobody_in_and_calls_nobody() {
    let mut room = Room::quiet();
    let place = room.join(1).place;
    room.settings.mode = Mode::Pause;
    assert!(is_busy(room.claim(1, place)));
    assert_eq!(room.join(2).standing, Standing::Waiting);
    room.pass(10);
    assert_eq!(room.standing(2), Some(Standing::Waiting));
}

#[test]
fn a_busy_door_costs_nobody_the_call_however_seldom_they_knock() {
    let mut room = Room::quiet();
    let places = [1, 2].map(|n| room.join(n).place);
    room.settings.max_active_sessions = MaxActiveSessions::new(1).unwrap();
    let session = admitted(room.claim(1, places[0]));
    for _ in 0..10 {
        assert!(is_busy(room.claim(2, places[1])));
        room.pass(CALL_WINDOW - 5);
    }
    room.queue.end_session(ticket(1), session);
    admitted(room.claim(2, places[1]));
}

#[test]
fn bypass_admits_whoever_comes() {
    let mut room = Room::at_rate(1);
    let waiting = [1, 2, 3].map(|n| room.join(n).place);
    room.settings.mode = Mode::Bypass;
    for (n, place) in (1..).zip(waiting) {
        admitted(room.claim(n, place));
    }
    let newcomer = room.join(9);
    admitted(room.claim(9, newcomer.place));
    room.settings.mode = Mode::Admit;
    assert_eq!(room.turn().called, 0);
}

#[test]
fn a_closed_event_admits_nobody_and_keeps_who_is_inside() {
    let mut room = Room::quiet();
    let places = [1, 2].map(|n| room.join(n).place);
    let session = admitted(room.claim(1, places[0]));
    room.settings.mode = Mode::Closed;
    room.pass(1);
    assert_eq!(admitted(room.claim(1, places[0])), session);
    assert_eq!(room.claim(2, places[1]), Claim::Closed);
    assert_eq!(room.claim(3, drawn(7)), Claim::Closed);
}

#[test]
fn a_full_queue_takes_no_newcomer_and_keeps_its_tickets() {
    let mut room = Room::quiet();
    room.rules.capacity = 2;
    let places = [1, 2].map(|n| room.join(n).place);
    assert_eq!(room.try_join(3), Err(QueueFull));
    assert_eq!([1, 2].map(|n| room.join(n).place), places);
}

#[test]
fn who_left_or_had_the_session_makes_room_in_a_full_queue() {
    let mut room = Room::quiet();
    room.rules.capacity = 2;
    for n in 0..20 {
        let place = room.join(n).place;
        room.pass(1);
        if n % 2 == 0 {
            assert!(room.leave(n));
        } else {
            admitted(room.claim(n, place));
            assert!(room.leave(n));
        }
    }
    let places = [21, 22].map(|n| room.join(n).place);
    assert_eq!(room.try_join(23), Err(QueueFull));
    assert_eq!([21, 22].map(|n| room.join(n).place), places);
}

#[test]
fn newcomers_after_a_store_loss_crowd_nobody_out_and_stand_behind() {
    let mut room = Room::quiet();
    room.rules.capacity = 3;
    let places = [1, 2, 3].map(|n| room.join(n).place);
    room.now = Timestamp::from_micros(places[0].number());
    room.lose_store(Duration::from_secs(5));
    assert_eq!(room.rejoin(1, places[0]), Ok(Standing::Waiting));
    let newcomers = [4, 5].map(|n| room.join(n).place);
    assert_eq!(room.rejoin(2, places[1]), Ok(Standing::Waiting));
    assert_eq!(room.claim(3, places[2]), Claim::NotCalled);
    assert_eq!([1, 2, 3].map(|n| room.join(n).place), places);
    assert!(newcomers.iter().all(|place| *place > places[0]));
}

#[test]
fn nobody_is_called_or_admitted_while_the_order_re_forms() {
    let mut room = Room::quiet();
    let place = room.join(1).place;
    room.lose_store(Duration::from_secs(15));
    assert_eq!(room.claim(1, place), Claim::NotCalled);
    room.pass(14);
    assert_eq!(room.standing(1), Some(Standing::Waiting));
    room.pass(1);
    admitted(room.claim(1, place));
}

#[test]
fn whoever_leaves_gives_the_place_and_the_slot_up_for_good() {
    let mut room = Room::quiet();
    room.settings.max_active_sessions = MaxActiveSessions::new(1).unwrap();
    let places = [1, 2].map(|n| room.join(n).place);
    admitted(room.claim(1, places[0]));
    assert!(room.leave(1) && room.leave(1));
    assert_eq!(room.claim(1, places[0]), Claim::Left);
    assert_eq!(room.rejoin(1, places[0]), Err(RejoinRefused::Left));
    room.pass(1);
    admitted(room.claim(2, places[1]));
    assert!(!room.leave(3), "never joined");
}

#[test]
fn a_busy_door_tells_when_a_lone_fan_has_a_permit() {
    let mut room = Room::at_rate(60);
    let place = room.join(1).place;
    assert_eq!(place.cohort(), Cohort::Arrival);
    room.turn();
    room.now = room.now + Duration::from_millis(700);
    let Claim::Busy { retry_after } = room.claim(1, place) else {
        panic!("a new bucket is empty");
    };
    assert_eq!(retry_after, Duration::from_millis(300));
    room.now = room.now + retry_after;
    admitted(room.claim(1, place));
}
