//! Reads model folders: the only place in this stage that touches the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::check;
use super::declare::{Formula, ModuleFile, check_format, duration_s, formula_of, unit_of};
use super::file::{Reader, Table as Tree, parse, problem, problem_with_help, suggestion};
use super::shared;
use super::types::*;
use crate::diagnostics::{Diagnostic, FileId, Severity, Sources, Span};
use crate::units::Unit;

/// A model file with its modules, read but not yet checked against one another.
#[derive(Debug, Clone)]
pub struct ModelFile {
    pub name: String,
    pub title: String,
    pub about: String,
    pub modules: Vec<(PathBuf, ModuleFile)>,
    pub warm_up_s: f64,
    pub time_unit: Unit,
    pub files: Vec<(PathBuf, String)>,
}

/// A rate law: a formula over its arguments.
#[derive(Debug, Clone)]
pub struct Law {
    pub arguments: Vec<String>,
    pub formula: Formula,
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
    let shared = read_shared(models, sources, &mut out);
    let model = read_text(&path, sources, &mut out)
        .map(|(file, text)| compose_file(models, name, file, &text, &shared, sources, &mut out));
    finish(model, out)
}

fn finish(model: Option<Model>, out: Vec<Diagnostic>) -> Result<Model, Vec<Diagnostic>> {
    match model {
        Some(model) if !out.iter().any(|d| d.severity == Severity::Error) => Ok(model),
        _ => Err(tidy(out)),
    }
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

/// Checks every model file below `path` (a folder or one file): modules that no model composes are
/// checked together with those they use. Returns all problems and the facts found (conserved totals),
/// one line each.
pub fn check_models(path: &Path, sources: &mut Sources) -> (Vec<Diagnostic>, Vec<String>) {
    let mut out = Vec::new();
    let mut facts = Vec::new();
    let folder = if path.is_dir() {
        path
    } else {
        path.parent().unwrap_or(Path::new("."))
    };
    let shared = read_shared(folder, sources, &mut out);
    let mut models = Vec::new();
    let mut modules = Vec::new();
    for file in toml_files(path, sources, &mut out) {
        let name = file
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        if SHARED_FILES.contains(&name.as_str()) {
            continue;
        }
        match name.strip_suffix(".model.toml") {
            Some(model) => models.push((model.to_string(), file)),
            None => modules.push((name.trim_end_matches(".toml").to_string(), file)),
        }
    }
    let mut composed = BTreeSet::new();
    for (name, file) in models {
        let Some((id, text)) = read_text(&file, sources, &mut out) else {
            continue;
        };
        let model = compose_file(folder, &name, id, &text, &shared, sources, &mut out);
        composed.extend(model.modules.iter().map(|module| module.name.clone()));
        if model.conserved.is_empty() {
            facts.push(format!("model {name}: no conserved totals"));
        }
        for total in &model.conserved {
            facts.push(format!("model {name}: conserved {}", total.text));
        }
    }
    for (name, _) in modules {
        if !composed.contains(&name) {
            let file = with_dependencies(folder, &name, &shared, sources, &mut out);
            check::compose(&file, &shared, &mut out);
        }
    }
    (tidy(out), facts)
}

const SHARED_FILES: [&str; 3] = ["nutrients.toml", "reference.toml", "rate_laws.toml"];

fn toml_files(path: &Path, sources: &mut Sources, out: &mut Vec<Diagnostic>) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_path_buf()];
    }
    let mut files = Vec::new();
    match std::fs::read_dir(path) {
        Ok(entries) => {
            for entry in entries.flatten() {
                let file = entry.path();
                if file
                    .extension()
                    .is_some_and(|extension| extension == "toml")
                {
                    files.push(file);
                }
            }
        }
        Err(error) => out.push(unreadable(path, &error.to_string(), sources)),
    }
    files.sort();
    files
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

fn read_shared(models: &Path, sources: &mut Sources, out: &mut Vec<Diagnostic>) -> Shared {
    let mut shared = Shared::default();
    let bib = models.join("references.bib");
    if let Some((file, text)) = read_text(&bib, sources, out) {
        shared.bibliography = shared::bibliography(file, &text, out);
        shared.files.push((PathBuf::from("references.bib"), text));
    }
    let mut read = |name: &str, files: &mut Vec<(PathBuf, String)>, out: &mut Vec<Diagnostic>| {
        let (file, tree, text) = read_tree(&models.join(name), sources, out)?;
        files.push((PathBuf::from(name), text));
        Some((file, tree))
    };
    if let Some((file, tree)) = read("nutrients.toml", &mut shared.files, out) {
        shared.nutrients = shared::nutrients(file, &tree, out);
    }
    if let Some((file, tree)) = read("rate_laws.toml", &mut shared.files, out) {
        shared.laws = laws(file, &tree, out);
    }
    if let Some((file, tree)) = read("reference.toml", &mut shared.files, out) {
        shared.people = shared::people(file, &tree, out);
    }
    shared
}

