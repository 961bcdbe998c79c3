//! `myoflux explain`: a quantity's equation with its numbers, and in words why two arms differ in it.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;

use super::{Changes, refuse, say};
use crate::compile::compile;
use crate::diagnostics::{Sources, nearest};
use crate::model::{Column, Model};
use crate::report::words;
use crate::scenario::explain::{
    Explanation, Instant, Knockout, Quantity, Question, Unexplained, Why, at_instant, reach, why,
};
use crate::scenario::load::load_scenario;
use crate::scenario::{Arm, Scenario};
use crate::units::{Quantity as Time, Unit};

#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// State, variable, process or biomarker
    variable: String,
    /// Scenario file
    #[arg(long)]
    scenario: PathBuf,
    /// Time since the start, such as 21d or "90 min"
    #[arg(long, value_name = "TIME")]
    at: String,
    /// Arm to look at (default: the base arm)
    #[arg(long)]
    arm: Option<String>,
    /// Say which states, fluxes and edges make this arm differ
    #[arg(long, requires = "against")]
    why: bool,
    /// Arm to compare with
    #[arg(long, value_name = "ARM", requires = "why")]
    against: Option<String>,
    #[command(flatten)]
    changes: Changes,
}

/// What is not worth a line in an explanation: less than this part of the whole.
const MINOR: f64 = 0.02;

pub fn run(arguments: &ExplainArguments) -> u8 {
    match explained(arguments) {
        Ok(text) => {
            say(&text);
            0
        }
        Err(code) => code,
    }
}

fn usage(message: &str) -> u8 {
    eprintln!("error: {message}");
    2
}

fn explained(arguments: &ExplainArguments) -> Result<String, u8> {
    let overrides = arguments.changes.overrides().map_err(|why| usage(&why))?;
    let mut sources = Sources::default();
    let models = arguments.changes.models(&arguments.scenario);
    let (model, scenario) = load_scenario(&arguments.scenario, &models, &overrides, &mut sources)
        .map_err(|problems| refuse(&problems, &sources))?;
    let column = column(&model, &arguments.variable).map_err(|why| usage(&why))?;
    let t = time(&arguments.at, &scenario).map_err(|why| usage(&why))?;
    let arm = match &arguments.arm {
        None => &scenario.arms[0],
        Some(name) => arm(&scenario, name).map_err(|why| usage(&why))?,
    };
    let program = compile(&model);
    let failed = |problem: Unexplained| {
        eprintln!("error: {}", failure(&problem, &model));
        1
    };
    let instant = reach(&model, &program, &scenario, arm, t).map_err(failed)?;
    let head = format!("arm \"{}\" at {}", arm.name, arguments.at);
    let mut text = format!("{}, {head}\n\n", scenario.title);
    text.push_str(&equations(&model, &instant, column));
    if let Some(name) = &arguments.against {
        let other = self::arm(&scenario, name).map_err(|why| usage(&why))?;
        let question = Question {
            model: &model,
            program: &program,
            scenario: &scenario,
            arm,
            other,
            t,
            column,
        };
        text.push('\n');
        text.push_str(&compared(&question, &arguments.at).map_err(failed)?);
    }
    Ok(text)
}

fn failure(problem: &Unexplained, model: &Model) -> String {
    match problem {
        Unexplained::Failed(failure) => words::failure(failure, model),
        Unexplained::Refused(why) => why.clone(),
        Unexplained::Stopped { at_s } => format!("an event ended the run at {at_s} s"),
    }
}

fn column(model: &Model, name: &str) -> Result<Column, String> {
    model.column(name).ok_or_else(|| {
        let names = model.column_names();
        let near = nearest(name, names.iter().map(String::as_str));
        let hint = if near.is_empty() {
            "; `myoflux models` lists what there is".to_string()
        } else {
            format!("; did you mean {}?", near.join(" or "))
        };
        format!("model {} has no `{name}`{hint}", model.name)
    })
}

fn time(text: &str, scenario: &Scenario) -> Result<f64, String> {
    let second = Unit::parse("s").expect("s is a unit");
    let value = Time::parse(text).ok().and_then(|t| t.value_in(&second));
    let last = scenario.duration_s;
    value.filter(|t| (0.0..=last).contains(t)).ok_or(format!(
        "`{text}` is not a time in this scenario: write 21d or \"90 min\", at most {last} s"
    ))
}

fn arm<'s>(scenario: &'s Scenario, name: &str) -> Result<&'s Arm, String> {
    let arms = &scenario.arms;
    arms.iter().find(|arm| arm.name == name).ok_or_else(|| {
        let names: Vec<String> = arms.iter().map(|a| format!("\"{}\"", a.name)).collect();
        format!("there is no arm \"{name}\"; there are {}", names.join(", "))
    })
}

/// Four digits, as a table prints them.
fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (1e-3..1e5).contains(&size) {
        let digits = (3 - size.max(1e-3).log10().floor() as i32).clamp(0, 6) as usize;
        let text = format!("{value:.digits$}");
        match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
            false => text,
        }
    } else {
        format!("{value:.3e}")
    }
}

