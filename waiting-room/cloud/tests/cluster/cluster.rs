use std::time::{Duration, Instant};

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use test_crowd::{Addresses, Crowd, Record, SharedRecord};
use tokio::{sync::MutexGuard, task::JoinSet, time::sleep};

use crate::{
    balancer::Balancer,
    emulated_aws::EmulatedAws,
    instance::{Instance, look_at_logs},
};

pub(crate) const RATE_PER_MINUTE: u32 = 600;
pub(crate) const PER_SECOND: usize = RATE_PER_MINUTE as usize / 60;

/// Longer than the fans' longest pause between two polls while the room recovers.
pub(crate) const RECOVERY_SECONDS: &str = "8";

pub(crate) const OPERATOR: &str = "an-operator-of-the-test-cluster";

/// How long anything may take to be seen: a message that died with its worker comes again after half a
/// minute.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// What a cluster is to be like.
pub(crate) struct Plan {
    name: &'static str,
    redis_port: u16,
    event: String,
    environment: Vec<(String, String)>,
    clocks: [Option<&'static str>; 3],
    alone: MutexGuard<'static, ()>,
}

impl Plan {
    /// A cluster on the Redis at this port, with an event that is on sale and has 50 to sell. The name
    /// begins the names of all that it has in AWS. There is a plan once no other cluster is up, so times that
    /// are put into it afterwards are not spent on waiting.
    pub(crate) async fn new(name: &'static str, redis_port: u16) -> Self {
        Self {
            alone: Crowd::alone().await,
            name,
            redis_port,
            event: event("", 50),
            environment: Vec::new(),
            clocks: [None; 3],
        }
    }

    pub(crate) fn event(self, event: String) -> Self {
        Self { event, ..self }
    }

    /// A variable of all programs.
    pub(crate) fn variable(mut self, name: &str, value: String) -> Self {
        self.environment.push((name.to_owned(), value));
        self
    }

    /// The clocks of the three waiting rooms, where they are wrong: `+5m` is five minutes ahead.
    pub(crate) fn clocks(self, clocks: [Option<&'static str>; 3]) -> Self {
        Self { clocks, ..self }
    }
}

/// The event, with more `fields` and so many to sell.
pub(crate) fn event(fields: &str, stock: u64) -> String {
    format!(
        r#"
        [[event]]
        id = "aurora-live"
        name = "Aurora"
        admission_rate_per_minute = {RATE_PER_MINUTE}
        max_active_sessions = 100000
        {fields}
          [[event.offer]]
          id = "standing"
          name = "Standing"
          price_cents = 4500
          currency = "EUR"
          stock = {stock}
          max_per_order = 4
        "#
    )
}

/// Three waiting rooms, two checkouts, two fulfilment workers.
pub(crate) struct Cluster {
    pub(crate) waiting_rooms: Vec<Instance>,
    pub(crate) checkouts: Vec<Instance>,
    pub(crate) fulfilments: Vec<Instance>,
    pub(crate) aws: EmulatedAws,
    pub(crate) client: Client,
    _balancer: Balancer,
    _directory: TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Cluster {
    /// Starts it and waits until all of it is ready.
    pub(crate) async fn start(plan: Plan) -> Self {
        service_kit::serve::raise_open_files_limit();
        let directory = tempfile::tempdir().unwrap();
        let aws = EmulatedAws::prepare(plan.name, &plan.event, directory.path());
        let mut environment = aws.environment.clone();
        environment.extend(plan.environment);
        let redis = format!("redis://127.0.0.1:{}/", plan.redis_port);
        for (name, value) in [
            ("WAITING_ROOM_REDIS_URL", &*redis),
            ("WAITING_ROOM_OPERATOR_CREDENTIAL", OPERATOR),
            ("WAITING_ROOM_RECOVERY_SECONDS", RECOVERY_SECONDS),
            ("RUST_LOG", "info"),
            ("RUST_BACKTRACE", "1"),
        ] {
            environment.push((name.to_owned(), value.to_owned()));
        }
        let start = |name: String, program: &str, environment: Vec<(String, String)>| {
            Instance::start(name, program, environment, directory.path())
        };

        let waiting_rooms: Vec<Instance> = (1..=3)
            .zip(plan.clocks)
            .map(|(number, clock)| {
                let mut environment = environment.clone();
                environment.extend(clock.into_iter().flat_map(fake_clock));
                let program = env!("CARGO_BIN_EXE_waiting-room");
                start(format!("waiting-room-{number}"), program, environment)
            })
            .collect();
        let ports = waiting_rooms.iter().map(Instance::port).collect();
        let balancer = Balancer::across(ports).await;
        let jwks = format!("{}/.well-known/jwks.json", balancer.url());
        environment.push(("WAITING_ROOM_JWKS_URL".to_owned(), jwks));
        let two = |name: &str, program: &str| -> Vec<Instance> {
            let names = (1..=2).map(|number| format!("{name}-{number}"));
            names
                .map(|name| start(name, program, environment.clone()))
                .collect()
        };
        let client = Client::builder()
            .timeout(Duration::from_secs(10))
            .pool_max_idle_per_host(2_000)
            .build()
            .unwrap();
        let cluster = Self {
            checkouts: two("checkout", env!("CARGO_BIN_EXE_checkout")),
            fulfilments: two("fulfilment", env!("CARGO_BIN_EXE_fulfilment")),
            waiting_rooms,
            aws,
            client,
            _balancer: balancer,
            _directory: directory,
            _alone: plan.alone,
        };
        for instance in cluster.instances() {
            instance.ready(&cluster.client).await;
        }
        cluster
    }

    fn instances(&self) -> impl Iterator<Item = &Instance> {
        let shop = self.checkouts.iter().chain(&self.fulfilments);
        self.waiting_rooms.iter().chain(shop)
    }

    /// Sends `crowd` to all instances.
    pub(crate) fn open_to(&self, crowd: &Crowd) -> (SharedRecord, JoinSet<()>) {
        let urls = |instances: &[Instance]| instances.iter().map(Instance::url).collect();
        let addresses = Addresses {
            event: "aurora-live".to_owned(),
            waiting_rooms: urls(&self.waiting_rooms),
            checkouts: urls(&self.checkouts),
        };
        crowd.set_out(&self.client, &addresses)
    }

    /// A request to a waiting room.
    pub(crate) fn ask(&self, room: usize, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.waiting_rooms[room].url());
        self.client.request(method, url)
    }

