//! Reads model folders: the only place in this stage that touches the disk.

mod computed;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::check;
use super::declare::{self, ModuleFile, check_format, duration_s, unit_of};
use super::file::{Reader, Table as Tree, Value, parse, problem, problem_with_help, suggestion};
use super::laws::{self, Law};
use super::messages::{unknown_name, wrong_kind};
use super::shared;
use super::types::*;
use crate::diagnostics::{Diagnostic, FileId, Severity, Sources, Span};
use crate::units::Unit;
use computed::check_computed;

/// A model file with its modules, read but not yet checked against one another.
#[derive(Debug, Clone)]
pub struct ModelFile {
    pub name: String,
    pub title: String,
    pub about: String,
    pub modules: Vec<(PathBuf, ModuleFile)>,
    pub connections: Vec<Connection>,
    pub warm_up_s: f64,
    pub time_unit: Unit,
    pub files: Vec<(PathBuf, String)>,
}

/// An input of one module that reads a value of another, by dotted names.
#[derive(Debug, Clone)]
pub struct Connection {
    pub input: (String, Span),
    pub value: (String, Span),
}

/// What all models of a folder share.
#[derive(Debug, Clone, Default)]
pub struct Shared {
    pub bibliography: Bibliography,
    pub nutrients: BTreeMap<String, Nutrient>,
    pub laws: BTreeMap<String, Law>,
    pub people: Vec<shared::PeopleFile>,
    files: Vec<(PathBuf, String)>,
}

/// Reads, composes and checks `NAME.model.toml` of a models folder.
///
/// # Errors
/// Every problem of every file that takes part.
pub fn load_model(
    models: &Path,
    name: &str,
    sources: &mut Sources,
) -> Result<Model, Vec<Diagnostic>> {
    let mut out = Vec::new();
    let path = models.join(format!("{name}.model.toml"));
    let model = if path.exists() {
        read_shared(models, Extent::Needed, sources, &mut out)
            .and_then(|shared| model_from(&path, name, &shared, sources, &mut out))
    } else {
        out.push(unknown_model(models, name, &path, sources));
        None
    };
    match model {
        Some(model) if !has_errors(&out) => Ok(model),
        _ => Err(tidy(out)),
    }
}

fn has_errors(problems: &[Diagnostic]) -> bool {
    problems.iter().any(|d| d.severity == Severity::Error)
}

fn unknown_model(models: &Path, name: &str, path: &Path, sources: &mut Sources) -> Diagnostic {
    let file = sources.add(path.to_path_buf(), String::new());
    let known = names_in(models, ".model.toml");
    let mut diagnostic = unknown_name(
        format!("there is no model `{name}` in {}", models.display()),
        name,
        Span { file, range: 0..0 },
        known.iter().map(String::as_str),
    );
    diagnostic.code = "unknown-model";
    if known.is_empty() {
        diagnostic.help = Some("name the folder of the models with --models".to_string());
    }
    diagnostic
}

/// File order, each problem once.
fn tidy(mut out: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let key = |d: &Diagnostic| {
        let place = d
            .span
            .as_ref()
            .map_or((u32::MAX, 0, 0), |s| (s.file.0, s.range.start, s.range.end));
        (place, d.message.clone())
    };
    out.sort_by_key(key);
    out.dedup_by_key(|d| key(d));
    out
}

