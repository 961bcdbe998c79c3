//! `myoflux sweep`: one scenario, many members; in one go, or plan → run shard by shard → merge.
//!
//! `carry_out.rs` runs chunks over threads and writes them; `cluster.rs` writes job scripts. Start reading at
//! [`run`].

mod carry_out;
mod cluster;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{Changes, refuse, say};
use crate::diagnostics::Sources;
use crate::engine::Width;
use crate::report::drawing::png::png;
use crate::report::drawing::svg::{Font, svg};
use crate::report::sweep::plan::{self, Plan};
use crate::report::sweep::{chunk, figures, tables};
use crate::report::write;
use crate::study::load::{AnyStudy, SUFFIX, load_study};
use crate::study::sweep::Sweep;
use carry_out::Work;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct SweepArguments {
    #[command(subcommand)]
    part: Option<Part>,
    /// Study file (NAME.study.toml with study = "sweep")
    #[arg(required = true)]
    study: Option<PathBuf>,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    lanes: Lanes,
    /// Folder for the results (default: output/TOPIC/QUESTION)
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Go on with an unfinished sweep
    #[arg(long)]
    resume: bool,
    /// Say what would be run, and stop
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Write the plan of a sweep and say what it holds
    Plan(PlanArguments),
    /// Run one shard of a sweep; what is already there is kept
    Run(ShardArguments),
    /// Put the shards of a sweep together, every member exactly once
    Merge(MergeArguments),
    /// Print what one member sets, as `--set` of `run` takes it
    Member(MemberArguments),
    /// Write the job scripts that run a sweep on a Slurm cluster
    Slurm(cluster::SlurmArguments),
}

/// The study and what changes its scenario.
#[derive(Debug, Clone, Args)]
struct StudyArguments {
    /// Study file (NAME.study.toml with study = "sweep")
    study: PathBuf,
    #[command(flatten)]
    changes: Changes,
}

#[derive(Debug, Clone, Args)]
struct Lanes {
    /// Threads (default: one per core); the results do not depend on it
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,
    /// Members side by side in one thread: 1, 4, 8 or 16; the results do not depend on it
    #[arg(long, value_name = "N", default_value = "8", value_parser = width)]
    lanes: Width,
    /// Take the chunks in an order shuffled with this number
    #[arg(long, value_name = "SEED", hide = true)]
    shuffle: Option<u64>,
}

