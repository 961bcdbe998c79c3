//! Data flows one way: a stage may use the stages above it, never one below.

use std::path::{Path, PathBuf};

/// In flow order; each may use those before it.
const STAGES: [&str; 10] = [
    "units",
    "diagnostics",
    "engine",
    "model",
    "compile",
    "scenario",
    "study",
    "export",
    "report",
    "cli",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder)
        .expect("src is readable")
        .flatten()
    {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found)
        } else {
            found.push(path)
        }
    }
}

#[test]
fn no_stage_reaches_back_up() {
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let parts: Vec<String> = file
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        let Some(own) = STAGES.iter().position(|stage| *stage == parts[1]) else {
            continue;
        };
        let text = std::fs::read_to_string(&file).expect("readable");
        for (at, stage) in STAGES.iter().enumerate() {
            // units may ask diagnostics for nearest names: spelling help, no data.
            let help = own == 0 && *stage == "diagnostics";
            if at > own
                && !help
                && text.lines().any(|line| {
                    !line.trim_start().starts_with("//")
                        && line.contains(&format!("crate::{stage}"))
                })
            {
                wrong.push(format!("{} uses {stage}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
