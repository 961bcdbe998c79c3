//! Tables against runs between their knots: a CSV table and one figure.

use std::fmt::Write;

use crate::engine::evaluate::Table;
use crate::model::InputKind;
use crate::report::drawing::svg::{Font, svg};
use crate::report::drawing::{Anchor, Scene, font, png::png};
use crate::report::figure::axis::{self, Axis};
use crate::report::figure::legend::{self, Entry, Sample};
use crate::report::figure::panel::{label_width, value_axis};
use crate::report::figure::style::*;
use crate::study::average::Point;
use crate::study::load::{Axis as Knots, Quantity, Study};
use crate::study::module;

/// Halfway between neighbouring knots: where a table is worst.
fn halves(axis: &Knots) -> Vec<f64> {
    let pairs = axis.knots.windows(2);
    pairs.map(|pair| 0.5 * (pair[0] + pair[1])).collect()
}

/// Halfway between all rates, with the second quantity as the model declares it and halfway between its
/// knots.
pub fn points(study: &Study) -> Vec<Point> {
    let mut seconds = vec![None];
    if let Some(second) = &study.second {
        let factor = second.axis.factor;
        seconds.extend(
            halves(&second.axis)
                .into_iter()
                .map(|half| Some(half * factor)),
        );
    }
    let rates = halves(&study.rate);
    let along = |second| {
        let factor = study.rate.factor;
        let at = move |rate: &f64| Point {
            rate_hz: rate * factor,
            second,
        };
        rates.iter().map(at).collect::<Vec<_>>()
    };
    seconds.into_iter().flat_map(along).collect()
}

/// One average at one point, by the table and by its own run.
struct Pair {
    average: usize,
    /// In the tables' units.
    rate: f64,
    second: f64,
    /// As the model declares it.
    usual: bool,
    table: f64,
    resolved: f64,
}

impl Pair {
    fn off(&self) -> f64 {
        (self.table - self.resolved) / self.resolved.abs().max(1e-300)
    }
}

pub struct Compared<'a> {
    study: &'a Study,
    tables: Vec<Table>,
    pairs: Vec<Pair>,
    usual: f64,
}

