//! kill -9, Ctrl-C, a full disk, a folder that cannot be written: one clear message where a message is
//! possible, no broken file, and `--resume` gives the bytes of an undisturbed run.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::bench::{Bench, files, stderr};

fn start(bench: &Bench, words: &[&str]) -> Child {
    Command::new(assert_cmd::cargo::cargo_bin("myoflux"))
        .arg("sweep")
        .args(bench.arguments(words))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts")
}

/// Claim: killed at ten random moments and resumed each time, the tables are those of an undisturbed run.
#[test]
fn kill_at_ten_random_moments_and_resume() {
    let bench = Bench::new();
    let begun = Instant::now();
    let output = bench.sweep(&["STUDY", "-o", "@whole", "-j", "1"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let usual = begun.elapsed();
    let seed = std::time::SystemTime::now();
    let seed = seed
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970")
        .as_nanos() as u64;
    println!("moments drawn with {seed}");
    let mut killed = 0;
    let mut chunks = Vec::new();
    for round in 0..10u64 {
        let mut child = start(&bench, &["STUDY", "-o", "@killed", "-j", "1", "--resume"]);
        // Up to a third of the whole time, so that ten rounds fall into every phase of the work.
        let share = (seed
            .wrapping_mul(6364136223846793005)
            .wrapping_add(round * 1442695040888963407)
            >> 33)
            % 1000;
        std::thread::sleep(usual.mul_f64(share as f64 / 3000.0));
        if child.try_wait().expect("a child").is_none() {
            child.kill().expect("it is ours");
            killed += 1;
        }
        child.wait().expect("a child");
        let now = files(&bench.path("killed/chunks"));
        let kept = |name: &&String| !name.contains(".part");
        let whole: Vec<String> = now.iter().filter(kept).cloned().collect();
        let finished = bench.path("killed/members.csv").exists();
        assert!(
            finished || chunks.iter().all(|c| whole.contains(c)),
            "a chunk that was there is lost"
        );
        chunks = whole;
    }
    println!("killed {killed} times");
    let output = bench.sweep(&["STUDY", "-o", "@killed", "-j", "2", "--resume"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(killed > 0, "the first round cannot be over before it began");
    assert!(bench.tables("killed") == bench.tables("whole"));
    let same = |a: &str, b: &str| files(&bench.path(a)) == files(&bench.path(b));
    assert!(
        same("killed", "whole"),
        "{:?}",
        files(&bench.path("killed"))
    );
    // And once more: nothing is left to do, the same exit code.
    let output = bench.sweep(&["STUDY", "-o", "@killed", "--resume"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stdout).contains("nothing is left to do"));
}

#[test]
fn a_resume_after_a_change_is_refused_with_its_reason() {
    let bench = Bench::new();
    let output = bench.sweep(&["run", "STUDY", "--shard", "1/24", "-o", "@out"]);
    assert!(output.status.code().is_some(), "{}", stderr(&output));
    let text = fs::read_to_string(bench.study()).expect("readable");
    let refused = |words: &[&str], part: &str| {
        let output = bench.sweep(words);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(part) && said.lines().count() == 1, "{said}");
    };
    refused(
        &["STUDY", "-o", "@out"],
        "holds an unfinished sweep: go on with --resume",
    );
    bench.write(&text.replace("members = 256", "members = 128"));
    refused(
        &["STUDY", "-o", "@out", "--resume"],
        "the study q.study.toml has changed",
    );
    bench.write(&text);
    refused(
        &["STUDY", "-o", "@out", "--resume", "--rtol", "1e-6"],
        "the changes on the command line are others",
    );
    let runner = bench.path("runner.toml");
    let before = fs::read_to_string(&runner).expect("readable");
    fs::write(&runner, before.replace("run 1 h", "run 2 h")).expect("writable");
    refused(
        &["STUDY", "-o", "@out", "--resume"],
        "the scenario has changed: runner.toml",
    );
    fs::write(&runner, before).expect("writable");
    let plan = bench.path("out/sweep.json");
    let known = fs::read_to_string(&plan).expect("readable");
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    let other = known.replace(&version, "\"version\": \"0.0.7\"");
    let other = other.replacen("\"digest\": \"", "\"digest\": \"0", 1);
    fs::write(&plan, other).expect("writable");
    refused(
        &["STUDY", "-o", "@out", "--resume"],
        "it was begun with version 0.0.7",
    );
    fs::write(&plan, known).expect("writable");
    let output = bench.sweep(&["STUDY", "-o", "@out", "--resume"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
}

/// A disk that takes no more than half a megabyte per file stands for one that is full.
#[test]
#[cfg(unix)]
fn a_full_disk_costs_one_message_and_no_file() {
    let study = format!("{}{}", crate::bench::STUDY, crate::bench::SERIES);
    let bench = Bench::with(&study.replace("chunk = 32", "chunk = 256"));
    let program = assert_cmd::cargo::cargo_bin("myoflux");
    let limited = "trap '' XFSZ; ulimit -f 700; exec \"$0\" sweep \"$@\"";
    let output = Command::new("bash")
        .args(["-c", limited])
        .arg(&program)
        .args(bench.arguments(&["STUDY", "-o", "@out", "-j", "1"]))
        .output()
        .expect("it starts");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("chunk_00000000 could not be written"),
        "{said}"
    );
    assert!(
        said.contains("--resume") && said.lines().count() == 1,
        "{said}"
    );
    assert_eq!(files(&bench.path("out")), ["sweep.json"], "no broken file");
    let output = bench.sweep(&["STUDY", "-o", "@out", "--resume"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    bench.sweep(&["STUDY", "-o", "@whole"]);
    assert!(bench.tables("out") == bench.tables("whole"));
}

#[test]
fn a_folder_that_cannot_be_made_costs_one_message() {
    let bench = Bench::new();
    let output = bench.sweep(&["STUDY", "-o", "@runner.toml/below"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("could not be written") || said.contains("cannot be read"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
#[cfg(unix)]
fn ctrl_c_costs_one_message_and_resume_goes_on() {
    let bench = Bench::new();
    let child = start(&bench, &["STUDY", "-o", "@out", "-j", "1"]);
    let until = Instant::now() + Duration::from_secs(120);
    while files(&bench.path("out/chunks")).is_empty() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(2));
    }
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(sent.expect("kill is there").success());
    let output = child.wait_with_output().expect("it ends");
    let said = stderr(&output);
    // It may have been faster than the signal.
    if output.status.code() != Some(3) {
        assert_eq!(output.status.code(), Some(130), "{said}");
        assert!(
            said.starts_with("interrupted: ") && said.lines().count() == 1,
            "{said}"
        );
        assert!(
            files(&bench.path("out"))
                .iter()
                .all(|file| !file.contains(".part"))
        );
    }
    let output = bench.sweep(&["STUDY", "-o", "@out", "--resume"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    bench.sweep(&["STUDY", "-o", "@whole"]);
    assert!(bench.tables("out") == bench.tables("whole"));
}
