//! One test per rule of differentiation: the Jacobian and ∂f/∂t of a program against differences.

use myoflux::compile::compile;
use myoflux::model::*;

use crate::small::*;

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
