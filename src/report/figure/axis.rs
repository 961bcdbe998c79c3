//! Axes: from a range of values to places on the page, with ticks at numbers people expect.

use crate::report::words;

/// A unit of time that gives readable numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeScale {
    pub unit: &'static str,
    pub seconds: f64,
    /// Steps between ticks that read well in this unit; between decades of 1-2-5 when empty.
    steps: &'static [f64],
}

/// The unit for a window of this length.
pub fn time_scale(span_s: f64) -> TimeScale {
    const MINUTE: f64 = 60.0;
    const HOUR: f64 = 3600.0;
    const DAY: f64 = 86_400.0;
    let scale = |unit, seconds, steps| TimeScale {
        unit,
        seconds,
        steps,
    };
    match span_s {
        s if s > 1100.0 * DAY => scale("years", 365.25 * DAY, &[]),
        s if s > 100.0 * DAY => scale("weeks", 7.0 * DAY, &[1.0, 2.0, 4.0, 8.0, 13.0, 26.0, 52.0]),
        s if s > 3.0 * DAY => scale("d", DAY, &[0.5, 1.0, 2.0, 7.0, 14.0]),
        s if s > 3.0 * HOUR => scale("h", HOUR, &[0.5, 1.0, 2.0, 3.0, 6.0, 12.0, 24.0]),
        s if s > 3.0 * MINUTE => scale("min", MINUTE, &[0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0]),
        s if s > 3.0 => scale("s", 1.0, &[0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0]),
        _ => scale("ms", 1e-3, &[]),
    }
}

/// One axis. Values `low..high` lie at `from..to` on the page (`from > to` for an axis that points up).
#[derive(Debug, Clone)]
pub struct Axis {
    pub low: f64,
    pub high: f64,
    pub from: f64,
    pub to: f64,
    logarithmic: bool,
    /// Value and label, inside the range.
    pub ticks: Vec<(f64, String)>,
    /// Tick labels are the values divided by ten to this power.
    pub exponent: i32,
}

impl Axis {
    pub fn linear((low, high): (f64, f64), (from, to): (f64, f64), about: usize) -> Axis {
        let step = round_step((high - low) / about as f64);
        Axis::stepped((low, high), (from, to), step)
    }

    /// Time in units of `scale`, at most `about` ticks.
    pub fn time(
        scale: TimeScale,
        (low, high): (f64, f64),
        (from, to): (f64, f64),
        about: usize,
    ) -> Axis {
        let least = (high - low) / about as f64;
        let known = scale.steps.iter().copied().find(|step| *step >= least);
        Axis::stepped(
            (low, high),
            (from, to),
            known.unwrap_or_else(|| round_step(least)),
        )
    }

    fn stepped((low, high): (f64, f64), (from, to): (f64, f64), step: f64) -> Axis {
        let largest = low.abs().max(high.abs());
        // Plain numbers from 0.01 to 99 999; beyond that powers of a thousand go into the axis title.
        let exponent = if (1e-2..1e5).contains(&largest) || largest == 0.0 {
            0
        } else {
            (largest.log10() / 3.0).floor() as i32 * 3
        };
        let shown = 10f64.powi(exponent);
        let decimals = (-(step / shown * 1.000_001).log10().floor()).clamp(0.0, 9.0) as usize;
        let first = (low / step - 1e-9).ceil() as i64;
        let last = (high / step + 1e-9).floor() as i64;
        let ticks = (first..=last.min(first + 50))
            .map(|k| (k as f64 * step, number(k as f64 * step / shown, decimals)))
            .collect();
        Axis {
            low,
            high,
            from,
            to,
            logarithmic: false,
            ticks,
            exponent,
        }
    }

