//! Parameters, inputs, states, variables and processes: what a body holds and what moves it.
//!
//! In: the table of one declaration. Out: its values, or `None` if they could not be read; every
//! mistake goes to `out`.

use super::fields::*;
use super::{Amount, InputFile, ParameterFile, ProcessFile, StateFile, VariableFile};
use crate::diagnostics::{Diagnostic, Span};
use crate::model::file::{Item, Reader, Value, problem_with_help};
use crate::model::messages::{table_of, wrong_kind};
use crate::model::types::{Equilibrium, Role};

type Out<'a> = &'a mut Vec<Diagnostic>;

pub fn parameter(reader: &mut Reader, out: Out) -> Option<ParameterFile> {
    let value = reader.required_number("value", out);
    let unit = required_unit(reader, out);
    let range = pair(reader, "range", out);
    let cv = reader.number("cv", out);
    let origin = origin(reader, out);
    let grade = grade(reader, true, out);
    if reader.table.get("range").is_none() && reader.table.get("cv").is_none() {
        out.push(problem_with_help(
            "missing-range",
            format!("{} has no plausible range", reader.what),
            reader.name_span.clone(),
            "no range",
            Some("add `range = [low, high]` or `cv = 0.2`".to_string()),
        ));
    }
    if let (Some((value, item)), Some((low, high))) = (value, range)
        && !(low..=high).contains(&value)
    {
        out.push(problem_with_help(
            "impossible-value",
            format!("{} is outside its own range {low} to {high}", reader.what),
            item.span.clone(),
            "outside the range",
            Some("the range holds every value that is plausible, so also this one".to_string()),
        ));
    }
    if let Some((cv, item)) = cv
        && cv < 0.0
    {
        out.push(problem_with_help(
            "impossible-value",
            "a coefficient of variation cannot be negative".to_string(),
            item.span.clone(),
            "negative",
            Some("it is the standard deviation over the mean: `cv = 0.2`".to_string()),
        ));
    }
    Some(ParameterFile {
        value: value?.0,
        unit: unit?,
        range,
        cv: cv.map(|(cv, _)| cv),
        origin: origin?,
        grade: grade?,
    })
}

pub fn input(reader: &mut Reader, out: Out) -> Option<InputFile> {
    let unit = required_unit(reader, out);
    reader.required("kind", out);
    let bolus = choice(reader, "kind", &[("rate", false), ("bolus", true)], out);
    let default = reader.number("default", out).map(|(number, _)| number);
    let to = targets(reader, out);
    let roles = [
        ("diet", Role::Diet),
        ("meal", Role::Meal),
        ("supplement", Role::Supplement),
        ("training", Role::Training),
        ("stimulation", Role::Stimulation),
        ("eating", Role::Eating),
    ];
    let role = choice(reader, "role", &roles, out);
    let key = reader.text("key", out).map(|(text, _)| text.to_string());
    let nutrient = reader
        .text("nutrient", out)
        .map(|(text, item)| (text.to_string(), item.span.clone()));
    let pulse_s = reader
        .text("width", out)
        .and_then(|(text, item)| duration_s(text, item, out));
    let (bolus, to) = (bolus?, to?);
    let mistake = match (bolus, default, to.is_empty()) {
        (true, _, true) => Some(("goes nowhere", "say where it enters: `to = { state = 1 }`")),
        (true, Some(_), _) => Some((
            "is a bolus and has a default",
            "leave `default` out: a bolus is zero until it is given",
        )),
        (false, None, _) => Some((
            "has no default",
            "say what it is when nothing drives it: `default = 0`",
        )),
        (false, _, false) => Some((
            "is a rate and has `to`",
            "a rate acts through the formulas that name it: leave `to` out or make it a bolus",
        )),
        _ => None,
    };
    if let Some((what, way_out)) = mistake {
        out.push(problem_with_help(
            "bad-input",
            format!("{} {what}", reader.what),
            reader.name_span.clone(),
            "not complete",
            Some(way_out.to_string()),
        ));
    }
    Some(InputFile {
        unit: unit?,
        default: if bolus {
            None
        } else {
            Some(default.unwrap_or(0.0))
        },
        to,
        role,
        key,
        nutrient,
        pulse_s,
    })
}

/// Where a bolus enters; `None` if it could not be read.
fn targets(reader: &mut Reader, out: Out) -> Option<Vec<(String, Span, Amount)>> {
    if reader.item("to").is_none() {
        return Some(Vec::new());
    }
    let entries = &reader.sub("to", out)?.entries;
    let mut to = Vec::new();
    for entry in entries {
        if let Some(amount) = amount(&entry.item, out) {
            to.push((entry.key.clone(), entry.key_span.clone(), amount));
        }
    }
    (to.len() == entries.len()).then_some(to)
}

