//! Steady states: damped Newton on the scaled system, pseudo-transient continuation where it fails
//! (Kelley & Keyes 1998, *SIAM J. Numer. Anal.* 35, 508).

use nalgebra::{DMatrix, DVector};

use super::{Failure, Row, Share, System};

struct Problem<'a, S> {
    system: &'a S,
    habit: &'a [Share],
    rows: &'a [Row],
    scale: &'a [f64],
    scratch: Vec<[f64; 1]>,
}

/// Largest residual, relative to scale and time scale, that counts as solved.
const SOLVED: f64 = 1e-12;

impl<S: System<1>> Problem<'_, S> {
    fn n(&self) -> usize {
        self.rows.len()
    }

    /// Mean rates over the habit, and the entries of their Jacobian.
    fn mean_rates(&mut self, y: &[[f64; 1]]) -> (Vec<f64>, Vec<f64>) {
        let (n, entries) = (self.n(), self.system.jacobian_pattern().column.len());
        let mut sums = (vec![0.0; n], vec![0.0; entries]);
        let (mut rates, mut values) = (vec![[0.0]; n], vec![[0.0]; entries]);
        let mut unused = vec![[0.0]; n];
        for Share { share, inputs } in self.habit {
            self.system.set_inputs(0, inputs, &mut self.scratch);
            let scratch = &mut self.scratch;
            self.system
                .linearise(&[0.0], y, &mut rates, &mut values, &mut unused, scratch);
            for (sum, [rate]) in sums.0.iter_mut().zip(&rates) {
                *sum += share * rate;
            }
            for (sum, [value]) in sums.1.iter_mut().zip(&values) {
                *sum += share * value;
            }
        }
        self.system
            .set_inputs(0, &self.habit[0].inputs, &mut self.scratch);
        sums
    }

    fn observe(&mut self, y: &[[f64; 1]], index: usize) -> f64 {
        let mut values = vec![[0.0]; self.system.observable_count()];
        self.system
            .observe(&[0.0], y, &mut values, &mut self.scratch);
        values[index][0]
    }

    /// Residual and Jacobian, rows scaled so that each is of order one; `rates` beside them.
    fn linearise(&mut self, y: &[[f64; 1]]) -> (DVector<f64>, DMatrix<f64>, Vec<f64>) {
        let n = self.n();
        let pattern = self.system.jacobian_pattern().clone();
        let (rates, values) = self.mean_rates(y);
        let mut residual = DVector::zeros(n);
        let mut jacobian = DMatrix::zeros(n, n);
        for i in 0..n {
            match &self.rows[i] {
                Row::Steady => {
                    residual[i] = rates[i];
                    for k in pattern.row_start[i] as usize..pattern.row_start[i + 1] as usize {
                        let j = pattern.column[k] as usize;
                        jacobian[(i, j)] = values[k] * self.scale[j];
                    }
                }
                Row::Hold(value) => {
                    residual[i] = (y[i][0] - value) / self.scale[i];
                    jacobian[(i, i)] = 1.0;
                }
                Row::Total { weights, value } => {
                    residual[i] = weights.iter().map(|(j, w)| w * y[*j][0]).sum::<f64>() - value;
                    for (j, w) in weights {
                        jacobian[(i, *j)] = w * self.scale[*j];
                    }
                }
                Row::Observable { index, value } => {
                    let now = self.observe(y, *index);
                    residual[i] = now - value;
                    for j in 0..n {
                        let mut moved = y.to_vec();
                        let step = 1e-7 * self.scale[j].max(y[j][0].abs());
                        moved[j][0] += step;
                        let there = self.observe(&moved, *index);
                        jacobian[(i, j)] = (there - now) / step * self.scale[j];
                    }
                }
            }
            let size = jacobian.row(i).iter().fold(0.0f64, |m, x| m.max(x.abs()));
            if size > 0.0 && size.is_finite() {
                residual[i] /= size;
                for j in 0..n {
                    jacobian[(i, j)] /= size;
                }
            }
        }
        (residual, jacobian, rates)
    }
}

