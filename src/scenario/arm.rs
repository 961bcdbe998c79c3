//! One protocol of a scenario → parameters, inputs and breakpoints.
//!
//! The habitual schedule (warm-up, means) is the spread diet; meals, supplements, training, pulses and
//! drives belong to the scenario itself.

use std::collections::BTreeMap;

use super::load::Overrides;
use super::{Arm, Bout, Dose, schedule, training};
use crate::diagnostics::Diagnostic;
use crate::engine::Breakpoint;
use crate::model::declare::duration_s;
use crate::model::file::{
    Item, Reader, Table as Tree, Value, problem, problem_with_help, suggestion,
};
use crate::model::*;
use crate::units::{Quantity, Unit};

/// Top-level keys that describe what is done to the body.
pub const KEYS: [&str; 10] = [
    "person",
    "status",
    "parameters",
    "diet",
    "meal",
    "supplement",
    "training",
    "stimulation",
    "drive",
    "edges",
];

/// What all arms share.
pub struct Frame<'a> {
    pub duration_s: f64,
    pub start_s: f64,
    pub overrides: &'a Overrides,
}

type Out<'a> = &'a mut Vec<Diagnostic>;

/// What happens when; merged into breakpoints at the end.
#[derive(Default)]
struct Timeline {
    /// (time ns, order) → changes; later entries of the same instant win.
    inputs: BTreeMap<i128, Vec<(u32, f64)>>,
    boluses: BTreeMap<i128, Vec<(u32, f64)>>,
}

fn ns(seconds: f64) -> i128 {
    (seconds * 1e9).round() as i128
}

impl Timeline {
    fn set(&mut self, at_s: f64, input: InputId, value: f64) {
        self.inputs
            .entry(ns(at_s))
            .or_default()
            .push((input.0, value));
    }

    fn add(&mut self, at_s: f64, input: InputId, amount: f64) {
        self.boluses
            .entry(ns(at_s))
            .or_default()
            .push((input.0, amount));
    }

    /// Where something ends and the next begins at the same instant, the beginning counts: ends are
    /// written first.
    fn breakpoints(self, duration_s: f64) -> Vec<Breakpoint> {
        let mut times: Vec<i128> = self
            .inputs
            .keys()
            .chain(self.boluses.keys())
            .copied()
            .collect();
        times.sort_unstable();
        times.dedup();
        times
            .into_iter()
            .filter(|at| (0..=ns(duration_s)).contains(at))
            .map(|at| Breakpoint {
                t: at as f64 / 1e9,
                inputs: self.inputs.get(&at).cloned().unwrap_or_default(),
                boluses: self.boluses.get(&at).cloned().unwrap_or_default(),
            })
            .collect()
    }
}

struct Builder<'a, 'f> {
    model: &'a Model,
    frame: &'a Frame<'f>,
    arm: Arm,
    timeline: Timeline,
}

/// Resolves one arm of a scenario tree.
pub fn arm(name: &str, tree: &Tree, model: &Model, frame: &Frame, out: Out) -> Arm {
    let defaults: Vec<f64> = model
        .inputs
        .iter()
        .map(|input| match input.kind {
            InputKind::Rate { default } => default,
            InputKind::Bolus { .. } => 0.0,
        })
        .collect();
    let arm = Arm {
        name: name.to_string(),
        people: String::new(),
        parameters: model
            .parameters
            .iter()
            .map(|parameter| parameter.value)
            .collect(),
        changed: Vec::new(),
        status: Vec::new(),
        inputs: defaults,
        habitual: Vec::new(),
        breakpoints: Vec::new(),
        mean_inputs: Vec::new(),
        bouts: Vec::new(),
        doses: Vec::new(),
        x: None,
    };
    let mut builder = Builder {
        model,
        frame,
        arm,
        timeline: Timeline::default(),
    };
    builder.person(tree, out);
    builder.edges(tree, out);
    builder.parameters(tree, out);
    builder.status(tree, out);
    builder.diet(tree, out);
    builder.each(tree, "training", out, Builder::training);
    builder.each(tree, "meal", out, Builder::meal);
    builder.each(tree, "supplement", out, Builder::supplement);
    builder.each(tree, "stimulation", out, Builder::stimulation);
    builder.each(tree, "drive", out, Builder::drive);
    let mut arm = builder.arm;
    arm.mean_inputs = arm.inputs.clone();
    arm.breakpoints = builder.timeline.breakpoints(frame.duration_s);
    if let Some(offset) = model
        .parameters
        .iter()
        .position(|p| p.kind == ParameterKind::ClockOffset)
    {
        arm.parameters[offset] = frame.start_s;
    }
    arm
}

