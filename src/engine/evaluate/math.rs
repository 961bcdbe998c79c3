//! Elementary functions, one definition for every lane count and instruction set.
//!
//! Branch-free, so that loops over lanes become vector code; no libm, no fused multiply-add, so that
//! the bits are the same everywhere. Error bounds stand at each function and are tested.

/// 1.5·2⁵²: adding it rounds to an integer, which then sits in the low bits.
const ROUND: f64 = 6755399441055744.0;
/// 2⁵².
const TWO_52: f64 = 4503599627370496.0;
/// ln 2 in two parts; the first has 32 significant bits, so multiples of it by an exponent are exact.
const LN2_HIGH: f64 = 6.93147180369123816490e-01;
const LN2_LOW: f64 = 1.90821492927058770002e-10;

/// Smaller of two; NaN if either is.
#[inline(always)]
pub fn minimum(a: f64, b: f64) -> f64 {
    if (b < a) | b.is_nan() { b } else { a }
}

/// Larger of two; NaN if either is.
#[inline(always)]
pub fn maximum(a: f64, b: f64) -> f64 {
    if (b > a) | b.is_nan() { b } else { a }
}

/// eˣ, within 1 ulp (2 where the result is subnormal).
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    exp_sum(x, 0.0)
}

/// ln x, within 1 ulp; −∞ at 0, NaN below.
///
/// # Source
/// fdlibm `e_log.c` (Sun Microsystems 1993).
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    let (k, f) = split_exponent(x);
    let (s, r) = ln_series(f);
    let half_square = 0.5 * f * f;
    let low = s * (half_square + r) + k * LN2_LOW;
    ln_special(x, k * LN2_HIGH - ((half_square - low) - f))
}

/// xᵉ for x > 0 as e^(e·ln x), the logarithm and its product carried in two parts: within 32 ulp.
#[inline(always)]
pub fn power(x: f64, exponent: f64) -> f64 {
    let (high, low) = ln_two_parts(x);
    let (product, tail) = scale_two_parts(exponent, high, low);
    exp_sum(product, tail)
}

/// exponent·(high + low) in two parts.
#[inline(always)]
pub fn scale_two_parts(exponent: f64, high: f64, low: f64) -> (f64, f64) {
    let (product, error) = product_two_parts(exponent, high);
    let tail = error + exponent * low;
    // Where the product overflows, its error term is meaningless.
    (product, if product.abs() < 1e4 { tail } else { 0.0 })
}

/// sin x, within 1e-15 absolute for |x| < 1e9.
#[inline(always)]
pub fn sin(x: f64) -> f64 {
    let (quarter, r, tail) = reduce_quarter(x);
    circular(quarter, r, tail)
}

/// cos x, as [`sin`].
#[inline(always)]
pub fn cos(x: f64) -> f64 {
    let (quarter, r, tail) = reduce_quarter(x);
    circular(quarter.wrapping_add(1), r, tail)
}

/// tanh x, within 4 ulp: (e²ˣ − 1)/(e²ˣ + 1) with the −1 taken before rounding.
#[inline(always)]
pub fn tanh(x: f64) -> f64 {
    // Beyond 20 the result is 1 to the last bit.
    let magnitude = x.abs();
    let clipped = if magnitude > 20.0 { 20.0 } else { magnitude };
    let (n, r) = reduce_ln2(2.0 * clipped, 0.0);
    let scale = two_to(n);
    let minus_one = scale * (r + r * r * exp_series(r)) + (scale - 1.0);
    let value = minus_one / (minus_one + 2.0);
    if x < 0.0 { -value } else { value }
}

/// e^(x + tail), |tail| far below 1.
#[inline(always)]
pub fn exp_sum(x: f64, tail: f64) -> f64 {
    // Beyond these the result is ∞ or 0 anyway; comparisons leave NaN alone.
    let x = if x > 710.0 { 710.0 } else { x };
    let x = if x < -746.0 { -746.0 } else { x };
    let (n, r) = reduce_ln2(x, tail);
    let value = 1.0 + (r + r * r * exp_series(r));
    // Two halves, because 2ⁿ alone may overflow or be subnormal while the result is not.
    let half = (n * 0.5 + ROUND) - ROUND;
    value * two_to(half) * two_to(n - half)
}

