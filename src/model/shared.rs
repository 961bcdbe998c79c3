//! What all models of a folder share: bibliography, nutrients, reference people.

use std::collections::BTreeMap;

use super::check::symbols::{Symbol, Symbols};
use super::declare::{check_format, choice};
use super::file::{Item, Reader, Table as Tree, Value, problem_with_help};
use super::load::Shared;
use super::messages::{
    table_of, unknown_name, unknown_reference, written_quantity, wrong_kind, wrong_unit,
};
use super::types::*;
use crate::diagnostics::{Diagnostic, FileId, Span};
use crate::units::{Quantity, Unit};

type Out<'a> = &'a mut Vec<Diagnostic>;

/// A preset of `reference.toml`, names not yet resolved.
#[derive(Debug, Clone)]
pub struct PeopleFile {
    name: String,
    title: String,
    sex: String,
    set: Vec<(String, Span, Quantity, Span)>,
}

/// Reads `references.bib`.
pub fn bibliography(file: FileId, text: &str, out: Out) -> Bibliography {
    let parsed = match biblatex::Bibliography::parse(text) {
        Ok(parsed) => parsed,
        Err(error) => {
            let range = error.span.start.min(text.len())..error.span.end.min(text.len());
            out.push(problem_with_help(
                "bibtex-syntax",
                format!("references.bib cannot be read: {}", error.kind),
                Span { file, range },
                "here",
                Some("an entry reads `@article{key, title = {…}, year = {2001}}`".to_string()),
            ));
            return Bibliography::default();
        }
    };
    let mut entries = BTreeMap::new();
    for entry in parsed.iter() {
        let field = |key: &str| {
            entry.get(key).map(|chunks| {
                use biblatex::ChunksExt;
                chunks.format_verbatim()
            })
        };
        let parts = [
            field("author"),
            field("year").or_else(|| field("date")),
            field("title"),
            field("journal").or_else(|| field("journaltitle")),
            field("doi"),
            field("note"),
        ];
        let citation = parts.into_iter().flatten().collect::<Vec<_>>().join(". ");
        entries.insert(
            entry.key.clone(),
            BibEntry {
                key: entry.key.clone(),
                citation,
                doi: field("doi"),
                bibtex: entry
                    .to_bibtex_string()
                    .unwrap_or_else(|_| entry.to_biblatex_string()),
            },
        );
    }
    Bibliography { entries }
}

/// Reads `nutrients.toml`: one table per nutrient.
pub fn nutrients(file: FileId, tree: &Tree, out: Out) -> BTreeMap<String, Nutrient> {
    let mut nutrients = BTreeMap::new();
    let mut reader = Reader::new(tree, "nutrients.toml", Span { file, range: 0..0 });
    check_format(&mut reader, out);
    reader.text("title", out);
    reader.text("about", out);
    let entries = reader
        .sub("nutrients", out)
        .map(|table| table.entries.as_slice())
        .unwrap_or_default();
    let names: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    for entry in entries {
        let what = format!("nutrient `{}`", entry.key);
        let Some(body) = table_of(&what, &entry.item, out) else {
            continue;
        };
        let mut inner = Reader::new(body, what, entry.key_span.clone());
        let nutrient = nutrient(&entry.key, &mut inner, out);
        inner.finish(out);
        let parts = nutrient.intakes.iter().flat_map(|intake| &intake.counts);
        let parts = parts.filter_map(|counted| match counted {
            Counted::Part(part) => Some(part),
            Counted::Role(..) => None,
        });
        for name in parts.chain(&nutrient.part_of) {
            if !names.contains(&name.as_str()) {
                let message = format!("{} names no nutrient `{name}`", nutrient.title);
                let span = entry.key_span.clone();
                out.push(unknown_name(message, name, span, names.iter().copied()));
            }
        }
        nutrients.insert(entry.key.clone(), nutrient);
    }
    reader.finish(out);
    nutrients
}

