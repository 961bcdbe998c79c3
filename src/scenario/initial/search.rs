//! A person's steady state where the straight way fails: followed step by step from one that is known.
//!
//! In: the reference person's state, an arm with its laboratory values. Out: a state without less than
//! nothing in any pool, or a [`Refusal`] that says which value no state of this person has.
//!
//! The way: from the reference person's habit to this one's, then each laboratory value from what it is
//! by itself to what is asked. A path that ends early has found how far a value can go.

use super::{observables, rows};
use crate::compile::{Program, Slot};
use crate::engine::evaluate::math::power;
use crate::engine::{Failure, Row, Share, equilibrium, equilibrium_directly, equilibrium_near};
use crate::model::*;
use crate::scenario::Arm;

/// Smallest step along a path, as a share of it.
const SMALLEST: f64 = 1e-3;
/// What a pool may lack, relative to its scale: round-off of nothing, and a trace.
pub const NOTHING: f64 = 1e-9;
const TRACE: f64 = 1e-2;
/// Steps along one path, failed ones included.
const MOST_STEPS: usize = 200;

/// How far a laboratory value goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Reach {
    /// What it is when it is not given.
    pub usual: f64,
    pub furthest: f64,
    /// The state that moves most there, relative to itself, and whether it falls.
    pub fastest: Option<(usize, bool)>,
}

/// Why no state has what is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// Whatever the person's pools, this value (index into the arm's status) is not reached.
    Unreachable { marker: usize, reach: Reach },
    /// It is reached alone, but not beside others (indices likewise).
    Conflict {
        marker: usize,
        with: Vec<usize>,
        reach: Reach,
    },
    /// Nothing is asked, and still this person has no steady state: how far the way from the reference
    /// person's habit leads (0 to 1).
    NoHabit { share: f64 },
    /// Not even the reference person has one with these parameters: how far the way from the model's own
    /// values leads.
    NoReference { share: f64 },
    /// The habit with its meals and training moves this value: it reads so much at the start.
    Adrift { marker: usize, reads: f64 },
}

/// (biomarker, value, the pool that it sets).
type Status = [(usize, f64, StateId)];

pub struct Search<'a> {
    pub model: &'a Model,
    pub program: &'a Program,
    pub arm: &'a Arm,
    /// The reference person's state and habit, and the parameters it was solved with.
    pub reference: &'a [f64],
    pub reference_habit: &'a [Share],
    pub reference_parameters: &'a [f64],
    /// The arm's own, the clock at rest.
    pub parameters: &'a [f64],
    pub scale: &'a [f64],
}

/// A path that ended early: the share of it that was gone, and the state there.
pub struct Ended {
    pub share: f64,
    pub state: Vec<f64>,
    /// The state that moved most in the last step, relative to itself, and whether it was falling.
    pub fastest: Option<(usize, bool)>,
}

