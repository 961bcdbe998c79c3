//! A member's settings → its arms.
//!
//! Most factors change a parameter, an edge strength or a laboratory value: these are found out once, by
//! resolving the scenario at both ends of the factor and looking at what moved, and then written straight
//! into the arms. Every other factor (a schedule, a dose, a diet) has the scenario resolved anew; members
//! that agree in all of these share the result.
//!
//! Promise: either way the arms are, bit for bit, those of the scenario with the same values set.

use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostics::Diagnostic;
use crate::model::file::{Item, Table as Tree, Value, problem_with_help};
use crate::model::{Model, ParameterId};
use crate::scenario::load::{Opened, set_item};
use crate::scenario::{Arm, Measure, Scenario, expect};
use crate::study::design::{Design, Factor, Form, Setting, Values};
use crate::units::{Quantity, Unit};

/// The scenario with every factor at its first probe.
#[derive(Debug, Clone)]
pub struct Template {
    tree: Tree,
    pub scenario: Arc<Scenario>,
    /// What each factor changes; `None`: the scenario is resolved anew.
    changes: Vec<Option<Vec<Change>>>,
    /// What records ask for: their times are added to those of the scenario.
    measures: Vec<Measure>,
}

/// A number in an arm that follows a factor.
#[derive(Debug, Clone, PartialEq)]
struct Change {
    arm: usize,
    slot: Slot,
    /// The slot's.
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Parameter(ParameterId),
    /// Laboratory value, by biomarker.
    Status(usize),
}

/// The arms of one member. Schedules are read in `scenario`; parameters and laboratory values here.
pub struct Varied {
    pub scenario: Arc<Scenario>,
    settings: Vec<Setting>,
}

/// Scenarios resolved for the members of a chunk, by the settings that need it.
#[derive(Default)]
pub struct Resolved {
    known: HashMap<Vec<String>, Result<Arc<Scenario>, String>>,
}

