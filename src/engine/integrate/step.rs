//! One Rodas5P step for `W` lanes, each with its own t and h.
//!
//! Promises: nothing is allocated; a lane's results depend on that lane's numbers alone.

use super::rodas5p::{A, C, D, GAMMA, H, NODE};
use crate::engine::System;
use crate::engine::columns::Columns;
use crate::engine::instructions::widest;
use crate::engine::linear::Symbolic;

/// Everything a worker needs for stepping; allocated once.
pub struct Stepper<'s, const W: usize, S> {
    system: &'s S,
    symbolic: &'s Symbolic,
    pub y: Columns<W>,
    pub y_new: Columns<W>,
    /// Dense output of the last step.
    dense: [Columns<W>; 3],
    /// Increments; the last one is also the error estimate.
    stages: [Columns<W>; 8],
    rates: Columns<W>,
    time_derivative: Columns<W>,
    jacobian: Columns<W>,
    lu: Columns<W>,
    work: Columns<W>,
    pub scratch: Columns<W>,
}

impl<'s, const W: usize, S: System<W>> Stepper<'s, W, S> {
    pub fn new(system: &'s S, symbolic: &'s Symbolic) -> Self {
        let n = system.state_count();
        let zeros = || Columns::zeros(n);
        Self {
            system,
            symbolic,
            y: zeros(),
            y_new: zeros(),
            dense: std::array::from_fn(|_| zeros()),
            stages: std::array::from_fn(|_| zeros()),
            rates: zeros(),
            time_derivative: zeros(),
            jacobian: Columns::zeros(system.jacobian_pattern().column.len()),
            lu: Columns::zeros(symbolic.len()),
            work: zeros(),
            scratch: Columns::zeros(system.scratch_len()),
        }
    }

    /// Tries a step of `h` from `t`: fills `y_new`, the error and what dense output needs. Returns the
    /// state whose pivot vanished, per lane.
    pub fn step(&mut self, t: &[f64; W], h: &[f64; W]) -> [Option<usize>; W] {
        self.system.linearise(
            t,
            &self.y,
            &mut self.rates,
            &mut self.jacobian,
            &mut self.time_derivative,
            &mut self.scratch,
        );
        let shift = h.map(|h| 1.0 / (GAMMA * h));
        let singular = self.symbolic.factor(&self.jacobian, &shift, &mut self.lu);
        for stage in 0..8 {
            if stage > 0 {
                stage_value(stage, &self.y, &self.stages, &mut self.y_new);
                let mut at = *t;
                for lane in 0..W {
                    at[lane] += NODE[stage] * h[lane];
                }
                self.system
                    .rates(&at, &self.y_new, &mut self.rates, &mut self.scratch);
            }
            let (done, rest) = self.stages.split_at_mut(stage);
            right_side(h, done, &self.rates, &self.time_derivative, &mut rest[0]);
            self.symbolic.solve(&self.lu, &mut rest[0], &mut self.work);
        }
        add(&self.stages[7], &mut self.y_new);
        singular
    }

    /// Error estimate of the step just tried.
    pub fn error(&self) -> &[[f64; W]] {
        &self.stages[7]
    }

    /// Prepares the dense output of the step just made.
    pub fn prepare_dense(&mut self) {
        for (out, weights) in self.dense.iter_mut().zip(&H) {
            dense_row(weights, &self.stages, out);
        }
    }

    /// States at the share θ of the step, lane by lane.
    pub fn interpolate(&self, theta: &[f64; W], out: &mut [[f64; W]]) {
        interpolate(theta, &self.y, &self.y_new, &self.dense, out);
    }
}

widest! {
    /// `y_new` = the point at which a stage is evaluated.
    fn stage_value<const W: usize>(
        stage: usize,
        y: &[[f64; W]],
        stages: &[Columns<W>; 8],
        y_new: &mut [[f64; W]],
    ) {
        match stage {
            1 => weighted::<1, W>(y, &A[1], stages, y_new),
            2 => weighted::<2, W>(y, &A[2], stages, y_new),
            3 => weighted::<3, W>(y, &A[3], stages, y_new),
            4 => weighted::<4, W>(y, &A[4], stages, y_new),
            5 => weighted::<5, W>(y, &A[5], stages, y_new),
            // Stages 7 and 8 start from the stage before, plus its increment.
            _ => add(&stages[stage - 1], y_new),
        }
    }
}

