//! Where each laboratory marker stands on its range, at the start and at the end of every arm.
//!
//! Comes in: a finished run. Goes out: one [`Marker`] per biomarker that has cut-offs, in model order;
//! `figure/status.rs` draws them, `page/status.rs` tabulates them.

use super::reference::band;
use crate::model::{Band, Biomarker, BiomarkerId, Column, Model};
use crate::scenario::measure::series;
use crate::scenario::{FigureKind, RunResult};

/// A marker with cut-offs for the people of at least one arm.
#[derive(Debug, Clone)]
pub struct Marker<'a> {
    pub biomarker: &'a Biomarker,
    /// Arms whose people have cut-offs, in the order of the scenario.
    pub readings: Vec<Reading<'a>>,
}

/// One arm's values, in the marker's unit.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    pub arm: usize,
    pub band: &'a Band,
    pub start: f64,
    pub end: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Deficient,
    Insufficient,
    Adequate,
    High,
}

impl Level {
    pub const ALL: [Level; 4] = [
        Level::Deficient,
        Level::Insufficient,
        Level::Adequate,
        Level::High,
    ];

    pub fn of(band: &Band, value: f64) -> Level {
        let below = |limit: Option<f64>| limit.is_some_and(|limit| value < limit);
        let above = |limit: Option<f64>| limit.is_some_and(|limit| value > limit);
        if below(band.deficient_below) || above(band.deficient_above) {
            Level::Deficient
        } else if below(band.insufficient_below) || above(band.insufficient_above) {
            Level::Insufficient
        } else if above(band.high_above) {
            Level::High
        } else {
            Level::Adequate
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Level::Deficient => "deficient",
            Level::Insufficient => "insufficient",
            Level::Adequate => "adequate",
            Level::High => "high",
        }
    }
}

/// Every marker with cut-offs, or those that a figure of kind "status" names.
pub fn markers(result: &RunResult) -> Vec<Marker<'_>> {
    let asked = result
        .scenario
        .figures
        .iter()
        .filter(|f| f.kind == FigureKind::Status);
    let shown: Vec<Column> = asked.flat_map(|f| &f.show).map(|s| s.column).collect();
    let wanted =
        |at: usize| shown.is_empty() || shown.contains(&Column::Biomarker(BiomarkerId(at as u32)));
    let biomarkers = result.model.biomarkers.iter().enumerate();
    biomarkers
        .filter(|(at, _)| wanted(*at))
        .filter_map(|(at, biomarker)| {
            let readings = readings(result, at, biomarker);
            (!readings.is_empty()).then_some(Marker {
                biomarker,
                readings,
            })
        })
        .collect()
}

fn readings<'a>(result: &'a RunResult, at: usize, biomarker: &'a Biomarker) -> Vec<Reading<'a>> {
    let column = Column::Biomarker(BiomarkerId(at as u32));
    let arms = result.scenario.arms.iter().zip(&result.arms).enumerate();
    arms.filter_map(|(arm, (protocol, outcome))| {
        let band = band(biomarker, &protocol.people)?;
        let values = series(&result.program, outcome.outcome.as_ref().ok()?, column);
        let (start, end) = (*values.first()?, *values.last()?);
        (start.is_finite() && end.is_finite()).then_some(Reading {
            arm,
            band,
            start,
            end,
        })
    })
    .collect()
}

/// The part of the body that a marker speaks of: the title of its module.
pub fn system<'a>(model: &'a Model, biomarker: &'a Biomarker) -> &'a str {
    let module = model.modules.iter().find(|m| m.name == biomarker.module);
    module.map_or(biomarker.module.as_str(), |module| &module.title)
}
