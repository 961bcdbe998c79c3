//! Edges, events and limits: what is claimed, what is watched for, and how far the module holds.
//!
//! In: the table of one declaration. Out: its values, or `None` if they could not be read; every
//! mistake goes to `out`.

use super::fields::*;
use super::{EdgeFile, EventFile, LimitFile};
use crate::diagnostics::Diagnostic;
use crate::model::file::{Reader, problem_with_help};
use crate::model::types::{EdgeKind, Effect, EventAction};

type Out<'a> = &'a mut Vec<Diagnostic>;

pub fn edge(reader: &mut Reader, out: Out) -> Option<EdgeFile> {
    let id = reader.text("id", out).map(|(text, _)| text.to_string());
    reader.required("kind", out);
    let kinds = [
        ("factor", EdgeKind::Factor),
        ("structural", EdgeKind::Structural),
        ("claim", EdgeKind::Claim),
    ];
    let kind = choice(reader, "kind", &kinds, out);
    let from = reader
        .required_text("from", out)
        .map(|(text, _)| text.to_string());
    let onto = reader
        .required_text("onto", out)
        .map(|(text, item)| (text.to_string(), item.span.clone()));
    reader.required("effect", out);
    let effects = [
        ("facilitates", Effect::Facilitates),
        ("inhibits", Effect::Inhibits),
        ("both", Effect::Both),
    ];
    let effect = choice(reader, "effect", &effects, out);
    let grade = grade(reader, true, out);
    let sources = reader.texts("sources", out);
    let assumed = reader
        .text("assumed", out)
        .map(|(text, _)| text.to_string())
        .filter(|reason| !reason.trim().is_empty());
    let against = reader.texts("against", out);
    let claim = reader
        .required_text("claim", out)
        .map(|(text, _)| text.trim().to_string());
    reader.required("default", out);
    let on = choice(reader, "default", &[("on", true), ("off", false)], out);
    let made_of = reader.texts("made_of", out);
    let factor = reader.item("factor").and_then(|item| formula_of(item, out));
    if sources.is_empty() && assumed.is_none() {
        out.push(no_evidence(reader));
    }
    if let Some(kind) = kind {
        check_factor(kind, reader, out);
    }
    let (onto, onto_span) = onto?;
    Some(EdgeFile {
        id,
        kind: kind?,
        from: from?,
        onto,
        onto_span,
        effect: effect?,
        grade: grade?,
        sources,
        assumed,
        against,
        claim: claim?,
        on: on?,
        made_of,
        factor,
    })
}

fn no_evidence(reader: &Reader) -> Diagnostic {
    let way_out = "add `sources = [\"a key of references.bib\"]` or `assumed = \"the reason\"`";
    problem_with_help(
        "edge-without-reference",
        format!("{} names no evidence", reader.what),
        reader.name_span.clone(),
        "no sources",
        Some(way_out.to_string()),
    )
}

/// A factor edge, and only that, has a `factor`.
fn check_factor(kind: EdgeKind, reader: &Reader, out: Out) {
    let (what, way_out) = match (kind, reader.table.get("factor")) {
        (EdgeKind::Factor, None) => (
            "has no `factor`",
            "add `factor = \"…\"`: what its target is multiplied by",
        ),
        (EdgeKind::Structural | EdgeKind::Claim, Some(_)) => (
            "is no factor edge but has a `factor`",
            "leave `factor` out, or say `kind = \"factor\"`",
        ),
        _ => return,
    };
    out.push(problem_with_help(
        "bad-edge",
        format!("{} {what}", reader.what),
        reader.name_span.clone(),
        "not complete",
        Some(way_out.to_string()),
    ));
}

pub fn event(reader: &mut Reader, out: Out) -> Option<EventFile> {
    let when = required_formula(reader, "when", out);
    reader.required("action", out);
    let actions = [
        ("mark", EventAction::Mark),
        ("stop", EventAction::Stop),
        ("end_bout", EventAction::EndBout),
    ];
    let action = choice(reader, "action", &actions, out);
    Some(EventFile {
        when: when?,
        action: action?,
    })
}

pub fn limit(reader: &mut Reader, out: Out) -> Option<LimitFile> {
    let holds = required_formula(reader, "holds", out);
    let (beyond, item) = reader.required_text("beyond", out)?;
    let beyond = beyond.trim().to_string();
    if beyond.is_empty() {
        out.push(problem_with_help(
            "bad-limit",
            format!("`beyond` of {} says nothing", reader.what),
            item.span.clone(),
            "empty",
            Some("say what happens there that the module leaves out".to_string()),
        ));
    }
    Some(LimitFile {
        holds: holds?,
        beyond,
    })
}
