//! Quantities over time: one panel each below one another, on one time axis.

use super::axis::{self, Axis, TimeScale, time_scale};
use super::legend::{self, Entry, Sample, legend};
use super::panel::{Panel, arm_index, data_of, label_width};
use super::protocol::Protocol;
use super::style::*;
use super::trace::Trace;
use crate::report::drawing::{Anchor, Scene};
use crate::scenario::{Data, Figure, RunResult};

const GAP: f64 = 30.0;
/// Room above a panel for its letter.
const LETTER: f64 = 14.0;
const X_LABELS: f64 = 50.0;

pub fn scene(result: &RunResult, figure: &Figure) -> Scene {
    let scale = time_scale(figure.to_s - figure.from_s);
    let shown = figure.show.iter();
    let panels: Vec<Panel> = shown.map(|s| Panel::of(result, figure, s, scale)).collect();
    let protocol = Protocol::of(result, figure);
    // Heights do not depend on where a panel lies, so the axes are placed first at zero: whether an arm
    // is a line or a band decides what the legend says, and the legend how far down the panels begin.
    let axes_at = |top: f64| -> Vec<Axis> {
        let upper = |at: usize| top + at as f64 * (PANEL_HEIGHT + GAP);
        let axis = |at: usize| {
            let ends = (upper(at) + PANEL_HEIGHT, upper(at));
            Axis::linear(panels[at].range, ends, 5)
        };
        (0..panels.len()).map(axis).collect()
    };
    let left = margin(&panels, &axes_at(0.0));
    let window = (figure.from_s / scale.seconds, figure.to_s / scale.seconds);
    let time = Axis::time(scale, window, (left, WIDTH - 2.0 * MARGIN), 12);
    let draft = panels.iter().zip(axes_at(0.0));
    let bands = draft
        .flat_map(|(panel, axis)| panel.traces(&time, &axis))
        .any(|trace| matches!(trace, Trace::Band { .. }));

    let mut scene = Scene {
        width: WIDTH,
        title: figure.title.clone(),
        description: description(result, figure),
        ..Scene::default()
    };
    let top = legend::title(&mut scene, &figure.title, 6.0);
    let entries = entries(result, &panels, &protocol, bands);
    let top = legend(&mut scene, &entries, top) + 8.0;
    protocol.strip(&mut scene, &time, scale.seconds, top);
    let letters = if panels.len() > 1 { LETTER } else { 0.0 };
    let axes = axes_at(top + protocol.height() + letters);
    for (at, (panel, axis)) in panels.iter().zip(&axes).enumerate() {
        protocol.shade(&mut scene, &time, scale.seconds, (axis.to, axis.from));
        panel.draw(&mut scene, &time, axis, panel.traces(&time, axis));
        if panels.len() > 1 {
            let letter = char::from(b'a' + (at % 26) as u8).to_string();
            scene.text((MARGIN, axis.to - 8.0), Anchor::Start, 15.0, &letter);
        }
    }
    let bottom = axes.last().map_or(top, |axis| axis.from);
    time_labels(&mut scene, &time, scale, bottom);
    scene.height = bottom + X_LABELS;
    scene
}

fn description(result: &RunResult, figure: &Figure) -> String {
    let quantities: Vec<&str> = figure.show.iter().map(|s| s.title.as_str()).collect();
    let arms: Vec<&str> = result
        .scenario
        .arms
        .iter()
        .map(|a| a.name.as_str())
        .collect();
    format!(
        "{} over time. Arms: {}.",
        quantities.join(", "),
        arms.join(", ")
    )
}

fn entries(result: &RunResult, panels: &[Panel], protocol: &Protocol, bands: bool) -> Vec<Entry> {
    let mut entries = Vec::new();
    if result.arms.len() > 1 {
        for (at, (arm, outcome)) in result.scenario.arms.iter().zip(&result.arms).enumerate() {
            let failed = outcome.outcome.is_err();
            entries.push(Entry {
                sample: Sample::Line(arm_stroke(at)),
                name: format!("{}{}", arm.name, if failed { " (failed)" } else { "" }),
            });
        }
    }
    if bands {
        entries.push(Entry {
            sample: Sample::Bar(arm_colour(0), BAND_OPACITY),
            name: "band: lowest to highest nearby; its line: the mean".to_string(),
        });
    }
    for data in panels.iter().flat_map(|panel| data_of(result, panel.shown)) {
        for entry in data_entries(result, data) {
            if !entries.contains(&entry) {
                entries.push(entry);
            }
        }
    }
    if panels.iter().any(|panel| panel.band.is_some()) {
        entries.push(Entry {
            sample: Sample::Bar(REFERENCE, REFERENCE_OPACITY),
            name: "reference range".to_string(),
        });
    }
    entries.extend(protocol.entries());
    entries
}

/// One entry per arm that was measured.
fn data_entries(result: &RunResult, data: &Data) -> Vec<Entry> {
    let points = data.points.iter();
    let mut arms: Vec<Option<usize>> = points
        .map(|(_, _, _, arm)| arm_index(result, arm.as_deref()))
        .collect();
    arms.sort_unstable();
    arms.dedup();
    let spread = data.points.iter().any(|point| point.2.is_some());
    let spread = if spread { " (± SD)" } else { "" };
    let entry = |arm: Option<usize>| Entry {
        sample: Sample::Point(arm.map_or(OBSERVED, arm_colour)),
        name: match arm {
            Some(at) if result.arms.len() > 1 => {
                format!("{}, {}{spread}", data.label, result.scenario.arms[at].name)
            }
            _ => format!("{}{spread}", data.label),
        },
    };
    arms.into_iter().map(entry).collect()
}

/// Room for the widest labels and titles, so that all panels begin at the same place.
fn margin(panels: &[Panel], axes: &[Axis]) -> f64 {
    let needed = panels.iter().zip(axes).map(|(panel, axis)| {
        let titles = panel.axis_title(axis).len() as f64 * TEXT_SIZE * 1.25;
        MARGIN + titles + 8.0 + label_width(axis) + 10.0
    });
    needed.fold(80.0, f64::max)
}

fn time_labels(scene: &mut Scene, time: &Axis, scale: TimeScale, bottom: f64) {
    for (value, label) in &time.ticks {
        let at = (time.place(*value), bottom + 18.0);
        scene.text(at, Anchor::Middle, TICK_SIZE, label);
    }
    let middle = 0.5 * (time.from + time.to);
    let title = axis::title("Time", scale.unit, time.exponent);
    scene.text((middle, bottom + 39.0), Anchor::Middle, TEXT_SIZE, &title);
}
