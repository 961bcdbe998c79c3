//! Formulas → MathML, each literal with its unit.
//!
//! Comes in: [`Expr`] of a checked model, whose unit factors are explicit. Goes out: content MathML in the
//! subset that SBML takes. Promise: what is written means to a reader of SBML what the engine computes, the
//! floors under powers, roots and logarithms included.

use super::functions::Functions;
use super::names;
use super::units::{Units, shown};
use super::xml::Element;
use crate::model::*;
use crate::units::{Rational, Unit};

/// Where floored functions stop looking down.
pub const FLOOR: f64 = 1e-12;
/// Where exponents end: e to this is 1e100. No state of a run comes near it, but trial states of a solver do, and
/// LSODA's norm passes over what is not a number: it would take infinity minus infinity for converged.
const LARGEST_EXPONENT: f64 = 230.0;

/// MathML and the unit its value is in.
#[derive(Debug, Clone)]
pub struct Typed {
    pub element: Element,
    pub unit: Unit,
}

/// Writes formulas; collects the units and functions that they need.
pub struct Math<'m> {
    pub model: &'m Model,
    pub units: Units,
    pub functions: Functions,
    /// What tables need besides: parameters of their own, all pure numbers.
    pub helpers: Vec<Helper>,
    /// The knots met so far.
    pub(super) grids: Vec<Vec<f64>>,
    /// Inside the definition of a function: what its arguments stand for.
    pub(super) bound: Vec<(String, Expr)>,
    /// Laws of quantities with units are written out instead of called (see [`Math::formula`]).
    pub(super) written_out: bool,
}

/// A pure number that formulas share.
#[derive(Debug)]
pub struct Helper {
    pub id: String,
    pub title: String,
    pub formula: Element,
}

pub fn apply(operator: &str, arguments: impl IntoIterator<Item = Element>) -> Element {
    Element::new("apply")
        .child(Element::new(operator))
        .children(arguments)
}

/// A chain of sums or products as one element: the time that libSBML spends on units doubles with each level
/// of a tree.
fn chain(operator: &str, left: Element, right: Element) -> Element {
    if left.applies(operator) {
        left.child(right)
    } else {
        apply(operator, [left, right])
    }
}

pub fn name(id: &str) -> Element {
    Element::new("ci").text(id)
}

/// The whole formula, as the SBML object that holds it wants it.
pub fn math(formula: Element) -> Element {
    Element::new("math")
        .with("xmlns", "http://www.w3.org/1998/Math/MathML")
        .with("xmlns:sbml", super::SBML)
        .child(formula)
}

