//! Reads scenario files: the only place in this stage that touches the disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::data::DataText;
use super::{Scenario, resolve};
use crate::diagnostics::{Diagnostic, FileId, Severity, Sources, Span};
use crate::model::file::{
    Entry, Item, Reader, Table as Tree, Value, parse, problem, problem_with_help,
};
use crate::model::load::{load_model, read_text};
use crate::model::messages::wrong_kind;
use crate::model::{Grade, Model};

/// What the command line changes.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Overrides {
    /// `path=value` in order.
    pub set: Vec<(String, String)>,
    pub edges_off: Vec<String>,
    pub edge_strengths: Vec<(String, f64)>,
    pub min_grade: Option<Grade>,
    pub rtol: Option<f64>,
    pub method: Option<crate::engine::Method>,
}

/// A scenario as it was read, with its model, before one is checked against the other: sweeps change the
/// tree and check it again.
#[derive(Debug, Clone)]
pub struct Opened {
    pub path: PathBuf,
    pub model: Arc<Model>,
    /// After `extends` and what the command line sets.
    pub tree: Tree,
    /// Every file read, the scenario first.
    pub files: Vec<(PathBuf, String)>,
    data: Vec<DataText>,
    overrides: Overrides,
    command_line: Span,
}

/// Reads a scenario (with `extends`), loads its model from `models`, checks one against the other.
///
/// # Errors
/// Every problem found in the scenario or in the model's files.
pub fn load_scenario(
    path: &Path,
    models: &Path,
    overrides: &Overrides,
    sources: &mut Sources,
) -> Result<(Arc<Model>, Scenario), Vec<Diagnostic>> {
    let mut out = Vec::new();
    match open_scenario(path, models, overrides, sources, &mut out) {
        Some(opened) => {
            let scenario = opened.check(&opened.tree, out)?;
            Ok((opened.model, scenario))
        }
        None => Err(out),
    }
}

/// Reads a scenario and loads its model; `None`, and problems, if either cannot be read.
pub fn open_scenario(
    path: &Path,
    models: &Path,
    overrides: &Overrides,
    sources: &mut Sources,
    out: &mut Vec<Diagnostic>,
) -> Option<Opened> {
    let mut files = Vec::new();
    let start = path.parent().unwrap_or(Path::new(""));
    let mut tree = read(path, sources, &mut files, out, 0, start)?;
    let data = data_texts(&tree, path, sources, &mut files, out);
    for (key, value) in &overrides.set {
        let file = sources.add(PathBuf::from("--set"), format!("{key}={value}"));
        if let Err(why) = set(&mut tree, key, value, file) {
            let span = Span {
                file,
                range: 0..key.len(),
            };
            out.push(problem(
                "bad-set",
                format!("`{key}` cannot be set: {why}"),
                span,
                "this path",
            ));
        }
    }
    let mut reader = Reader::new(&tree, "this scenario", tree.span.clone());
    let (name, name_item) = reader.required_text("model", out)?;
    let model = load_model(models, name, sources)
        .map_err(|mut problems| {
            // The place that helps is where the model is named.
            for problem in problems.iter_mut().filter(|p| p.code == "unknown-model") {
                problem.span = Some(name_item.span.clone());
                problem.message = format!("there is no model `{name}`");
            }
            out.append(&mut problems);
        })
        .ok()?;
    Some(Opened {
        path: path.to_path_buf(),
        model: Arc::new(model),
        files,
        data,
        overrides: overrides.clone(),
        command_line: command_line(overrides, sources),
        tree,
    })
}

impl Opened {
    /// Checks a tree, this scenario's own or a changed one, against the model.
    ///
    /// # Errors
    /// Every problem found, after those already in `out`.
    pub fn check(
        &self,
        tree: &Tree,
        mut out: Vec<Diagnostic>,
    ) -> Result<Scenario, Vec<Diagnostic>> {
        let written = resolve::Written {
            path: &self.path,
            files: self.files.clone(),
            tree,
            data: &self.data,
            overrides: &self.overrides,
            command_line: self.command_line.clone(),
        };
        let scenario = resolve::scenario(written, &self.model, &mut out);
        match scenario {
            Some(scenario) if !out.iter().any(|d| d.severity == Severity::Error) => Ok(scenario),
            _ => {
                out.sort_by_key(|d| d.span.as_ref().map(|s| (s.file.0, s.range.start)));
                // What all arms share is wrong in all of them: once is enough.
                let mut known = std::collections::HashSet::new();
                out.retain(|d| known.insert((d.code, d.span.clone(), d.message.clone())));
                Err(out)
            }
        }
    }
}