/// A quantity in `unit`, converted through the nutrient where mass meets amount or potency.
fn value_in(item: &Item, unit: &Unit, nutrient: Option<&Nutrient>, out: Out) -> Option<f64> {
    let quantity = match &item.value {
        Value::Number(number) => Quantity {
            value: *number,
            unit: Unit::one(),
        },
        Value::Text(text) => match Quantity::parse(text) {
            Ok(quantity) => quantity,
            Err(error) => {
                let message = format!("`{text}` is not a quantity: {}", error.message);
                let help = (!error.suggestions.is_empty())
                    .then(|| format!("did you mean {}?", error.suggestions.join(" or ")));
                out.push(problem_with_help(
                    "unknown-unit",
                    message,
                    item.within(error.range),
                    "not understood",
                    help,
                ));
                return None;
            }
        },
        _ => {
            let message = "a quantity is a string such as \"18 ug/L\"".to_string();
            out.push(problem(
                "wrong-kind",
                message,
                item.span.clone(),
                "a quantity",
            ));
            return None;
        }
    };
    let value = quantity
        .value_in(unit)
        .or_else(|| through(&quantity, unit, nutrient?));
    match value {
        Some(value) if value.is_finite() => Some(value),
        _ => {
            out.push(problem_with_help(
                "wrong-unit",
                format!(
                    "this needs {} ({}), here is {}",
                    unit.describe(),
                    unit.text,
                    quantity.unit.describe()
                ),
                item.span.clone(),
                &quantity.unit.describe(),
                Some(format!("write it in {}", unit.text)),
            ));
            None
        }
    }
}

fn through(quantity: &Quantity, unit: &Unit, nutrient: &Nutrient) -> Option<f64> {
    let gram_per_mole = Unit::parse("g/mol").ok()?;
    if let Some(mass) = nutrient.molar_mass_g_per_mol {
        let as_mass = quantity.unit.times(&gram_per_mole)?;
        if let Some(factor) = as_mass.ratio_to(unit) {
            return Some(quantity.value * mass * factor);
        }
        let as_amount = quantity.unit.per(&gram_per_mole)?;
        if let Some(factor) = as_amount.ratio_to(unit) {
            return Some(quantity.value / mass * factor);
        }
    }
    for (name, amount, amount_unit) in &nutrient.potency {
        let base = Unit::parse(name).ok()?;
        let converted = quantity.unit.per(&base)?.times(amount_unit)?;
        if let Some(factor) = converted.ratio_to(unit) {
            return Some(quantity.value * amount * factor);
        }
    }
    None
}

impl Builder<'_, '_> {
    fn sub<'t>(tree: &'t Tree, key: &'static str, out: Out) -> &'t [crate::model::file::Entry] {
        let mut reader = Reader::new(tree, "this scenario", tree.span.clone());
        reader
            .sub(key, out)
            .map(|table| table.entries.as_slice())
            .unwrap_or_default()
    }

    fn each(
        &mut self,
        tree: &Tree,
        key: &'static str,
        out: Out,
        read: fn(&mut Self, &mut Reader, Out) -> Option<()>,
    ) {
        let mut reader = Reader::new(tree, "this scenario", tree.span.clone());
        for item in reader.list(key, out).unwrap_or_default() {
            let Value::Table(table) = &item.value else {
                out.push(problem(
                    "wrong-kind",
                    format!("[[{key}]] is a table"),
                    item.span.clone(),
                    "a table",
                ));
                continue;
            };
            let mut inner = Reader::new(table, format!("this {key}"), item.span.clone());
            let _ = read(self, &mut inner, out);
        }
    }

