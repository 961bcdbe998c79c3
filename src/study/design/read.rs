//! `[[design]]` of a study file → [`Design`]: kinds, factors, values with their units.
//!
//! Whether a scenario knows the paths and takes the values is not known here: whoever reads the study asks
//! the scenario itself with [`Factor::probes`].

use super::{Block, Design, Factor, Form, Kind, Setting, Spread, Values, sobol};
use crate::diagnostics::Diagnostic;
use crate::model::declare::fields::choice;
use crate::model::file::{Item, Reader, Table as Tree, Value, problem_with_help};
use crate::model::messages::{table_of, written_quantity, wrong_kind, wrong_unit};
use crate::model::{Model, Parameter, ParameterKind};
use crate::units::{Quantity, Unit};

type Out<'a> = &'a mut Vec<Diagnostic>;

/// As many as a double counts exactly.
const MOST_MEMBERS: u64 = 1 << 53;

/// What a log-normal takes where a model states no range.
const LEAST_SPREAD: f64 = 0.3;

/// Reads all blocks. `fixed`: parameters that the scenario itself sets; they are known, not uncertain.
pub fn design(
    items: &[Item],
    seed: u64,
    model: &Model,
    fixed: &[String],
    out: Out,
) -> Option<Design> {
    let read = |item: &Item, out: Out| block(item, model, fixed, out);
    let blocks: Vec<Option<Block>> = items.iter().map(|item| read(item, out)).collect();
    let blocks: Vec<Block> = blocks.into_iter().collect::<Option<_>>()?;
    let total = blocks
        .iter()
        .try_fold(1u64, |total, block| total.checked_mul(block.members));
    if total.is_none_or(|total| total > MOST_MEMBERS) {
        let span = items[0].span.clone();
        out.push(problem_with_help(
            "impossible-value",
            "these designs multiply to more members than can be counted".to_string(),
            span,
            "too many",
            Some("take fewer levels, or sample with design kind \"sobol\"".to_string()),
        ));
        return None;
    }
    let mut known: Vec<&str> = Vec::new();
    for factor in blocks.iter().flat_map(|block| &block.factors) {
        for path in &factor.paths {
            let inside = |outer: &str, inner: &str| {
                inner
                    .strip_prefix(outer)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            if known
                .iter()
                .any(|other| inside(other, path) || inside(path, other))
            {
                out.push(problem_with_help(
                    "duplicate-name",
                    format!("two factors set `{path}`"),
                    factor.place.span.clone(),
                    "set again",
                    Some("let one factor set it, or name it in `except`".to_string()),
                ));
            }
            known.push(path);
        }
    }
    Some(Design { blocks, seed })
}

fn block(item: &Item, model: &Model, fixed: &[String], out: Out) -> Option<Block> {
    let table = table_of("a design", item, out)?;
    let mut reader = Reader::new(table, "this design", item.span.clone());
    let kinds = [
        ("grid", Kind::Grid),
        ("zip", Kind::Zip),
        ("random", Kind::Random),
        ("latin hypercube", Kind::LatinHypercube),
        ("sobol", Kind::Sobol),
    ];
    reader.required("kind", out)?;
    let kind = choice(&mut reader, "kind", &kinds, out);
    let members = reader.number("members", out);
    let items = reader
        .required("factor", out)
        .and_then(|_| reader.list("factor", out));
    reader.finish(out);
    let (kind, items) = (kind?, items?);
    let sampled = !matches!(kind, Kind::Grid | Kind::Zip);
    let mut factors = Vec::new();
    for item in items {
        factors.extend(factor(item, sampled, model, fixed, out)?);
    }
    let refuse = |message: String, label: &str, help: &str, span, out: Out| {
        let help = Some(help.to_string());
        out.push(problem_with_help("bad-design", message, span, label, help));
    };
    if factors.is_empty() {
        let help = "add [[design.factor]] with `set` and `values`";
        refuse(
            "this design varies nothing".to_string(),
            "empty",
            help,
            item.span.clone(),
            out,
        );
        return None;
    }
    if kind == Kind::Sobol && factors.len() > sobol::MOST {
        let message = format!("{} factors are more than Sobol points have", factors.len());
        let help = format!(
            "vary at most {} factors, or use \"latin hypercube\"",
            sobol::MOST
        );
        refuse(message, "too many", &help, item.span.clone(), out);
        return None;
    }
    let count = match (kind, members) {
        (Kind::Grid | Kind::Zip, Some((_, item))) => {
            let message = "a grid has as many members as its levels say".to_string();
            refuse(
                message,
                "not for this kind",
                "leave `members` out",
                item.span.clone(),
                out,
            );
            return None;
        }
        (Kind::Grid, None) => {
            let levels = factors.iter().map(Factor::levels);
            levels.fold(1u64, |total, levels| total.saturating_mul(levels))
        }
        (Kind::Zip, None) => {
            let first = factors[0].levels();
            if let Some(odd) = factors.iter().find(|factor| factor.levels() != first) {
                let message = format!(
                    "factors of a zip go together: `{}` has {first} levels, `{}` has {}",
                    factors[0].name,
                    odd.name,
                    odd.levels()
                );
                let help = "give each as many values";
                refuse(
                    message,
                    "another number of levels",
                    help,
                    odd.place.span.clone(),
                    out,
                );
                return None;
            }
            first
        }
        (_, Some((number, _))) if number >= 1.0 && number.fract() == 0.0 && number <= 1e15 => {
            number as u64
        }
        (_, Some((_, item))) => {
            let message = "`members` is a whole number from 1 on".to_string();
            refuse(
                message,
                "not possible",
                "write members = 256",
                item.span.clone(),
                out,
            );
            return None;
        }
        (_, None) => {
            let message = "a sampled design needs `members`".to_string();
            refuse(
                message,
                "belongs here",
                "add `members = 256`",
                item.span.clone(),
                out,
            );
            return None;
        }
    };
    Some(Block {
        kind,
        factors,
        members: count,
    })
}

/// One factor, or with `every` as many as the model has parameters.
fn factor(
    item: &Item,
    sampled: bool,
    model: &Model,
    fixed: &[String],
    out: Out,
) -> Option<Vec<Factor>> {
    let table = table_of("a factor", item, out)?;
    let mut reader = Reader::new(table, "this factor", item.span.clone());
    if table.get("every").is_some() {
        return every(&mut reader, item, sampled, model, fixed, out);
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

fn bad(message: String, item: &Item, label: &str, help: &str, out: Out) {
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

/// `every = "uncertain parameter"`: all declared parameters but the person's own and those the scenario
/// sets.
fn every(
    reader: &mut Reader,
    item: &Item,
    sampled: bool,
    model: &Model,
    fixed: &[String],
    out: Out,
) -> Option<Vec<Factor>> {
    let kinds = [("uncertain parameter", ())];
    choice(reader, "every", &kinds, out)?;
    let place = reader.item("every")?;
    let spread = reader.number("spread", out);
    let listed = reader.truth("columns", out).unwrap_or(true);
    let except = reader.texts("except", out);
    let only = reader.texts("only", out);
    let own = Reader::new(reader.table, reader.what.clone(), item.span.clone());
    finish(own, &["every", "spread", "columns", "except", "only"], out);
    if !sampled {
        bad(
            "a grid over every parameter has no end".to_string(),
            place,
            "not for this kind",
            "use kind = \"sobol\" or \"latin hypercube\"",
            out,
        );
        return None;
    }
    let least = match spread {
        Some((cv, item)) if !(cv > 0.0 && cv <= 5.0) => {
            bad(
                "`spread` lies above 0 and not above 5".to_string(),
                item,
                "out of range",
                "write spread = 0.3 for 30 %",
                out,
            );
            return None;
        }
        Some((cv, _)) => cv,
        None => LEAST_SPREAD,
    };
    let names = |p: &&Parameter| p.kind == ParameterKind::Declared;
    let matches = |name: &str, pattern: &str| {
        name == pattern
            || name
                .strip_prefix(pattern)
                .is_some_and(|rest| rest.starts_with('.'))
    };
    for (pattern, span) in except.iter().chain(&only) {
        if !model
            .parameters
            .iter()
            .filter(names)
            .any(|p| matches(&p.name, pattern))
        {
            let known = model
                .parameters
                .iter()
                .filter(names)
                .map(|p| p.name.as_str());
            let message = format!("no parameter and no module is called `{pattern}`");
            out.push(crate::model::messages::unknown_name(
                message,
                pattern,
                span.clone(),
                known,
            ));
        }
    }
    let wanted = |p: &&Parameter| {
        let any = |list: &[(String, _)]| list.iter().any(|(pattern, _)| matches(&p.name, pattern));
        let free = !p.name.starts_with("person.") && !fixed.contains(&p.name);
        free && (only.is_empty() || any(&only)) && !any(&except)
    };
    let varied = model.parameters.iter().filter(names).filter(wanted);
    let factors = varied.filter_map(|parameter| {
        let spread = stated(parameter, least)?;
        Some(Factor {
            name: parameter.name.clone(),
            title: parameter.title.clone(),
            paths: vec![format!("parameters.{}", parameter.name)],
            values: Values::Spread(spread),
            form: if parameter.unit == Unit::one() {
                Form::Number
            } else {
                Form::Quantity(parameter.unit.clone())
            },
            listed,
            place: place.clone(),
        })
    });
    Some(factors.collect())
}

/// The spread a model states for a parameter; `None` for a value of zero without a range: nothing is known
/// to multiply.
fn stated(parameter: &Parameter, least: f64) -> Option<Spread> {
    let middle = parameter.value;
    if let Some((low, high)) = parameter.range.filter(|(low, high)| low < high) {
        return Some(if low < middle && middle < high {
            Spread::Around { low, middle, high }
        } else if low > 0.0 {
            Spread::LogUniform { low, high }
        } else {
            Spread::Uniform { low, high }
        });
    }
    let cv = parameter.cv.unwrap_or(least);
    (middle != 0.0).then_some(Spread::LogNormal { median: middle, cv })
}

fn finish(mut reader: Reader, keys: &[&'static str], out: Out) {
    for key in keys {
        reader.item(key);
    }
    reader.finish(out);
}

/// Names of the parameters that a scenario's tree sets for itself, in its own tables or those of arms.
pub fn set_by_scenario(tree: &Tree) -> Vec<String> {
    let mut names = Vec::new();
    let keys = |tree: &Tree, key: &str| -> Vec<String> {
        match tree.get(key).map(|entry| &entry.item.value) {
            Some(Value::Table(table)) => table.entries.iter().map(|e| e.key.clone()).collect(),
            _ => Vec::new(),
        }
    };
    names.extend(keys(tree, "parameters"));
    names.extend(
        keys(tree, "person")
            .iter()
            .map(|key| format!("person.{key}")),
    );
    names
}
