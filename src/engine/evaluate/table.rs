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
    x: Axis,
    /// One knot when the table has one axis.
    y: Axis,
    /// `knots[j * x.len() + i]` at `(x[i], y[j])`.
    knots: Vec<Knot>,
    slope_x: Vec<f64>,
    slope_y: Vec<f64>,
}

/// Value, slope along x, slope along y and nothing: what stands at a knot, in one vector.
type Knot = [f64; 4];

/// What is read from a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    Value,
    SlopeX,
    SlopeY,
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
        let knot = |at: usize| [value[at], slope_x[at], slope_y[at], 0.0];
        Table {
            x: Axis::new(x),
            y: Axis::new(&y),
            knots: (0..value.len()).map(knot).collect(),
            slope_x,
            slope_y,
        }
    }

    /// Value at one point; `y` is ignored when the table has one axis.
    pub fn value(&self, x: f64, y: f64) -> f64 {
        self.read(Reading::Value, [x], [y])[0]
    }

    /// Slopes along x at the knots of row `j`, for those who evaluate the pieces themselves.
    pub fn slopes_x(&self, j: usize) -> &[f64] {
        &self.slope_x[j * self.x.knots.len()..(j + 1) * self.x.knots.len()]
    }

    /// Slopes along y at the knots of row `j`.
    pub fn slopes_y(&self, j: usize) -> &[f64] {
        &self.slope_y[j * self.x.knots.len()..(j + 1) * self.x.knots.len()]
    }

    /// Reads the table at one point of every lane.
    #[inline(always)]
    pub fn read<const W: usize>(&self, what: Reading, x: [f64; W], y: [f64; W]) -> [f64; W] {
        let (i, place_x) = self.x.locate(x);
        let along = match what {
            Reading::SlopeX => place_x.slopes(),
            Reading::Value | Reading::SlopeY => place_x.weights(),
        };
        let weights = knot_weights(along);
        if self.y.knots.len() == 1 {
            return match what {
                // Nothing changes along an axis that is not there.
                Reading::SlopeY => [0.0; W],
                Reading::Value | Reading::SlopeX => self.row(i, &weights).0,
            };
        }
        let (j, place_y) = self.y.locate(y);
        let [b0, b1, u0, u1] = match what {
            Reading::SlopeY => place_y.slopes(),
            Reading::Value | Reading::SlopeX => place_y.weights(),
        };
        let columns = self.x.knots.len();
        let mut at = i;
        for lane in 0..W {
            at[lane] += j[lane] * columns;
        }
        let (below, across_below) = self.row(at, &weights);
        for at in &mut at {
            *at += columns;
        }
        let (above, across_above) = self.row(at, &weights);
        let mut out = below;
        for lane in 0..W {
            out[lane] = (below[lane] * b0[lane] + above[lane] * b1[lane])
                + (across_below[lane] * u0[lane] + across_above[lane] * u1[lane]);
        }
        out
    }

    /// Blends from each knot `at` to the next along x: values with slopes along x, and slopes along y.
    #[inline(always)]
    fn row<const W: usize>(
        &self,
        at: [usize; W],
        weights: &[[Knot; 2]; W],
    ) -> ([f64; W], [f64; W]) {
        let (mut values, mut slopes) = ([0.0; W], [0.0; W]);
        for lane in 0..W {
            let [left, right] = self.knots[at[lane]..][..2] else {
                unreachable!("no interval begins at the last knot")
            };
            let [left_weight, right_weight] = weights[lane];
            let mut blend = left;
            for k in 0..4 {
                blend[k] = left[k] * left_weight[k] + right[k] * right_weight[k];
            }
            values[lane] = blend[0] + blend[1];
            slopes[lane] = blend[2];
        }
        (values, slopes)
    }
}

/// For every lane, what the numbers of the left and of the right knot are multiplied by.
#[inline(always)]
fn knot_weights<const W: usize>([a0, a1, s0, s1]: Basis<W>) -> [[Knot; 2]; W] {
    let mut weights = [[[0.0; 4]; 2]; W];
    for lane in 0..W {
        weights[lane] = [
            [a0[lane], s0[lane], a0[lane], 0.0],
            [a1[lane], s1[lane], a1[lane], 0.0],
        ];
    }
    weights
}

#[derive(Debug, Clone, PartialEq)]
struct Axis {
    knots: Vec<f64>,
    /// Left end, width and one over the width of the interval that each knot but the last begins; a single
    /// knot has none of its own.
    intervals: Vec<[f64; 3]>,
}

/// Where points are in their intervals, as a share from the left (u) and from the right (v).
struct Place<const W: usize> {
    u: [f64; W],
    v: [f64; W],
    width: [f64; W],
    inverse: [f64; W],
}

