//! All derivatives of the rates: sparse ∂f/∂y and ∂f/∂t, by one forward sweep over the graph.

use super::derivative::chain;
use super::graph::{Graph, Node, NodeId};
use crate::engine::Pattern;

pub struct Jacobian {
    pub pattern: Pattern,
    /// One node per entry of the pattern.
    pub entries: Vec<NodeId>,
    /// ∂f/∂t, one per engine state.
    pub time: Vec<NodeId>,
}

/// What something is differentiated by; time comes last.
type By = u32;
const TIME: By = u32::MAX;

/// Differentiates `rates` with respect to every state and time.
pub fn differentiate(graph: &mut Graph, rates: &[NodeId]) -> Jacobian {
    let count = graph.count();
    let wanted = reachable(graph, rates);
    let mut derivatives: Vec<Vec<(By, NodeId)>> = vec![Vec::new(); count];
    for index in 0..count {
        if wanted[index] {
            derivatives[index] = sweep_node(graph, NodeId(index as u32), &derivatives);
        }
    }
    let mut jacobian = Jacobian {
        pattern: Pattern::default(),
        entries: Vec::new(),
        time: Vec::new(),
    };
    let zero = graph.constant(0.0);
    jacobian.pattern.row_start.push(0);
    for rate in rates {
        let mut time = zero;
        for &(by, derivative) in &derivatives[rate.index()] {
            if by == TIME {
                time = derivative;
            } else {
                jacobian.pattern.column.push(by);
                jacobian.entries.push(derivative);
            }
        }
        jacobian.time.push(time);
        jacobian
            .pattern
            .row_start
            .push(jacobian.entries.len() as u32);
    }
    jacobian
}

/// Non-zero derivatives of one node, ascending, given those of its arguments.
fn sweep_node(
    graph: &mut Graph,
    id: NodeId,
    derivatives: &[Vec<(By, NodeId)>],
) -> Vec<(By, NodeId)> {
    match graph.node(id) {
        Node::Constant(_) | Node::Parameter(_) | Node::Input(_) => Vec::new(),
        Node::State(state) => vec![(state, graph.constant(1.0))],
        Node::Time => vec![(TIME, graph.constant(1.0))],
        Node::Operation(opcode, arguments) => {
            let used = &arguments[..opcode.arity()];
            let mut by: Vec<By> = used
                .iter()
                .flat_map(|a| derivatives[a.index()].iter().map(|&(by, _)| by))
                .collect();
            by.sort_unstable();
            by.dedup();
            let zero = graph.constant(0.0);
            let of = |argument: NodeId, by: By| {
                let known = &derivatives[argument.index()];
                known
                    .binary_search_by_key(&by, |&(by, _)| by)
                    .map_or(zero, |at| known[at].1)
            };
            by.into_iter()
                .map(|by| {
                    (
                        by,
                        chain(graph, id, opcode, arguments, arguments.map(|a| of(a, by))),
                    )
                })
                .filter(|&(_, derivative)| derivative != zero)
                .collect()
        }
    }
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
