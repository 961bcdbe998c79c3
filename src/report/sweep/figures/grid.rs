//! Small multiples: equal panels in rows under one title and legend, each with its axes.

use crate::report::drawing::{Anchor, Mark, Scene, Text, font, rectangle};
use crate::report::figure::axis::Axis;
use crate::report::figure::legend::{self, Entry, legend};
use crate::report::figure::panel::label_width;
use crate::report::figure::style::*;

/// Where panels lie on the page.
pub struct Grid {
    /// Left, top, right, bottom of each plotting area.
    pub panels: Vec<(f64, f64, f64, f64)>,
    columns: usize,
}

/// Room for tick labels and titles of axes.
const LEFT: f64 = 74.0;
const BELOW: f64 = 52.0;
const HEADING: f64 = 24.0;
const GAP: f64 = 18.0;

/// A scene with title, legend and `count` panels; `right`: room kept free at the right edge.
pub fn page(title: &str, entries: &[Entry], count: usize, right: f64) -> (Scene, Grid) {
    let mut scene = Scene {
        width: WIDTH,
        title: title.to_string(),
        ..Scene::default()
    };
    let top = legend::title(&mut scene, title, 6.0);
    let top = legend(&mut scene, entries, top) + 4.0;
    let columns = match count {
        0 | 1 => 1,
        2 | 4 => 2,
        _ => 3,
    };
    let rows = count.max(1).div_ceil(columns);
    let width = (WIDTH - 2.0 * MARGIN - right) / columns as f64;
    let height = match columns {
        1 => 330.0,
        2 => 230.0,
        _ => 170.0,
    };
    let heading = if count > 1 { HEADING } else { 0.0 };
    let step = heading + height + BELOW + GAP;
    let panels = (0..count.max(1)).map(|at| {
        let (row, column) = ((at / columns) as f64, (at % columns) as f64);
        let (left, top) = (MARGIN + column * width, top + row * step + heading);
        (left + LEFT, top, left + width - 10.0, top + height)
    });
    let panels = panels.collect();
    scene.height = top + rows as f64 * step;
    (scene, Grid { panels, columns })
}

impl Grid {
    /// The plotting area, its heading above it.
    pub fn heading(&self, scene: &mut Scene, at: usize, text: &str) {
        let (left, top, right, _) = self.panels[at];
        let lines = font::wrap(text, TEXT_SIZE, right - left);
        let first = lines.first().map_or("", String::as_str);
        let text = if lines.len() > 1 {
            format!("{first} …")
        } else {
            first.to_string()
        };
        scene.text((left, top - 8.0), Anchor::Start, TEXT_SIZE, &text);
    }

    /// Frame, ticks, labels and titles of both axes of a panel; grid lines where `lines`.
    pub fn axes(
        &self,
        scene: &mut Scene,
        at: usize,
        (x, y): (&Axis, &Axis),
        (x_title, y_title): (&str, &str),
        lines: bool,
    ) {
        let (left, top, right, bottom) = self.panels[at];
        if lines {
            for (value, _) in &y.ticks {
                let place = y.place(*value);
                scene.line(vec![(left, place), (right, place)], GRID);
            }
        }
        let mut corners = rectangle((left, top, right, bottom));
        corners.push((left, top));
        scene.line(corners, AXIS);
        for (value, label) in &y.ticks {
            let place = y.place(*value);
            scene.line(vec![(left - 4.0, place), (left, place)], AXIS);
            let at = (left - 8.0, place + 0.36 * TICK_SIZE);
            scene.text(at, Anchor::End, TICK_SIZE, label);
        }
        let mut free = f64::NEG_INFINITY;
        for (value, label) in &x.ticks {
            let place = x.place(*value);
            scene.line(vec![(place, bottom), (place, bottom + 4.0)], AXIS);
            let half = 0.5 * font::width(label, TICK_SIZE);
            // A label that would touch its neighbour is left out.
            if place - half > free + 6.0 {
                scene.text((place, bottom + 18.0), Anchor::Middle, TICK_SIZE, label);
                free = place + half;
            }
        }
        let middle = 0.5 * (left + right);
        let wrapped = font::wrap(x_title, TEXT_SIZE, right - left + 40.0);
        for (k, line) in wrapped.iter().take(2).enumerate() {
            let place = (middle, bottom + 37.0 + k as f64 * TEXT_SIZE * 1.2);
            scene.text(place, Anchor::Middle, TEXT_SIZE, line);
        }
        // Only the first of a row has room and need for the upright title.
        if at.is_multiple_of(self.columns) {
            let end = left - 8.0 - label_width(y) - 9.0;
            let wrapped = font::wrap(y_title, TEXT_SIZE, bottom - top + 20.0);
            let shown = wrapped.iter().take(2).rev().enumerate();
            for (k, line) in shown {
                scene.marks.push(Mark::Text(Text {
                    at: (end - k as f64 * TEXT_SIZE * 1.2, 0.5 * (top + bottom)),
                    anchor: Anchor::Middle,
                    size: TEXT_SIZE,
                    colour: AXIS.colour,
                    upward: true,
                    text: line.clone(),
                }));
            }
        }
    }
}
