//! Function definitions: rate laws as the model calls them, and tables as the cubic pieces that the engine
//! evaluates.

use super::math::{Math, apply, math, name, unnamed};
use super::names;
use super::units::shown;
use super::xml::Element;
use crate::engine::evaluate::Table as Knots;
use crate::model::Table;
use crate::units::Unit;

/// The functions defined so far, in the order in which they were needed.
#[derive(Debug, Default)]
pub struct Functions {
    known: Vec<Function>,
}

#[derive(Debug)]
struct Function {
    id: String,
    wanted: String,
    arguments: Vec<String>,
    body: Element,
    title: String,
}

impl Functions {
    /// The id of a function with this body: `wanted`, or `wanted` with a number where another body has
    /// taken that name.
    pub fn define(
        &mut self,
        wanted: &str,
        arguments: &[&str],
        body: Element,
        title: &str,
    ) -> String {
        let same_name = |f: &&Function| f.wanted == wanted;
        if let Some(known) = self.known.iter().filter(same_name).find(|f| f.body == body) {
            return known.id.clone();
        }
        let id = match self.known.iter().filter(same_name).count() {
            0 => format!("law__{wanted}"),
            others => format!("law__{wanted}__{}", others + 1),
        };
        self.known.push(Function {
            id: id.clone(),
            wanted: wanted.to_string(),
            arguments: arguments.iter().map(|a| a.to_string()).collect(),
            body,
            title: title.to_string(),
        });
        id
    }

    fn knows(&self, wanted: &str) -> Option<String> {
        let known = self.known.iter().find(|f| f.wanted == wanted)?;
        Some(known.id.clone())
    }

    /// `listOfFunctionDefinitions`; `None` if there is none.
    pub fn definitions(&self) -> Option<Element> {
        let definitions = self.known.iter().map(|function| {
            let bound = |argument: &String| Element::new("bvar").child(name(argument));
            let lambda = Element::new("lambda")
                .children(function.arguments.iter().map(bound))
                .child(function.body.clone());
            Element::new("functionDefinition")
                .with("id", function.id.as_str())
                .with("name", function.title.as_str())
                .with("sboTerm", "SBO:0000064")
                .child(math(lambda))
        });
        let list = Element::new("listOfFunctionDefinitions").children(definitions);
        (!list.is_empty()).then_some(list)
    }
}

