//! Monotone cubic tables over one or two axes, with their slopes worked out beforehand.
//!
//! Comes in: knots and values. Goes out: value and partial slopes at a point.
//!
//! Promises: goes through every knot; between knots never leaves the range of its neighbours along an
//! axis; constant outside; value and slopes are continuous everywhere, at the outer knots too.
//!
//! # Source
//! Fritsch & Carlson, *Monotone piecewise cubic interpolation*, SIAM J. Numer. Anal. 17 (1980). Two
//! axes: tensor product of cubic Hermite pieces with the cross derivatives set to zero.

/// A table ready to be looked up.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    x: Vec<f64>,
    /// One knot when the table has one axis.
    y: Vec<f64>,
    /// `value[j * x.len() + i]` at `(x[i], y[j])`; slopes likewise.
    value: Vec<f64>,
    slope_x: Vec<f64>,
    slope_y: Vec<f64>,
}

impl Table {
    /// `values`: one row per `y` knot, or a single row when `y` is empty.
    pub fn new(x: &[f64], y: &[f64], values: &[Vec<f64>]) -> Table {
        let y = if y.is_empty() { vec![0.0] } else { y.to_vec() };
        let (columns, rows) = (x.len(), y.len());
        let value: Vec<f64> = values.concat();
        assert_eq!(
            value.len(),
            columns * rows,
            "a table has one value per knot"
        );
        let mut slope_x = vec![0.0; value.len()];
        let mut slope_y = vec![0.0; value.len()];
        for row in 0..rows {
            let line: Vec<f64> = value[row * columns..(row + 1) * columns].to_vec();
            slope_x[row * columns..(row + 1) * columns].copy_from_slice(&slopes(x, &line));
        }
        for column in 0..columns {
            let line: Vec<f64> = (0..rows).map(|row| value[row * columns + column]).collect();
            for (row, slope) in slopes(&y, &line).into_iter().enumerate() {
                slope_y[row * columns + column] = slope;
            }
        }
        Table {
            x: x.to_vec(),
            y,
            value,
            slope_x,
            slope_y,
        }
    }

    pub fn value(&self, x: f64, y: f64) -> f64 {
        let (i, basis_x, _) = locate(&self.x, x);
        let (j, basis_y, _) = locate(&self.y, y);
        self.blend(i, j, basis_x, basis_y)
    }

    /// Slopes along x at the knots of row `j`, for those who evaluate the pieces themselves.
    pub fn slopes_x(&self, j: usize) -> &[f64] {
        &self.slope_x[j * self.x.len()..(j + 1) * self.x.len()]
    }

    /// Slopes along y at the knots of row `j`.
    pub fn slopes_y(&self, j: usize) -> &[f64] {
        &self.slope_y[j * self.x.len()..(j + 1) * self.x.len()]
    }

    pub fn slope_x(&self, x: f64, y: f64) -> f64 {
        let (i, _, basis_x) = locate(&self.x, x);
        let (j, basis_y, _) = locate(&self.y, y);
        self.blend(i, j, basis_x, basis_y)
    }

    pub fn slope_y(&self, x: f64, y: f64) -> f64 {
        let (i, basis_x, _) = locate(&self.x, x);
        let (j, _, basis_y) = locate(&self.y, y);
        self.blend(i, j, basis_x, basis_y)
    }

    fn blend(&self, i: usize, j: usize, [a0, a1, s0, s1]: Basis, [b0, b1, u0, u1]: Basis) -> f64 {
        let lower = j * self.x.len() + i;
        let right = usize::from(i + 1 < self.x.len());
        let upper = if j + 1 < self.y.len() {
            lower + self.x.len()
        } else {
            lower
        };
        let along_x = |at: usize| {
            let next = at + right;
            (self.value[at] * a0 + self.value[next] * a1)
                + (self.slope_x[at] * s0 + self.slope_x[next] * s1)
        };
        let across = |at: usize| self.slope_y[at] * a0 + self.slope_y[at + right] * a1;
        (along_x(lower) * b0 + along_x(upper) * b1) + (across(lower) * u0 + across(upper) * u1)
    }
}

/// Weights of (left value, right value, left slope, right slope).
type Basis = [f64; 4];

