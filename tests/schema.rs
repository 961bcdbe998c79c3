//! The schemas of `myoflux schema` against the files, the readers, and a validator that is not ours.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use jsonschema::Validator;
use myoflux::diagnostics::{Diagnostic, Sources};
use myoflux::model::load::{check_models, load_model};
use myoflux::report::schema::{KINDS, schema};
use myoflux::scenario::load::{Overrides, load_scenario};
use myoflux::study::load::load_study;
use serde_json::{Map, Value, json};

fn toml_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("readable").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(toml_below(&path));
        } else if path.extension().is_some_and(|end| end == "toml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn kind(path: &Path) -> &'static str {
    let name = path.file_name().expect("a file").to_string_lossy();
    match (path.starts_with("scenarios"), name.as_ref()) {
        (true, name) if name.ends_with(".study.toml") => "study",
        (true, _) => "scenario",
        (_, "nutrients.toml") => "nutrients",
        (_, "reference.toml") => "reference",
        (_, "rate_laws.toml") => "rate_laws",
        (_, name) if name.ends_with(".model.toml") => "model",
        _ => "module",
    }
}

fn shipped() -> Vec<(PathBuf, Value)> {
    let mut paths = toml_below(Path::new("models"));
    paths.extend(toml_below(Path::new("scenarios")));
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("readable");
        let tree = toml::from_str(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        (path, tree)
    };
    paths.into_iter().map(read).collect()
}

fn schemas() -> BTreeMap<&'static str, Value> {
    let made = |(kind, ..): &(&'static str, _, _)| (*kind, schema(kind, None).expect("a kind"));
    KINDS.iter().map(made).collect()
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft7::new(schema).expect("a schema of draft 7")
}

/// Claim: what we ship is what the schemas describe.
#[test]
fn every_shipped_file_fits_its_schema() {
    let schemas = schemas();
    let validators: BTreeMap<&str, Validator> = schemas
        .iter()
        .map(|(kind, s)| (*kind, validator(s)))
        .collect();
    let mut seen = BTreeSet::new();
    for (path, tree) in shipped() {
        let kind = kind(&path);
        seen.insert(kind);
        let errors: Vec<String> = validators[kind]
            .iter_errors(&tree)
            .map(|e| e.to_string())
            .collect();
        assert!(
            errors.is_empty(),
            "{}: {}",
            path.display(),
            errors.join("\n")
        );
    }
    assert_eq!(seen.len(), KINDS.len(), "every kind is shipped");
}

/// Claim: a key with a slip of spelling is refused by the schema, wherever the schema knows the table.
#[test]
fn a_slip_of_spelling_is_refused() {
    for (path, text) in [
        ("models/athlete.model.toml", "title"),
        ("models/person.toml", "value"),
        ("models/nutrients.toml", "molar_mass"),
        ("models/reference.toml", "sex"),
        ("models/rate_laws.toml", "arguments"),
        ("scenarios/iron/low_ferritin_runner.toml", "when"),
        ("scenarios/fibre/activation.study.toml", "knots"),
    ] {
        let path = Path::new(path);
        let written = std::fs::read_to_string(path).expect("readable");
        let validator = validator(&schemas()[kind(path)]);
        let tree = |text: &str| toml::from_str::<Value>(text).expect("TOML");
        assert!(validator.is_valid(&tree(&written)));
        let slip = |line: &str| match line.strip_prefix(text) {
            Some(rest) if rest.trim_start().starts_with('=') => format!("{text}x{rest}"),
            _ => line.to_string(),
        };
        let slipped: Vec<String> = written.lines().map(slip).collect();
        let slipped = tree(&slipped.join("\n"));
        assert_ne!(slipped, tree(&written), "{} has `{text}`", path.display());
        assert!(
            !validator.is_valid(&slipped),
            "{}: `{text}x`",
            path.display()
        );
    }
}

/// Tables that no shipped scenario has.
const RARE: &str = r#"
format = 1
title = "Rare tables"
model = "athlete"
duration = "1 d"
solver = { rtol = 1e-5 }
lesson = { predict = "a", run = "b", explain = "c" }
[[drive]]
input = "iron.supplement"
amount = "1 mg"
[[stimulation]]
what = "twitch"
at = "0 s"
[[supplement]]
nutrient = "iron"
dose = "1 mg"
when = "daily at 07:00"
[edges]
off = []
[[arm]]
name = "other"
[[figure]]
title = "t"
show = ["serum_ferritin"]
[[data]]
file = "none.csv"
show = "serum_ferritin"
[[expect]]
what = "serum_ferritin at 1 d"
is = "> 0 ug/L"
role = "test"
"#;

/// A table with an origin of its own (all that we ship were made by a study), and a limit.
const RARE_MODULE: &str = r#"
format = 1
title = "Rare tables"
about = "A table from a paper."
[tables.curve]
unit = "1"
x = { unit = "s", knots = [0, 1] }
values = [0, 1]
assumed = "a test"
[limits.low]
holds = "time > 0"
beyond = "nothing"
"#;

