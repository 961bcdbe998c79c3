//! Steady states: damped Newton on the scaled system, pseudo-transient continuation where it fails
//! (Kelley & Keyes 1998, *SIAM J. Numer. Anal.* 35, 508).

use super::columns::Columns;
use super::linear::pivoted;
use super::{Failure, Row, Share, System};

/// States that are nudged side by side.
const SIDE: usize = 8;

struct Problem<'a, S> {
    system: &'a S,
    habit: &'a [Share],
    rows: &'a [Row],
    scale: &'a [f64],
    /// States that are solved for, ascending; the others, such as accumulators, hold their value from the
    /// start.
    free: Vec<usize>,
    /// Where each state is among the free ones.
    place: Vec<Option<usize>>,
    /// States that no step may bring below a tenth of what they were, and so never below zero.
    above_zero: Vec<bool>,
    scratch: Vec<[f64; 1]>,
    /// The same for nudges side by side; empty where no row asks for an observable.
    wide: Columns<SIDE>,
}

/// Largest residual, relative to scale and time scale, that counts as solved.
const SOLVED: f64 = 1e-12;

impl<'a, S: System<1> + System<SIDE>> Problem<'a, S> {
    fn new(system: &'a S, habit: &'a [Share], rows: &'a [Row], scale: &'a [f64]) -> Self {
        let solved = |i: &usize| !matches!(rows[*i], Row::Hold(_));
        let free: Vec<usize> = (0..rows.len()).filter(solved).collect();
        let mut place = vec![None; rows.len()];
        for (at, &i) in free.iter().enumerate() {
            place[i] = Some(at);
        }
        Problem {
            system,
            habit,
            rows,
            scale,
            free,
            place,
            above_zero: vec![false; rows.len()],
            scratch: vec![[0.0]; System::<1>::scratch_len(system)],
            wide: Columns::zeros(0),
        }
    }

    fn n(&self) -> usize {
        self.rows.len()
    }

    /// Mean rates over the habit.
    fn mean_rates(&mut self, y: &[[f64; 1]]) -> Vec<f64> {
        let mut sum = vec![0.0; self.n()];
        let mut rates = vec![[0.0]; self.n()];
        for Share { share, inputs } in self.habit {
            self.system.set_inputs(0, inputs, &mut self.scratch);
            self.system.rates(&[0.0], y, &mut rates, &mut self.scratch);
            for (sum, [rate]) in sum.iter_mut().zip(&rates) {
                *sum += share * rate;
            }
        }
        self.set_first_inputs();
        sum
    }

    /// Observables are read where the habit begins.
    fn set_first_inputs(&mut self) {
        let inputs = &self.habit[0].inputs;
        self.system.set_inputs(0, inputs, &mut self.scratch);
    }

    /// [`Problem::mean_rates`], and the entries of their Jacobian.
    fn mean_slopes(&mut self, y: &[[f64; 1]]) -> (Vec<f64>, Vec<f64>) {
        let (n, entries) = (
            self.n(),
            System::<1>::jacobian_pattern(self.system).column.len(),
        );
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
        self.set_first_inputs();
        sums
    }

    /// Values of the observables that rows ask for, in the order of the rows.
    fn observe(&mut self, y: &[[f64; 1]]) -> Vec<f64> {
        let mut values = vec![[0.0]; System::<1>::observable_count(self.system)];
        self.system
            .observe(&[0.0], y, &mut values, &mut self.scratch);
        let asked = self.rows.iter().filter_map(|row| match row {
            Row::Observable { index, .. } => Some(values[*index][0]),
            _ => None,
        });
        asked.collect()
    }

