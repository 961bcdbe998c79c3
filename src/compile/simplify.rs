//! Builds operations in their simplest form.
//!
//! Promises: exact in real arithmetic; no finite result becomes NaN, as long as no divisor that rests is so
//! small (below 1e-308) that its reciprocal is infinite. (A NaN may become finite: `0·x` is 0 even where x
//! is infinite.)

use super::graph::{Graph, Level, Node, NodeId};
use crate::engine::evaluate::{Opcode, kernel};

impl Graph {
    pub fn unary(&mut self, opcode: Opcode, a: NodeId) -> NodeId {
        self.operation(opcode, [a, a, a])
    }

    pub fn binary(&mut self, opcode: Opcode, a: NodeId, b: NodeId) -> NodeId {
        self.operation(opcode, [a, b, a])
    }

    /// The simplest node equal to `opcode(arguments)`.
    pub fn operation(&mut self, opcode: Opcode, arguments: [NodeId; 3]) -> NodeId {
        if let Some(value) = self.folded(opcode, arguments) {
            return self.constant(value);
        }
        let [a, b, c] = arguments;
        let simpler = match opcode {
            Opcode::Add => self.add(a, b),
            Opcode::Subtract => self.subtract(a, b),
            Opcode::Multiply => self.multiply(a, b),
            Opcode::Divide => self.divide(a, b),
            Opcode::Negate => self.negate(a),
            Opcode::Minimum | Opcode::Maximum if a == b => Some(a),
            Opcode::Select if b == c => Some(b),
            Opcode::Select => self
                .constant_value(a)
                .map(|yes| if yes != 0.0 { b } else { c }),
            _ => None,
        };
        simpler.unwrap_or_else(|| self.intern(Node::Operation(opcode, ordered(opcode, arguments))))
    }

    /// The value, where every argument is a number. The engine's own arithmetic, so folding changes no
    /// bit.
    fn folded(&self, opcode: Opcode, arguments: [NodeId; 3]) -> Option<f64> {
        let table = matches!(
            opcode,
            Opcode::TableValue(_) | Opcode::TableSlopeX(_) | Opcode::TableSlopeY(_)
        );
        if table {
            return None;
        }
        let [a, b, c] = arguments.map(|id| self.constant_value(id));
        let [value] = kernel(opcode, &[], [a?], [b?], [c?]);
        Some(value)
    }

    fn add(&mut self, a: NodeId, b: NodeId) -> Option<NodeId> {
        if self.is_zero(a) {
            return Some(b);
        }
        if self.is_zero(b) {
            return Some(a);
        }
        if self.opposite(a) == Some(b) || self.opposite(b) == Some(a) {
            return Some(self.constant(0.0));
        }
        if let Some(gathered) = self.gather_terms(Opcode::Add, a, b) {
            return Some(gathered);
        }
        if let Some(b) = self.negated(b) {
            return Some(self.binary(Opcode::Subtract, a, b));
        }
        self.negated(a).map(|a| self.binary(Opcode::Subtract, b, a))
    }

    fn subtract(&mut self, a: NodeId, b: NodeId) -> Option<NodeId> {
        if a == b {
            return Some(self.constant(0.0));
        }
        if self.is_zero(b) {
            return Some(a);
        }
        if self.is_zero(a) {
            return Some(self.unary(Opcode::Negate, b));
        }
        if let Some(gathered) = self.gather_terms(Opcode::Subtract, a, b) {
            return Some(gathered);
        }
        self.negated(b).map(|b| self.binary(Opcode::Add, a, b))
    }

    fn multiply(&mut self, a: NodeId, b: NodeId) -> Option<NodeId> {
        if self.is_zero(a) || self.is_zero(b) {
            return Some(self.constant(0.0));
        }
        for (number, other) in [(a, b), (b, a)] {
            match self.constant_value(number) {
                Some(1.0) => return Some(other),
                Some(-1.0) => return Some(self.unary(Opcode::Negate, other)),
                Some(outer) => {
                    if let Some(merged) = self.merge_factors(outer, other) {
                        return Some(merged);
                    }
                }
                None => {}
            }
            if let Some(simpler) = self.masked(number, other) {
                return Some(simpler);
            }
            if let Some(gathered) = self.gather_resting(number, other) {
                return Some(gathered);
            }
        }
        match (self.negated(a), self.negated(b)) {
            (Some(a), Some(b)) => Some(self.binary(Opcode::Multiply, a, b)),
            (Some(a), None) => {
                let product = self.binary(Opcode::Multiply, a, b);
                Some(self.unary(Opcode::Negate, product))
            }
            (None, Some(b)) => {
                let product = self.binary(Opcode::Multiply, a, b);
                Some(self.unary(Opcode::Negate, product))
            }
            (None, None) => None,
        }
    }

    /// `outer·(inner·x)` as one factor, unless the product of the numbers leaves the normal range.
    fn merge_factors(&mut self, outer: f64, other: NodeId) -> Option<NodeId> {
        let Node::Operation(Opcode::Multiply, [p, q, _]) = self.node(other) else {
            return None;
        };
        let (inner, x) = match (self.constant_value(p), self.constant_value(q)) {
            (Some(inner), _) => (inner, q),
            (_, Some(inner)) => (inner, p),
            _ => return None,
        };
        let product = outer * inner;
        if !product.is_normal() {
            return None;
        }
        let factor = self.constant(product);
        Some(self.binary(Opcode::Multiply, factor, x))
    }

