//! Sparse LU of `I/(γh) − J` for `W` members side by side: order and fill are found once, numbers are
//! factorised every step, without pivoting (the diagonal dominates at the step sizes that the error
//! test accepts; a vanishing pivot is reported).
//!
//! Promises: every entry's sum runs in ascending order of the pivots, so bits do not depend on `W`.
//! Pivots are kept as reciprocals: one division each, however often they are used.
//!
//! Start reading at [`Symbolic::new`].

pub mod pivoted;
mod tapes;
mod workspace;

use super::Pattern;
use super::evaluate::Tape;
use super::instructions::widest;
use workspace::Places;
pub use workspace::Workspace;

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
    /// The same work entry by entry: the products (slot in L, slot in U) that entry k loses are
    /// `products[product_start[k]..product_start[k + 1]]`.
    product_start: Vec<u32>,
    products: Vec<(u32, u32)>,
    places: Places,
    /// The same work once more, for machine code.
    elimination: Tape,
    substitution: Tape,
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
        let (product_start, products) = by_entry(column.len(), &eliminations, &updates);
        let mut plan = Symbolic {
            places: Places::new(n, scatter.len(), column.len()),
            elimination: Tape::default(),
            substitution: Tape::default(),
            n,
            order,
            row_start,
            column,
            diagonal,
            scatter,
            eliminations,
            updates,
            product_start,
            products,
        };
        plan.elimination = tapes::elimination(&plan);
        plan.substitution = tapes::substitution(&plan);
        plan
    }

    /// Slots that a factorisation needs.
    pub fn len(&self) -> usize {
        self.column.len()
    }

    /// True for a system without states.
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// Factorises `diag(shift) − jacobian`, lane by lane, with reciprocal pivots. Returns for each lane
    /// the original index of the first vanishing or non-finite pivot.
    pub fn factor<const W: usize>(
        &self,
        shift: &[f64; W],
        workspace: &mut Workspace<W>,
    ) -> [Option<usize>; W] {
        match self.elimination.translations.get(&self.elimination, W) {
            Some(native) => {
                workspace.slots[self.places.shift] = *shift;
                native.execute_alone(&mut workspace.slots);
            }
            None => {
                let (jacobian, lu) = workspace.factors();
                factor(self, jacobian, shift, lu);
            }
        }
        let (_, lu) = workspace.factors();
        let mut bad = [None; W];
        let unusable = unusable(&self.diagonal, lu);
        for lane in (0..W).filter(|lane| unusable[*lane]) {
            let mut pivots = self.diagonal.iter();
            let first = pivots.position(|&slot| !is_usable(lu[slot][lane]));
            bad[lane] = first.map(|k| self.order[k]);
        }
        bad
    }

    /// Solves for the right-hand side in the workspace, in its place.
    pub fn solve<const W: usize>(&self, workspace: &mut Workspace<W>) {
        match self.substitution.translations.get(&self.substitution, W) {
            Some(native) => native.execute_alone(&mut workspace.slots),
            None => {
                let parts = workspace.parts();
                solve(self, parts.lu, parts.x, parts.work);
            }
        }
    }
}

/// Turns updates in elimination order into products per entry; the order of each entry's sum stays.
fn by_entry(
    entries: usize,
    eliminations: &[Elimination],
    updates: &[(u32, u32)],
) -> (Vec<u32>, Vec<(u32, u32)>) {
    let mut lists = vec![Vec::new(); entries];
    for elimination in eliminations {
        for &(target, source) in &updates[elimination.first as usize..elimination.last as usize] {
            lists[target as usize].push((elimination.entry, source));
        }
    }
    let mut start = vec![0];
    for list in &lists {
        start.push(start[start.len() - 1] + list.len() as u32);
    }
    (start, lists.concat())
}

widest! {
    fn factor<const W: usize>(
        plan: &Symbolic,
        jacobian: &[[f64; W]],
        shift: &[f64; W],
        lu: &mut [[f64; W]],
    ) {
        lu.fill([0.0; W]);
        for (value, &slot) in jacobian.iter().zip(&plan.scatter) {
            for lane in 0..W {
                lu[slot][lane] -= value[lane];
            }
        }
        for &slot in &plan.diagonal {
            for lane in 0..W {
                lu[slot][lane] += shift[lane];
            }
        }
        // One lane: a flat list of updates keeps the processor busy. More: a sum held in a register
        // saves a load and a store for every product.
        if W == 1 {
            by_updates(plan, lu);
        } else {
            by_products(plan, lu);
        }
    }
}

