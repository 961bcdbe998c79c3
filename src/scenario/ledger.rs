//! The nutrient ledger: stores at both ends of a run, and what crossed the body's boundary in between,
//! per kind of matter.
//!
//! Everything that crosses has an accumulator that is integrated with the states, so the ledger closes
//! to round-off: a larger error means that a process or a dose makes or loses matter. No loss is taken
//! by difference. `routes.rs` says by which way matter came or went.
//!
//! Start reading at [`ledger`].

mod routes;

use super::{Crossing, Entry, Ledger, Store};
use crate::model::evaluate::{Algebraic, Values};
use crate::model::*;
use crate::units::Unit;
use routes::Routes;

/// One ledger per kind of matter, by name, in the unit of the first state that holds it; two where some
/// states hold it in a unit that does not convert (an amount and a concentration). `before` and `after`:
/// engine states (declared ones, then accumulators).
pub fn ledger(model: &Model, parameters: &[f64], before: &[f64], after: &[f64]) -> Vec<Ledger> {
    let matters = model.states.iter().flat_map(|state| &state.of);
    let mut names: Vec<&str> = matters.map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let start = Start {
        model,
        parameters,
        states: before,
        inputs: model.inputs.iter().map(resting).collect(),
    };
    let known = start.values().all();
    let routes = Routes::of(model);
    let balances = names.into_iter().flat_map(|matter| {
        let kinds = units(model, matter);
        let (start, known, routes) = (&start, &known, &routes);
        kinds
            .into_iter()
            .map(move |unit| balance(start, known, routes, (matter, unit), after))
    });
    balances.collect()
}

/// The instant at which bolus coefficients are read. The parts into which a dose is divided may change
/// later on; what they sum to does not.
struct Start<'a> {
    model: &'a Model,
    parameters: &'a [f64],
    states: &'a [f64],
    inputs: Vec<f64>,
}

impl Start<'_> {
    fn values(&self) -> Values<'_> {
        Values {
            model: self.model,
            parameters: self.parameters,
            inputs: &self.inputs,
            states: self.states,
            time: 0.0,
        }
    }
}

fn resting(input: &Input) -> f64 {
    match input.kind {
        InputKind::Rate { default } => default,
        InputKind::Bolus { .. } => 0.0,
    }
}

fn balance(
    start: &Start,
    known: &Algebraic,
    routes: &Routes,
    (matter, unit): (&str, Unit),
    after: &[f64],
) -> Ledger {
    let model = start.model;
    let contents: Vec<f64> = model
        .states
        .iter()
        .map(|state| content(model, state, matter, &unit))
        .collect();
    let mut crossings = Vec::new();
    crossed(
        start,
        known,
        &contents,
        after,
        &mut |name, entry, amount| {
            let route = routes.of_crossing(&name, entry, matter);
            crossings.push(Crossing {
                name,
                entry,
                route,
                amount,
            });
        },
    );
    let mut stores = Vec::new();
    for (at, content) in contents.iter().enumerate() {
        let (from, to) = (content * start.states[at], content * after[at]);
        let state = StateId(at as u32);
        if *content == 0.0 {
            continue;
        }
        if routes.is_outside(state) {
            crossings.push(Crossing {
                name: model.states[at].name.clone(),
                entry: Entry::Loss,
                route: routes::OUT,
                amount: to - from,
            });
        } else {
            stores.push(Store {
                state,
                start: from,
                end: to,
            });
        }
    }
    crossings.retain(|crossing| crossing.amount != 0.0);
    Ledger::close(matter, unit, crossings, stores)
}

