//! Model and module files: docs/model-language.md as a schema.

use super::*;

pub fn model() -> Value {
    table(vec![
        ("format!", format()),
        ("title!", text("Name for people")),
        (
            "about!",
            text("What the model represents, in whom, in which range"),
        ),
        (
            "modules!",
            texts("Modules it is made of, by file name without .toml"),
        ),
        (
            "warm_up",
            text("Habitual schedule lived through before t = 0, such as \"14 d\""),
        ),
        (
            "time_unit",
            text("How reports write time: \"d\", \"min\", \"ms\""),
        ),
        (
            "connect",
            named(
                json!({ "type": "string" }),
                "Inputs that read what another module computes: \"module.input\" = \"module.value\"",
            ),
        ),
    ])
}

pub fn module() -> Value {
    let of = |fields, about: &str| named(table(fields), about);
    table(vec![
        ("format!", format()),
        ("title!", text("Name for people")),
        (
            "about!",
            text("What it represents, in whom, in which range it holds, what it leaves out"),
        ),
        (
            "system",
            text("Part of the body that figures and pages group it under, shared by modules"),
        ),
        (
            "uses",
            texts("What it reads of other modules: \"module.name\""),
        ),
        (
            "parameters",
            of(
                parameter(),
                "Numbers, each with unit, range, origin and grade",
            ),
        ),
        ("inputs", of(input(), "What a scenario may drive")),
        (
            "states",
            of(state(), "What is integrated: pools and signals"),
        ),
        ("variables", of(variable(), "Algebra")),
        (
            "processes",
            of(
                process(),
                "Fluxes that move matter between states or across the boundary",
            ),
        ),
        (
            "rates",
            named(
                json!({ "type": "string" }),
                "d/dt of states that no process moves: state = \"formula\"",
            ),
        ),
        (
            "tables",
            of(
                lookup(),
                "Tables over one or two axes, called like functions",
            ),
        ),
        ("edges", of(edge(), "Claimed interactions")),
        ("events", of(event(), "What is watched for")),
        (
            "limits",
            of(
                limit(),
                "Where the module ceases to hold: a run that goes there has no numbers",
            ),
        ),
        ("biomarkers", of(biomarker(), "What a laboratory reports")),
        (
            "modalities",
            of(modality(), "How a kind of exercise drives the body"),
        ),
    ])
}

fn title() -> (&'static str, Value) {
    (
        "title",
        text("Name for people, as tables and plots print it"),
    )
}

fn unit() -> (&'static str, Value) {
    ("unit!", text("Unit: \"mg/d\", \"umol/L\", \"1\""))
}

fn pair(about: &str) -> Value {
    json!({
        "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2,
        "description": about,
    })
}

fn parameter() -> Fields {
    let mut fields = vec![
        title(),
        ("value!", number("The value, in `unit`, inside its range")),
        unit(),
        ("range", pair("[low, high]: every plausible value")),
        ("cv", number("Coefficient of variation, instead of a range")),
        ("grade!", grade()),
    ];
    fields.extend(origin());
    fields
}

fn input() -> Fields {
    let roles = [
        "diet",
        "meal",
        "supplement",
        "training",
        "stimulation",
        "eating",
    ];
    vec![
        title(),
        unit(),
        (
            "kind!",
            choice(
                &["rate", "bolus"],
                "rate: constant between breakpoints; bolus: an amount at an instant",
            ),
        ),
        ("default", number("Value of a rate that nothing drives")),
        (
            "to",
            named(
                amount("Share of the amount, a number or a formula"),
                "Where a bolus enters: { state = 1 }",
            ),
        ),
        (
            "role",
            choice(&roles, "Which table of a scenario drives it"),
        ),
        ("key", text("Under which key of that table")),
        (
            "nutrient",
            text("Key of nutrients.toml, so that IU and mol convert"),
        ),
        (
            "width",
            text("Pulse length of a stimulation, such as \"1.5 ms\""),
        ),
    ]
}

fn state() -> Fields {
    vec![
        title(),
        unit(),
        (
            "initial!",
            amount(
                "Start where no equilibrium is looked for: a number, or a formula over parameters",
            ),
        ),
        (
            "scale!",
            number("Natural size, in `unit`: the absolute tolerance follows from it"),
        ),
        (
            "of",
            json!({
                "anyOf": [
                    { "type": "string" },
                    { "type": "object", "additionalProperties": { "type": "number" } },
                ],
                "description": "Matter in one unit of the state: \"iron\" or { iron = 1 }; it enters the nutrient ledger",
            }),
        ),
        (
            "equilibrium",
            choice(
                &["solve", "hold"],
                "hold: a pool slower than a year keeps its value",
            ),
        ),
        ("signed", truth("It may be negative")),
        (
            "identifiers",
            texts("What it is in public databases: \"CHEBI:38290\", \"uniprot:P81172\""),
        ),
    ]
}

