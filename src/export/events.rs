//! What a scenario does to the body, and what the model itself waits for → SBML events.
//!
//! A schedule is one event that counts how often it has happened and waits for the next time; times, values
//! and amounts are parameters, so that they can be changed. What happens at t = 0 has already happened to the
//! values the file starts from. At one instant inputs are set first, then amounts enter in the order of the
//! scenario, each seeing what came before; then come the events of the model.

use std::collections::BTreeMap;

use super::math::{apply, math, name, second, unnamed};
use super::model::Document;
use super::names;
use super::series::{Series, series};
use super::xml::Element;
use crate::engine::Breakpoint;
use crate::model::*;
use crate::scenario::Arm;
use crate::units::Unit;

const NS: f64 = 1e9;

/// What happens at every instant of a series: inputs are set, or an amount enters.
struct Scheduled {
    series: Series,
    /// (input, value).
    set: Vec<(usize, f64)>,
    /// (bolus input, amount).
    add: Option<(usize, f64)>,
    priority: usize,
}

/// A key by which equal settings are found: input and bits of the value.
type Setting = (usize, u64);

fn ns(seconds: f64) -> i64 {
    (seconds * NS).round() as i64
}

/// All that happens after t = 0, as series.
fn scheduled(breakpoints: &[Breakpoint]) -> Vec<Scheduled> {
    let mut sets: BTreeMap<Setting, Vec<i64>> = BTreeMap::new();
    let mut adds: Vec<(Setting, Vec<i64>)> = Vec::new();
    for point in breakpoints.iter().filter(|point| ns(point.t) > 0) {
        // The last word about an input counts.
        let last: BTreeMap<u32, f64> = point.inputs.iter().copied().collect();
        for (input, value) in last {
            let times = sets.entry((input as usize, value.to_bits())).or_default();
            times.push(ns(point.t));
        }
        for (input, amount) in &point.boluses {
            let key = (*input as usize, amount.to_bits());
            match adds.iter_mut().find(|(known, _)| *known == key) {
                Some((_, times)) => times.push(ns(point.t)),
                None => adds.push((key, vec![ns(point.t)])),
            }
        }
    }
    let mut all: Vec<Scheduled> = Vec::new();
    for ((input, value), times) in sets {
        for series in series(&times) {
            let setting = (input, f64::from_bits(value));
            match all.iter_mut().find(|known| known.series == series) {
                Some(known) => known.set.push(setting),
                None => all.push(Scheduled {
                    series,
                    set: vec![setting],
                    add: None,
                    priority: 0,
                }),
            }
        }
    }
    let entering = adds.into_iter().flat_map(|((input, amount), times)| {
        series(&times)
            .into_iter()
            .map(move |series| (series, input, f64::from_bits(amount)))
    });
    let entering: Vec<_> = entering.collect();
    let most = entering.len();
    for known in &mut all {
        known.priority = most + 1;
    }
    for (rank, (series, input, amount)) in entering.into_iter().enumerate() {
        all.push(Scheduled {
            series,
            set: Vec::new(),
            add: Some((input, amount)),
            priority: most - rank,
        });
    }
    all.sort_by_key(|known| (known.series.first, usize::MAX - known.priority));
    all
}

/// Assignments of one event.
#[derive(Default)]
struct Assignments(Vec<Element>);

impl Assignments {
    fn set(&mut self, variable: &str, formula: Element) {
        let element = Element::new("eventAssignment").with("variable", variable);
        self.0.push(element.child(math(formula)));
    }
}

impl Document<'_, '_> {
    /// The events of a scenario's arm.
    pub fn schedule(&mut self, arm: &Arm) {
        for (at, what) in scheduled(&arm.breakpoints).into_iter().enumerate() {
            let id = format!("event_{}", at + 1);
            let label = self.label(arm, &what);
            let mut assignments = Assignments::default();
            let trigger = self.when(&id, &what.series, &mut assignments);
            for (k, (input, value)) in what.set.iter().enumerate() {
                self.set_input(
                    &format!("{id}__value_{}", k + 1),
                    *input,
                    *value,
                    &mut assignments,
                );
            }
            if let Some((input, amount)) = what.add {
                self.enter(&format!("{id}__amount"), input, amount, &mut assignments);
            }
            let initial = "false";
            self.event(&id, &label, (trigger, initial), what.priority, assignments);
        }
    }

