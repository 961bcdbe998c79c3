//! Reads numbers off a run: one value per measure.

use super::{ArmResult, Between, Extreme, Join, Measure, Simple, Term, Verdict};
use crate::compile::{Program, Slot};
use crate::engine::Trajectory;
use crate::model::Column;

/// Values of one column over the rows of a trajectory.
pub fn series(program: &Program, trajectory: &Trajectory, column: Column) -> Vec<f64> {
    let rows = trajectory.times.len();
    let (data, at) = match program.slot(column) {
        Slot::State(at) => (&trajectory.states, at),
        Slot::Observable(at) => (&trajectory.observables, at),
        Slot::Input(at) => (&trajectory.inputs, at),
    };
    let width = data.len().checked_div(rows).unwrap_or(0);
    (0..rows).map(|row| data[row * width + at]).collect()
}

/// Evaluates a measure; `arm` is the one that terms without an arm of their own read.
///
/// # Errors
/// Why it has no value, in words.
pub fn evaluate(
    measure: &Measure,
    program: &Program,
    arms: &[ArmResult],
    arm: usize,
) -> Result<f64, String> {
    let read = |wanted: &Term| {
        let outcome = &arms[wanted.arm.unwrap_or(arm)].outcome;
        let trajectory = outcome
            .as_ref()
            .map_err(|_| "this arm failed".to_string())?;
        term(wanted, program, trajectory)
    };
    let first = read(&measure.first)?;
    let second = measure.second.as_ref().map(|(_, second)| read(second));
    joined(measure, first, second.transpose()?)
}

/// The value of a measure from those of its terms.
///
/// # Errors
/// When it is not a number.
pub fn joined(measure: &Measure, first: f64, second: Option<f64>) -> Result<f64, String> {
    let value = match (&measure.second, second) {
        (Some((Join::Over, _)), Some(second)) => first / second,
        (Some((Join::Minus, _)), Some(second)) => first - second,
        _ => first,
    };
    let value = value * measure.factor;
    if value.is_finite() {
        Ok(value)
    } else {
        Err("the value is not a number".to_string())
    }
}

/// The value of one term in the run of its arm.
///
/// # Errors
/// Why it has no value, in words.
pub fn term(term: &Term, program: &Program, trajectory: &Trajectory) -> Result<f64, String> {
    Ok(simple(&term.simple, program, trajectory)? * term.factor)
}

fn simple(simple: &Simple, program: &Program, run: &Trajectory) -> Result<f64, String> {
    let values = |column| series(program, run, column);
    let times = &run.times;
    match simple {
        Simple::At { column, at_s } => at(times, &values(*column), *at_s),
        Simple::Extreme {
            kind,
            column,
            from_s,
            to_s,
        } => {
            let window = window(times, &values(*column), *from_s, *to_s)?;
            let fold = |pick: fn(f64, f64) -> f64| window.iter().map(|(_, v)| *v).reduce(pick);
            let area: f64 = window
                .windows(2)
                .map(|w| 0.5 * (w[0].1 + w[1].1) * (w[1].0 - w[0].0))
                .sum();
            match kind {
                Extreme::Maximum => fold(f64::max).ok_or("the window is empty".to_string()),
                Extreme::Minimum => fold(f64::min).ok_or("the window is empty".to_string()),
                Extreme::Mean => Ok(area / (to_s - from_s)),
                Extreme::Area => Ok(area),
            }
        }
        Simple::TimeOf {
            maximum,
            column,
            from_s,
            to_s,
        } => {
            let window = window(times, &values(*column), *from_s, *to_s)?;
            let sign = if *maximum { 1.0 } else { -1.0 };
            let best = window
                .iter()
                .max_by(|a, b| (sign * a.1).total_cmp(&(sign * b.1)));
            best.map(|(time, _)| *time)
                .ok_or("the window is empty".to_string())
        }
        Simple::Between {
            kind,
            column,
            from_s,
            to_s,
        } => {
            let values = values(*column);
            let (before, after) = (at(times, &values, *from_s)?, at(times, &values, *to_s)?);
            Ok(match kind {
                Between::Change => after - before,
                Between::Ratio => after / before,
                Between::RelativeChange => after / before - 1.0,
            })
        }
        Simple::Crossing {
            column,
            rising,
            level,
            after_s,
        } => crossing(times, &values(*column), *rising, *level, *after_s)
            .ok_or("the level is never crossed".to_string()),
        Simple::HalfWidth {
            column,
            from_s,
            to_s,
        } => {
            let window = window(times, &values(*column), *from_s, *to_s)?;
            half_width(&window).ok_or("there is no peak with both flanks in the window".to_string())
        }
    }
}

fn at(times: &[f64], values: &[f64], wanted: f64) -> Result<f64, String> {
    let near = times
        .iter()
        .position(|time| (time - wanted).abs() <= 1e-9 * wanted.abs().max(1e-3));
    near.map(|row| values[row])
        .ok_or(format!("the run has no value at {wanted} s"))
}

fn window(times: &[f64], values: &[f64], from: f64, to: f64) -> Result<Vec<(f64, f64)>, String> {
    let slack = 1e-9 * to.abs().max(1e-3);
    let inside: Vec<(f64, f64)> = times
        .iter()
        .zip(values)
        .filter(|(time, _)| **time >= from - slack && **time <= to + slack)
        .map(|(time, value)| (*time, *value))
        .collect();
    if inside.len() < 2 {
        Err("the run does not cover this window".to_string())
    } else {
        Ok(inside)
    }
}

fn crossing(times: &[f64], values: &[f64], rising: bool, level: f64, after: f64) -> Option<f64> {
    let sign = if rising { 1.0 } else { -1.0 };
    for row in 1..times.len() {
        let (before, now) = (
            sign * (values[row - 1] - level),
            sign * (values[row] - level),
        );
        if times[row] >= after && before < 0.0 && now >= 0.0 {
            let share = before / (before - now);
            return Some(times[row - 1] + share * (times[row] - times[row - 1]));
        }
    }
    None
}

fn half_width(window: &[(f64, f64)]) -> Option<f64> {
    let base = window.first()?.1;
    let top = window
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.1.total_cmp(&b.1.1))?
        .0;
    let level = base + 0.5 * (window[top].1 - base);
    let (left, right) = window.split_at(top);
    let (times, values): (Vec<f64>, Vec<f64>) = left.iter().chain(right.first()).copied().unzip();
    let up = crossing(&times, &values, true, level, f64::NEG_INFINITY)?;
    let (times, values): (Vec<f64>, Vec<f64>) = right.iter().copied().unzip();
    Some(crossing(&times, &values, false, level, f64::NEG_INFINITY)? - up)
}

/// Pass inside; near outside by less than half the width (10 % of a one-sided limit); else a miss.
pub fn verdict(value: f64, low: f64, high: f64) -> Verdict {
    if (low..=high).contains(&value) {
        return Verdict::Pass;
    }
    let slack = match (low.is_finite(), high.is_finite()) {
        (true, true) => 0.5 * (high - low),
        (true, false) => 0.1 * low.abs(),
        _ => 0.1 * high.abs(),
    };
    if value.is_finite() && value >= low - slack && value <= high + slack {
        Verdict::Near
    } else {
        Verdict::Miss
    }
}
