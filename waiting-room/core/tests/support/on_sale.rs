use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
    time::Duration,
};

use waiting_room_core::{
    Claim, Epoch, EtaRange, EventQueue, Mode, Pace, PaceMeter, Place, Rules, SessionId, Settings,
    Snapshot, TicketId, Timestamp,
};

mod fans;
mod grants;
mod regime;
mod turns;

use self::grants::Grants;
pub(crate) use self::regime::START;
use self::regime::{PREQUEUE, max_sessions, rate, rules, settings};
use super::{
    crowd::{Crowd, Manner, network_delay},
    dice::Dice,
    door_book::DoorBook,
};

/// One on-sale: fans and instances do their steps one after another against one queue, while the
/// order is followed in a plain set and every answer is held against it.
pub(crate) struct OnSale {
    rules: Rules,
    queue: EventQueue,
    pub(crate) book: DoorBook,
    fans: Vec<Fan>,
    pub(crate) calls: Vec<(Timestamp, Place)>,
    knocks: usize,
    busy: usize,
    claim_commands: usize,
    meter: PaceMeter,
    pace: Option<Pace>,
    grants: Grants,
    crowd: Crowd,
    instances: Vec<Instance>,
    waiting: BTreeSet<(Place, TicketId)>,
    dice: Dice,
    now: Timestamp,
    steps: BinaryHeap<Reverse<(Timestamp, u64, Step)>>,
    steps_planned: u64,
}

/// One process of the waiting room: its clock is a little ahead of the others', and a changed
/// setting reaches it when it does.
struct Instance {
    ahead: Duration,
    settings: Settings,
}

struct Fan {
    ticket: TicketId,
    place: Option<Place>,
    at_door_since: Option<Timestamp>,
    time_at_door: Option<Duration>,
    end: Option<End>,
    manner: Manner,
    drawn: Place,
    session: Option<(Epoch, SessionId)>,
    knows_of_call: bool,
    waits_since: Timestamp,
    errand: u64,
}

/// How it ended for a fan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Admitted,
    MissedForGood,
    Left,
}

/// What an operator, or fate, does.
#[derive(Clone, Debug)]
pub(crate) enum Operator {
    Rate(u32),
    /// The rate reaches one instance before the others.
    RateAt(usize, u32),
    MaxSessions(u32),
    Mode(Mode),
    /// The store is lost and comes back empty; nobody is called for so long.
    LoseStore(Duration),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Turn(usize),
    Join(usize),
    Knock(usize, u64),
    Held(usize, u64, Duration),
    Return(usize, u64),
    Leave(usize),
    Order(usize),
    ClaimAgain(usize),
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

impl OnSale {
    /// An on-sale at `per_minute` with `instances`, whose pre-queue opens now. Each instance ticks
    /// once a second, at a random phase.
    pub(crate) fn new(seed: u64, crowd: Crowd, per_minute: u32, instances: usize) -> Self {
        let (rules, settings) = (rules(), settings(per_minute));
        let now = rules.schedule.opens_at;
        let mut dice = Dice::new(seed);
        let instances: Vec<Instance> = (0..instances)
            .map(|_| Instance {
                ahead: seconds(dice.between(0.0, 0.05)),
                settings: settings.clone(),
            })
            .collect();
        let mut sale = Self {
            queue: EventQueue::new(Epoch::new(1), now, now, &rules, &settings),
            book: DoorBook::new(now, rules.tick, vec![per_minute; instances.len()]),
            fans: Vec::new(),
            calls: Vec::new(),
            knocks: 0,
            busy: 0,
            claim_commands: 0,
            meter: PaceMeter::default(),
            pace: None,
            grants: Grants::at(START, per_minute),
            crowd,
            waiting: BTreeSet::new(),
            dice,
            now,
            steps: BinaryHeap::new(),
            steps_planned: 0,
            rules,
            instances,
        };
        for instance in 0..sale.instances.len() {
            let phase = sale.dice.between(0.0, 1.0);
            sale.plan(seconds(phase), Step::Turn(instance));
        }
        sale
    }

