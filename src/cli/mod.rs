//! Arguments in; messages and exit code out: one file per subcommand.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::diagnostics::{Diagnostic, Sources, render};
use crate::engine::Method;
use crate::model::Grade;
use crate::scenario::load::Overrides;

mod average;
mod check;
mod edges;
mod explain;
mod export;
mod init;
mod models;
mod pages;
mod repeat;
mod run;
mod schema;
mod sweep;
mod validate;

/// Simulates the exercise micronutrient network. For education and research; not dietary or medical
/// advice.
#[derive(Debug, Parser)]
#[command(name = "myoflux", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a scenario: tables and provenance go to a folder
    Run(run::RunArguments),
    /// Repeat a run from its run.json, byte for byte
    Repeat(repeat::RepeatArguments),
    /// Write a commented starter scenario
    Init(init::InitArguments),
    /// Check model and scenario files without running them
    Check(check::CheckArguments),
    /// Cycle averages of a pulse-resolved model as tables: what a study file asks for
    Average(average::AverageArguments),
    /// Run one scenario with many settings: what a study file asks for
    Sweep(sweep::SweepArguments),
    /// Run scenarios and compare with published physiology
    Validate(validate::ValidateArguments),
    /// The equation of one quantity with its numbers, and why two arms differ in it
    Explain(explain::ExplainArguments),
    /// Crosstalk edges: evidence, kind, default
    Edges(edges::EdgesArguments),
    /// What models hold: modules, states, parameters with their origin
    Models(models::ModelsArguments),
    /// JSON Schema of the files, so that editors complete and check them
    Schema(schema::SchemaArguments),
    /// Models and scenarios for other simulators
    Export(export::ExportArguments),
    /// Pages from the files: parameters, edges, expectations, sources
    Pages(pages::PagesArguments),
}

/// What a scenario is run with.
#[derive(Debug, Clone, Args)]
pub struct Changes {
    /// Change a value of the scenario: `--set supplement.0.dose="100 mg"`
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Edges to knock out, by name or by row of the list of edges
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    edges_off: Vec<String>,
    /// Strength of one edge, 0 to 2
    #[arg(long = "edge", value_name = "NAME=STRENGTH")]
    edge: Vec<String>,
    /// Switch off every edge with weaker evidence
    #[arg(long, value_parser = grade, value_name = "GRADE")]
    min_grade: Option<Grade>,
    /// Integrator: rodas5p, dopri5 or dop853
    #[arg(long, value_parser = method)]
    method: Option<Method>,
    /// Relative tolerance
    #[arg(long)]
    rtol: Option<f64>,
    /// Folder of the models (default: `models`, looked for upward from the scenario)
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
}

impl Changes {
    fn overrides(&self) -> Result<Overrides, String> {
        let split = |text: &String| -> Result<(String, String), String> {
            let (key, value) = text
                .split_once('=')
                .ok_or(format!("`{text}` should read name=value"))?;
            Ok((key.trim().to_string(), value.trim().to_string()))
        };
        let mut strengths = Vec::new();
        for text in &self.edge {
            let (name, value) = split(text)?;
            let value = value
                .parse()
                .map_err(|_| format!("`{value}` is not a number"))?;
            strengths.push((name, value));
        }
        Ok(Overrides {
            set: self.set.iter().map(split).collect::<Result<_, _>>()?,
            edges_off: self.edges_off.clone(),
            edge_strengths: strengths,
            min_grade: self.min_grade,
            rtol: self.rtol,
            method: self.method,
        })
    }

    /// The same changes as arguments of another command line.
    fn repeated(&self) -> String {
        let mut text = String::new();
        let mut add = |option: &str, value: &str| {
            text.push_str(&format!(" --{option} '{}'", value.replace('\'', "'\\''")));
        };
        self.set.iter().for_each(|set| add("set", set));
        if !self.edges_off.is_empty() {
            add("edges-off", &self.edges_off.join(","));
        }
        self.edge.iter().for_each(|edge| add("edge", edge));
        if let Some(grade) = self.min_grade {
            add("min-grade", &format!("{grade:?}"));
        }
        if let Some(method) = self.method {
            add("method", &format!("{method:?}").to_lowercase());
        }
        if let Some(rtol) = self.rtol {
            add("rtol", &format!("{rtol:e}"));
        }
        if let Some(models) = &self.models {
            add("models", &models.display().to_string());
        }
        text
    }

    fn models(&self, scenario: &Path) -> PathBuf {
        self.models.clone().unwrap_or_else(|| find_models(scenario))
    }
}

/// The folder `models` beside or above a file, also above the working folder; `models` if there is none.
pub fn find_models(near: &Path) -> PathBuf {
    // Written as it was given as long as that leads there: messages show it.
    let upward = |path: &Path| {
        let mut folders = path.ancestors().map(|folder| folder.join("models"));
        folders.find(|folder| folder.is_dir())
    };
    upward(near)
        .or_else(|| upward(&std::env::current_dir().ok()?.join(near)))
        .unwrap_or_else(|| PathBuf::from("models"))
}

fn grade(text: &str) -> Result<Grade, String> {
    let letter = text.to_ascii_uppercase();
    Grade::parse(&letter).ok_or_else(|| "a grade is A, B, C or D".to_string())
}

fn method(text: &str) -> Result<Method, String> {
    match text {
        "rodas5p" => Ok(Method::Rodas5p),
        "dopri5" => Ok(Method::Dopri5),
        "dop853" => Ok(Method::Dop853),
        _ => Err("a method is rodas5p, dopri5 or dop853".to_string()),
    }
}

/// Runs the command line and returns the process's exit code:
/// 0 done, 1 failed, 2 usage or bad file, 3 some arms failed, 4 an expectation missed.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let code = match cli.command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Repeat(arguments) => repeat::run(&arguments),
        Command::Init(arguments) => init::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Average(arguments) => average::run(&arguments),
        Command::Sweep(arguments) => sweep::run(&arguments),
        Command::Validate(arguments) => validate::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Edges(arguments) => edges::run(&arguments),
        Command::Models(arguments) => models::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Pages(arguments) => pages::run(&arguments),
    };
    ExitCode::from(code)
}

/// Prints problems to stderr; exit code 2.
fn refuse(problems: &[Diagnostic], sources: &Sources) -> u8 {
    complain(problems, sources);
    let count = problems.len();
    let plural = if count == 1 { "" } else { "s" };
    let _ = writeln!(
        std::io::stderr(),
        "{count} problem{plural}; nothing was run"
    );
    2
}

/// How far something has come, on a terminal only.
fn progress(length: u64) -> indicatif::ProgressBar {
    if std::io::stderr().is_terminal() {
        indicatif::ProgressBar::new(length)
    } else {
        indicatif::ProgressBar::hidden()
    }
}

/// Writes problems to stderr; if nobody listens, the exit code still says so.
fn complain(problems: &[Diagnostic], sources: &Sources) {
    let mut stderr = std::io::stderr();
    let text = render(problems, sources, stderr.is_terminal());
    let _ = stderr.write_all(text.as_bytes());
}

/// Writes results to stdout; a reader that has gone away is no error.
fn say(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}
