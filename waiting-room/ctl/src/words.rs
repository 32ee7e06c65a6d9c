//! Numbers and times as people read them.

use waiting_room_core::Timestamp;

/// `number` in groups of three digits.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let (head, rest) = digits.split_at(first);
    let groups = rest.as_bytes().chunks(3).map(String::from_utf8_lossy);
    let head = (!head.is_empty()).then(|| head.into());
    head.into_iter().chain(groups).collect::<Vec<_>>().join(",")
}

/// A speed, rounded to whole ones.
pub(crate) fn speed(per_minute: Option<f64>) -> String {
    per_minute.map_or_else(
        || "–".to_owned(),
        |speed| grouped(speed.max(0.0).round() as u64),
    )
}

/// How long `seconds` are, to about a minute.
pub(crate) fn lasting(seconds: u64) -> String {
    match seconds {
        0..60 => "less than a minute".to_owned(),
        60..90 => "a minute".to_owned(),
        90..5_400 => format!("{} min", (seconds + 30) / 60),
        _ => {
            let minutes = (seconds + 30) / 60;
            format!("{} h {:02} min", minutes / 60, minutes % 60)
        }
    }
}

/// The time of day, in UTC.
pub(crate) fn clock(at: Timestamp) -> String {
    let seconds = at.as_seconds() % 86_400;
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02} UTC", seconds % 60)
}

/// The same, without the seconds.
pub(crate) fn clock_to_the_minute(at: Timestamp) -> String {
    let minutes = (at.as_seconds() + 30) / 60 % 1_440;
    format!("{:02}:{:02} UTC", minutes / 60, minutes % 60)
}

/// What others wrote, fit for a terminal: nothing in it moves the cursor or colours the rest.
pub(crate) fn plain(text: &str) -> String {
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, expected) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (12_431, "12,431"),
            (400_000, "400,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), expected);
        }
    }

    #[test]
    fn times_are_told_as_people_say_them() {
        for (seconds, expected) in [
            (59, "less than a minute"),
            (60, "a minute"),
            (90, "2 min"),
            (720, "12 min"),
            (5_370, "90 min"),
            (5_400, "1 h 30 min"),
            (7_500, "2 h 05 min"),
        ] {
            assert_eq!(lasting(seconds), expected);
        }
        let at = Timestamp::parse("2026-11-21T20:40:45Z").unwrap();
        assert_eq!(clock(at), "20:40:45 UTC");
        assert_eq!(clock_to_the_minute(at), "20:41 UTC");
    }

    #[test]
    fn what_others_wrote_does_nothing_to_a_terminal() {
        assert_eq!(
            plain("red \x1b[31m\r\nzoë"),
            "red \u{fffd}[31m\u{fffd}\u{fffd}zoë"
        );
    }
}
