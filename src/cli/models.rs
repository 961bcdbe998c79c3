//! `myoflux models`: what models hold.

use std::path::{Path, PathBuf};

use clap::Args;

use super::edges::{model_names, object};
use super::{find_models, refuse, say};
use crate::diagnostics::Sources;
use crate::model::{Model, Origin, ParameterKind, load::load_model};

#[derive(Debug, Args)]
pub struct ModelsArguments {
    /// Model (default: every model of the folder)
    model: Option<String>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
    /// Folder of the models
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
}

pub fn run(arguments: &ModelsArguments) -> u8 {
    let folder = arguments
        .models
        .clone()
        .unwrap_or_else(|| find_models(Path::new("")));
    let names = arguments
        .model
        .clone()
        .map_or_else(|| model_names(&folder), |name| vec![name]);
    let mut all = Vec::new();
    for name in names {
        let mut sources = Sources::default();
        match load_model(&folder, &name, &mut sources) {
            Ok(model) if arguments.json => all.push(describe(&model)),
            Ok(model) => say(&listing(&model)),
            Err(problems) => return refuse(&problems, &sources),
        }
    }
    if arguments.json {
        say(&format!("{:#}\n", serde_json::Value::from(all)));
    }
    0
}

fn listing(model: &Model) -> String {
    let mut text = format!("{}: {}\n{}\n", model.name, model.title, model.about);
    for module in &model.modules {
        text.push_str(&format!("  {:<14} {}\n", module.name, module.title));
    }
    text.push_str(&format!(
        "  {} states, {} variables, {} processes, {} parameters, {} edges, {} biomarkers\n",
        model.states.len(),
        model.variables.len(),
        model.processes.len(),
        model
            .parameters
            .iter()
            .filter(|p| p.kind == ParameterKind::Declared)
            .count(),
        model.edges.len(),
        model.biomarkers.len()
    ));
    text
}

fn describe(model: &Model) -> serde_json::Value {
    let origin = |origin: &Origin| match origin {
        Origin::Source { key, place } => serde_json::json!({ "source": key, "where": place }),
        Origin::Assumed(reason) => serde_json::json!({ "assumed": reason }),
        Origin::Computed { model, study, hash } => serde_json::json!({
            "computed_from": { "model": model, "study": study, "hash": hash },
        }),
    };
    let declared = model
        .parameters
        .iter()
        .filter(|p| p.kind == ParameterKind::Declared);
    serde_json::json!({
        "model": model.name,
        "title": model.title,
        "about": model.about,
        "modules": model.modules.iter().map(|m| serde_json::json!({
            "name": m.name, "title": m.title, "about": m.about, "uses": m.uses,
        })).collect::<Vec<_>>(),
        "states": model.states.iter().map(|s| serde_json::json!({
            "name": s.name, "title": s.title, "unit": s.unit.text, "scale": s.scale,
        })).collect::<Vec<_>>(),
        "parameters": declared.map(|p| serde_json::json!({
            "name": p.name, "title": p.title, "value": p.value, "unit": p.unit.text, "range": p.range,
            "cv": p.cv, "origin": origin(&p.origin), "grade": p.grade,
        })).collect::<Vec<_>>(),
        "tables": model.tables.iter().map(|t| serde_json::json!({
            "name": t.name, "unit": t.unit.text, "x_unit": t.x_unit.text, "x": t.x,
            "y_unit": t.y_unit.text, "y": t.y, "origin": origin(&t.origin),
        })).collect::<Vec<_>>(),
        "biomarkers": model.biomarkers.iter().map(|b| serde_json::json!({
            "name": b.name, "title": b.title, "unit": b.unit.text,
        })).collect::<Vec<_>>(),
        "edges": model.edges.iter().map(|edge| object(model, edge)).collect::<Vec<_>>(),
    })
}
