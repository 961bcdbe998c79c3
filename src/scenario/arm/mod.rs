//! One protocol of a scenario → parameters, inputs and breakpoints.
//!
//! What is habitual (the diet with its meals, and every meal, supplement, training or drive with
//! `habitual = true`) goes on before t = 0 as well: it fills the warm-up and gives the mean rates
//! with which the start is solved for. Everything else begins at t = 0.
//!
//! `edges.rs` reads strengths, `intake.rs` what is eaten, `load.rs` what the body is put through,
//! `value.rs` quantities; `timeline.rs` collects it. Start reading at [`arm`].

mod edges;
mod intake;
mod load;
mod timeline;
mod value;

use std::collections::BTreeMap;

use super::load::Overrides;
use super::{Arm, schedule};
use crate::diagnostics::{Diagnostic, Span};
use crate::engine::Share;
use crate::model::file::{
    Entry, Item, Reader, Table as Tree, Value, problem_with_help, suggestion,
};
use crate::model::messages::{table_of, unknown_name, wrong_kind};
use crate::model::*;
use crate::units::Unit;
use timeline::Timeline;
use value::{possible, value_in};

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

/// Habits are averaged over twelve weeks: a whole number of periods of one to four, six and seven days.
const HABIT_S: f64 = 84.0 * 86_400.0;

/// What all arms share.
pub struct Frame<'a> {
    pub duration_s: f64,
    pub start_s: f64,
    pub warm_up_s: f64,
    /// The scenario starts from declared values: there is no time before t = 0, and no habit.
    pub declared: bool,
    /// The command line set the duration: what lies beyond the end is left out, not refused.
    pub cut_short: bool,
    pub overrides: &'a Overrides,
    /// Where the overrides stand.
    pub command_line: Span,
}

type Out<'a> = &'a mut Vec<Diagnostic>;

struct Builder<'a, 'f> {
    model: &'a Model,
    frame: &'a Frame<'f>,
    arm: Arm,
    timeline: Timeline,
    /// Sessions by their start, ns: when each ends, and what it is.
    sessions: BTreeMap<i128, (i128, String)>,
}

