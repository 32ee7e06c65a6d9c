use http::{Request, header};

use super::*;

const OPERATOR: &str = "correct-horse-battery";
const VIEWER: &str = "correct-zebra-staple";
const SETTINGS: &str = "/v1/operator/events/aurora-live/settings";

fn operators() -> Operators {
    let credential = |text| OperatorCredential::new(text).unwrap();
    let (operator, viewer) = (credential(OPERATOR), credential(VIEWER));
    Operators::new(&operator, Some(&viewer), TrustedProxies::default()).unwrap()
}

fn request(method: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(SETTINGS);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn bearer_of(credential: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer {credential}"))
}

/// The cookie that a browser would send after a sign-in.
fn cookie_of(operators: &Operators, credential: &str) -> String {
    let name = OperatorName::parse("Ana").unwrap();
    let signed_in = operators.sign_in(&request("POST", &[]), credential, name);
    let cookie = signed_in.unwrap().cookie;
    cookie.split(';').next().unwrap().to_owned()
}

fn kind(outcome: Result<Operator, Stranger>) -> String {
    let problem = Problem::from(outcome.unwrap_err());
    let problem = serde_json::to_value(problem).unwrap();
    problem["type"].as_str().unwrap().to_owned()
}

#[test]
fn only_a_whole_credential_passes_wherever_it_travels() {
    let operators = operators();
    let role = |headers: &[(&str, &str)]| {
        let found = operators.check(&request("GET", headers)).ok();
        found.map(|operator| (operator.role, operator.proof))
    };
    let (name, operator) = bearer_of(OPERATOR);
    let (_, viewer) = bearer_of(VIEWER);
    assert_eq!(
        role(&[(name, &operator)]),
        Some((Role::Operator, Proof::Credential))
    );
    assert_eq!(
        role(&[(name, &viewer)]),
        Some((Role::Viewer, Proof::Credential))
    );
    let signature = "AWS4-HMAC-SHA256 Credential=x/20261121/eu-west-1/execute-api/aws4_request";
    let signed = |beside| role(&[(name, signature), (OPERATOR_CREDENTIAL_HEADER, beside)]);
    assert_eq!(signed(OPERATOR), Some((Role::Operator, Proof::Credential)));
    assert_eq!(signed("correct-horse-batter"), None);
    assert_eq!(signed(""), None);
    for wrong in [
        "Bearer correct-horse-batter",
        "Bearer ",
        "",
        "Bearer x",
        OPERATOR,
    ] {
        assert_eq!(role(&[(name, wrong)]), None, "{wrong}");
    }
    assert_eq!(role(&[]), None);
}

#[test]
fn a_viewer_may_look_and_nothing_else() {
    let operators = operators();
    let cookie = cookie_of(&operators, VIEWER);
    let (name, bearer) = bearer_of(VIEWER);
    for (name, value) in [(name, &*bearer), ("cookie", &*cookie)] {
        for method in ["GET", "HEAD"] {
            let found = operators.check(&request(method, &[(name, value)])).unwrap();
            assert_eq!(found.role, Role::Viewer);
        }
        for method in ["POST", "PATCH", "PUT", "DELETE"] {
            let headers = [(name, value), ("sec-fetch-site", "same-origin")];
            let refused = operators.check(&request(method, &headers));
            assert_eq!(kind(refused), "/problems/viewer-may-not", "{method}");
        }
    }
}

#[test]
fn a_cookie_changes_something_only_when_this_site_asks() {
    let operators = operators();
    let cookie = cookie_of(&operators, OPERATOR);
    let patch = |headers: &[(&str, &str)]| {
        let headers = [&[("cookie", &*cookie), ("host", "room:8080")], headers].concat();
        operators.check(&request("PATCH", &headers))
    };
    assert!(patch(&[("sec-fetch-site", "same-origin")]).is_ok());
    assert!(patch(&[("origin", "http://room:8080")]).is_ok());
    for other in [
        &[][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[
            ("sec-fetch-site", "cross-site"),
            ("origin", "http://room:8080"),
        ],
        &[("origin", "http://evil")],
        &[("origin", "null")],
    ] {
        assert_eq!(
            kind(patch(other)),
            "/problems/cross-site-request",
            "{other:?}"
        );
    }
    let headers = [("cookie", &*cookie), ("sec-fetch-site", "cross-site")];
    assert!(operators.check(&request("GET", &headers)).is_ok());
    let (name, bearer) = bearer_of(OPERATOR);
    assert!(
        operators
            .check(&request("PATCH", &[(name, &bearer)]))
            .is_ok()
    );
}

#[test]
fn no_other_site_signs_anybody_in() {
    let cross_site = request("POST", &[("sec-fetch-site", "cross-site")]);
    let outcome = operators().sign_in(&cross_site, OPERATOR, None);
    let outcome = outcome.map(|signed_in| signed_in.operator);
    assert_eq!(kind(outcome), "/problems/cross-site-request");
}

#[test]
fn a_session_says_who_and_any_of_several_cookies_may_be_it() {
    let operators = operators();
    let cookie = cookie_of(&operators, OPERATOR);
    let tossed = format!("wr_operator=from.another.site; {cookie}");
    let found = operators
        .check(&request("GET", &[("cookie", &tossed)]))
        .unwrap();
    assert_eq!(found.name.unwrap().as_str(), "Ana");
    assert!(matches!(found.proof, Proof::Session { .. }));
}

#[test]
fn a_changed_credential_ends_all_sessions() {
    let cookie = cookie_of(&operators(), OPERATOR);
    let credential = OperatorCredential::new("another-horse-battery").unwrap();
    let changed = Operators::new(&credential, None, TrustedProxies::default()).unwrap();
    let refused = changed.check(&request("GET", &[("cookie", &cookie)]));
    assert_eq!(kind(refused), "/problems/invalid-credential");
}

#[test]
fn guessing_is_slowed_and_what_was_right_is_not_looked_at_then() {
    let operators = operators();
    let cookie = cookie_of(&operators, OPERATOR);
    let guess = |credential| {
        let (name, bearer) = bearer_of(credential);
        operators.check(&request("GET", &[(name, &bearer)]))
    };
    for _ in 0..20 {
        assert_eq!(kind(guess("a wrong guess")), "/problems/invalid-credential");
    }
    assert_eq!(kind(guess(OPERATOR)), "/problems/too-many-attempts");
    let sign_in = operators.sign_in(&request("POST", &[]), OPERATOR, None);
    let sign_in = sign_in.map(|signed_in| signed_in.operator);
    assert_eq!(kind(sign_in), "/problems/too-many-attempts");
    assert!(
        operators
            .check(&request("GET", &[("cookie", &cookie)]))
            .is_ok()
    );
    let mut elsewhere = request("GET", &[("authorization", &bearer_of(OPERATOR).1)]);
    let mut noted = Request::builder().uri(SETTINGS).body(()).unwrap();
    note_peer(&mut noted, "192.0.2.1:1".parse().unwrap());
    elsewhere.extensions = noted.into_parts().0.extensions;
    assert!(operators.check(&elsewhere).is_ok());
}

#[test]
fn who_presents_nothing_has_guessed_nothing() {
    let operators = operators();
    for _ in 0..100 {
        let headers = [
            ("cookie", "wr_operator=expired"),
            (header::AUTHORIZATION.as_str(), "Bearer "),
        ];
        let refused = operators.check(&request("GET", &headers)).unwrap_err();
        assert!(refused.refused.is_none());
    }
    assert!(
        operators
            .sign_in(&request("POST", &[]), OPERATOR, None)
            .is_ok()
    );
}

#[test]
fn the_roles_have_a_credential_each_and_none_is_printed() {
    let credential = OperatorCredential::new(OPERATOR).unwrap();
    let same = Operators::new(&credential, Some(&credential), TrustedProxies::default());
    assert_eq!(same.map(drop), Err(SameCredential));
    assert!(!format!("{:?}{credential:?}", operators()).contains(OPERATOR));
}
