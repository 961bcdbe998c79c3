//! Expressions as one graph in which equal subexpressions are the same node.
//!
//! Comes in: [`Model`] expressions. Goes out: [`NodeId`]s of a [`Graph`].
//!
//! Promises: arguments come before the node that uses them; the same model gives the same numbering.

use std::collections::BTreeMap;

use crate::engine::evaluate::Opcode;
use crate::model::{Algebra, Condition, Direction, Expr, Function, InputKind, Limit, Model};

/// Where floored functions stop looking down.
pub const FLOOR: f64 = 1e-12;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    /// Bits of the number, so that nodes can be compared.
    Constant(u64),
    Parameter(u32),
    Input(u32),
    State(u32),
    Time,
    /// Unused arguments repeat the first.
    Operation(Opcode, [NodeId; 3]),
}

/// How often a node changes; a node changes as often as its most restless argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Constant,
    /// Once per member.
    Parameter,
    /// Once per segment.
    Input,
    /// At every evaluation.
    State,
}

#[derive(Debug, Clone, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    levels: Vec<Level>,
    known: BTreeMap<Node, NodeId>,
}

impl Graph {
    pub fn node(&self, id: NodeId) -> Node {
        self.nodes[id.index()]
    }

    pub fn level(&self, id: NodeId) -> Level {
        self.levels[id.index()]
    }

    pub fn count(&self) -> usize {
        self.nodes.len()
    }

    /// The node itself, without simplification.
    pub fn intern(&mut self, node: Node) -> NodeId {
        if let Some(&id) = self.known.get(&node) {
            return id;
        }
        let id =
            NodeId(u32::try_from(self.nodes.len()).expect("a model has fewer than 2^32 terms"));
        let level = match node {
            Node::Constant(_) => Level::Constant,
            Node::Parameter(_) => Level::Parameter,
            Node::Input(_) => Level::Input,
            Node::State(_) | Node::Time => Level::State,
            Node::Operation(_, arguments) => arguments
                .iter()
                .map(|&a| self.level(a))
                .max()
                .expect("three arguments"),
        };
        self.nodes.push(node);
        self.levels.push(level);
        self.known.insert(node, id);
        id
    }

    pub fn constant(&mut self, value: f64) -> NodeId {
        // One zero: the sign of a zero is not part of real arithmetic.
        self.intern(Node::Constant(if value == 0.0 {
            0
        } else {
            value.to_bits()
        }))
    }

