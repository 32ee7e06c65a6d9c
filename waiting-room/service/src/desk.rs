//! What a fan can ask of the gatekeeper, whichever page or program asks.

use std::{sync::Arc, time::Duration};

use rand::RngExt;
use serde::Serialize;
use tokio::time::{Instant, sleep};
use utoipa::ToSchema;
use waiting_room_core::{
    Claim, Cohort, Phase, Place, Secret, SessionId, Standing, TicketId, Timestamp,
};
use waiting_room_tokens::{AdmissionClaims, QueueClaims};

use crate::{
    board::Board,
    keys::random_bytes,
    metrics,
    queue_store::Known,
    refusal::Refusal,
    room::{Gatekeeper, Room},
};

/// A fan's place, and the token that is worth it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Seat {
    /// To be kept by the fan: it is worth the place whatever happens to the store.
    pub(crate) queue_token: String,
    /// The ticket.
    #[schema(value_type = String)]
    pub(crate) ticket: TicketId,
    #[schema(value_type = String, example = "arrival")]
    pub(crate) cohort: Cohort,
    /// Absent for the pre-queue until the draw.
    #[schema(value_type = Option<u64>)]
    pub(crate) place: Option<Place>,
    /// The queue store's life in which the token was issued.
    pub(crate) epoch: u64,
    pub(crate) status: Status,
    #[serde(skip)]
    pub(crate) new: bool,
}

/// Where a fan stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Status {
    pub(crate) state: State,
    /// People waiting ahead; absent when it is not known yet or does not matter any more.
    pub(crate) ahead: Option<u64>,
    /// How many wait in all.
    pub(crate) waiting: u64,
    /// The expected wait; absent while nobody is called.
    pub(crate) eta_seconds: Option<u64>,
    /// The wait is rarely shorter.
    pub(crate) eta_low_seconds: Option<u64>,
    /// The wait is rarely longer.
    pub(crate) eta_high_seconds: Option<u64>,
    /// When to ask again.
    pub(crate) poll_after_ms: u64,
    #[schema(value_type = String, example = "admitting")]
    pub(crate) phase: Phase,
    /// The queue store's life.
    pub(crate) epoch: u64,
    #[schema(value_type = String, example = "arrival")]
    pub(crate) cohort: Cohort,
    /// Absent for the pre-queue until the draw.
    #[schema(value_type = Option<u64>)]
    pub(crate) place: Option<Place>,
    /// When called: until when to come to the door.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) call_expires_at: Option<Timestamp>,
    /// When admitted: until when the session lasts.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) session_expires_at: Option<Timestamp>,
    /// When a call was missed: whether a rejoin is within the rules.
    pub(crate) may_rejoin: bool,
    /// What the operator tells the fans.
    pub(crate) message: Option<String>,
    /// A fresh token in place of one from before the store was lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) queue_token: Option<String>,
}

/// How far a fan has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// Gathers before the on-sale.
    Prequeue,
    /// Waits to be called.
    Waiting,
    /// May come to the door.
    Called,
    /// Is in checkout.
    Admitted,
    /// Missed the call, or the stay in checkout is over.
    Expired,
    /// Gave the place up.
    Left,
    /// Too late: the event is closed.
    Closed,
}

/// Through the door.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Admission {
    /// Opens checkout; verifiable through the JWKS.
    pub(crate) admission_token: String,
    /// The session.
    #[schema(value_type = String)]
    pub(crate) session: SessionId,
    /// When the fan passed the door.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) admitted_at: Timestamp,
    /// When the session ends.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) expires_at: Timestamp,
    /// Where to go.
    pub(crate) checkout_url: String,
}

/// How often a fan asks while the door is shut for a while.
const POLL_SHUT: Duration = Duration::from_secs(4);

