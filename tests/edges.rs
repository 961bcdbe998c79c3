//! Crosstalk edges as the binary lists and tries them.

use assert_cmd::Command;
use serde_json::Value;

fn answer(arguments: &[&str]) -> String {
    let output = Command::cargo_bin("myoflux")
        .expect("the binary is built")
        .arg("edges")
        .args(arguments)
        .args(["--models", "models"])
        .output()
        .expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    assert_eq!(text(output.stderr), "");
    assert!(output.status.success());
    text(output.stdout)
}

fn objects(arguments: &[&str]) -> Vec<Value> {
    serde_json::from_str(&answer(&[arguments, &["--json"]].concat())).expect("a list")
}

/// Switches that may do nothing, with the reason: none.
const SILENT: [(&str, &str); 0] = [];

/// Claim: every factor and structural edge does something to its target when on, and what it reads does
/// not reach the target through it when off.
#[test]
fn every_switch_switches() {
    for model in ["athlete", "fibre"] {
        let effects = objects(&["effects", model]);
        let listed = objects(&["list", model]);
        let switches = listed.iter().filter(|edge| edge["kind"] != "claim").count();
        assert_eq!(effects.len(), switches, "{model}");
        for effect in effects {
            let name = effect["name"].as_str().expect("a name");
            let excused = SILENT.iter().any(|(known, _)| *known == name);
            assert_eq!(effect["silent"], excused, "{model}: {effect}");
            assert_eq!(effect["responds_when_off"], false, "{model}: {effect}");
            let targets = effect["targets"].as_array().expect("a list").len();
            let of_edge = |edge: &&Value| edge["name"] == effect["name"];
            let edge = listed.iter().find(of_edge).expect("it is listed");
            // A factor acts on one quantity, what is written into formulas on some.
            let fits = targets == 1 || (targets > 1 && edge["kind"] == "structural");
            assert!(fits, "{model}: {targets} targets of {effect}");
        }
    }
}

/// Rows of the list of edges that muscle, B vitamins, methylation, glucose, redox and adaptation, iron and
/// oxygen, minerals and electrolytes answer for.
const ROWS: &str = "D01-D32 B01-B32 X01-X21 F01-F24 L01-L08 G01-G26 \
    N01-N20 S01-S35";

fn rows() -> Vec<String> {
    let number = |row: &str| row[1..].parse::<u32>().expect("a number");
    let mut rows = Vec::new();
    for part in ROWS.split_whitespace() {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let letter = &first[..1];
        rows.extend((number(first)..=number(last)).map(|n| format!("{letter}{n:02}")));
    }
    rows
}

/// Claim: each of these rows exists in some model by name, with evidence or the reason why none is given;
/// what is graded D is off, what is A or B is on unless an edge says what speaks against it.
#[test]
fn rows_of_the_list_exist_with_evidence_and_default() {
    let edges = objects(&["list"]);
    for row in rows() {
        assert!(
            edges.iter().any(|edge| edge["id"] == *row),
            "{row} is missing"
        );
    }
    for edge in &edges {
        let sourced = edge["sources"].as_array().is_some_and(|s| !s.is_empty());
        assert!(sourced || edge["assumed"].is_string(), "{edge}");
        if edge["grade"] == "D" {
            assert_eq!(edge["default"], "off", "{edge}");
        }
        if edge["kind"] != "claim" && (edge["grade"] == "A" || edge["grade"] == "B") {
            assert_eq!(edge["default"], "on", "{edge}");
        }
    }
}

/// Claim: the list ends with its sums.
#[test]
fn the_list_ends_with_counts() {
    let edges = objects(&["list", "athlete"]);
    let text = answer(&["list", "athlete"]);
    let last = text.lines().last().expect("a line");
    let of = |key: &str, value: &str| edges.iter().filter(|edge| edge[key] == value).count();
    assert_eq!(
        last,
        format!(
            "{} edges: {} factor, {} structural, {} claim; grade A {}, B {}, C {}, D {}; \
             {} off by default",
            edges.len(),
            of("kind", "factor"),
            of("kind", "structural"),
            of("kind", "claim"),
            of("grade", "A"),
            of("grade", "B"),
            of("grade", "C"),
            of("grade", "D"),
            of("default", "off")
        )
    );
}
