//! `"Mon Wed Fri at 17:00 from 14 d"` → instants. Counted as start + k·period in whole nanoseconds, so
//! that a year of doses drifts by nothing.

use std::ops::Range;

use crate::units::{Quantity, Unit};

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;
const WEEK: i128 = 7 * DAY;
/// More instants than any protocol needs.
const MOST: i128 = 1_000_000;
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The forms of a schedule, for messages.
pub const FORMS: &str = "a schedule reads `daily at 07:00`, `every 2 d at 07:00`, `Mon Wed at 17:00`, \
    `at 3 d 07:00` or `every 8 h`, and may end with `from 14 d` or `until 42 d`";

/// A time span in nanoseconds; one unit word such as `"2 d"`.
fn span_ns(words: &[&str]) -> Result<i128, String> {
    let text = words.join(" ");
    let second = Unit::parse("s").expect("s is a unit");
    let quantity = Quantity::parse(&text).map_err(|_| format!("`{text}` is not a time"))?;
    match quantity.value_in(&second) {
        Some(seconds) if seconds.is_finite() && seconds.abs() < 1e10 => {
            Ok((seconds * 1e9).round() as i128)
        }
        _ => Err(format!("`{text}` is not a time")),
    }
}

/// `"17:00"` in nanoseconds after midnight.
pub fn clock_ns(text: &str) -> Option<i128> {
    let (hours, minutes) = text.split_once(':')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hours) || !digits(minutes) || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes): (i128, i128) = (hours.parse().ok()?, minutes.parse().ok()?);
    ((0..24).contains(&hours) && (0..60).contains(&minutes))
        .then(|| (hours * 60 + minutes) * 60 * SECOND)
}

/// `"Mon 00:00"` in seconds after Monday midnight.
pub fn start_s(text: &str) -> Option<f64> {
    let (day, clock) = text.split_once(' ')?;
    let day = DAYS.iter().position(|name| *name == day)? as i128;
    Some((day * DAY + clock_ns(clock.trim())?) as f64 / 1e9)
}

