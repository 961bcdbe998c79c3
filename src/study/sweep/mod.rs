//! `study = "sweep"`: one scenario, many members, what to keep of each.
//!
//! `load.rs` reads and checks a study file, `vary.rs` turns a member's settings into arms, `run.rs` runs
//! members chunk by chunk. Design and random numbers are in [`super::design`].
//!
//! Promises: a member's numbers depend on the study and the member's number alone, bit for bit those of
//! `run` on the same scenario; memory depends on the size of a chunk, never on the number of members; a
//! member that fails is told with its reason and stops nobody.
//!
//! Start reading at [`Sweep`], then [`run::chunk`].

pub mod figure;
pub mod load;
pub mod run;
pub mod vary;

use std::sync::Arc;

use super::design::Design;
use crate::model::{Column, Model};
use crate::scenario::load::Opened;
use crate::scenario::{Measure, Scenario};
use crate::units::Unit;
use vary::Template;

/// A sweep that was checked against its scenario and model.
#[derive(Debug, Clone)]
pub struct Sweep {
    pub title: String,
    pub about: String,
    pub model: Arc<Model>,
    /// The scenario as it is read for every member.
    pub opened: Opened,
    /// The scenario before anything varies.
    pub written: Arc<Scenario>,
    /// The scenario with every factor at its first value, and what each factor changes in it.
    pub template: Template,
    pub design: Design,
    pub records: Vec<Record>,
    pub series: Option<Series>,
    pub figures: Vec<Figure>,
    /// Arms that something is read from, by place.
    pub arms: Vec<usize>,
    /// All members start from the state of the scenario as written.
    pub shared_start: bool,
    /// Members of one chunk.
    pub chunk: u64,
    /// The study file, as read.
    pub text: String,
}

/// One number of every member.
#[derive(Debug, Clone)]
pub struct Record {
    /// Column of the table.
    pub name: String,
    pub title: String,
    pub measure: Measure,
    /// Arm of terms that name none.
    pub arm: usize,
}

/// Quantities kept over time: at the times of the scenario's own table.
#[derive(Debug, Clone)]
pub struct Series {
    pub columns: Vec<(Column, String)>,
    pub arms: Vec<usize>,
    /// s.
    pub times: Vec<f64>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Figure {
    /// Records against a factor, one line per level of another.
    Curve {
        title: String,
        x: usize,
        record: usize,
        lines: Option<usize>,
        panels: Option<usize>,
    },
    /// A record over two factors.
    Heat {
        title: String,
        x: usize,
        y: usize,
        record: usize,
        panels: Option<usize>,
    },
    /// A quantity over time: median, 5 to 95 % of the members.
    Band {
        title: String,
        /// Place among the columns of the series.
        column: usize,
        lines: Option<usize>,
        panels: Option<usize>,
    },
}

impl Sweep {
    /// All members.
    pub fn members(&self) -> u64 {
        self.design.members()
    }

    /// All chunks.
    pub fn chunks(&self) -> u64 {
        self.members().div_ceil(self.chunk)
    }

    /// Members of a chunk.
    pub fn members_of(&self, chunk: u64) -> std::ops::Range<u64> {
        let first = chunk * self.chunk;
        first..(first + self.chunk).min(self.members())
    }

    pub fn record_unit(&self, record: usize) -> &Unit {
        &self.records[record].measure.unit
    }
}
