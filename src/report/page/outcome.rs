//! What came out: verdicts, residuals, counts, notes and drift.

use super::{Cell, folded, paragraph, table};
use crate::model::ParameterId;
use crate::report::residuals;
use crate::report::table::time_factor;
use crate::report::words;
use crate::scenario::{ExpectationRole, RunResult, Verdict};

/// Arms that gave no numbers, before anything that they are missing from.
pub fn failures(result: &RunResult, body: &mut String) {
    let arms = result.scenario.arms.iter().zip(&result.arms);
    let failed: Vec<String> = arms
        .filter_map(|(arm, outcome)| {
            let failure = outcome.outcome.as_ref().err()?;
            let why = words::no_numbers(outcome, failure, &result.model);
            Some(paragraph(&format!("{}: {why}.", arm.name)))
        })
        .collect();
    if !failed.is_empty() {
        body.push_str(&format!("<h2>Arms that failed</h2>\n{}", failed.concat()));
    }
}

/// The verdicts, with the share of passes by role: only `test` says how well nature is met.
pub fn expectations(result: &RunResult, body: &mut String) {
    if result.expectations.is_empty() {
        return;
    }
    body.push_str("<h2>Published physiology</h2>\n");
    for (role, meaning) in [
        (ExpectationRole::Test, "independent of the model's making"),
        (ExpectationRole::Fit, "used to set parameters"),
        (ExpectationRole::Port, "numbers of a printed prototype"),
    ] {
        let verdicts: Vec<Verdict> = result
            .expectations
            .iter()
            .filter(|outcome| {
                let expectation = &result.scenario.expectations[outcome.expectation];
                expectation.role == role && !expectation.not_required
            })
            .map(|outcome| outcome.verdict)
            .collect();
        let count = |verdict| verdicts.iter().filter(|v| **v == verdict).count();
        if !verdicts.is_empty() {
            body.push_str(&paragraph(&format!(
                "{} ({meaning}): {} of {} pass, {} near, {} missed.",
                words::role(role),
                count(Verdict::Pass),
                verdicts.len(),
                count(Verdict::Near),
                count(Verdict::Miss)
            )));
        }
    }
    let rows: Vec<Vec<Cell>> = (0..result.expectations.len())
        .map(|at| expectation(result, at))
        .collect();
    table(
        &[
            "Verdict", "What", "Arm", "Model", "Expected", "Role", "Source", "Note",
        ],
        &rows,
        body,
    );
}

fn expectation(result: &RunResult, at: usize) -> Vec<Cell> {
    let outcome = &result.expectations[at];
    let expectation = &result.scenario.expectations[outcome.expectation];
    let verdict = match outcome.verdict {
        Verdict::Pass => Cell::Marked("pass", "✓ pass".to_string()),
        Verdict::Near => Cell::Marked("near", "≈ near".to_string()),
        Verdict::Miss => Cell::Marked("miss", "✗ miss".to_string()),
    };
    let unit = expectation.unit.pretty();
    let value = match &outcome.problem {
        Some(_) => "none".to_string(),
        None => words::quantity(outcome.value, &unit),
    };
    let mut role = words::role(expectation.role).to_string();
    if expectation.not_required {
        role.push_str(", not required");
    }
    let row = expectation.row.iter().map(|row| format!("row {row}"));
    let source: Vec<String> = expectation.source.clone().into_iter().chain(row).collect();
    let note = [&outcome.problem, &expectation.note];
    let note: Vec<&str> = note.into_iter().flatten().map(String::as_str).collect();
    vec![
        verdict,
        Cell::text(words::measure(&expectation.what, &result.model)),
        Cell::text(&result.scenario.arms[expectation.arm].name),
        Cell::Number(value),
        Cell::Marked(
            "unit",
            words::range(expectation.low, expectation.high, &unit),
        ),
        Cell::text(role),
        Cell::text(source.join(", ")),
        Cell::text(note.join(". ")),
    ]
}

/// How far the model is from what was measured.
pub fn residuals(result: &RunResult, body: &mut String) {
    let rows: Vec<Vec<Cell>> = residuals::of(result)
        .into_iter()
        .map(|row| {
            vec![
                Cell::text(&row.label),
                Cell::text(row.quantity),
                Cell::text(row.arm),
                Cell::Number(row.count.to_string()),
                Cell::number(row.mean_difference),
                Cell::number(row.root_mean_square),
                Cell::Marked("unit", row.unit),
                Cell::text(row.source.unwrap_or_default()),
            ]
        })
        .collect();
    if rows.is_empty() {
        return;
    }
    body.push_str("<h2>Measured data</h2>\n");
    body.push_str(&paragraph(
        "Differences are model minus measurement at the times of measurement; points that name no arm \
         are compared with every arm.",
    ));
    let head = [
        "Data",
        "Quantity",
        "Arm",
        "Points",
        "Mean difference",
        "RMSE",
        "Unit",
        "Source",
    ];
    table(&head, &rows, body);
}

