//! Puts tapes and layout together and answers the engine.
//!
//! Slots: constants, parameters, results that depend on parameters, inputs, results that depend on
//! inputs, time, states, then temporaries shared by the tapes that run at every evaluation.

use super::graph::{Graph, Level, Lowered, Node, NodeId, lower};
use super::jacobian::{differentiate, reachable};
use super::schedule::{Groups, Slots, grouped, lazy, persistent_tape, sharing_tape};
use super::{Bolus, Layout, Outputs, Placed, Program};
use crate::engine::evaluate::{Table, Tape};
use crate::engine::{Pattern, System};
use crate::model::{InputKind, Model};

/// Compiles a checked model. Cannot fail on anything a user wrote.
pub fn compile(model: &Model) -> Program {
    let Lowered {
        mut graph,
        variables,
        processes,
        biomarkers,
        references,
        bolus_coefficients,
        events,
        limits,
        rates,
    } = lower(model);
    let jacobian = differentiate(&mut graph, &rates);
    let observables = [
        variables,
        processes,
        biomarkers,
        references,
        bolus_coefficients,
    ]
    .concat();
    let linear = [&rates[..], &jacobian.entries, &jacobian.time].concat();

    let roots = [&linear[..], &observables, &events, &limits].concat();
    let mut assembly = Assembly::new(graph, model, &roots);
    let linearise = assembly.outputs(&linear);
    let rates_only = assembly.outputs(&rates);
    let observe = assembly.outputs(&observables);
    let events = assembly.outputs(&events);
    let limits = assembly.outputs(&limits);
    let layout = Layout::new(model);
    assert_eq!(
        layout.engine_states,
        rates.len(),
        "one rate per engine state"
    );
    Program {
        tables: model
            .tables
            .iter()
            .map(|t| Table::new(&t.x, &t.y, &t.values))
            .collect(),
        constants: assembly.constants,
        parameters: assembly.parameters,
        inputs: assembly.inputs,
        time: assembly.time,
        scratch_len: assembly.first_temporary as usize + assembly.temporaries as usize,
        parameter_tape: assembly.parameter_tape,
        input_tape: assembly.input_tape,
        rates: rates_only,
        linearise,
        pattern: jacobian.pattern,
        observe,
        events,
        limits,
        boluses: boluses(model, &layout),
        at_reference: std::sync::OnceLock::new(),
        layout,
    }
}

/// Slots and tapes while they are being laid out.
struct Assembly {
    graph: Graph,
    slots: Slots,
    constants: Vec<f64>,
    parameters: u32,
    inputs: u32,
    time: u32,
    parameter_tape: Tape,
    input_tape: Tape,
    first_temporary: u32,
    temporaries: u32,
}

impl Assembly {
    fn new(graph: Graph, model: &Model, roots: &[NodeId]) -> Assembly {
        let needed = reachable(&graph, roots);
        let operations = |graph: &Graph, level: Level| -> Vec<NodeId> {
            (0..graph.count() as u32)
                .map(NodeId)
                .filter(|&id| needed[id.index()] && graph.level(id) == level)
                .filter(|&id| matches!(graph.node(id), Node::Operation(..)))
                .collect()
        };
        let mut slots = Slots::new(&graph);
        let mut constants = Vec::new();
        for id in (0..graph.count() as u32).map(NodeId) {
            if let (true, Some(value)) = (needed[id.index()], graph.constant_value(id)) {
                slots.set(id, constants.len() as u32);
                constants.push(value);
            }
        }
        let parameters = constants.len() as u32;
        let mut next = parameters + model.parameters.len() as u32;
        let inputs = next;
        next += model.inputs.len() as u32;
        let time = next;
        next += 1 + model.states.len() as u32;
        for id in (0..graph.count() as u32).map(NodeId) {
            match graph.node(id) {
                Node::Parameter(k) => slots.set(id, parameters + k),
                Node::Input(k) => slots.set(id, inputs + k),
                Node::State(k) => slots.set(id, time + 1 + k),
                Node::Time => slots.set(id, time),
                Node::Constant(_) | Node::Operation(..) => {}
            }
        }
        let mut level_tape = |level: Level| {
            persistent_tape(&graph, &operations(&graph, level), &mut slots, &mut next)
        };
        // Tables of numbers alone are not folded and count as parameter work.
        let constant_tape = level_tape(Level::Constant);
        let parameter_tape = joined(constant_tape, level_tape(Level::Parameter));
        let input_tape = level_tape(Level::Input);
        Assembly {
            graph,
            slots,
            constants,
            parameters,
            inputs,
            time,
            parameter_tape,
            input_tape,
            first_temporary: next,
            temporaries: 0,
        }
    }

