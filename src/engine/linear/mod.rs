//! Sparse LU of `I/(γh) − J` for `W` members side by side: order and fill are found once, numbers are
//! factorised every step, without pivoting (the diagonal dominates at the step sizes that the error
//! test accepts; a vanishing pivot is reported).
//!
//! Promises: sums run in ascending index order, so bits do not depend on `W`.
//!
//! Start reading at [`Symbolic::new`].

use super::Pattern;

/// Order, fill and the list of elementary operations of a factorisation.
#[derive(Debug, Clone)]
pub struct Symbolic {
    n: usize,
    /// `order[k]` = original index of the k-th pivot.
    order: Vec<usize>,
    /// Rows of L and U together, columns ascending, in pivot order.
    row_start: Vec<usize>,
    column: Vec<usize>,
    diagonal: Vec<usize>,
    /// Where entry k of the Jacobian's pattern lands.
    scatter: Vec<usize>,
    /// For each entry of L, in elimination order: (its slot, slot of the pivot, updates).
    eliminations: Vec<Elimination>,
    /// (slot to change, slot in the pivot's row).
    updates: Vec<(u32, u32)>,
}

#[derive(Debug, Clone, Copy)]
struct Elimination {
    entry: u32,
    pivot: u32,
    first: u32,
    last: u32,
}

impl Symbolic {
    /// Diagonal Markowitz order: next comes the pivot with the fewest (row − 1)·(column − 1)
    /// products, ties by index (Markowitz 1957, *Management Science* 3, 255).
    pub fn new(n: usize, pattern: &Pattern) -> Symbolic {
        let mut rows: Vec<std::collections::BTreeSet<usize>> = (0..n).map(|i| [i].into()).collect();
        let mut columns = rows.clone();
        for i in 0..n {
            for &j in
                &pattern.column[pattern.row_start[i] as usize..pattern.row_start[i + 1] as usize]
            {
                rows[i].insert(j as usize);
                columns[j as usize].insert(i);
            }
        }
        let mut full: Vec<std::collections::BTreeSet<usize>> = rows.clone();
        let mut left: std::collections::BTreeSet<usize> = (0..n).collect();
        let mut order = Vec::with_capacity(n);
        while let Some(&pivot) = left
            .iter()
            .min_by_key(|&&i| ((rows[i].len() - 1) * (columns[i].len() - 1), i))
        {
            left.remove(&pivot);
            order.push(pivot);
            let below: Vec<usize> = columns[pivot]
                .iter()
                .copied()
                .filter(|i| *i != pivot)
                .collect();
            let beside: Vec<usize> = rows[pivot]
                .iter()
                .copied()
                .filter(|j| *j != pivot)
                .collect();
            for &i in &below {
                for &j in &beside {
                    if rows[i].insert(j) {
                        columns[j].insert(i);
                        full[i].insert(j);
                    }
                }
                rows[i].remove(&pivot);
            }
            for &j in &beside {
                columns[j].remove(&pivot);
            }
        }
        Self::layout(n, pattern, order, &full)
    }

