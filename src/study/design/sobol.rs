//! Sobol's sequence with 53 bits, any point of it at once, scrambled as Owen (1995) does: nested, by hashes
//! of each node's place in the tree.
//!
//! Promises: point `k` of dimension `d` is a function of (k, d, key) alone; every block of 2^m points that
//! begins at a multiple of 2^m has one point in each interval of length 2^-m, in every dimension.
//!
//! # Source
//! Joe & Kuo 2008, *SIAM J. Sci. Comput.* 30, 2635: primitive polynomials and first direction numbers
//! of 1111 dimensions, as published (`assets/sobol`). Joe & Kuo 2003, *ACM Trans. Math. Softw.* 29, 49:
//! the recurrence.

use std::sync::OnceLock;

use super::random::mix;

/// Dimensions there are directions for.
pub const MOST: usize = 1111;

const BITS: u32 = 53;

type Directions = [u64; BITS as usize];

/// Point `at` of dimension `dimension`, in [0, 1), scrambled with `key`.
///
/// # Panics
/// Beyond the dimensions there are directions for: the reader of studies refuses more.
pub fn point(at: u64, dimension: usize, key: u64) -> f64 {
    scrambled(plain(at, dimension), key) as f64 / (1u64 << BITS) as f64
}

/// As an integer of 53 bits, not scrambled.
fn plain(at: u64, dimension: usize) -> u64 {
    let directions = &directions()[dimension];
    let digits = (0..BITS as usize).filter(|bit| at >> bit & 1 == 1);
    digits.fold(0, |sum, bit| sum ^ directions[bit])
}

/// Flips each digit or not, as a hash of all digits before it says.
fn scrambled(word: u64, key: u64) -> u64 {
    let mut flipped = word;
    for depth in 0..BITS {
        let place = BITS - 1 - depth;
        // Places of the tree of prefixes, counted from 1 as in a heap: no two share a number.
        let node = 1u64 << depth | word >> (place + 1);
        flipped ^= (mix(key ^ mix(node)) & 1) << place;
    }
    flipped
}

fn directions() -> &'static Vec<Directions> {
    static ALL: OnceLock<Vec<Directions>> = OnceLock::new();
    ALL.get_or_init(|| {
        let halves: Directions = std::array::from_fn(|k| 1 << (BITS as usize - 1 - k));
        let others = table().map(|(coefficients, first)| extended(coefficients, &first));
        std::iter::once(halves).chain(others).collect()
    })
}

/// Per dimension from the second on: inner coefficients of the polynomial, first direction numbers.
fn table() -> impl Iterator<Item = (u64, Vec<u64>)> {
    let text = include_str!("../../../assets/sobol/directions.txt");
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let mut numbers = line
                .split(' ')
                .map(|n| n.parse().expect("the table holds integers"));
            let degree: u64 = numbers.next().expect("a degree begins the line");
            let coefficients = numbers.next().expect("coefficients follow it");
            let first: Vec<u64> = numbers.collect();
            assert_eq!(first.len() as u64, degree, "one direction per degree");
            (coefficients, first)
        })
}

