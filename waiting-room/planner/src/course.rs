use serde::Serialize;

use crate::{
    Load, Point, Scenario, Timeline, Waits,
    arrivals::Arrivals,
    checkout::Checkout,
    door::Controller,
    line::{Line, Slice},
    traffic::{Moment, Traffic},
};

/// One step, the controller's tick, in seconds.
pub(crate) const TICK: f64 = 1.0;

/// Fewer fans than this are nobody.
const NOBODY: f64 = 1e-6;

/// How an on-sale goes. Times are in seconds after it begins.
#[derive(Clone, Debug, Serialize)]
pub struct Course {
    /// What became of the fans.
    pub totals: Totals,
    /// When the last fan was admitted whom the queue had; 0 when nobody was.
    pub last_admission_at: f64,
    /// When the last unit was sold.
    pub sold_out_at: Option<f64>,
    /// When the last session was over.
    pub over_at: f64,
    /// Whether the event closed while fans waited.
    pub closed_on_fans: bool,
    /// The most that waited at once.
    pub longest_queue: f64,
    /// The most that were in checkout at once.
    pub most_sessions: f64,
    /// How long those admitted waited, from joining, or from the on-sale's beginning where that was
    /// later, to the door.
    #[serde(skip)]
    pub waits: Waits,
    /// The requests, and what they add up to.
    pub load: Load,
    /// How it went, moment by moment.
    pub timeline: Timeline,
}

/// What became of the fans. Fractions, because the crowd is a fluid.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Totals {
    /// Came while the event was open, and took a place.
    pub joined: f64,
    /// Came when it was sold out or closed.
    pub came_too_late: f64,
    /// Gave their place up.
    pub left: f64,
    /// Were called and never came.
    pub never_came: f64,
    /// Passed the door.
    pub admitted: f64,
    /// Waited until it was sold out or closed.
    pub turned_away: f64,
    /// Of those admitted: ordered.
    pub orders: f64,
    /// Of those admitted: let the session expire.
    pub expired: f64,
    /// Of those admitted: were in checkout when the last unit was sold.
    pub admitted_in_vain: f64,
    /// Calls, second ones included.
    pub calls: f64,
    /// Second calls.
    pub second_calls: f64,
}

impl Course {
    /// Lets `scenario` happen.
    pub fn of(scenario: &Scenario) -> Self {
        Run::new(scenario).run()
    }
}

struct Run {
    arrivals: Arrivals,
    closes_at: f64,
    leave_share: f64,
    max_sessions: f64,
    line: Line,
    door: Controller,
    checkout: Checkout,
    traffic: Traffic,
    course: Course,
}

impl Run {
    fn new(scenario: &Scenario) -> Self {
        Self {
            arrivals: Arrivals::of(&scenario.crowd),
            closes_at: scenario.closes_after.as_secs_f64(),
            leave_share: 1.0 - (1.0 - scenario.crowd.leave_per_hour).powf(TICK / 3_600.0),
            max_sessions: f64::from(scenario.door.max_sessions.sessions()),
            line: Line::default(),
            door: Controller::of(scenario),
            checkout: Checkout::of(scenario),
            traffic: Traffic::of(scenario),
            course: Course {
                totals: Totals::default(),
                last_admission_at: 0.0,
                sold_out_at: None,
                over_at: 0.0,
                closed_on_fans: false,
                longest_queue: 0.0,
                most_sessions: 0.0,
                waits: Waits::default(),
                load: Load::default(),
                timeline: Timeline::default(),
            },
        }
    }

    fn run(mut self) -> Course {
        let mut now = self.arrivals.begin();
        loop {
            let to = now + TICK;
            self.step(now, to);
            now = to;
            if self.course.sold_out_at.is_some() || self.is_over(now) {
                break;
            }
        }
        self.turn_away_the_rest(now);
        self.course.over_at = now;
        self.course.load = self.traffic.load(self.course.last_admission_at);
        self.course
    }

    fn is_over(&self, now: f64) -> bool {
        let nobody_waits = self.line.fans() + self.door.expected() < NOBODY;
        let nobody_comes = now >= self.arrivals.end() || now >= self.closes_at;
        let shut = now >= self.closes_at || nobody_waits;
        nobody_comes && shut && self.checkout.active() < NOBODY
    }

    fn step(&mut self, from: f64, to: f64) {
        let open = from < self.closes_at;
        let joins = self.join(from, to, open);
        let mut moment = Moment {
            at: from,
            joins,
            ..Moment::default()
        };
        if to > 0.0 {
            self.admit(to, open, &mut moment);
        }
        moment.waiting = if open { self.line.fans() } else { 0.0 };
        moment.sessions = self.checkout.active();
        let rates = self.traffic.observe(&moment);
        let course = &mut self.course;
        course.longest_queue = course.longest_queue.max(moment.waiting);
        course.most_sessions = course.most_sessions.max(moment.sessions);
        course.timeline.push(Point {
            at: from,
            waiting: moment.waiting,
            sessions: moment.sessions,
            joins_per_second: moment.joins / TICK,
            admissions_per_second: moment.admitted / TICK,
            orders_per_second: moment.orders / TICK,
            board_per_second: rates.board,
        });
    }

    fn join(&mut self, from: f64, to: f64, open: bool) -> f64 {
        let came = self.arrivals.between(from, to);
        if !open {
            self.course.totals.came_too_late += came;
            return 0.0;
        }
        self.course.totals.joined += came;
        // The draw puts those of the pre-queue in order: as one slice they share whatever comes first.
        self.line.push_back(Slice {
            since: (from + TICK / 2.0).max(0.0),
            fans: came,
            missed_one: false,
        });
        came
    }

    /// What the door, the controller and checkout do in the second that ends at `to`.
    fn admit(&mut self, to: f64, open: bool, moment: &mut Moment) {
        let ended = self.checkout.pass_time();
        let totals = &mut self.course.totals;
        totals.orders += ended.orders;
        totals.expired += ended.expired;
        moment.orders = ended.orders;
        if ended.sold_out {
            self.course.sold_out_at = Some(to);
            return;
        }
        if !open {
            return;
        }
        moment.left = self.line.leave(self.leave_share);
        totals.left += moment.left;
        moment.came = self
            .door
            .pass_time(&mut self.line, ended.orders + ended.expired);
        let free = self.max_sessions - self.checkout.active();
        for slice in self.door.claims(free) {
            let middle = to - TICK / 2.0;
            self.course.waits.record(middle - slice.since, slice.fans);
            moment.admitted += slice.fans;
        }
        self.checkout.admit(moment.admitted);
        totals.admitted += moment.admitted;
        if moment.admitted > NOBODY {
            self.course.last_admission_at = to;
        }
        let free = self.max_sessions - self.checkout.active();
        moment.knocks = moment.admitted + self.door.knocks_per_second(free) * TICK;
        let called = self.door.turn(&mut self.line, free);
        totals.never_came += called.never_come;
        totals.calls += called.first + called.second;
        totals.second_calls += called.second;
    }

    fn turn_away_the_rest(&mut self, now: f64) {
        let rest = self.line.fans() + self.door.expected();
        let totals = &mut self.course.totals;
        totals.turned_away = rest;
        self.course.closed_on_fans = self.course.sold_out_at.is_none() && rest >= 0.5;
        totals.came_too_late += self.arrivals.between(now, self.arrivals.end().max(now));
        if self.course.sold_out_at.is_some() {
            totals.admitted_in_vain = self.checkout.active();
        }
    }
}
