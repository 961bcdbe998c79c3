//! Study files: docs/study-language.md as a schema.

use super::*;

type Kind = (&'static str, fn() -> Fields);

/// Every kind of study: the word, and the keys it has beside [`head`]. A new kind is one line here.
const STUDIES: [Kind; 2] = [("average", average), ("sweep", sweep)];

pub fn study() -> Value {
    let kinds: Vec<Value> = STUDIES
        .iter()
        .map(|(kind, own)| {
            let mut fields = head(kind);
            fields.extend(own());
            table(fields)
        })
        .collect();
    json!({ "type": "object", "required": ["study"], "oneOf": kinds })
}

fn head(kind: &str) -> Fields {
    vec![
        ("format!", format()),
        ("study!", choice(&[kind], "Kind of study")),
        ("title!", text("Name for people")),
        ("about!", text("What it asks, in whom, what it leaves out")),
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
        ("model!", text("Name of the model")),
        ("writes!", text("Module that holds the tables")),
        (
            "system",
            text("Part of the body that figures and pages group that module under"),
        ),
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

fn sweep() -> Fields {
    let any = |what| about(json!({}), what);
    let number = |what| about(json!({ "type": "number" }), what);
    let whole = |what| about(json!({ "type": "integer", "minimum": 0 }), what);
    let columns = (
        "columns",
        about(json!({ "type": "boolean" }), "Whether the table shows it"),
    );
    let one = table(vec![
        ("set!", any("Path of the scenario, or a list of paths")),
        ("name", text("Column of the table")),
        ("title", text("Name for figures")),
        ("values", list(json!({}), "Levels")),
        ("labels", texts("Names of the levels")),
        ("from", any("Lower end")),
        ("to", any("Upper end")),
        ("count", whole("Levels from end to end")),
        (
            "spacing",
            choice(&["linear", "log"], "How levels or draws lie"),
        ),
        ("median", any("Median of a log-normal factor")),
        (
            "cv",
            number("Coefficient of variation of a log-normal factor"),
        ),
        ("text", text("Text into which the number goes, at {}")),
        columns.clone(),
    ]);
    let many = table(vec![
        (
            "every!",
            choice(&["uncertain parameter"], "One factor for each"),
        ),
        (
            "spread",
            number("Coefficient of variation where nothing is stated"),
        ),
        columns,
        ("only", texts("Modules or parameters")),
        ("except", texts("Modules or parameters")),
    ]);
    let factor = json!({ "oneOf": [one, many] });
    let kinds = ["grid", "zip", "random", "latin hypercube", "sobol"];
    let design = table(vec![
        ("kind!", choice(&kinds, "How factors are combined")),
        ("members", whole("Members of a design that draws")),
        ("factor!", list(factor, "What varies")),
    ]);
    let record = table(vec![
        ("what!", text("Measure, as in expectations")),
        ("name", text("Column of the table")),
        ("title", text("Name for figures")),
        ("unit", text("Unit")),
        ("arm", text("Arm of terms that name none")),
    ]);
    let series = table(vec![
        ("show!", texts("Quantities")),
        ("arms", texts("Arms by name")),
    ]);
    let figure = table(vec![
        ("title!", text("Title")),
        ("record", text("Record that is drawn")),
        ("x", text("Factor along x")),
        ("y", text("Factor along y: a heat map")),
        ("show", text("Quantity of the series, as a band")),
        ("lines", text("Factor: one line per level")),
        ("panels", text("Factor: one panel per level")),
    ]);
    vec![
        ("scenario!", text("Scenario, relative to this file")),
        (
            "set",
            about(
                json!({ "type": "object" }),
                "Values of the scenario before anything varies",
            ),
        ),
        ("seed", whole("Of everything drawn")),
        ("initial", choice(&["own", "shared"], "Where members start")),
        ("chunk", whole("Members run and written together")),
        (
            "design!",
            list(design, "Designs multiply; the last varies fastest"),
        ),
        ("record", list(record, "One number of every member")),
        ("series", about(series, "Quantities over time")),
        ("figure", list(figure, "What is drawn")),
    ]
}