#[inline(always)]
fn by_updates<const W: usize>(plan: &Symbolic, lu: &mut [[f64; W]]) {
    let mut row = 0;
    for elimination in &plan.eliminations {
        // Rows are finished in order: their pivots are final once a later row begins.
        while plan.row_start[row + 1] <= elimination.entry as usize {
            invert(&mut lu[plan.diagonal[row]]);
            row += 1;
        }
        let inverse = lu[elimination.pivot as usize];
        let mut factor = lu[elimination.entry as usize];
        for lane in 0..W {
            factor[lane] *= inverse[lane];
        }
        lu[elimination.entry as usize] = factor;
        for &(target, source) in
            &plan.updates[elimination.first as usize..elimination.last as usize]
        {
            let source = lu[source as usize];
            let target = &mut lu[target as usize];
            for lane in 0..W {
                target[lane] -= factor[lane] * source[lane];
            }
        }
    }
    for &slot in &plan.diagonal[row..] {
        invert(&mut lu[slot]);
    }
}

#[inline(always)]
fn by_products<const W: usize>(plan: &Symbolic, lu: &mut [[f64; W]]) {
    for row in 0..plan.n {
        for entry in plan.row_start[row]..plan.row_start[row + 1] {
            let mut sum = lu[entry];
            let products =
                plan.product_start[entry] as usize..plan.product_start[entry + 1] as usize;
            for &(factor, source) in &plan.products[products] {
                let (factor, source) = (lu[factor as usize], lu[source as usize]);
                for lane in 0..W {
                    sum[lane] -= factor[lane] * source[lane];
                }
            }
            let column = plan.column[entry];
            if column < row {
                let inverse = lu[plan.diagonal[column]];
                for lane in 0..W {
                    sum[lane] *= inverse[lane];
                }
            } else if column == row {
                invert(&mut sum);
            }
            lu[entry] = sum;
        }
    }
}

/// True for the reciprocal of a pivot that neither vanished nor overflowed.
#[inline(always)]
fn is_usable(inverse: f64) -> bool {
    (inverse.abs() > 0.0) & (inverse.abs() < f64::INFINITY)
}

widest! {
    /// Lanes in which some pivot cannot be used.
    fn unusable<const W: usize>(diagonal: &[usize], lu: &[[f64; W]]) -> [bool; W] {
        let mut bad = [false; W];
        for &slot in diagonal {
            for lane in 0..W {
                bad[lane] |= !is_usable(lu[slot][lane]);
            }
        }
        bad
    }
}

#[inline(always)]
fn invert<const W: usize>(pivot: &mut [f64; W]) {
    for lane in 0..W {
        pivot[lane] = 1.0 / pivot[lane];
    }
}

widest! {
    fn solve<const W: usize>(
        plan: &Symbolic,
        lu: &[[f64; W]],
        x: &mut [[f64; W]],
        work: &mut [[f64; W]],
    ) {
        for row in 0..plan.n {
            let lower = plan.row_start[row]..plan.diagonal[row];
            work[row] = less_products(x[plan.order[row]], &lu[lower.clone()], &plan.column[lower], work);
        }
        for row in (0..plan.n).rev() {
            let upper = plan.diagonal[row] + 1..plan.row_start[row + 1];
            let mut value = less_products(work[row], &lu[upper.clone()], &plan.column[upper], work);
            let inverse = lu[plan.diagonal[row]];
            for lane in 0..W {
                value[lane] *= inverse[lane];
            }
            work[row] = value;
            x[plan.order[row]] = value;
        }
    }
}

/// `sum − Σ factors·known[columns]`.
#[inline(always)]
fn less_products<const W: usize>(
    mut sum: [f64; W],
    factors: &[[f64; W]],
    columns: &[usize],
    known: &[[f64; W]],
) -> [f64; W] {
    for (factor, &column) in factors.iter().zip(columns) {
        let known = known[column];
        for lane in 0..W {
            sum[lane] -= factor[lane] * known[lane];
        }
    }
    sum
}
