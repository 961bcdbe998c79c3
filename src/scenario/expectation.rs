//! `[[expect]]` → what is measured, in which range it should lie, and who says so.

use super::arm::{Frame, in_unit_of_time, unknown};
use super::expect::{self, MEASURE, RANGE};
use super::{Expectation, ExpectationRole, Measure, Simple};
use crate::diagnostics::Diagnostic;
use crate::model::Model;
use crate::model::file::{Item, Reader, problem_with_help};
use crate::model::messages::{table_of, unknown_reference};

type Out<'a> = &'a mut Vec<Diagnostic>;

/// Reads one expectation. `arms`: names, base first.
pub fn expectation(
    item: &Item,
    model: &Model,
    arms: &[String],
    frame: &Frame,
    out: Out,
) -> Option<Expectation> {
    let table = table_of("an expectation", item, out)?;
    let mut reader = Reader::new(table, "this expectation", item.span.clone());
    let what = reader.required_text("what", out);
    let is = reader.required_text("is", out);
    let arm_name = reader.text("arm", out);
    let role = role(&mut reader, out);
    let source = reader.text("source", out);
    let mut optional = |key| reader.text(key, out).map(|(text, _)| text.to_string());
    let (row, note) = (optional("row"), optional("note"));
    let not_required = reader.truth("not_required", out).unwrap_or(false);
    reader.finish(out);
    if let Some((key, item)) = source
        && !model.references_bib.entries.contains_key(key)
    {
        let span = item.span.clone();
        out.push(unknown_reference(key, span, &model.references_bib));
    }
    let arm = match arm_name {
        None => Some(0),
        Some((name, item)) => {
            let found = arms.iter().position(|known| known == name);
            if found.is_none() {
                let message = format!("there is no arm \"{name}\"");
                let names = arms.iter().map(String::as_str);
                unknown(message, name, names, item.span.clone(), out);
            }
            found
        }
    };
    let ((what, what_item), (is, is_item)) = (what?, is?);
    let mut measure = expect::measure(what, model, arms)
        .map_err(|why| not_understood("measure", why, MEASURE, what_item, out))
        .ok()?;
    let end = (frame.duration_s, frame.cut_short);
    within(&measure, what_item, end, model, out);
    let (low, high, unit) = expect::range(is)
        .map_err(|why| not_understood("range", why, RANGE, is_item, out))
        .ok()?;
    let Some(factor) = measure.unit.ratio_to(&unit) else {
        let (given, wanted) = (unit.describe(), measure.unit.describe());
        let message = format!("this measure gives {wanted}, the range is {given}");
        let help = Some(format!("write the range in {}", measure.unit.text));
        let span = is_item.span.clone();
        out.push(problem_with_help(
            "wrong-unit",
            message,
            span,
            "wrong unit",
            help,
        ));
        return None;
    };
    measure.factor = factor;
    measure.unit = unit.clone();
    Some(Expectation {
        what: what.to_string(),
        is: is.to_string(),
        measure,
        low,
        high,
        unit,
        role: role?,
        source: source.map(|(key, _)| key.to_string()),
        row,
        note,
        not_required,
        arm: arm?,
        span: item.span.clone(),
    })
}

fn role(reader: &mut Reader, out: Out) -> Option<ExpectationRole> {
    let (text, item) = reader.required_text("role", out)?;
    let role = match text {
        "port" => Some(ExpectationRole::Port),
        "fit" => Some(ExpectationRole::Fit),
        "test" => Some(ExpectationRole::Test),
        _ => None,
    };
    if role.is_none() {
        let message = "a role is \"port\", \"fit\" or \"test\"".to_string();
        let help = "\"test\": independent data; \"fit\": data that set parameters; \"port\": a number \
                    printed by an earlier program";
        let span = item.span.clone();
        out.push(problem_with_help(
            "unknown-choice",
            message,
            span,
            "not known",
            Some(help.to_string()),
        ));
    }
    role
}

fn not_understood(what: &str, why: String, form: &str, item: &Item, out: Out) {
    let message = format!("this {what} cannot be read: {why}");
    let (span, help) = (item.span.clone(), Some(form.to_string()));
    out.push(problem_with_help(
        "bad-expectation",
        message,
        span,
        "not understood",
        help,
    ));
}

/// Refuses times that the run does not reach; a run that was cut short on purpose may end earlier.
pub fn within(
    measure: &Measure,
    item: &Item,
    (duration_s, cut_short): (f64, bool),
    model: &Model,
    out: Out,
) {
    for term in measure.terms() {
        let (from, to) = match term.simple {
            Simple::At { at_s, .. } => (at_s, at_s),
            Simple::Crossing { after_s, .. } => (after_s.max(0.0), after_s.max(0.0)),
            Simple::Extreme { from_s, to_s, .. }
            | Simple::TimeOf { from_s, to_s, .. }
            | Simple::Between { from_s, to_s, .. }
            | Simple::HalfWidth { from_s, to_s, .. } => (from_s, to_s),
        };
        // A rounding is forgiven: "1 d" may be written as 24.000000001 h.
        let slack = 1e-9 * duration_s;
        let (when, help) = if from < -slack {
            (("begins", 0.0), "measure from 0 d on")
        } else if to > duration_s + slack && !cut_short {
            (
                ("ends", duration_s),
                "measure earlier or let the scenario end later",
            )
        } else {
            continue;
        };
        let at = in_unit_of_time(when.1, &model.time_unit);
        let message = format!("the scenario {} at {at}", when.0);
        let span = item.span.clone();
        out.push(problem_with_help(
            "impossible-value",
            message,
            span,
            "outside the run",
            Some(help.to_string()),
        ));
        return;
    }
}
