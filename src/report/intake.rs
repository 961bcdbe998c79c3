//! intake.csv: what each arm eats in a day on average, against the reference intakes of its people.

use std::fmt::Write;

use super::dictionary;
use super::table::{exact, quoted, run_name, unit_name};
use crate::scenario::intake::{Adequacy, Intake, Over, intakes};
use crate::scenario::{Arm, RunResult};

/// Arms that ran, in their order, each with the days counted and its rows.
pub fn arms(result: &RunResult) -> Vec<(&Arm, Over, Vec<Intake>)> {
    let arms = result.scenario.arms.iter().zip(&result.arms);
    let ran = arms.filter(|(_, outcome)| outcome.outcome.is_ok());
    ran.map(|(arm, _)| {
        let (over, rows) = intakes(&result.model, arm, result.scenario.duration_s);
        (arm, over, rows)
    })
    .collect()
}

/// One row per arm and nutrient.
pub fn csv(result: &RunResult) -> String {
    let run = run_name(result);
    let mut text = dictionary::INTAKE.header();
    for (arm, over, rows) in arms(result) {
        let (over, days) = match over {
            Over::Run(days) => ("run", exact(days)),
            Over::Habit => ("habit", String::new()),
        };
        let place = format!("{run},{},{}", quoted(&arm.name), quoted(&arm.people));
        for row in rows {
            let _ = writeln!(text, "{place},{over},{days},{}", line(&row));
        }
    }
    text
}

/// From `nutrient` to `unit`.
fn line(row: &Intake) -> String {
    let known = |value: Option<f64>| value.map(exact).unwrap_or_default();
    let upper = row.ul.as_ref();
    let note = upper.and_then(|upper| upper.note.as_deref());
    [
        row.nutrient.clone(),
        exact(row.diet),
        exact(row.supplements),
        exact(row.total()),
        known(row.ear),
        known(row.rda),
        known(row.ai),
        known(upper.map(|upper| upper.level)),
        known(upper.map(|upper| upper.counted)),
        quoted(note.unwrap_or_default()),
        verdict(row.verdict).to_string(),
        unit_name(&row.unit).to_string(),
    ]
    .join(",")
}

pub fn verdict(verdict: Adequacy) -> &'static str {
    match verdict {
        Adequacy::AboveUpper => "above UL",
        Adequacy::BelowAverage => "below EAR",
        Adequacy::Between => "between EAR and RDA",
        Adequacy::Recommended => "at least RDA",
        Adequacy::BelowAdequate => "below AI",
        Adequacy::Adequate => "at least AI",
        Adequacy::Tolerable => "not above UL",
    }
}
