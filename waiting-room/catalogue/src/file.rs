//! The events file: a TOML document with an `[[event]]` table for each event.

use std::{collections::HashSet, time::Duration};

use serde::Deserialize;
use waiting_room_core::{
    AdmissionRate, EventId, MaxActiveSessions, Message, Mode, OfferId, Schedule, Settings,
    Timestamp,
};

use crate::{CatalogueErrors, Currency, Event, Offer};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    event: Vec<EventEntry>,
}

/// An event as it is written, before anything is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventEntry {
    id: String,
    name: String,
    venue: Option<String>,
    starts_at: Option<Time>,
    opens_at: Option<Time>,
    on_sale_at: Option<Time>,
    closes_at: Option<Time>,
    #[serde(default = "default_rate")]
    admission_rate_per_minute: i64,
    #[serde(default = "default_sessions")]
    max_active_sessions: i64,
    #[serde(default = "default_session_seconds")]
    session_seconds: i64,
    #[serde(default = "default_call_window_seconds")]
    call_window_seconds: i64,
    checkout_url: Option<String>,
    #[serde(default)]
    offer: Vec<OfferEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfferEntry {
    id: String,
    name: String,
    price_cents: i64,
    currency: String,
    stock: i64,
    max_per_order: i64,
}

/// A time as a string or as TOML's own date-time.
#[derive(Deserialize)]
#[serde(untagged)]
enum Time {
    Text(String),
    Toml(toml::value::Datetime),
}

fn default_rate() -> i64 {
    600
}
fn default_sessions() -> i64 {
    2_000
}
fn default_session_seconds() -> i64 {
    600
}
fn default_call_window_seconds() -> i64 {
    120
}

/// The events of the events file `text`. `on_sale_at` is when the event of an id goes on sale that does
/// not say it.
pub(crate) fn parse(
    text: &str,
    on_sale_at: impl Fn(&str) -> Timestamp,
) -> Result<Vec<Event>, CatalogueErrors> {
    let file: File =
        toml::from_str(text).map_err(|error| CatalogueErrors(vec![error.to_string()]))?;
    if file.event.is_empty() {
        return Err(CatalogueErrors(vec!["there is no [[event]]".to_owned()]));
    }
    check(file.event, on_sale_at)
}

/// The events that `entries` are, if all is well with them.
pub(crate) fn check(
    entries: Vec<EventEntry>,
    on_sale_at: impl Fn(&str) -> Timestamp,
) -> Result<Vec<Event>, CatalogueErrors> {
    let mut reader = Reader { errors: Vec::new() };
    let events: Vec<Event> = entries
        .into_iter()
        .enumerate()
        .filter_map(|(index, entry)| {
            let unsaid = on_sale_at(&entry.id);
            reader.event(index, entry, unsaid)
        })
        .collect();
    let mut seen = HashSet::new();
    for event in &events {
        if !seen.insert(&event.id) {
            reader
                .errors
                .push(format!("event {}: the id is there twice", event.id));
        }
    }
    if reader.errors.is_empty() {
        Ok(events)
    } else {
        Err(CatalogueErrors(reader.errors))
    }
}

struct Reader {
    errors: Vec<String>,
}

impl Reader {
    fn event(&mut self, index: usize, entry: EventEntry, unsaid: Timestamp) -> Option<Event> {
        let at = if entry.id.is_empty() {
            format!("event {}", index + 1)
        } else {
            format!("event {}", entry.id)
        };
        let id = self.check(&at, "id", entry.id.parse::<EventId>());
        let name = self.name(&at, entry.name);
        let on_sale_at = match &entry.on_sale_at {
            Some(time) => self.time(&at, "on_sale_at", time),
            None => Some(unsaid),
        };
        let schedule = self.schedule(&at, entry.opens_at, on_sale_at, entry.closes_at);
        let starts_at = entry
            .starts_at
            .and_then(|time| self.time(&at, "starts_at", &time));
        let rate = self.setting(
            &at,
            "admission_rate_per_minute",
            entry
                .admission_rate_per_minute
                .to_string()
                .parse::<AdmissionRate>(),
        );
        let sessions = self.setting(
            &at,
            "max_active_sessions",
            entry
                .max_active_sessions
                .to_string()
                .parse::<MaxActiveSessions>(),
        );
        let session = self.seconds(&at, "session_seconds", entry.session_seconds, 30, 86_400);
        let window = self.seconds(
            &at,
            "call_window_seconds",
            entry.call_window_seconds,
            5,
            3_600,
        );
        let checkout_url = self.url(&at, entry.checkout_url);
        let offers = self.offers(&at, entry.offer);
        Some(Event {
            id: id?,
            name: name?,
            venue: entry.venue,
            starts_at,
            schedule: schedule?,
            session_length: session?,
            call_window: window?,
            checkout_url,
            initial_settings: Settings {
                admission_rate_per_minute: rate?,
                max_active_sessions: sessions?,
                mode: Mode::Admit,
                message: Message::default(),
            },
            offers: offers?,
        })
    }

