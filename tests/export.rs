//! What `myoflux export` writes; other programs check its content in tests/agreement.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use assert_cmd::Command;

fn myoflux(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("myoflux")
        .expect("the binary")
        .args(arguments)
        .output()
        .expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn exported(what: &str, more: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("out.xml").display().to_string();
    let mut arguments = vec!["export", "sbml", what, "-o", file.as_str()];
    arguments.extend(more);
    let (code, _, errors) = myoflux(&arguments);
    assert_eq!(code, 0, "{what}: {errors}");
    fs::read_to_string(&file).expect("written")
}

/// All values of one attribute of the elements with one name.
fn values<'t>(text: &'t str, element: &str, attribute: &str) -> Vec<&'t str> {
    let start = format!("<{element} ");
    let key = format!(" {attribute}=\"");
    text.lines()
        .filter(|line| line.trim_start().starts_with(&start))
        .filter_map(|line| line.split_once(&key)?.1.split('"').next())
        .collect()
}

fn models() -> Vec<String> {
    let files = fs::read_dir("models").expect("models");
    let name = |file: fs::DirEntry| {
        let name = file.file_name().to_string_lossy().into_owned();
        name.strip_suffix(".model.toml").map(str::to_string)
    };
    files.flatten().filter_map(name).collect()
}

/// Claim: every model exports; identifiers are unique and everything that is named is declared.
#[test]
fn every_model_exports_with_every_name_declared() {
    let models = models();
    assert!(models.len() > 3);
    for model in models {
        let text = exported(&model, &[]);
        let mut known = BTreeSet::new();
        for element in [
            "parameter",
            "species",
            "compartment",
            "reaction",
            "functionDefinition",
        ] {
            for id in values(&text, element, "id") {
                assert!(known.insert(id.to_string()), "{model}: `{id}` twice");
            }
        }
        assert!(known.len() > 50, "{model}: only {} things", known.len());
        let mut bound = BTreeSet::new();
        let mut in_function = false;
        for line in text.lines().map(str::trim) {
            in_function |= line.starts_with("<functionDefinition ");
            if line.starts_with("</functionDefinition>") {
                (in_function, bound) = (false, BTreeSet::new());
            }
            let Some(name) = line
                .strip_prefix("<ci>")
                .and_then(|rest| rest.strip_suffix("</ci>"))
            else {
                continue;
            };
            if in_function && !name.starts_with("law__") {
                bound.insert(name.to_string());
            } else {
                assert!(known.contains(name), "{model}: `{name}` is not declared");
            }
        }
    }
}

/// Claim: every literal has a unit, and every unit is defined or one of SBML's own.
#[test]
fn every_literal_has_a_unit() {
    let text = exported("scenarios/redox/march.toml", &[]);
    let defined: BTreeSet<&str> = values(&text, "unitDefinition", "id").into_iter().collect();
    let literals = text
        .lines()
        .filter(|line| line.trim_start().starts_with("<cn"));
    let mut count = 0;
    for line in literals {
        let unit = line
            .split_once("sbml:units=\"")
            .and_then(|(_, rest)| rest.split('"').next());
        let unit = unit.unwrap_or_else(|| panic!("no unit: {line}"));
        let own = ["dimensionless", "second"].contains(&unit);
        assert!(own || defined.contains(unit), "`{unit}` is not defined");
        count += 1;
    }
    assert!(count > 500);
}

/// Claim: equal input gives equal bytes, and an archive has no clock in it.
#[test]
fn equal_input_is_equal_bytes() {
    let scenario = "scenarios/energy/exhausting_work.toml";
    let more = ["--arm", "2 mM/s"];
    assert_eq!(exported(scenario, &more), exported(scenario, &more));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let archive = |name: &str| {
        let file = folder.path().join(name).display().to_string();
        let (code, _, errors) = myoflux(&["export", "omex", scenario, "-o", &file]);
        assert_eq!(code, 0, "{errors}");
        fs::read(&file).expect("written")
    };
    let first = archive("a.omex");
    assert_eq!(first, archive("b.omex"));
    assert!(first.starts_with(b"PK"));
}

/// Claim: a train of pulses is two events that set themselves again, not hundreds.
#[test]
fn a_schedule_is_one_event() {
    let text = exported("scenarios/fibre/force_frequency.toml", &["--arm", "50 Hz"]);
    let events = values(&text, "event", "id").len();
    assert!((1..=8).contains(&events), "{events} events");
    assert!(text.contains("__period\""));
}

/// Claim: what the model waits for is in the file, with the time at which it happened.
#[test]
fn events_of_the_model_keep_their_time() {
    let text = exported(
        "scenarios/energy/exhausting_work.toml",
        &["--arm", "2 mM/s"],
    );
    assert!(text.contains("<event id=\"event__energy__exhaustion\""));
    assert!(text.contains("event__energy__exhaustion__time"));
}

