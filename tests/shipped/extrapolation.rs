//! An integrator to check the engine's by: linearly implicit Euler, extrapolated in the step (Deuflhard 1983,
//! *Numer. Math.* 41, 399; SEULEX in Hairer & Wanner, *Solving ODEs II*, IV.9). It shares the right-hand side
//! and the sparse elimination with the engine, no formula, step or error test.

use myoflux::engine::linear::{Symbolic, Workspace};
use myoflux::engine::{Member, System};

use myoflux::compile::Program;

/// Columns of the extrapolation: substeps 2, 3, 4, ….
const COLUMNS: usize = 8;
/// s. Where a rate has a bend, an error estimate can vanish by chance: short steps leave little to chance.
const LONGEST: f64 = 120.0;

pub struct Extrapolation<'a> {
    program: &'a Program,
    symbolic: Symbolic,
    scratch: Vec<[f64; 1]>,
    rtol: f64,
    atol: Vec<f64>,
}

impl<'a> Extrapolation<'a> {
    pub fn new(program: &'a Program, member: &Member, rtol: f64, atol: Vec<f64>) -> Self {
        let n = System::<1>::state_count(program);
        let mut scratch = vec![[0.0]; System::<1>::scratch_len(program)];
        System::<1>::set_parameters(program, 0, &member.parameters, &mut scratch);
        Extrapolation {
            program,
            symbolic: Symbolic::new(n, System::<1>::jacobian_pattern(program)),
            scratch,
            rtol,
            atol,
        }
    }

    /// States at the output times of a member, in its order.
    pub fn run(&mut self, member: &Member) -> Vec<Vec<f64>> {
        let mut y: Vec<[f64; 1]> = member.y0.iter().map(|value| [*value]).collect();
        let mut inputs = member.inputs.clone();
        System::<1>::set_inputs(self.program, 0, &inputs, &mut self.scratch);
        let stops = member.breakpoints.iter().map(|b| b.t);
        let mut stops: Vec<f64> = stops.chain(member.output_times.iter().copied()).collect();
        stops.push(member.t_end);
        stops.sort_by(f64::total_cmp);
        stops.dedup();
        let (mut t, mut h) = (member.t0, 1e-3);
        let mut rows = Vec::new();
        for stop in stops {
            while t < stop {
                let last = t + h >= stop;
                let step = if last { stop - t } else { h };
                match self.step(t, &y, step) {
                    Some((next, error)) => {
                        (t, y) = (if last { stop } else { t + step }, next);
                        let grown = step * (0.5 / error).powf(1.0 / COLUMNS as f64).clamp(0.1, 4.0);
                        h = if last { h.max(grown) } else { grown }.min(LONGEST);
                    }
                    None => h = 0.3 * step,
                }
                assert!(h > 1e-9, "no step at {t} s");
            }
            for breakpoint in member.breakpoints.iter().filter(|b| b.t == stop) {
                for (input, value) in &breakpoint.inputs {
                    inputs[*input as usize] = *value;
                }
                System::<1>::set_inputs(self.program, 0, &inputs, &mut self.scratch);
                for (input, amount) in &breakpoint.boluses {
                    let (at, scratch) = (*input as usize, &mut self.scratch);
                    System::<1>::apply_bolus(self.program, 0, at, *amount, t, &mut y, scratch);
                }
                h = h.min(1e-2);
            }
            if member.output_times.contains(&stop) {
                rows.push(y.iter().map(|[value]| *value).collect());
            }
        }
        rows
    }

    /// One step, and its error relative to the tolerances; `None` if it is too long.
    fn step(&mut self, t: f64, y: &[[f64; 1]], h: f64) -> Option<(Vec<[f64; 1]>, f64)> {
        let n = y.len();
        let entries = System::<1>::jacobian_pattern(self.program).column.len();
        let (mut rates, mut jacobian) = (vec![[0.0]; n], vec![[0.0]; entries]);
        let mut by_time = vec![[0.0]; n];
        let (program, scratch) = (self.program, &mut self.scratch);
        System::<1>::linearise(
            program,
            &[t],
            y,
            &mut rates,
            &mut jacobian,
            &mut by_time,
            scratch,
        );
        let mut table: Vec<Vec<[f64; 1]>> = Vec::new();
        let mut error = f64::INFINITY;
        for column in 0..COLUMNS {
            let mut row = self.euler(t, y, h, column + 2, &jacobian)?;
            // Aitken–Neville, in place: table[k] holds the entry of order k + 1 in the row before.
            for (k, before) in table.iter_mut().enumerate() {
                let (fine, coarse) = ((column + 2) as f64, (column + 1 - k) as f64);
                let weight = 1.0 / (fine / coarse - 1.0);
                let next: Vec<[f64; 1]> = row
                    .iter()
                    .zip(before.iter())
                    .map(|([fine], [coarse])| [fine + weight * (fine - coarse)])
                    .collect();
                error = self.size(y, &next, &row);
                *before = std::mem::replace(&mut row, next);
            }
            table.push(row);
        }
        let accurate = error.is_finite() && error <= 1.0;
        accurate.then(|| (table.pop().expect("columns"), error.max(1e-12)))
    }

    /// `count` steps of the linearly implicit Euler method with the Jacobian at the start.
    fn euler(
        &mut self,
        t: f64,
        y: &[[f64; 1]],
        h: f64,
        count: usize,
        jacobian: &[[f64; 1]],
    ) -> Option<Vec<[f64; 1]>> {
        let part = h / count as f64;
        let mut matrix = Workspace::new(&self.symbolic);
        matrix.jacobian().copy_from_slice(jacobian);
        if self.symbolic.factor(&[1.0 / part], &mut matrix)[0].is_some() {
            return None;
        }
        let mut y = y.to_vec();
        for k in 1..=count {
            let at = t + part * k as f64;
            let moved = matrix.x();
            System::<1>::rates(self.program, &[at], &y, moved, &mut self.scratch);
            self.symbolic.solve(&mut matrix);
            for ([y], [moved]) in y.iter_mut().zip(matrix.x()) {
                *y += *moved;
            }
        }
        y.iter().all(|[value]| value.is_finite()).then_some(y)
    }

    /// Largest difference relative to the tolerances.
    fn size(&self, start: &[[f64; 1]], a: &[[f64; 1]], b: &[[f64; 1]]) -> f64 {
        let part = |at: usize| {
            let size = a[at][0].abs().max(start[at][0].abs());
            (a[at][0] - b[at][0]).abs() / (self.atol[at] + self.rtol * size)
        };
        (0..a.len()).map(part).fold(0.0, f64::max)
    }
}
