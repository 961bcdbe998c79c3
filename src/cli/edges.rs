//! `myoflux edges`: the crosstalk claims of a model.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{find_models, grade, refuse, say};
use crate::diagnostics::Sources;
use crate::model::{Edge, EdgeKind, Grade, Model, load::load_model};

#[derive(Debug, Args)]
pub struct EdgesArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List edges with evidence, kind and default
    List {
        /// Model (default: every model of the folder)
        model: Option<String>,
        /// Only edges with at least this evidence
        #[arg(long, value_parser = grade)]
        min_grade: Option<Grade>,
        /// Print as JSON
        #[arg(long)]
        json: bool,
        /// Folder of the models
        #[arg(long, value_name = "DIR")]
        models: Option<PathBuf>,
    },
}

/// Names of the models in a folder, sorted.
pub fn model_names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .map(|entries| {
            entries
                .flatten()
                .filter_map(|e| {
                    e.file_name()
                        .to_string_lossy()
                        .strip_suffix(".model.toml")
                        .map(str::to_string)
                })
                .collect()
        })
        .unwrap_or_default();
    names.sort();
    names
}

pub fn run(arguments: &EdgesArguments) -> u8 {
    let Action::List {
        model,
        min_grade,
        json,
        models,
    } = &arguments.action;
    let folder = models.clone().unwrap_or_else(|| find_models(Path::new("")));
    let names = model
        .clone()
        .map_or_else(|| model_names(&folder), |name| vec![name]);
    let mut objects = Vec::new();
    for name in names {
        let mut sources = Sources::default();
        let model = match load_model(&folder, &name, &mut sources) {
            Ok(model) => model,
            Err(problems) => return refuse(&problems, &sources),
        };
        for edge in model
            .edges
            .iter()
            .filter(|edge| min_grade.is_none_or(|least| edge.grade <= least))
        {
            if *json {
                objects.push(object(&model, edge))
            } else {
                say(&line(&model, edge))
            }
        }
    }
    if *json {
        say(&format!("{:#}\n", serde_json::Value::from(objects)));
    }
    0
}

fn kind(edge: &Edge) -> &'static str {
    match edge.kind {
        EdgeKind::Factor => "factor",
        EdgeKind::Structural => "structural",
        EdgeKind::Claim => "claim",
    }
}

fn line(model: &Model, edge: &Edge) -> String {
    let id = edge.id.clone().unwrap_or_default();
    let on = if edge.on { "on" } else { "off" };
    format!(
        "{:<8} {:>4} {:?} {:<10} {:<3} {}\n               {}\n",
        model.name,
        id,
        edge.grade,
        kind(edge),
        on,
        edge.name,
        edge.claim
    )
}

pub fn object(model: &Model, edge: &Edge) -> serde_json::Value {
    serde_json::json!({
        "model": model.name, "name": edge.name, "id": edge.id, "kind": kind(edge), "from": edge.from,
        "onto": edge.onto, "effect": format!("{:?}", edge.effect).to_lowercase(), "grade": edge.grade,
        "sources": edge.sources, "against": edge.against, "assumed": edge.assumed, "claim": edge.claim,
        "default": if edge.on { "on" } else { "off" },
        "factor": edge.factor.as_ref().map(|(text, _)| text.clone()),
        "made_of": edge.made_of.iter().map(|id| model.edges[id.index()].name.clone()).collect::<Vec<_>>(),
    })
}
