//! `myoflux run`: one protocol, all its arms.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::{Changes, complain, progress, refuse, say};
use crate::compile::compile;
use crate::diagnostics::Sources;
use crate::model::Model;
use crate::report::{words, write_run};
use crate::scenario::load::load_scenario;
use crate::scenario::{RunResult, Scenario, Verdict, run::run as run_scenario};

#[derive(Debug, Args)]
pub struct RunArguments {
    /// Scenario file
    scenario: PathBuf,
    /// Folder for the results (default: output/TOPIC/QUESTION)
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Say what would be run, and stop
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    changes: Changes,
}

pub fn run(arguments: &RunArguments) -> u8 {
    let overrides = match arguments.changes.overrides() {
        Ok(overrides) => overrides,
        Err(why) => {
            eprintln!("error: {why}");
            return 2;
        }
    };
    let mut sources = Sources::default();
    let models = arguments.changes.models(&arguments.scenario);
    let (model, scenario) =
        match load_scenario(&arguments.scenario, &models, &overrides, &mut sources) {
            Ok(loaded) => loaded,
            Err(problems) => return refuse(&problems, &sources),
        };
    if arguments.dry_run {
        say(&format!(
            "{}\nmodel {}, {} arm(s)\n",
            scenario.title,
            scenario.model,
            scenario.arms.len()
        ));
        for arm in &scenario.arms {
            let changed: Vec<String> = arm
                .changed
                .iter()
                .map(|id| {
                    format!(
                        "{} = {}",
                        model.parameters[id.index()].name,
                        arm.parameters[id.index()]
                    )
                })
                .collect();
            say(&format!(
                "  {}: {} breakpoints, {} bouts, {} doses{}\n",
                arm.name,
                arm.breakpoints.len(),
                arm.bouts.len(),
                arm.doses.len(),
                if changed.is_empty() {
                    String::new()
                } else {
                    format!("; {}", changed.join(", "))
                }
            ));
        }
        return 0;
    }
    let folder = arguments
        .output
        .clone()
        .unwrap_or_else(|| default_folder(&arguments.scenario));
    carry_out(model, scenario, &folder, &sources)
}

/// Runs what was loaded and writes the results; the exit code. Arms that have no start are told with their
/// place; if no arm has one, nothing is written.
pub fn carry_out(model: Arc<Model>, scenario: Scenario, folder: &Path, sources: &Sources) -> u8 {
    let program = Arc::new(compile(&model));
    let bar = progress(scenario.arms.len() as u64);
    let report = |done: usize, _| bar.set_position(done as u64);
    let result = run_scenario(model, program, Arc::new(scenario), &report);
    bar.finish_and_clear();
    let refusals = result.arms.iter().filter_map(|arm| arm.refusal.clone());
    let refusals: Vec<_> = refusals.collect();
    if !refusals.is_empty() && refusals.len() == result.arms.len() {
        return refuse(&refusals, sources);
    }
    complain(&refusals, sources);
    let files = match write_run(&result, folder) {
        Ok(files) => files,
        Err(error) => {
            eprintln!(
                "error: {} could not be written: {}",
                error.path.display(),
                error.error
            );
            return 1;
        }
    };
    say(&summary(&result));
    say(&format!("{} files in {}\n", files.len(), folder.display()));
    let failed = result
        .arms
        .iter()
        .filter(|arm| arm.outcome.is_err())
        .count();
    match failed {
        0 => 0,
        n if n == result.arms.len() => 1,
        _ => 3,
    }
}

fn default_folder(scenario: &Path) -> PathBuf {
    let question = scenario.file_stem().map(PathBuf::from).unwrap_or_default();
    let topic = scenario
        .parent()
        .and_then(Path::file_name)
        .map(PathBuf::from)
        .unwrap_or_default();
    PathBuf::from("output").join(topic).join(question)
}

/// What a run came to, in a few lines.
fn summary(result: &RunResult) -> String {
    let mut text = format!("{}\n", result.scenario.title);
    for (arm, outcome) in result.scenario.arms.iter().zip(&result.arms) {
        match &outcome.outcome {
            Ok(run) => {
                text.push_str(&format!("  {}: {} steps", arm.name, run.statistics.steps));
                if let Some(worst) = outcome.ledger.iter().map(|l| l.error).reduce(f64::max) {
                    text.push_str(&format!(", balance of matter closes to {worst:.0e}"));
                }
                text.push('\n');
            }
            Err(failure) => {
                text.push_str(&format!(
                    "  {}: failed: {}\n",
                    arm.name,
                    words::no_numbers(outcome, failure, &result.model)
                ));
            }
        }
        for warning in &outcome.warnings {
            text.push_str(&format!("    note: {warning}\n"));
        }
    }
    for outcome in &result.expectations {
        let expectation = &result.scenario.expectations[outcome.expectation];
        let verdict = match outcome.verdict {
            Verdict::Pass => "pass",
            Verdict::Near => "near",
            Verdict::Miss => "MISS",
        };
        let value = match &outcome.problem {
            Some(why) => format!("has no value: {why}"),
            None => format!("= {:.4}", outcome.value),
        };
        text.push_str(&format!(
            "  {verdict}  {} {value} (expected {})\n",
            expectation.what, expectation.is
        ));
    }
    text
}