pub fn state(reader: &mut Reader, out: Out) -> Option<StateFile> {
    let unit = required_unit(reader, out);
    let initial = reader
        .required("initial", out)
        .and_then(|item| amount(item, out));
    let scale = reader.required_number("scale", out);
    if let Some((scale, item)) = scale
        && scale <= 0.0
    {
        out.push(problem_with_help(
            "impossible-value",
            format!("the scale of {} must be above zero", reader.what),
            item.span.clone(),
            "not above zero",
            Some("the scale is the state's natural size, in its own unit".to_string()),
        ));
    }
    let signed = reader.truth("signed", out).unwrap_or(false);
    if let (Some(Amount::Number(value)), false) = (&initial, signed)
        && *value < 0.0
        && let Some(item) = reader.item("initial")
    {
        out.push(problem_with_help(
            "impossible-value",
            format!("{} starts below zero", reader.what),
            item.span.clone(),
            "negative",
            Some("say `signed = true` if it may be negative".to_string()),
        ));
    }
    let of = matter(reader, out);
    let kinds = [("solve", Equilibrium::Solve), ("hold", Equilibrium::Hold)];
    let equilibrium = choice(reader, "equilibrium", &kinds, out).unwrap_or(Equilibrium::Solve);
    let identifiers = identifiers(reader, out);
    Some(StateFile {
        unit: unit?,
        initial: initial?,
        scale: scale?.0,
        of,
        equilibrium,
        signed,
        identifiers,
    })
}

/// What a state is in public databases.
fn identifiers(reader: &mut Reader, out: Out) -> Vec<String> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let accession = |text: &str| {
        matches!(text.len(), 6 | 10)
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
    };
    let mut known = Vec::new();
    for (text, span) in reader.texts("identifiers", out) {
        let fits = match text.split_once(':') {
            Some(("CHEBI", number)) => digits(number),
            Some(("uniprot", code)) => accession(code),
            _ => false,
        };
        if fits {
            known.push(text);
        } else {
            out.push(problem_with_help(
                "bad-identifier",
                format!("`{text}` is no identifier that we know"),
                span,
                "not understood",
                Some("write \"CHEBI:29103\" or \"uniprot:P81172\"".to_string()),
            ));
        }
    }
    known
}

/// What one unit of a state contains: `of = "name"` or `of = { name = 2 }`, sorted by name.
fn matter(reader: &mut Reader, out: Out) -> Vec<(String, f64)> {
    let Some(item) = reader.item("of") else {
        return Vec::new();
    };
    if let Value::Text(name) = &item.value {
        return vec![(name.clone(), 1.0)];
    }
    let mut of: Vec<(String, f64)> = table_of("`of`", item, out)
        .map(|table| table.entries.as_slice())
        .unwrap_or_default()
        .iter()
        .filter_map(|entry| Some((entry.key.clone(), above_zero(&entry.item, out)?)))
        .collect();
    of.sort_by(|a, b| a.0.cmp(&b.0));
    of
}

/// A coefficient: how much of something takes part.
fn above_zero(item: &Item, out: Out) -> Option<f64> {
    match item.value {
        Value::Number(number) if number > 0.0 && number.is_finite() => return Some(number),
        Value::Number(_) => out.push(problem_with_help(
            "impossible-value",
            "a coefficient is a number above zero".to_string(),
            item.span.clone(),
            "not above zero",
            Some("the side it stands on, `from` or `to`, is its sign".to_string()),
        )),
        _ => out.push(wrong_kind("a coefficient", item, "a number")),
    }
    None
}

pub fn variable(reader: &mut Reader, out: Out) -> Option<VariableFile> {
    let unit = required_unit(reader, out);
    let formula = required_formula(reader, "formula", out);
    let combine = combine(reader, out);
    let clamp = pair(reader, "clamp", out);
    Some(VariableFile {
        unit: unit?,
        formula: formula?,
        combine,
        clamp,
    })
}

pub fn process(reader: &mut Reader, out: Out) -> Option<ProcessFile> {
    let from = coefficients(reader, "from", out);
    let to = coefficients(reader, "to", out);
    let rate = required_formula(reader, "rate", out);
    let unit = reader
        .text("unit", out)
        .and_then(|(text, item)| unit_of(text, item, out));
    let combine = combine(reader, out);
    let clamp = pair(reader, "clamp", out);
    let (from, to) = (from?, to?);
    if from.is_empty() && to.is_empty() {
        out.push(problem_with_help(
            "bad-process",
            format!("{} moves nothing", reader.what),
            reader.name_span.clone(),
            "needs `from`, `to` or both",
            Some(
                "say what it takes and gives: `from = { state = 1 }`, `to = { state = 1 }`"
                    .to_string(),
            ),
        ));
        return None;
    }
    Some(ProcessFile {
        unit,
        from,
        to,
        rate: rate?,
        combine,
        clamp,
    })
}

/// One side of a process; `None` if it could not be read.
fn coefficients(
    reader: &mut Reader,
    key: &'static str,
    out: Out,
) -> Option<Vec<(String, Span, f64)>> {
    if reader.item(key).is_none() {
        return Some(Vec::new());
    }
    let entries = &reader.sub(key, out)?.entries;
    let mut list = Vec::new();
    for entry in entries {
        if let Some(number) = above_zero(&entry.item, out) {
            list.push((entry.key.clone(), entry.key_span.clone(), number));
        }
    }
    (list.len() == entries.len()).then_some(list)
}
