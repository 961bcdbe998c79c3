//! Formulas → numeric expressions: names resolved, laws inlined, units checked and converted.
//!
//! Every subexpression is lowered to a value in some unit. Products and quotients multiply units and
//! insert nothing; sums, comparisons, `min` and `max` convert their second operand to the unit of the
//! first; functions want pure numbers. So a factor appears exactly where two units really meet.

use std::collections::BTreeMap;

use super::symbols::{Scope, Symbol, Symbols};
use crate::diagnostics::{Diagnostic, Span};
use crate::model::declare::Formula;
use crate::model::file::{Item, problem, problem_with_help, suggestion};
use crate::model::formula::{BinaryOp, Node, NodeKind, UnaryOp};
use crate::model::load::Shared;
use crate::model::types::*;
use crate::units::{Rational, Unit};

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
            if !used {
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
                let mut diagnostic = problem(
                    "wrong-unit",
                    format!(
                        "{what} is declared in `{}` ({}), its formula gives {}",
                        unit.text,
                        unit.describe(),
                        typed.unit.describe()
                    ),
                    formula.item.span.clone(),
                    &typed.unit.describe(),
                );
                diagnostic.help = amount_hint(&typed.unit, unit);
                self.out.push(diagnostic);
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
        let mut context = Context {
            scope,
            item: &formula.item,
            arguments: Vec::new(),
            call: None,
            depth: 0,
            inside_reference: false,
        };
        let NodeKind::Binary(op, a, b) = &formula.node.kind else {
            return self.not_a_comparison(formula);
        };
        let flipped = match op {
            BinaryOp::Less | BinaryOp::LessOrEqual => false,
            BinaryOp::Greater | BinaryOp::GreaterOrEqual => true,
            _ => return self.not_a_comparison(formula),
        };
        let (Ok(a), Ok(b)) = (self.lower(a, &mut context), self.lower(b, &mut context)) else {
            return Expr::Number(0.0);
        };
        match self.same_unit(a, b, &formula.node, &context) {
            Ok((a, b)) if flipped => Expr::Subtract(boxed(a.expr), boxed(b.expr)),
            Ok((a, b)) => Expr::Subtract(boxed(b.expr), boxed(a.expr)),
            Err(Reported) => Expr::Number(0.0),
        }
    }

    fn not_a_comparison(&mut self, formula: &Formula) -> Expr {
        self.out.push(problem(
            "bad-event",
            "`when` must be a comparison such as \"tsat < low_limit\"".to_string(),
            formula.item.span.clone(),
            "not a comparison",
        ));
        Expr::Number(0.0)
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
            Expr::Number(number) => Expr::Number(number * factor),
            expr => Expr::Multiply(boxed(expr), boxed(Expr::Number(factor))),
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
                let mut diagnostic = problem(
                    "wrong-unit",
                    format!(
                        "{} and {} cannot be added or compared",
                        a.unit.describe(),
                        b.unit.describe()
                    ),
                    context.span(node),
                    &format!("{} with {}", a.unit.describe(), b.unit.describe()),
                );
                diagnostic.help = amount_hint(&a.unit, &b.unit);
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

    fn lower(&mut self, node: &Node, context: &mut Context) -> Lowered {
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
                    expr => Expr::Negate(boxed(expr)),
                };
                Ok(Typed { expr, ..typed })
            }
            NodeKind::Unary(UnaryOp::Not, _) => self.refuse_condition(node, context),
            NodeKind::Binary(op, a, b) => self.binary(*op, a, b, node, context),
            NodeKind::Call(name, arguments) => self.call(name, arguments, node, context),
        }
    }

    fn refuse_condition(&mut self, node: &Node, context: &Context) -> Lowered {
        self.out.push(problem_with_help(
            "bad-condition",
            "a condition is not a number".to_string(),
            context.span(node),
            "true or false",
            Some("use `if(condition, a, b)`".to_string()),
        ));
        Err(Reported)
    }

    fn name(&mut self, name: &str, node: &Node, context: &Context) -> Lowered {
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
                let what = if matches!(symbol, Symbol::Table(_)) {
                    "a table: call it"
                } else {
                    "a biomarker: it never feeds back"
                };
                self.out.push(problem(
                    "bad-name-use",
                    format!("`{name}` is {what}"),
                    span,
                    "not a value",
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

    fn binary(
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

    fn unit_or_report(
        &mut self,
        unit: Option<Unit>,
        node: &Node,
        context: &Context,
    ) -> Result<Unit, Reported> {
        unit.ok_or_else(|| {
            self.out.push(problem(
                "wrong-unit",
                "these units cannot be multiplied (a temperature in °C, or a factor out of range)"
                    .to_string(),
                context.span(node),
                "here",
            ));
            Reported
        })
    }

    fn power(
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

    fn call(
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

    fn exactly<'n, const N: usize>(
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

    fn extreme(
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

    fn choose(&mut self, arguments: &[Node], node: &Node, context: &mut Context) -> Lowered {
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

    fn condition(&mut self, node: &Node, context: &mut Context) -> Result<Condition, Reported> {
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
            NodeKind::Binary(
                op @ (BinaryOp::Less
                | BinaryOp::LessOrEqual
                | BinaryOp::Greater
                | BinaryOp::GreaterOrEqual),
                a,
                b,
            ) => {
                let left = self.lower(a, context)?;
                let right = self.lower(b, context)?;
                let (left, right) = self.same_unit(left, right, node, context)?;
                for side in [&left.expr, &right.expr] {
                    if !depends_on_parameters_and_inputs_only(side) {
                        self.out.push(problem_with_help(
                            "bad-condition",
                            "a condition may compare parameters and inputs only".to_string(),
                            context.span(node),
                            "changes with the state or with time",
                            Some(
                                "use min, max or clamp, which are continuous, or an event"
                                    .to_string(),
                            ),
                        ));
                        return Err(Reported);
                    }
                }
                Ok(match op {
                    BinaryOp::Less => Condition::Less(left.expr, right.expr),
                    BinaryOp::LessOrEqual => Condition::LessOrEqual(left.expr, right.expr),
                    BinaryOp::Greater => Condition::Less(right.expr, left.expr),
                    _ => Condition::LessOrEqual(right.expr, left.expr),
                })
            }
            _ => {
                self.out.push(problem(
                    "bad-condition",
                    "this is not a condition".to_string(),
                    context.span(node),
                    "compare two quantities",
                ));
                Err(Reported)
            }
        }
    }

    fn reference(
        &mut self,
        name: &str,
        arguments: &[Node],
        node: &Node,
        context: &mut Context,
    ) -> Lowered {
        let [argument] = self.exactly::<1>(name, arguments, node, context)?;
        if context.inside_reference {
            self.out.push(problem(
                "nested-reference",
                "`norm` and `reference` cannot be nested".to_string(),
                context.span(node),
                "inside another one",
            ));
            return Err(Reported);
        }
        context.inside_reference = true;
        let typed = self.lower(argument, context);
        context.inside_reference = false;
        let typed = typed?;
        let text = context.item.within(argument.range.clone());
        let parameter =
            self.reference_parameter(&typed, &format!("{}..{}", text.range.start, text.range.end));
        let reference = Expr::Parameter(parameter);
        Ok(if name == "norm" {
            pure(Expr::Divide(boxed(typed.expr), boxed(reference)))
        } else {
            Typed {
                expr: reference,
                unit: typed.unit,
                zero: false,
            }
        })
    }

    /// The hidden parameter that will hold this expression's value at the reference equilibrium.
    pub fn reference_parameter(&mut self, typed: &Typed, text: &str) -> ParameterId {
        if let Some(known) = self
            .model
            .references
            .iter()
            .find(|known| known.of == typed.expr)
        {
            return known.parameter;
        }
        let id = ReferenceId(self.model.references.len() as u32);
        let parameter = ParameterId(self.model.parameters.len() as u32);
        self.model.parameters.push(Parameter {
            name: format!("references.{}", id.0),
            title: None,
            kind: ParameterKind::Reference(id),
            // 1 until the reference equilibrium is solved: any finite value would do.
            value: 1.0,
            unit: typed.unit.clone(),
            range: None,
            cv: None,
            origin: Origin::Assumed("read from the reference equilibrium".to_string()),
            grade: None,
            span: None,
        });
        self.model.references.push(Reference {
            parameter,
            of: typed.expr.clone(),
            text: text.to_string(),
        });
        parameter
    }

    /// clock.on · cos(2π (time + clock.offset − peak) / 1 d)
    fn diurnal(&mut self, arguments: &[Node], node: &Node, context: &mut Context) -> Lowered {
        let [argument] = self.exactly::<1>("diurnal", arguments, node, context)?;
        let second = Unit::parse("s").expect("s is a unit");
        let peak = self.lower(argument, context)?;
        let Some(peak) = self.convert(peak, &second) else {
            self.out.push(problem(
                "wrong-unit",
                "`diurnal` takes a time of day".to_string(),
                context.span(argument),
                "not a time",
            ));
            return Err(Reported);
        };
        let (on, offset) = self.clock;
        let clock = Expr::Add(boxed(Expr::Time), boxed(Expr::Parameter(offset)));
        let since = Expr::Subtract(boxed(clock), boxed(peak.expr));
        let turn = Expr::Multiply(
            boxed(since),
            boxed(Expr::Number(std::f64::consts::TAU / 86_400.0)),
        );
        let wave = Expr::Call(Function::Cos, boxed(turn));
        Ok(pure(Expr::Multiply(
            boxed(Expr::Parameter(on)),
            boxed(wave),
        )))
    }

    fn molar_mass(&mut self, arguments: &[Node], node: &Node, context: &mut Context) -> Lowered {
        let [argument] = self.exactly::<1>("molar_mass", arguments, node, context)?;
        let NodeKind::Name(key) = &argument.kind else {
            let message = "`molar_mass` takes the name of a nutrient".to_string();
            self.out.push(problem(
                "unknown-name",
                message,
                context.span(argument),
                "not a name",
            ));
            return Err(Reported);
        };
        let unit = Unit::parse("g/mol").expect("g/mol is a unit");
        match self.shared.nutrients.get(key) {
            Some(Nutrient {
                molar_mass_g_per_mol: Some(mass),
                ..
            }) => Ok(Typed {
                expr: Expr::Number(*mass),
                unit,
                zero: false,
            }),
            known => {
                let message = match known {
                    Some(_) => format!("nutrients.toml gives no molar mass for `{key}`"),
                    None => format!("`{key}` is not in nutrients.toml"),
                };
                let help = suggestion(key, self.shared.nutrients.keys().map(String::as_str));
                self.out.push(problem_with_help(
                    "unknown-name",
                    message,
                    context.span(argument),
                    "here",
                    help,
                ));
                Err(Reported)
            }
        }
    }

    /// strength·argument + (1 − strength)·reference(argument): with strength 1 exactly the argument.
    fn structural_edge(
        &mut self,
        arguments: &[Node],
        node: &Node,
        context: &mut Context,
    ) -> Lowered {
        let [name_node, argument] = self.exactly::<2>("edge", arguments, node, context)?;
        let NodeKind::Name(name) = &name_node.kind else {
            let message = "`edge` takes the name of a structural edge first".to_string();
            self.out.push(problem(
                "unknown-name",
                message,
                context.span(name_node),
                "not a name",
            ));
            return Err(Reported);
        };
        let dotted = format!("{}.{name}", self.symbols.modules[context.scope.module]);
        let Some((structural, used)) = self.structural.get_mut(&dotted) else {
            let known: Vec<String> = self
                .structural
                .keys()
                .map(|known| known.rsplit('.').next().unwrap_or(known).to_string())
                .collect();
            self.out.push(problem_with_help(
                "unknown-name",
                format!("this module has no structural edge `{name}`"),
                context.span(name_node),
                "not declared",
                suggestion(name, known.iter().map(String::as_str)),
            ));
            return Err(Reported);
        };
        *used = true;
        let strength = structural.strength;
        let was_inside = std::mem::replace(&mut context.inside_reference, true);
        let typed = self.lower(argument, context);
        context.inside_reference = was_inside;
        let typed = typed?;
        let reference = self.reference_parameter(&typed, name);
        let kept = Expr::Multiply(boxed(Expr::Parameter(strength)), boxed(typed.expr));
        let off = Expr::Subtract(boxed(Expr::Number(1.0)), boxed(Expr::Parameter(strength)));
        let frozen = Expr::Multiply(boxed(off), boxed(Expr::Parameter(reference)));
        Ok(Typed {
            expr: Expr::Add(boxed(kept), boxed(frozen)),
            unit: typed.unit,
            zero: false,
        })
    }

    fn law_or_table(
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

    fn table_call(
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

/// Mass against amount is the commonest slip; say how to cross.
fn amount_hint(a: &Unit, b: &Unit) -> Option<String> {
    let gram_per_mole = Unit::parse("g/mol").ok()?;
    let ratio = a.per(b)?;
    let crosses = ratio.per(&gram_per_mole)?.is_dimensionless()
        || ratio.times(&gram_per_mole)?.is_dimensionless();
    crosses.then(|| "mass and amount convert with `molar_mass(nutrient)`".to_string())
}

/// 0.45 → 9/20; `None` for numbers with more than nine decimals.
fn decimal(number: f64) -> Option<Rational> {
    let scaled = number * 1e9;
    (scaled == scaled.round() && scaled.abs() < 1e15)
        .then(|| Rational::new(scaled as i128, 1_000_000_000))
}

pub fn depends_on_parameters_only(expr: &Expr) -> bool {
    all_leaves(expr, &|leaf| {
        matches!(leaf, Expr::Number(_) | Expr::Parameter(_))
    })
}

fn depends_on_parameters_and_inputs_only(expr: &Expr) -> bool {
    all_leaves(expr, &|leaf| {
        matches!(leaf, Expr::Number(_) | Expr::Parameter(_) | Expr::Input(_))
    })
}

/// True if `test` holds for every leaf of an expression.
pub fn all_leaves(expr: &Expr, test: &dyn Fn(&Expr) -> bool) -> bool {
    match expr {
        Expr::Number(_)
        | Expr::Parameter(_)
        | Expr::Input(_)
        | Expr::State(_)
        | Expr::Variable(_)
        | Expr::Process(_)
        | Expr::Time => test(expr),
        Expr::Negate(a) | Expr::PowerInteger(a, _) | Expr::Call(_, a) => all_leaves(a, test),
        Expr::Add(a, b)
        | Expr::Subtract(a, b)
        | Expr::Multiply(a, b)
        | Expr::Divide(a, b)
        | Expr::Power(a, b)
        | Expr::Minimum(a, b)
        | Expr::Maximum(a, b) => all_leaves(a, test) && all_leaves(b, test),
        Expr::Select(condition, a, b) => {
            condition_leaves(condition, test) && all_leaves(a, test) && all_leaves(b, test)
        }
        Expr::Table(_, arguments) => arguments.iter().all(|argument| all_leaves(argument, test)),
    }
}

fn condition_leaves(condition: &Condition, test: &dyn Fn(&Expr) -> bool) -> bool {
    match condition {
        Condition::Less(a, b) | Condition::LessOrEqual(a, b) => {
            all_leaves(a, test) && all_leaves(b, test)
        }
        Condition::And(a, b) | Condition::Or(a, b) => {
            condition_leaves(a, test) && condition_leaves(b, test)
        }
        Condition::Not(a) => condition_leaves(a, test),
    }
}
