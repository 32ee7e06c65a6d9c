use futures_util::future::join_all;
use test_backends::Proxy;
use waiting_room::keys::TokenKeys;
use waiting_room_tokens::TokenError;

use super::{
    SecretBench,
    conformance::{Bench, NOW, everything, kids, load, token},
};
use crate::support::{Fault, moto};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_exists_without_a_value_gets_the_first_keys() {
    let bench = SecretBench::new().await;
    let empty = bench.client.create_secret().name(&bench.secret);
    empty.send().await.unwrap();
    let (one, two) = tokio::join!(load(&bench), load(&bench));
    assert_eq!(one.draw_key(), two.draw_key());
    // The second may have come when the first was done.
    assert!((1..=2).contains(&bench.relay.calls("PutSecretValue")));
    assert!(one.rotate(NOW).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_keeps_the_keys_and_refuses_a_rotation() {
    let bench = SecretBench::new().await;
    let proxy = Proxy::to(moto().port());
    let store = bench.store_over(proxy.port()).await;
    let keys = TokenKeys::load("waiting-room", store, NOW).await.unwrap();
    let in_use = kids(keys.queue().ring());
    proxy.refuse();
    assert!(keys.refresh().await.is_err());
    assert!(keys.rotate(NOW).await.is_err());
    let valid = token(&keys, NOW);
    assert!(keys.verify_queue_token(&valid, NOW).await.is_ok());
    assert_eq!(kids(keys.queue().ring()), in_use);
    proxy.switch_to(moto().port());
    assert!(keys.rotate(NOW).await.is_ok());
    assert_eq!(kids(keys.queue().ring()).len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn denial_is_an_error_that_tells_why_and_makes_no_keys() {
    let bench = SecretBench::new().await;
    bench.relay.set_fault(Some(Fault::Denied));
    let denied = TokenKeys::load("waiting-room", bench.store().await, NOW).await;
    let told = everything(&denied.err().unwrap());
    assert!(told.contains("AccessDeniedException"), "{told}");
    assert_eq!(bench.relay.calls("CreateSecret"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_vanishes_is_not_replaced() {
    let bench = SecretBench::new().await;
    let keys = load(&bench).await;
    let in_use = kids(keys.queue().ring());
    let delete = bench.client.delete_secret().secret_id(&bench.secret);
    let delete = delete.force_delete_without_recovery(true);
    delete.send().await.unwrap();
    assert!(keys.refresh().await.is_err());
    assert!(keys.rotate(NOW).await.is_err());
    assert_eq!(kids(keys.queue().ring()), in_use);
    assert_eq!(bench.relay.calls("CreateSecret"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_with_forged_tokens_causes_one_look_into_the_store() {
    let bench = SecretBench::new().await;
    let keys = load(&bench).await;
    let another = load(&SecretBench::new().await).await;
    let forged = token(&another, NOW);
    let looks = bench.relay.calls("GetSecretValue");
    let verified = join_all((0..200).map(|_| keys.verify_queue_token(&forged, NOW))).await;
    let unknown = |v: &Result<_, TokenError>| matches!(v, Err(TokenError::UnknownKey));
    assert!(verified.iter().all(unknown));
    assert_eq!(bench.relay.calls("GetSecretValue"), looks + 1);
}
