//! Chunks in the order of their members → the tables of a sweep. One chunk is in memory at a time; with feature
//! `parquet` each table is written once more, some rows at a time.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::chunk;
use super::plan::{Outcome, Output, Plan, hash, hex};
use crate::report::WriteError;
use crate::report::dictionary::{
    Kind::{self, Integer, Number, Text},
    TIMESERIES,
};
use crate::report::table::unit_name;
use crate::study::design::Form;
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

/// The tables, in the order in which a chunk holds their rows.
const TABLES: [&str; 3] = ["members", "failures", "series"];

/// Their columns.
fn heads(sweep: &Sweep) -> [Vec<(String, Kind)>; 3] {
    let named = |columns: &[(&str, Kind)]| -> Vec<(String, Kind)> {
        let columns = columns.iter();
        columns
            .map(|(name, kind)| (name.to_string(), *kind))
            .collect()
    };
    let mut members = named(&[("member", Integer), ("outcome", Text)]);
    let factors = sweep.design.factors().filter(|factor| factor.listed);
    members.extend(factors.map(|factor| {
        let is_text = matches!(factor.form, Form::AsWritten);
        (factor.name.clone(), if is_text { Text } else { Number })
    }));
    let records = sweep.records.iter();
    members.extend(records.map(|record| (record.name.clone(), Number)));
    let failures = [
        ("member", Integer),
        ("arm", Text),
        ("stage", Text),
        ("reason", Text),
    ];
    let series = TIMESERIES.columns.iter();
    [
        members,
        named(&failures),
        series
            .map(|(name, kind, _)| (name.to_string(), *kind))
            .collect(),
    ]
}

/// The first line of a table with these columns.
fn first_line(columns: &[(String, Kind)]) -> String {
    let names: Vec<String> = columns.iter().map(|(name, _)| quoted(name)).collect();
    names.join(",") + "\n"
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
    let kept = if sweep.series.is_some() { 3 } else { 2 };
    let heads = &heads(sweep)[..kept];
    let mut tables = Vec::new();
    for (name, columns) in TABLES.iter().zip(heads) {
        let mut table = Table::create(folder, &format!("{name}.csv"))?;
        table.put(&first_line(columns))?;
        tables.push(table);
    }
    let mut failed = 0;
    for (at, path) in places.iter().enumerate() {
        let chunk = chunk::read(path, plan, at as u64).map_err(Broken::Chunk)?;
        failed += chunk.head.failed;
        for (table, rows) in tables.iter_mut().zip(&chunk.tables) {
            table.put(rows)?;
        }
    }
    let mut outputs = Vec::new();
    for table in tables {
        outputs.push(table.finish()?);
    }
    #[cfg(feature = "parquet")]
    for (name, columns) in TABLES.iter().zip(heads) {
        outputs.push(as_parquet(folder, name, columns)?);
    }
    let columns = columns(sweep);
    crate::report::write::whole(folder, "columns.csv", columns.as_bytes())?;
    outputs.push(Output {
        file: "columns.csv".to_string(),
        sha256: hash(columns.as_bytes()),
    });
    Ok(Outcome { failed, outputs })
}

/// Beside a CSV table the same as Parquet.
#[cfg(feature = "parquet")]
fn as_parquet(folder: &Path, name: &str, columns: &[(String, Kind)]) -> Result<Output, WriteError> {
    let columns = columns.iter().map(|(name, kind)| (name.as_str(), *kind));
    let columns: Vec<(&str, Kind)> = columns.collect();
    let mut table = Table::create(folder, &format!("{name}.parquet"))?;
    let rows = File::open(folder.join(format!("{name}.csv")));
    let made = rows.map_err(Into::into).and_then(|rows| {
        let rows = io::BufReader::new(rows);
        crate::report::parquet::stream(name, &columns, rows, &mut table)
    });
    made.map_err(|problem| WriteError {
        path: table.path.clone(),
        error: io::Error::other(problem),
    })?;
    table.finish()
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

    fn put(&mut self, text: &str) -> Result<(), WriteError> {
        self.write_all(text.as_bytes()).map_err(|error| WriteError {
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

impl Write for Table {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        if !self.done {
            let _ = std::fs::remove_file(&self.part);
        }
    }
}