    /// For positive values that span decades: ticks at 1, 2 and 5 of each, at 1 alone when they are many.
    pub fn logarithmic((low, high): (f64, f64), (from, to): (f64, f64)) -> Axis {
        let mut ticks = Vec::new();
        let digits: &[f64] = if high / low > 1e4 {
            &[1.0]
        } else {
            &[1.0, 2.0, 5.0]
        };
        for decade in low.log10().floor() as i32..=high.log10().ceil() as i32 {
            for digit in digits {
                let value = digit * 10f64.powi(decade);
                if (low..=high).contains(&value) {
                    ticks.push((value, number(value, (-decade).max(0) as usize)));
                }
            }
        }
        Axis {
            low,
            high,
            from,
            to,
            logarithmic: true,
            ticks,
            exponent: 0,
        }
    }

    /// Where a value lies on the page.
    pub fn place(&self, value: f64) -> f64 {
        let share = if self.logarithmic {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.from + share * (self.to - self.from)
    }
}

/// The smallest of 1, 2, 5 times a power of ten that is not below `least`.
fn round_step(least: f64) -> f64 {
    let decade = 10f64.powf(least.log10().floor());
    let digit = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|digit| digit * decade >= least * (1.0 - 1e-9));
    digit.unwrap_or(10.0) * decade
}

/// With a typographic minus.
fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.chars().all(|c| c == '0' || c == '.') => digits.to_string(),
        Some(digits) => format!("−{digits}"),
        None => text,
    }
}

/// `"Quantity (unit)"`, with the axis' power of ten.
pub fn title(quantity: &str, unit: &str, exponent: i32) -> String {
    let power = if exponent == 0 {
        String::new()
    } else {
        format!("×10{}", words::superscript(exponent))
    };
    match (power.as_str(), unit) {
        ("", "") => quantity.to_string(),
        ("", unit) | (unit, "") => format!("{quantity} ({unit})"),
        (power, unit) => format!("{quantity} ({power} {unit})"),
    }
}

/// The range of values with some air, never empty. From zero when the values lie near it.
pub fn span(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.filter(|value| value.is_finite()) {
        (low, high) = (low.min(value), high.max(value));
    }
    if low > high {
        return (0.0, 1.0);
    }
    // A line that hardly moves is drawn as one that does not.
    let least = (0.02 * low.abs().max(high.abs())).max(1e-12);
    let air = 0.06 * (high - low).max(least);
    // A hair below zero is zero to the eye.
    if low >= -1e-3 * high && low < 0.4 * high {
        (0.0, high + air)
    } else {
        let middle = 0.5 * (low + high);
        let half = 0.5 * (high - low).max(least) + air;
        (middle - half, middle + half)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn eight_weeks_are_ticked_in_weeks_of_days() {
        let scale = time_scale(56.0 * 86_400.0);
        let axis = Axis::time(scale, (0.0, 56.0), (0.0, 800.0), 10);
        assert_eq!(scale.unit, "d");
        assert_eq!(
            labels(&axis),
            ["0", "7", "14", "21", "28", "35", "42", "49", "56"]
        );
    }

    #[test]
    fn ticks_lie_inside_and_read_plainly() {
        let axis = Axis::linear((0.0, 0.83), (200.0, 0.0), 5);
        assert_eq!(labels(&axis), ["0.0", "0.2", "0.4", "0.6", "0.8"]);
        let axis = Axis::linear((-2.2e-6, 1e-6), (200.0, 0.0), 5);
        assert_eq!(axis.exponent, -6);
        assert_eq!(labels(&axis), ["−2", "−1", "0", "1"]);
        let axis = Axis::logarithmic((25.0, 3000.0), (0.0, 800.0));
        assert_eq!(labels(&axis), ["50", "100", "200", "500", "1000", "2000"]);
    }

    #[test]
    fn an_empty_or_flat_range_still_has_a_length() {
        for values in [vec![], vec![0.0], vec![5.0, 5.0], vec![f64::NAN]] {
            let (low, high) = span(values.into_iter());
            assert!(low < high);
        }
    }
}
