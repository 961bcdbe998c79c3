//! Strokes: an arrow for what facilitates, a blunt end for what inhibits, both for what does both;
//! weight for the grade, dashes for hypotheses, a mark at the start for the kind, grey for claims, pale and
//! hollow for what is switched off.

use super::Drawn;
use super::layout::*;
use crate::model::{EdgeKind, Effect, Grade};
use crate::report::drawing::{Anchor, Colour, Mark, Point, Scene, Stroke, Text, font, rectangle};
use crate::report::figure::legend::{Entry, Sample};
use crate::report::figure::style::{MARGIN, TEXT_SIZE};

const FACILITATES: Colour = Colour(0, 114, 178);
const INHIBITS: Colour = Colour(213, 94, 0);
const BOTH: Colour = Colour(150, 80, 130);
const CLAIM: Colour = Colour(120, 120, 120);
const QUIET: Colour = Colour(150, 150, 150);
const SYSTEM: Colour = Colour(250, 250, 250);
const HEADING_BAND: Colour = Colour(226, 230, 234);
const TAG_SIZE: f64 = NODE_SIZE;

/// What is switched off keeps a third of its colour.
const OFF: f64 = 0.34;

fn colour(effect: Effect) -> Colour {
    match effect {
        Effect::Facilitates => FACILITATES,
        Effect::Inhibits => INHIBITS,
        Effect::Both => BOTH,
    }
}

fn by_grade(grade: Grade, colour: Colour) -> Stroke {
    let (width, dash): (f64, &[f64]) = match grade {
        Grade::A => (3.0, &[]),
        Grade::B => (1.5, &[]),
        Grade::C => (1.5, &[8.0, 4.0]),
        Grade::D => (1.5, &[2.0, 3.0]),
    };
    Stroke {
        colour,
        width,
        dash,
    }
}

fn stroke(drawn: &Drawn) -> Stroke {
    let colour = match drawn.edge.kind {
        EdgeKind::Claim => CLAIM,
        _ => colour(drawn.edge.effect),
    };
    let share = if drawn.off { OFF } else { 1.0 };
    by_grade(drawn.edge.grade, colour.tint(share))
}

/// One edge with its tag: row of the list of edges, grade, what was done to its strength.
pub fn edge(scene: &mut Scene, drawn: &Drawn, (from, to): (Point, Point)) {
    let edge = drawn.edge;
    let stroke = stroke(drawn);
    let kind = match edge.kind {
        EdgeKind::Factor => "factor",
        EdgeKind::Structural => "structural",
        EdgeKind::Claim => "claim",
    };
    let mut group = Scene::default();
    let start = (from.0 + START, from.1);
    group.line(bend(start, (to.0 - room(edge.effect), to.1)), stroke);
    ending(&mut group, to, edge.effect, stroke.colour);
    beginning(&mut group, start, edge.kind, stroke.colour, drawn.off);
    let at = (from.0 - TAG_WIDTH + 9.0, from.1 + 0.36 * TAG_SIZE);
    let ink = if drawn.off { QUIET } else { Colour::BLACK };
    words(&mut group, at, Anchor::Start, ink, &tag(drawn));
    scene.marks.push(Mark::Group {
        class: format!("edge {kind}{}", if drawn.off { " off" } else { "" }),
        title: format!(
            "{} ({kind}, grade {:?}{}): {}",
            edge.name,
            edge.grade,
            state(drawn),
            edge.claim
        ),
        marks: group.marks,
    });
}

fn tag(drawn: &Drawn) -> String {
    let row = drawn.edge.id.as_deref().unwrap_or("–");
    let end = match drawn.strength {
        Some(strength) if drawn.changed && strength != 0.0 => format!(" ×{strength}"),
        _ if drawn.off => " off".to_string(),
        _ => String::new(),
    };
    format!("{row} {:?}{end}", drawn.edge.grade)
}

/// For the title that pointing at a stroke shows.
fn state(drawn: &Drawn) -> String {
    match drawn.strength {
        Some(strength) if drawn.changed => format!(", strength {strength}, changed"),
        Some(strength) => format!(", strength {strength}"),
        None if drawn.off => ", off".to_string(),
        None => String::new(),
    }
}

/// From the port to the middle of the mark at the start.
const START: f64 = 5.0;