/// The interval that holds `at`, the Hermite weights there, and their derivatives.
fn locate(knots: &[f64], at: f64) -> (usize, Basis, Basis) {
    let last = knots.len() - 1;
    if at.is_nan() {
        return (0, [at; 4], [at; 4]);
    }
    if last == 0 || at < knots[0] {
        return (0, [1.0, 0.0, 0.0, 0.0], [0.0; 4]);
    }
    if at > knots[last] {
        return (last - 1, [0.0, 1.0, 0.0, 0.0], [0.0; 4]);
    }
    let mut i = 0;
    while i + 1 < last && knots[i + 1] <= at {
        i += 1;
    }
    let width = knots[i + 1] - knots[i];
    let u = (at - knots[i]) / width;
    let v = 1.0 - u;
    let weights = [
        (1.0 + 2.0 * u) * v * v,
        (1.0 + 2.0 * v) * u * u,
        u * v * v * width,
        -(v * u * u * width),
    ];
    let rise = 6.0 * u * v / width;
    (
        i,
        weights,
        [-rise, rise, v * (1.0 - 3.0 * u), u * (1.0 - 3.0 * v)],
    )
}

/// Slopes at the knots that keep every piece monotone.
fn slopes(x: &[f64], values: &[f64]) -> Vec<f64> {
    let count = x.len();
    if count < 2 {
        return vec![0.0; count];
    }
    let secant: Vec<f64> = (0..count - 1)
        .map(|i| (values[i + 1] - values[i]) / (x[i + 1] - x[i]))
        .collect();
    let mut slope = vec![0.0; count];
    // Flat at both ends, where the constant outside begins: the slope has no jump there.
    for i in 1..count - 1 {
        if secant[i - 1] * secant[i] > 0.0 {
            slope[i] = 0.5 * (secant[i - 1] + secant[i]);
        }
    }
    for i in 0..count - 1 {
        if secant[i] == 0.0 {
            slope[i] = 0.0;
            slope[i + 1] = 0.0;
            continue;
        }
        let (a, b) = (slope[i] / secant[i], slope[i + 1] / secant[i]);
        let excess = a * a + b * b;
        // Outside the circle of radius 3 a piece could overshoot: pull both ends back onto it.
        if excess > 9.0 {
            let shrink = 3.0 / excess.sqrt();
            slope[i] = shrink * a * secant[i];
            slope[i + 1] = shrink * b * secant[i];
        }
    }
    slope
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_passes_through_its_knots_and_is_constant_outside() {
        let table = Table::new(&[0.0, 1.0, 3.0], &[], &[vec![2.0, 5.0, 6.0]]);
        for (x, expected) in [(-4.0, 2.0), (0.0, 2.0), (1.0, 5.0), (3.0, 6.0), (9.0, 6.0)] {
            assert!((table.value(x, 0.0) - expected).abs() < 1e-15);
        }
        assert_eq!(table.slope_x(-1.0, 0.0), 0.0);
        assert_eq!(table.slope_x(4.0, 0.0), 0.0);
    }

    #[test]
    fn a_rising_table_never_falls_between_its_knots() {
        let table = Table::new(&[0.0, 1.0, 1.1, 5.0], &[], &[vec![0.0, 0.1, 7.0, 7.1]]);
        let values: Vec<f64> = (0..=500)
            .map(|k| table.value(k as f64 * 0.01, 0.0))
            .collect();
        assert!(values.windows(2).all(|pair| pair[1] >= pair[0] - 1e-15));
    }

    #[test]
    fn slopes_of_a_two_axis_table_match_differences() {
        let rows = [
            vec![0.0, 1.0, 4.0],
            vec![1.0, 3.0, 5.0],
            vec![2.0, 7.0, 8.0],
        ];
        let table = Table::new(&[0.0, 1.0, 2.0], &[0.0, 2.0, 3.0], &rows);
        let h = 1e-6;
        for (x, y) in [(0.3, 0.7), (1.6, 2.5), (0.9, 2.9), (1.2, 0.1)] {
            let dx = (table.value(x + h, y) - table.value(x - h, y)) / (2.0 * h);
            let dy = (table.value(x, y + h) - table.value(x, y - h)) / (2.0 * h);
            assert!((table.slope_x(x, y) - dx).abs() < 1e-8, "{x} {y}");
            assert!((table.slope_y(x, y) - dy).abs() < 1e-8, "{x} {y}");
        }
    }

    #[test]
    fn slopes_have_no_jump_at_the_outer_knots() {
        let rows = [vec![0.0, 1.0, 4.0], vec![1.0, 3.0, 9.0]];
        let table = Table::new(&[0.0, 1.0, 2.0], &[0.0, 2.0], &rows);
        for across in [-1.0, 0.0, 0.4, 1.3, 5.0] {
            for knot in [0.0, 2.0] {
                for inside in [knot - 1e-9, knot + 1e-9] {
                    assert!(table.slope_x(inside, across).abs() < 1e-6);
                    assert!(table.slope_y(across, inside).abs() < 1e-6);
                }
            }
        }
    }
}
