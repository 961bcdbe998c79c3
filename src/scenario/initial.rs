//! Where a run starts: reference equilibrium, the person's own equilibrium, warm-up.
//!
//! 1. The reference person at the reference diet, factor edges neutral: gives every `norm` and edge
//!    reference its value.
//! 2. The arm's person: pools that a status sets are pinned to it, pools slower than a year keep the
//!    reference value, the rest is solved for.
//! 3. A warm-up with the habitual schedule gives the phase of the day; pinned pools are restored daily.

use super::Arm;
use crate::compile::{Program, Slot};
use crate::engine::{
    Failure, Member, Options, Restore, Row, System, equilibrium, mean_rates, run_member,
};
use crate::model::evaluate::{Algebraic, Values};
use crate::model::*;

const DAY: f64 = 86_400.0;

/// Initial state and parameters with references filled in.
#[derive(Debug, Clone)]
pub struct Initial {
    pub parameters: Vec<f64>,
    pub state: Vec<f64>,
    /// Pools that a status pins: how fast each would drift under the habit, its unit per day.
    pub drift: Vec<(StateId, f64)>,
}

/// Why an arm has no start.
#[derive(Debug)]
pub struct Unsettled {
    pub failure: Failure,
    /// Laboratory values (index into the arm's status) of which any one stands in the way: without it
    /// there is a start.
    pub markers: Vec<usize>,
}

impl From<Failure> for Unsettled {
    fn from(failure: Failure) -> Self {
        Unsettled {
            failure,
            markers: Vec::new(),
        }
    }
}

/// Declared initial values of all engine states.
pub fn declared(model: &Model, program: &Program, parameters: &[f64]) -> Vec<f64> {
    let values = Values {
        model,
        parameters,
        inputs: &[],
        states: &[],
        time: 0.0,
    };
    // Initial values use parameters only (checked), so nothing else needs to be known.
    let nothing = Algebraic {
        variables: Vec::new(),
        processes: Vec::new(),
    };
    let mut state = vec![0.0; program.engine_states()];
    for (slot, declared) in state.iter_mut().zip(&model.states) {
        *slot = values.expr(&declared.initial, &nothing);
    }
    state
}

fn scales(model: &Model, program: &Program) -> Vec<f64> {
    let mut scale: Vec<f64> = model.states.iter().map(|state| state.scale).collect();
    scale.resize(program.engine_states(), 1.0);
    scale
}

/// Finds where an arm starts.
///
/// # Errors
/// The engine's reason if there is no equilibrium, and the laboratory values that stand in its way.
pub fn find(
    model: &Model,
    program: &Program,
    arm: &Arm,
    options: &Options,
    warm_up_s: f64,
    declared_only: bool,
) -> Result<Initial, Unsettled> {
    let reference = Reference::find(model, program, arm, declared_only)?;
    let mut start = settle(model, program, arm, &reference, declared_only)?;
    if let Some((member, options)) = warm_up(arm, options, warm_up_s, declared_only, &start) {
        start.warmed_up(model, run_member(program, &member, &options)?.final_state);
    }
    Ok(start)
}

/// The reference person of an arm: where the search for a start begins, and what `norm` and edges measure
/// against. It depends on the arm's people and parameters alone, edge strengths apart.
#[derive(Debug, Clone)]
pub struct Reference {
    state: Vec<f64>,
    values: Vec<f64>,
}

impl Reference {
    /// # Errors
    /// The engine's reason if the reference person has no equilibrium.
    pub fn find(
        model: &Model,
        program: &Program,
        arm: &Arm,
        declared_only: bool,
    ) -> Result<Reference, Failure> {
        let mut parameters = arm.parameters.clone();
        let state = if model.references.is_empty() && declared_only {
            declared(model, program, &parameters)
        } else {
            reference(model, program, arm, &mut parameters)?
        };
        let value = |reference: &crate::model::Reference| parameters[reference.parameter.index()];
        let values = model.references.iter().map(value).collect();
        Ok(Reference { state, values })
    }

