//! What each action asks for.

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    args::{Action, CtlArgs},
    client::Client,
    error::CtlError,
    figures::Figures,
    predict, report,
    terminal::Terminal,
    watch,
    words::{grouped, plain},
};

/// Does what `args` say.
pub(crate) async fn act(
    client: &Client,
    args: &CtlArgs,
    terminal: &mut Terminal<'_>,
) -> Result<(), CtlError> {
    if let Action::RotateKeys = args.action {
        let answer = client
            .ask(Method::POST, "/v1/operator/keys/rotate", None)
            .await?;
        return Ok(terminal.answer(&answer, || {
            "The new keys sign soon; what the old ones signed stays valid.".to_owned()
        })?);
    }
    let event = match &args.event {
        Some(event) => event.clone(),
        None => only_event(client).await?,
    };
    let event = OfEvent {
        client,
        path: format!("/v1/operator/events/{}", escaped(&event)),
    };
    event.act(&args.action, terminal).await
}

/// One event's part of the API.
struct OfEvent<'a> {
    client: &'a Client,
    path: String,
}

impl OfEvent<'_> {
    async fn act(&self, action: &Action, terminal: &mut Terminal<'_>) -> Result<(), CtlError> {
        match action {
            Action::Status => {
                let answer = self.get("figures").await?;
                let figures: Figures = self.client.understood(answer.clone())?;
                terminal.answer(&answer, || report::status(&figures))?;
            }
            Action::Watch { times } => {
                let path = format!("{}/stream", self.path);
                watch::watch(self.client, &path, *times, terminal).await?;
            }
            Action::History { minutes } => {
                let answer = self.get(&format!("history?minutes={minutes}")).await?;
                let history = self.client.understood(answer.clone())?;
                terminal.answer(&answer, || report::history(&history))?;
            }
            Action::Rate {
                per_minute,
                yes,
                dry_run,
            } => {
                let rate = per_minute.per_minute();
                let figures: Figures = self.client.get(&format!("{}/figures", self.path)).await?;
                terminal.remark(&predict::effect(rate, &figures))?;
                let question = format!("Set the rate to {}/min?", grouped(rate.into()));
                if !dry_run {
                    confirm(*yes, &question, terminal)?;
                    let change = json!({"admission_rate_per_minute": rate});
                    let told = format!("{}/min from now on.", grouped(rate.into()));
                    self.change(&change, &told, terminal).await?;
                }
            }
            Action::Sessions { limit } => {
                let limit = limit.sessions();
                let change = json!({"max_active_sessions": limit});
                let told = format!("At most {} sessions from now on.", grouped(limit.into()));
                self.change(&change, &told, terminal).await?;
            }
            Action::Pause { reason } => {
                let change = match reason {
                    Some(reason) => json!({"mode": "pause", "message": reason}),
                    None => json!({"mode": "pause"}),
                };
                let told = "The door is paused. Everybody keeps their place.";
                self.change(&change, told, terminal).await?;
            }
            Action::Resume { keep_message } => {
                let change = match keep_message {
                    true => json!({"mode": "admit"}),
                    false => json!({"mode": "admit", "message": ""}),
                };
                self.change(&change, "The door is open again.", terminal)
                    .await?;
            }
            Action::Message { text, .. } => {
                let told = match text {
                    Some(_) => "Published.",
                    None => "The message is gone.",
                };
                let text = text.clone().unwrap_or_default();
                self.change(&json!({"message": text}), told, terminal)
                    .await?;
            }
            Action::Mode { mode, yes } => {
                let mode = mode.as_str();
                let warning = match mode {
                    "bypass" => {
                        "The shop gets all the people who are waiting, at whatever speed they come."
                    }
                    "closed" => {
                        "Nobody joins or is admitted any more; everybody is told that it is over."
                    }
                    _ => "",
                };
                if !warning.is_empty() {
                    terminal.remark(warning)?;
                    confirm(*yes, &format!("Set the mode to {mode}?"), terminal)?;
                }
                let told = format!("The mode is {mode} from now on.");
                self.change(&json!({"mode": mode}), &told, terminal).await?;
            }
            Action::Settings => {
                let answer = self.get("settings").await?;
                let settings = self.client.understood(answer.clone())?;
                terminal.answer(&answer, || report::settings(&settings))?;
            }
            Action::Audit { limit, before } => {
                let before = before
                    .as_deref()
                    .map(|id| format!("&before={}", escaped(id)));
                let before = before.unwrap_or_default();
                let answer = self.get(&format!("audit?limit={limit}{before}")).await?;
                terminal.answer(&answer, || report::audit(&answer))?;
            }
            Action::DeadLetters => {
                let answer = self.get("dead-letters").await?;
                terminal.answer(&answer, || report::dead_letters(&answer))?;
            }
            Action::Redrive => {
                let path = format!("{}/dead-letters/redrive", self.path);
                let answer = self.client.ask(Method::POST, &path, None).await?;
                terminal.answer(&answer, || match answer["redriven"].as_u64() {
                    Some(1) => "One order is tried once more.".to_owned(),
                    number => format!(
                        "{} orders are tried once more.",
                        grouped(number.unwrap_or(0))
                    ),
                })?;
            }
            // Of all events, so dealt with before one is looked for.
            Action::RotateKeys => {}
        }
        Ok(())
    }

    async fn get(&self, what: &str) -> Result<Value, CtlError> {
        let path = format!("{}/{what}", self.path);
        self.client.ask(Method::GET, &path, None).await
    }

    async fn change(
        &self,
        change: &Value,
        told: &str,
        terminal: &mut Terminal<'_>,
    ) -> Result<(), CtlError> {
        let path = format!("{}/settings", self.path);
        let answer = self.client.ask(Method::PATCH, &path, Some(change)).await?;
        Ok(terminal.answer(&answer, || told.to_owned())?)
    }
}

/// Asks whoever sits at a terminal whether to go on, unless they said yes before.
fn confirm(yes: bool, question: &str, terminal: &mut Terminal<'_>) -> Result<(), CtlError> {
    match yes || !terminal.is_attended() || terminal.confirms(question)? {
        true => Ok(()),
        false => Err(CtlError::NotConfirmed),
    }
}

#[derive(Deserialize)]
struct Events {
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    id: String,
}

/// The one event that there is.
async fn only_event(client: &Client) -> Result<String, CtlError> {
    let Events { mut events } = client.get("/v1/events").await?;
    match (events.pop(), events.is_empty()) {
        (None, _) => Err(CtlError::NoEvents(client.base().to_owned())),
        (Some(only), true) => Ok(only.id),
        (Some(last), false) => {
            let ids = events.into_iter().map(|event| plain(&event.id));
            Err(CtlError::WhichEvent(ids.chain([plain(&last.id)]).collect()))
        }
    }
}

/// `text` as one segment of a path, or one value of a query (RFC 3986 §2.3).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(byte.into());
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_leads_to_another_path() {
        assert_eq!(escaped("aurora-live"), "aurora-live");
        assert_eq!(escaped("../a?b=c&d é"), "..%2Fa%3Fb%3Dc%26d%20%C3%A9");
    }
}
