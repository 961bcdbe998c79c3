//! A scenario tree + model → [`Scenario`]: all arms resolved, figures and expectations read.

use std::path::{Path, PathBuf};

use super::arm::{self, Frame};
use super::data::{self, DataText};
use super::expectation::expectation;
use super::load::{Overrides, set_item};
use super::{Data, Expectation, Figure, Lesson, Measure, Scenario, expect, figure};
use crate::diagnostics::{Diagnostic, Span};
use crate::engine::Method;
use crate::model::Model;
use crate::model::declare::duration_s;
use crate::model::file::{Item, Reader, Table as Tree, problem, problem_with_help, suggestion};
use crate::model::messages::{table_of, unreadable_unit};
use crate::units::Unit;

type Out<'a> = &'a mut Vec<Diagnostic>;

/// A scenario as it was read.
pub struct Written<'a> {
    pub path: &'a Path,
    pub files: Vec<(PathBuf, String)>,
    pub tree: &'a Tree,
    pub data: &'a [DataText],
    pub overrides: &'a Overrides,
    /// Where the overrides stand.
    pub command_line: Span,
}

/// Resolves a whole scenario; `None` if too little of it could be read.
pub fn scenario(written: Written, model: &Model, out: Out) -> Option<Scenario> {
    let Written {
        path,
        files,
        tree,
        data,
        overrides,
        command_line,
    } = written;
    let mut reader = Reader::new(tree, "this scenario", tree.span.clone());
    crate::model::declare::check_format(&mut reader, out);
    let title = reader
        .required_text("title", out)
        .map(|(t, _)| t.to_string())
        .unwrap_or_default();
    let about = reader
        .text("about", out)
        .map(|(t, _)| t.trim().to_string())
        .unwrap_or_default();
    reader.item("model");
    reader.item("extends");
    let duration = reader
        .required_text("duration", out)
        .and_then(|(t, item)| span_of_time("duration", t, item, out))?;
    let start_s = reader
        .text("start", out)
        .map_or(Some(0.0), |(text, item)| {
            let start = super::schedule::start_s(text);
            if start.is_none() {
                let message = format!("`{text}` is not a start such as \"Mon 00:00\"");
                out.push(problem(
                    "bad-schedule",
                    message,
                    item.span.clone(),
                    "not understood",
                ));
            }
            start
        })?;
    let warm_up_s = reader
        .text("warm_up", out)
        .and_then(|(t, item)| duration_s(t, item, out))
        .unwrap_or(model.warm_up_s);
    let every = reader
        .text("output_every", out)
        .and_then(|(t, item)| span_of_time("output_every", t, item, out));
    let declared_initial = match reader.text("initial", out) {
        Some(("declared", _)) => true,
        None | Some(("equilibrium", _)) => false,
        Some((text, item)) => {
            let message = format!("`initial` cannot be \"{text}\"");
            let help = Some("\"equilibrium\" or \"declared\"".to_string());
            out.push(problem_with_help(
                "unknown-choice",
                message,
                item.span.clone(),
                "not known",
                help,
            ));
            false
        }
    };
    let lesson = reader.sub("lesson", out).map(|table| lesson(table, out));
    let (method, rtol) = solver(&mut reader, overrides, out);
    if method != Method::Rodas5p && !model.events.is_empty() {
        finds_no_events(tree, &command_line, out);
    }
    for key in arm::KEYS {
        reader.item(key);
    }
    let base_name = reader
        .text("base", out)
        .map_or("base".to_string(), |(name, _)| name.to_string());
    let base_x = place_on_axis(&mut reader, out);
    let arm_items = reader.list("arm", out).unwrap_or_default();
    let figure_items = reader.list("figure", out).unwrap_or_default();
    let expect_items = reader.list("expect", out).unwrap_or_default();
    let data_items = reader.list("data", out).unwrap_or_default();
    reader.finish(out);
    let frame = Frame {
        duration_s: duration,
        start_s,
        warm_up_s,
        declared: declared_initial,
        cut_short: overrides.set.iter().any(|(key, _)| key == "duration"),
        overrides,
        command_line,
    };
    let mut arms = vec![arm::arm(&base_name, tree, model, &frame, out)];
    arms[0].x = base_x;
    for item in arm_items {
        let Some(arm) = varied(item, tree, model, &frame, out) else {
            continue;
        };
        if arms.iter().any(|known| known.name == arm.name) {
            let message = format!("there are two arms \"{}\"", arm.name);
            let help = Some("give each arm its own name".to_string());
            let span = item.span.clone();
            out.push(problem_with_help(
                "duplicate-name",
                message,
                span,
                "the same name",
                help,
            ));
        }
        arms.push(arm);
    }
    let names: Vec<String> = arms.iter().map(|arm| arm.name.clone()).collect();
    let expectations: Vec<Expectation> = expect_items
        .iter()
        .filter_map(|item| expectation(item, model, &names, &frame, out))
        .collect();
    let mut figures = Vec::new();
    for item in figure_items {
        figures.extend(figure::figure(item, model, &names, duration, out));
    }
    let data: Vec<Data> = data_items
        .iter()
        .filter_map(|item| data::data(item, data, model, &names, out))
        .collect();
    let step = every
        .unwrap_or(plain_step(duration / 300.0))
        .max(duration / 1e6);
    let count = (duration / step).floor() as u64;
    let table_times: Vec<f64> = (0..=count).map(|k| k as f64 * step).collect();
    let mut output_times = grid(&table_times, &expectations, &figures, duration);
    let measured = data.iter().flat_map(|data| &data.points);
    output_times.extend(measured.map(|(time, ..)| *time));
    for arm in &arms {
        at_bouts(arm, &mut output_times);
    }
    let of_expectations = expectations.iter().map(|expectation| &expectation.measure);
    let of_figures = figures.iter().filter_map(|figure| figure.measure.as_ref());
    let measures: Vec<&Measure> = of_expectations.chain(of_figures).collect();
    expect::times_in_bouts(measures.iter().copied(), &arms, &mut output_times);
    expect::times_after_pulses(measures.iter().copied(), &arms, &mut output_times);
    output_times.retain(|time| (0.0..=duration).contains(time));
    output_times.sort_by(f64::total_cmp);
    output_times.dedup();
    Some(Scenario {
        path: path.to_path_buf(),
        title,
        about,
        lesson,
        model: model.name.clone(),
        duration_s: duration,
        start_s,
        time_unit: model.time_unit.clone(),
        method,
        rtol,
        declared_initial,
        warm_up_s,
        output_times,
        table_times,
        arms,
        figures,
        data,
        expectations,
        text: files
            .first()
            .map(|(_, text)| text.clone())
            .unwrap_or_default(),
        files,
        overrides: overrides.clone(),
    })
}

