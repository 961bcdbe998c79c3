//! `myoflux pages`: what models and scenarios hold, as Markdown.
//!
//! In: the folders of models and scenarios. Out: pages in a folder, or with `--check` the names of those
//! that differ from what would be written. Pages that nothing makes any more are named, and removed when
//! pages are written. The page of misses needs every scenario to run, so it is made only with `--results`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use super::check::{distinct, scenarios_below};
use super::edges::model_names;
use super::validate::outcomes;
use super::{find_models, refuse, say};
use crate::diagnostics::{Diagnostic, Sources};
use crate::model::{Model, load::load_model};
use crate::report::reference_pages::{Listed, MADE_BY, MISSES, Page, misses, pages};
use crate::report::write::whole;
use crate::scenario::load::{Overrides, load_scenario};

#[derive(Debug, Args)]
pub struct PagesArguments {
    /// Folder to write to
    #[arg(short, long, value_name = "DIR", default_value = "docs/reference")]
    output: PathBuf,
    /// Write nothing; exit with 1 and name the pages that are not as they would be written
    #[arg(long)]
    check: bool,
    /// Run every scenario too, for the page of figures and misses
    #[arg(long)]
    results: bool,
    /// Folder of the models
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
    /// Folder of the scenarios
    #[arg(long, value_name = "DIR", default_value = "scenarios")]
    scenarios: PathBuf,
}

pub fn run(arguments: &PagesArguments) -> u8 {
    let near = || find_models(&arguments.scenarios);
    let models = arguments.models.clone().unwrap_or_else(near);
    let made = match made(&models, &arguments.scenarios, arguments.results) {
        Ok(made) => made,
        Err(code) => return code,
    };
    let left = left_over(&arguments.output, &made);
    if arguments.check {
        check(&arguments.output, &made, &left)
    } else {
        write(&arguments.output, &made, &left)
    }
}

/// Every page, or the exit code after the problems were printed.
fn made(models: &Path, scenarios: &Path, results: bool) -> Result<Vec<Page>, u8> {
    let files = scenarios_below(scenarios);
    let (loaded, listed) = match load(models, scenarios, &files) {
        Ok(loaded) => loaded,
        Err((problems, sources)) => return Err(refuse(&distinct(problems), &sources)),
    };
    if loaded.is_empty() {
        eprintln!("error: there is no model in {}", models.display());
        return Err(2);
    }
    let mut made = pages(&loaded, &listed);
    if results {
        let outcomes = outcomes(&files, Some(models));
        match outcomes.refuse() {
            0 => {}
            code => return Err(code),
        }
        let named = outcomes.ran.iter();
        let named: Vec<_> = named
            .map(|(file, result)| (name(scenarios, file), result))
            .collect();
        made.push(misses(&named));
    }
    Ok(made)
}

type Loaded = (Vec<Model>, Vec<Listed>);

fn load(
    models: &Path,
    scenarios: &Path,
    files: &[PathBuf],
) -> Result<Loaded, (Vec<Diagnostic>, Sources)> {
    let mut sources = Sources::default();
    let mut problems = Vec::new();
    let (mut loaded, mut listed) = (Vec::new(), Vec::new());
    for name in model_names(models) {
        match load_model(models, &name, &mut sources) {
            Ok(model) => loaded.push(model),
            Err(found) => problems.extend(found),
        }
    }
    for file in files {
        match load_scenario(file, models, &Overrides::default(), &mut sources) {
            Ok((model, scenario)) => listed.push(Listed {
                name: name(scenarios, file),
                scenario,
                model,
            }),
            Err(found) => problems.extend(found),
        }
    }
    match problems.is_empty() {
        true => Ok((loaded, listed)),
        false => Err((problems, sources)),
    }
}

/// The path below the scenarios without its ending, with slashes everywhere.
fn name(scenarios: &Path, file: &Path) -> String {
    let below = file.strip_prefix(scenarios).unwrap_or(file);
    let parts = below.with_extension("");
    let parts: Vec<_> = parts.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// Pages of modules on disk that belong to no module any more. What does not say that it was made here is
/// somebody's own and stays.
fn left_over(output: &Path, made: &[Page]) -> Vec<String> {
    let known: BTreeSet<&str> = made.iter().map(|page| page.path.as_str()).collect();
    let entries = std::fs::read_dir(output.join("parameters"));
    let entries = entries.into_iter().flatten().flatten();
    let mut left: Vec<String> = entries
        .map(|entry| format!("parameters/{}", entry.file_name().to_string_lossy()))
        .filter(|path| path.ends_with(".md") && !known.contains(path.as_str()))
        .filter(|path| {
            let text = std::fs::read_to_string(output.join(path));
            text.is_ok_and(|text| text.contains(MADE_BY))
        })
        .collect();
    left.sort();
    left
}

fn check(output: &Path, made: &[Page], left: &[String]) -> u8 {
    let mut stale = 0;
    let mut name = |path: &str, why: &str| {
        eprintln!("{}: {why}", output.join(path).display());
        stale += 1;
    };
    for page in made {
        match std::fs::read(output.join(&page.path)) {
            Ok(bytes) if bytes == page.text.as_bytes() => {}
            Ok(_) => name(&page.path, "is not what would be written"),
            Err(_) => name(&page.path, "is missing"),
        }
    }
    for path in left {
        name(path, "is made from nothing any more");
    }
    if stale == 0 {
        say(&format!("{} pages are up to date\n", made.len()));
        return 0;
    }
    let results = match made.iter().any(|page| page.path == MISSES) {
        true => " --results",
        false => "",
    };
    eprintln!("{stale} stale; `myoflux pages{results}` makes them again");
    1
}

fn write(output: &Path, made: &[Page], left: &[String]) -> u8 {
    for page in made {
        if let Err(error) = whole(output, &page.path, page.text.as_bytes()) {
            eprintln!(
                "error: {} could not be written: {}",
                error.path.display(),
                error.error
            );
            return 1;
        }
    }
    for path in left {
        let path = output.join(path);
        if let Err(error) = std::fs::remove_file(&path) {
            eprintln!("error: {} could not be removed: {error}", path.display());
            return 1;
        }
    }
    say(&format!("{} pages in {}\n", made.len(), output.display()));
    0
}
