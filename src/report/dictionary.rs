//! What the columns of a run's tables mean: tables.json for programs, docs/outputs.md for people.
//!
//! The one list of columns: headers are written from it, Parquet files take their types from it, and a
//! test holds docs/outputs.md against it.

use serde_json::json;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    Integer,
}

/// One table of a run: its file without ending, what a row is, and its columns (name, kind, meaning).
#[derive(Debug, Clone, Copy)]
pub struct Table {
    pub name: &'static str,
    pub rows: &'static str,
    pub columns: &'static [(&'static str, Kind, &'static str)],
}

use Kind::{Integer, Number, Text};

pub const TABLES: [Table; 4] = [TIMESERIES, SUMMARY, LEDGER, INTAKE];

pub const TIMESERIES: Table = Table {
    name: "timeseries",
    rows: "one value of one quantity at one time",
    columns: &[
        ("run", Text, "name of the scenario file without its ending"),
        ("arm", Text, "name of the arm"),
        ("member", Integer, "number within a study; 0 in a run"),
        (
            "time",
            Number,
            "time since the scenario's start, in time_unit",
        ),
        ("time_unit", Text, "unit of time"),
        (
            "variable",
            Text,
            "dotted name (module.name); biomarkers by their bare name",
        ),
        ("value", Number, "the value at that time, in unit"),
        (
            "unit",
            Text,
            "unit of the value as the model spells it; dimensionless for 1",
        ),
    ],
};

pub const SUMMARY: Table = Table {
    name: "summary",
    rows: "one arm and quantity, over everything that was recorded",
    columns: &[
        ("run", Text, "name of the scenario file without its ending"),
        ("arm", Text, "name of the arm"),
        (
            "variable",
            Text,
            "dotted name (module.name); biomarkers by their bare name",
        ),
        ("unit", Text, "unit of the values"),
        ("baseline", Number, "first value"),
        ("peak", Number, "highest value"),
        ("time_of_peak", Number, "when it is highest, in time_unit"),
        ("trough", Number, "lowest value"),
        ("time_of_trough", Number, "when it is lowest, in time_unit"),
        (
            "auc",
            Number,
            "area under the curve by trapezoids, in unit times time_unit",
        ),
        ("end", Number, "last value"),
        ("change", Number, "last value minus first"),
        (
            "time_below",
            Number,
            "time below the reference range of a biomarker for the arm's people, in time_unit; empty without a lower limit",
        ),
        (
            "time_above",
            Number,
            "time above the reference range, in time_unit; empty without an upper limit",
        ),
        (
            "time_deficient",
            Number,
            "time below the cut-off of deficiency, in time_unit; empty without one",
        ),
        ("time_unit", Text, "unit of the columns with times"),
    ],
};

pub const LEDGER: Table = Table {
    name: "ledger",
    rows: "one entry in the ledger of one nutrient (or other kind of matter) of one arm",
    columns: &[
        ("run", Text, "name of the scenario file without its ending"),
        ("arm", Text, "name of the arm"),
        (
            "nutrient",
            Text,
            "kind of matter, as the model's states name it",
        ),
        (
            "kind",
            Text,
            "nutrient (in the catalogue, or eaten) or moiety (what only goes round inside)",
        ),
        (
            "entry",
            Text,
            "intake, loss, store, total (of the stores) or error (intake - loss - change of the stores)",
        ),
        (
            "route",
            Text,
            "of an intake: diet, supplement, given (infusions and what else is driven), made inside (by the body or the flora of its gut); of a loss: out",
        ),
        ("name", Text, "the process, bolus input or state, dotted"),
        ("title", Text, "its title"),
        ("start", Number, "content at the start; stores and total"),
        ("end", Number, "content at the end; stores and total"),
        (
            "amount",
            Number,
            "what came, left, changed or is left over, in unit",
        ),
        (
            "relative",
            Number,
            "error only: relative to all that crossed the body's boundary; empty where nothing did",
        ),
        ("unit", Text, "unit of start, end and amount"),
    ],
};

pub const INTAKE: Table = Table {
    name: "intake",
    rows: "mean daily intake of one nutrient in one arm, against the reference intakes of its people",
    columns: &[
        ("run", Text, "name of the scenario file without its ending"),
        ("arm", Text, "name of the arm"),
        (
            "people",
            Text,
            "preset of people whose reference intakes these are",
        ),
        (
            "over",
            Text,
            "what the mean was taken over: run (its first whole days) or habit (before a run shorter than a day)",
        ),
        (
            "days",
            Number,
            "how many days of the run; empty for a habit",
        ),
        ("nutrient", Text, "name in the catalogue of nutrients"),
        ("diet", Number, "habitual diet and meals, per day"),
        ("supplements", Number, "supplements, per day"),
        ("total", Number, "both together"),
        (
            "ear",
            Number,
            "estimated average requirement; empty without one",
        ),
        (
            "rda",
            Number,
            "recommended dietary allowance; empty without one",
        ),
        ("ai", Number, "adequate intake; empty without one"),
        (
            "ul",
            Number,
            "tolerable upper intake level; empty without one",
        ),
        (
            "counted",
            Number,
            "what of the intake counts towards the upper level; empty without one",
        ),
        (
            "counts",
            Text,
            "the form that the upper level counts; empty for all forms",
        ),
        (
            "verdict",
            Text,
            "above UL, below EAR, between EAR and RDA, at least RDA, below AI, at least AI or not above UL",
        ),
        ("unit", Text, "unit of all intakes"),
    ],
};

impl Table {
    /// The first line of the CSV file.
    pub fn header(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, ..)| *name).collect();
        format!("{}\n", names.join(","))
    }
}

/// tables.json: metadata of the tables as the W3C's "CSV on the Web" has them.
pub fn json() -> String {
    let tables: Vec<serde_json::Value> = TABLES
        .iter()
        .map(|table| {
            let columns: Vec<serde_json::Value> = table
                .columns
                .iter()
                .map(|(name, kind, meaning)| {
                    json!({
                        "name": name,
                        "datatype": match kind { Text => "string", Number => "double", Integer => "integer" },
                        "dc:description": meaning,
                    })
                })
                .collect();
            json!({
                "url": format!("{}.csv", table.name),
                "dc:description": format!("Each row: {}.", table.rows),
                "tableSchema": { "columns": columns },
            })
        })
        .collect();
    let group = json!({ "@context": "http://www.w3.org/ns/csvw", "tables": tables });
    format!("{group:#}\n")
}
