//! Calls of rate laws.
//!
//! libSBML derives the unit of a call from a copy of the function's formula with the arguments put in, drops
//! the copy, and may take whatever is then made at the same address for it. So where a formula holds several
//! calls, all that they are made of is pure numbers: laws of quantities with units are written out instead.

use super::math::{Math, Typed, name};
use super::names;
use super::xml::Element;
use crate::model::check::lower::all_leaves;
use crate::model::*;
use crate::units::{Rational, Unit};

impl Math<'_> {
    /// A whole formula, whose value is wanted in `unit`.
    pub fn formula(&mut self, expr: &Expr, unit: &Unit) -> Element {
        let outer = std::mem::replace(&mut self.written_out, calls(expr) > 1);
        let element = self.in_unit(expr, unit);
        self.written_out = outer;
        element
    }

    /// A whole formula in its own unit.
    pub(super) fn quantity(&mut self, expr: &Expr) -> Typed {
        let outer = std::mem::replace(&mut self.written_out, calls(expr) > 1);
        let typed = self.expr(expr);
        self.written_out = outer;
        typed
    }

    /// Whether all leaves are pure numbers.
    pub(super) fn is_pure(&self, expr: &Expr) -> bool {
        let model = self.model;
        all_leaves(expr, &|leaf| {
            let unit = match leaf {
                Expr::Factor(_, unit) => unit,
                Expr::Parameter(id) => &model.parameters[id.index()].unit,
                Expr::Input(id) => &model.inputs[id.index()].unit,
                Expr::State(id) => &model.states[id.index()].unit,
                Expr::Variable(id) => &model.variables[id.index()].unit,
                Expr::Process(id) => &model.processes[id.index()].unit,
                Expr::Time => return false,
                _ => return true,
            };
            unit.is_dimensionless() && unit.factor == Rational::ONE
        })
    }

    /// A call of the law; the law's own formula becomes a function definition.
    pub(super) fn law(&mut self, law: &str, arguments: &[(String, Expr)], value: &Expr) -> Typed {
        if self.written_out && !self.is_pure(value) {
            return self.expr(value);
        }
        let literal = |expr: &Expr| matches!(expr, Expr::Number(_) | Expr::Factor(..));
        let (fixed, free): (Vec<_>, Vec<_>) = arguments.iter().partition(|(_, expr)| literal(expr));
        let given: Vec<Element> = free
            .iter()
            .map(|(_, expr)| self.expr(expr).element)
            .collect();
        let bound = free
            .iter()
            .map(|&(name, expr)| (name.clone(), expr.clone()));
        let outer = std::mem::replace(&mut self.bound, bound.collect());
        let written_out = std::mem::replace(&mut self.written_out, false);
        let body = self.expr(value);
        self.bound = outer;
        self.written_out = written_out;
        let names: Vec<&str> = free.iter().map(|(name, _)| name.as_str()).collect();
        let mut wanted = law.to_string();
        for (name, expr) in fixed {
            if let Expr::Number(number) | Expr::Factor(number, _) = expr {
                wanted.push_str(&format!("__{name}_{number}"));
            }
        }
        let id = self
            .functions
            .define(&names::id(&wanted), &names, body.element, law);
        Typed {
            element: Element::new("apply").child(name(&id)).children(given),
            unit: body.unit,
        }
    }
}

/// How many functions a formula calls; what those call counts too.
fn calls(expr: &Expr) -> usize {
    match expr {
        Expr::Law(_, arguments, value) => {
            let inner = arguments.iter().map(|(_, argument)| calls(argument));
            1 + inner.sum::<usize>().max(calls(value))
        }
        // Its arguments are formulas of their own.
        Expr::Table(..) => 0,
        Expr::Select(condition, a, b) => {
            let sides = condition.sides().into_iter().map(calls);
            sides.sum::<usize>() + calls(a) + calls(b)
        }
        other => other.parts().map(calls).sum(),
    }
}
