//! How far a run is from measured data.
//!
//! Comes in: a finished run whose scenario carries data. Goes out: one row per data set and arm, with the
//! mean difference and the root mean square difference, model minus measurement.

use crate::scenario::measure::series;
use crate::scenario::{Data, RunResult};

#[derive(Debug, Clone, PartialEq)]
pub struct Residuals {
    pub label: String,
    pub quantity: String,
    pub arm: String,
    /// Points inside the run.
    pub count: usize,
    pub mean_difference: f64,
    pub root_mean_square: f64,
    /// As people print it.
    pub unit: String,
    pub source: Option<String>,
}

/// Points that name an arm are compared with it, others with every arm. Arms that failed and arms
/// without a point inside the run give no row.
pub fn of(result: &RunResult) -> Vec<Residuals> {
    let data = result.scenario.data.iter();
    data.flat_map(|data| (0..result.arms.len()).filter_map(|arm| residuals(result, data, arm)))
        .collect()
}

fn residuals(result: &RunResult, data: &Data, arm: usize) -> Option<Residuals> {
    let run = result.arms[arm].outcome.as_ref().ok()?;
    let name = &result.scenario.arms[arm].name;
    let values = series(&result.program, run, data.shown.column);
    let own = data
        .points
        .iter()
        .filter(|(_, _, _, of)| of.as_ref().is_none_or(|of| of == name));
    let differences: Vec<f64> = own
        .filter_map(|(time, measured, _, _)| {
            Some(between(&run.times, &values, *time)? * data.shown.factor - measured)
        })
        .collect();
    if differences.is_empty() {
        return None;
    }
    let count = differences.len() as f64;
    let squares: f64 = differences.iter().map(|d| d * d).sum();
    Some(Residuals {
        label: data.label.clone(),
        quantity: data.shown.title.clone(),
        arm: name.clone(),
        count: differences.len(),
        mean_difference: differences.iter().sum::<f64>() / count,
        root_mean_square: (squares / count).sqrt(),
        unit: data.shown.display.pretty(),
        source: data.source.clone(),
    })
}

/// The value at a time, straight between the rows around it; `None` outside the rows.
fn between(times: &[f64], values: &[f64], wanted: f64) -> Option<f64> {
    let after = times.partition_point(|time| *time < wanted);
    if times.get(after) == Some(&wanted) {
        return values.get(after).copied();
    }
    let before = after.checked_sub(1)?;
    let (from, to) = (times[before], *times.get(after)?);
    let share = (wanted - from) / (to - from);
    Some(values[before] + share * (values[after] - values[before]))
}

#[cfg(test)]
mod tests {
    use super::between;

    #[test]
    fn values_lie_between_their_rows_and_nowhere_else() {
        let (times, values) = ([0.0, 10.0, 20.0], [1.0, 3.0, 3.0]);
        assert_eq!(between(&times, &values, 5.0), Some(2.0));
        assert_eq!(between(&times, &values, 10.0), Some(3.0));
        assert_eq!(between(&times, &values, 20.0), Some(3.0));
        assert_eq!(between(&times, &values, -1.0), None);
        assert_eq!(between(&times, &values, 21.0), None);
    }
}
