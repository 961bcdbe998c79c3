//! The nutrient ledger: what came in, by which way, what is stored, what left.

use super::{Cell, folded, paragraph, table};
use crate::report::ledger::{Kind, matter, of_kind, relative, title};
use crate::report::words;
use crate::scenario::{Crossing, Entry, Ledger, RunResult};

/// Ways in, in the order of the table.
const ROUTES: [(&str, &str); 4] = [
    ("diet", "Diet"),
    ("supplement", "Supplements"),
    ("given", "Given otherwise"),
    ("made inside", "Made inside"),
];

/// One table per arm, that of the first one open; then every entry, and what no process may change.
pub fn ledger(result: &RunResult, body: &mut String) {
    let arms = || result.scenario.arms.iter().zip(&result.arms);
    let mut totals = Vec::new();
    for (at, total) in result.model.conserved.iter().enumerate() {
        let changes = arms().filter_map(|(_, outcome)| outcome.conserved.get(at).copied());
        if let Some(worst) = changes.reduce(f64::max) {
            totals.push(vec![Cell::text(&total.text), Cell::number(worst)]);
        }
    }
    if totals.is_empty() && arms().all(|(_, outcome)| outcome.ledger.is_empty()) {
        return;
    }
    body.push_str("<h2>Nutrient ledger</h2>\n");
    body.push_str(&paragraph(
        "Intake − losses = change of the stores. Every flux across the body's boundary is counted by \
         itself, none as a difference; what is left over is relative to all that crossed. Diet counts \
         what the model lets in: where it has no gut for a nutrient, what is absorbed. Made inside: \
         by the body or by the flora of its gut. Moieties are what the model passes round inside: they have \
         a table of their own.",
    ));
    let ways = ways(result);
    for (at, (arm, outcome)) in arms().enumerate() {
        let mut inside = String::new();
        let parts = [
            (Kind::Nutrient, "Nutrient"),
            (Kind::Moiety, "Conserved moiety"),
        ];
        for (kind, name) in parts {
            let ledgers = of_kind(&result.model, &outcome.ledger, kind);
            summary(result, &ledgers, name, &ways, &mut inside);
            let mut entries = String::new();
            details(result, &ledgers, name, &mut entries);
            let every = format!("Every entry: {}", words::lower_first(name));
            folded(&every, &entries, &mut inside);
        }
        if inside.is_empty() {
            continue;
        }
        if at == 0 {
            let name = super::escape(&arm.name);
            body.push_str(&format!("<h3>{name}</h3>\n{inside}"));
        } else {
            folded(&arm.name, &inside, body);
        }
    }
    let mut inside = String::new();
    let head = ["Total that no process changes", "Largest relative change"];
    table(&head, &totals, &mut inside);
    folded("Conserved totals", &inside, body);
}

/// The ways in that this run has.
fn ways(result: &RunResult) -> Vec<(&'static str, &'static str)> {
    let all = result.arms.iter().flat_map(|outcome| &outcome.ledger);
    let crossings: Vec<&Crossing> = all.flat_map(|ledger| &ledger.crossings).collect();
    let used = |route: &str| crossings.iter().any(|c| c.route == route);
    ROUTES
        .into_iter()
        .filter(|(route, _)| used(route))
        .collect()
}

fn summary(
    result: &RunResult,
    ledgers: &[&Ledger],
    name: &str,
    ways: &[(&'static str, &'static str)],
    body: &mut String,
) {
    let mut head = vec![name, "Unit", "At the start"];
    head.extend(ways.iter().map(|(_, title)| *title));
    head.extend(["Lost", "Change", "At the end", "Left over"]);
    let rows: Vec<Vec<Cell>> = ledgers
        .iter()
        .map(|ledger| {
            let mut row = vec![
                Cell::text(matter(&result.model, ledger)),
                Cell::Marked("unit", ledger.unit.pretty()),
                Cell::number(ledger.start),
            ];
            row.extend(ways.iter().map(|(route, _)| {
                let of_route = ledger.crossings.iter().filter(|c| c.route == *route);
                Cell::number(of_route.map(|c| c.amount).sum::<f64>() + 0.0)
            }));
            row.extend([
                Cell::number(ledger.lost),
                Cell::number(ledger.end - ledger.start),
                Cell::number(ledger.end),
                match relative(ledger) {
                    Some(error) => Cell::Number(format!("{error:.0e}").replace('-', "−")),
                    None => Cell::text("nothing crossed"),
                },
            ]);
            row
        })
        .collect();
    table(&head, &rows, body);
}

/// Entries of the same title stand together: pools in a row lose by the same way.
fn details(result: &RunResult, ledgers: &[&Ledger], name: &str, body: &mut String) {
    let mut rows = Vec::new();
    for ledger in ledgers {
        let unit = ledger.unit.pretty();
        let of = matter(&result.model, ledger);
        let mut row = |kind: &str, what: String, amount: f64| {
            rows.push(vec![
                Cell::text(&of),
                Cell::text(kind),
                Cell::text(what),
                Cell::Number(words::quantity(amount, &unit)),
            ]);
        };
        for (entry, kind) in [(Entry::Intake, "intake"), (Entry::Loss, "loss")] {
            let mut sums: Vec<(String, f64)> = Vec::new();
            for crossing in ledger.crossings.iter().filter(|c| c.entry == entry) {
                let title = title(&result.model, &crossing.name);
                match sums.iter_mut().find(|(known, _)| *known == title) {
                    Some((_, sum)) => *sum += crossing.amount,
                    None => sums.push((title, crossing.amount)),
                }
            }
            for (title, amount) in sums {
                row(kind, title, amount);
            }
        }
        for store in &ledger.stores {
            let state = &result.model.states[store.state.index()];
            let what = title(&result.model, &state.name);
            row("change of store", what, store.end - store.start);
        }
    }
    table(&[name, "Entry", "What", "Amount"], &rows, body);
}
