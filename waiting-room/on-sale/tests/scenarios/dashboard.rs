//! The Grafana dashboard asks for nothing that the program does not expose.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::program::{Program, event, json_of};

const DASHBOARD: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../infra/grafana/waiting-room.json"
));

/// What PromQL itself knows, as far as the dashboard uses it.
const LANGUAGE: [&str; 10] = [
    "by",
    "count",
    "histogram_quantile",
    "max",
    "min",
    "or",
    "rate",
    "sum",
    "time",
    "vector",
];

/// Labels that Prometheus adds: to each series where it was scraped, to each bucket its bound.
const ADDED: [&str; 3] = ["instance", "job", "le"];

/// The series of each metric, as their labels.
type Exposed = BTreeMap<String, Vec<BTreeMap<String, String>>>;

fn exposed(metrics: &str) -> Exposed {
    let mut exposed = Exposed::new();
    for line in metrics.lines().filter(|line| !line.starts_with('#')) {
        let Some((series, _value)) = line.rsplit_once(' ') else {
            continue;
        };
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let labels = labels.trim_end_matches('}').split("\",");
        let labels = labels.filter_map(|label| label.split_once("=\""));
        let labels =
            labels.map(|(name, value)| (name.to_owned(), value.trim_end_matches('"').to_owned()));
        exposed
            .entry(name.to_owned())
            .or_default()
            .push(labels.collect());
    }
    exposed
}

/// What is wrong with `expression`, given what is `exposed`.
fn fault(expression: &str, exposed: &Exposed) -> Option<String> {
    // Durations and strings hold words that are none of the language's.
    let mut words = String::new();
    let mut selectors = Vec::new();
    let mut rest = expression;
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open);
        let close = after.find('}')?;
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let name = before
            .rfind(|c| !is_word(c))
            .map_or(before, |at| &before[at + 1..]);
        words += &before[..before.len() - name.len()];
        words.push(' ');
        selectors.push((name, &after[1..close]));
        rest = &after[close + 1..];
    }
    words += rest;
    if selectors.is_empty() {
        return Some("it asks for no metric".to_owned());
    }
    let mut labels = BTreeSet::new();
    while let Some(by) = words.find("by (") {
        let end = by + words[by..].find(')')?;
        labels.extend(
            words[by + 4..end]
                .split(',')
                .map(|label| label.trim().to_owned()),
        );
        words.replace_range(by..=end, " ");
    }
    while let Some(open) = words.find('[') {
        let close = open + words[open..].find(']')?;
        words.replace_range(open..=close, " ");
    }
    let is_name = |word: &&str| word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let mut known = words
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(is_name);
    if let Some(unknown) = known.find(|word| !LANGUAGE.contains(word)) {
        return Some(format!(
            "{unknown} is neither PromQL nor a metric with braces"
        ));
    }
    for (name, matchers) in &selectors {
        let Some(series) = exposed.get(*name) else {
            return Some(format!("there is no metric {name}"));
        };
        let matchers = matchers
            .split(',')
            .filter_map(|matcher| matcher.trim().split_once('='));
        let wanted: Vec<_> = matchers
            .map(|(label, value)| (label, value.trim_matches('"')))
            .collect();
        let fits = |labels: &BTreeMap<String, String>| {
            wanted.iter().all(|(label, value)| {
                let found = labels.get(*label);
                found.is_some_and(|found| value.starts_with('$') || found == value)
            })
        };
        if !series.iter().any(fits) {
            return Some(format!("{name} has no series with {wanted:?}"));
        }
        let has = |label: &String| series.iter().any(|labels| labels.contains_key(label));
        if let Some(missing) = labels
            .iter()
            .find(|label| !ADDED.contains(&label.as_str()) && !has(label))
        {
            return Some(format!("{name} has no label {missing}"));
        }
    }
    None
}