    /// Those values, and by how much each changes with every free state (scaled): one look at the
    /// system per state serves all of them, and [`SIDE`] states share one look.
    fn observed(&mut self, y: &[[f64; 1]]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let asked = self.rows.iter().filter_map(|row| match row {
            Row::Observable { index, .. } => Some(*index),
            _ => None,
        });
        let asked: Vec<usize> = asked.collect();
        if asked.is_empty() {
            return (Vec::new(), Vec::new());
        }
        let now = self.observe(y);
        let mut moved: Columns<SIDE> = Columns::zeros(y.len());
        for (slot, [value]) in moved.iter_mut().zip(y) {
            *slot = [*value; SIDE];
        }
        let mut values: Columns<SIDE> =
            Columns::zeros(System::<SIDE>::observable_count(self.system));
        let mut slopes = Vec::with_capacity(self.free.len());
        for group in self.free.chunks(SIDE) {
            let step = |j: usize| 1e-7 * self.scale[j].max(y[j][0].abs());
            for (lane, &j) in group.iter().enumerate() {
                moved[j][lane] += step(j);
            }
            self.system
                .observe(&[0.0; SIDE], &moved, &mut values, &mut self.wide);
            for (lane, &j) in group.iter().enumerate() {
                let there = asked.iter().map(|index| values[*index][lane]);
                let slope = there.zip(&now);
                slopes.push(
                    slope
                        .map(|(a, b)| (a - b) / step(j) * self.scale[j])
                        .collect(),
                );
                moved[j][lane] = y[j][0];
            }
        }
        (now, slopes)
    }

    /// Residual and Jacobian over the free states, rows scaled so that each is of order one, and the size
    /// that each row was divided by.
    fn linearise(&mut self, y: &[[f64; 1]]) -> Linear {
        let (rates, values) = self.mean_slopes(y);
        self.linear(y, &rates, &values)
    }

    fn linear(&mut self, y: &[[f64; 1]], rates: &[f64], values: &[f64]) -> Linear {
        let n = self.free.len();
        let mut linear = Linear {
            residual: Vec::with_capacity(n),
            jacobian: Vec::with_capacity(n),
            sizes: Vec::with_capacity(n),
        };
        let (now, slopes) = self.observed(y);
        let mut markers = 0;
        for &i in &self.free {
            let (mut residual, mut row) = match &self.rows[i] {
                Row::Observable { value, .. } => {
                    let of_marker = slopes.iter().map(|slope| slope[markers]).enumerate();
                    let row = of_marker.filter(|(_, slope)| *slope != 0.0).collect();
                    markers += 1;
                    (now[markers - 1] - value, row)
                }
                Row::Hold(value) => (y[i][0] - value, Vec::new()),
                Row::Steady => (rates[i], self.slopes(i, values)),
                Row::Total { weights, value } => {
                    let scaled =
                        |(j, w): &(usize, f64)| Some((self.place[*j]?, w * self.scale[*j]));
                    let mut row: pivoted::Row = weights.iter().filter_map(scaled).collect();
                    row.sort_unstable_by_key(|(at, _)| *at);
                    (total(weights, y) - value, row)
                }
            };
            let size = row.iter().fold(0.0f64, |most, (_, x)| most.max(x.abs()));
            let size = if size > 0.0 && size.is_finite() {
                size
            } else {
                1.0
            };
            residual /= size;
            for (_, value) in &mut row {
                *value /= size;
            }
            linear.residual.push(residual);
            linear.jacobian.push(row);
            linear.sizes.push(size);
        }
        linear
    }

    /// Derivatives of a state's mean rate by the free states, scaled.
    fn slopes(&self, i: usize, values: &[f64]) -> pivoted::Row {
        let pattern = System::<1>::jacobian_pattern(self.system);
        let entries = pattern.row_start[i] as usize..pattern.row_start[i + 1] as usize;
        let scaled = |k: usize| {
            let j = pattern.column[k] as usize;
            Some((self.place[j]?, values[k] * self.scale[j]))
        };
        entries.filter_map(scaled).collect()
    }

    /// The largest scaled residual of a trial, its rows divided by these sizes: no slope is needed to judge
    /// a step.
    fn residual(&mut self, y: &[[f64; 1]], sizes: &[f64]) -> f64 {
        let rates = self.mean_rates(y);
        let observed = self
            .rows
            .iter()
            .any(|r| matches!(r, Row::Observable { .. }));
        let now = if observed {
            self.observe(y)
        } else {
            Vec::new()
        };
        let mut markers = now.iter();
        let mut most = 0.0f64;
        for (&i, size) in self.free.iter().zip(sizes) {
            let left = match &self.rows[i] {
                Row::Hold(value) => y[i][0] - value,
                Row::Steady => rates[i],
                Row::Total { weights, value } => total(weights, y) - value,
                Row::Observable { value, .. } => markers.next().map_or(f64::NAN, |now| now - value),
            };
            if !left.is_finite() {
                return f64::NAN;
            }
            most = most.max((left / size).abs());
        }
        most
    }

