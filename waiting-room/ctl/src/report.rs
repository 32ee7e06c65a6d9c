//! Answers in words, in columns that stand under each other.

use std::fmt::Write;

use serde_json::Value;

use crate::{
    figures::{Figures, Health, History, Point, Refused, Settings},
    words::{clock, grouped, lasting, plain, speed},
};

/// One event, on one screen.
pub(crate) fn status(figures: &Figures) -> String {
    let mut told = format!(
        "{} · {} · mode {} · epoch {} · {}\n",
        plain(&figures.event),
        figures.phase,
        figures.mode,
        figures.epoch,
        clock(figures.at)
    );
    let mut row = |name: &str, text: String| {
        let _ = write!(told, "\n  {name:<13} {text}");
    };
    let eta = figures.eta_back_of_queue_seconds.map_or_else(
        || "not known".to_owned(),
        |seconds| format!("about {}", lasting(seconds)),
    );
    row(
        "waiting",
        format!(
            "{} · the last in the queue is called after: {eta}",
            grouped(figures.waiting)
        ),
    );
    row(
        "door",
        format!(
            "{} called, of whom {} stand at the door · {:.0} % never come",
            grouped(figures.called),
            grouped(figures.at_door),
            figures.no_show_share * 100.0
        ),
    );
    row(
        "sessions",
        format!(
            "{} of {}",
            grouped(figures.sessions),
            grouped(figures.max_active_sessions)
        ),
    );
    row(
        "a minute",
        format!(
            "{} claims at a rate of {} · {} calls · {} joins",
            speed(figures.claims_per_minute),
            grouped(figures.rate_per_minute),
            speed(figures.calls_per_minute),
            speed(figures.joins_per_minute)
        ),
    );
    row("orders", orders(figures));
    for offer in &figures.offers {
        let left = offer.stock_left.map_or_else(|| "–".to_owned(), grouped);
        row(
            "stock",
            format!(
                "{}: {left} of {} left",
                plain(&offer.id),
                grouped(offer.stock)
            ),
        );
    }
    if !figures.message.is_empty() {
        row("message", format!("“{}”", plain(&figures.message)));
    }
    for refused in &figures.refused_settings {
        row("refused", refusal(refused));
    }
    for health in &figures.health {
        row("health", part(health));
    }
    told
}

fn orders(figures: &Figures) -> String {
    let Some(orders) = &figures.orders else {
        return "the shop does not tell".to_owned();
    };
    let mut told = format!(
        "{} confirmed · {} pending · {} refused · {} on the order queue",
        grouped(orders.confirmed),
        grouped(orders.pending),
        grouped(orders.refused),
        grouped(orders.queue_depth)
    );
    if orders.dead_letters > 0 {
        let _ = write!(told, " · {} DEAD LETTERS", grouped(orders.dead_letters));
    }
    told
}

fn refusal(refused: &Refused) -> String {
    format!(
        "{} = “{}” {}",
        plain(&refused.setting),
        plain(&refused.value),
        plain(&refused.reason)
    )
}

fn part(health: &Health) -> String {
    let detail = plain(&health.detail);
    match health.ok {
        true => format!("{}: {detail}", plain(&health.part)),
        false => format!(
            "{} FAILS since {}: {detail}",
            plain(&health.part),
            clock(health.since)
        ),
    }
}

/// One event, on one line.
pub(crate) fn line(figures: &Figures) -> String {
    let mut told = format!(
        "{}  {}  waiting {}  claims {}/min at {}/min  sessions {}/{}",
        clock(figures.at),
        figures.phase,
        grouped(figures.waiting),
        speed(figures.claims_per_minute),
        grouped(figures.rate_per_minute),
        grouped(figures.sessions),
        grouped(figures.max_active_sessions)
    );
    for health in figures.health.iter().filter(|health| !health.ok) {
        let _ = write!(told, "  {}", part(health));
    }
    told
}

/// The settings in force.
pub(crate) fn settings(settings: &Settings) -> String {
    let message = match settings.message.as_str() {
        "" => "none".to_owned(),
        text => format!("“{}”", plain(text)),
    };
    let mut told = format!(
        "  rate          {}/min\n  sessions      {} at most\n  mode          {}\n  message       {message}\n  \
         read from     {}",
        grouped(settings.admission_rate_per_minute),
        grouped(settings.max_active_sessions),
        plain(&settings.mode),
        plain(&settings.source)
    );
    for refused in &settings.refused {
        let _ = write!(told, "\n  refused       {}", refusal(refused));
    }
    told
}

