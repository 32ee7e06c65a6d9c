//! The requests that are sent.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    time::Duration,
};

use crate::{
    Outcome,
    options::Operation,
    server::{ADMISSION_TOKENS, QUEUE_TOKENS},
    wrk::Requests,
};

/// Where a fan joins.
pub(crate) const JOIN_PATH: &str = "/v1/events/aurora-live/queue";
/// Where a fan asks for the status.
pub(crate) const POLL_PATH: &str = "/v1/events/aurora-live/queue/me";
const BOARD_PATH: &str = "/v1/events/aurora-live/board";
const CLAIM_PATH: &str = "/v1/events/aurora-live/admission";
const ORDER_PATH: &str = "/v1/orders";

/// Before and after the secret of a fan who joins.
pub(crate) const JOIN_BODY: (&str, &str) = (r#"{"secret":""#, r#""}"#);
/// How long that secret is.
pub(crate) const SECRET_LENGTH: usize = 22;

const ORDER_BODY: &str = r#"{"lines":[{"offer":"standing","quantity":2}],"name":"Ada Lovelace","email":"ada@example.com"}"#;

/// A request for the plain handler; on a connection of its own when `anew`.
pub(crate) fn plain(anew: bool) -> Requests {
    let close = if anew { CLOSE } else { "" };
    Requests::Fixed(format!("{}{close}\r\n", head("GET", "/")))
}

/// The requests of `operation` by the fans whose tokens are in `dir`.
pub(crate) fn of(operation: Operation, dir: &Path) -> Requests {
    let queue_tokens = dir.join(QUEUE_TOKENS);
    match operation {
        Operation::Poll | Operation::Steady | Operation::Turn => Requests::Lines {
            head: poll(""),
            tail: "\r\n\r\n".to_owned(),
            file: queue_tokens,
            from: 0,
        },
        Operation::PollAnew => Requests::Lines {
            head: poll(CLOSE),
            tail: "\r\n\r\n".to_owned(),
            file: queue_tokens,
            from: 0,
        },
        Operation::Board => {
            let head = head("GET", BOARD_PATH);
            Requests::Fixed(format!("{head}Accept-Encoding: gzip\r\n\r\n"))
        }
        Operation::BoardIdentity => Requests::Fixed(format!("{}\r\n", head("GET", BOARD_PATH))),
        Operation::Join | Operation::JoinMany => {
            let (before, after) = JOIN_BODY;
            let head = json(
                "POST",
                JOIN_PATH,
                before.len() + SECRET_LENGTH + after.len(),
            );
            Requests::Fresh {
                head: format!("{head}\r\n{before}"),
                tail: after.to_owned(),
            }
        }
        Operation::Claim => Requests::Lines {
            head: format!("{}Content-Length: 0\r\n{BEARER}", head("POST", CLAIM_PATH)),
            tail: "\r\n\r\n".to_owned(),
            file: queue_tokens,
            from: 0,
        },
        Operation::Order => {
            let head = json("POST", ORDER_PATH, ORDER_BODY.len());
            Requests::Lines {
                head: format!("{head}Idempotency-Key: the-only-one\r\n{BEARER}"),
                tail: format!("\r\n\r\n{ORDER_BODY}"),
                file: dir.join(ADMISSION_TOKENS),
                from: 0,
            }
        }
    }
}

/// What `address` answers to the poll of the fan who holds `token`.
pub(crate) fn ask_once(address: SocketAddr, token: &str) -> Outcome<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(format!("{}{token}\r\n\r\n", poll(CLOSE)).as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

const CLOSE: &str = "Connection: close\r\n";
const BEARER: &str = "Authorization: Bearer ";

fn head(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n")
}

fn json(method: &str, path: &str, length: usize) -> String {
    let head = head(method, path);
    format!("{head}Content-Type: application/json\r\nContent-Length: {length}\r\n")
}

/// A poll up to its token.
fn poll(header: &str) -> String {
    format!("{}{header}{BEARER}", head("GET", POLL_PATH))
}
