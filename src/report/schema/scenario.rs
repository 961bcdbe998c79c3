//! Scenario files: docs/scenario-language.md as a schema. With a model, names are that model's own.

use super::*;
use crate::model::{Input, ParameterKind, Role};

pub fn scenario(model: Option<&Model>) -> Value {
    let names = Names { model };
    let mut schema = table(vec![
        ("format", format()),
        ("title", text("Name for people")),
        ("about", text("Why, whom, what to look for")),
        ("model", text("Name of the model: models/NAME.model.toml")),
        ("duration", text("How long it runs, such as \"56 d\"")),
        ("start", text("Clock at t = 0, such as \"Mon 00:00\"")),
        ("extends", text("Another scenario; this file's keys win")),
        (
            "output_every",
            text("Time between points of the tables, such as \"6 h\""),
        ),
        ("solver", solver()),
        (
            "initial",
            choice(&["equilibrium", "declared"], "Where states start"),
        ),
        (
            "warm_up",
            text("Habitual schedule lived through before t = 0, such as \"14 d\""),
        ),
        ("base", text("Name of the arm that changes nothing")),
        (
            "x",
            quantity("Where that arm stands on the x axis of a curve"),
        ),
        ("lesson", lesson()),
        ("person", person()),
        ("status", names.status()),
        ("parameters", names.parameters()),
        ("diet", names.diet()),
        ("meal", list(names.meal(), "Meals")),
        ("supplement", list(names.supplement(), "Supplements")),
        ("training", list(names.training(), "Bouts of exercise")),
        ("stimulation", list(stimulation(), "Pulses of a fibre")),
        ("drive", list(names.drive(), "Any input by its name")),
        ("edges", names.edges()),
        (
            "arm",
            list(arm(), "The comparison that the scenario exists for"),
        ),
        ("figure", list(names.figure(), "What to draw")),
        ("data", list(names.data(), "Your own measurements")),
        ("expect", list(expect(), "Published physiology as data")),
    ]);
    // What an extended file says need not be said again.
    schema["if"] = json!({ "not": { "required": ["extends"] } });
    schema["then"] = json!({ "required": ["format", "title", "model", "duration"] });
    schema
}

fn solver() -> Value {
    table(vec![
        (
            "method",
            choice(&["rodas5p", "dopri5", "dop853"], "Integrator"),
        ),
        ("rtol", number("Relative tolerance, 1e-12 to 1e-2")),
    ])
}

fn lesson() -> Value {
    table(vec![
        ("predict!", text("What to predict before the run")),
        ("run!", text("What to run")),
        ("explain!", text("What to explain afterwards")),
    ])
}

/// An open table: these keys, and names of the model.
fn open(fields: Fields, rest: Value, words: &str) -> Value {
    let mut open = table(fields);
    open["additionalProperties"] = rest;
    about(open, words)
}

fn person() -> Value {
    open(
        vec![
            (
                "people",
                text("Preset of reference.toml: \"man\", \"woman\""),
            ),
            ("sex", choice(&["male", "female"], "The preset of that sex")),
        ],
        quantity("Parameter of module `person`"),
        "Who it is: a preset and any parameter of module `person`",
    )
}

fn when() -> Value {
    text(
        "\"daily at 07:00\", \"every 2 d at 07:00\", \"Mon Wed at 17:00\", \"at 3 d 07:00\", \"every 8 h\"; may end with \"from 14 d\", \"until 42 d\"",
    )
}

fn habitual() -> Value {
    truth("It went on before t = 0 as well")
}

fn stimulation() -> Value {
    let times = json!({
        "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
        "description": "When: a time or a list of times",
    });
    table(vec![
        ("what!", text("\"twitch\" or \"50 Hz for 1 s\"")),
        ("at!", times),
    ])
}

fn arm() -> Value {
    table(vec![
        ("name!", text("Name of the arm")),
        (
            "set",
            named(
                json!({}),
                "Path = value: \"supplement.0.when\" = \"daily at 07:00\"",
            ),
        ),
        ("x", quantity("Where it stands on the x axis of a curve")),
    ])
}

fn expect() -> Value {
    table(vec![
        (
            "what!",
            text("A measure: \"change of NAME from 0 d to 56 d\""),
        ),
        (
            "is!",
            text("\"3 ug/L to 12 ug/L\", \"< 5 mg/d\", \"36 ± 11 d\""),
        ),
        ("arm", text("Name of the arm; the base arm without it")),
        (
            "role!",
            choice(
                &["port", "fit", "test"],
                "test: independent; fit: used to set parameters; port: a prototype's number",
            ),
        ),
        ("source", text("Key of references.bib")),
        ("row", text("Row of the table it comes from")),
        ("note", text("Required reading when it is missed")),
        ("not_required", truth("Listed, not counted")),
    ])
}

/// Names that a scenario may use: any without a model.
struct Names<'a> {
    model: Option<&'a Model>,
}

