//! Declarations of all modules → [`Model`]: names resolved, units checked, edges applied.
//!
//! `symbols.rs` gives every name its id; `lower.rs` turns formulas into numeric expressions;
//! `edges.rs` joins edges to their targets; `order.rs` finds cycles; `balance.rs` proves that
//! processes balance and finds conserved totals.
//!
//! Start reading at [`compose`].

pub mod balance;
pub mod edges;
pub mod lower;
pub mod order;
pub mod symbols;

use super::declare::Amount;
use super::file::{problem, problem_with_help, suggestion};
use super::load::{ModelFile, Shared};
use super::types::*;
use crate::diagnostics::Diagnostic;
use crate::units::{Quantity, Unit};
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
    balance::check(&mut model, out);
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
    let known = &shared.bibliography.entries;
    let mut check = |key: &str, span: &crate::diagnostics::Span| {
        if !known.contains_key(key) {
            out.push(problem_with_help(
                "unknown-reference",
                format!("`{key}` is not in references.bib"),
                span.clone(),
                "no such entry",
                suggestion(key, known.keys().map(String::as_str)),
            ));
        }
    };
    for (_, module) in &file.modules {
        for parameter in &module.parameters {
            if let Origin::Source { key, .. } = &parameter.body.origin {
                check(key, &parameter.body.origin_span);
            }
        }
        for edge in &module.edges {
            for (key, span) in edge.body.sources.iter().chain(&edge.body.against) {
                check(key, span);
            }
        }
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
            let unit = lowering.model.processes[p].unit.clone();
            let expr = lowering.formula_in(scope, &process.body.rate, &unit, "this process");
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
                lowering.out.push(problem(
                    "bad-initial",
                    format!(
                        "the initial value of `{}` may use parameters only",
                        state.name
                    ),
                    state.span.clone(),
                    "uses something that changes",
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
                lowering.out.push(problem_with_help(
                    "unknown-name",
                    format!("`{}` is not a state of this module", rate.name),
                    rate.span.clone(),
                    "no such state",
                    suggestion(&rate.name, known),
                ));
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
        for input in &module.inputs {
            let targets = bolus_targets(lowering, scope, &input.body);
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
    input: &super::declare::InputFile,
) -> Vec<(StateId, Expr)> {
    let mut targets = Vec::new();
    for (name, span, amount) in &input.to {
        let Some(state) = lowering.symbols.find_state(scope, name, span, lowering.out) else {
            continue;
        };
        let state_unit = lowering.model.states[state.index()].unit.clone();
        let Some(factor) = input.unit.ratio_to(&state_unit) else {
            lowering.out.push(problem(
                "wrong-unit",
                format!(
                    "an amount in {} ({}) cannot enter a state in {} ({})",
                    input.unit.text,
                    input.unit.describe(),
                    state_unit.text,
                    state_unit.describe()
                ),
                span.clone(),
                "units do not fit",
            ));
            continue;
        };
        let share = amount_in(lowering, scope, amount, &Unit::one(), "this share");
        let expr = if factor == 1.0 {
            share
        } else {
            Expr::Multiply(Box::new(share), Box::new(Expr::Number(factor)))
        };
        targets.push((state, expr));
    }
    targets
}

fn modalities(file: &ModelFile, symbols: &Symbols, model: &mut Model, out: &mut Vec<Diagnostic>) {
    for (at, (_, module)) in file.modules.iter().enumerate() {
        for modality in &module.modalities {
            let mut set = Vec::new();
            for (name, span, text, value_span) in &modality.body.set {
                let Some(id) = symbols.own_input(at, name) else {
                    let known: Vec<&str> = module.inputs.iter().map(|i| i.name.as_str()).collect();
                    out.push(problem_with_help(
                        "unknown-name",
                        format!("`{name}` is not an input of this module"),
                        span.clone(),
                        "no such input",
                        suggestion(name, known),
                    ));
                    continue;
                };
                let unit = &model.inputs[id.index()].unit;
                match Quantity::parse(text).ok().and_then(|q| q.value_in(unit)) {
                    Some(value) => set.push((id, value)),
                    None => out.push(problem(
                        "wrong-unit",
                        format!("`{text}` does not fit `{name}`, which is in {}", unit.text),
                        value_span.clone(),
                        "wrong unit",
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
