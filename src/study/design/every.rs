//! `every = "uncertain parameter"` → one [`Factor`] per parameter of a model, over what the model states for it.

use super::factor::bad;
use super::{Factor, Form, Spread, Values};
use crate::diagnostics::Diagnostic;
use crate::model::declare::fields::choice;
use crate::model::file::Reader;
use crate::model::messages::unknown_name;
use crate::model::{Model, Parameter, ParameterKind};
use crate::units::Unit;

type Out<'a> = &'a mut Vec<Diagnostic>;

/// What a log-normal takes where a model states no range.
const LEAST_SPREAD: f64 = 0.3;

/// `every = "uncertain parameter"`: all declared parameters but the person's own and those the scenario
/// sets.
pub fn every(
    mut reader: Reader,
    sampled: bool,
    model: &Model,
    fixed: &[String],
    out: Out,
) -> Option<Vec<Factor>> {
    let kinds = [("uncertain parameter", ())];
    choice(&mut reader, "every", &kinds, out)?;
    let place = reader.item("every")?;
    let spread = reader.number("spread", out);
    let listed = reader.truth("columns", out).unwrap_or(true);
    let except = reader.texts("except", out);
    let only = reader.texts("only", out);
    reader.finish(out);
    if !sampled {
        bad(
            "a grid over every parameter has no end".to_string(),
            place,
            "not for this kind",
            "use kind = \"sobol\" or \"latin hypercube\"",
            out,
        );
        return None;
    }
    let least = match spread {
        Some((cv, item)) if !(cv > 0.0 && cv <= 5.0) => {
            bad(
                "`spread` lies above 0 and not above 5".to_string(),
                item,
                "out of range",
                "write spread = 0.3 for 30 %",
                out,
            );
            return None;
        }
        Some((cv, _)) => cv,
        None => LEAST_SPREAD,
    };
    let names = |p: &&Parameter| p.kind == ParameterKind::Declared;
    let matches = |name: &str, pattern: &str| {
        name == pattern
            || name
                .strip_prefix(pattern)
                .is_some_and(|rest| rest.starts_with('.'))
    };
    for (pattern, span) in except.iter().chain(&only) {
        if !model
            .parameters
            .iter()
            .filter(names)
            .any(|p| matches(&p.name, pattern))
        {
            let known = model
                .parameters
                .iter()
                .filter(names)
                .map(|p| p.name.as_str());
            let message = format!("no parameter and no module is called `{pattern}`");
            out.push(unknown_name(message, pattern, span.clone(), known));
        }
    }
    let wanted = |p: &&Parameter| {
        let any = |list: &[(String, _)]| list.iter().any(|(pattern, _)| matches(&p.name, pattern));
        let free = !p.name.starts_with("person.") && !fixed.contains(&p.name);
        free && (only.is_empty() || any(&only)) && !any(&except)
    };
    let varied = model.parameters.iter().filter(names).filter(wanted);
    let factors = varied.filter_map(|parameter| {
        let spread = stated(parameter, least)?;
        Some(Factor {
            name: parameter.name.clone(),
            title: parameter.title.clone(),
            paths: vec![format!("parameters.{}", parameter.name)],
            values: Values::Spread(spread),
            form: if parameter.unit == Unit::one() {
                Form::Number
            } else {
                Form::Quantity(parameter.unit.clone())
            },
            listed,
            place: place.clone(),
        })
    });
    Some(factors.collect())
}

/// The spread a model states for a parameter; `None` for a value of zero without a range: nothing is known
/// to multiply.
fn stated(parameter: &Parameter, least: f64) -> Option<Spread> {
    let middle = parameter.value;
    if let Some((low, high)) = parameter.range.filter(|(low, high)| low < high) {
        return Some(if low < middle && middle < high {
            Spread::Around { low, middle, high }
        } else if low > 0.0 {
            Spread::LogUniform { low, high }
        } else {
            Spread::Uniform { low, high }
        });
    }
    let cv = parameter.cv.unwrap_or(least);
    (middle != 0.0).then_some(Spread::LogNormal { median: middle, cv })
}
