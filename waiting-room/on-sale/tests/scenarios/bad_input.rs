//! Rubbish of every kind on every endpoint: a 4xx problem with a stable type, never a 500.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::program::{Program, event, json_of, secret};

const QUEUE: &str = "/v1/events/aurora-live/queue";

/// The status and the type of a problem; panics when the answer is none.
async fn problem(response: Response) -> (u16, String) {
    let status = response.status();
    let what = format!("{} {status}", response.url());
    assert!(
        status.is_client_error(),
        "{what}: {:?}",
        response.text().await
    );
    let kind = response.headers().get("content-type").cloned();
    assert_eq!(kind.unwrap(), "application/problem+json", "{what}");
    let body = json_of(response).await;
    assert_eq!(body["status"], status.as_u16(), "{what}");
    let kind = body["type"].as_str().unwrap_or_default().to_owned();
    assert!(kind.starts_with("/problems/"), "{what}: {body}");
    (status.as_u16(), kind)
}

async fn refused(request: RequestBuilder) -> (u16, String) {
    problem(request.send().await.expect("an answer")).await
}

fn problem_type(status: u16, slug: &str) -> (u16, String) {
    (status, format!("/problems/{slug}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_are_no_join_are_refused() {
    let program = Program::start(&event(600, ""), &[]);
    let post = || program.request(Method::POST, QUEUE);
    let json_body = |body: Vec<u8>| post().header("content-type", "application/json").body(body);

    assert_eq!(
        refused(post()).await,
        problem_type(415, "unsupported-media-type")
    );
    assert_eq!(
        refused(post().header("content-type", "text/plain").body("{}")).await,
        problem_type(415, "unsupported-media-type")
    );
    for malformed in [
        &b""[..],
        b"{",
        b"\xff\xfe",
        b"{\"secret\":\"\xff\"}",
        b"nonsense",
    ] {
        assert_eq!(
            refused(json_body(malformed.to_vec())).await,
            problem_type(400, "malformed-json"),
            "{malformed:?}"
        );
    }
    for unfit in [
        json!({}),
        json!([]),
        json!({"secret": 5}),
        json!({"secret": null}),
        json!("x"),
    ] {
        assert_eq!(
            refused(post().json(&unfit)).await,
            problem_type(422, "invalid-body"),
            "{unfit}"
        );
    }
    for secret in [
        "",
        "short",
        "with spaces in it, plenty",
        &"a".repeat(65),
        "ééééééééééééééééééééééé",
    ] {
        assert_eq!(
            refused(post().json(&json!({ "secret": secret }))).await,
            problem_type(422, "invalid-secret"),
            "{secret}"
        );
    }
    assert_eq!(program.figures().await["joined_total"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ten_megabyte_body_is_refused_on_every_endpoint_that_takes_one() {
    let program = Program::start(&event(600, ""), &[]);
    let huge = vec![b'a'; 10_000_000];
    for (method, path) in [
        (Method::POST, QUEUE),
        (Method::POST, "/v1/orders"),
        (Method::PATCH, "/v1/operator/events/aurora-live/settings"),
    ] {
        let request = program
            .operator(method.clone(), path)
            .header("content-type", "application/json")
            .header("idempotency-key", "one")
            .body(huge.clone());
        // A server that refuses early may close before it has read everything.
        if let Ok(response) = request.send().await {
            let (status, kind) = problem(response).await;
            assert!(
                [401, 413].contains(&status),
                "{method} {path}: {status} {kind}"
            );
        }
    }
    assert!(program.get("/v1/events").await["events"].is_array());
}

/// Tokens that open nothing, each made from a valid one.
fn forgeries(token: &str) -> Vec<String> {
    let parts: Vec<&str> = token.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    // {"alg":"none"} and {"alg":"EdDSA","typ":"JWT","kid":"x"}
    let none = "eyJhbGciOiJub25lIn0";
    let eddsa = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6IngifQ";
    let other_payload = payload.replace('a', "b");
    vec![
        String::new(),
        "x".to_owned(),
        "..".to_owned(),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{header}.{payload}.{}", &signature[..signature.len() - 2]),
        format!("{header}.{other_payload}.{signature}"),
        format!("{none}.{payload}."),
        format!("{none}.{payload}.{signature}"),
        format!("{eddsa}.{payload}.{signature}"),
        token[..token.len() / 2].to_owned(),
        format!("{token}.{signature}"),
        "a".repeat(6_000),
    ]
}

const FAN_CALLS: [(Method, &str); 4] = [
    (Method::GET, "/v1/events/aurora-live/queue/me"),
    (Method::DELETE, "/v1/events/aurora-live/queue/me"),
    (Method::POST, "/v1/events/aurora-live/queue/rejoin"),
    (Method::POST, "/v1/events/aurora-live/admission"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_foreign_and_truncated_queue_tokens_open_nothing() {
    let program = Program::start(&event(600, ""), &[]);
    let stranger = Program::start(&event(600, ""), &[]);
    let seat = program.join(&secret("forged", 1)).await;
    let token = seat["queue_token"].as_str().unwrap();
    let foreign = stranger.join(&secret("forged", 1)).await;
    let mut bad = forgeries(token);
    bad.push(foreign["queue_token"].as_str().unwrap().to_owned());
    for (method, path) in FAN_CALLS {
        assert_eq!(
            refused(program.request(method.clone(), path)).await,
            problem_type(401, "invalid-token")
        );
        for token in &bad {
            assert_eq!(
                refused(program.request(method.clone(), path).bearer_auth(token)).await,
                problem_type(401, "invalid-token"),
                "{method} {path} {token}"
            );
        }
        let basic = program
            .request(method, path)
            .header("authorization", format!("Basic {token}"));
        assert_eq!(refused(basic).await, problem_type(401, "invalid-token"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_another_event_opens_nothing() {
    let two = format!(
        "{}{}",
        event(600, ""),
        event(600, "").replace("aurora-live", "borealis")
    );
    let program = Program::start(&two, &[]);
    let seat = program.join(&secret("other", 1)).await;
    let token = seat["queue_token"].as_str().unwrap();
    for (method, path) in FAN_CALLS {
        let request = program.request(method, &path.replace("aurora-live", "borealis"));
        assert_eq!(
            refused(request.bearer_auth(token)).await,
            problem_type(403, "token-of-another-event")
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_side_door_opens_without_a_valid_admission_token() {
    let program = Program::start(&event(600, ""), &[]);
    let (queue_token, admission_token) = program.admit("side", 1).await;
    let mut bad = forgeries(&admission_token);
    bad.push(queue_token);
    let order = json!({
        "lines": [{"offer": "standing", "quantity": 1}], "name": "A Fan", "email": "fan@example.org"
    });
    for (method, path) in [
        (Method::POST, "/v1/orders"),
        (Method::GET, "/v1/orders/AAAAAAAAAAAAAAAAAAAAAA"),
        (Method::GET, "/v1/session"),
        (Method::DELETE, "/v1/session"),
    ] {
        let request = || {
            program
                .request(method.clone(), path)
                .header("idempotency-key", "side-door")
                .json(&order)
        };
        assert_eq!(
            refused(request()).await,
            problem_type(401, "invalid-token"),
            "{method} {path}"
        );
        for token in &bad {
            assert_eq!(
                refused(request().bearer_auth(token)).await,
                problem_type(401, "invalid-token"),
                "{method} {path} {token}"
            );
        }
    }
    let figures = program.figures().await;
    assert_eq!(figures["orders"]["pending"], 0);
    assert_eq!(figures["offers"][0]["stock_left"], 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paths_and_methods_that_are_none_are_problems_too() {
    let program = Program::start(&event(600, ""), &[]);
    for path in [
        "/v1/events/unknown",
        "/v1/events/unknown/board",
        "/v1/events/%FF%FE/board",
        "/v1/events/Aurora%20Live/board",
        "/v1/events/..%2F..%2Fetc/board",
        "/v1/nothing",
        "/v1/orders/%FF",
        "/v1/",
    ] {
        let (status, _) = refused(program.request(Method::GET, path)).await;
        assert!([401, 404].contains(&status), "{path}: {status}");
    }
    for (method, path) in [
        (Method::PUT, QUEUE),
        (Method::DELETE, "/v1/events"),
        (Method::POST, "/v1/events/aurora-live/board"),
        (Method::PATCH, "/v1/orders"),
    ] {
        assert_eq!(
            refused(program.request(method, path)).await,
            problem_type(405, "method-not-allowed"),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_http_at_all_does_no_harm() {
    let program = Program::start(&event(600, ""), &[]);
    let address = program.url("").trim_start_matches("http://").to_owned();
    let long_header = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(2_000_000));
    for bytes in [
        &b"\0\0\0\0"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /v1/events/\xff\xfe HTTP/1.1\r\nhost: a\r\n\r\n",
        b"POST /v1/events/aurora-live/queue HTTP/1.1\r\nhost: a\r\ncontent-length: -5\r\n\r\n",
        b"POST /v1/events/aurora-live/queue HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET /v1/events/aurora-live/queue/me HTTP/1.1\r\nhost: a\r\nauthorization: Bearer \xff\xff\r\n\r\n",
        long_header.as_bytes(),
    ] {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let head = String::from_utf8_lossy(&answer[..answer.len().min(15)]).into_owned();
        assert!(answer.is_empty() || head.starts_with("HTTP/1.1 4"), "{head:?}");
    }
    let events: Value = program.get("/v1/events").await;
    assert_eq!(events["events"][0]["id"], "aurora-live");
}
