//! One module file → its declarations: everything that can be said about a module without looking at
//! another one. Formulas are parsed, not yet resolved.
//!
//! Start reading at [`ModuleFile::read`].

mod claims;
pub mod fields;
mod matter;
mod observers;
pub mod tables;

pub use fields::{choice, duration_s, formula_of, unit_of};

use super::file::{Item, Reader, Table as Tree, Value, problem_with_help};
use super::formula::Node;
use super::messages::table_of;
use super::types::{Direction, EdgeKind, Effect, Equilibrium, EventAction, Grade, Origin, Role};
use crate::diagnostics::{Diagnostic, FileId, Span};
use crate::units::{Quantity, Unit};

/// A formula as written, with its place.
#[derive(Debug, Clone)]
pub struct Formula {
    pub text: String,
    pub item: Item,
    pub node: Node,
}

/// A number or a formula.
#[derive(Debug, Clone)]
pub enum Amount {
    Number(f64),
    Formula(Formula),
}

#[derive(Debug, Clone, Default)]
pub struct ModuleFile {
    pub name: String,
    pub title: String,
    pub system: Option<String>,
    pub about: String,
    pub uses: Vec<(String, Span)>,
    pub parameters: Vec<Declared<ParameterFile>>,
    pub inputs: Vec<Declared<InputFile>>,
    pub states: Vec<Declared<StateFile>>,
    pub variables: Vec<Declared<VariableFile>>,
    pub processes: Vec<Declared<ProcessFile>>,
    pub rates: Vec<Declared<Formula>>,
    pub tables: Vec<Declared<TableFile>>,
    pub edges: Vec<Declared<EdgeFile>>,
    pub events: Vec<Declared<EventFile>>,
    pub limits: Vec<Declared<LimitFile>>,
    pub biomarkers: Vec<Declared<BiomarkerFile>>,
    pub modalities: Vec<Declared<ModalityFile>>,
    /// Names of declarations that could not be read: reported once, where they stand, and not again
    /// wherever they are used.
    pub broken: Vec<String>,
    /// Every key of the bibliography that the module names.
    pub cited: Vec<(String, Span)>,
}

/// A declaration and where its name stands.
#[derive(Debug, Clone)]
pub struct Declared<T> {
    pub name: String,
    pub span: Span,
    pub title: Option<String>,
    pub body: T,
}

#[derive(Debug, Clone)]
pub struct ParameterFile {
    pub value: f64,
    pub unit: Unit,
    pub range: Option<(f64, f64)>,
    pub cv: Option<f64>,
    pub origin: Origin,
    pub grade: Grade,
}

#[derive(Debug, Clone)]
pub struct InputFile {
    pub unit: Unit,
    /// `None` for boluses.
    pub default: Option<f64>,
    pub to: Vec<(String, Span, Amount)>,
    pub role: Option<Role>,
    pub key: Option<String>,
    pub nutrient: Option<(String, Span)>,
    pub pulse_s: Option<f64>,
}

#[derive(Debug, Clone)]
pub struct StateFile {
    pub unit: Unit,
    pub initial: Amount,
    pub scale: f64,
    pub of: Vec<(String, f64)>,
    pub equilibrium: Equilibrium,
    pub signed: bool,
    pub identifiers: Vec<String>,
}

/// How edges on one target join.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Combine {
    Product,
    Minimum,
    Sum,
}

#[derive(Debug, Clone)]
pub struct VariableFile {
    pub unit: Unit,
    pub formula: Formula,
    pub combine: Combine,
    pub clamp: Option<(f64, f64)>,
}

#[derive(Debug, Clone)]
pub struct ProcessFile {
    pub unit: Option<Unit>,
    pub from: Vec<(String, Span, f64)>,
    pub to: Vec<(String, Span, f64)>,
    pub rate: Formula,
    pub combine: Combine,
    pub clamp: Option<(f64, f64)>,
}

impl ProcessFile {
    pub fn boundary(&self) -> Option<Direction> {
        match (self.from.is_empty(), self.to.is_empty()) {
            (true, false) => Some(Direction::Gain),
            (false, true) => Some(Direction::Loss),
            _ => None,
        }
    }
}

#[derive(Debug, Clone)]
pub struct TableFile {
    pub unit: Unit,
    pub x: Vec<f64>,
    pub x_unit: Unit,
    pub y: Vec<f64>,
    pub y_unit: Unit,
    pub values: Vec<Vec<f64>>,
    pub origin: Origin,
    pub computed: Option<ComputedFile>,
}

/// What a table says it was computed from, each with its place.
#[derive(Debug, Clone)]
pub struct ComputedFile {
    pub model: (String, Span),
    pub study: (String, Span),
    pub hash: (String, Span),
}

#[derive(Debug, Clone)]
pub struct EdgeFile {
    pub id: Option<String>,
    pub kind: EdgeKind,
    pub from: String,
    pub onto: String,
    pub onto_span: Span,
    pub effect: Effect,
    pub grade: Grade,
    pub sources: Vec<(String, Span)>,
    pub assumed: Option<String>,
    pub against: Vec<(String, Span)>,
    pub claim: String,
    pub on: bool,
    pub made_of: Vec<(String, Span)>,
    pub factor: Option<Formula>,
}

#[derive(Debug, Clone)]
pub struct EventFile {
    pub when: Formula,
    pub action: EventAction,
}

#[derive(Debug, Clone)]
pub struct LimitFile {
    pub holds: Formula,
    pub beyond: String,
}

