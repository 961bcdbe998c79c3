//! Damaged files: whatever happens to a model or scenario file, checking it ends with exit code 0 (the
//! file is still valid) or 2 and a place in a file; never with a panic, a crash or without an end.
//!
//! The damages follow from a fixed seed. `DAMAGE="seed count"` runs others:
//! `DAMAGE="7 5000" cargo test --release --test damage`.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

const SEED: u64 = 20_260_101;
const COUNT: u64 = 200;

/// splitmix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.roll() % end.max(1) as u64) as usize
    }

    fn pick<'t, T>(&mut self, list: &'t [T]) -> &'t T {
        &list[self.below(list.len())]
    }
}

/// One to three damages of a text.
fn damage(dice: &mut Dice, mut bytes: Vec<u8>) -> Vec<u8> {
    for _ in 0..=dice.below(3) {
        bytes = match dice.below(10) {
            0..=2 => damage_lines(dice, &bytes),
            3 => flip(dice, bytes),
            4 => bytes[..dice.below(bytes.len())].to_vec(),
            5 => insert(dice, bytes),
            6 => change_digit(dice, bytes),
            7 => unbalance(dice, bytes),
            8 => change_word(dice, bytes),
            _ => repeat_part(dice, &bytes),
        };
    }
    bytes
}

/// A line lost, written twice, or two of them swapped.
fn damage_lines(dice: &mut Dice, bytes: &[u8]) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    if lines.is_empty() {
        return Vec::new();
    }
    let (a, b) = (dice.below(lines.len()), dice.below(lines.len()));
    match dice.below(3) {
        0 => drop(lines.remove(a)),
        1 => lines.insert(b, lines[a]),
        _ => lines.swap(a, b),
    }
    lines.concat()
}

fn flip(dice: &mut Dice, mut bytes: Vec<u8>) -> Vec<u8> {
    let at = dice.below(bytes.len());
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << dice.below(8);
    }
    bytes
}

fn insert(dice: &mut Dice, mut bytes: Vec<u8>) -> Vec<u8> {
    const INSERTED: [&[u8]; 20] = [
        b"\xff\xfe",
        b"\xc3",
        b"\0",
        b"\r",
        b"\xef\xbb\xbf",
        "µ".as_bytes(),
        "\u{202e}".as_bytes(),
        "🏃".as_bytes(),
        b"nan",
        b"-inf",
        b"1e308",
        b"99999999999999999999",
        b"000000",
        b"e9",
        b"= [",
        b"((((((((((",
        b"^-1.5",
        b"\\u12",
        b"\"\"\"",
        b"1979-05-27",
    ];
    // Half of them behind a digit: numbers are where most can go wrong.
    let digits = digits(&bytes);
    let at = match dice.below(2) {
        0 if !digits.is_empty() => *dice.pick(&digits) + 1,
        _ => dice.below(bytes.len() + 1),
    };
    let inserted = *dice.pick(&INSERTED);
    bytes.splice(at..at, inserted.iter().copied());
    bytes
}

fn change_digit(dice: &mut Dice, mut bytes: Vec<u8>) -> Vec<u8> {
    let digits = digits(&bytes);
    if !digits.is_empty() {
        bytes[*dice.pick(&digits)] = *dice.pick(b"0123456789-.e");
    }
    bytes
}

fn digits(bytes: &[u8]) -> Vec<usize> {
    (0..bytes.len())
        .filter(|at| bytes[*at].is_ascii_digit())
        .collect()
}

/// One quote, bracket, brace or sign more or less.
fn unbalance(dice: &mut Dice, mut bytes: Vec<u8>) -> Vec<u8> {
    const SIGNS: &[u8] = b"\"'[]{}()=,.+-*/^<>#";
    let places: Vec<usize> = (0..bytes.len())
        .filter(|at| SIGNS.contains(&bytes[*at]))
        .collect();
    if places.is_empty() {
        return bytes;
    }
    let at = *dice.pick(&places);
    match dice.below(3) {
        0 => drop(bytes.remove(at)),
        1 => bytes.insert(at, bytes[at]),
        _ => bytes[at] = *dice.pick(SIGNS),
    }
    bytes
}

/// A word replaced by another word of the same file.
fn change_word(dice: &mut Dice, bytes: Vec<u8>) -> Vec<u8> {
    let words = words(&bytes);
    if words.is_empty() {
        return bytes;
    }
    let (from, to) = (dice.pick(&words).clone(), dice.pick(&words).clone());
    let word = bytes[to].to_vec();
    let mut changed = bytes;
    changed.splice(from, word);
    changed
}

fn words(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    for at in (0..bytes.len()).filter(|at| bytes[*at].is_ascii_alphanumeric()) {
        match words.last_mut() {
            Some(word) if word.end == at => word.end = at + 1,
            _ => words.push(at..at + 1),
        }
    }
    words
}

/// A stretch of the file once more, somewhere else.
fn repeat_part(dice: &mut Dice, bytes: &[u8]) -> Vec<u8> {
    let start = dice.below(bytes.len());
    let end = (start + dice.below(200)).min(bytes.len());
    let at = dice.below(bytes.len());
    [&bytes[..at], &bytes[start..end], &bytes[at..]].concat()
}