fn laws(file: FileId, tree: &Tree, out: &mut Vec<Diagnostic>) -> BTreeMap<String, Law> {
    let mut laws = BTreeMap::new();
    let mut reader = Reader::new(tree, "rate_laws.toml", Span { file, range: 0..0 });
    check_format(&mut reader, out);
    reader.text("title", out);
    reader.text("about", out);
    for entry in reader
        .sub("laws", out)
        .map(|table| table.entries.as_slice())
        .unwrap_or_default()
    {
        let super::file::Value::Table(body) = &entry.item.value else {
            continue;
        };
        let mut law = Reader::new(body, format!("law `{}`", entry.key), entry.key_span.clone());
        law.text("about", out);
        law.text("title", out);
        law.text("source", out);
        let arguments = law
            .texts("arguments", out)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        let formula = law
            .required("formula", out)
            .and_then(|item| formula_of(item, out));
        law.finish(out);
        if let Some(formula) = formula {
            laws.insert(entry.key.clone(), Law { arguments, formula });
        }
    }
    reader.finish(out);
    laws
}

fn compose_file(
    models: &Path,
    name: &str,
    file: FileId,
    text: &str,
    shared: &Shared,
    sources: &mut Sources,
    out: &mut Vec<Diagnostic>,
) -> Model {
    let (tree, problems) = parse(file, text);
    let broken = !problems.is_empty();
    out.extend(problems);
    let mut model = empty(name, shared);
    model.files.insert(
        0,
        (
            PathBuf::from(format!("{name}.model.toml")),
            text.to_string(),
        ),
    );
    if !broken {
        let mut reader = Reader::new(&tree, format!("model `{name}`"), Span { file, range: 0..0 });
        check_format(&mut reader, out);
        model.title = reader
            .required_text("title", out)
            .map(|(t, _)| t.to_string())
            .unwrap_or_default();
        model.about = reader
            .required_text("about", out)
            .map(|(t, _)| t.trim().to_string())
            .unwrap_or_default();
        if let Some((text, item)) = reader.text("warm_up", out) {
            model.warm_up_s = duration_s(text, item, out).unwrap_or(0.0);
        }
        if let Some((text, item)) = reader.text("time_unit", out) {
            duration_s(&format!("1 {text}"), item, out);
            if let Some(unit) = unit_of(text, item, out) {
                model.time_unit = unit;
            }
        }
        reader.required("modules", out);
        let modules = reader.texts("modules", out);
        reader.finish(out);
        for (module, span) in modules {
            add_module(models, &module, Some(span), &mut model, sources, out);
        }
    }
    check::compose(&model, shared, out)
}

fn empty(name: &str, shared: &Shared) -> ModelFile {
    ModelFile {
        name: name.to_string(),
        title: String::new(),
        about: String::new(),
        modules: Vec::new(),
        warm_up_s: 0.0,
        time_unit: Unit::parse("d").expect("d is a unit"),
        files: shared.files.clone(),
    }
}

fn add_module(
    models: &Path,
    name: &str,
    span: Option<Span>,
    model: &mut ModelFile,
    sources: &mut Sources,
    out: &mut Vec<Diagnostic>,
) {
    let path = models.join(format!("{name}.toml"));
    if let (false, Some(span)) = (path.exists(), span) {
        let known: Vec<String> = std::fs::read_dir(models)
            .map(|entries| {
                entries
                    .flatten()
                    .map(|e| e.file_name().to_string_lossy().into_owned())
                    .collect()
            })
            .unwrap_or_default();
        let names = known
            .iter()
            .filter(|n| !n.ends_with(".model.toml"))
            .filter_map(|n| n.strip_suffix(".toml"));
        out.push(problem_with_help(
            "unknown-name",
            format!("there is no module `{name}` ({})", path.display()),
            span,
            "no such file",
            suggestion(name, names),
        ));
        return;
    }
    if model.modules.iter().any(|(_, module)| module.name == name) {
        return;
    }
    if let Some((file, tree, text)) = read_tree(&path, sources, out) {
        model
            .files
            .push((PathBuf::from(format!("{name}.toml")), text));
        model
            .modules
            .push((path, ModuleFile::read(name, file, &tree, out)));
    }
}

/// A module with everything it uses, transitively: enough to check it on its own.
fn with_dependencies(
    models: &Path,
    name: &str,
    shared: &Shared,
    sources: &mut Sources,
    out: &mut Vec<Diagnostic>,
) -> ModelFile {
    let mut model = empty(name, shared);
    let mut waiting = vec![name.to_string()];
    let mut seen = BTreeSet::new();
    while let Some(next) = waiting.pop() {
        if !seen.insert(next.clone()) {
            continue;
        }
        if next != name && !models.join(format!("{next}.toml")).exists() {
            continue;
        }
        add_module(models, &next, None, &mut model, sources, out);
        if let Some((_, module)) = model.modules.iter().find(|(_, module)| module.name == next) {
            for (used, _) in &module.uses {
                waiting.push(used.split('.').next().unwrap_or(used).to_string());
            }
        }
    }
    model
}
