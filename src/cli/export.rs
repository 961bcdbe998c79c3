//! `myoflux export`: models and scenarios for other simulators.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{find_models, refuse, say};
use crate::compile::compile;
use crate::diagnostics::Sources;
use crate::export::{Subject, sbml};
use crate::model::load::load_model;
use crate::report::write::whole;
use crate::scenario::{Arm, initial};

#[derive(Debug, Args)]
pub struct ExportArguments {
    #[command(subcommand)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum Format {
    /// SBML Level 3 Version 2
    Sbml(SbmlArguments),
}

#[derive(Debug, Args)]
struct SbmlArguments {
    /// Model or scenario file
    what: String,
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Folder of the models
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
}

pub fn run(arguments: &ExportArguments) -> u8 {
    match &arguments.format {
        Format::Sbml(arguments) => run_sbml(arguments),
    }
}

fn run_sbml(arguments: &SbmlArguments) -> u8 {
    let folder = arguments
        .models
        .clone()
        .unwrap_or_else(|| find_models(Path::new("")));
    let mut sources = Sources::default();
    let model = match load_model(&folder, &arguments.what, &mut sources) {
        Ok(model) => model,
        Err(problems) => return refuse(&problems, &sources),
    };
    let program = compile(&model);
    let mut arm = Arm::resting("", &model);
    if let Some(people) = model.people.first() {
        arm.adopt(people);
    }
    let options = crate::scenario::run::model_options(&model, &program);
    let start = match initial::find(&model, &program, &arm, &options, model.warm_up_s, false) {
        Ok(start) => start,
        Err(unsettled) => {
            eprintln!(
                "error: {}",
                crate::report::words::failure(&unsettled.failure, &model)
            );
            return 1;
        }
    };
    let text = sbml(&Subject {
        model: &model,
        id: model.name.clone(),
        title: model.title.clone(),
        parameters: &start.parameters,
        inputs: &arm.inputs,
        initial: &start.state,
    });
    let name = arguments.output.to_string_lossy().into_owned();
    match whole(Path::new(""), &name, text.as_bytes()) {
        Ok(path) => {
            say(&format!("{}\n", path.display()));
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