fn joined() -> Fields {
    vec![
        (
            "combine",
            choice(
                &["product", "min", "sum"],
                "How several factor edges on it join",
            ),
        ),
        ("clamp", pair("[low, high] of the joined edge multiplier")),
    ]
}

fn variable() -> Fields {
    let mut fields = vec![title(), unit(), ("formula!", text("What it is"))];
    fields.extend(joined());
    fields
}

fn process() -> Fields {
    let side = |about: &str| named(number("Coefficient, above zero"), about);
    let mut fields = vec![
        title(),
        (
            "from",
            side("What it takes: { state = 1 }; without it matter enters the body"),
        ),
        (
            "to",
            side("What it gives: { state = 1 }; without it matter leaves the body"),
        ),
        ("rate!", text("How fast, as a formula")),
        (
            "unit",
            text("For display; default: the first state's unit per day"),
        ),
    ];
    fields.extend(joined());
    fields
}

fn lookup() -> Fields {
    let numbers = json!({ "type": "array", "items": { "type": "number" } });
    let axis = |about_it: &str| {
        let knots = list(json!({ "type": "number" }), "Ascending");
        about(table(vec![unit(), ("knots!", knots)]), about_it)
    };
    let computed = table(vec![
        ("model!", text("Model that was run")),
        ("study!", text("Study that made the table")),
        ("hash!", text("Of what it was computed from")),
    ]);
    let values = json!({
        "type": "array", "items": { "anyOf": [{ "type": "number" }, numbers] },
        "description": "One per knot of x; with a y, one such list per knot of y",
    });
    let mut fields = vec![
        title(),
        unit(),
        ("x!", axis("First axis, at most 32 knots")),
        ("y", axis("Second axis, at most 12 knots")),
        ("values!", values),
        (
            "computed_from",
            about(computed, "Written by `myoflux average`"),
        ),
        ("grade", grade()),
    ];
    fields.extend(origin());
    fields
}

fn edge() -> Fields {
    vec![
        title(),
        ("id", text("Row of the list of edges, such as \"F03\"")),
        (
            "kind!",
            choice(
                &["factor", "structural", "claim"],
                "factor: multiplies its target; structural: lives in an equation; claim: nothing computes it",
            ),
        ),
        ("from!", text("What acts")),
        (
            "onto!",
            text("What it acts on: \"processes.NAME\", \"variables.NAME\", \"states.NAME\""),
        ),
        (
            "effect!",
            choice(&["facilitates", "inhibits", "both"], "Direction"),
        ),
        ("grade!", grade()),
        ("sources", texts("Keys of references.bib")),
        ("assumed", text("The reason, where no source says so")),
        (
            "against",
            texts("Evidence to the contrary: keys of references.bib"),
        ),
        ("claim!", text("The claim in own words")),
        (
            "default!",
            choice(
                &["on", "off"],
                "Whether it acts unless a scenario says otherwise",
            ),
        ),
        ("made_of", texts("Edges that a claim is composed of")),
        ("factor", text("Formula of a factor edge")),
    ]
}

fn event() -> Fields {
    vec![
        title(),
        (
            "when!",
            text("A comparison of formulas; fires when it becomes true"),
        ),
        (
            "action!",
            choice(&["mark", "stop", "end_bout"], "What happens then"),
        ),
    ]
}

fn limit() -> Fields {
    vec![
        title(),
        (
            "holds!",
            text("A comparison of formulas that is true inside the range"),
        ),
        (
            "beyond!",
            text("What happens there that the module leaves out"),
        ),
    ]
}

fn biomarker() -> Fields {
    let mut band = vec![
        (
            "people",
            text("Preset of reference.toml; everyone without it"),
        ),
        ("deficient_below", number("In the marker's unit")),
        ("insufficient_below", number("In the marker's unit")),
        ("high_above", number("In the marker's unit")),
        (
            "insufficient_above",
            number("Where lack raises the marker, in its unit"),
        ),
        (
            "deficient_above",
            number("Where lack raises the marker, in its unit"),
        ),
    ];
    band.extend(origin());
    vec![
        title(),
        unit(),
        ("formula!", text("What is measured")),
        (
            "conventional",
            text("A second unit, as other laboratories print it"),
        ),
        (
            "molar_mass",
            text("Where the two units are amount and mass: \"400.6 g/mol\""),
        ),
        (
            "pins",
            json!({
                "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
                "description": "The pool that a given laboratory value sets",
            }),
        ),
        (
            "bands",
            list(
                table(band),
                "Cut-offs: deficient, insufficient, adequate, high",
            ),
        ),
    ]
}

fn modality() -> Fields {
    let mut fields = vec![
        title(),
        (
            "verbs",
            texts("Words of a training's `what`: \"run\", \"running\""),
        ),
        (
            "set",
            named(
                quantity("Value of an input"),
                "Inputs of this module with role training",
            ),
        ),
        ("grade", grade()),
    ];
    fields.extend(origin());
    fields
}