    /// A tape for these nodes, and where it leaves them.
    fn outputs(&mut self, roots: &[NodeId]) -> Outputs {
        let needed = reachable(&self.graph, roots);
        let nodes: Vec<NodeId> = (0..self.graph.count() as u32)
            .map(NodeId)
            .filter(|&id| needed[id.index()] && self.graph.level(id) == Level::State)
            .filter(|&id| matches!(self.graph.node(id), Node::Operation(..)))
            .collect();
        let interpreted = self.placed(&grouped(&self.graph, &nodes), roots);
        let native = self.placed(&lazy(&self.graph, &nodes, roots), roots);
        Outputs {
            interpreted,
            native,
        }
    }

    fn placed(&mut self, groups: &Groups, roots: &[NodeId]) -> Placed {
        let mut slots = self.slots.clone();
        let (tape, taken) =
            sharing_tape(&self.graph, groups, roots, &mut slots, self.first_temporary);
        self.temporaries = self.temporaries.max(taken);
        Placed {
            tape,
            slots: roots.iter().map(|&root| slots.get(root)).collect(),
        }
    }
}

fn joined(mut first: Tape, second: Tape) -> Tape {
    let offset = first.instructions.len() as u32;
    first.instructions.extend(second.instructions);
    first.runs.extend(second.runs.into_iter().map(|mut run| {
        run.start += offset;
        run.end += offset;
        run
    }));
    first
}

fn boluses(model: &Model, layout: &Layout) -> Vec<Option<Bolus>> {
    let mut observable = layout.first_bolus_observable();
    model
        .inputs
        .iter()
        .zip(&layout.bolus_accumulators)
        .map(|(input, &accumulator)| match &input.kind {
            InputKind::Rate { .. } => None,
            InputKind::Bolus { to } => {
                let targets = to
                    .iter()
                    .enumerate()
                    .map(|(k, (state, _))| (state.index(), observable + k))
                    .collect();
                observable += to.len();
                Some(Bolus {
                    accumulator: accumulator.expect("bolus inputs have one"),
                    targets,
                })
            }
        })
        .collect()
}

impl Program {
    /// Returns where the results are.
    fn run<'o, const W: usize>(
        &self,
        outputs: &'o Outputs,
        t: &[f64; W],
        y: &[[f64; W]],
        scratch: &mut [[f64; W]],
    ) -> &'o [u32] {
        let time = self.time as usize;
        let states = self.layout.declared_states;
        scratch[time] = *t;
        scratch[time + 1..time + 1 + states].copy_from_slice(&y[..states]);
        if outputs
            .native
            .tape
            .execute_translated(&self.tables, scratch)
        {
            return &outputs.native.slots;
        }
        outputs.interpreted.tape.interpret(&self.tables, scratch);
        &outputs.interpreted.slots
    }
}

impl<const W: usize> System<W> for Program {
    fn state_count(&self) -> usize {
        self.layout.engine_states
    }

    fn scratch_len(&self) -> usize {
        self.scratch_len
    }

    fn jacobian_pattern(&self) -> &Pattern {
        &self.pattern
    }

