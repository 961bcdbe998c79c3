//! Titles and legends: lines of text that wrap, so that no name runs off the page.

use super::style::*;
use crate::model::{EdgeKind, Effect};
use crate::report::drawing::{Anchor, Colour, Mark, Point, Scene, Stroke, font, rectangle};
use crate::report::network;

/// What stands before a name.
#[derive(Debug, Clone, PartialEq)]
pub enum Sample {
    Line(Stroke),
    /// A line with a dot: values at single places.
    Dotted(Stroke),
    Bar(Colour, f64),
    Tick(Colour),
    /// A dot with its spread.
    Point(Colour),
    /// A spread alone.
    Range(Colour),
    /// A stroke of the network with its end.
    Edge(Stroke, Effect),
    /// A stroke of the network with its beginning; true if it is switched off.
    Kind(Stroke, EdgeKind, bool),
    /// A sign that stands in the picture.
    Sign(&'static str),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub sample: Sample,
    pub name: String,
}

const SAMPLE_WIDTH: f64 = 32.0;
const ROW: f64 = 19.0;
const GAP: f64 = 22.0;

/// Sets the title from `top` downward; where the next thing may begin.
pub fn title(scene: &mut Scene, text: &str, top: f64) -> f64 {
    let mut y = top;
    for line in font::wrap(text, TITLE_SIZE, scene.width - 2.0 * MARGIN) {
        y += TITLE_SIZE * 1.3;
        scene.text((MARGIN, y), Anchor::Start, TITLE_SIZE, &line);
    }
    y + 8.0
}

/// Sets the entries in rows from `top` downward; where the next thing may begin.
pub fn legend(scene: &mut Scene, entries: &[Entry], top: f64) -> f64 {
    let right = scene.width - MARGIN;
    let most = right - MARGIN - SAMPLE_WIDTH - 8.0;
    let (mut x, mut y) = (MARGIN, top);
    for entry in entries {
        let lines = font::wrap(&entry.name, TEXT_SIZE, most);
        let widest = lines
            .iter()
            .map(|line| font::width(line, TEXT_SIZE))
            .fold(0.0, f64::max);
        let width = SAMPLE_WIDTH + 8.0 + widest;
        if x > MARGIN && x + width > right {
            (x, y) = (MARGIN, y + ROW);
        }
        sample(scene, &entry.sample, (x, y + 0.5 * ROW));
        for (at, line) in lines.iter().enumerate() {
            // A name of several lines has a row of its own: it is wider than half the page.
            y += if at > 0 { ROW } else { 0.0 };
            scene.text(
                (x + SAMPLE_WIDTH + 8.0, y + 0.5 * ROW + 0.36 * TEXT_SIZE),
                Anchor::Start,
                TEXT_SIZE,
                line,
            );
        }
        x += width + GAP;
    }
    if entries.is_empty() {
        top
    } else {
        y + ROW + 4.0
    }
}

fn sample(scene: &mut Scene, sample: &Sample, (x, y): Point) {
    let (right, middle) = (x + SAMPLE_WIDTH, x + 0.5 * SAMPLE_WIDTH);
    match sample {
        Sample::Line(stroke) => scene.line(vec![(x, y), (right, y)], *stroke),
        Sample::Dotted(stroke) => {
            scene.line(vec![(x, y), (right, y)], *stroke);
            dot(scene, (middle, y), stroke.colour);
        }
        Sample::Bar(colour, opacity) => {
            scene.area(rectangle((x, y - 6.0, right, y + 6.0)), *colour, *opacity)
        }
        Sample::Tick(colour) => scene.line(
            vec![(middle, y - 5.0), (middle, y + 5.0)],
            Stroke::solid(*colour, 1.6),
        ),
        Sample::Point(colour) => {
            spread(
                scene,
                middle,
                (y - 7.0, y + 7.0),
                Stroke::solid(*colour, 1.2),
            );
            dot(scene, (middle, y), *colour);
        }
        Sample::Range(colour) => spread(
            scene,
            middle,
            (y - 7.0, y + 7.0),
            Stroke::solid(*colour, 1.6),
        ),
        Sample::Edge(stroke, effect) => {
            network::draw::sample(scene, (x, right), y, *stroke, *effect)
        }
        Sample::Kind(stroke, kind, off) => {
            network::draw::sample_of_kind(scene, (x, right), y, *stroke, (*kind, *off))
        }
        Sample::Sign(sign) => {
            let at = (middle, y + 0.36 * TEXT_SIZE);
            scene.text(at, Anchor::Middle, TEXT_SIZE, sign);
        }
    }
}

/// A filled dot with a white rim, so that dots on a line stay apart.
pub fn dot(scene: &mut Scene, centre: Point, colour: Colour) {
    scene.marks.push(Mark::Dot {
        centre,
        radius: 3.6,
        fill: colour,
        rim: Stroke::solid(Colour::WHITE, 0.8),
    });
}

/// A vertical bar with caps.
pub fn spread(scene: &mut Scene, x: f64, (top, bottom): (f64, f64), stroke: Stroke) {
    scene.line(vec![(x, top), (x, bottom)], stroke);
    for y in [top, bottom] {
        scene.line(vec![(x - 3.5, y), (x + 3.5, y)], stroke);
    }
}