fn extended(coefficients: u64, first: &[u64]) -> Directions {
    let degree = first.len();
    let mut v = [0; BITS as usize];
    for k in 0..BITS as usize {
        v[k] = if k < degree {
            first[k] << (BITS as usize - 1 - k)
        } else {
            let inner = (1..degree).filter(|j| coefficients >> (degree - 1 - j) & 1 == 1);
            inner.fold(v[k - degree] ^ v[k - degree] >> degree, |sum, j| {
                sum ^ v[k - j]
            })
        };
    }
    v
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Claim: the polynomials are primitive over GF(2): x has order 2^s − 1.
    #[test]
    fn polynomials_are_primitive() {
        for (coefficients, first) in table() {
            let s = first.len() as u32;
            let polynomial = 1 << s | coefficients << 1 | 1;
            let order = (1u64 << s) - 1;
            let times = |a: u64, b: u64| {
                let mut sum = 0;
                for bit in (0..s).rev() {
                    sum <<= 1;
                    if sum >> s & 1 == 1 {
                        sum ^= polynomial;
                    }
                    if b >> bit & 1 == 1 {
                        sum ^= a;
                    }
                }
                sum
            };
            let x = if s == 1 { 1 } else { 2 };
            let power = |exponent: u64| {
                let bits = (0..s).rev().map(|bit| exponent >> bit & 1);
                bits.fold(1, |p, bit| {
                    let square = times(p, p);
                    if bit == 1 { times(square, x) } else { square }
                })
            };
            assert_eq!(power(order), 1, "{polynomial:b}");
            let mut rest = order;
            for prime in 2..=order {
                if rest.is_multiple_of(prime) {
                    assert_ne!(
                        power(order / prime),
                        u64::from(order == 1),
                        "{polynomial:b}"
                    );
                    while rest.is_multiple_of(prime) {
                        rest /= prime;
                    }
                }
                if rest == 1 {
                    break;
                }
            }
        }
    }

    /// Claim: Sobol's property A holds in all 1111 dimensions, as Joe & Kuo state: the first digits of the
    /// first d directions of d dimensions form a regular matrix over GF(2), for every d.
    #[test]
    fn property_a_holds() {
        let mut reduced: Vec<Vec<bool>> = Vec::new();
        for (d, mut row) in first_digits().enumerate() {
            for (pivot, known) in reduced.iter().enumerate() {
                if row[pivot] {
                    row.iter_mut().zip(known).for_each(|(a, b)| *a ^= b);
                }
            }
            assert!(row[d], "dimension {}", d + 1);
            reduced.push(row);
        }
        assert_eq!(reduced.len(), MOST);
    }

    /// The first digit of each direction, of as many as there are dimensions. First digits alone obey the
    /// recurrence: its shifted term has none.
    fn first_digits() -> impl Iterator<Item = Vec<bool>> {
        let mut of_first = vec![false; MOST];
        of_first[0] = true;
        let others = table().map(|(coefficients, first)| {
            let degree = first.len();
            let mut digits: Vec<bool> = Vec::new();
            for k in 0..MOST {
                digits.push(if k < degree {
                    first[k] >> k & 1 == 1
                } else {
                    let inner = (1..degree).filter(|j| coefficients >> (degree - 1 - j) & 1 == 1);
                    inner.fold(digits[k - degree], |sum, j| sum ^ digits[k - j])
                });
            }
            digits
        });
        std::iter::once(of_first).chain(others)
    }

    /// Claim: 2^m points fill every interval of length 2^-m once, scrambled or not.
    #[test]
    fn each_interval_holds_one_point() {
        for dimension in [0, 1, 2, 50, 400, MOST - 1] {
            for start in [0u64, 1 << 20] {
                let mut seen = [false; 256];
                for at in start..start + 256 {
                    seen[(point(at, dimension, 77) * 256.0) as usize] = true;
                }
                assert!(seen.iter().all(|hit| *hit), "dimension {dimension}");
            }
        }
    }

    /// The first eight points of two dimensions, worked by hand from the recurrence.
    #[test]
    fn first_points_are_those_of_the_literature() {
        let of = |at, dimension| plain(at, dimension) as f64 / (1u64 << BITS) as f64;
        let first: Vec<f64> = (0..8).map(|at| of(at, 0)).collect();
        assert_eq!(first, [0.0, 0.5, 0.25, 0.75, 0.125, 0.625, 0.375, 0.875]);
        let second: Vec<f64> = (0..8).map(|at| of(at, 1)).collect();
        assert_eq!(second, [0.0, 0.5, 0.75, 0.25, 0.625, 0.125, 0.375, 0.875]);
    }

    /// Claim: scrambling turns a slow integral into a fast one: the mean of a product over eight dimensions
    /// is met far better than by as many independent draws (whose error is about 0.02 here).
    #[test]
    fn products_are_integrated_well() {
        let count = 4096u64;
        let product = |at: u64| -> f64 {
            let factor = |d: usize| 1.0 + (point(at, d, mix(d as u64)) - 0.5);
            (0..8).map(factor).product()
        };
        let mean = (0..count).map(product).sum::<f64>() / count as f64;
        assert!((mean - 1.0).abs() < 1e-3, "{mean}");
    }
}