    /// Parameters of a series, and the condition that its next instant has come.
    fn when(&mut self, id: &str, series: &Series, assignments: &mut Assignments) -> Element {
        let second = second();
        let time = self.math.time();
        if series.count == 1 {
            let at = format!("{id}__at");
            let value = series.first as f64 / NS;
            self.parameter(&at, "Time", Some(value), &second, true);
            return apply("geq", [time, name(&at)]);
        }
        let one = Unit::one();
        let [first, period, times, count] =
            ["first", "period", "times", "count"].map(|part| format!("{id}__{part}"));
        let whole = |ns: f64| ns % NS == 0.0;
        let in_seconds = whole(series.first as f64) && whole(series.period);
        let unit = if in_seconds {
            second.clone()
        } else {
            Unit::parse("ns").expect("ns is a unit")
        };
        let size = if in_seconds { NS } else { 1.0 };
        self.parameter(
            &first,
            "First time",
            Some(series.first as f64 / size),
            &unit,
            true,
        );
        self.parameter(&period, "Period", Some(series.period / size), &unit, true);
        self.parameter(
            &times,
            "How often in all",
            Some(series.count as f64),
            &one,
            true,
        );
        self.parameter(&count, "How often so far", Some(0.0), &one, false);
        let since = apply("times", [name(&count), name(&period)]);
        let next = if in_seconds {
            apply("plus", [name(&first), since])
        } else {
            // Whole nanoseconds, as the scenario counts them.
            let half = self.math.number(0.5, &unit);
            let since = apply("floor", [apply("plus", [since, half])]);
            let per_second = unnamed(unit.per(&second).unwrap_or_else(Unit::one));
            let scale = self.math.number(NS, &per_second);
            apply("divide", [apply("plus", [name(&first), since]), scale])
        };
        let step = self.math.number(1.0, &one);
        assignments.set(&count, apply("plus", [name(&count), step]));
        let due = apply("geq", [time, next]);
        let more = apply("lt", [name(&count), name(&times)]);
        apply("and", [due, more])
    }

    fn set_input(&mut self, id: &str, input: usize, value: f64, assignments: &mut Assignments) {
        let declared = &self.subject.model.inputs[input];
        self.parameter(id, "Value from then on", Some(value), &declared.unit, true);
        let target = names::id(&declared.name);
        if !self.ends_bouts() || !declared.ends_with_bout() {
            return assignments.set(&target, name(id));
        }
        // A bout that an event has ended stays over until it would have returned to zero.
        let ended = names::ended(declared);
        let (zero, half) = (
            self.math.number(0.0, &declared.unit),
            self.math.number(0.5, &Unit::one()),
        );
        if value == 0.0 {
            assignments.set(&target, name(id));
            let no = self.math.number(0.0, &Unit::one());
            return assignments.set(&ended, no);
        }
        let over = apply("gt", [name(&ended), half]);
        assignments.set(&target, choice(over, zero, name(id)));
    }

    /// Adds an amount to where a bolus input enters.
    fn enter(&mut self, id: &str, input: usize, amount: f64, assignments: &mut Assignments) {
        let model = self.subject.model;
        let declared = &model.inputs[input];
        self.parameter(id, "Amount", Some(amount), &declared.unit, true);
        if let InputKind::Bolus { to } = &declared.kind {
            for (state, share) in to {
                let share = self.math.expr(share).element;
                let part = apply("times", [name(id), share]);
                let state = names::id(&model.states[state.index()].name);
                assignments.set(&state, apply("plus", [name(&state), part]));
            }
        }
        let total = names::total(&declared.name);
        assignments.set(&total, apply("plus", [name(&total), name(id)]));
    }

    fn ends_bouts(&self) -> bool {
        let mut events = self.subject.model.events.iter();
        events.any(|event| event.action == EventAction::EndBout)
    }

    /// Inputs that the end of a bout sets to zero.
    fn bout_inputs(&self) -> Vec<&Input> {
        let inputs = self.subject.model.inputs.iter();
        inputs.filter(|input| input.ends_with_bout()).collect()
    }