    fn person(&mut self, tree: &Tree, out: Out) {
        let entries = Self::sub(tree, "person", out);
        let wanted = entries
            .iter()
            .find(|entry| entry.key == "people" || entry.key == "sex");
        let preset = match wanted.map(|entry| (&entry.item.value, entry)) {
            Some((Value::Text(text), entry)) => {
                let found = self
                    .model
                    .people
                    .iter()
                    .find(|p| p.name == *text || p.sex == *text);
                if found.is_none() {
                    let message = format!("reference.toml knows no people `{text}`");
                    let names = self
                        .model
                        .people
                        .iter()
                        .flat_map(|p| [p.name.as_str(), p.sex.as_str()]);
                    let help = suggestion(text, names);
                    out.push(problem_with_help(
                        "unknown-name",
                        message,
                        entry.item.span.clone(),
                        "not known",
                        help,
                    ));
                }
                found
            }
            _ => self.model.people.first(),
        };
        if let Some(people) = preset {
            self.arm.people = people.name.clone();
            for (id, value) in &people.parameters {
                self.arm.parameters[id.index()] = *value;
            }
            for (id, value) in &people.inputs {
                self.arm.inputs[id.index()] = *value;
            }
        }
        for entry in entries
            .iter()
            .filter(|entry| entry.key != "people" && entry.key != "sex")
        {
            self.parameter(&format!("person.{}", entry.key), entry, out);
        }
    }

    fn parameters(&mut self, tree: &Tree, out: Out) {
        for entry in Self::sub(tree, "parameters", out) {
            self.parameter(&entry.key, entry, out);
        }
    }

    fn parameter(&mut self, name: &str, entry: &crate::model::file::Entry, out: Out) {
        let Some(id) = self.model.parameter(name) else {
            let names: Vec<&str> = self
                .model
                .parameters
                .iter()
                .map(|p| p.name.as_str())
                .collect();
            out.push(problem_with_help(
                "unknown-name",
                format!("the model has no parameter `{name}`"),
                entry.key_span.clone(),
                "not known",
                suggestion(name, names),
            ));
            return;
        };
        let unit = &self.model.parameters[id.index()].unit;
        if let Some(value) = value_in(&entry.item, unit, None, out) {
            self.arm.parameters[id.index()] = value;
            self.arm.changed.push(id);
        }
    }

    fn edges(&mut self, tree: &Tree, out: Out) {
        let mut reader = Reader::new(tree, "this scenario", tree.span.clone());
        let mut off = Vec::new();
        let mut strengths = Vec::new();
        let mut least = None;
        if let Some(table) = reader.sub("edges", out) {
            let mut inner = Reader::new(table, "`edges`", table.span.clone());
            off = inner.texts("off", out);
            least = inner
                .text("min_grade", out)
                .and_then(|(text, _)| grade(text));
            if let Some(table) = inner.sub("strength", out) {
                for entry in &table.entries {
                    if let Value::Number(number) = entry.item.value {
                        strengths.push((entry.key.clone(), number, entry.key_span.clone()));
                    }
                }
            }
            inner.finish(out);
        }
        if let Some(least) = least.or(self.frame.overrides.min_grade) {
            for edge in self.model.edges.iter().filter(|edge| edge.grade > least) {
                if let Some(strength) = edge.strength {
                    self.arm.parameters[strength.index()] = 0.0;
                }
            }
        }
        let span = tree.span.clone();
        let given = self
            .frame
            .overrides
            .edges_off
            .iter()
            .map(|name| (name.clone(), 0.0, span.clone()));
        let given_strengths = self
            .frame
            .overrides
            .edge_strengths
            .iter()
            .map(|(name, value)| (name.clone(), *value, span.clone()));
        let off = off.into_iter().map(|(name, span)| (name, 0.0, span));
        for (name, value, span) in off.chain(strengths).chain(given).chain(given_strengths) {
            self.strength(&name, value, span, out);
        }
    }

