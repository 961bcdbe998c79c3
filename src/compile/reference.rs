//! A model at its reference person: what `norm` and edges measure by is what they measure.
//!
//! In a run a reference is a number that was read there. Written as the expression that it was read from,
//! every `norm` is 1 and the reference person is the solution of one system of equations, not the fixed
//! point of many.

use crate::model::{Expr, InputKind, Model};

/// The model with each reference replaced by what it is read from.
pub fn at_reference(model: &Model) -> Model {
    let mut own = model.clone();
    let variables = own.variables.iter_mut().map(|variable| &mut variable.expr);
    let processes = own.processes.iter_mut().map(|process| &mut process.rate);
    let rates = own.rates.iter_mut().map(|rate| &mut rate.expr);
    let biomarkers = own
        .biomarkers
        .iter_mut()
        .map(|biomarker| &mut biomarker.expr);
    let references = own.references.iter_mut().map(|reference| &mut reference.of);
    let coefficients = own
        .inputs
        .iter_mut()
        .filter_map(|input| match &mut input.kind {
            InputKind::Bolus { to } => Some(to),
            InputKind::Rate { .. } => None,
        })
        .flatten()
        .map(|(_, coefficient)| coefficient);
    let all = variables.chain(processes).chain(rates).chain(biomarkers);
    for expr in all.chain(references).chain(coefficients) {
        replace(expr, model);
    }
    own
}

/// Puts what references are read from in their place. Conditions hold none: they do not move.
fn replace(expr: &mut Expr, model: &Model) {
    if let Expr::Parameter(id) = expr {
        let known = model.references.iter().find(|r| r.parameter == *id);
        let Some(reference) = known else { return };
        *expr = reference.of.clone();
        return replace(expr, model);
    }
    expr.parts_mut().for_each(|part| replace(part, model));
}
