//! Compiled programs against two independent judges: the plain tree evaluator, and differences.

use std::collections::BTreeMap;

use myoflux::compile::{Program, Slot, compile};
use myoflux::diagnostics::{FileId, Span};
use myoflux::engine::System;
use myoflux::model::evaluate::Values;
use myoflux::model::*;
use myoflux::units::Unit;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const PARAMETERS: [f64; 3] = [0.7, 1.9, 3.1];
const INPUTS: [f64; 2] = [0.4, 2.3];
const STATES: [f64; 3] = [0.9, 2.2, 0.35];
const TIME: f64 = 1.3;

// --- small models -----------------------------------------------------------------------------

fn span() -> Span {
    Span {
        file: FileId(0),
        range: 0..0,
    }
}

fn parameter(k: usize) -> Parameter {
    Parameter {
        name: format!("m.p{k}"),
        title: None,
        kind: ParameterKind::Declared,
        value: PARAMETERS[k],
        unit: Unit::one(),
        range: None,
        cv: None,
        origin: Origin::Assumed("test".into()),
        grade: None,
        span: None,
    }
}

fn input(k: usize, kind: InputKind) -> Input {
    Input {
        name: format!("m.i{k}"),
        title: None,
        unit: Unit::one(),
        kind,
        role: None,
        key: None,
        nutrient: None,
        pulse_s: None,
        span: span(),
    }
}

fn state(k: usize) -> State {
    State {
        name: format!("m.s{k}"),
        title: None,
        unit: Unit::one(),
        initial: Expr::Number(STATES[k]),
        scale: 1.0,
        of: Vec::new(),
        equilibrium: Equilibrium::Solve,
        signed: false,
        span: span(),
    }
}

fn variable(k: usize, expr: Expr) -> Variable {
    Variable {
        name: format!("m.v{k}"),
        title: None,
        unit: Unit::one(),
        text: String::new(),
        raw: expr.clone(),
        expr,
        edges: Vec::new(),
        span: span(),
    }
}

fn process(k: usize, from: &[(u32, f64)], to: &[(u32, f64)], rate: Expr) -> Process {
    let ids = |list: &[(u32, f64)]| list.iter().map(|&(s, c)| (StateId(s), c)).collect();
    let open = from.is_empty() || to.is_empty();
    Process {
        name: format!("m.f{k}"),
        title: None,
        unit: Unit::one(),
        from: ids(from),
        to: ids(to),
        text: String::new(),
        raw: rate.clone(),
        rate,
        edges: Vec::new(),
        boundary: open.then(|| (Direction::Loss, 0.5, Unit::one())),
        span: span(),
    }
}

fn tables() -> Vec<Table> {
    let table = |y: Vec<f64>, values| Table {
        name: "m.t".into(),
        unit: Unit::one(),
        x: vec![0.0, 1.0, 2.0, 4.0],
        x_unit: Unit::one(),
        y,
        y_unit: Unit::one(),
        values,
        origin: Origin::Assumed("test".into()),
    };
    vec![
        table(vec![], vec![vec![0.0, 0.3, 2.0, 2.5]]),
        table(
            vec![0.0, 1.0, 3.0],
            vec![
                vec![0.0, 0.3, 2.0, 2.5],
                vec![1.0, 1.4, 2.5, 4.5],
                vec![1.5, 3.0, 3.5, 7.0],
            ],
        ),
    ]
}

/// Three states, three parameters, two inputs; `exprs` become variables, and rates of as many states.
fn model(exprs: Vec<Expr>) -> Model {
    let rate = |(k, expr): (usize, &Expr)| Rate {
        state: StateId(k as u32),
        text: String::new(),
        expr: expr.clone(),
        span: span(),
    };
    Model {
        name: "m".into(),
        title: String::new(),
        about: String::new(),
        modules: Vec::new(),
        parameters: (0..3).map(parameter).collect(),
        inputs: (0..2)
            .map(|k| input(k, InputKind::Rate { default: INPUTS[k] }))
            .collect(),
        states: (0..3).map(state).collect(),
        rates: exprs.iter().take(3).enumerate().map(rate).collect(),
        order: (0..exprs.len() as u32)
            .map(|k| Algebra::Variable(VariableId(k)))
            .collect(),
        variables: exprs
            .into_iter()
            .enumerate()
            .map(|(k, e)| variable(k, e))
            .collect(),
        processes: Vec::new(),
        edges: Vec::new(),
        references: Vec::new(),
        events: Vec::new(),
        biomarkers: Vec::new(),
        tables: tables(),
        modalities: Vec::new(),
        conserved: Vec::new(),
        nutrients: BTreeMap::new(),
        people: Vec::new(),
        references_bib: Bibliography::default(),
        warm_up_s: 0.0,
        time_unit: Unit::one(),
        files: Vec::new(),
    }
}

