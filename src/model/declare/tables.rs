//! Tables: values over one axis or two.
//!
//! In: the table of one declaration. Out: its values, or `None` if they could not be read; every
//! mistake goes to `out`.

use super::fields::*;
use super::{ComputedFile, TableFile};
use crate::diagnostics::{Diagnostic, Span};
use crate::model::file::{Item, Reader, Table as Tree, Value, problem_with_help};
use crate::model::messages::{table_of, wrong_kind};
use crate::model::types::Origin;
use crate::units::Unit;

type Out<'a> = &'a mut Vec<Diagnostic>;

/// Most knots of the first and of the second axis.
pub const MOST_X: usize = 32;
pub const MOST_Y: usize = 12;

pub fn table(reader: &mut Reader, out: Out) -> Option<TableFile> {
    let unit = required_unit(reader, out);
    let name_span = reader.name_span.clone();
    reader.required("x", out);
    let x = reader
        .sub("x", out)
        .map(|tree| axis(tree, "x", MOST_X, &name_span, out));
    let y = reader
        .sub("y", out)
        .map(|tree| axis(tree, "y", MOST_Y, &name_span, out));
    reader.required("values", out);
    let values_span = reader.item("values").map(|item| item.span.clone());
    let items = reader.list("values", out);
    let values = items.and_then(|items| rows(items, out));
    let computed = computed(reader, out);
    let origin = match &computed {
        Some(Some(from)) => Some(Origin::Computed {
            model: from.model.0.clone(),
            study: from.study.0.clone(),
            hash: from.hash.0.clone(),
        }),
        Some(None) => None,
        None => origin(reader, out),
    };
    let _ = grade(reader, false, out);
    let (x, x_unit) = x??;
    let (y, y_unit) = match y {
        Some(y) => y?,
        None => (Vec::new(), Unit::one()),
    };
    let values = values?;
    let count = y.len().max(1);
    if values.len() != count || values.iter().any(|row| row.len() != x.len()) {
        out.push(problem_with_help(
            "bad-table",
            format!("the values of {} do not fit its knots", reader.what),
            values_span.unwrap_or(name_span),
            "wrong shape",
            Some(match count {
                1 => format!("give {} values, one per knot of `x`", x.len()),
                _ => format!(
                    "give {count} rows (the knots of `y`) of {} values (the knots of `x`)",
                    x.len()
                ),
            }),
        ));
        return None;
    }
    Some(TableFile {
        unit: unit?,
        x,
        x_unit,
        y,
        y_unit,
        values,
        origin: origin?,
        computed: computed.flatten(),
    })
}

/// `computed_from = { model, study, hash }`: `None` without that key, `Some(None)` if it cannot be read.
fn computed(reader: &mut Reader, out: Out) -> Option<Option<ComputedFile>> {
    let item = reader.item("computed_from")?;
    let Some(tree) = table_of("`computed_from`", item, out) else {
        return Some(None);
    };
    let mut inner = Reader::new(tree, "`computed_from`", item.span.clone());
    let mut text = |key, out: Out| {
        let (text, item) = inner.required_text(key, out)?;
        Some((text.to_string(), item.span.clone()))
    };
    let (model, study, hash) = (text("model", out), text("study", out), text("hash", out));
    inner.finish(out);
    let read = || {
        Some(ComputedFile {
            model: model?,
            study: study?,
            hash: hash?,
        })
    };
    Some(read())
}

/// An axis of a table, which has nothing but knots and a unit.
fn axis(
    tree: &Tree,
    name: &str,
    most: usize,
    name_span: &Span,
    out: Out,
) -> Option<(Vec<f64>, Unit)> {
    let mut reader = Reader::new(tree, format!("axis `{name}`"), name_span.clone());
    let read = knots(&mut reader, name, most, out);
    reader.finish(out);
    read
}

/// Knots and unit of an axis.
pub fn knots(reader: &mut Reader, name: &str, most: usize, out: Out) -> Option<(Vec<f64>, Unit)> {
    let unit = required_unit(reader, out);
    let span = reader.required("knots", out).map(|item| item.span.clone());
    let items = reader.list("knots", out);
    let knots = all_numbers(items?, out)?;
    let fall = knots.windows(2).position(|pair| pair[0] >= pair[1]);
    let mistake = match fall {
        Some(at) => Some((
            items?[at + 1].span.clone(),
            format!("the knots of axis `{name}` do not ascend"),
            "not above the knot before it",
            "write the knots in ascending order, and the values with them",
        )),
        None if knots.len() < 2 => Some((
            span?,
            format!("axis `{name}` has fewer than two knots"),
            "too few",
            "a table needs two knots or more: use a parameter for a constant",
        )),
        None if knots.len() > most => Some((
            items?[most].span.clone(),
            format!("axis `{name}` has more than {most} knots"),
            "one too many",
            "leave out knots where the curve is straight",
        )),
        None => None,
    };
    if let Some((span, message, label, way_out)) = mistake {
        out.push(problem_with_help(
            "bad-table",
            message,
            span,
            label,
            Some(way_out.to_string()),
        ));
        return None;
    }
    Some((knots, unit?))
}

/// One row per knot of the second axis, or one row.
fn rows(items: &[Item], out: Out) -> Option<Vec<Vec<f64>>> {
    if !items
        .iter()
        .any(|item| matches!(item.value, Value::List(_)))
    {
        return Some(vec![all_numbers(items, out)?]);
    }
    let mut rows = Vec::new();
    for item in items {
        match &item.value {
            Value::List(row) => rows.push(all_numbers(row, out)),
            _ => {
                out.push(wrong_kind("a row of values", item, "a list"));
                rows.push(None);
            }
        }
    }
    rows.into_iter().collect()
}

/// `None` if one of them was no number, which has been reported.
fn all_numbers(items: &[Item], out: Out) -> Option<Vec<f64>> {
    let numbers = numbers(items, out);
    (numbers.len() == items.len()).then_some(numbers)
}
