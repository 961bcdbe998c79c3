//! The status panel: every laboratory marker on its range, start and end of each arm, grouped by system.
//!
//! Comes in: a finished run. Goes out: pages of the panel. On every strip the cut-offs stand at the same
//! places (`strip.rs`), lack on the left and excess on the right, so that the eye runs down a column; their
//! values are printed below.

use super::legend;
use super::strip::{BETWEEN, HIGH, LOW, at_a_glance, cuts, place, short, zones};
use super::style::*;
use crate::model::Band;
use crate::report::drawing::{Anchor, Colour, Mark, Scene, Stroke, Text, font, rectangle};
use crate::report::status::{Level, Marker, Reading, markers, system};
use crate::scenario::{FigureKind, RunResult};

const STRIP: f64 = 11.0;
const STRIP_STEP: f64 = 15.0;
const SMALL: f64 = 9.5;
const LABEL: f64 = 12.0;
const LABEL_LINE: f64 = 14.5;
const HEADING: f64 = 24.0;
const ROW_GAP: f64 = 7.0;
const TAG: f64 = 16.0;
/// Between the values and the next column: room for a flag.
const EDGE: f64 = 34.0;
const GREY: Colour = Colour(105, 105, 105);
/// Height of the columns of a page, at most: the markers of a whole body are one figure.
const TALLEST: f64 = 2600.0;
/// So many markers stand in one column.
const FEW: usize = 12;

/// How a page is divided.
struct Grid {
    width: f64,
    columns: usize,
    label: f64,
    strip: f64,
    values: f64,
}

impl Grid {
    fn of(markers: usize) -> Grid {
        if markers <= FEW {
            Grid {
                width: WIDTH,
                columns: 1,
                label: 262.0,
                strip: 430.0,
                values: 160.0,
            }
        } else {
            Grid {
                width: 1240.0,
                columns: 2,
                label: 184.0,
                strip: 268.0,
                values: 152.0,
            }
        }
    }

    fn left(&self, column: usize) -> f64 {
        let step = (self.width - 2.0 * MARGIN) / self.columns as f64;
        MARGIN + column as f64 * step
    }
}

/// What stands in a column: a heading, or a marker.
enum Block<'a> {
    Heading(&'a str),
    Marker(&'a Marker<'a>),
}

/// The pages; none where no marker has cut-offs.
pub fn scenes(result: &RunResult) -> Vec<Scene> {
    let markers = markers(result);
    if markers.is_empty() {
        return Vec::new();
    }
    let grid = Grid::of(markers.len());
    let mut columns = columns(result, &markers, &grid);
    let pages = columns.len().div_ceil(grid.columns);
    let mut scenes = Vec::new();
    for page in 0..pages {
        let rest = columns.split_off(grid.columns.min(columns.len()));
        let title = title(result, page, pages);
        scenes.push(draw(result, &grid, &title, &columns));
        columns = rest;
    }
    scenes
}

fn title(result: &RunResult, page: usize, pages: usize) -> String {
    let own = result
        .scenario
        .figures
        .iter()
        .find(|f| f.kind == FigureKind::Status);
    let mut title = own.map_or_else(
        || format!("Laboratory status: {}", result.scenario.title),
        |figure| figure.title.clone(),
    );
    if pages > 1 {
        title.push_str(&format!(" ({} of {pages})", page + 1));
    }
    title
}

