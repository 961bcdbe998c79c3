//! Every expectation by topic and scenario, as written; nothing is run for it.

use super::Listed;
use super::markdown::{cite, count, paragraphs, prose, table};
use crate::model::Model;
use crate::report::words;
use crate::scenario::{Expectation, Scenario};

const HEAD: &str = "\
# What is expected

Made from the files in `scenarios/` by `myoflux pages`; [all pages](README.md). How a row is made and \
judged: [validation](../validation.md). What is not met: [misses](misses.md).

*port*: a number that a prototype of the same equations printed; *fit*: a published figure that set a \
parameter or a default; *test*: published data that set nothing. *Listed*: shown beside the counted rows, in \
no figure.

";

pub fn text(scenarios: &[Listed]) -> String {
    let mut text = HEAD.to_string();
    let mut topic = "";
    for listed in scenarios {
        if listed.scenario.expectations.is_empty() {
            continue;
        }
        let own = listed.name.split('/').next().unwrap_or_default();
        if own != topic {
            topic = own;
            text.push_str(&format!(
                "## {}\n\n{}\n\n",
                words::plain(topic),
                summary(scenarios, topic)
            ));
        }
        text.push_str(&told(listed));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// "24 scenarios, 140 expectations: 120 counted, 20 listed."
fn summary(scenarios: &[Listed], topic: &str) -> String {
    let inside = |listed: &&Listed| listed.name.split('/').next() == Some(topic);
    let of_topic: Vec<&Listed> = scenarios.iter().filter(inside).collect();
    let all = || of_topic.iter().flat_map(|l| &l.scenario.expectations);
    let listed = all().filter(|expectation| expectation.not_required).count();
    let number = all().count();
    format!(
        "{}, {}: {} counted, {listed} listed.",
        count(of_topic.len(), "scenario"),
        count(number, "expectation"),
        number - listed
    )
}

fn told(listed: &Listed) -> String {
    let scenario = &listed.scenario;
    let expectations = scenario.expectations.iter();
    let rows: Vec<Vec<String>> = expectations
        .map(|expectation| {
            let source = expectation.source.as_ref();
            vec![
                expectation.row.clone().unwrap_or_default(),
                what(expectation, scenario, &listed.model),
                prose(&expectation.is),
                words::role(expectation.role).to_string(),
                source.map_or(String::new(), |key| cite(key, "")),
                counted(expectation).to_string(),
                prose(expectation.note.as_deref().unwrap_or_default()),
            ]
        })
        .collect();
    let head = [
        "row", "what", "expected", "role", "source", "counts", "note",
    ];
    let about = match scenario.about.is_empty() {
        true => String::new(),
        false => format!("{}\n\n", paragraphs(&scenario.about)),
    };
    format!(
        "### {} (`{}`)\n\n{about}{}",
        prose(&scenario.title),
        listed.name,
        table(&head, &rows)
    )
}

fn counted(expectation: &Expectation) -> &'static str {
    match expectation.not_required {
        true => "listed",
        false => "counted",
    }
}

/// The measure with titles instead of names; the arm is said where it is not the base.
pub fn what(expectation: &Expectation, scenario: &Scenario, model: &Model) -> String {
    let measure = prose(&words::measure(&expectation.what, model));
    match (expectation.arm, scenario.arms.get(expectation.arm)) {
        (1.., Some(arm)) => format!("{measure} (arm “{}”)", prose(&arm.name)),
        _ => measure,
    }
}