/// The mark of the kind: a square stands in an equation, a disc multiplies, a ring only claims. What is
/// switched off is hollow.
fn beginning(scene: &mut Scene, (x, y): Point, kind: EdgeKind, colour: Colour, off: bool) {
    let inside = match kind {
        EdgeKind::Claim => Colour::WHITE,
        _ if off => Colour::WHITE,
        _ => colour,
    };
    if kind == EdgeKind::Structural {
        let square = |half: f64| rectangle((x - half, y - half, x + half, y + half));
        scene.area(square(4.2), colour, 1.0);
        scene.area(square(2.9), inside, 1.0);
        return;
    }
    scene.marks.push(Mark::Dot {
        centre: (x, y),
        radius: 3.8,
        fill: inside,
        rim: Stroke::solid(colour, 1.4),
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

/// A sample of a stroke with its beginning.
pub fn sample_of_kind(
    scene: &mut Scene,
    (left, right): (f64, f64),
    y: f64,
    stroke: Stroke,
    (kind, off): (EdgeKind, bool),
) {
    scene.line(vec![(left + START, y), (right, y)], stroke);
    beginning(scene, (left + START, y), kind, stroke.colour, off);
}

/// Only what occurs in this network.
pub fn entries(drawn: &[Drawn]) -> Vec<Entry> {
    const DARK: Colour = Colour(90, 90, 90);
    let mut entries = Vec::new();
    let mut add = |occurs: bool, sample: Sample, name: &str| {
        if occurs {
            let name = name.to_string();
            entries.push(Entry { sample, name });
        }
    };
    for (effect, name) in [
        (Effect::Facilitates, "facilitates"),
        (Effect::Inhibits, "inhibits"),
        (Effect::Both, "does both"),
    ] {
        let stroke = by_grade(Grade::B, colour(effect));
        let occurs = drawn.iter().any(|d| d.edge.effect == effect);
        add(occurs, Sample::Edge(stroke, effect), name);
    }
    for (grade, name) in [
        (Grade::A, "grade A"),
        (Grade::B, "grade B"),
        (Grade::C, "grade C, hypothesis"),
        (Grade::D, "grade D, contested"),
    ] {
        let occurs = drawn.iter().any(|d| d.edge.grade == grade);
        add(occurs, Sample::Line(by_grade(grade, DARK)), name);
    }
    for (kind, ink, name) in [
        (
            EdgeKind::Structural,
            DARK,
            "inside an equation (structural)",
        ),
        (EdgeKind::Factor, DARK, "multiplies its target (factor)"),
        (
            EdgeKind::Claim,
            CLAIM,
            "grey: claim, not computed by itself",
        ),
    ] {
        let occurs = drawn.iter().any(|d| d.edge.kind == kind);
        let stroke = by_grade(Grade::B, ink);
        add(occurs, Sample::Kind(stroke, kind, false), name);
    }
    let pale = by_grade(Grade::A, FACILITATES.tint(OFF));
    add(
        drawn.iter().any(|d| d.off),
        Sample::Kind(pale, EdgeKind::Factor, true),
        "pale, hollow: switched off",
    );
    add(
        drawn.iter().any(|d| d.changed),
        Sample::Sign("×"),
        "strength changed from the model's own",
    );
    entries
}

/// How to read the picture, in a line or two; where the next thing may begin.
pub fn reading(scene: &mut Scene, edges: usize, top: f64) -> f64 {
    let text = format!(
        "{edges} edges, each in the system of what it acts on: left what acts, right what it acts on. Tags \
         give the row in the list of edges and the grade. A number in brackets is the system to which a \
         quantity of elsewhere belongs."
    );
    let mut y = top;
    for line in font::wrap(&text, TEXT_SIZE, scene.width - 2.0 * MARGIN) {
        y += 1.3 * TEXT_SIZE;
        scene.text((MARGIN, y), Anchor::Start, TEXT_SIZE, &line);
    }
    y
}

/// Boxes of the systems and the quantities in them.
pub fn systems(scene: &mut Scene, layout: &Layout, drawn: &[Drawn]) {
    for (at, system) in layout.systems.iter().enumerate() {
        let (left, right) = (system.left, system.left + COLUMN);
        let below = system.top + 19.0;
        scene.area(rectangle((left, below, right, system.bottom)), SYSTEM, 1.0);
        scene.area(
            rectangle((left, system.top, right, below)),
            HEADING_BAND,
            1.0,
        );
        let y = system.top + 14.0;
        let title = format!("{}  {}", at + 1, system.title);
        scene.text((left + 6.0, y), Anchor::Start, TEXT_SIZE, &title);
        let nodes = system.acting.iter().map(|node| &layout.nodes[*node]);
        let count: usize = nodes.map(|node| node.edges.len()).sum();
        let count = format!("{count} edge{}", if count == 1 { "" } else { "s" });
        scene.text((right - 6.0, y), Anchor::End, TEXT_SIZE, &count);
        for node in system.acting.iter().chain(&system.acted_on) {
            quantity(scene, &layout.nodes[*node], left, drawn);
        }
    }
}

fn quantity(scene: &mut Scene, node: &Node, left: f64, drawn: &[Drawn]) {
    let (x, bracket, anchor) = match node.side {
        Side::Left => (left + LEFT_EDGE, left + LEFT_EDGE + 4.5, Anchor::End),
        Side::Right => (left + RIGHT_EDGE, left + RIGHT_EDGE - 4.5, Anchor::Start),
    };
    if node.edges.len() > 1 {
        let (first, last) = (node.ports().next(), node.ports().last());
        let ends = first
            .zip(last)
            .map(|(a, b)| vec![(bracket, a - 4.0), (bracket, b + 4.0)]);
        scene.line(ends.unwrap_or_default(), Stroke::solid(QUIET, 1.0));
    }
    let quiet = node.edges.iter().all(|edge| drawn[edge.index()].off);
    let ink = if quiet { QUIET } else { Colour::BLACK };
    let first = node.middle() - 0.5 * (node.lines.len() as f64 - 1.0) * NODE_LINE;
    for (at, line) in node.lines.iter().enumerate() {
        let y = first + at as f64 * NODE_LINE + 0.36 * NODE_SIZE;
        words(scene, (x, y), anchor, ink, line);
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