/// Blocks in columns of about the same height; a heading stays with its first marker and is repeated
/// where a system goes on in the next column.
fn columns<'a>(result: &'a RunResult, markers: &'a [Marker], grid: &Grid) -> Vec<Vec<Block<'a>>> {
    let mut systems: Vec<&str> = Vec::new();
    for marker in markers {
        let name = system(&result.model, marker.biomarker);
        if !systems.contains(&name) {
            systems.push(name);
        }
    }
    let total: f64 =
        markers.iter().map(|m| height(m, grid)).sum::<f64>() + systems.len() as f64 * HEADING;
    let count = (total / TALLEST).ceil().max(1.0) as usize;
    let count = count.div_ceil(grid.columns) * grid.columns;
    let target = total / count as f64 + 0.5 * HEADING;
    let (mut columns, mut column, mut filled) = (Vec::new(), Vec::new(), 0.0);
    for name in systems {
        let mut headed = false;
        let of_system = markers
            .iter()
            .filter(|m| system(&result.model, m.biomarker) == name);
        for marker in of_system {
            let own = height(marker, grid);
            // What stands more than half beyond the end begins the next column.
            if filled + 0.5 * own > target && filled > 0.0 && columns.len() + 1 < count {
                columns.push(std::mem::take(&mut column));
                (filled, headed) = (0.0, false);
            }
            if !headed {
                column.push(Block::Heading(name));
                filled += HEADING;
                headed = true;
            }
            column.push(Block::Marker(marker));
            filled += own;
        }
    }
    columns.push(column);
    columns
}

/// The readings of one marker that share cut-offs, in order.
fn groups<'a, 'b>(marker: &'b Marker<'a>) -> Vec<Vec<&'b Reading<'a>>> {
    let mut groups: Vec<Vec<&Reading>> = Vec::new();
    for reading in &marker.readings {
        match groups
            .iter_mut()
            .find(|group| group[0].band.limits() == reading.band.limits())
        {
            Some(group) => group.push(reading),
            None => groups.push(vec![reading]),
        }
    }
    groups
}

fn labels(marker: &Marker, grid: &Grid) -> Vec<String> {
    font::wrap(&marker.biomarker.title, LABEL, grid.label - 26.0)
}

fn height(marker: &Marker, grid: &Grid) -> f64 {
    let strips = marker.readings.len() as f64 * STRIP_STEP;
    let cuts = groups(marker).len() as f64 * (SMALL + 3.0);
    let unit = if marker.biomarker.unit.pretty().is_empty() {
        0.0
    } else {
        SMALL + 3.0
    };
    let words = labels(marker, grid).len() as f64 * LABEL_LINE + unit;
    words.max(strips + cuts) + ROW_GAP
}

fn draw(result: &RunResult, grid: &Grid, title: &str, columns: &[Vec<Block>]) -> Scene {
    let mut scene = Scene {
        width: grid.width,
        title: title.to_string(),
        description: description(columns),
        ..Scene::default()
    };
    let top = legend::title(&mut scene, title, 6.0);
    let top = key(result, &mut scene, top);
    let mut bottom = top;
    for (at, column) in columns.iter().enumerate() {
        let left = grid.left(at);
        zones_named(&mut scene, grid, left, top);
        let mut y = top + 16.0;
        for block in column {
            y = match block {
                Block::Heading(name) => heading(&mut scene, grid, name, (left, y)),
                Block::Marker(marker) => row(result, &mut scene, grid, marker, (left, y)),
            };
        }
        bottom = bottom.max(y);
    }
    scene.height = bottom + MARGIN;
    scene
}

fn description(columns: &[Vec<Block>]) -> String {
    let markers = columns.iter().flatten().filter_map(|block| match block {
        Block::Marker(marker) => Some(marker),
        Block::Heading(_) => None,
    });
    let said: Vec<String> = markers
        .filter_map(|marker| {
            let reading = marker.readings.first()?;
            let level = |value| Level::of(reading.band, value).word();
            Some(format!(
                "{}: {} to {}",
                marker.biomarker.title,
                level(reading.start),
                level(reading.end)
            ))
        })
        .collect();
    format!("First arm, start to end. {}.", said.join("; "))
}

