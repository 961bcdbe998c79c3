//! Calls: built-in functions, rate laws, tables.

use super::super::symbols::Symbol;
use super::leaves::size;
use super::{Context, Lowered, Lowering, Reported, Typed, boxed, pure};
use crate::model::file::problem_with_help;
use crate::model::formula::Node;
use crate::model::laws::Law;
use crate::model::messages::{unknown_name, wrong_unit};
use crate::model::types::*;
use crate::units::Rational;

/// What formulas may call beside rate laws and tables, and with what.
const BUILT_IN: [(&str, &str); 16] = [
    ("exp", "x"),
    ("ln", "x"),
    ("log10", "x"),
    ("sqrt", "x"),
    ("sin", "x"),
    ("cos", "x"),
    ("tanh", "x"),
    ("abs", "x"),
    ("min", "a, b"),
    ("max", "a, b"),
    ("if", "condition, a, b"),
    ("norm", "x"),
    ("reference", "x"),
    ("diurnal", "peak"),
    ("molar_mass", "nutrient"),
    ("edge", "name, x"),
];

/// Laws call laws, but not so deep: one that does calls itself.
const DEEPEST_CALL: u32 = 16;

/// A law that names its argument often multiplies it, and a law of a law of a law does so each time:
/// the argument's size times the length of the law stays below this.
const LARGEST: usize = 1_000_000;

impl<'a> Lowering<'a> {
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
        match <&[Node; N]>::try_from(arguments) {
            Ok(arguments) => Ok(arguments),
            Err(_) => {
                let known = BUILT_IN.iter().find(|(known, _)| *known == name);
                let wanted = known.map_or("", |(_, arguments)| arguments);
                self.wrong_count(name, wanted, arguments.len(), node, context)
            }
        }
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

    fn law_or_table(
        &mut self,
        name: &str,
        arguments: &[Node],
        node: &Node,
        context: &mut Context,
    ) -> Lowered {
        if let Some(law) = self.shared.laws.get(name) {
            return self.law_call(law, name, arguments, node, context);
        }
        let dotted = format!("{}.{name}", self.symbols.modules[context.scope.module]);
        let table = self
            .symbols
            .global(&dotted)
            .or_else(|| self.symbols.global(name));
        if let Some(Symbol::Table(id)) = table {
            return self.table_call(id, name, arguments, node, context);
        }
        if !self.symbols.is_broken(context.scope.module, name) {
            let laws = self.shared.laws.keys().map(String::as_str);
            let diagnostic = unknown_name(
                format!("there is no function or rate law `{name}`"),
                name,
                context.span(node),
                BUILT_IN.iter().map(|(name, _)| *name).chain(laws),
            );
            self.out.push(diagnostic);
        }
        Err(Reported)
    }

    /// Lowers the law's formula with the arguments in the places of their names.
    fn law_call(
        &mut self,
        law: &Law,
        name: &str,
        arguments: &[Node],
        node: &Node,
        context: &mut Context,
    ) -> Lowered {
        if law.arguments.len() != arguments.len() {
            let wanted = law.arguments.join(", ");
            return self.wrong_count(name, &wanted, arguments.len(), node, context);
        }
        let mut bound = Vec::new();
        let mut largest = 1;
        for (argument_name, argument) in law.arguments.iter().zip(arguments) {
            let typed = self.lower(argument, context)?;
            largest = largest.max(size(&typed.expr));
            bound.push((argument_name.clone(), typed));
        }
        let mistake = if context.depth > DEEPEST_CALL {
            Some((
                format!("rate law `{name}` calls itself"),
                "write it without itself",
            ))
        } else if largest * law.formula.text.len() > LARGEST {
            Some((
                format!("`{name}` of so long a formula becomes too long"),
                "make its argument a variable",
            ))
        } else {
            None
        };
        if let Some((message, way_out)) = mistake {
            self.out.push(problem_with_help(
                "endless-law",
                message,
                context.span(node),
                "this call",
                Some(way_out.to_string()),
            ));
            return Err(Reported);
        }
        let mut inner = Context {
            scope: context.scope,
            item: &law.formula.item,
            arguments: bound,
            call: Some(context.span(node)),
            depth: context.depth + 1,
            inside_reference: context.inside_reference,
        };
        let given = inner.arguments.iter();
        let given = given.map(|(name, typed)| (name.clone(), typed.expr.clone()));
        let given = given.collect();
        let typed = self.lower(&law.formula.node, &mut inner)?;
        Ok(Typed {
            expr: Expr::Law(name.to_string(), given, boxed(typed.expr)),
            ..typed
        })
    }

    /// `arguments`: what the call takes, as a list of names.
    fn wrong_count<T>(
        &mut self,
        name: &str,
        arguments: &str,
        given: usize,
        node: &Node,
        context: &Context,
    ) -> Result<T, Reported> {
        let wanted = arguments.split(',').count();
        let plural = if wanted == 1 { "" } else { "s" };
        self.out.push(problem_with_help(
            "wrong-argument-count",
            format!("`{name}` takes {wanted} argument{plural}, not {given}"),
            context.span(node),
            "this call",
            Some(format!("write `{name}({arguments})`")),
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
            let wanted = if axes.len() == 1 { "x" } else { "x, y" };
            return self.wrong_count(name, wanted, arguments.len(), node, context);
        }
        let mut exprs = Vec::new();
        for (argument, axis) in arguments.iter().zip(&axes) {
            let typed = self.lower(argument, context)?;
            let Some(converted) = self.convert(typed.clone(), axis) else {
                self.out.push(wrong_unit(
                    format!(
                        "this axis of `{name}` is in {} ({})",
                        axis.text,
                        axis.describe()
                    ),
                    context.span(argument),
                    &typed.unit,
                    axis,
                ));
                return Err(Reported);
            };
            exprs.push(converted.expr);
        }
        Ok(Typed {
            expr: Expr::Table(id, exprs),
            unit,
            zero: false,
        })
    }
}