fn nutrient(key: &str, reader: &mut Reader, out: Out) -> Nutrient {
    let title = reader
        .required_text("title", out)
        .map(|(text, _)| text.to_string())
        .unwrap_or_default();
    let molar_mass = reader
        .item("molar_mass")
        .and_then(|item| molar_mass_g_per_mol(item, out));
    let part_of = reader.text("part_of", out);
    reader.text("source", out);
    let mut potency = Vec::new();
    for entry in reader
        .sub("potency", out)
        .map(|table| table.entries.as_slice())
        .unwrap_or_default()
    {
        if let Some(quantity) = written_quantity(&entry.item, out) {
            potency.push((entry.key.clone(), quantity.value, quantity.unit));
        }
    }
    let intakes = reader
        .list("intake", out)
        .unwrap_or_default()
        .iter()
        .filter_map(|item| intake(item, out))
        .collect();
    Nutrient {
        key: key.to_string(),
        title,
        molar_mass_g_per_mol: molar_mass,
        potency,
        part_of: part_of.map(|(text, _)| text.to_string()),
        intakes,
    }
}

pub fn molar_mass_g_per_mol(item: &Item, out: Out) -> Option<f64> {
    let quantity = written_quantity(item, out)?;
    let unit = Unit::parse("g/mol").expect("g/mol is a unit");
    let value = quantity.value_in(&unit);
    match value {
        Some(mass) if mass > 0.0 => return value,
        Some(_) => out.push(problem_with_help(
            "impossible-value",
            "a molar mass is above zero".to_string(),
            item.span.clone(),
            "not above zero",
            Some("write it such as \"55.845 g/mol\"".to_string()),
        )),
        None => out.push(problem_with_help(
            "wrong-unit",
            format!(
                "a molar mass is mass per amount, this is {}",
                quantity.unit.describe()
            ),
            item.span.clone(),
            &quantity.unit.describe(),
            Some("write it such as \"55.845 g/mol\"".to_string()),
        )),
    }
    None
}

/// One row of reference intakes.
fn intake(item: &Item, out: Out) -> Option<ReferenceIntake> {
    let mut reader = Reader::new(
        table_of("an intake", item, out)?,
        "this intake",
        item.span.clone(),
    );
    let people = reader.required_text("people", out);
    reader.required("kind", out);
    let kinds = ["ear", "rda", "ai", "ul", "ul_eu", "studied"].map(|kind| (kind, kind));
    let kind = choice(&mut reader, "kind", &kinds, out);
    let value = reader
        .required("value", out)
        .and_then(|item| written_quantity(item, out));
    let note = reader.text("note", out).map(|(text, _)| text.to_string());
    let counts = reader.list("counts", out).unwrap_or_default();
    let counts = counts.iter().filter_map(|item| counted(item, out));
    let counts = counts.collect();
    reader.text("source", out);
    reader.text("assumed", out);
    reader.finish(out);
    let (value, (people, _)) = (value?, people?);
    Some(ReferenceIntake {
        people: people.to_string(),
        kind: kind?.to_string(),
        value: value.value,
        unit: value.unit,
        note,
        counts,
    })
}

/// A role (`"supplement"`), a role with a key (`"diet.KEY"`), or the name of a nutrient.
fn counted(item: &Item, out: Out) -> Option<Counted> {
    let Value::Text(text) = &item.value else {
        out.push(wrong_kind("what counts", item, "a string"));
        return None;
    };
    let (first, key) = match text.split_once('.') {
        Some((first, key)) => (first, Some(key.to_string())),
        None => (text.as_str(), None),
    };
    let role = match first {
        "diet" => Role::Diet,
        "meal" => Role::Meal,
        "supplement" => Role::Supplement,
        _ => return Some(Counted::Part(text.clone())),
    };
    Some(Counted::Role(role, key))
}

