//! timeseries.csv (long) and summary.csv. Numbers in their shortest exact form, so that equal results
//! are equal bytes.

use std::fmt::Write;

use rayon::prelude::*;

use super::{dictionary, reference};
use crate::engine::Trajectory;
use crate::model::*;
use crate::scenario::measure::series;
use crate::scenario::{Arm, RunResult};
use crate::units::Unit;

/// A unit as the model spells it, but for `1`: a column of units that begins with many of them would be
/// taken for one of numbers.
pub fn unit_name(unit: &Unit) -> &str {
    match unit.text.as_str() {
        "1" => "dimensionless",
        text => text,
    }
}

/// Biomarkers, states and variables, in model order. Biomarkers first: only they fill the columns about
/// cut-offs, and readers judge a column by its first rows.
pub fn columns(model: &Model) -> Vec<Column> {
    let states = (0..model.states.len()).map(|at| Column::State(StateId(at as u32)));
    let variables = (0..model.variables.len()).map(|at| Column::Variable(VariableId(at as u32)));
    let biomarkers =
        (0..model.biomarkers.len()).map(|at| Column::Biomarker(BiomarkerId(at as u32)));
    biomarkers.chain(states).chain(variables).collect()
}

/// One row per arm, variable and table time.
pub fn timeseries(result: &RunResult) -> String {
    let scenario = &result.scenario;
    let run = run_name(result);
    let per_second = time_factor(result);
    let mut text = dictionary::TIMESERIES.header();
    for (arm, outcome) in scenario.arms.iter().zip(&result.arms) {
        let Ok(trajectory) = &outcome.outcome else {
            continue;
        };
        let arm_name = quoted(&arm.name);
        let rows: Vec<(usize, String)> = scenario
            .table_times
            .iter()
            .filter_map(|time| trajectory.times.iter().position(|known| known == time))
            .map(|row| (row, exact(trajectory.times[row] * per_second)))
            .collect();
        let lines = |column: &Column| {
            let values = series(&result.program, trajectory, *column);
            let name = result.model.column_name(*column);
            let unit = unit_name(result.model.column_unit(*column));
            let mut text = String::new();
            for (row, time) in &rows {
                let _ = writeln!(
                    text,
                    "{run},{arm_name},0,{time},{},{name},{},{unit}",
                    scenario.time_unit.text,
                    exact(values[*row])
                );
            }
            text
        };
        // Columns side by side; put together in their order.
        let columns = columns(&result.model);
        let parts: Vec<String> = columns.par_iter().map(lines).collect();
        parts.iter().for_each(|part| text.push_str(part));
    }
    text
}

/// Baseline, extremes, area, end, change and time beyond cut-offs of every variable of every arm.
pub fn summary(result: &RunResult) -> String {
    let mut text = dictionary::SUMMARY.header();
    for (arm, outcome) in result.scenario.arms.iter().zip(&result.arms) {
        let Ok(trajectory) = &outcome.outcome else {
            continue;
        };
        for column in columns(&result.model) {
            if let Some(line) = summary_line(result, arm, trajectory, column) {
                text.push_str(&line);
            }
        }
    }
    text
}

fn summary_line(
    result: &RunResult,
    arm: &Arm,
    trajectory: &Trajectory,
    column: Column,
) -> Option<String> {
    let per_second = time_factor(result);
    let values = series(&result.program, trajectory, column);
    let times = &trajectory.times;
    let (first, last) = (*values.first()?, *values.last()?);
    let rows = 0..values.len();
    let peak = rows
        .clone()
        .max_by(|a, b| values[*a].total_cmp(&values[*b]))?;
    let trough = rows.min_by(|a, b| values[*a].total_cmp(&values[*b]))?;
    let steps = || (1..values.len()).map(|k| (times[k] - times[k - 1], values[k - 1], values[k]));
    let area: f64 = steps()
        .map(|(step, a, b)| 0.5 * (a + b) * step * per_second)
        .sum();
    let beyond = |limit: f64, sign: f64| -> String {
        let shares =
            steps().map(|(step, a, b)| step * share_below(sign * a, sign * b, sign * limit));
        exact(shares.sum::<f64>() * per_second)
    };
    let (below, above) = match reference::range(&result.model, column, &arm.people) {
        Some((low, high)) => (
            low.is_finite().then(|| beyond(low, 1.0)),
            high.is_finite().then(|| beyond(high, -1.0)),
        ),
        None => (None, None),
    };
    let deficient = deficiency(result, column, arm).map(|(limit, sign)| beyond(limit, sign));
    Some(format!(
        "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n",
        run_name(result),
        quoted(&arm.name),
        result.model.column_name(column),
        unit_name(result.model.column_unit(column)),
        exact(first),
        exact(values[peak]),
        exact(times[peak] * per_second),
        exact(values[trough]),
        exact(times[trough] * per_second),
        exact(area),
        exact(last),
        exact(last - first),
        below.unwrap_or_default(),
        above.unwrap_or_default(),
        deficient.unwrap_or_default(),
        result.scenario.time_unit.text
    ))
}

/// The cut-off below which (1) or above which (-1) the arm's people are deficient.
fn deficiency(result: &RunResult, column: Column, arm: &Arm) -> Option<(f64, f64)> {
    let Column::Biomarker(id) = column else {
        return None;
    };
    let biomarker = &result.model.biomarkers[id.index()];
    let band = reference::band(biomarker, &arm.people)?;
    let below = band.deficient_below.map(|limit| (limit, 1.0));
    below.or(band.deficient_above.map(|limit| (limit, -1.0)))
}

/// The share of a straight step from `a` to `b` that lies below `limit`.
fn share_below(a: f64, b: f64, limit: f64) -> f64 {
    match (a < limit, b < limit) {
        (true, true) => 1.0,
        (false, false) => 0.0,
        (true, false) => (limit - a) / (b - a),
        (false, true) => (limit - b) / (a - b),
    }
}

/// The shortest text that reads back to the same bits; powers of ten where plain digits would be mostly
/// zeros. Always with a point or an exponent, so that no reader takes a column for whole numbers.
pub fn exact(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || !value.is_finite() || (1e-5..1e16).contains(&size) {
        format!("{value:?}")
    } else {
        format!("{value:e}")
    }
}

/// From seconds to the scenario's unit of time.
pub fn time_factor(result: &RunResult) -> f64 {
    let second = crate::units::Unit::parse("s").expect("s is a unit");
    second.ratio_to(&result.scenario.time_unit).unwrap_or(1.0)
}

pub fn run_name(result: &RunResult) -> String {
    let stem = result.scenario.path.file_stem();
    quoted(
        &stem
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default(),
    )
}

pub fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back_to_the_same_bits() {
        for value in [0.0, -0.1, 1.0 / 3.0, 2.77e-59, -1e300, 1e16, 123456.789] {
            let text = exact(value);
            assert_eq!(text.parse::<f64>().map(f64::to_bits), Ok(value.to_bits()));
            assert!(text.len() < 25, "{text}");
        }
    }

    #[test]
    fn time_below_a_limit_counts_parts_of_steps() {
        assert_eq!(share_below(1.0, 3.0, 2.0), 0.5);
        assert_eq!(share_below(4.0, 0.0, 1.0), 0.25);
        assert_eq!(share_below(1.0, 1.0, 2.0), 1.0);
        assert_eq!(share_below(2.0, 2.0, 2.0), 0.0);
    }
}
