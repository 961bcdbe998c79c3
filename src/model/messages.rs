//! The messages that many readers give, each worded once: a value of the wrong kind, a name that means
//! nothing, units that do not meet.
//!
//! In: the facts of a mistake. Out: a [`Diagnostic`] that says where, what, why and, wherever one is
//! known, the way out.

use super::file::{Item, Table, Value, problem_with_help, suggestion};
use super::types::Bibliography;
use crate::diagnostics::{Diagnostic, Span};
use crate::units::{Quantity, Unit, UnitError};

/// How many known names still help when none is near.
const FEW: usize = 12;

/// How many letters of a text that cannot be read still help.
const LONGEST_SHOWN: usize = 60;

/// A value of the wrong kind: "`grade` must be a string, this is a number".
pub fn wrong_kind(what: &str, item: &Item, wanted: &str) -> Diagnostic {
    let way_out = match (wanted, &item.value) {
        ("a number", Value::Other(_)) => Some("write large numbers with an exponent: 1e20"),
        (_, Value::Other(_)) => None,
        ("a string", Value::Number(_)) => Some("write it in quotes, with its unit if it has one"),
        ("a string", _) => Some("write it in quotes"),
        ("a number", Value::Text(_)) => Some("write the bare number: no quotes, no unit"),
        ("a list", _) => Some("write it in brackets: [ … ]"),
        ("a table", _) => Some("write it in braces: { key = value }"),
        ("true or false", _) => Some("write true or false, without quotes"),
        _ => None,
    };
    problem_with_help(
        "wrong-kind",
        format!("{what} must be {wanted}, this is {}", item.kind()),
        item.span.clone(),
        wanted,
        way_out.map(str::to_string),
    )
}

/// NaN and the infinities are TOML, but no quantity of a body.
pub fn infinite(what: &str, item: &Item) -> Diagnostic {
    problem_with_help(
        "impossible-value",
        format!("{what} is not a finite number"),
        item.span.clone(),
        "must be finite",
        Some("write a number without nan or inf".to_string()),
    )
}

/// The table that a value must be; anything else is reported.
pub fn table_of<'i>(what: &str, item: &'i Item, out: &mut Vec<Diagnostic>) -> Option<&'i Table> {
    match &item.value {
        Value::Table(table) => Some(table),
        _ => {
            out.push(wrong_kind(what, item, "a table"));
            None
        }
    }
}

/// A name that nothing declares. The nearest known names are the way out, or all if they are few.
pub fn unknown_name<'k>(
    message: String,
    name: &str,
    span: Span,
    known: impl IntoIterator<Item = &'k str>,
) -> Diagnostic {
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    known.dedup();
    let help = suggestion(name, known.iter().copied()).or_else(|| {
        (1..=FEW)
            .contains(&known.len())
            .then(|| format!("known here: {}", known.join(", ")))
    });
    problem_with_help("unknown-name", message, span, "not known", help)
}

/// A source that the bibliography does not hold.
pub fn unknown_reference(key: &str, span: Span, bibliography: &Bibliography) -> Diagnostic {
    let known = bibliography.entries.keys().map(String::as_str);
    let way_out = suggestion(key, known).unwrap_or("add its entry to references.bib".to_string());
    problem_with_help(
        "unknown-reference",
        format!("`{key}` is not in references.bib"),
        span,
        "not known",
        Some(way_out),
    )
}

/// Two units that do not meet; `message` says what met what. The label is what was found.
pub fn wrong_unit(message: String, span: Span, found: &Unit, wanted: &Unit) -> Diagnostic {
    problem_with_help(
        "wrong-unit",
        message,
        span,
        &found.describe(),
        bridge(found, wanted),
    )
}

/// What lies between two units: mass against amount is the commonest slip, so it is named.
fn bridge(found: &Unit, wanted: &Unit) -> Option<String> {
    if found.dimension == wanted.dimension {
        let celsius = found.affine != wanted.affine;
        return celsius.then(|| "a temperature in °C has no factor to K: use K here".to_string());
    }
    let (factor, divisor) = (wanted.per(found)?, found.per(wanted)?);
    let gram_per_mole = Unit::parse("g/mol").ok()?;
    let is_molar_mass = |unit: &Unit| unit.dimension == gram_per_mole.dimension;
    Some(if is_molar_mass(&factor) || is_molar_mass(&divisor) {
        "mass and amount convert with `molar_mass(nutrient)`".to_string()
    } else if wanted.is_dimensionless() {
        "divide it by a quantity of the same kind".to_string()
    } else if factor.describe().contains('^') {
        format!("what is missing is a division by {}", divisor.describe())
    } else {
        format!("what is missing is a factor that is {}", factor.describe())
    })
}

/// A unit or quantity that cannot be read: "`mq/L` is not a unit: …".
pub fn unreadable_unit(what: &str, text: &str, item: &Item, error: UnitError) -> Diagnostic {
    let help = match error.suggestions.as_slice() {
        [] => None,
        names => Some(format!("did you mean {}?", names.join(" or "))),
    };
    let shown: String = text.chars().take(LONGEST_SHOWN).collect();
    let dots = if shown.len() < text.len() { "…" } else { "" };
    problem_with_help(
        "unknown-unit",
        format!("`{shown}{dots}` is not {what}: {}", error.message),
        item.within(error.range),
        "not understood",
        help,
    )
}

/// A quantity such as `"55.8 g/mol"`, or a bare number where the unit is 1; anything else is reported.
pub fn written_quantity(item: &Item, out: &mut Vec<Diagnostic>) -> Option<Quantity> {
    match &item.value {
        Value::Text(text) => Quantity::parse(text)
            .map_err(|error| out.push(unreadable_unit("a quantity", text, item, error)))
            .ok(),
        Value::Number(number) if number.is_finite() => Some(Quantity {
            value: *number,
            unit: Unit::one(),
        }),
        Value::Number(_) => {
            out.push(infinite("this value", item));
            None
        }
        _ => {
            out.push(wrong_kind("a quantity", item, "a string"));
            None
        }
    }
}
