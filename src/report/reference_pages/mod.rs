//! What models and scenarios hold, as Markdown for a reader: values in, text out.
//!
//! In: checked models, checked scenarios and, for the page of misses, results. Out: [`Page`]s with their
//! path below the folder they belong in. Promises: the same files give the same bytes; nothing is run and
//! no file is read here; a module that several models share is told once.
//!
//! `chapter.rs` finds the modules, `module.rs` writes one page of each, `edges.rs` the crosstalk,
//! `expectations.rs` and `misses.rs` what is expected and how it went, `sources.rs` the bibliography,
//! `index.rs` the entrance; `markdown.rs` spells. The picture of the network comes with them.
//!
//! Start reading at [`pages`].

mod chapter;
mod edges;
mod expectations;
mod index;
mod markdown;
mod misses;
mod module;
mod sources;

use std::sync::Arc;

use crate::model::Model;
use crate::report::drawing::svg::{Font, svg};
use crate::report::network;
use crate::scenario::{RunResult, Scenario};
use chapter::chapters;

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Below the folder of the pages, with slashes.
    pub path: String,
    pub text: String,
}

/// A scenario and the name people know it by: its path below the scenarios, without the ending.
#[derive(Debug, Clone)]
pub struct Listed {
    pub name: String,
    pub scenario: Scenario,
    pub model: Arc<Model>,
}

/// Name of the page that needs results.
pub const MISSES: &str = "misses.md";

/// The picture of the largest network.
const NETWORK: &str = "network.svg";

/// What every page of a module says of itself.
pub const MADE_BY: &str = "by `myoflux pages`";

/// Every page that can be written without running anything.
pub fn pages(models: &[Model], scenarios: &[Listed]) -> Vec<Page> {
    let chapters = chapters(models);
    let mut pages = vec![
        page("README.md", index::text(models, &chapters, scenarios)),
        page("edges.md", edges::text(&chapters)),
        page("expectations.md", expectations::text(scenarios)),
        page("sources.md", sources::text(models, &chapters, scenarios)),
    ];
    pages.extend(chapters.iter().map(|chapter| {
        let path = format!("parameters/{}.md", chapter.module.name);
        page(&path, module::text(chapter))
    }));
    // The whole network at a glance: smaller models hold parts of it.
    let largest = models.iter().rev().max_by_key(|model| model.edges.len());
    if let Some(model) = largest.filter(|model| !model.edges.is_empty()) {
        let strengths = network::default_strengths(model);
        let scene = network::scene(model, &strengths, network::Shape::Page);
        pages.push(page(NETWORK, svg(&scene, Font::Inside)));
    }
    pages
}

/// The page of figures by role, and of every expectation that is not met.
pub fn misses(results: &[(String, &RunResult)]) -> Page {
    page(MISSES, misses::text(results))
}

fn page(path: &str, text: String) -> Page {
    Page {
        path: path.to_string(),
        text,
    }
}
