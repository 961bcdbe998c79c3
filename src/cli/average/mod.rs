//! `myoflux average`: a pulse-resolved model → tables of its cycle averages, as a module file.
//!
//! In: a study file. Out: the module beside the models, or where `-o` says; with `--compare` a table and a
//! figure that hold the tables against runs between their knots.

mod compare;

use std::path::{Path, PathBuf};

use clap::Args;

use super::{find_models, progress, refuse, say};
use crate::compile::{Program, compile};
use crate::diagnostics::Sources;
use crate::report::{words, write};
use crate::scenario::load::Overrides;
use crate::study::average::{self, Cause, Point, Unsettled};
use crate::study::load::{AnyStudy, SUFFIX, Study, load_study};
use crate::study::module;

#[derive(Debug, Args)]
pub struct AverageArguments {
    /// Study file (NAME.study.toml with study = "average")
    study: PathBuf,
    /// Module file to write (default: the one the study names, in the folder of the models)
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Threads (default: one per core); the result does not depend on it
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,
    /// Also run between the knots and write what the tables are off there, with a figure (default:
    /// output/TOPIC/QUESTION)
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true)]
    compare: Option<Option<PathBuf>>,
}

pub fn run(arguments: &AverageArguments) -> u8 {
    let path = &arguments.study;
    let models = find_models(path);
    let mut sources = Sources::default();
    let study = match load_study(path, &models, &Overrides::default(), &mut sources) {
        Ok(AnyStudy::Average(study)) => study,
        Ok(AnyStudy::Sweep(_)) => {
            eprintln!(
                "error: {0} is a sweep, no average: run it with `myoflux sweep {0}`",
                path.display()
            );
            return 2;
        }
        Err(problems) => return refuse(&problems, &sources),
    };
    let place = match place(path, &models) {
        Ok(place) => place,
        Err(why) => {
            eprintln!("error: {why}");
            return 2;
        }
    };
    let named = || models.join(format!("{}.toml", study.writes));
    let file = arguments.output.clone().unwrap_or_else(named);
    if std::fs::read(&file).is_ok_and(|bytes| !module::is_ours(&bytes)) {
        eprintln!(
            "error: {} was not written by a study and stays as it is: name another file, or another module \
             with `writes`",
            file.display()
        );
        return 2;
    }
    let threads =
        rayon::ThreadPoolBuilder::new().num_threads(arguments.threads.unwrap_or(0).into());
    match threads.build() {
        Ok(pool) => pool.install(|| carry_out(arguments, &study, &file, &place)),
        Err(error) => {
            eprintln!("error: {error}");
            1
        }
    }
}

fn carry_out(arguments: &AverageArguments, study: &Study, file: &Path, place: &str) -> u8 {
    let program = compile(&study.model);
    let points = average::grid(study);
    let means = match averaged(study, &program, &points) {
        Ok(means) => means,
        Err(code) => return code,
    };
    let text = module::text(study, &means, place);
    if let Err(code) = save(file, text.as_bytes()) {
        return code;
    }
    say(&format!(
        "{} averages at {} points in {}\n",
        study.averages.len(),
        points.len(),
        file.display()
    ));
    let Some(folder) = &arguments.compare else {
        return 0;
    };
    let folder = folder
        .clone()
        .unwrap_or_else(|| usual_folder(&arguments.study));
    let between = compare::points(study);
    let resolved = match averaged(study, &program, &between) {
        Ok(resolved) => resolved,
        Err(code) => return code,
    };
    let compared = compare::Compared::new(study, &means, &between, &resolved);
    for (name, bytes) in compared.files() {
        if let Err(code) = save(&folder.join(name), &bytes) {
            return code;
        }
    }
    say(&compared.summary());
    say(&format!("compared in {}\n", folder.display()));
    0
}

/// Averages at some points, or the exit code after saying why there are none.
fn averaged(study: &Study, program: &Program, points: &[Point]) -> Result<Vec<Vec<f64>>, u8> {
    let bar = progress(points.len() as u64);
    let report = |done: usize, _| bar.set_position(done as u64);
    let means = average::means(study, program, points, &report);
    bar.finish_and_clear();
    means.map_err(|unsettled| {
        eprintln!("error: {}", explain(&unsettled, study));
        1
    })
}

fn save(file: &Path, bytes: &[u8]) -> Result<(), u8> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    write::whole(folder, &name, bytes)
        .map(|_| ())
        .map_err(|error| {
            eprintln!(
                "error: {} could not be written: {}",
                error.path.display(),
                error.error
            );
            1
        })
}

fn explain(unsettled: &Unsettled, study: &Study) -> String {
    let mut at = format!("{} Hz", unsettled.point.rate_hz);
    if let (Some(second), Some(value)) = (&study.second, unsettled.point.second) {
        let axis = &second.axis;
        at.push_str(&format!(
            ", {} = {} {}",
            second.name,
            value / axis.factor,
            axis.unit.text
        ));
    }
    match &unsettled.cause {
        Cause::Failed(failure) => format!("at {at}: {}", words::failure(failure, &study.model)),
        Cause::NotANumber { average } => {
            format!(
                "at {at} the mean of `{}` is no number",
                study.averages[*average].name
            )
        }
        Cause::Drifts { average, change } => format!(
            "at {at} there is no periodic orbit within {} s: `{}` still changes by {:.1e} of its value when \
             the time is doubled; what drifts so slowly belongs into the model that uses the tables",
            average::LONGEST_S,
            study.averages[*average].name,
            change
        ),
    }
}

/// The study's path from the folder that holds the models folder: the same wherever one stands.
fn place(study: &Path, models: &Path) -> Result<String, String> {
    let absolute = |path: &Path| {
        let real = path.canonicalize();
        real.map_err(|error| format!("{} cannot be found: {error}", path.display()))
    };
    let (file, folder) = (absolute(study)?, absolute(models)?);
    let root = folder.parent().unwrap_or(&folder);
    let place = file.strip_prefix(root).map_err(|_| {
        let (study, root) = (study.display(), root.display());
        format!(
            "{study} lies outside {root}: what is computed from it could not be checked elsewhere"
        )
    })?;
    let parts: Vec<_> = place.iter().map(|part| part.to_string_lossy()).collect();
    Ok(parts.join("/"))
}

fn usual_folder(study: &Path) -> PathBuf {
    let name = study.file_name().unwrap_or_default().to_string_lossy();
    let question = name.strip_suffix(SUFFIX).unwrap_or(&name);
    let topic = study.parent().and_then(Path::file_name).unwrap_or_default();
    PathBuf::from("output").join(topic).join(question)
}
