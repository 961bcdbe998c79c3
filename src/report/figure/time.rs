//! Quantities over time: one panel each below one another, on one time axis.

use super::axis::{self, Axis, TimeScale, time_scale};
use super::legend::{self, Entry, Sample, dot, legend, spread};
use super::protocol::Protocol;
use super::style::*;
use crate::model::Column;
use crate::report::drawing::{Anchor, Mark, Point, Scene, Stroke, Text, font, rectangle};
use crate::scenario::measure::series;
use crate::scenario::{Data, Figure, RunResult, Shown};

/// One measured point inside a panel: arm if it has one, time in the axis' unit, value, SD.
struct Observed {
    arm: Option<usize>,
    at: f64,
    value: f64,
    sd: f64,
}

/// What one panel shows, in units of its axes.
struct Panel<'a> {
    shown: &'a Shown,
    lines: Vec<Vec<Point>>,
    observed: Vec<Observed>,
    /// Lower and upper limit; infinite where there is none.
    band: Option<(f64, f64)>,
    range: (f64, f64),
}

const GAP: f64 = 30.0;
const X_LABELS: f64 = 50.0;

pub fn scene(result: &RunResult, figure: &Figure) -> Scene {
    let scale = time_scale(figure.to_s - figure.from_s);
    let panels: Vec<Panel> = figure
        .show
        .iter()
        .map(|shown| panel(result, figure, shown, scale))
        .collect();
    let protocol = Protocol::of(result, figure);
    let mut scene = Scene {
        width: WIDTH,
        title: figure.title.clone(),
        description: description(result, figure),
        ..Scene::default()
    };
    let top = legend::title(&mut scene, &figure.title, 6.0);
    let top = legend(&mut scene, &entries(result, &panels, &protocol), top) + 8.0;
    let top = top + protocol.height() + if panels.len() > 1 { 14.0 } else { 0.0 };
    let axes: Vec<Axis> = (0..panels.len())
        .map(|at| {
            let upper = top + at as f64 * (PANEL_HEIGHT + GAP);
            Axis::linear(panels[at].range, (upper + PANEL_HEIGHT, upper), 5)
        })
        .collect();
    let left = margin(&panels, &axes);
    let window = (figure.from_s / scale.seconds, figure.to_s / scale.seconds);
    let time = Axis::time(scale, window, (left, WIDTH - 2.0 * MARGIN), 12);
    protocol.strip(
        &mut scene,
        &time,
        scale.seconds,
        top - protocol.height() - if panels.len() > 1 { 14.0 } else { 0.0 },
    );
    for (at, (panel, axis)) in panels.iter().zip(&axes).enumerate() {
        protocol.shade(&mut scene, &time, scale.seconds, (axis.to, axis.from));
        draw_panel(&mut scene, panel, &time, axis);
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

fn panel<'a>(result: &RunResult, figure: &Figure, shown: &'a Shown, scale: TimeScale) -> Panel<'a> {
    let inside = |time: f64| (figure.from_s..=figure.to_s).contains(&time);
    let lines: Vec<Vec<Point>> = result
        .arms
        .iter()
        .map(|arm| match &arm.outcome {
            Ok(run) => run
                .times
                .iter()
                .zip(series(&result.program, run, shown.column))
                .filter(|(time, _)| inside(**time))
                .map(|(time, value)| (time / scale.seconds, value * shown.factor))
                .collect(),
            Err(_) => Vec::new(),
        })
        .collect();
    let mut observed = Vec::new();
    for data in data_of(result, shown) {
        // The file may be in another unit than the panel.
        let factor = data.shown.display.ratio_to(&shown.display).unwrap_or(1.0);
        for (time, value, sd, arm) in data.points.iter().filter(|point| inside(point.0)) {
            observed.push(Observed {
                arm: arm_index(result, arm.as_deref()),
                at: time / scale.seconds,
                value: value * factor,
                sd: sd.unwrap_or(0.0) * factor,
            });
        }
    }
    let values = lines.iter().flatten().map(|(_, value)| *value);
    let measured = observed
        .iter()
        .flat_map(|o| [o.value - o.sd, o.value + o.sd]);
    let range = axis::span(values.chain(measured));
    let band =
        reference_band(result, shown).filter(|(low, high)| *low < range.1 && *high > range.0);
    Panel {
        shown,
        lines,
        observed,
        band,
        range,
    }
}

fn data_of<'a>(result: &'a RunResult, shown: &Shown) -> impl Iterator<Item = &'a Data> {
    let column = shown.column;
    let data = result.scenario.data.iter();
    data.filter(move |data| data.shown.column == column)
}

fn arm_index(result: &RunResult, name: Option<&str>) -> Option<usize> {
    let name = name?;
    result.scenario.arms.iter().position(|arm| arm.name == name)
}

fn reference_band(result: &RunResult, shown: &Shown) -> Option<(f64, f64)> {
    let Column::Biomarker(id) = shown.column else {
        return None;
    };
    let people = &result.scenario.arms.first()?.people;
    let bands = &result.model.biomarkers[id.index()].bands;
    let band = bands
        .iter()
        .find(|b| b.people.as_ref() == Some(people))
        .or_else(|| bands.iter().find(|b| b.people.is_none()))?;
    let low = band.insufficient_below.or(band.deficient_below);
    let (low, high) = (
        low.unwrap_or(f64::NEG_INFINITY),
        band.high_above.unwrap_or(f64::INFINITY),
    );
    (low.is_finite() || high.is_finite()).then_some((low * shown.factor, high * shown.factor))
}

