//! Sparse systems that need pivoting: Gaussian elimination, each pivot in one of the sparsest rows (Markowitz
//! 1957, *Management Science* 3, 255) and not much smaller than what else stands there, so that nothing
//! grows. What is left when the rest has filled goes to nalgebra's dense LU.
//!
//! Start reading at [`solve`].

use nalgebra::{DMatrix, DVector};

/// (column, value), columns ascending, each at most once.
pub type Row = Vec<(usize, f64)>;

/// A pivot is at least this share of the largest number in its row.
const THRESHOLD: f64 = 0.1;
/// Sparsest rows among which a pivot is looked for.
const LOOK_AT: usize = 4;
/// Unknowns that are solved densely whatever stands between them.
const FEW: usize = 16;
/// Share of numbers that counts as full.
const FULL: f64 = 0.5;

/// `x` with `rows·x = right`; `None` if the matrix is singular or holds what is no number.
pub fn solve(rows: Vec<Row>, right: Vec<f64>) -> Option<Vec<f64>> {
    let mut left = Elimination::new(rows, right);
    let mut order = Vec::new();
    while !left.is_full() {
        let pivot = left.pivot()?;
        left.eliminate(pivot);
        order.push(pivot);
    }
    let mut x = left.solve_rest()?;
    for pivot in order.iter().rev() {
        let others = left.rows[pivot.row]
            .iter()
            .filter(|(j, _)| *j != pivot.column);
        let sum = others.fold(left.right[pivot.row], |sum, (j, value)| sum - value * x[*j]);
        x[pivot.column] = sum / pivot.value;
    }
    x.iter().all(|value| value.is_finite()).then_some(x)
}

#[derive(Debug, Clone, Copy)]
struct Pivot {
    row: usize,
    column: usize,
    value: f64,
}

struct Elimination {
    rows: Vec<Row>,
    right: Vec<f64>,
    /// Rows without a pivot yet, ascending, and those of them that stand in each column.
    open: Vec<usize>,
    standing: Vec<Vec<usize>>,
    /// Columns without a pivot yet.
    is_open: Vec<bool>,
    /// How many numbers stand in open rows.
    numbers: usize,
    merged: Row,
}

impl Elimination {
    fn new(rows: Vec<Row>, right: Vec<f64>) -> Elimination {
        let n = rows.len();
        let mut standing = vec![Vec::new(); n];
        for (i, row) in rows.iter().enumerate() {
            for &(j, _) in row {
                standing[j].push(i);
            }
        }
        let numbers = rows.iter().map(Row::len).sum();
        Elimination {
            rows,
            right,
            open: (0..n).collect(),
            standing,
            is_open: vec![true; n],
            numbers,
            merged: Vec::new(),
        }
    }

    fn is_full(&self) -> bool {
        let n = self.open.len();
        n <= FEW || self.numbers as f64 > FULL * (n * n) as f64
    }

    /// The next pivot, with the fewest products among the sparsest rows; ties go to the first.
    fn pivot(&self) -> Option<Pivot> {
        let mut sparsest = [(usize::MAX, usize::MAX); LOOK_AT];
        for &i in &self.open {
            let mut next = (self.rows[i].len(), i);
            for place in &mut sparsest {
                if next < *place {
                    std::mem::swap(place, &mut next);
                }
            }
        }
        let (mut best, mut fewest) = (None, usize::MAX);
        for (_, row) in sparsest.into_iter().filter(|(len, _)| *len != usize::MAX) {
            let least = THRESHOLD * largest(&self.rows[row])?;
            let others = self.rows[row].len() - 1;
            for &(column, value) in self.rows[row].iter().filter(|(_, v)| v.abs() >= least) {
                let products = others * (self.standing[column].len() - 1);
                if products < fewest {
                    (best, fewest) = (Some(Pivot { row, column, value }), products);
                }
            }
        }
        best
    }

    /// Takes the pivot's multiple from every other row in its column.
    fn eliminate(&mut self, pivot: Pivot) {
        let row = std::mem::take(&mut self.rows[pivot.row]);
        self.numbers -= row.len();
        for i in std::mem::take(&mut self.standing[pivot.column]) {
            if i == pivot.row {
                continue;
            }
            let target = &self.rows[i];
            let factor = target[place(target, pivot.column)].1 / pivot.value;
            self.merge(i, &row, factor, pivot.column);
            self.right[i] -= factor * self.right[pivot.row];
        }
        for &(j, _) in row.iter().filter(|(j, _)| *j != pivot.column) {
            self.standing[j].retain(|i| *i != pivot.row);
        }
        self.rows[pivot.row] = row;
        self.is_open[pivot.column] = false;
        self.open.retain(|i| *i != pivot.row);
    }