    fn set_parameters(&self, lane: usize, parameters: &[f64], scratch: &mut [[f64; W]]) {
        assert_eq!(
            parameters.len(),
            self.layout.parameters,
            "one value per parameter"
        );
        let first = self.parameters as usize;
        for (slot, &value) in scratch.iter_mut().zip(&self.constants) {
            slot[lane] = value;
        }
        for (slot, &value) in scratch[first..].iter_mut().zip(parameters) {
            slot[lane] = value;
        }
        self.parameter_tape
            .execute_lane(lane, &self.tables, scratch);
    }

    fn set_inputs(&self, lane: usize, inputs: &[f64], scratch: &mut [[f64; W]]) {
        assert_eq!(inputs.len(), self.layout.inputs, "one value per input");
        for (slot, &value) in scratch[self.inputs as usize..].iter_mut().zip(inputs) {
            slot[lane] = value;
        }
        self.input_tape.execute_lane(lane, &self.tables, scratch);
    }

    fn rates(
        &self,
        t: &[f64; W],
        y: &[[f64; W]],
        rates: &mut [[f64; W]],
        scratch: &mut [[f64; W]],
    ) {
        let slots = self.run(&self.rates, t, y, scratch);
        copy_out(slots, scratch, rates);
    }

    fn linearise(
        &self,
        t: &[f64; W],
        y: &[[f64; W]],
        rates: &mut [[f64; W]],
        jacobian: &mut [[f64; W]],
        time_derivative: &mut [[f64; W]],
        scratch: &mut [[f64; W]],
    ) {
        let slots = self.run(&self.linearise, t, y, scratch);
        let (of_rates, rest) = slots.split_at(self.layout.engine_states);
        let (of_jacobian, of_time) = rest.split_at(self.pattern.column.len());
        copy_out(of_rates, scratch, rates);
        copy_out(of_jacobian, scratch, jacobian);
        copy_out(of_time, scratch, time_derivative);
    }

    fn event_count(&self) -> usize {
        self.events.interpreted.slots.len()
    }

    fn events(
        &self,
        t: &[f64; W],
        y: &[[f64; W]],
        roots: &mut [[f64; W]],
        scratch: &mut [[f64; W]],
    ) {
        let slots = self.run(&self.events, t, y, scratch);
        copy_out(slots, scratch, roots);
    }

    fn limit_count(&self) -> usize {
        self.limits.interpreted.slots.len() / 2
    }

    fn limits(
        &self,
        t: &[f64; W],
        y: &[[f64; W]],
        sides: &mut [[f64; W]],
        scratch: &mut [[f64; W]],
    ) {
        let slots = self.run(&self.limits, t, y, scratch);
        copy_out(slots, scratch, sides);
    }

    fn observable_count(&self) -> usize {
        self.observe.interpreted.slots.len()
    }

    fn observe(
        &self,
        t: &[f64; W],
        y: &[[f64; W]],
        values: &mut [[f64; W]],
        scratch: &mut [[f64; W]],
    ) {
        let slots = self.run(&self.observe, t, y, scratch);
        copy_out(slots, scratch, values);
    }

    fn apply_bolus(
        &self,
        lane: usize,
        input: usize,
        amount: f64,
        t: f64,
        y: &mut [[f64; W]],
        scratch: &mut [[f64; W]],
    ) {
        let bolus = self.boluses[input]
            .as_ref()
            .expect("only bolus inputs receive amounts");
        let slots = self.run(&self.observe, &[t; W], y, scratch);
        for &(state, observable) in &bolus.targets {
            let coefficient = scratch[slots[observable] as usize][lane];
            y[state][lane] += amount * coefficient;
        }
        y[bolus.accumulator][lane] += amount;
    }
}

#[inline(always)]
fn copy_out<const W: usize>(slots: &[u32], from: &[[f64; W]], to: &mut [[f64; W]]) {
    for (value, &slot) in to.iter_mut().zip(slots) {
        *value = from[slot as usize];
    }
}