    fn offers(&mut self, event: &str, entries: Vec<OfferEntry>) -> Option<Vec<Offer>> {
        if !(1..=50).contains(&entries.len()) {
            self.fail(event, "offer", "there must be 1 to 50 offers");
            return None;
        }
        let count = entries.len();
        let offers: Vec<Offer> = entries
            .into_iter()
            .filter_map(|entry| self.offer(event, entry))
            .collect();
        let mut seen = HashSet::new();
        for offer in &offers {
            if !seen.insert(&offer.id) {
                self.fail(
                    event,
                    "offer",
                    &format!("the id {} is there twice", offer.id),
                );
            }
        }
        if offers
            .iter()
            .any(|offer| offer.currency != offers[0].currency)
        {
            self.fail(
                event,
                "offer",
                "all offers of an event must have one currency",
            );
        }
        (offers.len() == count).then_some(offers)
    }

    fn offer(&mut self, event: &str, entry: OfferEntry) -> Option<Offer> {
        let at = format!("{event}, offer {}", entry.id);
        let id = self.check(&at, "id", entry.id.parse::<OfferId>());
        let name = self.name(&at, entry.name);
        let price = self.number(&at, "price_cents", entry.price_cents, 0, 100_000_000);
        let stock = self.number(&at, "stock", entry.stock, 0, 10_000_000);
        let most = self.number(&at, "max_per_order", entry.max_per_order, 1, 100);
        let currency = Currency::new(&entry.currency);
        if currency.is_none() {
            self.fail(
                &at,
                "currency",
                "must be three upper-case letters (ISO 4217)",
            );
        }
        Some(Offer {
            id: id?,
            name: name?,
            price_cents: price?,
            currency: currency?,
            stock: u32::try_from(stock?).ok()?,
            max_per_order: u32::try_from(most?).ok()?,
        })
    }

    fn schedule(
        &mut self,
        at: &str,
        opens_at: Option<Time>,
        on_sale_at: Option<Timestamp>,
        closes_at: Option<Time>,
    ) -> Option<Schedule> {
        let on_sale_at = on_sale_at?;
        let opens_at = match opens_at {
            Some(time) => self.time(at, "opens_at", &time)?,
            None => on_sale_at,
        };
        let closes_at = match closes_at {
            Some(time) => Some(self.time(at, "closes_at", &time)?),
            None => None,
        };
        if opens_at > on_sale_at {
            self.fail(at, "opens_at", "must not be after on_sale_at");
        }
        if closes_at.is_some_and(|closes_at| closes_at <= on_sale_at) {
            self.fail(at, "closes_at", "must be after on_sale_at");
        }
        Some(Schedule {
            opens_at,
            on_sale_at,
            closes_at,
        })
    }

    fn time(&mut self, at: &str, field: &str, time: &Time) -> Option<Timestamp> {
        let text = match time {
            Time::Text(text) => text.clone(),
            Time::Toml(datetime) => datetime.to_string(),
        };
        let parsed = Timestamp::parse(&text);
        if parsed.is_none() {
            self.fail(
                at,
                field,
                "must be an RFC 3339 time with its offset, like 2027-06-12T20:00:00Z",
            );
        }
        parsed
    }

    fn name(&mut self, at: &str, name: String) -> Option<String> {
        let name = name.trim().to_owned();
        let fits = (1..=200).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        if !fits {
            self.fail(at, "name", "must be one line of 1 to 200 characters");
        }
        fits.then_some(name)
    }

