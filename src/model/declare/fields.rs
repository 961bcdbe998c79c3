//! One field of a declaration → its value: units, formulas, times, choices, origins.
//!
//! Each function takes what its name says out of a [`Reader`] or an [`Item`]; what cannot be read goes
//! to `out` with its place, and the answer is `None`.

use super::{Amount, Combine, Formula};
use crate::diagnostics::Diagnostic;
use crate::model::file::{Item, Reader, Value, problem_with_help, suggestion};
use crate::model::formula;
use crate::model::messages::{infinite, unreadable_unit, wrong_kind};
use crate::model::types::{Grade, Origin};
use crate::units::{Quantity, Unit};

type Out<'a> = &'a mut Vec<Diagnostic>;

pub fn unit_of(text: &str, item: &Item, out: Out) -> Option<Unit> {
    Unit::parse(text)
        .map_err(|error| out.push(unreadable_unit("a unit", text, item, error)))
        .ok()
}

pub fn required_unit(reader: &mut Reader, out: Out) -> Option<Unit> {
    let (text, item) = reader.required_text("unit", out)?;
    unit_of(text, item, out)
}

pub fn formula_of(item: &Item, out: Out) -> Option<Formula> {
    let Value::Text(text) = &item.value else {
        out.push(wrong_kind("a formula", item, "a string"));
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
        Value::Number(_) => {
            out.push(infinite("this value", item));
            None
        }
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
pub fn origin(reader: &mut Reader, out: Out) -> Option<Origin> {
    let source = reader.text("source", out).map(|(text, _)| text.to_string());
    let place = reader.text("where", out).map(|(text, _)| text.to_string());
    let assumed = reader
        .text("assumed", out)
        .map(|(text, _)| text.to_string());
    match (source, assumed) {
        (Some(key), _) => Some(Origin::Source { key, place }),
        (None, Some(reason)) if !reason.trim().is_empty() => Some(Origin::Assumed(reason)),
        // Of another kind than text: reported as such.
        _ if reader.table.get("source").is_some() => None,
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
    let way_out = match numbers.as_slice() {
        [low, high] if low <= high => return Some((*low, *high)),
        [high, low] => format!("write `{key} = [{low}, {high}]`"),
        // What is no number has been reported.
        _ if numbers.len() < items.len() => return None,
        _ => format!("write `{key} = [low, high]`"),
    };
    let span = reader.item(key).map(|item| item.span.clone())?;
    out.push(problem_with_help(
        "impossible-value",
        format!("`{key}` is two numbers, the lower one first"),
        span,
        "not low and high",
        Some(way_out),
    ));
    None
}

pub fn numbers(items: &[Item], out: Out) -> Vec<f64> {
    let mut numbers = Vec::new();
    for item in items {
        match item.value {
            Value::Number(number) if number.is_finite() => numbers.push(number),
            Value::Number(_) => out.push(infinite("this value", item)),
            _ => out.push(wrong_kind("this value", item, "a number")),
        }
    }
    numbers
}

/// A time such as `"14 d"`, in seconds.
pub fn duration_s(text: &str, item: &Item, out: Out) -> Option<f64> {
    let second = Unit::parse("s").expect("s is a unit");
    let quantity = Quantity::parse(text)
        .map_err(|error| out.push(unreadable_unit("a time", text, item, error)))
        .ok()?;
    let way_out = Some("write a time such as \"14 d\"".to_string());
    let Some(value) = quantity.value_in(&second) else {
        out.push(problem_with_help(
            "wrong-unit",
            format!("`{text}` is {}, not a time", quantity.unit.describe()),
            item.span.clone(),
            &quantity.unit.describe(),
            way_out,
        ));
        return None;
    };
    if value >= 0.0 && value.is_finite() {
        return Some(value);
    }
    out.push(problem_with_help(
        "impossible-value",
        format!("`{text}` cannot be how long something lasts"),
        item.span.clone(),
        if value < 0.0 { "negative" } else { "too long" },
        way_out,
    ));
    None
}

pub fn combine(reader: &mut Reader, out: Out) -> Combine {
    let kinds = [
        ("product", Combine::Product),
        ("min", Combine::Minimum),
        ("sum", Combine::Sum),
    ];
    choice(reader, "combine", &kinds, out).unwrap_or(Combine::Product)
}
