//! The reference person's steady state, in which every `norm` and every edge has its reference.
//!
//! In: a model, its program, the people of an arm. Out: a [`Reference`]. What `norm(e)` divides by is `e` at
//! the state that it takes part in, so that every `norm` is 1 there: the model written so is solved
//! ([`Program::at_reference`]). Where that has no single solution, the fixed point is found by Anderson's
//! acceleration (Walker & Ni 2011, *SIAM J. Numer. Anal.* 49, 1715).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use nalgebra::{DMatrix, DVector};

use super::search::{self, Refusal};
use super::{Unsettled, declared, observables, rows, scales, with_clock};
use crate::compile::Program;
use crate::engine::{Failure, Share, equilibrium, equilibrium_directly};
use crate::model::*;
use crate::scenario::Arm;

/// Rounds of the fixed point, and how many of them the next is made from.
const ROUNDS: usize = 50;
const DEPTH: usize = 12;
/// Change of a state, relative to its scale, that is round-off, and the one that still counts as found.
const ROUND_OFF: f64 = 1e-13;
const FOUND: f64 = 1e-10;

/// The reference person at rest in their own habit: where the search for a start begins, and what `norm` and
/// edges measure against. It depends on the arm's people and parameters alone, edge strengths apart.
#[derive(Debug, Clone)]
pub struct Reference {
    pub(super) state: Vec<f64>,
    /// With every factor edge neutral.
    pub(super) parameters: Vec<f64>,
    pub(super) habit: Vec<Share>,
}

impl Reference {
    /// # Errors
    /// Why the reference person has no equilibrium.
    fn find(
        model: &Model,
        program: &Program,
        arm: &Arm,
        declared_only: bool,
        others: &References,
    ) -> Result<Reference, Unsettled> {
        if declared_only && model.references.is_empty() {
            return Ok(Reference {
                state: Vec::new(),
                parameters: arm.parameters.clone(),
                habit: Vec::new(),
            });
        }
        reference(model, program, arm, others)
    }

    /// Two arms with the same key have the same reference, bit for bit.
    fn key(model: &Model, arm: &Arm) -> (String, Vec<u64>) {
        let free = |p: &Parameter| !matches!(p.kind, ParameterKind::EdgeStrength(_));
        let values = model.parameters.iter().zip(&arm.parameters);
        let bits = values.filter(|(p, _)| free(p)).map(|(_, v)| v.to_bits());
        (arm.people.clone(), bits.collect())
    }
}

/// People of a reference person and the bits of their parameters.
type Key = (String, Vec<u64>);
type Known = Arc<OnceLock<Result<Reference, Unsettled>>>;

/// Reference people of one model, each solved once.
#[derive(Default)]
pub struct References(Mutex<HashMap<Key, Known>>);

impl References {
    /// # Errors
    /// As [`Reference::find`].
    pub fn find(
        &self,
        model: &Model,
        program: &Program,
        arm: &Arm,
        declared_only: bool,
    ) -> Result<Reference, Unsettled> {
        let key = Reference::key(model, arm);
        let known = {
            let mut all = self.0.lock().unwrap_or_else(|broken| broken.into_inner());
            all.entry(key).or_default().clone()
        };
        let found = known.get_or_init(|| Reference::find(model, program, arm, declared_only, self));
        found.clone()
    }
}

