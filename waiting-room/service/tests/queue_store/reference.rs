//! Random operations on a store and on the core's queue, which have to answer the same.

use std::{sync::Arc, time::Duration};

use proptest::prelude::*;
use waiting_room::queue_store::{QueueStore, Regime};
use waiting_room_core::{
    Claim, Epoch, EventQueue, Joined, MaxActiveSessions, Mode, Place, QueueFull, RejoinRefused,
    SessionId, Snapshot, Standing, TicketId, Turn,
};

use crate::backend::{Time, event, rate};

/// One thing that somebody does. Tickets are few, so that they meet.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Pass(Duration),
    Join(u16),
    Crowd(u16),
    Rejoin(u16),
    Claim(u16),
    Leave(u16),
    EndSession(u16),
    Standing(u16),
    Turn,
    Rate(u32),
    MaxSessions(u32),
    Mode(Mode),
}

/// What somebody does next with a ticket below `tickets`, mostly with one below `busy`.
pub(crate) fn steps(busy: u16, tickets: u16) -> impl Strategy<Value = Vec<Step>> {
    let ticket = move || prop_oneof![4 => 0..busy, 1 => 0..tickets];
    let step = prop_oneof![
        4 => (0..4_000_u64).prop_map(|ms| Step::Pass(Duration::from_millis(ms))),
        3 => (0..400_u64).prop_map(|ms| Step::Pass(Duration::from_millis(ms))),
        1 => (0..40_u64).prop_map(|s| Step::Pass(Duration::from_secs(s))),
        6 => ticket().prop_map(Step::Join),
        1 => ticket().prop_map(Step::Crowd),
        2 => ticket().prop_map(Step::Rejoin),
        10 => ticket().prop_map(Step::Claim),
        1 => ticket().prop_map(Step::Leave),
        2 => ticket().prop_map(Step::EndSession),
        2 => ticket().prop_map(Step::Standing),
        8 => Just(Step::Turn),
        1 => prop_oneof![1..60_u32, 60..6_000_u32].prop_map(Step::Rate),
        1 => (1..30_u32).prop_map(Step::MaxSessions),
        1 => prop_oneof![
            4 => Just(Mode::Admit),
            2 => Just(Mode::Pause),
            1 => Just(Mode::Bypass),
            1 => Just(Mode::Closed)
        ].prop_map(Step::Mode),
    ];
    prop::collection::vec(step, 1..160)
}

/// What an operation answered.
#[derive(Debug, PartialEq)]
enum Answer {
    Joined(Result<Joined, QueueFull>),
    Rejoined(Result<Standing, RejoinRefused>),
    Claimed(Claim),
    Done(bool),
    Standing(Option<Standing>),
    Turned(Turn),
}

pub(crate) fn ticket(number: u16) -> TicketId {
    let mut bytes = [0; 16];
    // Ids that don't ascend as the joins do.
    bytes[..2].copy_from_slice(&number.wrapping_mul(40_503).to_be_bytes());
    bytes[14..].copy_from_slice(&number.to_be_bytes());
    TicketId::from_bytes(bytes)
}

/// The place that the draw gives it; some share one.
pub(crate) fn drawn(number: u16) -> Place {
    Place::new(u64::from(number % 100) * 7_919 % 1_000 + 1).unwrap()
}

/// A store and the queue that it has to behave as.
pub(crate) struct Pair {
    store: Arc<dyn QueueStore>,
    queue: EventQueue,
    regime: Regime,
    time: Time,
    places: Vec<Option<Place>>,
    sessions: Vec<Option<SessionId>>,
    attempts: u64,
}

impl Pair {
    pub(crate) fn new(
        store: Arc<dyn QueueStore>,
        regime: Regime,
        time: Time,
        tickets: u16,
    ) -> Self {
        let now = time.now();
        Self {
            queue: EventQueue::new(Epoch::new(1), now, now, &regime.rules, &regime.settings),
            store,
            regime,
            time,
            places: vec![None; tickets.into()],
            sessions: vec![None; tickets.into()],
            attempts: 0,
        }
    }

    /// All `steps`, with a snapshot after each `every`.
    pub(crate) async fn run(mut self, steps: Vec<Step>, every: usize) {
        self.compare_snapshots(0).await;
        for (index, step) in steps.iter().enumerate() {
            self.step(index, step).await;
            if index % every == every - 1 {
                self.compare_snapshots(index).await;
            }
        }
        self.compare_snapshots(steps.len()).await;
    }

    async fn step(&mut self, index: usize, step: &Step) {
        match *step {
            Step::Pass(duration) => self.time.pass(duration),
            Step::Rate(per_minute) => {
                self.regime.settings.admission_rate_per_minute = rate(per_minute);
            }
            Step::MaxSessions(most) => {
                self.regime.settings.max_active_sessions = MaxActiveSessions::new(most).unwrap();
            }
            Step::Mode(mode) => self.regime.settings.mode = mode,
            Step::Crowd(first) => {
                for number in first..(first + 30).min(self.places.len() as u16) {
                    self.time.pass(Duration::from_micros(1));
                    self.same(index, &Step::Join(number)).await;
                }
            }
            _ => self.same(index, step).await,
        }
    }

