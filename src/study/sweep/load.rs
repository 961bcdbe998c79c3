//! Study text + scenario → a checked [`Sweep`].

use std::path::Path;
use std::sync::Arc;

use super::vary::Template;
use super::{Record, Series, Sweep};
use crate::diagnostics::{Diagnostic, Sources, Span};
use crate::model::Model;
use crate::model::declare::check_format;
use crate::model::declare::fields::choice;
use crate::model::file::{Item, Reader, Table as Tree, Value, problem_with_help};
use crate::model::messages::{table_of, unknown_name, unreadable_unit, wrong_kind, wrong_unit};
use crate::scenario::expectation::within;
use crate::scenario::load::{Overrides, open_scenario, set_item};
use crate::scenario::{Scenario, expect, figure};
use crate::study::design::{Design, read};
use crate::units::Unit;

type Out<'a> = &'a mut Vec<Diagnostic>;

/// Members of a chunk where a study does not say: as many as keep the lanes busy to its end, fewer where
/// there would be too few chunks for many cores.
fn usual_chunk(members: u64) -> u64 {
    members.div_ceil(16).next_multiple_of(8).clamp(8, 128)
}

/// Keys of a scenario that a sweep has no use for.
const LEFT_OUT: [&str; 4] = ["figure", "expect", "data", "lesson"];

/// Reads a sweep. `text`: the study file; `models`: the folder of the models.
pub fn sweep(
    tree: &Tree,
    text: &str,
    path: &Path,
    (models, overrides): (&Path, &Overrides),
    sources: &mut Sources,
    out: Out,
) -> Option<Sweep> {
    let top = Span {
        file: tree.span.file,
        range: 0..0,
    };
    let mut reader = Reader::new(tree, "this sweep", top);
    check_format(&mut reader, out);
    reader.item("study");
    let title = reader.required_text("title", out);
    let about = reader.required_text("about", out);
    let named = reader.required_text("scenario", out);
    let set = reader.sub("set", out);
    let seed = whole(&mut reader, "seed", 0.0, out).unwrap_or(1);
    let chunk = whole(&mut reader, "chunk", 1.0, out);
    let starts = [("own", false), ("shared", true)];
    let shared_start = choice(&mut reader, "initial", &starts, out).unwrap_or(false);
    let designs = reader
        .required("design", out)
        .and_then(|_| reader.list("design", out));
    let records = reader.list("record", out).unwrap_or_default();
    let series = reader.sub("series", out);
    let figures = reader.list("figure", out).unwrap_or_default();
    reader.finish(out);
    let (name, name_item) = named?;
    let place = path.parent().unwrap_or(Path::new("")).join(name);
    if Path::new(name).is_absolute() || !place.is_file() {
        out.push(problem_with_help(
            "missing-file",
            format!("there is no file {}", place.display()),
            name_item.span.clone(),
            "not there",
            Some("name a scenario file, relative to this one".to_string()),
        ));
        return None;
    }
    let mut overrides = overrides.clone();
    let own = |key: &str, overrides: &Overrides| overrides.set.iter().any(|(set, _)| set == key);
    // A shorter run on purpose: what lies beyond its end is left out, as on the command line.
    let cut = set.and_then(|set| set.get("duration"));
    if let Some(Value::Text(text)) = cut.map(|entry| &entry.item.value)
        && !own("duration", &overrides)
    {
        overrides.set.push(("duration".to_string(), text.clone()));
    }
    let opened = open_scenario(&place, models, &overrides, sources, out)?;
    let model = opened.model.clone();
    let mut tree = opened.tree.clone();
    tree.entries
        .retain(|entry| !LEFT_OUT.contains(&entry.key.as_str()));
    for entry in set.iter().flat_map(|set| &set.entries) {
        if own(&entry.key, &overrides) {
            continue;
        }
        if let Err(why) = set_item(&mut tree, &entry.key, entry.item.clone()) {
            out.push(problem_with_help(
                "bad-set",
                format!("`{}` cannot be set: {why}", entry.key),
                entry.key_span.clone(),
                "this path",
                Some("a path is table, index from 0, key: `supplement.0.dose`".to_string()),
            ));
        }
    }
    let written = opened.check(&tree, Vec::new());
    let written = written.map_err(|problems| out.extend(problems)).ok()?;
    let design = match designs? {
        [] => {
            let span = reader_span(tree.span.file);
            out.push(empty("this sweep varies nothing", "add [[design]]", span));
            None
        }
        items => read::design(items, seed, &model, &read::set_by_scenario(&tree), out),
    };
    let records = records_of(records, &model, &written, out);
    let series = series.and_then(|table| series_of(table, &model, &written, out));
    if records.is_empty() && series.is_none() {
        let span = reader_span(name_item.span.file);
        let help = "add [[record]] with `what`, or [series] with `show`";
        out.push(empty("this sweep keeps nothing", help, span));
    }
    let design = design?;
    let known = Known {
        design: &design,
        records: &records,
        series: series.as_ref(),
    };
    let figures = figures
        .iter()
        .filter_map(|item| super::figure::figure(item, &known, out))
        .collect();
    if out
        .iter()
        .any(|d| d.severity == crate::diagnostics::Severity::Error)
    {
        return None;
    }
    let members = design.members();
    let measures = records
        .iter()
        .map(|record| record.measure.clone())
        .collect();
    let template = Template::new(&opened, &tree, &design, measures)
        .map_err(|found| out.extend(found))
        .ok()?;
    Some(Sweep {
        title: title?.0.to_string(),
        about: about?.0.trim().to_string(),
        model,
        arms: arms_needed(&records, series.as_ref()),
        written: Arc::new(template.with_times(written)),
        opened,
        template,
        design,
        records,
        series,
        figures,
        shared_start,
        chunk: chunk.unwrap_or(usual_chunk(members)),
        text: text.to_string(),
    })
}

