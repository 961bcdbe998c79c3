//! One arm's recorded rows as something to look at: a line where the rows follow the swings, a band
//! from lowest to highest with its mean where they do not.

use crate::report::drawing::Point;

/// In places on the page.
#[derive(Debug, Clone, PartialEq)]
pub enum Trace {
    Line(Vec<Point>),
    Band {
        outline: Vec<Point>,
        mean: Vec<Point>,
    },
}

/// Swings smaller than this, in points, are no swings to the eye.
const LEAST_SWING: f64 = 4.0;

/// `places` from left to right.
pub fn trace(places: &[Point]) -> Trace {
    let turns = turns(places);
    let width = match places {
        [first, .., last] => last.0 - first.0,
        _ => 0.0,
    };
    // A line through fewer than three rows per swing shows the rhythm of the rows, not of the body; a
    // swing narrower than four points shows nothing at all.
    let poor = turns
        .windows(2)
        .filter(|pair| pair[1] - pair[0] < 3)
        .count();
    let unresolved = 5 * poor > 3 * turns.len();
    let crowded = width < 4.0 * turns.len() as f64;
    if turns.len() > 20 && (unresolved || crowded) {
        band(places, width)
    } else {
        Trace::Line(thinned(places))
    }
}

/// Indices at which the curve turns by more than [`LEAST_SWING`].
fn turns(places: &[Point]) -> Vec<usize> {
    let mut turns = Vec::new();
    // The extreme of the swing under way, and its direction once known.
    let (mut extreme, mut upward) = (0, None);
    for (at, (_, y)) in places.iter().enumerate() {
        let moved = y - places[extreme].1;
        match upward {
            None if moved.abs() > LEAST_SWING => (extreme, upward) = (at, Some(moved > 0.0)),
            Some(up) if (moved >= 0.0) == up => extreme = at,
            Some(up) if moved.abs() > LEAST_SWING => {
                turns.push(extreme);
                (extreme, upward) = (at, Some(!up));
            }
            _ => {}
        }
    }
    turns
}

/// Windows wide enough for eight rows each: lowest, highest and mean over time.
fn band(places: &[Point], width: f64) -> Trace {
    let window = (8.0 * width / places.len() as f64).max(8.0);
    let (mut upper, mut lower, mut mean) = (Vec::new(), Vec::new(), Vec::new());
    let start = places[0].0;
    let number = |x: f64| ((x - start) / window).floor();
    let windows: Vec<&[Point]> = places.chunk_by(|a, b| number(a.0) == number(b.0)).collect();
    for rows in windows {
        let middle = 0.5 * (rows[0].0 + rows[rows.len() - 1].0);
        let ys = || rows.iter().map(|(_, y)| *y);
        upper.push((middle, ys().fold(f64::INFINITY, f64::min)));
        lower.push((middle, ys().fold(f64::NEG_INFINITY, f64::max)));
        mean.push((middle, mean_over_time(rows)));
    }
    upper.extend(lower.into_iter().rev());
    Trace::Band {
        outline: upper,
        mean,
    }
}

/// Rows need not be evenly spaced: each counts for the time around it.
fn mean_over_time(rows: &[Point]) -> f64 {
    let length = rows[rows.len() - 1].0 - rows[0].0;
    if length <= 0.0 {
        return rows[0].1;
    }
    let area: f64 = rows
        .windows(2)
        .map(|pair| 0.5 * (pair[0].1 + pair[1].1) * (pair[1].0 - pair[0].0))
        .sum();
    area / length
}

/// Fewer points that draw the same picture: of every half point of width the first, the lowest, the
/// highest and the last, so that no peak is lost.
fn thinned(places: &[Point]) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::new();
    for column in places.chunk_by(|a, b| (2.0 * a.0).floor() == (2.0 * b.0).floor()) {
        let lowest = (0..column.len()).min_by(|a, b| column[*a].1.total_cmp(&column[*b].1));
        let highest = (0..column.len()).max_by(|a, b| column[*a].1.total_cmp(&column[*b].1));
        let mut wanted = vec![0, column.len() - 1];
        wanted.extend(lowest.into_iter().chain(highest));
        wanted.sort_unstable();
        wanted.dedup();
        kept.extend(wanted.into_iter().map(|at| column[at]));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(rows: u32, periods: f64) -> Vec<Point> {
        (0..rows)
            .map(|k| {
                let share = f64::from(k) / f64::from(rows);
                let phase = share * periods * std::f64::consts::TAU;
                (800.0 * share, 100.0 + 50.0 * phase.sin())
            })
            .collect()
    }

    #[test]
    fn thinning_keeps_peaks() {
        let mut places: Vec<Point> = (0..100_000)
            .map(|k| (f64::from(k) * 0.008, 100.0))
            .collect();
        places[54_321].1 = 0.0;
        let kept = thinned(&places);
        assert!(kept.len() < 8000);
        assert!(kept.iter().any(|(_, y)| *y == 0.0));
    }

    #[test]
    fn swings_that_rows_follow_are_lines_and_others_bands() {
        assert!(matches!(trace(&sine(600, 20.0)), Trace::Line(_)));
        // Two and a half rows per period; then a period narrower than the pen.
        for places in [sine(250, 97.0), sine(100_000, 300.0)] {
            let Trace::Band { outline, mean } = trace(&places) else {
                panic!("a line cannot show this");
            };
            let top = outline
                .iter()
                .map(|(_, y)| *y)
                .fold(f64::INFINITY, f64::min);
            assert!(top < 52.0, "the peaks of the recorded rows stay visible");
            assert!(mean.iter().all(|(_, y)| (y - 100.0).abs() < 20.0));
        }
    }
}
