//! The values of a program against the plain tree, for every lane count, over random trees.

use myoflux::compile::{Program, compile};
use myoflux::engine::System;
use myoflux::model::evaluate::Values;
use myoflux::model::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::small::*;

/// Trees over everything the language has. No subtraction of like terms: that would magnify the last
/// bit and hide what is compared.
fn trees() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        (0.1..5.0f64).prop_map(Expr::Number),
        (0..3u32).prop_map(p),
        (0..2u32).prop_map(i),
        (0..3u32).prop_map(s),
        Just(Expr::Time),
    ];
    leaf.prop_recursive(6, 60, 3, |inner| {
        let pair = || (inner.clone(), inner.clone());
        let positive = |e: Expr| call(Function::Abs, e);
        prop_oneof![
            pair().prop_map(|(a, b)| add(a, b)),
            pair().prop_map(|(a, b)| multiply(a, b)),
            pair().prop_map(move |(a, b)| divide(a, add(positive(b), n(0.3)))),
            inner.clone().prop_map(|a| Expr::Negate(Box::new(a))),
            (inner.clone(), -3..4i32).prop_map(move |(a, e)| {
                Expr::PowerInteger(Box::new(add(positive(a), n(0.2))), e)
            }),
            (
                inner.clone(),
                prop_oneof![Just(0.5), Just(1.5), Just(-0.5), Just(0.37), Just(2.0)]
            )
                .prop_map(move |(a, e)| power(positive(a), n(e))),
            (inner.clone(), 0..3u32).prop_map(move |(a, e)| power(positive(a), p(e))),
            inner
                .clone()
                .prop_map(move |a| call(Function::Ln, add(positive(a), n(2.0)))),
            inner
                .clone()
                .prop_map(move |a| call(Function::SquareRoot, positive(a))),
            inner.clone().prop_map(|a| call(Function::Tanh, a)),
            inner
                .clone()
                .prop_map(|a| call(Function::Exp, call(Function::Tanh, a))),
            inner
                .clone()
                .prop_map(|a| call(Function::Sin, call(Function::Tanh, a))),
            inner
                .clone()
                .prop_map(|a| call(Function::Cos, call(Function::Tanh, a))),
            pair().prop_map(|(a, b)| Expr::Minimum(Box::new(a), Box::new(b))),
            pair().prop_map(|(a, b)| Expr::Maximum(Box::new(a), Box::new(b))),
            pair().prop_map(|(a, b)| select(less(p(0), i(0)), a, b)),
            pair().prop_map(|(a, b)| table(1, vec![a, b])),
            inner.clone().prop_map(|a| table(0, vec![a])),
        ]
    })
}

fn deterministic() -> TestRunner {
    let config = Config {
        cases: 400,
        failure_persistence: None,
        ..Config::default()
    };
    let seed = proptest::test_runner::TestRng::deterministic_rng(config.rng_algorithm);
    TestRunner::new_with_rng(config, seed)
}

/// Tolerance: 1e-13 of the value, plus what a change of all arguments by 1e-12 does, a hundredth of
/// it: the share of the tree's own sensitivity.
#[test]
fn the_tape_equals_the_tree() {
    let test = |exprs: Vec<Expr>| {
        let model = model(exprs);
        let program = compile(&model);
        let observed = observe(&program, TIME, &STATES);
        let tree = |stretch: f64| {
            let states = STATES.map(|v| v * stretch);
            Values {
                model: &model,
                parameters: &PARAMETERS,
                inputs: &INPUTS,
                states: &states,
                time: TIME * stretch,
            }
            .all()
            .variables
        };
        let (expected, moved) = (tree(1.0), tree(1.0 + 1e-12));
        for k in 0..expected.len() {
            let spread = 0.01 * (moved[k] - expected[k]).abs();
            let tolerance = 1e-13 * (1.0 + expected[k].abs()) + spread;
            let same = observed[k] == expected[k]
                || (observed[k] - expected[k]).abs() <= tolerance
                || (observed[k].is_nan() && expected[k].is_nan());
            prop_assert!(same, "{} instead of {}", observed[k], expected[k]);
        }
        Ok(())
    };
    deterministic()
        .run(&proptest::collection::vec(trees(), 1..6), test)
        .unwrap();
}

#[test]
fn the_same_model_compiles_to_the_same_program() {
    let test = |exprs: Vec<Expr>| {
        let model = model(exprs);
        prop_assert_eq!(compile(&model), compile(&model));
        Ok(())
    };
    deterministic()
        .run(&proptest::collection::vec(trees(), 1..6), test)
        .unwrap();
}

/// Bits of rates, Jacobian and ∂f/∂t of every lane, lanes having states of their own.
fn lane_bits<const W: usize>(program: &Program, states: &[[f64; 3]]) -> Vec<Vec<u64>> {
    let count = program.engine_states();
    let entries = System::<W>::jacobian_pattern(program).column.len();
    let mut all = Vec::new();
    for group in states.chunks(W) {
        let mut y = vec![[1.0; W]; count];
        for (lane, values) in group.iter().enumerate() {
            for (k, &value) in values.iter().enumerate() {
                y[k][lane] = value;
            }
        }
        let mut out = vec![[0.0; W]; 2 * count + entries];
        let (rates, rest) = out.split_at_mut(count);
        let (jacobian, time) = rest.split_at_mut(entries);
        let mut scratch = scratch(program);
        program.linearise(&[TIME; W], &y, rates, jacobian, time, &mut scratch);
        for lane in 0..group.len() {
            all.push(out.iter().map(|v| v[lane].to_bits()).collect());
        }
    }
    all
}

#[test]
fn every_lane_count_gives_the_same_bits() {
    let members: Vec<[f64; 3]> = (0..16)
        .map(|k| STATES.map(|v| v * (1.0 + 0.37 * k as f64)))
        .collect();
    let test = |exprs: Vec<Expr>| {
        let program = compile(&model(exprs));
        let one = lane_bits::<1>(&program, &members);
        prop_assert_eq!(&one, &lane_bits::<4>(&program, &members));
        prop_assert_eq!(&one, &lane_bits::<8>(&program, &members));
        prop_assert_eq!(&one, &lane_bits::<16>(&program, &members));
        Ok(())
    };
    deterministic()
        .run(&proptest::collection::vec(trees(), 1..4), test)
        .unwrap();
}
