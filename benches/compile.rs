//! From model text to program, as every start of the command line and every test pays it.

use std::path::Path;

use divan::{Bencher, black_box};
use myoflux::compile::{Program, compile};
use myoflux::diagnostics::{Sources, render};
use myoflux::engine::System;
use myoflux::engine::linear::Symbolic;
use myoflux::model::{Model, load::load_model};

fn main() {
    divan::main();
}

fn load() -> Model {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let mut sources = Sources::default();
    load_model(&models, "athlete", &mut sources)
        .unwrap_or_else(|problems| panic!("{}", render(&problems, &sources, false)))
}

/// Text → checked model: parsing, units, every check.
#[divan::bench]
fn load_athlete(bencher: Bencher) {
    assert!(!load().states.is_empty());
    bencher.bench(load);
}

/// Checked model → program: graph, derivatives, tapes.
#[divan::bench]
fn compile_athlete(bencher: Bencher) {
    let model = load();
    assert!(compile(&model) == compile(&model), "the same program");
    bencher.bench(|| compile(black_box(&model)));
}

/// Pattern → order and fill: once per run.
#[divan::bench]
fn order_athlete(bencher: Bencher) {
    let program = compile(&load());
    let pattern = System::<1>::jacobian_pattern(&program);
    let order = |program: &Program| Symbolic::new(program.engine_states(), pattern);
    assert!(order(&program).len() >= pattern.column.len());
    bencher.bench(|| order(black_box(&program)));
}
