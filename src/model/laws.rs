//! `rate_laws.toml` → functions that formulas may call.
//!
//! In: the parsed file. Out: each law's arguments and formula; a law speaks only of its arguments, of
//! built-in functions and of other laws. Units are checked where a law is called.

use std::collections::BTreeMap;

use super::declare::{Formula, check_format, formula_of};
use super::file::{Reader, Table as Tree, problem_with_help};
use super::formula::{Node, NodeKind};
use super::messages::{table_of, unknown_name};
use crate::diagnostics::{Diagnostic, FileId, Span};

/// A rate law: a formula over its arguments.
#[derive(Debug, Clone)]
pub struct Law {
    pub arguments: Vec<String>,
    pub formula: Formula,
}

/// Functions that a law may call beside other laws.
const PLAIN: [&str; 11] = [
    "exp", "ln", "log10", "sqrt", "sin", "cos", "tanh", "abs", "min", "max", "if",
];

/// Reads `rate_laws.toml`.
pub fn laws(file: FileId, tree: &Tree, out: &mut Vec<Diagnostic>) -> BTreeMap<String, Law> {
    let mut laws = BTreeMap::new();
    let mut reader = Reader::new(tree, "rate_laws.toml", Span { file, range: 0..0 });
    check_format(&mut reader, out);
    reader.text("title", out);
    reader.text("about", out);
    let entries = reader
        .sub("laws", out)
        .map(|table| table.entries.as_slice())
        .unwrap_or_default();
    reader.finish(out);
    let names: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    for entry in entries {
        let what = format!("law `{}`", entry.key);
        let Some(body) = table_of(&what, &entry.item, out) else {
            continue;
        };
        let mut reader = Reader::new(body, what, entry.key_span.clone());
        let law = law(&mut reader, out);
        reader.finish(out);
        if let Some(law) = law {
            check_names(&law, &law.formula.node, &names, out);
            laws.insert(entry.key.clone(), law);
        }
    }
    laws
}

fn law(reader: &mut Reader, out: &mut Vec<Diagnostic>) -> Option<Law> {
    for key in ["about", "title", "source"] {
        reader.text(key, out);
    }
    reader.required("arguments", out);
    let mut arguments: Vec<String> = Vec::new();
    for (name, span) in reader.texts("arguments", out) {
        if arguments.contains(&name) {
            out.push(problem_with_help(
                "duplicate-name",
                format!("{} has two arguments `{name}`", reader.what),
                span,
                "second one",
                Some("give one of them another name".to_string()),
            ));
        }
        arguments.push(name);
    }
    let formula = reader
        .required("formula", out)
        .and_then(|item| formula_of(item, out))?;
    Some(Law { arguments, formula })
}

/// Refuses names that are no argument and calls of what is no law.
fn check_names(law: &Law, node: &Node, laws: &[&str], out: &mut Vec<Diagnostic>) {
    let span = || law.formula.item.within(node.range.clone());
    match &node.kind {
        NodeKind::Number(_) => {}
        NodeKind::Name(name) if name == "pi" || law.arguments.contains(name) => {}
        NodeKind::Name(name) => out.push(unknown_name(
            format!("`{name}` is no argument of this law"),
            name,
            span(),
            law.arguments.iter().map(String::as_str),
        )),
        NodeKind::Unary(_, inner) => check_names(law, inner, laws, out),
        NodeKind::Binary(_, a, b) => {
            check_names(law, a, laws, out);
            check_names(law, b, laws, out);
        }
        NodeKind::Call(name, arguments) => {
            if !PLAIN.contains(&name.as_str()) && !laws.contains(&name.as_str()) {
                out.push(unknown_name(
                    format!("a law cannot call `{name}`"),
                    name,
                    span(),
                    PLAIN.iter().chain(laws).copied(),
                ));
            }
            for argument in arguments {
                check_names(law, argument, laws, out);
            }
        }
    }
}
