//! run.json (what was run, enough to judge and repeat it) and citations.bib (what it relied on).

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::words;
use crate::model::Origin;
use crate::scenario::RunResult;

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Version, texts and hashes of everything that took part, solver, counts, hashes of the outputs. No
/// clock and no machine: the same run gives the same bytes.
pub fn run_json(result: &RunResult, outputs: &[(String, Vec<u8>)]) -> String {
    let scenario = &result.scenario;
    let texts = |files: &[(std::path::PathBuf, String)]| -> Vec<serde_json::Value> {
        files
            .iter()
            .map(|(path, text)| {
                serde_json::json!({
                    "file": path.display().to_string(), "sha256": hash(text.as_bytes()), "text": text,
                })
            })
            .collect()
    };
    let arms: Vec<serde_json::Value> = scenario
        .arms
        .iter()
        .zip(&result.arms)
        .map(|(arm, outcome)| {
            let fired = outcome.outcome.as_ref().map(|run| run.events.as_slice());
            let fired = fired.unwrap_or_default().iter().map(|(event, time_s)| {
                let event = &result.model.events[*event as usize].name;
                serde_json::json!({ "event": event, "time_s": time_s })
            });
            serde_json::json!({
                "name": arm.name,
                "people": arm.people,
                "events": fired.collect::<Vec<_>>(),
                "statistics": outcome.outcome.as_ref().ok().map(|run| run.statistics),
                "failed": outcome.outcome.is_err(),
                "failure": outcome.outcome.as_ref().err().map(|f| words::failure(f, &result.model)),
            })
        })
        .collect();
    let value = serde_json::json!({
        "format": 1,
        "program": "myoflux",
        "version": env!("CARGO_PKG_VERSION"),
        "scenario": texts(&scenario.files),
        "overrides": scenario.overrides,
        "model": { "name": scenario.model, "files": texts(&result.model.files) },
        "solver": { "method": scenario.method, "rtol": scenario.rtol },
        "arms": arms,
        "outputs": outputs.iter().map(|(name, bytes)| serde_json::json!({
            "file": name, "sha256": hash(bytes),
        })).collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

/// Keys of all sources that the model's numbers and edges, the expectations and the data rest on.
pub fn cited(result: &RunResult) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for parameter in &result.model.parameters {
        if let Origin::Source { key, .. } = &parameter.origin {
            keys.insert(key.clone());
        }
    }
    for edge in &result.model.edges {
        keys.extend(edge.sources.iter().chain(&edge.against).cloned());
    }
    keys.extend(
        result
            .scenario
            .expectations
            .iter()
            .filter_map(|e| e.source.clone()),
    );
    keys.extend(
        result
            .scenario
            .data
            .iter()
            .filter_map(|data| data.source.clone()),
    );
    keys
}

pub fn citations(result: &RunResult) -> String {
    let known = &result.model.references_bib.entries;
    let entries = cited(result)
        .into_iter()
        .filter_map(|key| known.get(&key).map(|e| e.bibtex.clone()));
    entries.collect::<Vec<_>>().join("\n")
}
