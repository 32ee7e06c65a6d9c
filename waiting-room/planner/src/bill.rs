use serde::Serialize;

use crate::Prices;

/// What an on-sale uses up: the units that cost.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Consumption {
    /// Requests that the CDN answers.
    pub cdn_requests: f64,
    /// Of these, requests for the board.
    pub board_requests: f64,
    /// Of these, requests for the event and its stock.
    pub event_requests: f64,
    /// GB (10⁹ bytes) sent.
    pub gb_out: f64,
    /// Of these, boards.
    pub board_gb_out: f64,
    /// Hours that all fans together wait.
    pub hours_waited: f64,
    /// DynamoDB write request units, at most.
    pub dynamodb_writes: f64,
    /// DynamoDB read request units, about.
    pub dynamodb_reads: f64,
    /// SQS messages: one for each order, one for each session that an order ended.
    pub sqs_messages: f64,
    /// SQS requests, at most.
    pub sqs_requests: f64,
    /// Hours from the beginning to the last admission.
    pub hours: f64,
    /// Hours of all processes of the waiting room together.
    pub instance_hours: f64,
}

/// Write units for each order: the draft, the ticket that names it, its settlement, the ended session and
/// its removal, each with the index's entry where there is one (9), and the ledger's ruling and closing,
/// which orders share when many come at once (2).
const WRITES_PER_ORDER: f64 = 11.0;

/// Read units for each order: the ticket, the ended session, the order when it is settled (with its ticket),
/// and when its page asks for it.
const READS_PER_ORDER: f64 = 8.0;

/// Messages for each order, and the requests of a message: sent, received, deleted. Up to ten messages share
/// a request.
const MESSAGES_PER_ORDER: f64 = 2.0;
const REQUESTS_PER_MESSAGE: f64 = 3.0;

impl Consumption {
    pub(crate) fn order(&mut self, orders: f64) {
        self.dynamodb_writes += orders * WRITES_PER_ORDER;
        self.dynamodb_reads += orders * READS_PER_ORDER;
        self.sqs_messages += orders * MESSAGES_PER_ORDER;
        self.sqs_requests += orders * MESSAGES_PER_ORDER * REQUESTS_PER_MESSAGE;
    }
}

/// What it costs, the most expensive first.
#[derive(Clone, Debug, Serialize)]
pub struct Bill {
    /// What for.
    pub lines: Vec<BillLine>,
    /// US dollars in all.
    pub total: f64,
    /// US dollars for a million fans.
    pub per_million_fans: f64,
    /// US dollars for a million hours that fans wait.
    pub per_million_hours_waited: f64,
}

/// One line of a bill.
#[derive(Clone, Debug, Serialize)]
pub struct BillLine {
    /// What for.
    pub what: &'static str,
    /// How much of it, in `unit`.
    pub quantity: f64,
    /// What is counted.
    pub unit: &'static str,
    /// US dollars.
    pub dollars: f64,
}

impl Bill {
    /// What `used` costs for `fans` at `prices`.
    pub fn of(used: &Consumption, fans: u64, prices: &Prices) -> Self {
        let line = |what, quantity: f64, unit, price: f64| BillLine {
            what,
            quantity,
            unit,
            dollars: quantity * price,
        };
        let cache_hours = used.hours * f64::from(prices.cache_nodes);
        let mut lines = vec![
            line(
                "CDN requests",
                used.cdn_requests / 1e6,
                "million",
                prices.cdn_per_million_requests,
            ),
            line("CDN data out", used.gb_out, "GB", prices.cdn_per_gb),
            line(
                "DynamoDB writes",
                used.dynamodb_writes / 1e6,
                "million units",
                prices.dynamodb_per_million_writes,
            ),
            line(
                "DynamoDB reads",
                used.dynamodb_reads / 1e6,
                "million units",
                prices.dynamodb_per_million_reads,
            ),
            line(
                "SQS requests",
                used.sqs_requests / 1e6,
                "million",
                prices.sqs_per_million_requests,
            ),
            line(
                "waiting-room tasks",
                used.instance_hours,
                "task hours",
                prices.instance_per_hour,
            ),
            line(
                "queue store",
                cache_hours,
                "node hours",
                prices.cache_node_per_hour,
            ),
        ];
        lines.sort_by(|a, b| b.dollars.total_cmp(&a.dollars));
        let total = lines.iter().map(|line| line.dollars).sum();
        Self {
            lines,
            total,
            per_million_fans: total / fans as f64 * 1e6,
            per_million_hours_waited: total / used.hours_waited.max(1.0) * 1e6,
        }
    }
}