impl Gatekeeper {
    /// Gives the fan who drew `secret` a place at `room`, or finds it.
    pub(crate) async fn join(&self, room: &Room, secret: &Secret) -> Result<Seat, Refusal> {
        let now = room.now();
        let board = room.board();
        let event = room.event();
        if board.phase == Phase::Closed {
            return Err(Refusal::Closed);
        }
        let opens_at = event.schedule.opens_at;
        if now < opens_at {
            return Err(Refusal::NotOpenYet {
                opens_at,
                opens_in: opens_at.since(now),
            });
        }
        let ticket = TicketId::of(&event.id, secret);
        let drawn = room.setup().seed.place_of(ticket);
        let joined = self
            .store
            .join(&event.id, ticket, drawn, &room.regime())
            .await?
            .map_err(|_| Refusal::Full)?;
        let cohort = joined.place.cohort();
        metrics::joined(event.id.as_str(), cohort, joined.new);
        let place = (cohort == Cohort::Arrival).then_some(joined.place);
        let claims = self.claims(room, &board, ticket, place, now);
        let seen = Seen {
            standing: Some(joined.standing),
            waited: joined.waited,
        };
        let seat = self.seat(room, &board, claims, seen, now)?;
        Ok(Seat {
            new: joined.new,
            ..seat
        })
    }

    /// Where the fan with `claims` stands, if it takes neither the store nor a change of the queue to tell: as
    /// long as the ticket waits.
    pub(crate) fn status_at_once(&self, room: &Room, claims: &QueueClaims) -> Option<Status> {
        let board = room.board();
        match self.view_from_here(room, &board, claims) {
            View::Clear(standing) => {
                let seen = Seen::at(standing);
                Some(status(room, &board, claims, seen, room.now()))
            }
            View::Gone | View::AskTheStore => None,
        }
    }

    /// Where the fan with `claims` stands. Costs the store nothing while the ticket waits.
    pub(crate) async fn status(
        &self,
        room: &Room,
        claims: &QueueClaims,
    ) -> Result<Status, Refusal> {
        let now = room.now();
        let board = room.board();
        let standing = match self.view_from_here(room, &board, claims) {
            View::Clear(standing) => standing,
            View::Gone => return self.reseat(room, &board, claims, now).await,
            View::AskTheStore => {
                let (event, regime) = (&room.event().id, room.regime());
                let standing = self.store.standing(event, claims.ticket, &regime).await?;
                if standing.is_none() {
                    return self.reseat(room, &board, claims, now).await;
                }
                standing
            }
        };
        Ok(status(room, &board, claims, Seen::at(standing), now))
    }

    fn view_from_here(&self, room: &Room, board: &Board, claims: &QueueClaims) -> View {
        let (event, rules) = (&room.event().id, &room.setup().rules);
        match self.store.known_standing(event, claims.ticket, rules) {
            Known::Standing(standing) => View::Clear(Some(standing)),
            _ if board.phase == Phase::Closed => View::Clear(None),
            Known::Absent => View::Gone,
            // A token of a later epoch comes from an instance that saw it first.
            Known::Nothing if claims.epoch < board.snapshot.epoch => View::Gone,
            Known::Nothing if board.has_called(room.place_of(claims)) => View::AskTheStore,
            Known::Nothing => View::Clear(None),
        }
    }

    /// Puts the fan with `claims` back at the place.
    pub(crate) async fn rejoin(&self, room: &Room, claims: QueueClaims) -> Result<Seat, Refusal> {
        let now = room.now();
        let board = room.board();
        if board.phase == Phase::Closed {
            return Err(Refusal::Closed);
        }
        let event = &room.event().id;
        let place = room.place_of(&claims);
        let standing = self
            .store
            .rejoin(event, claims.ticket, place, &room.regime())
            .await?
            .map_err(Refusal::Rejoin)?;
        metrics::rejoined(event.as_str());
        let claims = self.claims(room, &board, claims.ticket, claims.place, now);
        self.seat(room, &board, claims, Seen::at(Some(standing)), now)
    }

    /// The fan with `claims` gives the place up, and with it a stay in checkout.
    pub(crate) async fn leave(&self, room: &Room, claims: &QueueClaims) -> Result<(), Refusal> {
        let event = &room.event().id;
        let regime = room.regime();
        let standing = self.store.standing(event, claims.ticket, &regime).await?;
        if let Some(Standing::Admitted(session)) = standing {
            // The token first: a freed slot must not leave one behind that still buys.
            self.shop.close_session(session).await?;
        }
        self.store.leave(event, claims.ticket, &regime).await?;
        Ok(())
    }

