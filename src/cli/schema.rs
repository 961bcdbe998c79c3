//! `myoflux schema`: JSON Schema of the files people write, for their editors.

use std::path::PathBuf;

use clap::Args;

use super::{refuse, say};
use crate::diagnostics::Sources;
use crate::model::load::load_model;
use crate::report::schema::{KINDS, schema};
use crate::report::write;

#[derive(Debug, Args)]
pub struct SchemaArguments {
    /// model, module, scenario, study, nutrients, reference or rate_laws
    #[arg(value_parser = kind, required_unless_present = "all")]
    kind: Option<&'static str>,
    /// Write every schema to this folder as KIND.schema.json
    #[arg(long, value_name = "DIR", conflicts_with = "kind")]
    all: Option<PathBuf>,
    /// Let scenarios complete the names of this model
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Folder of the models
    #[arg(long, value_name = "DIR", default_value = "models")]
    models: PathBuf,
}

fn kind(text: &str) -> Result<&'static str, String> {
    let known = || KINDS.iter().map(|(kind, ..)| *kind);
    known()
        .find(|kind| *kind == text)
        .ok_or_else(|| format!("one of: {}", known().collect::<Vec<_>>().join(", ")))
}

pub fn run(arguments: &SchemaArguments) -> u8 {
    let mut sources = Sources::default();
    let loaded = arguments
        .model
        .as_ref()
        .map(|name| load_model(&arguments.models, name, &mut sources));
    let model = match loaded.transpose() {
        Ok(model) => model,
        Err(problems) => return refuse(&problems, &sources),
    };
    let text = |kind: &str| {
        let value = schema(kind, model.as_ref()).expect("only known kinds are asked for");
        format!("{value:#}\n")
    };
    if let Some(kind) = arguments.kind {
        say(&text(kind));
    }
    let Some(folder) = &arguments.all else {
        return 0;
    };
    for (kind, ..) in KINDS {
        let name = format!("{kind}.schema.json");
        if let Err(error) = write::whole(folder, &name, text(kind).as_bytes()) {
            let path = error.path.display();
            eprintln!("error: {path} could not be written: {}", error.error);
            return 1;
        }
    }
    say(&format!(
        "{} schemas in {}\n",
        KINDS.len(),
        folder.display()
    ));
    0
}