/// Zones, signs and arms, above the columns.
fn key(result: &RunResult, scene: &mut Scene, top: f64) -> f64 {
    let finished: Vec<usize> = (0..result.arms.len())
        .filter(|arm| result.arms[*arm].outcome.is_ok())
        .collect();
    let signs = [("start", false), ("end", true)];
    let mut x = MARGIN + 6.0;
    let mut y = top + 8.0;
    let dark = Colour(60, 60, 60);
    for (name, end) in signs {
        sign(
            scene,
            (x, y),
            if finished.len() > 1 {
                dark
            } else {
                arm_colour(0)
            },
            end,
        );
        x = word(scene, (x + 10.0, y), name) + 18.0;
    }
    let flags = "LL, L, H: deficient, insufficient, high at the end";
    x = word(scene, (x - 4.0, y), flags) + 26.0;
    if finished.len() > 1 {
        for arm in finished {
            let name = &result.scenario.arms[arm].name;
            let lines = font::wrap(name, LABEL, scene.width - 2.0 * MARGIN - 60.0);
            let widest = lines
                .iter()
                .map(|l| font::width(l, LABEL))
                .fold(0.0, f64::max);
            if x + 34.0 + widest > scene.width - MARGIN {
                (x, y) = (MARGIN + 6.0, y + 18.0);
            }
            colourful(
                scene,
                (x - 4.0, y + 4.0),
                Anchor::Start,
                LABEL,
                arm_colour(arm),
                &tag(arm),
            );
            scene.line(
                vec![(x + 14.0, y), (x + 34.0, y)],
                Stroke::solid(arm_colour(arm), 2.0),
            );
            let mut end = x;
            for (at, line) in lines.iter().enumerate() {
                y += if at > 0 { 16.0 } else { 0.0 };
                end = word(scene, (x + 40.0, y), line);
            }
            x = end + 20.0;
        }
    }
    y + 26.0
}

fn word(scene: &mut Scene, (x, y): (f64, f64), text: &str) -> f64 {
    scene.text((x, y + 0.36 * LABEL), Anchor::Start, LABEL, text);
    x + font::width(text, LABEL)
}

/// `a`, `b`, … then `aa`: an arm is told by its letter as well as by its colour.
fn tag(arm: usize) -> String {
    let letter = |at: usize| char::from(b'a' + (at % 26) as u8);
    match arm / 26 {
        0 => letter(arm).to_string(),
        more => format!("{}{}", letter(more - 1), letter(arm)),
    }
}

fn colourful(
    scene: &mut Scene,
    at: (f64, f64),
    anchor: Anchor,
    size: f64,
    colour: Colour,
    text: &str,
) {
    scene.marks.push(Mark::Text(Text {
        at,
        anchor,
        size,
        colour,
        upward: false,
        text: text.to_string(),
    }));
}

fn sign(scene: &mut Scene, centre: (f64, f64), colour: Colour, end: bool) {
    let (radius, fill, rim) = if end {
        (3.7, colour, Stroke::solid(Colour::WHITE, 0.8))
    } else {
        (4.6, Colour::WHITE, Stroke::solid(colour, 1.6))
    };
    scene.marks.push(Mark::Dot {
        centre,
        radius,
        fill,
        rim,
    });
}

/// As laboratories flag a result.
fn flag(level: Level) -> &'static str {
    match level {
        Level::Deficient => "LL",
        Level::Insufficient => "L",
        Level::Adequate => "",
        Level::High => "H",
    }
}

/// The names of the zones over a column's strips.
fn zones_named(scene: &mut Scene, grid: &Grid, left: f64, y: f64) {
    let x = |share: f64| left + grid.label + share * grid.strip;
    for (from, to, level) in [
        (0.0, BETWEEN, Level::Deficient),
        (BETWEEN, LOW, Level::Insufficient),
        (LOW, HIGH, Level::Adequate),
        (HIGH, 1.0, Level::High),
    ] {
        let at = (x(0.5 * (from + to)), y + 4.0);
        colourful(scene, at, Anchor::Middle, SMALL, GREY, level.word());
    }
    let at = (left + grid.label + grid.strip + grid.values - EDGE, y + 4.0);
    colourful(scene, at, Anchor::End, SMALL, GREY, "start → end");
}

fn heading(scene: &mut Scene, grid: &Grid, name: &str, (left, y): (f64, f64)) -> f64 {
    let right = left + grid.label + grid.strip + grid.values - EDGE;
    let mut text = name.to_string();
    while font::width(&text, LABEL) > right - left && text.pop().is_some() {}
    colourful(scene, (left, y + 13.0), Anchor::Start, LABEL, GREY, &text);
    let rule = Stroke::solid(Colour(200, 200, 200), 0.8);
    scene.line(vec![(left, y + 18.0), (right, y + 18.0)], rule);
    y + HEADING
}