    fn url(&mut self, at: &str, url: Option<String>) -> Option<String> {
        let url = url?;
        let fits = ["/", "https://", "http://"]
            .iter()
            .any(|start| url.starts_with(start))
            && !url.chars().any(|c| c.is_control() || c.is_whitespace());
        if !fits {
            self.fail(at, "checkout_url", "must begin with /, https:// or http://");
        }
        fits.then_some(url)
    }

    fn seconds(
        &mut self,
        at: &str,
        field: &str,
        value: i64,
        min: u64,
        max: u64,
    ) -> Option<Duration> {
        self.number(at, field, value, min, max)
            .map(Duration::from_secs)
    }

    fn number(&mut self, at: &str, field: &str, value: i64, min: u64, max: u64) -> Option<u64> {
        let number = u64::try_from(value)
            .ok()
            .filter(|number| (min..=max).contains(number));
        if number.is_none() {
            self.fail(at, field, &format!("must be from {min} to {max}"));
        }
        number
    }

    fn setting<T>(
        &mut self,
        at: &str,
        field: &str,
        result: Result<T, waiting_room_core::InvalidSetting>,
    ) -> Option<T> {
        self.check(at, field, result)
    }

    fn check<T, E: std::fmt::Display>(
        &mut self,
        at: &str,
        field: &str,
        result: Result<T, E>,
    ) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.fail(at, field, &error.to_string());
                None
            }
        }
    }

    fn fail(&mut self, at: &str, field: &str, reason: &str) {
        self.errors.push(format!("{at}: {field} {reason}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);

    const GOOD: &str = r#"
        [[event]]
        id = "aurora-live"
        name = "Aurora, live at the Arena"
        venue = "Arena, Porto"
        starts_at = "2027-06-12T20:00:00Z"
        opens_at = 2026-11-21T09:30:00Z
        on_sale_at = "2026-11-21T10:00:00+00:00"
        closes_at = "2026-11-22T10:00:00Z"
        admission_rate_per_minute = 600
        max_active_sessions = 2000
        session_seconds = 600
        call_window_seconds = 120
          [[event.offer]]
          id = "standing"
          name = "Standing"
          price_cents = 4500
          currency = "EUR"
          stock = 5000
          max_per_order = 4
    "#;

    #[test]
    fn reads_the_designs_example() {
        let events = parse(GOOD, |_| NOW).unwrap();
        let event = &events[0];
        assert_eq!(
            event.schedule.on_sale_at.to_string(),
            "2026-11-21T10:00:00Z"
        );
        assert_eq!(event.schedule.opens_at.to_string(), "2026-11-21T09:30:00Z");
        assert_eq!(event.session_length, Duration::from_secs(600));
        assert_eq!(event.offers[0].currency.as_str(), "EUR");
    }

    #[test]
    fn an_event_without_times_is_on_sale_now() {
        let text: String = GOOD
            .lines()
            .filter(|line| !line.contains("_at ="))
            .map(|l| format!("{l}\n"))
            .collect();
        let events = parse(&text, |_| NOW).unwrap();
        assert_eq!(
            events[0].schedule,
            Schedule {
                opens_at: NOW,
                on_sale_at: NOW,
                closes_at: None
            }
        );
    }

    #[test]
    fn tells_everything_that_is_wrong_at_once() {
        let text = GOOD
            .replace("aurora-live", "Aurora Live")
            .replace("= 600", "= 0")
            .replace("\"EUR\"", "\"euro\"")
            .replace("= 4500", "= -1")
            .replace("2026-11-22", "2026-11-20");
        let CatalogueErrors(errors) = parse(&text, |_| NOW).unwrap_err();
        for field in [
            "id",
            "admission_rate",
            "session_seconds",
            "currency",
            "price",
            "closes_at",
        ] {
            assert!(
                errors.iter().any(|error| error.contains(field)),
                "{field}: {errors:#?}"
            );
        }
    }

    #[test]
    fn refuses_what_it_does_not_know_and_what_is_there_twice() {
        assert!(parse("", |_| NOW).is_err());
        assert!(parse("[[event]]\nid = \"a\"\ncolour = 1", |_| NOW).is_err());
        assert!(parse("not toml", |_| NOW).is_err());
        assert!(parse(&format!("{GOOD}{GOOD}"), |_| NOW).is_err());
    }
}
