//! Means of a study → a module file with one table per average.
//!
//! Promise: the same study and model give the same bytes.

use super::average::{TOLERANCE, WINDOW_S};
use super::load::{Axis, Study};
use crate::engine::evaluate::Table;

/// Digits that are kept: a hundred times finer than what counts as periodic.
const DIGITS: usize = 7;

/// `values[row][column]` of one average: one row per second value, one column per rate.
pub fn rows(study: &Study, means: &[Vec<f64>], average: usize) -> Vec<Vec<f64>> {
    let values: Vec<f64> = means.iter().map(|of| rounded(of[average])).collect();
    let rows = values.chunks(study.rate.knots.len());
    rows.map(<[f64]>::to_vec).collect()
}

/// The table of one average, as models will look it up.
pub fn table(study: &Study, means: &[Vec<f64>], average: usize) -> Table {
    let second = study.second.as_ref();
    let y = second.map_or(&[][..], |second| &second.axis.knots);
    Table::new(&study.rate.knots, y, &rows(study, means, average))
}

/// How every module of ours begins.
const BEGIN: &str = "# Written by `myoflux average ";

/// Whether a study wrote this file, so that another run may replace it.
pub fn is_ours(bytes: &[u8]) -> bool {
    bytes.starts_with(BEGIN.as_bytes())
}

/// The text of the module. `place`: the study's path from the folder that holds the models folder.
pub fn text(study: &Study, means: &[Vec<f64>], place: &str) -> String {
    let model = &study.model;
    let about = format!(
        "{} Made by `myoflux average`, not by hand: model `{}` was stimulated at each rate until its means \
         over whole periods, {WINDOW_S} s or more, changed by less than {TOLERANCE} of their value when the \
         time was doubled.",
        study.about, model.name
    );
    let system = study.system.as_ref();
    let system = system.map_or(String::new(), |name| format!("system = {}\n", quoted(name)));
    let mut text = format!(
        "{BEGIN}{place}`: change the study, not this file.\n\
         format = 1\ntitle = {}\n{system}about = {}\n",
        quoted(&study.title),
        quoted(&about)
    );
    for (at, average) in study.averages.iter().enumerate() {
        let title = match &average.title {
            Some(title) => title.clone(),
            None => model.column_title(average.of),
        };
        text.push_str(&format!(
            "\n[tables.{}]\ntitle = {}\nunit = {}\nx = {}\n",
            average.name,
            quoted(&title),
            quoted(&average.unit.text),
            axis(&study.rate)
        ));
        let rows = rows(study, means, at);
        if let Some(second) = &study.second {
            text.push_str(&format!("y = {}\nvalues = [\n", axis(&second.axis)));
            for row in &rows {
                text.push_str(&format!("  {},\n", list(row)));
            }
            text.push_str("]\n");
        } else {
            text.push_str(&format!("values = {}\n", list(&rows.concat())));
        }
        text.push_str(&format!(
            "computed_from = {{ model = {}, study = {}, hash = {} }}\n",
            quoted(&model.name),
            quoted(place),
            quoted(&study.hash)
        ));
        if let Some(grade) = study.grade {
            text.push_str(&format!("grade = \"{grade:?}\"\n"));
        }
    }
    text
}

fn axis(axis: &Axis) -> String {
    format!(
        "{{ unit = {}, knots = {} }}",
        quoted(&axis.unit.text),
        list(&axis.knots)
    )
}

fn list(values: &[f64]) -> String {
    let items: Vec<String> = values.iter().map(|value| number(*value)).collect();
    format!("[{}]", items.join(", "))
}

fn number(value: f64) -> String {
    if value == 0.0 || (1e-4..1e9).contains(&value.abs()) {
        format!("{value}")
    } else {
        format!("{value:e}")
    }
}

fn rounded(value: f64) -> f64 {
    let digits = format!("{value:.*e}", DIGITS - 1);
    digits.parse().unwrap_or(value)
}

/// A TOML string: what JSON escapes, TOML reads.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
