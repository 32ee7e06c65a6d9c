//! What an operator turns, in the file and over the API.

use std::{fs, time::Duration};

use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::time::sleep;

use crate::program::{Program, event, json_of};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_changed_in_the_file_or_over_the_api_is_in_force_within_five_seconds() {
    let program = Program::start(&event(600, ""), &[]);
    let text = "[aurora-live]\nadmission-rate-per-minute = 900\n";
    fs::write(program.settings_file(), text).unwrap();
    program
        .figures_once(|figures| figures["rate_per_minute"] == 900)
        .await;

    let answer = program
        .change_settings(json!({"admission_rate_per_minute": 1_200}))
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
    program
        .figures_once(|figures| figures["rate_per_minute"] == 1_200)
        .await;
    let board = program.get("/v1/events/aurora-live/board").await;
    assert_eq!(board["rate_per_minute"], 1_200);
    let written = fs::read_to_string(program.settings_file()).unwrap();
    assert!(
        written.contains("admission-rate-per-minute = 1200"),
        "{written}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_settings_in_the_file_never_apply_and_are_seen_in_log_metric_and_figures() {
    let program = Program::start(&event(600, ""), &[]);
    for bad in ["0", "-1", "\"fast\"", "10000000"] {
        fs::write(
            program.settings_file(),
            format!("[aurora-live]\nadmission-rate-per-minute = {bad}\n"),
        )
        .unwrap();
        let seen = bad.to_owned();
        let figures = program
            .figures_once(move |figures| {
                figures["refused_settings"][0]["value"].as_str() == Some(&seen)
            })
            .await;
        assert_eq!(figures["rate_per_minute"], 600, "{bad}");
        assert_eq!(
            figures["refused_settings"][0]["setting"],
            "admission-rate-per-minute"
        );
    }
    let metrics = program
        .request(Method::GET, "/metrics")
        .send()
        .await
        .unwrap();
    let metrics = metrics.text().await.unwrap();
    let refused = metrics.lines().find(|line| {
        line.starts_with("waiting_room_setting_refused") && line.contains("admission-rate")
    });
    assert!(
        refused.is_some_and(|line| line.ends_with(" 1")),
        "{refused:?}"
    );
    assert!(program.log().contains("setting refused"));

    fs::write(
        program.settings_file(),
        "[aurora-live]\nadmission-rate-per-mi",
    )
    .unwrap();
    let figures = program
        .figures_once(|figures| figures["refused_settings"][0]["setting"] == "settings-file")
        .await;
    assert_eq!(figures["rate_per_minute"], 600);

    fs::write(
        program.settings_file(),
        "[aurora-live]\nadmission-rate-per-minute = 700\n",
    )
    .unwrap();
    let figures = program
        .figures_once(|figures| figures["rate_per_minute"] == 700)
        .await;
    assert_eq!(figures["refused_settings"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_settings_over_the_api_are_refused_whole() {
    let program = Program::start(&event(600, ""), &[]);
    for bad in [
        json!({"admission_rate_per_minute": 0}),
        json!({"admission_rate_per_minute": -5}),
        json!({"admission_rate_per_minute": 10_000_000}),
        json!({"admission_rate_per_minute": "fast"}),
        json!({"admission_rate_per_minute": 600.5}),
        json!({"max_active_sessions": 0}),
        json!({"mode": "party"}),
        json!({"message": "x".repeat(501)}),
        json!({"message": "two\nlines"}),
        json!({"colour": "red"}),
        json!({"mode": "pause", "admission_rate_per_minute": 0}),
        json!([]),
        json!("pause"),
    ] {
        let answer = program.change_settings(bad.clone()).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
        let problem = json_of(answer).await;
        assert!(
            problem["type"].as_str().unwrap().starts_with("/problems/"),
            "{problem}"
        );
    }
    let figures = program.figures().await;
    assert_eq!(
        (&figures["rate_per_minute"], &figures["mode"]),
        (&json!(600), &json!("admit"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_holds_the_door_shut_and_says_why() {
    let program = Program::start(&event(6_000, ""), &[]);
    let change = json!({"mode": "pause", "message": "Back in ten minutes"});
    assert_eq!(
        program.change_settings(change).await.status(),
        StatusCode::OK
    );
    program
        .figures_once(|figures| figures["phase"] == "paused")
        .await;
    let seat = program.join("a-secret-for-the-pause-0001").await;
    let token = seat["queue_token"].as_str().unwrap();
    sleep(Duration::from_secs(2)).await;
    let claim = program
        .request(Method::POST, "/v1/events/aurora-live/admission")
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    assert_eq!(claim.status(), StatusCode::TOO_EARLY);
    let board = program.get("/v1/events/aurora-live/board").await;
    assert_eq!(board["message"], "Back in ten minutes");
    assert!(board["slowed_at"].is_string());
    program
        .change_settings(json!({"mode": "admit", "message": ""}))
        .await;
    program
        .figures_once(|figures| figures["called_total"] == 1)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_but_the_operator_sees_or_turns_anything() {
    let program = Program::start(&event(600, ""), &[]);
    for (method, path) in [
        (Method::GET, "/v1/operator/events/aurora-live/settings"),
        (Method::PATCH, "/v1/operator/events/aurora-live/settings"),
        (Method::GET, "/v1/operator/events/aurora-live/figures"),
        (Method::GET, "/v1/operator/events/aurora-live/stream"),
        (Method::GET, "/v1/operator/events/aurora-live/history"),
        (Method::GET, "/v1/operator/events/aurora-live/audit"),
        (Method::GET, "/v1/operator/events/aurora-live/dead-letters"),
        (
            Method::POST,
            "/v1/operator/events/aurora-live/dead-letters/redrive",
        ),
        (Method::POST, "/v1/operator/keys/rotate"),
    ] {
        for credential in [
            None,
            Some(""),
            Some("wrong"),
            Some("wrong-but-quite-long-enough"),
        ] {
            let mut request = program.request(method.clone(), path);
            if let Some(credential) = credential {
                request = request.bearer_auth(credential);
            }
            let answer = request
                .json(&json!({"mode": "closed"}))
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
            assert_eq!(
                json_of(answer).await["type"],
                "/problems/invalid-credential"
            );
        }
    }
}