fn signed(value: f64) -> String {
    let sign = if value < 0.0 { "-" } else { "+" };
    format!("{sign}{}", number(value.abs()))
}

fn with_unit(value: f64, unit: &str) -> String {
    match unit {
        "1" => number(value),
        _ => format!("{} {unit}", number(value)),
    }
}

fn shown(quantity: &Quantity) -> String {
    with_unit(quantity.value, &quantity.unit)
}

/// The equation; where it only names another quantity, that one's too.
fn equations(model: &Model, instant: &Instant, mut column: Column) -> String {
    let mut text = String::new();
    loop {
        let it = at_instant(model, instant, column);
        text.push_str(&equation(model, &it));
        let alias = it.formula.as_deref().filter(|_| !it.is_rate);
        let next = match (alias, it.arguments.as_slice()) {
            (Some(formula), [only]) if only.name.ends_with(formula) => model.column(&only.name),
            _ => None,
        };
        match next {
            Some(next) => column = next,
            None => return text,
        }
    }
}

fn equation(model: &Model, it: &Explanation) -> String {
    let quantity = &it.quantity;
    let title = quantity.title.as_deref().unwrap_or("");
    let mut text = format!("{} ({title}) = {}\n", quantity.name, shown(quantity));
    if let Some(formula) = &it.formula {
        let left = if it.is_rate { "d/dt" } else { "" };
        let _ = writeln!(text, "  {left:>4} = {formula}");
        let _ = writeln!(text, "       = {}", substituted(formula, &it.arguments));
    }
    let width = it.arguments.iter().map(|a| a.name.len()).max().unwrap_or(0);
    for argument in &it.arguments {
        let title = argument.title.as_deref().unwrap_or("");
        let value = shown(argument);
        let _ = writeln!(text, "    {:<width$}  {value:<16}  {title}", argument.name);
    }
    edges(model, it, &mut text);
    fluxes(model, it, &mut text);
    text
}

fn edges(model: &Model, it: &Explanation, text: &mut String) {
    if !it.edges.is_empty() {
        text.push_str("  times the edges on it:\n");
    }
    for weight in &it.edges {
        let edge = &model.edges[weight.edge.index()];
        let _ = writeln!(
            text,
            "    x {:<8} {} (grade {:?}): factor {}, at the reference {}, strength {}",
            number(weight.multiplier),
            edge.name,
            edge.grade,
            number(weight.factor),
            number(weight.reference),
            number(weight.strength)
        );
        let _ = writeln!(text, "               {}", edge.claim);
    }
    for (edge, strength) in &it.structural {
        let edge = &model.edges[edge.index()];
        let state = if *strength == 0.0 { "off" } else { "on" };
        let _ = writeln!(
            text,
            "  holds the edge {} (grade {:?}, {state}): {}",
            edge.name, edge.grade, edge.claim
        );
    }
}

fn fluxes(model: &Model, it: &Explanation, text: &mut String) {
    const DAY: f64 = 86_400.0;
    if it.fluxes.is_empty() {
        return;
    }
    let unit = &it.quantity.unit;
    text.push_str("  moved by\n");
    for flux in &it.fluxes {
        let process = &model.processes[flux.process.index()];
        let _ = writeln!(
            text,
            "    {:>12} {unit}/d  {} = {}",
            signed(flux.rate * DAY),
            process.name,
            process.text
        );
    }
    if let Some(derivative) = it.derivative {
        let sum = signed(derivative * DAY);
        let _ = writeln!(text, "    {sum:>12} {unit}/d  in all");
    }
}

/// The formula with numbers in place of names. A name stands for itself where it is called as a function
/// or is unknown here (an edge, a nutrient).
fn substituted(formula: &str, arguments: &[Quantity]) -> String {
    let mut text = String::new();
    let mut rest = formula;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic()) {
        // A letter inside a number (1e-3) is no name.
        let inside = rest[..start].ends_with(|c: char| c.is_ascii_digit() || c == '.');
        text.push_str(&rest[..start]);
        rest = &rest[start..];
        let ends = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.');
        let length = rest.find(ends).unwrap_or(rest.len());
        let (word, after) = rest.split_at(length);
        rest = after;
        let calls = after.trim_start().starts_with('(');
        let bare = format!(".{word}");
        let known = arguments
            .iter()
            .find(|argument| argument.name == word || argument.name.ends_with(&bare));
        match known.filter(|_| !inside && !calls) {
            Some(argument) => text.push_str(&shown(argument)),
            None => text.push_str(word),
        }
    }
    text.push_str(rest);
    text
}

fn compared(question: &Question, at: &str) -> Result<String, Unexplained> {
    let bar = super::progress(0);
    let report = |done: usize, of: usize| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    };
    let found = why(question, &report)?;
    bar.finish_and_clear();
    Ok(in_sentences(question, &found, at))
}

