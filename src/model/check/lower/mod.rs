//! Formulas → numeric expressions: names resolved, laws inlined, units checked and converted.
//!
//! Every subexpression is lowered to a value in some unit. Products and quotients multiply units and
//! insert nothing; sums, comparisons, `min` and `max` convert their second operand to the unit of the
//! first; functions want pure numbers. So a factor appears exactly where two units really meet.

mod calls;
mod leaves;
mod operators;
mod references;

pub use leaves::{all_leaves, depends_on_parameters_only};

use std::collections::BTreeMap;

use super::symbols::{Scope, Symbols};
use crate::diagnostics::{Diagnostic, Span};
use crate::model::declare::Formula;
use crate::model::file::{Item, problem_with_help};
use crate::model::formula::{BinaryOp, Node, NodeKind};
use crate::model::load::Shared;
use crate::model::messages::wrong_unit;
use crate::model::types::*;
use crate::units::Unit;

/// An expression and the unit its value is in.
#[derive(Debug, Clone)]
pub struct Typed {
    pub expr: Expr,
    pub unit: Unit,
    /// A literal zero fits every unit.
    zero: bool,
}

/// A structural edge that a formula of the module may name.
#[derive(Debug, Clone, Copy)]
pub struct Structural {
    pub edge: EdgeId,
    pub strength: ParameterId,
}

/// Lowers formulas into a model under construction.
pub struct Lowering<'a> {
    pub symbols: &'a Symbols,
    pub shared: &'a Shared,
    pub model: &'a mut Model,
    pub out: &'a mut Vec<Diagnostic>,
    /// Structural edges by dotted name, and whether a formula used them.
    pub structural: BTreeMap<String, (Structural, bool)>,
    clock: (ParameterId, ParameterId),
}

/// What a formula is lowered in: where names are looked up, what law arguments stand for, where the
/// text stands.
struct Context<'c> {
    scope: Scope,
    item: &'c Item,
    arguments: Vec<(String, Typed)>,
    /// Set inside a law's body: problems point at the call.
    call: Option<Span>,
    depth: u32,
    inside_reference: bool,
}

impl Context<'_> {
    fn span(&self, node: &Node) -> Span {
        self.call
            .clone()
            .unwrap_or_else(|| self.item.within(node.range.clone()))
    }
}

/// Lowering failed; the problem has been reported.
struct Reported;
type Lowered = Result<Typed, Reported>;

fn boxed(expr: Expr) -> Box<Expr> {
    Box::new(expr)
}

/// The unit of a factor: equal ones are equal however they came about.
pub fn unnamed(unit: Unit) -> Unit {
    Unit {
        text: String::new(),
        ..unit
    }
}

fn pure(expr: Expr) -> Typed {
    Typed {
        expr,
        unit: Unit::one(),
        zero: false,
    }
}

impl<'a> Lowering<'a> {
    pub fn new(
        symbols: &'a Symbols,
        shared: &'a Shared,
        model: &'a mut Model,
        out: &'a mut Vec<Diagnostic>,
    ) -> Self {
        let hidden = |model: &mut Model, name: &str, kind, value, unit: &str| {
            model.parameters.push(Parameter {
                name: name.to_string(),
                title: None,
                kind,
                value,
                unit: Unit::parse(unit).expect("a known unit"),
                range: None,
                cv: None,
                origin: Origin::Assumed("set by the run".to_string()),
                grade: None,
                span: None,
            });
            ParameterId(model.parameters.len() as u32 - 1)
        };
        let on = hidden(model, "clock.on", ParameterKind::ClockOn, 1.0, "1");
        let offset = hidden(model, "clock.offset", ParameterKind::ClockOffset, 0.0, "s");
        Self {
            symbols,
            shared,
            model,
            out,
            structural: BTreeMap::new(),
            clock: (on, offset),
        }
    }

    /// Ends the lowering; warns about structural edges that no formula holds.
    pub fn finish(self) {
        for (name, (structural, used)) in &self.structural {
            if !used && !self.symbols.any_broken() {
                let span = self.model.edges[structural.edge.index()].span.clone();
                self.out.push(problem_with_help(
                    "unused-edge",
                    format!("no formula of its module holds structural edge `{name}`"),
                    span,
                    "never used",
                    Some(
                        "write `edge(name, argument)` in a formula, or make it a claim".to_string(),
                    ),
                ));
            }
        }
    }

    /// Lowers a whole formula to a value in `unit`; on a problem reports it and gives 0.
    pub fn formula_in(&mut self, scope: Scope, formula: &Formula, unit: &Unit, what: &str) -> Expr {
        let Ok(typed) = self.formula(scope, formula) else {
            return Expr::Number(0.0);
        };
        match self.convert(typed.clone(), unit) {
            Some(typed) => typed.expr,
            None => {
                self.out.push(wrong_unit(
                    format!(
                        "{what} is declared in `{}` ({}), its formula gives {}",
                        unit.text,
                        unit.describe(),
                        typed.unit.describe()
                    ),
                    formula.item.span.clone(),
                    &typed.unit,
                    unit,
                ));
                Expr::Number(0.0)
            }
        }
    }

