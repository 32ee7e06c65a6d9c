//! One and the same suite for every key store.

use std::{error::Error, time::Duration};

use futures_util::future::join_all;
use waiting_room::keys::{KeyError, KeyStore, TokenKeys};
use waiting_room_core::{Epoch, Place, TicketId, Timestamp};
use waiting_room_tokens::{KeyRing, QueueClaims};

pub(super) const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);

/// A place for keys that any number of processes share.
pub(super) trait Bench {
    /// One without keys.
    async fn new() -> Self;

    /// A process's way to it.
    async fn store(&self) -> Box<dyn KeyStore>;

    /// Writes what no waiting room would.
    async fn write(&self, text: &str);

    /// What is there.
    async fn read(&self) -> String;
}

pub(super) async fn load(bench: &impl Bench) -> TokenKeys {
    let loaded = TokenKeys::load("waiting-room", bench.store().await, NOW).await;
    loaded.unwrap()
}

pub(super) fn kids(ring: &KeyRing) -> Vec<String> {
    ring.keys().iter().map(|key| key.kid.clone()).collect()
}

/// A queue token that `keys` sign at `now`.
pub(super) fn token(keys: &TokenKeys, now: Timestamp) -> String {
    let claims = QueueClaims {
        ticket: TicketId::from_bytes([5; 16]),
        event: "aurora-live".parse().unwrap(),
        place: Place::new(1_795_000_000_000_000).ok(),
        epoch: Epoch::new(1),
        issued_at: now,
        expires_at: now + Duration::from_secs(3_600),
    };
    keys.queue().sign(&claims).unwrap()
}

/// All that an error tells anybody.
pub(super) fn everything(error: &KeyError) -> String {
    let mut text = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text} {error} {error:?}");
        source = error.source();
    }
    text
}

pub(super) async fn keys_are_made_once_and_outlive_the_process<B: Bench>() {
    let bench = B::new().await;
    let first = load(&bench).await;
    let second = load(&bench).await;
    assert_eq!(first.draw_key(), second.draw_key());
    assert_eq!(first.admission().jwks(), second.admission().jwks());
    let token = token(&first, NOW);
    assert!(second.queue().verify(&token, NOW).is_ok());
}

pub(super) async fn of_the_keys_that_many_make_at_once_one_set_wins<B: Bench>() {
    let bench = B::new().await;
    let all = join_all((0..6).map(|_| load(&bench))).await;
    for keys in &all {
        assert_eq!(keys.draw_key(), all[0].draw_key());
        assert_eq!(keys.admission().jwks(), all[0].admission().jwks());
    }
    let later = load(&bench).await;
    assert_eq!(later.draw_key(), all[0].draw_key());
}

pub(super) async fn a_rotation_publishes_the_new_key_before_it_signs_and_keeps_the_old<B: Bench>() {
    let bench = B::new().await;
    let keys = load(&bench).await;
    let old = keys.admission().ring().signer(NOW).kid.clone();
    let rotation = keys.rotate(NOW).await.unwrap();
    assert_eq!(keys.admission().jwks().keys.len(), 2);
    assert_eq!(keys.admission().ring().signer(NOW).kid, old);
    assert!(matches!(keys.rotate(NOW).await, Err(KeyError::UnderWay)));
    let later = rotation.signs_from;
    let signer = keys.admission().ring().signer(later).kid.clone();
    assert_eq!(signer, rotation.admission_token_kid);
    assert!(keys.rotate(later).await.is_ok());
    assert_eq!(load(&bench).await.admission().jwks().keys.len(), 3);
}

pub(super) async fn a_rotation_reaches_the_others_before_the_new_key_signs<B: Bench>() {
    let bench = B::new().await;
    let (one, two) = (load(&bench).await, load(&bench).await);
    one.rotate(NOW).await.unwrap();
    assert_ne!(two.admission().jwks(), one.admission().jwks());
    two.refresh().await.unwrap();
    assert_eq!(two.admission().jwks(), one.admission().jwks());
    assert_eq!(kids(two.queue().ring()), kids(one.queue().ring()));
    assert_eq!(two.draw_key(), one.draw_key());
}

pub(super) async fn rotations_at_once_lose_no_key<B: Bench>() {
    let bench = B::new().await;
    let all = [
        load(&bench).await,
        load(&bench).await,
        load(&bench).await,
        load(&bench).await,
    ];
    let old = kids(all[0].queue().ring());
    let outcomes = join_all(all.iter().map(|keys| keys.rotate(NOW))).await;
    let won: Vec<_> = outcomes.iter().flatten().collect();
    assert_eq!(won.len(), 1, "{outcomes:?}");
    let refused = |outcome: &Result<_, _>| matches!(outcome, Err(KeyError::UnderWay));
    assert_eq!(outcomes.iter().filter(|o| refused(o)).count(), 3);
    let expected = vec![old[0].clone(), won[0].queue_token_kid.clone()];
    for keys in &all {
        keys.refresh().await.unwrap();
        assert_eq!(kids(keys.queue().ring()), expected);
    }
}

pub(super) async fn a_token_of_a_key_that_this_process_has_not_heard_of_is_accepted<B: Bench>() {
    let bench = B::new().await;
    let (one, two) = (load(&bench).await, load(&bench).await);
    let later = one.rotate(NOW).await.unwrap().signs_from;
    let token = token(&one, later);
    assert!(two.queue().verify(&token, later).is_err());
    assert!(two.verify_queue_token(&token, later).await.is_ok());
    assert_eq!(two.admission().jwks(), one.admission().jwks());
}

pub(super) async fn rubbish_is_no_reason_to_make_new_keys_and_is_not_told<B: Bench>() {
    let bench = B::new().await;
    let keys = load(&bench).await;
    let in_use = kids(keys.queue().ring());
    for rubbish in [
        "{",
        r#"{"queue":"dG9wLXNlY3JldA","admission":1}"#,
        r#"{"queue":{"keys":[{"kid":"a","signs_from":"2026-11-21T10:00:00Z","secret":"dG9wLXNlY3JldA"}]}}"#,
    ] {
        bench.write(rubbish).await;
        let loaded = TokenKeys::load("waiting-room", bench.store().await, NOW).await;
        let error = loaded.err().unwrap();
        assert!(!everything(&error).contains("dG9wLXNlY3JldA"), "{error:?}");
        assert!(keys.refresh().await.is_err());
        assert!(keys.rotate(NOW).await.is_err());
        assert_eq!(kids(keys.queue().ring()), in_use);
        assert_eq!(bench.read().await, rubbish);
    }
}

macro_rules! conforms {
    ($backend:ident, $bench:ty: $($rule:ident),+ $(,)?) => {
        mod $backend {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $rule() {
                    super::conformance::$rule::<$bench>().await;
                }
            )+
        }
    };
    ($backend:ident, $bench:ty) => {
        $crate::keys::conformance::conforms! { $backend, $bench:
            keys_are_made_once_and_outlive_the_process,
            of_the_keys_that_many_make_at_once_one_set_wins,
            a_rotation_publishes_the_new_key_before_it_signs_and_keeps_the_old,
            a_rotation_reaches_the_others_before_the_new_key_signs,
            rotations_at_once_lose_no_key,
            a_token_of_a_key_that_this_process_has_not_heard_of_is_accepted,
            rubbish_is_no_reason_to_make_new_keys_and_is_not_told,
        }
    };
}
pub(super) use conforms;
