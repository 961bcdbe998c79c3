//! A fingerprint of what a table was computed from: the numbers and formulas of its model, the numbers of
//! its study.
//!
//! Promises: it changes with whatever can change a result; titles, reasons, sources, grades and ranges do
//! not touch it. Not known here: where the files are.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::file::{Item, Table as Tree, Value};
use super::types::*;

/// SHA-256, in hexadecimal.
pub fn of(model: &Model, study: &Tree) -> String {
    let mut text = numbers(model);
    tree(study, &mut text);
    Sha256::digest(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Everything that a run of the model depends on, one line each. Formulas are taken as they were
/// understood: rate laws inlined, edges applied, so that a changed law shows too.
fn numbers(model: &Model) -> String {
    let mut lines = Vec::new();
    for p in &model.parameters {
        lines.push(format!(
            "parameter {} {:?} {}",
            p.name, p.value, p.unit.text
        ));
    }
    for i in &model.inputs {
        let (kind, pulse) = (&i.kind, i.pulse_s);
        lines.push(format!(
            "input {} {} {kind:?} {:?} {pulse:?}",
            i.name, i.unit.text, i.role
        ));
    }
    for s in &model.states {
        let (unit, held) = (&s.unit.text, s.equilibrium);
        lines.push(format!(
            "state {} {unit} {:?} {:?} {held:?}",
            s.name, s.initial, s.scale
        ));
    }
    for v in &model.variables {
        lines.push(format!("variable {} {} {:?}", v.name, v.unit.text, v.expr));
    }
    for p in &model.processes {
        let (unit, rate) = (&p.unit.text, &p.rate);
        lines.push(format!(
            "process {} {unit} {:?} {:?} {rate:?}",
            p.name, p.from, p.to
        ));
    }
    for r in &model.rates {
        lines.push(format!("rate {:?} {:?}", r.state, r.expr));
    }
    for t in &model.tables {
        let units = (&t.unit.text, &t.x_unit.text, &t.y_unit.text);
        lines.push(format!(
            "table {} {units:?} {:?} {:?} {:?}",
            t.name, t.x, t.y, t.values
        ));
    }
    for r in &model.references {
        lines.push(format!("reference {:?} {:?}", r.parameter, r.of));
    }
    for e in &model.events {
        lines.push(format!("event {} {:?} {:?}", e.name, e.action, e.root));
    }
    for b in &model.biomarkers {
        lines.push(format!("biomarker {} {} {:?}", b.name, b.unit.text, b.expr));
    }
    lines.join("\n")
}

/// Keys whose words change no result.
const WORDS: [&str; 8] = [
    "title", "about", "system", "source", "where", "assumed", "grade", "note",
];

/// Keys in alphabetic order: moving a line changes nothing.
fn tree(table: &Tree, text: &mut String) {
    let mut entries: Vec<_> = table
        .entries
        .iter()
        .filter(|entry| !WORDS.contains(&entry.key.as_str()))
        .collect();
    entries.sort_by(|a, b| a.key.cmp(&b.key));
    text.push('{');
    for entry in entries {
        let _ = write!(text, "{:?}=", entry.key);
        item(&entry.item, text);
    }
    text.push('}');
}

fn item(value: &Item, text: &mut String) {
    match &value.value {
        Value::Text(words) => {
            let _ = write!(text, "{words:?};");
        }
        Value::Number(number) => {
            let _ = write!(text, "{number:?};");
        }
        Value::Truth(truth) => {
            let _ = write!(text, "{truth};");
        }
        Value::Other(kind) => {
            let _ = write!(text, "{kind};");
        }
        Value::List(items) => {
            text.push('[');
            items.iter().for_each(|inner| item(inner, text));
            text.push(']');
        }
        Value::Table(inner) => tree(inner, text),
    }
}