/// Checks every file of a models folder, or one of them: modules that no model composes are checked
/// together with those they use. Returns all problems and the facts found (conserved totals), one line
/// each.
pub fn check_models(path: &Path, sources: &mut Sources) -> (Vec<Diagnostic>, Vec<String>) {
    let mut out = Vec::new();
    let mut facts = Vec::new();
    if let Some(shared) = read_shared(folder_of(path), Extent::Whole, sources, &mut out) {
        check_files(path, &shared, sources, &mut out, &mut facts);
    }
    (tidy(out), facts)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        _ if path.is_dir() => path,
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn check_files(
    path: &Path,
    shared: &Shared,
    sources: &mut Sources,
    out: &mut Vec<Diagnostic>,
    facts: &mut Vec<String>,
) {
    let (mut models, mut modules) = (Vec::new(), Vec::new());
    for file in model_files(path, sources, out) {
        let name = file_name(&file);
        if SHARED_FILES.contains(&name.as_str()) {
            continue;
        }
        match (name.strip_suffix(".model.toml"), name.strip_suffix(".toml")) {
            (Some(model), _) => models.push((model.to_string(), file)),
            (None, Some(module)) => modules.push((module.to_string(), file)),
            (None, None) => out.push(not_ours(&file, sources)),
        }
    }
    let mut composed = BTreeSet::new();
    for (name, file) in models {
        let before = out.len();
        if let Some(model) = model_from(&file, &name, shared, sources, out) {
            composed.extend(model.modules.iter().map(|module| module.name.clone()));
            if !has_errors(&out[before..]) {
                facts.extend(totals(&format!("model {name}"), &model));
            }
        }
    }
    for (name, file) in modules {
        if composed.contains(&name) {
            continue;
        }
        let before = out.len();
        if let Some(mut module) = with_dependencies(&file, &name, shared, sources, out) {
            check_computed(&mut module, folder_of(&file), shared, out);
            let model = check::compose(&module, shared, out);
            if !has_errors(&out[before..]) {
                facts.extend(totals(&format!("module {name}"), &model));
            }
        }
    }
}

fn totals(what: &str, model: &Model) -> Vec<String> {
    if model.conserved.is_empty() {
        return vec![format!("{what}: no conserved totals")];
    }
    let line = |total: &Conserved| format!("{what}: conserved {}", total.text);
    model.conserved.iter().map(line).collect()
}

/// What stands beside the modules and models of a folder.
const SHARED_FILES: [&str; 4] = [
    "references.bib",
    "nutrients.toml",
    "reference.toml",
    "rate_laws.toml",
];

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn not_ours(path: &Path, sources: &mut Sources) -> Diagnostic {
    let file = sources.add(path.to_path_buf(), String::new());
    problem_with_help(
        "wrong-file",
        format!("{} is neither a model nor a module", path.display()),
        Span { file, range: 0..0 },
        "this file",
        Some("models are NAME.model.toml, modules NAME.toml".to_string()),
    )
}

/// The TOML files of a folder in alphabetic order, or the one file.
fn model_files(path: &Path, sources: &mut Sources, out: &mut Vec<Diagnostic>) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_path_buf()];
    }
    match std::fs::read_dir(path) {
        Ok(entries) => {
            let mut files: Vec<PathBuf> = entries
                .flatten()
                .map(|entry| entry.path())
                .filter(|file| {
                    file.extension()
                        .is_some_and(|extension| extension == "toml")
                })
                .collect();
            files.sort();
            files
        }
        Err(error) => {
            out.push(unreadable(path, &error.to_string(), sources));
            Vec::new()
        }
    }
}

/// Names of the files of a folder that end in `suffix`, without it, sorted.
fn names_in(folder: &Path, suffix: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.strip_suffix(suffix).map(str::to_string)
        })
        .collect();
    names.sort();
    names
}

fn unreadable(path: &Path, why: &str, sources: &mut Sources) -> Diagnostic {
    let file = sources.add(path.to_path_buf(), String::new());
    problem(
        "unreadable-file",
        format!("{} cannot be read: {why}", path.display()),
        Span { file, range: 0..0 },
        "this file",
    )
}

/// A file that does not exist, with its nearest neighbours.
fn missing(path: &Path, sources: &mut Sources) -> Diagnostic {
    let file = sources.add(path.to_path_buf(), String::new());
    let known = names_in(folder_of(path), "");
    problem_with_help(
        "missing-file",
        format!("there is no file {}", path.display()),
        Span { file, range: 0..0 },
        "this file",
        suggestion(&file_name(path), known.iter().map(String::as_str)),
    )
}

/// Reads one file as UTF-8 text; whatever goes wrong becomes a problem at its place.
pub fn read_text(
    path: &Path,
    sources: &mut Sources,
    out: &mut Vec<Diagnostic>,
) -> Option<(FileId, String)> {
    if path.is_dir() {
        let mut diagnostic = unreadable(path, "it is a folder", sources);
        diagnostic.code = "not-a-file";
        diagnostic.help = Some("name a file inside it".to_string());
        out.push(diagnostic);
        return None;
    }
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            out.push(missing(path, sources));
            return None;
        }
        Err(error) => {
            out.push(unreadable(path, &error.to_string(), sources));
            return None;
        }
    };
    match String::from_utf8(bytes) {
        Ok(text) => Some((sources.add(path.to_path_buf(), text.clone()), text)),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let file = sources.add(path.to_path_buf(), text);
            out.push(problem_with_help(
                "not-utf8",
                "this file is not UTF-8 text".to_string(),
                Span {
                    file,
                    range: good..good + 1,
                },
                "first bad byte",
                Some("save it as UTF-8".to_string()),
            ));
            None
        }
    }
}

