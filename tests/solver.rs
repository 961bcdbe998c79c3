//! The engine on textbook problems that were written by hand: no compiler takes part.
//!
//! Reference end values: Hairer & Wanner, *Solving Ordinary Differential Equations II*, and the Test
//! Set for IVP Solvers (Mazzia & Magherini 2008) for HIRES and Robertson; exact solutions elsewhere.

use myoflux::engine::{
    Breakpoint, EventResponse, Member, Method, Options, Pattern, Row, Share, System, Trajectory,
    equilibrium, run_member,
};

type Rhs = fn(f64, &[f64], &[f64], &mut [f64]);
type Jac = fn(f64, &[f64], &[f64], &mut [f64]);

/// A dense system from plain functions: `jacobian` fills n×n, row by row.
struct Problem {
    n: usize,
    rhs: Rhs,
    jacobian: Jac,
    event: Option<fn(f64, &[f64]) -> f64>,
    pattern: Pattern,
}

impl Problem {
    fn new(n: usize, rhs: Rhs, jacobian: Jac) -> Problem {
        let column = (0..n).flat_map(|_| 0..n as u32).collect();
        let row_start = (0..=n).map(|i| (i * n) as u32).collect();
        Problem {
            n,
            rhs,
            jacobian,
            event: None,
            pattern: Pattern { row_start, column },
        }
    }
}

fn plain(y: &[[f64; 1]]) -> Vec<f64> {
    y.iter().map(|[v]| *v).collect()
}

impl System<1> for Problem {
    fn state_count(&self) -> usize {
        self.n
    }
    /// The scratch holds the one input.
    fn scratch_len(&self) -> usize {
        1
    }
    fn jacobian_pattern(&self) -> &Pattern {
        &self.pattern
    }
    fn set_parameters(&self, _: usize, _: &[f64], _: &mut [[f64; 1]]) {}
    fn set_inputs(&self, _: usize, inputs: &[f64], scratch: &mut [[f64; 1]]) {
        scratch[0] = [inputs.first().copied().unwrap_or(0.0)];
    }
    fn rates(
        &self,
        t: &[f64; 1],
        y: &[[f64; 1]],
        rates: &mut [[f64; 1]],
        scratch: &mut [[f64; 1]],
    ) {
        let mut out = vec![0.0; self.n];
        (self.rhs)(t[0], &plain(y), &scratch[0], &mut out);
        for (slot, value) in rates.iter_mut().zip(out) {
            *slot = [value];
        }
    }
    fn linearise(
        &self,
        t: &[f64; 1],
        y: &[[f64; 1]],
        rates: &mut [[f64; 1]],
        jacobian: &mut [[f64; 1]],
        time_derivative: &mut [[f64; 1]],
        scratch: &mut [[f64; 1]],
    ) {
        self.rates(t, y, rates, scratch);
        let mut out = vec![0.0; self.n * self.n];
        (self.jacobian)(t[0], &plain(y), &scratch[0], &mut out);
        for (slot, value) in jacobian.iter_mut().zip(out) {
            *slot = [value];
        }
        time_derivative.fill([0.0]);
    }
    fn event_count(&self) -> usize {
        usize::from(self.event.is_some())
    }
    fn events(&self, t: &[f64; 1], y: &[[f64; 1]], roots: &mut [[f64; 1]], _: &mut [[f64; 1]]) {
        if let Some(event) = self.event {
            roots[0] = [event(t[0], &plain(y))];
        }
    }
    fn apply_bolus(
        &self,
        _: usize,
        _: usize,
        amount: f64,
        _: f64,
        y: &mut [[f64; 1]],
        _: &mut [[f64; 1]],
    ) {
        y[0][0] += amount;
    }
}

fn member(y0: &[f64], t_end: f64) -> Member {
    Member {
        parameters: vec![],
        inputs: vec![0.0],
        y0: y0.to_vec(),
        t0: 0.0,
        t_end,
        breakpoints: vec![],
        output_times: vec![t_end],
        restore: None,
    }
}

