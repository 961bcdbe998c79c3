//! Chunks over threads: each is run, written whole, and counted.
//!
//! Promises: whatever ends the program, a chunk is on disk whole or not at all; the first file that cannot be
//! written stops the sweep with one message, and what was finished before it is kept.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::{Lanes, Loaded, Shard, complaint, unwritten};
use crate::cli::progress;
use crate::compile::compile;
use crate::report::sweep::chunk;
use crate::report::words;
use crate::report::write::{self, WriteError};
use crate::study::design::random;
use crate::study::sweep::run::{self, Prepared};

/// Held while a file is written, so that an interruption waits until it is whole.
static WRITING: Mutex<()> = Mutex::new(());

/// Writes a file whole.
///
/// # Errors
/// What the system refused.
pub fn save(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
    let _writing = WRITING.lock();
    write::whole(folder, name, bytes).map(|_| ())
}

/// Makes a folder.
///
/// # Errors
/// What the system refused.
pub fn made(folder: &Path) -> Result<(), WriteError> {
    std::fs::create_dir_all(folder).map_err(|error| WriteError {
        path: folder.to_path_buf(),
        error,
    })
}

/// The chunks of a shard that are not there yet.
pub struct Work<'l> {
    loaded: &'l Loaded,
    folder: PathBuf,
    todo: Vec<u64>,
    /// Members and failed members of the chunks that are there.
    kept: (u64, u64),
    lanes: Lanes,
}

impl<'l> Work<'l> {
    /// # Errors
    /// The exit code, after saying why the folder cannot be used.
    pub fn new(
        loaded: &'l Loaded,
        folder: &Path,
        shard: Shard,
        lanes: &Lanes,
    ) -> Result<Work<'l>, u8> {
        let plan = &loaded.plan;
        let mine = |chunk: &u64| chunk % shard.count == shard.index;
        let mut kept = (0, 0);
        let mut done = BTreeSet::new();
        for (number, path) in chunk::found(folder).map_err(|why| complaint(2, &why))? {
            if !mine(&number) || number >= plan.chunks() {
                continue;
            }
            // What is damaged is run again; what belongs to another sweep is refused.
            match chunk::read(&path, plan, number) {
                Ok(known) => {
                    let (first, last) = plan.span(number);
                    kept = (kept.0 + last + 1 - first, kept.1 + known.head.failed);
                    done.insert(number);
                }
                Err(why) if why.ends_with("belongs to another sweep") => {
                    return Err(complaint(2, &why));
                }
                Err(_) => {}
            }
        }
        let mut todo: Vec<u64> = (0..plan.chunks())
            .filter(mine)
            .filter(|chunk| !done.contains(chunk))
            .collect();
        if let Some(seed) = lanes.shuffle {
            todo.sort_by_key(|chunk| random::key(&[seed, *chunk]));
        }
        Ok(Work {
            loaded,
            folder: folder.to_path_buf(),
            todo,
            kept,
            lanes: lanes.clone(),
        })
    }

    /// Runs them all. Members and failed members of the whole shard.
    ///
    /// # Errors
    /// The exit code, after one message.
    pub fn run(&self) -> Result<(u64, u64), u8> {
        if self.todo.is_empty() {
            return Ok(self.kept);
        }
        made(&self.folder.join(chunk::FOLDER)).map_err(|error| unwritten(&error))?;
        let sweep = &self.loaded.sweep;
        let program = compile(&sweep.model);
        let prepared =
            Prepared::new(sweep, &program, self.lanes.lanes).map_err(|(arm, failure)| {
                let why = words::failure(&failure, &sweep.model);
                complaint(1, &format!("there is no start to share: arm {arm}: {why}"))
            })?;
        self.over_threads(&prepared)
    }

    fn over_threads(&self, prepared: &Prepared) -> Result<(u64, u64), u8> {
        let threads = usize::from(self.lanes.threads.unwrap_or(0));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|error| complaint(1, &error.to_string()))?;
        let plan = &self.loaded.plan;
        let arms = prepared.sweep.arms.len() as u64;
        let members = |chunk: &u64| plan.span(*chunk).1 + 1 - plan.span(*chunk).0;
        let total: u64 = self.todo.iter().map(members).sum();
        let pace = Pace::new(self.kept.0, total, arms);
        let next = AtomicUsize::new(0);
        let failed = AtomicU64::new(self.kept.1);
        let stop = AtomicBool::new(false);
        let trouble: Mutex<Option<WriteError>> = Mutex::new(None);
        watch_interruptions(&self.folder);
        pool.broadcast(|_| {
            while !stop.load(Ordering::Relaxed) {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(&number) = self.todo.get(at) else {
                    break;
                };
                let results = run::chunk(prepared, number, &mut || pace.arm_finished());
                pace.reached(members(&number), &results);
                failed.fetch_add(
                    results
                        .iter()
                        .filter(|result| result.outcome.is_err())
                        .count() as u64,
                    Ordering::Relaxed,
                );
                let bytes = chunk::bytes(prepared.sweep, plan, &self.loaded.name, number, &results);
                if let Err(error) = save(&self.folder, &chunk::name(number), &bytes) {
                    stop.store(true, Ordering::Relaxed);
                    let mut first = trouble.lock().expect("no thread has panicked");
                    first.get_or_insert(error);
                }
            }
        });
        pace.bar.finish_and_clear();
        match trouble.into_inner().expect("no thread has panicked") {
            None => Ok((self.kept.0 + total, failed.into_inner())),
            Some(error) => {
                let (path, error) = (error.path.display(), &error.error);
                Err(complaint(
                    1,
                    &format!(
                        "{path} could not be written: {error}. Every chunk finished before is kept: make \
                         room, then run again with --resume"
                    ),
                ))
            }
        }
    }
}

