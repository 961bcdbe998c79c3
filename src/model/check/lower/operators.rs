//! Numbers, names and the signs between them.

use super::super::symbols::Symbol;
use super::leaves::depends_on_parameters_and_inputs_only;
use super::{Context, Lowered, Lowering, Reported, Typed, boxed, pure};
use crate::model::file::problem_with_help;
use crate::model::formula::{BinaryOp, Node, NodeKind, UnaryOp};
use crate::model::types::*;
use crate::units::{Rational, Unit};

impl Lowering<'_> {
    pub(super) fn lower(&mut self, node: &Node, context: &mut Context) -> Lowered {
        match &node.kind {
            NodeKind::Number(number) => Ok(Typed {
                expr: Expr::Number(*number),
                unit: Unit::one(),
                zero: *number == 0.0,
            }),
            NodeKind::Name(name) => self.name(name, node, context),
            NodeKind::Unary(UnaryOp::Negate, inner) => {
                let typed = self.lower(inner, context)?;
                let expr = match typed.expr {
                    Expr::Number(number) => Expr::Number(-number),
                    Expr::Factor(number, unit) => Expr::Factor(-number, unit),
                    expr => Expr::Negate(boxed(expr)),
                };
                Ok(Typed { expr, ..typed })
            }
            NodeKind::Unary(UnaryOp::Not, _) => self.refuse_condition(node, context),
            NodeKind::Binary(op, a, b) => self.binary(*op, a, b, node, context),
            NodeKind::Call(name, arguments) => self.call(name, arguments, node, context),
        }
    }

    pub(super) fn refuse_condition(&mut self, node: &Node, context: &Context) -> Lowered {
        self.out.push(problem_with_help(
            "bad-condition",
            "a condition is not a number".to_string(),
            context.span(node),
            "true or false",
            Some("use `if(condition, a, b)`".to_string()),
        ));
        Err(Reported)
    }

    pub(super) fn name(&mut self, name: &str, node: &Node, context: &Context) -> Lowered {
        if let Some((_, typed)) = context
            .arguments
            .iter()
            .find(|(argument, _)| argument == name)
        {
            return Ok(typed.clone());
        }
        match name {
            "pi" => return Ok(pure(Expr::Number(std::f64::consts::PI))),
            "time" => {
                let unit = Unit::parse("s").expect("s is a unit");
                return Ok(Typed {
                    expr: Expr::Time,
                    unit,
                    zero: false,
                });
            }
            _ => {}
        }
        let span = context.span(node);
        let symbol = self
            .symbols
            .find(context.scope, name, &span, self.out)
            .ok_or(Reported)?;
        let symbol = match symbol {
            Symbol::Input(id) => self.symbols.instead_of(id).unwrap_or(symbol),
            _ => symbol,
        };
        let (expr, unit) = match symbol {
            Symbol::Parameter(id) => (Expr::Parameter(id), &self.model.parameters[id.index()].unit),
            Symbol::Input(id) => {
                let input = &self.model.inputs[id.index()];
                (Expr::Input(id), &input.unit)
            }
            Symbol::State(id) => (Expr::State(id), &self.model.states[id.index()].unit),
            Symbol::Variable(id) => (Expr::Variable(id), &self.model.variables[id.index()].unit),
            Symbol::Process(id) => (Expr::Process(id), &self.model.processes[id.index()].unit),
            Symbol::Table(_) | Symbol::Biomarker(_) => {
                let (what, way_out) = match symbol {
                    Symbol::Table(_) => ("a table", format!("give it its argument: `{name}(x)`")),
                    _ => (
                        "a biomarker: what a laboratory reads never feeds back",
                        "name the variable or state that it reads".to_string(),
                    ),
                };
                self.out.push(problem_with_help(
                    "bad-name-use",
                    format!("`{name}` is {what}"),
                    span,
                    "not a value",
                    Some(way_out),
                ));
                return Err(Reported);
            }
        };
        Ok(Typed {
            expr,
            unit: unit.clone(),
            zero: false,
        })
    }

    pub(super) fn binary(
        &mut self,
        op: BinaryOp,
        a: &Node,
        b: &Node,
        node: &Node,
        context: &mut Context,
    ) -> Lowered {
        match op {
            BinaryOp::Add | BinaryOp::Subtract => {
                let left = self.lower(a, context)?;
                let right = self.lower(b, context)?;
                let (left, right) = self.same_unit(left, right, node, context)?;
                let (x, y) = (boxed(left.expr), boxed(right.expr));
                let expr = if op == BinaryOp::Add {
                    Expr::Add(x, y)
                } else {
                    Expr::Subtract(x, y)
                };
                Ok(Typed {
                    expr,
                    unit: left.unit,
                    zero: false,
                })
            }
            BinaryOp::Multiply | BinaryOp::Divide => {
                let left = self.lower(a, context)?;
                let right = self.lower(b, context)?;
                let unit = if op == BinaryOp::Multiply {
                    left.unit.times(&right.unit)
                } else {
                    left.unit.per(&right.unit)
                };
                let unit = self.unit_or_report(unit, node, context)?;
                let (x, y) = (boxed(left.expr), boxed(right.expr));
                let expr = if op == BinaryOp::Multiply {
                    Expr::Multiply(x, y)
                } else {
                    Expr::Divide(x, y)
                };
                Ok(Typed {
                    expr,
                    unit,
                    zero: false,
                })
            }
            BinaryOp::Power => self.power(a, b, node, context),
            _ => self.refuse_condition(node, context),
        }
    }

    pub(super) fn unit_or_report(
        &mut self,
        unit: Option<Unit>,
        node: &Node,
        context: &Context,
    ) -> Result<Unit, Reported> {
        unit.ok_or_else(|| {
            self.out.push(problem_with_help(
                "wrong-unit",
                "these units cannot be multiplied".to_string(),
                context.span(node),
                "here",
                Some("a temperature in °C enters no product: use K; very long products of units are split into variables".to_string()),
            ));
            Reported
        })
    }

    pub(super) fn power(
        &mut self,
        base: &Node,
        exponent: &Node,
        node: &Node,
        context: &mut Context,
    ) -> Lowered {
        let base_typed = self.lower(base, context)?;
        let exponent_typed = self.lower(exponent, context)?;
        if let Expr::Number(number) = exponent_typed.expr
            && exponent_typed.unit.is_dimensionless()
        {
            if number == number.trunc() && number.abs() <= 64.0 {
                let power = Rational::new(number as i128, 1);
                let unit = self.unit_or_report(base_typed.unit.power(power), node, context)?;
                return Ok(Typed {
                    expr: Expr::PowerInteger(boxed(base_typed.expr), number as i32),
                    unit,
                    zero: false,
                });
            }
            if let Some(power) = decimal(number)
                && let Some(unit) = base_typed.unit.power(power)
            {
                let expr = Expr::Power(boxed(base_typed.expr), boxed(Expr::Number(number)));
                return Ok(Typed {
                    expr,
                    unit,
                    zero: false,
                });
            }
        }
        let base_typed =
            self.pure_number(base_typed, base, context, "a power with a varying exponent")?;
        let exponent_typed = self.pure_number(exponent_typed, exponent, context, "an exponent")?;
        Ok(pure(Expr::Power(
            boxed(base_typed.expr),
            boxed(exponent_typed.expr),
        )))
    }

    pub(super) fn choose(
        &mut self,
        arguments: &[Node],
        node: &Node,
        context: &mut Context,
    ) -> Lowered {
        let [condition, yes, no] = self.exactly::<3>("if", arguments, node, context)?;
        let condition = self.condition(condition, context)?;
        let yes = self.lower(yes, context)?;
        let no = self.lower(no, context)?;
        let (yes, no) = self.same_unit(yes, no, node, context)?;
        let expr = Expr::Select(Box::new(condition), boxed(yes.expr), boxed(no.expr));
        Ok(Typed {
            expr,
            unit: yes.unit,
            zero: false,
        })
    }

    pub(super) fn condition(
        &mut self,
        node: &Node,
        context: &mut Context,
    ) -> Result<Condition, Reported> {
        match &node.kind {
            NodeKind::Unary(UnaryOp::Not, inner) => {
                Ok(Condition::Not(Box::new(self.condition(inner, context)?)))
            }
            NodeKind::Binary(BinaryOp::And, a, b) => Ok(Condition::And(
                Box::new(self.condition(a, context)?),
                Box::new(self.condition(b, context)?),
            )),
            NodeKind::Binary(BinaryOp::Or, a, b) => Ok(Condition::Or(
                Box::new(self.condition(a, context)?),
                Box::new(self.condition(b, context)?),
            )),
            NodeKind::Binary(op, a, b) if op.compares() => {
                self.comparison(*op, a, b, node, context)
            }
            _ => {
                self.out.push(problem_with_help(
                    "bad-condition",
                    "this is not a condition".to_string(),
                    context.span(node),
                    "neither true nor false",
                    Some("compare two quantities with <, <=, > or >=".to_string()),
                ));
                Err(Reported)
            }
        }
    }

    fn comparison(
        &mut self,
        op: BinaryOp,
        a: &Node,
        b: &Node,
        node: &Node,
        context: &mut Context,
    ) -> Result<Condition, Reported> {
        let left = self.lower(a, context)?;
        let right = self.lower(b, context)?;
        let (left, right) = self.same_unit(left, right, node, context)?;
        let steady = depends_on_parameters_and_inputs_only;
        if !steady(&left.expr) || !steady(&right.expr) {
            self.out.push(problem_with_help(
                "bad-condition",
                "a condition may compare parameters and inputs only".to_string(),
                context.span(node),
                "changes with the state or with time",
                Some("use min, max or clamp, which are continuous, or an event".to_string()),
            ));
            return Err(Reported);
        }
        Ok(match op {
            BinaryOp::Less => Condition::Less(left.expr, right.expr),
            BinaryOp::LessOrEqual => Condition::LessOrEqual(left.expr, right.expr),
            BinaryOp::Greater => Condition::Less(right.expr, left.expr),
            _ => Condition::LessOrEqual(right.expr, left.expr),
        })
    }
}

/// 0.45 → 9/20; `None` for numbers with more than nine decimals.
fn decimal(number: f64) -> Option<Rational> {
    let scaled = number * 1e9;
    (scaled == scaled.round() && scaled.abs() < 1e15)
        .then(|| Rational::new(scaled as i128, 1_000_000_000))
}
