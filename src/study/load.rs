//! Study text + model → a checked [`Study`]: the only place in this stage that reads files.

use std::path::Path;
use std::sync::Arc;

use crate::diagnostics::{Diagnostic, Severity, Sources, Span};
use crate::model::declare::fields::{choice, grade, required_unit};
use crate::model::declare::tables::{MOST_X, MOST_Y, knots};
use crate::model::declare::{check_format, check_name};
use crate::model::file::{Item, Reader, Table as Tree, parse, problem_with_help};
use crate::model::fingerprint;
use crate::model::load::{load_model, read_text};
use crate::model::messages::{table_of, unknown_name, wrong_unit};
use crate::model::*;
use crate::scenario::load::Overrides;
use crate::study::sweep::{self, Sweep};
use crate::units::Unit;

/// How a study file ends, so that nobody takes it for a scenario.
pub const SUFFIX: &str = ".study.toml";

/// A study that was checked against its model.
#[derive(Debug, Clone)]
pub struct Study {
    pub title: String,
    pub about: String,
    /// Of the module that it writes.
    pub system: Option<String>,
    pub model: Arc<Model>,
    /// Module that holds the tables.
    pub writes: String,
    pub grade: Option<Grade>,
    /// Input that the pulses drive, and how long one lasts, s.
    pub stimulus: InputId,
    pub pulse_s: f64,
    pub rate: Axis,
    pub second: Option<Second>,
    pub averages: Vec<Average>,
    /// Of the model and the study as they are.
    pub hash: String,
}

#[derive(Debug, Clone)]
pub struct Axis {
    /// In `unit`.
    pub knots: Vec<f64>,
    pub unit: Unit,
    /// From `unit` to the unit that runs use: Hz, or that of the parameter or input.
    pub factor: f64,
}

/// What varies beside the rate.
#[derive(Debug, Clone)]
pub struct Second {
    pub name: String,
    pub quantity: Quantity,
    pub axis: Axis,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    Parameter(ParameterId),
    Input(InputId),
}

/// One table to make.
#[derive(Debug, Clone)]
pub struct Average {
    pub name: String,
    pub title: Option<String>,
    pub of: Column,
    pub unit: Unit,
    /// From the unit of the column to `unit`.
    pub factor: f64,
}

type Out<'a> = &'a mut Vec<Diagnostic>;

/// A study of any kind.
#[derive(Debug, Clone)]
pub enum AnyStudy {
    Average(Box<Study>),
    Sweep(Box<Sweep>),
}

/// Reads a study file with its model, and for a sweep its scenario, and checks one against the other.
/// `overrides`: what the command line changes in the scenario of a sweep.
///
/// # Errors
/// Every problem found in the study or in the files it needs.
pub fn load_study(
    path: &Path,
    models: &Path,
    overrides: &Overrides,
    sources: &mut Sources,
) -> Result<AnyStudy, Vec<Diagnostic>> {
    let mut out = Vec::new();
    let Some((file, text)) = read_text(path, sources, &mut out) else {
        return Err(out);
    };
    let (tree, problems) = parse(file, &text);
    if !problems.is_empty() {
        return Err(problems);
    }
    let is_sweep = tree.get("study").is_some_and(
        |entry| matches!(&entry.item.value, file::Value::Text(kind) if kind == "sweep"),
    );
    let study = if is_sweep {
        let study = sweep::load::sweep(&tree, &text, path, (models, overrides), sources, &mut out);
        study.map(|study| AnyStudy::Sweep(Box::new(study)))
    } else {
        let study = study(&tree, models, sources, &mut out);
        study.map(|study| AnyStudy::Average(Box::new(study)))
    };
    match study {
        Some(study) if !out.iter().any(|d| d.severity == Severity::Error) => Ok(study),
        _ => {
            out.sort_by_key(|d| d.span.as_ref().map(|s| (s.file.0, s.range.start)));
            let mut known = std::collections::HashSet::new();
            out.retain(|d| known.insert((d.code, d.span.clone(), d.message.clone())));
            Err(out)
        }
    }
}

