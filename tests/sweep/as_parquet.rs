//! The tables as Parquet hold what the CSV tables hold, number for number.

use std::fs::File;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

use crate::bench::{Bench, stderr};

/// A cell as CSV writes it would be read back: numbers by their bits.
fn same(cell: &str, field: &Field) -> bool {
    match field {
        Field::Null => cell.is_empty(),
        Field::Str(text) => cell == text,
        Field::Long(number) => cell.parse() == Ok(*number),
        Field::Double(number) => {
            let read: Result<f64, _> = cell.parse();
            read.is_ok_and(|read| read.to_bits() == number.to_bits())
        }
        _ => false,
    }
}

#[test]
fn every_table_is_there_once_more() {
    let bench = Bench::new();
    let output = bench.sweep(&["STUDY", "-o", "@out"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    for name in ["members", "failures", "series"] {
        let path = |ending| bench.path("out").join(format!("{name}.{ending}"));
        let mut csv = csv::Reader::from_path(path("csv")).expect("a table");
        let head = csv.headers().expect("a first line").clone();
        let file = File::open(path("parquet")).expect("the same table");
        let file = SerializedFileReader::new(file).expect("a Parquet file");
        let mut rows = file.get_row_iter(None).expect("rows");
        let mut count = 0;
        for line in csv.records() {
            let line = line.expect("a row");
            let row = rows.next().expect("as many rows").expect("a row");
            let fields: Vec<_> = row.get_column_iter().collect();
            assert_eq!(fields.len(), head.len(), "{name}");
            for ((column, cell), (called, field)) in head.iter().zip(&line).zip(fields) {
                assert_eq!(column, called, "{name}");
                assert!(same(cell, field), "{name}, {column}: {cell} is {field}");
            }
            count += 1;
        }
        assert!(rows.next().is_none(), "{name} has more rows");
        assert!(count > 0, "{name} has rows");
    }
}