impl Search<'_> {
    /// The straight way first, then the way from the reference person, then the slow ones: most of what has
    /// no state at all is known soon.
    pub fn settle(&self) -> Result<Vec<f64>, (Failure, Refusal)> {
        let status = &self.arm.status;
        let quick = self.directly(status);
        if let Some(state) = quick.or_else(|| self.beginning_at_reference(status).ok()) {
            return Ok(state);
        }
        let failure = match self.straight(status, NOTHING) {
            Ok(state) => return Ok(state),
            Err(failure) => failure,
        };
        let refused = |refusal| (failure.clone(), refusal);
        let base = self
            .habit()
            .map_err(|share| refused(Refusal::NoHabit { share }))?;
        if let Ok(state) = self.follow(&base, status, &self.readings(&base)) {
            return Ok(state);
        }
        let refusal = match self.one_by_one(base) {
            Ok(state) => return Ok(state),
            Err(refusal) => refusal,
        };
        self.straight(status, TRACE).map_err(|_| refused(refusal))
    }

    /// From the reference person's state by Newton's steps alone.
    fn directly(&self, status: &Status) -> Option<Vec<f64>> {
        let rows = self.rows(status);
        let habit = &self.arm.habit;
        let (start, scale) = (self.reference, self.scale);
        let state =
            equilibrium_directly(self.program, self.parameters, habit, start, &rows, scale)?;
        lacking(self.model, &state, NOTHING)
            .is_none()
            .then_some(state)
    }

    /// A state with a trace less than nothing somewhere is no better than one without, but it is kept where
    /// there is no other: what it says elsewhere is right, and the run tells.
    fn straight(&self, status: &Status, trace: f64) -> Result<Vec<f64>, Failure> {
        let rows = self.rows(status);
        let habit = &self.arm.habit;
        let (start, scale) = (self.reference, self.scale);
        let state = equilibrium(self.program, self.parameters, habit, start, &rows, scale)?;
        match lacking(self.model, &state, trace) {
            None => Ok(state),
            Some(at) => Err(Failure::NoEquilibrium {
                state: at as u32,
                drift: 0.0,
            }),
        }
    }

    fn rows(&self, status: &Status) -> Vec<Row> {
        rows(
            self.model,
            self.program,
            status,
            self.reference,
            self.parameters,
            false,
        )
    }

    /// The steady state of the arm's habit when no laboratory value is given; else how much of the way
    /// leads somewhere.
    fn habit(&self) -> Result<Vec<f64>, f64> {
        if let Some(state) = self.directly(&[]) {
            return Ok(state);
        }
        self.beginning_at_reference(&[]).or_else(|ended| {
            let kept = self.straight(&[], TRACE);
            kept.map_err(|_| ended.share)
        })
    }

    /// From the reference person to this one: habit, parameters and laboratory values at once, so that no
    /// value has to leave a plateau on which the habit alone would put it.
    fn beginning_at_reference(&self, status: &Status) -> Result<Vec<f64>, Ended> {
        let inputs = &self.arm.habit[0].inputs;
        let (from, to) = (self.reference_parameters, self.parameters);
        let now = read(self.program, status, from, inputs, self.reference);
        let weighed = |habit: &[Share], weight: f64| {
            let weighed = habit.iter().map(move |part| Share {
                share: weight * part.share,
                inputs: part.inputs.clone(),
            });
            weighed.collect::<Vec<Share>>()
        };
        let path = |share: f64, guess: &[f64]| {
            let parameters = mixed(from, to, share);
            // Observables are read at the first share: at the arm's own, all the way.
            let mut habit = weighed(&self.arm.habit, share);
            if share < 1.0 {
                habit.extend(weighed(self.reference_habit, 1.0 - share));
            }
            let rows = self.rows(&on_the_way(status, &now, share));
            self.near(&parameters, &habit, guess, &rows)
        };
        walk(self.reference, 0.0, path)
    }

    fn near(
        &self,
        parameters: &[f64],
        habit: &[Share],
        guess: &[f64],
        rows: &[Row],
    ) -> Option<Vec<f64>> {
        near(
            self.model,
            self.program,
            parameters,
            habit,
            guess,
            rows,
            self.scale,
        )
    }

    /// What every laboratory value of the arm reads at a state.
    pub fn readings(&self, state: &[f64]) -> Vec<f64> {
        readings(
            self.program,
            self.arm,
            self.parameters,
            &self.arm.habit[0].inputs,
            state,
        )
    }

    /// From a state with these readings to one with this status, all values at once: in equal ratios where
    /// both ends are above zero.
    fn follow(&self, from: &[f64], status: &Status, readings: &[f64]) -> Result<Vec<f64>, Ended> {
        let path = |share: f64, guess: &[f64]| {
            let rows = self.rows(&on_the_way(status, readings, share));
            self.near(self.parameters, &self.arm.habit, guess, &rows)
        };
        walk(from, 0.0, path)
    }

    /// One value after the other; the one that cannot follow is looked at alone and beside each of the
    /// others.
    fn one_by_one(&self, base: Vec<f64>) -> Result<Vec<f64>, Refusal> {
        let status = &self.arm.status;
        let usual = self.readings(&base);
        for marker in 0..status.len() {
            let (one, now) = (&[self.alone(marker)], &usual[marker..=marker]);
            if let Err(ended) = self.follow(&base, one, now)
                && self.beginning_at_reference(one).is_err()
            {
                let reach = self.reach(marker, usual[marker], &ended);
                return Err(Refusal::Unreachable { marker, reach });
            }
        }
        let mut state = base.clone();
        for marker in 0..status.len() {
            let readings = self.readings(&state);
            let these = &status[..=marker];
            state = match self.follow(&state, these, &readings[..=marker]) {
                Ok(next) => next,
                Err(ended) => self.beginning_at_reference(these).map_err(|_| {
                    let reach = self.reach(marker, readings[marker], &ended);
                    self.conflict(&base, marker, reach)
                })?,
            };
        }
        Ok(state)
    }

    /// What a value asks for where no other is given: it then sets the first of its pools, which beside
    /// others may be taken.
    fn alone(&self, marker: usize) -> (usize, f64, StateId) {
        let (biomarker, value, pool) = self.arm.status[marker];
        let first = self.model.biomarkers[biomarker].pins.first();
        (biomarker, value, first.copied().unwrap_or(pool))
    }

    fn reach(&self, marker: usize, usual: f64, ended: &Ended) -> Reach {
        Reach {
            usual,
            furthest: self.readings(&ended.state)[marker],
            fastest: ended.fastest,
        }
    }

    /// Which of the values before it stands in the way of this one; if none does alone, all together.
    fn conflict(&self, base: &[f64], marker: usize, reach: Reach) -> Refusal {
        let status = &self.arm.status;
        for other in 0..marker {
            let now = self.readings(base)[other];
            let Ok(beside) = self.follow(base, &status[other..=other], &[now]) else {
                continue;
            };
            let now = self.readings(&beside);
            let both = [status[other], status[marker]];
            if let Err(ended) = self.follow(&beside, &both, &[now[other], now[marker]])
                && self.beginning_at_reference(&both).is_err()
            {
                return Refusal::Conflict {
                    marker,
                    with: vec![other],
                    reach: self.reach(marker, now[marker], &ended),
                };
            }
        }
        Refusal::Conflict {
            marker,
            with: (0..marker).collect(),
            reach,
        }
    }
}

