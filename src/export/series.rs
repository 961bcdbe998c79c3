//! Instants → series first + k·period, so that a schedule becomes one event that sets itself again.
//!
//! Instants are whole nanoseconds; a series gives back each of them exactly.

use std::collections::BTreeMap;

/// `first + round(k·period)` for k = 0 … count − 1, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Series {
    pub first: i64,
    pub period: f64,
    pub count: usize,
}

/// Fewer than these are told one by one.
const SHORTEST: usize = 3;
/// How many of the next instants are tried as the second of a series.
const TRIED: usize = 24;

/// Takes instants apart (an instant may occur several times), earliest first.
pub fn series(times: &[i64]) -> Vec<Series> {
    let mut left: BTreeMap<i64, usize> = BTreeMap::new();
    for time in times {
        *left.entry(*time).or_default() += 1;
    }
    let mut found = Vec::new();
    while let Some((&first, _)) = left.first_key_value() {
        let seconds: Vec<i64> = left.keys().skip(1).take(TRIED).copied().collect();
        let mut best = (vec![first], 0.0);
        for second in seconds {
            let run = follow(&left, first, second);
            if run.0.len() > best.0.len() {
                best = run;
            }
            if best.0.len() == left.len() {
                break;
            }
        }
        let (taken, period) = if best.0.len() < SHORTEST {
            (vec![first], 0.0)
        } else {
            best
        };
        for time in &taken {
            match left.get_mut(time) {
                Some(count) if *count > 1 => *count -= 1,
                _ => {
                    left.remove(time);
                }
            }
        }
        found.push(Series {
            first,
            period,
            count: taken.len(),
        });
    }
    found
}

/// The longest series that begins with these two, and its period.
fn follow(times: &BTreeMap<i64, usize>, first: i64, second: i64) -> (Vec<i64>, f64) {
    let mut run = vec![first, second];
    // Periods that give every instant so far, rounding included.
    let (mut low, mut high) = ((second - first) as f64 - 0.5, (second - first) as f64 + 0.5);
    loop {
        let k = run.len() as f64;
        // Later than the last: half a nanosecond of a short period may reach back to it.
        let from = (first + (k * low).round() as i64).max(run[run.len() - 1] + 1);
        let to = first + (k * high).round() as i64;
        // Half a nanosecond times k may hold several candidates: then this is no series to rely on.
        let mut next = times.range(from..=to.max(from)).map(|(time, _)| *time);
        let (Some(time), None) = (next.next(), next.next()) else {
            break;
        };
        let since = (time - first) as f64;
        let narrower = (low.max((since - 0.5) / k), high.min((since + 0.5) / k));
        if narrower.0 >= narrower.1 {
            break;
        }
        (low, high) = narrower;
        run.push(time);
    }
    let middle = 0.5 * (low + high);
    let whole = middle.round();
    let period = if (low..high).contains(&whole) {
        whole
    } else {
        middle
    };
    let exact =
        |(k, time): (usize, &i64)| first + (k as f64 * period + 0.5).floor() as i64 == *time;
    let length = run
        .iter()
        .enumerate()
        .take_while(|pair| exact(*pair))
        .count();
    run.truncate(length);
    (run, period)
}

#[cfg(test)]
mod tests {
    use super::{Series, series};

    fn times(of: &[Series]) -> Vec<i64> {
        let each = |s: &Series| {
            let at = |k| s.first + (k as f64 * s.period + 0.5).floor() as i64;
            (0..s.count).map(at).collect::<Vec<i64>>()
        };
        let mut all: Vec<i64> = of.iter().flat_map(each).collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn a_week_of_three_days_is_three_series() {
        let day = 86_400_000_000_000;
        let mut given = Vec::new();
        for week in 0..8 {
            given.extend([0, 2, 4].map(|weekday| (week * 7 + weekday) * day));
        }
        let found = series(&given);
        assert_eq!(found.len(), 3);
        assert!(
            found
                .iter()
                .all(|s| s.period == 7.0 * day as f64 && s.count == 8)
        );
        assert_eq!(times(&found), given);
    }

    #[test]
    fn pulses_at_a_rate_that_no_nanosecond_divides_come_back_exactly() {
        let given: Vec<i64> = (0..700)
            .map(|k| (0.1e9 + f64::from(k) * 1e9 / 30.0).round() as i64)
            .collect();
        let found = series(&given);
        assert_eq!(found.len(), 1);
        assert_eq!(times(&found), given);
    }

    #[test]
    fn what_happens_twice_at_once_is_told_twice() {
        let given = [5, 5, 10, 10, 15, 15, 99];
        let found = series(&given);
        assert_eq!(times(&found), given);
        assert_eq!(found.len(), 3);
    }

    proptest::proptest! {
        #[test]
        fn no_instant_is_lost_or_made_up(given in proptest::collection::vec(0i64..4000, 0..60)) {
            let mut given = given;
            given.sort_unstable();
            proptest::prop_assert_eq!(times(&series(&given)), given);
        }
    }
}