#[derive(Debug, Args)]
struct PlanArguments {
    #[command(flatten)]
    study: StudyArguments,
    /// Folder for the plan (default: output/TOPIC/QUESTION)
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct ShardArguments {
    #[command(flatten)]
    study: StudyArguments,
    #[command(flatten)]
    lanes: Lanes,
    /// Which shard of how many, from 1 (default: the variables of a Slurm job array)
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<Shard>,
    /// Folder for the chunks; shards may share it (default: output/TOPIC/QUESTION)
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct MergeArguments {
    #[command(flatten)]
    study: StudyArguments,
    /// Folders with chunks
    #[arg(required = true)]
    folders: Vec<PathBuf>,
    /// Folder for the results (default: the first of the folders)
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct MemberArguments {
    #[command(flatten)]
    study: StudyArguments,
    /// Number of the member, from 0
    member: u64,
}

/// Every `count`-th chunk from `index` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u64,
    count: u64,
}

fn width(text: &str) -> Result<Width, String> {
    match text {
        "1" => Ok(Width::One),
        "4" => Ok(Width::Four),
        "8" => Ok(Width::Eight),
        "16" => Ok(Width::Sixteen),
        _ => Err("1, 4, 8 or 16".to_string()),
    }
}

fn shard(text: &str) -> Result<Shard, String> {
    let wrong = || format!("`{text}` should read 2/7: the second of seven, counted from 1");
    let (index, count) = text.split_once('/').ok_or_else(wrong)?;
    let number = |text: &str| text.trim().parse::<u64>().map_err(|_| wrong());
    let (index, count) = (number(index)?, number(count)?);
    if index == 0 || index > count {
        return Err(wrong());
    }
    Ok(Shard {
        index: index - 1,
        count,
    })
}

impl Shard {
    /// From SLURM_ARRAY_TASK_ID, _MIN and _COUNT; the whole sweep outside a job array.
    fn of_job_array() -> Result<Shard, String> {
        let variable = |name: &str| std::env::var(name).ok();
        let Some(id) = variable("SLURM_ARRAY_TASK_ID") else {
            return Ok(Shard { index: 0, count: 1 });
        };
        let number = |name: &str, text: Option<String>| -> Result<u64, String> {
            let text = text.ok_or(format!("{name} is not set"))?;
            text.parse()
                .map_err(|_| format!("{name} = {text} is not a number"))
        };
        let id = number("SLURM_ARRAY_TASK_ID", Some(id))?;
        let least = number("SLURM_ARRAY_TASK_MIN", variable("SLURM_ARRAY_TASK_MIN"))?;
        let count = number("SLURM_ARRAY_TASK_COUNT", variable("SLURM_ARRAY_TASK_COUNT"))?;
        let index = id.checked_sub(least).filter(|index| *index < count);
        let index = index.ok_or(
            "the job array has gaps: number its tasks without a step, as in --array=1-7"
                .to_string(),
        )?;
        Ok(Shard { index, count })
    }
}

pub fn run(arguments: &SweepArguments) -> u8 {
    let done = match &arguments.part {
        Some(Part::Plan(arguments)) => plan_only(arguments),
        Some(Part::Run(arguments)) => run_shard(arguments),
        Some(Part::Merge(arguments)) => merge(arguments),
        Some(Part::Member(arguments)) => member(arguments),
        Some(Part::Slurm(arguments)) => cluster::slurm(arguments),
        None => run_whole(arguments),
    };
    done.unwrap_or_else(|code| code)
}

/// One clear message; the exit code.
fn complaint(code: u8, message: &str) -> u8 {
    eprintln!("error: {message}");
    code
}

fn unwritten(error: &write::WriteError) -> u8 {
    let (path, error) = (error.path.display(), &error.error);
    complaint(1, &format!("{path} could not be written: {error}"))
}

/// A sweep with its plan.
struct Loaded {
    sweep: Box<Sweep>,
    plan: Plan,
    /// As `timeseries.csv` calls it.
    name: String,
}

fn load(arguments: &StudyArguments) -> Result<Loaded, u8> {
    let overrides = arguments
        .changes
        .overrides()
        .map_err(|why| complaint(2, &why))?;
    let path = &arguments.study;
    let models = arguments.changes.models(path);
    let mut sources = Sources::default();
    let sweep = match load_study(path, &models, &overrides, &mut sources) {
        Ok(AnyStudy::Sweep(sweep)) => sweep,
        Ok(AnyStudy::Average(_)) => {
            let path = path.display();
            let message = format!("{path} is no sweep: run it with `myoflux average {path}`");
            return Err(complaint(2, &message));
        }
        Err(problems) => return Err(refuse(&problems, &sources)),
    };
    let plan = Plan::new(&sweep, path, &overrides);
    let name = tables::quoted(&question(path));
    Ok(Loaded { sweep, plan, name })
}

fn question(study: &Path) -> String {
    let name = study.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(SUFFIX).unwrap_or(&name).to_string()
}

fn usual_folder(study: &Path) -> PathBuf {
    let topic = study.parent().and_then(Path::file_name).unwrap_or_default();
    PathBuf::from("output").join(topic).join(question(study))
}

fn folder_of(given: Option<&PathBuf>, study: &StudyArguments) -> PathBuf {
    given.cloned().unwrap_or_else(|| usual_folder(&study.study))
}

/// What a sweep holds, in a few lines.
fn facts(loaded: &Loaded) -> String {
    let Loaded { sweep, plan, .. } = loaded;
    let arms: Vec<&str> = sweep
        .arms
        .iter()
        .map(|at| sweep.written.arms[*at].name.as_str())
        .collect();
    let mut text = format!(
        "{}\nmodel {}, {} members in {} chunks of {}, arms: {}\n",
        sweep.title,
        sweep.model.name,
        plan.members,
        plan.chunks(),
        plan.chunk,
        arms.join(", ")
    );
    for block in &sweep.design.blocks {
        text.push_str(&format!("  {:?}, {} members\n", block.kind, block.members));
        const SHOWN: usize = 12;
        for factor in block.factors.iter().take(SHOWN) {
            text.push_str(&format!("    {}: {}\n", factor.name, factor.describe()));
        }
        if block.factors.len() > SHOWN {
            text.push_str(&format!(
                "    … and {} more factors\n",
                block.factors.len() - SHOWN
            ));
        }
    }
    text
}

fn save_plan(folder: &Path, plan: &Plan) -> Result<(), u8> {
    carry_out::save(folder, plan::FILE, plan.json().as_bytes()).map_err(|error| unwritten(&error))
}

/// The plan in a folder, if it is that of this sweep.
fn matching(folder: &Path, now: &Plan) -> Result<Option<Plan>, u8> {
    let Some(known) = Plan::read(folder).map_err(|why| complaint(2, &why))? else {
        return Ok(None);
    };
    match known.differs_from(now) {
        None => Ok(Some(known)),
        Some(why) => Err(complaint(
            2,
            &format!(
                "{} holds another sweep: {why}. Go back to what it was begun with, or choose another \
                 folder with -o",
                folder.display()
            ),
        )),
    }
}

fn plan_only(arguments: &PlanArguments) -> Result<u8, u8> {
    let loaded = load(&arguments.study)?;
    let folder = folder_of(arguments.output.as_ref(), &arguments.study);
    if matching(&folder, &loaded.plan)?.is_none() {
        save_plan(&folder, &loaded.plan)?;
    }
    say(&facts(&loaded));
    say(&format!(
        "planned in {}\n",
        folder.join(plan::FILE).display()
    ));
    Ok(0)
}

fn run_whole(arguments: &SweepArguments) -> Result<u8, u8> {
    let study = StudyArguments {
        study: arguments.study.clone().expect("required without a part"),
        changes: arguments.changes.clone(),
    };
    let loaded = load(&study)?;
    if arguments.dry_run {
        say(&facts(&loaded));
        return Ok(0);
    }
    let folder = folder_of(arguments.output.as_ref(), &study);
    let begun = chunk::found(&folder).map_err(|why| complaint(2, &why))?;
    if arguments.resume {
        if let Some(known) = matching(&folder, &loaded.plan)?
            && let Some(result) = &known.result
        {
            say(&format!(
                "nothing is left to do: {} is complete\n",
                folder.display()
            ));
            return Ok(code(result.failed, known.members));
        }
    } else if !begun.is_empty() {
        return Err(complaint(
            2,
            &format!(
                "{} holds an unfinished sweep: go on with --resume, or choose another folder with -o",
                folder.display()
            ),
        ));
    }
    save_plan(&folder, &loaded.plan)?;
    let shard = Shard { index: 0, count: 1 };
    let work = Work::new(&loaded, &folder, shard, &arguments.lanes)?;
    work.run()?;
    let places = tables::located(&loaded.plan, std::slice::from_ref(&folder));
    let result = finish(&loaded, places, &folder)?;
    // Nothing is needed of the chunks any more; if they cannot be removed, nothing is lost either.
    let _ = std::fs::remove_dir_all(folder.join(chunk::FOLDER));
    Ok(result)
}

fn run_shard(arguments: &ShardArguments) -> Result<u8, u8> {
    let loaded = load(&arguments.study)?;
    let shard = match arguments.shard {
        Some(shard) => shard,
        None => Shard::of_job_array().map_err(|why| complaint(2, &why))?,
    };
    let folder = folder_of(arguments.output.as_ref(), &arguments.study);
    if matching(&folder, &loaded.plan)?.is_none() {
        save_plan(&folder, &loaded.plan)?;
    }
    let work = Work::new(&loaded, &folder, shard, &arguments.lanes)?;
    let (members, failed) = work.run()?;
    say(&format!(
        "shard {} of {}: {members} members, {failed} failed, in {}\n",
        shard.index + 1,
        shard.count,
        folder.display()
    ));
    Ok(code(failed, members))
}

fn merge(arguments: &MergeArguments) -> Result<u8, u8> {
    let loaded = load(&arguments.study)?;
    for folder in &arguments.folders {
        if matching(folder, &loaded.plan)?.is_none() {
            let message = format!("{} holds no sweep", folder.display());
            return Err(complaint(2, &message));
        }
    }
    let folder = arguments.output.as_ref().unwrap_or(&arguments.folders[0]);
    let places = tables::located(&loaded.plan, &arguments.folders);
    finish(&loaded, places, folder)
}

/// Tables, figures and the final plan; the exit code.
fn finish(
    loaded: &Loaded,
    places: Result<Vec<PathBuf>, tables::Broken>,
    folder: &Path,
) -> Result<u8, u8> {
    let Loaded { sweep, plan, .. } = loaded;
    let broken = |broken: tables::Broken| match broken {
        tables::Broken::Chunk(why) => complaint(1, &why),
        tables::Broken::Write(error) => unwritten(&error),
    };
    let places = places.map_err(broken)?;
    carry_out::made(folder).map_err(|error| unwritten(&error))?;
    let result = tables::assemble(sweep, plan, &places, folder).map_err(broken)?;
    let failed = result.failed;
    let figures = draw(sweep, folder, failed)?;
    let complete = Plan {
        result: Some(result),
        ..plan.clone()
    };
    save_plan(folder, &complete)?;
    say(&format!(
        "{}\n{} members, {failed} failed{}; tables and {figures} figures in {}\n",
        sweep.title,
        plan.members,
        if failed > 0 { ": see failures.csv" } else { "" },
        folder.display()
    ));
    Ok(code(failed, plan.members))
}

/// Draws the figures; how many there are.
fn draw(sweep: &Sweep, folder: &Path, failed: u64) -> Result<usize, u8> {
    let scenes = figures::scenes(sweep, folder, failed).map_err(|why| complaint(1, &why))?;
    for (at, scene) in scenes.iter().enumerate() {
        let name = format!("figures/figure_{}", at + 1);
        let files = [
            (format!("{name}.svg"), svg(scene, Font::Inside).into_bytes()),
            (format!("{name}.png"), png(scene)),
        ];
        for (name, bytes) in files {
            carry_out::save(folder, &name, &bytes).map_err(|error| unwritten(&error))?;
        }
    }
    Ok(scenes.len())
}

fn code(failed: u64, members: u64) -> u8 {
    match failed {
        0 => 0,
        n if n == members => 1,
        _ => 3,
    }
}

fn member(arguments: &MemberArguments) -> Result<u8, u8> {
    let Loaded { sweep, plan, .. } = load(&arguments.study)?;
    if arguments.member >= plan.members {
        let message = format!("the members of this sweep are 0 to {}", plan.members - 1);
        return Err(complaint(2, &message));
    }
    let settings = sweep.design.settings(arguments.member);
    for (factor, setting) in sweep.design.factors().zip(settings) {
        for path in &factor.paths {
            say(&format!("{path}={}\n", setting.written()));
        }
    }
    Ok(0)
}
