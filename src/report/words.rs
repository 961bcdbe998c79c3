//! Names and sentences for people instead of slots and codes.

use crate::engine::Failure;
use crate::model::Model;

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

fn upper_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// Unless it is an abbreviation: `ATP` stays as it is.
fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    let (first, second) = (letters.next(), letters.next());
    match (first, second) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
            first.to_lowercase().chain(text.chars().skip(1)).collect()
        }
        _ => text.to_string(),
    }
}
