//! Figures of a sweep, made from its tables: response curves, heat maps, bands over members, the map of
//! failures; each in panels by a factor where asked for.
//!
//! Comes in: the study, members.csv and series.csv as they were written. Goes out: scenes. The tables are
//! read row by row and reduced to cells, so memory depends on what is drawn, never on the number of
//! members. `data.rs` reduces, `curve.rs`, `heat.rs` and `band.rs` lay out, `ramp.rs` gives colours to
//! numbers. Start reading at [`scenes`].

mod band;
mod curve;
mod data;
mod grid;
mod heat;
mod ramp;

use std::path::Path;

use crate::report::drawing::Scene;
use crate::study::design::Kind;
use crate::study::sweep::{Figure, Sweep};

/// The study's figures, or the usual ones, and where members failed if any did.
///
/// # Errors
/// Why a table cannot be read back.
pub fn scenes(sweep: &Sweep, folder: &Path, failed: u64) -> Result<Vec<Scene>, String> {
    let figures = if sweep.figures.is_empty() {
        usual(sweep)
    } else {
        sweep.figures.clone()
    };
    let mut scenes = Vec::new();
    for figure in &figures {
        scenes.extend(match figure {
            Figure::Curve { .. } => curve::scene(sweep, figure, folder)?,
            Figure::Heat { .. } => heat::scene(sweep, figure, folder)?,
            Figure::Band { .. } => band::scene(sweep, figure, folder)?,
        });
    }
    if failed > 0 {
        scenes.extend(heat::failures(sweep, folder)?);
    }
    Ok(scenes)
}

/// Without figures of its own a sweep shows each record: over one listed factor as a curve, over two as a
/// heat map, with the third as panels; and each quantity of its series as a band.
fn usual(sweep: &Sweep) -> Vec<Figure> {
    let numeric = numeric(sweep);
    let mut figures = Vec::new();
    for record in 0..sweep.records.len() {
        let title = sweep.records[record].title.clone();
        figures.extend(match numeric.as_slice() {
            [] => None,
            [x] => Some(Figure::Curve {
                title,
                x: *x,
                record,
                lines: None,
                panels: None,
            }),
            [x, y, ..] => Some(Figure::Heat {
                title,
                x: *x,
                y: *y,
                record,
                panels: None,
            }),
        });
    }
    let columns = sweep.series.iter().flat_map(|series| &series.columns);
    for (column, (kept, _)) in columns.enumerate() {
        figures.push(Figure::Band {
            title: sweep.model.column_title(*kept),
            column,
            lines: None,
            panels: None,
        });
    }
    figures
}

/// Factors with numbers that a reader chose: those of `every` are too many to show one by one.
fn numeric(sweep: &Sweep) -> Vec<usize> {
    const FEW: usize = 8;
    let mut places = Vec::new();
    let mut at = 0;
    for block in &sweep.design.blocks {
        let shown = block.factors.len() <= FEW || block.kind == Kind::Grid;
        for factor in &block.factors {
            let number = factor
                .probes()
                .iter()
                .all(|setting| setting.number.is_some());
            if shown && number && factor.listed {
                places.push(at);
            }
            at += 1;
        }
    }
    places
}
