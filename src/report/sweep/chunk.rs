//! Results of one chunk of members as one file: a line that says what it is, then the rows of each table.
//!
//! The line holds the digest of the plan and of the rows, so that a part of another sweep, or one that a disk
//! has damaged, is known before it is merged.

use std::fmt::Write;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::plan::{Plan, hash};
use super::tables::quoted;
use crate::report::table::{exact, unit_name};
use crate::report::words;
use crate::study::sweep::Sweep;
use crate::study::sweep::run::{Cause, Failed, MemberResult};
use crate::units::Unit;

/// Folder of the chunks inside that of a sweep.
pub const FOLDER: &str = "chunks";

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Head {
    pub plan: String,
    pub chunk: u64,
    pub failed: u64,
    /// Bytes of the rows of members.csv, failures.csv and series.csv.
    pub lengths: [usize; 3],
    pub sha256: String,
}

/// Rows of one chunk.
#[derive(Debug, Clone)]
pub struct Chunk {
    pub head: Head,
    /// Members, failures, series.
    pub tables: [String; 3],
}

/// `chunks/chunk_00000012`.
pub fn name(chunk: u64) -> String {
    format!("{FOLDER}/chunk_{chunk:08}")
}

/// The number of a chunk from its file's name.
pub fn number(name: &str) -> Option<u64> {
    name.strip_prefix("chunk_")?.parse().ok()
}

/// The bytes of a chunk's file.
pub fn bytes(
    sweep: &Sweep,
    plan: &Plan,
    run: &str,
    chunk: u64,
    results: &[MemberResult],
) -> Vec<u8> {
    let mut tables = [String::new(), String::new(), String::new()];
    let mut failed = 0;
    for result in results {
        member_row(sweep, result, &mut tables[0]);
        match &result.outcome {
            Ok(_) => series_rows(sweep, run, result, &mut tables[2]),
            Err(why) => {
                failed += 1;
                failure_row(sweep, result.member, why, &mut tables[1]);
            }
        }
    }
    let body = tables.concat();
    let head = Head {
        plan: plan.digest.clone(),
        chunk,
        failed,
        lengths: [0, 1, 2].map(|k| tables[k].len()),
        sha256: hash(body.as_bytes()),
    };
    let head = serde_json::to_string(&head).expect("plain data has a text");
    format!("{head}\n{body}").into_bytes()
}

/// Reads a chunk's file and holds it against the plan.
///
/// # Errors
/// What is wrong with it, in words.
pub fn read(path: &Path, plan: &Plan, chunk: u64) -> Result<Chunk, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    let damaged = || format!("{} is damaged", path.display());
    let (head, body) = text.split_once('\n').ok_or_else(damaged)?;
    let head: Head = serde_json::from_str(head).map_err(|_| damaged())?;
    if head.plan != plan.digest || head.chunk != chunk {
        return Err(format!("{} belongs to another sweep", path.display()));
    }
    let [a, b, c] = head.lengths;
    if a + b + c != body.len() || hash(body.as_bytes()) != head.sha256 {
        return Err(damaged());
    }
    let tables = [&body[..a], &body[a..a + b], &body[a + b..]].map(str::to_string);
    Ok(Chunk { head, tables })
}

/// The chunks that a folder holds: number and path, in order of number.
///
/// # Errors
/// Why the folder cannot be read; one that is not there holds none.
pub fn found(folder: &Path) -> Result<Vec<(u64, PathBuf)>, String> {
    let folder = folder.join(FOLDER);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(format!("{} cannot be read: {error}", folder.display())),
    };
    let mut chunks = Vec::new();
    for entry in entries.flatten() {
        if let Some(chunk) = number(&entry.file_name().to_string_lossy()) {
            chunks.push((chunk, entry.path()));
        }
    }
    chunks.sort();
    Ok(chunks)
}

fn member_row(sweep: &Sweep, result: &MemberResult, text: &mut String) {
    let outcome = if result.outcome.is_ok() {
        "ok"
    } else {
        "failed"
    };
    let _ = write!(text, "{},{outcome}", result.member);
    let factors = sweep.design.factors().zip(&result.settings);
    for (_, setting) in factors.filter(|(factor, _)| factor.listed) {
        let value = match setting.number {
            Some(number) => exact(number),
            None => quoted(&setting.label),
        };
        let _ = write!(text, ",{value}");
    }
    for at in 0..sweep.records.len() {
        let value = result
            .outcome
            .as_ref()
            .ok()
            .and_then(|kept| kept.values[at]);
        let _ = write!(text, ",{}", value.map(exact).unwrap_or_default());
    }
    text.push('\n');
}

fn series_rows(sweep: &Sweep, run: &str, result: &MemberResult, text: &mut String) {
    let (Some(series), Ok(kept)) = (&sweep.series, &result.outcome) else {
        return;
    };
    let unit = &sweep.written.time_unit;
    let second = Unit::parse("s").expect("s is a unit");
    let per_second = second.ratio_to(unit).unwrap_or(1.0);
    for (arm, (times, values)) in series.arms.iter().zip(&kept.series) {
        let arm = quoted(&sweep.written.arms[*arm].name);
        for ((column, name), values) in series.columns.iter().zip(values) {
            let own = unit_name(sweep.model.column_unit(*column));
            for (time, value) in times.iter().zip(values) {
                let (time, value) = (exact(time * per_second), exact(*value));
                let member = result.member;
                let _ = writeln!(
                    text,
                    "{run},{arm},{member},{time},{},{name},{value},{own}",
                    unit.text
                );
            }
        }
    }
}

fn failure_row(sweep: &Sweep, member: u64, failed: &Failed, text: &mut String) {
    let (stage, reason) = reason(sweep, failed);
    let arm = failed.arm.map(|at| quoted(&sweep.written.arms[at].name));
    let _ = writeln!(
        text,
        "{member},{},{stage},{}",
        arm.unwrap_or_default(),
        quoted(&reason)
    );
}

/// At which stage a member failed, and why.
fn reason(sweep: &Sweep, failed: &Failed) -> (&'static str, String) {
    let model = &sweep.model;
    match &failed.cause {
        Cause::Scenario(why) => ("scenario", why.clone()),
        Cause::Start(failure, told) => {
            let told = told
                .clone()
                .unwrap_or_else(|| words::failure(failure, model));
            ("start", told)
        }
        Cause::WarmUp(failure) => ("warm-up", words::failure(failure, model)),
        Cause::Run(failure) => ("run", words::failure(failure, model)),
    }
}
