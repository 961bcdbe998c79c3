//! A quantity over time: the median of the members and a pale band from 5 to 95 % of them, one colour per
//! arm and level.

use std::fs::File;
use std::path::Path;

use super::curve::quantile;
use super::data::Scale;
use super::grid;
use crate::report::drawing::Scene;
use crate::report::figure::axis::{self, Axis, time_scale};
use crate::report::figure::legend::{Entry, Sample};
use crate::report::figure::style::*;
use crate::study::design::random;
use crate::study::sweep::{Figure, Sweep};

/// Of more members than these a fair sample is drawn.
const KEPT: u64 = 2000;

/// # Errors
/// Why the table cannot be read.
pub fn scene(sweep: &Sweep, figure: &Figure, folder: &Path) -> Result<Option<Scene>, String> {
    let Figure::Band {
        title,
        column,
        lines,
        panels,
    } = figure
    else {
        return Ok(None);
    };
    let Some(series) = &sweep.series else {
        return Ok(None);
    };
    let (wanted, name) = &series.columns[*column];
    let factors: Vec<_> = sweep.design.factors().collect();
    let scale = |at: usize| Scale::of(factors[at]);
    let (sl, sp) = (lines.map(scale), panels.map(scale));
    let (arms, line_count) = (series.arms.len(), sl.as_ref().map_or(1, Scale::cells));
    let panel_count = sp.as_ref().map_or(1, Scale::cells);
    let groups = panel_count * arms * line_count;
    // Per group and time: values.
    let mut values: Vec<Vec<Vec<f32>>> = vec![vec![Vec::new(); series.times.len()]; groups];
    let place = |member: u64, arm: usize| {
        let settings = sweep.design.settings(member);
        let at = |scale: &Option<Scale>, factor: &Option<usize>| match (scale, factor) {
            (Some(scale), Some(factor)) => scale.cell(factors[*factor], &settings[*factor]),
            _ => Some(0),
        };
        Some((at(&sp, panels)? * arms + arm) * line_count + at(&sl, lines)?)
    };
    read(sweep, folder, name, |member, arm, row, value| {
        if let Some(group) = place(member, arm) {
            values[group][row].push(value as f32);
        }
    })?;
    let bands: Vec<Vec<Option<[f64; 3]>>> = values
        .into_iter()
        .map(|rows| rows.into_iter().map(band).collect())
        .collect();
    let range = axis::span(bands.iter().flatten().flatten().flatten().copied());
    let mut entries = Vec::new();
    for (at, arm) in series.arms.iter().enumerate() {
        for line in 0..line_count {
            let mut name = sweep.written.arms[*arm].name.clone();
            if let Some(lines) = &sl {
                name = format!("{name}, {} {}", lines.title, lines.label(line));
            }
            entries.push(Entry {
                sample: Sample::Line(arm_stroke(at * line_count + line)),
                name,
            });
        }
    }
    entries.push(Entry {
        sample: Sample::Bar(arm_colour(0), BAND_OPACITY),
        name: "5 to 95 % of the members, median as the line".to_string(),
    });
    let (mut scene, grid) = grid::page(title, &entries, panel_count, 0.0);
    let thinned = match sweep.members() {
        n if n > KEPT => format!(" Drawn from {KEPT} of {n} members."),
        _ => String::new(),
    };
    scene.description = format!(
        "{} over time, {panel_count} panels.{thinned}",
        sweep.model.column_title(*wanted)
    );
    let unit = sweep.model.column_unit(*wanted).pretty();
    let time = time_scale(sweep.written.duration_s);
    for panel in 0..panel_count {
        let (left, top, right, bottom) = grid.panels[panel];
        let ends = (0.0, sweep.written.duration_s / time.seconds);
        let about = if panel_count > 1 { 5 } else { 10 };
        let x = Axis::time(time, ends, (left, right), about);
        let y = Axis::linear(range, (bottom, top), 6);
        let y_title = axis::title(&sweep.model.column_title(*wanted), &unit, y.exponent);
        let x_title = format!("Time ({})", time.unit);
        grid.axes(&mut scene, panel, (&x, &y), (&x_title, &y_title), true);
        if let Some(panels) = &sp {
            grid.heading(&mut scene, panel, &panels.heading(panel));
        }
        for group in 0..arms * line_count {
            let rows = bands[panel * arms * line_count + group]
                .iter()
                .zip(&series.times);
            let found: Vec<(f64, [f64; 3])> = rows
                .filter_map(|(band, t)| {
                    Some((
                        x.place(t / time.seconds),
                        (*band)?.map(|value| y.place(value)),
                    ))
                })
                .collect();
            let upper = found.iter().map(|(x, [_, _, high])| (*x, *high));
            let lower = found.iter().rev().map(|(x, [low, ..])| (*x, *low));
            scene.area(
                upper.chain(lower).collect(),
                arm_colour(group),
                BAND_OPACITY,
            );
            let middle = found.iter().map(|(x, [_, m, _])| (*x, *m)).collect();
            scene.line(middle, arm_stroke(group));
        }
    }
    Ok(Some(scene))
}

fn band(values: Vec<f32>) -> Option<[f64; 3]> {
    let mut values: Vec<f64> = values.into_iter().map(f64::from).collect();
    values.sort_by(f64::total_cmp);
    (!values.is_empty()).then(|| [0.05, 0.5, 0.95].map(|share| quantile(&values, share)))
}

/// Calls `each` with (member, place of the arm, place of the time, value) for the rows of one quantity.
fn read(
    sweep: &Sweep,
    folder: &Path,
    name: &str,
    mut each: impl FnMut(u64, usize, usize, f64),
) -> Result<(), String> {
    let Some(series) = &sweep.series else {
        return Ok(());
    };
    let path = folder.join("series.csv");
    let wrong =
        |error: &dyn std::fmt::Display| format!("{} cannot be read: {error}", path.display());
    let file = File::open(&path).map_err(|error| wrong(&error))?;
    let mut reader = csv::Reader::from_reader(file);
    let arms: Vec<&str> = series
        .arms
        .iter()
        .map(|at| sweep.written.arms[*at].name.as_str())
        .collect();
    let members = sweep.members();
    let mut record = csv::StringRecord::new();
    let (mut last, mut row) = ((u64::MAX, usize::MAX), 0);
    while reader
        .read_record(&mut record)
        .map_err(|error| wrong(&error))?
    {
        if record.get(5) != Some(name) {
            continue;
        }
        let member: Option<u64> = record.get(2).and_then(|text| text.parse().ok());
        let member = member.ok_or_else(|| wrong(&"a row has no member"))?;
        let arm = arms.iter().position(|arm| Some(*arm) == record.get(1));
        let arm = arm.ok_or_else(|| wrong(&"a row has no arm of this sweep"))?;
        row = if last == (member, arm) { row + 1 } else { 0 };
        last = (member, arm);
        if random::shuffled(member, members, 0) >= KEPT || row >= series.times.len() {
            continue;
        }
        if let Some(value) = record.get(6).and_then(|text| text.parse().ok()) {
            each(member, arm, row, value);
        }
    }
    Ok(())
}
