use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
    time::Duration,
};

use waiting_room_core::{
    AdmissionRate, Claim, Epoch, EtaRange, EventQueue, MaxActiveSessions, Message, Mode, PaceMeter,
    Phase, Place, RejoinRefused, Rules, Schedule, SessionId, Settings, Snapshot, Standing,
    TicketId, Timestamp,
};

use super::{
    crowd::{Crowd, Manner, network_delay},
    dice::Dice,
    door_book::DoorBook,
};

/// When the on-sale begins.
pub(crate) const START: Timestamp = Timestamp::from_seconds(1_795_250_000);

/// How long before the on-sale the pre-queue opens.
const PREQUEUE: Duration = Duration::from_secs(60);

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

fn rate(per_minute: u32) -> AdmissionRate {
    AdmissionRate::new(per_minute).unwrap()
}

fn max_sessions(count: u32) -> MaxActiveSessions {
    MaxActiveSessions::new(count).unwrap()
}

fn settings(per_minute: u32) -> Settings {
    Settings {
        admission_rate_per_minute: rate(per_minute),
        max_active_sessions: max_sessions(1_000_000),
        mode: Mode::Admit,
        message: Message::default(),
    }
}

fn rules() -> Rules {
    Rules {
        schedule: Schedule {
            opens_at: Timestamp::from_micros(START.as_micros() - PREQUEUE.as_micros() as u64),
            on_sale_at: START,
            closes_at: None,
        },
        session_length: Duration::from_secs(600),
        call_window: Duration::from_secs(120),
        calls_per_ticket: 2,
        tick: Duration::from_secs(1),
        capacity: 1_000_000,
    }
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
            Operator::LoseStore(recovery) => self.lose_store(recovery),
        }
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

    /// The ETA of each `step`-th waiting fan, as instance 0 publishes it.
    pub(crate) fn etas(&mut self, step: usize) -> Vec<(Place, EtaRange)> {
        let snapshot = self.snapshot();
        let rate = self.instances[0].settings.admission_rate_per_minute;
        let pace = self.meter.pace(rate, snapshot.show_share);
        let waiting = self.waiting.iter().step_by(step);
        waiting
            .map(|(place, _)| (*place, pace.eta(snapshot.marks.ahead(*place))))
            .collect()
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

    fn turn(&mut self, instance: usize) {
        let (at, settings) = self.acting(instance);
        let turn = self.queue.turn(at, &self.rules, &settings);
        for _ in 0..turn.called {
            let (place, ticket) = self.waiting.pop_first().expect("called more than wait");
            self.called(ticket, place);
        }
        let snapshot = self.queue.snapshot(at, &self.rules, &settings);
        assert_eq!(snapshot.marks.waiting(), self.waiting.len() as u64);
        if let Some((place, ticket)) = self.waiting.first() {
            let standing = self.queue.standing(*ticket, &self.rules);
            assert_eq!(standing, Some(Standing::Waiting), "{place} was passed over");
        }
        if instance == 0 {
            let phase = Phase::at(at, &self.rules.schedule, settings.mode, snapshot.recovering);
            self.meter.observe(
                at,
                phase,
                snapshot.marks.waiting(),
                snapshot.totals.claimed,
                settings.admission_rate_per_minute,
            );
        }
        let drift = self.dice.between(0.99, 1.01);
        self.plan(seconds(drift), Step::Turn(instance));
    }

    /// A turn called `ticket`: the fan sees it at the next poll.
    fn called(&mut self, ticket: TicketId, place: Place) {
        self.calls.push((self.now, place));
        let standing = self.queue.standing(ticket, &self.rules);
        assert!(
            matches!(standing, Some(Standing::Called { .. })),
            "{place} was first and is {standing:?}"
        );
        let fan = Self::fan_of(ticket);
        let manner = self.fans[fan].manner;
        if !manner.comes {
            return;
        }
        let interval = manner.poll_interval(&mut self.dice);
        let mut after = self.dice.between(0.0, interval) + network_delay(&mut self.dice);
        if manner.late && !self.fans[fan].knows_of_call {
            let overslept = self.rules.call_window.as_secs_f64();
            after += overslept + self.dice.between(1.0, 30.0);
        }
        self.fans[fan].knows_of_call = true;
        self.plan_errand(fan, after, Step::Knock);
    }

    fn join(&mut self, fan: usize) {
        let (at, settings) = self.any_instance();
        let ticket = self.fans[fan].ticket;
        let drawn = self.fans[fan].drawn;
        let joined = self
            .queue
            .join(ticket, drawn, at, &self.rules, &settings)
            .expect("there is room");
        assert!(joined.new);
        self.fans[fan].place = Some(joined.place);
        match joined.standing {
            Standing::Waiting => {
                self.waiting.insert((joined.place, ticket));
            }
            Standing::Called { .. } => {
                assert!(self.waiting.is_empty(), "{} overtook", joined.place);
                self.calls.push((self.now, joined.place));
                if self.fans[fan].manner.comes {
                    let after = network_delay(&mut self.dice) * 3.0;
                    self.plan_errand(fan, after, Step::Knock);
                }
            }
            other => panic!("joined as {other:?}"),
        }
        if self.dice.chance(self.crowd.retried) {
            self.still_stands(fan);
        }
        if self.fans[fan].manner.leaves {
            let after = self.dice.between(0.0, 200.0);
            self.plan(seconds(after), Step::Leave(fan));
        }
    }

    /// A join sent once more finds the ticket where it stood.
    fn still_stands(&mut self, fan: usize) {
        let (at, settings) = self.any_instance();
        let (ticket, drawn) = (self.fans[fan].ticket, self.fans[fan].drawn);
        let again = self
            .queue
            .join(ticket, drawn, at, &self.rules, &settings)
            .expect("it stands there already");
        assert!(!again.new);
        assert_eq!(Some(again.place), self.fans[fan].place);
    }

    /// A fan knocks, or is held at the door for up to `hold` more.
    fn knock(&mut self, fan: usize, hold: Duration) {
        let (ticket, Some(place)) = (self.fans[fan].ticket, self.fans[fan].place) else {
            return;
        };
        let known = self.queue.standing(ticket, &self.rules).is_some();
        self.claim_commands += 1;
        match self.claim(fan, place) {
            Claim::Admitted { again, .. } => {
                assert!(!again, "admitted before it knocked");
                self.waiting.remove(&(place, ticket));
                self.enter_checkout(fan);
            }
            Claim::Busy { retry_after } if retry_after <= hold => {
                self.fans[fan].at_door_since.get_or_insert(self.now);
                let errand = self.fans[fan].errand;
                let step = Step::Held(fan, errand, hold - retry_after);
                self.plan(retry_after, step);
            }
            Claim::Busy { retry_after } => {
                self.busy += 1;
                let fan_at_door = &mut self.fans[fan];
                fan_at_door.at_door_since.get_or_insert(self.now);
                let manner = fan_at_door.manner;
                let after = manner.knocks_after(retry_after.as_secs_f64(), &mut self.dice);
                self.plan_errand(fan, after, Step::Knock);
            }
            Claim::NotCalled => {
                if !known {
                    self.waiting.insert((place, ticket));
                }
            }
            Claim::Missed { .. } => self.come_back(fan),
            Claim::Left | Claim::Ended => {}
            other => panic!("{other:?}"),
        }
    }

    fn claim(&mut self, fan: usize, place: Place) -> Claim {
        let (at, settings) = self.any_instance();
        let id =
            SessionId::from_bytes(self.dice.bits().to_be_bytes().repeat(2).try_into().unwrap());
        let ticket = self.fans[fan].ticket;
        let claim = self
            .queue
            .claim(ticket, place, id, at, &self.rules, &settings);
        if let Claim::Admitted { session, again } = claim {
            let epoch = self.queue.epoch();
            let had = self.fans[fan].session.filter(|(of, _)| *of == epoch);
            if again {
                assert_eq!(had, Some((epoch, session.id)), "another session");
            } else {
                assert_eq!(had, None, "a second admission within an epoch");
                self.fans[fan].session = Some((epoch, session.id));
                if settings.mode != Mode::Bypass {
                    self.book.claimed(session.admitted_at);
                }
            }
        }
        claim
    }

    fn enter_checkout(&mut self, fan: usize) {
        let since = self.fans[fan].at_door_since.unwrap_or(self.now);
        self.fans[fan].time_at_door = Some(self.now.since(since));
        self.fans[fan].end = Some(End::Admitted);
        let (from, to) = self.crowd.stay;
        let stay = self.dice.between(from, to);
        self.plan(seconds(stay), Step::Order(fan));
        if self.dice.chance(self.crowd.retried) {
            let after = self.dice.between(0.0, stay * 1.5);
            self.plan(seconds(after), Step::ClaimAgain(fan));
        }
    }

    /// While the session lives the same one, afterwards none.
    fn claim_again(&mut self, fan: usize) {
        let (ticket, Some(place)) = (self.fans[fan].ticket, self.fans[fan].place) else {
            return;
        };
        let before = self.queue.standing(ticket, &self.rules);
        match (before, self.claim(fan, place)) {
            (None, _) => {
                let standing = self.queue.standing(ticket, &self.rules);
                assert!(matches!(standing, Some(Standing::Waiting)), "{standing:?}");
                self.waiting.insert((place, ticket));
                // Only asked: this fan has been in checkout under the epoch before.
                self.leave(fan);
            }
            (_, Claim::Admitted { again: true, .. } | Claim::Ended | Claim::Left) => {}
            (before, claim) => panic!("{before:?}, then {claim:?}"),
        }
    }

    /// A fan who finds the store lost, or the call missed, puts the ticket back.
    fn come_back(&mut self, fan: usize) {
        let (ticket, Some(place)) = (self.fans[fan].ticket, self.fans[fan].place) else {
            return;
        };
        let times = 1 + usize::from(self.dice.chance(self.crowd.retried));
        for _ in 0..times {
            let (at, settings) = self.any_instance();
            match self.queue.rejoin(ticket, place, at, &self.rules, &settings) {
                Ok(Standing::Waiting) => {
                    self.waiting.insert((place, ticket));
                }
                Ok(Standing::Called { .. }) => {
                    let after = network_delay(&mut self.dice);
                    self.plan_errand(fan, after, Step::Knock);
                }
                Ok(Standing::Admitted(_)) | Err(RejoinRefused::Left | RejoinRefused::Ended) => {}
                Err(RejoinRefused::CalledTooOften) => {
                    self.fans[fan].end = Some(End::MissedForGood);
                }
                other => panic!("{other:?}"),
            }
        }
        if self.dice.chance(self.crowd.retried) {
            self.still_stands(fan);
        }
    }

    fn leave(&mut self, fan: usize) {
        let Some(place) = self.fans[fan].place else {
            return;
        };
        let ticket = self.fans[fan].ticket;
        let times = 1 + usize::from(self.dice.chance(self.crowd.retried));
        for _ in 0..times {
            let (at, settings) = self.any_instance();
            let known = self.queue.standing(ticket, &self.rules).is_some();
            let left = self.queue.leave(ticket, at, &self.rules, &settings);
            assert_eq!(left, known);
        }
        self.waiting.remove(&(place, ticket));
        self.fans[fan].errand += 1;
        self.fans[fan].end.get_or_insert(End::Left);
    }

    /// The order ends the session; a redelivered end changes nothing.
    fn order(&mut self, fan: usize) {
        let Some((epoch, session)) = self.fans[fan].session else {
            return;
        };
        let ticket = self.fans[fan].ticket;
        let lives = matches!(
            self.queue.standing(ticket, &self.rules),
            Some(Standing::Admitted(_))
        ) && epoch == self.queue.epoch();
        assert_eq!(self.queue.end_session(ticket, session), lives);
        assert!(!self.queue.end_session(ticket, session));
    }
}