/// The edges that the command line names, as a text that messages can point into.
fn command_line(overrides: &Overrides, sources: &mut Sources) -> Span {
    let mut words: Vec<String> = Vec::new();
    if !overrides.edges_off.is_empty() {
        words.push(format!("--edges-off {}", overrides.edges_off.join(",")));
    }
    let given = overrides.edge_strengths.iter();
    words.extend(given.map(|(name, strength)| format!("--edge {name}={strength}")));
    let text = words.join(" ");
    let range = 0..text.len();
    let file = sources.add(PathBuf::from("the command line"), text);
    Span { file, range }
}

/// The files that `[[data]]` names, relative to the scenario; each is recorded beside it.
fn data_texts(
    tree: &Tree,
    path: &Path,
    sources: &mut Sources,
    files: &mut Vec<(PathBuf, String)>,
    out: &mut Vec<Diagnostic>,
) -> Vec<DataText> {
    let mut texts: Vec<DataText> = Vec::new();
    let Some(Value::List(items)) = tree.get("data").map(|entry| &entry.item.value) else {
        return texts;
    };
    for item in items {
        let Value::Table(table) = &item.value else {
            continue;
        };
        let Some(entry) = table.get("file") else {
            continue;
        };
        let Value::Text(name) = &entry.item.value else {
            continue;
        };
        let name = PathBuf::from(name);
        if refused_absolute(&name, "file", &entry.item, out) || texts.iter().any(|t| t.name == name)
        {
            continue;
        }
        let place = path.parent().unwrap_or(Path::new("")).join(&name);
        let mut problems = Vec::new();
        if let Some((file, text)) = read_text(&place, sources, &mut problems) {
            files.push((name.clone(), text.clone()));
            texts.push(DataText { name, file, text });
        }
        // The place that helps is where the file is named.
        out.extend(problems.into_iter().map(|mut diagnostic| {
            if diagnostic.code != "not-utf8" {
                diagnostic.span = Some(entry.item.span.clone());
                diagnostic.help = Some("name a CSV file, relative to this one".to_string());
            }
            diagnostic
        }));
    }
    texts
}

/// A run must be repeatable from its run.json, on another machine too.
fn refused_absolute(name: &Path, key: &str, item: &Item, out: &mut Vec<Diagnostic>) -> bool {
    let absolute = name.is_absolute() || name.has_root();
    if absolute {
        out.push(problem_with_help(
            "absolute-path",
            format!("`{key}` is a path relative to this file"),
            item.span.clone(),
            "an absolute path",
            Some("put the file beside this one: the run is then repeatable anywhere".to_string()),
        ));
    }
    absolute
}

/// One file with what it extends, merged: the file's own keys win.
fn read(
    path: &Path,
    sources: &mut Sources,
    files: &mut Vec<(PathBuf, String)>,
    out: &mut Vec<Diagnostic>,
    depth: u32,
    start: &Path,
) -> Option<Tree> {
    let (file, text) = read_text(path, sources, out)?;
    let (tree, problems) = parse(file, &text);
    // The first file by its bare name, the ones it extends by the path that leads to them from there.
    let name = match files.is_empty() {
        true => path.file_name().map(PathBuf::from).unwrap_or_default(),
        false => path.strip_prefix(start).unwrap_or(path).to_path_buf(),
    };
    files.push((name, text));
    if !problems.is_empty() {
        out.extend(problems);
        return None;
    }
    let Some(entry) = tree.get("extends") else {
        return Some(tree);
    };
    let Value::Text(base) = &entry.item.value else {
        out.push(wrong_kind("`extends`", &entry.item, "a string"));
        return None;
    };
    if depth > 8 {
        let span = entry.item.span.clone();
        out.push(problem_with_help(
            "cyclic-extends",
            "these files extend one another".to_string(),
            span,
            "here",
            Some("leave `extends` out of the file that the others build on".to_string()),
        ));
        return None;
    }
    if refused_absolute(Path::new(base), "extends", &entry.item, out) {
        return None;
    }
    let base = path.parent().unwrap_or(Path::new(".")).join(base);
    if !base.exists() {
        let message = format!("there is no file {}", base.display());
        let help = Some("name a scenario file, relative to this one".to_string());
        let span = entry.item.span.clone();
        out.push(problem_with_help(
            "missing-file",
            message,
            span,
            "not there",
            help,
        ));
        return None;
    }
    let base = read(&base, sources, files, out, depth + 1, start)?;
    Some(merge(base, tree))
}

