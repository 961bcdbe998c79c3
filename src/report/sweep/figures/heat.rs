//! Heat maps: a record over two factors, one cell per pair of levels; and where members failed.

use std::path::Path;

use super::data::{Scale, rows};
use super::grid::{self, Grid};
use super::ramp::Ramp;
use crate::report::drawing::{Anchor, Colour, Scene, rectangle};
use crate::report::figure::axis::{self, Axis};
use crate::report::figure::legend::{Entry, Sample};
use crate::report::figure::style::*;
use crate::report::words;
use crate::study::sweep::{Figure, Sweep};

/// A cell without a member that has a value.
const EMPTY: Colour = Colour(225, 225, 225);
/// Room for the scale of colours.
const SCALE: f64 = 96.0;

#[derive(Default, Clone, Copy)]
struct Cell {
    sum: f64,
    count: u64,
    members: u64,
    failed: u64,
}

struct Map {
    x: Scale,
    y: Scale,
    panels: Option<Scale>,
    /// Panel, then y, then x.
    cells: Vec<Cell>,
}

impl Map {
    fn read(
        sweep: &Sweep,
        folder: &Path,
        (x, y, panels): (usize, usize, Option<usize>),
        record: Option<usize>,
    ) -> Result<Map, String> {
        let factors: Vec<_> = sweep.design.factors().collect();
        let scale = |at: usize| Scale::of(factors[at]);
        let (sx, sy, sp) = (scale(x), scale(y), panels.map(scale));
        let count = sp.as_ref().map_or(1, Scale::cells);
        let mut cells = vec![Cell::default(); count * sx.cells() * sy.cells()];
        rows(sweep, folder, |row| {
            let settings = sweep.design.settings(row.member);
            let place = |scale: &Scale, at: usize| scale.cell(factors[at], &settings[at]);
            let panel = match (&sp, panels) {
                (Some(scale), Some(at)) => place(scale, at),
                _ => Some(0),
            };
            let (Some(a), Some(b), Some(c)) = (place(&sx, x), place(&sy, y), panel) else {
                return;
            };
            let cell = &mut cells[(c * sy.cells() + b) * sx.cells() + a];
            cell.members += 1;
            cell.failed += u64::from(row.failed);
            let value = record.map_or(f64::NAN, |record| row.values[record]);
            if value.is_finite() {
                cell.sum += value;
                cell.count += 1;
            }
        })?;
        Ok(Map {
            x: sx,
            y: sy,
            panels: sp,
            cells,
        })
    }

    fn draw(
        &self,
        scene: &mut Scene,
        grid: &Grid,
        panel: usize,
        ramp: &Ramp,
        value: impl Fn(&Cell) -> Option<f64>,
    ) {
        let (left, top, right, bottom) = grid.panels[panel];
        let (x, y) = (self.x.axis((left, right)), self.y.axis((bottom, top)));
        for b in 0..self.y.cells() {
            for a in 0..self.x.cells() {
                let cell = &self.cells[(panel * self.y.cells() + b) * self.x.cells() + a];
                let fill = value(cell).map_or(EMPTY, |value| ramp.colour(value));
                // A hair of overlap hides the seams that antialiasing leaves between cells.
                let (l, r) = (x.place(self.x.edges[a]), x.place(self.x.edges[a + 1]));
                let (t, d) = (y.place(self.y.edges[b + 1]), y.place(self.y.edges[b]));
                let bounds = (l, t, (r + 0.4).min(right), (d + 0.4).min(bottom));
                scene.area(rectangle(bounds), fill, 1.0);
            }
        }
        let titles = (self.x.axis_title(&x), self.y.axis_title(&y));
        grid.axes(scene, panel, (&x, &y), (&titles.0, &titles.1), false);
    }
}

/// # Errors
/// Why the table cannot be read.
pub fn scene(sweep: &Sweep, figure: &Figure, folder: &Path) -> Result<Option<Scene>, String> {
    let Figure::Heat {
        title,
        x,
        y,
        record,
        panels,
    } = figure
    else {
        return Ok(None);
    };
    let map = Map::read(sweep, folder, (*x, *y, *panels), Some(*record))?;
    let mean = |cell: &Cell| (cell.count > 0).then(|| cell.sum / cell.count as f64);
    let ramp = Ramp::of(map.cells.iter().filter_map(mean));
    let record = &sweep.records[*record];
    let what = words::measure(&record.title, &sweep.model);
    Ok(Some(drawn(
        &map,
        title,
        &ramp,
        (&what, &record.measure.unit.pretty()),
        "no value",
        mean,
    )))
}

