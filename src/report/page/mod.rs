//! report.html: one self-contained page for a person who was not there.
//!
//! Comes in: a finished run and its figures. Goes out: HTML that carries its font and pictures and asks
//! nothing of the network. Promises: what the run is not good for stands first; empty sections are left
//! out; nothing is said by colour alone; the same run gives the same bytes.
//!
//! Start reading at [`page`]; `outcome.rs` says what came out, `intake.rs` what was eaten, `matter.rs` what entered
//! and left, `evidence.rs` what it rests on.

mod evidence;
mod intake;
mod matter;
mod outcome;
mod status;

use super::drawing::Scene;
use super::drawing::font::{FAMILY, rule};
use super::drawing::svg::{Font, svg};
use super::provenance::cited;
use crate::model::Limit;
use crate::scenario::RunResult;

/// Printed in every report.
pub const CONTEXT_OF_USE: &str = "Context of use: education and research. This is a simulation of a \
                                  reference person; it is not dietary or medical advice.";

/// Text that may stand in HTML and SVG.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

const STYLE: &str = "body{line-height:1.5;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#222}
h1{font-size:1.7rem;font-weight:400}
h2{font-size:1.25rem;font-weight:400;margin-top:2.2rem;border-bottom:1px solid #ccc}
h3{font-size:1.05rem;font-weight:400;margin-bottom:.3rem}
.table{overflow-x:auto}
table{border-collapse:collapse;margin:.6rem 0;font-size:.85rem}
td,th{border-bottom:1px solid #ddd;padding:.25rem .6rem;text-align:left;vertical-align:top;font-weight:400}
th{border-bottom:1px solid #666;color:#444}
td.number{text-align:right;white-space:nowrap}
td.unit{white-space:nowrap}
dt{color:#666}
.pass{color:#00664a;white-space:nowrap}
.near{color:#8a5a00;white-space:nowrap}
.miss{color:#b03000;white-space:nowrap}
.use{background:#f3f3ee;padding:.6rem 1rem;border-left:4px solid #0072b2}
figure{margin:1rem 0}
svg{max-width:100%;height:auto}
summary{cursor:pointer}
@media print{body{max-width:none;margin:0}table{font-size:.65rem}td,th{padding:.2rem .3rem}figure{break-inside:avoid}}";

/// The page, with figures already laid out.
pub fn page(result: &RunResult, figures: &[Scene], panel: &[Scene]) -> String {
    let scenario = &result.scenario;
    let mut body = format!("<h1>{}</h1>\n", escape(&scenario.title));
    if !scenario.about.is_empty() {
        body.push_str(&paragraph(&scenario.about));
    }
    body.push_str(&format!("<p class=\"use\">{CONTEXT_OF_USE}</p>\n"));
    lesson(result, &mut body);
    outcome::failures(result, &mut body);
    if !figures.is_empty() {
        body.push_str("<h2>Figures</h2>\n");
    }
    pictures(figures, &mut body);
    if !panel.is_empty() {
        body.push_str("<h2>Laboratory status</h2>\n");
        pictures(panel, &mut body);
        status::table_of_markers(result, &mut body);
    }
    outcome::expectations(result, &mut body);
    outcome::residuals(result, &mut body);
    outcome::arms(result, &mut body);
    outcome::notes(result, &mut body);
    intake::reference_intakes(result, &mut body);
    matter::ledger(result, &mut body);
    outcome::drift(result, &mut body);
    evidence::crosstalk(result, &mut body);
    validity(result, &mut body);
    sources(result, &mut body);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n\
         <style>\n{}\nbody{{font-family:\"{FAMILY}\",sans-serif}}\n{STYLE}\n</style>\n</head>\n\
         <body>\n{body}</body>\n</html>\n",
        escape(&scenario.title),
        rule()
    )
}

fn pictures(scenes: &[Scene], body: &mut String) {
    for scene in scenes {
        let picture = svg(scene, Font::FromPage);
        body.push_str(&format!("<figure>\n{picture}</figure>\n"));
    }
}

fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", escape(text))
}

/// A table of HTML cells; nothing at all without rows.
fn table(head: &[&str], rows: &[Vec<Cell>], body: &mut String) {
    if rows.is_empty() {
        return;
    }
    let titles: String = head
        .iter()
        .map(|title| format!("<th scope=\"col\">{}</th>", escape(title)))
        .collect();
    body.push_str(&format!(
        "<div class=\"table\"><table>\n<thead><tr>{titles}</tr></thead>\n<tbody>\n"
    ));
    for row in rows {
        let cells: String = row.iter().map(Cell::html).collect();
        body.push_str(&format!("<tr>{cells}</tr>\n"));
    }
    body.push_str("</tbody></table></div>\n");
}

enum Cell {
    Text(String),
    Number(String),
    /// A class and what stands in it.
    Marked(&'static str, String),
}

impl Cell {
    fn text(text: impl AsRef<str>) -> Cell {
        Cell::Text(text.as_ref().to_string())
    }

    fn number(value: f64) -> Cell {
        Cell::Number(super::words::number(value))
    }

    fn html(&self) -> String {
        match self {
            Cell::Text(text) => format!("<td>{}</td>", escape(text)),
            Cell::Number(text) => format!("<td class=\"number\">{}</td>", escape(text)),
            Cell::Marked(class, text) => format!("<td class=\"{class}\">{}</td>", escape(text)),
        }
    }
}

/// A folded part, for what few readers need.
fn folded(summary: &str, inside: &str, body: &mut String) {
    if !inside.is_empty() {
        body.push_str(&format!(
            "<details><summary>{}</summary>\n{inside}</details>\n",
            escape(summary)
        ));
    }
}

fn lesson(result: &RunResult, body: &mut String) {
    let Some(lesson) = &result.scenario.lesson else {
        return;
    };
    body.push_str("<h2>Lesson</h2>\n<dl>\n");
    for (title, text) in [
        ("Predict", &lesson.predict),
        ("Run", &lesson.run),
        ("Explain", &lesson.explain),
    ] {
        body.push_str(&format!("<dt>{title}</dt><dd>{}</dd>\n", escape(text)));
    }
    body.push_str("</dl>\n");
}

fn validity(result: &RunResult, body: &mut String) {
    body.push_str("<h2>Range in which the model holds</h2>\n");
    body.push_str(&paragraph(&result.model.about));
    for module in &result.model.modules {
        body.push_str(&format!(
            "<h3>{}</h3>\n{}",
            escape(&module.title),
            paragraph(&module.about)
        ));
        let own = |limit: &&Limit| limit.name.split('.').next() == Some(&module.name);
        for limit in result.model.limits.iter().filter(own) {
            body.push_str(&paragraph(&format!(
                "Stops unless {}. Beyond it: {}",
                limit.text, limit.beyond
            )));
        }
    }
}

fn sources(result: &RunResult, body: &mut String) {
    let known = &result.model.references_bib.entries;
    let entries: Vec<String> = cited(result)
        .iter()
        .filter_map(|key| known.get(key))
        .map(|entry| {
            format!(
                "<li>{}: {}</li>\n",
                escape(&entry.key),
                escape(&entry.citation)
            )
        })
        .collect();
    if !entries.is_empty() {
        body.push_str(&format!(
            "<h2>Sources</h2>\n<ul>\n{}</ul>\n",
            entries.concat()
        ));
    }
}
