//! One broken file per mistake in `tests/errors/`, with the messages it must give written at its top:
//!
//! ```text
//! # expect: error[wrong-unit] 14:10 this variable is declared in `L`
//! #   help: what is missing is a factor
//! ```
//!
//! One `expect` per problem, in the order in which they are reported: code, line and column (in another
//! file: `name.toml:1:1`), and a part of the message. Below it a part of the way out, or `no way out`
//! where none can be known (nothing below it: not compared). `# expect: no problems` for what must pass. A file that can hold no comment
//! has its expectations beside it, in `NAME.expect`.
//!
//! `module/`, `model/` and `shared/` are put into a copy of `tests/fixtures/small` with
//! `tests/errors/fixture`; `scenario/` is run on the model `effort` of that copy, `study/` varies its `effort.toml`. `start/` holds scenarios
//! that pass the check and have no start: they are run on the model `marrow`, and what people read is
//! compared (`-` where no place can be named).

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;

#[derive(Debug, PartialEq)]
struct Expected {
    code: String,
    /// `line:column`, or `file:line:column`.
    place: String,
    message: String,
    help: Help,
}

#[derive(Debug, PartialEq)]
enum Help {
    Part(String),
    NoWayOut,
    NotSaid,
}

/// The expectations at the top of a file or beside it; `None` if it has none.
fn expected(case: &Path) -> Option<Vec<Expected>> {
    let beside = PathBuf::from(format!("{}.expect", case.display()));
    let source = if beside.exists() { &beside } else { case };
    let bytes = fs::read(source).expect("readable");
    let text = String::from_utf8_lossy(&bytes);
    let mut found = Vec::new();
    let mut any = false;
    for line in text.trim_start_matches('\u{feff}').lines() {
        let Some(comment) = line.strip_prefix('#') else {
            break;
        };
        if let Some(rest) = comment.trim().strip_prefix("expect: ") {
            any = true;
            found.extend(expectation(rest));
        } else if let Some(last) = found.last_mut() {
            match comment.trim() {
                "no way out" => last.help = Help::NoWayOut,
                help => {
                    if let Some(help) = help.strip_prefix("help: ") {
                        last.help = Help::Part(help.to_string());
                    }
                }
            }
        }
    }
    any.then_some(found)
}

/// `error[code] place message`
fn expectation(text: &str) -> Option<Expected> {
    if text == "no problems" {
        return None;
    }
    let rest = text.strip_prefix("error[").expect("error[code] place text");
    let (code, rest) = rest.split_once("] ").expect("error[code] place text");
    let (place, message) = rest.split_once(' ').expect("error[code] place text");
    Some(Expected {
        code: code.to_string(),
        place: place.to_string(),
        message: message.to_string(),
        help: Help::NotSaid,
    })
}

/// A folder with `models/` to put broken files into.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (source, place) in [
            ("tests/fixtures/small", "models"),
            ("tests/errors/fixture/models", "models"),
            ("tests/errors/fixture/scenarios", "scenarios"),
        ] {
            let place = folder.path().join(place);
            fs::create_dir_all(&place).expect("writable");
            for file in files(Path::new(source)) {
                let name = file.file_name().expect("a file");
                fs::copy(&file, place.join(name)).expect("writable");
            }
        }
        fs::create_dir(folder.path().join("models/a_folder.toml")).expect("writable");
        Bench { folder }
    }

    /// Puts a case into a folder of the bench, checks it there, takes it away again. Returns what
    /// differs from what is expected.
    fn differences(&self, case: &Path, place: &str) -> Option<String> {
        let expected = expected(case).expect("every case has expectations");
        let folder = self.folder.path().join(place);
        fs::create_dir_all(&folder).expect("writable");
        let name = case.file_name().expect("a file");
        let path = folder.join(name);
        let before = fs::read(&path).ok();
        fs::copy(case, &path).expect("writable");
        let difference = difference(&path, &expected);
        match before {
            Some(bytes) => fs::write(&path, bytes).expect("writable"),
            None => fs::remove_file(&path).expect("writable"),
        }
        difference.map(|difference| format!("{}:\n{difference}", case.display()))
    }
}

