use myoflux::compile::{Program, compile};
use myoflux::diagnostics::{Sources, render};
use myoflux::engine::System;
use myoflux::model::load::load_model;
use myoflux::model::{InputKind, Model};
use myoflux::scenario::initial::declared;

use crate::model_names;

/// Uniform on [0, 1), the same everywhere (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A factor between 1/3 and 3.
    fn factor(&mut self) -> f64 {
        3f64.powf(2.0 * self.next() - 1.0)
    }
}

struct Point {
    t: f64,
    y: Vec<f64>,
    scratch: Vec<[f64; 1]>,
}

/// Parameters and inputs as declared but shaken, states around their initial values.
fn point(model: &Model, program: &Program, random: &mut Random) -> Point {
    let parameters: Vec<f64> = model
        .parameters
        .iter()
        .map(|p| {
            if p.value.is_nan() {
                random.factor()
            } else {
                p.value
            }
        })
        .collect();
    let inputs: Vec<f64> = model
        .inputs
        .iter()
        .map(|input| match input.kind {
            InputKind::Rate { default: 0.0 } => 0.5 * random.next(),
            InputKind::Rate { default } => default * random.factor(),
            InputKind::Bolus { .. } => 0.0,
        })
        .collect();
    let start = declared(model, program, &parameters);
    let y = model
        .states
        .iter()
        .zip(&start)
        .map(|(state, value)| (value.abs() + 0.1 * state.scale) * random.factor());
    let mut y: Vec<f64> = y.collect();
    y.resize(program.engine_states(), 0.0);
    let mut scratch = vec![[0.0]; System::<1>::scratch_len(program)];
    System::<1>::set_parameters(program, 0, &parameters, &mut scratch);
    System::<1>::set_inputs(program, 0, &inputs, &mut scratch);
    let t = 86_400.0 * random.next();
    Point { t, y, scratch }
}

fn rates(program: &Program, point: &mut Point, y: &[f64]) -> Vec<f64> {
    let y: Vec<[f64; 1]> = y.iter().map(|value| [*value]).collect();
    let mut rates = vec![[0.0]; y.len()];
    System::<1>::rates(program, &[point.t], &y, &mut rates, &mut point.scratch);
    rates.into_iter().map(|[rate]| rate).collect()
}

/// Every entry, row by row, dense.
fn jacobian(program: &Program, point: &mut Point) -> Vec<Vec<f64>> {
    let n = point.y.len();
    let pattern = System::<1>::jacobian_pattern(program).clone();
    let y: Vec<[f64; 1]> = point.y.iter().map(|value| [*value]).collect();
    let (mut rates, mut unused) = (vec![[0.0]; n], vec![[0.0]; n]);
    let mut entries = vec![[0.0]; pattern.column.len()];
    System::<1>::linearise(
        program,
        &[point.t],
        &y,
        &mut rates,
        &mut entries,
        &mut unused,
        &mut point.scratch,
    );
    let mut dense = vec![vec![0.0; n]; n];
    for i in 0..n {
        for k in pattern.row_start[i] as usize..pattern.row_start[i + 1] as usize {
            dense[i][pattern.column[k] as usize] = entries[k][0];
        }
    }
    dense
}

/// Claim: ∂f/∂y of every shipped model is the derivative of its rates, at random states, entries outside
/// the pattern included (they must be zero).
/// Tolerance: of a central difference with a step of 1e-6 of the state: 1e-4 of the entry, plus the
/// round-off of f over the step.
#[test]
fn every_jacobian_equals_finite_differences() {
    for name in model_names() {
        let mut sources = Sources::default();
        let model = load_model("models".as_ref(), &name, &mut sources)
            .unwrap_or_else(|problems| panic!("{}", render(&problems, &sources, false)));
        let program = compile(&model);
        let mut random = Random(20_261_124);
        let (mut checked, mut off) = (0, Vec::new());
        for _ in 0..5 {
            let mut point = point(&model, &program, &mut random);
            let exact = jacobian(&program, &mut point);
            let here = point.y.clone();
            let size = rates(&program, &mut point, &here);
            // A sum of large terms that nearly cancel rounds by the terms, not by their sum.
            let terms = |row: &Vec<f64>| -> f64 {
                row.iter()
                    .zip(&here)
                    .map(|(slope, y)| (slope * y).abs())
                    .sum()
            };
            let mut terms: Vec<f64> = exact.iter().map(terms).collect();
            // What an accumulator counts may cancel altogether: it rounds by the largest flux it could count.
            let most = terms.iter().copied().fold(0.0, f64::max);
            terms[model.states.len()..]
                .iter_mut()
                .for_each(|own| *own += 1e-4 * most);
            for j in 0..model.states.len() {
                let step = 1e-6 * here[j];
                let (mut up, mut down) = (here.clone(), here.clone());
                up[j] += step;
                down[j] -= step;
                let width = up[j] - down[j];
                let high = rates(&program, &mut point, &up);
                let low = rates(&program, &mut point, &down);
                for i in 0..here.len() {
                    let difference = (high[i] - low[i]) / width;
                    let noise = 1e-14 * (size[i].abs() + terms[i]) / width;
                    let gap = (difference - exact[i][j]).abs();
                    checked += 1;
                    let fits = gap <= 1e-4 * exact[i][j].abs() + noise.abs();
                    if !fits {
                        let row = model.states.get(i).map_or("an accumulator", |s| &s.name);
                        off.push(format!(
                            "{name}: d({row})/d({}) is {}, differences give {difference}",
                            model.states[j].name, exact[i][j]
                        ));
                    }
                }
            }
        }
        assert!(
            off.is_empty(),
            "{} of {checked}:\n{}",
            off.len(),
            off.join("\n")
        );
    }
}
