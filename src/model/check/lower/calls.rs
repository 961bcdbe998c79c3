//! Calls: built-in functions, rate laws, tables.

use super::super::symbols::Symbol;
use super::{Context, Lowered, Lowering, Reported, Typed, boxed, pure};
use crate::model::file::{problem, problem_with_help, suggestion};
use crate::model::formula::Node;
use crate::model::types::*;
use crate::units::Rational;

impl Lowering<'_> {
    pub(super) fn call(
        &mut self,
        name: &str,
        arguments: &[Node],
        node: &Node,
        context: &mut Context,
    ) -> Lowered {
        let plain = match name {
            "exp" => Some(Function::Exp),
            "ln" => Some(Function::Ln),
            "log10" => Some(Function::Log10),
            "sin" => Some(Function::Sin),
            "cos" => Some(Function::Cos),
            "tanh" => Some(Function::Tanh),
            _ => None,
        };
        if let Some(function) = plain {
            let [argument] = self.exactly::<1>(name, arguments, node, context)?;
            let typed = self.lower(argument, context)?;
            let typed = self.pure_number(typed, argument, context, &format!("`{name}`"))?;
            return Ok(pure(Expr::Call(function, boxed(typed.expr))));
        }
        match name {
            "abs" => {
                let [argument] = self.exactly::<1>(name, arguments, node, context)?;
                let typed = self.lower(argument, context)?;
                Ok(Typed {
                    expr: Expr::Call(Function::Abs, boxed(typed.expr)),
                    ..typed
                })
            }
            "sqrt" => {
                let [argument] = self.exactly::<1>(name, arguments, node, context)?;
                let typed = self.lower(argument, context)?;
                let unit =
                    self.unit_or_report(typed.unit.power(Rational::new(1, 2)), node, context)?;
                Ok(Typed {
                    expr: Expr::Call(Function::SquareRoot, boxed(typed.expr)),
                    unit,
                    zero: false,
                })
            }
            "min" | "max" => self.extreme(name, arguments, node, context),
            "if" => self.choose(arguments, node, context),
            "norm" | "reference" => self.reference(name, arguments, node, context),
            "diurnal" => self.diurnal(arguments, node, context),
            "molar_mass" => self.molar_mass(arguments, node, context),
            "edge" => self.structural_edge(arguments, node, context),
            _ => self.law_or_table(name, arguments, node, context),
        }
    }

    pub(super) fn exactly<'n, const N: usize>(
        &mut self,
        name: &str,
        arguments: &'n [Node],
        node: &Node,
        context: &Context,
    ) -> Result<&'n [Node; N], Reported> {
        <&[Node; N]>::try_from(arguments).map_err(|_| {
            self.out.push(problem(
                "wrong-argument-count",
                format!(
                    "`{name}` takes {N} argument(s), here are {}",
                    arguments.len()
                ),
                context.span(node),
                "this call",
            ));
            Reported
        })
    }

    pub(super) fn extreme(
        &mut self,
        name: &str,
        arguments: &[Node],
        node: &Node,
        context: &mut Context,
    ) -> Lowered {
        if arguments.len() < 2 {
            let _ = self.exactly::<2>(name, arguments, node, context)?;
        }
        let mut result = self.lower(&arguments[0], context)?;
        for argument in &arguments[1..] {
            let next = self.lower(argument, context)?;
            let zero = result.zero && next.zero;
            let (a, b) = self.same_unit(result, next, node, context)?;
            let (x, y) = (boxed(a.expr), boxed(b.expr));
            let expr = if name == "min" {
                Expr::Minimum(x, y)
            } else {
                Expr::Maximum(x, y)
            };
            result = Typed {
                expr,
                unit: a.unit,
                zero,
            };
        }
        Ok(result)
    }

    pub(super) fn law_or_table(
        &mut self,
        name: &str,
        arguments: &[Node],
        node: &Node,
        context: &mut Context,
    ) -> Lowered {
        if let Some(law) = self.shared.laws.get(name).cloned() {
            if law.arguments.len() != arguments.len() {
                self.out.push(problem(
                    "wrong-argument-count",
                    format!(
                        "`{name}` takes {} ({}), here are {}",
                        law.arguments.len(),
                        law.arguments.join(", "),
                        arguments.len()
                    ),
                    context.span(node),
                    "this call",
                ));
                return Err(Reported);
            }
            if context.depth > 16 {
                let message = format!("rate law `{name}` calls itself");
                self.out
                    .push(problem("cyclic-law", message, context.span(node), "here"));
                return Err(Reported);
            }
            let mut bound = Vec::new();
            for (argument_name, argument) in law.arguments.iter().zip(arguments) {
                bound.push((argument_name.clone(), self.lower(argument, context)?));
            }
            let mut inner = Context {
                scope: context.scope,
                item: &law.formula.item,
                arguments: bound,
                call: Some(context.span(node)),
                depth: context.depth + 1,
                inside_reference: context.inside_reference,
            };
            return self.lower(&law.formula.node, &mut inner);
        }
        let dotted = format!("{}.{name}", self.symbols.modules[context.scope.module]);
        let table = self
            .symbols
            .global(&dotted)
            .or_else(|| self.symbols.global(name));
        if let Some(Symbol::Table(id)) = table {
            return self.table_call(id, name, arguments, node, context);
        }
        let builtin = [
            "exp",
            "ln",
            "log10",
            "sqrt",
            "sin",
            "cos",
            "tanh",
            "abs",
            "min",
            "max",
            "if",
            "norm",
            "reference",
            "diurnal",
            "molar_mass",
            "edge",
        ];
        let known = builtin
            .iter()
            .copied()
            .chain(self.shared.laws.keys().map(String::as_str));
        self.out.push(problem_with_help(
            "unknown-name",
            format!("there is no function or rate law `{name}`"),
            context.span(node),
            "not known",
            suggestion(name, known),
        ));
        Err(Reported)
    }

    pub(super) fn table_call(
        &mut self,
        id: TableId,
        name: &str,
        arguments: &[Node],
        node: &Node,
        context: &mut Context,
    ) -> Lowered {
        let table = &self.model.tables[id.index()];
        let unit = table.unit.clone();
        let axes = if table.y.is_empty() {
            vec![table.x_unit.clone()]
        } else {
            vec![table.x_unit.clone(), table.y_unit.clone()]
        };
        if axes.len() != arguments.len() {
            self.out.push(problem(
                "wrong-argument-count",
                format!(
                    "table `{name}` has {} axes, here are {} arguments",
                    axes.len(),
                    arguments.len()
                ),
                context.span(node),
                "this call",
            ));
            return Err(Reported);
        }
        let mut exprs = Vec::new();
        for (argument, axis) in arguments.iter().zip(&axes) {
            let typed = self.lower(argument, context)?;
            let Some(typed) = self.convert(typed, axis) else {
                let message = format!("this axis of `{name}` is in {}", axis.text);
                self.out.push(problem(
                    "wrong-unit",
                    message,
                    context.span(argument),
                    "wrong unit",
                ));
                return Err(Reported);
            };
            exprs.push(typed.expr);
        }
        Ok(Typed {
            expr: Expr::Table(id, exprs),
            unit,
            zero: false,
        })
    }
}
