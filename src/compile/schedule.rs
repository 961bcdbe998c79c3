//! Orders nodes so that equal operations stand together, and gives them slots.
//!
//! Promises: a node runs after its arguments; a slot is reused only after its last reader; the same
//! graph gives the same tape.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Graph, Node, NodeId};
use crate::engine::evaluate::{Instruction, Opcode, Run, Tape};

const NONE: u32 = u32::MAX;

/// Slots of nodes, indexed by node; [`NONE`] where a node has none.
#[derive(Debug, Clone)]
pub struct Slots(Vec<u32>);

impl Slots {
    pub fn new(graph: &Graph) -> Slots {
        Slots(vec![NONE; graph.count()])
    }

    pub fn set(&mut self, id: NodeId, slot: u32) {
        self.0[id.index()] = slot;
    }

    pub fn get(&self, id: NodeId) -> u32 {
        let slot = self.0[id.index()];
        assert_ne!(slot, NONE, "a node is read before it has a slot");
        slot
    }

    pub fn has(&self, id: NodeId) -> bool {
        self.0[id.index()] != NONE
    }
}

/// List scheduling: runs of one opcode as long as the dependencies allow.
///
/// `nodes`: operations whose other arguments are there already, ascending.
pub fn order(graph: &Graph, nodes: &[NodeId]) -> Vec<(Opcode, Vec<NodeId>)> {
    let inside: BTreeSet<NodeId> = nodes.iter().copied().collect();
    let mut waiting: BTreeMap<NodeId, usize> = BTreeMap::new();
    let mut users: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
    let mut ready: BTreeMap<Opcode, BTreeSet<NodeId>> = BTreeMap::new();
    for &id in nodes {
        let (opcode, arguments) = operation(graph, id);
        let needs: BTreeSet<NodeId> = arguments
            .iter()
            .copied()
            .filter(|a| inside.contains(a))
            .collect();
        for &need in &needs {
            users.entry(need).or_default().push(id);
        }
        waiting.insert(id, needs.len());
        if needs.is_empty() {
            ready.entry(opcode).or_default().insert(id);
        }
    }
    let mut groups = Vec::new();
    while let Some(opcode) = next_opcode(&ready) {
        let mut group = Vec::new();
        // What becomes ready meanwhile joins the same run.
        while let Some(id) = ready.get_mut(&opcode).and_then(BTreeSet::pop_first) {
            group.push(id);
            for &user in users.get(&id).into_iter().flatten() {
                let left = waiting.get_mut(&user).expect("every node is counted");
                *left -= 1;
                if *left == 0 {
                    ready
                        .entry(operation(graph, user).0)
                        .or_default()
                        .insert(user);
                }
            }
        }
        ready.remove(&opcode);
        groups.push((opcode, group));
    }
    groups
}

/// Cheap operations first, so that dear ones gather; then the opcode with most nodes ready.
fn next_opcode(ready: &BTreeMap<Opcode, BTreeSet<NodeId>>) -> Option<Opcode> {
    ready
        .iter()
        .filter(|(_, nodes)| !nodes.is_empty())
        .max_by_key(|(opcode, nodes)| (opcode.is_cheap(), nodes.len()))
        .map(|(&opcode, _)| opcode)
}

/// A tape whose every result keeps its own slot from `next` on.
pub fn persistent_tape(graph: &Graph, nodes: &[NodeId], slots: &mut Slots, next: &mut u32) -> Tape {
    let mut tape = Tape::default();
    for (opcode, group) in order(graph, nodes) {
        push_run(&mut tape, graph, opcode, &group, slots, |id, slots| {
            slots.set(id, *next);
            *next += 1;
        });
    }
    tape
}

/// A tape whose results share slots from `first` on; `roots` stay readable after it has run.
///
/// Returns the tape and the number of slots it took. `slots` afterwards holds every node's slot, valid
/// at the end for roots only.
pub fn sharing_tape(
    graph: &Graph,
    nodes: &[NodeId],
    roots: &[NodeId],
    slots: &mut Slots,
    first: u32,
) -> (Tape, u32) {
    let groups = order(graph, nodes);
    let last_reader = last_readers(graph, &groups, roots);
    let mut free: BTreeSet<u32> = BTreeSet::new();
    let mut taken = 0;
    let mut tape = Tape::default();
    let mut step = 0;
    for (opcode, group) in &groups {
        push_run(&mut tape, graph, *opcode, group, slots, |id, slots| {
            // Arguments are read before the result is written, so their slots are free for it.
            for &argument in operation(graph, id).1.iter() {
                if last_reader.get(&argument) == Some(&step) && slots.has(argument) {
                    free.insert(slots.get(argument));
                }
            }
            let slot = free.pop_first().unwrap_or_else(|| {
                taken += 1;
                first + taken - 1
            });
            slots.set(id, slot);
            step += 1;
        });
    }
    (tape, taken)
}

/// For every node of the tape, the step that reads it last; roots are read after the end. A node that
/// nobody reads is not in the tape.
fn last_readers(
    graph: &Graph,
    groups: &[(Opcode, Vec<NodeId>)],
    roots: &[NodeId],
) -> BTreeMap<NodeId, usize> {
    let steps: Vec<NodeId> = groups
        .iter()
        .flat_map(|(_, group)| group.iter().copied())
        .collect();
    let inside: BTreeSet<NodeId> = steps.iter().copied().collect();
    let mut last = BTreeMap::new();
    for (step, &id) in steps.iter().enumerate() {
        for &argument in &operation(graph, id).1 {
            if inside.contains(&argument) {
                last.insert(argument, step);
            }
        }
    }
    for &root in roots {
        last.insert(root, usize::MAX);
    }
    last
}

fn push_run(
    tape: &mut Tape,
    graph: &Graph,
    opcode: Opcode,
    group: &[NodeId],
    slots: &mut Slots,
    mut place: impl FnMut(NodeId, &mut Slots),
) {
    let start = tape.instructions.len() as u32;
    for &id in group {
        let arguments = operation(graph, id).1;
        let read = arguments.map(|argument| slots.get(argument));
        place(id, slots);
        tape.instructions.push(Instruction {
            out: slots.get(id),
            arguments: read,
        });
    }
    let end = tape.instructions.len() as u32;
    tape.runs.push(Run { opcode, start, end });
}

/// The operation with unused arguments repeating the first.
fn operation(graph: &Graph, id: NodeId) -> (Opcode, [NodeId; 3]) {
    match graph.node(id) {
        Node::Operation(opcode, arguments) => (opcode, arguments),
        leaf => unreachable!("{leaf:?} is no operation"),
    }
}
