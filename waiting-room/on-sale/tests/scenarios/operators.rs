//! Who may operate: credentials, sessions, roles, and what those get who guess.

use std::net::{IpAddr, Ipv4Addr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::program::{Program, event, json_of};

const VIEWER: &str = "a-viewers-credential";
const SESSION: &str = "/v1/operator/session";
const SETTINGS: &str = "/v1/operator/events/aurora-live/settings";
const LETTERS: &str = "/v1/operator/events/aurora-live/dead-letters";

fn start() -> Program {
    Program::start(&event(600, ""), &["--viewer-credential", VIEWER])
}

async fn sign_in(program: &Program, credential: &str) -> Response {
    let body = json!({"credential": credential, "name": "Zoë"});
    let request = program.request(Method::POST, SESSION).json(&body);
    request.send().await.unwrap()
}

/// The cookie, as a browser sends it back.
fn cookie_of(answer: &Response) -> String {
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// A request of the console.
fn with(cookie: &str, request: RequestBuilder) -> RequestBuilder {
    request
        .header(header::COOKIE, cookie)
        .header("sec-fetch-site", "same-origin")
}

async fn kind(request: RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let body = json_of(answer).await;
    (status, body["type"].as_str().unwrap_or_default().to_owned())
}

fn refused(status: u16, slug: &str) -> (u16, String) {
    (status, format!("/problems/{slug}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_is_a_cookie_that_opens_what_the_role_may() {
    let program = start();
    let get = |path| program.request(Method::GET, path);
    assert_eq!(kind(get(SESSION)).await, refused(401, "not-signed-in"));

    let answer = sign_in(&program, program.credential()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    let set = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    for part in [
        "HttpOnly",
        "SameSite=Strict",
        "Path=/v1/operator",
        "Max-Age=43200",
    ] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Secure") && !set.contains(program.credential()));
    let operator = cookie_of(&answer);
    let body = json_of(answer).await;
    assert_eq!(
        (&body["role"], &body["name"]),
        (&json!("operator"), &json!("Zoë"))
    );
    assert_eq!(
        json_of(with(&operator, get(SESSION)).send().await.unwrap()).await,
        body
    );

    let viewer = cookie_of(&sign_in(&program, VIEWER).await);
    let change = || {
        program
            .request(Method::PATCH, SETTINGS)
            .json(&json!({"mode": "pause"}))
    };
    let redrive = || program.request(Method::POST, &format!("{LETTERS}/redrive"));
    let rotate = || program.request(Method::POST, "/v1/operator/keys/rotate");
    for path in [SETTINGS, LETTERS] {
        for cookie in [&operator, &viewer] {
            let answer = with(cookie, get(path)).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
        }
        let answer = get(path).bearer_auth(VIEWER).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
    for request in [change(), redrive(), rotate()] {
        let refused = refused(403, "viewer-may-not");
        assert_eq!(
            kind(with(&viewer, request.try_clone().unwrap())).await,
            refused
        );
        assert_eq!(kind(request.bearer_auth(VIEWER)).await, refused);
    }
    for request in [change(), redrive(), rotate()] {
        assert_eq!(
            with(&operator, request).send().await.unwrap().status(),
            StatusCode::OK
        );
    }

    let out = with(&operator, program.request(Method::DELETE, SESSION));
    let out = out.send().await.unwrap();
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    assert_eq!(cookie_of(&out), "wr_operator=");
    let log = program.log();
    assert!(!log.contains(program.credential()) && !log.contains(VIEWER));
    assert!(!log.contains(operator.split('=').nth(1).unwrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn https_is_told_by_the_proxy_and_the_cookie_stays_on_it() {
    let program = start();
    let body = json!({"credential": program.credential()});
    let request = program.request(Method::POST, SESSION).json(&body);
    let answer = request.header("x-forwarded-proto", "https").send().await;
    let answer = answer.unwrap();
    assert!(
        answer.headers()[header::SET_COOKIE]
            .to_str()
            .unwrap()
            .contains("; Secure")
    );
}

/// A token that says `claims`, with the signature of another.
fn forged(of: &str, claims: &Value) -> String {
    let parts: Vec<&str> = of.split('.').collect();
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    format!("{}.{claims}.{}", parts[0], parts[2])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_cookie_but_our_own_is_worth_anything() {
    let (program, other) = (start(), start());
    let operator = cookie_of(&sign_in(&program, program.credential()).await);
    let viewer = cookie_of(&sign_in(&program, VIEWER).await);
    let foreign = cookie_of(&sign_in(&other, other.credential()).await);
    let none =
        URL_SAFE_NO_PAD.encode(json!({"alg": "none", "typ": "operator-session+jwt"}).to_string());
    let claims = json!({"iat": 1, "exp": 9_999_999_999_u64});
    let unsigned = format!(
        "wr_operator={none}.{}.",
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let expired = forged(&operator, &json!({"iat": 1, "exp": 2}));
    let longer = forged(&viewer, &claims);
    let queue_token = program.join("a-secret-for-the-session-1").await;
    let queue_token = format!(
        "wr_operator={}",
        queue_token["queue_token"].as_str().unwrap()
    );
    let credential = format!("wr_operator={}", program.credential());
    let huge = format!("wr_operator={}", "a.".repeat(20_000));
    for cookie in [
        &*foreign,
        &unsigned,
        &expired,
        &longer,
        &queue_token,
        &credential,
        &huge,
        &operator[..operator.len() - 1],
        "wr_operator=",
        "wr_operator=..",
        "wr_operator",
        "",
    ] {
        let seen = kind(with(cookie, program.request(Method::GET, SETTINGS))).await;
        assert_eq!(seen, refused(401, "invalid-credential"), "{cookie}");
        let seen = kind(with(cookie, program.request(Method::GET, SESSION))).await;
        assert_eq!(seen, refused(401, "not-signed-in"), "{cookie}");
    }
    let good = with(&operator, program.request(Method::GET, SETTINGS));
    assert_eq!(
        good.send().await.unwrap().status(),
        StatusCode::OK,
        "the real one still works"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_site_changes_nothing_with_an_operators_cookie() {
    let program = start();
    let cookie = cookie_of(&sign_in(&program, program.credential()).await);
    let host = program.url("").replace("http://", "");
    for (method, path) in [
        (Method::PATCH, SETTINGS.to_owned()),
        (Method::POST, format!("{LETTERS}/redrive")),
        (Method::POST, "/v1/operator/keys/rotate".to_owned()),
    ] {
        for headers in [
            &[][..],
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "http://evil.example"),
            ],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[("origin", "http://evil.example")],
            &[("origin", "null")],
        ] {
            let mut request = program
                .request(method.clone(), &path)
                .header(header::COOKIE, &cookie);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let request = request.json(&json!({"mode": "closed"}));
            assert_eq!(
                kind(request).await,
                refused(403, "cross-site-request"),
                "{path} {headers:?}"
            );
        }
    }
    assert_eq!(program.figures().await["mode"], "admit");
    let request = program
        .request(Method::PATCH, SETTINGS)
        .header(header::COOKIE, &cookie);
    let request = request.header(header::ORIGIN, format!("http://{host}"));
    let answer = request
        .json(&json!({"mode": "pause"}))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let request = program
        .request(Method::POST, SESSION)
        .header("sec-fetch-site", "cross-site");
    let request = request.json(&json!({"credential": program.credential()}));
    assert_eq!(kind(request).await, refused(403, "cross-site-request"));
}

/// A client of its own address.
fn client_at(last: u8) -> Client {
    let address: IpAddr = Ipv4Addr::new(127, 0, 0, last).into();
    Client::builder().local_address(address).build().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_guesses_is_slowed_and_others_are_not() {
    let program = start();
    let cookie = cookie_of(&sign_in(&program, program.credential()).await);
    let guesser = client_at(2);
    let guess = |credential: &str| {
        let request = guesser.post(program.url(SESSION));
        request.json(&json!({"credential": credential}))
    };
    for number in 0..20 {
        let seen = kind(guess(&format!("guess number {number}"))).await;
        assert_eq!(seen, refused(401, "invalid-credential"));
    }
    let answer = guess(program.credential()).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers().get(header::SET_COOKIE).is_none());
    let wait: u64 = answer.headers()[header::RETRY_AFTER]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=10).contains(&wait), "{wait}");
    for path in [SETTINGS, LETTERS] {
        let bearer = guesser
            .get(program.url(path))
            .bearer_auth(program.credential());
        assert_eq!(kind(bearer).await, refused(429, "too-many-attempts"));
        let session = guesser
            .get(program.url(path))
            .header(header::COOKIE, &cookie);
        assert_eq!(session.send().await.unwrap().status(), StatusCode::OK);
    }
    let elsewhere = client_at(3).get(program.url(SETTINGS));
    let elsewhere = elsewhere
        .bearer_auth(program.credential())
        .send()
        .await
        .unwrap();
    assert_eq!(elsewhere.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_proxy_each_client_is_counted_for_itself() {
    let program = Program::start(&event(600, ""), &["--trusted-proxies", "1"]);
    let from = |forwarded: &str| {
        let request = program.operator(Method::GET, SETTINGS);
        request.header("x-forwarded-for", forwarded)
    };
    for number in 0..20 {
        let request = program
            .request(Method::GET, SETTINGS)
            .bearer_auth("a wrong guess");
        let request = request.header("x-forwarded-for", format!("10.0.0.{number}, 192.0.2.1"));
        assert_eq!(kind(request).await, refused(401, "invalid-credential"));
    }
    assert_eq!(
        kind(from("192.0.2.1")).await,
        refused(429, "too-many-attempts")
    );
    assert_eq!(
        from("192.0.2.1, 192.0.2.2").send().await.unwrap().status(),
        StatusCode::OK
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rubbish_at_the_sign_in_is_refused() {
    let program = start();
    let post = |body: &Value| program.request(Method::POST, SESSION).json(body);
    let good = program.credential();
    for name in [
        "two\nlines",
        "a\r\nSet-Cookie: x=1",
        "\u{202e}anA",
        &"a".repeat(61),
    ] {
        let request = post(&json!({"credential": good, "name": name}));
        assert_eq!(
            kind(request).await,
            refused(422, "invalid-name"),
            "{name:?}"
        );
    }
    for body in [
        json!({}),
        json!([]),
        json!({"credential": 5}),
        json!({"credential": good, "role": "operator"}),
    ] {
        assert_eq!(
            kind(post(&body)).await,
            refused(422, "invalid-body"),
            "{body}"
        );
    }
    for body in [
        json!({"credential": ""}),
        json!({"credential": "\u{0}"}),
        json!({"credential": "x".repeat(10_000)}),
    ] {
        assert_eq!(
            kind(post(&body)).await,
            refused(401, "invalid-credential"),
            "{body}"
        );
    }
    let same = std::process::Command::new(env!("CARGO_BIN_EXE_on-sale"))
        .args(["--listen", "127.0.0.1:0", "--data-dir"])
        .arg(program.data_dir.path().join("another"))
        .args([
            "--operator-credential",
            VIEWER,
            "--viewer-credential",
            VIEWER,
        ])
        .output()
        .unwrap();
    assert!(!same.status.success());
    assert!(!String::from_utf8_lossy(&same.stderr).contains(VIEWER));
}