/// The longest scenario, s: a long life.
const LONGEST_S: f64 = 150.0 * 365.25 * 86_400.0;

/// A time above zero and not beyond a life.
fn span_of_time(key: &str, text: &str, item: &Item, out: Out) -> Option<f64> {
    let seconds = duration_s(text, item, out)?;
    if seconds > 0.0 && seconds <= LONGEST_S {
        return Some(seconds);
    }
    let message = format!("`{key}` lies above zero and below 150 years");
    let help = Some("write it as \"14 d\"".to_string());
    let span = item.span.clone();
    out.push(problem_with_help(
        "impossible-value",
        message,
        span,
        "out of range",
        help,
    ));
    None
}

/// The next larger step that reads well in a table: 1, 2 or 5 of a power of ten below a minute, then
/// parts of an hour and of a day, then whole days.
fn plain_step(least_s: f64) -> f64 {
    const PLAIN: [f64; 13] = [
        60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 10_800.0, 21_600.0, 43_200.0,
        86_400.0, 604_800.0,
    ];
    if least_s >= 10.0 {
        let larger = PLAIN.into_iter().find(|step| *step >= least_s);
        return larger.unwrap_or((least_s / 604_800.0).ceil() * 604_800.0);
    }
    let power = 10f64.powi(least_s.log10().floor() as i32);
    let digit = [1.0, 2.0, 5.0].into_iter().find(|d| d * power >= least_s);
    digit.unwrap_or(10.0) * power
}

fn grid(
    table: &[f64],
    expectations: &[Expectation],
    figures: &[Figure],
    duration: f64,
) -> Vec<f64> {
    let mut times = table.to_vec();
    for expectation in expectations {
        expect::times(&expectation.measure, &mut times, duration);
    }
    for figure in figures {
        let cell = (figure.to_s - figure.from_s) / 600.0;
        // Where a cell is longer than the day's rhythm, one row per cell would draw a beat of both.
        let parts: &[f64] = if cell > 21_600.0 {
            &[0.0, 21_600.0, 43_200.0, 64_800.0]
        } else {
            &[0.0]
        };
        for k in 0..=600 {
            let start = figure.from_s + cell * f64::from(k);
            times.extend(parts.iter().map(|part| start + part));
        }
        if let Some(measure) = &figure.measure {
            expect::times(measure, &mut times, duration);
        }
    }
    times.push(duration);
    times
}

