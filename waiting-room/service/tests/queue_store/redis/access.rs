//! Passwords, TLS and cluster mode.

use std::{path::Path, process::Command, time::Duration};

use test_backends::{Process, RedisServer, free_port};
use tokio::time::sleep;
use waiting_room::queue_store::{QueueStore, RedisConfig, RedisQueueStore};
use waiting_room_core::{EventId, Standing};

use crate::{
    backend::{RECOVERY, regime},
    reference::{drawn, ticket},
};

async fn works(config: &RedisConfig) {
    let events: Vec<EventId> = ["aurora", "borealis", "matinee"]
        .map(|event| event.parse().unwrap())
        .into();
    let store = RedisQueueStore::open(config, "a", RECOVERY, events.clone()).await;
    let (store, regime) = (store.unwrap(), regime(60));
    store.ready().await.unwrap();
    for event in &events {
        let joined = store
            .join(event, ticket(1), drawn(1), &regime)
            .await
            .unwrap();
        assert!(joined.unwrap().new);
        let standing = store.standing(event, ticket(1), &regime).await.unwrap();
        assert_eq!(standing, Some(Standing::Waiting));
        store.turn(event, &regime).await.unwrap();
        let snapshot = store.snapshot(event, &regime).await.unwrap();
        assert_eq!(snapshot.totals.joined, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_with_a_password_is_let_in_and_nobody_else() {
    let gate = ["--user", "gate", "on", ">secret", "~*", "+@all"];
    let server = RedisServer::start_with(&[&gate[..], &["--user", "default", "off"]].concat());
    let url = |credentials: &str| format!("redis://{credentials}127.0.0.1:{}/", server.port());
    works(&RedisConfig::server(url("gate:secret@"))).await;
    let stranger = RedisConfig::server(url("gate:wrong@"));
    let events = ["aurora".parse().unwrap()];
    let store = RedisQueueStore::open(&stranger, "a", RECOVERY, events)
        .await
        .unwrap();
    assert!(store.ready().await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_verified() {
    let dir = tempfile::tempdir().unwrap();
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
        ])
        .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", "key.pem", "-out", "certificate.pem"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let certificate = dir.path().join("certificate.pem");
    let port = free_port();
    let file = |path: &Path| path.to_string_lossy().into_owned();
    let server = Process::start(
        "redis-server",
        [
            "--port",
            "0",
            "--tls-port",
            &port.to_string(),
            "--save",
            "",
            "--tls-auth-clients",
            "no",
            "--tls-cert-file",
            &file(&certificate),
            "--tls-key-file",
            &file(&dir.path().join("key.pem")),
            "--tls-ca-cert-file",
            &file(&certificate),
        ],
    );
    let server = server.unwrap();
    server.listens(port, Duration::from_secs(20)).unwrap();

    let mut config = RedisConfig::server(format!("rediss://127.0.0.1:{port}/"));
    config.authorities = Some(certificate);
    works(&config).await;
    config.authorities = None;
    let events = ["aurora".parse().unwrap()];
    let store = RedisQueueStore::open(&config, "a", RECOVERY, events)
        .await
        .unwrap();
    assert!(store.ready().await.is_err(), "nobody vouches for it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_holds_each_event_on_one_of_its_nodes() {
    let nodes: Vec<RedisServer> = (0..3)
        .map(|node| {
            let file = format!("nodes-{}-{node}.conf", free_port());
            RedisServer::start_with(&["--cluster-enabled", "yes", "--cluster-config-file", &file])
        })
        .collect();
    let slots = ["0 5460", "5461 10922", "10923 16383"];
    for (node, slots) in nodes.iter().zip(slots) {
        node.command(&format!("CLUSTER ADDSLOTSRANGE {slots}"));
        node.command(&format!("CLUSTER MEET 127.0.0.1 {}", nodes[0].port()));
    }
    for node in &nodes {
        while !node.command("CLUSTER INFO").contains("cluster_state:ok") {
            sleep(Duration::from_millis(50)).await;
        }
    }
    let mut config = RedisConfig::server(nodes[0].url());
    config.cluster = true;
    works(&config).await;
    nodes[1].command("SCRIPT FLUSH");
    for node in &nodes {
        node.command("FLUSHALL");
    }
    works(&config).await;
}