/// Claim: schemas and readers know the same keys. Every closed table of a schema is found in a shipped
/// file (or in [`RARE`]) and given one key that nobody knows; the reader's refusal lists the keys it knows.
#[test]
fn schemas_and_readers_know_the_same_keys() {
    let schemas = schemas();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let models = folder.path().join("models");
    std::fs::create_dir_all(&models).expect("a folder");
    for entry in std::fs::read_dir("models").expect("readable").flatten() {
        std::fs::copy(entry.path(), models.join(entry.file_name())).expect("copied");
    }
    let mut marks = Marks::default();
    let mut problems: Vec<Diagnostic> = Vec::new();
    let mut files = shipped();
    for (path, text) in [
        ("scenarios/rare.toml", RARE),
        ("models/rare.toml", RARE_MODULE),
    ] {
        files.push((PathBuf::from(path), toml::from_str(text).expect("TOML")));
    }
    for (path, mut tree) in files {
        let kind = kind(&path);
        let before = marks.places.len();
        marks.mark(kind, &schemas[kind], &mut tree);
        if marks.places.len() == before {
            continue;
        }
        let text = written(&tree);
        let mut sources = Sources::default();
        // Shared files come last: a broken one would keep the readers from all others.
        let found = match kind {
            "scenario" => {
                let file = folder.path().join("scenario.toml");
                std::fs::write(&file, text).expect("written");
                load_scenario(
                    &file,
                    Path::new("models"),
                    &Overrides::default(),
                    &mut sources,
                )
                .err()
            }
            "study" => {
                let file = folder.path().join("one.study.toml");
                std::fs::write(&file, text).expect("written");
                // A sweep names the scenario beside it.
                if let Some(name) = tree.get("scenario").and_then(|name| name.as_str()) {
                    let beside = path.with_file_name(name);
                    std::fs::copy(beside, folder.path().join(name)).expect("copied");
                }
                load_study(
                    &file,
                    Path::new("models"),
                    &Overrides::default(),
                    &mut sources,
                )
                .err()
            }
            _ => {
                let file = models.join(path.file_name().expect("a file"));
                std::fs::write(&file, text).expect("written");
                let (found, _) = check_models(&file, &mut sources);
                match path.exists() {
                    true => std::fs::copy(&path, &file).map(drop),
                    false => std::fs::remove_file(&file),
                }
                .expect("restored");
                Some(found)
            }
        };
        problems.extend(found.unwrap_or_default());
    }
    let mut wrong = Vec::new();
    for (key, (place, known)) in &marks.places {
        let refusal = problems.iter().find(|d| {
            d.code == "unknown-key" && d.message.ends_with(&format!("has no key `{key}`"))
        });
        let help = refusal.and_then(|d| d.help.as_deref()?.strip_prefix("known here: "));
        let Some(help) = help else {
            wrong.push(format!("{place}: the reader did not list its keys"));
            continue;
        };
        let reader: BTreeSet<&str> = help.split(", ").collect();
        let schema: BTreeSet<&str> = known.iter().map(String::as_str).collect();
        for key in reader.symmetric_difference(&schema) {
            let by = if reader.contains(key) {
                "the reader"
            } else {
                "the schema"
            };
            wrong.push(format!("{place}: only {by} knows `{key}`"));
        }
    }
    for (kind, schema) in &schemas {
        closed(kind, schema, &mut |place| {
            if !marks.seen.contains(place) {
                wrong.push(format!("{place}: no file has this table; add it to RARE"));
            }
        });
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Unknown keys that were put into tables: key → place in the schema and the keys known there.
#[derive(Default)]
struct Marks {
    seen: BTreeSet<String>,
    places: BTreeMap<String, (String, Vec<String>)>,
}

impl Marks {
    /// Marks every closed table that has not been met before.
    fn mark(&mut self, place: &str, schema: &Value, tree: &mut Value) {
        for (name, alternative) in alternatives(schema) {
            let place = &format!("{place}{name}");
            match tree {
                Value::Object(table) if fits(alternative, table) => {
                    self.table(place, alternative, table)
                }
                Value::Array(items) => {
                    let inner = &alternative["items"];
                    for item in items {
                        self.mark(&format!("{place}[]"), inner, item);
                    }
                }
                _ => {}
            }
        }
    }

    fn table(&mut self, place: &str, schema: &Value, table: &mut Map<String, Value>) {
        let Some(kind) = schema.get("type") else {
            return;
        };
        if kind != "object" {
            return;
        }
        let none = Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&none);
        for (key, value) in table.iter_mut() {
            match properties.get(key) {
                Some(inner) => self.mark(&format!("{place}.{key}"), inner, value),
                None => self.mark(
                    &format!("{place}.*"),
                    &schema["additionalProperties"],
                    value,
                ),
            }
        }
        // What a study made is not asked for its origin: another table shows those keys.
        let computed = table.contains_key("computed_from");
        let closed = schema["additionalProperties"] == json!(false) && !computed;
        if closed && self.seen.insert(place.to_string()) {
            let key = format!("qqqqqqqq{}", self.seen.len());
            let known = properties.keys().cloned().collect();
            table.insert(key.clone(), json!(1));
            self.places.insert(key, (place.to_string(), known));
        }
    }
}

/// The schema itself, or what it lets one choose from; where that is several tables, each with a name of
/// its own.
fn alternatives(schema: &Value) -> Vec<(String, &Value)> {
    let choice = schema.get("anyOf").or(schema.get("oneOf"));
    let Some(several) = choice.and_then(Value::as_array) else {
        return vec![(String::new(), schema)];
    };
    let tables = several.iter().filter(|s| s["type"] == "object").count();
    let mut found = Vec::new();
    for (at, one) in several.iter().enumerate() {
        let own = match tables > 1 {
            true => format!("|{at}"),
            false => String::new(),
        };
        let inner = alternatives(one).into_iter();
        found.extend(inner.map(|(name, schema)| (format!("{own}{name}"), schema)));
    }
    found
}

/// Whether a table is the one meant: it has the keys that are required, and the words of which there is no
/// choice.
fn fits(schema: &Value, table: &Map<String, Value>) -> bool {
    let required = schema["required"].as_array().into_iter().flatten();
    let mut keys = required.filter_map(Value::as_str);
    keys.all(|key| {
        let only = match schema["properties"][key]["enum"].as_array() {
            Some(words) if words.len() == 1 => Some(&words[0]),
            _ => None,
        };
        match (table.get(key), only) {
            (None, _) => false,
            (Some(value), Some(only)) => value == only,
            (Some(_), None) => true,
        }
    })
}

/// Calls `each` with every closed table of a schema.
fn closed(place: &str, schema: &Value, each: &mut dyn FnMut(&str)) {
    for (name, schema) in alternatives(schema) {
        let place = &format!("{place}{name}");
        if schema["additionalProperties"] == json!(false) {
            each(place);
        }
        for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
            closed(&format!("{place}.{key}"), inner, each);
        }
        if schema["additionalProperties"].is_object() {
            closed(&format!("{place}.*"), &schema["additionalProperties"], each);
        }
        if schema["items"].is_object() {
            closed(&format!("{place}[]"), &schema["items"], each);
        }
    }
}

