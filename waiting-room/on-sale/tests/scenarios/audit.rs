//! Who changed what when, whatever happens to the program.

use std::{
    fs::{self, File},
    io::Write,
    time::{Duration, Instant},
};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::program::{Program, event, json_of};

const AUDIT: &str = "/v1/operator/events/aurora-live/audit";
const SETTINGS: &str = "/v1/operator/events/aurora-live/settings";

async fn entries(program: &Program) -> Vec<Value> {
    let answer = program.operator(Method::GET, AUDIT).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let body = json_of(answer).await;
    assert_eq!(body["next"], Value::Null);
    body["entries"].as_array().unwrap().clone()
}

/// The entries, once there are so `many`, and a while after.
async fn once_there_are(program: &Program, many: usize) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let found = entries(program).await;
        if found.len() >= many {
            sleep(Duration::from_secs(2)).await;
            return entries(program).await;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{found:#?}");
        sleep(Duration::from_millis(100)).await;
    }
}

async fn change(program: &Program, name: &str, change: &Value) -> StatusCode {
    let request = program.operator(Method::PATCH, SETTINGS).json(change);
    let request = request.header("x-operator-name", name);
    request.send().await.unwrap().status()
}

fn audit_file(program: &Program) -> std::path::PathBuf {
    program.data_dir.path().join("data").join("audit.jsonl")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_change_is_there_with_who_and_from_and_to_though_the_program_is_killed() {
    let mut program = Program::start(&event(600, ""), &[]);
    let body = json!({"credential": program.credential(), "name": "Zoë"});
    let sign_in = program
        .request(Method::POST, "/v1/operator/session")
        .json(&body);
    let sign_in = sign_in.send().await.unwrap();
    let cookie = sign_in.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let patch = program
        .request(Method::PATCH, SETTINGS)
        .header("cookie", cookie);
    let patch = patch.header("sec-fetch-site", "same-origin");
    let patch = patch.json(&json!({"mode": "pause", "message": "Back in ten minutes"}));
    assert_eq!(patch.send().await.unwrap().status(), StatusCode::OK);
    let rate = json!({"admission_rate_per_minute": 900, "mode": "pause"});
    assert_eq!(change(&program, "cron", &rate).await, StatusCode::OK);
    program.kill();
    program.spawn();

    let expected = [
        json!({"who": "cron", "role": "operator", "via": "api", "event": "aurora-live", "action": "setting-changed",
            "detail": {"setting": "admission-rate-per-minute", "from": "600", "to": "900"}}),
        json!({"who": "Zoë", "role": "operator", "via": "console", "event": "aurora-live", "action": "setting-changed",
            "detail": {"setting": "message", "from": "", "to": "Back in ten minutes"}}),
        json!({"who": "Zoë", "role": "operator", "via": "console", "event": "aurora-live", "action": "setting-changed",
            "detail": {"setting": "mode", "from": "admit", "to": "pause"}}),
        json!({"who": "Zoë", "role": "operator", "via": "console", "event": null, "action": "signed-in", "detail": {}}),
    ];
    let mut found = entries(&program).await;
    for entry in &mut found {
        let entry = entry.as_object_mut().unwrap();
        assert!(entry.remove("id").unwrap().is_string());
        assert!(
            entry
                .remove("at")
                .unwrap()
                .as_str()
                .unwrap()
                .starts_with("20")
        );
    }
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_changed_in_the_file_is_there_once_even_while_nobody_looked() {
    let mut program = Program::start(&event(600, ""), &[]);
    let write = |program: &Program, rate: &str| {
        let text = format!("[aurora-live]\nadmission-rate-per-minute = {rate}\n");
        fs::write(program.settings_file(), text).unwrap();
    };
    write(&program, "900");
    let found = once_there_are(&program, 1).await;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["via"], "settings-file");
    assert_eq!(
        (&found[0]["who"], &found[0]["role"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(found[0]["detail"]["from"], "600");
    write(&program, "0");
    let found = once_there_are(&program, 2).await;
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_eq!(found[0]["action"], "setting-refused");
    assert_eq!(found[0]["detail"]["value"], "0");

    program.kill();
    program.spawn();
    sleep(Duration::from_secs(2)).await;
    assert_eq!(
        entries(&program).await,
        found,
        "a bad value that stands there still is no news"
    );
    program.kill();
    write(&program, "1200");
    program.spawn();
    let found = once_there_are(&program, 3).await;
    assert_eq!(found.len(), 3, "{found:#?}");
    assert_eq!(
        found[0]["detail"],
        json!({"setting": "admission-rate-per-minute", "from": "900", "to": "1200"})
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rubbish_in_the_audit_file_stops_neither_the_start_nor_what_comes_after() {
    let mut program = Program::start(&event(600, ""), &[]);
    change(&program, "Ana", &json!({"mode": "pause"})).await;
    let known = entries(&program).await;
    program.kill();
    let mut file = File::options()
        .append(true)
        .open(audit_file(&program))
        .unwrap();
    file.write_all(b"\xff\xfe{}\n[]\n{\"id\": \"000").unwrap();
    program.spawn();
    assert_eq!(entries(&program).await, known);
    change(&program, "Ana", &json!({"mode": "admit"})).await;
    program.kill();
    program.spawn();
    let found = entries(&program).await;
    assert_eq!((found.len(), &found[1..]), (2, &known[..]));
    assert!(program.log().contains("are no entries and are passed over"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_and_rotations_are_there_and_no_credential_is() {
    let program = Program::start(
        &event(600, ""),
        &["--viewer-credential", "a-viewers-credential"],
    );
    let guess = "a-credential-that-is-none";
    for path in ["/v1/operator/events/aurora-live/dead-letters", SETTINGS] {
        program
            .request(Method::GET, path)
            .bearer_auth(guess)
            .send()
            .await
            .unwrap();
    }
    let rotate = program.operator(Method::POST, "/v1/operator/keys/rotate");
    assert_eq!(rotate.send().await.unwrap().status(), StatusCode::OK);
    let bad = json!({"admission_rate_per_minute": 0});
    assert_eq!(
        change(&program, "Ana", &bad).await,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let found = once_there_are(&program, 4).await;
    let mut actions: Vec<&str> = found
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    actions.sort_unstable();
    assert_eq!(
        actions,
        [
            "keys-rotated",
            "setting-refused",
            "sign-in-refused",
            "sign-in-refused"
        ]
    );
    let refused = found
        .iter()
        .find(|entry| entry["action"] == "sign-in-refused");
    assert_eq!(
        refused.unwrap()["detail"],
        json!({"address": "127.0.0.1", "attempts": 1})
    );
    for kept in [
        fs::read_to_string(audit_file(&program)).unwrap(),
        program.log(),
    ] {
        assert!(!kept.contains(guess) && !kept.contains(program.credential()));
    }
    let viewer = program
        .request(Method::GET, AUDIT)
        .bearer_auth("a-viewers-credential");
    assert_eq!(viewer.send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_follow_one_another_and_what_is_no_page_is_refused() {
    let program = Program::start(&event(600, ""), &[]);
    for rate in 1..=5 {
        change(&program, "Ana", &json!({"admission_rate_per_minute": rate})).await;
    }
    let (mut rates, mut path) = (Vec::new(), format!("{AUDIT}?limit=2"));
    loop {
        let page = program.operator(Method::GET, &path).send().await.unwrap();
        let page = json_of(page).await;
        let entries = page["entries"].as_array().unwrap();
        rates.extend(
            entries
                .iter()
                .map(|entry| entry["detail"]["to"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("{AUDIT}?limit=2&before={next}");
    }
    assert_eq!(rates, ["5", "4", "3", "2", "1"]);
    for bad in [
        "limit=0",
        "limit=501",
        "limit=many",
        "limit=-1",
        "before=x",
        "before=",
        "colour=red",
    ] {
        let answer = program
            .operator(Method::GET, &format!("{AUDIT}?{bad}"))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
        assert_eq!(json_of(answer).await["type"], "/problems/invalid-page");
    }
    let none = program
        .operator(Method::GET, "/v1/operator/events/nothing/audit")
        .send()
        .await;
    assert_eq!(none.unwrap().status(), StatusCode::NOT_FOUND);
}