/// Resolves one arm of a scenario tree.
pub fn arm(name: &str, tree: &Tree, model: &Model, frame: &Frame, out: Out) -> Arm {
    let mut builder = Builder {
        model,
        frame,
        arm: Arm::resting(name, model),
        timeline: Timeline::default(),
        sessions: BTreeMap::new(),
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
    builder.finish()
}

impl Arm {
    /// An arm in which nothing happens, to nobody in particular.
    pub fn resting(name: &str, model: &Model) -> Arm {
        let default = |input: &Input| match input.kind {
            InputKind::Rate { default } => default,
            InputKind::Bolus { .. } => 0.0,
        };
        let mut arm = Arm {
            name: name.to_string(),
            people: String::new(),
            parameters: model.parameters.iter().map(|p| p.value).collect(),
            changed: Vec::new(),
            status: Vec::new(),
            status_at: Vec::new(),
            inputs: model.inputs.iter().map(default).collect(),
            inputs_at_warm_up: Vec::new(),
            habitual: Vec::new(),
            breakpoints: Vec::new(),
            habit: Vec::new(),
            bouts: Vec::new(),
            doses: Vec::new(),
            pulses: Vec::new(),
            x: None,
        };
        arm.settle();
        arm
    }

    /// Becomes one of the reference people.
    pub fn adopt(&mut self, people: &People) {
        self.people.clone_from(&people.name);
        for (id, value) in &people.parameters {
            self.parameters[id.index()] = *value;
        }
        for (id, value) in &people.inputs {
            self.inputs[id.index()] = *value;
        }
        self.settle();
    }

    /// The inputs that hold now are all it ever does.
    pub fn settle(&mut self) {
        self.habit = Share::always(&self.inputs).to_vec();
        self.inputs_at_warm_up.clone_from(&self.inputs);
    }
}

/// `"7.5 h"` from seconds.
pub fn in_unit_of_time(seconds: f64, unit: &Unit) -> String {
    let second = Unit::parse("s").expect("s is a unit");
    let value = seconds * second.ratio_to(unit).unwrap_or(1.0);
    format!("{} {}", (value * 1e6).round() / 1e6, unit.text)
}

fn impossible(message: String, item: &Item, label: &str, help: String, out: Out) {
    let (span, help) = (item.span.clone(), Some(help));
    out.push(problem_with_help(
        "impossible-value",
        message,
        span,
        label,
        help,
    ));
}

/// Refuses every key of a table that is not among `keys`.
fn only(reader: &Reader, keys: &[&'static str], out: Out) {
    let span = reader.name_span.clone();
    let mut own = Reader::new(reader.table, reader.what.clone(), span);
    for key in keys {
        own.item(key);
    }
    own.finish(out);
}

/// Reports a name that nobody knows, with what could be meant.
pub fn unknown<'n>(
    message: String,
    name: &str,
    known: impl IntoIterator<Item = &'n str>,
    span: Span,
    out: Out,
) {
    out.push(unknown_name(message, name, span, known));
}

impl Builder<'_, '_> {
    /// How far back habits reach, s.
    fn past(&self) -> f64 {
        if self.frame.declared {
            0.0
        } else {
            HABIT_S.max(self.frame.warm_up_s)
        }
    }

    fn finish(self) -> Arm {
        let Builder {
            model,
            frame,
            mut arm,
            timeline,
            ..
        } = self;
        arm.habit = timeline.habit(-HABIT_S, &arm.inputs);
        arm.inputs_at_warm_up = timeline.inputs_before(-frame.warm_up_s, &arm.inputs);
        arm.habitual = timeline.breakpoints(-frame.warm_up_s, 0.0);
        arm.breakpoints = timeline.breakpoints(0.0, frame.duration_s);
        arm.inputs = timeline.inputs_before(0.0, &arm.inputs);
        arm.bouts.retain(|bout| bout.to_s > 0.0);
        arm.doses.retain(|dose| dose.at_s >= 0.0);
        let clock = |p: &Parameter| p.kind == ParameterKind::ClockOffset;
        if let Some(offset) = model.parameters.iter().position(clock) {
            arm.parameters[offset] = frame.start_s;
        }
        arm
    }

    fn sub<'t>(tree: &'t Tree, key: &'static str, out: Out) -> &'t [Entry] {
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
            let Some(table) = table_of(&format!("[[{key}]]"), item, out) else {
                continue;
            };
            let mut inner = Reader::new(table, format!("this {key}"), item.span.clone());
            let _ = read(self, &mut inner, out);
        }
    }

    fn person(&mut self, tree: &Tree, out: Out) {
        let entries = Self::sub(tree, "person", out);
        let chooses = |entry: &&Entry| entry.key == "people" || entry.key == "sex";
        let model = self.model;
        let preset = match entries.iter().find(chooses) {
            Some(entry) => people(model, entry, out),
            None => model.people.first(),
        };
        if let Some(people) = preset {
            self.arm.adopt(people);
        }
        for entry in entries.iter().filter(|entry| !chooses(entry)) {
            self.parameter(&format!("person.{}", entry.key), entry, out);
        }
    }

    fn parameters(&mut self, tree: &Tree, out: Out) {
        for entry in Self::sub(tree, "parameters", out) {
            self.parameter(&entry.key, entry, out);
        }
    }

    fn parameter(&mut self, name: &str, entry: &Entry, out: Out) {
        let declared = |p: &&Parameter| p.kind == ParameterKind::Declared;
        let known = self.model.parameter(name);
        let Some(id) = known.filter(|id| declared(&&self.model.parameters[id.index()])) else {
            let names = self.model.parameters.iter().filter(declared);
            let message = format!("the model has no parameter `{name}`");
            let span = entry.key_span.clone();
            unknown(message, name, names.map(|p| p.name.as_str()), span, out);
            return;
        };
        let parameter = &self.model.parameters[id.index()];
        let unit = &parameter.unit;
        if let Some(value) = value_in(&entry.item, unit, None, out) {
            // Beyond the plausible range a scenario may ask what if; a sign that cannot be is a slip.
            if let Some((low, _)) = parameter
                .range
                .filter(|(low, _)| *low >= 0.0 && value < 0.0)
            {
                let message = format!("`{name}` cannot be negative");
                let help = format!("its plausible range begins at {low} {}", unit.text);
                impossible(message, &entry.item, "below zero", help, out);
            }
            self.arm.parameters[id.index()] = value;
            self.arm.changed.push(id);
        }
    }

    fn status(&mut self, tree: &Tree, out: Out) {
        let markers = &self.model.biomarkers;
        let mut given: Vec<(usize, f64, &Entry)> = Vec::new();
        for entry in Self::sub(tree, "status", out) {
            let Some(at) = markers.iter().position(|marker| marker.name == entry.key) else {
                let names = markers.iter().map(|marker| marker.name.as_str());
                let message = format!("the model has no laboratory value `{}`", entry.key);
                unknown(message, &entry.key, names, entry.key_span.clone(), out);
                continue;
            };
            if markers[at].pins.is_empty() {
                let message = format!(
                    "`{}` cannot be given as a status: no pool is set by it",
                    entry.key
                );
                let settable = markers.iter().filter(|marker| !marker.pins.is_empty());
                let names: Vec<&str> = settable.map(|marker| marker.name.as_str()).collect();
                let help = format!("can be given: {}", names.join(", "));
                out.push(problem_with_help(
                    "bad-status",
                    message,
                    entry.key_span.clone(),
                    "read only",
                    Some(help),
                ));
                continue;
            }
            if let Some(value) = value_in(&entry.item, &markers[at].unit, None, out) {
                if value <= 0.0 {
                    let message = format!("`{}` must be above zero", entry.key);
                    let help = "a laboratory reports nothing below it".to_string();
                    impossible(message, &entry.item, "not above zero", help, out);
                }
                given.push((at, value, entry));
            }
        }
        // Those with the fewest pools to choose from choose first.
        given.sort_by_key(|(at, ..)| markers[*at].pins.len());
        for (at, value, entry) in given {
            let taken = |state: &StateId| self.arm.status.iter().find(|(.., held)| held == state);
            let pools = &markers[at].pins;
            if let Some(state) = pools.iter().find(|state| taken(state).is_none()) {
                self.arm.status.push((at, value, *state));
                self.arm.status_at.push(entry.item.span.clone());
                continue;
            }
            let others = pools.iter().filter_map(taken);
            let others: Vec<&str> = others.map(|(k, ..)| markers[*k].name.as_str()).collect();
            out.push(problem_with_help(
                "bad-status",
                format!("`{}` sets a pool that is set already", entry.key),
                entry.key_span.clone(),
                "one value too many",
                Some(format!(
                    "give either it or {}: they set the same pool",
                    others.join(" and ")
                )),
            ));
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

    /// What the keys of a table set, each converted; `own` are the keys that mean something else.
    fn settings(
        &self,
        table: &Tree,
        own: &[&str],
        role: Role,
        what: &str,
        out: Out,
    ) -> Vec<(InputId, f64)> {
        let mut set = Vec::new();
        for entry in &table.entries {
            if own.contains(&entry.key.as_str()) {
                continue;
            }
            let inputs = self.driven(role, &entry.key);
            if inputs.is_empty() {
                self.unknown_key(role, own, entry, what, out);
            }
            for input in inputs {
                let value = self.input_value(input, &entry.item, out);
                set.extend(value.map(|value| (input, value)));
            }
        }
        set
    }

    fn unknown_key(&self, role: Role, own: &[&str], entry: &Entry, what: &str, out: Out) {
        let inputs = self.model.inputs.iter().filter(|i| i.role == Some(role));
        let mut known: Vec<&str> = inputs.filter_map(|i| i.key.as_deref()).collect();
        known.extend(own);
        known.sort_unstable();
        known.dedup();
        let help = suggestion(&entry.key, known.iter().copied())
            .or_else(|| Some(format!("known here: {}", known.join(", "))));
        out.push(problem_with_help(
            "unknown-key",
            format!("{what} has no key `{}`", entry.key),
            entry.key_span.clone(),
            "not known",
            help,
        ));
    }

    fn nutrient(&self, input: InputId) -> Option<&Nutrient> {
        let key = self.model.inputs[input.index()].nutrient.as_ref()?;
        self.model.nutrients.get(key)
    }

    fn input_value(&self, input: InputId, item: &Item, out: Out) -> Option<f64> {
        let Input {
            name, connected, ..
        } = &self.model.inputs[input.index()];
        if let Some(value) = connected {
            let message = format!("`{name}` cannot be driven: this model reads `{value}` for it");
            let help = "change what that follows from, or use a model that leaves it open";
            let (span, help) = (item.span.clone(), Some(help.to_string()));
            out.push(problem_with_help(
                "connected-input",
                message,
                span,
                "connected",
                help,
            ));
            return None;
        }
        let unit = &self.model.inputs[input.index()].unit;
        let nutrient = self.nutrient(input);
        let value = value_in(item, unit, nutrient, out)?;
        if value < 0.0 && unit.dimension != Unit::parse("Cel").expect("a unit").dimension {
            let message = "this cannot be negative".to_string();
            let help = "write an amount above zero, or leave it out".to_string();
            impossible(message, item, "below zero", help, out);
            return None;
        }
        possible(value, unit, nutrient, item, out).then_some(value)
    }

    /// `habitual = true`: it went on before t = 0 as well.
    fn habitual(&self, reader: &mut Reader, out: Out) -> bool {
        reader.truth("habitual", out).unwrap_or(false)
    }

    /// The instants of `when`, reaching into the past for a habit.
    fn when(&self, reader: &mut Reader, out: Out) -> Option<Vec<f64>> {
        let habitual = self.habitual(reader, out);
        let (text, item) = reader.required_text("when", out)?;
        let from_s = if habitual { -self.past() } else { 0.0 };
        let window = from_s..self.frame.duration_s;
        let refuse = |message: String, label, help: String, out: Out| {
            let (span, help) = (item.span.clone(), Some(help));
            out.push(problem_with_help(
                "bad-schedule",
                message,
                span,
                label,
                help,
            ));
            None
        };
        match schedule::instants(text, self.frame.start_s, window) {
            Ok(times) if times.is_empty() && !self.frame.cut_short => {
                let end = self.frame.duration_s;
                let end = in_unit_of_time(end, &self.model.time_unit);
                let help = format!("name a time before {end}, when the scenario ends");
                let message = "this never happens".to_string();
                refuse(message, "beyond the end", help, out)
            }
            Ok(times) => Some(times),
            Err(why) => {
                let message = format!("this schedule cannot be read: {why}");
                refuse(message, "not understood", schedule::FORMS.to_string(), out)
            }
        }
    }

    /// Holds an input for a time, then returns to what the diet and the defaults say. False, and a
    /// message, if something else holds it already.
    fn hold(
        &mut self,
        window: (f64, f64),
        (input, value): (InputId, f64),
        item: &Item,
        out: Out,
    ) -> bool {
        let rest = self.arm.inputs[input.index()];
        let Err(since) = self.timeline.hold(window, input, value, rest) else {
            return true;
        };
        let name = &self.model.inputs[input.index()].name;
        let unit = &self.model.time_unit;
        let message = format!(
            "at {} this sets `{name}`, which is held since {}",
            in_unit_of_time(window.0, unit),
            in_unit_of_time(since, unit)
        );
        out.push(problem_with_help(
            "overlap",
            message,
            item.span.clone(),
            "overlaps",
            Some("let one end before the next begins".to_string()),
        ));
        false
    }
}

fn people<'m>(model: &'m Model, entry: &Entry, out: Out) -> Option<&'m People> {
    let Value::Text(text) = &entry.item.value else {
        let name = format!("`{}`", entry.key);
        out.push(wrong_kind(&name, &entry.item, "a string"));
        return None;
    };
    let people = &model.people;
    let found = people.iter().find(|p| p.name == *text || p.sex == *text);
    if found.is_none() {
        let message = format!("reference.toml knows no people `{text}`");
        let names = people
            .iter()
            .flat_map(|p| [p.name.as_str(), p.sex.as_str()]);
        unknown(message, text, names, entry.item.span.clone(), out);
    }
    found
}