/// What a bout or a dose does is over in hours: a grid over weeks would hit some of its peaks and miss
/// others.
fn at_bouts(arm: &super::Arm, times: &mut Vec<f64>) {
    const MOST: usize = 2000;
    if arm.bouts.len() + arm.doses.len() > MOST {
        return;
    }
    for bout in &arm.bouts {
        let length = bout.to_s - bout.from_s;
        times.extend([0.0, 0.5, 1.0, 1.5, 3.0].map(|share| bout.from_s + share * length));
    }
    for dose in &arm.doses {
        times.extend([0.0, 1.5, 4.0].map(|hours| dose.at_s + hours * 3600.0));
    }
}

fn lesson(table: &Tree, out: Out) -> Lesson {
    let mut reader = Reader::new(table, "the lesson", table.span.clone());
    let mut text = |key| {
        reader
            .required_text(key, out)
            .map(|(t, _)| t.to_string())
            .unwrap_or_default()
    };
    let lesson = Lesson {
        predict: text("predict"),
        run: text("run"),
        explain: text("explain"),
    };
    reader.finish(out);
    lesson
}

fn solver(reader: &mut Reader, overrides: &Overrides, out: Out) -> (Method, f64) {
    let (mut method, mut rtol) = (Method::Rodas5p, 1e-5);
    if let Some(table) = reader.sub("solver", out) {
        let mut inner = Reader::new(table, "the solver", table.span.clone());
        match inner.text("method", out) {
            None | Some(("rodas5p", _)) => {}
            Some(("dopri5", _)) => method = Method::Dopri5,
            Some(("dop853", _)) => method = Method::Dop853,
            Some((text, item)) => out.push(problem_with_help(
                "unknown-choice",
                format!("there is no method \"{text}\""),
                item.span.clone(),
                "not known",
                suggestion(text, ["rodas5p", "dopri5", "dop853"]),
            )),
        }
        if let Some((value, item)) = inner.number("rtol", out) {
            if (1e-12..=1e-2).contains(&value) {
                rtol = value;
            } else {
                let message = "rtol lies between 1e-12 and 1e-2".to_string();
                out.push(problem(
                    "impossible-value",
                    message,
                    item.span.clone(),
                    "out of range",
                ));
            }
        }
        inner.finish(out);
    }
    (
        overrides.method.unwrap_or(method),
        overrides.rtol.unwrap_or(rtol),
    )
}

fn varied(item: &Item, tree: &Tree, model: &Model, frame: &Frame, out: Out) -> Option<super::Arm> {
    let table = table_of("an arm", item, out)?;
    let mut reader = Reader::new(table, "this arm", item.span.clone());
    let name = reader.required_text("name", out)?.0.to_string();
    let x = place_on_axis(&mut reader, out);
    let mut changed = tree.clone();
    if let Some(set) = reader.sub("set", out) {
        for entry in &set.entries {
            let span = entry.key_span.clone();
            let first = entry.key.split('.').next().unwrap_or("");
            if !arm::KEYS.contains(&first) {
                let message = format!("this scenario has no key `{first}` that an arm could set");
                let help = suggestion(first, arm::KEYS)
                    .unwrap_or_else(|| format!("known here: {}", arm::KEYS.join(", ")));
                let label = "not known";
                out.push(problem_with_help(
                    "unknown-key",
                    message,
                    span,
                    label,
                    Some(help),
                ));
            } else if let Err(why) = set_item(&mut changed, &entry.key, entry.item.clone()) {
                let message = format!("`{}` cannot be set: {why}", entry.key);
                let help = "a path is table, index from 0, key: `supplement.0.dose`".to_string();
                let help = Some(help);
                out.push(problem_with_help(
                    "bad-set",
                    message,
                    span,
                    "this path",
                    help,
                ));
            }
        }
    }
    reader.finish(out);
    let mut arm = arm::arm(&name, &changed, model, frame, out);
    arm.x = x;
    Some(arm)
}

/// Explicit methods step over what a model's events wait for.
fn finds_no_events(tree: &Tree, command_line: &Span, out: Out) {
    let written = tree.get("solver").map(|entry| entry.item.span.clone());
    out.push(problem_with_help(
        "bad-method",
        "this model has events, which explicit methods do not find".to_string(),
        written.unwrap_or_else(|| command_line.clone()),
        "an explicit method",
        Some("use rodas5p".to_string()),
    ));
}

/// Where an arm stands on the x axis of a curve.
fn place_on_axis(reader: &mut Reader, out: Out) -> Option<(f64, Unit)> {
    let (text, item) = reader.text("x", out)?;
    match crate::units::Quantity::parse(text) {
        Ok(quantity) => Some((quantity.value, quantity.unit)),
        Err(error) => {
            out.push(unreadable_unit("a quantity", text, item, error));
            None
        }
    }
}
