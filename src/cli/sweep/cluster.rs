//! `myoflux sweep slurm`: the scripts of a job array and of the job that merges it.

use std::path::PathBuf;

use clap::Args;

use super::carry_out::save;
use super::{StudyArguments, folder_of, load, save_plan, say, unwritten};

#[derive(Debug, Args)]
pub struct SlurmArguments {
    #[command(flatten)]
    study: StudyArguments,
    /// Tasks of the job array
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    shards: u32,
    /// Cores of one task
    #[arg(long, value_name = "N", default_value_t = 1)]
    cores: u16,
    /// Longest time of one task
    #[arg(long, value_name = "HH:MM:SS", default_value = "04:00:00")]
    time: String,
    /// Memory of one task
    #[arg(long, value_name = "SIZE", default_value = "1G")]
    memory: String,
    /// Folder that all tasks see (default: output/TOPIC/QUESTION)
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

/// Writes the plan and both scripts.
///
/// # Errors
/// The exit code, after saying why.
pub fn slurm(arguments: &SlurmArguments) -> Result<u8, u8> {
    let loaded = load(&arguments.study)?;
    let folder = folder_of(arguments.output.as_ref(), &arguments.study);
    if super::matching(&folder, &loaded.plan)?.is_none() {
        save_plan(&folder, &loaded.plan)?;
    }
    let name = super::question(&arguments.study.study);
    let place = folder.display().to_string();
    let study = arguments.study.study.display().to_string();
    let common = |job: &str, log: &str| {
        format!(
            "#!/bin/bash\n#SBATCH --job-name={name}-{job}\n#SBATCH --output={place}/{log}\n\
             #SBATCH --time={}\n#SBATCH --mem={}\n",
            arguments.time, arguments.memory
        )
    };
    let changes = arguments.study.changes.repeated();
    let (study, out) = (shell(&study), shell(&place));
    // Members that fail are told in failures.csv; the array must not count as failed for them.
    let array = format!(
        "{}#SBATCH --array=1-{}\n#SBATCH --cpus-per-task={}\n\n\
         myoflux sweep run {study}{changes} -o {out} -j \"${{SLURM_CPUS_PER_TASK:-1}}\" || code=$?\n\
         case \"${{code:-0}}\" in 0|3) exit 0 ;; *) exit \"$code\" ;; esac\n",
        common("shard", "shard_%a.log"),
        arguments.shards,
        arguments.cores
    );
    let merge = format!(
        "{}\nmyoflux sweep merge {study} {out}{changes}\n",
        common("merge", "merge.log")
    );
    for (file, text) in [("shards.sbatch", array), ("merge.sbatch", merge)] {
        save(&folder, file, text.as_bytes()).map_err(|error| unwritten(&error))?;
    }
    say(&format!(
        "submit with\n  job=$(sbatch --parsable {place}/shards.sbatch)\n  \
         sbatch --dependency=afterok:$job {place}/merge.sbatch\n"
    ));
    Ok(0)
}

/// Quoted for a shell where it must be.
fn shell(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_string()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}