    /// Two arms with the same key have the same reference, bit for bit.
    pub fn key(model: &Model, arm: &Arm) -> (String, Vec<u64>) {
        let free = |p: &Parameter| !matches!(p.kind, ParameterKind::EdgeStrength(_));
        let values = model.parameters.iter().zip(&arm.parameters);
        let bits = values.filter(|(p, _)| free(p)).map(|(_, v)| v.to_bits());
        (arm.people.clone(), bits.collect())
    }
}

/// Where an arm starts before its warm-up.
///
/// # Errors
/// As [`find`].
pub fn settle(
    model: &Model,
    program: &Program,
    arm: &Arm,
    reference: &Reference,
    declared_only: bool,
) -> Result<Initial, Unsettled> {
    let mut parameters = arm.parameters.clone();
    for (known, value) in model.references.iter().zip(&reference.values) {
        parameters[known.parameter.index()] = *value;
    }
    if declared_only {
        return Ok(Initial {
            state: declared(model, program, &parameters),
            parameters,
            drift: Vec::new(),
        });
    }
    let still = with_clock(model, &parameters, 0.0);
    let scale = scales(model, program);
    let settle = |status: &[(usize, f64, StateId)]| {
        let rows = rows(model, program, status, &reference.state, &still, false);
        equilibrium(program, &still, &arm.habit, &reference.state, &rows, &scale)
    };
    let state = settle(&arm.status).map_err(|failure| {
        let without = |k: &usize| {
            let mut others = arm.status.clone();
            others.remove(*k);
            settle(&others).is_ok()
        };
        let markers = (0..arm.status.len()).filter(without).collect();
        Unsettled { failure, markers }
    })?;
    let rates = mean_rates(program, &still, &arm.habit, &state);
    let pinned = arm.status.iter().map(|(_, _, state)| *state);
    let drift = pinned.map(|id| (id, rates[id.index()] * DAY)).collect();
    Ok(Initial {
        parameters,
        state,
        drift,
    })
}

impl Initial {
    /// Takes over the state at the end of the warm-up; what is counted is counted from here on.
    pub fn warmed_up(&mut self, model: &Model, mut state: Vec<f64>) {
        state[model.states.len()..].fill(0.0);
        self.state = state;
    }
}

fn with_clock(model: &Model, parameters: &[f64], on: f64) -> Vec<f64> {
    let mut changed = parameters.to_vec();
    for (slot, parameter) in changed.iter_mut().zip(&model.parameters) {
        if parameter.kind == ParameterKind::ClockOn {
            *slot = on;
        }
    }
    changed
}

/// Solves the reference person and writes every reference value into `parameters`.
fn reference(
    model: &Model,
    program: &Program,
    arm: &Arm,
    parameters: &mut [f64],
) -> Result<Vec<f64>, Failure> {
    let mut neutral = with_clock(model, parameters, 0.0);
    let people = model.people.iter().find(|people| people.name == arm.people);
    let mut person = Arm::resting("", model);
    if let Some(people) = people {
        person.adopt(people);
        for (id, value) in &people.parameters {
            neutral[id.index()] = *value;
        }
    }
    for (slot, parameter) in neutral.iter_mut().zip(&model.parameters) {
        if let ParameterKind::EdgeStrength(id) = parameter.kind {
            let structural = model.edges[id.index()].kind == EdgeKind::Structural;
            *slot = if structural { 1.0 } else { 0.0 };
        }
    }
    let Arm { inputs, habit, .. } = person;
    let mut state = declared(model, program, &neutral);
    let scale = scales(model, program);
    // norm(e) needs e at the equilibrium that it takes part in: iterate until nothing moves.
    for _ in 0..50 {
        let changed = read_references(model, program, &state, &inputs, &mut neutral);
        let rows = rows(model, program, &[], &state, &neutral, true);
        state = equilibrium(program, &neutral, &habit, &state, &rows, &scale)?;
        if changed < 1e-13 {
            break;
        }
    }
    read_references(model, program, &state, &inputs, &mut neutral);
    for reference in &model.references {
        parameters[reference.parameter.index()] = neutral[reference.parameter.index()];
    }
    Ok(state)
}