    /// `x` times "1 or 0" chooses instead: a mask would turn what is infinite and not chosen into NaN.
    fn masked(&mut self, mask: NodeId, x: NodeId) -> Option<NodeId> {
        let Node::Operation(Opcode::Select, [condition, yes, no]) = self.node(mask) else {
            return None;
        };
        let zero = self.constant(0.0);
        match (self.constant_value(yes)?, self.constant_value(no)?) {
            (1.0, 0.0) => Some(self.operation(Opcode::Select, [condition, x, zero])),
            (0.0, 1.0) => Some(self.operation(Opcode::Select, [condition, zero, x])),
            _ => None,
        }
    }

    /// `outer·(inner·x)` as one factor where only `x` moves: the product of the others is found once.
    fn gather_resting(&mut self, outer: NodeId, other: NodeId) -> Option<NodeId> {
        let (inner, x) = self.resting_factor(other)?;
        if !self.rests(outer) {
            return None;
        }
        let factor = self.binary(Opcode::Multiply, outer, inner);
        Some(self.binary(Opcode::Multiply, factor, x))
    }

    /// `p·x ± q·x` as `(p ± q)·x` where only `x` moves.
    fn gather_terms(&mut self, sign: Opcode, a: NodeId, b: NodeId) -> Option<NodeId> {
        let (p, x) = self.resting_factor(a)?;
        let (q, y) = self.resting_factor(b)?;
        if x != y {
            return None;
        }
        let factor = self.binary(sign, p, q);
        Some(self.binary(Opcode::Multiply, factor, x))
    }

    /// A product as its factor that rests and the one that moves.
    fn resting_factor(&self, id: NodeId) -> Option<(NodeId, NodeId)> {
        let Node::Operation(Opcode::Multiply, [p, q, _]) = self.node(id) else {
            return None;
        };
        match (self.rests(p), self.rests(q)) {
            (true, false) => Some((p, q)),
            (false, true) => Some((q, p)),
            _ => None,
        }
    }

    /// Whether a node changes less often than the state.
    fn rests(&self, id: NodeId) -> bool {
        self.level(id) < Level::State
    }

    fn divide(&mut self, a: NodeId, b: NodeId) -> Option<NodeId> {
        if self.is_zero(a) {
            return Some(a);
        }
        if a == b {
            return Some(self.constant(1.0));
        }
        if let Some(divisor) = self.constant_value(b) {
            if divisor == 1.0 {
                return Some(a);
            }
            let reciprocal = 1.0 / divisor;
            // A power of two: multiplying is exact and cheaper.
            if reciprocal.is_normal() && divisor.to_bits() << 12 == 0 {
                let factor = self.constant(reciprocal);
                return Some(self.binary(Opcode::Multiply, factor, a));
            }
        }
        // Dividing by what rests while the state moves: the reciprocal is found once, and a
        // multiplication is several times cheaper.
        if self.rests(b) && !self.rests(a) {
            let one = self.constant(1.0);
            let reciprocal = self.binary(Opcode::Divide, one, b);
            return Some(self.binary(Opcode::Multiply, a, reciprocal));
        }
        match (self.negated(a), self.negated(b)) {
            (Some(a), Some(b)) => Some(self.binary(Opcode::Divide, a, b)),
            (Some(a), None) => {
                let quotient = self.binary(Opcode::Divide, a, b);
                Some(self.unary(Opcode::Negate, quotient))
            }
            (None, Some(b)) => {
                let quotient = self.binary(Opcode::Divide, a, b);
                Some(self.unary(Opcode::Negate, quotient))
            }
            (None, None) => None,
        }
    }

    fn negate(&mut self, a: NodeId) -> Option<NodeId> {
        match self.node(a) {
            Node::Operation(Opcode::Negate, [x, ..]) => Some(x),
            Node::Operation(Opcode::Subtract, [x, y, _]) => {
                Some(self.binary(Opcode::Subtract, y, x))
            }
            // The sign goes where it is found once.
            _ => {
                let (factor, x) = self.resting_factor(a)?;
                let factor = self.unary(Opcode::Negate, factor);
                Some(self.binary(Opcode::Multiply, factor, x))
            }
        }
    }

    /// What is negated here.
    fn opposite(&self, id: NodeId) -> Option<NodeId> {
        match self.node(id) {
            Node::Operation(Opcode::Negate, [x, ..]) => Some(x),
            _ => None,
        }
    }

    /// What is negated here at every evaluation.
    fn negated(&self, id: NodeId) -> Option<NodeId> {
        self.opposite(id).filter(|_| !self.rests(id))
    }
}

/// `b·a` is the same node as `a·b`.
fn ordered(opcode: Opcode, [a, b, c]: [NodeId; 3]) -> [NodeId; 3] {
    let commutes = matches!(opcode, Opcode::Add | Opcode::Multiply);
    if commutes && b < a {
        [b, a, b]
    } else {
        [a, b, c]
    }
}