/// x + tail = n·ln 2 + r.
#[inline(always)]
fn reduce_ln2(x: f64, tail: f64) -> (f64, f64) {
    let n = (x * std::f64::consts::LOG2_E + ROUND) - ROUND;
    (n, (x - n * LN2_HIGH) - (n * LN2_LOW - tail))
}

/// (eʳ − 1 − r)/r² by Taylor's series: for |r| ≤ 0.35 the first term left out is below 2⁻⁵⁵.
#[inline(always)]
fn exp_series(r: f64) -> f64 {
    const C: [f64; 12] = [
        1.0 / 2.0,
        1.0 / 6.0,
        1.0 / 24.0,
        1.0 / 120.0,
        1.0 / 720.0,
        1.0 / 5040.0,
        1.0 / 40320.0,
        1.0 / 362880.0,
        1.0 / 3628800.0,
        1.0 / 39916800.0,
        1.0 / 479001600.0,
        1.0 / 6227020800.0,
    ];
    // Pairs (Estrin) shorten the chain of dependent operations.
    let square = r * r;
    let fourth = square * square;
    let a = (C[0] + C[1] * r) + (C[2] + C[3] * r) * square;
    let b = (C[4] + C[5] * r) + (C[6] + C[7] * r) * square;
    let c = (C[8] + C[9] * r) + (C[10] + C[11] * r) * square;
    a + fourth * (b + fourth * c)
}

/// 2ⁿ for an integer −1022 ≤ n ≤ 1023.
#[inline(always)]
fn two_to(n: f64) -> f64 {
    f64::from_bits((n + (1023.0 + TWO_52)).to_bits() << 52)
}

/// x = 2ᵏ·(1 + f) with 1 + f in [√½, √2).
#[inline(always)]
fn split_exponent(x: f64) -> (f64, f64) {
    const ONE: u64 = 0x3ff0_0000_0000_0000;
    const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    let subnormal = x < f64::MIN_POSITIVE;
    let scaled = if subnormal {
        x * 18014398509481984.0
    } else {
        x
    };
    let shift = if subnormal { 1023.0 + 54.0 } else { 1023.0 };
    let bits = scaled.to_bits().wrapping_add(ONE - SQRT_HALF);
    let k = f64::from_bits((bits >> 52) | TWO_52.to_bits()) - TWO_52 - shift;
    let mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff).wrapping_add(SQRT_HALF));
    (k, mantissa - 1.0)
}

/// `s = f/(2 + f)` and the series `R` with ln(1 + f) = f − f²/2 + s·(f²/2 + R).
#[inline(always)]
fn ln_series(f: f64) -> (f64, f64) {
    const L: [f64; 7] = [
        6.666666666666735130e-01,
        3.999999999940941908e-01,
        2.857142874366239149e-01,
        2.222219843214978396e-01,
        1.818357216161805012e-01,
        1.531383769920937332e-01,
        1.479819860511658591e-01,
    ];
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (L[1] + w * (L[3] + w * L[5]));
    let odd = z * (L[0] + w * (L[2] + w * (L[4] + w * L[6])));
    (s, even + odd)
}

/// Puts in the values at 0, below 0, ∞ and NaN.
#[inline(always)]
fn ln_special(x: f64, value: f64) -> f64 {
    let value = if x == f64::INFINITY { x } else { value };
    let value = if x == 0.0 { f64::NEG_INFINITY } else { value };
    // Written so that NaN takes the second branch too.
    if x >= 0.0 { value } else { f64::NAN }
}

