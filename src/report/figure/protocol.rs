//! What was done to the body, as a figure shows it: bouts shaded behind all panels when the arms agree,
//! and a strip above the panels with ticks for doses and, when arms differ, bars for bouts, one row per
//! schedule, in the arm's colour where one arm alone follows it.

use super::axis::Axis;
use super::legend::{Entry, Sample};
use super::style::*;
use crate::report::drawing::{Colour, Scene, Stroke, rectangle};
use crate::scenario::{Arm, Figure, RunResult};

/// Instants or stretches (start = end for an instant), s, that some arms share.
#[derive(Debug, Clone)]
struct Schedule {
    stretches: Vec<(f64, f64)>,
    label: String,
    arms: Vec<usize>,
}

/// The bouts and doses inside a figure's window.
#[derive(Debug, Clone)]
pub struct Protocol {
    bouts: Vec<Schedule>,
    doses: Vec<Schedule>,
    arms: Vec<String>,
}

impl Protocol {
    pub fn of(result: &RunResult, figure: &Figure) -> Protocol {
        let arms = &result.scenario.arms;
        let inside =
            |from: f64, to: f64| (to >= figure.from_s && from <= figure.to_s).then_some((from, to));
        let bouts = |arm: &Arm| -> Vec<((f64, f64), String)> {
            let all = arm.bouts.iter();
            all.filter_map(|b| Some((inside(b.from_s, b.to_s)?, b.label.clone())))
                .collect()
        };
        let doses = |arm: &Arm| -> Vec<((f64, f64), String)> {
            let all = arm.doses.iter();
            all.filter_map(|d| Some((inside(d.at_s, d.at_s)?, d.label.replace('_', " "))))
                .collect()
        };
        Protocol {
            bouts: schedules(arms.iter().map(bouts), "bout"),
            doses: schedules(arms.iter().map(doses), "dose"),
            arms: arms.iter().map(|arm| arm.name.clone()).collect(),
        }
    }

    /// One schedule of bouts that have a length, though some arms may rest. Every bar is a point wide at
    /// least, so that hundreds of them would leave no white between.
    fn shaded(&self) -> Option<&Schedule> {
        match self.bouts.as_slice() {
            [one] if one.stretches.len() <= 300 => one
                .stretches
                .iter()
                .any(|(from, to)| from < to)
                .then_some(one),
            _ => None,
        }
    }

    /// Height of one row of the strip: many rows are thin.
    fn row(&self) -> f64 {
        if self.rows().len() > 6 { 5.5 } else { 9.0 }
    }

    fn rows(&self) -> Vec<(&Schedule, Colour)> {
        let bouts = if self.shaded().is_some() {
            &[]
        } else {
            self.bouts.as_slice()
        };
        let coloured = |schedules: &[Schedule], schedule: &Schedule| match schedule.arms[..] {
            _ if schedules.len() == 1 => Colour::BLACK,
            [only] => arm_colour(only),
            _ => OBSERVED,
        };
        let bouts = bouts.iter().map(|s| (s, coloured(bouts, s)));
        let doses = self.doses.iter().map(|s| (s, coloured(&self.doses, s)));
        bouts.chain(doses).collect()
    }

    pub fn height(&self) -> f64 {
        match self.rows().len() {
            0 => 0.0,
            rows => rows as f64 * self.row() + 6.0,
        }
    }

    pub fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        if let Some(schedule) = self.shaded() {
            entries.push(Entry {
                sample: Sample::Bar(BOUT, 1.0),
                name: self.named(std::slice::from_ref(schedule), "bout"),
            });
        } else if let Some(first) = self.bouts.first() {
            let instants = first.stretches.iter().all(|(from, to)| from == to);
            entries.push(Entry {
                sample: if instants {
                    Sample::Tick(Colour::BLACK)
                } else {
                    Sample::Bar(OBSERVED, 1.0)
                },
                name: self.named(&self.bouts, "bout"),
            });
        }
        if !self.doses.is_empty() {
            entries.push(Entry {
                sample: Sample::Tick(Colour::BLACK),
                name: self.named(&self.doses, "dose"),
            });
        }
        entries
    }

    /// What the schedules have in common, and which arms follow them if not all do.
    fn named(&self, schedules: &[Schedule], word: &str) -> String {
        let label = &schedules[0].label;
        let alike = schedules.iter().all(|schedule| schedule.label == *label);
        let label = if alike { label } else { word };
        if schedules.len() > 1 {
            let own = schedules.iter().filter(|s| s.arms.len() == 1).count();
            return match own {
                0 => format!("{label}, {} schedules", schedules.len()),
                all if all == schedules.len() => format!("{label}, in the colour of the arm"),
                _ => format!("{label}, in colour where only one arm has it"),
            };
        }
        let missing: Vec<&str> = (0..self.arms.len())
            .filter(|arm| !schedules[0].arms.contains(arm))
            .map(|arm| self.arms[arm].as_str())
            .collect();
        match missing.len() {
            0 => label.to_string(),
            1..=2 => format!("{label} (not: {})", missing.join(", ")),
            _ => format!("{label} (some arms)"),
        }
    }

    /// The strip, its upper edge at `top`. `axis` takes values in units of `second` seconds.
    pub fn strip(&self, scene: &mut Scene, axis: &Axis, second: f64, top: f64) {
        let row = self.row();
        for (at, (schedule, colour)) in self.rows().into_iter().enumerate() {
            let upper = top + at as f64 * row + 1.0;
            let lower = upper + row - 2.0;
            for (from, to) in &schedule.stretches {
                let (left, right) = ends(axis, from / second, to / second);
                if from == to {
                    let tick = Stroke::solid(colour, 1.3);
                    scene.line(vec![(left, upper), (left, lower)], tick);
                } else {
                    let bar = (left, upper + 0.5, right.max(left + 1.0), lower - 0.5);
                    scene.area(rectangle(bar), colour, 1.0);
                }
            }
        }
    }

    /// Grey behind a panel from `top` to `bottom`.
    pub fn shade(&self, scene: &mut Scene, axis: &Axis, second: f64, (top, bottom): (f64, f64)) {
        for (from, to) in self.shaded().map_or(&[][..], |s| &s.stretches) {
            let (left, right) = ends(axis, from / second, to / second);
            let bar = (left, top, right.max(left + 1.0), bottom);
            scene.area(rectangle(bar), BOUT, 1.0);
        }
    }
}

fn ends(axis: &Axis, from: f64, to: f64) -> (f64, f64) {
    (
        axis.place(from.max(axis.low)),
        axis.place(to.min(axis.high)),
    )
}

/// Arms with the same times share a schedule; `word` names what has no single label.
fn schedules(arms: impl Iterator<Item = Vec<((f64, f64), String)>>, word: &str) -> Vec<Schedule> {
    let mut schedules: Vec<Schedule> = Vec::new();
    for (arm, items) in arms.enumerate().filter(|(_, items)| !items.is_empty()) {
        let stretches: Vec<(f64, f64)> = items.iter().map(|(stretch, _)| *stretch).collect();
        let label = &items[0].1;
        let label = if items.iter().all(|(_, other)| other == label) {
            label.clone()
        } else {
            word.to_string()
        };
        match schedules.iter_mut().find(|s| s.stretches == stretches) {
            Some(known) => {
                known.arms.push(arm);
                if known.label != label {
                    known.label = word.to_string();
                }
            }
            None => schedules.push(Schedule {
                stretches,
                label,
                arms: vec![arm],
            }),
        }
    }
    schedules
}
