//! Strokes: an arrow for what facilitates, a blunt end for what inhibits, both for what does both;
//! weight for the grade, dashes for hypotheses, grey for claims, pale for what is switched off.

use super::Drawn;
use super::layout::*;
use crate::model::{EdgeKind, Effect, Grade};
use crate::report::drawing::{Anchor, Colour, Mark, Point, Scene, Stroke, Text, rectangle};
use crate::report::figure::legend::{Entry, Sample};
use crate::report::figure::style::MARGIN;

const FACILITATES: Colour = Colour(0, 114, 178);
const INHIBITS: Colour = Colour(213, 94, 0);
const BOTH: Colour = Colour(150, 80, 130);
const CLAIM: Colour = Colour(150, 150, 150);
const HEADING: Colour = Colour(110, 110, 110);
const LANE: Colour = Colour(244, 244, 244);
const TAG_SIZE: f64 = 10.0;

/// What is switched off keeps a quarter of its colour.
const OFF: f64 = 0.28;

fn colour(effect: Effect) -> Colour {
    match effect {
        Effect::Facilitates => FACILITATES,
        Effect::Inhibits => INHIBITS,
        Effect::Both => BOTH,
    }
}

fn by_grade(grade: Grade, colour: Colour) -> Stroke {
    let (width, dash): (f64, &[f64]) = match grade {
        Grade::A => (3.2, &[]),
        Grade::B => (1.9, &[]),
        Grade::C => (1.5, &[7.0, 4.0]),
        Grade::D => (1.5, &[2.5, 3.0]),
    };
    Stroke {
        colour,
        width,
        dash,
    }
}

fn stroke(drawn: &Drawn) -> Stroke {
    let colour = if drawn.edge.kind == EdgeKind::Claim {
        CLAIM
    } else {
        colour(drawn.edge.effect)
    };
    let share = if drawn.strength == Some(0.0) {
        OFF
    } else {
        1.0
    };
    by_grade(drawn.edge.grade, colour.tint(share))
}

/// One edge with its tag (row of the list of edges, grade, strength if it was changed).
pub fn edge(scene: &mut Scene, drawn: &Drawn, (from, to): (Point, Point)) {
    let edge = drawn.edge;
    let stroke = stroke(drawn);
    let kind = match edge.kind {
        EdgeKind::Factor => "factor",
        EdgeKind::Structural => "structural",
        EdgeKind::Claim => "claim",
    };
    let mut tag = edge.id.clone().unwrap_or_default();
    tag.push_str(&format!(" {:?}", edge.grade));
    let strength = match drawn.strength {
        Some(strength) if drawn.changed => {
            tag.push_str(&format!(" ×{strength}"));
            format!(", strength {strength}, changed")
        }
        Some(strength) => format!(", strength {strength}"),
        None => String::new(),
    };
    let mut group = Scene::default();
    group.line(bend(from, (to.0 - room(edge.effect), to.1)), stroke);
    ending(&mut group, to, edge.effect, stroke.colour);
    let at = (from.0 - 5.0, from.1 + 0.36 * TAG_SIZE);
    group.text(at, Anchor::End, TAG_SIZE, tag.trim_start());
    scene.marks.push(Mark::Group {
        class: format!("edge {kind}"),
        title: format!(
            "{} ({kind}, grade {:?}{strength}): {}",
            edge.name, edge.grade, edge.claim
        ),
        marks: group.marks,
    });
}

/// A curve that leaves and arrives level.
fn bend(from: Point, to: Point) -> Vec<Point> {
    const PIECES: u32 = 28;
    let reach = 0.5 * (to.0 - from.0);
    let at = |k: u32| {
        let t = f64::from(k) / f64::from(PIECES);
        let s = 1.0 - t;
        let (a, b, c, d) = (s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t);
        let x = a * from.0 + b * (from.0 + reach) + c * (to.0 - reach) + d * to.0;
        (x, (a + b) * from.1 + (c + d) * to.1)
    };
    (0..=PIECES).map(at).collect()
}

/// How far before the end the stroke stops.
fn room(effect: Effect) -> f64 {
    match effect {
        Effect::Facilitates => 9.0,
        Effect::Inhibits => 1.5,
        Effect::Both => 13.0,
    }
}