    /// `count` fans join the pre-queue during its minute.
    pub(crate) fn prequeue(&mut self, count: usize) {
        for _ in 0..count {
            let at = self.dice.between(0.0, 55.0);
            let fan = self.add_fan();
            self.plan(seconds(at), Step::Join(fan));
        }
    }

    /// `count` fans arrive from `from` to `to` seconds after the on-sale began.
    pub(crate) fn arrivals(&mut self, count: usize, from: f64, to: f64) {
        let lead = START.since(self.now).as_secs_f64();
        for _ in 0..count {
            let at = lead + self.dice.between(from, to);
            let fan = self.add_fan();
            self.plan(seconds(at), Step::Join(fan));
        }
    }

    /// All steps up to `until` seconds after the on-sale began; before it, when that is negative.
    pub(crate) fn run_until(&mut self, until: f64) {
        let until = self.rules.schedule.opens_at + seconds(PREQUEUE.as_secs_f64() + until);
        while let Some(&Reverse((at, _, step))) = self.steps.peek()
            && at <= until
        {
            self.steps.pop();
            self.now = at;
            self.step(step);
        }
        self.now = self.now.max(until);
    }

    /// What an operator does, or fate.
    pub(crate) fn operate(&mut self, change: &Operator) {
        let all = self
            .instances
            .iter_mut()
            .map(|instance| &mut instance.settings);
        match *change {
            Operator::Rate(per_minute) => {
                all.for_each(|it| it.admission_rate_per_minute = rate(per_minute));
            }
            Operator::RateAt(instance, per_minute) => {
                let count = all.len();
                all.skip(instance % count)
                    .take(1)
                    .for_each(|it| it.admission_rate_per_minute = rate(per_minute));
            }
            Operator::MaxSessions(count) => {
                all.for_each(|it| it.max_active_sessions = max_sessions(count));
            }
            Operator::Mode(mode) => all.for_each(|it| it.mode = mode),
            Operator::LoseStore(recovery) => {
                self.grants.lose_store(self.now, recovery);
                self.lose_store(recovery);
            }
        }
        self.grants.set(self.now, &self.instances[0].settings);
    }

    /// The store comes back empty, under the next epoch. Fans notice at their next poll.
    fn lose_store(&mut self, recovery: Duration) {
        let instance = self.dice.one_of(self.instances.len());
        let (mut now, settings) = self.acting(instance);
        if recovery <= self.rules.tick {
            // A clock behind the lost store's would grant its last moments twice: only a recovery
            // window longer than a tick makes up for that.
            now = now.max(self.book.at());
        }
        self.queue = EventQueue::new(
            Epoch::new(self.queue.epoch().number() + 1),
            now,
            now + recovery,
            &self.rules,
            &settings,
        );
        self.waiting.clear();
        for fan in 0..self.fans.len() {
            let one = &mut self.fans[fan];
            if one.place.is_none() || one.end.is_some() || !one.manner.comes {
                continue;
            }
            let interval = one.manner.poll_interval(&mut self.dice);
            let after = self.dice.between(0.0, interval);
            self.plan_errand(fan, after, Step::Return);
        }
    }

    /// How many wait, by the plain set.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How many of the fans ended so.
    pub(crate) fn ended(&self, end: End) -> usize {
        self.fans.iter().filter(|fan| fan.end == Some(end)).count()
    }

    /// Fans who still want to come and hold a place.
    pub(crate) fn still_hoping(&self) -> usize {
        let hopes = |fan: &&Fan| fan.manner.comes && fan.place.is_some() && fan.end.is_none();
        self.fans.iter().filter(hopes).count()
    }

    /// Live sessions, as an instance sees them.
    pub(crate) fn sessions(&mut self) -> u64 {
        self.snapshot().sessions
    }

    /// The ETA of each `step`-th fan who waits, as instance 0 publishes it; nothing while nobody is called.
    pub(crate) fn etas(&mut self, step: usize) -> Vec<(Place, EtaRange)> {
        let Some(pace) = self.pace else {
            return Vec::new();
        };
        let snapshot = self.snapshot();
        let followed = |(_, ticket): &&(Place, TicketId)| Self::fan_of(*ticket) % step == 0;
        let waiting = self.waiting.iter().filter(followed);
        waiting
            .map(|(place, _)| (*place, pace.eta(snapshot.marks.ahead(*place))))
            .collect()
    }

