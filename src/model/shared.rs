//! What all models of a folder share: bibliography, nutrients, reference people.

use std::collections::BTreeMap;

use super::check::symbols::{Symbol, Symbols};
use super::declare::check_format;
use super::file::{Item, Reader, Table as Tree, Value, problem, problem_with_help, suggestion};
use super::load::Shared;
use super::types::*;
use crate::diagnostics::{Diagnostic, FileId, Span};
use crate::units::Quantity;

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
            out.push(problem(
                "bibtex-syntax",
                format!("references.bib cannot be read: {}", error.kind),
                Span { file, range },
                "here",
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
    let tables = reader
        .sub("nutrients", out)
        .map(|table| table.entries.as_slice())
        .unwrap_or_default();
    for entry in tables {
        let Value::Table(body) = &entry.item.value else {
            continue;
        };
        let mut inner = Reader::new(
            body,
            format!("nutrient `{}`", entry.key),
            entry.key_span.clone(),
        );
        let nutrient = nutrient(&entry.key, &mut inner, out);
        inner.finish(out);
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
    let molar_mass = reader.text("molar_mass", out).and_then(|(text, item)| {
        let quantity = quantity(text, item, out)?;
        let unit = crate::units::Unit::parse("g/mol").expect("g/mol is a unit");
        let value = quantity.value_in(&unit).filter(|mass| *mass > 0.0);
        if value.is_none() {
            let message = format!("`{text}` is not a molar mass");
            out.push(problem(
                "wrong-unit",
                message,
                item.span.clone(),
                "such as \"55.845 g/mol\"",
            ));
        }
        value
    });
    reader.text("source", out);
    let mut potency = Vec::new();
    for entry in reader
        .sub("potency", out)
        .map(|table| table.entries.as_slice())
        .unwrap_or_default()
    {
        if let Value::Text(text) = &entry.item.value
            && let Some(quantity) = quantity(text, &entry.item, out)
        {
            potency.push((entry.key.clone(), quantity.value, quantity.unit));
        }
    }
    let mut intakes = Vec::new();
    for item in reader.list("intake", out).unwrap_or_default() {
        let Value::Table(body) = &item.value else {
            continue;
        };
        let mut inner = Reader::new(body, "intake", item.span.clone());
        let people = inner
            .required_text("people", out)
            .map(|(text, _)| text.to_string());
        let kind = inner
            .required_text("kind", out)
            .map(|(text, _)| text.to_string());
        let value = inner
            .required_text("value", out)
            .and_then(|(text, item)| quantity(text, item, out));
        let note = inner.text("note", out).map(|(text, _)| text.to_string());
        inner.text("source", out);
        inner.finish(out);
        if let (Some(people), Some(kind), Some(value)) = (people, kind, value) {
            intakes.push((people, kind, value.value, value.unit, note));
        }
    }
    Nutrient {
        key: key.to_string(),
        title,
        molar_mass_g_per_mol: molar_mass,
        potency,
        intakes,
    }
}

fn quantity(text: &str, item: &Item, out: Out) -> Option<Quantity> {
    match Quantity::parse(text) {
        Ok(quantity) => Some(quantity),
        Err(error) => {
            out.push(problem(
                "unknown-unit",
                format!("`{text}` is not a quantity: {}", error.message),
                item.within(error.range),
                "not understood",
            ));
            None
        }
    }
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
        let Value::Table(body) = &entry.item.value else {
            continue;
        };
        let mut inner = Reader::new(
            body,
            format!("people `{}`", entry.key),
            entry.key_span.clone(),
        );
        let title = inner
            .required_text("title", out)
            .map(|(text, _)| text.to_string())
            .unwrap_or_default();
        let sex = inner
            .required_text("sex", out)
            .map(|(text, _)| text.to_string())
            .unwrap_or_default();
        let mut set = Vec::new();
        for item in inner
            .sub("set", out)
            .map(|table| table.entries.as_slice())
            .unwrap_or_default()
        {
            let text = match &item.item.value {
                Value::Text(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => continue,
            };
            if let Some(quantity) = quantity(&text, &item.item, out) {
                set.push((
                    item.key.clone(),
                    item.key_span.clone(),
                    quantity,
                    item.item.span.clone(),
                ));
            }
        }
        inner.finish(out);
        people.push(PeopleFile {
            name: entry.key.clone(),
            title,
            sex,
            set,
        });
    }
    reader.finish(out);
    people
}

impl Shared {
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
                        out.push(problem_with_help(
                            "unknown-name",
                            format!("`{name}` is neither a parameter nor an input"),
                            span.clone(),
                            "not found",
                            suggestion(name, symbols.names()),
                        ));
                        continue;
                    }
                };
                match (quantity.value_in(unit), slot) {
                    (Some(value), Ok(id)) => resolved.parameters.push((id, value)),
                    (Some(value), Err(id)) => resolved.inputs.push((id, value)),
                    (None, _) => out.push(problem(
                        "wrong-unit",
                        format!("`{name}` is in {}", unit.text),
                        value_span.clone(),
                        "wrong unit",
                    )),
                }
            }
            model.people.push(resolved);
        }
    }
}
