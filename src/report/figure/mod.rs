//! Figures as a physiology paper prints them: one panel per quantity, bouts shaded, doses as ticks, the
//! reference range as a pale band, measured points with their SD, arms in colours and dashes that
//! survive colour blindness (Okabe & Ito 2008).
//!
//! Comes in: a finished run. Goes out: one scene per figure, then SVG and PNG of it. `time.rs` and
//! `curve.rs` lay out the two kinds that a scenario asks for, `status.rs` the panel of laboratory markers (on the scale of `strip.rs`); `axis.rs`, `legend.rs`, `protocol.rs` and `style.rs` are shared.
//! Promises: no text overlaps another or leaves the page; rows are drawn as they were recorded, thinned
//! without losing a peak, or as a band where no line could follow them (`trace.rs`); none is invented.

pub mod axis;
pub mod curve;
pub mod legend;
pub mod panel;
pub mod protocol;
pub mod status;
pub mod strip;
pub mod style;
pub mod time;
pub mod trace;

use super::drawing::Scene;
use crate::model::{BiomarkerId, Column};
use crate::scenario::{Figure, FigureKind, RunResult, Shown, Simple, figure::shown_column};

/// The scenario's figures, or the usual ones, laid out. Curves without a single point, windows
/// without length and figures that show nothing are left out.
pub fn scenes(result: &RunResult) -> Vec<Scene> {
    let own = |figure: &Figure| figure.kind != FigureKind::Status;
    let figures = if !result.scenario.figures.iter().any(own) {
        usual(result)
    } else {
        result.scenario.figures.clone()
    };
    let scene = |figure: &Figure| match figure.kind {
        FigureKind::Time => {
            let drawable = figure.from_s < figure.to_s && !figure.show.is_empty();
            drawable.then(|| time::scene(result, figure))
        }
        FigureKind::Curve => curve::scene(result, figure),
        // Has a file of its own in every run: `status.rs`.
        FigureKind::Status => None,
    };
    figures.iter().filter_map(scene).collect()
}

/// Without figures of its own a scenario shows a measure that three placed arms are held to, against
/// their places, and what was measured or expected over time (else biomarkers), six panels at most.
fn usual(result: &RunResult) -> Vec<Figure> {
    let scenario = &result.scenario;
    let mut figures: Vec<Figure> = dose_response(result).into_iter().collect();
    let mut columns: Vec<Column> = scenario.data.iter().map(|data| data.shown.column).collect();
    columns.extend(
        scenario
            .expectations
            .iter()
            .map(|e| column(&e.measure.first.simple)),
    );
    if columns.is_empty() {
        let biomarkers = 0..result.model.biomarkers.len() as u32;
        columns.extend(biomarkers.map(|at| Column::Biomarker(BiomarkerId(at))));
    }
    let mut show: Vec<Shown> = Vec::new();
    for column in columns {
        if show.len() < 6 && show.iter().all(|known| known.column != column) {
            show.push(shown_column(column, None, &result.model));
        }
    }
    figures.push(Figure {
        title: scenario.title.clone(),
        kind: FigureKind::Time,
        show,
        from_s: 0.0,
        to_s: scenario.duration_s,
        x_title: None,
        measure: None,
        measure_title: None,
    });
    figures
}

fn dose_response(result: &RunResult) -> Option<Figure> {
    let scenario = &result.scenario;
    let placed = |arm: usize| scenario.arms[arm].x.is_some();
    let shared = scenario.expectations.iter().find(|first| {
        let mut arms: Vec<usize> = scenario
            .expectations
            .iter()
            .filter(|e| e.what == first.what && placed(e.arm))
            .map(|e| e.arm)
            .collect();
        arms.sort_unstable();
        arms.dedup();
        arms.len() >= 3
    })?;
    Some(Figure {
        title: scenario.title.clone(),
        kind: FigureKind::Curve,
        show: Vec::new(),
        from_s: 0.0,
        to_s: scenario.duration_s,
        x_title: None,
        measure: Some(shared.measure.clone()),
        measure_title: Some(shared.what.clone()),
    })
}

fn column(simple: &Simple) -> Column {
    match simple {
        Simple::At { column, .. }
        | Simple::Extreme { column, .. }
        | Simple::TimeOf { column, .. }
        | Simple::Between { column, .. }
        | Simple::Crossing { column, .. }
        | Simple::HalfWidth { column, .. } => *column,
    }
}
