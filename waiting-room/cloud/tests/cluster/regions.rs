//! A region dies.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use reqwest::{Client, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use test_crowd::{Addresses, Crowd, Record, Service, secret};
use tokio::{sync::MutexGuard, time::sleep};
use waiting_room_region::{AdmissionPercent, Control, ControlSource, Fence};

use crate::{
    balancer::Balancer,
    button::Button,
    cluster::{PER_SECOND, event, once},
    emulated_aws::EmulatedAws,
    region::Region,
    verdict::{assert_order_of_calls, assert_orders_at},
};

const WEST: &str = "eu-west-1";
const EAST: &str = "eu-central-1";

const STOCK: u64 = 50;

/// From the button to the first fan who is let in.
const WITHIN: Duration = Duration::from_secs(60);

/// Few enough orders for the emulator.
const CROWD: Crowd = Crowd {
    no_shows_in_ten: 3,
    buyers_in_ten: 2,
    arrive_within: Duration::from_secs(6),
    patience: Duration::from_secs(240),
    ..Crowd::of(180)
};

/// One on-sale in two regions, and the front that leads to one of them.
struct OnSale {
    west: Region,
    east: Region,
    rooms: Vec<Balancer>,
    shop: Balancer,
    button: Button,
    aws: EmulatedAws,
    client: Client,
    _directory: TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl OnSale {
    /// Prepares it, with the control item that the infrastructure makes: `WEST` is active.
    async fn prepare(name: &'static str) -> Self {
        let alone = Crowd::alone().await;
        service_kit::serve::raise_open_files_limit();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let aws = EmulatedAws::prepare(name, &event("", STOCK), path);
        let elsewhere = aws.another_region(&format!("{name}-east"));
        let west = Region::prepare(WEST, aws.environment.clone(), path);
        let east = Region::prepare(EAST, elsewhere, path);
        let mut rooms = Vec::new();
        for number in 0..2 {
            let ports = [&west, &east].map(|region| region.waiting_rooms[number].port());
            rooms.push(front(path, ports).await);
        }
        let shop = front(path, [west.checkout.port(), east.checkout.port()]).await;
        let regions = [&west, &east];
        let regions = regions.map(|region| (region.name, region.waiting_rooms[0].url()));
        let site = rooms[0].url();
        let button = Button::new(aws.environment.clone(), path, site, regions.into());
        std::fs::write(path.join("front"), WEST).unwrap();
        let first = aws.control().fence(&WEST.parse().unwrap(), None).await;
        let Control { active, epoch, .. } = first.unwrap();
        let all = AdmissionPercent::ALL;
        aws.control().admit(&active, epoch, all).await.unwrap();
        Self {
            west,
            east,
            rooms,
            shop,
            button,
            aws,
            client: Client::builder()
                .timeout(Duration::from_secs(10))
                .pool_max_idle_per_host(2_000)
                .build()
                .unwrap(),
            _directory: directory,
            _alone: alone,
        }
    }

    fn addresses(&self) -> Addresses {
        Addresses {
            event: "aurora-live".to_owned(),
            waiting_rooms: self.rooms.iter().map(Balancer::url).collect(),
            checkouts: vec![self.shop.url()],
        }
    }

    async fn control(&self) -> Control {
        self.aws.control().read().await.unwrap().unwrap()
    }
}

/// What leads to the port of the region that is switched to.
async fn front(directory: &Path, [west, east]: [u16; 2]) -> Balancer {
    let region = Button::front(directory);
    Balancer::by(move || match &*region() {
        WEST => vec![west],
        EAST => vec![east],
        _ => Vec::new(),
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_region_that_dies_in_the_middle_of_an_on_sale_costs_nobody_a_place_and_no_order() {
    let mut on_sale = OnSale::prepare("regions").await;
    on_sale.east.start(&on_sale.client).await;
    // The queue that stands by is older than the one that fans stand in: to them it is no new one by itself.
    let standing_by = on_sale.east.epoch(&on_sale.client).await;
    while service_kit::now().as_micros() / 1_000_000 <= standing_by {
        sleep(Duration::from_millis(100)).await;
    }
    on_sale.west.start(&on_sale.client).await;
    let lost = on_sale.west.epoch(&on_sale.client).await;
    assert!(lost > standing_by);
    on_sale.west.fulfilment.restart();
    let (record, fans) = CROWD.set_out(&on_sale.client, &on_sale.addresses());

    // Orders lie in the queue of the region that dies, and nobody is left to settle them.
    once(&record, "10 admitted", |record| record.admitted.len() >= 10).await;
    on_sale.west.fulfilment.kill();
    once(&record, "40 admitted, 3 orders pending", |record| {
        record.admitted.len() >= 40 && record.accepted.len() >= record.bought.len() + 3
    })
    .await;
    on_sale.west.kill();
    let (died_at, pending) = {
        let mut record = record.lock().await;
        record.losses.push(Instant::now());
        let pending = record.accepted.len() - record.bought.len();
        (service_kit::now().as_micros(), pending)
    };

    let pressed_at = service_kit::now().as_micros();
    // What the automation document raises from none.
    on_sale.east.fulfilment.restart();
    let (pressed, open_since) = tokio::join!(
        on_sale.button.press(EAST),
        door_opens(&on_sale.east, &on_sale.client)
    );
    let told = String::from_utf8_lossy(&pressed.stdout);
    let errors = String::from_utf8_lossy(&pressed.stderr);
    assert!(pressed.status.success(), "{told}{errors}");
    fans.join_all().await;

    let record = record.lock().await;
    let times = record.claim_times();
    let before = times.iter().filter(|at| **at < died_at).count();
    let first = times.iter().find(|at| **at > died_at).unwrap() - pressed_at;
    let first = Duration::from_micros(first);
    assert!(first < WITHIN, "the first was let in after {first:?}");
    assert!(
        first > Fence::LEASE,
        "the other region may have admitted still"
    );
    assert!(on_sale.east.epoch(&on_sale.client).await > lost);
    record.assert_fair(&CROWD, PER_SECOND);
    assert_served_in_order(&record, open_since);
    let (room, checkout) = (&on_sale.east.waiting_rooms[0], &on_sale.east.checkout);
    assert_orders_at(&on_sale.client, room, checkout, &record, STOCK).await;

    the_dead_region_comes_back_and_refuses(&mut on_sale, &record).await;
    let (confirmed, refused) = record.confirmed_and_refused();
    println!(
        "{told}cluster: region killed after {before} admissions with {pending} orders pending: first admission in the \
         other one {first:.1?} after the button, {} admitted there, {} overtaken, orders {confirmed}/{refused}/{} \
         confirmed/refused/lost, at most {} in 10 s of {} allowed, retried requests {} at the waiting room and {} at \
         checkout",
        times.len() - before,
        record.overtaken().len(),
        record.accepted.len() - record.bought.len(),
        record.most_in_ten_seconds(),
        Record::allowed_in_ten_seconds(PER_SECOND),
        record.retried(Service::WaitingRoom),
        record.retried(Service::Checkout),
    );
}

/// When all of the region's waiting rooms admit.
async fn door_opens(region: &Region, client: &Client) -> Instant {
    for room in &region.waiting_rooms {
        let admits = |figures: &Value| figures["region_percent"].as_u64() > Some(0);
        room.figures_once(client, admits).await;
    }
    Instant::now()
}

/// In the region that took over, fans were called in the order of the places in their tokens. By the ends of their
/// calls that can be told from when the door was open for good: while one waiting room has read that it may admit and
/// the other has not, the time in which calls run stands still and goes on.
fn assert_served_in_order(record: &Record, open_since: Instant) {
    assert_order_of_calls(record);
    let last = record.sights.iter().map(|sight| sight.epoch).max();
    let sights = record.sights.iter();
    let there = sights.filter(|sight| Some(sight.epoch) == last && sight.asked > open_since);
    let there = Record {
        sights: there.cloned().collect(),
        ..Record::default()
    };
    let called = there.sights.iter().filter(|sight| sight.called).count();
    assert!(called > 20, "only {called} were seen called there");
    let out_of_order = there.called_out_of_order();
    assert!(out_of_order.is_empty(), "{out_of_order:?}");
}

/// Places go on there; nobody is let in, no order is taken, and what its queue still holds is settled already.
async fn the_dead_region_comes_back_and_refuses(on_sale: &mut OnSale, record: &Record) {
    let OnSale { west, client, .. } = on_sale;
    west.revive(client).await;
    for room in &west.waiting_rooms {
        let figures = room
            .figures_once(client, |figures| {
                figures["phase"] == "paused" && figures["orders"]["queue_depth"] == 0
            })
            .await;
        assert_eq!(figures["region_percent"], 0);
        let reason = figures["message"].as_str().unwrap_or_default();
        assert!(reason.contains("Your place is kept"), "{figures}");
    }
    let events = format!("{}/v1/events/aurora-live", west.waiting_rooms[0].url());
    // One who is new, and those who have been through the door of the other region.
    let all = ["a-fan-who-comes-too-early".to_owned()].into_iter();
    for secret in all.chain((0..10).map(|number| secret("crowd", number))) {
        let join = client.post(format!("{events}/queue"));
        let seat = join.json(&json!({ "secret": secret })).send().await;
        let seat = seat.unwrap();
        assert!(seat.status().is_success(), "{}", seat.status());
        let seat: Value = seat.json().await.unwrap();
        let claim = client.post(format!("{events}/admission"));
        let claim = claim.bearer_auth(seat["queue_token"].as_str().unwrap());
        refuses(claim.send().await.unwrap(), 429, "/problems/door-busy").await;
    }
    let order = json!({
        "lines": [{"offer": "standing", "quantity": 1}], "name": "A Fan", "email": "fan@example.org"
    });
    for (number, bought) in record.bought.iter().enumerate() {
        let place = client.post(format!("{}/v1/orders", west.checkout.url()));
        let place = place.bearer_auth(&bought.admission_token).json(&order);
        let place = place.header("idempotency-key", format!("once-more-{number}"));
        refuses(
            place.send().await.unwrap(),
            503,
            "/problems/region-not-active",
        )
        .await;
    }
    let (room, checkout) = (&on_sale.east.waiting_rooms[0], &on_sale.east.checkout);
    assert_orders_at(&on_sale.client, room, checkout, record, STOCK).await;
}

async fn refuses(answer: Response, status: u16, problem: &str) {
    assert_eq!(answer.status().as_u16(), status);
    assert!(answer.headers().contains_key("retry-after"));
    let told: Value = answer.json().await.unwrap();
    assert_eq!(told["type"], problem, "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_button_goes_on_where_it_was_and_does_nothing_twice() {
    let mut on_sale = OnSale::prepare("button").await;
    on_sale.east.start(&on_sale.client).await;
    let (button, client) = (&on_sale.button, &on_sale.client);
    let room = &on_sale.east.waiting_rooms[0];
    let status = |output: &std::process::Output| output.status.code();

    let unknown = button.press("eu-nowhere-1").await;
    assert_eq!(status(&unknown), Some(2), "{unknown:?}");
    assert_eq!(on_sale.control().await.active.as_str(), WEST);

    let stood_by = room.told(client, "figures").await;
    button.press_and_kill(EAST).await;
    let fenced = on_sale.control().await;
    assert_eq!((fenced.active.as_str(), fenced.epoch), (EAST, 2));
    assert_eq!(fenced.percent, AdmissionPercent::NONE);
    let taken_over = room
        .figures_once(client, |figures| {
            figures["epoch"].as_u64() > stood_by["epoch"].as_u64()
        })
        .await;

    let pressed = button.press(EAST).await;
    assert_eq!(status(&pressed), Some(0), "{pressed:?}");
    let done = on_sale.control().await;
    assert_eq!((done.epoch, done.percent), (2, AdmissionPercent::ALL));
    let again = button.press(EAST).await;
    assert_eq!(status(&again), Some(0), "{again:?}");
    assert_eq!(on_sale.control().await, done);
    let figures = room
        .figures_once(client, |figures| figures["phase"] == "admitting")
        .await;
    assert_eq!(figures["epoch"], taken_over["epoch"], "begun twice");

    let to_the_dead = button.press_briefly(WEST).await;
    assert_eq!(status(&to_the_dead), Some(4), "{to_the_dead:?}");
    assert_eq!(on_sale.control().await, done, "nobody would admit now");
}