/// Calls `each` with name, direction and amount of everything that crossed the boundary.
fn crossed(
    start: &Start,
    known: &Algebraic,
    contents: &[f64],
    after: &[f64],
    each: &mut dyn FnMut(String, Entry, f64),
) {
    let (model, values) = (start.model, start.values());
    let weigh = |moved: &[(StateId, f64)]| -> f64 {
        let part = |(state, coefficient): &(StateId, f64)| contents[state.index()] * coefficient;
        moved.iter().map(part).sum()
    };
    let mut accumulators = after[model.states.len()..].iter();
    for process in &model.processes {
        let Some((direction, factor, _)) = &process.boundary else {
            continue;
        };
        let total = accumulators.next().copied().unwrap_or(0.0) / factor;
        let (entry, moved) = match direction {
            Direction::Gain => (Entry::Intake, &process.to),
            Direction::Loss => (Entry::Loss, &process.from),
        };
        each(process.name.clone(), entry, weigh(moved) * total);
    }
    for input in &model.inputs {
        let InputKind::Bolus { to } = &input.kind else {
            continue;
        };
        let total = accumulators.next().copied().unwrap_or(0.0);
        let per_unit: f64 = to
            .iter()
            .filter(|(state, _)| contents[state.index()] != 0.0)
            .map(|(state, part)| contents[state.index()] * values.expr(part, known))
            .sum();
        each(input.name.clone(), Entry::Intake, per_unit * total);
    }
}

impl Ledger {
    /// Sums up: what is left over is the error.
    fn close(matter: &str, unit: Unit, crossings: Vec<Crossing>, stores: Vec<Store>) -> Ledger {
        let sum = |entry: Entry| -> f64 {
            let of_entry = crossings.iter().filter(|c| c.entry == entry);
            of_entry.map(|c| c.amount).sum()
        };
        let (gained, lost) = (sum(Entry::Intake), sum(Entry::Loss));
        let start: f64 = stores.iter().map(|store| store.start).sum();
        let end: f64 = stores.iter().map(|store| store.end).sum();
        let throughput = crossings.iter().map(|c| c.amount.abs()).sum::<f64>();
        // Change by change: differences of large stores are taken once, not after summing.
        let change: f64 = stores.iter().map(|store| store.end - store.start).sum();
        let left_over = gained - lost - change;
        let size = [start.abs(), end.abs(), throughput, 1e-300];
        let size = size.into_iter().fold(0.0, f64::max);
        Ledger {
            matter: matter.to_string(),
            unit,
            start,
            gained,
            lost,
            end,
            throughput,
            left_over,
            error: left_over.abs() / size,
            crossings,
            stores,
        }
    }

    /// Closed to round-off: within 1e-9 of what crossed the boundary, or within 1e-10 of what is held,
    /// where little crosses but much turns over inside: every step rounds what is held once, 1e-16 of it, and
    /// a season has tens of thousands.
    pub fn closes(&self) -> bool {
        let held = self.start.abs().max(self.end.abs());
        self.left_over.abs() <= (1e-9 * self.throughput).max(1e-10 * held)
    }
}

/// The units in which a matter is counted: each holds all states that convert to it.
fn units(model: &Model, matter: &str) -> Vec<Unit> {
    let mut found: Vec<Unit> = Vec::new();
    let holds = |state: &&State| state.of.iter().any(|(name, _)| name == matter);
    for state in model.states.iter().filter(holds) {
        if !found
            .iter()
            .any(|unit| conversion(model, matter, &state.unit, unit).is_some())
        {
            found.push(state.unit.clone());
        }
    }
    found
}

/// How much of the matter one unit of the state holds, in `unit`; 0 if it is counted in another ledger.
fn content(model: &Model, state: &State, matter: &str, unit: &Unit) -> f64 {
    let of = state.of.iter().find(|(name, _)| name == matter);
    of.and_then(|(_, amount)| Some(amount * conversion(model, matter, &state.unit, unit)?))
        .unwrap_or(0.0)
}

/// From one unit to another, mass and amount by the molar mass of the nutrient.
fn conversion(model: &Model, matter: &str, from: &Unit, to: &Unit) -> Option<f64> {
    if let Some(factor) = from.ratio_to(to) {
        return Some(factor);
    }
    let molar_mass = model.nutrients.get(matter)?.molar_mass_g_per_mol?;
    let (gram, mole) = (Unit::parse("g").ok()?, Unit::parse("mol").ok()?);
    if let Some(moles) = from.ratio_to(&mole) {
        return Some(moles * molar_mass * gram.ratio_to(to)?);
    }
    Some(from.ratio_to(&gram)? / molar_mass * mole.ratio_to(to)?)
}
