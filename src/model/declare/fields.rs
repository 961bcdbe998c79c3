//! One field of a declaration → its value: units, formulas, times, choices, origins.
//!
//! Each function takes what its name says out of a [`Reader`] or an [`Item`]; what cannot be read goes
//! to `out` with its place, and the answer is `None`.

use super::{Amount, Combine, Formula};
use crate::diagnostics::{Diagnostic, Span};
use crate::model::file::{Item, Reader, Value, problem, problem_with_help, suggestion};
use crate::model::formula;
use crate::model::types::{Grade, Origin};
use crate::units::Unit;

type Out<'a> = &'a mut Vec<Diagnostic>;

pub fn unit_of(text: &str, item: &Item, out: Out) -> Option<Unit> {
    match Unit::parse(text) {
        Ok(unit) => Some(unit),
        Err(error) => {
            out.push(problem_with_help(
                "unknown-unit",
                format!("`{text}` is not a unit: {}", error.message),
                item.within(error.range),
                "not understood",
                match error.suggestions.as_slice() {
                    [] => None,
                    names => Some(format!("did you mean {}?", names.join(" or "))),
                },
            ));
            None
        }
    }
}

pub fn required_unit(reader: &mut Reader, out: Out) -> Option<Unit> {
    let (text, item) = reader.required_text("unit", out)?;
    unit_of(text, item, out)
}

pub fn formula_of(item: &Item, out: Out) -> Option<Formula> {
    let Value::Text(text) = &item.value else {
        out.push(problem(
            "wrong-kind",
            format!("a formula must be a string, this is {}", item.kind()),
            item.span.clone(),
            "a string",
        ));
        return None;
    };
    match formula::parse(text) {
        Ok(node) => Some(Formula {
            text: text.clone(),
            item: item.clone(),
            node,
        }),
        Err(error) => {
            out.push(problem_with_help(
                "formula-syntax",
                format!("this formula cannot be read: {}", error.message),
                item.within(error.range),
                "here",
                error.help,
            ));
            None
        }
    }
}

pub fn required_formula(reader: &mut Reader, key: &'static str, out: Out) -> Option<Formula> {
    let item = reader.required(key, out)?;
    formula_of(item, out)
}

pub fn amount(item: &Item, out: Out) -> Option<Amount> {
    match item.value {
        Value::Number(number) if number.is_finite() => Some(Amount::Number(number)),
        _ => formula_of(item, out).map(Amount::Formula),
    }
}

pub fn choice<T: Copy>(
    reader: &mut Reader,
    key: &'static str,
    known: &[(&str, T)],
    out: Out,
) -> Option<T> {
    let (text, item) = reader.text(key, out)?;
    let found = known
        .iter()
        .find(|(name, _)| *name == text)
        .map(|(_, value)| *value);
    if found.is_none() {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        out.push(problem_with_help(
            "unknown-choice",
            format!("`{key}` cannot be \"{text}\""),
            item.span.clone(),
            "not known",
            suggestion(text, names.iter().copied())
                .or_else(|| Some(format!("one of: {}", names.join(", ")))),
        ));
    }
    found
}

pub fn grade(reader: &mut Reader, required: bool, out: Out) -> Option<Grade> {
    if required {
        reader.required("grade", out)?;
    }
    let grades = [
        ("A", Grade::A),
        ("B", Grade::B),
        ("C", Grade::C),
        ("D", Grade::D),
    ];
    choice(reader, "grade", &grades, out)
}

/// `source` (with `where`) or `assumed`.
pub fn origin(reader: &mut Reader, out: Out) -> Option<(Origin, Span)> {
    let source = reader
        .text("source", out)
        .map(|(text, item)| (text.to_string(), item.span.clone()));
    let place = reader.text("where", out).map(|(text, _)| text.to_string());
    let assumed = reader
        .text("assumed", out)
        .map(|(text, item)| (text.to_string(), item.span.clone()));
    match (source, assumed) {
        (Some((key, span)), _) => Some((Origin::Source { key, place }, span)),
        (None, Some((reason, span))) if !reason.trim().is_empty() => {
            Some((Origin::Assumed(reason), span))
        }
        _ => {
            out.push(problem_with_help(
                "missing-origin",
                format!("{} does not say where its value comes from", reader.what),
                reader.name_span.clone(),
                "no origin",
                Some(
                    "add `source = \"a key of references.bib\"` or `assumed = \"the reason\"`"
                        .to_string(),
                ),
            ));
            None
        }
    }
}

pub fn pair(reader: &mut Reader, key: &'static str, out: Out) -> Option<(f64, f64)> {
    let items = reader.list(key, out)?;
    let numbers = numbers(items, out);
    match numbers.as_slice() {
        [low, high] if low <= high => Some((*low, *high)),
        _ => {
            let span = reader.item(key).map(|item| item.span.clone())?;
            out.push(problem(
                "impossible-value",
                format!("`{key}` must be [low, high]"),
                span,
                "two numbers, the lower one first",
            ));
            None
        }
    }
}

pub fn numbers(items: &[Item], out: Out) -> Vec<f64> {
    let mut numbers = Vec::new();
    for item in items {
        match item.value {
            Value::Number(number) if number.is_finite() => numbers.push(number),
            _ => out.push(problem(
                "wrong-kind",
                format!("this must be a finite number, it is {}", item.kind()),
                item.span.clone(),
                "a number",
            )),
        }
    }
    numbers
}

/// A time such as `"14 d"`, in seconds.
pub fn duration_s(text: &str, item: &Item, out: Out) -> Option<f64> {
    let second = Unit::parse("s").expect("s is a unit");
    let quantity = match crate::units::Quantity::parse(text) {
        Ok(quantity) => quantity,
        Err(error) => {
            out.push(problem(
                "unknown-unit",
                format!("`{text}` is not a time: {}", error.message),
                item.within(error.range),
                "not understood",
            ));
            return None;
        }
    };
    let value = quantity
        .value_in(&second)
        .filter(|value| *value >= 0.0 && value.is_finite());
    if value.is_none() {
        out.push(problem(
            "wrong-unit",
            format!("`{text}` is not a time"),
            item.span.clone(),
            "a time such as \"14 d\"",
        ));
    }
    value
}

pub fn combine(reader: &mut Reader, out: Out) -> Combine {
    let kinds = [
        ("product", Combine::Product),
        ("min", Combine::Minimum),
        ("sum", Combine::Sum),
    ];
    choice(reader, "combine", &kinds, out).unwrap_or(Combine::Product)
}
