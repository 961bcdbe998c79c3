//! Declarations of all modules → [`Model`]: names resolved, units checked, edges applied.
//!
//! `symbols.rs` gives every name its id; `lower.rs` turns formulas into numeric expressions;
//! `edges.rs` joins edges to their targets; `order.rs` finds cycles; `balance.rs` proves that
//! processes balance; `conserved.rs` finds conserved totals.
//!
//! Start reading at [`compose`].

pub mod balance;
pub mod conserved;
pub mod edges;
pub mod lower;
pub mod order;
pub mod symbols;

use super::declare::{Amount, Declared, InputFile};
use super::file::problem_with_help;
use super::load::{ModelFile, Shared};
use super::messages::{unknown_name, wrong_unit};
use super::types::*;
use crate::diagnostics::Diagnostic;
use crate::units::Unit;
use lower::Lowering;
use symbols::{Scope, Symbols};

/// Composes modules into a model. `out` receives every problem; the model is usable only if none was
/// an error.
pub fn compose(file: &ModelFile, shared: &Shared, out: &mut Vec<Diagnostic>) -> Model {
    let mut model = skeleton(file, shared);
    let symbols = Symbols::declare(file, shared, &mut model, out);
    check_references(file, shared, out);
    let mut lowering = Lowering::new(&symbols, shared, &mut model, out);
    edges::declare(file, &mut lowering);
    lower_algebra(file, &mut lowering);
    lower_states(file, &mut lowering);
    lower_observers(file, &mut lowering);
    edges::apply(file, &mut lowering);
    lowering.finish();
    modalities(file, &symbols, &mut model, out);
    shared.people(&mut model, &symbols, out);
    order::check(&mut model, out);
    balance::check(&mut model, &symbols, out);
    model.conserved = conserved::totals(&model);
    model
}

fn skeleton(file: &ModelFile, shared: &Shared) -> Model {
    Model {
        name: file.name.clone(),
        title: file.title.clone(),
        about: file.about.clone(),
        modules: file
            .modules
            .iter()
            .map(|(path, module)| Module {
                name: module.name.clone(),
                title: module.title.clone(),
                system: module.system.clone(),
                about: module.about.clone(),
                uses: module.uses.iter().map(|(name, _)| name.clone()).collect(),
                path: path.clone(),
            })
            .collect(),
        parameters: Vec::new(),
        inputs: Vec::new(),
        states: Vec::new(),
        variables: Vec::new(),
        processes: Vec::new(),
        rates: Vec::new(),
        edges: Vec::new(),
        references: Vec::new(),
        events: Vec::new(),
        limits: Vec::new(),
        biomarkers: Vec::new(),
        tables: Vec::new(),
        modalities: Vec::new(),
        order: Vec::new(),
        conserved: Vec::new(),
        nutrients: shared.nutrients.clone(),
        people: Vec::new(),
        references_bib: shared.bibliography.clone(),
        warm_up_s: file.warm_up_s,
        time_unit: file.time_unit.clone(),
        files: file.files.clone(),
    }
}

/// Every source key must be in references.bib.
fn check_references(file: &ModelFile, shared: &Shared, out: &mut Vec<Diagnostic>) {
    for (_, module) in &file.modules {
        shared.check_cited(&module.cited, out);
    }
}

fn lower_algebra(file: &ModelFile, lowering: &mut Lowering) {
    let (mut v, mut p) = (0, 0);
    for (at, (_, module)) in file.modules.iter().enumerate() {
        let scope = Scope { module: at };
        for variable in &module.variables {
            let unit = variable.body.unit.clone();
            let expr = lowering.formula_in(scope, &variable.body.formula, &unit, "this variable");
            lowering.model.variables[v].raw = expr.clone();
            lowering.model.variables[v].expr = expr;
            v += 1;
        }
        for process in &module.processes {
            // Without its states a process has no unit to be checked against.
            let lost = lowering.symbols.is_broken(at, &process.name);
            let expr = if lost && process.body.unit.is_none() {
                let typed = lowering.formula_any(scope, &process.body.rate);
                typed.map_or(Expr::Number(0.0), |typed| typed.expr)
            } else {
                let unit = lowering.model.processes[p].unit.clone();
                lowering.formula_in(scope, &process.body.rate, &unit, "this process")
            };
            lowering.model.processes[p].raw = expr.clone();
            lowering.model.processes[p].rate = expr;
            p += 1;
        }
    }
}

fn lower_states(file: &ModelFile, lowering: &mut Lowering) {
    let second = Unit::parse("s").expect("s is a unit");
    let mut s = 0;
    for (at, (_, module)) in file.modules.iter().enumerate() {
        let scope = Scope { module: at };
        for state in &module.states {
            let initial = amount_in(
                lowering,
                scope,
                &state.body.initial,
                &state.body.unit,
                "this state",
            );
            if !lower::depends_on_parameters_only(&initial) {
                lowering.out.push(problem_with_help(
                    "bad-initial",
                    format!(
                        "the initial value of `{}` may use parameters only",
                        state.name
                    ),
                    state.span.clone(),
                    "uses something that changes",
                    Some("write a number, or a formula over parameters".to_string()),
                ));
            }
            lowering.model.states[s].initial = initial;
            s += 1;
        }
        for rate in &module.rates {
            let Some(id) = lowering.symbols.own_state(at, &rate.name) else {
                let known: Vec<&str> = module
                    .states
                    .iter()
                    .map(|state| state.name.as_str())
                    .collect();
                if !module.broken.contains(&rate.name) {
                    lowering.out.push(unknown_name(
                        format!("`{}` is not a state of this module", rate.name),
                        &rate.name,
                        rate.span.clone(),
                        known,
                    ));
                }
                continue;
            };
            let unit = lowering.model.states[id.index()]
                .unit
                .per(&second)
                .unwrap_or_else(Unit::one);
            let expr = lowering.formula_in(scope, &rate.body, &unit, "the rate of this state");
            lowering.model.rates.push(Rate {
                state: id,
                text: rate.body.text.clone(),
                expr,
                span: rate.span.clone(),
            });
        }
    }
}

