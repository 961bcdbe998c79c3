//! Results → tables, pages, provenance. The only stage that writes files.
//!
//! `write.rs` puts files on disk whole or not at all; `table.rs` makes timeseries.csv and summary.csv,
//! `ledger.rs` ledger.csv, `intake.rs` intake.csv, `dictionary.rs` says what their columns mean, `parquet.rs` writes them once more; `status.rs` says where laboratory markers stand;
//! `figure/` and `network/` lay out pictures, `drawing/` writes them as SVG and PNG; `page/` makes
//! report.html; `words.rs` says things in words; `provenance.rs` makes run.json and citations.bib;
//! `reference_pages/` tells what models and scenarios hold, `schema/` what their files may hold.
//!
//! Start reading at [`write_run`].

pub mod dictionary;
pub mod drawing;
pub mod figure;
pub mod intake;
pub mod ledger;
pub mod network;
pub mod page;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod provenance;
pub mod reference;
pub mod reference_pages;
pub mod residuals;
pub mod schema;
pub mod status;
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

/// Writes timeseries.csv, summary.csv, ledger.csv, intake.csv, tables.json, figures/, report.html, run.json and citations.bib into `dir`.
/// Returns the files written.
///
/// # Errors
/// The first file that could not be written; nothing half-written is left behind.
pub fn write_run(result: &RunResult, dir: &Path) -> Result<Vec<PathBuf>, WriteError> {
    let files = contents(result);
    let written = || -> Result<Vec<PathBuf>, WriteError> {
        let written = files
            .iter()
            .map(|(name, bytes)| write::whole(dir, name, bytes));
        written.collect()
    };
    // Hashing large tables takes as long as writing them.
    let (written, run) = rayon::join(written, || provenance::run_json(result, &files));
    let mut written = written?;
    written.push(write::whole(dir, "run.json", run.as_bytes())?);
    Ok(written)
}

/// Every file of a run but run.json, which lists the others: (path inside the folder, bytes). Files are
/// made side by side; each depends on the result alone, so their bytes do not depend on that.
pub fn contents(result: &RunResult) -> Vec<(String, Vec<u8>)> {
    let scenes = figure::scenes(result);
    let mut files = vec![
        ("timeseries.csv".to_string(), File::Timeseries),
        ("summary.csv".to_string(), File::Summary),
        ("ledger.csv".to_string(), File::Ledger),
        ("intake.csv".to_string(), File::Intake),
        ("tables.json".to_string(), File::Dictionary),
        ("citations.bib".to_string(), File::Citations),
        ("report.html".to_string(), File::Page),
    ];
    let panel = figure::status::scenes(result);
    let numbered = scenes.iter().enumerate();
    let named = numbered.map(|(at, scene)| (format!("figures/figure_{}", at + 1), scene));
    let pages = panel.iter().enumerate().map(|(at, scene)| match at {
        0 => ("figures/status_panel".to_string(), scene),
        more => (format!("figures/status_panel_{}", more + 1), scene),
    });
    for (name, scene) in named.chain(pages) {
        files.push((format!("{name}.svg"), File::Svg(scene)));
        files.push((format!("{name}.png"), File::Png(scene)));
    }
    let bytes = |file: &File| match file {
        File::Timeseries => table::timeseries(result).into_bytes(),
        File::Summary => table::summary(result).into_bytes(),
        File::Ledger => ledger::csv(result).into_bytes(),
        File::Intake => intake::csv(result).into_bytes(),
        File::Dictionary => dictionary::json().into_bytes(),
        File::Citations => provenance::citations(result).into_bytes(),
        File::Page => page::page(result, &scenes, &panel).into_bytes(),
        File::Svg(scene) => svg(scene, Font::Inside).into_bytes(),
        File::Png(scene) => drawing::png::png(scene),
    };
    let made: Vec<Vec<u8>> = files.par_iter().map(|(_, file)| bytes(file)).collect();
    let names = files.into_iter().map(|(name, _)| name);
    let files = names.zip(made).collect();
    #[cfg(feature = "parquet")]
    let files = with_parquet(files);
    files
}

/// Beside each CSV table the same as Parquet.
#[cfg(feature = "parquet")]
fn with_parquet(mut files: Vec<(String, Vec<u8>)>) -> Vec<(String, Vec<u8>)> {
    for table in dictionary::TABLES {
        let name = format!("{}.csv", table.name);
        let csv = files.iter().find(|(known, _)| *known == name);
        let (_, bytes) = csv.expect("every table of the dictionary is written");
        let text = std::str::from_utf8(bytes).expect("tables are text");
        let made = parquet::parquet(&table, text);
        files.push((format!("{}.parquet", table.name), made));
    }
    files
}

enum File<'a> {
    Timeseries,
    Summary,
    Ledger,
    Intake,
    Dictionary,
    Citations,
    Page,
    Svg(&'a Scene),
    Png(&'a Scene),
}
