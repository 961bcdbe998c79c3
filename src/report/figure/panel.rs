//! One panel of a time figure: a quantity of all arms, measured points, the reference range.

use super::axis::{self, Axis, TimeScale};
use super::legend::{dot, spread};
use super::style::*;
use super::trace::{Trace, trace};
use crate::report::drawing::{Anchor, Mark, Point, Scene, Stroke, Text, font, rectangle};
use crate::report::reference;
use crate::scenario::measure::series;
use crate::scenario::{Arm, ArmResult, Data, Figure, RunResult, Shown};

/// One measured point inside a panel: arm if it has one, time in the axis' unit, value, SD.
pub struct Observed {
    arm: Option<usize>,
    at: f64,
    value: f64,
    sd: f64,
}

/// What one panel shows, in units of its axes.
pub struct Panel<'a> {
    pub shown: &'a Shown,
    /// One per arm; empty for a failed one.
    lines: Vec<Vec<Point>>,
    /// One per arm: the shortest time in which something is known to recur.
    beats: Vec<f64>,
    observed: Vec<Observed>,
    /// Reference range: lower and upper limit, infinite where there is none; only if it is in sight.
    pub band: Option<(f64, f64)>,
    pub range: (f64, f64),
}

impl<'a> Panel<'a> {
    pub fn of(
        result: &RunResult,
        figure: &Figure,
        shown: &'a Shown,
        scale: TimeScale,
    ) -> Panel<'a> {
        let lines = lines(result, figure, shown, scale);
        let observed = observed(result, figure, shown, scale);
        let values = lines.iter().flatten().map(|(_, value)| *value);
        let measured = observed
            .iter()
            .flat_map(|o| [o.value - o.sd, o.value + o.sd]);
        let range = axis::span(values.chain(measured));
        let band = reference_band(result, shown);
        Panel {
            shown,
            lines,
            beats: beats(result, figure, scale),
            observed,
            band: band.filter(|(low, high)| *low < range.1 && *high > range.0),
            range,
        }
    }

    /// The value axis' title in lines that fit its height.
    pub fn axis_title(&self, axis: &Axis) -> Vec<String> {
        let unit = self.shown.display.pretty();
        let title = axis::title(&self.shown.title, &unit, axis.exponent);
        font::wrap(&title, TEXT_SIZE, PANEL_HEIGHT - 6.0)
    }

    /// One trace per arm, empty for one that failed.
    pub fn traces(&self, time: &Axis, axis: &Axis) -> Vec<Trace> {
        let place = |(x, y): &Point| (time.place(*x), axis.place(*y));
        let per_unit = (time.to - time.from) / (time.high - time.low);
        let arms = self.lines.iter().zip(&self.beats);
        arms.map(|(rows, beat)| {
            let places: Vec<Point> = rows.iter().map(place).collect();
            trace(&places, beat * per_unit)
        })
        .collect()
    }

    /// Back to front: reference range, grid and axes, bands, lines, measured points.
    pub fn draw(&self, scene: &mut Scene, time: &Axis, axis: &Axis, traces: Vec<Trace>) {
        let (left, right) = (time.from, time.to);
        if let Some((low, high)) = self.band {
            let (top, bottom) = (high.min(axis.high), low.max(axis.low));
            let band = (left, axis.place(top), right, axis.place(bottom));
            scene.area(rectangle(band), REFERENCE, REFERENCE_OPACITY);
        }
        value_axis(scene, axis, (left, right), &self.axis_title(axis));
        for (value, _) in &time.ticks {
            let x = time.place(*value);
            scene.line(vec![(x, axis.from), (x, axis.from + 4.0)], AXIS);
        }
        for (arm, trace) in traces.iter().enumerate() {
            if let Trace::Band { outline, .. } = trace {
                scene.area(outline.clone(), arm_colour(arm), BAND_OPACITY);
            }
        }
        for (arm, trace) in traces.into_iter().enumerate() {
            let (Trace::Line(points) | Trace::Band { mean: points, .. }) = trace;
            if !points.is_empty() {
                scene.line(points, arm_stroke(arm));
            }
        }
        for point in &self.observed {
            point.draw(scene, time, axis);
        }
    }
}

impl Observed {
    fn draw(&self, scene: &mut Scene, time: &Axis, axis: &Axis) {
        let colour = self.arm.map_or(OBSERVED, arm_colour);
        let (x, y) = (time.place(self.at), axis.place(self.value));
        let mut point = Scene::default();
        if self.sd > 0.0 {
            let ends = (self.value + self.sd, self.value - self.sd);
            let ends = (axis.place(ends.0), axis.place(ends.1));
            spread(&mut point, x, ends, Stroke::solid(colour, 1.2));
        }
        dot(&mut point, (x, y), colour);
        scene.marks.push(Mark::Group {
            class: "observed".to_string(),
            title: String::new(),
            marks: point.marks,
        });
    }
}