    /// What the operator, and fate, granted when.
    pub(crate) fn grants(&self) -> &Grants {
        &self.grants
    }

    /// Fans who join from now on are such people.
    pub(crate) fn crowd(&mut self, crowd: Crowd) {
        self.crowd = crowd;
    }

    /// How the door did, for whoever runs the tests with `--nocapture`.
    pub(crate) fn door(&self) -> String {
        let times: Vec<f64> = self
            .fans
            .iter()
            .filter_map(|fan| fan.time_at_door)
            .map(|time| time.as_secs_f64())
            .collect();
        format!(
            "{:.1} s at the door, {:.0} % of knocks busy, {:.1} store commands a claim",
            times.iter().sum::<f64>() / times.len() as f64,
            self.busy as f64 / self.knocks as f64 * 100.0,
            self.claim_commands as f64 / times.len() as f64,
        )
    }

    fn snapshot(&mut self) -> Snapshot {
        let (at, settings) = self.acting(0);
        self.queue.snapshot(at, &self.rules, &settings)
    }

    fn add_fan(&mut self) -> usize {
        let drawn = Place::new(self.dice.bits() >> (64 - Place::DRAW_BITS)).unwrap();
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.dice.bits().to_be_bytes());
        bytes[8..].copy_from_slice(&(self.fans.len() as u64).to_be_bytes());
        let manner = Manner::draw(&self.crowd, &mut self.dice);
        self.fans.push(Fan {
            ticket: TicketId::from_bytes(bytes),
            place: None,
            at_door_since: None,
            time_at_door: None,
            end: None,
            manner,
            drawn,
            session: None,
            knows_of_call: false,
            waits_since: START,
            errand: 0,
        });
        self.fans.len() - 1
    }

    fn fan_of(ticket: TicketId) -> usize {
        let mut index = [0; 8];
        index.copy_from_slice(&ticket.as_bytes()[8..]);
        u64::from_be_bytes(index) as usize
    }

    fn plan(&mut self, after: Duration, step: Step) {
        self.steps_planned += 1;
        let planned = (self.now + after, self.steps_planned, step);
        self.steps.push(Reverse(planned));
    }

    /// A fan is on one errand at a time: a new one replaces the one before.
    fn plan_errand(&mut self, fan: usize, after: f64, step: fn(usize, u64) -> Step) {
        self.fans[fan].errand += 1;
        let errand = self.fans[fan].errand;
        self.plan(seconds(after), step(fan, errand));
    }

    fn instance(&self, index: usize) -> (Timestamp, Settings) {
        let instance = &self.instances[index];
        (self.now + instance.ahead, instance.settings.clone())
    }

    /// The instance that a request happens to reach; it acts now.
    fn any_instance(&mut self) -> (Timestamp, Settings) {
        let index = self.dice.one_of(self.instances.len());
        self.acting(index)
    }

    fn acting(&mut self, index: usize) -> (Timestamp, Settings) {
        let (at, settings) = self.instance(index);
        let rate = settings.admission_rate_per_minute.per_minute();
        self.book.acts(index, at, rate);
        (at, settings)
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Turn(instance) => self.turn(instance),
            Step::Join(fan) => self.join(fan),
            Step::Knock(fan, errand) if self.fans[fan].errand == errand => {
                self.knocks += 1;
                self.knock(fan, Claim::HOLD);
            }
            Step::Held(fan, errand, hold) if self.fans[fan].errand == errand => {
                self.knock(fan, hold);
            }
            Step::Return(fan, errand) if self.fans[fan].errand == errand => self.come_back(fan),
            Step::Knock(..) | Step::Held(..) | Step::Return(..) => {}
            Step::Leave(fan) => self.leave(fan),
            Step::Order(fan) => self.order(fan),
            Step::ClaimAgain(fan) => self.claim_again(fan),
        }
    }
}