/// The first pool that holds less than nothing, by more than this share of its scale.
pub fn lacking(model: &Model, state: &[f64], trace: f64) -> Option<usize> {
    let mut pools = model.states.iter().zip(state);
    pools.position(|(pool, value)| !pool.signed && *value < -trace * pool.scale)
}

/// Parameters between two persons'.
pub fn mixed(from: &[f64], to: &[f64], share: f64) -> Vec<f64> {
    let pairs = from.iter().zip(to);
    let mix = |(from, to): (&f64, &f64)| match share {
        1.0 => *to,
        _ => from + share * (to - from),
    };
    pairs.map(mix).collect()
}

/// A steady state near a guess, with nothing below zero that is not signed.
pub fn near(
    model: &Model,
    program: &Program,
    parameters: &[f64],
    habit: &[Share],
    guess: &[f64],
    rows: &[Row],
    scale: &[f64],
) -> Option<Vec<f64>> {
    let mut signed: Vec<bool> = model.states.iter().map(|state| state.signed).collect();
    signed.resize(rows.len(), true);
    equilibrium_near(program, parameters, habit, guess, rows, scale, &signed)
}

/// What every laboratory value of an arm reads at a state under these inputs.
pub fn readings(
    program: &Program,
    arm: &Arm,
    parameters: &[f64],
    inputs: &[f64],
    state: &[f64],
) -> Vec<f64> {
    read(program, &arm.status, parameters, inputs, state)
}

fn read(
    program: &Program,
    status: &Status,
    parameters: &[f64],
    inputs: &[f64],
    state: &[f64],
) -> Vec<f64> {
    let values = observables(program, parameters, inputs, state);
    let read = |marker: usize| match program.slot(Column::Biomarker(BiomarkerId(marker as u32))) {
        Slot::Observable(at) => values[at],
        Slot::State(at) => state[at],
        Slot::Input(_) => f64::NAN,
    };
    status.iter().map(|(marker, ..)| read(*marker)).collect()
}

/// A status between what is read now and what is asked.
fn on_the_way(status: &Status, now: &[f64], share: f64) -> Vec<(usize, f64, StateId)> {
    let pairs = status.iter().zip(now);
    pairs
        .map(|((marker, wanted, pool), now)| (*marker, between(*now, *wanted, share), *pool))
        .collect()
}

/// A value on the way from one to another.
fn between(from: f64, to: f64, share: f64) -> f64 {
    match (share, from > 0.0 && to > 0.0) {
        (1.0, _) => to,
        (_, true) => from * power(to / from, share),
        (_, false) => from + share * (to - from),
    }
}

/// Follows a path of states from `share` to 1: steps grow where they succeed and shrink where they fail;
/// the guess goes on as the last step went.
pub fn walk(
    from: &[f64],
    share: f64,
    path: impl Fn(f64, &[f64]) -> Option<Vec<f64>>,
) -> Result<Vec<f64>, Ended> {
    let mut at = Ended {
        share,
        state: from.to_vec(),
        fastest: None,
    };
    let mut before: Option<Ended> = None;
    let mut step = 1.0 - share;
    for _ in 0..MOST_STEPS {
        let next = if at.share + step > 1.0 - 1e-9 {
            1.0
        } else {
            at.share + step
        };
        let guess = match &before {
            Some(before) => onward(before, &at, next),
            None => at.state.clone(),
        };
        match path(next, &guess).or_else(|| before.as_ref().and_then(|_| path(next, &at.state))) {
            Some(state) if next == 1.0 => return Ok(state),
            Some(state) => {
                let fastest = fastest(&at.state, &state);
                let next = Ended {
                    share: next,
                    state,
                    fastest,
                };
                before = Some(std::mem::replace(&mut at, next));
                step *= 1.6;
            }
            None => step *= 0.3,
        }
        if step < SMALLEST {
            break;
        }
    }
    Err(at)
}

/// Which state changes most from one to another, relative to itself, and whether it falls.
fn fastest(from: &[f64], to: &[f64]) -> Option<(usize, bool)> {
    let ratios = from.iter().zip(to).map(|(from, to)| (to / from).ln());
    // Traces of round-off double and halve at will.
    let there = |at: usize| from[at] > 1e-20 && to[at] > 1e-20;
    let moved = ratios.enumerate().filter(|(at, _)| there(*at));
    let most = moved.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
    most.map(|(at, ratio)| (at, ratio < 0.0))
}

/// Goes on as from `before` to `at`, by no more than a half of what is there.
fn onward(before: &Ended, at: &Ended, next: f64) -> Vec<f64> {
    let ratio = (next - at.share) / (at.share - before.share);
    let pairs = before.state.iter().zip(&at.state);
    let moved = |(was, now): (&f64, &f64)| {
        let most = 0.5 * now.abs();
        now + (ratio * (now - was)).clamp(-most, most)
    };
    pairs.map(moved).collect()
}
