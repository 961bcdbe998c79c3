//! Orders nodes and gives them slots: [`grouped`] for the interpreter, which gains where equal operations
//! stand together, [`lazy`] for machine code, which gains where a result is used soon.
//!
//! Promises: a node runs after its arguments; a slot is reused only after its last reader; the same
//! graph gives the same tape.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Graph, Node, NodeId};
use crate::engine::evaluate::{Instruction, Opcode, Run, Tape};

const NONE: u32 = u32::MAX;

/// Operations in order, neighbours with the same opcode together.
pub type Groups = Vec<(Opcode, Vec<NodeId>)>;

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
pub fn grouped(graph: &Graph, nodes: &[NodeId]) -> Groups {
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

/// Each result shortly before it is needed. Dear operations wait for those that are as many dear operations
/// deep, and stand together with them: each row of them breaks machine code in two.
///
/// `nodes`: operations whose other arguments are there already, ascending.
pub fn lazy(graph: &Graph, nodes: &[NodeId], roots: &[NodeId]) -> Groups {
    let mut lazy = Lazy::new(graph, nodes);
    let mut dear: BTreeMap<(usize, Opcode), Vec<NodeId>> = BTreeMap::new();
    for &id in nodes {
        let opcode = operation(graph, id).0;
        if !opcode.has_machine_code() {
            let depth = lazy.measures[id.index()].dear;
            dear.entry((depth, opcode)).or_default().push(id);
        }
    }
    for ((_, opcode), group) in dear {
        for &id in &group {
            lazy.place_arguments(id);
        }
        for id in group {
            lazy.push(opcode, id);
        }
    }
    for &root in roots {
        lazy.place(root);
    }
    lazy.groups
}

struct Lazy<'a> {
    graph: &'a Graph,
    /// By node: neither an operation of this tape nor one that still waits.
    placed: Vec<bool>,
    measures: Vec<Depth>,
    groups: Groups,
}

/// The longest ways from a node to what is there already.
#[derive(Debug, Clone, Copy, Default)]
struct Depth {
    /// In operations without machine code.
    dear: usize,
    /// In all operations.
    all: usize,
}

impl<'a> Lazy<'a> {
    fn new(graph: &'a Graph, nodes: &[NodeId]) -> Self {
        let mut placed = vec![true; graph.count()];
        let mut measures = vec![Depth::default(); graph.count()];
        for &id in nodes {
            placed[id.index()] = false;
            let mut depth = Depth::default();
            for argument in operation(graph, id).1.iter().map(|a| a.index()) {
                if !placed[argument] {
                    let dear = !operation(graph, NodeId(argument as u32))
                        .0
                        .has_machine_code();
                    depth.dear = depth.dear.max(measures[argument].dear + usize::from(dear));
                    depth.all = depth.all.max(measures[argument].all + 1);
                }
            }
            measures[id.index()] = depth;
        }
        Lazy {
            graph,
            placed,
            measures,
            groups: Vec::new(),
        }
    }

    fn place_arguments(&mut self, id: NodeId) {
        for argument in operation(self.graph, id).1 {
            self.place(argument);
        }
    }

    /// A node after its arguments, the one furthest from what is there first: its results are many, and few
    /// of them are kept.
    fn place(&mut self, id: NodeId) {
        let mut waiting = vec![id];
        while let Some(&id) = waiting.last() {
            if self.placed[id.index()] {
                waiting.pop();
                continue;
            }
            let (opcode, mut arguments) = operation(self.graph, id);
            arguments.sort_by_key(|a| (self.measures[a.index()].all, *a));
            let before = waiting.len();
            waiting.extend(arguments.iter().filter(|a| !self.placed[a.index()]));
            if waiting.len() == before {
                waiting.pop();
                self.push(opcode, id);
            }
        }
    }

    fn push(&mut self, opcode: Opcode, id: NodeId) {
        if std::mem::replace(&mut self.placed[id.index()], true) {
            return;
        }
        match self.groups.last_mut() {
            Some((last, group)) if *last == opcode => group.push(id),
            _ => self.groups.push((opcode, vec![id])),
        }
    }
}

/// A tape whose every result keeps its own slot from `next` on.
pub fn persistent_tape(graph: &Graph, nodes: &[NodeId], slots: &mut Slots, next: &mut u32) -> Tape {
    let mut tape = Tape::default();
    for (opcode, group) in grouped(graph, nodes) {
        push_run(&mut tape, graph, opcode, &group, slots, |id, slots| {
            slots.set(id, *next);
            *next += 1;
        });
    }
    tape
}

/// A tape of these operations whose results share slots from `first` on; `roots` stay readable after it has
/// run.
///
/// Returns the tape and the number of slots it took. `slots` afterwards holds every node's slot, valid
/// at the end for roots only.
pub fn sharing_tape(
    graph: &Graph,
    groups: &Groups,
    roots: &[NodeId],
    slots: &mut Slots,
    first: u32,
) -> (Tape, u32) {
    let last_reader = last_readers(graph, groups, roots);
    let mut free: BTreeSet<u32> = BTreeSet::new();
    let mut taken = 0;
    let mut tape = Tape::default();
    let mut step = 0;
    for (opcode, group) in groups {
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
