//! What every shipped model has to keep: derivatives, steady reference people, neutral edges, budgets,
//! agreement with another integrator, explanations that add up.

mod accuracy;
mod excess;
mod explanations;
mod extrapolation;
mod habits;
mod jacobian;
mod reference_people;

use std::path::Path;
use std::sync::Arc;

use myoflux::compile::{Program, compile};
use myoflux::diagnostics::{Sources, render};
use myoflux::engine::Trajectory;
use myoflux::model::{Column, Model};
use myoflux::scenario::load::{Overrides, load_scenario};
use myoflux::scenario::measure::series;
use myoflux::scenario::{RunResult, Scenario, run::run};

/// Models of `models/`, by file name.
fn model_names() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir("models")
        .expect("the models")
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            Some(name.strip_suffix(".model.toml")?.to_string())
        })
        .collect();
    names.sort();
    names
}

/// A scenario on a shipped model, from its text.
fn scenario(text: &str) -> (Arc<Model>, Arc<Program>, Arc<Scenario>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("scenario.toml");
    std::fs::write(&path, text).expect("room for a file");
    load(&path, &Overrides::default())
}

fn load(path: &Path, overrides: &Overrides) -> (Arc<Model>, Arc<Program>, Arc<Scenario>) {
    let mut sources = Sources::default();
    let (model, scenario) = load_scenario(path, Path::new("models"), overrides, &mut sources)
        .unwrap_or_else(|problems| panic!("{}", render(&problems, &sources, false)));
    let program = Arc::new(compile(&model));
    (model, program, Arc::new(scenario))
}

fn run_text(text: &str) -> RunResult {
    let (model, program, scenario) = scenario(text);
    run(model, program, scenario, &|_, _| {})
}

fn trajectory(result: &RunResult, arm: usize) -> &Trajectory {
    let outcome = &result.arms[arm].outcome;
    outcome.as_ref().expect("this arm runs to its end")
}

/// Values of a named quantity over the rows of an arm.
fn values(result: &RunResult, arm: usize, name: &str) -> Vec<f64> {
    let column = column(&result.model, name);
    series(&result.program, trajectory(result, arm), column)
}

fn column(model: &Model, name: &str) -> Column {
    let found = model.column(name);
    found.unwrap_or_else(|| panic!("the model has no {name}"))
}