/// A copy of the files that ship, and which of them are damaged.
struct Copy {
    folder: tempfile::TempDir,
    victims: Vec<PathBuf>,
}

impl Copy {
    fn new() -> Copy {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut victims = Vec::new();
        for top in ["models", "scenarios"] {
            copy(Path::new(top), folder.path(), &mut victims);
        }
        victims.sort();
        assert!(victims.len() > 20, "{} files are few", victims.len());
        Copy { folder, victims }
    }

    /// Where a file is checked: a module through a model that uses it.
    fn entry(&self, victim: &Path) -> PathBuf {
        let own = self.folder.path().join(victim);
        let name = victim.file_name().expect("a file").to_string_lossy();
        if !victim.starts_with("models") || name.ends_with(".model.toml") {
            return own;
        }
        let quoted = format!("\"{}\"", name.trim_end_matches(".toml"));
        let models = self
            .victims
            .iter()
            .filter(|file| file.to_string_lossy().ends_with(".model.toml"));
        let uses = |file: &&PathBuf| {
            let text = fs::read_to_string(file).unwrap_or_default();
            text.contains(&quoted)
        };
        let model = models.clone().find(uses).or(models.clone().next());
        self.folder.path().join(model.expect("there are models"))
    }

    /// What is wrong with the answer to one damaged file, if anything.
    fn mistake(&self, victim: &Path, bytes: &[u8]) -> Option<String> {
        let path = self.folder.path().join(victim);
        fs::write(&path, bytes).expect("writable");
        let output = Command::new(env!("CARGO_BIN_EXE_myoflux"))
            .arg("check")
            .arg(self.entry(victim))
            .output()
            .expect("it starts");
        fs::copy(victim, &path).expect("writable");
        let said = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => None,
            Some(2) if has_place(&said) => None,
            Some(2) => Some(format!("no place: {said}")),
            code => Some(format!("exit code {code:?}: {said}")),
        }
    }
}

/// `--> file.toml:14:10` somewhere.
fn has_place(text: &str) -> bool {
    text.lines()
        .filter_map(|line| line.trim_start().strip_prefix("--> "))
        .any(|place| {
            let mut parts = place.rsplit(':');
            let mut number = || {
                parts
                    .next()
                    .is_some_and(|part| part.parse::<usize>().is_ok())
            };
            number() && number()
        })
}

fn copy(from: &Path, to: &Path, copied: &mut Vec<PathBuf>) {
    fs::create_dir_all(to.join(from)).expect("writable");
    for entry in fs::read_dir(from).expect("readable").flatten() {
        let path = entry.path();
        if path.is_dir() {
            copy(&path, to, copied);
        } else {
            fs::copy(&path, to.join(&path)).expect("writable");
            let name = path.to_string_lossy();
            if name.ends_with(".toml") || name.ends_with(".bib") {
                copied.push(path);
            }
        }
    }
}

#[test]
fn damaged_files_are_refused_with_a_place_or_still_valid() {
    let wanted = std::env::var("DAMAGE").unwrap_or_default();
    let mut numbers = wanted.split(' ').filter_map(|text| text.parse().ok());
    let seed = numbers.next().unwrap_or(SEED);
    let count = numbers.next().unwrap_or(COUNT);
    let files = Copy::new();
    let mut dice = Dice(seed);
    let mut wrong = Vec::new();
    for round in 0..count {
        let victim = dice.pick(&files.victims).clone();
        let damaged = damage(&mut dice, fs::read(&victim).expect("readable"));
        if let Some(mistake) = files.mistake(&victim, &damaged) {
            let kept = std::env::temp_dir().join(format!("myoflux-damage-{seed}-{round}.toml"));
            fs::write(&kept, &damaged).expect("writable");
            let (victim, kept) = (victim.display(), kept.display());
            wrong.push(format!("{victim}, kept as {kept}: {mistake}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Files that are far too large are answered like others: one message per mistake, of very many the
/// first, and no recursion that follows the file.
#[test]
fn endless_files_are_answered() {
    let files = Copy::new();
    let head = "format = 1\ntitle = \"Long\"\nabout = \"Much of the same.\"\n";
    let chain = |k: usize| {
        format!(
            "[variables.v{k}]\nunit = \"1\"\nformula = \"1 + v{}\"\n",
            k + 1
        )
    };
    let links: String = (0..30_000).map(chain).collect();
    let end = "[variables.v30000]\nunit = \"1\"\nformula = \"1\"\n";
    let unit = format!(
        "[variables.v]\nunit = \"{}m\"\nformula = \"1\"\n",
        "m.".repeat(50_000)
    );
    let texts = [
        (0, format!("{head}{links}{end}")),
        (2, format!("{head}{links}")),
        (2, format!("{head}{}", "x = \n".repeat(20_000))),
        (2, format!("{head}x = {}", "[".repeat(100_000))),
        (2, format!("{head}{unit}")),
    ];
    let path = files.folder.path().join("models/long.toml");
    for (code, text) in texts {
        fs::write(&path, &text).expect("writable");
        let mut check = Command::new(env!("CARGO_BIN_EXE_myoflux"));
        let output = check.arg("check").arg(&path).output().expect("it starts");
        assert_eq!(output.status.code(), Some(code), "{}", &text[..200]);
        assert!(output.stderr.len() < 100_000, "{}", output.stderr.len());
    }
}
