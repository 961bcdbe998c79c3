//! Results → tables, figures, pages, provenance. The only stage that writes files.
//!
//! `write.rs` puts files on disk whole or not at all; `table.rs` makes timeseries.csv and summary.csv;
//! `figure.rs` draws; `page.rs` makes report.html; `provenance.rs` makes run.json and citations.bib.
//!
//! Start reading at `write_run`.

use std::path::{Path, PathBuf};

use crate::scenario::RunResult;

/// Writes timeseries.csv, summary.csv, figures/, report.html, run.json and citations.bib into `dir`.
/// Returns the files written.
///
/// # Errors
/// The first file that could not be written; nothing half-written is left behind.
pub fn write_run(_result: &RunResult, _dir: &Path) -> Result<Vec<PathBuf>, WriteError> {
    unimplemented!("report")
}

/// A file that could not be written.
#[derive(Debug)]
pub struct WriteError {
    pub path: PathBuf,
    pub error: std::io::Error,
}