fn row(
    result: &RunResult,
    scene: &mut Scene,
    grid: &Grid,
    marker: &Marker,
    (left, top): (f64, f64),
) -> f64 {
    let mut y = top + 10.5;
    for line in labels(marker, grid) {
        scene.text((left, y), Anchor::Start, LABEL, &line);
        y += LABEL_LINE;
    }
    let unit = marker.biomarker.unit.pretty();
    if !unit.is_empty() {
        colourful(scene, (left, y - 1.0), Anchor::Start, SMALL, GREY, &unit);
    }
    let several = result.arms.len() > 1;
    let mut y = top + 2.0;
    for group in groups(marker) {
        let band = group[0].band;
        for reading in group {
            strip(scene, grid, reading, (left + grid.label, y), several);
            y += STRIP_STEP;
        }
        cut_offs(scene, grid, band, (left + grid.label, y));
        y += SMALL + 3.0;
    }
    top + height(marker, grid)
}

fn strip(
    scene: &mut Scene,
    grid: &Grid,
    reading: &Reading,
    (left, top): (f64, f64),
    several: bool,
) {
    let x = |share: f64| left + share * grid.strip;
    for (from, to, level) in zones(reading.band) {
        let box_of_zone = rectangle((x(from), top, x(to), top + STRIP));
        scene.area(box_of_zone, colour(level), 1.0);
        if from > 0.0 {
            let cut = vec![(x(from), top), (x(from), top + STRIP)];
            scene.line(cut, Stroke::solid(Colour::WHITE, 1.2));
        }
    }
    let own = arm_colour(reading.arm);
    let y = top + 0.5 * STRIP;
    let (start, end) = (
        place(reading.band, reading.start),
        place(reading.band, reading.end),
    );
    scene.line(vec![(x(start), y), (x(end), y)], Stroke::solid(own, 1.6));
    sign(scene, (x(start), y), own, false);
    sign(scene, (x(end), y), own, true);
    let base = y + 0.36 * SMALL;
    if several {
        let at = (left - TAG + 8.0, base);
        colourful(scene, at, Anchor::End, SMALL, own, &tag(reading.arm));
    }
    let [start, end] = [reading.start, reading.end].map(|value| at_a_glance(reading.band, value));
    let words = format!("{start} → {end}");
    let right = left + grid.strip + grid.values - EDGE;
    scene.text((right, base + 0.5), Anchor::End, SMALL + 1.0, &words);
    let level = Level::of(reading.band, reading.end);
    let at = (right + 3.0, base + 0.5);
    if level != Level::Adequate {
        colourful(scene, at, Anchor::Start, SMALL, GREY, flag(level));
    }
}

fn cut_offs(scene: &mut Scene, grid: &Grid, band: &Band, (left, top): (f64, f64)) {
    let mut beyond = f64::NEG_INFINITY;
    for (share, value) in cuts(band) {
        let text = short(value);
        let half = 0.5 * font::width(&text, SMALL);
        let x = left + share * grid.strip;
        if x - half > beyond {
            let at = (x, top + SMALL - 1.5);
            colourful(scene, at, Anchor::Middle, SMALL, GREY, &text);
            beyond = x + half + 4.0;
        }
    }
}

/// Hues of Okabe & Ito 2008, pale enough for signs to stand out; they differ in lightness too.
fn colour(level: Level) -> Colour {
    match level {
        Level::Deficient => Colour(213, 94, 0).tint(0.62),
        Level::Insufficient => Colour(240, 200, 80).tint(0.62),
        Level::Adequate => Colour(0, 158, 115).tint(0.22),
        Level::High => Colour(204, 121, 167).tint(0.60),
    }
}

#[cfg(test)]
mod tests {
    use super::tag;

    #[test]
    fn arms_have_letters_of_their_own() {
        let tags: std::collections::BTreeSet<String> = (0..200).map(tag).collect();
        assert_eq!(tags.len(), 200);
    }
}
