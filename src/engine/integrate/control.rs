//! Error norm and step-size control; square roots only, so that every platform takes the same steps.

use crate::engine::Options;

/// Weighs an error estimate so that 1.0 is just acceptable: the root mean square over states with a
/// finite atol of `error / (atol + rtol·max(|old|, |new|))`; and the state that resists most.
///
/// Returns NaN if any part is not a number, so that `norm <= 1.0` rejects the step.
///
/// # Source
/// Hairer, Nørsett & Wanner, *Solving Ordinary Differential Equations I*, §II.4, eq. 4.10–4.11.
pub fn norm<const W: usize>(
    lane: usize,
    error: &[[f64; W]],
    old: &[[f64; W]],
    new: &[[f64; W]],
    options: &Options,
) -> (f64, u32) {
    let mut sum = 0.0;
    let mut count = 0.0f64;
    let (mut worst, mut worst_state) = (-1.0, 0);
    for (i, atol) in options.atol.iter().enumerate() {
        let size = old[i][lane].abs().max(new[i][lane].abs());
        if !new[i][lane].is_finite() || !error[i][lane].is_finite() {
            return (f64::NAN, i as u32);
        }
        if !atol.is_finite() {
            continue;
        }
        let part = error[i][lane] / (atol + options.rtol * size);
        sum += part * part;
        count += 1.0;
        if part.abs() > worst {
            (worst, worst_state) = (part.abs(), i as u32);
        }
    }
    ((sum / count.max(1.0)).sqrt(), worst_state)
}

/// Factor for the next step: 0.9·norm^(−1/5), within 0.2 and 6.
pub fn growth(norm: f64) -> f64 {
    if !norm.is_finite() {
        return 0.2;
    }
    (0.9 / fifth_root(norm.max(1e-10))).clamp(0.2, 6.0)
}

/// x^(1/5) by Newton from a starting value that square roots give; exact to a few ulp.
fn fifth_root(x: f64) -> f64 {
    // x^(3/16) ≈ x^0.2 is near enough for quadratic convergence over the range in use.
    let fourth = x.sqrt().sqrt();
    let mut root = fourth.sqrt() * fourth.sqrt().sqrt();
    for _ in 0..12 {
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
        for x in [1e-10, 1e-4, 0.3, 1.0, 7.5, 1e6] {
            let root = fifth_root(x);
            assert!((root.powi(5) / x - 1.0).abs() < 1e-13, "{x}");
        }
    }
}
