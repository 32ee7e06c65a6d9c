use std::time::Duration;

use rand::RngExt;
use serde_json::json;
use tokio::time::sleep;

use crate::{
    caller::{Answer, Caller, Service},
    record::{Bought, SharedRecord},
};

/// How often a fan asks what became of the order.
const POLL: Duration = Duration::from_millis(1_500);

/// What all buyers want; an event without it refuses their orders.
const OFFER: &str = "standing";

/// Places one order and waits until it is settled.
pub(crate) async fn buy(
    caller: &mut Caller,
    checkouts: &[String],
    admission_token: &str,
    twice: bool,
    record: &SharedRecord,
) {
    let key = format!("order-{:016x}", caller.dice().random::<u64>());
    let quantity = caller.dice().random_range(1..=2);
    let order = Order {
        checkouts,
        admission_token,
        key,
        quantity,
    };
    let placed = if twice {
        let mut other_tab = caller.another();
        let (first, second) = tokio::join!(order.place(caller), order.place(&mut other_tab));
        if first.text("order_id") != second.text("order_id") {
            let told = format!("one key, two orders: {} {}", first.body, second.body);
            record.lock().await.unexpected.push(told);
        }
        first
    } else {
        order.place(caller).await
    };
    record.lock().await.accepted.push(placed.text("order_id"));
    let path = placed.text("status_url");
    let settled = loop {
        let seen = order.ask(caller, &path).await;
        if seen.text("state") != "pending" {
            break seen;
        }
        let spread = caller.dice().random_range(0.8..1.2);
        sleep(POLL.mul_f64(spread)).await;
    };
    record.lock().await.bought.push(Bought {
        order: placed.text("order_id"),
        state: settled.text("state"),
        reason: settled.body["reason"].as_str().map(str::to_owned),
        settled_at: settled.text("settled_at"),
        quantity,
        admission_token: admission_token.to_owned(),
    });
}

struct Order<'a> {
    checkouts: &'a [String],
    admission_token: &'a str,
    key: String,
    quantity: u32,
}

impl Order<'_> {
    async fn place(&self, caller: &mut Caller) -> Answer {
        let body = json!({
            "lines": [{"offer": OFFER, "quantity": self.quantity}],
            "name": "A Fan",
            "email": "fan@example.org",
        });
        caller
            .until_answered(self.instances(), &[200, 202], |client, base| {
                client
                    .post(format!("{base}/v1/orders"))
                    .bearer_auth(self.admission_token)
                    .header("idempotency-key", &self.key)
                    .json(&body)
            })
            .await
    }

    async fn ask(&self, caller: &mut Caller, path: &str) -> Answer {
        caller
            .until_answered(self.instances(), &[200], |client, base| {
                client
                    .get(format!("{base}{path}"))
                    .bearer_auth(self.admission_token)
            })
            .await
    }

    fn instances(&self) -> (Service, &[String]) {
        (Service::Checkout, self.checkouts)
    }
}
