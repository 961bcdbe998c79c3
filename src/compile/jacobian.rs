//! All derivatives of the rates: sparse ∂f/∂y and ∂f/∂t, by elimination of vertices.
//!
//! The graph of a model with its local derivatives as weights of edges; an intermediate result is taken
//! out by joining each edge into it with each edge out of it (product; sum where both already meet),
//! the cheapest first, until only states and rates are left. A forward sweep differentiates every
//! intermediate result by every state it hangs on, which costs more where many states meet. Source: Griewank
//! and Reese, *On the calculation of Jacobian matrices by the Markowitz rule*.

use std::collections::{BTreeMap, BTreeSet};

use super::derivative::chain;
use super::graph::{Graph, Level, Node, NodeId};
use crate::engine::Pattern;
use crate::engine::evaluate::Opcode;

pub struct Jacobian {
    pub pattern: Pattern,
    /// One node per entry of the pattern.
    pub entries: Vec<NodeId>,
    /// ∂f/∂t, one per engine state.
    pub time: Vec<NodeId>,
}

/// Differentiates `rates` with respect to every state and time.
pub fn differentiate(graph: &mut Graph, rates: &[NodeId]) -> Jacobian {
    let mut web = Web::new(graph, rates);
    while let Some((_, vertex)) = web.cheapest.pop_first() {
        web.eliminate(graph, vertex);
    }
    let mut jacobian = Jacobian {
        pattern: Pattern::default(),
        entries: Vec::new(),
        time: Vec::new(),
    };
    let zero = graph.constant(0.0);
    jacobian.pattern.row_start.push(0);
    for rate in 0..rates.len() {
        let mut row = BTreeMap::new();
        let mut time = zero;
        for (&from, &derivative) in &web.into[web.first_rate + rate] {
            match graph.node(NodeId(from as u32)) {
                _ if derivative == zero => {}
                Node::State(state) => {
                    row.insert(state, derivative);
                }
                Node::Time => time = derivative,
                node => unreachable!("{node:?} was eliminated"),
            }
        }
        jacobian.pattern.column.extend(row.keys());
        jacobian.entries.extend(row.values());
        jacobian.time.push(time);
        let end = jacobian.entries.len() as u32;
        jacobian.pattern.row_start.push(end);
    }
    jacobian
}

/// A vertex: a node of the graph, or beyond them one per rate.
type Vertex = usize;

/// What is left of the linearised graph.
struct Web {
    first_rate: Vertex,
    /// Edges into each vertex with their weights.
    into: Vec<BTreeMap<Vertex, NodeId>>,
    out: Vec<BTreeSet<Vertex>>,
    /// Vertices yet to be taken out, with what that costs.
    cheapest: BTreeSet<(usize, Vertex)>,
    cost: Vec<usize>,
}

impl Web {
    fn new(graph: &mut Graph, rates: &[NodeId]) -> Web {
        let first_rate = graph.count();
        let wanted = reachable(graph, rates);
        let count = first_rate + rates.len();
        let mut web = Web {
            first_rate,
            into: vec![BTreeMap::new(); count],
            out: vec![BTreeSet::new(); count],
            cheapest: BTreeSet::new(),
            cost: vec![0; count],
        };
        for vertex in (0..first_rate).filter(|&v| wanted[v]) {
            for (argument, weight) in partials(graph, NodeId(vertex as u32)) {
                web.join(graph, argument.index(), vertex, weight);
            }
        }
        let one = graph.constant(1.0);
        for (at, rate) in rates.iter().enumerate() {
            if graph.level(*rate) == Level::State {
                web.join(graph, rate.index(), first_rate + at, one);
            }
        }
        for vertex in (0..first_rate).filter(|&v| wanted[v]) {
            let node = NodeId(vertex as u32);
            let inner = matches!(graph.node(node), Node::Operation(..));
            if inner && graph.level(node) == Level::State {
                web.cost[vertex] = web.price(graph, vertex);
                web.cheapest.insert((web.cost[vertex], vertex));
            }
        }
        web
    }

    /// Adds `weight` to the edge between two vertices.
    fn join(&mut self, graph: &mut Graph, from: Vertex, to: Vertex, weight: NodeId) {
        if graph.is_zero(weight) {
            return;
        }
        let sum = match self.into[to].get(&from) {
            Some(&known) => graph.binary(Opcode::Add, known, weight),
            None => weight,
        };
        self.into[to].insert(from, sum);
        self.out[from].insert(to);
    }

    fn eliminate(&mut self, graph: &mut Graph, vertex: Vertex) {
        let before = std::mem::take(&mut self.into[vertex]);
        let after = std::mem::take(&mut self.out[vertex]);
        for &from in before.keys() {
            self.out[from].remove(&vertex);
        }
        for &to in &after {
            let last = self.into[to].remove(&vertex).expect("edges are kept twice");
            for (&from, &first) in &before {
                let product = graph.binary(Opcode::Multiply, first, last);
                self.join(graph, from, to, product);
            }
        }
        for &neighbour in before.keys().chain(&after) {
            if self.cheapest.remove(&(self.cost[neighbour], neighbour)) {
                self.cost[neighbour] = self.price(graph, neighbour);
                self.cheapest.insert((self.cost[neighbour], neighbour));
            }
        }
    }

    /// Operations at every evaluation that taking a vertex out leaves behind.
    fn price(&self, graph: &Graph, vertex: Vertex) -> usize {
        let mut price = 0;
        for &to in &self.out[vertex] {
            let last = self.into[to][&vertex];
            for (from, &first) in &self.into[vertex] {
                let rests = graph.level(first).max(graph.level(last)) < Level::State;
                let unit = is_unit(graph, first) || is_unit(graph, last);
                price += usize::from(!rests && !unit);
                price += usize::from(self.into[to].contains_key(from));
            }
        }
        price
    }
}

/// Multiplying by it takes no multiplication.
fn is_unit(graph: &Graph, weight: NodeId) -> bool {
    graph.constant_value(weight).is_some_and(|w| w.abs() == 1.0)
}

/// The arguments that move, each with the derivative of the node by it.
fn partials(graph: &mut Graph, id: NodeId) -> Vec<(NodeId, NodeId)> {
    let Node::Operation(opcode, arguments) = graph.node(id) else {
        return Vec::new();
    };
    let mut moving: Vec<NodeId> = arguments[..opcode.arity()].to_vec();
    moving.retain(|&a| graph.level(a) == Level::State);
    moving.sort_unstable();
    moving.dedup();
    let (zero, one) = (graph.constant(0.0), graph.constant(1.0));
    moving
        .into_iter()
        .map(|by| {
            let seeds = arguments.map(|a| if a == by { one } else { zero });
            (by, chain(graph, id, opcode, arguments, seeds))
        })
        .collect()
}

/// Which nodes the roots are made of.
pub fn reachable(graph: &Graph, roots: &[NodeId]) -> Vec<bool> {
    let mut reached = vec![false; graph.count()];
    for root in roots {
        reached[root.index()] = true;
    }
    // Arguments have smaller numbers than their users.
    for index in (0..reached.len()).rev() {
        if !reached[index] {
            continue;
        }
        if let Node::Operation(opcode, arguments) = graph.node(NodeId(index as u32)) {
            for argument in &arguments[..opcode.arity()] {
                reached[argument.index()] = true;
            }
        }
    }
    reached
}
