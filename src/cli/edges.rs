//! `myoflux edges`: the crosstalk claims of a model.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{find_models, grade, refuse, say};
use crate::diagnostics::Sources;
use crate::model::{Edge, EdgeKind, Grade, Model, load::load_model};
use crate::report::drawing::Scene;
use crate::report::drawing::png::png;
use crate::report::drawing::svg::{Font, svg};
use crate::report::network::{Shape, default_strengths, scene};
use crate::report::write::whole;

use crate::study::effects::{self, Effect};

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
    /// Try every switch: what each edge does to its target, on over off, at states around the reference
    Effects {
        /// Model (default: every model of the folder)
        model: Option<String>,
        /// Print as JSON
        #[arg(long)]
        json: bool,
        /// Folder of the models
        #[arg(long, value_name = "DIR")]
        models: Option<PathBuf>,
    },
    /// Draw a model's edges: arrows facilitate, blunt ends inhibit, weight is evidence
    Network {
        /// Model (may be left out where the folder has only one)
        model: Option<String>,
        /// Picture to write, .svg or .png
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
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
    let folder = |models: &Option<PathBuf>| {
        let near = || find_models(Path::new(""));
        models.clone().unwrap_or_else(near)
    };
    match &arguments.action {
        Action::List {
            model,
            min_grade,
            json,
            models,
        } => list(&folder(models), model.as_deref(), *min_grade, *json),
        Action::Effects {
            model,
            json,
            models,
        } => try_switches(&folder(models), model.as_deref(), *json),
        Action::Network {
            model,
            output,
            models,
        } => network(&folder(models), model.as_deref(), output),
    }
}

fn list(folder: &Path, model: Option<&str>, min_grade: Option<Grade>, json: bool) -> u8 {
    let names = model.map_or_else(|| model_names(folder), |name| vec![name.to_string()]);
    let mut objects = Vec::new();
    let mut listed = BTreeMap::new();
    for name in names {
        let mut sources = Sources::default();
        let model = match load_model(folder, &name, &mut sources) {
            Ok(model) => model,
            Err(problems) => return refuse(&problems, &sources),
        };
        for edge in model
            .edges
            .iter()
            .filter(|edge| min_grade.is_none_or(|least| edge.grade <= least))
        {
            if json {
                objects.push(object(&model, edge))
            } else {
                say(&line(&model, edge))
            }
            listed.insert(edge.name.clone(), (kind(edge), edge.grade, edge.on));
        }
    }
    if json {
        say(&format!("{:#}\n", serde_json::Value::from(objects)));
    } else {
        say(&counts(&listed));
    }
    0
}

/// One line on all edges listed, each counted once however many models hold it.
fn counts(listed: &BTreeMap<String, (&'static str, Grade, bool)>) -> String {
    let of_kind = |kind| listed.values().filter(|edge| edge.0 == kind).count();
    let of_grade = |grade| listed.values().filter(|edge| edge.1 == grade).count();
    format!(
        "{} edges: {} factor, {} structural, {} claim; grade A {}, B {}, C {}, D {}; {} off by default\n",
        listed.len(),
        of_kind("factor"),
        of_kind("structural"),
        of_kind("claim"),
        of_grade(Grade::A),
        of_grade(Grade::B),
        of_grade(Grade::C),
        of_grade(Grade::D),
        listed.values().filter(|edge| !edge.2).count()
    )
}

fn try_switches(folder: &Path, model: Option<&str>, json: bool) -> u8 {
    let names = model.map_or_else(|| model_names(folder), |name| vec![name.to_string()]);
    let mut objects = Vec::new();
    for name in names {
        let mut sources = Sources::default();
        let model = match load_model(folder, &name, &mut sources) {
            Ok(model) => model,
            Err(problems) => return refuse(&problems, &sources),
        };
        let effects = match effects::effects(&model) {
            Ok(effects) => effects,
            Err(failure) => {
                eprintln!("error: {name} has no reference equilibrium: {failure:?}");
                return 1;
            }
        };
        if json {
            objects.extend(effects.iter().map(|effect| switch(&model, effect)));
        } else {
            say(&table(&model, &effects));
        }
    }
    if json {
        say(&format!("{:#}\n", serde_json::Value::from(objects)));
    }
    0
}

fn table(model: &Model, effects: &[Effect]) -> String {
    let mut text = format!("{}: target with the edge on over off\n", model.name);
    for effect in effects {
        let edge = &model.edges[effect.edge.index()];
        let range = effect.ratio.map_or_else(
            || "off is nought".to_string(),
            |(low, high)| format!("{low:.3} to {high:.3}"),
        );
        text.push_str(&format!(
            "  {:<10} {:<22} {} -> {}{}{}\n",
            kind(edge),
            range,
            edge.name,
            effect.targets.join(", "),
            if effect.responds { "" } else { "  silent" },
            if effect.leaks { "  leaks when off" } else { "" },
        ));
    }
    let silent = effects.iter().filter(|effect| !effect.responds).count();
    let leaks = effects.iter().filter(|effect| effect.leaks).count();
    let many = effects.len();
    text + &format!("{many} switches, {silent} silent, {leaks} leak when off\n")
}

fn switch(model: &Model, effect: &Effect) -> serde_json::Value {
    let edge = &model.edges[effect.edge.index()];
    serde_json::json!({
        "model": model.name, "name": edge.name, "id": edge.id, "kind": kind(edge),
        "targets": effect.targets,
        "lowest_on_over_off": effect.ratio.map(|(low, _)| low),
        "highest_on_over_off": effect.ratio.map(|(_, high)| high),
        "responds_when_on": effect.responds, "responds_when_off": effect.leaks,
        "silent": !effect.responds,
    })
}

fn network(folder: &Path, model: Option<&str>, output: &Path) -> u8 {
    let draw: fn(&Scene) -> Vec<u8> = match output.extension().and_then(|end| end.to_str()) {
        Some("svg") => |scene| svg(scene, Font::Inside).into_bytes(),
        Some("png") => png,
        _ => {
            eprintln!(
                "error: {} ends neither in .svg nor in .png",
                output.display()
            );
            return 2;
        }
    };
    let names = model_names(folder);
    let name = match (model, names.as_slice()) {
        (Some(name), _) => name,
        (None, [only]) => only,
        (None, names) => {
            eprintln!("error: say which model to draw: {}", names.join(", "));
            return 2;
        }
    };
    let mut sources = Sources::default();
    let model = match load_model(folder, name, &mut sources) {
        Ok(model) => model,
        Err(problems) => return refuse(&problems, &sources),
    };
    if model.edges.is_empty() {
        eprintln!("error: {name} has no edges; nothing was drawn");
        return 1;
    }
    let bytes = draw(&scene(&model, &default_strengths(&model), Shape::Page));
    let (dir, file) = (output.parent(), output.file_name());
    let file = file.unwrap_or_default().to_string_lossy();
    match whole(dir.unwrap_or(Path::new("")), &file, &bytes) {
        Ok(path) => {
            say(&format!(
                "{} edges in {}\n",
                model.edges.len(),
                path.display()
            ));
            0
        }
        Err(error) => {
            eprintln!(
                "error: {} could not be written: {}",
                error.path.display(),
                error.error
            );
            1
        }
    }
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