impl<'m> Math<'m> {
    pub fn new(model: &'m Model) -> Math<'m> {
        Math {
            model,
            units: Units::default(),
            functions: Functions::default(),
            helpers: Vec::new(),
            grids: Vec::new(),
            bound: Vec::new(),
            written_out: false,
        }
    }

    /// A literal with its unit, in digits that read back to the same number.
    pub fn number(&mut self, value: f64, unit: &Unit) -> Element {
        Element::new("cn")
            .with("sbml:units", self.units.id(unit))
            .text(value.to_string())
    }

    fn whole(&mut self, value: i32) -> Element {
        Element::new("cn")
            .with("sbml:units", "dimensionless")
            .with("type", "integer")
            .text(value.to_string())
    }

    pub fn time(&self) -> Element {
        Element::new("csymbol")
            .with("encoding", "text")
            .with("definitionURL", "http://www.sbml.org/sbml/symbols/time")
            .text("time")
    }

    /// A part of a formula whose value is wanted in `unit`: a bare zero takes it over.
    pub(super) fn in_unit(&mut self, expr: &Expr, unit: &Unit) -> Element {
        if is_zero(expr) {
            return self.number(0.0, unit);
        }
        self.expr(expr).element
    }

    /// Any formula.
    pub fn expr(&mut self, expr: &Expr) -> Typed {
        if let Some((argument, _)) = self.bound.iter().find(|(_, stands)| stands == expr) {
            let element = name(argument);
            let bound = std::mem::take(&mut self.bound);
            // Its unit follows from what it stands for; what that is written as is not needed.
            let unit = self.expr(expr).unit;
            self.bound = bound;
            return Typed { element, unit };
        }
        let model = self.model;
        let leaf = |id: String, unit: &Unit| Typed {
            element: name(&id),
            unit: unit.clone(),
        };
        match expr {
            Expr::Number(value) => self.literal(*value, Unit::one()),
            Expr::Factor(value, unit) => self.literal(*value, unit.clone()),
            Expr::Parameter(id) => {
                let parameter = &model.parameters[id.index()];
                leaf(names::id(&parameter.name), &parameter.unit)
            }
            Expr::Input(id) => {
                let input = &model.inputs[id.index()];
                leaf(names::id(&input.name), &input.unit)
            }
            Expr::State(id) => {
                let state = &model.states[id.index()];
                leaf(names::id(&state.name), &state.unit)
            }
            Expr::Variable(id) => {
                let variable = &model.variables[id.index()];
                leaf(names::id(&variable.name), &variable.unit)
            }
            Expr::Process(id) => self.process(&model.processes[id.index()]),
            Expr::Time => Typed {
                element: self.time(),
                unit: second(),
            },
            Expr::Negate(a) => {
                let a = self.expr(a);
                Typed {
                    element: apply("minus", [a.element]),
                    ..a
                }
            }
            Expr::Add(a, b) => self.alike("plus", a, b),
            Expr::Subtract(a, b) => self.alike("minus", a, b),
            Expr::Minimum(a, b) => self.alike("min", a, b),
            Expr::Maximum(a, b) => self.alike("max", a, b),
            Expr::Multiply(a, b) => {
                let (a, b) = (self.expr(a), self.expr(b));
                let unit = a.unit.times(&b.unit);
                self.product("times", a, b, unit)
            }
            Expr::Divide(a, b) => {
                let (a, b) = (self.expr(a), self.expr(b));
                let unit = a.unit.per(&b.unit);
                self.product("divide", a, b, unit)
            }
            Expr::PowerInteger(base, exponent) => {
                let base = self.expr(base);
                let power = Rational::new(i128::from(*exponent), 1);
                let unit = base.unit.power(power).unwrap_or_else(Unit::one);
                let exponent = self.whole(*exponent);
                Typed {
                    element: apply("power", [base.element, exponent]),
                    unit,
                }
            }
            Expr::Power(base, exponent) => self.power(base, exponent),
            Expr::Call(function, argument) => self.call(*function, argument),
            Expr::Select(condition, yes, no) => {
                let unit = self.unit_of_either(yes, no);
                let (yes, no) = (self.in_unit(yes, &unit), self.in_unit(no, &unit));
                let condition = self.condition(condition);
                let piece = Element::new("piece").child(yes).child(condition);
                let otherwise = Element::new("otherwise").child(no);
                Typed {
                    element: Element::new("piecewise").child(piece).child(otherwise),
                    unit,
                }
            }
            Expr::Table(id, arguments) => self.table(*id, arguments),
            Expr::Law(law, arguments, value) => self.law(law, arguments, value),
        }
    }

    fn literal(&mut self, value: f64, unit: Unit) -> Typed {
        Typed {
            element: self.number(value, &unit),
            unit,
        }
    }

    /// The rate of a process in its own unit.
    fn process(&mut self, process: &Process) -> Typed {
        Typed {
            element: name(&names::rate(process)),
            unit: process.unit.clone(),
        }
    }

    fn unit_of_either(&mut self, a: &Expr, b: &Expr) -> Unit {
        let known = if is_zero(a) { b } else { a };
        self.expr(known).unit
    }

    /// Both in one unit, which is that of the result.
    fn alike(&mut self, operator: &str, a: &Expr, b: &Expr) -> Typed {
        let unit = self.unit_of_either(a, b);
        let (a, b) = (self.in_unit(a, &unit), self.in_unit(b, &unit));
        let element = match operator {
            "plus" => chain(operator, a, b),
            _ => apply(operator, [a, b]),
        };
        Typed { element, unit }
    }

    /// A product or quotient; where the units of its parts could not be shown, but its own can, it is
    /// multiplied by one of its unit.
    fn product(&mut self, operator: &str, a: Typed, b: Typed, unit: Option<Unit>) -> Typed {
        let unit = unit.unwrap_or_else(Unit::one);
        let (left, right) = (shown(&a.unit), shown(&b.unit));
        let seen = if operator == "times" {
            left.times(&right)
        } else {
            left.per(&right)
        };
        let element = match operator {
            "times" => chain(operator, a.element, b.element),
            _ => apply(operator, [a.element, b.element]),
        };
        Typed {
            element: self.corrected(element, seen, &unit),
            unit,
        }
    }

    pub(super) fn corrected(
        &mut self,
        element: Element,
        seen: Option<Unit>,
        unit: &Unit,
    ) -> Element {
        let wanted = shown(unit);
        let seen = seen.unwrap_or_else(Unit::one);
        if seen.dimension == wanted.dimension && seen.factor == wanted.factor {
            return element;
        }
        let missing = wanted.per(&seen).unwrap_or_else(Unit::one);
        let one = self.number(1.0, &unnamed(missing));
        chain("times", element, one)
    }

    /// A quantity over one of its unit.
    pub(super) fn bare(&mut self, typed: Typed) -> Element {
        let unit = shown(&typed.unit);
        let one = Unit::one();
        if unit.dimension == one.dimension && unit.factor == one.factor {
            return typed.element;
        }
        let size = self.number(1.0, &typed.unit);
        apply("divide", [typed.element, size])
    }

    /// What stands under a root or a logarithm: a pure number, floored.
    fn floored(&mut self, expr: &Expr) -> (Element, Unit) {
        let typed = self.expr(expr);
        let unit = typed.unit.clone();
        let bare = self.bare(typed);
        (self.at_least_floor(bare), unit)
    }

    fn at_least_floor(&mut self, bare: Element) -> Element {
        let floor = self.number(FLOOR, &Unit::one());
        apply("max", [bare, floor])
    }

    fn exponential(&mut self, exponent: Element) -> Element {
        let largest = self.number(LARGEST_EXPONENT, &Unit::one());
        apply("exp", [apply("min", [exponent, largest])])
    }

    fn power(&mut self, base: &Expr, exponent: &Expr) -> Typed {
        let base = self.expr(base);
        let base_unit = base.unit.clone();
        let base = self.bare(base);
        let fixed = match exponent {
            Expr::Number(number) => decimal(*number),
            _ => None,
        };
        let unit = match fixed {
            Some(power) => base_unit.power(power).unwrap_or_else(Unit::one),
            None => Unit::one(),
        };
        let exponent = self.expr(exponent).element;
        let base = self.at_least_floor(base);
        let element = if fixed.is_some() {
            apply("power", [base, exponent])
        } else {
            // As the engine computes it; of a power, checkers of units would take the exponent's value into the unit.
            self.exponential(apply("times", [exponent, apply("ln", [base])]))
        };
        Typed {
            element: self.corrected(element, Some(Unit::one()), &unit),
            unit,
        }
    }

    fn call(&mut self, function: Function, argument: &Expr) -> Typed {
        let plain = match function {
            Function::Exp => {
                let argument = self.expr(argument).element;
                return Typed {
                    element: self.exponential(argument),
                    unit: Unit::one(),
                };
            }
            Function::Sin => "sin",
            Function::Cos => "cos",
            Function::Tanh => "tanh",
            Function::Abs => {
                let typed = self.expr(argument);
                return Typed {
                    element: apply("abs", [typed.element]),
                    ..typed
                };
            }
            Function::SquareRoot => {
                let (argument, unit) = self.floored(argument);
                let unit = unit.power(Rational::new(1, 2)).unwrap_or_else(Unit::one);
                let element = apply("root", [argument]);
                return Typed {
                    element: self.corrected(element, Some(Unit::one()), &unit),
                    unit,
                };
            }
            Function::Ln | Function::Log10 => {
                let (argument, _) = self.floored(argument);
                let element = if function == Function::Ln {
                    apply("ln", [argument])
                } else {
                    let base = self.whole(10);
                    apply("log", [Element::new("logbase").child(base), argument])
                };
                return Typed {
                    element,
                    unit: Unit::one(),
                };
            }
        };
        let typed = self.expr(argument);
        Typed {
            element: apply(plain, [typed.element]),
            unit: Unit::one(),
        }
    }

    pub fn condition(&mut self, condition: &Condition) -> Element {
        match condition {
            Condition::Less(a, b) => self.alike("lt", a, b).element,
            Condition::LessOrEqual(a, b) => self.alike("leq", a, b).element,
            Condition::And(a, b) => {
                let parts = [self.condition(a), self.condition(b)];
                apply("and", parts)
            }
            Condition::Or(a, b) => {
                let parts = [self.condition(a), self.condition(b)];
                apply("or", parts)
            }
            Condition::Not(a) => {
                let inner = self.condition(a);
                apply("not", [inner])
            }
        }
    }
}

pub fn second() -> Unit {
    Unit::parse("s").expect("s is a unit")
}

/// Without the text that products grow.
pub fn unnamed(unit: Unit) -> Unit {
    Unit {
        text: String::new(),
        ..unit
    }
}

fn is_zero(expr: &Expr) -> bool {
    match expr {
        Expr::Number(value) => *value == 0.0,
        Expr::Minimum(a, b) | Expr::Maximum(a, b) => is_zero(a) && is_zero(b),
        _ => false,
    }
}

/// As the model reads exponents: at most nine decimals.
fn decimal(number: f64) -> Option<Rational> {
    let scaled = number * 1e9;
    (scaled == scaled.round() && scaled.abs() < 1e15)
        .then(|| Rational::new(scaled as i128, 1_000_000_000))
}
