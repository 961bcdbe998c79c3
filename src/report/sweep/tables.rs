//! Chunks in the order of their members → the tables of a sweep. One chunk is in memory at a time.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::chunk;
use super::plan::{Outcome, Output, Plan, hash, hex};
use crate::report::WriteError;
use crate::report::table::unit_name;
use crate::study::sweep::Sweep;

/// Why the tables could not be put together.
#[derive(Debug)]
pub enum Broken {
    /// A chunk is missing, there twice, damaged or of another sweep.
    Chunk(String),
    Write(WriteError),
}

impl From<WriteError> for Broken {
    fn from(error: WriteError) -> Self {
        Broken::Write(error)
    }
}

/// Heads of members.csv, failures.csv, series.csv.
fn heads(sweep: &Sweep) -> [String; 3] {
    let mut members = String::from("member,outcome");
    let factors = sweep.design.factors().filter(|factor| factor.listed);
    for name in factors
        .map(|factor| &factor.name)
        .chain(sweep.records.iter().map(|record| &record.name))
    {
        members.push(',');
        members.push_str(&quoted(name));
    }
    members.push('\n');
    [
        members,
        "member,arm,stage,reason\n".to_string(),
        "run,arm,member,time,time_unit,variable,value,unit\n".to_string(),
    ]
}

/// What the columns of members.csv mean.
fn columns(sweep: &Sweep) -> String {
    let mut text = String::from("column,kind,title,unit\n");
    text.push_str("member,number,Number of the member,\n");
    text.push_str("outcome,outcome,ok or failed,\n");
    for factor in sweep.design.factors().filter(|factor| factor.listed) {
        let title = factor
            .title
            .clone()
            .unwrap_or_else(|| factor.paths.join(", "));
        let unit = factor.unit().map_or("", unit_name);
        text.push_str(&format!(
            "{},factor,{},{unit}\n",
            quoted(&factor.name),
            quoted(&title)
        ));
    }
    for record in &sweep.records {
        let unit = unit_name(&record.measure.unit);
        text.push_str(&format!(
            "{},record,{},{unit}\n",
            quoted(&record.name),
            quoted(&record.title)
        ));
    }
    text
}

/// A field of a table.
pub fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_string()
    }
}

/// Where each chunk is: every one exactly once among these folders.
///
/// # Errors
/// The chunks that are missing or there twice, by name.
pub fn located(plan: &Plan, folders: &[PathBuf]) -> Result<Vec<PathBuf>, Broken> {
    let mut places: Vec<Vec<PathBuf>> = vec![Vec::new(); plan.chunks() as usize];
    for folder in folders {
        for (number, path) in chunk::found(folder).map_err(Broken::Chunk)? {
            match places.get_mut(number as usize) {
                Some(known) => known.push(path),
                None => {
                    let name = path.display();
                    return Err(Broken::Chunk(format!("{name} belongs to another sweep")));
                }
            }
        }
    }
    let named = |at: usize| {
        let (first, last) = plan.span(at as u64);
        format!("chunk {at} (members {first} to {last})")
    };
    let twice = places.iter().position(|known| known.len() > 1);
    if let Some(at) = twice {
        let paths: Vec<String> = places[at].iter().map(|p| p.display().to_string()).collect();
        return Err(Broken::Chunk(format!(
            "{} is there {} times: {}; merge each shard once",
            named(at),
            paths.len(),
            paths.join(", ")
        )));
    }
    let missing: Vec<usize> = (0..places.len())
        .filter(|at| places[*at].is_empty())
        .collect();
    if let Some(first) = missing.first() {
        let others = match missing.len() {
            1 => String::new(),
            n => format!(" and {} more of {}", n - 1, places.len()),
        };
        return Err(Broken::Chunk(format!(
            "{} is missing{others}: run what is left, then merge",
            named(*first)
        )));
    }
    Ok(places.into_iter().flatten().collect())
}

/// Writes all tables into `folder`, each whole or not at all.
///
/// # Errors
/// A chunk that is not what the plan says, or a file that could not be written.
pub fn assemble(
    sweep: &Sweep,
    plan: &Plan,
    places: &[PathBuf],
    folder: &Path,
) -> Result<Outcome, Broken> {
    let names = ["members.csv", "failures.csv", "series.csv"];
    let kept = if sweep.series.is_some() { 3 } else { 2 };
    let mut tables = Vec::new();
    for (name, head) in names.iter().zip(heads(sweep)).take(kept) {
        let mut table = Table::create(folder, name)?;
        table.write(&head)?;
        tables.push(table);
    }
    let mut failed = 0;
    for (at, path) in places.iter().enumerate() {
        let chunk = chunk::read(path, plan, at as u64).map_err(Broken::Chunk)?;
        failed += chunk.head.failed;
        for (table, rows) in tables.iter_mut().zip(&chunk.tables) {
            table.write(rows)?;
        }
    }
    let mut outputs = Vec::new();
    for table in tables {
        outputs.push(table.finish()?);
    }
    let columns = columns(sweep);
    crate::report::write::whole(folder, "columns.csv", columns.as_bytes())?;
    outputs.push(Output {
        file: "columns.csv".to_string(),
        sha256: hash(columns.as_bytes()),
    });
    Ok(Outcome { failed, outputs })
}

/// A table that grows under another name until it is whole.
struct Table {
    name: String,
    path: PathBuf,
    part: PathBuf,
    file: BufWriter<File>,
    digest: Sha256,
    done: bool,
}

impl Table {
    fn create(folder: &Path, name: &str) -> Result<Table, WriteError> {
        let path = folder.join(name);
        let part = folder.join(format!(".{name}.part"));
        match File::create(&part) {
            Ok(file) => Ok(Table {
                name: name.to_string(),
                path,
                part,
                file: BufWriter::with_capacity(1 << 16, file),
                digest: Sha256::new(),
                done: false,
            }),
            Err(error) => Err(WriteError { path, error }),
        }
    }

    fn write(&mut self, text: &str) -> Result<(), WriteError> {
        self.digest.update(text.as_bytes());
        self.file
            .write_all(text.as_bytes())
            .map_err(|error| WriteError {
                path: self.path.clone(),
                error,
            })
    }

    fn finish(mut self) -> Result<Output, WriteError> {
        let flushed = self.file.flush();
        let kept = flushed.and_then(|()| self.file.get_ref().sync_all());
        let renamed = kept.and_then(|()| std::fs::rename(&self.part, &self.path));
        if let Err(error) = renamed {
            return Err(WriteError {
                path: self.path.clone(),
                error,
            });
        }
        self.done = true;
        Ok(Output {
            file: self.name.clone(),
            sha256: hex(&self.digest.clone().finalize()),
        })
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        if !self.done {
            let _ = std::fs::remove_file(&self.part);
        }
    }
}