impl<'a> Compared<'a> {
    /// `means`: at the study's own points; `resolved`: at `points`.
    pub fn new(
        study: &'a Study,
        means: &[Vec<f64>],
        points: &[Point],
        resolved: &[Vec<f64>],
    ) -> Compared<'a> {
        let averages = 0..study.averages.len();
        let tables: Vec<Table> = averages.map(|at| module::table(study, means, at)).collect();
        let usual = usual(study);
        let mut pairs = Vec::new();
        for (average, table) in tables.iter().enumerate() {
            for (point, values) in points.iter().zip(resolved) {
                let rate = point.rate_hz / study.rate.factor;
                let factor = study
                    .second
                    .as_ref()
                    .map_or(1.0, |second| second.axis.factor);
                let second = point.second.map_or(usual, |value| value / factor);
                pairs.push(Pair {
                    average,
                    rate,
                    second,
                    usual: point.second.is_none(),
                    table: table.value(rate, second),
                    resolved: values[average],
                });
            }
        }
        Compared {
            study,
            tables,
            pairs,
            usual,
        }
    }

    pub fn files(&self) -> Vec<(&'static str, Vec<u8>)> {
        let scene = self.scene();
        vec![
            ("compared.csv", self.csv().into_bytes()),
            (
                "figures/compared.svg",
                svg(&scene, Font::Inside).into_bytes(),
            ),
            ("figures/compared.png", png(&scene)),
        ]
    }

    /// The worst of each average, in words.
    pub fn summary(&self) -> String {
        let mut text = String::new();
        for (at, average) in self.study.averages.iter().enumerate() {
            let own = self.pairs.iter().filter(|pair| pair.average == at);
            let worst = own
                .clone()
                .max_by(|a, b| a.off().abs().total_cmp(&b.off().abs()));
            if let Some(worst) = worst {
                let unit = &self.study.rate.unit.text;
                let gap = (worst.table - worst.resolved).abs();
                let largest = own.map(|pair| pair.resolved.abs()).fold(1e-300, f64::max);
                let _ = writeln!(
                    text,
                    "  {}: off by {:.2} % at most, at {} {unit}, which is {:.2} % of its largest value",
                    average.name,
                    100.0 * worst.off().abs(),
                    worst.rate,
                    100.0 * gap / largest
                );
            }
        }
        text
    }

    fn csv(&self) -> String {
        let study = self.study;
        let second = study.second.as_ref();
        let (name, unit) = second.map_or(("", ""), |s| (&s.name, &s.axis.unit.text));
        let mut text = String::from(
            "average,unit,rate,rate_unit,second,second_value,second_unit,table,resolved,relative_difference\n",
        );
        for pair in &self.pairs {
            let average = &study.averages[pair.average];
            let _ = writeln!(
                text,
                "{},{},{},{},{name},{},{unit},{},{},{:.6}",
                average.name,
                average.unit.text,
                pair.rate,
                study.rate.unit.text,
                pair.second,
                pair.table,
                pair.resolved,
                pair.off()
            );
        }
        text
    }

    /// One panel per average: the table as a line, runs between its knots as dots.
    fn scene(&self) -> Scene {
        let study = self.study;
        let mut scene = Scene {
            width: WIDTH,
            title: study.title.clone(),
            description: "Averages from the table and from runs between its knots.".to_string(),
            ..Scene::default()
        };
        let top = legend::title(&mut scene, &study.title, 6.0);
        let mut top = legend::legend(&mut scene, &entries(), top) + 10.0;
        let names: Vec<Vec<String>> = (0..self.tables.len()).map(|at| self.name(at)).collect();
        let lines = names.iter().map(Vec::len).max().unwrap_or(1);
        let labels = (0..self.tables.len()).map(|at| label_width(&self.value_axis(at, (1.0, 0.0))));
        let left = MARGIN + lines as f64 * TEXT_SIZE * 1.25 + 18.0 + labels.fold(0.0, f64::max);
        let ends = (left, WIDTH - 2.0 * MARGIN);
        let x = Axis::linear(axis::span(study.rate.knots.iter().copied()), ends, 10);
        for (at, name) in names.iter().enumerate() {
            self.panel(&mut scene, at, &x, (top + PANEL_HEIGHT, top), name);
            top += PANEL_HEIGHT + 16.0;
        }
        for (value, label) in &x.ticks {
            scene.text(
                (x.place(*value), top + 6.0),
                Anchor::Middle,
                TICK_SIZE,
                label,
            );
        }
        let title = axis::title("Stimulation rate", &study.rate.unit.pretty(), x.exponent);
        let middle = 0.5 * (ends.0 + ends.1);
        scene.text((middle, top + 26.0), Anchor::Middle, TEXT_SIZE, &title);
        scene.height = top + 40.0;
        scene
    }

    /// Title of a panel's axis, wrapped to its height.
    fn name(&self, at: usize) -> Vec<String> {
        let average = &self.study.averages[at];
        let title = match &average.title {
            Some(title) => title.clone(),
            None => self.study.model.column_title(average.of),
        };
        let exponent = self.value_axis(at, (1.0, 0.0)).exponent;
        let title = axis::title(&title, &average.unit.pretty(), exponent);
        font::wrap(&title, TEXT_SIZE, PANEL_HEIGHT)
    }

    /// The table of an average at the usual second value, finely drawn.
    fn line(&self, at: usize) -> Vec<(f64, f64)> {
        const STEPS: u32 = 400;
        let knots = &self.study.rate.knots;
        let (low, high) = (knots[0], knots[knots.len() - 1]);
        (0..=STEPS)
            .map(|k| low + (high - low) * f64::from(k) / f64::from(STEPS))
            .map(|rate| (rate, self.tables[at].value(rate, self.usual)))
            .collect()
    }

    fn dots(&self, at: usize) -> impl Iterator<Item = (f64, f64)> {
        let shown = move |pair: &&Pair| pair.average == at && pair.usual;
        self.pairs
            .iter()
            .filter(shown)
            .map(|pair| (pair.rate, pair.resolved))
    }

    fn value_axis(&self, at: usize, ends: (f64, f64)) -> Axis {
        let values = self.line(at).into_iter().chain(self.dots(at));
        Axis::linear(axis::span(values.map(|(_, y)| y)), ends, 5)
    }

    fn panel(&self, scene: &mut Scene, at: usize, x: &Axis, ends: (f64, f64), name: &[String]) {
        let y = self.value_axis(at, ends);
        value_axis(scene, &y, (x.from, x.to), name);
        let place = |(a, b): (f64, f64)| (x.place(a), y.place(b));
        scene.line(
            self.line(at).into_iter().map(place).collect(),
            arm_stroke(0),
        );
        for dot in self.dots(at) {
            legend::dot(scene, place(dot), arm_colour(1));
        }
    }
}

fn entries() -> Vec<Entry> {
    vec![
        Entry {
            sample: Sample::Line(arm_stroke(0)),
            name: "table".to_string(),
        },
        Entry {
            sample: Sample::Point(arm_colour(1)),
            name: "pulse by pulse, between its knots".to_string(),
        },
    ]
}

/// The second quantity as the model declares it, in the table's unit; 0 without one.
fn usual(study: &Study) -> f64 {
    let Some(second) = &study.second else {
        return 0.0;
    };
    let value = match second.quantity {
        Quantity::Parameter(id) => study.model.parameters[id.index()].value,
        Quantity::Input(id) => match study.model.inputs[id.index()].kind {
            InputKind::Rate { default } => default,
            InputKind::Bolus { .. } => 0.0,
        },
    };
    value / second.axis.factor
}