    /// Row `i` less `factor` times another, without the pivot's column.
    fn merge(&mut self, i: usize, other: &Row, factor: f64, column: usize) {
        let mut own = self.rows[i].iter().copied().peekable();
        self.merged.clear();
        for &(j, value) in other {
            while let Some(kept) = own.next_if(|(k, _)| *k < j) {
                self.merged.push(kept);
            }
            let there = own.next_if(|(k, _)| *k == j);
            if j == column {
                continue;
            }
            if there.is_none() {
                self.standing[j].push(i);
            }
            let before = there.map_or(0.0, |(_, value)| value);
            self.merged.push((j, before - factor * value));
        }
        self.merged.extend(own);
        self.numbers = self.numbers + self.merged.len() - self.rows[i].len();
        std::mem::swap(&mut self.merged, &mut self.rows[i]);
    }

    /// What is left, densely; unknowns that have pivots are 0 for now.
    fn solve_rest(&self) -> Option<Vec<f64>> {
        let columns: Vec<usize> = (0..self.rows.len()).filter(|j| self.is_open[*j]).collect();
        let n = columns.len();
        let mut at = vec![0; self.rows.len()];
        for (k, &j) in columns.iter().enumerate() {
            at[j] = k;
        }
        let mut matrix = DMatrix::zeros(n, n);
        for (k, &i) in self.open.iter().enumerate() {
            for &(j, value) in &self.rows[i] {
                matrix[(k, at[j])] = value;
            }
        }
        let right = DVector::from_iterator(n, self.open.iter().map(|i| self.right[*i]));
        let rest = matrix.lu().solve(&right)?;
        let mut x = vec![0.0; self.rows.len()];
        for (&j, &value) in columns.iter().zip(rest.iter()) {
            x[j] = value;
        }
        Some(x)
    }
}

/// The largest number of a row whatever its sign; `None` if that is 0 or one is no number.
fn largest(row: &Row) -> Option<f64> {
    let larger = |most: Option<f64>, (_, value): &(usize, f64)| {
        most.filter(|_| value.is_finite())
            .map(|most| most.max(value.abs()))
    };
    row.iter()
        .fold(Some(0.0), larger)
        .filter(|most| *most > 0.0)
}

/// Where a column stands in a row that has it.
fn place(row: &Row, column: usize) -> usize {
    row.partition_point(|(j, _)| *j < column)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row holds `per_row` numbers at most, of very different sizes; the diagonal is often empty.
    fn random(n: usize, per_row: usize, seed: u64) -> Vec<Row> {
        let mut state = seed;
        let mut next = || {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 33) as usize
        };
        let mut rows: Vec<Row> = (0..n)
            .map(|_| {
                let numbers = (0..per_row).map(|_| {
                    let size = 10f64.powi((next() % 7) as i32 - 3);
                    (next() % n, size * (1 + next() % 9) as f64)
                });
                let row: std::collections::BTreeMap<usize, f64> = numbers.collect();
                row.into_iter().collect()
            })
            .collect();
        // Something in every column: a permutation far from the diagonal.
        for i in 0..n {
            let j = (i * 7 + 3) % n;
            let at = place(&rows[i], j);
            if rows[i].get(at).is_none_or(|(k, _)| *k != j) {
                rows[i].insert(at, (j, 5.0 + i as f64 / 10.0));
            }
        }
        rows
    }

    #[test]
    fn solutions_fit_whatever_stands_on_the_diagonal() {
        for seed in 0..40 {
            let rows = random(90, 1 + seed as usize % 6, seed);
            let known: Vec<f64> = (0..90).map(|i| 1.0 + f64::from(i % 13)).collect();
            let times = |x: &[f64]| -> Vec<f64> {
                rows.iter()
                    .map(|row| row.iter().map(|(j, v)| v * x[*j]).sum())
                    .collect()
            };
            let right = times(&known);
            let found = solve(rows.clone(), right.clone()).expect("regular");
            for (row, (left, right)) in rows.iter().zip(times(&found).iter().zip(&right)) {
                let size: f64 = row.iter().map(|(j, v)| (v * known[*j]).abs()).sum();
                assert!(
                    (left - right).abs() < 1e-11 * size,
                    "seed {seed}: {left} {right}"
                );
            }
        }
    }

    #[test]
    fn singular_matrices_and_what_is_no_number_have_no_solution() {
        let mut twice = random(40, 3, 1);
        twice[5] = twice[9].clone();
        assert_eq!(solve(twice, vec![1.0; 40]), None);
        let mut empty = random(40, 3, 1);
        empty[5].clear();
        assert_eq!(solve(empty, vec![1.0; 40]), None);
        let mut hole = random(40, 3, 1);
        hole[5][0].1 = f64::NAN;
        assert_eq!(solve(hole, vec![1.0; 40]), None);
    }
}