    fn layout(
        n: usize,
        pattern: &Pattern,
        order: Vec<usize>,
        full: &[std::collections::BTreeSet<usize>],
    ) -> Symbolic {
        let mut place = vec![0; n];
        for (k, &i) in order.iter().enumerate() {
            place[i] = k;
        }
        let mut row_start = vec![0];
        let mut column = Vec::new();
        for &i in &order {
            let mut row: Vec<usize> = full[i].iter().map(|j| place[*j]).collect();
            row.sort_unstable();
            column.extend(row);
            row_start.push(column.len());
        }
        let find = |row: usize, wanted: usize| {
            row_start[row]
                + column[row_start[row]..row_start[row + 1]].partition_point(|c| *c < wanted)
        };
        let diagonal: Vec<usize> = (0..n).map(|k| find(k, k)).collect();
        let mut scatter = Vec::new();
        for i in 0..n {
            for &j in
                &pattern.column[pattern.row_start[i] as usize..pattern.row_start[i + 1] as usize]
            {
                scatter.push(find(place[i], place[j as usize]));
            }
        }
        let (mut eliminations, mut updates) = (Vec::new(), Vec::new());
        for row in 0..n {
            for (entry, &pivot) in (row_start[row]..).zip(&column[row_start[row]..diagonal[row]]) {
                let first = updates.len() as u32;
                for (slot, &beside) in
                    (diagonal[pivot] + 1..).zip(&column[diagonal[pivot] + 1..row_start[pivot + 1]])
                {
                    updates.push((find(row, beside) as u32, slot as u32));
                }
                eliminations.push(Elimination {
                    entry: entry as u32,
                    pivot: diagonal[pivot] as u32,
                    first,
                    last: updates.len() as u32,
                });
            }
        }
        Symbolic {
            n,
            order,
            row_start,
            column,
            diagonal,
            scatter,
            eliminations,
            updates,
        }
    }

    /// Slots that a factorisation needs.
    pub fn len(&self) -> usize {
        self.column.len()
    }

    /// True for a system without states.
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// `lu` = factors of `diag(shift) − jacobian`, lane by lane. Returns for each lane the original
    /// index of the first vanishing or non-finite pivot.
    pub fn factor<const W: usize>(
        &self,
        jacobian: &[[f64; W]],
        shift: &[f64; W],
        lu: &mut [[f64; W]],
    ) -> [Option<usize>; W] {
        lu.fill([0.0; W]);
        for (value, &slot) in jacobian.iter().zip(&self.scatter) {
            for lane in 0..W {
                lu[slot][lane] -= value[lane];
            }
        }
        for &slot in &self.diagonal {
            for lane in 0..W {
                lu[slot][lane] += shift[lane];
            }
        }
        for elimination in &self.eliminations {
            let pivot = lu[elimination.pivot as usize];
            let mut factor = lu[elimination.entry as usize];
            for lane in 0..W {
                factor[lane] /= pivot[lane];
            }
            lu[elimination.entry as usize] = factor;
            for &(target, source) in
                &self.updates[elimination.first as usize..elimination.last as usize]
            {
                let source = lu[source as usize];
                let target = &mut lu[target as usize];
                for lane in 0..W {
                    target[lane] -= factor[lane] * source[lane];
                }
            }
        }
        let mut bad = [None; W];
        for (k, &slot) in self.diagonal.iter().enumerate() {
            for lane in 0..W {
                let pivot = lu[slot][lane];
                if bad[lane].is_none() && (pivot == 0.0 || !pivot.is_finite()) {
                    bad[lane] = Some(self.order[k]);
                }
            }
        }
        bad
    }

    /// Solves in place; `work` has one slot per state.
    pub fn solve<const W: usize>(
        &self,
        lu: &[[f64; W]],
        x: &mut [[f64; W]],
        work: &mut [[f64; W]],
    ) {
        for row in 0..self.n {
            let mut sum = x[self.order[row]];
            for slot in self.row_start[row]..self.diagonal[row] {
                let (factor, known) = (lu[slot], work[self.column[slot]]);
                for lane in 0..W {
                    sum[lane] -= factor[lane] * known[lane];
                }
            }
            work[row] = sum;
        }
        for row in (0..self.n).rev() {
            let mut sum = work[row];
            for slot in self.diagonal[row] + 1..self.row_start[row + 1] {
                let (factor, known) = (lu[slot], work[self.column[slot]]);
                for lane in 0..W {
                    sum[lane] -= factor[lane] * known[lane];
                }
            }
            let pivot = lu[self.diagonal[row]];
            for lane in 0..W {
                sum[lane] /= pivot[lane];
            }
            work[row] = sum;
            x[self.order[row]] = sum;
        }
    }
}
