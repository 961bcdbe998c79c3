//! One Rodas5P step for `W` lanes, each with its own t and h.

use super::rodas5p::{A, C, D, GAMMA, H, NODE};
use crate::engine::System;
use crate::engine::linear::Symbolic;

/// Everything a worker needs for stepping; allocated once.
pub struct Stepper<'s, const W: usize, S> {
    system: &'s S,
    symbolic: &'s Symbolic,
    pub y: Vec<[f64; W]>,
    pub y_new: Vec<[f64; W]>,
    pub error: Vec<[f64; W]>,
    /// Dense output of the last step.
    dense: [Vec<[f64; W]>; 3],
    stages: [Vec<[f64; W]>; 8],
    rates: Vec<[f64; W]>,
    time_derivative: Vec<[f64; W]>,
    jacobian: Vec<[f64; W]>,
    lu: Vec<[f64; W]>,
    work: Vec<[f64; W]>,
    pub scratch: Vec<[f64; W]>,
}

impl<'s, const W: usize, S: System<W>> Stepper<'s, W, S> {
    pub fn new(system: &'s S, symbolic: &'s Symbolic) -> Self {
        let n = system.state_count();
        let zeros = || vec![[0.0; W]; n];
        Self {
            system,
            symbolic,
            y: zeros(),
            y_new: zeros(),
            error: zeros(),
            dense: std::array::from_fn(|_| zeros()),
            stages: std::array::from_fn(|_| zeros()),
            rates: zeros(),
            time_derivative: zeros(),
            jacobian: vec![[0.0; W]; system.jacobian_pattern().column.len()],
            lu: vec![[0.0; W]; symbolic.len()],
            work: zeros(),
            scratch: vec![[0.0; W]; system.scratch_len()],
        }
    }

    /// Tries a step of `h` from `t`: fills `y_new`, `error` and the dense output. Returns the state
    /// whose pivot vanished, per lane.
    pub fn step(&mut self, t: &[f64; W], h: &[f64; W]) -> [Option<usize>; W] {
        let n = self.y.len();
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
        self.y_new.copy_from_slice(&self.y);
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
            let (done, rest) = self.stages.split_at_mut(stage);
            let right = &mut rest[0];
            for i in 0..n {
                let mut sum = [0.0; W];
                for (j, earlier) in done.iter().enumerate() {
                    for lane in 0..W {
                        sum[lane] += C[stage][j] * earlier[i][lane];
                    }
                }
                for lane in 0..W {
                    right[i][lane] = self.rates[i][lane]
                        + sum[lane] / h[lane]
                        + h[lane] * D[stage] * self.time_derivative[i][lane];
                }
            }
            self.symbolic.solve(&self.lu, right, &mut self.work);
        }
        for i in 0..n {
            for lane in 0..W {
                self.y_new[i][lane] += self.stages[7][i][lane];
            }
        }
        self.error.copy_from_slice(&self.stages[7]);
        singular
    }

    /// `y_new` = the point at which a stage is evaluated.
    fn stage_value(&mut self, stage: usize) {
        for i in 0..self.y.len() {
            let mut value = self.y[i];
            if stage < 6 {
                for j in 0..stage {
                    for lane in 0..W {
                        value[lane] += A[stage][j] * self.stages[j][i][lane];
                    }
                }
            } else {
                // Stages 7 and 8 start from the stage before, plus its increment.
                value = self.y_new[i];
                for lane in 0..W {
                    value[lane] += self.stages[stage - 1][i][lane];
                }
            }
            self.y_new[i] = value;
        }
    }

    /// Prepares the dense output of the step just made.
    pub fn prepare_dense(&mut self) {
        for (row, weights) in H.iter().enumerate() {
            for i in 0..self.y.len() {
                let mut sum = [0.0; W];
                for (stage, weight) in self.stages.iter().zip(weights) {
                    for lane in 0..W {
                        sum[lane] += weight * stage[i][lane];
                    }
                }
                self.dense[row][i] = sum;
            }
        }
    }

    /// One lane's state at the share θ of the step.
    pub fn interpolate(&self, lane: usize, theta: f64, out: &mut [f64]) {
        let rest = 1.0 - theta;
        for (i, out) in out.iter_mut().enumerate() {
            let [k0, k1, k2] = [0, 1, 2].map(|row| self.dense[row][i][lane]);
            let (old, new) = (self.y[i][lane], self.y_new[i][lane]);
            *out = rest * old + theta * (new + rest * (k0 + theta * (k1 + theta * k2)));
        }
    }
}