    /// The events of the model: when each last fired, and how often.
    pub fn state_events(&mut self) {
        let model = self.subject.model;
        if self.ends_bouts() {
            for input in self
                .bout_inputs()
                .into_iter()
                .cloned()
                .collect::<Vec<Input>>()
            {
                let title = format!("1 while an event has ended the bout in {}", input.name);
                self.parameter(
                    &names::ended(&input),
                    &title,
                    Some(0.0),
                    &Unit::one(),
                    false,
                );
            }
        }
        for event in &model.events {
            let id = format!("event__{}", names::id(&event.name));
            let (time, count) = (format!("{id}__time"), format!("{id}__count"));
            self.parameter(
                &time,
                &format!("{}: last time", event.title),
                Some(0.0),
                &second(),
                false,
            );
            self.parameter(
                &count,
                &format!("{}: how often", event.title),
                Some(0.0),
                &Unit::one(),
                false,
            );
            let root = self.math.expr(&event.root);
            let zero = self.math.number(0.0, &root.unit);
            let trigger = apply("geq", [root.element, zero]);
            let mut assignments = Assignments::default();
            let now = self.math.time();
            assignments.set(&time, now);
            let one = self.math.number(1.0, &Unit::one());
            assignments.set(&count, apply("plus", [name(&count), one]));
            match event.action {
                EventAction::Mark => {}
                EventAction::Stop => {
                    let stopped = format!("{id}__stopped");
                    let title = format!("{}: the run ends here", event.title);
                    self.parameter(&stopped, &title, Some(0.0), &Unit::one(), false);
                    let one = self.math.number(1.0, &Unit::one());
                    assignments.set(&stopped, one);
                }
                EventAction::EndBout => self.end_bout(&mut assignments),
            }
            // True from the start means that it does not fire until it has been false.
            self.event(&id, &event.title, (trigger, "true"), 0, assignments);
        }
    }

    fn end_bout(&mut self, assignments: &mut Assignments) {
        for input in self
            .bout_inputs()
            .into_iter()
            .cloned()
            .collect::<Vec<Input>>()
        {
            let (target, ended) = (names::id(&input.name), names::ended(&input));
            let zero = self.math.number(0.0, &input.unit);
            let one = self.math.number(1.0, &Unit::one());
            let going_on = apply("neq", [name(&target), zero.clone()]);
            assignments.set(&ended, choice(going_on, one, name(&ended)));
            assignments.set(&target, zero);
        }
    }

    fn event(
        &mut self,
        id: &str,
        label: &str,
        (trigger, initial): (Element, &str),
        priority: usize,
        assignments: Assignments,
    ) {
        let trigger = Element::new("trigger")
            .with("initialValue", initial)
            .with("persistent", "true")
            .child(math(trigger));
        let rank = self.math.number(priority as f64, &Unit::one());
        let list = Element::new("listOfEventAssignments").children(assignments.0);
        let event = Element::new("event")
            .with("id", id)
            .with("name", label)
            .with("sboTerm", "SBO:0000231")
            .with("useValuesFromTriggerTime", "false")
            .child(trigger)
            .child(Element::new("priority").child(math(rank)))
            .child(list);
        self.events.push(event);
    }

    /// What a reader calls it: the dose or bout that begins then, or the inputs concerned.
    fn label(&self, arm: &Arm, what: &Scheduled) -> String {
        let at = |seconds: f64| ns(seconds) == what.series.first;
        let inputs = &self.subject.model.inputs;
        if let Some((input, _)) = what.add {
            let dose = arm.doses.iter().find(|dose| at(dose.at_s));
            return dose.map_or_else(|| inputs[input].name.clone(), |dose| dose.label.clone());
        }
        if let Some(bout) = arm.bouts.iter().find(|bout| at(bout.from_s)) {
            return bout.label.clone();
        }
        if let Some(bout) = arm.bouts.iter().find(|bout| at(bout.to_s)) {
            return format!("end of {}", bout.label);
        }
        if let Some(dose) = arm.doses.iter().find(|dose| at(dose.at_s)) {
            return dose.label.clone();
        }
        let names: Vec<&str> = what
            .set
            .iter()
            .map(|(at, _)| inputs[*at].name.as_str())
            .collect();
        names.join(", ")
    }
}

fn choice(condition: Element, yes: Element, no: Element) -> Element {
    Element::new("piecewise")
        .child(Element::new("piece").child(yes).child(condition))
        .child(Element::new("otherwise").child(no))
}
