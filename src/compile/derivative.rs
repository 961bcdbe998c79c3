//! The rule of differentiation of every operation.
//!
//! Promises: derivatives of pieces select the piece; nothing is multiplied by a mask.

use super::graph::{Graph, NodeId};
use crate::engine::evaluate::Opcode;

/// d`node` by the chain rule, where `node = opcode(arguments)` and `d` are the arguments' derivatives.
pub fn chain(
    graph: &mut Graph,
    node: NodeId,
    opcode: Opcode,
    [a, b, _]: [NodeId; 3],
    [da, db, dc]: [NodeId; 3],
) -> NodeId {
    use Opcode::*;
    match opcode {
        Add | Subtract => graph.binary(opcode, da, db),
        Negate => graph.unary(Negate, da),
        Multiply => product(graph, a, b, da, db),
        Divide => {
            // (a/b)' = (a' − (a/b)·b')·(1/b) reuses the quotient and divides once.
            let back = graph.binary(Multiply, node, db);
            let rise = graph.binary(Subtract, da, back);
            let one = graph.constant(1.0);
            let reciprocal = graph.binary(Divide, one, b);
            graph.binary(Multiply, rise, reciprocal)
        }
        Absolute => {
            let zero = graph.constant(0.0);
            let below = graph.binary(Less, a, zero);
            let down = graph.unary(Negate, da);
            graph.operation(Select, [below, down, da])
        }
        Minimum => piece(graph, [b, a], [db, da]),
        Maximum => piece(graph, [a, b], [db, da]),
        // A condition depends on parameters and inputs alone, so it has no derivative.
        Select => graph.operation(Select, [a, db, dc]),
        Less | LessOrEqual => graph.constant(0.0),
        SquareRoot => {
            let half = graph.constant(0.5);
            let numerator = graph.binary(Multiply, half, da);
            graph.binary(Divide, numerator, node)
        }
        Exp => graph.binary(Multiply, node, da),
        Ln => graph.binary(Divide, da, a),
        Power => power(graph, node, [a, b], [da, db]),
        Sin => {
            let slope = graph.unary(Cos, a);
            graph.binary(Multiply, slope, da)
        }
        Cos => {
            let sine = graph.unary(Sin, a);
            let slope = graph.unary(Negate, sine);
            graph.binary(Multiply, slope, da)
        }
        Tanh => {
            let one = graph.constant(1.0);
            let square = graph.binary(Multiply, node, node);
            let slope = graph.binary(Subtract, one, square);
            graph.binary(Multiply, slope, da)
        }
        TableValue(k) => table(graph, k, [a, b], [da, db]),
        TableSlopeX(_) | TableSlopeY(_) => {
            unreachable!("slopes of tables appear only in derivatives, which are taken once")
        }
    }
}

fn product(graph: &mut Graph, a: NodeId, b: NodeId, da: NodeId, db: NodeId) -> NodeId {
    if a == b {
        let two = graph.constant(2.0);
        let slope = graph.binary(Opcode::Multiply, two, a);
        return graph.binary(Opcode::Multiply, slope, da);
    }
    let left = graph.binary(Opcode::Multiply, da, b);
    let right = graph.binary(Opcode::Multiply, a, db);
    graph.binary(Opcode::Add, left, right)
}

/// `if low < high { yes } else { no }`.
fn piece(graph: &mut Graph, [low, high]: [NodeId; 2], [yes, no]: [NodeId; 2]) -> NodeId {
    if yes == no {
        return yes;
    }
    let condition = graph.binary(Opcode::Less, low, high);
    graph.operation(Opcode::Select, [condition, yes, no])
}

/// (aᵉ)' = e·aᵉ/a·a' + aᵉ·ln a·e'. The base is floored, so it is above zero.
fn power(graph: &mut Graph, node: NodeId, [a, e]: [NodeId; 2], [da, de]: [NodeId; 2]) -> NodeId {
    let ratio = graph.binary(Opcode::Divide, node, a);
    let slope = graph.binary(Opcode::Multiply, e, ratio);
    let by_base = graph.binary(Opcode::Multiply, slope, da);
    if graph.is_zero(de) {
        return by_base;
    }
    let logarithm = graph.unary(Opcode::Ln, a);
    let slope = graph.binary(Opcode::Multiply, node, logarithm);
    let by_exponent = graph.binary(Opcode::Multiply, slope, de);
    graph.binary(Opcode::Add, by_base, by_exponent)
}

fn table(graph: &mut Graph, k: u32, [x, y]: [NodeId; 2], [dx, dy]: [NodeId; 2]) -> NodeId {
    let mut part = |opcode, d: NodeId| {
        if graph.is_zero(d) {
            return d;
        }
        let slope = graph.binary(opcode, x, y);
        graph.binary(Opcode::Multiply, slope, d)
    };
    let along_x = part(Opcode::TableSlopeX(k), dx);
    let along_y = part(Opcode::TableSlopeY(k), dy);
    graph.binary(Opcode::Add, along_x, along_y)
}
