//! Error norm and step-size control; square roots only, so that every platform takes the same steps.

use crate::engine::Options;
use crate::engine::evaluate::math::maximum;
use crate::engine::instructions::widest;

/// How much the difference between the stages before counts in the error test: about what it is
/// larger by where both are small, so that it speaks up only where the estimate vanishes by chance.
const COARSE: f64 = 0.1;

/// What the error test needs to know about tolerances.
#[derive(Debug, Clone)]
pub struct Weights {
    rtol: f64,
    /// One per state; infinite outside the norm.
    atol: Vec<f64>,
    /// States in the norm.
    count: f64,
}

impl Weights {
    pub fn new(options: &Options) -> Weights {
        let counted = options.atol.iter().filter(|atol| atol.is_finite()).count();
        Weights {
            rtol: options.rtol,
            atol: options.atol.clone(),
            count: counted.max(1) as f64,
        }
    }

    /// Weighs an error estimate so that 1.0 is just acceptable: for each lane the root mean square over
    /// states with a finite atol of `max(|error|, 0.1·|coarse|) / (atol + rtol·max(|old|, |new|))`.
    ///
    /// `coarse`: what the method's last but one stage adds, an estimate of lower order. Alone, the error
    /// estimate is near zero now and then in a step that jumps over a bend, and the step passes with a
    /// hundred times the error asked for: with it errors are a tenth at the same number of steps.
    ///
    /// A lane in which anything is not a number gives NaN, so that `norm <= 1.0` rejects the step.
    ///
    /// # Source
    /// Hairer, Nørsett & Wanner, *Solving Ordinary Differential Equations I*, §II.4, eq. 4.10–4.11.
    pub fn norm<const W: usize>(
        &self,
        [error, coarse]: [&[[f64; W]]; 2],
        old: &[[f64; W]],
        new: &[[f64; W]],
    ) -> [f64; W] {
        norm(self, error, coarse, old, new)
    }

    /// The state that resists most in one lane: the first that is not a number, else the one with the
    /// largest share of the norm.
    pub fn worst<const W: usize>(
        &self,
        lane: usize,
        error: &[[f64; W]],
        old: &[[f64; W]],
        new: &[[f64; W]],
    ) -> u32 {
        let (mut most, mut worst) = (-1.0, 0);
        for (i, atol) in self.atol.iter().enumerate() {
            let (error, old, new) = (error[i][lane], old[i][lane], new[i][lane]);
            if !error.is_finite() || !new.is_finite() {
                return i as u32;
            }
            let part = (error / (atol + self.rtol * old.abs().max(new.abs()))).abs();
            if part > most {
                (most, worst) = (part, i as u32);
            }
        }
        worst
    }
}

widest! {
    fn norm<const W: usize>(
        weights: &Weights,
        error: &[[f64; W]],
        coarse: &[[f64; W]],
        old: &[[f64; W]],
        new: &[[f64; W]],
    ) -> [f64; W] {
        let n = weights.atol.len();
        let (error, coarse, old, new) = (&error[..n], &coarse[..n], &old[..n], &new[..n]);
        let (mut sum, mut poison) = ([0.0; W], [0.0; W]);
        for i in 0..n {
            let atol = weights.atol[i];
            for lane in 0..W {
                let size = maximum(old[i][lane].abs(), new[i][lane].abs());
                let size_of_error = maximum(error[i][lane].abs(), COARSE * coarse[i][lane].abs());
                // An infinite atol makes this part 0.
                let part = size_of_error / (atol + weights.rtol * size);
                sum[lane] += part * part;
                // 0, or NaN where something is not finite.
                poison[lane] += 0.0 * error[i][lane] + 0.0 * new[i][lane];
            }
        }
        let mut out = poison;
        for lane in 0..W {
            out[lane] += (sum[lane] / weights.count).sqrt();
        }
        out
    }
}

/// Factor for the next step: 0.9·norm^(−1/5), within 0.2 and 6.
pub fn growth(norm: f64) -> f64 {
    if !norm.is_finite() {
        return 0.2;
    }
    // Beyond these the factor is at its limits anyway.
    (0.9 / fifth_root(norm.clamp(1e-5, 1e4))).clamp(0.2, 6.0)
}

/// x^(1/5) by Newton from a starting value that square roots give; exact to a few ulp for x in
/// 1e-5 … 1e4.
fn fifth_root(x: f64) -> f64 {
    // x^(3/16) is within 16 % of x^(1/5): five rounds of quadratic convergence are enough.
    let fourth = x.sqrt().sqrt();
    let mut root = fourth.sqrt() * fourth.sqrt().sqrt();
    for _ in 0..5 {
        let power = root * root * root * root;
        root = (4.0 * root + x / power) / 5.0;
    }
    root
}

#[cfg(test)]
mod tests {
    use super::fifth_root;

    #[test]
    fn the_fifth_root_is_one() {
        for x in [1e-5, 1e-4, 0.3, 1.0, 7.5, 1e4] {
            let root = fifth_root(x);
            assert!((root.powi(5) / x - 1.0).abs() < 1e-13, "{x}");
        }
    }
}