/// Weights of (left value, right value, left slope, right slope), for every lane.
type Basis<const W: usize> = [[f64; W]; 4];

impl Axis {
    fn new(knots: &[f64]) -> Axis {
        let interval = |pair: &[f64]| {
            let width = pair[1] - pair[0];
            [pair[0], width, 1.0 / width]
        };
        Axis {
            knots: knots.to_vec(),
            intervals: knots.windows(2).map(interval).collect(),
        }
    }

    /// The intervals that hold `at`; what is outside counts as the end. No branch depends on a lane.
    #[inline(always)]
    fn locate<const W: usize>(&self, at: [f64; W]) -> ([usize; W], Place<W>) {
        let last = self.knots.len() - 1;
        let (first, end) = (self.knots[0], self.knots[last]);
        // What is not a number stays so.
        let at = at.map(|at| if at < first { first } else { at });
        let at = at.map(|at| if at > end { end } else { at });
        let mut count = [0u64; W];
        for knot in &self.knots[1..last] {
            for lane in 0..W {
                count[lane] += u64::from(*knot <= at[lane]);
            }
        }
        let mut i = [0; W];
        let mut place = Place {
            u: at,
            v: at,
            width: at,
            inverse: at,
        };
        let mut left = at;
        for lane in 0..W {
            i[lane] = count[lane] as usize;
            [left[lane], place.width[lane], place.inverse[lane]] = self.intervals[i[lane]];
        }
        for lane in 0..W {
            // Rounding must not lead past the right knot.
            let u = (at[lane] - left[lane]) * place.inverse[lane];
            place.u[lane] = if u > 1.0 { 1.0 } else { u };
            place.v[lane] = 1.0 - place.u[lane];
        }
        (i, place)
    }
}

impl<const W: usize> Place<W> {
    /// The cubic Hermite weights.
    #[inline(always)]
    fn weights(&self) -> Basis<W> {
        let mut basis = [[0.0; W]; 4];
        for lane in 0..W {
            let (u, v, width) = (self.u[lane], self.v[lane], self.width[lane]);
            basis[0][lane] = (1.0 + 2.0 * u) * v * v;
            basis[1][lane] = (1.0 + 2.0 * v) * u * u;
            basis[2][lane] = u * v * v * width;
            basis[3][lane] = -(v * u * u * width);
        }
        basis
    }

    /// Their derivatives. At outer knots they read slopes that are zero, as outside.
    #[inline(always)]
    fn slopes(&self) -> Basis<W> {
        let mut basis = [[0.0; W]; 4];
        for lane in 0..W {
            let (u, v) = (self.u[lane], self.v[lane]);
            let rise = 6.0 * u * v * self.inverse[lane];
            basis[0][lane] = -rise;
            basis[1][lane] = rise;
            basis[2][lane] = v * (1.0 - 3.0 * u);
            basis[3][lane] = u * (1.0 - 3.0 * v);
        }
        basis
    }
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

    fn slope_x(table: &Table, x: f64, y: f64) -> f64 {
        table.read(Reading::SlopeX, [x], [y])[0]
    }

    fn slope_y(table: &Table, x: f64, y: f64) -> f64 {
        table.read(Reading::SlopeY, [x], [y])[0]
    }

    #[test]
    fn a_table_passes_through_its_knots_and_is_constant_outside() {
        let table = Table::new(&[0.0, 1.0, 3.0], &[], &[vec![2.0, 5.0, 6.0]]);
        for (x, expected) in [(-4.0, 2.0), (0.0, 2.0), (1.0, 5.0), (3.0, 6.0), (9.0, 6.0)] {
            assert!((table.value(x, 0.0) - expected).abs() < 1e-15);
        }
        assert_eq!(slope_x(&table, -1.0, 0.0), 0.0);
        assert_eq!(slope_x(&table, 4.0, 0.0), 0.0);
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
            assert!((slope_x(&table, x, y) - dx).abs() < 1e-8, "{x} {y}");
            assert!((slope_y(&table, x, y) - dy).abs() < 1e-8, "{x} {y}");
        }
    }

    #[test]
    fn slopes_have_no_jump_at_the_outer_knots() {
        let rows = [vec![0.0, 1.0, 4.0], vec![1.0, 3.0, 9.0]];
        let table = Table::new(&[0.0, 1.0, 2.0], &[0.0, 2.0], &rows);
        for across in [-1.0, 0.0, 0.4, 1.3, 5.0] {
            for knot in [0.0, 2.0] {
                for inside in [knot - 1e-9, knot + 1e-9] {
                    assert!(slope_x(&table, inside, across).abs() < 1e-6);
                    assert!(slope_y(&table, across, inside).abs() < 1e-6);
                }
            }
        }
    }
}
