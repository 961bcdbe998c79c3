//! Stores at both ends of a run, and what crossed the body's boundary in between, per kind of matter.
//!
//! Everything that crosses has an accumulator that is integrated with the states, so the balance closes
//! to round-off: a larger error means that a process or a dose makes or loses matter.

use super::Ledger;
use crate::model::evaluate::{Algebraic, Values};
use crate::model::*;
use crate::units::Unit;

/// One ledger per kind of matter, by name, in the unit of the first state that holds it. `before` and
/// `after`: engine states (declared ones, then accumulators).
pub fn ledger(model: &Model, parameters: &[f64], before: &[f64], after: &[f64]) -> Vec<Ledger> {
    let matters = model.states.iter().flat_map(|state| &state.of);
    let mut names: Vec<&str> = matters.map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let start = Start {
        model,
        parameters,
        states: before,
        inputs: model.inputs.iter().map(resting).collect(),
    };
    let known = start.values().all();
    names
        .into_iter()
        .filter_map(|matter| balance(&start, &known, matter, after))
        .collect()
}

/// The instant at which bolus coefficients are read. The parts into which a dose is divided may change
/// later on; what they sum to does not.
struct Start<'a> {
    model: &'a Model,
    parameters: &'a [f64],
    states: &'a [f64],
    inputs: Vec<f64>,
}

impl Start<'_> {
    fn values(&self) -> Values<'_> {
        Values {
            model: self.model,
            parameters: self.parameters,
            inputs: &self.inputs,
            states: self.states,
            time: 0.0,
        }
    }
}

fn resting(input: &Input) -> f64 {
    match input.kind {
        InputKind::Rate { default } => default,
        InputKind::Bolus { .. } => 0.0,
    }
}

fn balance(start: &Start, known: &Algebraic, matter: &str, after: &[f64]) -> Option<Ledger> {
    let (model, values) = (start.model, start.values());
    let unit = first_unit(model, matter)?;
    let weights: Vec<f64> = model
        .states
        .iter()
        .map(|state| content(state, matter, &unit))
        .collect();
    let total = |y: &[f64]| weights.iter().zip(y).map(|(w, y)| w * y).sum::<f64>();
    let weigh = |moved: &[(StateId, f64)]| -> f64 {
        let part = |(state, coefficient): &(StateId, f64)| weights[state.index()] * coefficient;
        moved.iter().map(part).sum()
    };
    let mut accumulators = after[model.states.len()..].iter();
    let mut flows = Vec::new();
    for process in &model.processes {
        let Some((_, factor, _)) = &process.boundary else {
            continue;
        };
        let net = (weigh(&process.to) - weigh(&process.from)) / factor;
        let amount = net * accumulators.next()?;
        flows.push((process.name.clone(), amount));
    }
    for input in &model.inputs {
        let InputKind::Bolus { to } = &input.kind else {
            continue;
        };
        let per_unit: f64 = to
            .iter()
            .filter(|(state, _)| weights[state.index()] != 0.0)
            .map(|(state, part)| weights[state.index()] * values.expr(part, known))
            .sum();
        let amount = per_unit * accumulators.next()?;
        flows.push((input.name.clone(), amount));
    }
    flows.retain(|(_, amount)| *amount != 0.0);
    let gained: f64 = flows.iter().map(|(_, amount)| amount.max(0.0)).sum();
    let lost: f64 = flows.iter().map(|(_, amount)| (-amount).max(0.0)).sum();
    let (held, holds) = (total(start.states), total(after));
    let size = [held.abs(), holds.abs(), gained, lost, 1e-300];
    let size = size.into_iter().fold(0.0, f64::max);
    Some(Ledger {
        matter: matter.to_string(),
        unit,
        start: held,
        gained,
        lost,
        end: holds,
        error: (held + gained - lost - holds).abs() / size,
        flows,
    })
}

fn first_unit(model: &Model, matter: &str) -> Option<Unit> {
    let holds = |state: &&State| state.of.iter().any(|(name, _)| name == matter);
    Some(model.states.iter().find(holds)?.unit.clone())
}

/// How much of the matter one unit of the state holds, in `unit`.
fn content(state: &State, matter: &str, unit: &Unit) -> f64 {
    let of = state.of.iter().find(|(name, _)| name == matter);
    of.and_then(|(_, amount)| Some(amount * state.unit.ratio_to(unit)?))
        .unwrap_or(0.0)
}