// --- running a program ------------------------------------------------------------------------

struct Linear {
    rates: Vec<f64>,
    jacobian: BTreeMap<(usize, usize), f64>,
    time: Vec<f64>,
}

fn scratch<const W: usize>(program: &Program) -> Vec<[f64; W]> {
    let mut scratch = vec![[f64::NAN; W]; System::<W>::scratch_len(program)];
    for lane in 0..W {
        program.set_parameters(lane, &PARAMETERS, &mut scratch);
        program.set_inputs(lane, &INPUTS, &mut scratch);
    }
    scratch
}

fn extended<const W: usize>(program: &Program, states: &[f64]) -> Vec<[f64; W]> {
    let mut y = vec![[0.0; W]; program.engine_states()];
    for (slot, &value) in y.iter_mut().zip(states) {
        *slot = [value; W];
    }
    y
}

fn rates(program: &Program, t: f64, states: &[f64]) -> Vec<f64> {
    let mut out = vec![[0.0; 1]; program.engine_states()];
    program.rates(
        &[t],
        &extended(program, states),
        &mut out,
        &mut scratch(program),
    );
    out.into_iter().map(|[v]| v).collect()
}

fn observe(program: &Program, t: f64, states: &[f64]) -> Vec<f64> {
    let mut out = vec![[0.0; 1]; System::<1>::observable_count(program)];
    program.observe(
        &[t],
        &extended(program, states),
        &mut out,
        &mut scratch(program),
    );
    out.into_iter().map(|[v]| v).collect()
}

fn linearise(program: &Program, t: f64, states: &[f64]) -> Linear {
    let count = program.engine_states();
    let pattern = System::<1>::jacobian_pattern(program);
    let mut rates = vec![[0.0; 1]; count];
    let mut entries = vec![[0.0; 1]; pattern.column.len()];
    let mut time = vec![[0.0; 1]; count];
    let y = extended(program, states);
    program.linearise(
        &[t],
        &y,
        &mut rates,
        &mut entries,
        &mut time,
        &mut scratch(program),
    );
    let mut jacobian = BTreeMap::new();
    for row in 0..count {
        for k in pattern.row_start[row] as usize..pattern.row_start[row + 1] as usize {
            jacobian.insert((row, pattern.column[k] as usize), entries[k][0]);
        }
    }
    let plain = |v: Vec<[f64; 1]>| v.into_iter().map(|[v]| v).collect();
    Linear {
        rates: plain(rates),
        jacobian,
        time: plain(time),
    }
}

/// Fourth-order central difference.
fn difference(f: impl Fn(f64) -> f64, at: f64) -> f64 {
    let h = 1e-3 * at.abs().max(0.1);
    (8.0 * (f(at + h) - f(at - h)) - (f(at + 2.0 * h) - f(at - 2.0 * h))) / (12.0 * h)
}

fn assert_near(got: f64, expected: f64, tolerance: f64, what: &str) {
    let close = (got - expected).abs() <= tolerance * (1.0 + expected.abs());
    assert!(close, "{what}: {got} instead of {expected}");
}

/// Compares every derivative of `expr` with differences, at two points.
fn check_derivatives(expr: Expr) {
    let program = compile(&model(vec![expr]));
    for states in [STATES, [1.7, 0.6, 2.9]] {
        let linear = linearise(&program, TIME, &states);
        assert_eq!(linear.rates, rates(&program, TIME, &states));
        for column in 0..3 {
            let along = |v: f64| {
                let mut moved = states;
                moved[column] = v;
                rates(&program, TIME, &moved)[0]
            };
            let got = linear.jacobian.get(&(0, column)).copied().unwrap_or(0.0);
            assert_near(
                got,
                difference(along, states[column]),
                1e-8,
                &format!("∂f/∂y{column}"),
            );
        }
        let along_time = |t: f64| rates(&program, t, &states)[0];
        assert_near(linear.time[0], difference(along_time, TIME), 1e-8, "∂f/∂t");
    }
}

// --- short spellings --------------------------------------------------------------------------

