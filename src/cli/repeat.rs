//! `myoflux repeat`: the same bytes from a run.json, which holds every text that took part.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;

use super::{refuse, run::carry_out};
use crate::diagnostics::Sources;
use crate::scenario::load::{Overrides, load_scenario};

#[derive(Debug, Args)]
pub struct RepeatArguments {
    /// run.json of an earlier run
    run_json: PathBuf,
    /// Folder for the results
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

#[derive(Deserialize)]
struct Recorded {
    version: String,
    scenario: Vec<Text>,
    overrides: Overrides,
    model: RecordedModel,
}

#[derive(Deserialize)]
struct RecordedModel {
    files: Vec<Text>,
}

#[derive(Deserialize)]
struct Text {
    file: PathBuf,
    text: String,
}

pub fn run(arguments: &RepeatArguments) -> u8 {
    let path = &arguments.run_json;
    let recorded: Recorded = match std::fs::read_to_string(path)
        .map_err(|error| error.to_string())
        .and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()))
    {
        Ok(recorded) => recorded,
        Err(why) => {
            eprintln!("error: {} is not a run.json of ours: {why}", path.display());
            return 2;
        }
    };
    if recorded.version != env!("CARGO_PKG_VERSION") {
        eprintln!(
            "note: recorded with version {}, this is {}",
            recorded.version,
            env!("CARGO_PKG_VERSION")
        );
    }
    // Deep enough that `extends = "../x.toml"` stays inside.
    let folder = std::env::temp_dir().join(format!("myoflux-repeat-{}", std::process::id()));
    let code = rebuild(&recorded, &folder, &arguments.output);
    let _ = std::fs::remove_dir_all(&folder);
    code
}

fn rebuild(recorded: &Recorded, folder: &Path, output: &Path) -> u8 {
    let models = folder.join("models");
    let scenarios = folder.join("a/b/c/scenarios");
    let files = recorded
        .model
        .files
        .iter()
        .map(|text| (models.join(&text.file), text));
    let files = files.chain(
        recorded
            .scenario
            .iter()
            .map(|text| (scenarios.join(&text.file), text)),
    );
    for (path, text) in files {
        let parent = path.parent().unwrap_or(folder);
        let written =
            std::fs::create_dir_all(parent).and_then(|()| std::fs::write(&path, &text.text));
        if let Err(error) = written {
            eprintln!("error: {} could not be written: {error}", path.display());
            return 1;
        }
    }
    let Some(first) = recorded.scenario.first() else {
        eprintln!("error: this run.json holds no scenario");
        return 2;
    };
    let mut sources = Sources::default();
    match load_scenario(
        &scenarios.join(&first.file),
        &models,
        &recorded.overrides,
        &mut sources,
    ) {
        Ok((model, scenario)) => carry_out(model, scenario, output, &sources),
        Err(problems) => refuse(&problems, &sources),
    }
}
