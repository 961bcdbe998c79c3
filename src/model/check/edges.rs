//! Edges: each becomes a named claim with a strength; factor edges multiply their target.

use super::lower::{Lowering, Structural, Typed};
use super::symbols::{Scope, Symbol};
use crate::model::declare::{Combine, Declared, EdgeFile};
use crate::model::file::problem_with_help;
use crate::model::load::ModelFile;
use crate::model::messages::unknown_name;
use crate::model::types::*;
use crate::units::Unit;

/// Declares every edge and the strength parameter of those that act, before any formula is lowered.
pub fn declare(file: &ModelFile, lowering: &mut Lowering) {
    for (_, module) in &file.modules {
        for edge in &module.edges {
            let name = format!("{}.{}", module.name, edge.name);
            let id = EdgeId(lowering.model.edges.len() as u32);
            let body = &edge.body;
            let strength = (body.kind != EdgeKind::Claim).then(|| {
                lowering.model.parameters.push(Parameter {
                    name: format!("edges.{name}.strength"),
                    title: Some(format!("Strength of {}", edge.name.replace('_', " "))),
                    kind: ParameterKind::EdgeStrength(id),
                    value: if body.on { 1.0 } else { 0.0 },
                    unit: Unit::one(),
                    range: Some((0.0, 2.0)),
                    cv: None,
                    origin: Origin::Assumed("1 is the effect as published".to_string()),
                    grade: Some(body.grade),
                    span: Some(edge.span.clone()),
                });
                ParameterId(lowering.model.parameters.len() as u32 - 1)
            });
            if let (EdgeKind::Structural, Some(strength)) = (body.kind, strength) {
                lowering
                    .structural
                    .insert(name.clone(), (Structural { edge: id, strength }, false));
            }
            lowering.model.edges.push(Edge {
                name,
                id: body.id.clone(),
                kind: body.kind,
                from: body.from.clone(),
                onto: body.onto.clone(),
                effect: body.effect,
                grade: body.grade,
                sources: body.sources.iter().map(|(key, _)| key.clone()).collect(),
                assumed: body.assumed.clone(),
                against: body.against.iter().map(|(key, _)| key.clone()).collect(),
                claim: body.claim.clone(),
                on: body.on,
                made_of: Vec::new(),
                factor: None,
                strength,
                reference: None,
                span: edge.span.clone(),
            });
        }
    }
}

/// Lowers the factors, joins them on their targets, resolves composites.
pub fn apply(file: &ModelFile, lowering: &mut Lowering) {
    let mut targets: Vec<(Target, EdgeId, Expr)> = Vec::new();
    let mut at_edge = 0;
    for (at, (_, module)) in file.modules.iter().enumerate() {
        for edge in &module.edges {
            let id = EdgeId(at_edge);
            at_edge += 1;
            composites(lowering, id, &module.name, &edge.body.made_of);
            if edge.body.kind != EdgeKind::Factor {
                described_target(lowering, &module.name, edge);
                continue;
            }
            let Some(factor) = &edge.body.factor else {
                continue;
            };
            let Some(typed) = lowering.formula_any(Scope { module: at }, factor) else {
                continue;
            };
            let Some(target) = target(lowering, &module.name, edge) else {
                continue;
            };
            let deviation = deviation(lowering, id, &typed, &factor.text);
            lowering.model.edges[id.index()].factor =
                Some((factor.text.clone(), typed.expr.clone()));
            targets.push((target, id, deviation));
        }
    }
    join(file, lowering, targets);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Variable(VariableId),
    Process(ProcessId),
}

fn composites(
    lowering: &mut Lowering,
    id: EdgeId,
    module: &str,
    made_of: &[(String, crate::diagnostics::Span)],
) {
    for (name, span) in made_of {
        let dotted = dotted(module, name);
        match lowering
            .model
            .edges
            .iter()
            .position(|edge| edge.name == dotted)
        {
            Some(found) => lowering.model.edges[id.index()]
                .made_of
                .push(EdgeId(found as u32)),
            None => {
                let known: Vec<String> = lowering
                    .model
                    .edges
                    .iter()
                    .map(|edge| edge.name.clone())
                    .collect();
                lowering.out.push(unknown_name(
                    format!("there is no edge `{name}`"),
                    &dotted,
                    span.clone(),
                    known.iter().map(String::as_str),
                ));
            }
        }
    }
}

/// A name as written in a module, with the module in front.
fn dotted(module: &str, name: &str) -> String {
    if name.contains('.') {
        name.to_string()
    } else {
        format!("{module}.{name}")
    }
}

/// What a structural edge or a claim speaks of need not be in the model; but a name in a module that is
/// must be declared there.
fn described_target(lowering: &mut Lowering, module: &str, edge: &Declared<EdgeFile>) {
    let onto = &edge.body.onto;
    let prefixes = ["processes.", "variables.", "states."];
    let Some(name) = prefixes.iter().find_map(|prefix| onto.strip_prefix(prefix)) else {
        return;
    };
    let dotted = dotted(module, name);
    let owner = dotted.split('.').next().unwrap_or_default();
    let present = lowering.symbols.modules.iter().any(|known| known == owner);
    let known = lowering.symbols.global(&dotted).is_some() || lowering.symbols.is_lost(&dotted);
    if present && !known {
        lowering.out.push(unknown_name(
            format!("there is no `{dotted}` for this edge to speak of"),
            &dotted,
            edge.body.onto_span.clone(),
            lowering.symbols.names(),
        ));
    }
}

