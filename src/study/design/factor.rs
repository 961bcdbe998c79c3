//! One `[[design.factor]]` → [`Factor`]: its paths, its values with their units.

use super::every::every;
use super::{Factor, Form, Setting, Spread, Values};
use crate::diagnostics::Diagnostic;
use crate::model::Model;
use crate::model::declare::fields::choice;
use crate::model::file::{Item, Reader, Value, problem_with_help};
use crate::model::messages::{table_of, written_quantity, wrong_kind, wrong_unit};
use crate::units::{Quantity, Unit};

type Out<'a> = &'a mut Vec<Diagnostic>;

/// One factor, or with `every` as many as the model has parameters.
pub fn factor(
    item: &Item,
    sampled: bool,
    model: &Model,
    fixed: &[String],
    out: Out,
) -> Option<Vec<Factor>> {
    let table = table_of("a factor", item, out)?;
    let mut reader = Reader::new(table, "this factor", item.span.clone());
    if table.get("every").is_some() {
        return every(reader, sampled, model, fixed, out);
    }
    let set = reader.required("set", out)?;
    let paths = paths(set, out)?;
    let name = reader.text("name", out).map(|(text, _)| text.to_string());
    let title = reader.text("title", out).map(|(text, _)| text.to_string());
    let listed = reader.truth("columns", out).unwrap_or(true);
    let text = reader.text("text", out);
    let values = reader.list("values", out);
    let labels = reader.texts("labels", out);
    let (from, to) = (reader.item("from"), reader.item("to"));
    let (median, cv) = (reader.item("median"), reader.number("cv", out));
    let count = reader.number("count", out);
    let spacing = choice(
        &mut reader,
        "spacing",
        &[("linear", false), ("log", true)],
        out,
    );
    reader.finish(out);
    let mut factor = Factor {
        name: name.unwrap_or_else(|| short(&paths[0])),
        title,
        paths,
        values: Values::Levels(Vec::new()),
        form: Form::AsWritten,
        listed,
        place: set.clone(),
    };
    if let Some((text, text_item)) = text {
        if !text.contains("{}") {
            bad(
                "`text` holds `{}` where the number goes".to_string(),
                text_item,
                "no `{}`",
                "write it as \"run {} min at 70 %VO2max\"",
                out,
            );
            return None;
        }
        factor.form = Form::Text(text.to_string());
    }
    match (values, from, to, median) {
        (Some(values), None, None, None) => {
            let labels: Vec<String> = labels.into_iter().map(|(text, _)| text).collect();
            listed_values(&mut factor, values, &labels, item, out)?;
        }
        (None, Some(from), Some(to), None) => {
            let log = spacing.unwrap_or(false);
            between(&mut factor, (from, to), log, sampled, count, out)?;
        }
        (None, None, None, Some(median)) => {
            around_median(&mut factor, median, cv, sampled, item, out)?;
        }
        _ => {
            bad(
                "a factor has `values`, or `from` and `to`, or `median` and `cv`".to_string(),
                item,
                "one of these",
                "add `values = [ … ]`",
                out,
            );
            return None;
        }
    }
    Some(vec![factor])
}

pub fn bad(message: String, item: &Item, label: &str, help: &str, out: Out) {
    let span = item.span.clone();
    let help = Some(help.to_string());
    out.push(problem_with_help("bad-factor", message, span, label, help));
}

/// The last part of a path that is no number, or the dotted name behind a table of names.
fn short(path: &str) -> String {
    for table in ["parameters.", "edges.strength.", "status.", "person."] {
        if let Some(name) = path.strip_prefix(table) {
            return name.trim_matches('"').to_string();
        }
    }
    path.to_string()
}

fn paths(item: &Item, out: Out) -> Option<Vec<String>> {
    let items = match &item.value {
        Value::List(items) if !items.is_empty() => items.as_slice(),
        _ => std::slice::from_ref(item),
    };
    let mut paths = Vec::new();
    for item in items {
        match &item.value {
            Value::Text(text) if !text.is_empty() => paths.push(text.clone()),
            _ => {
                out.push(wrong_kind("`set`", item, "a string"));
                return None;
            }
        }
    }
    Some(paths)
}

/// A number as a factor's form has it: bare, or a quantity whose unit becomes the factor's.
fn number(factor: &mut Factor, item: &Item, out: Out) -> Option<f64> {
    if let (Form::Text(_), Value::Text(_)) = (&factor.form, &item.value) {
        out.push(wrong_kind("a number that `text` takes", item, "a number"));
        return None;
    }
    let quantity = written_quantity(item, out)?;
    let bare = matches!(item.value, Value::Number(_));
    match &factor.form {
        Form::Text(_) => Some(quantity.value),
        Form::AsWritten => {
            factor.form = if bare {
                Form::Number
            } else {
                Form::Quantity(quantity.unit.clone())
            };
            Some(quantity.value)
        }
        Form::Number if bare => Some(quantity.value),
        Form::Number => {
            let (one, unit) = (Unit::one(), &quantity.unit);
            let message = "this has a unit, the value before it has none".to_string();
            out.push(wrong_unit(message, item.span.clone(), unit, &one));
            None
        }
        Form::Quantity(unit) => {
            let value = quantity.value_in(unit);
            if value.is_none() {
                let message = format!(
                    "this is {}, the value before it {}",
                    quantity.unit.describe(),
                    unit.describe()
                );
                out.push(wrong_unit(message, item.span.clone(), &quantity.unit, unit));
            }
            value
        }
    }
}