/// Every expression of the dashboard, with its panel's title.
fn expressions(dashboard: &Value) -> Vec<(String, String)> {
    let panels = dashboard["panels"].as_array().unwrap();
    let of_panels = panels.iter().flat_map(|panel| {
        let targets = panel["targets"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let title = panel["title"].as_str().unwrap();
        targets.iter().map(move |target| {
            (
                title.to_owned(),
                target["expr"].as_str().unwrap().to_owned(),
            )
        })
    });
    of_panels.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_metric_and_label_of_the_dashboard_is_exposed() {
    let program = Program::start(&event(600, ""), &[]);
    let (_, admission_token) = program.admit("dashboard", 1).await;
    let order = program
        .request(Method::POST, "/v1/orders")
        .bearer_auth(admission_token)
        .header("idempotency-key", "dashboard-1")
        .json(&json!({
            "lines": [{"offer": "standing", "quantity": 1}],
            "name": "Ana",
            "email": "ana@example.com",
        }));
    let order = order.send().await.unwrap();
    assert_eq!(
        order.status(),
        StatusCode::ACCEPTED,
        "{}",
        json_of(order).await
    );

    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let expressions = expressions(&dashboard);
    assert!(expressions.len() > 30, "{}", expressions.len());
    let begun = Instant::now();
    loop {
        let metrics = program
            .request(Method::GET, "/metrics")
            .send()
            .await
            .unwrap();
        let exposed = exposed(&metrics.text().await.unwrap());
        let faults = expressions.iter().filter_map(|(panel, expression)| {
            Some(format!(
                "{panel}: {}: {expression}",
                fault(expression, &exposed)?
            ))
        });
        let faults: Vec<_> = faults.collect();
        if faults.is_empty() {
            return;
        }
        // The order is settled, and the order queue looked at, in a while.
        assert!(begun.elapsed() < Duration::from_secs(40), "{faults:#?}");
        sleep(Duration::from_millis(500)).await;
    }
}

#[test]
fn what_is_not_exposed_is_found() {
    let exposed = exposed(
        "# HELP x\nfans_waiting{event=\"a\",of=\"b, c\"} 1\nseconds_bucket{route=\"/{x}\",le=\"0.5\"} 2\nup 1\n",
    );
    for good in [
        "max(fans_waiting{event=\"$event\"})",
        "60 * sum by (of) (rate(fans_waiting{event=\"a\"}[$__rate_interval])) or vector(0)",
        "histogram_quantile(0.99, sum by (le, route) (rate(seconds_bucket{}[5m])))",
        "time() - up{}",
    ] {
        assert_eq!(fault(good, &exposed), None, "{good}");
    }
    for bad in [
        "max(fans_gone{event=\"$event\"})",
        "max(fans_waiting{evnt=\"$event\"})",
        "max(fans_waiting{event=\"z\"})",
        "sum by (cohort) (fans_waiting{})",
        "max(fans_waiting)",
        "maximum(fans_waiting{})",
        "fans_waiting{} / fans_gone{}",
        "1",
    ] {
        assert!(fault(bad, &exposed).is_some(), "{bad}");
    }
}

#[test]
fn the_dashboard_can_be_imported_anywhere() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let names: Vec<_> = variables.iter().map(|variable| &variable["name"]).collect();
    assert_eq!(names, ["datasource", "event"]);
    let panels = dashboard["panels"].as_array().unwrap();
    let rows = panels.iter().filter(|panel| panel["type"] == "row");
    let rows: Vec<_> = rows.map(|row| row["title"].as_str().unwrap()).collect();
    assert_eq!(rows, ["The queue", "The door", "The shop", "The service"]);
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64()).collect();
    assert_eq!(ids.len(), panels.len(), "each has an id of its own");
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        assert_eq!(
            panel["datasource"]["uid"], "${datasource}",
            "{}",
            panel["title"]
        );
    }
    // Panels stand side by side and never on top of one another.
    let mut taken = BTreeSet::new();
    for panel in panels {
        let cell = |side: &str| panel["gridPos"][side].as_u64().unwrap();
        assert!(cell("x") + cell("w") <= 24, "{}", panel["title"]);
        for x in cell("x")..cell("x") + cell("w") {
            for y in cell("y")..cell("y") + cell("h") {
                assert!(taken.insert((x, y)), "{} stands on another", panel["title"]);
            }
        }
    }
}
