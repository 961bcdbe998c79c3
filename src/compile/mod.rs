//! Checked [`Model`](crate::model::Model) → [`Program`]: expression graph → exact simplification →
//! derivatives → sparse Jacobian → grouped tape.
//!
//! Promises: the same model text gives the same program bit for bit; rewrites are exact in real
//! arithmetic and turn no finite result into NaN. Not known here: files, units, time steps.
//!
//! Start reading at [`compile`].
//!
//! The order of things the engine sees:
//! - engine states: the model's states in order, then one accumulator per boundary process in
//!   process order, then one per bolus input in input order (the amount that entered);
//! - engine inputs: the model's inputs in order (bolus inputs keep a slot that stays 0);
//! - observables: variables, processes, biomarkers, references, bolus coefficients
//!   (input order, then `to` order), each in model order;
//! - events: model order.

use crate::model::{Column, Model};

/// A compiled model: tapes and layout. Implements [`crate::engine::System`] for every lane count.
#[derive(Debug, Clone)]
pub struct Program {}

/// Where a column sits in a [`Trajectory`](crate::engine::Trajectory).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    State(usize),
    Observable(usize),
    Input(usize),
}

impl Program {
    /// Where to find a column in a trajectory.
    pub fn slot(&self, _column: Column) -> Slot {
        unimplemented!("compile")
    }
    /// Observable that holds reference `k` of the model.
    pub fn reference_observable(&self, _k: usize) -> usize {
        unimplemented!("compile")
    }
    /// Number of engine states (declared, then accumulators).
    pub fn engine_states(&self) -> usize {
        unimplemented!("compile")
    }
}

/// Compiles a checked model. Cannot fail on anything a user wrote.
pub fn compile(_model: &Model) -> Program {
    unimplemented!("compile")
}
