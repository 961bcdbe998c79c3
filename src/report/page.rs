//! report.html: one self-contained page.

use std::fmt::Write;

use super::drawing::Scene;
use super::drawing::svg::{Font, svg};
use super::provenance::cited;
use crate::model::{Grade, Origin};
use crate::scenario::{RunResult, Verdict};

/// Text that may stand in HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}\
table{border-collapse:collapse;margin:1rem 0;font-size:.9rem}td,th{border-bottom:1px solid #ccc;padding:.25rem .6rem;\
text-align:left;vertical-align:top}.pass{color:#00664a}.near{color:#8a5a00}.miss{color:#b03000;font-weight:600}\
.use{background:#f3f3ee;padding:.6rem 1rem;border-left:4px solid #0072b2}svg{max-width:100%;height:auto}";

/// The page, with figures already drawn as SVG.
pub fn page(result: &RunResult, figures: &[Scene]) -> String {
    let scenario = &result.scenario;
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style></head>\
         <body>\n<h1>{title}</h1>\n<p>{about}</p>\n",
        title = escape(&scenario.title),
        about = escape(&scenario.about)
    );
    html.push_str(
        "<p class=\"use\">Context of use: education and research. This is a simulation of a reference person; \
         it is not dietary or medical advice.</p>\n",
    );
    if let Some(lesson) = &scenario.lesson {
        let _ = writeln!(
            html,
            "<h2>Lesson</h2><p><b>Predict.</b> {}</p><p><b>Run.</b> {}</p><p><b>Explain.</b> {}</p>",
            escape(&lesson.predict),
            escape(&lesson.run),
            escape(&lesson.explain)
        );
    }
    for scene in figures {
        let _ = writeln!(html, "<figure>{}</figure>", svg(scene, Font::FromPage));
    }
    expectations(result, &mut html);
    balance(result, &mut html);
    evidence(result, &mut html);
    let _ = writeln!(html, "<h2>Range in which the model holds</h2>");
    for module in &result.model.modules {
        let _ = writeln!(
            html,
            "<p><b>{}.</b> {}</p>",
            escape(&module.title),
            escape(&module.about)
        );
    }
    let _ = writeln!(html, "<h2>Sources</h2><ul>");
    for key in cited(result) {
        if let Some(entry) = result.model.references_bib.entries.get(&key) {
            let _ = writeln!(
                html,
                "<li>{}: {}</li>",
                escape(&key),
                escape(&entry.citation)
            );
        }
    }
    html.push_str("</ul>\n</body></html>\n");
    html
}

fn expectations(result: &RunResult, html: &mut String) {
    if result.expectations.is_empty() {
        return;
    }
    html.push_str(
        "<h2>Published physiology</h2><table><tr><th>verdict</th><th>what</th><th>model</th><th>expected</th>\
         <th>role</th><th>source</th><th>note</th></tr>\n",
    );
    for outcome in &result.expectations {
        let expectation = &result.scenario.expectations[outcome.expectation];
        let verdict = match outcome.verdict {
            Verdict::Pass => "pass",
            Verdict::Near => "near",
            Verdict::Miss => "miss",
        };
        let note = outcome
            .problem
            .as_ref()
            .or(expectation.note.as_ref())
            .cloned()
            .unwrap_or_default();
        let _ = writeln!(
            html,
            "<tr><td class=\"{verdict}\">{verdict}</td><td>{}</td><td>{:.4}</td><td>{}</td><td>{:?}{}</td><td>{}</td><td>{}</td></tr>",
            escape(&expectation.what),
            outcome.value,
            escape(&expectation.is),
            expectation.role,
            if expectation.not_required {
                ", not required"
            } else {
                ""
            },
            escape(expectation.source.as_deref().unwrap_or("")),
            escape(&note)
        );
    }
    html.push_str("</table>\n");
}

fn balance(result: &RunResult, html: &mut String) {
    html.push_str("<h2>Balance of matter</h2><table><tr><th>arm</th><th>matter</th><th>start</th><th>gained</th><th>lost</th><th>end</th><th>unit</th><th>closes to</th></tr>\n");
    for (arm, outcome) in result.scenario.arms.iter().zip(&result.arms) {
        for ledger in &outcome.ledger {
            let _ = writeln!(
                html,
                "<tr><td>{}</td><td>{}</td><td>{:.4}</td><td>{:.4}</td><td>{:.4}</td><td>{:.4}</td><td>{}</td><td>{:.0e}</td></tr>",
                escape(&arm.name),
                escape(&ledger.matter),
                ledger.start,
                ledger.gained,
                ledger.lost,
                ledger.end,
                escape(&ledger.unit.text),
                ledger.error
            );
        }
    }
    html.push_str("</table>\n");
}

/// Established physiology first, hypotheses apart.
fn evidence(result: &RunResult, html: &mut String) {
    for (title, wanted) in [
        (
            "Crosstalk in force: established (grades A and B)",
            [Grade::A, Grade::B],
        ),
        (
            "Hypotheses and contested claims (grades C and D)",
            [Grade::C, Grade::D],
        ),
    ] {
        let _ = writeln!(
            html,
            "<h2>{title}</h2><table><tr><th>claim</th><th>grade</th><th>strength</th><th>for</th><th>against</th></tr>"
        );
        for edge in result
            .model
            .edges
            .iter()
            .filter(|edge| wanted.contains(&edge.grade))
        {
            let strength = edge.strength.map(|id| {
                result
                    .arms
                    .first()
                    .map_or(0.0, |arm| arm.parameters[id.index()])
            });
            let _ = writeln!(
                html,
                "<tr><td>{}</td><td>{:?}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                escape(&edge.claim),
                edge.grade,
                strength.map_or("not quantified".to_string(), |s| format!("{s}")),
                escape(&edge.sources.join(", ")),
                escape(&edge.against.join(", "))
            );
        }
        html.push_str("</table>\n");
    }
    let assumed = result
        .model
        .parameters
        .iter()
        .filter(|p| p.grade.is_some() && matches!(p.origin, Origin::Assumed(_)))
        .count();
    let _ = writeln!(
        html,
        "<p>{assumed} parameters of this model are labelled as assumed.</p>"
    );
}
