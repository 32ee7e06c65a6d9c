use std::path::Path;

use reqwest::Client;
use test_backends::RedisServer;

use crate::{
    cluster::{OPERATOR, RECOVERY_SECONDS},
    instance::{Instance, look_at_logs},
};

/// All that one region has of an on-sale: a Redis, two waiting rooms, a checkout, and fulfilment, which stands by.
pub(crate) struct Region {
    pub(crate) name: &'static str,
    pub(crate) redis: RedisServer,
    pub(crate) waiting_rooms: Vec<Instance>,
    pub(crate) checkout: Instance,
    pub(crate) fulfilment: Instance,
}

impl Region {
    /// Prepares it, with its logs in `logs`.
    pub(crate) fn prepare(
        name: &'static str,
        mut environment: Vec<(String, String)>,
        logs: &Path,
    ) -> Self {
        let redis = RedisServer::start();
        for (name, value) in [
            ("WAITING_ROOM_REDIS_URL", &*redis.url()),
            ("WAITING_ROOM_OPERATOR_CREDENTIAL", OPERATOR),
            ("WAITING_ROOM_RECOVERY_SECONDS", RECOVERY_SECONDS),
            ("RUST_LOG", "info"),
        ] {
            environment.push((name.to_owned(), value.to_owned()));
        }
        let here = vec!["--region".to_owned(), name.to_owned()];
        let room = |number: usize| {
            let program = env!("CARGO_BIN_EXE_waiting-room");
            let called = format!("{name}-waiting-room-{number}");
            Instance::prepare(called, program, here.clone(), environment.clone(), logs)
        };
        let waiting_rooms = vec![room(1), room(2)];
        let jwks = format!("{}/.well-known/jwks.json", waiting_rooms[0].url());
        let mut of_checkout = environment.clone();
        of_checkout.push(("WAITING_ROOM_JWKS_URL".to_owned(), jwks));
        Self {
            name,
            redis,
            waiting_rooms,
            checkout: Instance::prepare(
                format!("{name}-checkout"),
                env!("CARGO_BIN_EXE_checkout"),
                here.clone(),
                of_checkout,
                logs,
            ),
            fulfilment: Instance::prepare(
                format!("{name}-fulfilment"),
                env!("CARGO_BIN_EXE_fulfilment"),
                Vec::new(),
                environment,
                logs,
            ),
        }
    }

    /// Starts what serves fans, and waits until it is ready.
    pub(crate) async fn start(&mut self, client: &Client) {
        for instance in self.serving() {
            instance.restart();
        }
        for instance in self.serving() {
            instance.ready(client).await;
        }
    }

    /// `kill -9` of everything at once, the queue store among it.
    pub(crate) fn kill(&mut self) {
        self.redis.kill();
        for instance in self.serving() {
            instance.kill();
        }
        self.fulfilment.kill();
    }

    /// Its machines are back, and know nothing of what happened meanwhile.
    pub(crate) async fn revive(&mut self, client: &Client) {
        self.redis.restart();
        self.start(client).await;
        self.fulfilment.restart();
        self.fulfilment.ready(client).await;
    }

    /// The epoch of its queue.
    pub(crate) async fn epoch(&self, client: &Client) -> u64 {
        let figures = self.waiting_rooms[0].told(client, "figures").await;
        figures["epoch"].as_u64().unwrap()
    }

    fn serving(&mut self) -> impl Iterator<Item = &mut Instance> {
        self.waiting_rooms.iter_mut().chain([&mut self.checkout])
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        let shop = [&self.checkout, &self.fulfilment];
        look_at_logs(self.waiting_rooms.iter().chain(shop));
    }
}
