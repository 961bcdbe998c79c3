//! The tables as Parquet (feature `parquet`): the columns of the CSV files, typed by `dictionary.rs`.
//!
//! Comes in: a CSV table as text. Goes out: a Parquet file with the same rows, empty cells as nulls. Large tables
//! are written as they are read, some rows at a time.
//! Promises: numbers have the bits that the text reads back to; the same text gives the same bytes.

use std::io::{Read, Write};
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;

use super::dictionary::{Kind, Table};

/// Rows that are in memory at once, one group of the file.
const ROWS: usize = 1 << 16;

/// A whole file.
///
/// # Panics
/// If the text is not a table of that name: a bug of ours.
pub fn parquet(table: &Table, csv: &str) -> Vec<u8> {
    let columns = table.columns.iter().map(|(name, kind, _)| (*name, *kind));
    let columns: Vec<(&str, Kind)> = columns.collect();
    let mut bytes = Vec::new();
    stream(table.name, &columns, csv.as_bytes(), &mut bytes)
        .expect("memory takes what is written to it");
    bytes
}

/// A CSV table of ours with these columns, written as it is read.
///
/// # Errors
/// What `csv` or `sink` refused.
///
/// # Panics
/// If the text is not a table with these columns: a bug of ours.
pub fn stream(
    name: &str,
    columns: &[(&str, Kind)],
    csv: impl Read,
    sink: impl Write + Send,
) -> Result<(), ParquetError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(format!("myoflux {}", env!("CARGO_PKG_VERSION")))
        .build();
    let fields = columns
        .iter()
        .map(|(name, kind)| field(name, *kind).map(Arc::new))
        .collect::<Result<Vec<_>, _>>()?;
    let schema = Type::group_type_builder(name).with_fields(fields).build()?;
    let mut file = SerializedFileWriter::new(sink, Arc::new(schema), Arc::new(properties))?;
    let mut records = csv::Reader::from_reader(csv).into_records();
    loop {
        let rows = records.by_ref().take(ROWS);
        let rows: Vec<csv::StringRecord> = rows
            .collect::<Result<_, _>>()
            .map_err(|problem| ParquetError::External(Box::new(problem)))?;
        if rows.is_empty() {
            break;
        }
        let mut group = file.next_row_group()?;
        for (at, (_, kind)) in columns.iter().enumerate() {
            let cells = rows.iter().map(|row| row.get(at).unwrap_or_default());
            column(&mut group, *kind, cells.collect())?;
        }
        group.close()?;
    }
    file.close()?;
    Ok(())
}

fn field(name: &str, kind: Kind) -> Result<Type, ParquetError> {
    let physical = match kind {
        Kind::Text => Physical::BYTE_ARRAY,
        Kind::Number => Physical::DOUBLE,
        Kind::Integer => Physical::INT64,
    };
    Type::primitive_type_builder(name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type((kind == Kind::Text).then_some(LogicalType::String))
        .build()
}

/// One column; a level of 0 stands for an empty cell.
fn column<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<W>,
    kind: Kind,
    cells: Vec<&str>,
) -> Result<(), ParquetError> {
    let levels: Vec<i16> = cells
        .iter()
        .map(|cell| i16::from(!cell.is_empty()))
        .collect();
    let filled = || cells.iter().filter(|cell| !cell.is_empty());
    let mut column = group.next_column()?.expect("as many columns as fields");
    match kind {
        Kind::Text => {
            let values: Vec<ByteArray> = filled().map(|cell| ByteArray::from(*cell)).collect();
            let writer = column.typed::<ByteArrayType>();
            writer.write_batch(&values, Some(&levels), None)?;
        }
        Kind::Number => {
            let number = |cell: &&str| cell.parse().expect("a number that we wrote");
            let values: Vec<f64> = filled().map(number).collect();
            let writer = column.typed::<DoubleType>();
            writer.write_batch(&values, Some(&levels), None)?;
        }
        Kind::Integer => {
            let number = |cell: &&str| cell.parse().expect("a number that we wrote");
            let values: Vec<i64> = filled().map(number).collect();
            let writer = column.typed::<Int64Type>();
            writer.write_batch(&values, Some(&levels), None)?;
        }
    }
    column.close()
}
