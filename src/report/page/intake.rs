//! What is eaten in a day, against the reference intakes of the catalogue.

use super::{Cell, escape, folded, paragraph, table};
use crate::report::intake::{arms, verdict};
use crate::report::words;
use crate::scenario::RunResult;
use crate::scenario::intake::{Adequacy, Intake, Over};

/// One table per arm, that of the first one open; nothing where the model has no diet of the catalogue's.
pub fn reference_intakes(result: &RunResult, body: &mut String) {
    let arms = arms(result);
    let Some((_, over, _)) = arms.iter().find(|(_, _, rows)| !rows.is_empty()) else {
        return;
    };
    let over = match over {
        Over::Run(days) if *days == 1.0 => "Mean of the first day of the run.".to_string(),
        Over::Run(days) => format!("Mean of the run's first {} days.", words::number(*days)),
        Over::Habit => "The run is shorter than a day: mean of the habit before it.".to_string(),
    };
    body.push_str("<h2>Intake against reference values</h2>\n");
    body.push_str(&paragraph(&format!(
        "{over} EAR: what half of such people need; RDA: what nearly all need; AI: what healthy people eat, \
         where need is not known; UL: what nearly all bear for long. An upper level may count some forms \
         only. These are values for groups of people, from the catalogue of nutrients; laboratory status \
         says more of one person."
    )));
    let mut first = true;
    for (arm, _, rows) in &arms {
        let mut inside = String::new();
        one_arm(result, rows, &mut inside);
        let people = result.model.people.iter().find(|p| p.name == arm.people);
        let title = match people {
            Some(people) => format!("{} ({})", arm.name, words::lower_first(&people.title)),
            None => arm.name.clone(),
        };
        if first {
            body.push_str(&format!("<h3>{}</h3>\n{inside}", escape(&title)));
        } else {
            folded(&title, &inside, body);
        }
        first = false;
    }
}

fn one_arm(result: &RunResult, rows: &[Intake], body: &mut String) {
    let head = [
        "Nutrient",
        "Unit",
        "Diet",
        "Supplements",
        "All",
        "EAR",
        "RDA or AI",
        "UL",
        "Counts towards UL",
        "Verdict",
    ];
    let number = |value: Option<f64>| match value {
        Some(value) => Cell::number(value),
        None => Cell::text(""),
    };
    let cells = |row: &Intake| {
        let nutrient = &result.model.nutrients[&row.nutrient];
        let recommended = match (row.rda, row.ai) {
            (None, Some(ai)) => Cell::Number(format!("{} (AI)", words::number(ai))),
            (rda, _) => number(rda),
        };
        let counted = row.ul.as_ref().map(|upper| {
            let form = upper.note.as_ref();
            let form = form.map_or(String::new(), |note| format!(" ({note})"));
            format!("{}{form}", words::number(upper.counted))
        });
        vec![
            Cell::text(&nutrient.title),
            Cell::Marked("unit", row.unit.pretty()),
            Cell::number(row.diet),
            Cell::number(row.supplements),
            Cell::number(row.total()),
            number(row.ear),
            recommended,
            number(row.ul.as_ref().map(|upper| upper.level)),
            Cell::text(counted.unwrap_or_default()),
            Cell::Marked(class(row.verdict), verdict(row.verdict).to_string()),
        ]
    };
    let rows: Vec<Vec<Cell>> = rows.iter().map(cells).collect();
    table(&head, &rows, body);
}

fn class(verdict: Adequacy) -> &'static str {
    match verdict {
        Adequacy::AboveUpper | Adequacy::BelowAverage => "miss",
        Adequacy::Between | Adequacy::BelowAdequate => "near",
        Adequacy::Recommended | Adequacy::Adequate | Adequacy::Tolerable => "pass",
    }
}
