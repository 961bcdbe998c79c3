//! The binary as a person or a script uses it.

use std::path::Path;

use assert_cmd::Command;

fn myoflux(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("myoflux")
        .expect("the binary is built")
        .args(arguments)
        .output();
    let output = output.expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn a_wrong_command_is_usage() {
    assert_eq!(myoflux(&["fly"]).0, 2);
    assert_eq!(myoflux(&["--help"]).0, 0);
}

#[test]
fn shipped_files_pass_the_check() {
    let (code, out, err) = myoflux(&["check", "models", "scenarios"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("no problems"), "{out}");
}

#[test]
fn a_run_repeats_to_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let scenario = "scenarios/iron/low_ferritin_runner.toml";
    let show = |path: &Path| path.display().to_string();
    let (code, _, err) = myoflux(&[
        "run",
        scenario,
        "-o",
        &show(&first),
        "--set",
        "duration=3 d",
    ]);
    // Expectations beyond the third day cannot be read then; the run itself stands.
    assert_eq!(code, 0, "{err}");
    let (code, _, err) = myoflux(&[
        "repeat",
        &show(&first.join("run.json")),
        "-o",
        &show(&second),
    ]);
    assert_eq!(code, 0, "{err}");
    for name in [
        "timeseries.csv",
        "summary.csv",
        "report.html",
        "run.json",
        "citations.bib",
    ] {
        let read = |folder: &Path| std::fs::read(folder.join(name)).expect("it was written");
        assert!(read(&first) == read(&second), "{name} differs");
    }
    assert!(first.join("figures").read_dir().expect("a folder").count() >= 2);
}

#[test]
fn a_starter_scenario_passes_the_check() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("question.toml").display().to_string();
    assert_eq!(myoflux(&["init", &file]).0, 0);
    assert_eq!(myoflux(&["init", &file]).0, 1, "it must not overwrite");
    let (code, _, err) = myoflux(&["run", &file, "--dry-run", "--models", "models"]);
    assert_eq!(code, 0, "{err}");
}

#[test]
fn answers_for_programs_are_json() {
    for arguments in [
        &["edges", "list", "--json"][..],
        &["models", "--json"],
        &["check", "models", "--json"],
    ] {
        let (code, out, err) = myoflux(arguments);
        assert_eq!(code, 0, "{err}");
        assert!(
            serde_json::from_str::<serde_json::Value>(&out).is_ok(),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_bad_scenario_is_refused_with_its_place() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("bad.toml");
    for (text, code) in [
        ("", "empty-file"),
        ("format = 1\ntitle = \"x", "toml-syntax"),
        (
            "format = 1\ntitle = \"x\"\nmodel = \"athlete\"\nduration = \"2 kg\"\n",
            "wrong-unit",
        ),
        (
            "format = 1\ntitle = \"x\"\nmodel = \"athlete\"\nduration = \"2 d\"\ntypo = 1\n",
            "unknown-key",
        ),
        (
            "format = 1\ntitle = \"x\"\nmodel = \"athlete\"\nduration = \"2 d\"\n[[training]]\nwhat = \"run 1 h at 70 %VO2max\"\nwhen = \"Someday at 07:00\"\n",
            "bad-schedule",
        ),
    ] {
        std::fs::write(&file, text).expect("writable");
        let path = file.display().to_string();
        let (exit, _, err) = myoflux(&["run", &path, "--models", "models"]);
        assert_eq!(exit, 2, "{code}: {err}");
        assert!(err.contains("bad.toml:"), "{code}: {err}");
    }
    std::fs::write(&file, [0x66, 0xff, 0xfe]).expect("writable");
    assert_eq!(myoflux(&["run", &file.display().to_string()]).0, 2);
    assert_eq!(myoflux(&["run", &folder.path().display().to_string()]).0, 2);
}

/// Claim: run.json holds all that a run needs, whichever modules its model is made of.
#[test]
fn runs_of_other_models_repeat_too() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (at, scenario) in [
        "scenarios/fibre/twitch.toml",
        "scenarios/bout/b_vitamins_and_work.toml",
    ]
    .into_iter()
    .enumerate()
    {
        let path = |name: &str| folder.path().join(format!("{name}{at}"));
        let (first, second) = (path("first"), path("second"));
        let show = |path: &Path| path.display().to_string();
        let (code, _, err) = myoflux(&["run", scenario, "-o", &show(&first)]);
        assert_eq!(code, 0, "{err}");
        let recorded = show(&first.join("run.json"));
        let (code, _, err) = myoflux(&["repeat", &recorded, "-o", &show(&second)]);
        assert_eq!(code, 0, "{err}");
        let bytes = |folder: &Path| std::fs::read(folder.join("run.json")).expect("a run.json");
        assert!(bytes(&first) == bytes(&second), "{scenario}");
    }
}

#[test]
fn an_explanation_shows_the_equation_and_what_makes_arms_differ() {
    let runner = "scenarios/iron/low_ferritin_runner.toml";
    let explain = |more: &[&str]| {
        let mut arguments = vec!["explain", "serum_ferritin", "--scenario", runner];
        arguments.extend(more);
        myoflux(&arguments)
    };
    let (code, out, err) = explain(&["--at", "7d"]);
    assert_eq!(code, 0, "{err}");
    // The marker names the variable behind it, whose equation follows with its edge.
    assert!(out.contains("= store_ferritin"), "{out}");
    assert!(out.contains("iron.acute_phase_ferritin (grade A)"), "{out}");
    let why = [
        "--at",
        "7d",
        "--arm",
        "daily",
        "--why",
        "--against",
        "no iron",
    ];
    let (code, out, err) = explain(&why);
    assert_eq!(code, 0, "{err}");
    for words in [
        "more (+",
        "iron.macrophage_iron",
        "iron.macrophage_release took less",
        "iron.hepcidin_removes_ferroportin (grade A)",
    ] {
        assert!(out.contains(words), "{words} is missing in\n{out}");
    }
    assert_eq!(explain(&["--at", "90 d"]).0, 2);
    assert_eq!(explain(&["--at", "7d", "--arm", "weekly"]).0, 2);
}
