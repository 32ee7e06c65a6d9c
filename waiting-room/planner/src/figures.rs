//! Numbers and times as people read them.

/// A whole number with commas: 400,000.
pub(crate) fn whole(number: f64) -> String {
    let digits = format!("{:.0}", number.max(0.0).round());
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with about three digits that count: 6,667, 41.7, 3.20, 0.
pub(crate) fn number(number: f64) -> String {
    match number {
        n if n >= 99.95 => whole(n),
        n if n >= 9.995 => format!("{n:.1}"),
        n if n >= 0.005 => format!("{n:.2}"),
        _ => "0".to_owned(),
    }
}

/// A share as per cent: 40 %, 2.5 %.
pub(crate) fn percent(share: f64) -> String {
    let hundredths = share * 100.0;
    if (hundredths - hundredths.round()).abs() < 0.05 {
        format!("{hundredths:.0} %")
    } else {
        format!("{hundredths:.1} %")
    }
}

/// A time: 45 s, 2 min 48 s, 12 min, 6 h 40 min, 2 d 3 h.
pub(crate) fn time(seconds: f64) -> String {
    let seconds = seconds.max(0.0).round() as u64;
    let (unit, name, rest, rest_name) = match seconds {
        0..60 => return format!("{seconds} s"),
        60..600 => (60, "min", 1, "s"),
        600..3_570 => return format!("{} min", (seconds + 30) / 60),
        3_570..3_600 => return "1 h".to_owned(),
        3_600..172_800 => (3_600, "h", 60, "min"),
        _ => (86_400, "d", 3_600, "h"),
    };
    // Rounded to the smaller unit first, so that no hour has sixty minutes.
    let rounded = (seconds + rest / 2) / rest * rest;
    let (units, rests) = (rounded / unit, rounded % unit / rest);
    if rests == 0 {
        format!("{units} {name}")
    } else {
        format!("{units} {name} {rests} {rest_name}")
    }
}

/// Bytes: 45.4 MB.
pub(crate) fn bytes(bytes: f64) -> String {
    let (size, unit) = match bytes {
        b if b >= 1e9 => (b / 1e9, "GB"),
        b if b >= 1e6 => (b / 1e6, "MB"),
        b => (b / 1e3, "kB"),
    };
    format!("{} {unit}", number(size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!(whole(400_000.4), "400,000");
        assert_eq!(whole(999.0), "999");
        assert_eq!(whole(-0.2), "0");
        assert_eq!(number(6_666.7), "6,667");
        assert_eq!(number(41.66), "41.7");
        assert_eq!(number(9.999), "10.0");
        assert_eq!(number(0.0), "0");
        assert_eq!(percent(0.4), "40 %");
        assert_eq!(percent(0.025), "2.5 %");
        assert_eq!(bytes(50_400_000.0), "50.4 MB");
    }

    #[test]
    fn times_have_two_units_and_carry() {
        assert_eq!(time(44.6), "45 s");
        assert_eq!(time(168.0), "2 min 48 s");
        assert_eq!(time(725.0), "12 min");
        assert_eq!(time(3_580.0), "1 h");
        assert_eq!(time(24_000.0), "6 h 40 min");
        assert_eq!(time(7_199.0), "2 h");
        assert_eq!(time(3_600.0), "1 h");
        assert_eq!(time(183_600.0), "2 d 3 h");
    }
}
