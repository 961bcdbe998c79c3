//! Results → tables, pages, provenance. The only stage that writes files.
//!
//! `write.rs` puts files on disk whole or not at all; `table.rs` makes timeseries.csv and summary.csv;
//! `figure/` and `network/` lay out pictures, `drawing/` writes them as SVG and PNG; `page/` makes
//! report.html; `words.rs` says things in words; `provenance.rs` makes run.json and citations.bib;
//! `reference_pages/` tells what models and scenarios hold.
//!
//! Start reading at [`write_run`].

pub mod drawing;
pub mod figure;
pub mod network;
pub mod page;
pub mod provenance;
pub mod reference;
pub mod reference_pages;
pub mod residuals;
pub mod table;
pub mod words;
pub mod write;

use std::path::{Path, PathBuf};

use crate::scenario::RunResult;
use drawing::svg::{Font, svg};
pub use write::WriteError;

/// Writes timeseries.csv, summary.csv, figures/, report.html, run.json and citations.bib into `dir`.
/// Returns the files written.
///
/// # Errors
/// The first file that could not be written; nothing half-written is left behind.
pub fn write_run(result: &RunResult, dir: &Path) -> Result<Vec<PathBuf>, WriteError> {
    let mut files = contents(result);
    let run = provenance::run_json(result, &files).into_bytes();
    files.push(("run.json".to_string(), run));
    files
        .into_iter()
        .map(|(name, bytes)| write::whole(dir, &name, &bytes))
        .collect()
}

/// Every file of a run but run.json, which lists the others: (path inside the folder, bytes).
pub fn contents(result: &RunResult) -> Vec<(String, Vec<u8>)> {
    let scenes = figure::scenes(result);
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
        (
            "report.html".to_string(),
            page::page(result, &scenes).into_bytes(),
        ),
    ];
    for (at, scene) in scenes.iter().enumerate() {
        let name = format!("figures/figure_{}", at + 1);
        files.push((format!("{name}.svg"), svg(scene, Font::Inside).into_bytes()));
        files.push((format!("{name}.png"), drawing::png::png(scene)));
    }
    files
}
