use super::*;
use crate::{
    AdmissionRate, Mark, Marks, MaxActiveSessions, Message, Mode, Place, Timestamp, Totals,
};

/// A queue whose door lets ten a second through: what the controller sees of it, once a second.
struct Queue {
    meter: PaceMeter,
    epoch: u64,
    second: u64,
    waiting: u64,
    show_share: f64,
    rate: u32,
    max_sessions: u32,
    totals: Totals,
    pace: Option<Pace>,
}

/// What happens in a second.
#[derive(Clone, Copy, Default)]
struct Second {
    called: u64,
    claimed: u64,
    missed: u64,
    rejoined: u64,
    left: u64,
    ended: u64,
}

impl Queue {
    fn of(waiting: u64) -> Self {
        Self {
            meter: PaceMeter::default(),
            epoch: 1,
            second: 0,
            waiting,
            show_share: 1.0,
            rate: 600,
            max_sessions: 1_000_000,
            totals: Totals::default(),
            pace: None,
        }
    }

    /// The controller's next tick, after a `second` in `phase`.
    fn tick(&mut self, phase: Phase, second: Second) {
        self.second += 1;
        self.waiting = self.waiting + second.rejoined - second.called - second.left;
        self.totals.called += second.called;
        self.totals.claimed += second.claimed;
        self.totals.missed += second.missed;
        self.totals.rejoined += second.rejoined;
        self.totals.left += second.left;
        self.totals.sessions_ended += second.ended;
        let last = Mark {
            place: Place::new(1).unwrap(),
            rank: 0,
        };
        let snapshot = Snapshot {
            epoch: Epoch::new(self.epoch),
            at: Timestamp::from_seconds(self.second),
            recovering: false,
            frontier: None,
            marks: Marks::new(vec![last], self.waiting),
            called: 0,
            at_door: 0,
            sessions: 0,
            show_share: self.show_share,
            totals: self.totals,
        };
        let settings = Settings {
            admission_rate_per_minute: AdmissionRate::new(self.rate).unwrap(),
            max_active_sessions: MaxActiveSessions::new(self.max_sessions).unwrap(),
            mode: Mode::Admit,
            message: Message::default(),
        };
        self.pace = self.meter.observe(&snapshot, phase, &settings);
    }

    /// As many seconds, each like `second`.
    fn run(&mut self, seconds: u64, second: Second) -> &mut Self {
        for _ in 0..seconds {
            self.tick(Phase::Admitting, second);
        }
        self
    }

    fn per_minute(&self) -> f64 {
        self.pace.unwrap().per_minute
    }

    fn last_eta(&self) -> EtaRange {
        self.pace.unwrap().eta(self.waiting)
    }
}

const TEN_COME: Second = Second {
    called: 10,
    claimed: 10,
    ..NOTHING
};

const NOTHING: Second = Second {
    called: 0,
    claimed: 0,
    missed: 0,
    rejoined: 0,
    left: 0,
    ended: 0,
};

#[track_caller]
fn assert_near(value: f64, expected: f64, within: f64) {
    let off = (value - expected).abs();
    assert!(
        off <= expected * within,
        "{value} instead of about {expected}"
    );
}

#[test]
fn before_anything_was_seen_nothing_is_told() {
    let mut queue = Queue::of(6_000);
    queue.run(10, TEN_COME);
    assert_eq!(queue.pace, None);
    queue.run(2, TEN_COME);
    assert!(queue.pace.is_some());
    queue.tick(Phase::Paused, NOTHING);
    assert_eq!(queue.pace, None);
    queue.run(1, TEN_COME);
    assert!(queue.pace.is_some(), "what was learned is not forgotten");
}

#[test]
fn the_show_up_curve_tells_first_and_what_is_counted_later() {
    let mut queue = Queue::of(60_000);
    queue.show_share = 0.5;
    let second = Second {
        called: 16,
        ..TEN_COME
    };
    queue.run(20, second);
    assert_near(queue.per_minute(), 1_200.0, 0.05);
    queue.run(600, second);
    assert_near(queue.per_minute(), 960.0, 0.06);
}

#[test]
fn a_door_that_lets_fewer_through_than_the_rate_makes_the_queue_slower() {
    let mut queue = Queue::of(60_000);
    let half = Second {
        called: 5,
        claimed: 5,
        ..NOTHING
    };
    queue.run(150, half);
    assert_near(queue.per_minute(), 300.0, 0.02);
}

#[test]
fn a_changed_rate_changes_the_pace_at_once() {
    let mut queue = Queue::of(60_000);
    queue.run(120, TEN_COME);
    let before = queue.per_minute();
    queue.rate = 300;
    queue.run(1, TEN_COME);
    assert_near(queue.per_minute(), before / 2.0, 1e-3);
}