/// Claim: an edge that is switched off is a strength of zero, in the same equations.
#[test]
fn strengths_are_parameters() {
    let scenario = "scenarios/redox/march.toml";
    let plain = exported(scenario, &[]);
    let edge = values(&plain, "parameter", "id")
        .into_iter()
        .find(|id| id.starts_with("edges__") && plain.contains(&format!("<ci>{id}</ci>")))
        .expect("a redox model has edges")
        .to_string();
    let name = edge
        .trim_start_matches("edges__")
        .trim_end_matches("__strength")
        .replace("__", ".");
    let off = exported(scenario, &["--edges-off", &name]);
    let line = off
        .lines()
        .find(|line| line.contains(&format!("id=\"{edge}\"")))
        .expect("declared");
    assert!(line.contains("value=\"0\""), "{line}");
    let rules = |text: &str| {
        text.split_once("<listOfRules>")
            .map(|(_, rest)| rest.to_string())
    };
    let reactions = |text: String| {
        text.split_once("<listOfEvents>")
            .map_or(text.clone(), |(a, _)| a.to_string())
    };
    assert_eq!(rules(&plain).map(reactions), rules(&off).map(reactions));
}

/// Claim: each arm of a scenario gets a file, named after it.
#[test]
fn every_arm_gets_a_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("twitch.xml").display().to_string();
    let (code, said, errors) =
        myoflux(&["export", "sbml", "scenarios/fibre/twitch.toml", "-o", &file]);
    assert_eq!(code, 0, "{errors}");
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines.len() > 1);
    for line in lines {
        let (path, arm) = line.split_once('\t').expect("file and arm");
        assert!(Path::new(path).exists(), "{path}");
        assert!(fs::read_to_string(path).expect("readable").contains(arm));
    }
}

/// Claim: what cannot be exported is refused with what to do instead, and nothing is written.
#[test]
fn bad_arguments_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("x.xml").display().to_string();
    let refused = |arguments: &[&str], part: &str| {
        let (code, _, errors) = myoflux(&[&["export", "sbml"], arguments, &["-o", &file]].concat());
        assert_eq!(code, 2, "{errors}");
        assert!(errors.contains(part), "{errors}");
    };
    refused(&["athlet"], "athlete");
    refused(&["athlete", "--arm", "base"], "a model has no arms");
    refused(&["athlete", "--rtol", "1e-9"], "exported as it is");
    refused(
        &["scenarios/fibre/twitch.toml", "--arm", "full puls"],
        "did you mean \"full pulse\"?",
    );
    refused(&["scenarios/nowhere.toml"], "nowhere.toml");
    assert!(!Path::new(&file).exists());
    let (code, _, errors) = myoflux(&[
        "export",
        "sbml",
        "fibre",
        "-o",
        &folder.path().display().to_string(),
    ]);
    assert_eq!(code, 1, "{errors}");
}

/// Claim: a start that is no number is refused by name.
#[test]
fn what_does_not_start_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for file in fs::read_dir("tests/fixtures/small").expect("fixture") {
        let file = file.expect("fixture").path();
        let text = fs::read_to_string(&file).expect("readable");
        let endless = "[states.lost]\nunit = \"ug\"\ninitial = \"4 * volume * unit_concentration / (volume / volume - 1)\"";
        let text = text.replace("[states.lost]\nunit = \"ug\"\ninitial = 0", endless);
        let name = file.file_name().expect("a file");
        fs::write(folder.path().join(name), text).expect("written");
    }
    let models = folder.path().display().to_string();
    let output = folder.path().join("x.xml").display().to_string();
    let (code, _, errors) = myoflux(&[
        "export", "sbml", "small", "--models", &models, "-o", &output,
    ]);
    assert_eq!(code, 1, "{errors}");
    assert!(
        errors.contains("`kinetics.lost` is inf, which no simulator can start from"),
        "{errors}"
    );
    assert!(!Path::new(&output).exists());
}

/// Claim: no exponential overflows, and a table holds neither pieces nor functions.
#[test]
fn what_solvers_stumble_over_is_not_written() {
    let text = exported("redox", &[]);
    let after: Vec<&str> = text.split("<exp/>").skip(1).collect();
    assert!(after.len() > 3);
    for rest in after {
        let next: Vec<&str> = rest.lines().skip(1).take(2).map(str::trim).collect();
        assert_eq!(next, ["<apply>", "<min/>"]);
    }
    assert!(text.contains("id=\"table__driver__dry_heat"));
    assert!(!text.contains("law__table"));
}
