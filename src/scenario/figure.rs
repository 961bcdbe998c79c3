//! `[[figure]]` → what to draw: quantities over time, or a measure against the arms' places on an axis.

use super::{Figure, FigureKind, Measure, Shown, arm, expect};
use crate::diagnostics::Diagnostic;
use crate::model::declare::duration_s;
use crate::model::file::{Item, Reader, Value, problem, problem_with_help};
use crate::model::messages::table_of;
use crate::model::{Column, Model};
use crate::units::Unit;

type Out<'a> = &'a mut Vec<Diagnostic>;

/// Reads one figure.
pub fn figure(
    item: &Item,
    model: &Model,
    arms: &[String],
    duration: f64,
    out: Out,
) -> Option<Figure> {
    let table = table_of("a figure", item, out)?;
    let mut reader = Reader::new(table, "this figure", item.span.clone());
    let title = reader
        .required_text("title", out)
        .map(|(t, _)| t.to_string())
        .unwrap_or_default();
    let kind = match reader.text("kind", out) {
        None | Some(("time", _)) => FigureKind::Time,
        Some(("curve", _)) => FigureKind::Curve,
        Some(("status", _)) => FigureKind::Status,
        Some((_, item)) => {
            let message = "a figure's kind is \"time\", \"curve\" or \"status\"".to_string();
            out.push(problem(
                "unknown-choice",
                message,
                item.span.clone(),
                "not known",
            ));
            FigureKind::Time
        }
    };
    let unit = reader.text("unit", out).and_then(|(text, item)| {
        let unit = crate::model::declare::unit_of(text, item, out)?;
        Some((unit, item))
    });
    let mut show = Vec::new();
    for (name, span) in reader.texts("show", out) {
        let item = Item {
            span,
            ..item.clone()
        };
        let found = column(&name, &item, model, out);
        let unit = unit.as_ref().map(|(unit, _)| unit);
        show.extend(found.map(|column| shown_column(column, unit, model)));
    }
    if let Some((unit, item)) = &unit
        && !show.is_empty()
        && show.iter().all(|shown| shown.display.text != unit.text)
    {
        let message = format!("nothing in this figure can be shown in {}", unit.text);
        let units: Vec<&str> = show.iter().map(|shown| shown.unit.text.as_str()).collect();
        let help = Some(format!("what it shows is in {}", units.join(", ")));
        let span = item.span.clone();
        out.push(problem_with_help(
            "wrong-unit",
            message,
            span,
            "fits no panel",
            help,
        ));
    }
    let from_s = reader
        .text("from", out)
        .and_then(|(t, item)| duration_s(t, item, out))
        .unwrap_or(0.0);
    let to_s = reader
        .text("to", out)
        .and_then(|(t, item)| duration_s(t, item, out))
        .unwrap_or(duration);
    let x_title = reader.text("x_title", out).map(|(t, _)| t.to_string());
    let y_title = reader.text("y_title", out).map(|(t, _)| t.to_string());
    let measure = reader.text("measure", out).and_then(|(text, item)| {
        let measure = expect::measure(text, model, arms);
        let report = |why| {
            let message = format!("this measure cannot be read: {why}");
            let (span, help) = (item.span.clone(), Some(expect::MEASURE.to_string()));
            out.push(problem_with_help(
                "bad-expectation",
                message,
                span,
                "not understood",
                help,
            ));
        };
        measure.map_err(report).ok()
    });
    let measure = match (measure, &unit) {
        (Some(measure), Some((unit, item))) => in_unit(measure, unit, item, out),
        (measure, _) => measure,
    };
    let measure_text = reader.text("measure", out).map(|(t, _)| t.to_string());
    reader.finish(out);
    let empty = match kind {
        FigureKind::Time => table.get("show").is_none_or(|entry| is_empty(&entry.item)),
        FigureKind::Curve => table.get("measure").is_none(),
        FigureKind::Status => false,
    };
    if empty || from_s >= to_s {
        let (message, help) = match (kind, empty) {
            (_, false) => (
                "this figure ends before it begins",
                "`from` comes before `to`",
            ),
            (FigureKind::Time, _) => ("this figure shows nothing", "add `show = [\"NAME\"]`"),
            (_, _) => ("this curve measures nothing", "add `measure`"),
        };
        let span = item.span.clone();
        out.push(problem_with_help(
            "empty-figure",
            message.to_string(),
            span,
            "nothing to draw",
            Some(help.to_string()),
        ));
    }
    Some(Figure {
        title,
        kind,
        show,
        from_s,
        to_s: to_s.min(duration),
        x_title,
        measure_title: y_title.or(measure_text).filter(|_| measure.is_some()),
        measure,
    })
}

fn is_empty(item: &Item) -> bool {
    matches!(&item.value, Value::List(items) if items.is_empty())
}

/// A curve's measure in the unit that the figure asks for.
fn in_unit(mut measure: Measure, unit: &Unit, item: &Item, out: Out) -> Option<Measure> {
    let Some(factor) = measure.unit.ratio_to(unit) else {
        let message = format!(
            "this measure is {} ({}), not {}",
            measure.unit.describe(),
            measure.unit.text,
            unit.describe()
        );
        let span = item.span.clone();
        out.push(problem("wrong-unit", message, span, "wrong unit"));
        return None;
    };
    measure.factor *= factor;
    measure.unit = unit.clone();
    Some(measure)
}

/// A column by name.
pub fn column(name: &str, item: &Item, model: &Model, out: Out) -> Option<Column> {
    let found = model.column(name);
    if found.is_none() {
        let names = model.column_names();
        let message = format!("the model has no `{name}`");
        let known = names.iter().map(String::as_str);
        arm::unknown(message, name, known, item.span.clone(), out);
    }
    found
}

/// A column with its title, in its own unit or in another of the same kind.
pub fn shown_column(column: Column, display: Option<&Unit>, model: &Model) -> Shown {
    let unit = model.column_unit(column).clone();
    let display = display
        .filter(|display| display.dimension == unit.dimension)
        .unwrap_or(&unit)
        .clone();
    Shown {
        column,
        name: model.column_name(column),
        title: model.column_title(column),
        factor: unit.ratio_to(&display).unwrap_or(1.0),
        unit,
        display,
    }
}
