//! Why a quantity differs between two arms: which states, inputs and parameters carry the difference at
//! the instant, which fluxes made the pool behind it differ, which edges it needs.
//!
//! - *Causes*: each differing argument is exchanged between the arms, once starting from either arm; the
//!   mean of both effects is its part (a Shapley value cut to its first and last terms).
//! - *Flows*: every flux of the pool, integrated from t = 0 by Gauss–Legendre quadrature on the dense
//!   output between breakpoints. What they leave over entered as doses.
//! - *Knockouts*: both arms run again without one edge at a time.

use rayon::prelude::*;

use super::{Instant, Unexplained, coefficient, reach, reach_before, value_of};
use crate::compile::{Program, Slot};
use crate::engine::{Trajectory, run_member};
use crate::model::*;
use crate::scenario::initial::References;
use crate::scenario::quadrature;
use crate::scenario::run::prepare;
use crate::scenario::{Arm, Scenario};

/// One argument whose difference carries part of the whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    pub name: String,
    pub unit: String,
    /// In the arm asked about and in the other.
    pub value: (f64, f64),
    /// Part of the difference of the quantity, in its unit.
    pub part: f64,
    state: Option<StateId>,
}

/// What a flux brought to the pool from t = 0 on, in its unit; negative if it drained it.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// `None`: what entered as doses and meals.
    pub process: Option<ProcessId>,
    pub amount: (f64, f64),
}

/// The difference when one edge is off in both arms.
#[derive(Debug, Clone, PartialEq)]
pub struct Knockout {
    pub edge: EdgeId,
    pub difference: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Why {
    /// In the arm asked about and in the other.
    pub value: (f64, f64),
    /// Largest part first. Empty for states: they are their own cause.
    pub causes: Vec<Cause>,
    /// The pool whose history is told.
    pub pool: Option<StateId>,
    /// Its content at t = 0 and at the instant, in either arm.
    pub start: (f64, f64),
    pub end: (f64, f64),
    /// Largest difference first.
    pub flows: Vec<Flow>,
    /// Largest change of the difference first; edges that are off in both arms are not tried.
    pub knockouts: Vec<Knockout>,
}

impl Why {
    pub fn difference(&self) -> f64 {
        self.value.0 - self.value.1
    }
}

/// Two arms, one quantity, one instant.
pub struct Question<'a> {
    pub model: &'a Model,
    pub program: &'a Program,
    pub scenario: &'a Scenario,
    /// The arm asked about, and the one it is compared with.
    pub arm: &'a Arm,
    pub other: &'a Arm,
    /// s.
    pub t: f64,
    pub column: Column,
}

impl Question<'_> {
    fn reach(&self, arm: &Arm) -> Result<Instant, Unexplained> {
        reach(self.model, self.program, self.scenario, arm, self.t)
    }

    fn read(&self, instant: &Instant) -> f64 {
        let values = instant.values(self.model);
        value_of(&values, &values.all(), self.column)
    }
}

