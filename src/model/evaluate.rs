//! Values of a model's expressions at one instant, straight from the tree with the standard library's
//! arithmetic: what `explain` shows, and an independent check of compiled programs.

use crate::engine::evaluate::Table as Lookup;
use crate::model::{Algebra, Condition, Expr, Function, Model};

/// Where floored functions stop looking down.
const FLOOR: f64 = 1e-12;

/// One instant of one member. Slices are in model order.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    pub model: &'a Model,
    pub parameters: &'a [f64],
    pub inputs: &'a [f64],
    pub states: &'a [f64],
    /// s.
    pub time: f64,
}

/// Values of all variables and processes, each in its display unit, in model order.
#[derive(Debug, Clone, PartialEq)]
pub struct Algebraic {
    pub variables: Vec<f64>,
    pub processes: Vec<f64>,
}

impl Values<'_> {
    /// Evaluates variables and processes in the model's order.
    pub fn all(&self) -> Algebraic {
        let mut known = Algebraic {
            variables: vec![f64::NAN; self.model.variables.len()],
            processes: vec![f64::NAN; self.model.processes.len()],
        };
        for step in &self.model.order {
            match *step {
                Algebra::Variable(id) => {
                    known.variables[id.index()] =
                        self.expr(&self.model.variables[id.index()].expr, &known);
                }
                Algebra::Process(id) => {
                    known.processes[id.index()] =
                        self.expr(&self.model.processes[id.index()].rate, &known);
                }
            }
        }
        known
    }

    /// Value of one expression, variables and processes being known.
    pub fn expr(&self, expr: &Expr, known: &Algebraic) -> f64 {
        let value = |e: &Expr| self.expr(e, known);
        match expr {
            Expr::Number(number) | Expr::Factor(number, _) => *number,
            Expr::Parameter(id) => self.parameters[id.index()],
            Expr::Input(id) => self.inputs[id.index()],
            Expr::State(id) => self.states[id.index()],
            Expr::Variable(id) => known.variables[id.index()],
            Expr::Process(id) => known.processes[id.index()],
            Expr::Time => self.time,
            Expr::Negate(a) => -value(a),
            Expr::Add(a, b) => value(a) + value(b),
            Expr::Subtract(a, b) => value(a) - value(b),
            Expr::Multiply(a, b) => value(a) * value(b),
            Expr::Divide(a, b) => value(a) / value(b),
            Expr::PowerInteger(base, exponent) => value(base).powi(*exponent),
            Expr::Power(base, exponent) => floored(value(base)).powf(value(exponent)),
            Expr::Call(function, argument) => call(*function, value(argument)),
            Expr::Minimum(a, b) => smaller(value(a), value(b)),
            Expr::Maximum(a, b) => larger(value(a), value(b)),
            Expr::Select(condition, yes, no) => value(if self.holds(condition, known) {
                yes
            } else {
                no
            }),
            Expr::Law(_, _, inlined) => value(inlined),
            Expr::Table(id, arguments) => {
                let table = &self.model.tables[id.index()];
                let y = arguments.get(1).map_or(0.0, value);
                Lookup::new(&table.x, &table.y, &table.values).value(value(&arguments[0]), y)
            }
        }
    }

    fn holds(&self, condition: &Condition, known: &Algebraic) -> bool {
        match condition {
            Condition::Less(a, b) => self.expr(a, known) < self.expr(b, known),
            Condition::LessOrEqual(a, b) => self.expr(a, known) <= self.expr(b, known),
            Condition::And(a, b) => self.holds(a, known) && self.holds(b, known),
            Condition::Or(a, b) => self.holds(a, known) || self.holds(b, known),
            Condition::Not(a) => !self.holds(a, known),
        }
    }
}

fn call(function: Function, x: f64) -> f64 {
    match function {
        Function::Exp => x.exp(),
        Function::Ln => floored(x).ln(),
        Function::Log10 => floored(x).log10(),
        Function::SquareRoot => floored(x).sqrt(),
        Function::Sin => x.sin(),
        Function::Cos => x.cos(),
        Function::Tanh => x.tanh(),
        Function::Abs => x.abs(),
    }
}

fn floored(x: f64) -> f64 {
    larger(x, FLOOR)
}

/// NaN if either is, unlike `f64::max`: a lost number must stay visible.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.max(b)
    }
}

fn smaller(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.min(b)
    }
}
