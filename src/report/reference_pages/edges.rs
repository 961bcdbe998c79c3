//! Every crosstalk edge with its evidence, by the module that declares it; hypotheses apart.

use super::chapter::Chapter;
use super::markdown::{cites, code, count, prose};
use crate::model::{Edge, EdgeKind, Effect, Grade};

const LEGEND: &str = "\
# Crosstalk edges

Made from the files in `models/` by `myoflux pages`; [all pages](README.md). An edge is one claim that a \
nutrient or system acts on another. It can be switched off or scaled in a scenario (`edges.off`, \
`edges.strength`), which shows what hangs on it.

| grade | evidence |
|---|---|
| A | established |
| B | established, with weaker evidence |
| C | a hypothesis |
| D | contested |

| kind | what it does |
|---|---|
| factor | multiplies what it acts on by `1 + strength × (factor / factor at the reference − 1)`, not below 0 |
| structural | stands inside an equation; off, its argument stays at the reference value |
| claim | nothing is computed from it, or it is the sum of other edges |

Each module lists what is established (A and B) first, then hypotheses and contested claims (C and D).

[![All edges of the largest model, grouped by system](network.svg)](network.svg)

";

pub fn text(chapters: &[Chapter]) -> String {
    let mut text = LEGEND.to_string();
    for chapter in chapters {
        let edges: Vec<&Edge> = chapter.edges().collect();
        if edges.is_empty() {
            continue;
        }
        text.push_str(&format!(
            "## [{}](parameters/{}.md)\n\n",
            prose(&chapter.module.title),
            chapter.module.name
        ));
        let (established, others): (Vec<&Edge>, Vec<&Edge>) =
            edges.into_iter().partition(|edge| edge.grade <= Grade::B);
        for (title, edges) in [
            ("Established", established),
            ("Hypotheses and contested claims", others),
        ] {
            if !edges.is_empty() {
                let number = count(edges.len(), "edge");
                text.push_str(&format!("### {title}: {number}\n\n"));
            }
            for edge in edges {
                text.push_str(&told(chapter, edge));
            }
        }
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn told(chapter: &Chapter, edge: &Edge) -> String {
    let row = edge
        .id
        .as_ref()
        .map_or(String::new(), |id| format!("{id} "));
    let mut lines = vec![
        format!("{}, grade {:?}, {}", kind(edge), edge.grade, default(edge)),
        format!(
            "{} {} {}",
            code(&edge.from),
            effect(edge.effect),
            code(&edge.onto)
        ),
    ];
    if let Some((text, _)) = &edge.factor {
        lines.push(format!("factor: {}", code(text)));
    }
    let members = edge.made_of.iter();
    let members: Vec<String> = members
        .map(|id| &chapter.model.edges[id.index()].name)
        .map(|name| format!("[{name}](#{name})"))
        .collect();
    if !members.is_empty() {
        lines.push(format!("made of: {}", members.join(", ")));
    }
    if !edge.sources.is_empty() {
        lines.push(format!("for: {}", cites(&edge.sources, "")));
    }
    if let Some(reason) = &edge.assumed {
        lines.push(format!("assumed: {}", prose(reason)));
    }
    if !edge.against.is_empty() {
        lines.push(format!("against: {}", cites(&edge.against, "")));
    }
    format!(
        "<a id=\"{0}\"></a>**{row}`{0}`**: {1}\n\n- {2}\n\n",
        edge.name,
        prose(&edge.claim),
        lines.join("\n- ")
    )
}

fn kind(edge: &Edge) -> &'static str {
    match edge.kind {
        EdgeKind::Factor => "factor",
        EdgeKind::Structural => "structural",
        EdgeKind::Claim => "claim",
    }
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Facilitates => "facilitates",
        Effect::Inhibits => "inhibits",
        Effect::Both => "facilitates and inhibits",
    }
}

fn default(edge: &Edge) -> &'static str {
    match (edge.kind, edge.on) {
        (EdgeKind::Claim, _) => "not computed by itself",
        (_, true) => "on unless switched off",
        (_, false) => "off unless switched on",
    }
}