    /// By dotted or bare name, or by the row of the list of edges.
    fn strength(&mut self, name: &str, value: f64, span: crate::diagnostics::Span, out: Out) {
        let bare = format!(".{name}");
        let fits = |edge: &&Edge| {
            edge.name == name || edge.name.ends_with(&bare) || edge.id.as_deref() == Some(name)
        };
        let mut waiting: Vec<&Edge> = self.model.edges.iter().filter(fits).collect();
        if waiting.is_empty() {
            let names: Vec<&str> = self
                .model
                .edges
                .iter()
                .map(|edge| edge.name.as_str())
                .collect();
            let message = format!("there is no edge `{name}`");
            out.push(problem_with_help(
                "unknown-name",
                message,
                span.clone(),
                "not known",
                suggestion(name, names),
            ));
        }
        if !(0.0..=2.0).contains(&value) {
            let message = format!("a strength lies between 0 and 2, not {value}");
            out.push(problem("impossible-value", message, span, "out of range"));
            return;
        }
        while let Some(edge) = waiting.pop() {
            if let Some(strength) = edge.strength {
                self.arm.parameters[strength.index()] = value;
                self.arm.changed.push(strength);
            }
            waiting.extend(edge.made_of.iter().map(|id| &self.model.edges[id.index()]));
        }
    }

    fn status(&mut self, tree: &Tree, out: Out) {
        for entry in Self::sub(tree, "status", out) {
            let found = self
                .model
                .biomarkers
                .iter()
                .position(|marker| marker.name == entry.key);
            let Some(at) = found else {
                let names: Vec<&str> = self
                    .model
                    .biomarkers
                    .iter()
                    .map(|marker| marker.name.as_str())
                    .collect();
                let message = format!("the model has no laboratory value `{}`", entry.key);
                let help = suggestion(&entry.key, names);
                out.push(problem_with_help(
                    "unknown-name",
                    message,
                    entry.key_span.clone(),
                    "not known",
                    help,
                ));
                continue;
            };
            let marker = &self.model.biomarkers[at];
            let Some(state) = marker.pins else {
                let message = format!(
                    "`{}` cannot be given as a status: no pool is set by it",
                    entry.key
                );
                out.push(problem(
                    "bad-status",
                    message,
                    entry.key_span.clone(),
                    "read only",
                ));
                continue;
            };
            if let Some(value) = value_in(&entry.item, &marker.unit, None, out) {
                if value <= 0.0 {
                    let message = format!("`{}` must be above zero", entry.key);
                    out.push(problem(
                        "impossible-value",
                        message,
                        entry.item.span.clone(),
                        "not above zero",
                    ));
                }
                self.arm.status.push((at, value, state));
            }
        }
    }

    /// Inputs with a role and key.
    fn driven(&self, role: Role, key: &str) -> Vec<InputId> {
        let fits = |input: &Input| input.role == Some(role) && input.key.as_deref() == Some(key);
        (0..self.model.inputs.len())
            .filter(|at| fits(&self.model.inputs[*at]))
            .map(|at| InputId(at as u32))
            .collect()
    }

    fn unknown_key(
        &self,
        role: Role,
        key: &str,
        span: crate::diagnostics::Span,
        what: &str,
        out: Out,
    ) {
        let known: Vec<&str> = self
            .model
            .inputs
            .iter()
            .filter(|i| i.role == Some(role))
            .filter_map(|i| i.key.as_deref())
            .collect();
        let help = suggestion(key, known.iter().copied())
            .or_else(|| Some(format!("known here: {}", known.join(", "))));
        out.push(problem_with_help(
            "unknown-key",
            format!("{what} has no key `{key}`"),
            span,
            "not known",
            help,
        ));
    }

    fn nutrient(&self, input: InputId) -> Option<&Nutrient> {
        self.model
            .nutrients
            .get(self.model.inputs[input.index()].nutrient.as_ref()?)
    }

    fn input_value(&self, input: InputId, item: &Item, out: Out) -> Option<f64> {
        let unit = &self.model.inputs[input.index()].unit;
        let value = value_in(item, unit, self.nutrient(input), out)?;
        if value < 0.0 && unit.dimension != Unit::parse("Cel").expect("a unit").dimension {
            let message = "this cannot be negative".to_string();
            out.push(problem(
                "impossible-value",
                message,
                item.span.clone(),
                "below zero",
            ));
            return None;
        }
        Some(value)
    }

