use std::{sync::Arc, time::Duration};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::Client;
use serde_json::Value;
use tokio::{
    sync::{Mutex, MutexGuard},
    task::JoinSet,
    time::{sleep, timeout},
};
use waiting_room_core::Timestamp;

use crate::{
    caller::Caller,
    fan::Fan,
    record::{Record, SharedRecord},
};

/// Who comes, and what they are like. Shares are of each ten fans, in the order of their numbers.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// How many.
    pub fans: usize,
    /// How many in ten never come when called.
    pub no_shows_in_ten: usize,
    /// How many in ten of those who are admitted place an order, where there is a checkout; half of them
    /// send it twice at the same time.
    pub buyers_in_ten: usize,
    /// How many in ten of those who are admitted come to the door once more.
    pub doubters_in_ten: usize,
    /// The fans arrive spread over this time.
    pub arrive_within: Duration,
    /// Who is not done by then gives up.
    pub patience: Duration,
    /// What all that is random begins with.
    pub seed: u64,
}

/// Where a crowd goes.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// The event.
    pub event: String,
    /// The waiting room's instances, as `http://host:port`.
    pub waiting_rooms: Vec<String>,
    /// Checkout's instances; none where nobody buys.
    pub checkouts: Vec<String>,
}

/// Two crowds at once would measure each other.
static ONE_CROWD: Mutex<()> = Mutex::const_new(());

/// How often the board is looked at.
const GLANCE: Duration = Duration::from_millis(200);

impl Crowd {
    /// Fans who all come at once, come when called and buy nothing.
    pub const fn of(fans: usize) -> Self {
        Self {
            fans,
            no_shows_in_ten: 0,
            buyers_in_ten: 0,
            doubters_in_ten: 0,
            arrive_within: Duration::ZERO,
            patience: Duration::from_secs(120),
            seed: 1,
        }
    }

    /// Waits until no other crowd is out.
    pub async fn alone() -> MutexGuard<'static, ()> {
        ONE_CROWD.lock().await
    }

    /// How many of them come when called.
    pub fn coming(&self) -> usize {
        (0..self.fans).filter(|number| self.comes(*number)).count()
    }

    fn comes(&self, number: usize) -> bool {
        number % 10 >= self.no_shows_in_ten
    }

    /// Sends all fans to the queue; each ends when it is through and has bought what it wanted, when it
    /// does not come, or when its patience ends.
    pub fn set_out(&self, client: &Client, addresses: &Addresses) -> (SharedRecord, JoinSet<()>) {
        let record = SharedRecord::default();
        let addresses = Arc::new(addresses.clone());
        tokio::spawn(watch(client.clone(), addresses.clone(), record.clone()));
        let mut fans = JoinSet::new();
        for number in 0..self.fans {
            let mut rng = StdRng::seed_from_u64(self.seed ^ (number as u64) << 20);
            let arrives = self.arrive_within.mul_f64(rng.random_range(0.0..1.0));
            let fan = Fan {
                secret: secret("crowd", number),
                comes: self.comes(number),
                buys: rng.random_range(0..10) < self.buyers_in_ten
                    && !addresses.checkouts.is_empty(),
                sends_twice: rng.random_bool(0.5),
                doubts: rng.random_range(0..10) < self.doubters_in_ten,
                caller: Caller::new(client.clone(), rng, record.clone()),
                addresses: addresses.clone(),
                record: record.clone(),
            };
            let patience = self.patience;
            fans.spawn(async move {
                sleep(arrives).await;
                let _ = timeout(patience, fan.live()).await;
            });
        }
        (record, fans)
    }
}

/// A secret of the fan with this `number`, of a test's own by its `name` of at most 12 characters.
pub fn secret(name: &str, number: usize) -> String {
    format!("{name:a<12}{number:010}")
}

/// Notes when fans wait, for as long as somebody keeps the record.
async fn watch(client: Client, addresses: Arc<Addresses>, record: Arc<Mutex<Record>>) {
    let mut turn = 0;
    while Arc::strong_count(&record) > 1 {
        sleep(GLANCE).await;
        let base = &addresses.waiting_rooms[turn % addresses.waiting_rooms.len()];
        turn += 1;
        let url = format!("{base}/v1/events/{}/board", addresses.event);
        let request = client.get(url).timeout(Duration::from_secs(2));
        let Ok(response) = request.send().await else {
            continue;
        };
        let Ok(board) = response.json::<Value>().await else {
            continue;
        };
        let at = board["at"].as_str().and_then(Timestamp::parse);
        if let Some(at) = at
            && board["waiting"].as_u64() > Some(0)
        {
            record.lock().await.waited_at.push(at.as_micros());
        }
    }
}
