//! `[[design]]` of a study file → [`Design`]: kinds, how many members, that no factor sets what another does;
//! `factor.rs` reads a factor, `every.rs` those of a whole model.
//!
//! Whether a scenario knows the paths and takes the values is not known here: whoever reads the study asks
//! the scenario itself with [`Factor::probes`].

use super::factor::factor;
use super::{Block, Design, Factor, Kind, sobol};
use crate::diagnostics::Diagnostic;
use crate::model::Model;
use crate::model::declare::fields::choice;
use crate::model::file::{Item, Reader, Table as Tree, Value, problem_with_help};
use crate::model::messages::table_of;

type Out<'a> = &'a mut Vec<Diagnostic>;

/// As many as a double counts exactly.
const MOST_MEMBERS: u64 = 1 << 53;

/// Reads all blocks. `fixed`: parameters that the scenario itself sets; they are known, not uncertain.
pub fn design(
    items: &[Item],
    seed: u64,
    model: &Model,
    fixed: &[String],
    out: Out,
) -> Option<Design> {
    let read = |item: &Item, out: Out| block(item, model, fixed, out);
    let blocks: Vec<Option<Block>> = items.iter().map(|item| read(item, out)).collect();
    let blocks: Vec<Block> = blocks.into_iter().collect::<Option<_>>()?;
    let total = blocks
        .iter()
        .try_fold(1u64, |total, block| total.checked_mul(block.members));
    if total.is_none_or(|total| total > MOST_MEMBERS) {
        let span = items[0].span.clone();
        out.push(problem_with_help(
            "impossible-value",
            "these designs multiply to more members than can be counted".to_string(),
            span,
            "too many",
            Some("take fewer levels, or sample with design kind \"sobol\"".to_string()),
        ));
        return None;
    }
    let mut known: Vec<&str> = Vec::new();
    for factor in blocks.iter().flat_map(|block| &block.factors) {
        for path in &factor.paths {
            let inside = |outer: &str, inner: &str| {
                inner
                    .strip_prefix(outer)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            if known
                .iter()
                .any(|other| inside(other, path) || inside(path, other))
            {
                out.push(problem_with_help(
                    "duplicate-name",
                    format!("two factors set `{path}`"),
                    factor.place.span.clone(),
                    "set again",
                    Some("let one factor set it, or name it in `except`".to_string()),
                ));
            }
            known.push(path);
        }
    }
    Some(Design { blocks, seed })
}

fn block(item: &Item, model: &Model, fixed: &[String], out: Out) -> Option<Block> {
    let table = table_of("a design", item, out)?;
    let mut reader = Reader::new(table, "this design", item.span.clone());
    let kinds = [
        ("grid", Kind::Grid),
        ("zip", Kind::Zip),
        ("random", Kind::Random),
        ("latin hypercube", Kind::LatinHypercube),
        ("sobol", Kind::Sobol),
    ];
    reader.required("kind", out)?;
    let kind = choice(&mut reader, "kind", &kinds, out);
    let members = reader.number("members", out);
    let items = reader
        .required("factor", out)
        .and_then(|_| reader.list("factor", out));
    reader.finish(out);
    let (kind, items) = (kind?, items?);
    let sampled = !matches!(kind, Kind::Grid | Kind::Zip);
    let mut factors = Vec::new();
    for item in items {
        factors.extend(factor(item, sampled, model, fixed, out)?);
    }
    let refuse = |message: String, label: &str, help: &str, span, out: Out| {
        let help = Some(help.to_string());
        out.push(problem_with_help("bad-design", message, span, label, help));
    };
    if factors.is_empty() {
        let help = "add [[design.factor]] with `set` and `values`";
        refuse(
            "this design varies nothing".to_string(),
            "empty",
            help,
            item.span.clone(),
            out,
        );
        return None;
    }
    if kind == Kind::Sobol && factors.len() > sobol::MOST {
        let message = format!("{} factors are more than Sobol points have", factors.len());
        let help = format!(
            "vary at most {} factors, or use \"latin hypercube\"",
            sobol::MOST
        );
        refuse(message, "too many", &help, item.span.clone(), out);
        return None;
    }
    let count = match (kind, members) {
        (Kind::Grid | Kind::Zip, Some((_, item))) => {
            let message = "a grid has as many members as its levels say".to_string();
            refuse(
                message,
                "not for this kind",
                "leave `members` out",
                item.span.clone(),
                out,
            );
            return None;
        }
        (Kind::Grid, None) => {
            let levels = factors.iter().map(Factor::levels);
            levels.fold(1u64, |total, levels| total.saturating_mul(levels))
        }
        (Kind::Zip, None) => {
            let first = factors[0].levels();
            if let Some(odd) = factors.iter().find(|factor| factor.levels() != first) {
                let message = format!(
                    "factors of a zip go together: `{}` has {first} levels, `{}` has {}",
                    factors[0].name,
                    odd.name,
                    odd.levels()
                );
                let help = "give each as many values";
                refuse(
                    message,
                    "another number of levels",
                    help,
                    odd.place.span.clone(),
                    out,
                );
                return None;
            }
            first
        }
        (_, Some((number, _))) if number >= 1.0 && number.fract() == 0.0 && number <= 1e15 => {
            number as u64
        }
        (_, Some((_, item))) => {
            let message = "`members` is a whole number from 1 on".to_string();
            refuse(
                message,
                "not possible",
                "write members = 256",
                item.span.clone(),
                out,
            );
            return None;
        }
        (_, None) => {
            let message = "a sampled design needs `members`".to_string();
            refuse(
                message,
                "belongs here",
                "add `members = 256`",
                item.span.clone(),
                out,
            );
            return None;
        }
    };
    Some(Block {
        kind,
        factors,
        members: count,
    })
}

/// Names of the parameters that a scenario's tree sets for itself, in its own tables or those of arms.
pub fn set_by_scenario(tree: &Tree) -> Vec<String> {
    let mut names = Vec::new();
    let keys = |tree: &Tree, key: &str| -> Vec<String> {
        match tree.get(key).map(|entry| &entry.item.value) {
            Some(Value::Table(table)) => table.entries.iter().map(|e| e.key.clone()).collect(),
            _ => Vec::new(),
        }
    };
    names.extend(keys(tree, "parameters"));
    names.extend(
        keys(tree, "person")
            .iter()
            .map(|key| format!("person.{key}")),
    );
    names
}
