//! The bibliography with where each key is used.

use std::collections::{BTreeMap, BTreeSet};

use super::Listed;
use super::chapter::Chapter;
use super::markdown::{prose, table};
use crate::diagnostics::FileId;
use crate::model::declare::cited;
use crate::model::file::parse;
use crate::model::{BibEntry, Model};

const HEAD: &str = "\
# Sources

Made from `models/references.bib` and every file that cites it by `myoflux pages`; [all pages](README.md). \
Parameters that rest on no source say so on the page of their module.

";

/// Links to the places that cite one key, in reading order.
#[derive(Default)]
struct Places {
    modules: BTreeSet<String>,
    shared: BTreeSet<String>,
    edges: BTreeSet<String>,
    scenarios: BTreeSet<String>,
}

pub fn text(models: &[Model], chapters: &[Chapter], scenarios: &[Listed]) -> String {
    let mut used: BTreeMap<String, Places> = BTreeMap::new();
    for chapter in chapters {
        modules_and_edges(chapter, &mut used);
    }
    for (name, text) in shared_files(models) {
        for (key, _) in cited(&parse(FileId(0), text).0) {
            let places = used.entry(key).or_default();
            places.shared.insert(format!("`{name}`"));
        }
    }
    for listed in scenarios {
        let expected = listed.scenario.expectations.iter().map(|e| &e.source);
        let measured = listed.scenario.data.iter().map(|data| &data.source);
        for key in expected.chain(measured).flatten() {
            let places = used.entry(key.clone()).or_default();
            places.scenarios.insert(format!("`{}`", listed.name));
        }
    }
    let mut entries: BTreeMap<&str, &BibEntry> = BTreeMap::new();
    for model in models {
        let all = model.references_bib.entries.iter();
        entries.extend(all.map(|(key, entry)| (key.as_str(), entry)));
    }
    let rows: Vec<Vec<String>> = entries
        .into_iter()
        .map(|(key, entry)| {
            vec![
                format!("<a id=\"{key}\"></a>{}", prose(key)),
                prose(&entry.citation),
                used.get(key).map_or("nowhere".to_string(), told),
            ]
        })
        .collect();
    let text = HEAD.to_string() + &table(&["key", "source", "used in"], &rows);
    format!("{}\n", text.trim_end())
}

fn modules_and_edges(chapter: &Chapter, used: &mut BTreeMap<String, Places>) {
    let name = &chapter.module.name;
    let numbers = chapter.tree.entries.iter();
    let numbers = numbers.filter(|entry| entry.key != "edges");
    for entry in numbers {
        let crate::model::file::Value::Table(table) = &entry.item.value else {
            continue;
        };
        for (key, _) in cited(table) {
            let places = used.entry(key).or_default();
            places
                .modules
                .insert(format!("[{name}](parameters/{name}.md)"));
        }
    }
    for edge in chapter.edges() {
        let link = format!("[{0}](edges.md#{0})", edge.name);
        for key in &edge.sources {
            let places = used.entry(key.clone()).or_default();
            places.edges.insert(link.clone());
        }
        for key in &edge.against {
            let places = used.entry(key.clone()).or_default();
            places.edges.insert(format!("{link} (against)"));
        }
    }
}

/// Files that are no module: nutrients, rate laws, reference people.
fn shared_files(models: &[Model]) -> BTreeMap<String, &str> {
    let mut shared = BTreeMap::new();
    for model in models {
        let is_module = |name: &str| {
            let mut modules = model.modules.iter();
            modules.any(|module| name.strip_suffix(".toml") == Some(&module.name))
        };
        for (path, text) in &model.files {
            let name = path.display().to_string();
            if name.ends_with(".toml") && !is_module(&name) {
                shared.insert(name, text.as_str());
            }
        }
    }
    shared
}

fn told(places: &Places) -> String {
    let kinds = [
        ("modules", &places.modules),
        ("shared", &places.shared),
        ("edges", &places.edges),
        ("scenarios", &places.scenarios),
    ];
    let kinds = kinds.into_iter().filter(|(_, links)| !links.is_empty());
    let parts: Vec<String> = kinds
        .map(|(kind, links)| {
            let links: Vec<&str> = links.iter().map(String::as_str).collect();
            format!("{kind}: {}", links.join(", "))
        })
        .collect();
    parts.join("; ")
}
