//! The pages say what the files hold, and know when they no longer do.

use std::path::Path;

use assert_cmd::Command;
use myoflux::diagnostics::Sources;
use myoflux::model::load::load_model;
use myoflux::model::{Model, ParameterKind};

fn pages(output: &Path, more: &[&str]) -> (i32, String) {
    let output = Command::cargo_bin("myoflux")
        .expect("the binary is built")
        .args(["pages", "-o"])
        .arg(output)
        .args(more)
        .output()
        .expect("it starts");
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap_or(-1), err)
}

fn shipped_models() -> Vec<Model> {
    let entries = std::fs::read_dir("models").expect("models are there");
    let names = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        name.strip_suffix(".model.toml").map(str::to_string)
    });
    let load = |name: String| {
        load_model(Path::new("models"), &name, &mut Sources::default())
            .unwrap_or_else(|problems| panic!("{name}: {problems:?}"))
    };
    names.map(load).collect()
}

/// Path below the folder and bytes of every file.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for below in ["", "parameters"] {
        let entries = std::fs::read_dir(folder.join(below)).expect("it was written");
        let files = entries.flatten().filter(|entry| entry.path().is_file());
        found.extend(files.map(|entry| {
            let name = format!("{below}/{}", entry.file_name().to_string_lossy());
            (name, std::fs::read(entry.path()).expect("readable"))
        }));
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("writable");
    for entry in std::fs::read_dir(from).expect("readable").flatten() {
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("writable");
    }
}

#[test]
fn the_same_files_give_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    for output in [&first, &second] {
        let (code, err) = pages(output, &[]);
        assert_eq!(code, 0, "{err}");
    }
    let written = contents(&first);
    assert!(written.len() > 4, "only {} pages", written.len());
    assert!(written == contents(&second));
}

#[test]
fn every_parameter_and_edge_of_every_model_is_told_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (code, err) = pages(folder.path(), &[]);
    assert_eq!(code, 0, "{err}");
    let read = |path: &str| std::fs::read_to_string(folder.path().join(path)).expect(path);
    let picture = read("network.svg");
    let most = shipped_models().iter().map(|model| model.edges.len()).max();
    assert_eq!(Some(picture.matches("<g class=\"edge ").count()), most);
    let edges = read("edges.md");
    for model in shipped_models() {
        let declared = |kind| kind == ParameterKind::Declared;
        for parameter in model.parameters.iter().filter(|p| declared(p.kind)) {
            let (module, name) = parameter.name.split_once('.').expect("a dotted name");
            let page = read(&format!("parameters/{module}.md"));
            let table = page.split("## Parameters").nth(1).expect("a section");
            let table = table.split("\n## ").next().unwrap_or_default();
            let rows = table.matches(&format!("\n| `{name}` |")).count();
            assert_eq!(rows, 1, "{} in {}", parameter.name, model.name);
        }
        for edge in &model.edges {
            let anchor = format!("<a id=\"{}\"></a>", edge.name);
            assert_eq!(edges.matches(&anchor).count(), 1, "{}", edge.name);
        }
    }
}

#[test]
fn a_changed_value_makes_its_page_stale() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (models, output) = (folder.path().join("models"), folder.path().join("pages"));
    copy(Path::new("models"), &models);
    // Averaged tables name their studies from the folder that holds the models.
    let scenarios = std::fs::canonicalize("scenarios").expect("it is there");
    std::os::unix::fs::symlink(scenarios, folder.path().join("scenarios")).expect("writable");
    let shown = models.display().to_string();
    assert_eq!(pages(&output, &["--models", &shown]).0, 0);
    let (code, err) = pages(&output, &["--models", &shown, "--check"]);
    assert_eq!(code, 0, "{err}");

    let file = models.join("person.toml");
    let text = std::fs::read_to_string(&file).expect("readable");
    let (before, after) = text
        .split_once("[parameters.age]\nvalue = 30\n")
        .expect("it is there");
    let changed = format!("{before}[parameters.age]\nvalue = 31\n{after}");
    std::fs::write(&file, changed).expect("writable");
    let written = contents(&output);
    let (code, err) = pages(&output, &["--models", &shown, "--check"]);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("person.md"), "{err}");
    assert!(!err.contains("iron.md"), "{err}");
    assert!(written == contents(&output), "a check wrote something");
}

#[test]
fn a_page_that_is_missing_or_made_from_nothing_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    assert_eq!(pages(folder.path(), &[]).0, 0);
    let page = |name: &str| folder.path().join("parameters").join(name);
    std::fs::rename(page("person.md"), page("gone.md")).expect("writable");
    std::fs::write(page("own.md"), "somebody's own").expect("writable");
    let (code, err) = pages(folder.path(), &["--check"]);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("person.md: is missing"), "{err}");
    assert!(err.contains("gone.md: is made from nothing"), "{err}");
    assert!(!err.contains("own.md"), "{err}");
    assert_eq!(pages(folder.path(), &[]).0, 0);
    assert!(!page("gone.md").exists());
    assert!(page("own.md").exists());
}

#[test]
fn a_broken_model_is_refused_and_each_problem_told_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (models, output) = (folder.path().join("models"), folder.path().join("pages"));
    copy(Path::new("models"), &models);
    std::fs::write(models.join("references.bib"), "@article{x, title = {").expect("writable");
    let (code, err) = pages(&output, &["--models", &models.display().to_string()]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("1 problem;"), "{err}");
    assert_eq!(err.matches("cannot be read").count(), 1, "{err}");
    assert!(!output.exists());
}
