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
//! - engine inputs: the model's inputs in order (the slot of a bolus input is a mean flow per second:
//!   0 in runs, the habitual mean in equilibria);
//! - observables: variables, processes, biomarkers, references, bolus coefficients
//!   (input order, then `to` order), each in model order;
//! - events: model order.
//! - limits: model order, the side that should be lower first.

mod derivative;
mod graph;
mod jacobian;
mod program;
mod reference;
mod schedule;
mod simplify;

use std::sync::OnceLock;

use crate::engine::Pattern;
use crate::engine::evaluate::{Table, Tape};
use crate::model::{Column, InputId, InputKind, Model};

pub use program::compile;

/// A compiled model: tapes and layout. Implements [`crate::engine::System`] for every lane count.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    layout: Layout,
    tables: Vec<Table>,
    /// Values of the first slots.
    constants: Vec<f64>,
    /// First slot of the parameters, of the inputs, and the slot of time (states follow it).
    parameters: u32,
    inputs: u32,
    time: u32,
    scratch_len: usize,
    /// Once per member, and once per segment.
    parameter_tape: Tape,
    input_tape: Tape,
    rates: Outputs,
    /// Rates, entries of the pattern, ∂f/∂t.
    linearise: Outputs,
    pattern: Pattern,
    observe: Outputs,
    events: Outputs,
    limits: Outputs,
    /// One per input; `None` for rate inputs.
    boluses: Vec<Option<Bolus>>,
    /// Compiled when first asked for.
    at_reference: OnceLock<Box<Program>>,
}

/// The same results twice: by the interpreter, and by machine code where this tape is translated.
#[derive(Debug, Clone, PartialEq)]
struct Outputs {
    interpreted: Placed,
    native: Placed,
}

/// A tape and the slots in which it leaves its results.
#[derive(Debug, Clone, PartialEq)]
struct Placed {
    tape: Tape,
    slots: Vec<u32>,
}

/// What one unit of a bolus input changes.
#[derive(Debug, Clone, PartialEq)]
struct Bolus {
    /// Engine state that counts the amount.
    accumulator: usize,
    /// (engine state, observable that holds the coefficient).
    targets: Vec<(usize, usize)>,
}

/// Where the model's things are among engine states and observables.
#[derive(Debug, Clone, PartialEq)]
struct Layout {
    declared_states: usize,
    engine_states: usize,
    parameters: usize,
    inputs: usize,
    variables: usize,
    processes: usize,
    biomarkers: usize,
    references: usize,
    /// Engine state of each process's accumulator.
    accumulators: Vec<Option<usize>>,
    /// Engine state of each bolus input's accumulator.
    bolus_accumulators: Vec<Option<usize>>,
}

impl Layout {
    fn new(model: &Model) -> Layout {
        let mut next = model.states.len();
        let mut number = |counted: bool| {
            next += usize::from(counted);
            counted.then(|| next - 1)
        };
        let accumulators = model
            .processes
            .iter()
            .map(|p| number(p.boundary.is_some()))
            .collect();
        let is_bolus = |kind: &InputKind| matches!(kind, InputKind::Bolus { .. });
        let bolus_accumulators = model
            .inputs
            .iter()
            .map(|input| number(is_bolus(&input.kind)))
            .collect();
        Layout {
            declared_states: model.states.len(),
            engine_states: next,
            parameters: model.parameters.len(),
            inputs: model.inputs.len(),
            variables: model.variables.len(),
            processes: model.processes.len(),
            biomarkers: model.biomarkers.len(),
            references: model.references.len(),
            accumulators,
            bolus_accumulators,
        }
    }

    fn first_reference(&self) -> usize {
        self.variables + self.processes + self.biomarkers
    }

    fn first_bolus_observable(&self) -> usize {
        self.first_reference() + self.references
    }
}

/// Where a column sits in a [`Trajectory`](crate::engine::Trajectory).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    State(usize),
    Observable(usize),
    Input(usize),
}

impl Program {
    /// Where to find a column in a trajectory.
    ///
    /// # Panics
    /// For the accumulator of a process that crosses no boundary: there is none.
    pub fn slot(&self, column: Column) -> Slot {
        let layout = &self.layout;
        match column {
            Column::State(id) => Slot::State(id.index()),
            Column::Variable(id) => Slot::Observable(id.index()),
            Column::Process(id) => Slot::Observable(layout.variables + id.index()),
            Column::Biomarker(id) => {
                Slot::Observable(layout.variables + layout.processes + id.index())
            }
            Column::Input(id) => Slot::Input(id.index()),
            Column::Accumulator(id) => Slot::State(
                layout.accumulators[id.index()].expect("accumulators belong to boundary processes"),
            ),
        }
    }

    /// Observable that holds reference `k` of the model.
    pub fn reference_observable(&self, k: usize) -> usize {
        self.layout.first_reference() + k
    }

    /// Engine state that counts what entered through a bolus input; `None` for rate inputs.
    pub fn bolus_slot(&self, input: InputId) -> Option<usize> {
        self.layout.bolus_accumulators[input.index()]
    }

    /// The same model at its reference person ([`reference`]); the layout is that of this program. `model`
    /// is what this program was compiled from.
    pub fn at_reference(&self, model: &Model) -> &Program {
        self.at_reference
            .get_or_init(|| Box::new(compile(&reference::at_reference(model))))
    }

    /// Number of engine states (declared, then accumulators).
    pub fn engine_states(&self) -> usize {
        self.layout.engine_states
    }
}