impl Math<'_> {
    /// The function that looks a table up: constant outside, cubic between knots, with the slopes that the
    /// engine takes.
    pub fn define_table(&mut self, table: &Table) -> String {
        let wanted = format!("table__{}", names::id(&table.name));
        if let Some(id) = self.functions.knows(&wanted) {
            return id;
        }
        let knots = Knots::new(&table.x, &table.y, &table.values);
        let x = (table.x.as_slice(), &table.x_unit);
        if table.y.is_empty() {
            let rises = knots.slopes_x(0);
            let body = self.line(x, &table.unit, &table.values[0], Some(rises));
            return self.functions.define(&wanted, &["x"], body, &table.name);
        }
        let per_y = shown(&table.unit)
            .per(&shown(&table.y_unit))
            .unwrap_or_else(Unit::one);
        let per_y = unnamed(per_y);
        let mut rows = Vec::new();
        for (j, values) in table.values.iter().enumerate() {
            let body = self.line(x, &table.unit, values, Some(knots.slopes_x(j)));
            let title = format!("{} at {} {}", table.name, table.y[j], table.y_unit.text);
            let value = self
                .functions
                .define(&format!("{wanted}__row_{j}"), &["x"], body, &title);
            let body = self.line(x, &per_y, knots.slopes_y(j), None);
            let title = format!("slope of {title}");
            let slope =
                self.functions
                    .define(&format!("{wanted}__slope_{j}"), &["x"], body, &title);
            rows.push((value, slope));
        }
        let call = |function: &str| Element::new("apply").child(name(function)).child(name("x"));
        let mut pieces = vec![self.piece(call(&rows[0].0), "y", table.y[0], &table.y_unit)];
        for j in 0..table.y.len() - 1 {
            let width = table.y[j + 1] - table.y[j];
            let mut rise = |slope: &str| {
                let width = self.number(width, &table.y_unit);
                apply("times", [call(slope), width])
            };
            let rises = [rise(&rows[j].1), rise(&rows[j + 1].1)];
            let share = self.share("y", table.y[j], width, &table.y_unit);
            let [left, right] = rises;
            let value = self.cubic(share, [call(&rows[j].0), call(&rows[j + 1].0), left, right]);
            pieces.push(self.piece(value, "y", table.y[j + 1], &table.y_unit));
        }
        let last = rows.last().expect("a table has rows");
        let body = piecewise(pieces, call(&last.0));
        self.functions
            .define(&wanted, &["x", "y"], body, &table.name)
    }

    /// Cubic pieces through values at knots; flat pieces' weights where no slopes are given.
    fn line(
        &mut self,
        (knots, knot_unit): (&[f64], &Unit),
        unit: &Unit,
        values: &[f64],
        slopes: Option<&[f64]>,
    ) -> Element {
        let first = self.number(values[0], unit);
        let mut pieces = vec![self.piece(first, "x", knots[0], knot_unit)];
        for i in 0..knots.len().saturating_sub(1) {
            let width = knots[i + 1] - knots[i];
            let rise = |at: usize| slopes.map_or(0.0, |slopes| slopes[at] * width);
            let numbers = [values[i], values[i + 1], rise(i), rise(i + 1)];
            let numbers = numbers.map(|number| self.number(number, unit));
            let share = self.share("x", knots[i], width, knot_unit);
            let value = self.cubic(share, numbers);
            pieces.push(self.piece(value, "x", knots[i + 1], knot_unit));
        }
        let last = self.number(values[values.len() - 1], unit);
        piecewise(pieces, last)
    }

    /// What holds below a knot.
    fn piece(&mut self, value: Element, argument: &str, knot: f64, unit: &Unit) -> Element {
        let knot = self.number(knot, unit);
        let below = apply("lt", [name(argument), knot]);
        Element::new("piece").child(value).child(below)
    }

    /// How far an argument stands in an interval, 0 to 1.
    fn share(&mut self, argument: &str, from: f64, width: f64, unit: &Unit) -> Element {
        let (from, width) = (self.number(from, unit), self.number(width, unit));
        apply("divide", [apply("minus", [name(argument), from]), width])
    }

    /// Hermite's cubic: values and rises (slope times width) at both ends.
    fn cubic(
        &mut self,
        share: Element,
        [left, right, rise_left, rise_right]: [Element; 4],
    ) -> Element {
        let one = Unit::one();
        let mut number = |value: f64| self.number(value, &one);
        let u = || name("u");
        let rest = |number: &mut dyn FnMut(f64) -> Element| apply("minus", [number(1.0), u()]);
        let twice = |number: &mut dyn FnMut(f64) -> Element, of: Element| {
            apply("plus", [number(1.0), apply("times", [number(2.0), of])])
        };
        let v = rest(&mut number);
        let from_left = apply(
            "times",
            [twice(&mut number, u()), v.clone(), v.clone(), name("left")],
        );
        let from_right = apply(
            "times",
            [twice(&mut number, v.clone()), u(), u(), name("right")],
        );
        let up = apply("times", [u(), v.clone(), v.clone(), name("rise_left")]);
        let down = apply("times", [v, u(), u(), name("rise_right")]);
        let body = apply("minus", [apply("plus", [from_left, from_right, up]), down]);
        let arguments = ["u", "left", "right", "rise_left", "rise_right"];
        let title = "Cubic with given values and rises at both ends";
        let id = self.functions.define("cubic", &arguments, body, title);
        Element::new("apply")
            .child(name(&id))
            .children([share, left, right, rise_left, rise_right])
    }
}

fn piecewise(pieces: Vec<Element>, otherwise: Element) -> Element {
    Element::new("piecewise")
        .children(pieces)
        .child(Element::new("otherwise").child(otherwise))
}
