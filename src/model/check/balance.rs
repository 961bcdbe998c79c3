//! Proves that processes balance and gives boundary processes their accumulators.

use super::symbols::Symbols;
use crate::diagnostics::Diagnostic;
use crate::model::file::problem_with_help;
use crate::model::types::*;
use crate::units::Unit;

/// Checks units and balance of every process and that every state changes in exactly one way.
pub fn check(model: &mut Model, symbols: &Symbols, out: &mut Vec<Diagnostic>) {
    let second = Unit::parse("s").expect("s is a unit");
    for at in 0..model.processes.len() {
        if !symbols.is_lost(&model.processes[at].name) {
            balanced(model, at, out);
        }
        convert(model, at, &second, out);
    }
    // Where a declaration could not be read, a state may only seem to stand still.
    if !symbols.any_broken() {
        every_state_moves(model, out);
    }
}

/// Matter that goes in must come out: for every kind of matter named by `of`, on inner processes.
/// States in units of another kind are left to [`convert`].
fn balanced(model: &Model, at: usize, out: &mut Vec<Diagnostic>) {
    let process = &model.processes[at];
    let dimension = |state: &StateId| &model.states[state.index()].unit.dimension;
    let mut dimensions = process
        .from
        .iter()
        .chain(&process.to)
        .map(|(state, _)| dimension(state));
    let first = dimensions.next();
    if process.boundary.is_some() || dimensions.any(|other| Some(other) != first) {
        return;
    }
    let amount = |side: &[(StateId, f64)], matter: &str| -> f64 {
        side.iter()
            .map(|(state, coefficient)| {
                let of = &model.states[state.index()].of;
                coefficient
                    * of.iter()
                        .find(|(name, _)| name == matter)
                        .map_or(0.0, |(_, n)| *n)
            })
            .sum()
    };
    let mut kinds: Vec<&str> = process
        .from
        .iter()
        .chain(&process.to)
        .flat_map(|(state, _)| {
            model.states[state.index()]
                .of
                .iter()
                .map(|(name, _)| name.as_str())
        })
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    for matter in kinds {
        let (gone, come) = (amount(&process.from, matter), amount(&process.to, matter));
        if (gone - come).abs() > 1e-12 * gone.max(come) {
            out.push(problem_with_help(
                "unbalanced-process",
                format!("process `{}` takes {gone} and gives {come} of {matter}", process.name),
                process.span.clone(),
                "does not balance",
                Some("make the coefficients of `from` and `to` carry the same matter, or send the rest to a state".to_string()),
            ));
        }
    }
}

/// Coefficients become factors from the process's rate to each state's unit per second.
fn convert(model: &mut Model, at: usize, second: &Unit, out: &mut Vec<Diagnostic>) {
    let process = &model.processes[at];
    let unit = process.unit.clone();
    let span = process.span.clone();
    let name = process.name.clone();
    let side = |list: &[(StateId, f64)], out: &mut Vec<Diagnostic>| -> Vec<(StateId, f64)> {
        list.iter()
            .map(|(state, coefficient)| {
                let target = &model.states[state.index()].unit;
                let factor = target
                    .per(second)
                    .and_then(|per_second| unit.ratio_to(&per_second));
                if factor.is_none() {
                    out.push(problem_with_help(
                        "wrong-unit",
                        format!(
                            "process `{name}` moves {} but `{}` is in {} ({})",
                            unit.describe(),
                            model.states[state.index()].name,
                            target.text,
                            target.describe()
                        ),
                        span.clone(),
                        "units do not fit",
                        Some("all states that a process moves are in one kind of unit".to_string()),
                    ));
                }
                (*state, coefficient * factor.unwrap_or(1.0))
            })
            .collect()
    };
    let from = side(&process.from, out);
    let to = side(&process.to, out);
    let boundary = process.boundary.as_ref().map(|(direction, _, _)| {
        // Without its state, which has been reported, a process has nothing to count.
        match from.iter().chain(&to).next() {
            Some((state, factor)) => (
                *direction,
                *factor,
                model.states[state.index()].unit.clone(),
            ),
            None => (*direction, 1.0, Unit::one()),
        }
    });
    let process = &mut model.processes[at];
    process.from = from;
    process.to = to;
    process.boundary = boundary;
}

fn every_state_moves(model: &Model, out: &mut Vec<Diagnostic>) {
    let mut moved = vec![false; model.states.len()];
    for process in &model.processes {
        for (state, _) in process.from.iter().chain(&process.to) {
            moved[state.index()] = true;
        }
    }
    let mut filled = vec![false; model.states.len()];
    for input in &model.inputs {
        if let InputKind::Bolus { to } = &input.kind {
            for (state, _) in to {
                filled[state.index()] = true;
            }
        }
    }
    let mut rated = vec![false; model.states.len()];
    for rate in &model.rates {
        rated[rate.state.index()] = true;
    }
    for (at, state) in model.states.iter().enumerate() {
        let (mistake, way_out) = match (moved[at], rated[at]) {
            (true, false) | (false, true) => continue,
            (false, false) if filled[at] => continue,
            (true, true) => (
                "is moved by a process and has a rate of its own",
                "leave its line in [rates] out, or make the rate a process",
            ),
            (false, false) => (
                "never changes: no process moves it and it has no rate",
                "make it a parameter, or give it a process or a line in [rates]",
            ),
        };
        out.push(problem_with_help(
            "bad-state",
            format!("state `{}` {mistake}", state.name),
            state.span.clone(),
            "here",
            Some(way_out.to_string()),
        ));
    }
}
