//! An event as an item, and back by the events file's own rules.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;
use toml::{Table, Value};
use waiting_room_core::Timestamp;

use super::{Item, KEY};
use crate::{
    CatalogueErrors, Event, Offer,
    file::{self, EventEntry},
};

const POSITION: &str = "position";
const ON_SALE_AT: &str = "on_sale_at";

/// The id of the event that `item` is.
pub(super) fn id(item: &Item) -> Option<&str> {
    item.get(KEY)?.as_s().ok().map(String::as_str)
}

/// When the event that `item` is goes on sale, if it says so.
pub(super) fn on_sale_at(item: &Item) -> Option<Timestamp> {
    Timestamp::parse(item.get(ON_SALE_AT)?.as_s().ok()?)
}

/// Where the event that `item` is comes among others.
pub(super) fn order(item: &Item) -> (u64, String) {
    let position = item.get(POSITION).and_then(|position| position.as_n().ok());
    let position = position.and_then(|position| position.parse().ok());
    let id = id(item).unwrap_or_default().to_owned();
    (position.unwrap_or(u64::MAX), id)
}

/// The events that `items` of `table` are, or all that is wrong with them.
pub(super) fn parse(items: Vec<Item>, table: &str) -> Result<Vec<Event>, CatalogueErrors> {
    let mut errors = Vec::new();
    let mut entries = Vec::new();
    for item in items {
        let at = format!("event {}", id(&item).unwrap_or("?"));
        let read = entry(item).and_then(|entry| {
            if !entry.contains_key(ON_SALE_AT) {
                errors.push(format!("{at}: on_sale_at must be there"));
            }
            EventEntry::deserialize(entry).map_err(|error| error.message().to_owned())
        });
        match read {
            Ok(entry) => entries.push(entry),
            Err(reason) => errors.push(format!("{at}: {reason}")),
        }
    }
    if entries.is_empty() && errors.is_empty() {
        errors.push(format!("there is no event in the table {table}"));
    }
    // An item without its time is an error already.
    let checked = file::check(entries, |_| Timestamp::default());
    match checked {
        Ok(events) if errors.is_empty() => Ok(events),
        Ok(_) => Err(CatalogueErrors(errors)),
        Err(CatalogueErrors(others)) => {
            errors.extend(others);
            Err(CatalogueErrors(errors))
        }
    }
}

/// `item` as the events file would hold it.
fn entry(item: Item) -> Result<Table, String> {
    let mut entry = Table::new();
    for (name, attribute) in item {
        let name = match &*name {
            POSITION => continue,
            // Global tables of the first kind add their own.
            name if name.starts_with("aws:") => continue,
            KEY => "id".to_owned(),
            _ => name,
        };
        if let Some(value) = value(&name, attribute)? {
            entry.insert(name, value);
        }
    }
    Ok(entry)
}

/// `attribute` as TOML; nothing when it is null.
fn value(name: &str, attribute: AttributeValue) -> Result<Option<Value>, String> {
    Ok(Some(match attribute {
        AttributeValue::Null(_) => return Ok(None),
        AttributeValue::S(text) => Value::String(text),
        AttributeValue::N(number) => {
            let number = number.parse();
            Value::Integer(number.map_err(|_| format!("{name} must be a whole number"))?)
        }
        AttributeValue::L(list) => {
            let values: Result<Vec<_>, _> = list.into_iter().map(|v| value(name, v)).collect();
            Value::Array(values?.into_iter().flatten().collect())
        }
        AttributeValue::M(map) => {
            let mut table = Table::new();
            for (name, attribute) in map {
                if let Some(value) = value(&name, attribute)? {
                    table.insert(name, value);
                }
            }
            Value::Table(table)
        }
        _ => return Err(format!("{name} must be a text, number, list or map")),
    }))
}

/// `event` as the item at `position`.
pub(super) fn of(event: &Event, position: usize) -> Item {
    let schedule = &event.schedule;
    let settings = &event.initial_settings;
    let offers = event.offers.iter().map(|offer| map(of_offer(offer)));
    let optional = [
        ("venue", event.venue.as_deref().map(text)),
        ("starts_at", event.starts_at.map(text)),
        ("closes_at", schedule.closes_at.map(text)),
        ("checkout_url", event.checkout_url.as_deref().map(text)),
    ];
    let rate = settings.admission_rate_per_minute.per_minute();
    let sessions = settings.max_active_sessions.sessions();
    [
        (KEY, text(&event.id)),
        (POSITION, number(position)),
        ("name", text(&event.name)),
        ("opens_at", text(schedule.opens_at)),
        (ON_SALE_AT, text(schedule.on_sale_at)),
        ("admission_rate_per_minute", number(rate)),
        ("max_active_sessions", number(sessions)),
        ("session_seconds", number(event.session_length.as_secs())),
        ("call_window_seconds", number(event.call_window.as_secs())),
        ("offer", AttributeValue::L(offers.collect())),
    ]
    .into_iter()
    .chain(optional.into_iter().filter_map(|(n, v)| Some((n, v?))))
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

fn of_offer(offer: &Offer) -> [(&'static str, AttributeValue); 6] {
    [
        ("id", text(&offer.id)),
        ("name", text(&offer.name)),
        ("price_cents", number(offer.price_cents)),
        ("currency", text(offer.currency.as_str())),
        ("stock", number(offer.stock)),
        ("max_per_order", number(offer.max_per_order)),
    ]
}

fn map<const N: usize>(attributes: [(&str, AttributeValue); N]) -> AttributeValue {
    let named = attributes.map(|(name, value)| (name.to_owned(), value));
    AttributeValue::M(named.into_iter().collect())
}

fn text(text: impl ToString) -> AttributeValue {
    AttributeValue::S(text.to_string())
}

fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}