/// `out = start + Σ weights[j]·stages[j]` over the first `K`: a fixed count, so that the sum stays in
/// registers.
#[inline(always)]
fn weighted<const K: usize, const W: usize>(
    start: &[[f64; W]],
    weights: &[f64],
    stages: &[Columns<W>],
    out: &mut [[f64; W]],
) {
    let n = out.len();
    let (start, terms) = (&start[..n], terms::<K, W>(stages, n));
    for i in 0..n {
        let mut value = start[i];
        for j in 0..K {
            for lane in 0..W {
                value[lane] += weights[j] * terms[j][i][lane];
            }
        }
        out[i] = value;
    }
}

#[inline(always)]
fn terms<const K: usize, const W: usize>(stages: &[Columns<W>], n: usize) -> [&[[f64; W]]; K] {
    std::array::from_fn(|j| &stages[j][..n])
}

widest! {
    /// Right-hand side of a stage: `rates + Σ C/h·stages + h·D·∂f/∂t`.
    fn right_side<const W: usize>(
        h: &[f64; W],
        done: &[Columns<W>],
        rates: &[[f64; W]],
        time_derivative: &[[f64; W]],
        out: &mut [[f64; W]],
    ) {
        match done.len() {
            0 => collect::<0, W>(h, done, rates, time_derivative, out),
            1 => collect::<1, W>(h, done, rates, time_derivative, out),
            2 => collect::<2, W>(h, done, rates, time_derivative, out),
            3 => collect::<3, W>(h, done, rates, time_derivative, out),
            4 => collect::<4, W>(h, done, rates, time_derivative, out),
            5 => collect::<5, W>(h, done, rates, time_derivative, out),
            6 => collect::<6, W>(h, done, rates, time_derivative, out),
            _ => collect::<7, W>(h, done, rates, time_derivative, out),
        }
    }
}

#[inline(always)]
fn collect<const K: usize, const W: usize>(
    h: &[f64; W],
    done: &[Columns<W>],
    rates: &[[f64; W]],
    time_derivative: &[[f64; W]],
    out: &mut [[f64; W]],
) {
    let n = out.len();
    let (rates, slope, terms) = (&rates[..n], &time_derivative[..n], terms::<K, W>(done, n));
    let (mut inverse, mut ahead) = (*h, *h);
    for lane in 0..W {
        inverse[lane] = 1.0 / h[lane];
        ahead[lane] = h[lane] * D[K];
    }
    for i in 0..n {
        let mut sum = [0.0; W];
        for j in 0..K {
            for lane in 0..W {
                sum[lane] += C[K][j] * terms[j][i][lane];
            }
        }
        for lane in 0..W {
            out[i][lane] =
                rates[i][lane] + sum[lane] * inverse[lane] + ahead[lane] * slope[i][lane];
        }
    }
}

widest! {
    fn add<const W: usize>(increment: &[[f64; W]], to: &mut [[f64; W]]) {
        for (to, increment) in to.iter_mut().zip(increment) {
            for lane in 0..W {
                to[lane] += increment[lane];
            }
        }
    }
}

widest! {
    fn dense_row<const W: usize>(
        weights: &[f64; 8],
        stages: &[Columns<W>; 8],
        out: &mut [[f64; W]],
    ) {
        let n = out.len();
        let terms = terms::<8, W>(stages, n);
        for i in 0..n {
            let mut sum = [0.0; W];
            for j in 0..8 {
                for lane in 0..W {
                    sum[lane] += weights[j] * terms[j][i][lane];
                }
            }
            out[i] = sum;
        }
    }
}

widest! {
    fn interpolate<const W: usize>(
        theta: &[f64; W],
        old: &[[f64; W]],
        new: &[[f64; W]],
        dense: &[Columns<W>; 3],
        out: &mut [[f64; W]],
    ) {
        let n = out.len();
        let (old, new, [k0, k1, k2]) = (&old[..n], &new[..n], terms::<3, W>(dense, n)
            );
        for i in 0..n {
            for lane in 0..W {
                let (theta, rest) = (theta[lane], 1.0 - theta[lane]);
                let bend = k0[i][lane] + theta * (k1[i][lane] + theta * k2[i][lane]);
                out[i][lane] = rest * old[i][lane] + theta * (new[i][lane] + rest * bend);
            }
        }
    }
}
