//! The grammar of measures and ranges: `"max of hepcidin from 0 h to 8 h over hepcidin at 0 h"`,
//! `"3 ug/L to 12 ug/L"`.

use super::{Arm, Between, Extreme, Join, Measure, Simple, Term};
use crate::diagnostics::nearest;
use crate::model::{Column, Model};
use crate::units::{Quantity, Unit};

/// The forms of a measure, for messages.
pub const MEASURE: &str = "a measure reads `NAME at 3 h`, `max of NAME from 0 h to 8 h`, \
    `change of NAME from 0 d to 56 d`, `time when NAME rises above 5 mg` or `falls below 5 mg`";

/// The forms of a range, for messages.
pub const RANGE: &str = "a range reads `3 ug/L to 12 ug/L`, `< 5 mg/d` or `5 ± 3 mg`";

/// Reads a measure. `arms`: names, base first.
///
/// # Errors
/// What cannot be understood, in words.
pub fn measure(text: &str, model: &Model, arms: &[String]) -> Result<Measure, String> {
    let tokens = tokens(text);
    let cut = tokens
        .iter()
        .position(|token| token == "over" || token == "minus");
    let (first, second) = match cut {
        Some(at) => (&tokens[..at], Some((&tokens[at], &tokens[at + 1..]))),
        None => (&tokens[..], None),
    };
    let (first, mut unit) = term(first, model, arms)?;
    let second = match second {
        None => None,
        Some((join, rest)) => {
            let (mut other, other_unit) = term(rest, model, arms)?;
            if unit.dimension != other_unit.dimension {
                return Err(format!(
                    "{} and {} cannot be compared",
                    unit.describe(),
                    other_unit.describe()
                ));
            }
            let factor = other_unit
                .ratio_to(&unit)
                .ok_or("these units do not convert")?;
            other.factor *= factor;
            if join == "over" {
                unit = Unit::one();
                Some((Join::Over, other))
            } else {
                Some((Join::Minus, other))
            }
        }
    };
    Ok(Measure {
        first,
        second,
        unit,
        factor: 1.0,
    })
}

/// Words; a quoted arm name is one token with its quotes.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    for (at, part) in text.split('"').enumerate() {
        if at % 2 == 1 {
            tokens.push(format!("\"{part}\""));
        } else {
            tokens.extend(part.split_whitespace().map(str::to_string));
        }
    }
    tokens
}

fn second() -> Unit {
    Unit::parse("s").expect("s is a unit")
}

fn time(number: &str, unit: &str) -> Result<f64, String> {
    let text = format!("{number} {unit}");
    let value = Quantity::parse(&text)
        .ok()
        .and_then(|quantity| quantity.value_in(&second()));
    value.ok_or(format!("`{text}` is not a time"))
}

fn column(name: &str, model: &Model) -> Result<(Column, Unit), String> {
    match model.column(name) {
        Some(column) => Ok((column, model.column_unit(column).clone())),
        None => {
            let names = model.column_names();
            let near = nearest(name, names.iter().map(String::as_str));
            let hint = if near.is_empty() {
                String::new()
            } else {
                format!("; did you mean {}?", near.join(" or "))
            };
            Err(format!("the model has no `{name}`{hint}"))
        }
    }
}

fn term(tokens: &[String], model: &Model, arms: &[String]) -> Result<(Term, Unit), String> {
    let (body, arm) = match tokens {
        [body @ .., word, name] if word == "in" && name.starts_with('"') => {
            let name = name.trim_matches('"');
            let arm = arms.iter().position(|known| known == name);
            (
                body,
                Some(arm.ok_or(format!("there is no arm \"{name}\""))?),
            )
        }
        _ => (tokens, None),
    };
    let (simple, unit) = simple(body, model)?;
    Ok((
        Term {
            simple,
            arm,
            factor: 1.0,
        },
        unit,
    ))
}