fn amount_in(
    lowering: &mut Lowering,
    scope: Scope,
    amount: &Amount,
    unit: &Unit,
    what: &str,
) -> Expr {
    match amount {
        Amount::Number(number) => Expr::Number(*number),
        Amount::Formula(formula) => lowering.formula_in(scope, formula, unit, what),
    }
}

fn lower_observers(file: &ModelFile, lowering: &mut Lowering) {
    let (mut b, mut i) = (0, 0);
    for (at, (_, module)) in file.modules.iter().enumerate() {
        let scope = Scope { module: at };
        for biomarker in &module.biomarkers {
            let unit = biomarker.body.unit.clone();
            let expr = lowering.formula_in(scope, &biomarker.body.formula, &unit, "this biomarker");
            lowering.model.biomarkers[b].expr = expr;
            b += 1;
        }
        for event in &module.events {
            let root = lowering.root(scope, &event.body.when);
            lowering.model.events.push(Event {
                name: format!("{}.{}", module.name, event.name),
                title: event
                    .title
                    .clone()
                    .unwrap_or_else(|| event.name.replace('_', " ")),
                root,
                action: event.body.action,
            });
        }
        for limit in &module.limits {
            let own = lowering.limit(scope, &limit.body.holds);
            let Some((lower, upper, unit, from_below)) = own else {
                continue;
            };
            lowering.model.limits.push(Limit {
                name: format!("{}.{}", module.name, limit.name),
                title: limit
                    .title
                    .clone()
                    .unwrap_or_else(|| limit.name.replace('_', " ")),
                text: limit.body.holds.text.clone(),
                lower,
                upper,
                unit,
                from_below,
                beyond: limit.body.beyond.clone(),
            });
        }
        for input in &module.inputs {
            let targets = bolus_targets(lowering, scope, input);
            if input.body.default.is_none() {
                lowering.model.inputs[i].kind = InputKind::Bolus { to: targets };
            }
            i += 1;
        }
    }
}

fn bolus_targets(
    lowering: &mut Lowering,
    scope: Scope,
    declared: &Declared<InputFile>,
) -> Vec<(StateId, Expr)> {
    let input = &declared.body;
    let mut targets = Vec::new();
    // Sum of the shares, as long as each is a plain number.
    let mut sum = Some(0.0);
    for (name, span, amount) in &input.to {
        let Some(state) = lowering.symbols.find_state(scope, name, span, lowering.out) else {
            continue;
        };
        let state_unit = lowering.model.states[state.index()].unit.clone();
        let Some(factor) = input.unit.ratio_to(&state_unit) else {
            lowering.out.push(wrong_unit(
                format!(
                    "an amount in {} ({}) cannot enter a state in {} ({})",
                    input.unit.text,
                    input.unit.describe(),
                    state_unit.text,
                    state_unit.describe()
                ),
                span.clone(),
                &input.unit,
                &state_unit,
            ));
            continue;
        };
        let share = amount_in(lowering, scope, amount, &Unit::one(), "this share");
        sum = match share {
            Expr::Number(number) => sum.map(|sum: f64| sum + number),
            _ => None,
        };
        let expr = if factor == 1.0 {
            share
        } else {
            // One dimension, so there is a ratio.
            let ratio = state_unit.per(&input.unit).unwrap_or_else(Unit::one);
            let factor = Expr::Factor(factor, lower::unnamed(ratio));
            Expr::Multiply(Box::new(share), Box::new(factor))
        };
        targets.push((state, expr));
    }
    if let Some(sum) = sum.filter(|sum| (sum - 1.0).abs() > 1e-9)
        && targets.len() == input.to.len()
        && !targets.is_empty()
    {
        lowering.out.push(problem_with_help(
            "unbalanced-bolus",
            format!(
                "the shares of input `{}` sum to {sum}, not to 1",
                declared.name
            ),
            declared.span.clone(),
            "does not balance",
            Some("send what enters no state to one of its own, such as faeces".to_string()),
        ));
    }
    targets
}

fn modalities(file: &ModelFile, symbols: &Symbols, model: &mut Model, out: &mut Vec<Diagnostic>) {
    for (at, (_, module)) in file.modules.iter().enumerate() {
        for modality in &module.modalities {
            let mut set = Vec::new();
            for (name, span, quantity, value_span) in &modality.body.set {
                let Some(id) = symbols.own_input(at, name) else {
                    let known: Vec<&str> = module.inputs.iter().map(|i| i.name.as_str()).collect();
                    if !module.broken.contains(name) {
                        out.push(unknown_name(
                            format!("`{name}` is not an input of this module"),
                            name,
                            span.clone(),
                            known,
                        ));
                    }
                    continue;
                };
                let unit = &model.inputs[id.index()].unit;
                match quantity.value_in(unit) {
                    Some(value) => set.push((id, value)),
                    None => out.push(wrong_unit(
                        format!("`{name}` is in {} ({})", unit.text, unit.describe()),
                        value_span.clone(),
                        &quantity.unit,
                        unit,
                    )),
                }
            }
            model.modalities.push(Modality {
                name: modality.name.clone(),
                verbs: modality.body.verbs.clone(),
                set,
            });
        }
    }
}
