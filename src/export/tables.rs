//! Tables, as sums over their knots: value · weight + slope · reach, where weight and reach of a knot depend on
//! the argument only and are zero beyond the neighbouring knots.
//!
//! These are the cubic pieces that the engine evaluates, constant outside. Nothing in them is `piecewise`,
//! because COPASI looks for a root at every border of pieces, and nothing is a function, because
//! libRoadRunner and libSBML put a function's formula wherever it is called. Weights and rows are parameters,
//! so that all tables asked at one argument share them.

use super::math::{Helper, Math, Typed, apply, name};
use super::names;
use super::xml::Element;
use crate::engine::evaluate::Table as Knots;
use crate::model::check::lower::all_leaves;
use crate::model::*;
use crate::units::Unit;

/// What each knot counts for at an argument: ids of parameters.
struct Weights {
    weight: Vec<String>,
    reach: Vec<String>,
}

impl Math<'_> {
    /// A table at its arguments.
    pub(super) fn table(&mut self, id: TableId, arguments: &[Expr]) -> Typed {
        let model = self.model;
        let table = &model.tables[id.index()];
        let knots = Knots::new(&table.x, &table.y, &table.values);
        let (at, x) = self.weights(&arguments[0], &table.x, &format!("x of {}", table.name));
        let mut rows = Vec::new();
        for (j, values) in table.values.iter().enumerate() {
            let row = format!("table__{}__{at}__{j}", names::id(&table.name));
            let title = format!("{}, row {}", table.name, j + 1);
            let value = self.weighted(&x, values, knots.slopes_x(j));
            self.helper(&row, &title, value);
            if !table.y.is_empty() {
                let slope = self.weighted(&x, knots.slopes_y(j), &[]);
                self.helper(&format!("{row}__slope"), &format!("{title}, slope"), slope);
            }
            rows.push(row);
        }
        let element = if table.y.is_empty() {
            name(&rows[0])
        } else {
            let (_, y) = self.weights(&arguments[1], &table.y, &format!("y of {}", table.name));
            let product =
                |(weight, row): (&String, String)| apply("times", [name(weight), name(&row)]);
            let slope = |row: &String| format!("{row}__slope");
            let values = y.weight.iter().zip(rows.iter().cloned()).map(product);
            let slopes = y.reach.iter().zip(rows.iter().map(slope)).map(product);
            apply("plus", values.chain(slopes))
        };
        Typed {
            element: self.corrected(element, Some(Unit::one()), &table.unit),
            unit: table.unit.clone(),
        }
    }

    /// Σ value · weight + slope · reach; what is zero is left out.
    fn weighted(&mut self, at: &Weights, values: &[f64], slopes: &[f64]) -> Element {
        let values = values.iter().zip(&at.weight);
        let slopes = slopes.iter().zip(&at.reach);
        let terms: Vec<Element> = values
            .chain(slopes)
            .filter(|(number, _)| **number != 0.0)
            .map(|(number, weight)| apply("times", [self.pure(*number), name(weight)]))
            .collect();
        match terms.len() {
            0 => self.pure(0.0),
            1 => { terms }.remove(0),
            _ => apply("plus", terms),
        }
    }

    /// Where an argument stands among knots, and the argument's own name.
    fn weights(&mut self, argument: &Expr, knots: &[f64], title: &str) -> (String, Weights) {
        let at = self.argument(argument, title);
        let known = self.grids.iter().position(|grid| grid == knots);
        let grid = known.unwrap_or(self.grids.len());
        if known.is_none() {
            self.grids.push(knots.to_vec());
        }
        let id = |what: &str, k: usize| format!("knots_{}__{at}__{what}_{k}", grid + 1);
        let ids = |what: &str| (0..knots.len()).map(|k| id(what, k)).collect();
        let weights = Weights {
            weight: ids("weight"),
            reach: ids("reach"),
        };
        if self.knows(&weights.weight[0]) {
            return (at, weights);
        }
        let pieces = knots.len() - 1;
        for k in 0..pieces {
            let width = knots[k + 1] - knots[k];
            let [from, size, zero, one] = [knots[k], width, 0.0, 1.0].map(|it| self.pure(it));
            let share = apply("divide", [apply("minus", [name(&at), from]), size]);
            let share = apply("min", [apply("max", [share, zero]), one]);
            self.helper(&id("share", k), "How far between two knots", share);
        }
        for k in 0..knots.len() {
            // The piece that ends here and the one that begins here.
            let ending = (k > 0).then(|| (id("share", k - 1), knots[k] - knots[k.max(1) - 1]));
            let starting =
                (k < pieces).then(|| (id("share", k), knots[(k + 1).min(pieces)] - knots[k]));
            let risen = ending.as_ref().map(|(share, _)| self.risen(share));
            let risen = risen.unwrap_or_else(|| self.pure(1.0));
            let weight = match &starting {
                Some((share, _)) => apply("minus", [risen, self.risen(share)]),
                None => risen,
            };
            self.helper(&weights.weight[k], "Weight of a knot's value", weight);
            let reach = self.reach(starting, ending);
            self.helper(&weights.reach[k], "Weight of a knot's slope", reach);
        }
        (at, weights)
    }

    /// u² (3 - 2u): from 0 to 1 along a piece.
    fn risen(&mut self, share: &str) -> Element {
        let u = || name(share);
        let [two, three] = [2.0, 3.0].map(|number| self.pure(number));
        let rest = apply("minus", [three, apply("times", [two, u()])]);
        apply("times", [u(), u(), rest])
    }

    /// width · u (1 - u)² of the piece that begins, less width · u² (1 - u) of the one that ends.
    fn reach(&mut self, starting: Option<(String, f64)>, ending: Option<(String, f64)>) -> Element {
        let mut rest = |share: &str| apply("minus", [self.pure(1.0), name(share)]);
        let starting = starting.map(|(share, width)| {
            let factors = [name(&share), rest(&share), rest(&share)];
            (width, factors)
        });
        let ending =
            ending.map(|(share, width)| (width, [name(&share), name(&share), rest(&share)]));
        let mut bump = |(width, factors): (f64, [Element; 3])| {
            apply("times", [self.pure(width)].into_iter().chain(factors))
        };
        match (starting.map(&mut bump), ending.map(&mut bump)) {
            (Some(up), Some(down)) => apply("minus", [up, down]),
            (Some(up), None) => up,
            (None, Some(down)) => apply("minus", [down]),
            (None, None) => self.pure(0.0),
        }
    }

    /// The parameter that holds an argument without its unit.
    fn argument(&mut self, expr: &Expr, title: &str) -> String {
        let leaf = all_leaves(expr, &|leaf| leaf == expr) && !matches!(expr, Expr::Number(_));
        let quantity = self.quantity(expr);
        if leaf && self.is_pure(expr) {
            return quantity.element.names().remove(0);
        }
        let formula = self.bare(quantity);
        let is_argument = |helper: &&Helper| helper.id.starts_with("argument__");
        let mut arguments = self.helpers.iter().filter(is_argument);
        if let Some(known) = arguments.find(|known| known.formula == formula) {
            return known.id.clone();
        }
        let count = self.helpers.iter().filter(is_argument).count();
        let id = format!("argument__{}", count + 1);
        self.helper(&id, title, formula);
        id
    }

    fn pure(&mut self, value: f64) -> Element {
        self.number(value, &Unit::one())
    }

    fn knows(&self, id: &str) -> bool {
        self.helpers.iter().any(|helper| helper.id == id)
    }

    fn helper(&mut self, id: &str, title: &str, formula: Element) {
        if !self.knows(id) {
            self.helpers.push(Helper {
                id: id.to_string(),
                title: title.to_string(),
                formula,
            });
        }
    }
}