/// Reads `reference.toml`.
pub fn people(file: FileId, tree: &Tree, out: Out) -> Vec<PeopleFile> {
    let mut people = Vec::new();
    let mut reader = Reader::new(tree, "reference.toml", Span { file, range: 0..0 });
    check_format(&mut reader, out);
    reader.text("title", out);
    reader.text("about", out);
    for entry in reader
        .sub("people", out)
        .map(|table| table.entries.as_slice())
        .unwrap_or_default()
    {
        let what = format!("people `{}`", entry.key);
        let Some(body) = table_of(&what, &entry.item, out) else {
            continue;
        };
        let mut inner = Reader::new(body, what, entry.key_span.clone());
        people.extend(preset(&entry.key, &mut inner, out));
        inner.finish(out);
    }
    reader.finish(out);
    people
}

fn preset(name: &str, reader: &mut Reader, out: Out) -> Option<PeopleFile> {
    let title = reader.required_text("title", out);
    reader.required("sex", out);
    let sexes = ["male", "female"].map(|sex| (sex, sex));
    let sex = choice(reader, "sex", &sexes, out);
    let mut set = Vec::new();
    for entry in reader
        .sub("set", out)
        .map(|table| table.entries.as_slice())
        .unwrap_or_default()
    {
        if let Some(quantity) = written_quantity(&entry.item, out) {
            let (name, span) = (entry.key.clone(), entry.key_span.clone());
            set.push((name, span, quantity, entry.item.span.clone()));
        }
    }
    Some(PeopleFile {
        name: name.to_string(),
        title: title?.0.to_string(),
        sex: sex?.to_string(),
        set,
    })
}

impl Shared {
    /// Every source must be in the bibliography.
    pub fn check_cited(&self, cited: &[(String, Span)], out: Out) {
        for (key, span) in cited {
            if !self.bibliography.entries.contains_key(key) {
                out.push(unknown_reference(key, span.clone(), &self.bibliography));
            }
        }
    }

    /// What a preset sets must belong to a module of the folder; whether the module declares it is seen
    /// when a model is composed.
    pub fn check_people_modules(&self, modules: &[String], out: Out) {
        for (name, span, _, _) in self.people.iter().flat_map(|preset| &preset.set) {
            let module = name.split('.').next().unwrap_or_default();
            if !modules.iter().any(|known| known == module) {
                out.push(unknown_name(
                    format!("there is no module `{module}`"),
                    module,
                    span.clone(),
                    modules.iter().map(String::as_str),
                ));
            }
        }
    }

    /// Resolves the presets against a model. What a preset says of modules that the model does not
    /// hold is left out.
    pub fn people(&self, model: &mut Model, symbols: &Symbols, out: Out) {
        for preset in &self.people {
            let mut resolved = People {
                name: preset.name.clone(),
                title: preset.title.clone(),
                sex: preset.sex.clone(),
                parameters: Vec::new(),
                inputs: Vec::new(),
            };
            for (name, span, quantity, value_span) in &preset.set {
                let module = name.split('.').next().unwrap_or_default();
                if !symbols.modules.iter().any(|known| known == module) {
                    continue;
                }
                let (unit, slot) = match symbols.global(name) {
                    Some(Symbol::Parameter(id)) => (&model.parameters[id.index()].unit, Ok(id)),
                    Some(Symbol::Input(id)) => (&model.inputs[id.index()].unit, Err(id)),
                    _ => {
                        out.push(unknown_name(
                            format!("`{name}` is neither a parameter nor an input"),
                            name,
                            span.clone(),
                            symbols.names(),
                        ));
                        continue;
                    }
                };
                match (quantity.value_in(unit), slot) {
                    (Some(value), Ok(id)) => resolved.parameters.push((id, value)),
                    (Some(value), Err(id)) => resolved.inputs.push((id, value)),
                    (None, _) => out.push(wrong_unit(
                        format!("`{name}` is in {} ({})", unit.text, unit.describe()),
                        value_span.clone(),
                        &quantity.unit,
                        unit,
                    )),
                }
            }
            model.people.push(resolved);
        }
    }
}
