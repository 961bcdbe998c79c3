//! By which way matter enters or leaves, read off the model: nothing is declared for it.
//!
//! - What reads an input that `[diet]` or `[[meal]]` drives came with the diet, what reads one that
//!   `[[supplement]]` drives with a supplement. Inputs count if they are of the matter itself: what only
//!   changes its absorption brings none.
//! - What no input of the matter drives is made inside: by the body or by the flora of its gut.
//! - A pool that nothing leaves and no formula reads is no store but the count of what left the body.

use crate::model::check::lower::all_leaves;
use crate::model::*;
use crate::scenario::Entry;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

pub const DIET: &str = "diet";
pub const SUPPLEMENT: &str = "supplement";
/// An input that no diet, meal or supplement drives: an infusion, a transfusion.
pub const GIVEN: &str = "given";
pub const MADE: &str = "made inside";
pub const OUT: &str = "out";

pub struct Routes<'a> {
    model: &'a Model,
    /// Inputs that a gain reads, on whatever way: (its own formula names it, which).
    read: BTreeMap<&'a str, Vec<(bool, InputId)>>,
    outside: Vec<bool>,
}

impl<'a> Routes<'a> {
    pub fn of(model: &'a Model) -> Routes<'a> {
        let gains = model.processes.iter().filter(
            |process| matches!(process.boundary, Some((direction, ..)) if direction == Direction::Gain),
        );
        Routes {
            model,
            read: gains
                .map(|process| (process.name.as_str(), inputs(model, &process.rate)))
                .collect(),
            outside: outside(model),
        }
    }

    /// Nothing leaves this state and nothing reads it.
    pub fn is_outside(&self, state: StateId) -> bool {
        self.outside[state.index()]
    }

    /// The way that a boundary process or a bolus input takes.
    pub fn of_crossing(&self, name: &str, entry: Entry, matter: &str) -> &'static str {
        if entry == Entry::Loss {
            return OUT;
        }
        let bolus =
            |input: &&Input| input.name == name && matches!(input.kind, InputKind::Bolus { .. });
        if let Some(input) = self.model.inputs.iter().find(bolus) {
            return by_role(input.role).unwrap_or(GIVEN);
        }
        let read = self.read.get(name).map_or(&[][..], Vec::as_slice);
        let of_matter = read.iter().filter_map(|(direct, id)| {
            let input = &self.model.inputs[id.index()];
            let own = match &input.nutrient {
                Some(nutrient) => nutrient == matter,
                None => *direct,
            };
            own.then(|| by_role(input.role).or(input.role.is_none().then_some(GIVEN)))?
        });
        // A gain that reads several is named by the first of these that it has.
        let found: BTreeSet<&str> = of_matter.collect();
        [DIET, SUPPLEMENT, GIVEN]
            .into_iter()
            .find(|route| found.contains(route))
            .unwrap_or(MADE)
    }
}

fn by_role(role: Option<Role>) -> Option<&'static str> {
    match role? {
        Role::Diet | Role::Meal => Some(DIET),
        Role::Supplement => Some(SUPPLEMENT),
        Role::Eating | Role::Training | Role::Stimulation => None,
    }
}

/// Every input that a formula reads, through variables and rates too.
fn inputs(model: &Model, rate: &Expr) -> Vec<(bool, InputId)> {
    let mut found = Vec::new();
    let (mut seen, mut open) = (BTreeSet::new(), vec![(true, rate)]);
    while let Some((direct, expr)) = open.pop() {
        for leaf in leaves(expr) {
            match leaf {
                Expr::Input(id) => found.push((direct, id)),
                Expr::Variable(id) if seen.insert((0, id.0)) => {
                    open.push((false, &model.variables[id.index()].expr));
                }
                Expr::Process(id) if seen.insert((1, id.0)) => {
                    open.push((false, &model.processes[id.index()].rate));
                }
                _ => {}
            }
        }
    }
    found
}

fn leaves(expr: &Expr) -> Vec<Expr> {
    let found = RefCell::new(Vec::new());
    all_leaves(expr, &|leaf| {
        found.borrow_mut().push(leaf.clone());
        true
    });
    found.into_inner()
}

fn outside(model: &Model) -> Vec<bool> {
    let mut outside = vec![true; model.states.len()];
    let mut inside = |expr: &Expr| {
        for leaf in leaves(expr) {
            if let Expr::State(id) = leaf {
                outside[id.index()] = false;
            }
        }
    };
    model.variables.iter().for_each(|v| inside(&v.expr));
    model.processes.iter().for_each(|p| inside(&p.rate));
    model.rates.iter().for_each(|rate| inside(&rate.expr));
    model.events.iter().for_each(|event| inside(&event.root));
    model
        .biomarkers
        .iter()
        .for_each(|marker| inside(&marker.expr));
    for input in &model.inputs {
        if let InputKind::Bolus { to } = &input.kind {
            to.iter().for_each(|(_, part)| inside(part));
        }
    }
    for process in &model.processes {
        for (state, _) in &process.from {
            outside[state.index()] = false;
        }
    }
    outside
}