/// Solves the reference person: straight, or on the way from the one with the model's own parameters, or
/// slowly.
fn reference(
    model: &Model,
    program: &Program,
    arm: &Arm,
    others: &References,
) -> Result<Reference, Unsettled> {
    let people = model.people.iter().find(|people| people.name == arm.people);
    let mut person = Arm::resting("", model);
    if let Some(people) = people {
        person.adopt(people);
    }
    let mut neutral = with_clock(model, &arm.parameters, 0.0);
    for (id, value) in people.iter().flat_map(|people| &people.parameters) {
        neutral[id.index()] = *value;
    }
    neutralise(model, &mut neutral);
    let is_usual = Reference::key(model, arm) == Reference::key(model, &person);
    let mut state = solved(model, program, &person, &mut neutral, false);
    let mut gone = 0.0;
    if state.is_none() && !is_usual {
        let usual = others.find(model, program, &person, false)?;
        match from_usual(model, program, &person, &usual, &mut neutral) {
            Ok(found) => state = Some(found),
            Err(share) => gone = share,
        }
    }
    let refused = |failure| match is_usual {
        true => Unsettled::from(failure),
        false => Unsettled {
            failure,
            refusal: Some(Refusal::NoReference { share: gone }),
        },
    };
    let state = match state {
        Some(state) => state,
        None => at_rest(model, program, &person, &mut neutral).map_err(refused)?,
    };
    Ok(Reference {
        state,
        parameters: neutral,
        habit: person.habit,
    })
}

/// Structural edges at one, the others without effect.
fn neutralise(model: &Model, parameters: &mut [f64]) {
    for (slot, parameter) in parameters.iter_mut().zip(&model.parameters) {
        if let ParameterKind::EdgeStrength(id) = parameter.kind {
            let structural = model.edges[id.index()].kind == EdgeKind::Structural;
            *slot = if structural { 1.0 } else { 0.0 };
        }
    }
}

/// The reference person's steady state, looked for from the declared values by Newton's steps alone, or
/// slowly.
fn solved(
    model: &Model,
    program: &Program,
    person: &Arm,
    parameters: &mut [f64],
    slowly: bool,
) -> Option<Vec<f64>> {
    let start = declared(model, program, parameters);
    let rows = rows(model, program, &[], &start, parameters, true);
    let (own, scale) = (program.at_reference(model), scales(model, program));
    let habit = &person.habit;
    let found = match slowly {
        true => equilibrium(own, parameters, habit, &start, &rows, &scale).ok(),
        false => equilibrium_directly(own, parameters, habit, &start, &rows, &scale),
    };
    let state = found.filter(|state| lacking(model, state).is_none())?;
    read_references(model, own, &state, &person.inputs, parameters);
    Some(state)
}

/// Where the model at its reference has no single steady state (what only its `norm` holds back goes anywhere
/// there), the fixed point is followed.
fn at_rest(
    model: &Model,
    program: &Program,
    person: &Arm,
    parameters: &mut [f64],
) -> Result<Vec<f64>, Failure> {
    if let Some(state) = solved(model, program, person, parameters, true) {
        return Ok(state);
    }
    let start = declared(model, program, parameters);
    let state = relaxed(model, program, person, parameters, start)?;
    match lacking(model, &state) {
        None => Ok(state),
        Some(at) => Err(Failure::NoEquilibrium {
            state: at as u32,
            drift: 0.0,
        }),
    }
}

fn lacking(model: &Model, state: &[f64]) -> Option<usize> {
    search::lacking(model, state, search::NOTHING)
}

/// A steady state with the references that it gives.
fn relaxed(
    model: &Model,
    program: &Program,
    person: &Arm,
    parameters: &mut [f64],
    start: Vec<f64>,
) -> Result<Vec<f64>, Failure> {
    let scale = scales(model, program);
    let mut iterates = Iterates::new(&scale);
    let mut given = start;
    let (mut least, mut restless) = (f64::INFINITY, 0);
    for _ in 0..ROUNDS {
        read_references(model, program, &given, &person.inputs, parameters);
        let rows = rows(model, program, &[], &given, parameters, true);
        let found = equilibrium(program, parameters, &person.habit, &given, &rows, &scale)?;
        let (at, change) = iterates.change(&given, &found);
        // Where it does not fall any more, it is round-off of the steady state itself.
        if change < ROUND_OFF || (change < FOUND && change >= least) {
            read_references(model, program, &found, &person.inputs, parameters);
            return Ok(found);
        }
        (least, restless) = (least.min(change), at);
        given = iterates.next(given, found);
    }
    Err(Failure::NoEquilibrium {
        state: restless as u32,
        drift: 0.0,
    })
}