/// The end of a stroke that arrives level from the left.
fn ending(scene: &mut Scene, (x, y): Point, effect: Effect, colour: Colour) {
    let arrow = |tip: f64| vec![(tip, y), (tip - 11.0, y - 4.6), (tip - 11.0, y + 4.6)];
    match effect {
        Effect::Facilitates => scene.area(arrow(x), colour, 1.0),
        Effect::Inhibits => {}
        Effect::Both => scene.area(arrow(x - 3.5), colour, 1.0),
    }
    if effect != Effect::Facilitates {
        let bar = vec![(x - 1.5, y - 5.0), (x - 1.5, y + 5.0)];
        scene.line(bar, Stroke::solid(colour, 3.0));
    }
}

/// A sample of a stroke with its end, for the legend.
pub fn sample(
    scene: &mut Scene,
    (left, right): (f64, f64),
    y: f64,
    stroke: Stroke,
    effect: Effect,
) {
    scene.line(vec![(left, y), (right - room(effect), y)], stroke);
    ending(scene, (right, y), effect, stroke.colour);
}

/// Only what occurs in this network.
pub fn entries(drawn: &[Drawn]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let acting = || drawn.iter().filter(|d| d.edge.kind != EdgeKind::Claim);
    for (effect, name) in [
        (Effect::Facilitates, "facilitates"),
        (Effect::Inhibits, "inhibits"),
        (Effect::Both, "does both"),
    ] {
        if drawn.iter().any(|d| d.edge.effect == effect) {
            entries.push(Entry {
                sample: Sample::Edge(by_grade(Grade::B, colour(effect)), effect),
                name: name.to_string(),
            });
        }
    }
    for (grade, name) in [
        (Grade::A, "grade A"),
        (Grade::B, "grade B"),
        (Grade::C, "grade C, hypothesis"),
        (Grade::D, "grade D, contested"),
    ] {
        if drawn.iter().any(|d| d.edge.grade == grade) {
            entries.push(Entry {
                sample: Sample::Line(by_grade(grade, Colour(90, 90, 90))),
                name: name.to_string(),
            });
        }
    }
    if drawn.iter().any(|d| d.edge.kind == EdgeKind::Claim) {
        entries.push(Entry {
            sample: Sample::Line(by_grade(Grade::A, CLAIM)),
            name: "grey: claim, not quantified".to_string(),
        });
    }
    if acting().any(|d| d.strength == Some(0.0)) {
        entries.push(Entry {
            sample: Sample::Line(by_grade(Grade::A, FACILITATES.tint(OFF))),
            name: "pale: switched off".to_string(),
        });
    }
    if acting().any(|d| d.changed) {
        entries.push(Entry {
            sample: Sample::Sign("×"),
            name: "strength changed from the model's own".to_string(),
        });
    }
    entries
}

/// Boxes of the modules and the quantities in them.
pub fn lanes(scene: &mut Scene, layout: &Layout) {
    for lane in &layout.lanes {
        let (left, right, x, anchor) = match lane.side {
            Side::Left => (MARGIN, LEFT_EDGE + 8.0, LEFT_EDGE, Anchor::End),
            Side::Right => (RIGHT_EDGE - 8.0, WIDTH - MARGIN, RIGHT_EDGE, Anchor::Start),
        };
        scene.area(rectangle((left, lane.top, right, lane.bottom)), LANE, 1.0);
        for (at, line) in lane.title.iter().enumerate() {
            let y = lane.top + (at + 1) as f64 * NODE_LINE;
            words(scene, (x, y), anchor, HEADING, line);
        }
        for &node in &lane.nodes {
            quantity(scene, &layout.nodes[node], x, anchor);
        }
    }
}

fn quantity(scene: &mut Scene, node: &Node, x: f64, anchor: Anchor) {
    let lines = node.lines.len() as f64;
    let first = node.top + 0.5 * node.height - 0.5 * (lines - 1.0) * NODE_LINE;
    for (at, line) in node.lines.iter().enumerate() {
        let y = first + at as f64 * NODE_LINE + 0.36 * NODE_SIZE;
        words(scene, (x, y), anchor, Colour::BLACK, line);
    }
}

fn words(scene: &mut Scene, at: Point, anchor: Anchor, colour: Colour, text: &str) {
    scene.marks.push(Mark::Text(Text {
        at,
        anchor,
        size: NODE_SIZE,
        colour,
        upward: false,
        text: text.to_string(),
    }));
}