    /// `y` moved by a share of a scaled step.
    fn moved(&self, y: &[[f64; 1]], step: &[f64], share: f64) -> Vec<[f64; 1]> {
        let mut moved = y.to_vec();
        for (at, &j) in self.free.iter().enumerate() {
            moved[j][0] += share * step[at] * self.scale[j];
            if self.above_zero[j] && y[j][0] > 0.0 {
                moved[j][0] = moved[j][0].max(0.1 * y[j][0]);
            }
        }
        moved
    }
}

/// Equations at a state.
struct Linear {
    residual: Vec<f64>,
    jacobian: Vec<pivoted::Row>,
    sizes: Vec<f64>,
}

/// The largest of some numbers whatever their sign; NaN if one is.
fn largest(values: &[f64]) -> f64 {
    let larger = |most: f64, x: &f64| match most.is_nan() || x.is_nan() {
        true => f64::NAN,
        false => most.max(x.abs()),
    };
    values.iter().fold(0.0, larger)
}

fn total(weights: &[(usize, f64)], y: &[[f64; 1]]) -> f64 {
    weights.iter().map(|(j, w)| w * y[*j][0]).sum()
}

/// Solves for the state whose mean rates are zero when inputs alternate among `habit`, each for its share
/// of the time: Newton with damping, pseudo-transient continuation where Newton fails.
/// Rates are averaged, not inputs, so that what acts only above a threshold counts for the time it acts.
/// Observables are read at the first share. `scale`: natural size of each state, for the norm.
///
/// # Errors
/// [`Failure::NoEquilibrium`] naming the state that drifts most.
pub fn equilibrium<S: System<1> + System<SIDE>>(
    system: &S,
    parameters: &[f64],
    habit: &[Share],
    guess: &[f64],
    rows: &[Row],
    scale: &[f64],
) -> Result<Vec<f64>, Failure> {
    let mut problem = prepared(system, parameters, habit, rows, scale);
    let start = started(guess, rows);
    if let Some(y) = newton(&mut problem, start.clone(), &FAR) {
        return Ok(y);
    }
    let near = pseudo_transient(&mut problem, start);
    if let Some(y) = newton(&mut problem, near.clone(), &FAR) {
        return Ok(y);
    }
    let residual = problem.linearise(&near).residual;
    let rates = problem.mean_rates(&near);
    let worst = residual.iter().zip(&problem.free);
    let worst = worst.max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()));
    let state = worst.map_or(0, |(_, i)| *i);
    Err(Failure::NoEquilibrium {
        state: state as u32,
        drift: rates[state],
    })
}

/// [`equilibrium`] by Newton alone: quick, also to say that it leads nowhere.
pub fn equilibrium_directly<S: System<1> + System<SIDE>>(
    system: &S,
    parameters: &[f64],
    habit: &[Share],
    guess: &[f64],
    rows: &[Row],
    scale: &[f64],
) -> Option<Vec<f64>> {
    let mut problem = prepared(system, parameters, habit, rows, scale);
    newton(&mut problem, started(guess, rows), &FAR)
}

/// Solves the same equations from a guess that is near, with steps that keep every state above zero that is
/// there and not `signed`: saturable rates have a pole and further roots below. `None` where that leads
/// nowhere.
pub fn equilibrium_near<S: System<1> + System<SIDE>>(
    system: &S,
    parameters: &[f64],
    habit: &[Share],
    guess: &[f64],
    rows: &[Row],
    scale: &[f64],
    signed: &[bool],
) -> Option<Vec<f64>> {
    let mut problem = prepared(system, parameters, habit, rows, scale);
    for (slot, signed) in problem.above_zero.iter_mut().zip(signed) {
        *slot = !signed;
    }
    newton(&mut problem, started(guess, rows), &NEAR)
}

fn prepared<'a, S: System<1> + System<SIDE>>(
    system: &'a S,
    parameters: &[f64],
    habit: &'a [Share],
    rows: &'a [Row],
    scale: &'a [f64],
) -> Problem<'a, S> {
    let mut problem = Problem::new(system, habit, rows, scale);
    let inputs = &habit[0].inputs;
    system.set_parameters(0, parameters, &mut problem.scratch);
    system.set_inputs(0, inputs, &mut problem.scratch);
    if rows.iter().any(|row| matches!(row, Row::Observable { .. })) {
        problem.wide = Columns::zeros(System::<SIDE>::scratch_len(system));
        for lane in 0..SIDE {
            System::<SIDE>::set_parameters(system, lane, parameters, &mut problem.wide);
            System::<SIDE>::set_inputs(system, lane, inputs, &mut problem.wide);
        }
    }
    problem
}