fn read_tree(
    path: &Path,
    sources: &mut Sources,
    out: &mut Vec<Diagnostic>,
) -> Option<(FileId, Tree, String)> {
    let (file, text) = read_text(path, sources, out)?;
    let (tree, problems) = parse(file, &text);
    let broken = !problems.is_empty();
    out.extend(problems);
    // A broken file would only rain follow-up problems.
    (!broken).then_some((file, tree, text))
}

/// How much of a models folder is there: all of it, or what one model needs (a run that is repeated has
/// no more).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    Whole,
    Needed,
}

/// Reads what all models of a folder share. `None` if any of it is wrong: whoever needs it would only
/// rain follow-up problems.
fn read_shared(
    models: &Path,
    extent: Extent,
    sources: &mut Sources,
    out: &mut Vec<Diagnostic>,
) -> Option<Shared> {
    let before = out.len();
    let mut shared = Shared::default();
    if let Some((file, text)) = read_text(&models.join("references.bib"), sources, out) {
        shared.bibliography = shared::bibliography(file, &text, out);
        shared.files.push((PathBuf::from("references.bib"), text));
    }
    let mut read = |name: &str, out: &mut Vec<Diagnostic>| {
        let (file, tree, text) = read_tree(&models.join(name), sources, out)?;
        shared.files.push((PathBuf::from(name), text));
        Some((file, tree))
    };
    let nutrients = read("nutrients.toml", out);
    let laws = read("rate_laws.toml", out);
    let people = read("reference.toml", out);
    for (_, tree) in [&nutrients, &laws].into_iter().flatten() {
        if !shared.bibliography.entries.is_empty() {
            shared.check_cited(&declare::cited(tree), out);
        }
    }
    if let Some((file, tree)) = nutrients {
        shared.nutrients = shared::nutrients(file, &tree, out);
    }
    if let Some((file, tree)) = laws {
        shared.laws = laws::laws(file, &tree, out);
    }
    if let Some((file, tree)) = people {
        shared.people = shared::people(file, &tree, out);
        if extent == Extent::Whole {
            shared.check_people_modules(&names_in(models, ".toml"), out);
        }
    }
    (!has_errors(&out[before..])).then_some(shared)
}

/// Reads a model file with its modules and composes them. `None` if a file could not be read: whoever
/// names what it declares would only rain follow-up problems.
fn model_from(
    path: &Path,
    name: &str,
    shared: &Shared,
    sources: &mut Sources,
    out: &mut Vec<Diagnostic>,
) -> Option<Model> {
    let mut model = model_file(path, name, shared, sources, out)?;
    check_computed(&mut model, folder_of(path), shared, out);
    Some(check::compose(&model, shared, out))
}

/// Reads a model file with its modules, without composing them.
fn model_file(
    path: &Path,
    name: &str,
    shared: &Shared,
    sources: &mut Sources,
    out: &mut Vec<Diagnostic>,
) -> Option<ModelFile> {
    let (file, tree, text) = read_tree(path, sources, out)?;
    let mut model = empty(name, shared);
    model
        .files
        .insert(0, (PathBuf::from(format!("{name}.model.toml")), text));
    let modules = head(file, &tree, &mut model, out);
    let folder = folder_of(path);
    let mut complete = !modules.is_empty();
    for (module, span) in modules {
        let path = folder.join(format!("{module}.toml"));
        if model.modules.iter().any(|(_, known)| known.name == module) {
            out.push(problem_with_help(
                "duplicate-name",
                format!("module `{module}` is named twice"),
                span,
                "second time",
                Some("leave one of them out".to_string()),
            ));
        } else if path.exists() {
            complete &= add_module(&path, &module, &mut model, sources, out).is_some();
        } else {
            complete = false;
            let known = names_in(folder, ".toml");
            let modules = known.iter().map(String::as_str);
            out.push(unknown_name(
                format!("there is no module `{module}` ({})", path.display()),
                &module,
                span,
                modules.filter(|known| is_module(known)),
            ));
        }
    }
    complete.then_some(model)
}