fn difference(path: &Path, expected: &[Expected]) -> Option<String> {
    let check = |arguments: &[&str]| {
        let output = Command::cargo_bin("myoflux")
            .expect("the binary is built")
            .arg("check")
            .arg(path)
            .args(arguments)
            .output()
            .expect("it starts");
        (output.status.code(), output.stdout, output.stderr)
    };
    let (code, out, _) = check(&["--json"]);
    let found: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
    let found = found["problems"].as_array().expect("a list of problems");
    let wanted = if expected.is_empty() { 0 } else { 2 };
    if code != Some(wanted) {
        return Some(format!("  exit code {code:?} instead of {wanted}"));
    }
    // What people read shows the same places.
    let (_, _, err) = check(&[]);
    let shown = String::from_utf8_lossy(&err);
    if found.iter().any(|problem| !shown.contains(&place(problem))) {
        return Some(format!("  a place is not shown:\n{shown}"));
    }
    let name = path.file_name().expect("a file").to_string_lossy();
    let same = found.len() == expected.len()
        && found.iter().zip(expected).all(|(f, e)| agrees(f, e, &name));
    (!same).then(|| {
        let lines = found.iter().map(|problem| {
            format!(
                "  found error[{}] {} {}\n    help: {}\n",
                problem["code"],
                place(problem),
                problem["message"],
                problem["help"]
            )
        });
        lines.collect()
    })
}

/// `file.toml:14:10`
fn place(problem: &serde_json::Value) -> String {
    let file = Path::new(problem["file"].as_str().unwrap_or_default());
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    format!("{name}:{}:{}", problem["line"], problem["column"])
}

fn agrees(found: &serde_json::Value, expected: &Expected, case: &str) -> bool {
    let text = |key: &str| found[key].as_str().unwrap_or_default();
    let wanted = match expected.place.matches(':').count() {
        1 => format!("{case}:{}", expected.place),
        _ => expected.place.clone(),
    };
    let help = match &expected.help {
        Help::Part(help) => text("help").contains(help.as_str()),
        Help::NoWayOut => found["help"].is_null(),
        Help::NotSaid => true,
    };
    text("severity") == "error"
        && text("code") == expected.code
        && place(found) == wanted
        && text("message").contains(expected.message.as_str())
        && help
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("readable").flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file() && path.extension().is_some_and(|e| e != "expect"))
        .collect();
    files.sort();
    files
}

fn cases(kind: &str) -> Vec<PathBuf> {
    let cases = files(&Path::new("tests/errors").join(kind));
    assert!(!cases.is_empty(), "no cases in {kind}");
    cases
}

fn all_as_expected(kind: &str, place: &str) {
    let bench = Bench::new();
    let wrong: Vec<String> = cases(kind)
        .iter()
        .filter_map(|case| bench.differences(case, place))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn broken_modules_are_refused_as_their_files_say() {
    all_as_expected("module", "models");
}

#[test]
fn broken_models_are_refused_as_their_files_say() {
    all_as_expected("model", "models");
}

#[test]
fn broken_shared_files_are_refused_as_they_say() {
    all_as_expected("shared", "models");
}

#[test]
fn broken_scenarios_are_refused_as_their_files_say() {
    all_as_expected("scenario", "scenarios");
}

/// Claim: who asks for what no state has gets one message, and nothing is written.
#[test]
fn starts_that_do_not_exist_are_refused_as_their_files_say() {
    let bench = Bench::new();
    let folder = bench.folder.path().join("scenarios");
    for case in cases("start") {
        let name = case.file_name().expect("a file").to_string_lossy();
        let output = bench.folder.path().join("output");
        fs::copy(&case, folder.join(&*name)).expect("writable");
        let run = Command::cargo_bin("myoflux")
            .expect("the binary is built")
            .arg("run")
            .arg(folder.join(&*name))
            .arg("-o")
            .arg(&output)
            .output()
            .expect("it starts");
        let shown = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(2), "{name}: {shown}");
        assert!(!output.exists(), "{name} has written something");
        let expected = expected(&case).expect("expectations");
        assert_eq!(
            shown.matches("error").count(),
            expected.len(),
            "{name}: {shown}"
        );
        for Expected {
            place,
            message,
            help,
            ..
        } in expected
        {
            let place = match place.as_str() {
                "-" => String::new(),
                place => format!("{name}:{place}"),
            };
            let Help::Part(help) = help else {
                panic!("{name} tells no way out");
            };
            for part in [place, message, help] {
                assert!(shown.contains(&part), "{name}: no {part} in {shown}");
            }
        }
    }
}

