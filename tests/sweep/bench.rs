//! A folder with a scenario and a study to run the program in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;

/// Two days of a tracer in three volumes, of which one is nothing: a third of the members fails.
pub const STUDY: &str = r#"
format = 1
study = "sweep"
title = "For tests"
about = "A tracer in volumes, one of which is nothing, with training and all parameters drawn."
scenario = "runner.toml"
set = { output_every = "1 h" }
chunk = 32
seed = 7
[[design]]
kind = "grid"
[[design.factor]]
set = "parameters.kinetics.volume"
name = "volume"
values = ["3 L", "0 L", "4000 mL"]
[[design]]
kind = "sobol"
members = 256
[[design.factor]]
set = "training.0.what"
name = "minutes"
text = "run {} min at 50 %VO2max"
from = 20
to = 90
[[design.factor]]
every = "uncertain parameter"
except = ["kinetics.volume"]
columns = false
[[record]]
what = "max of kinetics.plasma from 0 d to 2 d in \"clear\" over kinetics.plasma at 0 d"
name = "rise"
[[record]]
what = "change of tiredness_score from 0 h to 8 h"
name = "tired"
"#;

pub const SERIES: &str = r#"
[series]
show = ["kinetics.plasma", "tiredness_score"]
arms = ["base", "clear"]
"#;

pub struct Bench {
    pub folder: tempfile::TempDir,
}

impl Bench {
    /// With the study above.
    pub fn new() -> Bench {
        Bench::with(&format!("{STUDY}{SERIES}"))
    }

    /// On the small model of `tests/errors`: quick, whatever becomes of the large ones.
    pub fn with(study: &str) -> Bench {
        let bench = Bench::of("tests/errors/fixture/scenarios/effort.toml", study);
        let models = bench.path("models");
        fs::create_dir(&models).expect("writable");
        for folder in ["tests/fixtures/small", "tests/errors/fixture/models"] {
            for entry in fs::read_dir(folder).expect("readable").flatten() {
                fs::copy(entry.path(), models.join(entry.file_name())).expect("writable");
            }
        }
        bench
    }

    /// On a scenario of the shipped models.
    pub fn shipped(scenario: &str, study: &str) -> Bench {
        let bench = Bench::of(scenario, study);
        let here = std::env::current_dir().expect("there is one");
        // Averaged tables name their studies from the folder that holds the models.
        for folder in ["models", "scenarios"] {
            std::os::unix::fs::symlink(here.join(folder), bench.path(folder)).expect("writable");
        }
        bench
    }

    fn of(scenario: &str, study: &str) -> Bench {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::copy(scenario, folder.path().join("runner.toml")).expect("writable");
        let bench = Bench { folder };
        bench.write(study);
        bench
    }

    pub fn write(&self, study: &str) {
        fs::write(self.study(), study).expect("writable");
    }

    pub fn study(&self) -> PathBuf {
        self.folder.path().join("q.study.toml")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs `myoflux sweep` with these words; `STUDY` is the study, `@name` a path in the folder.
    pub fn sweep(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("it starts")
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::cargo_bin("myoflux").expect("the binary is built");
        command.arg("sweep").args(self.arguments(words));
        command.env_remove("SLURM_ARRAY_TASK_ID");
        command
    }

    pub fn arguments(&self, words: &[&str]) -> Vec<String> {
        let mut arguments = Vec::new();
        for word in words {
            if *word == "STUDY" {
                arguments.push(self.study().display().to_string());
            } else if let Some(name) = word.strip_prefix('@') {
                arguments.push(self.path(name).display().to_string());
            } else {
                arguments.push((*word).to_string());
            }
        }
        arguments
    }

    /// The tables of a finished sweep, one after the other.
    pub fn tables(&self, name: &str) -> String {
        let read = |file: &str| {
            let path = self.path(name).join(file);
            fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
        };
        [
            "members.csv",
            "failures.csv",
            "series.csv",
            "columns.csv",
            "sweep.json",
        ]
        .map(read)
        .concat()
    }
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Every file below a folder, by path inside it.
pub fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let inside = path.strip_prefix(folder).expect("below");
                found.push(inside.display().to_string());
            }
        }
    }
    found.sort();
    found
}
