//! The same tables for any number of threads, lanes and shards, in any order; every member exactly once.

use std::fs;

use crate::bench::{Bench, stderr};

fn whole(bench: &Bench, name: &str, words: &[&str]) -> String {
    let place = format!("@{name}");
    let output = bench.sweep(&[&["STUDY", "-o", place.as_str()], words].concat());
    // A third of the members fails: their volume is nothing.
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    bench.tables(name)
}

#[test]
fn threads_lanes_and_order_change_nothing() {
    let bench = Bench::new();
    let one = whole(&bench, "one", &["-j", "1"]);
    assert_eq!(one.matches(",failed,").count(), 256);
    assert_eq!(one.matches(",ok,").count(), 512);
    for (name, words) in [
        ("two", &["-j", "2"][..]),
        ("shuffled", &["-j", "2", "--shuffle", "5"]),
        ("single", &["-j", "2", "--lanes", "1"]),
        ("wide", &["-j", "1", "--lanes", "16"]),
    ] {
        assert!(whole(&bench, name, words) == one, "{name}");
        assert!(
            !bench.path(name).join("chunks").exists(),
            "chunks are no result"
        );
    }
}

/// In folders of their own and in one for all; the last by the variables of a job array.
#[test]
fn shards_merge_to_the_same_bytes() {
    let bench = Bench::new();
    let one = whole(&bench, "one", &["-j", "2"]);
    for count in [1, 3, 7] {
        let mut folders = Vec::new();
        for index in 1..=count {
            let folder = format!("@shard_{count}_{index}");
            let shard = format!("{index}/{count}");
            let output =
                bench.sweep(&["run", "STUDY", "--shard", &shard, "-o", &folder, "-j", "2"]);
            assert!(
                matches!(output.status.code(), Some(0 | 1 | 3)),
                "{}",
                stderr(&output)
            );
            folders.push(folder);
        }
        // Whatever the order in which they are named.
        folders.reverse();
        let mut words = vec!["merge", "STUDY"];
        words.extend(folders.iter().map(String::as_str));
        let out = format!("merged_{count}");
        let place = format!("@{out}");
        words.extend(["-o", place.as_str()]);
        let output = bench.sweep(&words);
        assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
        assert!(bench.tables(&out) == one, "{count} shards");
    }
    for task in 4..=6 {
        let mut command = bench.command(&["run", "STUDY", "-o", "@array"]);
        command.env("SLURM_ARRAY_TASK_ID", task.to_string());
        command
            .env("SLURM_ARRAY_TASK_MIN", "4")
            .env("SLURM_ARRAY_TASK_COUNT", "3");
        let output = command.output().expect("it starts");
        assert!(
            matches!(output.status.code(), Some(0 | 1 | 3)),
            "{}",
            stderr(&output)
        );
    }
    let output = bench.sweep(&["merge", "STUDY", "@array"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(bench.tables("array") == one);
}

#[test]
fn a_merge_names_what_is_missing_twice_damaged_or_foreign() {
    let bench = Bench::new();
    let run = |shard: &str, folder: &str| {
        let output = bench.sweep(&["run", "STUDY", "--shard", shard, "-o", folder, "-j", "2"]);
        assert!(
            matches!(output.status.code(), Some(0 | 1 | 3)),
            "{}",
            stderr(&output)
        );
    };
    let refused = |words: &[&str], code: i32, parts: &[&str]| {
        let output = bench.sweep(words);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        assert_eq!(text.lines().count(), 1, "one clear message: {text}");
    };
    run("1/3", "@a");
    run("2/3", "@b");
    let merge = ["merge", "STUDY", "@a", "@b", "-o", "@out"];
    refused(
        &merge,
        1,
        &["chunk 2 (members 64 to 95) is missing", "7 more of 24"],
    );
    run("3/3", "@c");
    run("1/3", "@c");
    let merge = ["merge", "STUDY", "@a", "@b", "@c", "-o", "@out"];
    refused(
        &merge,
        1,
        &[
            "chunk 0 (members 0 to 31) is there 2 times",
            "merge each shard once",
        ],
    );
    assert!(
        !bench.path("out/members.csv").exists(),
        "nothing half-written"
    );
    let chunk = bench.path("b/chunks/chunk_00000001");
    let whole = fs::read_to_string(&chunk).expect("written");
    fs::write(&chunk, whole.replacen("ok", "OK", 1)).expect("writable");
    for first in (0..24).step_by(3) {
        let name = format!("chunk_{first:08}");
        fs::remove_file(bench.path("c/chunks").join(name)).expect("it is there");
    }
    refused(&merge, 1, &["chunk_00000001 is damaged"]);
    // What is damaged is run again.
    run("2/3", "@b");
    let output = bench.sweep(&merge);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    bench.write(
        &fs::read_to_string(bench.study())
            .expect("readable")
            .replace("seed = 7", "seed = 8"),
    );
    refused(
        &merge,
        2,
        &["holds another sweep", "the study q.study.toml has changed"],
    );
}
