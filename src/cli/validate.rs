//! `myoflux validate`: published physiology: pass, near, miss.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use rayon::prelude::*;

use super::check::toml_below;
use super::{find_models, refuse, say};
use crate::compile::compile;
use crate::diagnostics::{Diagnostic, Sources};
use crate::scenario::load::{Overrides, load_scenario};
use crate::scenario::{ExpectationRole, RunResult, Verdict, run::run as run_scenario};
use crate::study::load::SUFFIX;

#[derive(Debug, Args)]
pub struct ValidateArguments {
    /// Scenario files and folders
    #[arg(default_value = "scenarios")]
    paths: Vec<PathBuf>,
    /// One JSON object per expectation
    #[arg(long)]
    json: bool,
    /// Exit with 4 if a counted expectation is missed
    #[arg(long)]
    strict: bool,
}

type Loaded = Result<(PathBuf, RunResult), (Vec<Diagnostic>, Sources)>;

pub fn run(arguments: &ValidateArguments) -> u8 {
    let mut files = Vec::new();
    for path in &arguments.paths {
        if path.is_dir() {
            let study = |file: &PathBuf| file.to_string_lossy().ends_with(SUFFIX);
            files.extend(toml_below(path).into_iter().filter(|file| !study(file)))
        } else {
            files.push(path.clone())
        }
    }
    let bar = super::progress(files.len() as u64);
    let results: Vec<Loaded> = files
        .par_iter()
        .map(|file| {
            bar.inc(1);
            let mut sources = Sources::default();
            match load_scenario(
                file,
                &find_models(file),
                &Overrides::default(),
                &mut sources,
            ) {
                Ok((model, scenario)) => {
                    let program = Arc::new(compile(&model));
                    Ok((
                        file.clone(),
                        run_scenario(model, program, Arc::new(scenario), &|_, _| {}),
                    ))
                }
                Err(problems) => Err((problems, sources)),
            }
        })
        .collect();
    bar.finish_and_clear();
    let mut rows = Vec::new();
    let mut broken = 0;
    for result in &results {
        match result {
            Ok((file, result)) => rows.extend(rows_of(file, result)),
            Err((problems, sources)) => broken = refuse(problems, sources),
        }
    }
    if arguments.json {
        let objects: Vec<serde_json::Value> = rows.iter().map(Row::json).collect();
        say(&format!("{:#}\n", serde_json::Value::from(objects)));
    } else {
        print(&rows);
    }
    let missed = rows
        .iter()
        .any(|row| row.counted && row.verdict == Verdict::Miss);
    match broken {
        0 if arguments.strict && missed => 4,
        code => code,
    }
}

struct Row {
    scenario: String,
    what: String,
    is: String,
    value: f64,
    unit: String,
    verdict: Verdict,
    role: ExpectationRole,
    source: Option<String>,
    row: Option<String>,
    note: Option<String>,
    problem: Option<String>,
    counted: bool,
}

impl Row {
    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "scenario": self.scenario, "what": self.what, "observed": self.is,
            "value": self.value, "unit": self.unit, "verdict": self.verdict, "role": self.role,
            "source": self.source, "row": self.row, "note": self.note, "problem": self.problem,
            "counted": self.counted,
        })
    }
}

fn rows_of(file: &std::path::Path, result: &RunResult) -> Vec<Row> {
    let row = |outcome: &crate::scenario::ExpectationResult| {
        let expectation = &result.scenario.expectations[outcome.expectation];
        Row {
            scenario: file.display().to_string(),
            what: expectation.what.clone(),
            is: expectation.is.clone(),
            value: outcome.value,
            unit: expectation.unit.text.clone(),
            verdict: outcome.verdict,
            role: expectation.role,
            source: expectation.source.clone(),
            row: expectation.row.clone(),
            note: expectation.note.clone(),
            problem: outcome.problem.clone(),
            counted: !expectation.not_required,
        }
    };
    result.expectations.iter().map(row).collect()
}

fn print(rows: &[Row]) {
    let mut scenario = "";
    for row in rows {
        if row.scenario != scenario {
            scenario = &row.scenario;
            say(&format!("{scenario}\n"));
        }
        let verdict = match row.verdict {
            Verdict::Pass => "pass",
            Verdict::Near => "near",
            Verdict::Miss => "MISS",
        };
        let id = row.row.clone().unwrap_or_default();
        let counted = if row.counted { "" } else { " [not required]" };
        let value = match row.value.is_nan() {
            true => "has no value".to_string(),
            false => format!("= {:.4}", row.value),
        };
        say(&format!(
            "  {verdict} {id:>7} {} {value} (expected {}){counted}\n",
            row.what, row.is
        ));
        if row.verdict != Verdict::Pass
            && let Some(why) = row.problem.as_ref().or(row.note.as_ref())
        {
            say(&format!("               {why}\n"));
        }
    }
    for role in [
        ExpectationRole::Port,
        ExpectationRole::Fit,
        ExpectationRole::Test,
    ] {
        let of_role: Vec<&Row> = rows
            .iter()
            .filter(|row| row.role == role && row.counted)
            .collect();
        let count = |verdict| of_role.iter().filter(|row| row.verdict == verdict).count();
        let passed = count(Verdict::Pass);
        let share = 100.0 * passed as f64 / of_role.len().max(1) as f64;
        say(&format!(
            "{role:?}: {passed} of {} pass ({share:.1} %), {} near, {} miss\n",
            of_role.len(),
            count(Verdict::Near),
            count(Verdict::Miss)
        ));
    }
}
