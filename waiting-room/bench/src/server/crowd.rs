//! The tickets that wait when the load begins, and the tokens that their fans hold.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    time::Duration,
};

use futures_util::{StreamExt, stream};
use rand::RngExt;
use waiting_room::{
    keys::TokenKeys,
    queue_store::{QueueStore, Regime},
};
use waiting_room_core::{Epoch, EventId, Place, SessionId, TicketId, Timestamp};
use waiting_room_tokens::{AdmissionClaims, QueueClaims};

use super::{ADMISSION_TOKENS, QUEUE_TOKENS, resident_bytes};
use crate::Outcome;

/// How many different tokens the load has when all of them wait.
const TOKENS: usize = 20_000;

/// This part of the queue, its head, is left out: some of it is called while the load runs.
const HEAD: usize = 10;

/// Joins under way at once.
const AT_ONCE: usize = 2_048;

/// How long a token is good for, and a session lives.
pub(crate) const VALID: Duration = Duration::from_secs(3_600);

/// Tickets that have joined.
pub(crate) struct Crowd {
    /// Those whose fans ask, in their order.
    pub(crate) askers: Vec<(TicketId, Place)>,
    /// By how many bytes the memory of this process grew.
    pub(crate) grown_bytes: u64,
}

impl Crowd {
    /// Lets `tickets` join. Those who ask are the first `to_door`, or, when that is 0, up to 20,000 spread
    /// over the queue behind its first tenth.
    pub(crate) async fn join(
        store: &dyn QueueStore,
        event: &EventId,
        regime: &Regime,
        tickets: usize,
        to_door: usize,
    ) -> Outcome<Self> {
        let (first, step) = match to_door {
            0 => (tickets / HEAD, (tickets / TOKENS).max(1)),
            _ => (0, 1),
        };
        let wanted = if to_door == 0 { TOKENS } else { to_door };
        // Touched before the memory is read, so that it is not taken for the queue's.
        let mut askers = vec![(ticket(), Place::default()); wanted.min(tickets)];
        askers.clear();
        let before = resident_bytes()?;
        let joins = stream::iter(0..tickets).map(async |_| {
            let ticket = ticket();
            let joined = store.join(event, ticket, Place::default(), regime).await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((ticket, joined?.place))
        });
        let mut joined = joins.buffered(AT_ONCE).enumerate();
        while let Some((rank, seat)) = joined.next().await {
            let seat = seat?;
            if rank >= first && (rank - first).is_multiple_of(step) && askers.len() < wanted {
                askers.push(seat);
            }
        }
        drop(joined);
        Ok(Self {
            askers,
            grown_bytes: resident_bytes()?.saturating_sub(before),
        })
    }

    /// Writes the queue tokens of those who ask to `dir`.
    pub(crate) fn write_queue_tokens(
        &self,
        keys: &TokenKeys,
        event: &EventId,
        epoch: Epoch,
        dir: &Path,
    ) -> Outcome<()> {
        let now = service_kit::now();
        let mut file = BufWriter::new(File::create(dir.join(QUEUE_TOKENS))?);
        for (ticket, place) in &self.askers {
            let token = keys.queue().sign(&QueueClaims {
                ticket: *ticket,
                event: event.clone(),
                place: Some(*place),
                epoch,
                issued_at: now,
                expires_at: now + VALID,
            })?;
            writeln!(file, "{token}")?;
        }
        Ok(file.flush()?)
    }
}

/// Writes admission tokens of `buyers` fans to `dir`, each for a session of its own.
pub(crate) fn write_admission_tokens(
    buyers: usize,
    keys: &TokenKeys,
    event: &EventId,
    dir: &Path,
) -> Outcome<()> {
    let now = Timestamp::from_seconds(service_kit::now().as_seconds());
    let mut file = BufWriter::new(File::create(dir.join(ADMISSION_TOKENS))?);
    for _ in 0..buyers {
        let claims = AdmissionClaims {
            ticket: ticket(),
            event: event.clone(),
            session: SessionId::from_bytes(rand::rng().random()),
            issued_at: now,
            expires_at: now + VALID,
        };
        writeln!(file, "{}", keys.admission().sign(&claims, now)?)?;
    }
    Ok(file.flush()?)
}

fn ticket() -> TicketId {
    TicketId::from_bytes(rand::rng().random())
}
