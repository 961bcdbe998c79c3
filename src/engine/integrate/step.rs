//! One Rodas5P step for `W` lanes, each with its own t and h.
//!
//! Promises: nothing is allocated; a lane's results depend on that lane's numbers alone.

use super::rodas5p::{A, C, D, GAMMA, H, NODE};
use crate::engine::System;
use crate::engine::columns::Columns;
use crate::engine::instructions::widest;
use crate::engine::linear::{Symbolic, Workspace};

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
    /// h·∂f/∂t.
    slope: Columns<W>,
    matrix: Workspace<W>,
    /// A factor of each lane (h, 1/h, θ), repeated for every state.
    share: Columns<W>,
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
            slope: zeros(),
            matrix: Workspace::new(symbolic),
            share: zeros(),
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
            self.matrix.jacobian(),
            &mut self.slope,
            &mut self.scratch,
        );
        let shift = h.map(|h| 1.0 / (GAMMA * h));
        let singular = self.symbolic.factor(&shift, &mut self.matrix);
        self.share.fill(*h);
        multiply::<FULL>(self.share.as_flattened(), self.slope.as_flattened_mut());
        self.share.fill(h.map(|h| 1.0 / h));
        for stage in 0..8 {
            if stage > 0 {
                self.stage_value(stage);
                let mut at = *t;
                for lane in 0..W {
                    at[lane] += NODE[stage] * h[lane];
                }
                self.system
                    .rates(&at, &self.y_new, &mut self.rates, &mut self.scratch);
            }
            self.right_side(stage);
            self.symbolic.solve(&mut self.matrix);
            self.stages[stage].copy_from_slice(self.matrix.x());
        }
        self.add_stage(7);
        singular
    }

    /// `y_new` = the point at which a stage is evaluated.
    fn stage_value(&mut self, stage: usize) {
        let (y, u) = (self.y.as_flattened(), &self.stages);
        let out = self.y_new.as_flattened_mut();
        match stage {
            1 => weighted::<FULL, 1>(y, first(&A[1]), terms(u), out),
            2 => weighted::<FULL, 2>(y, first(&A[2]), terms(u), out),
            3 => weighted::<FULL, 3>(y, first(&A[3]), terms(u), out),
            4 => weighted::<FULL, 4>(y, first(&A[4]), terms(u), out),
            5 => weighted::<FULL, 5>(y, first(&A[5]), terms(u), out),
            // Stages 7 and 8 start from the stage before, plus its increment.
            _ => self.add_stage(stage - 1),
        }
    }

    fn add_stage(&mut self, stage: usize) {
        let increment = self.stages[stage].as_flattened();
        add::<FULL>(increment, self.y_new.as_flattened_mut());
    }

    /// Right-hand side of a stage: `rates + Σ C/h·stages + h·D·∂f/∂t`.
    fn right_side(&mut self, stage: usize) {
        let done = &self.stages[..stage];
        let parts = [&self.rates, &self.share, &self.slope].map(|part| part.as_flattened());
        let (c, d, out) = (&C[stage], D[stage], self.matrix.x().as_flattened_mut());
        match stage {
            0 => right_side::<FULL, 0>(first(c), terms(done), d, parts, out),
            1 => right_side::<FULL, 1>(first(c), terms(done), d, parts, out),
            2 => right_side::<FULL, 2>(first(c), terms(done), d, parts, out),
            3 => right_side::<FULL, 3>(first(c), terms(done), d, parts, out),
            4 => right_side::<FULL, 4>(first(c), terms(done), d, parts, out),
            5 => right_side::<FULL, 5>(first(c), terms(done), d, parts, out),
            6 => right_side::<FULL, 6>(first(c), terms(done), d, parts, out),
            _ => right_side::<FULL, 7>(first(c), terms(done), d, parts, out),
        }
    }

    /// Error estimates of the step just tried: the method's own, and the coarser one of the stage before.
    pub fn errors(&self) -> [&[[f64; W]]; 2] {
        [&self.stages[7], &self.stages[6]]
    }

    /// Prepares the dense output of the step just made.
    pub fn prepare_dense(&mut self) {
        self.share.fill([0.0; W]);
        for (out, weights) in self.dense.iter_mut().zip(&H) {
            let (zero, out) = (self.share.as_flattened(), out.as_flattened_mut());
            weighted::<FULL, 8>(zero, weights, terms(&self.stages), out);
        }
    }

    /// States at the share θ of the step, lane by lane.
    pub fn interpolate(&mut self, theta: &[f64; W], out: &mut [[f64; W]]) {
        self.share.fill(*theta);
        let ends = [&self.y, &self.y_new].map(|end| end.as_flattened());
        let (share, bends) = (self.share.as_flattened(), terms(&self.dense));
        interpolate::<FULL>(share, ends, bends, out.as_flattened_mut());
    }
}

/// What follows sees states and lanes as one row of numbers, which fills vectors at any lane count.
const FULL: usize = 8;

fn terms<const K: usize, const W: usize>(stages: &[Columns<W>]) -> [&[f64]; K] {
    std::array::from_fn(|j| stages[j].as_flattened())
}

fn first<const K: usize>(weights: &[f64]) -> &[f64; K] {
    weights.first_chunk().expect("one weight per stage done")
}

widest! {
    /// `out = start + Σ weights·terms`.
    fn weighted<const W: usize, const K: usize>(
        start: &[f64],
        weights: &[f64; K],
        terms: [&[f64]; K],
        out: &mut [f64],
    ) {
        let n = out.len();
        let (start, terms) = (&start[..n], terms.map(|term| &term[..n]));
        for i in 0..n {
            let mut sum = start[i];
            for j in 0..K {
                sum += weights[j] * terms[j][i];
            }
            out[i] = sum;
        }
    }
}

widest! {
    /// `out = rates + inverse·Σ weights·terms + d·slope`.
    fn right_side<const W: usize, const K: usize>(
        weights: &[f64; K],
        terms: [&[f64]; K],
        d: f64,
        parts: [&[f64]; 3],
        out: &mut [f64],
    ) {
        let n = out.len();
        let terms = terms.map(|term| &term[..n]);
        let [rates, inverse, slope] = parts.map(|part| &part[..n]);
        for i in 0..n {
            let mut sum = 0.0;
            for j in 0..K {
                sum += weights[j] * terms[j][i];
            }
            out[i] = rates[i] + sum * inverse[i] + d * slope[i];
        }
    }
}

widest! {
    fn add<const W: usize>(increment: &[f64], to: &mut [f64]) {
        for (to, increment) in to.iter_mut().zip(increment) {
            *to += increment;
        }
    }
}

widest! {
    fn multiply<const W: usize>(by: &[f64], values: &mut [f64]) {
        for (value, by) in values.iter_mut().zip(by) {
            *value *= by;
        }
    }
}

widest! {
    fn interpolate<const W: usize>(
        share: &[f64],
        ends: [&[f64]; 2],
        bends: [&[f64]; 3],
        out: &mut [f64],
    ) {
        let n = out.len();
        let (share, [old, new]) = (&share[..n], ends.map(|end| &end[..n]));
        let [k0, k1, k2] = bends.map(|bend| &bend[..n]);
        for i in 0..n {
            let (theta, rest) = (share[i], 1.0 - share[i]);
            let bend = k0[i] + theta * (k1[i] + theta * k2[i]);
            out[i] = rest * old[i] + theta * (new[i] + rest * bend);
        }
    }
}