fn merge(base: Tree, own: Tree) -> Tree {
    let mut merged = Tree {
        span: own.span.clone(),
        entries: base.entries,
    };
    for entry in own.entries {
        match merged
            .entries
            .iter_mut()
            .find(|known| known.key == entry.key)
        {
            Some(known) => {
                if let (Value::Table(old), Value::Table(new)) =
                    (&known.item.value, &entry.item.value)
                {
                    known.item.value = Value::Table(merge(old.clone(), new.clone()));
                } else {
                    *known = entry;
                }
            }
            None => merged.entries.push(entry),
        }
    }
    merged
}

/// Sets `supplement.0.when` or `parameters."iron.tau"` to a value written as TOML, or else as text.
///
/// # Errors
/// What is wrong with the path, in words.
pub fn set(tree: &mut Tree, path: &str, value: &str, file: FileId) -> Result<(), String> {
    let start = path.len() + 1;
    let span = Span {
        file,
        range: start..start + value.len(),
    };
    let (parsed, problems) = parse(file, &format!("value = {value}"));
    // What is no TOML value is text: `--set duration=3 d` needs no quotes.
    let item = match parsed.get("value").filter(|_| problems.is_empty()) {
        Some(entry) => Item {
            span,
            ..entry.item.clone()
        },
        None => Item {
            span,
            value: Value::Text(value.to_string()),
            content: start,
        },
    };
    set_item(tree, path, item)
}

/// As [`set`], with a value that was read from a file.
///
/// # Errors
/// What is wrong with the path, in words.
pub fn set_item(tree: &mut Tree, path: &str, item: Item) -> Result<(), String> {
    let (key, rest) = path.split_once('.').unwrap_or((path, ""));
    // Parameters have dotted names: everything behind `parameters.` is one key.
    if rest.is_empty() || key == "parameters" || key == "status" {
        let (table, key) = if rest.is_empty() {
            (tree, key)
        } else {
            (sub(tree, key, &item.span)?, rest)
        };
        let key = key.trim_matches('"').to_string();
        match table.entries.iter_mut().find(|entry| entry.key == key) {
            Some(entry) => entry.item = item,
            None => table.entries.push(Entry {
                key,
                key_span: item.span.clone(),
                item,
            }),
        }
        return Ok(());
    }
    if let Some(entry) = tree.entries.iter_mut().find(|entry| entry.key == key)
        && let Value::List(items) = &mut entry.item.value
    {
        let (index, rest) = rest
            .split_once('.')
            .ok_or(format!("`{key}` is a list: say which, and which key"))?;
        let count = items.len();
        let place = index
            .parse::<usize>()
            .ok()
            .and_then(|index| items.get_mut(index));
        let place = place.ok_or(format!("`{key}` has {count} entries, counted from 0"))?;
        return match &mut place.value {
            Value::Table(table) => set_item(table, rest, item),
            _ => Err(format!("`{key}.{index}` is not a table")),
        };
    }
    set_item(sub(tree, key, &item.span)?, rest, item)
}

fn sub<'t>(tree: &'t mut Tree, key: &str, span: &Span) -> Result<&'t mut Tree, String> {
    if tree.get(key).is_none() {
        let value = Value::Table(Tree {
            span: span.clone(),
            entries: Vec::new(),
        });
        let item = Item {
            span: span.clone(),
            value,
            content: 0,
        };
        tree.entries.push(Entry {
            key: key.to_string(),
            key_span: span.clone(),
            item,
        });
    }
    let entry = tree
        .entries
        .iter_mut()
        .find(|entry| entry.key == key)
        .expect("it was just made sure");
    match &mut entry.item.value {
        Value::Table(table) => Ok(table),
        _ => Err(format!("`{key}` is not a table")),
    }
}
