//! One fan's way, from the queue to a settled order, and what may happen on it.

use std::{
    collections::HashSet,
    fs,
    time::{Duration, Instant},
};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::sleep;
use waiting_room_core::Timestamp;

use crate::program::{Program, event, json_of, secret};

async fn order(program: &Program, token: &str, key: &str, quantity: u32) -> (StatusCode, Value) {
    let answer = program
        .request(Method::POST, "/v1/orders")
        .bearer_auth(token)
        .header("idempotency-key", key)
        .json(&json!({
            "lines": [{"offer": "standing", "quantity": quantity}],
            "name": "A Fan", "email": "fan@example.org"
        }))
        .send()
        .await
        .unwrap();
    (answer.status(), json_of(answer).await)
}

async fn settled(program: &Program, token: &str, order_id: &str) -> Value {
    let begun = Instant::now();
    loop {
        let answer = program
            .request(Method::GET, &format!("/v1/orders/{order_id}"))
            .bearer_auth(token)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let order = json_of(answer).await;
        if order["state"] != "pending" {
            return order;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "still pending: {order}"
        );
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_ticket_one_admission_one_order() {
    let program = Program::start(&event(6_000, ""), &[]);
    let (queue_token, token) = program.admit("fan", 1).await;
    let (_, again) = program.claim(&queue_token).await;
    let (_, once_more) = program.claim(&queue_token).await;
    assert_eq!(again["session"], once_more["session"]);

    let (status, placed) = order(&program, &token, "key-1", 2).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{placed}");
    let id = placed["order_id"].as_str().unwrap();
    let (_, repeated) = order(&program, &token, "key-1", 2).await;
    assert_eq!(repeated["order_id"], id);
    let (status, other) = order(&program, &token, "key-1", 3).await;
    assert_eq!(
        (status, &other["type"]),
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            &json!("/problems/idempotency-key-reused")
        )
    );
    let order_now = settled(&program, &token, id).await;
    assert_eq!(
        (&order_now["state"], &order_now["total_cents"]),
        (&json!("confirmed"), &json!(9_000))
    );
    let (status, second) = order(&program, &token, "key-2", 1).await;
    assert_eq!(
        (status, &second["type"]),
        (
            StatusCode::CONFLICT,
            &json!("/problems/ticket-already-bought")
        )
    );

    // The confirmed order has given its session back.
    let figures = program
        .figures_once(|figures| figures["sessions"] == 0 && figures["orders"]["confirmed"] == 1)
        .await;
    assert_eq!(figures["offers"][0]["stock_left"], 48);
    let (status, ended) = program.claim(&queue_token).await;
    assert_eq!(
        (status, &ended["type"]),
        (StatusCode::GONE, &json!("/problems/session-ended"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_buys_once_even_when_the_queue_store_lost_its_session() {
    let mut program = Program::start(&event(6_000, ""), &["--recovery-seconds", "0"]);
    let (queue_token, token) = program.admit("fan", 1).await;
    let (_, placed) = order(&program, &token, "key-1", 1).await;
    settled(&program, &token, placed["order_id"].as_str().unwrap()).await;
    program.kill();
    program.spawn();
    let second_token = program.admission_token(&queue_token).await;
    let (status, refused) = order(&program, &second_token, "key-2", 1).await;
    assert_eq!(
        (status, &refused["type"]),
        (
            StatusCode::CONFLICT,
            &json!("/problems/ticket-already-bought")
        )
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_accepted_order_is_lost_and_nothing_is_sold_twice_though_the_program_is_killed() {
    let mut program = Program::start(&event(60_000, ""), &["--recovery-seconds", "0"]);
    let mut admitted = Vec::new();
    for number in 0..40 {
        admitted.push(program.admit("fan", number).await.1);
    }
    let mut accepted = Vec::new();
    let mut unanswered = 0;
    // Orders for 80 of a stock of 50, and a kill -9 after every eighth.
    for (number, token) in admitted.iter().enumerate() {
        let key = format!("key-{number}");
        let request = program
            .request(Method::POST, "/v1/orders")
            .bearer_auth(token)
            .header("idempotency-key", &key)
            .json(&json!({
                "lines": [{"offer": "standing", "quantity": 2}],
                "name": "A Fan", "email": "fan@example.org"
            }));
        let sent = tokio::spawn(request.send());
        if number % 8 == 7 {
            sleep(Duration::from_millis(3 + number as u64 / 4)).await;
            program.kill();
            program.spawn();
        }
        match sent.await.unwrap() {
            Ok(answer) if answer.status() == StatusCode::ACCEPTED => {
                let id = json_of(answer).await["order_id"]
                    .as_str()
                    .unwrap()
                    .to_owned();
                accepted.push((token.clone(), key, id));
            }
            Ok(answer) => panic!("{} {:?}", answer.status(), answer.text().await),
            Err(_) => {
                // The fan's page repeats what was not answered, with the same key.
                unanswered += 1;
                let (status, placed) = order(&program, token, &key, 2).await;
                assert!(status.is_success(), "{status} {placed}");
                let id = placed["order_id"].as_str().unwrap().to_owned();
                accepted.push((token.clone(), key, id));
            }
        }
    }
    assert_eq!(accepted.len(), 40);
    let ids: HashSet<&str> = accepted.iter().map(|(_, _, id)| &**id).collect();
    assert_eq!(ids.len(), 40);
    let (mut confirmed, mut refused) = (0, 0);
    for (token, key, id) in &accepted {
        let order_now = settled(&program, token, id).await;
        match order_now["state"].as_str() {
            Some("confirmed") => confirmed += 1,
            Some("refused") => refused += 1,
            other => panic!("{other:?}"),
        }
        let (_, same) = order(&program, token, key, 2).await;
        assert_eq!(same["order_id"], *id);
    }
    println!(
        "orders: {confirmed} confirmed, {refused} refused, {unanswered} answers lost in 5 kills"
    );
    assert_eq!(
        (confirmed, refused),
        (25, 15),
        "25 orders of 2 fit a stock of 50"
    );
    let figures = program
        .figures_once(|figures| figures["orders"]["pending"] == 0)
        .await;
    assert_eq!(figures["offers"][0]["stock_left"], 0);
    assert_eq!(figures["orders"]["confirmed"], 25);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_prequeue_is_ordered_by_a_draw_that_anyone_can_check() {
    let now = service_kit::now();
    let times = format!(
        "opens_at = \"{}\"\non_sale_at = \"{}\"",
        Timestamp::from_seconds(now.as_seconds() - 5),
        Timestamp::from_seconds(now.as_seconds() + 6),
    );
    let program = Program::start(&event(60, &times), &[]);
    let before = program.get("/v1/events/aurora-live/board").await;
    assert_eq!(before["phase"], "prequeue");
    assert_eq!(
        (&before["draw"]["seed"], &before["marks"]),
        (&Value::Null, &json!([]))
    );
    let mut tickets = Vec::new();
    for number in 0..30 {
        let seat = program.join(&secret("prequeue", number)).await;
        assert_eq!(
            (&seat["cohort"], &seat["place"]),
            (&json!("prequeue"), &Value::Null)
        );
        assert_eq!(seat["status"]["state"], "prequeue");
        let (status, answer) = program.claim(seat["queue_token"].as_str().unwrap()).await;
        assert_eq!(status, StatusCode::TOO_EARLY, "{answer}");
        tickets.push((
            seat["ticket"].as_str().unwrap().to_owned(),
            seat["queue_token"].clone(),
        ));
    }
    sleep(Duration::from_secs(8)).await;
    let after = program.get("/v1/events/aurora-live/board").await;
    let seed = after["draw"]["seed"].as_str().expect("the seed is out");
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&seed[2 * at..2 * at + 2], 16).unwrap();
    }
    let seed = waiting_room_core::DrawSeed::from_bytes(bytes);
    assert_eq!(
        seed.commitment().to_string(),
        before["draw"]["commitment"].as_str().unwrap()
    );
    for (ticket, token) in &tickets {
        let me = program
            .request(Method::GET, "/v1/events/aurora-live/queue/me")
            .bearer_auth(token.as_str().unwrap())
            .send()
            .await
            .unwrap();
        let place = json_of(me).await["place"]
            .as_u64()
            .expect("a place after the draw");
        assert_eq!(place, seed.place_of(ticket.parse().unwrap()).number());
    }
    let late = program.join(&secret("late", 1)).await;
    assert_eq!(late["cohort"], "arrival");
    assert_eq!(
        late["status"]["ahead"],
        program.get("/v1/events/aurora-live/board").await["waiting"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_rotate_without_invalidating_what_is_out() {
    let mut program = Program::start(&event(6_000, ""), &["--recovery-seconds", "0"]);
    let (_, admission_token) = program.admit("fan", 1).await;
    let seat = program.join(&secret("rotate", 1)).await;
    let rotation = program
        .operator(Method::POST, "/v1/operator/keys/rotate")
        .send()
        .await
        .unwrap();
    assert_eq!(rotation.status(), StatusCode::OK);
    let new_kid = json_of(rotation).await["admission_token_kid"].clone();
    let jwks = program.get("/.well-known/jwks.json").await;
    assert_eq!(jwks["keys"].as_array().unwrap().len(), 2);
    assert_eq!(jwks["keys"][1]["kid"], new_kid);
    program.kill();
    program.spawn();
    assert_eq!(program.get("/.well-known/jwks.json").await, jwks);
    let me = program
        .request(Method::GET, "/v1/events/aurora-live/queue/me")
        .bearer_auth(seat["queue_token"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(me.status(), StatusCode::OK);
    let (status, placed) = order(&program, &admission_token, "after-rotation", 1).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{placed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_people_ahead_are_right_from_the_first_answer_on_and_never_climb() {
    let program = Program::start(&event(1, ""), &[]);
    let mut first_answers = Vec::new();
    for number in 0..200 {
        let seat = program.join(&secret("ahead", number)).await;
        let ahead = seat["status"]["ahead"].as_u64().expect("people ahead");
        first_answers.push((ahead, seat["queue_token"].as_str().unwrap().to_owned()));
    }
    // A few of the first are called in the meantime; nobody behind them is.
    assert!(
        (195..200).contains(&first_answers[199].0),
        "{}",
        first_answers[199].0
    );
    for (number, (ahead, token)) in first_answers.iter().enumerate().skip(20) {
        let me = program
            .request(Method::GET, "/v1/events/aurora-live/queue/me")
            .bearer_auth(token)
            .send()
            .await
            .unwrap();
        // A board from before the join says nothing rather than something wrong.
        if let Some(now_ahead) = json_of(me).await["ahead"].as_u64() {
            assert!(
                now_ahead <= *ahead,
                "fan {number}: first {ahead}, then {now_ahead}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fans_who_keep_their_connections_lock_no_newcomer_out() {
    let program = Program::start(&event(600, ""), &["--max-connections", "20"]);
    let address = program.url("").trim_start_matches("http://").to_owned();
    let mut kept = Vec::new();
    for _ in 0..20 {
        kept.push(tokio::net::TcpStream::connect(&address).await.unwrap());
    }
    // Those that got one of the last slots and say nothing are given up within seconds.
    for _ in 0..3 {
        assert_eq!(program.get("/healthz").await["status"], "alive");
    }
    drop(kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaving_is_final_and_frees_the_place_for_those_behind() {
    let program = Program::start(&event(1, ""), &[]);
    let mut seats = Vec::new();
    for number in 0..8 {
        seats.push(program.join(&secret("leaver", number)).await);
    }
    let token = seats[5]["queue_token"].as_str().unwrap();
    let me = "/v1/events/aurora-live/queue/me";
    let left = program
        .request(Method::DELETE, me)
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    assert_eq!(left.status(), StatusCode::NO_CONTENT);
    let answer = program
        .request(Method::GET, me)
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    assert_eq!(json_of(answer).await["state"], "left");
    let (status, answer) = program.claim(token).await;
    assert_eq!(
        (status, &answer["type"]),
        (StatusCode::GONE, &json!("/problems/ticket-left"))
    );
    let rejoin = program
        .request(Method::POST, "/v1/events/aurora-live/queue/rejoin")
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    assert_eq!(rejoin.status(), StatusCode::CONFLICT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fan_who_leaves_from_checkout_frees_the_slot_and_keeps_no_side_door() {
    let program = Program::start(&event(6_000, ""), &[]);
    for leaves_by in ["/v1/events/aurora-live/queue/me", "/v1/session"] {
        let (queue_token, admission_token) = program.admit("leave", leaves_by.len()).await;
        let token = if leaves_by == "/v1/session" {
            &admission_token
        } else {
            &queue_token
        };
        let left = program
            .request(Method::DELETE, leaves_by)
            .bearer_auth(token)
            .send()
            .await;
        assert_eq!(
            left.unwrap().status(),
            StatusCode::NO_CONTENT,
            "{leaves_by}"
        );
        let (status, refused) = order(&program, &admission_token, "too-late", 1).await;
        let expected = (StatusCode::UNAUTHORIZED, &json!("/problems/invalid-token"));
        assert_eq!((status, &refused["type"]), expected, "{leaves_by}");
    }
    let figures = program
        .figures_once(|figures| figures["sessions"] == 0)
        .await;
    assert_eq!(figures["offers"][0]["stock_left"], 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_interface_describes_itself_and_the_process_tells_how_it_is() {
    let program = Program::start(&event(600, ""), &[]);
    let described = program.get("/openapi.json").await;
    for path in [
        "/v1/events",
        "/v1/events/{event}",
        "/v1/events/{event}/queue",
        "/v1/events/{event}/queue/me",
        "/v1/events/{event}/queue/rejoin",
        "/v1/events/{event}/board",
        "/v1/events/{event}/stream",
        "/v1/events/{event}/admission",
        "/.well-known/jwks.json",
        "/v1/orders",
        "/v1/orders/{order_id}",
        "/v1/session",
        "/v1/operator/events/{event}/settings",
        "/v1/operator/events/{event}/stream",
        "/v1/operator/events/{event}/dead-letters",
    ] {
        assert!(
            described["paths"][path].is_object(),
            "{path} is not described"
        );
    }
    assert_eq!(program.get("/healthz").await["status"], "alive");
    assert_eq!(program.get("/readyz").await["status"], "ready");
    program.join(&secret("metrics", 1)).await;
    let metrics = program
        .request(Method::GET, "/metrics")
        .send()
        .await
        .unwrap();
    let metrics = metrics.text().await.unwrap();
    for name in [
        "waiting_room_joins_total",
        "waiting_room_waiting",
        "http_requests_total",
    ] {
        assert!(metrics.contains(name), "{name} is missing");
    }
    assert!(!program.log().contains("eyJ"), "a token is in the log");
    let data = program.data_dir.path().join("data");
    assert!(fs::read_dir(data).unwrap().count() >= 5);
}

/// What is asked most often is answered before the router is asked. Written with `%2D` an event's id means the same, but
/// only the router reads it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_before_the_router_are_the_router_s() {
    let program = Program::start(&event(1, "call_window_seconds = 600"), &[]);
    for number in 0..9 {
        program.join(&secret("before", number)).await;
    }
    let seat = program.join(&secret("asking", 9)).await;
    let token = seat["queue_token"].as_str().unwrap();
    // Some are called at once, and then nobody for a minute.
    program.figures_once(|figures| figures["called"] != 0).await;

    let known = json!({ "secret": secret("asking", 9) });
    let unknown = json!({ "secret": "short" });
    for (asked, join, expected) in [
        ("queue/me", None, StatusCode::OK),
        ("board", None, StatusCode::OK),
        ("queue", Some(&known), StatusCode::OK),
        ("queue", Some(&unknown), StatusCode::UNPROCESSABLE_ENTITY),
        ("queue", Some(&json!([])), StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let ask = async |event: &str| {
            let path = format!("/v1/events/{event}/{asked}");
            let request = match join {
                None => program.request(Method::GET, &path).bearer_auth(token),
                Some(body) => program.request(Method::POST, &path).json(body),
            };
            let answer = request.send().await.unwrap();
            let (status, mut headers) = (answer.status(), answer.headers().clone());
            let mut body = json_of(answer).await;
            // They have a random part or the second in them.
            for of_the_moment in ["/poll_after_ms", "/status/poll_after_ms", "/queue_token"] {
                body.pointer_mut(of_the_moment).map(Value::take);
            }
            headers.remove("content-length");
            (status, headers, body)
        };
        let mut pair = [ask("aurora-live").await, ask("aurora%2Dlive").await];
        // Between the two a tick may have passed, but not each time.
        for _ in 0..20 {
            if pair[0] == pair[1] {
                break;
            }
            pair = [ask("aurora-live").await, ask("aurora%2Dlive").await];
        }
        assert_eq!(pair[0].0, expected, "{asked}");
        assert_eq!(pair[0], pair[1], "{asked}");
    }
}
