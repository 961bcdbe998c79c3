//! Where a run starts: reference equilibrium, the person's own equilibrium, warm-up.
//!
//! 1. The reference person at the reference diet, factor edges neutral: gives every `norm` and edge
//!    reference its value.
//! 2. The arm's person: pools that a status sets are pinned to it, pools slower than a year keep the
//!    reference value, the rest is solved for.
//! 3. A warm-up with the habitual schedule gives the phase of the day; pinned pools are restored daily, and
//!    at the start each given laboratory value reads as given.
//!
//! Start reading at [`find`]; `reference.rs` holds the reference person, `search.rs` finds states where the straight way fails, `refusal.rs` says why
//! there is none.

mod reference;
mod refusal;
mod search;

pub use reference::{Reference, References};
pub use refusal::told;
pub use search::Refusal;

use super::Arm;
use crate::compile::{Program, Slot};
use crate::engine::{Failure, Member, Options, Restore, Row, System, mean_rates, run_member};
use crate::model::evaluate::{Algebraic, Values};
use crate::model::*;
use search::Search;

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
#[derive(Debug, Clone)]
pub struct Unsettled {
    pub failure: Failure,
    /// What is asked that no state has; `None` where the run before t = 0 itself failed.
    pub refusal: Option<Refusal>,
}

impl From<Failure> for Unsettled {
    fn from(failure: Failure) -> Self {
        Unsettled {
            failure,
            refusal: None,
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
    let alone = References::default();
    find_among(
        &alone,
        model,
        program,
        arm,
        options,
        warm_up_s,
        declared_only,
    )
}

/// The same beside others: whose reference person is known already is not solved again.
///
/// # Errors
/// As [`find`].
pub fn find_among(
    references: &References,
    model: &Model,
    program: &Program,
    arm: &Arm,
    options: &Options,
    warm_up_s: f64,
    declared_only: bool,
) -> Result<Initial, Unsettled> {
    let reference = references.find(model, program, arm, declared_only)?;
    let mut start = settle(model, program, arm, &reference, declared_only)?;
    let state = match warm_up(arm, options, warm_up_s, declared_only, &start) {
        Some((member, options)) => run_member(program, &member, &options)?.final_state,
        None => start.state.clone(),
    };
    if !declared_only {
        start.begin(model, program, arm, state)?;
    }
    Ok(start)
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
    for known in &model.references {
        let id = known.parameter.index();
        parameters[id] = reference.parameters[id];
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
    let search = Search {
        model,
        program,
        arm,
        reference: &reference.state,
        reference_habit: &reference.habit,
        reference_parameters: &reference.parameters,
        parameters: &still,
        scale: &scale,
    };
    let refused = |(failure, refusal)| Unsettled {
        failure,
        refusal: Some(refusal),
    };
    let state = search.settle().map_err(refused)?;
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
    /// Takes over the state at the end of the warm-up: what is counted is counted from here on, and given
    /// laboratory values read as given.
    ///
    /// # Errors
    /// Which laboratory value cannot be brought to read as given.
    pub fn begin(
        &mut self,
        model: &Model,
        program: &Program,
        arm: &Arm,
        mut state: Vec<f64>,
    ) -> Result<(), Unsettled> {
        state[model.states.len()..].fill(0.0);
        read_back(program, arm, &self.parameters, &mut state)?;
        self.state = state;
        Ok(())
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

/// All observables at a state.
fn observables(program: &Program, parameters: &[f64], inputs: &[f64], state: &[f64]) -> Vec<f64> {
    let mut scratch = vec![[0.0]; System::<1>::scratch_len(program)];
    System::<1>::set_parameters(program, 0, parameters, &mut scratch);
    System::<1>::set_inputs(program, 0, inputs, &mut scratch);
    let y: Vec<[f64; 1]> = state.iter().map(|value| [*value]).collect();
    let mut values = vec![[0.0]; System::<1>::observable_count(program)];
    System::<1>::observe(program, &[0.0], &y, &mut values, &mut scratch);
    values.into_iter().map(|[value]| value).collect()
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

/// How far a laboratory value may read from what was given, relative to it.
const READ_BACK: f64 = 0.01;

/// Sets the pools of given laboratory values so that each reads as given at t = 0: what else it is made of
/// has moved with the phase of the day.
fn read_back(
    program: &Program,
    arm: &Arm,
    parameters: &[f64],
    state: &mut [f64],
) -> Result<(), Unsettled> {
    let off = |state: &[f64], marker: usize| {
        let reads = search::readings(program, arm, parameters, &arm.inputs, state)[marker];
        reads / arm.status[marker].1 - 1.0
    };
    let worst = |state: &[f64]| {
        let markers = (0..arm.status.len()).map(|marker| (off(state, marker), marker));
        markers
            .filter(|(off, _)| off.is_nan() || off.abs() > READ_BACK)
            .max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()))
    };
    for _ in 0..2 * arm.status.len() {
        let Some((_, marker)) = worst(state) else {
            return Ok(());
        };
        let pool = arm.status[marker].2.index();
        let kept = state[pool];
        let found = share_of(1e-3, 1e3, |share| {
            state[pool] = kept * share;
            off(state, marker)
        });
        state[pool] = kept * found.unwrap_or(1.0);
        if found.is_none()
            && let Some((carrier, share)) = carrier(state, |state| off(state, marker))
        {
            state[carrier] *= share;
        }
    }
    let Some((off, marker)) = worst(state) else {
        return Ok(());
    };
    let pool = arm.status[marker].2;
    Err(Unsettled {
        failure: Failure::NoEquilibrium {
            state: pool.0,
            drift: 0.0,
        },
        refusal: Some(Refusal::Adrift {
            marker,
            reads: arm.status[marker].1 * (1.0 + off),
        }),
    })
}

/// The state that weighs most in a reading, and what it must be multiplied by to bring it right: a value that
/// follows its pool slowly has drifted with the days of the warm-up.
fn carrier(state: &[f64], off: impl Fn(&[f64]) -> f64) -> Option<(usize, f64)> {
    let now = off(state);
    let mut moved = state.to_vec();
    let mut weigh = |at: usize, share: f64| {
        moved[at] = state[at] * share;
        let there = off(&moved);
        moved[at] = state[at];
        there
    };
    let weight =
        |at: usize, weigh: &mut dyn FnMut(usize, f64) -> f64| (weigh(at, 1.01) - now).abs();
    let mut best = (0.0, 0);
    for at in 0..state.len() {
        let own = weight(at, &mut weigh);
        if own > best.0 {
            best = (own, at);
        }
    }
    let share = share_of(1e-2, 1e2, |share| weigh(best.1, share))?;
    Some((best.1, share))
}

/// Where a function of a share changes sign, by halving the interval of its logarithm.
fn share_of(mut low: f64, mut high: f64, mut f: impl FnMut(f64) -> f64) -> Option<f64> {
    let below = f(low) < 0.0;
    if below == (f(high) < 0.0) {
        return None;
    }
    for _ in 0..60 {
        let middle = (low * high).sqrt();
        match (f(middle) < 0.0) == below {
            true => low = middle,
            false => high = middle,
        }
    }
    Some((low * high).sqrt())
}