/// One figure of the points.
type Figure = (&'static str, fn(&Point) -> Option<f64>);

/// The figures whose course is told.
const COURSES: [Figure; 9] = [
    ("waiting", |point| Some(point.waiting)),
    ("joins/min", |point| point.joins_per_minute),
    ("calls/min", |point| point.calls_per_minute),
    ("claims/min", |point| point.claims_per_minute),
    ("rate/min", |point| Some(point.rate_per_minute)),
    ("sessions", |point| Some(point.sessions)),
    ("no-show %", |point| Some(point.no_show_share * 100.0)),
    ("ETA s", |point| point.eta_back_of_queue_seconds),
    ("confirmed", |point| point.orders_confirmed),
];

/// How wide a course is, in characters.
const WIDTH: usize = 48;

/// The course of each figure over the last hour.
pub(crate) fn history(history: &History) -> String {
    let points = &history.points;
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return "Nothing has been kept yet.".to_owned();
    };
    let mut told = format!(
        "{} to {}\n\n  {:<12}{:<WIDTH$}{:>12}{:>12}{:>12}",
        clock(first.at),
        clock(last.at),
        "",
        "",
        "lowest",
        "highest",
        "latest"
    );
    for (name, of) in COURSES {
        let values: Vec<f64> = points.iter().filter_map(of).collect();
        let number = |value: Option<f64>| {
            value.map_or_else(|| "–".to_owned(), |value| grouped(value.round() as u64))
        };
        let _ = write!(
            told,
            "\n  {name:<12}{:<WIDTH$}{:>12}{:>12}{:>12}",
            course(points, of),
            number(values.iter().copied().reduce(f64::min)),
            number(values.iter().copied().reduce(f64::max)),
            number(points.last().and_then(of))
        );
    }
    told
}

/// The course of one figure by eighths of the highest value; a blank where it is not known.
fn course(points: &[Point], of: fn(&Point) -> Option<f64>) -> String {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let highest = points.iter().filter_map(of).fold(0.0, f64::max);
    let per_column = points.len().div_ceil(WIDTH).max(1);
    points
        .chunks(per_column)
        .map(|chunk| {
            let value = chunk.iter().filter_map(of).reduce(f64::max);
            value.map_or(' ', |value| match highest > 0.0 {
                true => LEVELS[((value / highest) * 7.0).round() as usize % LEVELS.len()],
                false => LEVELS[0],
            })
        })
        .collect()
}

/// Who changed what.
pub(crate) fn audit(answer: &Value) -> String {
    let entries = answer["entries"].as_array();
    let entries = entries.map(Vec::as_slice).unwrap_or_default();
    if entries.is_empty() {
        return "There are no entries.".to_owned();
    }
    let text = |value: &Value| plain(value.as_str().unwrap_or("–"));
    let mut told = Vec::new();
    for entry in entries {
        let detail = &entry["detail"];
        let quoted = |value: &Value| match value {
            Value::String(text) => format!("“{}”", plain(text)),
            other => plain(&other.to_string()),
        };
        let what = match entry["action"].as_str() {
            Some("setting-changed") => format!(
                "{}: {} → {}",
                text(&detail["setting"]),
                quoted(&detail["from"]),
                quoted(&detail["to"])
            ),
            Some("setting-refused") => format!(
                "{}: {} refused, {}",
                text(&detail["setting"]),
                quoted(&detail["value"]),
                text(&detail["reason"])
            ),
            Some("dead-letters-redriven") => {
                format!("dead letters redriven: {}", detail["redriven"])
            }
            Some(action) => plain(&action.replace('-', " ")),
            None => "–".to_owned(),
        };
        told.push(format!(
            "{}  {:<16} {:<15} {what}",
            text(&entry["at"]),
            text(&entry["who"]),
            text(&entry["via"])
        ));
    }
    match &answer["next"] {
        Value::String(next) => told.push(format!("More: --before {}", plain(next))),
        Value::Number(next) => told.push(format!("More: --before {next}")),
        _ => {}
    }
    told.join("\n")
}

/// Orders that were given up.
pub(crate) fn dead_letters(answer: &Value) -> String {
    let letters = answer["dead_letters"].as_array();
    let letters = letters.map(Vec::as_slice).unwrap_or_default();
    if letters.is_empty() {
        return "There are no dead letters.".to_owned();
    }
    let text = |value: &Value| plain(value.as_str().unwrap_or("–"));
    let lines = letters.iter().map(|letter| {
        format!(
            "{}  order {}  tried {} times  {}",
            text(&letter["died_at"]),
            text(&letter["order_id"]),
            letter["received_count"],
            text(&letter["reason"])
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}