#[test]
fn the_rate_means_nothing_while_checkout_is_full() {
    let mut queue = Queue::of(60_000);
    queue.max_sessions = 400;
    queue.run(40, TEN_COME);
    let one_by_one = Second {
        called: 4,
        claimed: 4,
        ended: 4,
        ..NOTHING
    };
    queue.run(120, one_by_one);
    assert_near(queue.per_minute(), 240.0, 0.03);
    queue.rate = 1_200;
    queue.run(1, one_by_one);
    assert_near(queue.per_minute(), 240.0, 0.03);
}

#[test]
fn a_dry_queue_is_not_the_pace() {
    let mut queue = Queue::of(1_200);
    queue.run(120, TEN_COME);
    let before = queue.per_minute();
    queue.run(60, NOTHING);
    assert_near(queue.per_minute(), before, 1e-6);
}

#[test]
fn a_new_epoch_is_learned_anew() {
    let mut queue = Queue::of(60_000);
    queue.run(60, TEN_COME);
    (queue.epoch, queue.totals) = (2, Totals::default());
    queue.run(5, TEN_COME);
    assert_eq!(queue.pace, None);
    queue.run(55, TEN_COME);
    assert_near(queue.per_minute(), 600.0, 0.02);
}

#[test]
fn who_leaves_shortens_the_queue() {
    let leaving = Second {
        left: 4,
        ..TEN_COME
    };
    let mut queue = Queue::of(60_000);
    queue.run(200, leaving);
    // A quarter of them: those ahead of the middle who leave before they are called.
    assert_near(queue.per_minute(), 660.0, 0.03);
}

#[test]
fn who_comes_back_takes_a_permit_from_those_who_wait() {
    let mut queue = Queue::of(60_000);
    queue.show_share = 0.625;
    let nobody_yet = Second {
        called: 16,
        ..TEN_COME
    };
    queue.run(100, nobody_yet);
    let alone = queue.per_minute();
    assert_near(alone, 960.0, 0.06);
    let windows_pass = Second {
        missed: 6,
        ..nobody_yet
    };
    queue.run(12, windows_pass);
    // Of eight who come each second three had missed a call, and half of those who miss one come back.
    let they_come_back = Second {
        called: 8 + 3,
        claimed: 5 + 3,
        missed: 6,
        rejoined: 3,
        ..NOTHING
    };
    queue.run(120, they_come_back);
    let comes = 5.0 / 8.0 + 3.0 / 8.0 * 0.5;
    assert_near(queue.per_minute(), 8.0 * 60.0 / comes, 0.1);
}

#[test]
fn who_comes_back_to_a_store_that_forgot_the_fan_had_no_call() {
    let mut queue = Queue::of(60_000);
    queue.show_share = 0.625;
    let forgotten = Second {
        called: 16,
        rejoined: 3,
        ..TEN_COME
    };
    queue.run(100, forgotten);
    assert_near(queue.per_minute(), 960.0, 0.06);
}

#[test]
fn a_crowd_whose_patience_wears_off_is_followed() {
    let mut queue = Queue::of(60_000);
    let mut calls = |seconds: u64, share: &dyn Fn(f64) -> f64| {
        for second in 0..seconds {
            let share = share(second as f64 / 60.0);
            queue.show_share = share;
            let called = (10.0 / share).round() as u64;
            queue.run(1, Second { called, ..TEN_COME });
        }
        queue.per_minute()
    };
    let pace = calls(240, &|minute| 0.8 - 0.04 * minute);
    // It is 0.64 by now; a mean of the last two minutes would be 0.68.
    assert!(pace > 600.0 / 0.68 * 1.03, "{pace}");
}

#[test]
fn bounds_hold_the_estimate_and_come_nearer() {
    let mut queue = Queue::of(60_000);
    let mut widths = Vec::new();
    for _ in 0..20 {
        queue.run(15, TEN_COME);
        let Some(pace) = queue.pace else { continue };
        assert!(pace.low_per_minute <= pace.per_minute, "{pace:?}");
        assert!(pace.per_minute <= pace.high_per_minute, "{pace:?}");
        widths.push(pace.high_per_minute - pace.low_per_minute);
    }
    assert!(widths.last() < widths.first(), "{widths:?}");
}

#[test]
fn the_estimate_does_not_climb_for_a_change_that_is_within_the_bounds() {
    let mut queue = Queue::of(12_000);
    queue.show_share = 0.625;
    queue.run(
        100,
        Second {
            called: 16,
            ..TEN_COME
        },
    );
    let mut before = queue.last_eta().expected;
    for second in 0..300 {
        let called = 15 + second % 2;
        queue.run(1, Second { called, ..TEN_COME });
        let now = queue.last_eta().expected;
        assert!(now <= before, "{second}: {now:?} after {before:?}");
        before = now;
    }
    queue.run(
        120,
        Second {
            called: 10,
            ..TEN_COME
        },
    );
    assert_near(queue.per_minute(), 600.0, 0.15);
}
