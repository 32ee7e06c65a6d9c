use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;
use waiting_room_core::Timestamp;

use crate::{
    buyer::buy,
    caller::{Answer, Caller, Service},
    crowd::Addresses,
    record::{Admitted, SharedRecord, Sight},
};

/// One fan.
pub(crate) struct Fan {
    pub(crate) secret: String,
    pub(crate) comes: bool,
    pub(crate) buys: bool,
    pub(crate) sends_twice: bool,
    pub(crate) doubts: bool,
    pub(crate) caller: Caller,
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) record: SharedRecord,
}

/// Where a fan stands.
struct Seat {
    token: String,
    ticket: String,
    place: Option<u64>,
    /// Since when the store holds the ticket, as far as the fan knows.
    held_since: Instant,
    /// A missed call was made good: from then on others who came later may be ahead.
    called_before: bool,
}

impl Fan {
    pub(crate) async fn live(mut self) {
        let Some(admission_token) = self.queue().await else {
            return;
        };
        if self.buys {
            let checkouts = &self.addresses.checkouts;
            let twice = self.sends_twice;
            buy(
                &mut self.caller,
                checkouts,
                &admission_token,
                twice,
                &self.record,
            )
            .await;
        }
    }

    /// Through the queue and the door; the admission token of a fan who comes.
    async fn queue(&mut self) -> Option<String> {
        let joined = self.ask(Method::POST, "/queue", None, &[200, 201]).await;
        let mut seat = Seat {
            token: joined.text("queue_token"),
            ticket: joined.text("ticket"),
            place: None,
            held_since: joined.answered,
            called_before: false,
        };
        self.note_place(&mut seat, &joined).await;
        let mut status = joined.body["status"].clone();
        loop {
            match status["state"].as_str().unwrap_or_default() {
                "called" if !self.comes => return None,
                "called" | "admitted" => {
                    let admitted = self.come_to_the_door(&seat.token).await;
                    if admitted.is_some() {
                        return admitted;
                    }
                }
                "expired" if self.comes => {
                    let back = self
                        .ask(Method::POST, "/queue/rejoin", Some(&seat.token), &[200])
                        .await;
                    seat.token = back.text("queue_token");
                    seat.called_before = true;
                }
                "waiting" | "prequeue" => sleep(pause(&status, "poll_after_ms")).await,
                other => {
                    let told = format!("state {other}");
                    self.record.lock().await.unexpected.push(told);
                    return None;
                }
            }
            status = self.look(&mut seat).await;
        }
    }

    /// Asks where it stands.
    async fn look(&mut self, seat: &mut Seat) -> Value {
        let status = self
            .ask(Method::GET, "/queue/me", Some(&seat.token), &[200])
            .await;
        if let Some(fresh) = status.body["queue_token"].as_str() {
            fresh.clone_into(&mut seat.token);
            seat.held_since = status.answered;
        }
        self.note_place(seat, &status).await;
        self.note_sight(seat, &status).await;
        status.body
    }

    /// Knocks until admitted; nothing when the call has to be awaited anew.
    async fn come_to_the_door(&mut self, token: &str) -> Option<String> {
        loop {
            let answer = self.knock(token).await;
            let Some(session) = admitted(&answer) else {
                if answer.status == 429 {
                    sleep(pause(&answer.body, "retry_after_ms")).await;
                    continue;
                }
                return None;
            };
            let again = match self.doubts {
                true => admitted(&self.knock(token).await),
                false => None,
            };
            let mut record = self.record.lock().await;
            if self.doubts && again.as_ref() != Some(&session) {
                let told = format!("{session:?}, and when it came again {again:?}");
                record.unexpected.push(told);
            }
            record.admitted.push(session);
            return Some(answer.text("admission_token"));
        }
    }

    async fn knock(&mut self, token: &str) -> Answer {
        let expected = [200, 410, 425, 429];
        self.ask(Method::POST, "/admission", Some(token), &expected)
            .await
    }

    async fn ask(
        &mut self,
        method: Method,
        path: &str,
        token: Option<&str>,
        expected: &[u16],
    ) -> Answer {
        let (event, secret) = (&self.addresses.event, &self.secret);
        let instances = (Service::WaitingRoom, &*self.addresses.waiting_rooms);
        self.caller
            .until_answered(instances, expected, |client, base| {
                let url = format!("{base}/v1/events/{event}{path}");
                let request = client.request(method.clone(), url);
                match token {
                    Some(token) => request.bearer_auth(token),
                    None => request.json(&json!({ "secret": secret })),
                }
            })
            .await
    }

    async fn note_place(&self, seat: &mut Seat, answer: &Answer) {
        let Some(told) = answer.number("place") else {
            return;
        };
        let place = *seat.place.get_or_insert(told);
        let mut record = self.record.lock().await;
        record.places.insert(seat.ticket.clone(), place);
        if told != place {
            record.changed_places.push((place, told));
        }
    }

    async fn note_sight(&self, seat: &Seat, status: &Answer) {
        let state = status.text("state");
        let (Some(place), "waiting" | "called", false) = (seat.place, &*state, seat.called_before)
        else {
            return;
        };
        let call_expires_at = Timestamp::parse(&status.text("call_expires_at"));
        self.record.lock().await.sights.push(Sight {
            asked: status.asked,
            answered: status.answered,
            held_since: seat.held_since,
            instance: status.instance,
            place,
            epoch: status.number("epoch").unwrap_or_default(),
            called: state == "called",
            call_expires_at: call_expires_at.map(Timestamp::as_micros),
        });
    }
}

fn admitted(answer: &Answer) -> Option<Admitted> {
    let at = Timestamp::parse(answer.body["admitted_at"].as_str()?)?;
    Some(Admitted {
        at_micros: at.as_micros(),
        session: answer.text("session"),
    })
}

fn pause(body: &Value, name: &str) -> Duration {
    Duration::from_millis(body[name].as_u64().unwrap_or(1_000))
}