/// "5.8 ug/L more (+32 %)"
fn more((a, b): (f64, f64), unit: &str) -> String {
    let gap = a - b;
    let word = if gap >= 0.0 { "more" } else { "less" };
    let share = 100.0 * gap / b.abs();
    let share = if share.is_finite() && share.abs() < 1e4 {
        format!(" ({share:+.1} %)")
    } else {
        String::new()
    };
    format!("{} {word}{share}", with_unit(gap.abs(), unit))
}

fn in_sentences(question: &Question, why: &Why, at: &str) -> String {
    let model = question.model;
    let name = model.column_name(question.column);
    let unit = &model.column_unit(question.column).text;
    let mut text = format!(
        "Why it differs from arm \"{}\"\n  At {at} {name} is {} here and {} there: {}.\n",
        question.other.name,
        with_unit(why.value.0, unit),
        with_unit(why.value.1, unit),
        more(why.value, unit)
    );
    if why.difference() == 0.0 {
        text.push_str("  There is nothing to explain.\n");
        return text;
    }
    causes(why, unit, &mut text);
    pool(model, why, &mut text);
    needed(model, why, unit, &mut text);
    text
}

fn causes(why: &Why, unit: &str, text: &mut String) {
    let whole = why.difference();
    let major = |part: f64| (part / whole).abs() >= MINOR;
    let causes: Vec<_> = why.causes.iter().filter(|c| major(c.part)).collect();
    if causes.is_empty() {
        return;
    }
    text.push_str("  What carries the difference at that moment:\n");
    for cause in causes {
        let _ = writeln!(
            text,
            "    {:>+6.0} %  {}: {} here, {} there ({} of the difference)",
            100.0 * cause.part / whole,
            cause.name,
            with_unit(cause.value.0, &cause.unit),
            with_unit(cause.value.1, &cause.unit),
            with_unit(cause.part, unit)
        );
    }
}

fn pool(model: &Model, why: &Why, text: &mut String) {
    let Some(id) = why.pool else { return };
    let state = &model.states[id.index()];
    let unit = &state.unit.text;
    let _ = writeln!(
        text,
        "  How {} came to differ: it began with {} here and {} there, and now holds {} and {}.",
        state.name,
        with_unit(why.start.0, unit),
        with_unit(why.start.1, unit),
        with_unit(why.end.0, unit),
        with_unit(why.end.1, unit)
    );
    let whole = (why.end.0 - why.start.0) - (why.end.1 - why.start.1);
    for flow in &why.flows {
        let (here, there) = flow.amount;
        if ((here - there) / whole).abs() < MINOR {
            continue;
        }
        let name = flow.process.map_or("doses and meals", |id| {
            model.processes[id.index()].name.as_str()
        });
        let did = match (here + there > 0.0, here > there) {
            (true, true) => "brought more",
            (true, false) => "brought less",
            (false, true) => "took less",
            (false, false) => "took more",
        };
        let _ = writeln!(
            text,
            "    {:>11}  {name} {did}: {} here, {} there",
            signed(here - there),
            with_unit(here, unit),
            with_unit(there, unit)
        );
    }
}

fn needed(model: &Model, why: &Why, unit: &str, text: &mut String) {
    let whole = why.difference();
    let change = |knockout: &Knockout| (knockout.difference - whole) / whole;
    let major: Vec<&Knockout> = why
        .knockouts
        .iter()
        .filter(|knockout| change(knockout).abs() >= MINOR)
        .collect();
    if major.is_empty() {
        text.push_str("  No single edge matters: without any one of them the difference stays.\n");
        return;
    }
    text.push_str("  Edges it depends on (both arms run again without each):\n");
    for knockout in major {
        let edge = &model.edges[knockout.edge.index()];
        let share = change(knockout);
        let role = match share {
            s if s < -1.0 => "it turns round",
            s if s < 0.0 => "it makes part of it",
            _ => "it holds it back",
        };
        let _ = writeln!(
            text,
            "    {} (grade {:?}): without it {} ({:+.0} %): {role}.\n      {}",
            edge.name,
            edge.grade,
            with_unit(knockout.difference, unit),
            100.0 * share,
            edge.claim
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantity(name: &str, value: f64, unit: &str) -> Quantity {
        Quantity {
            name: name.to_string(),
            title: None,
            value,
            unit: unit.to_string(),
        }
    }

    #[test]
    fn numbers_take_the_place_of_names_and_of_nothing_else() {
        let arguments = [
            quantity("blood.volume", 5.0, "L"),
            quantity("heart.rate", 60.0, "1/min"),
        ];
        assert_eq!(
            substituted(
                "1e-3 * volume + max(heart.rate, 2e1) * rate_law(volume)",
                &arguments
            ),
            "1e-3 * 5 L + max(60 1/min, 2e1) * rate_law(5 L)"
        );
    }

    #[test]
    fn numbers_keep_four_digits() {
        let texts = [0.0, 12.3456, 0.5, 98765.0, 0.00012, 150.0].map(number);
        assert_eq!(texts, ["0", "12.35", "0.5", "98765", "1.200e-4", "150"]);
    }
}
