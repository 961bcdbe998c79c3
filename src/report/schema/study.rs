//! Study files: docs/study-language.md as a schema.

use super::*;

type Kind = (&'static str, fn() -> Fields);

/// Every kind of study: the word, and the keys it has beside [`head`]. A new kind is one line here.
const STUDIES: [Kind; 1] = [("average", average)];

pub fn study() -> Value {
    let kinds: Vec<Value> = STUDIES
        .iter()
        .map(|(kind, own)| {
            let mut fields = head(kind);
            fields.extend(own());
            table(fields)
        })
        .collect();
    match <[Value; 1]>::try_from(kinds) {
        Ok([only]) => only,
        Err(kinds) => json!({ "type": "object", "required": ["study"], "oneOf": kinds }),
    }
}

fn head(kind: &str) -> Fields {
    vec![
        ("format!", format()),
        ("study!", choice(&[kind], "Kind of study")),
        ("title!", text("Name for people")),
        ("about!", text("What it asks, in whom, what it leaves out")),
        ("model!", text("Name of the model")),
    ]
}

fn average() -> Fields {
    let unit = || ("unit!", text("Unit"));
    let knots = || ("knots!", list(json!({ "type": "number" }), "Ascending"));
    let one = table(vec![
        ("title", text("Name for people")),
        (
            "of!",
            text("State, variable, process or biomarker of the model"),
        ),
        unit(),
    ]);
    let second = table(vec![
        ("of!", text("Parameter or rate input of the model")),
        unit(),
        knots(),
    ]);
    vec![
        ("writes!", text("Module that holds the tables")),
        ("grade", grade()),
        (
            "x!",
            about(
                table(vec![unit(), knots()]),
                "Rates of stimulation, at most 32",
            ),
        ),
        ("y", about(second, "One more quantity, at most 12 knots")),
        ("averages!", named(one, "One table each")),
    ]
}