fn s(k: u32) -> Expr {
    Expr::State(StateId(k))
}
fn p(k: u32) -> Expr {
    Expr::Parameter(ParameterId(k))
}
fn i(k: u32) -> Expr {
    Expr::Input(InputId(k))
}
fn n(value: f64) -> Expr {
    Expr::Number(value)
}
fn call(function: Function, a: Expr) -> Expr {
    Expr::Call(function, Box::new(a))
}
fn add(a: Expr, b: Expr) -> Expr {
    Expr::Add(Box::new(a), Box::new(b))
}
fn subtract(a: Expr, b: Expr) -> Expr {
    Expr::Subtract(Box::new(a), Box::new(b))
}
fn multiply(a: Expr, b: Expr) -> Expr {
    Expr::Multiply(Box::new(a), Box::new(b))
}
fn divide(a: Expr, b: Expr) -> Expr {
    Expr::Divide(Box::new(a), Box::new(b))
}
fn power(a: Expr, b: Expr) -> Expr {
    Expr::Power(Box::new(a), Box::new(b))
}
fn less(a: Expr, b: Expr) -> Box<Condition> {
    Box::new(Condition::Less(a, b))
}
fn select(condition: Box<Condition>, yes: Expr, no: Expr) -> Expr {
    Expr::Select(condition, Box::new(yes), Box::new(no))
}
fn table(k: u32, arguments: Vec<Expr>) -> Expr {
    Expr::Table(TableId(k), arguments)
}

// --- one test per rule of differentiation -------------------------------------------------------

#[test]
fn derivative_of_sum_and_difference() {
    check_derivatives(subtract(
        add(s(0), multiply(p(0), s(1))),
        add(s(2), Expr::Time),
    ));
}

#[test]
fn derivative_of_negation() {
    check_derivatives(multiply(Expr::Negate(Box::new(s(0))), s(1)));
}

#[test]
fn derivative_of_product() {
    check_derivatives(multiply(multiply(s(0), s(1)), multiply(s(1), Expr::Time)));
}

#[test]
fn derivative_of_quotient() {
    check_derivatives(divide(add(s(0), p(1)), add(multiply(s(0), s(1)), p(2))));
}

#[test]
fn derivative_of_integer_powers() {
    for exponent in [-3, -1, 0, 1, 2, 3, 5, 8] {
        check_derivatives(Expr::PowerInteger(Box::new(add(s(0), s(1))), exponent));
    }
}

#[test]
fn derivative_of_power_in_the_base() {
    for exponent in [0.45, -1.3, 0.5, 1.5, -2.5, 3.0, 11.7] {
        check_derivatives(power(add(s(0), multiply(p(0), s(1))), n(exponent)));
    }
    check_derivatives(power(s(0), p(1)));
}

#[test]
fn derivative_of_power_in_the_exponent() {
    check_derivatives(power(p(1), s(0)));
    check_derivatives(power(add(s(0), s(1)), divide(s(2), Expr::Time)));
}

#[test]
fn derivatives_of_floored_functions_vanish_below_the_floor() {
    let below = || subtract(s(0), n(50.0));
    for expr in [
        power(below(), n(0.45)),
        power(below(), n(0.5)),
        call(Function::Ln, below()),
        call(Function::Log10, below()),
        call(Function::SquareRoot, below()),
    ] {
        let linear = linearise(&compile(&model(vec![expr])), TIME, &STATES);
        assert_eq!(linear.jacobian[&(0, 0)], 0.0);
    }
}

#[test]
fn derivative_of_exp() {
    check_derivatives(call(
        Function::Exp,
        multiply(s(0), Expr::Negate(Box::new(s(1)))),
    ));
}

#[test]
fn derivative_of_ln() {
    check_derivatives(call(Function::Ln, add(s(0), multiply(s(1), s(1)))));
}

#[test]
fn derivative_of_log10() {
    check_derivatives(call(Function::Log10, add(s(0), multiply(s(1), s(1)))));
}

#[test]
fn derivative_of_square_root() {
    check_derivatives(call(Function::SquareRoot, add(s(0), multiply(s(1), s(1)))));
}

#[test]
fn derivative_of_sine() {
    check_derivatives(call(Function::Sin, multiply(s(0), add(s(1), Expr::Time))));
}

#[test]
fn derivative_of_cosine() {
    check_derivatives(call(Function::Cos, multiply(s(0), add(s(1), Expr::Time))));
}

#[test]
fn derivative_of_tanh() {
    check_derivatives(call(Function::Tanh, subtract(s(0), multiply(p(0), s(1)))));
}

#[test]
fn derivative_of_absolute_value_on_both_sides() {
    check_derivatives(call(Function::Abs, subtract(s(0), n(9.0))));
    check_derivatives(call(Function::Abs, add(s(0), n(9.0))));
}