    fn diet(&mut self, tree: &Tree, out: Out) {
        for entry in Self::sub(tree, "diet", out) {
            let inputs = self.driven(Role::Diet, &entry.key);
            if inputs.is_empty() {
                self.unknown_key(
                    Role::Diet,
                    &entry.key,
                    entry.key_span.clone(),
                    "the diet",
                    out,
                );
            }
            for input in inputs {
                if let Some(value) = self.input_value(input, &entry.item, out) {
                    self.arm.inputs[input.index()] = value;
                }
            }
        }
    }

    fn when(&self, reader: &mut Reader, out: Out) -> Option<Vec<f64>> {
        let (text, item) = reader.required_text("when", out)?;
        match schedule::instants(text, self.frame.start_s, self.frame.duration_s) {
            Ok(times) => Some(times),
            Err(why) => {
                let message = format!("this schedule cannot be read: {why}");
                out.push(problem(
                    "bad-schedule",
                    message,
                    item.span.clone(),
                    "not understood",
                ));
                None
            }
        }
    }

    fn training(&mut self, reader: &mut Reader, out: Out) -> Option<()> {
        let what = reader.required_text("what", out);
        let times = self.when(reader, out);
        let (text, item) = what?;
        let (verb, pieces) = match training::session(text) {
            Ok(session) => session,
            Err(why) => {
                out.push(problem(
                    "bad-training",
                    why,
                    item.span.clone(),
                    "not understood",
                ));
                return None;
            }
        };
        let Some(modality) = self
            .model
            .modalities
            .iter()
            .find(|m| m.verbs.contains(&verb))
        else {
            let verbs: Vec<&str> = self
                .model
                .modalities
                .iter()
                .flat_map(|m| m.verbs.iter().map(String::as_str))
                .collect();
            let help = suggestion(&verb, verbs.iter().copied())
                .or_else(|| Some(format!("known: {}", verbs.join(", "))));
            let message = format!("`{verb}` is not a kind of exercise that the model knows");
            out.push(problem_with_help(
                "unknown-name",
                message,
                item.span.clone(),
                "not known",
                help,
            ));
            return None;
        };
        let mut set = modality.set.clone();
        for entry in &reader.table.entries {
            if entry.key == "what" || entry.key == "when" {
                continue;
            }
            let inputs = self.driven(Role::Training, &entry.key);
            if inputs.is_empty() {
                self.unknown_key(
                    Role::Training,
                    &entry.key,
                    entry.key_span.clone(),
                    "this training",
                    out,
                );
            }
            for input in inputs {
                if let Some(value) = self.input_value(input, &entry.item, out) {
                    set.retain(|(known, _)| *known != input);
                    set.push((input, value));
                }
            }
        }
        let intensity = self.driven(Role::Training, "intensity");
        for start in times? {
            for piece in &pieces {
                for &input in &intensity {
                    self.timeline
                        .set(start + piece.from_s, input, piece.intensity);
                    self.reset(start + piece.to_s, input);
                }
                for &(input, value) in &set {
                    self.timeline.set(start + piece.from_s, input, value);
                    self.reset(start + piece.to_s, input);
                }
            }
            let to_s = start + pieces.last().map_or(0.0, |piece| piece.to_s);
            if let Some(other) = self
                .arm
                .bouts
                .iter()
                .find(|bout| start < bout.to_s && to_s > bout.from_s)
            {
                out.push(problem(
                    "overlapping-bouts",
                    format!(
                        "this session overlaps with \"{}\" at {} h",
                        other.label,
                        start / 3600.0
                    ),
                    item.span.clone(),
                    "one body does one thing at a time",
                ));
                return None;
            }
            self.arm.bouts.push(Bout {
                from_s: start,
                to_s,
                label: text.to_string(),
            });
        }
        Some(())
    }

    /// Back to what held before, unless something else begins at that very instant.
    fn reset(&mut self, at_s: f64, input: InputId) {
        let value = self.arm.inputs[input.index()];
        self.timeline
            .inputs
            .entry(ns(at_s))
            .or_default()
            .insert(0, (input.0, value));
    }

