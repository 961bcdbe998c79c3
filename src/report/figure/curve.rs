//! A measure against the arms' places on an axis (dose, frequency …), with the ranges that published
//! physiology expects of the same measure.

use super::axis::{self, Axis};
use super::legend::{self, Entry, Sample, dot, legend, spread};
use super::panel::{label_width, value_axis};
use super::style::*;
use crate::report::drawing::{Anchor, Scene, Stroke, font};
use crate::report::words;
use crate::scenario::measure::evaluate;
use crate::scenario::{ExpectationRole, Figure, Measure, RunResult};
use crate::units::Unit;

const HEIGHT: f64 = 330.0;

/// Points and expected ranges, in the measure's unit over the unit of the first arm's place.
struct Curve {
    points: Vec<(f64, f64)>,
    expected: Vec<(f64, f64, f64)>,
    x_unit: Unit,
}

/// `None` if no arm has both a place and a value.
pub fn scene(result: &RunResult, figure: &Figure) -> Option<Scene> {
    let measure = figure.measure.as_ref()?;
    let curve = curve(result, measure)?;
    let y_title = figure.measure_title.as_deref().unwrap_or("Measure");
    let y_title = words::measure(y_title, &result.model);
    let mut scene = Scene {
        width: WIDTH,
        title: figure.title.clone(),
        description: format!(
            "{y_title} against {}.",
            figure.x_title.as_deref().unwrap_or("the arms")
        ),
        ..Scene::default()
    };
    let top = legend::title(&mut scene, &figure.title, 6.0);
    let top = legend(&mut scene, &entries(&curve), top) + 8.0;
    let expected = || curve.expected.iter().map(|(x, _, _)| *x);
    let xs = || curve.points.iter().map(|(x, _)| *x).chain(expected());
    let ys = curve.points.iter().map(|(_, y)| *y);
    let limits = curve
        .expected
        .iter()
        .flat_map(|(_, low, high)| [*low, *high]);
    let y = Axis::linear(axis::span(ys.chain(limits)), (top + HEIGHT, top), 6);
    let y_title = axis::title(&y_title, &measure.unit.pretty(), y.exponent);
    let y_title = font::wrap(&y_title, TEXT_SIZE, HEIGHT);
    let left = MARGIN + y_title.len() as f64 * TEXT_SIZE * 1.25 + 18.0 + label_width(&y);
    let ends = (left, WIDTH - 2.0 * MARGIN);
    let (low, high) = (xs().fold(f64::INFINITY, f64::min), xs().fold(0.0, f64::max));
    // Doses from tens to thousands would crowd at the left of a linear axis.
    let x = if low > 0.0 && high / low >= 50.0 {
        Axis::logarithmic((low / 1.2, high * 1.2), ends)
    } else {
        Axis::linear(axis::span(xs()), ends, 10)
    };
    value_axis(&mut scene, &y, ends, &y_title);
    draw(&mut scene, &curve, &x, &y);
    for (value, label) in &x.ticks {
        let place = x.place(*value);
        scene.line(vec![(place, y.from), (place, y.from + 4.0)], AXIS);
        scene.text((place, y.from + 18.0), Anchor::Middle, TICK_SIZE, label);
    }
    let x_title = figure.x_title.as_deref().unwrap_or("Set value");
    let x_title = axis::title(x_title, &curve.x_unit.pretty(), x.exponent);
    let middle = 0.5 * (ends.0 + ends.1);
    let mut bottom = y.from + 40.0;
    for line in font::wrap(&x_title, TEXT_SIZE, ends.1 - ends.0) {
        scene.text((middle, bottom), Anchor::Middle, TEXT_SIZE, &line);
        bottom += TEXT_SIZE * 1.25;
    }
    scene.height = bottom;
    Some(scene)
}

fn curve(result: &RunResult, measure: &Measure) -> Option<Curve> {
    let arms = &result.scenario.arms;
    let x_unit = arms.iter().find_map(|arm| arm.x.as_ref())?.1.clone();
    let place = |at: usize| {
        let (x, unit) = arms[at].x.as_ref()?;
        Some(x * unit.ratio_to(&x_unit)?)
    };
    let mut points: Vec<(f64, f64)> = (0..arms.len())
        .filter_map(|at| {
            let y = evaluate(measure, &result.program, &result.arms, at).ok()?;
            Some((place(at)?, y))
        })
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let same = |other: &Measure| other.first == measure.first && other.second == measure.second;
    // Numbers that a prototype printed are regressions, not physiology: they stay out of the picture.
    let published = result
        .scenario
        .expectations
        .iter()
        .filter(|e| same(&e.measure) && e.role != ExpectationRole::Port);
    let expected = published
        .filter(|e| e.low.is_finite() && e.high.is_finite())
        .filter_map(|e| {
            let factor = e.unit.ratio_to(&measure.unit)?;
            Some((place(e.arm)?, e.low * factor, e.high * factor))
        })
        .collect();
    (!points.is_empty()).then_some(Curve {
        points,
        expected,
        x_unit,
    })
}

fn entries(curve: &Curve) -> Vec<Entry> {
    if curve.expected.is_empty() {
        return Vec::new();
    }
    vec![
        Entry {
            sample: Sample::Dotted(arm_stroke(0)),
            name: "model, one dot per arm".to_string(),
        },
        Entry {
            sample: Sample::Range(EXPECTED),
            name: "published range".to_string(),
        },
    ]
}

fn draw(scene: &mut Scene, curve: &Curve, x: &Axis, y: &Axis) {
    for (at, low, high) in &curve.expected {
        let ends = (y.place(*high), y.place(*low));
        spread(scene, x.place(*at), ends, Stroke::solid(EXPECTED, 1.8));
    }
    let places: Vec<(f64, f64)> = curve
        .points
        .iter()
        .map(|(a, b)| (x.place(*a), y.place(*b)))
        .collect();
    scene.line(places.clone(), arm_stroke(0));
    for place in places {
        dot(scene, place, arm_colour(0));
    }
}
