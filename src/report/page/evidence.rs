//! What the run rests on: crosstalk in force, established apart from hypotheses, and the network.

use super::{Cell, escape, paragraph, table};
use crate::model::{Edge, EdgeKind, Effect, Grade, Origin, ParameterKind};
use crate::report::drawing::svg::{Font, svg};
use crate::report::network::{self, Shape};
use crate::report::words;
use crate::scenario::RunResult;

pub fn crosstalk(result: &RunResult, body: &mut String) {
    if result.model.edges.is_empty() {
        return;
    }
    body.push_str("<h2>Crosstalk</h2>\n");
    if let (Some(arm), Some(outcome)) = (result.scenario.arms.first(), result.arms.first()) {
        let picture = svg(
            &network::scene(&result.model, &outcome.parameters, Shape::Scroll),
            Font::FromPage,
        );
        body.push_str(&format!(
            "<figure>\n{picture}<figcaption>Strengths of the arm “{}”.</figcaption></figure>\n",
            escape(&arm.name)
        ));
    }
    let established = |edge: &Edge| matches!(edge.grade, Grade::A | Grade::B);
    let acts = |edge: &Edge| edge.kind != EdgeKind::Claim;
    let forced = |edge: &Edge| acts(edge) && strengths(result, edge).iter().any(|s| *s != 0.0);
    type Belongs<'a> = &'a dyn Fn(&Edge) -> bool;
    let parts: [(&str, Belongs); 4] = [
        ("In force, established (grades A and B)", &|e| {
            forced(e) && established(e)
        }),
        (
            "In force, hypotheses and contested claims (grades C and D)",
            &|e| forced(e) && !established(e),
        ),
        ("Not in force in any arm", &|e| acts(e) && !forced(e)),
        ("Claims that nothing computes", &|e| !acts(e)),
    ];
    let head = [
        "Edge", "Claim", "Effect", "Grade", "Strength", "For", "Against",
    ];
    for (title, belongs) in parts {
        let edges = result.model.edges.iter().filter(|edge| belongs(edge));
        let rows: Vec<Vec<Cell>> = edges.map(|edge| row(result, edge)).collect();
        if !rows.is_empty() {
            body.push_str(&format!("<h3>{title}</h3>\n"));
            table(&head, &rows, body);
        }
    }
    let declared = result.model.parameters.iter();
    let declared: Vec<_> = declared
        .filter(|p| p.kind == ParameterKind::Declared)
        .collect();
    let assumed = declared
        .iter()
        .filter(|p| matches!(p.origin, Origin::Assumed(_)));
    body.push_str(&paragraph(&format!(
        "{} of the model's {} parameters are assumed, each with its reason in the model files; the others \
         have a source.",
        assumed.count(),
        declared.len()
    )));
}

/// One per arm; empty for a claim.
fn strengths(result: &RunResult, edge: &Edge) -> Vec<f64> {
    let Some(id) = edge.strength else {
        return Vec::new();
    };
    let arms = result.arms.iter();
    arms.map(|arm| arm.parameters[id.index()]).collect()
}

fn row(result: &RunResult, edge: &Edge) -> Vec<Cell> {
    let effect = match edge.effect {
        Effect::Facilitates => "→ facilitates",
        Effect::Inhibits => "⊣ inhibits",
        Effect::Both => "→⊣ both",
    };
    let name = match &edge.id {
        Some(id) => format!("{} ({id})", edge.name),
        None => edge.name.clone(),
    };
    let support = match &edge.assumed {
        Some(reason) if edge.sources.is_empty() => format!("assumed: {reason}"),
        _ => edge.sources.join(", "),
    };
    vec![
        Cell::text(name),
        Cell::text(&edge.claim),
        Cell::text(effect),
        Cell::text(format!("{:?}", edge.grade)),
        Cell::text(strength_words(result, edge)),
        Cell::text(support),
        Cell::text(edge.against.join(", ")),
    ]
}

/// `"1"`, or each arm's where they differ; a default that was changed is named.
fn strength_words(result: &RunResult, edge: &Edge) -> String {
    let Some(id) = edge.strength else {
        let members = edge.made_of.iter();
        let members: Vec<&str> = members
            .map(|member| result.model.edges[member.index()].name.as_str())
            .collect();
        return if members.is_empty() {
            "not quantified".to_string()
        } else {
            format!("made of {}", members.join(", "))
        };
    };
    let strengths = strengths(result, edge);
    let default = result.model.parameters[id.index()].value;
    let same = strengths.windows(2).all(|pair| pair[0] == pair[1]);
    match strengths.first() {
        Some(first) if same && *first == default => words::number(*first),
        Some(first) if same => format!(
            "{}, changed from {}",
            words::number(*first),
            words::number(default)
        ),
        _ => {
            let arms = result.scenario.arms.iter().zip(&strengths);
            let each = arms.map(|(arm, s)| format!("{} in {}", words::number(*s), arm.name));
            each.collect::<Vec<_>>().join("; ")
        }
    }
}