/// What figures may name.
pub struct Known<'a> {
    pub design: &'a Design,
    pub records: &'a [Record],
    pub series: Option<&'a Series>,
}

fn reader_span(file: crate::diagnostics::FileId) -> Span {
    Span { file, range: 0..0 }
}

fn empty(message: &str, help: &str, span: Span) -> Diagnostic {
    let help = Some(help.to_string());
    problem_with_help(
        "empty-study",
        message.to_string(),
        span,
        "belongs here",
        help,
    )
}

/// A whole number from `least` to what a double counts exactly.
fn whole(reader: &mut Reader, key: &'static str, least: f64, out: Out) -> Option<u64> {
    let (value, item) = reader.number(key, out)?;
    if value.fract() == 0.0 && (least..=9e15).contains(&value) {
        return Some(value as u64);
    }
    out.push(problem_with_help(
        "impossible-value",
        format!("`{key}` is a whole number from {least} on"),
        item.span.clone(),
        "not possible",
        Some(format!("write {key} = {}", least.max(1.0))),
    ));
    None
}

fn arms_needed(records: &[Record], series: Option<&Series>) -> Vec<usize> {
    let mut arms: Vec<usize> = series.map_or(Vec::new(), |series| series.arms.clone());
    for record in records {
        let measure = &record.measure;
        let terms = measure.terms();
        arms.extend(terms.map(|term| term.arm.unwrap_or(record.arm)));
    }
    arms.sort_unstable();
    arms.dedup();
    arms
}

fn names(scenario: &Scenario) -> Vec<String> {
    scenario.arms.iter().map(|arm| arm.name.clone()).collect()
}

fn arm(name: &str, span: Span, scenario: &Scenario, out: Out) -> Option<usize> {
    let found = scenario.arms.iter().position(|arm| arm.name == name);
    if found.is_none() {
        let message = format!("there is no arm \"{name}\"");
        let known = scenario.arms.iter().map(|arm| arm.name.as_str());
        out.push(unknown_name(message, name, span, known));
    }
    found
}

fn records_of(items: &[Item], model: &Model, scenario: &Scenario, out: Out) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    for item in items {
        let Some(record) = record(item, model, scenario, out) else {
            continue;
        };
        if records.iter().any(|known| known.name == record.name) {
            out.push(problem_with_help(
                "duplicate-name",
                format!("two records are called `{}`", record.name),
                item.span.clone(),
                "the same name",
                Some("give each its own `name`".to_string()),
            ));
        }
        records.push(record);
    }
    records
}

fn record(item: &Item, model: &Model, scenario: &Scenario, out: Out) -> Option<Record> {
    let table = table_of("a record", item, out)?;
    let mut reader = Reader::new(table, "this record", item.span.clone());
    let what = reader.required_text("what", out);
    let name = reader.text("name", out);
    let title = reader.text("title", out).map(|(text, _)| text.to_string());
    let unit = reader.text("unit", out);
    let arm_name = reader.text("arm", out);
    reader.finish(out);
    let arm = match arm_name {
        Some((name, item)) => arm(name, item.span.clone(), scenario, out)?,
        None => 0,
    };
    let (what, what_item) = what?;
    let mut measure = match expect::measure(what, model, &names(scenario)) {
        Ok(measure) => measure,
        Err(why) => {
            out.push(problem_with_help(
                "bad-measure",
                format!("this measure cannot be read: {why}"),
                what_item.span.clone(),
                "not understood",
                Some(expect::MEASURE.to_string()),
            ));
            return None;
        }
    };
    within(
        &measure,
        what_item,
        (scenario.duration_s, false),
        model,
        out,
    );
    if let Some((text, item)) = unit {
        let unit = Unit::parse(text)
            .map_err(|error| out.push(unreadable_unit("a unit", text, item, error)))
            .ok()?;
        let Some(factor) = measure.unit.ratio_to(&unit) else {
            let (own, given) = (measure.unit.describe(), unit.describe());
            let message = format!("this measure gives {own}, not {given}");
            out.push(wrong_unit(message, item.span.clone(), &unit, &measure.unit));
            return None;
        };
        measure.factor *= factor;
        measure.unit = unit;
    }
    Some(Record {
        name: name.map_or(what, |(name, _)| name).to_string(),
        title: title.unwrap_or_else(|| what.to_string()),
        measure,
        arm,
    })
}

fn series_of(table: &Tree, model: &Model, scenario: &Scenario, out: Out) -> Option<Series> {
    let mut reader = Reader::new(table, "the series", table.span.clone());
    let show = reader
        .required("show", out)
        .and_then(|_| reader.list("show", out));
    let given = reader.item("arms").is_some();
    let listed = reader.texts("arms", out);
    reader.finish(out);
    let mut columns = Vec::new();
    let show = show?;
    for item in show {
        let Value::Text(name) = &item.value else {
            out.push(wrong_kind("each of `show`", item, "a string"));
            continue;
        };
        if let Some(column) = figure::column(name, item, model, out) {
            columns.push((column, model.column_name(column)));
        }
    }
    let mut arms = Vec::new();
    for (name, span) in listed {
        arms.extend(arm(&name, span, scenario, out));
    }
    if !given {
        arms.push(0);
    }
    arms.sort_unstable();
    arms.dedup();
    if show.is_empty() {
        let help = "add `show = [\"NAME\"]`, and arms by their names";
        out.push(empty("this series keeps nothing", help, table.span.clone()));
        return None;
    }
    Some(Series {
        columns,
        arms,
        times: scenario.table_times.clone(),
    })
}
