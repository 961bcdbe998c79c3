//! `[[data]]`: the user's own measurements, a CSV with the columns `time`, `value` and, if wanted, `sd`
//! and `arm` → points in the unit in which the quantity is shown.

use std::path::PathBuf;

use super::{Data, figure};
use crate::diagnostics::{Diagnostic, FileId, Span};
use crate::model::declare::unit_of;
use crate::model::file::{Item, Reader, problem, problem_with_help};
use crate::model::messages::{table_of, unknown_reference};
use crate::model::{Column, Model};
use crate::units::Unit;

type Out<'a> = &'a mut Vec<Diagnostic>;

/// A data file as it was read from the disk.
#[derive(Debug, Clone)]
pub struct DataText {
    /// As written in the scenario.
    pub name: PathBuf,
    pub file: FileId,
    pub text: String,
}

const COLUMNS: [&str; 4] = ["time", "value", "sd", "arm"];

/// Reads one `[[data]]` table. `texts`: the data files that could be read.
pub fn data(
    item: &Item,
    texts: &[DataText],
    model: &Model,
    arms: &[String],
    out: Out,
) -> Option<Data> {
    let table = table_of("[[data]]", item, out)?;
    let mut reader = Reader::new(table, "this data", item.span.clone());
    let file = reader.required_text("file", out);
    let shown = reader.required_text("show", out);
    let label = reader.text("label", out).map(|(text, _)| text.to_string());
    let unit = reader
        .text("unit", out)
        .map(|(text, item)| (unit_of(text, item, out), item));
    let time_unit = reader.text("time_unit", out).map_or_else(
        || Some(model.time_unit.clone()),
        |(text, item)| unit_of(text, item, out),
    );
    let source = reader.text("source", out);
    let arm = reader.text("arm", out);
    reader.finish(out);
    let arm = match arm {
        None => None,
        Some((name, item)) => Some(known_arm(name, arms, item.span.clone(), out)?),
    };
    if let Some((key, item)) = source
        && !model.references_bib.entries.contains_key(key)
    {
        let span = item.span.clone();
        out.push(unknown_reference(key, span, &model.references_bib));
    }
    let (name, show_item) = shown?;
    let column = figure::column(name, show_item, model, out)?;
    let display = match unit {
        None => None,
        Some((unit, item)) => Some(fitting(unit?, column, item, model, out)?),
    };
    let (file, _) = file?;
    let second = Unit::parse("s").expect("s is a unit");
    let scale = time_unit?.ratio_to(&second);
    let text = texts.iter().find(|text| text.name.as_os_str() == file)?;
    let points = points(text, scale?, arm.as_ref(), arms, out)?;
    Some(Data {
        file: text.name.clone(),
        label: label.unwrap_or_else(|| "measured".to_string()),
        shown: figure::shown_column(column, display.as_ref(), model),
        source: source.map(|(key, _)| key.to_string()),
        points,
    })
}

fn fitting(unit: Unit, column: Column, item: &Item, model: &Model, out: Out) -> Option<Unit> {
    let own = model.column_unit(column);
    if own.ratio_to(&unit).is_some() {
        return Some(unit);
    }
    let message = format!(
        "`{}` is {} ({}), this is {}",
        model.column_name(column),
        own.describe(),
        own.text,
        unit.describe()
    );
    out.push(problem(
        "wrong-unit",
        message,
        item.span.clone(),
        "wrong unit",
    ));
    None
}

fn known_arm(name: &str, arms: &[String], span: Span, out: Out) -> Option<String> {
    if arms.iter().any(|arm| arm == name) {
        return Some(name.to_string());
    }
    let message = format!("there is no arm \"{name}\"");
    super::arm::unknown(message, name, arms.iter().map(String::as_str), span, out);
    None
}

type Point = (f64, f64, Option<f64>, Option<String>);

fn points(
    text: &DataText,
    scale_s: f64,
    arm: Option<&String>,
    arms: &[String],
    out: Out,
) -> Option<Vec<Point>> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .flexible(true)
        .from_reader(text.text.as_bytes());
    let place = |from: usize| {
        let line = text.text[from..]
            .find('\n')
            .map_or(text.text.len(), |n| from + n);
        Span {
            file: text.file,
            range: from..line,
        }
    };
    let header = reader.headers().cloned().unwrap_or_default();
    let at = |name: &str| header.iter().position(|column| column == name);
    let known = header.iter().all(|column| COLUMNS.contains(&column));
    let (Some(time), Some(value), true) = (at("time"), at("value"), known) else {
        let message = "the first line names the columns: time, value and, if there are, sd, arm";
        out.push(problem_with_help(
            "bad-data",
            message.to_string(),
            place(0),
            "these columns",
            Some("begin the file with `time,value,sd`".to_string()),
        ));
        return None;
    };
    let (sd, arm_at) = (at("sd"), at("arm"));
    let mut points = Vec::new();
    let mut good = true;
    for record in reader.records() {
        let Ok(record) = record else { continue };
        let from = record.position().map_or(0, |place| place.byte() as usize);
        let number = |at: usize| {
            let text = record.get(at)?;
            text.parse::<f64>().ok().filter(|v| v.is_finite())
        };
        let spread = sd.and_then(|at| record.get(at)).filter(|s| !s.is_empty());
        let spread_value = spread.and_then(|text| text.parse::<f64>().ok());
        let (Some(time), Some(value), true) = (
            number(time),
            number(value),
            spread.is_some() == spread_value.is_some(),
        ) else {
            let message = "time, value and sd of a measurement are numbers".to_string();
            out.push(problem("bad-data", message, place(from), "this line"));
            good = false;
            continue;
        };
        let named = arm_at
            .and_then(|at| record.get(at))
            .filter(|s| !s.is_empty());
        let of = match named {
            None => arm.cloned(),
            Some(name) => {
                let found = known_arm(name, arms, place(from), out);
                good &= found.is_some();
                found
            }
        };
        points.push((time * scale_s, value, spread_value, of));
    }
    good.then_some(points)
}