/// The share of members that failed over the first two factors with levels or ranges; `None` if a sweep has
/// fewer.
///
/// # Errors
/// Why the table cannot be read.
pub fn failures(sweep: &Sweep, folder: &Path) -> Result<Option<Scene>, String> {
    let numeric = super::numeric(sweep);
    let [x, y, ..] = numeric.as_slice() else {
        return Ok(None);
    };
    let map = Map::read(sweep, folder, (*x, *y, None), None)?;
    let share = |cell: &Cell| {
        let share = cell.failed as f64 / cell.members as f64;
        (cell.members > 0).then_some(share)
    };
    let ramp = Ramp::shares();
    let title = "Where members failed";
    let what = ("Share of members that failed", "");
    Ok(Some(drawn(&map, title, &ramp, what, "no member", share)))
}

fn drawn(
    map: &Map,
    title: &str,
    ramp: &Ramp,
    (what, unit): (&str, &str),
    empty: &str,
    value: impl Fn(&Cell) -> Option<f64>,
) -> Scene {
    let mut entries = Vec::new();
    if map.cells.iter().any(|cell| value(cell).is_none()) {
        entries.push(Entry {
            sample: Sample::Bar(EMPTY, 1.0),
            name: empty.to_string(),
        });
    }
    let count = map.panels.as_ref().map_or(1, Scale::cells);
    let (mut scene, grid) = grid::page(title, &entries, count, SCALE);
    scene.description = format!("{what} over {} and {}.", map.x.title, map.y.title);
    for panel in 0..count {
        map.draw(&mut scene, &grid, panel, ramp, &value);
        if let Some(panels) = &map.panels {
            grid.heading(&mut scene, panel, &panels.heading(panel));
        }
    }
    scale(&mut scene, &grid, ramp, what, unit);
    scene
}

/// The scale of colours at the right edge, beside the first row.
fn scale(scene: &mut Scene, grid: &Grid, ramp: &Ramp, what: &str, unit: &str) {
    let (_, top, _, bottom) = grid.panels[0];
    let left = WIDTH - MARGIN - SCALE + 14.0;
    let right = left + 16.0;
    let axis = Axis::linear((ramp.low, ramp.high), (bottom, top), 6);
    const STEPS: usize = 64;
    let at = |k: usize| ramp.low + (ramp.high - ramp.low) * k as f64 / STEPS as f64;
    for k in 0..STEPS {
        let bounds = (
            left,
            axis.place(at(k + 1)),
            right,
            (axis.place(at(k)) + 0.4).min(bottom),
        );
        scene.area(
            rectangle(bounds),
            ramp.colour(0.5 * (at(k) + at(k + 1))),
            1.0,
        );
    }
    let mut corners = rectangle((left, top, right, bottom));
    corners.push((left, top));
    scene.line(corners, AXIS);
    let mut widest = 0.0f64;
    for (value, label) in &axis.ticks {
        let place = axis.place(*value);
        scene.line(vec![(right, place), (right + 4.0, place)], AXIS);
        let from = (right + 7.0, place + 0.36 * TICK_SIZE);
        scene.text(from, Anchor::Start, TICK_SIZE, label);
        widest = widest.max(crate::report::drawing::font::width(label, TICK_SIZE));
    }
    let title = axis::title(what, unit, axis.exponent);
    let wrapped = crate::report::drawing::font::wrap(&title, TEXT_SIZE, bottom - top + 30.0);
    for (k, line) in wrapped.iter().take(1).enumerate() {
        let place = (
            right + 7.0 + widest + 14.0 + k as f64 * 15.0,
            0.5 * (top + bottom),
        );
        scene.marks.push(crate::report::drawing::Mark::Text(
            crate::report::drawing::Text {
                at: place,
                anchor: Anchor::Middle,
                size: TEXT_SIZE,
                colour: AXIS.colour,
                upward: true,
                text: line.clone(),
            },
        ));
    }
}