/// Whether `NAME.toml` is a module, judged by its name.
fn is_module(name: &str) -> bool {
    !name.ends_with(".model") && !SHARED_FILES.contains(&format!("{name}.toml").as_str())
}

/// Reads the keys of a model file; returns the modules it names.
fn head(
    file: FileId,
    tree: &Tree,
    model: &mut ModelFile,
    out: &mut Vec<Diagnostic>,
) -> Vec<(String, Span)> {
    let what = format!("model `{}`", model.name);
    let mut reader = Reader::new(tree, what, Span { file, range: 0..0 });
    check_format(&mut reader, out);
    if let Some((title, _)) = reader.required_text("title", out) {
        model.title = title.to_string();
    }
    if let Some((about, _)) = reader.required_text("about", out) {
        model.about = about.trim().to_string();
    }
    if let Some((text, item)) = reader.text("warm_up", out) {
        model.warm_up_s = duration_s(text, item, out).unwrap_or(0.0);
    }
    if let Some((text, item)) = reader.text("time_unit", out)
        && let Some(unit) = unit_of(text, item, out)
    {
        let second = Unit::parse("s").expect("s is a unit");
        if unit.dimension != second.dimension {
            let message = format!("`{text}` is {}, not a unit of time", unit.describe());
            out.push(problem_with_help(
                "wrong-unit",
                message,
                item.span.clone(),
                "not a time",
                Some("one of: ms, s, min, h, d".to_string()),
            ));
        }
        model.time_unit = unit;
    }
    let listed = reader
        .required("modules", out)
        .map(|item| item.span.clone());
    let modules = reader.texts("modules", out);
    if let (Some(span), true) = (listed, modules.is_empty())
        && reader
            .item("modules")
            .is_some_and(|item| matches!(&item.value, Value::List(list) if list.is_empty()))
    {
        out.push(problem_with_help(
            "empty-model",
            "this model is made of no module".to_string(),
            span,
            "empty",
            Some("name the modules it is made of".to_string()),
        ));
    }
    if let Some(table) = reader.sub("connect", out) {
        for entry in &table.entries {
            let input = (entry.key.clone(), entry.key_span.clone());
            match &entry.item.value {
                Value::Text(value) => model.connections.push(Connection {
                    input,
                    value: (value.clone(), entry.item.span.clone()),
                }),
                _ => out.push(wrong_kind("a connection", &entry.item, "a string")),
            }
        }
    }
    reader.finish(out);
    modules
}

fn empty(name: &str, shared: &Shared) -> ModelFile {
    ModelFile {
        name: name.to_string(),
        title: String::new(),
        about: String::new(),
        modules: Vec::new(),
        connections: Vec::new(),
        warm_up_s: 0.0,
        time_unit: Unit::parse("d").expect("d is a unit"),
        files: shared.files.clone(),
    }
}

/// Reads one module; `None` if the file could not be read.
fn add_module(
    path: &Path,
    name: &str,
    model: &mut ModelFile,
    sources: &mut Sources,
    out: &mut Vec<Diagnostic>,
) -> Option<()> {
    let (file, tree, text) = read_tree(path, sources, out)?;
    let module = ModuleFile::read(name, file, &tree, out);
    model
        .files
        .push((PathBuf::from(format!("{name}.toml")), text));
    model.modules.push((path.to_path_buf(), module));
    Some(())
}

/// A module with everything it uses, transitively: enough to check it on its own. `None` if one of the
/// files could not be read.
fn with_dependencies(
    path: &Path,
    name: &str,
    shared: &Shared,
    sources: &mut Sources,
    out: &mut Vec<Diagnostic>,
) -> Option<ModelFile> {
    let mut model = empty(name, shared);
    let mut waiting = vec![name.to_string()];
    let mut seen = BTreeSet::new();
    let mut complete = true;
    while let Some(next) = waiting.pop() {
        if !seen.insert(next.clone()) {
            continue;
        }
        let path = if next == name {
            path.to_path_buf()
        } else {
            folder_of(path).join(format!("{next}.toml"))
        };
        // What is used of a module that does not exist is reported where it is used.
        if next != name && !path.exists() {
            continue;
        }
        complete &= add_module(&path, &next, &mut model, sources, out).is_some();
        if let Some((_, module)) = model.modules.iter().find(|(_, module)| module.name == next) {
            for (used, _) in &module.uses {
                waiting.push(used.split('.').next().unwrap_or(used).to_string());
            }
        }
    }
    complete.then_some(model)
}