/// Sets references from the observables at a state; returns the largest relative change.
fn read_references(
    model: &Model,
    program: &Program,
    state: &[f64],
    inputs: &[f64],
    parameters: &mut [f64],
) -> f64 {
    let mut scratch = vec![[0.0]; System::<1>::scratch_len(program)];
    System::<1>::set_parameters(program, 0, parameters, &mut scratch);
    System::<1>::set_inputs(program, 0, inputs, &mut scratch);
    let y: Vec<[f64; 1]> = state.iter().map(|value| [*value]).collect();
    let mut values = vec![[0.0]; System::<1>::observable_count(program)];
    System::<1>::observe(program, &[0.0], &y, &mut values, &mut scratch);
    let mut most = 0.0f64;
    for (k, reference) in model.references.iter().enumerate() {
        let value = values[program.reference_observable(k)][0];
        let slot = &mut parameters[reference.parameter.index()];
        most = most.max((value - *slot).abs() / value.abs().max(1e-300));
        *slot = value;
    }
    most
}

/// One equation per engine state. `reference_person`: nothing is held.
fn rows(
    model: &Model,
    program: &Program,
    status: &[(usize, f64, StateId)],
    reference: &[f64],
    parameters: &[f64],
    reference_person: bool,
) -> Vec<Row> {
    let start = declared(model, program, parameters);
    let mut rows: Vec<Row> = (0..program.engine_states())
        .map(|at| match model.states.get(at) {
            None => Row::Hold(0.0),
            Some(state) if state.equilibrium == Equilibrium::Hold && !reference_person => {
                Row::Hold(reference[at])
            }
            Some(_) if never_moved(model, at) => Row::Hold(start[at]),
            Some(_) => Row::Steady,
        })
        .collect();
    for total in &model.conserved {
        let heaviest = total
            .weights
            .iter()
            .filter(|(state, _)| rows[state.index()] == Row::Steady)
            .max_by(|a, b| {
                (a.1 * start[a.0.index()])
                    .abs()
                    .total_cmp(&(b.1 * start[b.0.index()]).abs())
            });
        if let Some((state, _)) = heaviest {
            let weights: Vec<(usize, f64)> =
                total.weights.iter().map(|(s, w)| (s.index(), *w)).collect();
            let value = weights.iter().map(|(at, w)| w * start[*at]).sum();
            rows[state.index()] = Row::Total { weights, value };
        }
    }
    for (marker, value, state) in status {
        let column = Column::Biomarker(BiomarkerId(*marker as u32));
        if let Slot::Observable(index) = program.slot(column) {
            rows[state.index()] = Row::Observable {
                index,
                value: *value,
            };
        }
    }
    rows
}

/// Filled by boluses only: it has no equilibrium, it keeps what it holds.
fn never_moved(model: &Model, at: usize) -> bool {
    let id = StateId(at as u32);
    let moved = model
        .processes
        .iter()
        .any(|p| p.from.iter().chain(&p.to).any(|(state, _)| *state == id));
    !moved && !model.rates.iter().any(|rate| rate.state == id)
}

/// The warm-up as a member of its own; `None` if the start needs none.
pub fn warm_up(
    arm: &Arm,
    options: &Options,
    warm_up_s: f64,
    declared_only: bool,
    start: &Initial,
) -> Option<(Member, Options)> {
    if declared_only || warm_up_s <= 0.0 {
        return None;
    }
    let days = (warm_up_s / DAY).floor() as u32;
    let states: Vec<u32> = arm.status.iter().map(|(_, _, state)| state.0).collect();
    let member = Member {
        parameters: start.parameters.clone(),
        inputs: arm.inputs_at_warm_up.clone(),
        y0: start.state.clone(),
        t0: -warm_up_s,
        t_end: 0.0,
        breakpoints: arm.habitual.clone(),
        output_times: Vec::new(),
        restore: (!states.is_empty()).then(|| Restore {
            states,
            times: (0..days)
                .map(|day| -f64::from(days - 1 - day) * DAY)
                .collect(),
        }),
    };
    let options = Options {
        event_actions: Vec::new(),
        ..options.clone()
    };
    Some((member, options))
}