#[derive(Debug, Clone)]
pub struct BiomarkerFile {
    pub unit: Unit,
    /// With the factor from `unit` to it.
    pub conventional: Option<(Unit, f64)>,
    pub formula: Formula,
    pub pins: Vec<(String, Span)>,
    pub bands: Vec<super::types::Band>,
}

#[derive(Debug, Clone)]
pub struct ModalityFile {
    pub verbs: Vec<String>,
    pub set: Vec<(String, Span, Quantity, Span)>,
}

type Out<'a> = &'a mut Vec<Diagnostic>;

impl ModuleFile {
    /// Reads a parsed module file; whatever is wrong goes to `out`, the rest is kept.
    pub fn read(name: &str, file: FileId, tree: &Tree, out: Out) -> ModuleFile {
        let top = Span { file, range: 0..0 };
        let mut reader = Reader::new(tree, format!("module `{name}`"), top);
        check_format(&mut reader, out);
        let title = reader
            .required_text("title", out)
            .map(|(text, _)| text.to_string());
        let about = reader
            .required_text("about", out)
            .map(|(text, _)| text.trim().to_string());
        let mut broken = Vec::new();
        let lost = &mut broken;
        let mut module = ModuleFile {
            name: name.to_string(),
            title: title.unwrap_or_default(),
            system: reader.text("system", out).map(|(text, _)| text.to_string()),
            about: about.unwrap_or_default(),
            uses: reader.texts("uses", out),
            parameters: section(&mut reader, "parameters", lost, out, matter::parameter),
            inputs: section(&mut reader, "inputs", lost, out, matter::input),
            states: section(&mut reader, "states", lost, out, matter::state),
            variables: section(&mut reader, "variables", lost, out, matter::variable),
            processes: section(&mut reader, "processes", lost, out, matter::process),
            tables: section(&mut reader, "tables", lost, out, tables::table),
            edges: section(&mut reader, "edges", lost, out, claims::edge),
            events: section(&mut reader, "events", lost, out, claims::event),
            limits: section(&mut reader, "limits", lost, out, claims::limit),
            biomarkers: section(&mut reader, "biomarkers", lost, out, observers::biomarker),
            modalities: section(&mut reader, "modalities", lost, out, observers::modality),
            rates: Vec::new(),
            broken: Vec::new(),
            cited: cited(tree),
        };
        module.broken = broken;
        if let Some(rates) = reader.sub("rates", out) {
            for entry in &rates.entries {
                match formula_of(&entry.item, out) {
                    Some(body) => module.rates.push(Declared {
                        name: entry.key.clone(),
                        span: entry.key_span.clone(),
                        title: None,
                        body,
                    }),
                    None => module.broken.push(entry.key.clone()),
                }
            }
        }
        reader.finish(out);
        module
    }
}

/// `format = 1` is required in every file of ours.
pub fn check_format(reader: &mut Reader, out: Out) {
    if let Some((format, item)) = reader.required_number("format", out)
        && format != 1.0
    {
        out.push(problem_with_help(
            "unknown-format",
            format!("format {format} is not known to this version"),
            item.span.clone(),
            "must be 1",
            Some("write `format = 1`, or use the version that wrote this file".to_string()),
        ));
    }
}

/// Reads one `[section]` of `[section.NAME]` tables.
fn section<T>(
    reader: &mut Reader,
    key: &'static str,
    broken: &mut Vec<String>,
    out: Out,
    read: fn(&mut Reader, Out) -> Option<T>,
) -> Vec<Declared<T>> {
    let mut declared = Vec::new();
    let Some(tree) = reader.sub(key, out) else {
        return declared;
    };
    let singular = key
        .strip_suffix("es")
        .filter(|_| key == "processes")
        .unwrap_or(
            key.strip_suffix("ies")
                .map_or(key.trim_end_matches('s'), |_| "modality"),
        );
    for entry in &tree.entries {
        check_name(&entry.key, &entry.key_span, out);
        let what = format!("{singular} `{}`", entry.key);
        let Some(body) = table_of(&what, &entry.item, out) else {
            broken.push(entry.key.clone());
            continue;
        };
        let mut inner = Reader::new(body, what, entry.key_span.clone());
        let title = inner.text("title", out).map(|(text, _)| text.to_string());
        let body = read(&mut inner, out);
        inner.finish(out);
        match body {
            Some(body) => declared.push(Declared {
                name: entry.key.clone(),
                span: entry.key_span.clone(),
                title,
                body,
            }),
            None => broken.push(entry.key.clone()),
        }
    }
    declared
}

/// The keys of the bibliography in a tree: whatever `source`, `sources` and `against` hold.
pub fn cited(tree: &Tree) -> Vec<(String, Span)> {
    let mut found = Vec::new();
    for entry in &tree.entries {
        gather(&entry.key, &entry.item, &mut found);
    }
    found
}

fn gather(key: &str, item: &Item, found: &mut Vec<(String, Span)>) {
    match &item.value {
        Value::Text(text) if matches!(key, "source" | "sources" | "against") => {
            found.push((text.clone(), item.span.clone()));
        }
        Value::List(items) => items.iter().for_each(|inner| gather(key, inner, found)),
        Value::Table(table) => found.extend(cited(table)),
        _ => {}
    }
}

/// Refuses what cannot be a name in a model.
pub fn check_name(name: &str, span: &Span, out: Out) {
    let mut chars = name.chars();
    let good = chars.next().is_some_and(|c| c.is_ascii_lowercase())
        && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !good {
        out.push(problem_with_help(
            "bad-name",
            format!("`{name}` cannot be a name"),
            span.clone(),
            "not a name",
            Some("a name is small letters a-z, digits and _, beginning with a letter".to_string()),
        ));
    }
}