/// Claim: a value whose usual pool another value has taken is judged beside that value, not by the pool that
/// is left, and the message says how far it goes there and what it is by itself.
#[test]
fn an_index_and_what_it_is_made_of_say_how_far_they_go_together() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("both.toml");
    let text = "format = 1\ntitle = \"Both\"\nmodel = \"glucose\"\nduration = \"1 h\"\n\
                [status]\nfasting_insulin = \"15 pmol/L\"\nhoma_ir = 6\n";
    fs::write(&path, text).expect("writable");
    let run = Command::cargo_bin("myoflux")
        .expect("the binary is built")
        .arg("run")
        .arg(&path)
        .args(["--models", "models", "-o"])
        .arg(folder.path().join("output"))
        .output()
        .expect("it starts");
    let shown = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(2), "{shown}");
    assert!(shown.contains("`homa_ir` = 6 cannot be met beside `fasting_insulin` = 15 pmol/L"));
    let between = shown
        .split("give a value between ")
        .nth(1)
        .expect("a range");
    let mut words = between.split([' ', ',']);
    let low: f64 = words
        .next()
        .and_then(|low| low.parse().ok())
        .expect("a number");
    let high: f64 = words
        .nth(1)
        .and_then(|high| high.parse().ok())
        .expect("a number");
    assert!(0.0 < low && low < high && high < 6.0, "{shown}");
    assert!(
        shown.contains(&format!("`homa_ir` is {low} where it is not given")),
        "{shown}"
    );
}

/// Claim: a run that leaves the range in which its model holds says which limit, when and by how much.
#[test]
fn a_run_beyond_a_limit_names_it() {
    let bench = Bench::new();
    let path = bench.folder.path().join("scenarios/flood.toml");
    let text = "format = 1\ntitle = \"Flood\"\nmodel = \"marrow\"\nduration = \"30 d\"\n\
                [[drive]]\ninput = \"marrow.eaten\"\nvalue = \"2000 mg/d\"\nat = \"0 d\"\nfor = \"30 d\"\n";
    fs::write(&path, text).expect("writable");
    let run = Command::cargo_bin("myoflux")
        .expect("the binary is built")
        .arg("run")
        .arg(&path)
        .arg("-o")
        .arg(bench.folder.path().join("output"))
        .output()
        .expect("it starts");
    let shown = String::from_utf8_lossy(&run.stdout);
    assert_eq!(run.status.code(), Some(1), "{shown}");
    for part in [
        "left the range in which the model holds at",
        "Tracer in blood was 3",
        "above 3000 mg (limit `marrow.flooded`: blood < holds); beyond it: the carrier fails.",
    ] {
        assert!(shown.contains(part), "no {part} in {shown}");
    }
}

#[test]
fn broken_studies_are_refused_as_their_files_say() {
    all_as_expected("study", "scenarios");
}

/// Every file says what it expects.
#[test]
fn every_case_has_expectations() {
    for kind in ["module", "model", "shared", "scenario", "start", "study"] {
        for case in cases(kind) {
            assert!(expected(&case).is_some(), "{}", case.display());
        }
    }
}
