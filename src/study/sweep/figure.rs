//! `[[figure]]` of a sweep → what is drawn against what, by place among factors, records and columns.

use super::Figure;
use super::load::Known;
use crate::diagnostics::Diagnostic;
use crate::model::file::{Item, Reader, problem_with_help};
use crate::model::messages::{table_of, unknown_name};

type Out<'a> = &'a mut Vec<Diagnostic>;

/// Reads one figure: `record` over `x` is a curve, over `x` and `y` a heat map; `show` is a band over time.
pub fn figure(item: &Item, known: &Known, out: Out) -> Option<Figure> {
    let table = table_of("a figure", item, out)?;
    let mut reader = Reader::new(table, "this figure", item.span.clone());
    let title = reader.required_text("title", out);
    let record = reader.text("record", out);
    let show = reader.text("show", out);
    let (x, y) = (reader.text("x", out), reader.text("y", out));
    let (lines, panels) = (reader.text("lines", out), reader.text("panels", out));
    reader.finish(out);
    let title = title?.0.to_string();
    let mut factor = |named: Option<(&str, &Item)>| match named {
        None => Some(None),
        Some((name, item)) => {
            let names: Vec<&str> = known.design.factors().map(|f| f.name.as_str()).collect();
            let found = names.iter().position(|known| *known == name);
            if found.is_none() {
                let message = format!("this sweep has no factor `{name}`");
                out.push(unknown_name(message, name, item.span.clone(), names));
            }
            found.map(Some)
        }
    };
    let (x, y) = (factor(x)?, factor(y)?);
    let (lines, panels) = (factor(lines)?, factor(panels)?);
    match (record, show, x, y) {
        (Some((name, item)), None, Some(x), y) => {
            let names = known.records.iter().map(|record| record.name.as_str());
            let found = names.clone().position(|known| known == name);
            let Some(record) = found else {
                let message = format!("this sweep has no record `{name}`");
                out.push(unknown_name(message, name, item.span.clone(), names));
                return None;
            };
            Some(match y {
                Some(y) => Figure::Heat {
                    title,
                    x,
                    y,
                    record,
                    panels,
                },
                None => Figure::Curve {
                    title,
                    x,
                    record,
                    lines,
                    panels,
                },
            })
        }
        (None, Some((name, item)), None, None) => {
            let columns = known.series.map_or(&[][..], |series| &series.columns);
            let found = columns.iter().position(|(_, known)| known == name);
            if found.is_none() {
                let message = format!("`{name}` is not among `show` of the series");
                let names = columns.iter().map(|(_, name)| name.as_str());
                out.push(unknown_name(message, name, item.span.clone(), names));
            }
            Some(Figure::Band {
                title,
                column: found?,
                lines,
                panels,
            })
        }
        _ => {
            out.push(problem_with_help(
                "empty-figure",
                "this figure shows nothing".to_string(),
                item.span.clone(),
                "nothing to draw",
                Some("give `record` and `x` (and `y`), or `show` for a band over time".to_string()),
            ));
            None
        }
    }
}
