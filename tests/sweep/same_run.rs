//! A sweep member equals `run` of the same scenario, bit for bit.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use myoflux::compile::compile;
use myoflux::diagnostics::{Sources, render};
use myoflux::report::table::timeseries;
use myoflux::scenario::load::{Overrides, load_scenario};
use myoflux::scenario::run::run;

use crate::bench::{Bench, stderr};

const RUNNER: &str = "scenarios/iron/low_ferritin_runner.toml";

const WHATS: [&str; 3] = [
    "max of plasma_hepcidin from 0 d to 3 d in \\\"daily\\\" over plasma_hepcidin at 0 d",
    "change of serum_ferritin from 0 d to 3 d",
    "time when plasma_hepcidin rises above 2 nmol/L",
];

/// Factors of every sort: a laboratory value, a dose, an edge, a schedule, who it is, a time inside a text,
/// every parameter of a module.
fn study() -> String {
    let mut text = String::from(
        r#"
format = 1
study = "sweep"
title = "For tests"
about = "Factors of every sort."
scenario = "runner.toml"
set = { duration = "3 d", output_every = "2 h" }
chunk = 3
[[design]]
kind = "zip"
[[design.factor]]
set = "person.people"
values = ["woman", "man", "woman"]
[[design.factor]]
set = "supplement.0.when"
values = ["daily at 07:00", "every 2 d at 08:00", "every 3 d at 06:00"]
[[design.factor]]
set = "training.0.what"
text = "run {} min at 70 %VO2max"
values = [40, 55, 70.5]
[[design]]
kind = "latin hypercube"
members = 3
[[design.factor]]
set = "status.serum_ferritin"
median = "0.03 mg/L"
cv = 0.4
[[design.factor]]
set = "supplement.0.dose"
from = "20 mg"
to = "0.1 g"
spacing = "log"
[[design.factor]]
set = "edges.strength.F03"
from = 0
to = 2
[[design.factor]]
set = "person.menses"
from = "0.5 mg/d"
to = "2 mg/d"
[[design.factor]]
every = "uncertain parameter"
only = ["inflammation", "meals"]
[series]
show = ["serum_ferritin", "plasma_hepcidin"]
arms = ["alternate days", "daily", "no iron"]
"#,
    );
    for what in WHATS {
        text.push_str(&format!("[[record]]\nwhat = \"{what}\"\n"));
    }
    text
}

#[test]
fn a_member_is_a_run_bit_for_bit() {
    let bench = Bench::shipped(RUNNER, &study());
    let output = bench.sweep(&["STUDY", "-o", "@out", "-j", "2"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let members = fs::read_to_string(bench.path("out/members.csv")).expect("written");
    let series = fs::read_to_string(bench.path("out/series.csv")).expect("written");

    // The scenario that `run` is given: the same, and what the study records as expectations.
    let mut runner = fs::read_to_string(bench.path("runner.toml")).expect("readable");
    runner.truncate(runner.find("[[figure]]").expect("it has a figure"));
    for what in WHATS {
        runner.push_str(&format!(
            "[[expect]]\nwhat = \"{what}\"\nis = \"{}\"\nrole = \"port\"\n",
            is(what)
        ));
    }
    fs::write(bench.path("run.toml"), runner).expect("writable");

    let rows: Vec<&str> = members.lines().skip(1).collect();
    assert_eq!(rows.len(), 9);
    for (member, row) in rows.iter().enumerate() {
        let listed = bench.sweep(&["member", "STUDY", &member.to_string()]);
        let listed = String::from_utf8(listed.stdout).expect("text");
        let set = listed.lines().map(|line| {
            let (path, value) = line.split_once('=').expect("path=value");
            (path.to_string(), value.to_string())
        });
        let shared = [("duration", "3 d"), ("output_every", "2 h")];
        let shared = shared.map(|(a, b)| (a.to_string(), b.to_string()));
        let overrides = Overrides {
            set: shared.into_iter().chain(set).collect(),
            ..Overrides::default()
        };
        let mut sources = Sources::default();
        let loaded = load_scenario(
            &bench.path("run.toml"),
            Path::new("models"),
            &overrides,
            &mut sources,
        );
        let (model, scenario) =
            loaded.unwrap_or_else(|p| panic!("{}", render(&p, &sources, false)));
        let program = Arc::new(compile(&model));
        let result = run(model, program, Arc::new(scenario), &|_, _| {});

        let kept: Vec<&str> = row.split(',').rev().take(WHATS.len()).collect();
        for (expectation, text) in result.expectations.iter().zip(kept.iter().rev()) {
            let kept: f64 = text.parse().unwrap_or(f64::NAN);
            let same = kept.to_bits() == expectation.value.to_bits()
                || (kept.is_nan() && expectation.value.is_nan());
            assert!(
                same,
                "member {member}: {kept} in the sweep, {} in the run",
                expectation.value
            );
        }
        let wanted: Vec<String> = timeseries(&result)
            .lines()
            .filter(|line| line.contains(",serum_ferritin,") || line.contains(",plasma_hepcidin,"))
            .filter(|line| !line.contains("builds up"))
            .map(|line| line.splitn(3, ',').collect::<Vec<_>>().join(","))
            .map(|line| {
                line.replacen("run,", "q,", 1)
                    .replacen(",0,", &format!(",{member},"), 1)
            })
            .collect();
        let own = format!(",{member},");
        let found: Vec<&str> = series
            .lines()
            .filter(|line| line.split(',').nth(2) == Some(own.trim_matches(',')))
            .collect();
        assert!(found.len() > 200);
        // The run lists biomarkers in the model's order, the sweep in that of the study.
        let mut sorted = (wanted.clone(), found.clone());
        sorted.0.sort();
        sorted.1.sort();
        assert!(
            sorted
                .0
                .iter()
                .map(String::as_str)
                .eq(sorted.1.iter().copied()),
            "member {member}"
        );
    }
}

/// A range of the right kind for an expectation; nobody reads the verdict.
fn is(what: &str) -> &'static str {
    match what {
        what if what.contains("over") => "> 0",
        what if what.starts_with("change") => "> 0 ug/L",
        _ => "> 0 s",
    }
}

#[test]
fn a_shared_start_is_that_of_the_scenario_as_written() {
    let study = study()
        .replace("chunk = 3\n", "chunk = 3\ninitial = \"shared\"\n")
        .replace(
            "[series]",
            "[[record]]\nwhat = \"serum_ferritin at 0 d\"\nname = \"at_start\"\n[series]",
        );
    let bench = Bench::shipped(RUNNER, &study);
    let output = bench.sweep(&["STUDY", "-o", "@out"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let series = fs::read_to_string(bench.path("out/series.csv")).expect("written");
    let first: Vec<&str> = series
        .lines()
        .filter(|line| line.contains("alternate days") && line.contains(",0.0,d,serum_ferritin,"))
        .collect();
    assert_eq!(first.len(), 9);
    let value = |line: &str| line.split(',').nth(6).map(str::to_string);
    // The marker is read with the member's own parameters: 18 µg/L where these are the scenario's.
    assert!(
        first
            .iter()
            .any(|line| value(line).is_some_and(|v| v.starts_with("18") || v.starts_with("17.9"))),
        "{first:?}"
    );
}
