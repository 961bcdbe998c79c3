//! Results → tables, pages, provenance. The only stage that writes files.
//!
//! `write.rs` puts files on disk whole or not at all; `table.rs` makes timeseries.csv and summary.csv;
//! `figure.rs` draws; `page.rs` makes report.html; `provenance.rs` makes run.json and citations.bib.
//!
//! Start reading at [`write_run`].

pub mod figure;
pub mod page;
pub mod provenance;
pub mod table;
pub mod write;

use std::path::{Path, PathBuf};

use crate::scenario::RunResult;
pub use write::WriteError;

/// Writes timeseries.csv, summary.csv, figures/, report.html, run.json and citations.bib into `dir`.
/// Returns the files written.
///
/// # Errors
/// The first file that could not be written; nothing half-written is left behind.
pub fn write_run(result: &RunResult, dir: &Path) -> Result<Vec<PathBuf>, WriteError> {
    let figures = figure::draw(result);
    let mut files = vec![
        (
            "timeseries.csv".to_string(),
            table::timeseries(result).into_bytes(),
        ),
        (
            "summary.csv".to_string(),
            table::summary(result).into_bytes(),
        ),
        (
            "citations.bib".to_string(),
            provenance::citations(result).into_bytes(),
        ),
    ];
    for (name, bytes) in &figures {
        files.push((format!("figures/{name}"), bytes.clone()));
    }
    let svgs: Vec<(String, String)> = figures
        .iter()
        .filter(|(name, _)| name.ends_with(".svg"))
        .map(|(name, bytes)| (name.clone(), String::from_utf8_lossy(bytes).into_owned()))
        .collect();
    files.push((
        "report.html".to_string(),
        page::page(result, &svgs).into_bytes(),
    ));
    files.push((
        "run.json".to_string(),
        provenance::run_json(result, &files).into_bytes(),
    ));
    files
        .into_iter()
        .map(|(name, bytes)| write::whole(dir, &name, &bytes))
        .collect()
}