    /// The fan with `claims` comes to the door.
    pub(crate) async fn claim(
        &self,
        room: &Room,
        claims: &QueueClaims,
    ) -> Result<Admission, Refusal> {
        let event = room.event();
        let region = &room.setup().region;
        let place = room.place_of(claims);
        let session = SessionId::from_bytes(random_bytes());
        let answer_by = Instant::now() + Claim::HOLD;
        let claim = loop {
            // Asked anew each time: the operator may have paused meanwhile, or the region been fenced.
            if region.is_fenced() {
                break Claim::Busy {
                    retry_after: POLL_SHUT,
                };
            }
            let regime = room.regime();
            let store = &self.store;
            let claim = store
                .claim(&event.id, claims.ticket, place, session, &regime)
                .await?;
            match claim {
                Claim::Busy { retry_after } if Instant::now() + retry_after <= answer_by => {
                    sleep(retry_after).await;
                }
                _ => break claim,
            }
        };
        metrics::claimed(event.id.as_str(), outcome(&claim));
        let session = match claim {
            // The store's answer may have been long under way: what counts is the moment of the signature.
            Claim::Admitted { .. } if region.is_fenced() => {
                return Err(Refusal::Busy {
                    retry_after: POLL_SHUT,
                });
            }
            Claim::Admitted { session, .. } => session,
            Claim::NotCalled => {
                let ask_again_after = Duration::from_millis(
                    status(room, &room.board(), claims, Seen::at(None), room.now()).poll_after_ms,
                );
                return Err(Refusal::NotCalled { ask_again_after });
            }
            Claim::Busy { retry_after } => return Err(Refusal::Busy { retry_after }),
            Claim::Missed { may_rejoin } => return Err(Refusal::Missed { may_rejoin }),
            Claim::Left => return Err(Refusal::Left),
            Claim::Ended => return Err(Refusal::SessionEnded),
            Claim::Closed => return Err(Refusal::Closed),
            Claim::Full => return Err(Refusal::Full),
        };
        let admission = AdmissionClaims {
            ticket: claims.ticket,
            event: event.id.clone(),
            session: session.id,
            issued_at: session.admitted_at,
            expires_at: session.expires_at,
        };
        let admission_token = self.keys.admission().sign(&admission, room.now())?;
        let checkout_url = event
            .checkout_url
            .clone()
            .unwrap_or_else(|| format!("/checkout.html?event={}", event.id));
        Ok(Admission {
            admission_token,
            session: session.id,
            admitted_at: session.admitted_at,
            expires_at: session.expires_at,
            checkout_url,
        })
    }

    async fn reseat(
        &self,
        room: &Room,
        board: &Arc<Board>,
        claims: &QueueClaims,
        now: Timestamp,
    ) -> Result<Status, Refusal> {
        let event = &room.event().id;
        let place = room.place_of(claims);
        let answer = self
            .store
            .rejoin(event, claims.ticket, place, &room.regime())
            .await?;
        let Ok(standing) = answer else {
            let standing = self
                .store
                .standing(event, claims.ticket, &room.regime())
                .await?;
            return Ok(status(room, board, claims, Seen::at(standing), now));
        };
        metrics::rejoined(event.as_str());
        let claims = self.claims(room, board, claims.ticket, claims.place, now);
        let queue_token = self.keys.queue().sign(&claims)?;
        let status = status(room, board, &claims, Seen::at(Some(standing)), now);
        Ok(Status {
            queue_token: Some(queue_token),
            ..status
        })
    }

    fn claims(
        &self,
        room: &Room,
        board: &Board,
        ticket: TicketId,
        place: Option<Place>,
        now: Timestamp,
    ) -> QueueClaims {
        QueueClaims {
            ticket,
            event: room.event().id.clone(),
            place,
            epoch: board.snapshot.epoch,
            issued_at: now,
            expires_at: room.token_expiry(now),
        }
    }

    fn seat(
        &self,
        room: &Room,
        board: &Board,
        claims: QueueClaims,
        seen: Seen,
        now: Timestamp,
    ) -> Result<Seat, Refusal> {
        let status = status(room, board, &claims, seen, now);
        Ok(Seat {
            queue_token: self.keys.queue().sign(&claims)?,
            ticket: claims.ticket,
            cohort: status.cohort,
            place: status.place,
            epoch: claims.epoch.number(),
            status,
            new: false,
        })
    }
}

