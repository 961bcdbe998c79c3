//! `myoflux check`: every file, without running.
//!
//! In: files and folders of models and scenarios. Out: all problems on stderr, each once however many
//! scenarios meet it, what was learnt (conserved totals) on stdout; with `--json` one document on stdout,
//! one object per problem.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use clap::Args;

use super::{complain, find_models, say};
use crate::diagnostics::{Diagnostic, Severity, Sources, to_json};
use crate::model::load::check_models;
use crate::scenario::load::{Overrides, load_scenario};
use crate::study::load::{SUFFIX, load_study};

#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Files and folders of models and scenarios
    #[arg(default_values = ["models", "scenarios"])]
    paths: Vec<PathBuf>,
    /// Print problems as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &CheckArguments) -> u8 {
    let mut checked = Checked::default();
    for path in &arguments.paths {
        checked.path(path);
    }
    let Checked {
        sources,
        problems,
        facts,
        count,
    } = checked;
    let problems = distinct(problems);
    if arguments.json {
        let value = serde_json::json!({
            "files": count,
            "problems": to_json(&problems, &sources),
            "facts": facts,
        });
        say(&format!("{value:#}\n"));
    } else {
        complain(&problems, &sources);
        for fact in &facts {
            say(&format!("{fact}\n"));
        }
        let found = match problems.len() {
            0 => "no problems".to_string(),
            1 => "1 problem".to_string(),
            n => format!("{n} problems"),
        };
        let files = if count == 1 { "file" } else { "files" };
        say(&format!("{count} {files} checked: {found}\n"));
    }
    let bad = |problem: &Diagnostic| problem.severity == Severity::Error;
    if problems.iter().any(bad) { 2 } else { 0 }
}

/// What has been found so far.
#[derive(Default)]
struct Checked {
    sources: Sources,
    problems: Vec<Diagnostic>,
    /// What is true of the models and worth knowing, one line each.
    facts: Vec<String>,
    /// Files.
    count: usize,
}

impl Checked {
    /// A file, a folder of models, or a folder with scenarios and models below it.
    fn path(&mut self, path: &Path) {
        if is_models(path) {
            self.models(path);
            return;
        }
        if !path.is_dir() {
            self.scenario(path);
            return;
        }
        // Models are checked folder by folder, not file by file: they belong together.
        let (models, scenarios): (Vec<_>, Vec<_>) = toml_below(path)
            .into_iter()
            .partition(|file| is_models(file));
        let folders: BTreeSet<&Path> = models.iter().filter_map(|file| file.parent()).collect();
        for folder in folders {
            self.models(folder);
        }
        for file in &scenarios {
            self.scenario(file);
        }
    }

    fn models(&mut self, path: &Path) {
        let (found, learnt) = check_models(path, &mut self.sources);
        self.problems.extend(found);
        self.facts.extend(learnt);
        // The bibliography and the files beside it.
        self.count += if path.is_dir() {
            1 + toml_below(path).len()
        } else {
            1
        };
    }

    fn scenario(&mut self, file: &Path) {
        self.count += 1;
        let models = find_models(file);
        if file.to_string_lossy().ends_with(SUFFIX) {
            if let Err(found) = load_study(file, &models, &Overrides::default(), &mut self.sources)
            {
                self.problems.extend(found);
            }
            return;
        }
        let loaded = load_scenario(file, &models, &Overrides::default(), &mut self.sources);
        if let Err(found) = loaded {
            self.problems.extend(found);
        }
    }
}

/// The problems without those that say the same about the same place: a broken model is met again by
/// every scenario that names it.
pub fn distinct(problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut known = HashSet::new();
    let new = |d: &Diagnostic| known.insert((d.code, d.span.clone(), d.message.clone()));
    let mut problems = problems;
    problems.retain(new);
    problems
}

/// A models folder holds references.bib; a file belongs to the models if its folder does.
fn is_models(path: &Path) -> bool {
    let folder = if path.is_dir() {
        path
    } else {
        path.parent().unwrap_or(Path::new("."))
    };
    folder.join("references.bib").is_file() || path.ends_with("references.bib")
}

/// Every scenario below a folder, sorted: TOML files that are no studies.
pub fn scenarios_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = toml_below(folder);
    files.retain(|file| !file.to_string_lossy().ends_with(SUFFIX));
    files
}

/// Every TOML file below a folder, sorted.
pub fn toml_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                waiting.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