/// The guess, with held states at what they hold.
fn started(guess: &[f64], rows: &[Row]) -> Vec<[f64; 1]> {
    let held = |(value, row): (&f64, &Row)| match row {
        Row::Hold(kept) => [*kept],
        _ => [*value],
    };
    guess.iter().zip(rows).map(held).collect()
}

/// Rates at a state, averaged over a habit as in [`equilibrium`]: how fast each state
/// drifts, its unit per second.
pub fn mean_rates<S: System<1> + System<SIDE>>(
    system: &S,
    parameters: &[f64],
    habit: &[Share],
    y: &[f64],
) -> Vec<f64> {
    let rows = vec![Row::Steady; y.len()];
    let mut problem = Problem::new(system, habit, &rows, &[]);
    system.set_parameters(0, parameters, &mut problem.scratch);
    let y: Vec<[f64; 1]> = y.iter().map(|value| [*value]).collect();
    problem.mean_rates(&y)
}

/// How long Newton tries: rounds, and the smallest share of a step.
struct Patience {
    rounds: u32,
    least: f64,
}

const FAR: Patience = Patience {
    rounds: 60,
    least: 1e-6,
};
/// A near guess that needs more than this is not near: the caller comes closer.
const NEAR: Patience = Patience {
    rounds: 25,
    least: 1e-2,
};

/// Scaled step of a pseudo-transient that counts as none.
const CALM: f64 = 0.03;

fn newton<S: System<1> + System<SIDE>>(
    problem: &mut Problem<'_, S>,
    mut y: Vec<[f64; 1]>,
    patience: &Patience,
) -> Option<Vec<f64>> {
    let mut solved = 0;
    for _ in 0..patience.rounds {
        let at = problem.linearise(&y);
        let size = largest(&at.residual);
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
        let right = at.residual.iter().map(|left| -left).collect();
        let step = pivoted::solve(at.jacobian, right)?;
        let mut share = 1.0;
        loop {
            let trial = problem.moved(&y, &step, share);
            let left = problem.residual(&trial, &at.sizes);
            if left.is_finite() && (left < size || size < 1e-9) {
                y = trial;
                break;
            }
            share *= 0.5;
            if share < patience.least {
                return (size < 1e-9).then(|| y.iter().map(|[v]| *v).collect());
            }
        }
    }
    let left = largest(&problem.linearise(&y).residual);
    (left < 1e-9).then(|| y.iter().map(|[v]| *v).collect())
}

/// Implicit Euler with growing steps on the steady rows; the others are met at every step.
fn pseudo_transient<S: System<1> + System<SIDE>>(
    problem: &mut Problem<'_, S>,
    mut y: Vec<[f64; 1]>,
) -> Vec<[f64; 1]> {
    let mut h = 1e-3;
    for _ in 0..400 {
        let (rates, values) = problem.mean_slopes(&y);
        let at = problem.linear(&y, &rates, &values);
        let mut matrix = at.jacobian;
        let mut right: Vec<f64> = at.residual.iter().map(|left| -left).collect();
        for (at, &i) in problem.free.iter().enumerate() {
            if problem.rows[i] != Row::Steady {
                continue;
            }
            // I − h·J, and the state's own place even where its rate does not read it.
            let mut row = problem.slopes(i, &values);
            for (_, value) in &mut row {
                *value *= -h / problem.scale[i];
            }
            match row.binary_search_by_key(&at, |(k, _)| *k) {
                Ok(own) => row[own].1 += 1.0,
                Err(own) => row.insert(own, (at, 1.0)),
            }
            matrix[at] = row;
            right[at] = h * rates[i] / problem.scale[i];
        }
        let Some(step) = pivoted::solve(matrix, right) else {
            h *= 0.1;
            continue;
        };
        let length = largest(&step);
        if length > 1.0 && h > 1e-9 {
            h *= 0.3;
            continue;
        }
        // Rows that are met at every step know no h: what they ask for is taken in parts.
        y = problem.moved(&y, &step, (1.0 / length).min(1.0));
        // Where nothing moves, nothing is lost by larger steps.
        h *= if length < CALM { 8.0 } else { 2.0 };
        if h > 1e13 {
            break;
        }
    }
    y
}
