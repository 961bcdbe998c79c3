//! Names and sentences for people instead of slots and codes.

use crate::engine::Failure;
use crate::model::Model;
use crate::scenario::{ArmResult, ExpectationRole};

/// Why an arm has no numbers: what of it was refused, or how its run failed.
pub fn no_numbers(arm: &ArmResult, failed: &Failure, model: &Model) -> String {
    match &arm.refusal {
        Some(refusal) => refusal.message.clone(),
        None => failure(failed, model),
    }
}

/// A failure with names instead of slots.
pub fn failure(failure: &Failure, model: &Model) -> String {
    let name = |state: u32| {
        model
            .states
            .get(state as usize)
            .map_or("an accumulator".to_string(), |state| state.name.clone())
    };
    match failure {
        Failure::NotFinite { t, state } => {
            format!("{} stopped being a number at {t} s", name(*state))
        }
        Failure::StepTooSmall { t, h, state } => {
            format!(
                "the step fell to {h:e} s at {t} s; {} resisted most",
                name(*state)
            )
        }
        Failure::TooManySteps { t, steps } => {
            format!("{steps} steps were not enough; it stood at {t} s")
        }
        Failure::Singular { t, state } => format!(
            "the step equations of {} are singular at {t} s",
            name(*state)
        ),
        Failure::OutOfRange { t, limit, sides } => out_of_range(model, *t, *limit, *sides),
        Failure::NoEquilibrium { state, drift } => {
            let unit = model
                .states
                .get(*state as usize)
                .map_or("", |state| state.unit.text.as_str());
            format!(
                "there is no equilibrium to start from: {} drifts most, {:e} {unit}/d",
                name(*state),
                drift * 86_400.0
            )
        }
    }
}

/// Which limit of the model was passed, when, by what, and what lies beyond.
fn out_of_range(model: &Model, t: f64, limit: u32, (lower, upper): (f64, f64)) -> String {
    let limit = &model.limits[limit as usize];
    let unit = limit.unit.pretty();
    let (value, bound, side) = match limit.from_below {
        true => (upper, lower, "below"),
        false => (lower, upper, "above"),
    };
    let day = t / 86_400.0;
    let when = match t < 0.0 {
        true => format!("before the start, on day {}", number(day)),
        false => format!("at {} d", number(day)),
    };
    format!(
        "it left the range in which the model holds {when}: {} was {}, {side} {} (limit `{}`: {}); beyond it: {}",
        limit.title,
        quantity(value, &unit),
        quantity(bound, &unit),
        limit.name,
        limit.text,
        limit.beyond
    )
}

/// A measure as written, with titles in place of dotted names and a capital letter.
pub fn measure(text: &str, model: &Model) -> String {
    let words: Vec<String> = text
        .split(' ')
        .map(|word| match model.column(word) {
            Some(column) => lower_first(&model.column_title(column)),
            None => word.to_string(),
        })
        .collect();
    upper_first(&words.join(" "))
}

/// A name in words: without its module, with a capital letter.
pub fn plain(name: &str) -> String {
    upper_first(&name.rsplit('.').next().unwrap_or(name).replace('_', " "))
}

pub fn role(role: ExpectationRole) -> &'static str {
    match role {
        ExpectationRole::Port => "port",
        ExpectationRole::Fit => "fit",
        ExpectationRole::Test => "test",
    }
}

/// Four significant digits, powers of ten where plain digits would be long.
pub fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}").replace('-', "−");
    }
    let scientific = format!("{value:.3e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let text = if (-3..6).contains(&exponent) {
        trimmed(&format!("{value:.*}", (3 - exponent).max(0) as usize))
    } else {
        format!("{}×10{}", trimmed(digits), superscript(exponent))
    };
    text.replace('-', "−")
}

/// Without zeros that end a fraction.
fn trimmed(digits: &str) -> String {
    if digits.contains('.') {
        let digits = digits.trim_end_matches('0');
        digits.trim_end_matches('.').to_string()
    } else {
        digits.to_string()
    }
}

pub fn superscript(number: i32) -> String {
    let digits = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raise = |c: char| c.to_digit(10).map_or('⁻', |digit| digits[digit as usize]);
    number.to_string().chars().map(raise).collect()
}

/// A number with its unit, already as people print it.
pub fn quantity(value: f64, unit: &str) -> String {
    format!("{} {unit}", number(value)).trim_end().to_string()
}

/// What is expected: limits may be infinite.
pub fn range(low: f64, high: f64, unit: &str) -> String {
    match (low.is_finite(), high.is_finite()) {
        (true, true) => format!("{} to {}", number(low), quantity(high, unit)),
        (true, false) => format!("> {}", quantity(low, unit)),
        _ => format!("< {}", quantity(high, unit)),
    }
}

fn upper_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// Unless it is an abbreviation: `ATP` stays as it is.
pub fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    let (first, second) = (letters.next(), letters.next());
    match (first, second) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
            first.to_lowercase().chain(text.chars().skip(1)).collect()
        }
        _ => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_plainly() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (-12.5, "−12.5"),
            (0.012345, "0.01235"),
            (123456.0, "123456"),
            (1.5e-7, "1.5×10⁻⁷"),
            (2e9, "2×10⁹"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!(range(3.0, 12.0, "µg/L"), "3 to 12 µg/L");
        assert_eq!(range(f64::NEG_INFINITY, 0.5, ""), "< 0.5");
    }
}
