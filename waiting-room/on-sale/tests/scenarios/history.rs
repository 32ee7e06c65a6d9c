//! The last hour in figures, and how the parts are.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::time::sleep;

use crate::program::{Program, event, json_of};

const HISTORY: &str = "/v1/operator/events/aurora-live/history";

/// Two moments are five seconds apart.
const PATIENCE: Duration = Duration::from_secs(60);

/// The history's points, once it `holds` of them.
async fn points_once(program: &Program, holds: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let answer = program.operator(Method::GET, HISTORY).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let body = json_of(answer).await;
        assert_eq!(
            (&body["event"], &body["every_seconds"]),
            (&"aurora-live".into(), &5.into())
        );
        let points = body["points"].as_array().unwrap();
        if holds(points) {
            return points.clone();
        }
        assert!(begun.elapsed() < PATIENCE, "not in time: {body:#}");
        sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_hour_is_told_from_the_first_seconds_on() {
    let program = Program::start(&event(600, ""), &[]);
    let first = points_once(&program, |points| !points.is_empty()).await;
    assert_eq!(
        first[0]["joins_per_minute"],
        Value::Null,
        "nothing came before"
    );
    program.admit("history", 1).await;
    let points = points_once(&program, |points| {
        points.last().is_some_and(|last| last["sessions"] == 1)
    })
    .await;
    let last = points.last().unwrap();
    for speed in ["joins_per_minute", "calls_per_minute", "claims_per_minute"] {
        assert!(last[speed].as_f64().unwrap() > 0.0, "{speed}: {last:#}");
    }
    assert_eq!(last["rate_per_minute"], 600);
    assert_eq!(last["max_active_sessions"], 100_000);
    assert_eq!(last["waiting"], 0);
    assert_eq!(last["phase"], "admitting");
    assert_eq!(last["stock_left"]["standing"], 50);
    assert_eq!(
        (&last["orders_confirmed"], &last["orders_pending"]),
        (&0.into(), &0.into())
    );
    assert!(last["no_show_share"].is_number());
    let times: Vec<&str> = points
        .iter()
        .map(|point| point["at"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted(), "{times:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_than_an_hour_is_told() {
    let program = Program::start(&event(600, ""), &[]);
    for minutes in ["0", "61", "-1", "x", ""] {
        let path = format!("{HISTORY}?minutes={minutes}");
        let answer = program.operator(Method::GET, &path).send().await.unwrap();
        assert_eq!(
            answer.status(),
            StatusCode::UNPROCESSABLE_ENTITY,
            "{minutes}"
        );
        assert_eq!(json_of(answer).await["type"], "/problems/invalid-span");
    }
    for minutes in ["1", "60"] {
        let path = format!("{HISTORY}?minutes={minutes}");
        let answer = program.operator(Method::GET, &path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_sees_which_part_fails() {
    let program = Program::start(&event(600, ""), &[]);
    let part = |figures: &Value, name: &str| {
        let parts = figures["health"].as_array().unwrap();
        parts
            .iter()
            .find(|health| health["part"] == name)
            .cloned()
            .unwrap_or_default()
    };
    let figures = program.figures().await;
    for name in ["queue-store", "settings", "order-queue", "audit"] {
        let health = part(&figures, name);
        assert_eq!(health["ok"], true, "{name}: {figures:#}");
        assert!(health["since"].is_string() && health["detail"].is_string());
    }
    let good = std::fs::read_to_string(program.settings_file()).unwrap();
    std::fs::write(program.settings_file(), "[aurora-live").unwrap();
    let figures = program
        .figures_once(|figures| part(figures, "settings")["ok"] == false)
        .await;
    let detail = part(&figures, "settings")["detail"].to_string();
    assert!(detail.contains("stay in force"), "{detail}");
    std::fs::write(program.settings_file(), good).unwrap();
    program
        .figures_once(|figures| part(figures, "settings")["ok"] == true)
        .await;
}