fn target(lowering: &mut Lowering, module: &str, edge: &Declared<EdgeFile>) -> Option<Target> {
    let onto = &edge.body.onto;
    let span = edge.body.onto_span.clone();
    let name = onto
        .strip_prefix("processes.")
        .or_else(|| onto.strip_prefix("variables."));
    let Some(name) = name else {
        lowering.out.push(problem_with_help(
            "bad-edge",
            format!("a factor edge cannot act on `{onto}`"),
            span,
            "neither process nor variable",
            Some("write `processes.NAME` or `variables.NAME`".to_string()),
        ));
        return None;
    };
    let dotted = dotted(module, name);
    match lowering.symbols.global(&dotted) {
        Some(Symbol::Variable(id)) => Some(Target::Variable(id)),
        Some(Symbol::Process(id)) => Some(Target::Process(id)),
        _ => {
            if !lowering.symbols.is_lost(&dotted) {
                let known = lowering.symbols.names();
                let message = format!("there is no process or variable `{dotted}` to act on");
                lowering
                    .out
                    .push(unknown_name(message, &dotted, span, known));
            }
            None
        }
    }
}

/// strength·(factor/reference − 1)
fn deviation(lowering: &mut Lowering, id: EdgeId, factor: &Typed, text: &str) -> Expr {
    let reference = lowering.reference_parameter(factor, text);
    let position = lowering
        .model
        .references
        .iter()
        .position(|r| r.parameter == reference);
    let edge = &mut lowering.model.edges[id.index()];
    edge.reference = position.map(|k| ReferenceId(k as u32));
    let strength = edge.strength.expect("factor edges have a strength");
    let ratio = Expr::Divide(
        Box::new(factor.expr.clone()),
        Box::new(Expr::Parameter(reference)),
    );
    let change = Expr::Subtract(Box::new(ratio), Box::new(Expr::Number(1.0)));
    Expr::Multiply(Box::new(Expr::Parameter(strength)), Box::new(change))
}

/// `max(0, 1 + deviation)` for each edge, joined as the target asks.
fn join(file: &ModelFile, lowering: &mut Lowering, mut targets: Vec<(Target, EdgeId, Expr)>) {
    targets.sort_by_key(|(target, edge, _)| (*target, *edge));
    let mut rules = std::collections::BTreeMap::new();
    let (mut v, mut p) = (0, 0);
    for (_, module) in &file.modules {
        for variable in &module.variables {
            rules.insert(
                Target::Variable(VariableId(v)),
                (variable.body.combine, variable.body.clamp),
            );
            v += 1;
        }
        for process in &module.processes {
            rules.insert(
                Target::Process(ProcessId(p)),
                (process.body.combine, process.body.clamp),
            );
            p += 1;
        }
    }
    let one_plus = |deviation: Expr| Expr::Add(Box::new(Expr::Number(1.0)), Box::new(deviation));
    let floored = |expr: Expr| Expr::Maximum(Box::new(Expr::Number(0.0)), Box::new(expr));
    for group in targets.chunk_by(|a, b| a.0 == b.0) {
        let target = group[0].0;
        let (combine, clamp) = rules
            .get(&target)
            .copied()
            .unwrap_or((Combine::Product, None));
        let mut deviations = group.iter().map(|(_, _, deviation)| deviation.clone());
        let first = deviations.next().expect("a group is not empty");
        let joined = match combine {
            Combine::Sum => floored(one_plus(
                deviations.fold(first, |sum, d| Expr::Add(Box::new(sum), Box::new(d))),
            )),
            Combine::Product => deviations.fold(floored(one_plus(first)), |product, d| {
                Expr::Multiply(Box::new(product), Box::new(floored(one_plus(d))))
            }),
            Combine::Minimum => deviations.fold(floored(one_plus(first)), |least, d| {
                Expr::Minimum(Box::new(least), Box::new(floored(one_plus(d))))
            }),
        };
        let joined = match clamp {
            Some((low, high)) => Expr::Minimum(
                Box::new(Expr::Maximum(Box::new(joined), Box::new(Expr::Number(low)))),
                Box::new(Expr::Number(high)),
            ),
            None => joined,
        };
        let edges: Vec<EdgeId> = group.iter().map(|(_, edge, _)| *edge).collect();
        match target {
            Target::Variable(id) => {
                let variable = &mut lowering.model.variables[id.index()];
                variable.expr = Expr::Multiply(Box::new(variable.raw.clone()), Box::new(joined));
                variable.edges = edges;
            }
            Target::Process(id) => {
                let process = &mut lowering.model.processes[id.index()];
                process.rate = Expr::Multiply(Box::new(process.raw.clone()), Box::new(joined));
                process.edges = edges;
            }
        }
    }
}
