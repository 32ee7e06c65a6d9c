//! One lane: receive a batch, work on all of it at once, again.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Fulfilment, delivery};

/// The pause after a first batch that no backend let through; doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

pub(super) async fn run(fulfilment: &Fulfilment, shutdown: &CancellationToken) {
    let mut in_vain = 0;
    while !shutdown.is_cancelled() {
        let worked = tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            received = fulfilment.queue.receive(fulfilment.pace.batch, fulfilment.pace.wait) => {
                match received {
                    Ok(deliveries) => Some(deliveries),
                    Err(error) => {
                        tracing::warn!(error = crate::error::chain(&error), "nothing is received");
                        None
                    }
                }
            }
        };
        let backends_answer = match worked {
            Some(deliveries) => {
                let work = deliveries
                    .into_iter()
                    .map(|delivery| delivery::fulfil(fulfilment, delivery));
                let outcomes = join_all(work).await;
                outcomes.is_empty() || outcomes.into_iter().any(|outcome| outcome.answered())
            }
            None => false,
        };
        if backends_answer {
            in_vain = 0;
            continue;
        }
        // Receiving on would use up the messages' tries on a fault that is not theirs.
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = sleep(pause(in_vain)) => {}
        }
        in_vain += 1;
    }
}

fn pause(in_vain: u32) -> Duration {
    FIRST_PAUSE
        .saturating_mul(1_u32.checked_shl(in_vain).unwrap_or(u32::MAX))
        .min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_it_is_in_vain_the_longer_the_pause_up_to_a_bound() {
        assert_eq!(pause(0), FIRST_PAUSE);
        assert_eq!(pause(1), FIRST_PAUSE * 2);
        assert_eq!(pause(6), FIRST_PAUSE * 64);
        assert_eq!(pause(7), LONGEST_PAUSE);
        assert_eq!(pause(1_000), LONGEST_PAUSE);
    }
}