    pub(crate) async fn board(&self, room: usize) -> Response {
        let request = self.ask(room, Method::GET, "/v1/events/aurora-live/board");
        request.send().await.unwrap()
    }

    pub(crate) async fn join(&self, room: usize, secret: &str) -> Response {
        self.ask(room, Method::POST, "/v1/events/aurora-live/queue")
            .json(&json!({ "secret": secret }))
            .send()
            .await
            .unwrap()
    }

    /// The settings as an operator sees them.
    pub(crate) async fn settings(&self, room: usize) -> Value {
        self.told(room, "settings").await
    }

    /// Changes settings as the console does.
    pub(crate) async fn change_settings(&self, room: usize, change: Value) -> Response {
        let path = "/v1/operator/events/aurora-live/settings";
        let request = self.ask(room, Method::PATCH, path).bearer_auth(OPERATOR);
        request.json(&change).send().await.unwrap()
    }

    /// The operator's figures.
    pub(crate) async fn figures(&self, room: usize) -> Value {
        self.told(room, "figures").await
    }

    async fn told(&self, room: usize, what: &str) -> Value {
        self.waiting_rooms[room].told(&self.client, what).await
    }

    /// The figures of this waiting room, once `holds` is true of them.
    pub(crate) async fn figures_once(&self, room: usize, holds: impl Fn(&Value) -> bool) -> Value {
        let room = &self.waiting_rooms[room];
        room.figures_once(&self.client, holds).await
    }

    /// Waits until so many fans were admitted.
    pub(crate) async fn admitted(&self, record: &SharedRecord, count: usize) {
        once(record, &format!("{count} admitted"), |record| {
            record.admitted.len() >= count
        })
        .await;
    }
}

/// Waits until `holds` is true of the record: `what` happened.
pub(crate) async fn once(record: &SharedRecord, what: &str, holds: impl Fn(&Record) -> bool) {
    let begun = Instant::now();
    loop {
        let record = record.lock().await;
        if holds(&record) {
            return;
        }
        let patient = begun.elapsed() < SOON;
        assert!(patient, "not {what}: {}", record.course());
        drop(record);
        sleep(Duration::from_millis(50)).await;
    }
}

/// The variables that make a program believe that its clock differs by `offset`; how time passes stays
/// right, as on a machine whose clock was set wrong.
fn fake_clock(offset: &str) -> Vec<(String, String)> {
    let library = "faketime/libfaketimeMT.so.1";
    let mut found = std::fs::read_dir("/usr/lib").unwrap().flatten();
    let library = found
        .find_map(|entry| Some(entry.path().join(library)).filter(|path| path.exists()))
        .expect("Debian's faketime");
    let variables = [
        ("LD_PRELOAD", &*library.to_string_lossy()),
        ("FAKETIME", offset),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
    ];
    variables
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

impl Drop for Cluster {
    fn drop(&mut self) {
        look_at_logs(self.instances());
    }
}
