//! Exact fractions, checked against overflow.

use std::fmt;

/// An exact fraction, always reduced, denominator positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rational {
    numerator: i128,
    denominator: i128,
}

impl Rational {
    pub const ZERO: Rational = Rational {
        numerator: 0,
        denominator: 1,
    };
    pub const ONE: Rational = Rational {
        numerator: 1,
        denominator: 1,
    };

    /// # Panics
    /// If the denominator is zero.
    pub fn new(numerator: i128, denominator: i128) -> Rational {
        assert!(denominator != 0, "a fraction needs a denominator");
        let sign = if denominator < 0 { -1 } else { 1 };
        let divisor = gcd(numerator.unsigned_abs(), denominator.unsigned_abs()).max(1) as i128;
        Rational {
            numerator: sign * numerator / divisor,
            denominator: sign * denominator / divisor,
        }
    }

    pub fn checked_mul(self, other: Rational) -> Option<Rational> {
        let left = gcd(
            self.numerator.unsigned_abs(),
            other.denominator.unsigned_abs(),
        )
        .max(1) as i128;
        let right = gcd(
            other.numerator.unsigned_abs(),
            self.denominator.unsigned_abs(),
        )
        .max(1) as i128;
        Some(Rational {
            numerator: (self.numerator / left).checked_mul(other.numerator / right)?,
            denominator: (self.denominator / right).checked_mul(other.denominator / left)?,
        })
    }

    pub fn checked_div(self, other: Rational) -> Option<Rational> {
        if other.numerator == 0 {
            return None;
        }
        self.checked_mul(Rational::new(other.denominator, other.numerator))
    }

    pub fn checked_add(self, other: Rational) -> Option<Rational> {
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        Some(Rational::new(
            left.checked_add(right)?,
            self.denominator.checked_mul(other.denominator)?,
        ))
    }

    /// A rational power, if it is a fraction again.
    pub fn checked_pow(self, exponent: Rational) -> Option<Rational> {
        let root = i32::try_from(exponent.denominator).ok()?;
        let power = i32::try_from(exponent.numerator)
            .ok()
            .filter(|power| power.abs() <= 64)?;
        let base = Rational {
            numerator: exact_root(self.numerator, root)?,
            denominator: exact_root(self.denominator, root)?,
        };
        let mut result = Rational::ONE;
        for _ in 0..power.abs() {
            result = result.checked_mul(base)?;
        }
        if power < 0 {
            Rational::ONE.checked_div(result)
        } else {
            Some(result)
        }
    }

    pub fn negated(self) -> Rational {
        Rational {
            numerator: -self.numerator,
            denominator: self.denominator,
        }
    }

    /// The simplest fraction that an f64 cannot tell from `value` (continued fraction); `None` unless
    /// `value` is between 1e-18 and 1e18.
    pub fn nearest(value: f64) -> Option<Rational> {
        if !(1e-18..1e18).contains(&value) {
            return None;
        }
        let (mut before, mut now) = ((0i128, 1i128), (1i128, 0i128));
        let mut rest = value;
        loop {
            let whole = rest.floor();
            let step =
                |now: i128, before: i128| (whole as i128).checked_mul(now)?.checked_add(before);
            (before, now) = (now, (step(now.0, before.0)?, step(now.1, before.1)?));
            let error = (now.0 as f64 / now.1 as f64 - value).abs();
            if error <= value * f64::EPSILON || rest == whole {
                return Some(Rational::new(now.0, now.1));
            }
            rest = 1.0 / (rest - whole);
        }
    }

    /// `value` times this fraction: one multiplication, one division, so that 70 % is 0.7.
    pub fn scale(self, value: f64) -> f64 {
        value * self.numerator as f64 / self.denominator as f64
    }

    /// The nearest f64 (both parts are exact up to 2⁵³, beyond that within 1 ulp).
    pub fn to_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

impl fmt::Display for Rational {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.denominator == 1 {
            write!(out, "{}", self.numerator)
        } else {
            write!(out, "{}/{}", self.numerator, self.denominator)
        }
    }
}

impl PartialOrd for Rational {
    fn partial_cmp(&self, other: &Rational) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Rational {
    /// An order for sorting; exact for the small exponents it is used on.
    fn cmp(&self, other: &Rational) -> std::cmp::Ordering {
        self.to_f64().total_cmp(&other.to_f64()).then_with(|| {
            (self.numerator, self.denominator).cmp(&(other.numerator, other.denominator))
        })
    }
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn exact_root(value: i128, root: i32) -> Option<i128> {
    if root == 1 || value == 1 {
        return Some(value);
    }
    if value < 0 {
        return None;
    }
    let guess = (value as f64).powf(1.0 / f64::from(root)).round() as i128;
    (guess - 1..=guess + 1).find(|candidate| candidate.checked_pow(root as u32) == Some(value))
}
