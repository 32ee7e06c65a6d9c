//! Waiting times in words, as the site's `js/lib/eta.js` has them: each bound is rounded by its own size, low ones down and
//! high ones up, so that as a bound falls its words fall with it.

/// A message of a waiting time and its parameters, in minutes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) key: &'static str,
    pub(crate) low: u64,
    pub(crate) high: u64,
}

/// The words for a wait between `low` and `high` seconds.
pub(crate) fn words(low: u64, high: u64) -> Words {
    let (lowest, highest) = (down(low), up(high).max(1));
    let hours = highest > 90;
    let key = match (lowest, highest) {
        _ if high <= 45 => "eta.moments",
        (_, 1) => "eta.minute",
        (0, _) => "eta.up_to",
        (low, high) if low == high && hours => "eta.hours",
        (low, high) if low == high => "eta.minutes",
        _ if hours => "eta.range_hours",
        _ => "eta.range_minutes",
    };
    Words {
        key,
        low: lowest,
        high: highest,
    }
}

/// How finely a time is told, in minutes; `over` tells whether it is longer than so many.
fn step(over: impl Fn(u64) -> bool) -> u64 {
    match () {
        () if over(300) => 60,
        () if over(90) => 15,
        () if over(20) => 5,
        () => 1,
    }
}

fn down(seconds: u64) -> u64 {
    let size = step(|minutes| seconds > minutes * 60);
    seconds / (size * 60) * size
}

fn up(seconds: u64) -> u64 {
    let size = step(|minutes| seconds > minutes * 60);
    seconds.div_ceil(size * 60) * size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_read_like_speech() {
        let of = |low, high| {
            let words = words(low, high);
            (words.key, words.low, words.high)
        };
        assert_eq!(of(0, 40).0, "eta.moments");
        assert_eq!(of(0, 60).0, "eta.minute");
        assert_eq!(of(30, 100), ("eta.up_to", 0, 2));
        assert_eq!(of(720, 890), ("eta.range_minutes", 12, 15));
        assert_eq!(of(720, 720), ("eta.minutes", 12, 12));
        assert_eq!(of(1_500, 2_100), ("eta.range_minutes", 25, 35));
        assert_eq!(of(4_000, 6_000), ("eta.range_hours", 65, 105));
        assert_eq!(of(7_200, 7_200), ("eta.hours", 120, 120));
    }

    #[test]
    fn words_fall_as_the_bounds_do() {
        let mut before = words(40_000, 40_000);
        for seconds in (0..40_000).rev() {
            let now = words(seconds, seconds);
            assert!(
                now.low <= before.low && now.high <= before.high,
                "{seconds}"
            );
            before = now;
        }
    }
}
