//! sweep.json: everything a sweep's numbers depend on. Two folders with one digest hold parts of one sweep.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::scenario::load::Overrides;
use crate::study::sweep::Sweep;

pub const FILE: &str = "sweep.json";

/// No clock, no machine, no number of threads: the same sweep gives the same bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plan {
    pub format: u32,
    pub program: String,
    pub version: String,
    pub study: Text,
    pub scenario: Vec<Text>,
    pub overrides: Overrides,
    pub model: Composed,
    pub members: u64,
    pub chunk: u64,
    /// Of everything above.
    pub digest: String,
    /// When all members are done and merged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Outcome>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Composed {
    pub name: String,
    pub files: Vec<Text>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    pub file: PathBuf,
    pub sha256: String,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub failed: u64,
    pub outputs: Vec<Output>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    pub file: String,
    pub sha256: String,
}

pub fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Plan {
    /// What this program would run now.
    pub fn new(sweep: &Sweep, study: &Path, overrides: &Overrides) -> Plan {
        let text = |file: &Path, text: &str| Text {
            file: file.to_path_buf(),
            sha256: hash(text.as_bytes()),
            text: text.to_string(),
        };
        let all = |files: &[(PathBuf, String)]| files.iter().map(|(f, t)| text(f, t)).collect();
        let name = study.file_name().map(PathBuf::from).unwrap_or_default();
        let mut plan = Plan {
            format: 1,
            program: "myoflux".to_string(),
            version: env!("CARGO_PKG_VERSION").to_string(),
            study: text(&name, &sweep.text),
            scenario: all(&sweep.opened.files),
            overrides: overrides.clone(),
            model: Composed {
                name: sweep.model.name.clone(),
                files: all(&sweep.model.files),
            },
            members: sweep.members(),
            chunk: sweep.chunk,
            digest: String::new(),
            result: None,
        };
        plan.digest = hash(plan.json().as_bytes());
        plan
    }

    pub fn json(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("plain data has a text");
        text + "\n"
    }

    /// The plan of a folder; `None` if it holds none.
    ///
    /// # Errors
    /// Why there is a file that cannot be read.
    pub fn read(folder: &Path) -> Result<Option<Plan>, String> {
        let path = folder.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{} cannot be read: {error}", path.display())),
        };
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|error| format!("{} is not a plan of ours: {error}", path.display()))
    }

    pub fn chunks(&self) -> u64 {
        self.members.div_ceil(self.chunk)
    }

    /// Members of a chunk: first and last.
    pub fn span(&self, chunk: u64) -> (u64, u64) {
        let first = chunk * self.chunk;
        (first, (first + self.chunk).min(self.members) - 1)
    }

    /// In what this plan, recorded earlier, differs from another, in words; `None` if they are one sweep.
    pub fn differs_from(&self, now: &Plan) -> Option<String> {
        if self.digest == now.digest {
            return None;
        }
        let mut reasons = Vec::new();
        if self.version != now.version {
            reasons.push(format!(
                "it was begun with version {}, this is {}",
                self.version, now.version
            ));
        }
        if self.study != now.study {
            reasons.push(format!(
                "the study {} has changed",
                now.study.file.display()
            ));
        }
        reasons.extend(changed("scenario", &self.scenario, &now.scenario));
        if self.model.name != now.model.name {
            let (old, new) = (&self.model.name, &now.model.name);
            reasons.push(format!("the model was {old}, now it is {new}"));
        }
        reasons.extend(changed("model", &self.model.files, &now.model.files));
        let overrides = |plan: &Plan| serde_json::to_string(&plan.overrides).unwrap_or_default();
        if overrides(self) != overrides(now) {
            reasons.push("the changes on the command line are others".to_string());
        }
        if reasons.is_empty() {
            reasons.push("its plan has been altered".to_string());
        }
        Some(reasons.join("; "))
    }
}

/// Files of a kind that are new, gone or other than they were.
fn changed(what: &str, old: &[Text], new: &[Text]) -> Option<String> {
    let missing = |from: &[Text], in_: &[Text]| -> Vec<String> {
        let known = |text: &&Text| !in_.contains(text);
        let names = from
            .iter()
            .filter(known)
            .map(|text| text.file.display().to_string());
        names.collect()
    };
    let mut files = missing(old, new);
    files.extend(missing(new, old));
    files.sort();
    files.dedup();
    (!files.is_empty()).then(|| format!("the {what} has changed: {}", files.join(", ")))
}