/// ln x = high + low, relative error below 2⁻⁵⁷.
#[inline(always)]
pub fn ln_two_parts(x: f64) -> (f64, f64) {
    let (k, f) = split_exponent(x);
    let (s, r) = ln_series(f);
    let (square, square_error) = product_two_parts(f, f);
    let half_square = 0.5 * square;
    let (first, e1) = sum_two_parts(k * LN2_HIGH, f);
    let (second, e2) = sum_two_parts(first, -half_square);
    let small = ((e1 + e2) + (k * LN2_LOW - 0.5 * square_error)) + s * (half_square + r);
    let high = second + small;
    let low = small - (high - second);
    let ordinary = (x > 0.0) & (x < f64::INFINITY);
    (ln_special(x, high), if ordinary { low } else { 0.0 })
}

/// a + b = sum + error exactly (Knuth).
#[inline(always)]
fn sum_two_parts(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// a·b = product + error exactly (Dekker), barring overflow.
#[inline(always)]
fn product_two_parts(a: f64, b: f64) -> (f64, f64) {
    const SPLIT: f64 = 134217729.0;
    let halves = |v: f64| {
        let big = v * SPLIT;
        let high = big - (big - v);
        (high, v - high)
    };
    let ((ah, al), (bh, bl)) = (halves(a), halves(b));
    let product = a * b;
    (product, ((ah * bh - product) + ah * bl + al * bh) + al * bl)
}

/// x = quarter·π/2 + r + tail, |r| ≤ π/4, good for |x| < 1e9 (quarter < 2³⁰).
#[inline(always)]
pub fn reduce_quarter(x: f64) -> (u64, f64, f64) {
    // π/2 in parts of 22 bits, so that a multiple of each by a 30-bit integer is exact.
    const P: [f64; 4] = [
        1.570796012878418,
        3.139164164167596e-07,
        6.223371969669989e-14,
        2.0222662487959506e-21,
    ];
    let shifted = x * std::f64::consts::FRAC_2_PI + ROUND;
    let n = shifted - ROUND;
    let coarse = (x - n * P[0]) - n * P[1];
    let (fine, error) = sum_two_parts(coarse, -(n * P[2]));
    let rest = error - n * P[3];
    let r = fine + rest;
    (shifted.to_bits(), r, (fine - r) + rest)
}

/// Sine of r + tail, `quarter` quarter turns ahead.
///
/// # Source
/// fdlibm `k_sin.c`, `k_cos.c`.
#[inline(always)]
pub fn circular(quarter: u64, r: f64, tail: f64) -> f64 {
    const S: [f64; 6] = [
        -1.66666666666666324348e-01,
        8.33333333332248946124e-03,
        -1.98412698298579493134e-04,
        2.75573137070700676789e-06,
        -2.50507602534068634195e-08,
        1.58969099521155010221e-10,
    ];
    const C: [f64; 6] = [
        4.16666666666666019037e-02,
        -1.38888888888741095749e-03,
        2.48015872894767294178e-05,
        -2.75573143513906633035e-07,
        2.08757232129817482790e-09,
        -1.13596475577881948265e-11,
    ];
    let z = r * r;
    let v = z * r;
    let series = S[1] + z * (S[2] + z * (S[3] + z * (S[4] + z * S[5])));
    let sine = r - ((z * (0.5 * tail - v * series) - tail) - v * S[0]);
    let series = z * (C[0] + z * (C[1] + z * (C[2] + z * (C[3] + z * (C[4] + z * C[5])))));
    let half = 0.5 * z;
    let near = 1.0 - half;
    let cosine = near + (((1.0 - near) - half) + (z * series - r * tail));
    let value = if quarter & 1 == 0 { sine } else { cosine };
    if quarter & 2 == 0 { value } else { -value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ulps(got: f64, expected: f64) -> f64 {
        if got == expected || (got.is_nan() && expected.is_nan()) {
            return 0.0;
        }
        let spacing = f64::from_bits(expected.abs().to_bits() + 1) - expected.abs();
        (got - expected).abs() / spacing
    }

    fn worst(low: f64, high: f64, f: impl Fn(f64) -> f64, reference: impl Fn(f64) -> f64) -> f64 {
        let count = 400_000;
        (0..=count)
            .map(|k| low + (high - low) * k as f64 / count as f64)
            .map(|x| ulps(f(x), reference(x)))
            .fold(0.0, |a, b| if b.is_nan() { b } else { f64::max(a, b) })
    }

    #[test]
    fn exp_is_within_two_ulp() {
        for (low, high) in [
            (-1.0, 1.0),
            (-30.0, 30.0),
            (-708.0, 709.7),
            (-745.2, -708.0),
        ] {
            let error = worst(low, high, exp, f64::exp);
            assert!(error <= 2.0, "{error} ulp in {low}..{high}");
        }
    }

    #[test]
    fn ln_is_within_two_ulp() {
        for (low, high) in [
            (0.5, 2.0),
            (1e-300, 1e-290),
            (1e-3, 1e3),
            (1e10, 1e300),
            (0.0, 1e-308),
        ] {
            let error = worst(low, high, ln, f64::ln);
            assert!(error <= 2.0, "{error} ulp in {low}..{high}");
        }
    }

    #[test]
    fn power_is_within_32_ulp_even_where_the_result_is_huge() {
        for exponent in [0.45, -2.7, 1.0 / 3.0, 9.3, 25.0, -24.0] {
            let error = worst(1e-12, 5.0, |x| power(x, exponent), |x| x.powf(exponent));
            assert!(error <= 32.0, "{error} ulp for exponent {exponent}");
        }
        for base in [1.5, 1e-12, 3e20, 0.999] {
            let reach = 700.0 / f64::ln(base).abs();
            let error = worst(-reach, reach, |e| power(base, e), |e| base.powf(e));
            assert!(error <= 32.0, "{error} ulp for base {base}");
        }
    }

    #[test]
    fn sine_and_cosine_hold_up_to_a_thousand_million() {
        for (low, high) in [(-4.0, 4.0), (-1e3, 1e3), (9e8, 1e9), (-1e9, 1e9)] {
            let error = |k: i32| {
                let x = low + (high - low) * k as f64 / 2e5;
                f64::max((sin(x) - x.sin()).abs(), (cos(x) - x.cos()).abs())
            };
            let worst = (0..=200_000).map(error).fold(0.0, f64::max);
            assert!(worst <= 1e-15, "{worst} in {low}..{high}");
        }
    }

    #[test]
    fn tanh_is_within_four_ulp() {
        for (low, high) in [(-1e-6, 1e-6), (-1.0, 1.0), (-25.0, 25.0)] {
            let error = worst(low, high, tanh, f64::tanh);
            assert!(error <= 4.0, "{error} ulp in {low}..{high}");
        }
        assert_eq!([tanh(f64::INFINITY), tanh(f64::NEG_INFINITY)], [1.0, -1.0]);
    }

    #[test]
    fn limits_are_the_usual_ones() {
        let infinity = f64::INFINITY;
        assert_eq!(
            [exp(infinity), exp(-infinity), exp(0.0), exp(1e300)],
            [infinity, 0.0, 1.0, infinity]
        );
        assert_eq!([ln(0.0), ln(infinity), ln(1.0)], [-infinity, infinity, 0.0]);
        assert!(ln(-1.0).is_nan() && ln(f64::NAN).is_nan() && exp(f64::NAN).is_nan());
        assert_eq!([power(1e-12, 40.0), power(1e12, 40.0)], [0.0, infinity]);
        assert_eq!([power(2.0, 1e300), power(2.0, -1e300)], [infinity, 0.0]);
        assert!(power(f64::NAN, 2.5).is_nan() && sin(f64::NAN).is_nan() && tanh(f64::NAN).is_nan());
        assert!(maximum(f64::NAN, 1.0).is_nan() && maximum(1.0, f64::NAN).is_nan());
        assert!(minimum(f64::NAN, 1.0).is_nan() && minimum(1.0, f64::NAN).is_nan());
    }
}
