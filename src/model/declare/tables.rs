//! Tables: values over one axis or two.

use super::TableFile;
use super::fields::*;
use crate::diagnostics::{Diagnostic, Span};
use crate::model::file::{Reader, Table as Tree, Value, problem};
use crate::units::Unit;

type Out<'a> = &'a mut Vec<Diagnostic>;

fn axis(tree: &Tree, name: &str, span: &Span, out: Out) -> Option<(Vec<f64>, Unit)> {
    let mut reader = Reader::new(tree, format!("axis `{name}`"), span.clone());
    let unit = required_unit(&mut reader, out);
    reader.required("knots", out);
    let knots = reader
        .list("knots", out)
        .map(|items| numbers(items, out))
        .unwrap_or_default();
    let most = if name == "x" { 32 } else { 12 };
    if knots.len() < 2 || knots.len() > most || knots.windows(2).any(|pair| pair[0] >= pair[1]) {
        out.push(problem(
            "bad-table",
            format!("axis `{name}` needs 2 to {most} knots, ascending"),
            span.clone(),
            "these knots",
        ));
    }
    reader.finish(out);
    Some((knots, unit?))
}

pub fn table(reader: &mut Reader, out: Out) -> Option<TableFile> {
    let unit = required_unit(reader, out);
    let span = reader.name_span.clone();
    reader.required("x", out);
    let x = reader
        .sub("x", out)
        .and_then(|tree| axis(tree, "x", &span, out));
    let y = reader
        .sub("y", out)
        .and_then(|tree| axis(tree, "y", &span, out));
    reader.required("values", out);
    let items = reader.list("values", out).unwrap_or_default();
    let values: Vec<Vec<f64>> = if items
        .iter()
        .any(|item| matches!(item.value, Value::List(_)))
    {
        items
            .iter()
            .map(|item| match &item.value {
                Value::List(row) => numbers(row, out),
                _ => Vec::new(),
            })
            .collect()
    } else {
        vec![numbers(items, out)]
    };
    let origin = origin(reader, out);
    let _ = grade(reader, false, out);
    let (x, x_unit) = x?;
    let (y, y_unit) = y.unwrap_or((Vec::new(), Unit::one()));
    if values.len() != y.len().max(1) || values.iter().any(|row| row.len() != x.len()) {
        out.push(problem(
            "bad-table",
            format!(
                "{} needs {} row(s) of {} values",
                reader.what,
                y.len().max(1),
                x.len()
            ),
            span,
            "shape does not fit the knots",
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
        origin: origin?.0,
    })
}