impl Names<'_> {
    /// An open table, or one with exactly these names of the model.
    fn of(
        &self,
        names: impl Fn(&Model) -> Vec<(String, String)>,
        each: &str,
        words: &str,
    ) -> Value {
        self.beside(Vec::new(), names, each, words)
    }

    fn beside(
        &self,
        fields: Fields,
        names: impl Fn(&Model) -> Vec<(String, String)>,
        each: &str,
        words: &str,
    ) -> Value {
        let Some(model) = self.model else {
            return open(fields, quantity(each), words);
        };
        let mut closed = table(fields);
        for (name, words) in names(model) {
            closed["properties"][name] = quantity(&words);
        }
        about(closed, words)
    }

    /// A text, or one of these names of the model.
    fn one(&self, names: impl Fn(&Model) -> Vec<String>, words: &str) -> Value {
        match self.model {
            None => text(words),
            Some(model) => json!({ "type": "string", "enum": names(model), "description": words }),
        }
    }

    fn status(&self) -> Value {
        let markers = |model: &Model| {
            let markers = model.biomarkers.iter();
            markers
                .map(|m| (m.name.clone(), format!("{} ({})", m.title, m.unit.text)))
                .collect()
        };
        self.of(
            markers,
            "Laboratory value",
            "Laboratory values at t = 0, by marker",
        )
    }

    fn parameters(&self) -> Value {
        let declared = |model: &Model| {
            let parameters = model.parameters.iter();
            parameters
                .filter(|p| p.kind == ParameterKind::Declared)
                .map(|p| {
                    let title = p.title.clone().unwrap_or_default();
                    (
                        p.name.clone(),
                        format!("{title} ({} {})", p.value, p.unit.text),
                    )
                })
                .collect()
        };
        self.of(
            declared,
            "Value of a parameter",
            "Any declared parameter: \"module.name\" = value",
        )
    }

    fn diet(&self) -> Value {
        let fields = vec![
            (
                "meals",
                texts("Times of day at which it is eaten; evenly spread without"),
            ),
            (
                "shares",
                list(
                    json!({ "type": "number" }),
                    "Share of each meal; they sum to 1",
                ),
            ),
            ("lasting", text("Length of a meal, such as \"20 min\"")),
        ];
        let words = "Habitual intake: nutrient = \"11 mg/d\"";
        self.beside(
            fields,
            |model| keys(model, Role::Diet),
            "Intake per day",
            words,
        )
    }

    fn meal(&self) -> Value {
        let fields = vec![
            ("when!", when()),
            ("title", text("Name for people")),
            ("lasting", text("Length of the meal, such as \"20 min\"")),
            ("habitual", habitual()),
        ];
        self.beside(
            fields,
            |model| keys(model, Role::Meal),
            "What it contains",
            "A meal",
        )
    }

    fn training(&self) -> Value {
        let what = text(
            "\"run 50 min at 70 %VO2max\", \"6 x (4 min at 90 %VO2max, 3 min at 50 %VO2max)\", \
             \"squat 5 x 8 at 75 %1RM\"",
        );
        let fields = vec![("what!", what), ("when!", when()), ("habitual", habitual())];
        self.beside(
            fields,
            |model| keys(model, Role::Training),
            "Value for the bout",
            "A bout",
        )
    }

    fn supplement(&self) -> Value {
        let nutrient = |model: &Model| {
            let keys = keys(model, Role::Supplement).into_iter();
            let bare = |key: String| key.split('.').next().unwrap_or_default().to_string();
            let mut names: Vec<String> = keys.map(|(key, _)| bare(key)).collect();
            names.sort();
            names.dedup();
            names
        };
        table(vec![
            ("nutrient!", self.one(nutrient, "Which")),
            (
                "form",
                text("Chemical form, where the model tells them apart"),
            ),
            (
                "dose!",
                quantity("How much, such as \"60 mg\" or \"400 IU\""),
            ),
            ("when!", when()),
            ("habitual", habitual()),
        ])
    }

    fn drive(&self) -> Value {
        let inputs = |model: &Model| model.inputs.iter().map(|i| i.name.clone()).collect();
        table(vec![
            ("input!", self.one(inputs, "\"module.name\" of an input")),
            ("value", quantity("What a rate is held at")),
            ("amount", quantity("How much of a bolus enters")),
            ("at", text("When it begins")),
            ("for", text("How long it holds")),
            ("when", when()),
            ("habitual", habitual()),
        ])
    }

    fn edges(&self) -> Value {
        let strengths = |model: &Model| {
            let edges = model.edges.iter();
            edges.map(|e| (e.name.clone(), e.claim.clone())).collect()
        };
        let words = "Strength by edge: 0 is off, 1 as published, at most 2";
        table(vec![
            ("off", texts("Edges to switch off, by name")),
            ("min_grade", grade()),
            ("strength", self.of(strengths, "0 to 2", words)),
        ])
    }

    fn shown(&self, words: &str) -> Value {
        self.one(|model| model.column_names(), words)
    }

    fn figure(&self) -> Value {
        table(vec![
            ("title!", text("Title of the figure")),
            (
                "kind",
                choice(
                    &["time", "curve", "status"],
                    "time: quantities over time; curve: a measure against the arms' x; status: the panel of laboratory markers",
                ),
            ),
            (
                "show",
                list(self.shown("Name of a quantity"), "One panel each"),
            ),
            ("from", text("Start of the window")),
            ("to", text("End of the window")),
            ("x_title", text("Title of a curve's x axis")),
            ("y_title", text("Title of a curve's y axis")),
            ("measure", text("What a curve measures")),
            ("unit", text("Unit to show")),
        ])
    }

    fn data(&self) -> Value {
        table(vec![
            (
                "file!",
                text("CSV beside this scenario: time,value and, if there are, sd and arm"),
            ),
            ("show!", self.shown("What was measured")),
            ("label", text("Name for people")),
            ("unit", text("Unit of value and sd")),
            ("time_unit", text("Unit of time")),
            ("source", text("Key of references.bib")),
            ("arm", text("Arm that the rows belong to")),
        ])
    }
}

/// Keys of the inputs that a table of a scenario drives, with their titles.
fn keys(model: &Model, role: Role) -> Vec<(String, String)> {
    let words = |input: &Input| {
        let title = input.title.clone().unwrap_or_else(|| input.name.clone());
        format!("{title} ({})", input.unit.text)
    };
    let inputs = model.inputs.iter().filter(|input| input.role == Some(role));
    inputs
        .filter_map(|input| Some((input.key.clone()?, words(input))))
        .collect()
}