fn entries(result: &RunResult, panels: &[Panel], protocol: &Protocol) -> Vec<Entry> {
    let mut entries = Vec::new();
    if result.arms.len() > 1 {
        for (at, (arm, outcome)) in result.scenario.arms.iter().zip(&result.arms).enumerate() {
            let failed = if outcome.outcome.is_err() {
                " (failed)"
            } else {
                ""
            };
            entries.push(Entry {
                sample: Sample::Line(arm_stroke(at)),
                name: format!("{}{failed}", arm.name),
            });
        }
    }
    for data in panels.iter().flat_map(|panel| data_of(result, panel.shown)) {
        let mut arms: Vec<Option<usize>> = data
            .points
            .iter()
            .map(|(_, _, _, arm)| arm_index(result, arm.as_deref()))
            .collect();
        arms.sort_unstable();
        arms.dedup();
        let spread = if data.points.iter().any(|point| point.2.is_some()) {
            " (± SD)"
        } else {
            ""
        };
        entries.extend(arms.into_iter().map(|arm| Entry {
            sample: Sample::Point(arm.map_or(OBSERVED, arm_colour)),
            name: match arm {
                Some(at) if result.arms.len() > 1 => {
                    format!("{}, {}{spread}", data.label, result.scenario.arms[at].name)
                }
                _ => format!("{}{spread}", data.label),
            },
        }));
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

fn axis_title(panel: &Panel, axis: &Axis) -> Vec<String> {
    let title = axis::title(
        &panel.shown.title,
        &panel.shown.display.pretty(),
        axis.exponent,
    );
    font::wrap(&title, TEXT_SIZE, PANEL_HEIGHT - 6.0)
}

/// Room for the widest labels and titles, so that all panels begin at the same place.
fn margin(panels: &[Panel], axes: &[Axis]) -> f64 {
    let needed = panels.iter().zip(axes).map(|(panel, axis)| {
        let titles = axis_title(panel, axis).len() as f64 * TEXT_SIZE * 1.25;
        MARGIN + titles + 8.0 + label_width(axis) + 10.0
    });
    needed.fold(80.0, f64::max)
}

pub fn label_width(axis: &Axis) -> f64 {
    let widths = axis
        .ticks
        .iter()
        .map(|(_, label)| font::width(label, TICK_SIZE));
    widths.fold(0.0, f64::max)
}

fn draw_panel(scene: &mut Scene, panel: &Panel, time: &Axis, axis: &Axis) {
    let (left, right) = (time.from, time.to);
    if let Some((low, high)) = panel.band {
        let (top, bottom) = (
            axis.place(high.min(axis.high)),
            axis.place(low.max(axis.low)),
        );
        let band = rectangle((left, top, right, bottom));
        scene.area(band, REFERENCE, REFERENCE_OPACITY);
    }
    value_axis(scene, axis, (left, right), &axis_title(panel, axis));
    for (value, _) in &time.ticks {
        let x = time.place(*value);
        scene.line(vec![(x, axis.from), (x, axis.from + 4.0)], AXIS);
    }
    for (arm, points) in panel.lines.iter().enumerate() {
        let places: Vec<Point> = points
            .iter()
            .map(|(x, y)| (time.place(*x), axis.place(*y)))
            .filter(|(_, y)| y.is_finite())
            .collect();
        if !places.is_empty() {
            scene.line(thinned(&places), arm_stroke(arm));
        }
    }
    for point in &panel.observed {
        let colour = point.arm.map_or(OBSERVED, arm_colour);
        let (x, y) = (time.place(point.at), axis.place(point.value));
        if point.sd > 0.0 {
            let ends = (
                axis.place(point.value + point.sd),
                axis.place(point.value - point.sd),
            );
            spread(scene, x, ends, Stroke::solid(colour, 1.2));
        }
        let mut marks = Scene::default();
        dot(&mut marks, (x, y), colour);
        scene.marks.push(Mark::Group {
            class: "observed".to_string(),
            title: String::new(),
            marks: marks.marks,
        });
    }
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

fn time_labels(scene: &mut Scene, time: &Axis, scale: TimeScale, bottom: f64) {
    for (value, label) in &time.ticks {
        let at = (time.place(*value), bottom + 18.0);
        scene.text(at, Anchor::Middle, TICK_SIZE, label);
    }
    let middle = 0.5 * (time.from + time.to);
    let title = axis::title("Time", scale.unit, time.exponent);
    scene.text((middle, bottom + 39.0), Anchor::Middle, TEXT_SIZE, &title);
}

/// Fewer points that draw the same picture: of every half point of width the first, the lowest, the
/// highest and the last, so that no peak is lost.
fn thinned(places: &[Point]) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::new();
    for column in places.chunk_by(|a, b| (2.0 * a.0).floor() == (2.0 * b.0).floor()) {
        let lowest = (0..column.len()).min_by(|a, b| column[*a].1.total_cmp(&column[*b].1));
        let highest = (0..column.len()).max_by(|a, b| column[*a].1.total_cmp(&column[*b].1));
        let mut wanted = vec![0, column.len() - 1];
        wanted.extend(lowest.into_iter().chain(highest));
        wanted.sort_unstable();
        wanted.dedup();
        kept.extend(wanted.into_iter().map(|at| column[at]));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::thinned;

    #[test]
    fn thinning_keeps_peaks() {
        let places: Vec<(f64, f64)> = (0..100_000)
            .map(|k| (f64::from(k) * 0.008, if k == 54_321 { 0.0 } else { 100.0 }))
            .collect();
        let kept = thinned(&places);
        assert!(kept.len() < 8000);
        assert!(kept.iter().any(|(_, y)| *y == 0.0));
    }
}
