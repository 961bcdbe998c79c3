//! Textbook problems with known answers. Reference end values: Hairer & Wanner, *Solving Ordinary
//! Differential Equations II*, and the Test Set for IVP Solvers (Mazzia & Magherini 2008); exact
//! solutions elsewhere.

use myoflux::engine::integrate::step::Stepper;
use myoflux::engine::linear::Symbolic;
use myoflux::engine::{Row, Share, System, equilibrium, run_member};

use crate::problems::{At, Problem, assert_near, member, options, run};

fn robertson() -> Problem {
    Problem::new(
        3,
        |At { y, .. }, f| {
            f[0] = -0.04 * y[0] + 1e4 * y[1] * y[2];
            f[2] = 3e7 * y[1] * y[1];
            f[1] = -f[0] - f[2];
        },
        |At { y, .. }, j| {
            j[..3].copy_from_slice(&[-0.04, 1e4 * y[2], 1e4 * y[1]]);
            j[3..6].copy_from_slice(&[0.04, -1e4 * y[2] - 6e7 * y[1], -1e4 * y[1]]);
            j[6..].copy_from_slice(&[0.0, 6e7 * y[1], 0.0]);
        },
    )
}

/// Source: Test Set for IVP Solvers, problem ROBER, t = 1e11.
#[test]
fn robertson_reaches_the_published_end_value() {
    let end = run(
        &robertson(),
        &member(&[1.0, 0.0, 0.0], 1e11),
        &options(1e-8, &[1e-12, 1e-18, 1e-12]),
    );
    assert_near(
        &end.final_state,
        &[
            2.083340149701255e-8,
            8.333360770334713e-14,
            0.9999999791665050,
        ],
        1e-5,
    );
}

#[test]
fn robertson_keeps_its_total_to_round_off() {
    let end = run(
        &robertson(),
        &member(&[1.0, 0.0, 0.0], 1e5),
        &options(1e-6, &[1e-9, 1e-13, 1e-9]),
    );
    assert!((end.final_state.iter().sum::<f64>() - 1.0).abs() < 1e-12);
}

/// Source: Test Set for IVP Solvers, problem HIRES, t = 321.8122.
#[test]
fn hires_reaches_the_published_end_value() {
    let problem = Problem::new(
        8,
        |At { y, .. }, f| {
            f[0] = -1.71 * y[0] + 0.43 * y[1] + 8.32 * y[2] + 0.0007;
            f[1] = 1.71 * y[0] - 8.75 * y[1];
            f[2] = -10.03 * y[2] + 0.43 * y[3] + 0.035 * y[4];
            f[3] = 8.32 * y[1] + 1.71 * y[2] - 1.12 * y[3];
            f[4] = -1.745 * y[4] + 0.43 * y[5] + 0.43 * y[6];
            f[5] = -280.0 * y[5] * y[7] + 0.69 * y[3] + 1.71 * y[4] - 0.43 * y[5] + 0.69 * y[6];
            f[6] = 280.0 * y[5] * y[7] - 1.81 * y[6];
            f[7] = -f[6];
        },
        |At { y, .. }, j| {
            let mut set = |i: usize, k: usize, v: f64| j[i * 8 + k] = v;
            for (i, k, v) in [
                (0, 0, -1.71),
                (0, 1, 0.43),
                (0, 2, 8.32),
                (1, 0, 1.71),
                (1, 1, -8.75),
                (2, 2, -10.03),
                (2, 3, 0.43),
                (2, 4, 0.035),
                (3, 1, 8.32),
                (3, 2, 1.71),
                (3, 3, -1.12),
                (4, 4, -1.745),
                (4, 5, 0.43),
                (4, 6, 0.43),
                (5, 3, 0.69),
                (5, 4, 1.71),
                (5, 6, 0.69),
                (6, 6, -1.81),
                (7, 6, 1.81),
            ] {
                set(i, k, v);
            }
            set(5, 5, -280.0 * y[7] - 0.43);
            set(5, 7, -280.0 * y[5]);
            set(6, 5, 280.0 * y[7]);
            set(6, 7, 280.0 * y[5]);
            set(7, 5, -280.0 * y[7]);
            set(7, 7, -280.0 * y[5]);
        },
    );
    let y0 = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057];
    let end = run(
        &problem,
        &member(&y0, 321.8122),
        &options(1e-9, &[1e-14; 8]),
    );
    let wanted = [
        0.7371312573325668e-3,
        0.1442485726316185e-3,
        0.5888729740967575e-4,
        0.1175651343283149e-2,
        0.2386356198831331e-2,
        0.6238968252742796e-2,
        0.2849998395185769e-2,
        0.2850001604814231e-2,
    ];
    assert_near(&end.final_state, &wanted, 1e-6);
}

