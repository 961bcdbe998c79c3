//! `myoflux check`: every file, without running.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{find_models, say};
use crate::diagnostics::{Diagnostic, Severity, Sources, render, to_json};
use crate::model::load::check_models;
use crate::scenario::load::{Overrides, load_scenario};

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
    let mut sources = Sources::default();
    let mut problems = Vec::new();
    let mut facts = Vec::new();
    let mut count = 0;
    for path in &arguments.paths {
        check(path, &mut sources, &mut problems, &mut facts, &mut count);
    }
    let bad = problems
        .iter()
        .any(|problem| problem.severity == Severity::Error);
    if arguments.json {
        let value = serde_json::json!({
            "files": count,
            "problems": to_json(&problems, &sources),
            "facts": facts,
        });
        say(&format!("{value:#}\n"));
    } else {
        use std::io::IsTerminal;
        eprint!(
            "{}",
            render(&problems, &sources, std::io::stderr().is_terminal())
        );
        for fact in &facts {
            say(&format!("{fact}\n"));
        }
        let found = match problems.len() {
            0 => "no problems".to_string(),
            1 => "1 problem".to_string(),
            n => format!("{n} problems"),
        };
        say(&format!("{count} files checked: {found}\n"));
    }
    if bad { 2 } else { 0 }
}

fn check(
    path: &Path,
    sources: &mut Sources,
    problems: &mut Vec<Diagnostic>,
    facts: &mut Vec<String>,
    count: &mut usize,
) {
    if is_models(path) {
        let (found, learnt) = check_models(path, sources);
        problems.extend(found);
        facts.extend(learnt);
        *count += if path.is_dir() {
            toml_below(path).len()
        } else {
            1
        };
        return;
    }
    let files = if path.is_dir() {
        toml_below(path)
    } else {
        vec![path.to_path_buf()]
    };
    for file in files {
        *count += 1;
        let models = find_models(&file);
        if let Err(found) = load_scenario(&file, &models, &Overrides::default(), sources) {
            problems.extend(found);
        }
    }
}

/// A models folder holds references.bib; a file belongs to the models if its folder does.
fn is_models(path: &Path) -> bool {
    let folder = if path.is_dir() {
        path
    } else {
        path.parent().unwrap_or(Path::new("."))
    };
    folder.join("references.bib").is_file()
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
