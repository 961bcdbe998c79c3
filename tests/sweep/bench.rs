//! A folder with a scenario and a study to run the program in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;

/// Three days of a runner, with series so that there is something to write.
pub const STUDY: &str = r#"
format = 1
study = "sweep"
title = "For tests"
about = "Ferritin at the start against doses, with iron's own parameters drawn."
scenario = "runner.toml"
set = { duration = "3 d", output_every = "1 h" }
chunk = 8
seed = 7
[[design]]
kind = "grid"
[[design.factor]]
set = "status.serum_ferritin"
name = "ferritin"
values = ["18 ug/L", "1e7 ug/L", "0.03 mg/L"]
[[design]]
kind = "sobol"
members = 16
[[design.factor]]
set = "supplement.0.dose"
name = "dose"
from = "20 mg"
to = "0.1 g"
[[design.factor]]
every = "uncertain parameter"
only = ["inflammation"]
columns = false
[[record]]
what = "max of plasma_hepcidin from 0 d to 3 d in \"daily\" over plasma_hepcidin at 0 d"
name = "hepcidin_rise"
[[record]]
what = "change of serum_ferritin from 0 d to 3 d"
name = "gain"
[[series]]
"#;

pub const SERIES: &str = "[series]\nshow = [\"serum_ferritin\", \"plasma_hepcidin\"]\narms = [\"alternate days\", \"daily\"]\n";

pub struct Bench {
    pub folder: tempfile::TempDir,
}

impl Bench {
    /// With the study above.
    pub fn new() -> Bench {
        Bench::with(&STUDY.replace("[[series]]\n", SERIES))
    }

    pub fn with(study: &str) -> Bench {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let runner = Path::new("scenarios/iron/low_ferritin_runner.toml");
        fs::copy(runner, folder.path().join("runner.toml")).expect("writable");
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
                arguments.push("--models".to_string());
                arguments.push("models".to_string());
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
