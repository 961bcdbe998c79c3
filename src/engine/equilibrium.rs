//! Steady states: damped Newton on the scaled system, pseudo-transient continuation where it fails
//! (Kelley & Keyes 1998, *SIAM J. Numer. Anal.* 35, 508).

use nalgebra::{DMatrix, DVector};

use super::{Failure, Row, Share, System};

struct Problem<'a, S> {
    system: &'a S,
    habit: &'a [Share],
    rows: &'a [Row],
    scale: &'a [f64],
    /// States that are solved for, ascending; the others hold their value from the start. Accumulators
    /// are half of a large model's states: leaving them out makes the dense solves eight times cheaper.
    free: Vec<usize>,
    scratch: Vec<[f64; 1]>,
}

/// Largest residual, relative to scale and time scale, that counts as solved.
const SOLVED: f64 = 1e-12;

impl<'a, S: System<1>> Problem<'a, S> {
    fn new(system: &'a S, habit: &'a [Share], rows: &'a [Row], scale: &'a [f64]) -> Self {
        let solved = |i: &usize| !matches!(rows[*i], Row::Hold(_));
        Problem {
            system,
            habit,
            rows,
            scale,
            free: (0..rows.len()).filter(solved).collect(),
            scratch: vec![[0.0]; system.scratch_len()],
        }
    }

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

    /// Residual and Jacobian over the free states, rows scaled so that each is of order one.
    fn linearise(&mut self, y: &[[f64; 1]]) -> (DVector<f64>, DMatrix<f64>) {
        let (rates, values) = self.mean_rates(y);
        let n = self.free.len();
        let mut residual = DVector::zeros(n);
        let mut jacobian = DMatrix::zeros(n, n);
        let mut row = vec![0.0; self.n()];
        for at in 0..n {
            row.fill(0.0);
            residual[at] = self.row(self.free[at], y, &rates, &values, &mut row);
            let free = self.free.iter().map(|j| row[*j]);
            let size = free.clone().fold(0.0f64, |m, x| m.max(x.abs()));
            let size = if size > 0.0 && size.is_finite() {
                size
            } else {
                1.0
            };
            residual[at] /= size;
            for (k, value) in free.enumerate() {
                jacobian[(at, k)] = value / size;
            }
        }
        (residual, jacobian)
    }

    /// One equation: returns its residual, leaves its derivatives by scaled states in `row`.
    fn row(
        &mut self,
        i: usize,
        y: &[[f64; 1]],
        rates: &[f64],
        values: &[f64],
        row: &mut [f64],
    ) -> f64 {
        match &self.rows[i] {
            Row::Hold(value) => y[i][0] - value,
            Row::Steady => {
                let pattern = self.system.jacobian_pattern();
                for k in pattern.row_start[i] as usize..pattern.row_start[i + 1] as usize {
                    let j = pattern.column[k] as usize;
                    row[j] = values[k] * self.scale[j];
                }
                rates[i]
            }
            Row::Total { weights, value } => {
                for (j, w) in weights {
                    row[*j] = w * self.scale[*j];
                }
                weights.iter().map(|(j, w)| w * y[*j][0]).sum::<f64>() - value
            }
            Row::Observable { index, value } => {
                let now = self.observe(y, *index);
                let mut moved = y.to_vec();
                for at in 0..self.free.len() {
                    let j = self.free[at];
                    let step = 1e-7 * self.scale[j].max(y[j][0].abs());
                    moved[j][0] += step;
                    row[j] = (self.observe(&moved, *index) - now) / step * self.scale[j];
                    moved[j] = y[j];
                }
                now - value
            }
        }
    }

    /// `y` moved by a share of a scaled step.
    fn moved(&self, y: &[[f64; 1]], step: &DVector<f64>, share: f64) -> Vec<[f64; 1]> {
        let mut moved = y.to_vec();
        for (at, &j) in self.free.iter().enumerate() {
            moved[j][0] += share * step[at] * self.scale[j];
        }
        moved
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
    let mut problem = Problem::new(system, habit, rows, scale);
    system.set_parameters(0, parameters, &mut problem.scratch);
    system.set_inputs(0, &habit[0].inputs, &mut problem.scratch);
    let held = |(value, row): (&f64, &Row)| match row {
        Row::Hold(kept) => [*kept],
        _ => [*value],
    };
    let start: Vec<[f64; 1]> = guess.iter().zip(rows).map(held).collect();
    if let Some(y) = newton(&mut problem, start.clone()) {
        return Ok(y);
    }
    if let Some(y) = by_degrees(system, parameters, habit, &start, rows, scale) {
        return Ok(y);
    }
    let near = pseudo_transient(&mut problem, start);
    if let Some(y) = newton(&mut problem, near.clone()) {
        return Ok(y);
    }
    let (residual, _) = problem.linearise(&near);
    let (rates, _) = problem.mean_rates(&near);
    let worst = residual.iter().zip(&problem.free);
    let worst = worst.max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()));
    let state = worst.map_or(0, |(_, i)| *i);
    Err(Failure::NoEquilibrium {
        state: state as u32,
        drift: rates[state],
    })
}