/// Van der Pol in the scaled form `ε·y'' = (1 − y²)·y' − y`; ε = µ⁻² in the unscaled one.
fn van_der_pol() -> Problem {
    Problem::new(
        2,
        |At { y, .. }, f| {
            f[0] = y[1];
            f[1] = ((1.0 - y[0] * y[0]) * y[1] - y[0]) / 1e-6;
        },
        |At { y, .. }, j| {
            j.copy_from_slice(&[
                0.0,
                1.0,
                (-2.0 * y[0] * y[1] - 1.0) / 1e-6,
                (1.0 - y[0] * y[0]) / 1e-6,
            ]);
        },
    )
}

/// Source: Test Set for IVP Solvers, problem VDPOL: ε = 1e-6, y(0) = (2, 0), t = 2. (From (2, −0.66), as
/// in Hairer & Wanner II, §IV.10, the end differs by 2e-7.)
#[test]
fn van_der_pol_reaches_the_published_end_value() {
    let end = run(
        &van_der_pol(),
        &member(&[2.0, 0.0], 2.0),
        &options(1e-11, &[1e-11; 2]),
    );
    let published = [1.706167732170483, -0.8928097010247975];
    assert_near(&end.final_state, &published, 1e-9);
}

/// Claim: µ = 1000 in its own time gives the same motion: `s = µ·t`, velocities µ times smaller.
/// Source: exact change of variables; the published end value is then at s = 2000.
/// Tolerance: two jumps on the way multiply local errors a thousandfold.
#[test]
fn van_der_pol_with_mu_1000_is_the_scaled_one_in_another_time() {
    let problem = Problem::new(
        2,
        |At { y, .. }, f| {
            f[0] = y[1];
            f[1] = 1e3 * (1.0 - y[0] * y[0]) * y[1] - y[0];
        },
        |At { y, .. }, j| {
            let slopes = [-2e3 * y[0] * y[1] - 1.0, 1e3 * (1.0 - y[0] * y[0])];
            j.copy_from_slice(&[0.0, 1.0, slopes[0], slopes[1]]);
        },
    );
    let at = |rtol: f64| {
        let options = options(rtol, &[rtol, rtol * 1e-3]);
        run(&problem, &member(&[2.0, 0.0], 2000.0), &options).final_state
    };
    assert_near(&at(1e-9), &at(1e-12), 1e-6);
    let published = [1.706167732170483, -0.8928097010247975e-3];
    assert_near(&at(1e-12), &published, 1e-10);
}

/// Source: Hairer & Wanner II, §IV.10, problem OREGO (the Belousov–Zhabotinskii reaction), t = 360.
#[test]
fn oregonator_reaches_the_published_end_value() {
    let problem = Problem::new(
        3,
        |At { y, .. }, f| {
            f[0] = 77.27 * (y[1] + y[0] * (1.0 - 8.375e-6 * y[0] - y[1]));
            f[1] = (y[2] - (1.0 + y[0]) * y[1]) / 77.27;
            f[2] = 0.161 * (y[0] - y[2]);
        },
        |At { y, .. }, j| {
            j[0] = 77.27 * (1.0 - 2.0 * 8.375e-6 * y[0] - y[1]);
            j[1] = 77.27 * (1.0 - y[0]);
            j[3] = -y[1] / 77.27;
            j[4] = -(1.0 + y[0]) / 77.27;
            j[5] = 1.0 / 77.27;
            j[6] = 0.161;
            j[8] = -0.161;
        },
    );
    let end = run(
        &problem,
        &member(&[1.0, 2.0, 3.0], 360.0),
        &options(1e-10, &[1e-12; 3]),
    );
    let wanted = [
        0.1000814870318523e1,
        0.1228178521549917e4,
        0.1320554942846706e3,
    ];
    assert_near(&end.final_state, &wanted, 1e-7);
}