impl Template {
    /// Sets every factor of the design in the tree of a scenario and finds out what each changes.
    ///
    /// # Errors
    /// Every problem that the scenario has with a factor's values, at its place in the study.
    pub fn new(
        opened: &Opened,
        tree: &Tree,
        design: &Design,
        measures: Vec<Measure>,
    ) -> Result<Template, Vec<Diagnostic>> {
        let factors: Vec<&Factor> = design.factors().collect();
        let mut problems = Vec::new();
        let mut first = tree.clone();
        for factor in &factors {
            let probes = factor.probes();
            if let Err(found) = apply(&mut first, factor, &probes[0].item) {
                problems.push(*found);
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let scenario = opened.check(&first, Vec::new())?;
        let mut changes = vec![None; factors.len()];
        let (crowd, single): (Vec<usize>, Vec<usize>) =
            (0..factors.len()).partition(|at| is_plain_parameter(factors[*at]));
        for at in single {
            match probe_one(opened, &first, &scenario, factors[at]) {
                Ok(found) => changes[at] = found,
                Err(found) => problems.extend(found),
            }
        }
        // Parameters come by the hundred: all are tried at once.
        if !crowd.is_empty() {
            let mut high = first.clone();
            for at in &crowd {
                let probes = factors[*at].probes();
                apply(&mut high, factors[*at], &probes[1].item).map_err(|d| vec![*d])?;
            }
            let moved = opened.check(&high, Vec::new())?;
            for at in crowd {
                changes[at] = Some(changed(&scenario, &moved, factors[at], &opened.model));
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut template = Template {
            tree: first,
            scenario: Arc::new(scenario),
            changes,
            measures,
        };
        template.scenario = Arc::new(template.with_times((*template.scenario).clone()));
        Ok(template)
    }

    /// As `run` does for expectations: the times that measures ask for belong to the output.
    pub fn with_times(&self, mut scenario: Scenario) -> Scenario {
        let (times, end) = (&mut scenario.output_times, scenario.duration_s);
        for measure in &self.measures {
            expect::times(measure, times, end);
        }
        expect::times_in_bouts(self.measures.iter(), &scenario.arms, times);
        expect::times_after_pulses(self.measures.iter(), &scenario.arms, times);
        times.retain(|time| (0.0..=end).contains(time));
        times.sort_by(f64::total_cmp);
        times.dedup();
        scenario
    }

    /// What a member's arms are.
    ///
    /// # Errors
    /// Why the scenario cannot be resolved with these settings, in words.
    pub fn vary(
        &self,
        opened: &Opened,
        design: &Design,
        settings: Vec<Setting>,
        resolved: &mut Resolved,
    ) -> Result<Varied, String> {
        let slow: Vec<usize> = (0..settings.len())
            .filter(|at| self.changes[*at].is_none())
            .collect();
        let key: Vec<String> = slow
            .iter()
            .map(|at| format!("{:?}", settings[*at].item.value))
            .collect();
        let scenario = match resolved.known.get(&key) {
            Some(known) => known.clone()?,
            None => {
                let made = self.resolve(opened, design, &slow, &settings);
                resolved.known.insert(key, made.clone());
                made?
            }
        };
        Ok(Varied { scenario, settings })
    }

    fn resolve(
        &self,
        opened: &Opened,
        design: &Design,
        slow: &[usize],
        settings: &[Setting],
    ) -> Result<Arc<Scenario>, String> {
        if slow.is_empty() {
            return Ok(self.scenario.clone());
        }
        let factors: Vec<&Factor> = design.factors().collect();
        let mut tree = self.tree.clone();
        for at in slow {
            apply(&mut tree, factors[*at], &settings[*at].item).map_err(|d| d.message)?;
        }
        match opened.check(&tree, Vec::new()) {
            Ok(scenario) => Ok(Arc::new(self.with_times(scenario))),
            Err(problems) => Err(problems
                .first()
                .map_or(String::new(), |d| d.message.clone())),
        }
    }

    /// Arm `at` of a member, without its schedule: that is the scenario's.
    pub fn arm(&self, design: &Design, varied: &Varied, at: usize) -> Arm {
        let whole = &varied.scenario.arms[at];
        let mut arm = Arm {
            name: whole.name.clone(),
            people: whole.people.clone(),
            parameters: whole.parameters.clone(),
            changed: Vec::new(),
            status: whole.status.clone(),
            status_at: whole.status_at.clone(),
            inputs: whole.inputs.clone(),
            inputs_at_warm_up: Vec::new(),
            habitual: Vec::new(),
            breakpoints: Vec::new(),
            habit: whole.habit.clone(),
            bouts: Vec::new(),
            doses: Vec::new(),
            pulses: Vec::new(),
            x: None,
        };
        let settings = design.factors().zip(&varied.settings);
        for ((factor, setting), changes) in settings.zip(&self.changes) {
            let own = changes.iter().flatten().filter(|change| change.arm == at);
            for change in own {
                let value = converted(factor, setting, &change.unit);
                let value = value.expect("probed with this unit");
                *slot_of(&mut arm, change.slot).expect("probed in this arm") = value;
            }
        }
        arm
    }
}

impl Varied {
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }
}

/// The number that the scenario would make of a setting, in the unit of a slot: by the same conversion.
fn converted(factor: &Factor, setting: &Setting, unit: &Unit) -> Option<f64> {
    let quantity = match (&factor.values, &factor.form, &setting.item.value) {
        (_, _, Value::Number(value)) => Quantity {
            value: *value,
            unit: Unit::one(),
        },
        (Values::Spread(_), Form::Quantity(unit), _) => Quantity {
            value: setting.number?,
            unit: unit.clone(),
        },
        (_, _, Value::Text(text)) => Quantity::parse(text).ok()?,
        _ => return None,
    };
    quantity.value_in(unit)
}

/// Sets all paths of a factor.
fn apply(tree: &mut Tree, factor: &Factor, item: &Item) -> Result<(), Box<Diagnostic>> {
    for path in &factor.paths {
        set_item(tree, path, item.clone()).map_err(|why| {
            Box::new(problem_with_help(
                "bad-set",
                format!("`{path}` cannot be varied: {why}"),
                factor.place.span.clone(),
                "this path",
                Some("a path is table, index from 0, key: `supplement.0.dose`".to_string()),
            ))
        })?;
    }
    Ok(())
}

fn is_plain_parameter(factor: &Factor) -> bool {
    let spread = matches!(factor.values, Values::Spread(_));
    let written = !matches!(factor.form, Form::Text(_) | Form::AsWritten);
    spread
        && written
        && factor
            .paths
            .iter()
            .all(|path| path.starts_with("parameters."))
}

fn slot_of(arm: &mut Arm, slot: Slot) -> Option<&mut f64> {
    match slot {
        Slot::Parameter(id) => arm.parameters.get_mut(id.index()),
        Slot::Status(marker) => {
            let mut known = arm.status.iter_mut();
            known
                .find(|(known, ..)| *known == marker)
                .map(|(_, value, _)| value)
        }
    }
}

/// As many levels as are tried when a study is read.
const TRIED: usize = 64;

/// Resolves the scenario with the other values of a factor: what it changes, or `None` if that is more than
/// numbers in slots.
fn probe_one(
    opened: &Opened,
    first: &Tree,
    scenario: &Scenario,
    factor: &Factor,
) -> Result<Option<Vec<Change>>, Vec<Diagnostic>> {
    let probes = factor.probes();
    let step = probes.len().div_ceil(TRIED).max(1);
    let others = (1..probes.len()).filter(|at| at % step == 0 || at + 1 == probes.len());
    let mut problems = Vec::new();
    let mut moved = Vec::new();
    for at in others {
        let mut tree = first.clone();
        apply(&mut tree, factor, &probes[at].item).map_err(|problem| vec![*problem])?;
        match opened.check(&tree, Vec::new()) {
            Ok(scenario) => moved.push((at, scenario)),
            Err(found) => problems.extend(
                found
                    .into_iter()
                    .map(|problem| placed(problem, factor, &probes[at])),
            ),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut changes: Vec<Change> = Vec::new();
    let mut slots_only = true;
    for (_, other) in &moved {
        match differences(scenario, other, &opened.model) {
            Some(found) => {
                for change in found {
                    if !changes.contains(&change) {
                        changes.push(change);
                    }
                }
            }
            None => slots_only = false,
        }
    }
    if slots_only && changes.is_empty() && !moved.is_empty() {
        return Err(vec![problem_with_help(
            "no-effect",
            format!("varying `{}` changes nothing in this scenario", factor.name),
            factor.place.span.clone(),
            "without effect",
            Some("does every arm set it for itself? Vary what the arms leave open".to_string()),
        )]);
    }
    let all = std::iter::once((0, scenario)).chain(moved.iter().map(|(at, s)| (*at, s)));
    let follows = |change: &Change| {
        all.clone().all(|(at, scenario)| {
            let mut arm = scenario.arms[change.arm].clone();
            let wanted = converted(factor, &probes[at], &change.unit);
            let value = slot_of(&mut arm, change.slot).map(|value| value.to_bits());
            value.is_some() && value == wanted.map(f64::to_bits)
        })
    };
    let follow = slots_only && !moved.is_empty() && changes.iter().all(follows);
    Ok(follow.then_some(changes))
}

/// A problem that a value of a factor brings, told where the study names the factor.
fn placed(mut problem: Diagnostic, factor: &Factor, setting: &Setting) -> Diagnostic {
    let own = factor.place.span.file;
    let elsewhere = problem.span.as_ref().is_none_or(|span| span.file != own);
    if elsewhere {
        let scenario = problem.span.take();
        let message = format!("with `{}` = {}", factor.name, setting.label);
        problem.notes.push((message, scenario));
        problem.span = Some(factor.place.span.clone());
        problem.label = "this factor".to_string();
    }
    problem
}

/// The parameters and laboratory values in which two scenarios differ; `None` if they differ in more.
fn differences(a: &Scenario, b: &Scenario, model: &Model) -> Option<Vec<Change>> {
    let same = a.arms.len() == b.arms.len()
        && a.output_times == b.output_times
        && a.table_times == b.table_times
        && (a.duration_s, a.start_s, a.warm_up_s) == (b.duration_s, b.start_s, b.warm_up_s)
        && (a.method, a.rtol, a.declared_initial) == (b.method, b.rtol, b.declared_initial);
    if !same {
        return None;
    }
    let mut changes = Vec::new();
    for (at, (x, y)) in a.arms.iter().zip(&b.arms).enumerate() {
        let markers = |arm: &Arm| -> Vec<usize> { arm.status.iter().map(|(m, ..)| *m).collect() };
        let same = x.people == y.people
            && x.inputs == y.inputs
            && x.inputs_at_warm_up == y.inputs_at_warm_up
            && x.habitual == y.habitual
            && x.breakpoints == y.breakpoints
            && x.habit == y.habit
            && markers(x) == markers(y);
        if !same {
            return None;
        }
        let parameters = x.parameters.iter().zip(&y.parameters).enumerate();
        for (id, _) in parameters.filter(|(_, (x, y))| x.to_bits() != y.to_bits()) {
            changes.push(Change {
                arm: at,
                slot: Slot::Parameter(ParameterId(id as u32)),
                unit: model.parameters[id].unit.clone(),
            });
        }
        let values = x.status.iter().zip(&y.status);
        for (x, _) in values.filter(|(x, y)| x.1.to_bits() != y.1.to_bits()) {
            changes.push(Change {
                arm: at,
                slot: Slot::Status(x.0),
                unit: model.biomarkers[x.0].unit.clone(),
            });
        }
    }
    Some(changes)
}

/// What a plain parameter changes: its own slot, in every arm that does not set it for itself.
fn changed(first: &Scenario, moved: &Scenario, factor: &Factor, model: &Model) -> Vec<Change> {
    let probes = factor.probes();
    let mut changes = Vec::new();
    for path in &factor.paths {
        let name = path.strip_prefix("parameters.").unwrap_or(path);
        let Some(id) = model.parameter(name.trim_matches('"')) else {
            continue;
        };
        let unit = &model.parameters[id.index()].unit;
        for at in 0..first.arms.len() {
            let follows = |scenario: &Scenario, setting: &Setting| {
                let value = scenario.arms[at].parameters[id.index()];
                converted(factor, setting, unit).map(f64::to_bits) == Some(value.to_bits())
            };
            if follows(first, &probes[0]) && follows(moved, &probes[1]) {
                changes.push(Change {
                    arm: at,
                    slot: Slot::Parameter(id),
                    unit: unit.clone(),
                });
            }
        }
    }
    changes
}
