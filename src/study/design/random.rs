//! Random numbers without a generator that runs along: each is a hash of what it is for, so that member
//! 17 draws the same whoever asks for it, in whatever order.

/// A well mixed word: the finalizer of SplitMix64 (Steele, Lea & Flood 2014).
pub fn mix(word: u64) -> u64 {
    let mut x = word.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// One word for a list of words; the order counts.
pub fn key(parts: &[u64]) -> u64 {
    let join = |key, part: &u64| mix(mix(key) ^ part);
    parts.iter().fold(parts.len() as u64, join)
}

/// A number above 0 and below 1.
pub fn unit(word: u64) -> f64 {
    ((word >> 12) as f64 + 0.5) / (1u64 << 52) as f64
}

/// Where place `at` of `0..count` goes in the shuffle with this key: a permutation that keeps no table.
/// Six Feistel rounds on the next power of four, walked until inside (Black & Rogaway 2002).
pub fn shuffled(at: u64, count: u64, key: u64) -> u64 {
    let bits = (u64::BITS - count.saturating_sub(1).leading_zeros()).max(2);
    let half = bits.div_ceil(2);
    let low = (1u64 << half) - 1;
    let mut place = at;
    loop {
        let (mut left, mut right) = (place >> half, place & low);
        for round in 0..6u64 {
            (left, right) = (right, left ^ (mix(key ^ mix(right | round << 40)) & low));
        }
        place = left << half | right;
        if place < count {
            return place;
        }
    }
}

/// The standard normal deviate below which a share `p` lies, to 1e-15 (Wichura 1988, *Appl. Stat.* 37,
/// 477, algorithm AS 241, PPND16). Logarithms are the engine's own: the same bits on every machine.
pub fn normal(p: f64) -> f64 {
    use crate::engine::evaluate::math::ln;
    let ratio = |x: f64, top: &[f64; 8], bottom: &[f64; 8]| {
        let sum = |terms: &[f64; 8]| terms.iter().rev().fold(0.0, |sum, term| sum * x + term);
        sum(top) / sum(bottom)
    };
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        return q * ratio(0.180625 - q * q, &A, &B);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = (-ln(tail)).sqrt();
    let size = if r <= 5.0 {
        ratio(r - 1.6, &C, &D)
    } else {
        ratio(r - 5.0, &E, &F)
    };
    if q < 0.0 { -size } else { size }
}

const A: [f64; 8] = [
    3.3871328727963666080e0,
    1.3314166789178437745e2,
    1.9715909503065514427e3,
    1.3731693765509461125e4,
    4.5921953931549871457e4,
    6.7265770927008700853e4,
    3.3430575583588128105e4,
    2.5090809287301226727e3,
];
const B: [f64; 8] = [
    1.0,
    4.2313330701600911252e1,
    6.8718700749205790830e2,
    5.3941960214247511077e3,
    2.1213794301586595867e4,
    3.9307895800092710610e4,
    2.8729085735721942674e4,
    5.2264952788528545610e3,
];
const C: [f64; 8] = [
    1.42343711074968357734e0,
    4.63033784615654529590e0,
    5.76949722146069140550e0,
    3.64784832476320460504e0,
    1.27045825245236838258e0,
    2.41780725177450611770e-1,
    2.27238449892691845833e-2,
    7.74545014278341407640e-4,
];
const D: [f64; 8] = [
    1.0,
    2.05319162663775882187e0,
    1.67638483018380384940e0,
    6.89767334985100004550e-1,
    1.48103976427480074590e-1,
    1.51986665636164571966e-2,
    5.47593808499534494600e-4,
    1.05075007164441684324e-9,
];
const E: [f64; 8] = [
    6.65790464350110377720e0,
    5.46378491116411436990e0,
    1.78482653991729133580e0,
    2.96560571828504891230e-1,
    2.65321895265761230930e-2,
    1.24266094738807843860e-3,
    2.71155556874348757815e-5,
    2.01033439929228813265e-7,
];
const F: [f64; 8] = [
    1.0,
    5.99832206555887937690e-1,
    1.36929880922735805310e-1,
    1.48753612908506148525e-2,
    7.86869131145613259100e-4,
    1.84631831751005468180e-5,
    1.42151175831644588870e-7,
    2.04426310338993978564e-15,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffle_is_a_permutation_that_shuffles() {
        for count in [1u64, 2, 3, 7, 64, 100, 1000] {
            let mut places: Vec<u64> = (0..count).map(|at| shuffled(at, count, 9)).collect();
            let moved = (0..count).zip(&places).filter(|(at, to)| at != *to).count();
            assert!(count < 64 || moved as u64 > count * 9 / 10);
            places.sort_unstable();
            assert!(places.into_iter().eq(0..count));
        }
        assert_ne!(shuffled(5, 1000, 1), shuffled(5, 1000, 2));
    }

    /// Source: quantiles of the standard normal as printed in tables: 1.959963984540054 (97.5 %),
    /// −3.090232306167813 (0.1 %), 6.361340902404056 (1 − 1e-10, from the lower tail).
    #[test]
    fn normal_deviates_agree_with_printed_quantiles() {
        for (p, z) in [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.001, -3.090_232_306_167_813),
            (1e-10, -6.361_340_902_404_056),
        ] {
            assert!(
                (normal(p) - z).abs() <= 4e-15 * z.abs().max(1.0),
                "{p}: {}",
                normal(p)
            );
        }
    }

    #[test]
    fn hashes_fill_the_unit_interval_evenly() {
        let mut counts = [0u32; 16];
        for at in 0..16_000u64 {
            counts[(unit(key(&[3, at])) * 16.0) as usize] += 1;
        }
        // Four standard deviations of a binomial with 16 000 draws and one chance in sixteen.
        assert!(
            counts.iter().all(|count| count.abs_diff(1000) < 125),
            "{counts:?}"
        );
    }
}
