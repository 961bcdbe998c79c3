//! JSON Schema of every kind of file, so that editors complete and check them while people write.
//!
//! Comes in: nothing, or a checked model whose names a scenario may use. Goes out: a schema (draft 7,
//! which TOML editors take). Promise: `tests/schema.rs` holds every table of these schemas against the
//! readers, key by key, and every shipped file against the schemas. A schema knows keys, kinds and
//! choices; units, names and sense are `myoflux check`'s.
//!
//! A new key of a reader is one line here; a new kind of study one line in `study.rs`.
//!
//! Start reading at [`schema`].

mod model;
mod scenario;
mod shared;
mod study;

use serde_json::{Map, Value, json};

use crate::model::Model;

/// Kinds of file: name, file names in the words of an editor, what it is.
pub const KINDS: [(&str, &str, &str); 7] = [
    ("model", "models/*.model.toml", "modules that make a model"),
    ("module", "models/*.toml", "one physiological subsystem"),
    (
        "scenario",
        "scenarios/**/*.toml",
        "one protocol, its arms, what should follow",
    ),
    (
        "study",
        "scenarios/**/*.study.toml",
        "many runs with one question",
    ),
    (
        "nutrients",
        "models/nutrients.toml",
        "molar masses, potencies, reference intakes",
    ),
    ("reference", "models/reference.toml", "the reference people"),
    (
        "rate_laws",
        "models/rate_laws.toml",
        "functions that formulas may call",
    ),
];

/// The schema of one of [`KINDS`]; `None` for any other word. With a model, a scenario's names are the
/// model's own.
pub fn schema(kind: &str, names: Option<&Model>) -> Option<Value> {
    let (_, files, what) = KINDS.iter().find(|(known, ..)| *known == kind)?;
    let mut schema = match kind {
        "model" => model::model(),
        "module" => model::module(),
        "scenario" => scenario::scenario(names),
        "study" => study::study(),
        "nutrients" => shared::nutrients(),
        "reference" => shared::reference(),
        _ => shared::rate_laws(),
    };
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!(format!("myoflux {kind}"));
    schema["description"] = json!(format!("{files}: {what}"));
    Some(schema)
}

/// Keys with their schemas.
type Fields = Vec<(&'static str, Value)>;

/// A table with these keys and no others; a name that ends in `!` must be there.
fn table(fields: Vec<(&str, Value)>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, value) in fields {
        let bare = name.trim_end_matches('!');
        if bare != name {
            required.push(json!(bare));
        }
        properties.insert(bare.to_string(), value);
    }
    let mut table = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        table["required"] = Value::Array(required);
    }
    table
}

/// A table whose keys are names: each holds the same.
fn named(value: Value, about: &str) -> Value {
    json!({ "type": "object", "description": about, "additionalProperties": value })
}

fn about(mut value: Value, words: &str) -> Value {
    value["description"] = json!(words);
    value
}

fn text(about: &str) -> Value {
    json!({ "type": "string", "description": about })
}

fn number(about: &str) -> Value {
    json!({ "type": "number", "description": about })
}

fn truth(about: &str) -> Value {
    json!({ "type": "boolean", "description": about })
}

fn texts(about: &str) -> Value {
    list(json!({ "type": "string" }), about)
}

fn list(items: Value, about: &str) -> Value {
    json!({ "type": "array", "items": items, "description": about })
}

fn choice(words: &[&str], about: &str) -> Value {
    json!({ "type": "string", "enum": words, "description": about })
}

/// `"18 ug/L"`; a bare number where the unit is 1.
fn quantity(about: &str) -> Value {
    json!({ "type": ["string", "number"], "description": about })
}

/// A number, or a formula.
fn amount(about: &str) -> Value {
    quantity(about)
}

fn format() -> Value {
    json!({ "type": "number", "enum": [1], "description": "Version of the file format: 1" })
}

fn grade() -> Value {
    choice(
        &["A", "B", "C", "D"],
        "Strength of evidence, A the strongest",
    )
}

/// Where a number comes from.
fn origin() -> Fields {
    vec![
        ("source", text("Key of references.bib")),
        ("where", text("Place in the source, such as \"table 2\"")),
        ("assumed", text("The reason, where no source says so")),
    ]
}
