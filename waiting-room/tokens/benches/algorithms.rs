//! What the choice of algorithms rests on: signing and verifying one token of each kind, and the
//! same claims under the algorithms that were not chosen.
//!
//! `cargo bench -p waiting-room-tokens`

#![allow(clippy::expect_used, reason = "a benchmark that cannot be set up ends")]

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use divan::{Bencher, black_box};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};
use waiting_room_core::{Epoch, Place, SessionId, TicketId, Timestamp};
use waiting_room_tokens::{
    AdmissionClaims, AdmissionKeys, AdmissionVerifier, KeyRing, QueueClaims, QueueKeys, SigningKey,
};

fn main() {
    divan::main();
}

const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);
const LATER: Timestamp = Timestamp::from_seconds(1_795_000_600);
const MESSAGE: &[u8] = &[b'x'; 300];

fn ring() -> KeyRing {
    let key = SigningKey::new("bench".to_owned(), NOW, [7; 32]);
    KeyRing::new(vec![key]).expect("a ring")
}

fn queue() -> (QueueKeys, QueueClaims) {
    let claims = QueueClaims {
        ticket: TicketId::from_bytes([1; 16]),
        event: "aurora-live".parse().expect("an id"),
        place: Some(Place::of_arrival(NOW, Place::default())),
        epoch: Epoch::new(1),
        issued_at: NOW,
        expires_at: LATER,
    };
    (QueueKeys::new("waiting-room", ring()), claims)
}

fn admission() -> (AdmissionKeys, AdmissionClaims) {
    let claims = AdmissionClaims {
        ticket: TicketId::from_bytes([1; 16]),
        event: "aurora-live".parse().expect("an id"),
        session: SessionId::from_bytes([2; 16]),
        issued_at: NOW,
        expires_at: LATER,
    };
    (
        AdmissionKeys::new("waiting-room", ring()).expect("keys"),
        claims,
    )
}

#[divan::bench]
fn queue_token_sign(bencher: Bencher<'_, '_>) {
    let (keys, claims) = queue();
    bencher.bench(|| keys.sign(black_box(&claims)));
}

#[divan::bench]
fn queue_token_verify(bencher: Bencher<'_, '_>) {
    let (keys, claims) = queue();
    let token = keys.sign(&claims).expect("a token");
    bencher.bench(|| keys.verify(black_box(&token), NOW));
}

#[divan::bench]
fn admission_token_sign(bencher: Bencher<'_, '_>) {
    let (keys, claims) = admission();
    bencher.bench(|| keys.sign(black_box(&claims), NOW));
}

#[divan::bench]
fn admission_token_verify(bencher: Bencher<'_, '_>) {
    let (keys, claims) = admission();
    let token = keys.sign(&claims, NOW).expect("a token");
    let verifier = AdmissionVerifier::new("waiting-room", keys.jwks());
    bencher.bench(|| verifier.verify(black_box(&token), NOW));
}

fn es256() -> (EncodingKey, DecodingKey) {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key pair");
    let private = pair.to_pkcs8v1().expect("PKCS #8");
    let public = pair.public_key().as_ref();
    (
        EncodingKey::from_ec_der(private.as_ref()),
        DecodingKey::from_ec_der(public),
    )
}

#[divan::bench]
fn not_chosen_es256_sign(bencher: Bencher<'_, '_>) {
    let (private, _) = es256();
    bencher.bench(|| crypto::sign(black_box(MESSAGE), &private, Algorithm::ES256));
}

#[divan::bench]
fn not_chosen_es256_verify(bencher: Bencher<'_, '_>) {
    let (private, public) = es256();
    let signature = crypto::sign(MESSAGE, &private, Algorithm::ES256).expect("a signature");
    bencher.bench(|| crypto::verify(black_box(&signature), MESSAGE, &public, Algorithm::ES256));
}

#[divan::bench]
fn not_chosen_hs512_verify(bencher: Bencher<'_, '_>) {
    let private = EncodingKey::from_secret(&[7; 64]);
    let public = DecodingKey::from_secret(&[7; 64]);
    let signature = crypto::sign(MESSAGE, &private, Algorithm::HS512).expect("a signature");
    bencher.bench(|| crypto::verify(black_box(&signature), MESSAGE, &public, Algorithm::HS512));
}