/// A tree as TOML: one line per key of the file, inline below.
fn written(tree: &Value) -> String {
    let entries = tree.as_object().expect("a file is a table").iter();
    let line = |(key, value): (&String, &Value)| format!("{} = {}\n", quoted(key), inline(value));
    entries.map(line).collect()
}

fn inline(value: &Value) -> String {
    match value {
        Value::Object(table) => {
            let entries = table.iter();
            let parts = entries.map(|(key, value)| format!("{} = {}", quoted(key), inline(value)));
            format!("{{ {} }}", parts.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    Value::String(text.to_string()).to_string()
}

/// Claim: with a model, a scenario completes the names of that model and no others.
#[test]
fn a_model_gives_scenarios_its_names() {
    let model = load_model(Path::new("models"), "athlete", &mut Sources::default());
    let schema = schema("scenario", Some(&model.expect("it loads"))).expect("a kind");
    let validator = validator(&schema);
    let scenario = |marker: &str| {
        json!({
            "format": 1, "title": "t", "model": "athlete", "duration": "1 d",
            "status": { marker: "30 ug/L" },
        })
    };
    assert!(validator.is_valid(&scenario("serum_ferritin")));
    assert!(!validator.is_valid(&scenario("serum_ferritine")));
    for (path, tree) in shipped() {
        if kind(&path) == "scenario" && tree.get("model") == Some(&json!("athlete")) {
            let errors: Vec<String> = validator
                .iter_errors(&tree)
                .map(|e| e.to_string())
                .collect();
            assert!(
                errors.is_empty(),
                "{}: {}",
                path.display(),
                errors.join("\n")
            );
        }
    }
}

#[test]
fn the_command_writes_schemas_or_says_why_not() {
    let run = |arguments: &[&str]| {
        let mut command = Command::cargo_bin("myoflux").expect("the binary is built");
        command
            .args(["schema"])
            .args(arguments)
            .output()
            .expect("it starts")
    };
    let output = run(&["study"]);
    assert_eq!(output.status.code(), Some(0));
    let printed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(Some(printed), schema("study", None));
    assert_eq!(run(&["scenarios"]).status.code(), Some(2));
    assert_eq!(run(&[]).status.code(), Some(2));
    assert_eq!(
        run(&["scenario", "--model", "atlete"]).status.code(),
        Some(2)
    );
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("schemas");
    let output = run(&["--all", &path.to_string_lossy()]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        std::fs::read_dir(path).expect("written").count(),
        KINDS.len()
    );
}