fn simple(tokens: &[String], model: &Model) -> Result<(Simple, Unit), String> {
    let words: Vec<&str> = tokens.iter().map(String::as_str).collect();
    match words.as_slice() {
        [name, "at", number, unit] => {
            let (column, column_unit) = column(name, model)?;
            Ok((
                Simple::At {
                    column,
                    at_s: time(number, unit)?,
                },
                column_unit,
            ))
        }
        [
            kind @ ("max" | "min" | "mean" | "area"),
            "of",
            name,
            "from",
            a,
            au,
            "to",
            b,
            bu,
        ] => {
            let (column, unit) = column(name, model)?;
            let kind = match *kind {
                "max" => Extreme::Maximum,
                "min" => Extreme::Minimum,
                "mean" => Extreme::Mean,
                _ => Extreme::Area,
            };
            let unit = if kind == Extreme::Area {
                unit.times(&second()).ok_or("no such unit")?
            } else {
                unit
            };
            let (from_s, to_s) = window(a, au, b, bu)?;
            Ok((
                Simple::Extreme {
                    kind,
                    column,
                    from_s,
                    to_s,
                },
                unit,
            ))
        }
        [
            "time",
            "of",
            kind @ ("max" | "min"),
            "of",
            name,
            "from",
            a,
            au,
            "to",
            b,
            bu,
        ] => {
            let (column, _) = column(name, model)?;
            let (from_s, to_s) = window(a, au, b, bu)?;
            Ok((
                Simple::TimeOf {
                    maximum: *kind == "max",
                    column,
                    from_s,
                    to_s,
                },
                second(),
            ))
        }
        [
            kind @ ("change" | "ratio"),
            "of",
            name,
            "from",
            a,
            au,
            "to",
            b,
            bu,
        ] => {
            let (column, unit) = column(name, model)?;
            let (from_s, to_s) = (time(a, au)?, time(b, bu)?);
            let (kind, unit) = if *kind == "change" {
                (Between::Change, unit)
            } else {
                (Between::Ratio, Unit::one())
            };
            Ok((
                Simple::Between {
                    kind,
                    column,
                    from_s,
                    to_s,
                },
                unit,
            ))
        }
        ["relative", "change", "of", name, "from", a, au, "to", b, bu] => {
            let (column, _) = column(name, model)?;
            let (from_s, to_s) = (time(a, au)?, time(b, bu)?);
            Ok((
                Simple::Between {
                    kind: Between::RelativeChange,
                    column,
                    from_s,
                    to_s,
                },
                Unit::one(),
            ))
        }
        ["time", "when", _, "rises", "below", ..] | ["time", "when", _, "falls", "above", ..] => {
            Err("a level is risen above or fallen below".to_string())
        }
        [
            "time",
            "when",
            name,
            direction @ ("rises" | "falls"),
            "above" | "below",
            rest @ ..,
        ] => {
            let (column, unit) = column(name, model)?;
            let after = rest.iter().position(|word| *word == "after");
            let (level, after_s) = match after {
                Some(at) => {
                    let tail = rest.get(at + 1..).unwrap_or_default();
                    let [number, unit] = tail else {
                        return Err("`after` takes a time".to_string());
                    };
                    (rest[..at].join(" "), time(number, unit)?)
                }
                None => (rest.join(" "), f64::NEG_INFINITY),
            };
            let level = Quantity::parse(&level)
                .ok()
                .and_then(|quantity| quantity.value_in(&unit));
            let level = level.ok_or(format!("the level must be in {}", unit.text))?;
            Ok((
                Simple::Crossing {
                    column,
                    rising: *direction == "rises",
                    level,
                    after_s,
                },
                second(),
            ))
        }
        [
            "width",
            "of",
            name,
            "at",
            "half",
            "maximum",
            "from",
            a,
            au,
            "to",
            b,
            bu,
        ] => {
            let (column, _) = column(name, model)?;
            let (from_s, to_s) = window(a, au, b, bu)?;
            Ok((
                Simple::HalfWidth {
                    column,
                    from_s,
                    to_s,
                },
                second(),
            ))
        }
        _ => Err("it has no form that is known".to_string()),
    }
}

fn window(a: &str, au: &str, b: &str, bu: &str) -> Result<(f64, f64), String> {
    let (from, to) = (time(a, au)?, time(b, bu)?);
    if from < to {
        Ok((from, to))
    } else {
        Err("the window ends before it begins".to_string())
    }
}

