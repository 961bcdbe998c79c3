//! `myoflux validate`: published physiology: pass, near, miss.
//!
//! In: scenario files and folders. Out: every expectation with its value, range and verdict on stdout, the
//! share that pass by role; what is wrong with files on stderr, each problem once. [`outcomes`] does the
//! running, for the page of misses too.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use rayon::prelude::*;

use super::check::{distinct, scenarios_below};
use super::{complain, find_models, say};
use crate::compile::compile;
use crate::diagnostics::{Diagnostic, FileId, Sources, Span};
use crate::scenario::load::{Overrides, load_scenario};
use crate::scenario::{ExpectationRole, RunResult, Verdict, run::run as run_scenario};

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

pub fn run(arguments: &ValidateArguments) -> u8 {
    let outcomes = outcomes(&scenarios(&arguments.paths), None);
    let ran = outcomes.ran.iter();
    let rows: Vec<Row> = ran
        .flat_map(|(file, result)| rows_of(file, result))
        .collect();
    let broken = outcomes.refuse();
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

/// Scenario files, those of folders sorted.
fn scenarios(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(scenarios_below(path))
        } else {
            files.push(path.clone())
        }
    }
    files
}

/// What became of many scenarios, in the order asked for.
#[derive(Default)]
pub struct Outcomes {
    pub ran: Vec<(PathBuf, RunResult)>,
    /// What is wrong with the others, each problem once, and how many they are.
    problems: Vec<Diagnostic>,
    sources: Sources,
    refused: usize,
}

impl Outcomes {
    /// Prints what kept scenarios from running; 2 if anything did, else 0.
    pub fn refuse(&self) -> u8 {
        if self.refused == 0 {
            return 0;
        }
        complain(&self.problems, &self.sources);
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        eprintln!(
            "{} problem{}; {} scenario{} not run",
            self.problems.len(),
            plural(self.problems.len()),
            self.refused,
            plural(self.refused)
        );
        2
    }

    /// Takes over problems whose places point into texts of their own.
    fn add_refused(&mut self, problems: Vec<Diagnostic>, sources: Sources) {
        let files = sources.files.into_iter();
        let moved: Vec<FileId> = files
            .map(|file| self.sources.add(file.path, file.text))
            .collect();
        let place = |span: Option<Span>| {
            span.map(|span| Span {
                file: moved[span.file.0 as usize],
                ..span
            })
        };
        for mut problem in problems {
            problem.span = place(problem.span);
            let notes = problem.notes.into_iter();
            problem.notes = notes.map(|(text, span)| (text, place(span))).collect();
            self.problems.push(problem);
        }
        self.refused += 1;
    }
}

/// Runs every scenario of `files`, with the models beside or above each, or those of `models`.
pub fn outcomes(files: &[PathBuf], models: Option<&Path>) -> Outcomes {
    let bar = super::progress(files.len() as u64);
    let results: Vec<_> = files
        .par_iter()
        .map(|file| {
            bar.inc(1);
            let mut sources = Sources::default();
            let models = models.map_or_else(|| find_models(file), Path::to_path_buf);
            match load_scenario(file, &models, &Overrides::default(), &mut sources) {
                Ok((model, scenario)) => {
                    let program = Arc::new(compile(&model));
                    let result = run_scenario(model, program, Arc::new(scenario), &|_, _| {});
                    Ok((file.clone(), result.without_rows()))
                }
                Err(problems) => Err((problems, sources)),
            }
        })
        .collect();
    bar.finish_and_clear();
    let mut outcomes = Outcomes::default();
    for result in results {
        match result {
            Ok(ran) => outcomes.ran.push(ran),
            Err((problems, sources)) => outcomes.add_refused(problems, sources),
        }
    }
    outcomes.problems = distinct(outcomes.problems);
    outcomes
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
        say(&figures(role, rows));
    }
}

/// How the rows of one role went; a share of no rows means nothing.
fn figures(role: ExpectationRole, rows: &[Row]) -> String {
    let of_role: Vec<&Row> = rows
        .iter()
        .filter(|row| row.role == role && row.counted)
        .collect();
    if of_role.is_empty() {
        return format!("{role:?}: none\n");
    }
    let count = |verdict| of_role.iter().filter(|row| row.verdict == verdict).count();
    let passed = count(Verdict::Pass);
    let share = 100.0 * passed as f64 / of_role.len() as f64;
    format!(
        "{role:?}: {passed} of {} pass ({share:.1} %), {} near, {} miss\n",
        of_role.len(),
        count(Verdict::Near),
        count(Verdict::Miss)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A broken bibliography keeps every scenario from running; it is one problem, not one each.
    #[test]
    fn a_problem_of_the_models_is_told_once() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for entry in std::fs::read_dir("models").expect("models").flatten() {
            std::fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("writable");
        }
        let broken = "@article{x, title = {";
        std::fs::write(folder.path().join("references.bib"), broken).expect("writable");
        let files = scenarios_below(Path::new("scenarios/iron"));
        let outcomes = outcomes(&files, Some(folder.path()));
        assert!(outcomes.ran.is_empty());
        assert_eq!(outcomes.refused, files.len());
        assert_eq!(outcomes.problems.len(), 1, "{:?}", outcomes.problems);
        let span = outcomes.problems[0].span.clone().expect("a place");
        let file = &outcomes.sources.files[span.file.0 as usize];
        assert!(file.path.ends_with("references.bib"));
    }

    /// A role without rows has no share that pass, and rows that are not required are no rows of it.
    #[test]
    fn a_role_without_rows_has_none() {
        let row = |role, counted| Row {
            scenario: "one".to_string(),
            what: "value at 0 d".to_string(),
            is: "1 to 2".to_string(),
            value: 1.5,
            unit: "1".to_string(),
            verdict: Verdict::Pass,
            role,
            source: None,
            row: None,
            note: None,
            problem: None,
            counted,
        };
        let rows = [
            row(ExpectationRole::Port, true),
            row(ExpectationRole::Fit, false),
        ];
        let told = |role| figures(role, &rows);
        let port = "Port: 1 of 1 pass (100.0 %), 0 near, 0 miss\n";
        assert_eq!(told(ExpectationRole::Port), port);
        assert_eq!(told(ExpectationRole::Fit), "Fit: none\n");
        assert_eq!(told(ExpectationRole::Test), "Test: none\n");
    }
}