fn listed_values(
    factor: &mut Factor,
    values: &[Item],
    labels: &[String],
    item: &Item,
    out: Out,
) -> Option<()> {
    if values.is_empty() {
        bad(
            "this factor has no values".to_string(),
            item,
            "empty",
            "list at least one",
            out,
        );
        return None;
    }
    if !labels.is_empty() && labels.len() != values.len() {
        let message = format!("{} labels for {} values", labels.len(), values.len());
        bad(
            message,
            item,
            "not as many",
            "give one label to each value",
            out,
        );
        return None;
    }
    let is_number = |item: &Item| match &item.value {
        Value::Number(_) => true,
        Value::Text(text) => Quantity::parse(text).is_ok(),
        _ => false,
    };
    let numeric = values.iter().all(is_number);
    let mut settings = Vec::new();
    for (k, value) in values.iter().enumerate() {
        let mut setting = if numeric {
            let number = number(factor, value, out)?;
            match &factor.form {
                Form::Text(_) => factor.setting(number),
                _ => Setting {
                    number: Some(number),
                    label: number.to_string(),
                    item: value.clone(),
                },
            }
        } else if matches!(factor.form, Form::Text(_)) {
            out.push(wrong_kind("a number that `text` takes", value, "a number"));
            return None;
        } else {
            Setting {
                number: None,
                label: as_written(value, k),
                item: value.clone(),
            }
        };
        if let Some(label) = labels.get(k) {
            setting.label.clone_from(label);
            setting.number = None;
        }
        settings.push(setting);
    }
    factor.values = Values::Levels(settings);
    Some(())
}

fn as_written(item: &Item, k: usize) -> String {
    match &item.value {
        Value::Text(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Truth(truth) => truth.to_string(),
        _ => format!("level {}", k + 1),
    }
}

fn between(
    factor: &mut Factor,
    (from, to): (&Item, &Item),
    log: bool,
    sampled: bool,
    count: Option<(f64, &Item)>,
    out: Out,
) -> Option<()> {
    let low = number(factor, from, out)?;
    let high = number(factor, to, out)?;
    if low >= high {
        bad(
            "this range ends before it begins".to_string(),
            to,
            "not above `from`",
            "let `to` be larger than `from`",
            out,
        );
        return None;
    }
    if log && low <= 0.0 {
        bad(
            "a logarithmic range begins above zero".to_string(),
            from,
            "not above zero",
            "begin higher, or use spacing = \"linear\"",
            out,
        );
        return None;
    }
    if sampled {
        if let Some((_, item)) = count {
            bad(
                "a sampled range has no levels".to_string(),
                item,
                "not for this kind",
                "leave `count` out: `members` of the design counts",
                out,
            );
            return None;
        }
        factor.values = Values::Spread(if log {
            Spread::LogUniform { low, high }
        } else {
            Spread::Uniform { low, high }
        });
        return Some(());
    }
    let Some((count, count_item)) = count else {
        bad(
            "a range in a grid needs `count`".to_string(),
            from,
            "how many levels?",
            "add `count = 11`",
            out,
        );
        return None;
    };
    if !(2.0..=1e6).contains(&count) || count.fract() != 0.0 {
        bad(
            "`count` is a whole number from 2 to a million".to_string(),
            count_item,
            "not possible",
            "write count = 11",
            out,
        );
        return None;
    }
    let spread = if log {
        Spread::LogUniform { low, high }
    } else {
        Spread::Uniform { low, high }
    };
    let last = count as usize - 1;
    let level = |k: usize| match k {
        0 => low,
        k if k == last => high,
        k => plain(spread.at(k as f64 / last as f64)),
    };
    let settings = (0..=last).map(|k| factor.setting(level(k))).collect();
    factor.values = Values::Levels(settings);
    Some(())
}

/// Twelve significant digits: a tenth reads 0.1.
fn plain(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

fn around_median(
    factor: &mut Factor,
    median: &Item,
    cv: Option<(f64, &Item)>,
    sampled: bool,
    item: &Item,
    out: Out,
) -> Option<()> {
    if !sampled {
        bad(
            "a grid has no use for a distribution".to_string(),
            median,
            "not for this kind",
            "use kind = \"sobol\", or give `from`, `to` and `count`",
            out,
        );
        return None;
    }
    let value = number(factor, median, out)?;
    let Some((cv, cv_item)) = cv else {
        bad(
            "a log-normal needs `cv`".to_string(),
            item,
            "belongs here",
            "add `cv = 0.3`",
            out,
        );
        return None;
    };
    if value <= 0.0 {
        bad(
            "the median of a log-normal lies above zero".to_string(),
            median,
            "not above zero",
            "give `from` and `to` instead",
            out,
        );
        return None;
    }
    if !(cv > 0.0 && cv <= 5.0) {
        bad(
            "`cv` lies above 0 and not above 5".to_string(),
            cv_item,
            "out of range",
            "write cv = 0.3 for 30 %",
            out,
        );
        return None;
    }
    factor.values = Values::Spread(Spread::LogNormal { median: value, cv });
    Some(())
}