    fn meal(&mut self, reader: &mut Reader, out: Out) -> Option<()> {
        let times = self.when(reader, out);
        let title = reader
            .text("title", out)
            .map_or("meal".to_string(), |(text, _)| text.to_string());
        let lasting = reader
            .text("lasting", out)
            .and_then(|(t, item)| duration_s(t, item, out))
            .unwrap_or(1200.0);
        let mut parts = Vec::new();
        for entry in &reader.table.entries {
            if ["when", "title", "lasting"].contains(&entry.key.as_str()) {
                continue;
            }
            let inputs = self.driven(Role::Meal, &entry.key);
            if inputs.is_empty() {
                self.unknown_key(
                    Role::Meal,
                    &entry.key,
                    entry.key_span.clone(),
                    "a meal",
                    out,
                );
            }
            for input in inputs {
                parts.extend(
                    self.input_value(input, &entry.item, out)
                        .map(|value| (input, value)),
                );
            }
        }
        for at in times? {
            for &(input, value) in &parts {
                match self.model.inputs[input.index()].kind {
                    InputKind::Rate { .. } => {
                        self.timeline.set(at, input, value);
                        self.reset(at + lasting, input);
                    }
                    InputKind::Bolus { .. } => self.timeline.add(at, input, value),
                }
            }
            self.arm.doses.push(Dose {
                at_s: at,
                label: title.clone(),
            });
        }
        Some(())
    }

    fn supplement(&mut self, reader: &mut Reader, out: Out) -> Option<()> {
        let nutrient = reader.required_text("nutrient", out);
        let form = reader.text("form", out).map(|(text, _)| text.to_string());
        let dose = reader.required("dose", out);
        let times = self.when(reader, out);
        for entry in &reader.table.entries {
            if !["nutrient", "form", "dose", "when"].contains(&entry.key.as_str()) {
                let message = format!("a supplement has no key `{}`", entry.key);
                let help = suggestion(&entry.key, ["nutrient", "form", "dose", "when"]);
                out.push(problem_with_help(
                    "unknown-key",
                    message,
                    entry.key_span.clone(),
                    "not known",
                    help,
                ));
            }
        }
        let (name, name_item) = nutrient?;
        let key = form.map_or(name.to_string(), |form| format!("{name}.{form}"));
        let inputs = self.driven(Role::Supplement, &key);
        if inputs.is_empty() {
            self.unknown_key(
                Role::Supplement,
                &key,
                name_item.span.clone(),
                "the list of supplements",
                out,
            );
        }
        let dose = dose?;
        let mut amounts = Vec::new();
        for input in inputs {
            amounts.push((input, self.input_value(input, dose, out)?));
        }
        let label = match &dose.value {
            Value::Text(text) => format!("{text} {}", name.replace('_', " ")),
            _ => name.to_string(),
        };
        for at in times? {
            for &(input, amount) in &amounts {
                self.timeline.add(at, input, amount);
            }
            self.arm.doses.push(Dose {
                at_s: at,
                label: label.clone(),
            });
        }
        Some(())
    }

    fn stimulation(&mut self, reader: &mut Reader, out: Out) -> Option<()> {
        let what = reader.required_text("what", out);
        let mut starts = Vec::new();
        match reader.required("at", out).map(|item| (&item.value, item)) {
            Some((Value::Text(text), item)) => starts.extend(duration_s(text, item, out)),
            Some((Value::List(items), _)) => {
                for item in items {
                    if let Value::Text(text) = &item.value {
                        starts.extend(duration_s(text, item, out));
                    }
                }
            }
            _ => {}
        }
        let (text, item) = what?;
        let pulses = match pulses(text) {
            Ok(pulses) => pulses,
            Err(why) => {
                out.push(problem(
                    "bad-stimulation",
                    why,
                    item.span.clone(),
                    "not understood",
                ));
                return None;
            }
        };
        let inputs: Vec<(InputId, f64)> = self
            .model
            .inputs
            .iter()
            .enumerate()
            .filter(|(_, input)| input.role == Some(Role::Stimulation))
            .filter_map(|(at, input)| Some((InputId(at as u32), input.pulse_s?)))
            .collect();
        if inputs.is_empty() {
            let message = "this model cannot be stimulated pulse by pulse".to_string();
            out.push(problem(
                "bad-stimulation",
                message,
                item.span.clone(),
                "no such input",
            ));
        }
        for start in starts {
            for &(input, width) in &inputs {
                for pulse in &pulses {
                    self.timeline.set(start + pulse, input, 1.0);
                    self.reset(start + pulse + width, input);
                }
            }
            let last = pulses.last().copied().unwrap_or(0.0);
            self.arm.bouts.push(Bout {
                from_s: start,
                to_s: start + last,
                label: text.to_string(),
            });
        }
        Some(())
    }

