//! Response curves: a record against a factor. Where several members share a place, their median and a pale
//! band from 5 to 95 %.

use std::collections::BinaryHeap;
use std::path::Path;

use super::data::{Scale, rows};
use super::grid;
use crate::report::drawing::Scene;
use crate::report::figure::axis::{self, Axis};
use crate::report::figure::legend::{Entry, Sample, dot};
use crate::report::figure::style::*;
use crate::report::words;
use crate::study::design::random;
use crate::study::sweep::{Figure, Sweep};

/// As many values of one place as quantiles are taken from.
const KEPT: usize = 2000;

/// Values of one place; of very many, a fair sample that does not depend on their order.
#[derive(Default, Clone)]
pub struct Sampled(BinaryHeap<(u64, u64)>);

impl Sampled {
    pub fn add(&mut self, member: u64, value: f64) {
        self.0.push((random::mix(member), value.to_bits()));
        if self.0.len() > KEPT {
            self.0.pop();
        }
    }

    pub fn quantiles<const N: usize>(&self, shares: [f64; N]) -> Option<[f64; N]> {
        let mut values: Vec<f64> = self
            .0
            .iter()
            .map(|(_, bits)| f64::from_bits(*bits))
            .collect();
        values.sort_by(f64::total_cmp);
        (!values.is_empty()).then(|| shares.map(|share| quantile(&values, share)))
    }
}

/// Straight between order statistics, of ascending values.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let place = share * (values.len() - 1) as f64;
    let at = place.floor() as usize;
    let next = (at + 1).min(values.len() - 1);
    values[at] + (place - at as f64) * (values[next] - values[at])
}

/// # Errors
/// Why the table cannot be read.
pub fn scene(sweep: &Sweep, figure: &Figure, folder: &Path) -> Result<Option<Scene>, String> {
    let Figure::Curve {
        title,
        x,
        record,
        lines,
        panels,
    } = figure
    else {
        return Ok(None);
    };
    let factors: Vec<_> = sweep.design.factors().collect();
    let scale = |at: usize| Scale::of(factors[at]);
    let (sx, sl, sp) = (scale(*x), lines.map(scale), panels.map(scale));
    let line_count = sl.as_ref().map_or(1, Scale::cells);
    let panel_count = sp.as_ref().map_or(1, Scale::cells);
    let mut places = vec![Sampled::default(); panel_count * line_count * sx.cells()];
    rows(sweep, folder, |row| {
        let settings = sweep.design.settings(row.member);
        let at = |scale: &Option<Scale>, factor: &Option<usize>| match (scale, factor) {
            (Some(scale), Some(factor)) => scale.cell(factors[*factor], &settings[*factor]),
            _ => Some(0),
        };
        let cell = sx.cell(factors[*x], &settings[*x]);
        let (Some(a), Some(l), Some(p)) = (cell, at(&sl, lines), at(&sp, panels)) else {
            return;
        };
        let value = row.values[*record];
        if value.is_finite() {
            places[(p * line_count + l) * sx.cells() + a].add(row.member, value);
        }
    })?;
    let drawn: Vec<Option<[f64; 3]>> = places
        .iter()
        .map(|s| s.quantiles([0.05, 0.5, 0.95]))
        .collect();
    let range = axis::span(drawn.iter().flatten().flatten().copied());
    let spread = drawn.iter().flatten().any(|[low, _, high]| low != high);
    let record = &sweep.records[*record];
    let what = words::measure(&record.title, &sweep.model);
    let mut entries: Vec<Entry> = Vec::new();
    if let Some(lines) = &sl {
        entries.extend((0..line_count).map(|at| Entry {
            sample: Sample::Dotted(arm_stroke(at)),
            name: format!("{} {}", lines.title, lines.label(at)),
        }));
    }
    if spread {
        entries.push(Entry {
            sample: Sample::Bar(arm_colour(0), BAND_OPACITY),
            name: "5 to 95 % of the members, median as the line".to_string(),
        });
    }
    let (mut scene, grid) = grid::page(title, &entries, panel_count, 0.0);
    scene.description = format!("{what} against {}.", sx.title);
    for panel in 0..panel_count {
        let (left, top, right, bottom) = grid.panels[panel];
        let (ax, ay) = (
            sx.axis((left, right)),
            Axis::linear(range, (bottom, top), 6),
        );
        let y_title = axis::title(&what, &record.measure.unit.pretty(), ay.exponent);
        grid.axes(
            &mut scene,
            panel,
            (&ax, &ay),
            (&sx.axis_title(&ax), &y_title),
            true,
        );
        if let Some(panels) = &sp {
            grid.heading(&mut scene, panel, &panels.heading(panel));
        }
        for line in 0..line_count {
            let from = (panel * line_count + line) * sx.cells();
            let own = drawn[from..from + sx.cells()].iter().zip(&sx.centres);
            let found: Vec<(f64, [f64; 3])> = own
                .filter_map(|(quantiles, x)| {
                    Some((ax.place(*x), (*quantiles)?.map(|v| ay.place(v))))
                })
                .collect();
            if spread {
                let upper = found.iter().map(|(x, [_, _, high])| (*x, *high));
                let lower = found.iter().rev().map(|(x, [low, ..])| (*x, *low));
                scene.area(upper.chain(lower).collect(), arm_colour(line), BAND_OPACITY);
            }
            let middle: Vec<(f64, f64)> = found.iter().map(|(x, [_, m, _])| (*x, *m)).collect();
            scene.line(middle.clone(), arm_stroke(line));
            for place in middle {
                dot(&mut scene, place, arm_colour(line));
            }
        }
    }
    Ok(Some(scene))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_fair_and_knows_no_order() {
        let (mut up, mut down) = (Sampled::default(), Sampled::default());
        for member in 0..50_000u64 {
            up.add(member, member as f64);
            down.add(49_999 - member, (49_999 - member) as f64);
        }
        let quantiles = up.quantiles([0.05, 0.5, 0.95]).expect("values");
        assert_eq!(Some(quantiles), down.quantiles([0.05, 0.5, 0.95]));
        // Three standard errors of a median from 2000 of 50 000 even draws.
        assert!((quantiles[1] - 25_000.0).abs() < 3.0 * 25_000.0 / 2000f64.sqrt());
    }
}