/// Counts of the solver, what was set at the start, and what differs from the model's defaults.
pub fn arms(result: &RunResult, body: &mut String) {
    let scenario = &result.scenario;
    body.push_str("<h2>Arms</h2>\n");
    let arms = scenario.arms.iter().zip(&result.arms);
    let rows: Vec<Vec<Cell>> = arms
        .map(|(arm, outcome)| {
            let count = |number: u64| Cell::Number(number.to_string());
            let mut row = vec![Cell::text(&arm.name)];
            match &outcome.outcome {
                Ok(run) => row.extend([
                    Cell::text("finished"),
                    count(run.statistics.steps),
                    count(run.statistics.rejected),
                    count(run.statistics.restarts),
                ]),
                Err(_) => row.push(Cell::text("failed")),
            }
            row
        })
        .collect();
    let head = ["Arm", "Outcome", "Steps", "Rejected steps", "Restarts"];
    table(&head, &rows, body);
    let method = format!("{:?}", scenario.method).to_lowercase();
    body.push_str(&paragraph(&format!(
        "Model {}, integrated with {method} at a relative tolerance of {} by myoflux {}.",
        scenario.model,
        words::number(scenario.rtol),
        env!("CARGO_PKG_VERSION")
    )));
    let mut status = String::new();
    table(&["Marker", "Value", "Arms"], &statuses(result), &mut status);
    if !status.is_empty() {
        body.push_str(&format!(
            "<h3>Laboratory values at the start</h3>\n{status}"
        ));
    }
    let mut changed = String::new();
    let head = ["Parameter", "Value", "Default", "Arms"];
    table(&head, &changes(result), &mut changed);
    folded(
        "Parameters changed from the model's defaults",
        &changed,
        body,
    );
}

fn statuses(result: &RunResult) -> Vec<Vec<Cell>> {
    let arms = &result.scenario.arms;
    let all = arms.iter().map(|arm| {
        let values = arm.status.iter();
        values.map(|(marker, value, _)| (*marker, *value)).collect()
    });
    let row = |((marker, value), names): ((usize, f64), String)| {
        let marker = &result.model.biomarkers[marker];
        vec![
            Cell::text(&marker.title),
            Cell::Number(words::quantity(value, &marker.unit.pretty())),
            Cell::text(names),
        ]
    };
    shared(result, all).into_iter().map(row).collect()
}

fn changes(result: &RunResult) -> Vec<Vec<Cell>> {
    let arms = &result.scenario.arms;
    let all = arms.iter().map(|arm| {
        let changed = arm.changed.iter();
        changed
            .map(|id| (*id, arm.parameters[id.index()]))
            .collect()
    });
    let row = |((id, value), names): ((ParameterId, f64), String)| {
        let parameter = &result.model.parameters[id.index()];
        let unit = parameter.unit.pretty();
        vec![
            Cell::text(&parameter.name),
            Cell::Number(words::quantity(value, &unit)),
            Cell::Number(words::quantity(parameter.value, &unit)),
            Cell::text(names),
        ]
    };
    shared(result, all).into_iter().map(row).collect()
}

/// Every distinct item once, with the arms that have it.
fn shared<T: PartialEq + Copy>(
    result: &RunResult,
    arms: impl Iterator<Item = Vec<T>>,
) -> Vec<(T, String)> {
    let mut items: Vec<(T, Vec<&str>)> = Vec::new();
    for (own, arm) in arms.zip(&result.scenario.arms) {
        for item in own {
            match items.iter_mut().find(|(known, _)| *known == item) {
                Some((_, names)) => names.push(&arm.name),
                None => items.push((item, vec![&arm.name])),
            }
        }
    }
    let every = result.scenario.arms.len();
    let named = |names: Vec<&str>| {
        if names.len() == every {
            "all".to_string()
        } else {
            names.join(", ")
        }
    };
    items
        .into_iter()
        .map(|(item, names)| (item, named(names)))
        .collect()
}

/// Warnings and events of each arm.
pub fn notes(result: &RunResult, body: &mut String) {
    let per_second = time_factor(result);
    let unit = result.scenario.time_unit.pretty();
    let mut rows = Vec::new();
    for (arm, outcome) in result.scenario.arms.iter().zip(&result.arms) {
        for warning in &outcome.warnings {
            rows.push(vec![
                Cell::text(&arm.name),
                Cell::text("warning"),
                Cell::text(warning),
            ]);
        }
        let Ok(run) = &outcome.outcome else { continue };
        for (at, event) in result.model.events.iter().enumerate() {
            let times = run.events.iter().filter(|(id, _)| *id as usize == at);
            let times: Vec<f64> = times.map(|(_, time)| time * per_second).collect();
            let text = match times.as_slice() {
                [] => continue,
                [once] => format!("{} at {}", event.title, words::quantity(*once, &unit)),
                [first, .., last] => format!(
                    "{}, {} times from {} to {}",
                    event.title,
                    times.len(),
                    words::quantity(*first, &unit),
                    words::quantity(*last, &unit)
                ),
            };
            rows.push(vec![
                Cell::text(&arm.name),
                Cell::text("event"),
                Cell::text(text),
            ]);
        }
    }
    if !rows.is_empty() {
        body.push_str("<h2>Warnings and events</h2>\n");
        table(&["Arm", "Kind", "What"], &rows, body);
    }
}

/// Pools that a laboratory value sets are not at rest there; how fast they move is a result.
pub fn drift(result: &RunResult, body: &mut String) {
    let mut rows = Vec::new();
    for (arm, outcome) in result.scenario.arms.iter().zip(&result.arms) {
        for (id, per_day) in &outcome.drift {
            let state = &result.model.states[id.index()];
            let title = state.title.clone();
            let unit = state.unit.pretty();
            rows.push(vec![
                Cell::text(&arm.name),
                Cell::text(title.unwrap_or_else(|| words::plain(&state.name))),
                Cell::Number(words::quantity(*per_day, &unit)),
            ]);
        }
    }
    if !rows.is_empty() {
        body.push_str("<h2>Drift of pools set by laboratory values</h2>\n");
        table(&["Arm", "Pool", "Drift per day at the start"], &rows, body);
    }
}