/// Moves the observables from what they are at the start to what is asked for, in parts that Newton can
/// follow. An observable may reach the state that it sets only through others (a marker that follows its
/// pool by months), and then no march in time can meet it.
fn by_degrees<S: System<1>>(
    system: &S,
    parameters: &[f64],
    habit: &[Share],
    start: &[[f64; 1]],
    rows: &[Row],
    scale: &[f64],
) -> Option<Vec<f64>> {
    const FIRST: f64 = 0.25;
    const LEAST: f64 = 1.0 / 256.0;
    let on_the_way = |way: f64| -> Vec<Row> {
        let mut problem = Problem::new(system, habit, rows, scale);
        system.set_parameters(0, parameters, &mut problem.scratch);
        system.set_inputs(0, &habit[0].inputs, &mut problem.scratch);
        let part = |row: &Row| match row {
            Row::Observable { index, value } => {
                let from = problem.observe(start, *index);
                let value = from + way * (value - from);
                Row::Observable {
                    index: *index,
                    value,
                }
            }
            other => other.clone(),
        };
        rows.iter().map(part).collect()
    };
    if !rows.iter().any(|row| matches!(row, Row::Observable { .. })) {
        return None;
    }
    let (mut y, mut way, mut part) = (start.to_vec(), 0.0, FIRST);
    while way < 1.0 {
        let next = f64::min(way + part, 1.0);
        let asked = on_the_way(next);
        let mut problem = Problem::new(system, habit, &asked, scale);
        system.set_parameters(0, parameters, &mut problem.scratch);
        system.set_inputs(0, &habit[0].inputs, &mut problem.scratch);
        match newton(&mut problem, y.clone()) {
            Some(found) => {
                y = found.into_iter().map(|value| [value]).collect();
                way = next;
            }
            None if part > LEAST => part *= 0.5,
            None => return None,
        }
    }
    Some(y.into_iter().map(|[value]| value).collect())
}

/// Mean rates at a state (see [`super::mean_rates`]).
pub fn mean_rates<S: System<1>>(
    system: &S,
    parameters: &[f64],
    habit: &[Share],
    y: &[f64],
) -> Vec<f64> {
    let rows = vec![Row::Steady; y.len()];
    let mut problem = Problem::new(system, habit, &rows, &[]);
    system.set_parameters(0, parameters, &mut problem.scratch);
    let y: Vec<[f64; 1]> = y.iter().map(|value| [*value]).collect();
    problem.mean_rates(&y).0
}

fn newton<S: System<1>>(problem: &mut Problem<'_, S>, mut y: Vec<[f64; 1]>) -> Option<Vec<f64>> {
    let (mut residual, mut jacobian) = problem.linearise(&y);
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
            let trial = problem.moved(&y, &step, share);
            let (r, j) = problem.linearise(&trial);
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
    let n = problem.free.len();
    let pattern = problem.system.jacobian_pattern().clone();
    let mut h = 1e-3;
    let mut entries = vec![0.0; problem.n()];
    for _ in 0..400 {
        let (residual, mut matrix) = problem.linearise(&y);
        let (rates, values) = problem.mean_rates(&y);
        let mut right = -residual;
        for at in (0..n).filter(|at| problem.rows[problem.free[*at]] == Row::Steady) {
            let i = problem.free[at];
            entries.fill(0.0);
            for k in pattern.row_start[i] as usize..pattern.row_start[i + 1] as usize {
                let j = pattern.column[k] as usize;
                entries[j] = -h * values[k] * problem.scale[j] / problem.scale[i];
            }
            for (k, &j) in problem.free.iter().enumerate() {
                matrix[(at, k)] = entries[j];
            }
            matrix[(at, at)] += 1.0;
            right[at] = h * rates[i] / problem.scale[i];
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
        // Rows that are met at every step know no h: what they ask for is taken in parts.
        y = problem.moved(&y, &step, (1.0 / step.amax()).min(1.0));
        h *= 2.0;
        if h > 1e13 {
            break;
        }
    }
    y
}