    async fn same(&mut self, index: usize, step: &Step) {
        self.attempts += 1;
        let wanted = self.of_queue(step);
        let got = self.of_store(step).await;
        if let (Answer::Joined(Ok(joined)), Step::Join(number)) = (&wanted, step) {
            self.places[usize::from(*number)] = Some(joined.place);
        }
        if let (Answer::Claimed(Claim::Admitted { session, .. }), Step::Claim(number)) =
            (&wanted, step)
        {
            self.sessions[usize::from(*number)] = Some(session.id);
        }
        assert!(
            alike(&wanted, &got),
            "step {index}, {step:?}: {wanted:?}, not {got:?}"
        );
    }

    fn place(&self, number: u16) -> Place {
        self.places[usize::from(number)].unwrap_or_else(|| drawn(number))
    }

    fn session(&self) -> SessionId {
        let mut id = [7; 16];
        id[8..].copy_from_slice(&self.attempts.to_be_bytes());
        SessionId::from_bytes(id)
    }

    fn lives(&self, number: u16) -> SessionId {
        self.sessions[usize::from(number)].unwrap_or_else(|| self.session())
    }

    fn of_queue(&mut self, step: &Step) -> Answer {
        let now = self.time.now();
        let (rules, settings) = (self.regime.rules.clone(), self.regime.settings.clone());
        let (rules, settings) = (&rules, &settings);
        match *step {
            Step::Join(n) => {
                Answer::Joined(self.queue.join(ticket(n), drawn(n), now, rules, settings))
            }
            Step::Rejoin(n) => {
                let place = self.place(n);
                Answer::Rejoined(self.queue.rejoin(ticket(n), place, now, rules, settings))
            }
            Step::Claim(n) => {
                let (place, session) = (self.place(n), self.session());
                let claim = self
                    .queue
                    .claim(ticket(n), place, session, now, rules, settings);
                Answer::Claimed(claim)
            }
            Step::Leave(n) => Answer::Done(self.queue.leave(ticket(n), now, rules, settings)),
            Step::EndSession(n) => {
                let session = self.lives(n);
                Answer::Done(self.queue.end_session(ticket(n), session))
            }
            Step::Standing(n) => Answer::Standing(self.queue.standing(ticket(n), rules)),
            _ => Answer::Turned(self.queue.turn(now, rules, settings)),
        }
    }

    async fn of_store(&self, step: &Step) -> Answer {
        let (store, regime, event) = (&self.store, &self.regime, &event());
        match *step {
            Step::Join(n) => Answer::Joined(
                store
                    .join(event, ticket(n), drawn(n), regime)
                    .await
                    .unwrap(),
            ),
            Step::Rejoin(n) => {
                let place = self.place(n);
                Answer::Rejoined(store.rejoin(event, ticket(n), place, regime).await.unwrap())
            }
            Step::Claim(n) => {
                let (place, session) = (self.place(n), self.session());
                let claim = store.claim(event, ticket(n), place, session, regime).await;
                Answer::Claimed(claim.unwrap())
            }
            Step::Leave(n) => Answer::Done(store.leave(event, ticket(n), regime).await.unwrap()),
            Step::EndSession(n) => {
                let session = self.lives(n);
                Answer::Done(store.end_session(event, ticket(n), session).await.unwrap())
            }
            Step::Standing(n) => {
                Answer::Standing(store.standing(event, ticket(n), regime).await.unwrap())
            }
            _ => Answer::Turned(store.turn(event, regime).await.unwrap()),
        }
    }

    async fn compare_snapshots(&mut self, index: usize) {
        let (rules, settings) = (&self.regime.rules, &self.regime.settings);
        let wanted = self.queue.snapshot(self.time.now(), rules, settings);
        let got = self.store.snapshot(&event(), &self.regime).await.unwrap();
        let figures = |s: &Snapshot| {
            (
                s.at,
                s.recovering,
                s.frontier,
                s.called,
                s.at_door,
                s.sessions,
                s.totals,
            )
        };
        assert_eq!(figures(&wanted), figures(&got), "step {index}");
        assert_eq!(wanted.marks, got.marks, "step {index}");
        assert!(
            (wanted.show_share - got.show_share).abs() < 1e-9,
            "step {index}"
        );
    }
}

/// Equal, but for the last microsecond of a `Retry-After` that is rounded elsewhere.
fn alike(wanted: &Answer, got: &Answer) -> bool {
    if let (
        Answer::Claimed(Claim::Busy { retry_after: a }),
        Answer::Claimed(Claim::Busy { retry_after: b }),
    ) = (wanted, got)
    {
        return a.abs_diff(*b) <= Duration::from_micros(1);
    }
    wanted == got
}