fn study(tree: &Tree, models: &Path, sources: &mut Sources, out: Out) -> Option<Study> {
    let top = Span {
        file: tree.span.file,
        range: 0..0,
    };
    let mut reader = Reader::new(tree, "this study", top);
    check_format(&mut reader, out);
    if reader.required("study", out).is_some() {
        choice(&mut reader, "study", &[("average", ()), ("sweep", ())], out);
    }
    let title = reader.required_text("title", out);
    let about = reader.required_text("about", out);
    let system = reader.text("system", out);
    let grade = grade(&mut reader, false, out);
    let writes = reader.required_text("writes", out);
    if let Some((name, item)) = writes {
        check_name(name, &item.span, out);
    }
    let named = reader.required_text("model", out);
    let model = named.and_then(|(name, item)| model(name, item, models, sources, out));
    let x = reader.required("x", out).and(reader.item("x"));
    let y = reader.item("y");
    let listed = reader.required("averages", out);
    reader.finish(out);
    // Whatever names something of a model that could not be read would only rain follow-up problems.
    let (model, (_, model_item)) = (model?, named?);
    if let Some((name, item)) = writes {
        refuse_circle(&model, name, item, out);
    }
    let stimulus = stimulus(&model, model_item, out);
    let rate = x.and_then(|item| rate_axis(item, stimulus.map(|(_, width)| width), out));
    let second = y.map(|item| second_axis(item, &model, out));
    let averages = averages(table_of("`averages`", listed?, out)?, &model, out);
    let (stimulus, pulse_s) = stimulus?;
    Some(Study {
        title: title?.0.to_string(),
        about: about?.0.trim().to_string(),
        system: system.map(|(text, _)| text.to_string()),
        hash: fingerprint::of(&model, tree),
        writes: writes?.0.to_string(),
        grade,
        stimulus,
        pulse_s,
        rate: rate?,
        second: match second {
            Some(second) => Some(second?),
            None => None,
        },
        averages,
        model: Arc::new(model),
    })
}

fn model(name: &str, item: &Item, models: &Path, sources: &mut Sources, out: Out) -> Option<Model> {
    let loaded = load_model(models, name, sources);
    loaded
        .map_err(|mut problems| {
            // The place that helps is where the model is named.
            for problem in problems.iter_mut().filter(|p| p.code == "unknown-model") {
                problem.span = Some(item.span.clone());
                problem.message = format!("there is no model `{name}`");
            }
            out.append(&mut problems);
        })
        .ok()
}

/// A model must not be computed from itself.
fn refuse_circle(model: &Model, writes: &str, item: &Item, out: Out) {
    if model.modules.iter().any(|module| module.name == writes) {
        out.push(problem_with_help(
            "cyclic-table",
            format!(
                "model `{}` holds module `{writes}`: its tables cannot be computed from it",
                model.name
            ),
            item.span.clone(),
            "part of the model",
            Some("write a module that the model does not hold".to_string()),
        ));
    }
}

/// The one input that pulses drive, with their length.
fn stimulus(model: &Model, item: &Item, out: Out) -> Option<(InputId, f64)> {
    let driven: Vec<(InputId, f64)> = model
        .inputs
        .iter()
        .enumerate()
        .filter(|(_, input)| input.role == Some(Role::Stimulation))
        .filter_map(|(at, input)| Some((InputId(at as u32), input.pulse_s?)))
        .collect();
    if let [only] = driven.as_slice() {
        return Some(*only);
    }
    out.push(problem_with_help(
        "no-stimulation",
        format!(
            "model `{}` has {} inputs that pulses drive, an average needs one",
            model.name,
            driven.len()
        ),
        item.span.clone(),
        "this model",
        Some("name a model with one input of role = \"stimulation\"".to_string()),
    ));
    None
}

/// Slowest rate above zero: a few periods must fit into [`super::average::LONGEST_S`].
const SLOWEST_HZ: f64 = 0.2;

fn rate_axis(item: &Item, pulse_s: Option<f64>, out: Out) -> Option<Axis> {
    let tree = table_of("`x`", item, out)?;
    let mut reader = Reader::new(tree, "axis `x`", item.span.clone());
    let read = knots(&mut reader, "x", MOST_X, out);
    reader.finish(out);
    let (knots, unit) = read?;
    let hertz = Unit::parse("Hz").expect("Hz is a unit");
    let places = knot_spans(tree);
    let Some(factor) = unit.ratio_to(&hertz) else {
        let message = format!(
            "axis `x` is a rate of stimulation, this is {}",
            unit.describe()
        );
        out.push(wrong_unit(message, item.span.clone(), &unit, &hertz));
        return None;
    };
    let fastest_hz = pulse_s.map_or(f64::INFINITY, |width| 1.0 / width);
    for (knot, span) in knots.iter().zip(places) {
        let hz = knot * factor;
        let (what, way_out) = if hz < 0.0 || (hz > 0.0 && hz < SLOWEST_HZ) {
            let message = format!("write 0, or {SLOWEST_HZ} Hz and more");
            ("is too slow to be averaged", message)
        } else if hz >= fastest_hz {
            let message = format!("stay below {fastest_hz:.0} Hz, where pulses touch");
            ("leaves no time between pulses", message)
        } else {
            continue;
        };
        let message = format!("a rate of {knot} {} {what}", unit.text);
        let label = "this knot";
        out.push(problem_with_help(
            "impossible-value",
            message,
            span,
            label,
            Some(way_out),
        ));
    }
    Some(Axis {
        knots,
        unit,
        factor,
    })
}