#[test]
fn derivative_of_minimum_follows_the_smaller() {
    let (small, large) = (multiply(s(0), s(1)), add(s(2), n(40.0)));
    check_derivatives(Expr::Minimum(
        Box::new(small.clone()),
        Box::new(large.clone()),
    ));
    check_derivatives(Expr::Minimum(Box::new(large), Box::new(small)));
}

#[test]
fn derivative_of_maximum_follows_the_larger() {
    let (small, large) = (multiply(s(0), s(1)), add(multiply(s(2), s(2)), n(40.0)));
    check_derivatives(Expr::Maximum(
        Box::new(small.clone()),
        Box::new(large.clone()),
    ));
    check_derivatives(Expr::Maximum(Box::new(large), Box::new(small)));
}

#[test]
fn derivative_of_select_follows_the_chosen_branch() {
    let branches = || (multiply(s(0), s(1)), divide(s(2), s(0)));
    let (yes, no) = branches();
    check_derivatives(select(less(p(0), i(1)), yes, no));
    let (yes, no) = branches();
    check_derivatives(select(less(i(1), p(0)), yes, no));
}

#[test]
fn an_infinite_branch_that_is_not_chosen_leaves_no_trace() {
    let wild = divide(s(1), subtract(s(0), s(0)));
    let program = compile(&model(vec![select(less(p(0), i(1)), s(0), wild)]));
    let linear = linearise(&program, TIME, &STATES);
    assert_eq!(linear.jacobian[&(0, 0)], 1.0);
    assert!(linear.jacobian.values().all(|v| v.is_finite()));
}

#[test]
fn derivative_of_a_table_with_one_axis() {
    check_derivatives(table(0, vec![multiply(s(0), s(1))]));
}

#[test]
fn derivative_of_a_table_with_two_axes() {
    check_derivatives(table(1, vec![add(s(0), n(0.05)), multiply(s(2), p(0))]));
    check_derivatives(table(1, vec![p(0), s(1)]));
    check_derivatives(table(1, vec![s(1), p(0)]));
}

// --- values -----------------------------------------------------------------------------------

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

// --- layout -----------------------------------------------------------------------------------

/// Matter leaves state 0, half of it reaches state 1; state 1 is lost; input 1 is a bolus.
fn moving_model() -> Model {
    let mut model = model(vec![multiply(p(0), s(0))]);
    model.rates.clear();
    let v0 = Expr::Variable(VariableId(0));
    model.processes = vec![
        process(0, &[(0, 2.0)], &[(1, 1.0)], v0),
        process(1, &[(1, 1.0)], &[], multiply(p(1), s(1))),
    ];
    model
        .order
        .extend((0..2).map(|k| Algebra::Process(ProcessId(k))));
    let to = vec![(StateId(0), p(0)), (StateId(2), multiply(s(0), n(2.0)))];
    model.inputs[1] = input(1, InputKind::Bolus { to });
    model
}

#[test]
fn processes_move_matter_and_boundaries_are_counted() {
    let program = compile(&moving_model());
    assert_eq!(program.engine_states(), 5);
    assert_eq!(
        program.slot(Column::Accumulator(ProcessId(1))),
        Slot::State(3)
    );
    assert_eq!(program.bolus_slot(InputId(1)), Some(4));
    assert_eq!(program.bolus_slot(InputId(0)), None);
    let (out, lost) = (PARAMETERS[0] * STATES[0], PARAMETERS[1] * STATES[1]);
    assert_eq!(
        rates(&program, TIME, &STATES),
        [-2.0 * out, out - lost, 0.0, 0.5 * lost, 0.0]
    );
    let Slot::Observable(k) = program.slot(Column::Process(ProcessId(1))) else {
        panic!()
    };
    assert_eq!(observe(&program, TIME, &STATES)[k], lost);
}

#[test]
fn a_bolus_enters_one_lane_with_coefficients_from_before_the_jump() {
    let program = compile(&moving_model());
    let mut y = extended::<4>(&program, &STATES);
    let before = y.clone();
    program.apply_bolus(2, 1, 10.0, TIME, &mut y, &mut scratch(&program));
    assert_eq!(y[0][2], STATES[0] + 10.0 * PARAMETERS[0]);
    assert_eq!(y[2][2], STATES[2] + 10.0 * (STATES[0] * 2.0));
    assert_eq!(y[4][2], 10.0);
    for lane in [0, 1, 3] {
        assert!((0..5).all(|k| y[k][lane] == before[k][lane]));
    }
}