    pub fn constant_value(&self, id: NodeId) -> Option<f64> {
        match self.node(id) {
            Node::Constant(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    pub fn is_zero(&self, id: NodeId) -> bool {
        self.constant_value(id) == Some(0.0)
    }

    /// `max(x, FLOOR)`.
    pub fn floored(&mut self, x: NodeId) -> NodeId {
        let floor = self.constant(FLOOR);
        self.binary(Opcode::Maximum, x, floor)
    }

    /// xⁿ by repeated squaring; a negative exponent divides 1.
    pub fn integer_power(&mut self, x: NodeId, exponent: i32) -> NodeId {
        let mut result = None;
        let mut square = x;
        let mut left = exponent.unsigned_abs();
        while left > 0 {
            if left & 1 == 1 {
                result = Some(match result {
                    Some(product) => self.binary(Opcode::Multiply, product, square),
                    None => square,
                });
            }
            left >>= 1;
            if left > 0 {
                square = self.binary(Opcode::Multiply, square, square);
            }
        }
        let one = self.constant(1.0);
        match result {
            None => one,
            Some(power) if exponent < 0 => self.binary(Opcode::Divide, one, power),
            Some(power) => power,
        }
    }

    /// `max(base, FLOOR)^exponent`; small integer and half-integer exponents become products and roots.
    pub fn floored_power(&mut self, base: NodeId, exponent: NodeId) -> NodeId {
        let base = self.floored(base);
        let Some(value) = self.constant_value(exponent) else {
            return self.binary(Opcode::Power, base, exponent);
        };
        let doubled = value * 2.0;
        if doubled.abs() > 16.0 || doubled as i32 as f64 != doubled {
            return self.binary(Opcode::Power, base, exponent);
        }
        let doubled = doubled as i32;
        let whole = self.integer_power(base, doubled.abs() / 2);
        let magnitude = if doubled % 2 == 0 {
            whole
        } else {
            let root = self.unary(Opcode::SquareRoot, base);
            self.binary(Opcode::Multiply, whole, root)
        };
        if doubled < 0 {
            let one = self.constant(1.0);
            return self.binary(Opcode::Divide, one, magnitude);
        }
        magnitude
    }
}

/// A model's quantities as nodes of one graph.
pub struct Lowered {
    pub graph: Graph,
    pub variables: Vec<NodeId>,
    pub processes: Vec<NodeId>,
    pub biomarkers: Vec<NodeId>,
    pub references: Vec<NodeId>,
    /// Bolus coefficients, input order, then `to` order.
    pub bolus_coefficients: Vec<NodeId>,
    pub events: Vec<NodeId>,
    /// Two per limit.
    pub limits: Vec<NodeId>,
    /// One per engine state.
    pub rates: Vec<NodeId>,
}

/// Inlines variables and processes in the model's order and sums the processes into rates.
pub fn lower(model: &Model) -> Lowered {
    let mut graph = Graph::default();
    let zero = graph.constant(0.0);
    let mut names = Names {
        variables: vec![zero; model.variables.len()],
        processes: vec![zero; model.processes.len()],
    };
    for step in &model.order {
        match *step {
            Algebra::Variable(id) => {
                names.variables[id.index()] =
                    lower_expr(&mut graph, &names, &model.variables[id.index()].expr);
            }
            Algebra::Process(id) => {
                names.processes[id.index()] =
                    lower_expr(&mut graph, &names, &model.processes[id.index()].rate);
            }
        }
    }
    let mut each = |exprs: &mut dyn Iterator<Item = &Expr>| -> Vec<NodeId> {
        exprs
            .map(|expr| lower_expr(&mut graph, &names, expr))
            .collect()
    };
    let biomarkers = each(&mut model.biomarkers.iter().map(|b| &b.expr));
    let references = each(&mut model.references.iter().map(|r| &r.of));
    let bolus_coefficients = each(&mut model.inputs.iter().flat_map(|input| {
        let targets = match &input.kind {
            crate::model::InputKind::Bolus { to } => to.as_slice(),
            crate::model::InputKind::Rate { .. } => &[],
        };
        targets.iter().map(|(_, coefficient)| coefficient)
    }));
    let events = each(&mut model.events.iter().map(|e| &e.root));
    let sides = |limit: &Limit| [limit.lower.clone(), limit.upper.clone()];
    let sides: Vec<Expr> = model.limits.iter().flat_map(sides).collect();
    let limits = each(&mut sides.iter());
    let rates = lower_rates(&mut graph, &names, model);
    let Names {
        variables,
        processes,
    } = names;
    Lowered {
        graph,
        variables,
        processes,
        biomarkers,
        references,
        bolus_coefficients,
        events,
        limits,
        rates,
    }
}

/// Sums of flows are left as they stand: what leaves one pool is then what enters the other to the last bit,
/// and no total drifts by more than its sums are rounded.
impl Graph {
    fn share_of_flow(&mut self, factor: f64, rate: NodeId) -> NodeId {
        if factor == 1.0 || self.level(rate) < Level::State {
            let factor = self.constant(factor);
            return self.binary(Opcode::Multiply, factor, rate);
        }
        let factor = self.constant(factor);
        self.intern(Node::Operation(Opcode::Multiply, [factor, rate, factor]))
    }

    fn balance(&mut self, sum: NodeId, leaves: bool, flow: NodeId) -> NodeId {
        match (self.is_zero(sum), leaves) {
            (true, false) => flow,
            (true, true) => self.intern(Node::Operation(Opcode::Negate, [flow; 3])),
            (false, true) => self.intern(Node::Operation(Opcode::Subtract, [sum, flow, sum])),
            (false, false) => self.intern(Node::Operation(Opcode::Add, [sum, flow, sum])),
        }
    }
}

struct Names {
    variables: Vec<NodeId>,
    processes: Vec<NodeId>,
}

/// One rate per engine state: declared ones, boundary accumulators, bolus accumulators. The input slot
/// of a bolus input is its mean flow (unit per second): zero in a run, where boluses jump; the habitual
/// mean in equilibria.
fn lower_rates(graph: &mut Graph, names: &Names, model: &Model) -> Vec<NodeId> {
    let zero = graph.constant(0.0);
    let mut rates = vec![zero; model.states.len()];
    for (process, &rate) in model.processes.iter().zip(&names.processes) {
        let gains = process.to.iter().map(|&(state, c)| (state, c));
        let losses = process.from.iter().map(|&(state, c)| (state, -c));
        for (state, coefficient) in gains.chain(losses) {
            let flow = graph.share_of_flow(coefficient.abs(), rate);
            rates[state.index()] = graph.balance(rates[state.index()], coefficient < 0.0, flow);
        }
    }
    for rate in &model.rates {
        let extra = lower_expr(graph, names, &rate.expr);
        rates[rate.state.index()] = graph.binary(Opcode::Add, rates[rate.state.index()], extra);
    }
    for (process, &rate) in model.processes.iter().zip(&names.processes) {
        if let Some((Direction::Gain | Direction::Loss, factor, _)) = &process.boundary {
            let factor = graph.constant(*factor);
            rates.push(graph.binary(Opcode::Multiply, factor, rate));
        }
    }
    for (at, input) in model.inputs.iter().enumerate() {
        let InputKind::Bolus { to } = &input.kind else {
            continue;
        };
        let flow = graph.intern(Node::Input(at as u32));
        for (state, coefficient) in to {
            let coefficient = lower_expr(graph, names, coefficient);
            let share = graph.binary(Opcode::Multiply, coefficient, flow);
            rates[state.index()] = graph.binary(Opcode::Add, rates[state.index()], share);
        }
        rates.push(flow);
    }
    rates
}

fn lower_expr(graph: &mut Graph, names: &Names, expr: &Expr) -> NodeId {
    let mut pair = |opcode, a: &Expr, b: &Expr| {
        let a = lower_expr(graph, names, a);
        let b = lower_expr(graph, names, b);
        graph.binary(opcode, a, b)
    };
    match expr {
        Expr::Number(value) | Expr::Factor(value, _) => graph.constant(*value),
        Expr::Parameter(id) => graph.intern(Node::Parameter(id.0)),
        Expr::Input(id) => graph.intern(Node::Input(id.0)),
        Expr::State(id) => graph.intern(Node::State(id.0)),
        Expr::Variable(id) => names.variables[id.index()],
        Expr::Process(id) => names.processes[id.index()],
        Expr::Time => graph.intern(Node::Time),
        Expr::Add(a, b) => pair(Opcode::Add, a, b),
        Expr::Subtract(a, b) => pair(Opcode::Subtract, a, b),
        Expr::Multiply(a, b) => pair(Opcode::Multiply, a, b),
        Expr::Divide(a, b) => pair(Opcode::Divide, a, b),
        Expr::Minimum(a, b) => pair(Opcode::Minimum, a, b),
        Expr::Maximum(a, b) => pair(Opcode::Maximum, a, b),
        Expr::Negate(a) => {
            let a = lower_expr(graph, names, a);
            graph.unary(Opcode::Negate, a)
        }
        Expr::PowerInteger(base, exponent) => {
            let base = lower_expr(graph, names, base);
            graph.integer_power(base, *exponent)
        }
        Expr::Power(base, exponent) => {
            let base = lower_expr(graph, names, base);
            let exponent = lower_expr(graph, names, exponent);
            graph.floored_power(base, exponent)
        }
        Expr::Call(function, argument) => {
            let argument = lower_expr(graph, names, argument);
            lower_call(graph, *function, argument)
        }
        Expr::Select(condition, yes, no) => {
            let condition = lower_condition(graph, names, condition);
            let yes = lower_expr(graph, names, yes);
            let no = lower_expr(graph, names, no);
            graph.operation(Opcode::Select, [condition, yes, no])
        }
        Expr::Law(_, _, value) => lower_expr(graph, names, value),
        Expr::Table(table, arguments) => {
            let x = lower_expr(graph, names, &arguments[0]);
            let y = match arguments.get(1) {
                Some(y) => lower_expr(graph, names, y),
                None => graph.constant(0.0),
            };
            graph.binary(Opcode::TableValue(table.0), x, y)
        }
    }
}

fn lower_call(graph: &mut Graph, function: Function, x: NodeId) -> NodeId {
    match function {
        Function::Exp => graph.unary(Opcode::Exp, x),
        Function::Sin => graph.unary(Opcode::Sin, x),
        Function::Cos => graph.unary(Opcode::Cos, x),
        Function::Tanh => graph.unary(Opcode::Tanh, x),
        Function::Abs => graph.unary(Opcode::Absolute, x),
        Function::SquareRoot => {
            let floored = graph.floored(x);
            graph.unary(Opcode::SquareRoot, floored)
        }
        Function::Ln => {
            let floored = graph.floored(x);
            graph.unary(Opcode::Ln, floored)
        }
        Function::Log10 => {
            let floored = graph.floored(x);
            let natural = graph.unary(Opcode::Ln, floored);
            let factor = graph.constant(std::f64::consts::LOG10_E);
            graph.binary(Opcode::Multiply, natural, factor)
        }
    }
}

/// 1 where it holds, 0 where it does not.
fn lower_condition(graph: &mut Graph, names: &Names, condition: &Condition) -> NodeId {
    match condition {
        Condition::Less(a, b) | Condition::LessOrEqual(a, b) => {
            let opcode = match condition {
                Condition::Less(..) => Opcode::Less,
                _ => Opcode::LessOrEqual,
            };
            let a = lower_expr(graph, names, a);
            let b = lower_expr(graph, names, b);
            graph.binary(opcode, a, b)
        }
        Condition::And(a, b) => {
            let a = lower_condition(graph, names, a);
            let b = lower_condition(graph, names, b);
            graph.binary(Opcode::Minimum, a, b)
        }
        Condition::Or(a, b) => {
            let a = lower_condition(graph, names, a);
            let b = lower_condition(graph, names, b);
            graph.binary(Opcode::Maximum, a, b)
        }
        Condition::Not(a) => {
            let a = lower_condition(graph, names, a);
            let one = graph.constant(1.0);
            graph.binary(Opcode::Subtract, one, a)
        }
    }
}