fn knot_spans(tree: &Tree) -> Vec<Span> {
    match tree.get("knots").map(|entry| &entry.item.value) {
        Some(file::Value::List(items)) => items.iter().map(|item| item.span.clone()).collect(),
        _ => Vec::new(),
    }
}

fn second_axis(item: &Item, model: &Model, out: Out) -> Option<Second> {
    let tree = table_of("`y`", item, out)?;
    let mut reader = Reader::new(tree, "axis `y`", item.span.clone());
    let of = reader.required_text("of", out);
    let read = knots(&mut reader, "y", MOST_Y, out);
    reader.finish(out);
    let (name, name_item) = of?;
    let declared = |p: &&Parameter| p.kind == ParameterKind::Declared;
    let strength = |p: &Parameter| matches!(p.kind, ParameterKind::EdgeStrength(_));
    // What the run itself sets is nobody's to vary.
    let varied = |id: &ParameterId| {
        let parameter = &model.parameters[id.index()];
        declared(&parameter) || strength(parameter)
    };
    let input = |name: &str| {
        let rate = |i: &Input| i.name == name && matches!(i.kind, InputKind::Rate { .. });
        let at = model.inputs.iter().position(rate)?;
        let free = model.inputs[at].role != Some(Role::Stimulation);
        free.then_some(InputId(at as u32))
    };
    let (quantity, wanted) = if let Some(id) = model.parameter(name).filter(varied) {
        let unit = &model.parameters[id.index()].unit;
        (Quantity::Parameter(id), unit)
    } else if let Some(id) = input(name) {
        (Quantity::Input(id), &model.inputs[id.index()].unit)
    } else {
        let parameters = model.parameters.iter().filter(declared);
        let inputs = model.inputs.iter().filter(|i| input(&i.name).is_some());
        let known = parameters.map(|p| p.name.as_str());
        out.push(unknown_name(
            format!(
                "`{name}` is neither a parameter nor a rate input of `{}`",
                model.name
            ),
            name,
            name_item.span.clone(),
            known.chain(inputs.map(|i| i.name.as_str())),
        ));
        return None;
    };
    let (knots, unit) = read?;
    let Some(factor) = unit.ratio_to(wanted) else {
        let message = format!("`{name}` is in {} ({})", wanted.text, wanted.describe());
        out.push(wrong_unit(message, item.span.clone(), &unit, wanted));
        return None;
    };
    Some(Second {
        name: name.to_string(),
        quantity,
        axis: Axis {
            knots,
            unit,
            factor,
        },
    })
}

fn averages(tree: &Tree, model: &Model, out: Out) -> Vec<Average> {
    let mut averages = Vec::new();
    for entry in &tree.entries {
        check_name(&entry.key, &entry.key_span, out);
        let what = format!("average `{}`", entry.key);
        let Some(table) = table_of(&what, &entry.item, out) else {
            continue;
        };
        let mut reader = Reader::new(table, what, entry.key_span.clone());
        let title = reader.text("title", out).map(|(text, _)| text.to_string());
        let of = reader.required_text("of", out);
        let unit = required_unit(&mut reader, out);
        reader.finish(out);
        let (Some((of, of_item)), Some(unit)) = (of, unit) else {
            continue;
        };
        let Some(column) = model.column(of) else {
            let known = model.column_names();
            out.push(unknown_name(
                format!("`{of}` is no quantity of model `{}`", model.name),
                of,
                of_item.span.clone(),
                known.iter().map(String::as_str),
            ));
            continue;
        };
        let own = model.column_unit(column);
        let Some(factor) = own.ratio_to(&unit) else {
            let message = format!("`{of}` is in {} ({})", own.text, own.describe());
            let place = table.get("unit").map_or(&entry.key_span, |e| &e.item.span);
            out.push(wrong_unit(message, place.clone(), &unit, own));
            continue;
        };
        averages.push(Average {
            name: entry.key.clone(),
            title,
            of: column,
            unit,
            factor,
        });
    }
    if tree.entries.is_empty() {
        out.push(problem_with_help(
            "empty-study",
            "this study averages nothing".to_string(),
            tree.span.clone(),
            "empty",
            Some("add [averages.NAME] with `of` and `unit`".to_string()),
        ));
    }
    averages
}