/// Compares the arms. `progress` is called with (edges tried, edges).
///
/// # Errors
/// If either arm cannot be run that far.
pub fn why(
    question: &Question,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Why, Unexplained> {
    let here = question.reach(question.arm)?;
    let there = question.reach(question.other)?;
    let value = (question.read(&here), question.read(&there));
    let (causes, pool) = match question.column {
        Column::State(id) => (Vec::new(), Some(id)),
        _ => {
            let causes = causes(question, &here, &there);
            let pool = causes.iter().find_map(|cause| cause.state);
            (causes, pool)
        }
    };
    let mut why = Why {
        value,
        causes,
        pool,
        start: (f64::NAN, f64::NAN),
        end: (f64::NAN, f64::NAN),
        flows: Vec::new(),
        knockouts: knockouts(question, value, progress),
    };
    if let Some(pool) = pool {
        let a = history(question, question.arm, pool)?;
        let b = history(question, question.other, pool)?;
        why.start = (a.start, b.start);
        why.end = (a.end, b.end);
        why.flows = flows(question.model, pool, &a, &b);
    }
    Ok(why)
}

fn causes(question: &Question, here: &Instant, there: &Instant) -> Vec<Cause> {
    let model = question.model;
    let read = |instant: &Instant| question.read(instant);
    let (high, low) = (read(here), read(there));
    let mut causes = Vec::new();
    let copy = |from: &Instant| Instant {
        t: from.t,
        parameters: from.parameters.clone(),
        inputs: from.inputs.clone(),
        states: from.states.clone(),
    };
    // The effect of bringing one value from `here` into `there`, and of losing it from `here`.
    let mut part = |name: &str,
                    unit: &str,
                    value: (f64, f64),
                    state: Option<StateId>,
                    slot: &dyn Fn(&mut Instant) -> &mut f64| {
        if value.0 == value.1 || (value.0.is_nan() && value.1.is_nan()) {
            return;
        }
        let (mut with, mut without) = (copy(there), copy(here));
        *slot(&mut with) = value.0;
        *slot(&mut without) = value.1;
        let part = 0.5 * ((read(&with) - low) + (high - read(&without)));
        if part != 0.0 && part.is_finite() {
            causes.push(Cause {
                name: name.to_string(),
                unit: unit.to_string(),
                value,
                part,
                state,
            });
        }
    };
    for (at, state) in model.states.iter().enumerate() {
        let value = (here.states[at], there.states[at]);
        let id = Some(StateId(at as u32));
        part(&state.name, &state.unit.text, value, id, &move |i| {
            &mut i.states[at]
        });
    }
    for (at, input) in model.inputs.iter().enumerate() {
        let value = (here.inputs[at], there.inputs[at]);
        part(&input.name, &input.unit.text, value, None, &move |i| {
            &mut i.inputs[at]
        });
    }
    for (at, parameter) in model.parameters.iter().enumerate() {
        let value = (here.parameters[at], there.parameters[at]);
        part(
            &parameter.name,
            &parameter.unit.text,
            value,
            None,
            &move |i| &mut i.parameters[at],
        );
    }
    causes.sort_by(|a, b| b.part.abs().total_cmp(&a.part.abs()));
    causes
}

/// What happened to one pool in one arm.
struct History {
    start: f64,
    end: f64,
    /// (process, amount it brought).
    brought: Vec<(ProcessId, f64)>,
}

fn history(question: &Question, arm: &Arm, pool: StateId) -> Result<History, Unexplained> {
    let Question {
        model, program, t, ..
    } = *question;
    let (_, mut member, options) = prepare(
        model,
        program,
        question.scenario,
        arm,
        &References::default(),
    )
    .map_err(|unsettled| Unexplained::unsettled(model, arm, &unsettled))?;
    let stops: Vec<f64> = member.breakpoints.iter().map(|b| b.t).collect();
    let nodes = nodes(&stops, t);
    member.output_times = nodes.iter().map(|(time, _)| *time).chain([t]).collect();
    let start = member.y0[pool.index()];
    let run = run_member(program, &member, &options)?;
    let rows = run.states.chunks(run.final_state.len());
    let end = rows.last().map_or(f64::NAN, |row| row[pool.index()]);
    let brought = (0..model.processes.len())
        .map(|at| (at, coefficient(&model.processes[at], pool)))
        .filter(|(_, coefficient)| *coefficient != 0.0)
        .map(|(at, coefficient)| {
            let id = ProcessId(at as u32);
            let amount = integral(program, &run, Column::Process(id), &nodes);
            (id, coefficient * amount)
        })
        .collect();
    Ok(History {
        start,
        end,
        brought,
    })
}

/// Nodes and weights on [0, t], dense behind every stop, where fluxes change fastest.
fn nodes(stops: &[f64], t: f64) -> Vec<(f64, f64)> {
    let mut ends: Vec<f64> = stops
        .iter()
        .copied()
        .filter(|stop| (0.0..t).contains(stop))
        .collect();
    ends.insert(0, 0.0);
    ends.push(t);
    ends.dedup();
    quadrature::nodes(&ends, t / 8000.0, t / 400.0)
}

fn integral(program: &Program, run: &Trajectory, column: Column, nodes: &[(f64, f64)]) -> f64 {
    let Slot::Observable(at) = program.slot(column) else {
        return f64::NAN;
    };
    let width = run.observables.len() / run.times.len().max(1);
    let rows = run.observables.chunks(width.max(1));
    rows.zip(nodes)
        .map(|(row, (_, weight))| row[at] * weight)
        .sum()
}

fn flows(model: &Model, pool: StateId, a: &History, b: &History) -> Vec<Flow> {
    let mut flows: Vec<Flow> = a
        .brought
        .iter()
        .zip(&b.brought)
        .map(|((process, here), (_, there))| Flow {
            process: Some(*process),
            amount: (*here, *there),
        })
        .collect();
    let doses = |history: &History| {
        let moved: f64 = history.brought.iter().map(|(_, amount)| amount).sum();
        history.end - history.start - moved
    };
    let enters = |input: &Input| match &input.kind {
        InputKind::Bolus { to } => to.iter().any(|(state, _)| *state == pool),
        InputKind::Rate { .. } => false,
    };
    if model.inputs.iter().any(enters) {
        flows.push(Flow {
            process: None,
            amount: (doses(a), doses(b)),
        });
    }
    let gap = |flow: &Flow| (flow.amount.0 - flow.amount.1).abs();
    flows.sort_by(|a, b| gap(b).total_cmp(&gap(a)));
    flows
}

fn knockouts(
    question: &Question,
    value: (f64, f64),
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Vec<Knockout> {
    let Question {
        model, arm, other, ..
    } = *question;
    let done = std::sync::atomic::AtomicUsize::new(0);
    let on = |edge: &&Edge| {
        edge.strength.is_some_and(|id| {
            arm.parameters[id.index()] != 0.0 || other.parameters[id.index()] != 0.0
        })
    };
    let edges: Vec<&Edge> = model.edges.iter().filter(on).collect();
    let references = References::default();
    let (scenario, t) = (question.scenario, question.t);
    // Nothing after the instant is asked for, and no digit of these is in a table.
    let end = t.max(f64::MIN_POSITIVE);
    let without = |arm: &Arm, strength: ParameterId| {
        let mut arm = arm.clone();
        arm.parameters[strength.index()] = 0.0;
        let program = question.program;
        let instant = reach_before(model, program, scenario, &arm, &references, t, end).ok()?;
        Some(question.read(&instant))
    };
    let mut found: Vec<Knockout> = edges
        .par_iter()
        .filter_map(|edge| {
            let strength = edge.strength?;
            let difference = without(arm, strength)? - without(other, strength)?;
            let count = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            progress(count + 1, edges.len());
            let id = model
                .edges
                .iter()
                .position(|known| known.name == edge.name)?;
            Some(Knockout {
                edge: EdgeId(id as u32),
                difference,
            })
        })
        .collect();
    let whole = value.0 - value.1;
    found.sort_by(|a, b| {
        let change = |knockout: &Knockout| (knockout.difference - whole).abs();
        change(b).total_cmp(&change(a))
    });
    found
}
