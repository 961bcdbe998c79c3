//! Every claim written in a scenario file, run.
//!
//! Whether a row passes is shown by `myoflux validate`, misses included; this test holds that every arm
//! runs, its nutrient ledger closes to round-off, every row has a value, and the shares that the project
//! promises by role.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use myoflux::compile::compile;
use myoflux::diagnostics::{Sources, render};
use myoflux::scenario::load::{Overrides, load_scenario};
use myoflux::scenario::{ExpectationRole, RunResult, Verdict, run::run};
use rayon::prelude::*;

fn scenarios(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder of scenarios") {
        let path = entry.expect("an entry").path();
        let name = path.to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(scenarios(&path));
        } else if name.ends_with(".toml") && !name.ends_with(".study.toml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn result(path: &Path) -> RunResult {
    let mut sources = Sources::default();
    let (models, overrides) = (Path::new("models"), Overrides::default());
    let (model, scenario) = load_scenario(path, models, &overrides, &mut sources)
        .unwrap_or_else(|problems| panic!("{}", render(&problems, &sources, false)));
    let program = Arc::new(compile(&model));
    run(model, program, Arc::new(scenario), &|_, _| {}).without_rows()
}

/// Shares in percent of the counted rows that pass at least: port, fit, test.
const PROMISED: [(ExpectationRole, f64); 3] = [
    (ExpectationRole::Port, 90.0),
    (ExpectationRole::Fit, 90.0),
    (ExpectationRole::Test, 65.0),
];

#[test]
fn every_scenario_runs_and_the_promised_shares_are_kept() {
    let paths = scenarios(Path::new("scenarios"));
    let results: Vec<RunResult> = paths.par_iter().map(|path| result(path)).collect();
    let mut wrong = Vec::new();
    let mut verdicts = Vec::new();
    for (path, result) in paths.iter().zip(&results) {
        let path = path.display();
        for (arm, outcome) in result.scenario.arms.iter().zip(&result.arms) {
            if let Err(failure) = &outcome.outcome {
                wrong.push(format!("{path}, {}: {failure:?}", arm.name));
            }
        }
        for (arm, outcome) in result.scenario.arms.iter().zip(&result.arms) {
            for ledger in outcome.ledger.iter().filter(|ledger| !ledger.closes()) {
                let (matter, left) = (&ledger.matter, ledger.left_over);
                let unit = &ledger.unit.text;
                wrong.push(format!(
                    "{path}, {}: {left:e} {unit} of {matter} left over of {} that crossed",
                    arm.name, ledger.throughput
                ));
            }
        }
        for outcome in &result.expectations {
            let expectation = &result.scenario.expectations[outcome.expectation];
            if let Some(why) = &outcome.problem {
                wrong.push(format!("{path}: {} has no value: {why}", expectation.what));
            }
            if !expectation.not_required {
                verdicts.push((expectation.role, outcome.verdict));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (role, promised) in PROMISED {
        let of_role = verdicts.iter().filter(|(known, _)| *known == role);
        let passed = of_role.clone().filter(|(_, v)| *v == Verdict::Pass).count();
        let share = 100.0 * passed as f64 / of_role.count() as f64;
        assert!(share >= promised, "{role:?}: {share:.1} % pass");
    }
}