    fn drive(&mut self, reader: &mut Reader, out: Out) -> Option<()> {
        let name = reader.required_text("input", out);
        let value = reader.item("value");
        let amount = reader.item("amount");
        let at = reader
            .text("at", out)
            .and_then(|(t, item)| duration_s(t, item, out));
        let lasting = reader
            .text("for", out)
            .and_then(|(t, item)| duration_s(t, item, out));
        let has_when = reader.item("when").is_some();
        let times = if has_when {
            self.when(reader, out)
        } else {
            Some(vec![at.unwrap_or(0.0)])
        };
        let (name, item) = name?;
        let found = self
            .model
            .inputs
            .iter()
            .position(|input| input.name == name);
        let Some(found) = found else {
            let names: Vec<&str> = self
                .model
                .inputs
                .iter()
                .map(|input| input.name.as_str())
                .collect();
            let message = format!("the model has no input `{name}`");
            out.push(problem_with_help(
                "unknown-name",
                message,
                item.span.clone(),
                "not known",
                suggestion(name, names),
            ));
            return None;
        };
        let input = InputId(found as u32);
        let bolus = matches!(self.model.inputs[found].kind, InputKind::Bolus { .. });
        let Some(given) = (if bolus { amount } else { value }) else {
            let wanted = if bolus {
                "`amount`: it enters at an instant"
            } else {
                "`value`: it is held for a time"
            };
            out.push(problem(
                "missing-key",
                format!("`{name}` takes {wanted}"),
                item.span.clone(),
                "this input",
            ));
            return None;
        };
        let quantity = self.input_value(input, given, out)?;
        for start in times? {
            if bolus {
                self.timeline.add(start, input, quantity);
                self.arm.doses.push(Dose {
                    at_s: start,
                    label: name.to_string(),
                });
            } else {
                self.timeline.set(start, input, quantity);
                if let Some(lasting) = lasting {
                    self.reset(start + lasting, input);
                }
            }
        }
        Some(())
    }
}

fn grade(text: &str) -> Option<Grade> {
    match text {
        "A" => Some(Grade::A),
        "B" => Some(Grade::B),
        "C" => Some(Grade::C),
        "D" => Some(Grade::D),
        _ => None,
    }
}

/// `"twitch"` or `"50 Hz for 1 s"` → pulse times after the start.
fn pulses(text: &str) -> Result<Vec<f64>, String> {
    if text.trim() == "twitch" {
        return Ok(vec![0.0]);
    }
    let wanted = "a stimulation reads `twitch` or `50 Hz for 1 s`";
    let (rate, time) = text.split_once(" for ").ok_or(wanted)?;
    let number = |text: &str, unit: &str| {
        let unit = Unit::parse(unit).expect("a known unit");
        Quantity::parse(text.trim())
            .ok()
            .and_then(|quantity| quantity.value_in(&unit))
            .filter(|v| *v > 0.0)
    };
    let (rate, time) = (
        number(rate, "Hz").ok_or(wanted)?,
        number(time, "s").ok_or(wanted)?,
    );
    let count = (rate * time - 1e-9).floor() as u64 + 1;
    if count > 1_000_000 {
        return Err("this is more than a million pulses".to_string());
    }
    Ok((0..count).map(|k| k as f64 / rate).collect())
}
