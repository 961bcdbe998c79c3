//! Tables that a study computed: are they still what their model and study would give?

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{ModelFile, Shared, has_errors, model_file, names_in, read_tree};
use crate::diagnostics::{Diagnostic, Sources, Span};
use crate::model::check;
use crate::model::declare::ComputedFile;
use crate::model::file::problem_with_help;
use crate::model::fingerprint;
use crate::model::messages::unknown_name;
use crate::model::types::*;

/// Refuses tables that were computed from something else than what stands there now. What they were
/// computed from joins the files of the model: a run is repeated with them.
pub fn check_computed(
    model: &mut ModelFile,
    folder: &Path,
    shared: &Shared,
    out: &mut Vec<Diagnostic>,
) {
    let mut found = Vec::new();
    for (_, module) in &model.modules {
        for table in &module.tables {
            if let Some(from) = &table.body.computed {
                found.push((module.name.clone(), table.name.clone(), from.clone()));
            }
        }
    }
    // The tables of a module share one study: it is read once.
    let mut known: BTreeMap<(String, String), Result<Fresh, Box<Diagnostic>>> = BTreeMap::new();
    for (module, table, from) in &found {
        let key = (from.model.0.clone(), from.study.0.clone());
        let read = || fresh(module, from, folder, shared);
        match known.entry(key).or_insert_with(read) {
            Ok(fresh) if fresh.hash == from.hash.0 => {}
            Ok(_) => out.push(problem_with_help(
                "stale-table",
                format!(
                    "table `{table}` was computed from numbers of `{}` that have changed since",
                    from.model.0
                ),
                from.hash.1.clone(),
                "no longer what it is computed from",
                Some(format!(
                    "compute it again: myoflux average {}",
                    from.study.0
                )),
            )),
            Err(problem) => out.push(Diagnostic::clone(problem)),
        }
    }
    for (name, text) in known.into_values().flatten().flat_map(|fresh| fresh.files) {
        if model.files.iter().all(|(known, _)| *known != name) {
            model.files.push((name, text));
        }
    }
}

/// A table's model and study as they are now.
struct Fresh {
    hash: String,
    /// By their path from the models folder.
    files: Vec<(PathBuf, String)>,
}

fn fresh(
    module: &str,
    from: &ComputedFile,
    folder: &Path,
    shared: &Shared,
) -> Result<Fresh, Box<Diagnostic>> {
    let model = origin(module, &from.model, folder, shared)?;
    let (study, span) = &from.study;
    // What is wrong in the study is reported where it is checked itself.
    let read = || {
        read_tree(
            &beside(folder, study),
            &mut Sources::default(),
            &mut Vec::new(),
        )
    };
    let relative = !Path::new(study).is_absolute();
    let Some((_, tree, text)) = relative.then(read).flatten() else {
        return Err(Box::new(problem_with_help(
            "missing-file",
            format!("the study `{study}` of this table cannot be read"),
            span.clone(),
            "this file",
            Some("name it from the folder that holds the models folder".to_string()),
        )));
    };
    let hash = fingerprint::of(&model, &tree);
    let mut files = model.files;
    files.push((Path::new("..").join(study), text));
    Ok(Fresh { hash, files })
}

/// The model that a table of `module` was computed from; its own problems are reported where it is
/// checked itself.
fn origin(
    module: &str,
    (name, span): &(String, Span),
    folder: &Path,
    shared: &Shared,
) -> Result<Model, Box<Diagnostic>> {
    let path = folder.join(format!("{name}.model.toml"));
    if !path.exists() {
        let known = names_in(folder, ".model.toml");
        let message = format!("there is no model `{name}`");
        let known = known.iter().map(String::as_str);
        return Err(Box::new(unknown_name(message, name, span.clone(), known)));
    }
    let refuse = |code, message, label, way_out| {
        Box::new(problem_with_help(
            code,
            message,
            span.clone(),
            label,
            Some(way_out),
        ))
    };
    let mut problems = Vec::new();
    let file = model_file(&path, name, shared, &mut Sources::default(), &mut problems);
    let holds = |file: &ModelFile| file.modules.iter().any(|(_, known)| known.name == module);
    if file.as_ref().is_some_and(holds) {
        return Err(refuse(
            "cyclic-table",
            format!(
                "model `{name}` holds module `{module}`: its tables cannot be computed from it"
            ),
            "made of this module",
            format!("leave `{module}` out of {name}.model.toml"),
        ));
    }
    let model = file.map(|file| check::compose(&file, shared, &mut problems));
    model.filter(|_| !has_errors(&problems)).ok_or_else(|| {
        refuse(
            "broken-origin",
            format!("model `{name}` has problems: its tables cannot be compared with it"),
            "cannot be read",
            format!("see: myoflux check {}", path.display()),
        )
    })
}

/// A path from the folder that holds the models folder.
fn beside(models: &Path, path: &str) -> PathBuf {
    match (models.parent(), models.file_name()) {
        (Some(parent), Some(_)) => parent.join(path),
        _ => models.join("..").join(path),
    }
}