/// All instants of a schedule in `window`, in seconds after t = 0, which stands at clock time `start_s`
/// after Monday 00:00. A window that begins before 0 asks for a habit: the schedule is continued into the
/// past, and may neither happen once nor begin later.
///
/// # Errors
/// What cannot be understood, in words, and what would be.
pub fn instants(text: &str, start_s: f64, window: Range<f64>) -> Result<Vec<f64>, String> {
    let habit = window.start < 0.0;
    let earliest = (window.start * 1e9).round() as i128;
    let words: Vec<&str> = text.split_whitespace().collect();
    let cut = words
        .iter()
        .position(|word| *word == "from" || *word == "until")
        .unwrap_or(words.len());
    let (head, limits) = words.split_at(cut);
    let (mut from, mut until) = (0, (window.end * 1e9).round() as i128);
    for limit in limits.chunks(3) {
        match limit {
            ["from", ..] if habit => {
                return Err("a habit begins before t = 0: it has no `from`".to_string());
            }
            ["from", number, unit] => from = span_ns(&[number, unit])?.max(0),
            ["until", number, unit] => until = until.min(span_ns(&[number, unit])?),
            _ => return Err("a limit reads `from 14 d` or `until 42 d`".to_string()),
        }
    }
    let start = (start_s * 1e9).round() as i128;
    let low = if habit { earliest } else { from };
    let mut found = Vec::new();
    let mut repeat = |first: i128, period: i128| -> Result<(), String> {
        let more = (until - low) / period.max(1);
        if period <= 0 || found.len() as i128 + more > MOST {
            return Err("this repeats too often: at most a million times".to_string());
        }
        // The first instant at or after `low`; a habit is counted backwards from t = 0 as well.
        let skipped = -(first - low).div_euclid(period);
        let mut at = first + if habit { skipped } else { skipped.max(0) } * period;
        while at < until {
            found.push(at);
            at += period;
        }
        Ok(())
    };
    // Instants of the clock relative to t = 0: the first midnight at or before t = 0.
    let midnight = -start.rem_euclid(DAY);
    match head {
        ["at", ..] if habit => return Err("a habit does not happen once".to_string()),
        ["at", number, unit] => repeat(span_ns(&[number, unit])?, i128::MAX / 4)?,
        ["at", number, unit, clock] => {
            let clock = clock_ns(clock).ok_or(format!("`{clock}` is not a time of day"))?;
            repeat(midnight + span_ns(&[number, unit])? + clock, i128::MAX / 4)?;
        }
        ["daily", "at", clocks @ ..] => {
            for clock in clock_list(clocks)? {
                repeat(midnight + clock, DAY)?;
            }
        }
        ["every", number, unit] => repeat(from, span_ns(&[number, unit])?)?,
        ["every", number, unit, "at", clocks @ ..] => {
            let period = span_ns(&[number, unit])?;
            if period % DAY != 0 {
                return Err("`every … at` takes whole days".to_string());
            }
            for clock in clock_list(clocks)? {
                // Counted from the day of `from`, so that "every 2 d from 14 d" begins on day 14.
                repeat(midnight + from / DAY * DAY + clock, period)?;
            }
        }
        [days @ .., "at", clock] if !days.is_empty() => {
            let clock = clock_ns(clock).ok_or(format!("`{clock}` is not a time of day"))?;
            let monday = -start.rem_euclid(WEEK);
            for day in days {
                let index = DAYS.iter().position(|name| name == day);
                let index =
                    index.ok_or(format!("`{day}` is not a day: Mon Tue Wed Thu Fri Sat Sun"))?;
                repeat(monday + index as i128 * DAY + clock, WEEK)?;
            }
        }
        _ => {
            return Err("it has no form that is known".to_string());
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found
        .into_iter()
        .filter(|at| *at >= earliest)
        .map(|at| at as f64 / 1e9)
        .collect())
}

fn clock_list(words: &[&str]) -> Result<Vec<i128>, String> {
    let clocks: Vec<&&str> = words.iter().filter(|word| **word != "and").collect();
    if clocks.is_empty() {
        return Err("a time of day is missing".to_string());
    }
    clocks
        .into_iter()
        .map(|clock| {
            clock_ns(clock.trim_end_matches(',')).ok_or(format!("`{clock}` is not a time of day"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::instants;

    const H: f64 = 3600.0;
    const D: f64 = 24.0 * H;

    #[test]
    fn schedules_read_as_written() {
        let at = |text: &str| instants(text, 0.0, 0.0..8.0 * D).expect("a schedule");
        assert_eq!(
            at("Mon Wed at 17:00"),
            [17.0 * H, 2.0 * D + 17.0 * H, 7.0 * D + 17.0 * H]
        );
        assert_eq!(
            at("every 3 d at 07:00"),
            [7.0 * H, 3.0 * D + 7.0 * H, 6.0 * D + 7.0 * H]
        );
        assert_eq!(
            at("every 2 d at 07:00 from 4 d"),
            [4.0 * D + 7.0 * H, 6.0 * D + 7.0 * H]
        );
        assert_eq!(
            at("daily at 08:00 and 20:00 until 1 d"),
            [8.0 * H, 20.0 * H]
        );
        assert_eq!(at("at 3 d 07:30"), [3.0 * D + 7.5 * H]);
        assert_eq!(at("every 90 min until 3 h"), [0.0, 1.5 * H]);
        assert!(instants("at noon", 0.0, 0.0..D).is_err());
        assert!(instants("Fryday at 07:00", 0.0, 0.0..D).is_err());
    }

    #[test]
    fn the_clock_starts_where_the_scenario_says() {
        // t = 0 is Tuesday noon: the next Monday 07:00 is 5 d 19 h later.
        assert_eq!(
            instants("Mon at 07:00", 1.5 * D, 0.0..8.0 * D).expect("one"),
            [5.0 * D + 19.0 * H]
        );
    }

    #[test]
    fn a_habit_reaches_into_the_past_without_losing_its_rhythm() {
        let at = |text: &str| instants(text, 0.0, -7.0 * D..4.0 * D).expect("a schedule");
        let days: Vec<f64> = at("every 3 d at 07:00")
            .iter()
            .map(|s| (s - 7.0 * H) / D)
            .collect();
        assert_eq!(days, [-6.0, -3.0, 0.0, 3.0]);
        assert_eq!(
            at("Mon Wed at 17:00"),
            [-7.0 * D, -5.0 * D, 0.0, 2.0 * D].map(|day| day + 17.0 * H)
        );
        assert!(instants("at 3 d 07:00", 0.0, -D..D).is_err());
        assert!(instants("daily at 07:00 from 2 d", 0.0, -D..D).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,40}") {
            let _ = instants(&text, 0.0, 0.0..D);
        }
    }
}
