//! A refusal in words: which laboratory value no state has, why, and the way out.

use super::search::{Reach, Refusal};
use crate::diagnostics::{Diagnostic, Severity, Span};
use crate::engine::Failure;
use crate::model::Model;
use crate::scenario::Arm;

/// Four significant digits.
fn number(value: f64) -> String {
    let digits = 3 - value.abs().max(1e-300).log10().floor() as i32;
    let factor = 10f64.powi(digits);
    format!("{}", (value * factor).round() / factor)
}

/// The message for a refused start.
pub fn told(model: &Model, arm: &Arm, failure: &Failure, refusal: &Refusal) -> Diagnostic {
    let words = Words { model, arm };
    let (code, marker, message, label, help) = match refusal {
        Refusal::Unreachable { marker, reach } => (
            "unreachable-status",
            *marker,
            format!(
                "{} cannot be met: with what this person eats and does it goes no further than {}; beyond it {}",
                words.given(*marker),
                words.value(*marker, reach.furthest),
                words.beyond(reach)
            ),
            "out of reach".to_string(),
            format!(
                "give a value between {} and {}, change the diet or the habits, or leave it out: it then follows \
                 from them",
                words.value(*marker, reach.usual.min(reach.furthest)),
                words.value(*marker, reach.usual.max(reach.furthest))
            ),
        ),
        Refusal::Conflict {
            marker,
            with,
            reach,
        } if fixed(reach) => return words.fixed(*marker, with, reach),
        Refusal::Conflict {
            marker,
            with,
            reach,
        } => {
            let others: Vec<String> = with.iter().map(|other| words.given(*other)).collect();
            let names: Vec<String> = with.iter().map(|other| words.name(*other)).collect();
            (
                "conflicting-status",
                *marker,
                format!(
                    "{} cannot be met beside {}: there it goes no further than {}; beyond it {}",
                    words.given(*marker),
                    others.join(", "),
                    words.value(*marker, reach.furthest),
                    words.beyond(reach)
                ),
                format!("not together with {}", names.join(", ")),
                format!(
                    "give a value between {} and {}, or leave out one of them: it then follows from the others \
                     ({} is {} where it is not given)",
                    words.value(*marker, reach.usual.min(reach.furthest)),
                    words.value(*marker, reach.usual.max(reach.furthest)),
                    words.name(*marker),
                    words.value(*marker, reach.usual)
                ),
            )
        }
        Refusal::Adrift { marker, reads } => (
            "drifting-status",
            *marker,
            format!(
                "{} cannot be kept: after the habits before the start it reads {}, whatever its pool",
                words.given(*marker),
                words.value(*marker, *reads)
            ),
            "does not stay".to_string(),
            "give what it reads, change the habits, or write `warm_up = \"0 d\"`".to_string(),
        ),
        Refusal::NoHabit { share } => return words.no_habit(failure, *share),
        Refusal::NoReference { share } => return words.no_reference(failure, *share),
    };
    Diagnostic {
        severity: Severity::Error,
        code,
        message: words.in_arm(message),
        span: words.span(marker),
        label,
        notes: Vec::new(),
        help: Some(help),
    }
}

/// From what it is beside the others the value goes nowhere, as far as anyone can read.
fn fixed(reach: &Reach) -> bool {
    number(reach.usual) == number(reach.furthest)
}

struct Words<'a> {
    model: &'a Model,
    arm: &'a Arm,
}

impl Words<'_> {
    fn name(&self, marker: usize) -> String {
        format!(
            "`{}`",
            self.model.biomarkers[self.arm.status[marker].0].name
        )
    }

    fn value(&self, marker: usize, value: f64) -> String {
        let unit = &self.model.biomarkers[self.arm.status[marker].0].unit.text;
        match unit.as_str() {
            "1" => number(value),
            unit => format!("{} {unit}", number(value)),
        }
    }

    fn given(&self, marker: usize) -> String {
        let value = self.value(marker, self.arm.status[marker].1);
        format!("{} = {value}", self.name(marker))
    }

    /// Two values that read the same thing: a range from what one is to what it is would help nobody.
    fn fixed(&self, marker: usize, with: &[usize], reach: &Reach) -> Diagnostic {
        let list = |of: &dyn Fn(usize) -> String| {
            let each: Vec<String> = with.iter().map(|other| of(*other)).collect();
            each.join(", ")
        };
        let (own, others) = (self.name(marker), list(&|other| self.name(other)));
        let reads = self.value(marker, reach.usual);
        let pool = &self.model.states[self.arm.status[marker].2.index()].name;
        Diagnostic {
            severity: Severity::Error,
            code: "fixed-status",
            message: self.in_arm(format!(
                "{} cannot be given beside {}: they read the same thing; with that, {own} is {reads}, and the \
                 pool that is left to set it, `{pool}`, does not move it",
                self.given(marker),
                list(&|other| self.given(other)),
            )),
            span: self.span(marker),
            label: format!("fixed by {others}"),
            notes: Vec::new(),
            help: Some(format!(
                "give only one of them: without {own} it follows from {others} and is {reads}"
            )),
        }
    }

    fn span(&self, marker: usize) -> Option<Span> {
        self.arm.status_at.get(marker).cloned()
    }

    /// What happens where a value goes no further.
    fn beyond(&self, reach: &Reach) -> String {
        let state = reach.fastest.and_then(|(at, _)| self.model.states.get(at));
        match (state, reach.fastest) {
            (Some(state), Some((_, true))) => format!("`{}` would fall below zero", state.name),
            (Some(state), _) => format!("`{}` rises and finds no rest", state.name),
            (None, _) => "no pool can follow".to_string(),
        }
    }

    /// What kept the straight way from a state.
    fn stuck(&self, failure: &Failure) -> String {
        let Failure::NoEquilibrium { state, drift } = failure else {
            return "the equations have no steady state".to_string();
        };
        let state = self.model.states.get(*state as usize);
        let state = state.map_or("an accumulator", |state| state.name.as_str());
        match drift {
            0.0 => format!("`{state}` would hold less than nothing"),
            _ => format!("`{state}` finds no rest"),
        }
    }

    fn no_reference(&self, failure: &Failure, share: f64) -> Diagnostic {
        let stuck = self.stuck(failure);
        let percent = percent_gone(share);
        Diagnostic {
            message: self.in_arm(format!(
                "the reference person has no steady state with these parameters: {stuck}; {percent} % of the \
                 way from the model's own values leads somewhere"
            )),
            help: Some("change them less, or fewer of them at once".to_string()),
            ..self.no_habit(failure, share)
        }
    }

    fn in_arm(&self, message: String) -> String {
        format!("{message} (arm `{}`)", self.arm.name)
    }

    /// Nobody is in a steady state who lives like this.
    fn no_habit(&self, failure: &Failure, share: f64) -> Diagnostic {
        let stuck = self.stuck(failure);
        let percent = percent_gone(share);
        Diagnostic {
            severity: Severity::Error,
            code: "no-steady-state",
            message: self.in_arm(format!(
                "no steady state fits this diet, these habits and parameters: {stuck}; {percent} % of the way from \
                 the reference person leads somewhere"
            )),
            span: None,
            label: String::new(),
            notes: Vec::new(),
            help: Some(
                "come nearer to the reference person's, or begin there: what is not `habitual` starts at t = 0"
                    .to_string(),
            ),
        }
    }
}

/// Whole percent of a way that ended early: not all of it, however near.
fn percent_gone(share: f64) -> f64 {
    (100.0 * share).floor().min(99.0)
}