    /// Lowers a whole formula in whatever unit it has.
    pub fn formula_any(&mut self, scope: Scope, formula: &Formula) -> Option<Typed> {
        self.formula(scope, formula).ok()
    }

    fn formula(&mut self, scope: Scope, formula: &Formula) -> Lowered {
        let mut context = Context {
            scope,
            item: &formula.item,
            arguments: Vec::new(),
            call: None,
            depth: 0,
            inside_reference: false,
        };
        self.lower(&formula.node, &mut context)
    }

    /// The root function of an event: rises through zero when the comparison becomes true.
    pub fn root(&mut self, scope: Scope, formula: &Formula) -> Expr {
        match self.sides(scope, formula, "when") {
            Some((a, b, true)) => Expr::Subtract(boxed(a.expr), boxed(b.expr)),
            Some((a, b, false)) => Expr::Subtract(boxed(b.expr), boxed(a.expr)),
            None => Expr::Number(0.0),
        }
    }

    /// Both sides of a limit, the one that stays lower first, their unit, and whether the first one
    /// written stays above the second.
    pub fn limit(&mut self, scope: Scope, formula: &Formula) -> Option<(Expr, Expr, Unit, bool)> {
        let (a, b, above) = self.sides(scope, formula, "holds")?;
        let unit = a.unit;
        Some(match above {
            true => (b.expr, a.expr, unit, true),
            false => (a.expr, b.expr, unit, false),
        })
    }

    /// Two sides in the unit of the first, and whether the first is said to be above.
    fn sides(
        &mut self,
        scope: Scope,
        formula: &Formula,
        key: &str,
    ) -> Option<(Typed, Typed, bool)> {
        let mut context = Context {
            scope,
            item: &formula.item,
            arguments: Vec::new(),
            call: None,
            depth: 0,
            inside_reference: false,
        };
        let NodeKind::Binary(op, a, b) = &formula.node.kind else {
            return self.not_a_comparison(formula, key);
        };
        let flipped = match op {
            BinaryOp::Less | BinaryOp::LessOrEqual => false,
            BinaryOp::Greater | BinaryOp::GreaterOrEqual => true,
            _ => return self.not_a_comparison(formula, key),
        };
        let (Ok(a), Ok(b)) = (self.lower(a, &mut context), self.lower(b, &mut context)) else {
            return None;
        };
        let (a, b) = self.same_unit(a, b, &formula.node, &context).ok()?;
        Some((a, b, flipped))
    }

    fn not_a_comparison<T>(&mut self, formula: &Formula, key: &str) -> Option<T> {
        self.out.push(problem_with_help(
            if key == "holds" {
                "bad-limit"
            } else {
                "bad-event"
            },
            format!("`{key}` must be a comparison"),
            formula.item.span.clone(),
            "not a comparison",
            Some("write two quantities with <, <=, > or >= between them".to_string()),
        ));
        None
    }

    fn convert(&self, typed: Typed, unit: &Unit) -> Option<Typed> {
        if typed.zero {
            return Some(Typed {
                unit: unit.clone(),
                ..typed
            });
        }
        let factor = typed.unit.ratio_to(unit)?;
        let expr = match typed.expr {
            expr if factor == 1.0 => expr,
            Expr::Number(number) | Expr::Factor(number, _) => {
                Expr::Factor(number * factor, unnamed(unit.clone()))
            }
            expr => {
                let ratio = unit.per(&typed.unit)?;
                Expr::Multiply(boxed(expr), boxed(Expr::Factor(factor, unnamed(ratio))))
            }
        };
        Some(Typed {
            expr,
            unit: unit.clone(),
            zero: false,
        })
    }

    fn same_unit(
        &mut self,
        a: Typed,
        b: Typed,
        node: &Node,
        context: &Context,
    ) -> Result<(Typed, Typed), Reported> {
        if a.zero && !b.zero {
            let unit = b.unit.clone();
            return Ok((Typed { unit, ..a }, b));
        }
        match self.convert(b.clone(), &a.unit) {
            Some(b) => Ok((a, b)),
            None => {
                let mut diagnostic = wrong_unit(
                    format!(
                        "{} and {} cannot be added or compared",
                        a.unit.describe(),
                        b.unit.describe()
                    ),
                    context.span(node),
                    &b.unit,
                    &a.unit,
                );
                diagnostic.label = format!("{} with {}", a.unit.describe(), b.unit.describe());
                self.out.push(diagnostic);
                Err(Reported)
            }
        }
    }

    fn pure_number(&mut self, typed: Typed, node: &Node, context: &Context, what: &str) -> Lowered {
        match self.convert(typed.clone(), &Unit::one()) {
            Some(typed) => Ok(typed),
            None => {
                self.out.push(problem_with_help(
                    "wrong-unit",
                    format!(
                        "{what} needs a pure number, this is {}",
                        typed.unit.describe()
                    ),
                    context.span(node),
                    &typed.unit.describe(),
                    Some("divide it by a reference quantity of the same kind".to_string()),
                ));
                Err(Reported)
            }
        }
    }
}
