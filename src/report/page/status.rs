//! Laboratory markers at both ends, in the marker's unit and in the conventional one.

use super::{Cell, folded, table};
use crate::model::{Band, Biomarker};
use crate::report::figure::strip::short;
use crate::report::status::{Level, markers, system};
use crate::scenario::RunResult;

/// One row per marker and arm; folded, because the panel shows the same at a glance.
pub fn table_of_markers(result: &RunResult, body: &mut String) {
    let mut rows = Vec::new();
    for marker in markers(result) {
        let biomarker = marker.biomarker;
        for reading in &marker.readings {
            let levels = [reading.start, reading.end].map(|v| Level::of(reading.band, v).word());
            let [from, to] = levels;
            rows.push(vec![
                Cell::text(system(&result.model, biomarker)),
                Cell::text(&biomarker.title),
                Cell::text(&result.scenario.arms[reading.arm].name),
                Cell::Number(short(reading.start)),
                Cell::Number(short(reading.end)),
                Cell::Marked("unit", biomarker.unit.pretty()),
                Cell::Number(conventional(biomarker, [reading.start, reading.end])),
                Cell::text(if from == to {
                    from.to_string()
                } else {
                    format!("{from} → {to}")
                }),
                Cell::text(cut_offs(reading.band)),
            ]);
        }
    }
    let mut inside = String::new();
    let head = [
        "System",
        "Marker",
        "Arm",
        "Start",
        "End",
        "Unit",
        "Conventional",
        "Status",
        "Cut-offs",
    ];
    table(&head, &rows, &mut inside);
    folded("The values, in conventional units too", &inside, body);
}

fn conventional(biomarker: &Biomarker, values: [f64; 2]) -> String {
    let Some((unit, factor)) = &biomarker.conventional else {
        return String::new();
    };
    let [start, end] = values.map(|value| short(value * factor));
    format!("{start} → {end} {}", unit.pretty())
}

/// As the model file states them, in the marker's unit.
pub fn cut_offs(band: &Band) -> String {
    let limit = |word: &str, sign: &str, value: Option<f64>| {
        value.map(|value| format!("{word} {sign} {}", short(value)))
    };
    let limits = [
        limit("deficient", "<", band.deficient_below),
        limit("insufficient", "<", band.insufficient_below),
        limit("high", ">", band.high_above),
        limit("insufficient", ">", band.insufficient_above),
        limit("deficient", ">", band.deficient_above),
    ];
    limits.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
