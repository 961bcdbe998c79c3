//! `myoflux export`: models and scenarios for other simulators.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};

use super::{Changes, find_models, refuse, say};
use crate::compile::compile;
use crate::diagnostics::Sources;
use crate::diagnostics::nearest;
use crate::export::{self, Course, Member, NotFinite, Subject};
use crate::model::Model;
use crate::model::load::load_model;
use crate::report::words;
use crate::report::write::whole;
use crate::scenario::load::load_scenario;
use crate::scenario::run::{model_options, options};
use crate::scenario::{Arm, Scenario, initial};

#[derive(Debug, Args)]
pub struct ExportArguments {
    #[command(subcommand)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum Format {
    /// SBML Level 3 Version 2: a model, or one file per arm of a scenario
    Sbml(SbmlArguments),
    /// COMBINE archive of a scenario: SBML of every arm and SED-ML that runs them
    Omex(OmexArguments),
}

#[derive(Debug, Args)]
struct SbmlArguments {
    /// Name of a model, or a scenario file
    #[arg(value_name = "MODEL|SCENARIO")]
    what: String,
    /// File to write; a scenario with several arms writes FILE-ARM beside it
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// One arm of the scenario, into exactly this file
    #[arg(long, value_name = "NAME")]
    arm: Option<String>,
    #[command(flatten)]
    changes: Changes,
}

#[derive(Debug, Args)]
struct OmexArguments {
    /// Scenario file
    scenario: PathBuf,
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    changes: Changes,
}

/// Exit code with which it ends; what there is to say has been said.
type Ended<T> = Result<T, u8>;

pub fn run(arguments: &ExportArguments) -> u8 {
    let done = match &arguments.format {
        Format::Sbml(arguments) => sbml(arguments),
        Format::Omex(arguments) => omex(arguments),
    };
    done.err().unwrap_or(0)
}

fn wrong<T>(message: &str) -> Ended<T> {
    eprintln!("error: {message}");
    Err(2)
}

fn sbml(arguments: &SbmlArguments) -> Ended<()> {
    if !arguments.what.ends_with(".toml") {
        return model_alone(arguments);
    }
    let (model, scenario) = load(Path::new(&arguments.what), &arguments.changes)?;
    let arms: Vec<&Arm> = match &arguments.arm {
        Some(name) => vec![find_arm(&scenario, name)?],
        None => scenario.arms.iter().collect(),
    };
    let files = file_names(&arguments.output, &arms);
    let texts = arms.iter().map(|arm| arm_as_sbml(&model, &scenario, arm));
    let texts = texts.collect::<Ended<Vec<String>>>()?;
    for ((file, text), arm) in files.iter().zip(texts).zip(arms) {
        write(file, text.as_bytes())?;
        say(&format!("{}\t{}\n", file.display(), arm.name));
    }
    Ok(())
}

fn model_alone(arguments: &SbmlArguments) -> Ended<()> {
    let name = &arguments.what;
    if arguments.arm.is_some() {
        return wrong("a model has no arms: leave --arm out, or name a scenario file");
    }
    let changes = &arguments.changes;
    if !changes.set.is_empty()
        || !changes.edge.is_empty()
        || !changes.edges_off.is_empty()
        || changes.min_grade.is_some()
        || changes.method.is_some()
        || changes.rtol.is_some()
    {
        return wrong(
            "a model alone is exported as it is: name a scenario file to change something",
        );
    }
    let folder = changes
        .models
        .clone()
        .unwrap_or_else(|| find_models(Path::new("")));
    let mut sources = Sources::default();
    let model =
        load_model(&folder, name, &mut sources).map_err(|found| refuse(&found, &sources))?;
    let program = compile(&model);
    let mut arm = Arm::resting("", &model);
    if let Some(people) = model.people.first() {
        arm.adopt(people);
    }
    let options = model_options(&model, &program);
    let start = initial::find(&model, &program, &arm, &options, model.warm_up_s, false)
        .map_err(|unsettled| no_start(name, &words::failure(&unsettled.failure, &model)))?;
    let subject = Subject::new(&model, &start, &arm.inputs);
    let text = export::sbml(&subject).map_err(|found| not_finite(name, &found))?;
    write(&arguments.output, text.as_bytes())?;
    say(&format!("{}\n", arguments.output.display()));
    Ok(())
}

fn no_start(what: &str, why: &str) -> u8 {
    eprintln!("error: {what} has no state to start from: {why}");
    1
}

fn not_finite(what: &str, found: &NotFinite) -> u8 {
    let NotFinite { name, value } = found;
    eprintln!(
        "error: {what} cannot be exported: `{name}` is {value}, which no simulator can start from; give it a number"
    );
    1
}

