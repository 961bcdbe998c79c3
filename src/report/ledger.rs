//! ledger.csv: intake, stores and losses of every kind of matter, one line per entry.

use std::fmt::Write;

use super::table::{exact, quoted, run_name, unit_name};
use super::{dictionary, words};
use crate::model::{Input, Model, Role};
use crate::scenario::{Entry, Ledger, RunResult};

/// Long form, nutrients before moieties. Entries of one nutrient of one arm: the `total` of its stores, the `error` that is left over
/// (intake − loss − change of the stores), every `intake` and `loss` that moved anything, every `store`.
pub fn csv(result: &RunResult) -> String {
    let run = run_name(result);
    let mut text = dictionary::LEDGER.header();
    for (arm, outcome) in result.scenario.arms.iter().zip(&result.arms) {
        for (kind, ledger) in by_kind(&result.model, &outcome.ledger) {
            let kind = kind.word();
            let place = format!("{run},{},{},{kind}", quoted(&arm.name), ledger.matter);
            let unit = unit_name(&ledger.unit);
            for line in lines(&result.model, ledger) {
                let _ = writeln!(text, "{place},{line},{unit}");
            }
        }
    }
    text
}

/// What a ledger is kept of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// In the catalogue, or brought by what people eat.
    Nutrient,
    /// What formulas pass round inside the body: nucleotides, carbon, pairs of electrons.
    Moiety,
}

impl Kind {
    pub fn of(model: &Model, matter: &str) -> Kind {
        let eaten = |input: &Input| {
            let taken = matches!(input.role, Some(Role::Diet | Role::Meal | Role::Supplement));
            let names = [&input.nutrient, &input.key];
            taken && names.into_iter().flatten().any(|name| name == matter)
        };
        match model.nutrients.contains_key(matter) || model.inputs.iter().any(eaten) {
            true => Kind::Nutrient,
            false => Kind::Moiety,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Kind::Nutrient => "nutrient",
            Kind::Moiety => "moiety",
        }
    }
}

/// Every ledger once: nutrients first, each part in its own order.
fn by_kind<'a>(model: &Model, ledgers: &'a [Ledger]) -> Vec<(Kind, &'a Ledger)> {
    let of = |wanted: Kind| {
        let kinds = ledgers.iter().map(|l| (Kind::of(model, &l.matter), l));
        kinds.filter(move |(kind, _)| *kind == wanted)
    };
    of(Kind::Nutrient).chain(of(Kind::Moiety)).collect()
}

/// The ledgers of one kind.
pub fn of_kind<'a>(model: &Model, ledgers: &'a [Ledger], wanted: Kind) -> Vec<&'a Ledger> {
    let all = by_kind(model, ledgers).into_iter();
    all.filter(|(kind, _)| *kind == wanted)
        .map(|(_, ledger)| ledger)
        .collect()
}

/// From `entry` to `relative`.
fn lines(model: &Model, ledger: &Ledger) -> Vec<String> {
    let crossing = |wanted: Entry, word: &'static str| {
        let found = ledger.crossings.iter().filter(move |c| c.entry == wanted);
        found.map(move |c| {
            let title = quoted(&title(model, &c.name));
            let amount = exact(c.amount);
            format!("{word},{},{},{title},,,{amount},", c.route, c.name)
        })
    };
    let stores = ledger.stores.iter().map(|store| {
        let name = &model.states[store.state.index()].name;
        let title = quoted(&title(model, name));
        let (start, end) = (exact(store.start), exact(store.end));
        let change = exact(store.end - store.start);
        format!("store,,{name},{title},{start},{end},{change},")
    });
    let (start, end) = (exact(ledger.start), exact(ledger.end));
    let change = exact(ledger.end - ledger.start);
    let left_over = exact(ledger.left_over);
    let relative = relative(ledger).map(exact).unwrap_or_default();
    // Sums first: they fill the columns that other entries leave empty.
    [
        format!("total,,,All stores,{start},{end},{change},"),
        format!("error,,,Left over,,,{left_over},{relative}"),
    ]
    .into_iter()
    .chain(crossing(Entry::Intake, "intake"))
    .chain(crossing(Entry::Loss, "loss"))
    .chain(stores)
    .collect()
}

/// The error relative to what crossed the boundary; none where nothing did.
pub fn relative(ledger: &Ledger) -> Option<f64> {
    (ledger.throughput > 0.0).then(|| ledger.left_over.abs() / ledger.throughput)
}

/// A title for a process, an input or a state.
pub fn title(model: &Model, name: &str) -> String {
    let column = model.column(name);
    column.map_or_else(|| words::plain(name), |column| model.column_title(column))
}

/// A kind of matter as people call it.
pub fn matter(model: &Model, ledger: &Ledger) -> String {
    let nutrient = model.nutrients.get(&ledger.matter);
    nutrient.map_or_else(|| words::plain(&ledger.matter), |known| known.title.clone())
}