/// Reads `"3 ug/L to 12 ug/L"`, `"< 5 mg/d"`, `"> 0"`, `"36 ± 11 d"`; values in the unit written.
///
/// # Errors
/// What cannot be understood, in words.
pub fn range(text: &str) -> Result<(f64, f64, Unit), String> {
    let quantity = |text: &str| {
        Quantity::parse(text.trim()).map_err(|_| format!("`{text}` is not a quantity"))
    };
    if let Some(limit) = text.trim().strip_prefix('<') {
        let limit = quantity(limit)?;
        return Ok((f64::NEG_INFINITY, limit.value, limit.unit));
    }
    if let Some(limit) = text.trim().strip_prefix('>') {
        let limit = quantity(limit)?;
        return Ok((limit.value, f64::INFINITY, limit.unit));
    }
    if let Some((middle, spread)) = text.split_once('±') {
        let spread = quantity(spread)?;
        if spread.value <= 0.0 {
            return Err("the spread is above zero".to_string());
        }
        let middle: f64 = middle
            .trim()
            .parse()
            .map_err(|_| format!("`{middle}` is not a number"))?;
        return Ok((middle - spread.value, middle + spread.value, spread.unit));
    }
    let (low, high) = text
        .split_once(" to ")
        .ok_or("it has no form that is known")?;
    let high = quantity(high)?;
    let low = match low.trim().parse::<f64>() {
        Ok(low) => low,
        Err(_) => quantity(low)?
            .value_in(&high.unit)
            .ok_or("both ends need the same kind of unit")?,
    };
    if low <= high.value {
        Ok((low, high.value, high.unit))
    } else {
        Err("the lower end comes first".to_string())
    }
}

/// Parts of a window that is looked at as a whole.
const EVENLY: u32 = 400;

/// The times that a measure reads: exact instants, and windows that want a fine grid.
pub fn times(measure: &Measure, out: &mut Vec<f64>, duration_s: f64) {
    for term in measure.terms() {
        let (from, to, fine) = match &term.simple {
            Simple::At { at_s, .. } => (*at_s, *at_s, false),
            Simple::Between { from_s, to_s, .. } => (*from_s, *to_s, false),
            Simple::Extreme { from_s, to_s, .. }
            | Simple::TimeOf { from_s, to_s, .. }
            | Simple::HalfWidth { from_s, to_s, .. } => (*from_s, *to_s, true),
            Simple::Crossing { after_s, .. } => (after_s.max(0.0), duration_s, true),
        };
        out.extend([from, to]);
        if fine {
            let at = |k| from + (to - from) * f64::from(k) / f64::from(EVENLY);
            out.extend((1..EVENLY).map(at));
        }
    }
}

/// The times at which means, areas and extremes look at what pulses set off, which is over before their evenly
/// spaced times see it: close together while a pulse lasts and after it, then ever wider apart. Windows of more
/// than [`PULSES`] pulses go without.
pub fn times_after_pulses<'a>(
    measures: impl Iterator<Item = &'a Measure>,
    arms: &[Arm],
    out: &mut Vec<f64>,
) {
    const PULSES: usize = 300;
    const PARTS: f64 = 12.0;
    const GROWTH: f64 = 1.15;
    let windows = measures
        .flat_map(Measure::terms)
        .filter_map(|term| match term.simple {
            Simple::Extreme { from_s, to_s, .. } => Some((from_s, to_s)),
            _ => None,
        });
    for (from, to) in windows {
        let widest = (to - from) / f64::from(EVENLY);
        for arm in arms {
            let inside = |pulse: &&(f64, f64)| pulse.0 < to && pulse.1 > from;
            let pulses: Vec<(f64, f64)> = arm.pulses.iter().filter(inside).copied().collect();
            if pulses.len() > PULSES {
                continue;
            }
            let next = pulses.iter().skip(1).map(|pulse| pulse.0).chain([to]);
            for (&(start, end), next) in pulses.iter().zip(next) {
                let mut part = (end - start) / PARTS;
                out.extend((0..=PARTS as u32).map(|k| start + part * f64::from(k)));
                let mut time = end;
                while part < widest && time + part < next {
                    time += part;
                    part *= GROWTH;
                    out.push(time);
                }
            }
        }
    }
}

/// The times in bouts at which measures look for crossings: a bout that ends by itself jumps, so the first
/// bouts in which a crossing may lie are looked at closely.
pub fn times_in_bouts<'a>(
    measures: impl Iterator<Item = &'a Measure>,
    arms: &[Arm],
    out: &mut Vec<f64>,
) {
    const BOUTS: usize = 4;
    const PARTS: u32 = 240;
    let crossings = measures
        .flat_map(Measure::terms)
        .filter_map(|term| match &term.simple {
            Simple::Crossing { after_s, .. } => Some(*after_s),
            _ => None,
        });
    for after in crossings {
        let later = |arm: &Arm| -> Vec<(f64, f64)> {
            let bouts = arm.bouts.iter().filter(|bout| bout.to_s > after);
            bouts
                .take(BOUTS)
                .map(|b| (b.from_s.max(after), b.to_s))
                .collect()
        };
        for (from, to) in arms.iter().flat_map(later) {
            let part = (to - from) / f64::from(PARTS);
            out.extend((0..=PARTS).map(|k| from + part * f64::from(k)));
        }
    }
}