/// Iterates of a fixed point: what was given and what came of it, per state and its scale.
struct Iterates<'s> {
    scale: &'s [f64],
    pairs: Vec<[DVector<f64>; 2]>,
}

impl<'s> Iterates<'s> {
    fn new(scale: &'s [f64]) -> Self {
        Iterates {
            scale,
            pairs: Vec::new(),
        }
    }

    fn scaled(&self, state: &[f64]) -> DVector<f64> {
        let scaled = state.iter().zip(self.scale).map(|(y, scale)| y / scale);
        DVector::from_iterator(state.len(), scaled)
    }

    /// The state that differs most, and by how much of its scale.
    fn change(&self, given: &[f64], found: &[f64]) -> (usize, f64) {
        let moved = self.scaled(found) - self.scaled(given);
        let at = moved.icamax();
        (at, moved[at].abs())
    }

    /// The next iterate: the mixture of the last results whose changes cancel best, in least squares.
    fn next(&mut self, given: Vec<f64>, found: Vec<f64>) -> Vec<f64> {
        if self.pairs.len() > DEPTH {
            self.pairs.remove(0);
        }
        self.pairs.push([self.scaled(&given), self.scaled(&found)]);
        let change = |[given, found]: &[DVector<f64>; 2]| found - given;
        let (last, older) = self.pairs.split_last().expect("just pushed");
        if older.is_empty() {
            return found;
        }
        let now = change(last);
        let columns: Vec<DVector<f64>> = older.iter().map(|pair| &now - change(pair)).collect();
        let least_squares = DMatrix::from_columns(&columns).svd(true, true);
        let Ok(weights) = least_squares.solve(&now, 1e-12) else {
            return found;
        };
        let mut next = last[1].clone();
        for (weight, pair) in weights.iter().zip(older) {
            next -= (&last[1] - &pair[1]) * *weight;
        }
        // A state that changes its sign or doubles was mixed too boldly; round-off of nothing may do so.
        let bold = |(next, found): (&f64, &f64)| {
            next.abs() > 1e-9 && (next * found < 0.0 || next.abs() > 2.0 * found.abs())
        };
        if next.iter().zip(&last[1]).any(bold) {
            return found;
        }
        next.iter()
            .zip(self.scale)
            .map(|(y, scale)| y * scale)
            .collect()
    }
}

/// The same for a person whose parameters differ from the model's own, followed from the one who has those;
/// else how much of the way leads somewhere.
fn from_usual(
    model: &Model,
    program: &Program,
    person: &Arm,
    usual: &Reference,
    parameters: &mut [f64],
) -> Result<Vec<f64>, f64> {
    let (own, scale) = (program.at_reference(model), scales(model, program));
    let path = |share: f64, guess: &[f64]| {
        let between = search::mixed(&usual.parameters, parameters, share);
        let rows = rows(model, program, &[], guess, &between, true);
        search::near(model, own, &between, &person.habit, guess, &rows, &scale)
    };
    let state = search::walk(&usual.state, 0.0, path).map_err(|ended| ended.share)?;
    read_references(model, own, &state, &person.inputs, parameters);
    Ok(state)
}

/// Sets references from the observables at a state. What is nothing there gives nothing to divide by: it
/// is measured by 1.
fn read_references(
    model: &Model,
    program: &Program,
    state: &[f64],
    inputs: &[f64],
    parameters: &mut [f64],
) {
    let values = observables(program, parameters, inputs, state);
    for (k, reference) in model.references.iter().enumerate() {
        let value = values[program.reference_observable(k)];
        parameters[reference.parameter.index()] = if value == 0.0 { 1.0 } else { value };
    }
}
