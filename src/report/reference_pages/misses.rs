//! How the expectations went: figures by role, and each that is not met with its value and reason.

use super::expectations::what;
use super::markdown::{cite, prose, table};
use crate::report::words;
use crate::scenario::{Expectation, ExpectationResult, ExpectationRole, RunResult, Verdict};

const HEAD: &str = "\
# Figures and misses

Made by `myoflux pages --results`, which runs every scenario; [all pages](README.md). How a row is made and \
judged: [validation](../validation.md). All rows with their sources: [expectations](expectations.md).

Only the *test* rows say how well nature is met. Inside the range is a *pass*; outside by less than half of \
the range's width (one-sided limits: ten per cent of the limit) is *near*; all else is a *miss*.

";

/// One expectation with what became of it.
struct Judged<'r> {
    scenario: &'r str,
    run: &'r RunResult,
    expectation: &'r Expectation,
    result: &'r ExpectationResult,
}

pub fn text(results: &[(String, &RunResult)]) -> String {
    let mut all: Vec<Judged> = Vec::new();
    for (scenario, run) in results {
        all.extend(run.expectations.iter().map(|result| Judged {
            scenario,
            run,
            expectation: &run.scenario.expectations[result.expectation],
            result,
        }));
    }
    let mut text = HEAD.to_string();
    text.push_str(&figures(&all));
    for (role, title) in [
        (ExpectationRole::Test, "Test rows that are not met"),
        (ExpectationRole::Fit, "Fit rows that are not met"),
        (ExpectationRole::Port, "Port rows that are not met"),
    ] {
        let missed = |j: &&Judged| {
            let counts = !j.expectation.not_required && j.expectation.role == role;
            counts && j.result.verdict != Verdict::Pass
        };
        text.push_str(&listing(title, all.iter().filter(missed)));
    }
    let listed = all.iter().filter(|j| j.expectation.not_required);
    text.push_str(&listing("Listed, in no figure", listed));
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn figures(all: &[Judged]) -> String {
    let roles = [
        ExpectationRole::Port,
        ExpectationRole::Fit,
        ExpectationRole::Test,
    ];
    let row = |role: ExpectationRole| {
        let counts = |j: &&Judged| !j.expectation.not_required && j.expectation.role == role;
        let of_role: Vec<&Judged> = all.iter().filter(counts).collect();
        if of_role.is_empty() {
            let none = ["none", "–", "–", "–"].map(str::to_string);
            return [vec![words::role(role).to_string()], none.to_vec()].concat();
        }
        let count = |verdict| {
            let same = of_role.iter().filter(|j| j.result.verdict == verdict);
            same.count()
        };
        let passed = count(Verdict::Pass);
        let share = 100.0 * passed as f64 / of_role.len() as f64;
        vec![
            words::role(role).to_string(),
            format!("{passed} of {}", of_role.len()),
            count(Verdict::Near).to_string(),
            count(Verdict::Miss).to_string(),
            format!("{share:.1} %"),
        ]
    };
    let rows: Vec<Vec<String>> = roles.into_iter().map(row).collect();
    table(&["role", "pass", "near", "miss", "share"], &rows)
}

fn listing<'j, 'r: 'j>(title: &str, judged: impl Iterator<Item = &'j Judged<'r>>) -> String {
    let rows: Vec<Vec<String>> = judged.map(row).collect();
    let head = [
        "row", "scenario", "what", "value", "expected", "verdict", "source", "why",
    ];
    let body = match rows.is_empty() {
        true => "None.\n\n".to_string(),
        false => table(&head, &rows),
    };
    format!("## {title}\n\n{body}")
}

fn row(judged: &Judged) -> Vec<String> {
    let expectation = judged.expectation;
    let unit = expectation.unit.pretty();
    let value = match judged.result.value.is_nan() {
        true => "none".to_string(),
        false => prose(&words::quantity(judged.result.value, &unit)),
    };
    let verdict = match judged.result.verdict {
        Verdict::Pass => "pass",
        Verdict::Near => "near",
        Verdict::Miss => "miss",
    };
    let why = judged.result.problem.as_ref().or(expectation.note.as_ref());
    let source = expectation.source.as_ref();
    vec![
        expectation.row.clone().unwrap_or_default(),
        format!("`{}`", judged.scenario),
        what(expectation, &judged.run.scenario, &judged.run.model),
        value,
        prose(&expectation.is),
        verdict.to_string(),
        source.map_or(String::new(), |key| cite(key, "")),
        prose(why.map_or("", String::as_str)),
    ]
}
