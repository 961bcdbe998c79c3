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

/// `places` from left to right; `beat`: the shortest time, on the page, in which something is known to
/// recur (doses, bouts, the day). Rows sparser than a quarter of it show the rhythm of the rows, not of
/// the body; a swing narrower than four points shows nothing at all.
pub fn trace(places: &[Point], beat: f64) -> Trace {
    let turns = turns(places);
    let gap = places
        .windows(2)
        .map(|pair| pair[1].0 - pair[0].0)
        .fold(0.0, f64::max);
    let width = match places {
        [first, .., last] => last.0 - first.0,
        _ => 0.0,
    };
    let sparse = 4.0 * gap > beat;
    let crowded = width < 4.0 * turns.len() as f64;
    if turns.len() > 20 && (sparse || crowded) && widespread(places[0].0, width, &turns) {
        band(places, (8.0 * gap).max(8.0))
    } else if sparse {
        // A stretch with many more rows, asked for by an expectation, would stand out as if the body
        // did something new there.
        Trace::Line(thinned(&even(places, 0.5 * gap)))
    } else {
        Trace::Line(thinned(places))
    }
}

/// Where, from left to right, the curve turns by more than [`LEAST_SWING`].
fn turns(places: &[Point]) -> Vec<f64> {
    let mut turns = Vec::new();
    // The extreme of the swing under way, and its direction once known.
    let (mut extreme, mut upward) = (0, None);
    for (at, (_, y)) in places.iter().enumerate() {
        let moved = y - places[extreme].1;
        match upward {
            None if moved.abs() > LEAST_SWING => (extreme, upward) = (at, Some(moved > 0.0)),
            Some(up) if (moved >= 0.0) == up => extreme = at,
            Some(up) if moved.abs() > LEAST_SWING => {
                turns.push(places[extreme].0);
                (extreme, upward) = (at, Some(!up));
            }
            _ => {}
        }
    }
    turns
}

/// Whether the curve turns in at least half of twenty equal parts of its width.
fn widespread(start: f64, width: f64, turns: &[f64]) -> bool {
    let part = |x: &f64| (20.0 * (x - start) / width).floor();
    turns.chunk_by(|a, b| part(a) == part(b)).count() >= 10
}

/// Rows at least `least` apart, the last one always.
fn even(places: &[Point], least: f64) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::new();
    for place in places {
        if kept.last().is_none_or(|last| place.0 - last.0 >= least) {
            kept.push(*place);
        }
    }
    if kept.last() != places.last() {
        kept.pop();
        kept.extend(places.last());
    }
    kept
}

/// Lowest, highest and mean over time of windows that hold eight rows or more each.
fn band(places: &[Point], least: f64) -> Trace {
    let (mut upper, mut lower, mut mean) = (Vec::new(), Vec::new(), Vec::new());
    let (start, end) = (places[0].0, places[places.len() - 1].0);
    // Windows of one width: a short one at the end would hold a piece of a swing and nothing else.
    let count = ((end - start) / least).floor().max(1.0);
    let window = (end - start) / count;
    let number = |x: f64| ((x - start) / window).floor().min(count - 1.0);
    let windows: Vec<&[Point]> = places.chunk_by(|a, b| number(a.0) == number(b.0)).collect();
    for (at, rows) in windows.iter().enumerate() {
        let (first, last) = (rows[0].0, rows[rows.len() - 1].0);
        // The outer windows reach to their ends, so that the band is as long as the rows.
        let place = match at {
            0 => first,
            at if at + 1 == windows.len() => last,
            _ => 0.5 * (first + last),
        };
        let ys = || rows.iter().map(|(_, y)| *y);
        upper.push((place, ys().fold(f64::INFINITY, f64::min)));
        lower.push((place, ys().fold(f64::NEG_INFINITY, f64::max)));
        mean.push((place, mean_over_time(rows)));
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
    fn a_stretch_of_many_rows_among_few_is_no_event() {
        // Forty turns within the last twentieth, seen by rows that elsewhere fall once per swing.
        let mut places: Vec<Point> = (0..95).map(|k| (f64::from(k) * 8.0, 100.0)).collect();
        places.extend((0..400).map(|k| {
            let phase = f64::from(k) * 0.1 * std::f64::consts::PI;
            (760.0 + 0.1 * f64::from(k), 100.0 + 20.0 * phase.sin())
        }));
        let Trace::Line(line) = trace(&places, 2.0) else {
            panic!("swings at one end make no band");
        };
        assert!(line.len() < 110);
    }

    #[test]
    fn swings_that_rows_follow_are_lines_and_others_bands() {
        assert!(matches!(trace(&sine(600, 20.0), 40.0), Trace::Line(_)));
        // Two and a half rows per period; then a period narrower than the pen.
        for (places, beat) in [(sine(250, 97.0), 8.2), (sine(100_000, 300.0), 2.7)] {
            let Trace::Band { outline, mean } = trace(&places, beat) else {
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