/// On Ctrl-C, or when a job's time is up: one message, and the end between two files.
fn watch_interruptions(folder: &Path) {
    let folder = folder.to_path_buf();
    // A handler that is there already is one of ours, or somebody else's to keep.
    let _ = ctrlc::set_handler(move || {
        let _writing = WRITING.lock();
        let kept = chunk::found(&folder).map_or(0, |found| found.len());
        eprintln!(
            "interrupted: {kept} finished chunks are kept in {}; the same command with --resume goes on",
            folder.display()
        );
        std::process::exit(130);
    });
}

/// How far it has come, how fast, and how long the rest takes at the pace of this run.
struct Pace {
    bar: ProgressBar,
    begun: Instant,
    arms: u64,
    before: u64,
    total: u64,
    finished: AtomicU64,
    shown: Mutex<Instant>,
}

impl Pace {
    fn new(before: u64, total: u64, arms: u64) -> Pace {
        let bar = progress(before + total);
        let style = ProgressStyle::with_template("{bar:30} {pos} of {len} members {msg}");
        bar.set_style(style.expect("a valid template"));
        bar.set_position(before);
        Pace {
            bar,
            begun: Instant::now(),
            arms,
            before,
            total,
            finished: AtomicU64::new(0),
            shown: Mutex::new(Instant::now()),
        }
    }

    /// One arm of a member has ended.
    fn arm_finished(&self) {
        let finished = self.finished.fetch_add(1, Ordering::Relaxed) + 1;
        let Ok(mut shown) = self.shown.try_lock() else {
            return;
        };
        if self.bar.is_hidden() || shown.elapsed() < Duration::from_millis(200) {
            return;
        }
        *shown = Instant::now();
        let members = finished as f64 / self.arms as f64;
        let seconds = self.begun.elapsed().as_secs_f64();
        self.bar.set_position(self.before + members as u64);
        self.bar
            .set_message(pace(members, self.total as f64, seconds));
    }

    /// A chunk has ended: members that failed before they ran count too.
    fn reached(&self, members: u64, results: &[run::MemberResult]) {
        let stages = results.iter().filter(|result| {
            use run::Cause::{Scenario, Start, WarmUp};
            let cause = result.outcome.as_ref().err().map(|failed| &failed.cause);
            matches!(cause, Some(Scenario(_) | Start(..) | WarmUp(_)))
        });
        debug_assert!(results.len() as u64 == members);
        let missing = stages.count() as u64 * self.arms;
        self.finished.fetch_add(missing, Ordering::Relaxed);
    }
}

/// `· 412 per second · 1 min 20 s left`.
fn pace(done: f64, total: f64, seconds: f64) -> String {
    if done < 1.0 || seconds < 1.0 {
        return String::new();
    }
    let rate = done / seconds;
    let left = ((total - done).max(0.0) / rate).round() as u64;
    let time = match (left / 3600, left / 60 % 60, left % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    };
    format!("· {rate:.1} per second · {time} left")
}

#[cfg(test)]
mod tests {
    use super::pace;

    #[test]
    fn the_rest_takes_as_long_as_the_pace_says() {
        assert_eq!(pace(50.0, 150.0, 10.0), "· 5.0 per second · 20 s left");
        assert_eq!(
            pace(10.0, 7210.0, 10.0),
            "· 1.0 per second · 2 h 0 min left"
        );
        assert_eq!(pace(0.0, 10.0, 10.0), "");
    }
}