fn outcome(claim: &Claim) -> &'static str {
    match claim {
        Claim::Admitted { again: false, .. } => "admitted",
        Claim::Admitted { again: true, .. } => "again",
        Claim::NotCalled => "not_called",
        Claim::Busy { .. } => "busy",
        Claim::Missed { .. } => "missed",
        Claim::Left | Claim::Ended => "gone",
        Claim::Closed => "closed",
        Claim::Full => "full",
    }
}

/// What this process knows of a ticket by itself.
enum View {
    /// How far it has come; nothing told means that it waits, or that the event is closed.
    Clear(Option<Standing>),
    /// The store has lost it.
    Gone,
    /// It was called; how it went, the store knows.
    AskTheStore,
}

/// What the store told of a ticket, beyond what the board tells of its place.
#[derive(Clone, Copy)]
struct Seen {
    standing: Option<Standing>,
    waited: Option<u64>,
}

impl Seen {
    fn at(standing: Option<Standing>) -> Self {
        Self {
            standing,
            waited: None,
        }
    }
}

fn status(
    room: &Room,
    board: &Board,
    claims: &QueueClaims,
    Seen { standing, waited }: Seen,
    now: Timestamp,
) -> Status {
    let cohort = claims.cohort();
    let place = room
        .place_is_known(cohort, now)
        .then(|| room.place_of(claims));
    let state = state(board.phase, standing);
    let ahead = match state {
        State::Waiting => waited.or_else(|| board.ahead(place?)),
        State::Called => Some(0),
        _ => None,
    };
    let eta = match state {
        State::Waiting => ahead.and_then(|ahead| board.eta(ahead)),
        _ => None,
    };
    let distance = eta
        .map(|eta| eta.expected)
        .or_else(|| ahead.map(|ahead| board.at_the_rate(ahead)));
    let poll_after = poll_after(room, board, state, distance, now);
    Status {
        state,
        ahead,
        waiting: board.snapshot.marks.waiting(),
        eta_seconds: eta.map(|eta| eta.expected.as_secs()),
        eta_low_seconds: eta.map(|eta| eta.low.as_secs()),
        eta_high_seconds: eta.map(|eta| eta.high.as_secs()),
        poll_after_ms: poll_after.as_millis() as u64,
        phase: board.phase,
        epoch: board.snapshot.epoch.number(),
        cohort,
        place,
        call_expires_at: match standing {
            Some(Standing::Called { until }) => Some(until),
            _ => None,
        },
        session_expires_at: match standing {
            Some(Standing::Admitted(session)) => Some(session.expires_at),
            _ => None,
        },
        may_rejoin: matches!(standing, Some(Standing::Missed { may_rejoin: true })),
        message: board.settings.settings.message.shown().map(str::to_owned),
        queue_token: None,
    }
}

fn state(phase: Phase, standing: Option<Standing>) -> State {
    match (standing, phase) {
        (Some(Standing::Admitted(_)), _) => State::Admitted,
        (Some(Standing::Left), _) => State::Left,
        (Some(Standing::Ended), _) => State::Expired,
        (_, Phase::Closed) => State::Closed,
        (Some(Standing::Missed { .. }), Phase::Bypass) => State::Called,
        (Some(Standing::Missed { .. }), _) => State::Expired,
        (Some(Standing::Called { .. }), _) => State::Called,
        (_, Phase::Bypass) => State::Called,
        (_, Phase::Prequeue) => State::Prequeue,
        (_, Phase::Admitting | Phase::Paused | Phase::Recovering) => State::Waiting,
    }
}

fn poll_after(
    room: &Room,
    board: &Board,
    state: State,
    distance: Option<Duration>,
    now: Timestamp,
) -> Duration {
    let policy = room.setup().poll_policy;
    let (soon, late) = (
        Duration::from_millis(policy.min_ms),
        Duration::from_millis(policy.max_ms),
    );
    let wanted = match state {
        State::Prequeue => (room.event().schedule.on_sale_at.since(now) / 2).clamp(soon, late),
        State::Waiting if board.phase == Phase::Admitting => policy.poll_after(distance),
        State::Waiting => POLL_SHUT,
        State::Called => soon,
        State::Admitted | State::Expired | State::Left | State::Closed => late,
    };
    let spread = rand::rng().random_range(-policy.jitter..=policy.jitter);
    wanted.mul_f64(1.0 + spread)
}