#[test]
fn tighter_tolerance_pays_at_the_rate_of_order_five() {
    // Work grows as tol^(-1/5): a thousandfold tighter tolerance costs about four times the steps.
    let problem = Problem::new(
        2,
        |At { y, .. }, f| f.copy_from_slice(&[y[1], -y[0]]),
        |_, j| j.copy_from_slice(&[0.0, 1.0, -1.0, 0.0]),
    );
    let at = |rtol: f64| {
        run(
            &problem,
            &member(&[1.0, 0.0], 20.0),
            &options(rtol, &[rtol; 2]),
        )
        .statistics
        .steps as f64
    };
    let ratio = at(1e-10) / at(1e-7);
    assert!((3.0..5.2).contains(&ratio), "{ratio}");
}

/// Claim: between steps the solution is good to order 4, as the steps shrink together.
/// Source: the logistic equation, exact; worst of nine shares of every step of fixed size.
#[test]
fn dense_output_converges_at_order_four() {
    let logistic = Problem::new(
        1,
        |At { y, .. }, f| f[0] = y[0] * (1.0 - y[0]),
        |At { y, .. }, j| j[0] = 1.0 - 2.0 * y[0],
    );
    let pattern = System::<1>::jacobian_pattern(&logistic);
    let symbolic = Symbolic::new(1, pattern);
    let exact = |t: f64| 1.0 / (1.0 + 9.0 * (-t).exp());
    let worst = |steps: u32| {
        let mut stepper = Stepper::<1, Problem>::new(&logistic, &symbolic);
        stepper.y[0] = [0.1];
        let h = 6.0 / f64::from(steps);
        let (mut worst, mut row) = (0.0f64, [[0.0]]);
        for step in 0..steps {
            let t = f64::from(step) * h;
            stepper.step(&[t], &[h]);
            stepper.prepare_dense();
            for tenth in 1..10 {
                let share = f64::from(tenth) / 10.0;
                stepper.interpolate(&[share], &mut row);
                worst = worst.max((row[0][0] - exact(t + share * h)).abs());
            }
            stepper.y[0] = stepper.y_new[0];
        }
        worst
    };
    for steps in [8, 16, 32] {
        let order = (worst(steps) / worst(2 * steps)).log2();
        assert!(order >= 3.7, "{steps} steps: order {order}");
    }
}

#[test]
fn a_run_that_blows_up_says_where() {
    let problem = Problem::new(
        1,
        |At { y, .. }, f| f[0] = y[0] * y[0],
        |At { y, .. }, j| j[0] = 2.0 * y[0],
    );
    let failure = run_member(&problem, &member(&[1.0], 2.0), &options(1e-6, &[1e-9]));
    assert!(failure.is_err(), "{failure:?}");
}

#[test]
fn an_equilibrium_meets_its_rows() {
    let rows = [
        Row::Steady,
        Row::Total {
            weights: vec![(0, 1.0), (1, 1.0), (2, 1.0)],
            value: 1.0,
        },
        Row::Steady,
    ];
    let problem = Problem::new(
        3,
        |At { y, .. }, f| {
            f[0] = 2.0 * y[1] - y[0];
            f[2] = y[1] - 4.0 * y[2];
            f[1] = -f[0] - f[2];
        },
        |_, j| j.copy_from_slice(&[-1.0, 2.0, 0.0, 1.0, -3.0, 4.0, 0.0, 1.0, -4.0]),
    );
    let y = equilibrium(
        &problem,
        &[],
        &Share::always(&[0.0]),
        &[1.0, 0.0, 0.0],
        &rows,
        &[1.0; 3],
    )
    .expect("there is one");
    assert_near(&y, &[8.0 / 13.0, 4.0 / 13.0, 1.0 / 13.0], 1e-12);
}
