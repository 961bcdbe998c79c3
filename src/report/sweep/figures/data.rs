//! Rows of members.csv → numbers by place on an axis.

use std::fs::File;
use std::path::Path;

use crate::report::figure::axis::{self, Axis};
use crate::report::words;
use crate::study::design::{Factor, Form, Values};
use crate::study::sweep::Sweep;

/// One row as figures read it.
pub struct Row {
    pub member: u64,
    pub failed: bool,
    /// In order of the records; NaN where there is none.
    pub values: Vec<f64>,
}

/// Calls `each` for every row, with where it stands in the design.
///
/// # Errors
/// Why the table cannot be read.
pub fn rows(sweep: &Sweep, folder: &Path, mut each: impl FnMut(&Row)) -> Result<(), String> {
    let path = folder.join("members.csv");
    let wrong =
        |error: &dyn std::fmt::Display| format!("{} cannot be read: {error}", path.display());
    let file = File::open(&path).map_err(|error| wrong(&error))?;
    let mut reader = csv::Reader::from_reader(file);
    let listed = sweep
        .design
        .factors()
        .filter(|factor| factor.listed)
        .count();
    let mut record = csv::StringRecord::new();
    let mut row = Row {
        member: 0,
        failed: false,
        values: Vec::new(),
    };
    while reader
        .read_record(&mut record)
        .map_err(|error| wrong(&error))?
    {
        let member = record.get(0).and_then(|text| text.parse().ok());
        row.member = member.ok_or_else(|| wrong(&"a member has no number"))?;
        row.failed = record.get(1) != Some("ok");
        row.values.clear();
        let values = record.iter().skip(2 + listed);
        row.values
            .extend(values.map(|text| text.parse().unwrap_or(f64::NAN)));
        each(&row);
    }
    Ok(())
}

/// As many cells as an axis of drawn numbers has.
const CELLS: usize = 24;

/// A factor as an axis: its levels, or as many equal parts of its spread.
pub struct Scale {
    pub title: String,
    pub unit: String,
    /// Centre of each place, as a number where it has one.
    pub centres: Vec<f64>,
    pub labels: Vec<String>,
    /// Ends of each place along the axis.
    pub edges: Vec<f64>,
    pub logarithmic: bool,
    pub numeric: bool,
    spread: bool,
}

impl Scale {
    pub fn of(factor: &Factor) -> Scale {
        let title = factor
            .title
            .clone()
            .unwrap_or_else(|| words::plain(&factor.name));
        let unit = factor.unit().map_or(String::new(), |unit| unit.pretty());
        let (centres, labels, numeric, spread) = match &factor.values {
            Values::Levels(levels) => {
                let numbers: Vec<f64> = levels.iter().filter_map(|level| level.number).collect();
                let ascending = numbers.windows(2).all(|pair| pair[0] < pair[1]);
                let numeric = numbers.len() == levels.len() && levels.len() > 1 && ascending;
                let labels = levels.iter().map(|level| level.label.clone()).collect();
                let centres = if numeric {
                    numbers
                } else {
                    (0..levels.len()).map(|at| at as f64).collect()
                };
                (centres, labels, numeric, false)
            }
            Values::Spread(spread) => {
                let (low, high) = spread.ends();
                let log = low > 0.0 && high / low > 20.0;
                let part = |k: f64| {
                    let share = k / CELLS as f64;
                    if log {
                        low * (high / low).powf(share)
                    } else {
                        low + share * (high - low)
                    }
                };
                let centres = (0..CELLS).map(|k| part(k as f64 + 0.5)).collect();
                (centres, Vec::new(), true, true)
            }
        };
        let even = |numbers: &[f64]| {
            let steps: Vec<f64> = numbers.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let (least, most) = steps
                .iter()
                .fold((f64::INFINITY, 0.0f64), |(a, b), s| (a.min(*s), b.max(*s)));
            most <= 1.5 * least
        };
        let logarithmic = numeric && centres[0] > 0.0 && !even(&centres);
        let mut scale = Scale {
            title,
            unit,
            edges: Vec::new(),
            centres,
            labels,
            logarithmic,
            numeric,
            spread,
        };
        scale.edges = scale.between();
        // Names of forms that carry a number in a text are that text's.
        if let Form::Text(text) = &factor.form
            && factor.title.is_none()
        {
            scale.title = text.replace("{}", "…");
        }
        scale
    }

    /// Half way between centres, on the axis' own measure.
    fn between(&self) -> Vec<f64> {
        let n = self.centres.len();
        if n == 1 {
            return vec![self.centres[0] - 0.5, self.centres[0] + 0.5];
        }
        let on = |value: f64| if self.logarithmic { value.ln() } else { value };
        let off = |value: f64| if self.logarithmic { value.exp() } else { value };
        let at = |k: usize| on(self.centres[k]);
        let mut edges = vec![off(at(0) - 0.5 * (at(1) - at(0)))];
        edges.extend((1..n).map(|k| off(0.5 * (at(k - 1) + at(k)))));
        edges.push(off(at(n - 1) + 0.5 * (at(n - 1) - at(n - 2))));
        edges
    }

    pub fn cells(&self) -> usize {
        self.centres.len()
    }

    /// The cell that a setting belongs to.
    pub fn cell(&self, factor: &Factor, setting: &crate::study::design::Setting) -> Option<usize> {
        if !self.spread {
            let Values::Levels(levels) = &factor.values else {
                return None;
            };
            return levels.iter().position(|level| level.label == setting.label);
        }
        let value = setting.number?;
        let above = self.edges[1..self.edges.len() - 1].partition_point(|edge| *edge <= value);
        Some(above)
    }

    /// The axis along a stretch of the page.
    pub fn axis(&self, ends: (f64, f64)) -> Axis {
        let range = (self.edges[0], self.edges[self.edges.len() - 1]);
        let about = (((ends.1 - ends.0).abs()) / 70.0).clamp(2.0, 10.0) as usize;
        if !self.numeric {
            let mut axis = Axis::linear(range, ends, about);
            axis.ticks = self
                .centres
                .iter()
                .copied()
                .zip(self.labels.iter().cloned())
                .collect();
            axis.exponent = 0;
            axis
        } else if self.logarithmic {
            Axis::logarithmic(range, ends)
        } else {
            Axis::linear(range, ends, about)
        }
    }

    pub fn axis_title(&self, axis: &Axis) -> String {
        axis::title(&self.title, &self.unit, axis.exponent)
    }

    /// A level as a heading.
    pub fn heading(&self, cell: usize) -> String {
        match self.labels.get(cell) {
            Some(label) => format!("{}: {label} {}", self.title, self.unit)
                .trim_end()
                .to_string(),
            None => format!(
                "{}: about {}",
                self.title,
                words::quantity(self.centres[cell], &self.unit)
            ),
        }
    }

    /// A level in a legend.
    pub fn label(&self, cell: usize) -> String {
        match self.labels.get(cell) {
            Some(label) => format!("{label} {}", self.unit).trim_end().to_string(),
            None => format!("about {}", words::quantity(self.centres[cell], &self.unit)),
        }
    }
}
