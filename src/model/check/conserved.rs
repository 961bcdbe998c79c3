//! Finds the totals that no process changes.
//!
//! In: a model whose processes hold their factors. Out: sums of states, each constant whatever the
//! rates. States with a rate of their own take part in none.

use crate::model::types::*;

/// A basis of the left null space of the stoichiometric matrix, by Gauss–Jordan elimination with
/// states as unknowns. Weights are per unit of each state.
pub fn totals(model: &Model) -> Vec<Conserved> {
    let rated = |at: usize| model.rates.iter().any(|rate| rate.state.index() == at);
    let states: Vec<usize> = (0..model.states.len()).filter(|at| !rated(*at)).collect();
    // Weights are sought per SI amount, so that the entries are the plain coefficients.
    let si: Vec<f64> = states
        .iter()
        .map(|at| model.states[*at].unit.factor.to_f64())
        .collect();
    let mut rows = stoichiometry(model, &states, &si);
    let pivots = eliminate(&mut rows, states.len());
    let free = (0..states.len()).filter(|column| !pivots.contains(&Some(*column)));
    free.map(|free| {
        let mut weights = vec![(free, 1.0)];
        for (row, pivot) in rows.iter().zip(&pivots) {
            if let Some(pivot) = pivot
                && row[free].abs() > 1e-9
            {
                weights.push((*pivot, -row[free]));
            }
        }
        weights.sort_by_key(|(column, _)| *column);
        total(model, &states, &si, &weights)
    })
    .collect()
}

/// One row per process and per state that a bolus fills, one column per state; in SI.
fn stoichiometry(model: &Model, states: &[usize], si: &[f64]) -> Vec<Vec<f64>> {
    let column_of = |state: StateId| states.iter().position(|at| *at == state.index());
    let mut rows = Vec::new();
    for process in &model.processes {
        let mut row = vec![0.0; states.len()];
        for (sign, side) in [(-1.0, &process.from), (1.0, &process.to)] {
            for (state, factor) in side {
                if let Some(column) = column_of(*state) {
                    row[column] += sign * factor * si[column];
                }
            }
        }
        let size = row.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        if size > 0.0 {
            rows.push(row.iter().map(|x| x / size).collect());
        }
    }
    for input in &model.inputs {
        let InputKind::Bolus { to } = &input.kind else {
            continue;
        };
        for column in to.iter().filter_map(|(state, _)| column_of(*state)) {
            let mut row = vec![0.0; states.len()];
            row[column] = 1.0;
            rows.push(row);
        }
    }
    rows
}

/// `weights`: column and weight per SI amount.
fn total(model: &Model, states: &[usize], si: &[f64], weights: &[(usize, f64)]) -> Conserved {
    let term = |(column, weight): &(usize, f64)| {
        let name = &model.states[states[*column]].name;
        if (weight - 1.0).abs() < 1e-9 {
            name.clone()
        } else {
            format!("{}·{name}", (weight * 1e6).round() / 1e6)
        }
    };
    let scale = si[weights[0].0];
    let in_own_unit = |(column, weight): &(usize, f64)| {
        let state = StateId(states[*column] as u32);
        (state, weight * si[*column] / scale)
    };
    Conserved {
        weights: weights.iter().map(in_own_unit).collect(),
        text: weights.iter().map(term).collect::<Vec<_>>().join(" + "),
    }
}

/// Gauss–Jordan in place; the pivot column of each row.
fn eliminate(rows: &mut [Vec<f64>], columns: usize) -> Vec<Option<usize>> {
    let mut pivots = vec![None; rows.len()];
    let mut next = 0;
    for column in 0..columns {
        let Some(best) = (next..rows.len())
            .max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()))
            .filter(|row| rows[*row][column].abs() > 1e-9)
        else {
            continue;
        };
        rows.swap(next, best);
        let lead = rows[next][column];
        rows[next].iter_mut().for_each(|x| *x /= lead);
        let pivot_row = rows[next].clone();
        for (at, row) in rows.iter_mut().enumerate() {
            if at != next && row[column] != 0.0 {
                let factor = row[column];
                for (x, p) in row.iter_mut().zip(&pivot_row) {
                    *x -= factor * p;
                }
            }
        }
        pivots[next] = Some(column);
        next += 1;
        if next == rows.len() {
            break;
        }
    }
    pivots
}
