//! The entrance: models, their modules, and how many numbers rest on what.

use super::Listed;
use super::chapter::{Chapter, Tally};
use super::markdown::{count, paragraphs, prose, table};
use crate::model::Model;

const HEAD: &str = "\
# Reference

Everything the model and scenario files hold, told for a reader. Made by `myoflux pages`; do not edit, change \
the files in `models/` and `scenarios/` and make the pages again.

- [Crosstalk edges](edges.md): claims, evidence for and against, factors
- [What is expected](expectations.md): every row that the models are compared with
- [Figures and misses](misses.md): how the comparison went (made by `myoflux pages --results`)
- [Sources](sources.md): the bibliography and where it is used
- [What is left out](../limits.md), [how rows are made and judged](../validation.md)

";

const COUNTED: [&str; 7] = ["parameters", "sourced", "assumed", "A", "B", "C", "D"];

pub fn text(models: &[Model], chapters: &[Chapter], scenarios: &[Listed]) -> String {
    let mut text = HEAD.to_string();
    let number: usize = scenarios
        .iter()
        .map(|listed| listed.scenario.expectations.len())
        .sum();
    text.push_str(&format!(
        "{}, {}, {} with {}.\n\n",
        count(models.len(), "model"),
        count(chapters.len(), "module"),
        count(scenarios.len(), "scenario"),
        count(number, "expectation")
    ));
    text.push_str("## Models\n\n");
    for model in models {
        text.push_str(&told(model));
    }
    text.push_str(&modules(chapters));
    format!("{}\n", text.trim_end())
}

fn told(model: &Model) -> String {
    let links = model.modules.iter();
    let links: Vec<String> = links
        .map(|module| format!("[{0}](parameters/{0}.md)", module.name))
        .collect();
    format!(
        "### {} (`{}`)\n\n{}\n\n{}, {}, {}, {}. Modules: {}.\n\n",
        prose(&model.title),
        model.name,
        paragraphs(&model.about),
        count(model.states.len(), "state"),
        count(model.variables.len(), "variable"),
        count(model.edges.len(), "edge"),
        count(model.biomarkers.len(), "biomarker"),
        links.join(", ")
    )
}

fn modules(chapters: &[Chapter]) -> String {
    let row = |title: String, system: String, tally: Tally, edges: usize| {
        let mut row = vec![title, system];
        row.extend(tally.cells());
        row.push(edges.to_string());
        row
    };
    let mut rows = Vec::new();
    let (mut all, mut edges) = (Tally::default(), 0);
    for chapter in chapters {
        let module = chapter.module;
        let title = format!("[{}](parameters/{}.md)", prose(&module.title), module.name);
        let own = chapter.edges().count();
        let system = prose(module.system.as_deref().unwrap_or_default());
        rows.push(row(title, system, chapter.tally(), own));
        all = all.plus(chapter.tally());
        edges += own;
    }
    rows.push(row("**all**".to_string(), String::new(), all, edges));
    let head: Vec<&str> = ["module", "system"]
        .into_iter()
        .chain(COUNTED)
        .chain(["edges"])
        .collect();
    format!(
        "## Modules and where their numbers come from\n\nA parameter has a source or is assumed, with the \
         reason on its module's page. A to D grade the evidence, strongest first.\n\n{}",
        table(&head, &rows)
    )
}
