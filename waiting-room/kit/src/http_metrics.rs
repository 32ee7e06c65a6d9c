//! Counts and times requests by route.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use arc_swap::ArcSwap;
use axum::extract::MatchedPath;
use http::{Method, StatusCode};
use metrics::{Counter, Histogram, Unit, counter, describe_counter, describe_histogram, histogram};

const REQUESTS: &str = "http_requests_total";
const SECONDS: &str = "http_request_seconds";

/// Tells the metrics' help texts; once a process.
pub fn describe() {
    describe_counter!(
        REQUESTS,
        "Requests answered, by route, method and status class"
    );
    describe_histogram!(
        SECONDS,
        Unit::Seconds,
        "Time until a request's answer began, by route"
    );
}

/// The route that a request turned out to be for, if any takes it.
#[derive(Debug, Default)]
pub(crate) struct Route(OnceLock<Label>);

/// The path of a route, with its parameters' names.
#[derive(Debug)]
pub(crate) enum Label {
    /// As the router matched it.
    Matched(MatchedPath),
    /// Of a route that was answered for before the router was asked.
    Quick(&'static str),
}

impl Route {
    /// The request is for the route of this path.
    pub(crate) fn is(&self, path: Label) {
        let _ = self.0.set(path);
    }

    /// What the metrics call it.
    pub(crate) fn label(&self) -> &str {
        match self.0.get() {
            Some(Label::Matched(path)) => path.as_str(),
            Some(Label::Quick(path)) => path,
            None => "none",
        }
    }
}

/// The metrics of all routes; those of one are made when it is first asked for.
#[derive(Default)]
pub(crate) struct HttpMetrics(ArcSwap<HashMap<String, Arc<OfRoute>>>);

impl HttpMetrics {
    /// A request was answered.
    pub(crate) fn answered(
        &self,
        route: &str,
        method: &Method,
        status: StatusCode,
        after: Duration,
    ) {
        match self.0.load().get(route) {
            Some(known) => known.answered(method, status, after),
            None => self.learn(route).answered(method, status, after),
        }
    }

    fn learn(&self, label: &str) -> Arc<OfRoute> {
        let fresh = Arc::new(OfRoute::new(label.to_owned()));
        self.0.rcu(|known| {
            let mut known = HashMap::clone(known);
            known
                .entry(label.to_owned())
                .or_insert_with(|| fresh.clone());
            known
        });
        fresh
    }
}

const METHODS: [&str; 5] = ["GET", "POST", "PATCH", "DELETE", "other"];
const CLASSES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];

struct OfRoute {
    label: String,
    seconds: Histogram,
    requests: [[OnceLock<Counter>; CLASSES.len()]; METHODS.len()],
}

impl OfRoute {
    fn new(label: String) -> Self {
        Self {
            seconds: histogram!(SECONDS, "route" => label.clone()),
            label,
            requests: Default::default(),
        }
    }

    fn answered(&self, method: &Method, status: StatusCode, after: Duration) {
        let (method, class) = (method_index(method), class_index(status));
        let requests = self.requests[method][class].get_or_init(|| {
            let route = self.label.clone();
            counter!(REQUESTS, "route" => route, "method" => METHODS[method], "status" => CLASSES[class])
        });
        requests.increment(1);
        self.seconds.record(after.as_secs_f64());
    }
}

/// The method as a label; one of a few, so that nobody can make the metrics grow by inventing some.
fn method_index(method: &Method) -> usize {
    let name = method.as_str();
    METHODS
        .iter()
        .position(|known| *known == name)
        .unwrap_or(METHODS.len() - 1)
}

fn class_index(status: StatusCode) -> usize {
    match status.as_u16() / 100 {
        2 => 0,
        3 => 1,
        4 => 2,
        _ => 3,
    }
}