fn options(rtol: f64, atol: &[f64]) -> Options {
    Options {
        method: Method::Rodas5p,
        rtol,
        atol: atol.to_vec(),
        max_steps: 1_000_000,
        event_actions: vec![],
        bout_inputs: vec![],
    }
}

fn run(problem: &Problem, member: &Member, options: &Options) -> Trajectory {
    run_member(problem, member, options).expect("this problem has a solution")
}

/// Largest error relative to the reference; NaN fails.
fn assert_near(found: &[f64], wanted: &[f64], relative: f64) {
    for (found, wanted) in found.iter().zip(wanted) {
        let error = (found - wanted).abs() / wanted.abs();
        assert!(
            error <= relative,
            "{found} is not {wanted}: relative error {error:e}"
        );
    }
}

fn robertson() -> Problem {
    Problem::new(
        3,
        |_, y, _, f| {
            f[0] = -0.04 * y[0] + 1e4 * y[1] * y[2];
            f[2] = 3e7 * y[1] * y[1];
            f[1] = -f[0] - f[2];
        },
        |_, y, _, j| {
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
        |_, y, _, f| {
            f[0] = -1.71 * y[0] + 0.43 * y[1] + 8.32 * y[2] + 0.0007;
            f[1] = 1.71 * y[0] - 8.75 * y[1];
            f[2] = -10.03 * y[2] + 0.43 * y[3] + 0.035 * y[4];
            f[3] = 8.32 * y[1] + 1.71 * y[2] - 1.12 * y[3];
            f[4] = -1.745 * y[4] + 0.43 * y[5] + 0.43 * y[6];
            f[5] = -280.0 * y[5] * y[7] + 0.69 * y[3] + 1.71 * y[4] - 0.43 * y[5] + 0.69 * y[6];
            f[6] = 280.0 * y[5] * y[7] - 1.81 * y[6];
            f[7] = -f[6];
        },
        |_, y, _, j| {
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

/// Source: Hairer & Wanner II, §IV.10: Van der Pol in the scaled form, ε = 1e-6, t = 2.
#[test]
fn van_der_pol_reaches_the_published_end_value() {
    let problem = Problem::new(
        2,
        |_, y, _, f| {
            f[0] = y[1];
            f[1] = ((1.0 - y[0] * y[0]) * y[1] - y[0]) / 1e-6;
        },
        |_, y, _, j| {
            j.copy_from_slice(&[
                0.0,
                1.0,
                (-2.0 * y[0] * y[1] - 1.0) / 1e-6,
                (1.0 - y[0] * y[0]) / 1e-6,
            ]);
        },
    );
    let end = run(
        &problem,
        &member(&[2.0, -0.66], 2.0),
        &options(1e-9, &[1e-9; 2]),
    );
    assert_near(
        &end.final_state,
        &[1.706167732170483, -0.8928097010247975],
        1e-5,
    );
}

fn chain() -> Problem {
    // Gut → plasma → out, with a constant infusion as input.
    Problem::new(
        2,
        |_, y, input, f| {
            f[0] = -1.2 * y[0];
            f[1] = 1.2 * y[0] - 0.3 * y[1] + input[0];
        },
        |_, _, _, j| j.copy_from_slice(&[-1.2, 0.0, 1.2, -0.3]),
    )
}

/// Amounts t after a unit dose into the gut.
fn after_dose(t: f64) -> [f64; 2] {
    let (ka, ke) = (1.2f64, 0.3f64);
    [
        (-ka * t).exp(),
        ka / (ka - ke) * ((-ke * t).exp() - (-ka * t).exp()),
    ]
}

#[test]
fn repeated_doses_follow_the_exact_solution() {
    let mut member = member(&[0.0, 0.0], 48.0);
    member.breakpoints = (0..4)
        .map(|k| Breakpoint {
            t: 12.0 * f64::from(k),
            inputs: vec![],
            boluses: vec![(0, 5.0)],
        })
        .collect();
    member.output_times = (0..=48).map(f64::from).collect();
    let rows = run(&chain(), &member, &options(1e-9, &[1e-12; 2]));
    for (at, time) in rows.times.iter().enumerate() {
        let mut wanted = [0.0, 0.0];
        for dose in 0..4 {
            let since = time - 12.0 * f64::from(dose);
            if since >= 0.0 {
                let part = after_dose(since);
                wanted = [wanted[0] + 5.0 * part[0], wanted[1] + 5.0 * part[1]];
            }
        }
        for i in 0..2 {
            assert!(
                (rows.states[at * 2 + i] - wanted[i]).abs() < 1e-7,
                "t = {time}"
            );
        }
    }
}

#[test]
fn asking_for_more_rows_changes_no_value() {
    let few = run(
        &chain(),
        &member(&[5.0, 0.0], 24.0),
        &options(1e-6, &[1e-9; 2]),
    );
    let mut asked = member(&[5.0, 0.0], 24.0);
    asked.output_times = (0..=2400).map(|k| f64::from(k) / 100.0).collect();
    let many = run(&chain(), &asked, &options(1e-6, &[1e-9; 2]));
    assert_eq!(few.final_state, many.final_state);
    assert_eq!(few.statistics.steps, many.statistics.steps);
}

#[test]
fn dop853_agrees() {
    let ours = run(
        &chain(),
        &member(&[5.0, 1.0], 6.0),
        &options(1e-9, &[1e-12; 2]),
    );
    let mut other = options(1e-12, &[1e-12; 2]);
    other.method = Method::Dop853;
    let theirs = run(&chain(), &member(&[5.0, 1.0], 6.0), &other);
    assert_near(&ours.final_state, &theirs.final_state, 1e-7);
}

#[test]
fn an_event_is_found_when_it_happens_and_can_stop_the_run() {
    let mut problem = Problem::new(1, |_, y, _, f| f[0] = -y[0], |_, _, _, j| j[0] = -1.0);
    problem.event = Some(|_, y| 0.5 - y[0]);
    let mut options = options(1e-9, &[1e-12]);
    options.event_actions = vec![EventResponse::Stop];
    let end = run(&problem, &member(&[1.0], 10.0), &options);
    assert_eq!(end.events.len(), 1);
    assert!(
        (end.events[0].1 - 2f64.ln()).abs() < 1e-8,
        "{:?}",
        end.events
    );
    assert!(end.times.is_empty());
}

#[test]
fn tighter_tolerance_pays_at_the_rate_of_order_five() {
    // Work grows as tol^(-1/5): a thousandfold tighter tolerance costs about four times the steps.
    let problem = Problem::new(
        2,
        |_, y, _, f| f.copy_from_slice(&[y[1], -y[0]]),
        |_, _, _, j| j.copy_from_slice(&[0.0, 1.0, -1.0, 0.0]),
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

#[test]
fn a_run_that_blows_up_says_where() {
    let problem = Problem::new(
        1,
        |_, y, _, f| f[0] = y[0] * y[0],
        |_, y, _, j| j[0] = 2.0 * y[0],
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
        |_, y, _, f| {
            f[0] = 2.0 * y[1] - y[0];
            f[2] = y[1] - 4.0 * y[2];
            f[1] = -f[0] - f[2];
        },
        |_, _, _, j| j.copy_from_slice(&[-1.0, 2.0, 0.0, 1.0, -3.0, 4.0, 0.0, 1.0, -4.0]),
    );
    let still = Share::always(&[0.0]);
    let y = equilibrium(&problem, &[], &still, &[1.0, 0.0, 0.0], &rows, &[1.0; 3])
        .expect("there is one");
    assert_near(&y, &[8.0 / 13.0, 4.0 / 13.0, 1.0 / 13.0], 1e-12);
}