/// Solves for a steady state (see [`super::equilibrium()`]).
pub fn solve<S: System<1>>(
    system: &S,
    parameters: &[f64],
    habit: &[Share],
    guess: &[f64],
    rows: &[Row],
    scale: &[f64],
) -> Result<Vec<f64>, Failure> {
    let mut problem = Problem {
        system,
        habit,
        rows,
        scale,
        scratch: vec![[0.0]; system.scratch_len()],
    };
    system.set_parameters(0, parameters, &mut problem.scratch);
    system.set_inputs(0, &habit[0].inputs, &mut problem.scratch);
    let start: Vec<[f64; 1]> = guess.iter().map(|value| [*value]).collect();
    if let Some(y) = newton(&mut problem, start.clone()) {
        return Ok(y);
    }
    let near = pseudo_transient(&mut problem, start);
    if let Some(y) = newton(&mut problem, near.clone()) {
        return Ok(y);
    }
    let (residual, _, rates) = problem.linearise(&near);
    let state = residual
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))
        .map_or(0, |(i, _)| i);
    Err(Failure::NoEquilibrium {
        state: state as u32,
        drift: rates[state],
    })
}

/// Mean rates at a state (see [`super::mean_rates`]).
pub fn mean_rates<S: System<1>>(
    system: &S,
    parameters: &[f64],
    habit: &[Share],
    y: &[f64],
) -> Vec<f64> {
    let mut problem = Problem {
        system,
        habit,
        rows: &vec![Row::Steady; y.len()],
        scale: &[],
        scratch: vec![[0.0]; system.scratch_len()],
    };
    system.set_parameters(0, parameters, &mut problem.scratch);
    let y: Vec<[f64; 1]> = y.iter().map(|value| [*value]).collect();
    problem.mean_rates(&y).0
}

fn newton<S: System<1>>(problem: &mut Problem<'_, S>, mut y: Vec<[f64; 1]>) -> Option<Vec<f64>> {
    let (mut residual, mut jacobian, _) = problem.linearise(&y);
    let mut solved = 0;
    for _ in 0..60 {
        let size = residual.amax();
        if !size.is_finite() {
            return None;
        }
        if size < SOLVED {
            solved += 1;
            // Two more rounds polish to round-off.
            if solved > 2 {
                break;
            }
        }
        let step = jacobian.clone().lu().solve(&(-&residual))?;
        let mut share = 1.0;
        loop {
            let trial: Vec<[f64; 1]> = y
                .iter()
                .enumerate()
                .map(|(i, [v])| [v + share * step[i] * problem.scale[i]])
                .collect();
            let (r, j, _) = problem.linearise(&trial);
            if r.amax().is_finite() && (r.amax() < size || size < 1e-9) {
                (y, residual, jacobian) = (trial, r, j);
                break;
            }
            share *= 0.5;
            if share < 1e-6 {
                return (size < 1e-9).then(|| y.iter().map(|[v]| *v).collect());
            }
        }
    }
    (residual.amax() < 1e-9).then(|| y.iter().map(|[v]| *v).collect())
}

/// Implicit Euler with growing steps on the steady rows; the others are met at every step.
fn pseudo_transient<S: System<1>>(
    problem: &mut Problem<'_, S>,
    mut y: Vec<[f64; 1]>,
) -> Vec<[f64; 1]> {
    let n = problem.n();
    let pattern = problem.system.jacobian_pattern().clone();
    let mut h = 1e-3;
    for _ in 0..400 {
        let (residual, jacobian, _) = problem.linearise(&y);
        let (rates, values) = problem.mean_rates(&y);
        let mut matrix = jacobian;
        let mut right = -residual;
        for i in (0..n).filter(|i| problem.rows[*i] == Row::Steady) {
            for j in 0..n {
                matrix[(i, j)] = 0.0;
            }
            for k in pattern.row_start[i] as usize..pattern.row_start[i + 1] as usize {
                let j = pattern.column[k] as usize;
                matrix[(i, j)] = -h * values[k] * problem.scale[j] / problem.scale[i];
            }
            matrix[(i, i)] += 1.0;
            right[i] = h * rates[i] / problem.scale[i];
        }
        let Some(step) = matrix
            .lu()
            .solve(&right)
            .filter(|step| step.iter().all(|x| x.is_finite()))
        else {
            h *= 0.1;
            continue;
        };
        if step.amax() > 1.0 && h > 1e-9 {
            h *= 0.3;
            continue;
        }
        for i in 0..n {
            y[i][0] += step[i] * problem.scale[i];
        }
        h *= 2.0;
        if h > 1e13 {
            break;
        }
    }
    y
}
