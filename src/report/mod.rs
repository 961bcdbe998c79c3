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
pub mod sweep;
pub mod table;
pub mod words;
pub mod write;

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::scenario::RunResult;
use drawing::Scene;
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

/// Every file of a run but run.json, which lists the others: (path inside the folder, bytes). Files are
/// made side by side; each depends on the result alone, so their bytes do not depend on that.
pub fn contents(result: &RunResult) -> Vec<(String, Vec<u8>)> {
    let scenes = figure::scenes(result);
    let mut files = vec![
        ("timeseries.csv".to_string(), File::Timeseries),
        ("summary.csv".to_string(), File::Summary),
        ("citations.bib".to_string(), File::Citations),
        ("report.html".to_string(), File::Page),
    ];
    for (at, scene) in scenes.iter().enumerate() {
        let name = format!("figures/figure_{}", at + 1);
        files.push((format!("{name}.svg"), File::Svg(scene)));
        files.push((format!("{name}.png"), File::Png(scene)));
    }
    let bytes = |file: &File| match file {
        File::Timeseries => table::timeseries(result).into_bytes(),
        File::Summary => table::summary(result).into_bytes(),
        File::Citations => provenance::citations(result).into_bytes(),
        File::Page => page::page(result, &scenes).into_bytes(),
        File::Svg(scene) => svg(scene, Font::Inside).into_bytes(),
        File::Png(scene) => drawing::png::png(scene),
    };
    let made: Vec<Vec<u8>> = files.par_iter().map(|(_, file)| bytes(file)).collect();
    let names = files.into_iter().map(|(name, _)| name);
    names.zip(made).collect()
}

enum File<'a> {
    Timeseries,
    Summary,
    Citations,
    Page,
    Svg(&'a Scene),
    Png(&'a Scene),
}
