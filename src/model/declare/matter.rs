//! Parameters, inputs, states, variables and processes: what a body holds and what moves it.

use super::fields::*;
use super::{Amount, InputFile, ParameterFile, ProcessFile, StateFile, VariableFile};
use crate::diagnostics::{Diagnostic, Span};
use crate::model::file::{Reader, Value, problem, problem_with_help};
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
        out.push(problem(
            "impossible-value",
            format!("{} is outside its own range {low} to {high}", reader.what),
            item.span.clone(),
            "outside the range",
        ));
    }
    if let Some((cv, item)) = cv
        && cv < 0.0
    {
        out.push(problem(
            "impossible-value",
            "a coefficient of variation cannot be negative".to_string(),
            item.span.clone(),
            "negative",
        ));
    }
    let (origin, origin_span) = origin?;
    Some(ParameterFile {
        value: value?.0,
        unit: unit?,
        range,
        cv: cv.map(|(cv, _)| cv),
        origin,
        origin_span,
        grade: grade?,
    })
}

pub fn input(reader: &mut Reader, out: Out) -> Option<InputFile> {
    let unit = required_unit(reader, out);
    reader.required("kind", out);
    let bolus = choice(reader, "kind", &[("rate", false), ("bolus", true)], out);
    let default = reader.number("default", out).map(|(number, _)| number);
    let mut to = Vec::new();
    if let Some(targets) = reader.sub("to", out) {
        for entry in &targets.entries {
            if let Some(amount) = amount(&entry.item, out) {
                to.push((entry.key.clone(), entry.key_span.clone(), amount));
            }
        }
    }
    let roles = [
        ("diet", Role::Diet),
        ("meal", Role::Meal),
        ("supplement", Role::Supplement),
        ("training", Role::Training),
        ("stimulation", Role::Stimulation),
    ];
    let role = choice(reader, "role", &roles, out);
    let key = reader.text("key", out).map(|(text, _)| text.to_string());
    let nutrient = reader
        .text("nutrient", out)
        .map(|(text, item)| (text.to_string(), item.span.clone()));
    let pulse_s = reader
        .text("width", out)
        .and_then(|(text, item)| duration_s(text, item, out));
    let bolus = bolus?;
    let mistake = match (bolus, default, to.is_empty()) {
        (true, _, true) => Some("a bolus input says where it goes: `to = { state = 1 }`"),
        (true, Some(_), _) => Some("a bolus input has no default: it is zero until it is given"),
        (false, None, _) => Some("a rate input has a `default`"),
        (false, _, false) => Some("only a bolus input has `to`"),
        _ => None,
    };
    if let Some(help) = mistake {
        let message = format!("{} is not complete", reader.what);
        out.push(problem(
            "bad-input",
            message,
            reader.name_span.clone(),
            help,
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

pub fn state(reader: &mut Reader, out: Out) -> Option<StateFile> {
    let unit = required_unit(reader, out);
    let initial = reader
        .required("initial", out)
        .and_then(|item| amount(item, out));
    let scale = reader.required_number("scale", out);
    if let Some((scale, item)) = scale
        && scale <= 0.0
    {
        out.push(problem(
            "impossible-value",
            format!("the scale of {} must be above zero", reader.what),
            item.span.clone(),
            "not above zero",
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
    let mut of = Vec::new();
    match reader.item("of").map(|item| (&item.value, item)) {
        Some((Value::Text(matter), _)) => of.push((matter.clone(), 1.0)),
        Some((Value::Table(table), _)) => {
            for entry in &table.entries {
                match entry.item.value {
                    Value::Number(number) if number > 0.0 => of.push((entry.key.clone(), number)),
                    _ => out.push(problem(
                        "impossible-value",
                        format!(
                            "how much {} one unit contains must be a number above zero",
                            entry.key
                        ),
                        entry.item.span.clone(),
                        "a number above zero",
                    )),
                }
            }
        }
        Some((_, item)) => out.push(problem(
            "wrong-kind",
            "`of` names the matter that the state contains".to_string(),
            item.span.clone(),
            "a name, or a table of names and numbers",
        )),
        None => {}
    }
    of.sort_by(|a, b| a.0.cmp(&b.0));
    let kinds = [("solve", Equilibrium::Solve), ("hold", Equilibrium::Hold)];
    let equilibrium = choice(reader, "equilibrium", &kinds, out).unwrap_or(Equilibrium::Solve);
    Some(StateFile {
        unit: unit?,
        initial: initial?,
        scale: scale?.0,
        of,
        equilibrium,
        signed,
    })
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
    if from.is_empty() && to.is_empty() {
        out.push(problem(
            "bad-process",
            format!("{} moves nothing", reader.what),
            reader.name_span.clone(),
            "needs `from`, `to` or both",
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

fn coefficients(reader: &mut Reader, key: &'static str, out: Out) -> Vec<(String, Span, f64)> {
    let mut list = Vec::new();
    let Some(table) = reader.sub(key, out) else {
        return list;
    };
    for entry in &table.entries {
        match entry.item.value {
            Value::Number(number) if number > 0.0 && number.is_finite() => {
                list.push((entry.key.clone(), entry.key_span.clone(), number));
            }
            _ => out.push(problem(
                "impossible-value",
                "a stoichiometric coefficient is a number above zero".to_string(),
                entry.item.span.clone(),
                "a number above zero",
            )),
        }
    }
    list
}
