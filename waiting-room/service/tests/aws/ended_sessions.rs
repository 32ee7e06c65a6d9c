//! The sessions that checkout ended.

mod interrupted;

use std::{sync::Arc, time::Duration};

use aws_sdk_sqs::{Client, types::QueueAttributeName};
use serde_json::json;
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use waiting_room::{
    aws::ended_sessions,
    queue_store::{EmbeddedQueueStore, QueueStore, Regime},
};
use waiting_room_core::{
    AdmissionRate, Claim, EventId, MaxActiveSessions, Message, Mode, Place, Rules, Schedule,
    SessionId, Settings, TicketId, Timestamp,
};

use self::interrupted::Interrupted;
use crate::support::{PATIENCE, aws, eventually, moto, new_event, unique};

/// An event with sessions, and the queue of those that ended.
struct Bench {
    client: Client,
    queue_url: String,
    event: EventId,
    store: Arc<Interrupted>,
    regime: Regime,
    shutdown: CancellationToken,
    _directory: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let client = Client::new(&aws(moto().port()).await);
        let created = client
            .create_queue()
            .queue_name(unique("ended-sessions"))
            .attributes(QueueAttributeName::VisibilityTimeout, "1")
            .send()
            .await
            .unwrap();
        let (event, regime) = (new_event(), bypass());
        let directory = tempfile::tempdir().unwrap();
        let events = [(&event, &regime)].into_iter();
        let clock = Arc::new(service_kit::now);
        let store = EmbeddedQueueStore::open(directory.path(), Duration::ZERO, events, clock);
        Self {
            client,
            queue_url: created.queue_url.unwrap(),
            event,
            store: Arc::new(Interrupted::new(store.unwrap())),
            regime,
            shutdown: CancellationToken::new(),
            _directory: directory,
        }
    }

    /// Fan `n` goes to checkout.
    async fn session(&self, n: u8) -> (TicketId, SessionId) {
        let (ticket, session) = (
            TicketId::from_bytes([n; 16]),
            SessionId::from_bytes([n; 16]),
        );
        let place = Place::new(u64::from(n)).unwrap();
        let claim = self
            .store
            .claim(&self.event, ticket, place, session, &self.regime);
        let claim = claim.await.unwrap();
        assert!(matches!(claim, Claim::Admitted { .. }), "{claim:?}");
        (ticket, session)
    }

    async fn sessions(&self) -> u64 {
        let snapshot = self.store.snapshot(&self.event, &self.regime).await;
        snapshot.unwrap().sessions
    }

    async fn send(&self, body: impl ToString) {
        let send = self.client.send_message().queue_url(&self.queue_url);
        send.message_body(body.to_string()).send().await.unwrap();
    }

    async fn tell_ended(&self, (ticket, session): (TicketId, SessionId)) {
        let body = json!({"event": self.event, "ticket": ticket, "session": session});
        self.send(body).await;
    }

    /// How many messages there are, seen or unseen.
    async fn messages(&self) -> u32 {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let ask = self
            .client
            .get_queue_attributes()
            .queue_url(&self.queue_url);
        let ask = ask.set_attribute_names(Some(names.to_vec()));
        let attributes = ask.send().await.unwrap().attributes.unwrap();
        let count = |name| attributes[name].parse::<u32>().unwrap();
        names.iter().map(count).sum()
    }

    fn run(&self) -> JoinHandle<()> {
        tokio::spawn(ended_sessions::run(
            self.client.clone(),
            self.queue_url.clone(),
            self.store.clone(),
            self.shutdown.clone(),
        ))
    }

    async fn until_empty(&self) {
        let emptied = async {
            while self.messages().await > 0 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, emptied).await.unwrap();
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

fn bypass() -> Regime {
    Regime {
        rules: Rules {
            schedule: Schedule {
                opens_at: Timestamp::default(),
                on_sale_at: Timestamp::default(),
                closes_at: None,
            },
            session_length: Duration::from_secs(3_600),
            call_window: Duration::from_secs(60),
            calls_per_ticket: 2,
            tick: Duration::from_secs(1),
            capacity: 100,
        },
        settings: Settings {
            admission_rate_per_minute: AdmissionRate::new(600).unwrap(),
            max_active_sessions: MaxActiveSessions::new(100).unwrap(),
            mode: Mode::Bypass,
            message: Message::default(),
        },
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_checkout_ended_gives_its_slot_back_once() {
    let bench = Bench::new().await;
    bench.session(1).await;
    for n in 2..=25 {
        let ended = bench.session(n).await;
        bench.tell_ended(ended).await;
        // A message may come twice.
        bench.tell_ended(ended).await;
    }
    assert_eq!(bench.sessions().await, 25);
    bench.run();
    bench.until_empty().await;
    assert_eq!(bench.sessions().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_read_holds_nothing_up() {
    let bench = Bench::new().await;
    for rubbish in [
        json!("{"),
        json!([1]),
        json!({"event": bench.event}),
        json!({"event": "Not A Slug", "ticket": "x", "session": null}),
    ] {
        bench.send(rubbish).await;
    }
    let ended = bench.session(1).await;
    bench.tell_ended(ended).await;
    bench.run();
    bench.until_empty().await;
    assert_eq!(bench.sessions().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_store_does_not_answer_no_message_is_lost_or_taken() {
    let bench = Bench::new().await;
    let ended = bench.session(1).await;
    bench.store.interrupt(true);
    bench.tell_ended(ended).await;
    bench.run();
    // It asks whether the store is back again and again, but tries the message no more.
    eventually(|| bench.store.asked_ready() >= 3).await;
    assert_eq!(bench.store.asked_to_end(), 1);
    assert_eq!(bench.messages().await, 1);
    bench.store.interrupt(false);
    bench.until_empty().await;
    assert_eq!(bench.sessions().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_poll_does_not_hold_up_the_shutdown() {
    let bench = Bench::new().await;
    let ended = bench.session(1).await;
    bench.tell_ended(ended).await;
    let running = bench.run();
    bench.until_empty().await;
    bench.shutdown.cancel();
    // Far less than the long poll that it is in.
    assert!(timeout(Duration::from_secs(10), running).await.is_ok());
}