/// Rows inside the figure's window, in the unit to show.
fn lines(result: &RunResult, figure: &Figure, shown: &Shown, scale: TimeScale) -> Vec<Vec<Point>> {
    let rows = |arm: &ArmResult| match &arm.outcome {
        Ok(run) => run
            .times
            .iter()
            .zip(series(&result.program, run, shown.column))
            .filter(|(time, value)| inside(figure, **time) && value.is_finite())
            .map(|(time, value)| (time / scale.seconds, value * shown.factor))
            .collect(),
        Err(_) => Vec::new(),
    };
    result.arms.iter().map(rows).collect()
}

/// A day, or the mean time between doses or bouts in the window if that is shorter.
fn beats(result: &RunResult, figure: &Figure, scale: TimeScale) -> Vec<f64> {
    let length = figure.to_s - figure.from_s;
    let beat = |arm: &Arm| {
        let doses = arm.doses.iter().filter(|d| inside(figure, d.at_s)).count();
        let bouts = arm
            .bouts
            .iter()
            .filter(|b| inside(figure, b.from_s))
            .count();
        let most = doses.max(bouts).max(1);
        (length / most as f64).min(86_400.0) / scale.seconds
    };
    result.scenario.arms.iter().map(beat).collect()
}

fn observed(result: &RunResult, figure: &Figure, shown: &Shown, scale: TimeScale) -> Vec<Observed> {
    let mut observed = Vec::new();
    for data in data_of(result, shown) {
        // The file may be in another unit than the panel.
        let factor = data.shown.display.ratio_to(&shown.display).unwrap_or(1.0);
        let points = data.points.iter();
        for (time, value, sd, arm) in points.filter(|p| inside(figure, p.0) && p.1.is_finite()) {
            observed.push(Observed {
                arm: arm_index(result, arm.as_deref()),
                at: time / scale.seconds,
                value: value * factor,
                sd: sd.unwrap_or(0.0) * factor,
            });
        }
    }
    observed
}

fn inside(figure: &Figure, time: f64) -> bool {
    (figure.from_s..=figure.to_s).contains(&time)
}

/// The measured data that belong to a panel.
pub fn data_of<'a>(result: &'a RunResult, shown: &Shown) -> impl Iterator<Item = &'a Data> {
    let column = shown.column;
    let data = result.scenario.data.iter();
    data.filter(move |data| data.shown.column == column)
}

pub fn arm_index(result: &RunResult, name: Option<&str>) -> Option<usize> {
    let name = name?;
    result.scenario.arms.iter().position(|arm| arm.name == name)
}

/// In the unit to show; for the people of the base arm.
fn reference_band(result: &RunResult, shown: &Shown) -> Option<(f64, f64)> {
    let people = &result.scenario.arms.first()?.people;
    let (low, high) = reference::range(&result.model, shown.column, people)?;
    Some((low * shown.factor, high * shown.factor))
}

pub fn label_width(axis: &Axis) -> f64 {
    let widths = axis
        .ticks
        .iter()
        .map(|(_, label)| font::width(label, TICK_SIZE));
    widths.fold(0.0, f64::max)
}

/// Frame, grid, tick labels and the upright title of a value axis.
pub fn value_axis(scene: &mut Scene, axis: &Axis, (left, right): (f64, f64), title: &[String]) {
    for (value, label) in &axis.ticks {
        let y = axis.place(*value);
        scene.line(vec![(left, y), (right, y)], GRID);
        scene.line(vec![(left - 4.0, y), (left, y)], AXIS);
        let at = (left - 8.0, y + 0.36 * TICK_SIZE);
        scene.text(at, Anchor::End, TICK_SIZE, label);
    }
    scene.line(
        vec![(left, axis.to), (left, axis.from), (right, axis.from)],
        AXIS,
    );
    let middle = 0.5 * (axis.from + axis.to);
    let end = left - 8.0 - label_width(axis) - 10.0;
    for (at, line) in title.iter().rev().enumerate() {
        scene.marks.push(Mark::Text(Text {
            at: (end - at as f64 * TEXT_SIZE * 1.25, middle),
            anchor: Anchor::Middle,
            size: TEXT_SIZE,
            colour: AXIS.colour,
            upward: true,
            text: line.clone(),
        }));
    }
}
