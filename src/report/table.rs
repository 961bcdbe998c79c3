//! timeseries.csv (long) and summary.csv. Numbers in their shortest exact form, so that equal results
//! are equal bytes.

use std::fmt::Write;

use crate::model::*;
use crate::scenario::RunResult;
use crate::scenario::measure::series;

/// States, variables and biomarkers, in model order.
pub fn columns(model: &Model) -> Vec<Column> {
    let states = (0..model.states.len()).map(|at| Column::State(StateId(at as u32)));
    let variables = (0..model.variables.len()).map(|at| Column::Variable(VariableId(at as u32)));
    let biomarkers =
        (0..model.biomarkers.len()).map(|at| Column::Biomarker(BiomarkerId(at as u32)));
    states.chain(variables).chain(biomarkers).collect()
}

/// One row per arm, variable and table time.
pub fn timeseries(result: &RunResult) -> String {
    let scenario = &result.scenario;
    let run = run_name(result);
    let per_second = time_factor(result);
    let mut text = String::from("run,arm,member,time,time_unit,variable,value,unit\n");
    for (arm, outcome) in scenario.arms.iter().zip(&result.arms) {
        let Ok(trajectory) = &outcome.outcome else {
            continue;
        };
        let arm_name = quoted(&arm.name);
        let rows: Vec<usize> = scenario
            .table_times
            .iter()
            .filter_map(|time| trajectory.times.iter().position(|known| known == time))
            .collect();
        for column in columns(&result.model) {
            let values = series(&result.program, trajectory, column);
            let name = result.model.column_name(column);
            let unit = &result.model.column_unit(column).text;
            for &row in &rows {
                let time = trajectory.times[row] * per_second;
                let _ = writeln!(
                    text,
                    "{run},{arm_name},0,{time},{},{name},{},{unit}",
                    scenario.time_unit.text, values[row]
                );
            }
        }
    }
    text
}

/// Baseline, extremes, area, end and change of every variable of every arm.
pub fn summary(result: &RunResult) -> String {
    let per_second = time_factor(result);
    let unit_of_time = &result.scenario.time_unit.text;
    let mut text = String::from(
        "run,arm,variable,unit,baseline,peak,time_of_peak,trough,time_of_trough,auc,end,change,time_unit\n",
    );
    let run = run_name(result);
    for (arm, outcome) in result.scenario.arms.iter().zip(&result.arms) {
        let Ok(trajectory) = &outcome.outcome else {
            continue;
        };
        for column in columns(&result.model) {
            let values = series(&result.program, trajectory, column);
            let (Some(first), Some(last)) = (values.first(), values.last()) else {
                continue;
            };
            let times = &trajectory.times;
            let peak = (0..values.len())
                .max_by(|a, b| values[*a].total_cmp(&values[*b]))
                .unwrap_or(0);
            let trough = (0..values.len())
                .min_by(|a, b| values[*a].total_cmp(&values[*b]))
                .unwrap_or(0);
            let area: f64 = (1..values.len())
                .map(|k| 0.5 * (values[k] + values[k - 1]) * (times[k] - times[k - 1]) * per_second)
                .sum();
            let _ = writeln!(
                text,
                "{run},{},{},{},{first},{},{},{},{},{area},{last},{},{unit_of_time}",
                quoted(&arm.name),
                result.model.column_name(column),
                result.model.column_unit(column).text,
                values[peak],
                times[peak] * per_second,
                values[trough],
                times[trough] * per_second,
                last - first
            );
        }
    }
    text
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

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_string()
    }
}