fn omex(arguments: &OmexArguments) -> Ended<()> {
    let (model, scenario) = load(&arguments.scenario, &arguments.changes)?;
    let arms: Vec<&Arm> = scenario.arms.iter().collect();
    let stem = arguments.scenario.with_extension("xml");
    let stem = stem.file_name().map(PathBuf::from).unwrap_or_default();
    let names = file_names(&stem, &arms);
    let named = |(arm, file): (&&Arm, &PathBuf)| (arm.name.clone(), file.display().to_string());
    let arm_files: Vec<(String, String)> = arms.iter().zip(&names).map(named).collect();
    let mut members = Vec::new();
    let course = Course {
        model: &model,
        scenario: &scenario,
        arms: &arm_files,
    };
    members.push(Member {
        name: "simulation.sedml".to_string(),
        text: export::sedml(&course),
        format: "sed-ml.level-1.version-3",
        master: true,
    });
    for (arm, (_, file)) in arms.iter().zip(&arm_files) {
        members.push(Member {
            name: file.clone(),
            text: arm_as_sbml(&model, &scenario, arm)?,
            format: "sbml.level-3.version-2",
            master: false,
        });
    }
    let bytes = export::archive(&scenario.title, &scenario.about, &members);
    write(&arguments.output, &bytes)?;
    say(&format!("{}\n", arguments.output.display()));
    Ok(())
}

fn load(path: &Path, changes: &Changes) -> Ended<(Arc<Model>, Scenario)> {
    let overrides = match changes.overrides() {
        Ok(overrides) => overrides,
        Err(why) => return wrong(&why),
    };
    let mut sources = Sources::default();
    let loaded = load_scenario(path, &changes.models(path), &overrides, &mut sources);
    loaded.map_err(|found| refuse(&found, &sources))
}

fn find_arm<'s>(scenario: &'s Scenario, name: &str) -> Ended<&'s Arm> {
    let found = scenario.arms.iter().find(|arm| arm.name == name);
    found.map_or_else(
        || {
            let names: Vec<&str> = scenario.arms.iter().map(|arm| arm.name.as_str()).collect();
            let near = nearest(name, names.iter().copied());
            let help = near.first().map_or_else(
                || format!("its arms are: {}", names.join(", ")),
                |near| format!("did you mean \"{near}\"?"),
            );
            wrong(&format!("this scenario has no arm \"{name}\"; {help}"))
        },
        Ok,
    )
}

fn arm_as_sbml(model: &Model, scenario: &Scenario, arm: &Arm) -> Ended<String> {
    let program = compile(model);
    let options = options(model, &program, scenario);
    let declared = scenario.declared_initial;
    let start = initial::find(model, &program, arm, &options, scenario.warm_up_s, declared)
        .map_err(|unsettled| no_start(&arm.name, &words::failure(&unsettled.failure, model)))?;
    let mut subject = Subject::new(model, &start, &arm.inputs);
    let stem = scenario
        .path
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned());
    subject.id = slug(&stem.unwrap_or_default());
    subject.title = format!("{}: {}", scenario.title, arm.name);
    subject.about = format!("{} Model: {}. {}", scenario.about, model.title, model.about);
    subject.declared = declared;
    export::sbml(&subject.with_arm(arm)).map_err(|found| not_finite(&arm.name, &found))
}

/// One file per arm: `march.xml` alone, or `march-base.xml`, `march-iron.xml` …
fn file_names(output: &Path, arms: &[&Arm]) -> Vec<PathBuf> {
    if arms.len() == 1 {
        return vec![output.to_path_buf()];
    }
    let stem = output
        .file_stem()
        .map(|s| s.to_string_lossy().into_owned())
        .unwrap_or_default();
    let extension = output.extension().map(|e| e.to_string_lossy().into_owned());
    let extension = extension.map_or(String::new(), |e| format!(".{e}"));
    let mut names: Vec<String> = Vec::new();
    for arm in arms {
        let wanted = slug(&arm.name);
        let mut name = wanted.clone();
        let mut count = 1;
        while names.contains(&name) {
            count += 1;
            name = format!("{wanted}_{count}");
        }
        names.push(name);
    }
    let path = |name: &String| output.with_file_name(format!("{stem}-{name}{extension}"));
    names.iter().map(path).collect()
}

/// Letters, digits and underscores; begins with a letter.
fn slug(name: &str) -> String {
    let letter = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '_'
        }
    };
    let text: String = name.chars().map(letter).collect();
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        text
    } else {
        format!("arm_{text}")
    }
}

fn write(path: &Path, bytes: &[u8]) -> Ended<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let Some(name) = path.file_name() else {
        return wrong("--output names no file");
    };
    match whole(folder, &name.to_string_lossy(), bytes) {
        Ok(_) => Ok(()),
        Err(error) => {
            eprintln!(
                "error: {} could not be written: {}",
                error.path.display(),
                error.error
            );
            Err(1)
        }
    }
}
