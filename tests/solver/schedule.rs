//! What happens along a run: doses, inputs, restores, rows, events, and the explicit methods.

use myoflux::engine::{
    Breakpoint, EventResponse, Failure, Member, Method, Options, Restore, Width, run_member,
    run_members,
};

use crate::problems::{At, Problem, assert_near, member, options, run};

fn chain() -> Problem {
    // Gut → plasma → out, with a constant infusion as input.
    Problem::new(
        2,
        |At { y, inputs, .. }, f| {
            f[0] = -1.2 * y[0];
            f[1] = 1.2 * y[0] - 0.3 * y[1] + inputs[0];
        },
        |_, j| j.copy_from_slice(&[-1.2, 0.0, 1.2, -0.3]),
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

const METHODS: [Method; 3] = [Method::Rodas5p, Method::Dopri5, Method::Dop853];

#[test]
fn asking_for_more_rows_changes_no_value() {
    for method in METHODS {
        let mut options = options(1e-6, &[1e-9; 2]);
        options.method = method;
        let mut asked = member(&[5.0, 0.0], 24.0);
        asked.breakpoints = doses(&[3.7, 11.0]);
        let few = run(&chain(), &asked, &options);
        asked.output_times = (0..=2400).map(|k| f64::from(k) / 100.0).collect();
        let many = run(&chain(), &asked, &options);
        assert_eq!(few.final_state, many.final_state, "{method:?}");
        assert_eq!(few.statistics.steps, many.statistics.steps, "{method:?}");
        // Rows asked for anyway keep their bits, and none is missing.
        assert_eq!(many.states[2400 * 2..], few.states[..], "{method:?}");
        assert_eq!(many.times, asked.output_times);
    }
}

fn doses(times: &[f64]) -> Vec<Breakpoint> {
    let dose = |t: &f64| Breakpoint {
        t: *t,
        inputs: vec![],
        boluses: vec![(0, 5.0)],
    };
    times.iter().map(dose).collect()
}

/// Claim: two doses a rounding apart are one double dose; the steps before and after do not suffer.
#[test]
fn stops_may_be_a_rounding_apart() {
    for method in METHODS {
        let mut options = options(1e-10, &[1e-12; 2]);
        options.method = method;
        let late = 1e6f64;
        let mut twice = member(&[0.0, 0.0], late + 10.0);
        twice.breakpoints = doses(&[
            late + 1.0,
            (late + 1.0).next_up(),
            (late + 1.0).next_up().next_up(),
        ]);
        twice.output_times = vec![late + 1.0, (late + 1.0).next_up(), late + 4.0];
        let rows = run(&chain(), &twice, &options);
        assert_near(&[rows.states[0], rows.states[2]], &[5.0, 10.0], 1e-9);
        let exact = after_dose(3.0).map(|amount| 15.0 * amount);
        assert_near(&rows.states[4..], &exact, 1e-7);
        assert!(rows.statistics.steps < 2000, "{:?}", rows.statistics);
    }
}

#[test]
fn explicit_rows_between_steps_are_as_good_as_steps() {
    for method in [Method::Dopri5, Method::Dop853] {
        let mut options = options(1e-10, &[1e-10; 2]);
        options.method = method;
        let mut asked = member(&[1.0, 0.0], 12.0);
        asked.output_times = (0..=500).map(|k| 0.024 * f64::from(k)).collect();
        let rows = run(&chain(), &asked, &options);
        for (time, row) in rows.times.iter().zip(rows.states.chunks(2)) {
            for (found, exact) in row.iter().zip(after_dose(*time)) {
                assert!((found - exact).abs() < 1e-8, "{method:?}, t = {time}");
            }
        }
    }
}

#[test]
fn pinned_states_return_to_their_start() {
    for method in METHODS {
        let mut options = options(1e-9, &[1e-12; 2]);
        options.method = method;
        let mut pinned = member(&[1.0, 0.0], 3.0);
        pinned.restore = Some(Restore {
            states: vec![0],
            times: vec![1.0, 2.0],
        });
        let end = run(&chain(), &pinned, &options);
        assert_near(&end.final_state[..1], &after_dose(1.0)[..1], 1e-7);
    }
}

#[test]
fn explicit_methods_agree() {
    let asked = member(&[5.0, 1.0], 6.0);
    let ours = run(&chain(), &asked, &options(1e-9, &[1e-12; 2]));
    for method in [Method::Dopri5, Method::Dop853] {
        let mut other = options(1e-12, &[1e-12; 2]);
        other.method = method;
        let theirs = run(&chain(), &asked, &other);
        assert_near(&ours.final_state, &theirs.final_state, 1e-7);
    }
}

#[test]
fn an_event_is_found_when_it_happens_and_can_stop_the_run() {
    let mut problem = Problem::new(1, |At { y, .. }, f| f[0] = -y[0], |_, j| j[0] = -1.0);
    problem.events = vec![|at| 0.5 - at.y[0]];
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

/// A falling amount: `exp(−t)`.
fn decay(events: Vec<fn(At) -> f64>) -> Problem {
    let mut problem = Problem::new(1, |At { y, .. }, f| f[0] = -y[0], |_, j| j[0] = -1.0);
    problem.events = events;
    problem
}

/// Claim: events lie where the exact solution crosses, for crossings of states and of time alike.
/// Tolerance: the error of the state between steps, divided by its slope.
#[test]
fn events_happen_at_their_exact_times() {
    let problem = decay(vec![|at| 0.5 - at.y[0], |at| 0.05 - at.y[0], |at| {
        at.t - 2.345
    }]);
    let run = run(&problem, &member(&[1.0], 10.0), &options(1e-10, &[1e-13]));
    let exact = [(0, 2f64.ln()), (2, 2.345), (1, 20f64.ln())];
    assert_eq!(run.events.len(), exact.len());
    for ((event, time), (wanted, exact)) in run.events.iter().zip(exact) {
        assert_eq!(*event, wanted);
        assert!(
            (time - exact).abs() < 1e-9,
            "event {event}: {}",
            time - exact
        );
    }
}

/// Claim: an oscillation fires once per period, rising only, each time where the sine does.
#[test]
fn an_event_fires_at_every_rise_and_at_no_fall() {
    let mut problem = Problem::new(
        2,
        |At { y, .. }, f| f.copy_from_slice(&[y[1], -y[0]]),
        |_, j| j.copy_from_slice(&[0.0, 1.0, -1.0, 0.0]),
    );
    problem.events = vec![|at| at.y[0] - 0.5];
    let run = run(
        &problem,
        &member(&[0.0, 1.0], 50.0),
        &options(1e-9, &[1e-9; 2]),
    );
    assert_eq!(run.events.len(), 8);
    for (k, (_, time)) in run.events.iter().enumerate() {
        let exact = (0.5f64).asin() + k as f64 * std::f64::consts::TAU;
        assert!((time - exact).abs() < 1e-7, "{}", time - exact);
    }
}

#[test]
fn events_at_the_same_instant_all_fire() {
    let problem = decay(vec![|at| 0.5 - at.y[0], |at| 1.0 - 2.0 * at.y[0]]);
    let run = run(&problem, &member(&[1.0], 3.0), &options(1e-8, &[1e-11]));
    let fired: Vec<u32> = run.events.iter().map(|(event, _)| *event).collect();
    assert_eq!(fired, [0, 1]);
    assert_eq!(run.events[0].1, run.events[1].1);
}

/// Claim: what a breakpoint does comes first; only what is true afterwards fires.
#[test]
fn breakpoints_come_before_events_of_the_same_instant() {
    let level: fn(At) -> f64 = |at| at.y[0] - 4.0;
    let mut jump = member(&[1.0], 3.0);
    jump.breakpoints = doses(&[1.0]);
    let fired = run(&decay(vec![level]), &jump, &options(1e-8, &[1e-11])).events;
    assert_eq!(fired, [(0, 1.0)]);
    // True just before, no longer after.
    let gone: fn(At) -> f64 = |at| (at.t - 1.0).min(4.0 - at.y[0]);
    let fired = run(&decay(vec![gone]), &jump, &options(1e-8, &[1e-11])).events;
    assert!(fired[0].1 > 1.0, "{fired:?}");
}

/// Claim: a bout that an event ends stays ended until its schedule says zero; the next one runs.
#[test]
fn an_ended_bout_stays_ended_until_the_next() {
    let mut problem = Problem::new(
        1,
        |At { inputs, .. }, f| f[0] = inputs[0],
        |_, j| j[0] = 0.0,
    );
    problem.events = vec![|at| at.y[0] - 2.5];
    let mut options = options(1e-8, &[1e-9]);
    (options.event_actions, options.bout_inputs) = (vec![EventResponse::EndBout], vec![0]);
    let set = |t: f64, value: f64| Breakpoint {
        t,
        inputs: vec![(0, value)],
        boluses: vec![],
    };
    let mut trained = member(&[0.0], 10.0);
    // Up to 2.5 at t = 2.5; the change at 3 belongs to the same bout; the second bout starts at 6.
    trained.breakpoints = vec![
        set(0.0, 1.0),
        set(3.0, 2.0),
        set(4.0, 0.0),
        set(6.0, 0.25),
        set(8.0, 0.0),
    ];
    trained.output_times = vec![2.0, 3.5, 5.0, 7.0, 10.0];
    let run = run(&problem, &trained, &options);
    assert_eq!(run.events.len(), 1);
    assert_near(&[run.events[0].1], &[2.5], 1e-9);
    assert_near(&run.states, &[2.0, 2.5, 2.5, 2.75, 3.0], 1e-9);
    assert_eq!(run.inputs, [1.0, 0.0, 0.0, 0.25, 0.0]);
}

/// Claim: what leaves the range in which the system holds has no numbers but the limit, when and by how
/// much: at the start, in a step (at its end), with a dose; whoever stays inside is not touched.
#[test]
fn beyond_a_limit_there_are_no_numbers() {
    let mut problem = decay(vec![]);
    problem.limits = vec![(|at| -at.y[0], -0.5), (|at| at.y[0], 3.0)];
    let options = options(1e-8, &[1e-11]);
    let passed = |member: &Member, options: &Options| match run_member(&problem, member, options) {
        Err(Failure::OutOfRange { t, limit, sides }) => (limit, t, sides),
        other => panic!("{other:?}"),
    };
    let mut dosed = member(&[1.0], 3.0);
    dosed.breakpoints = doses(&[0.25]);
    let dopri = Options {
        method: Method::Dopri5,
        ..options.clone()
    };
    for options in [&options, &dopri] {
        assert_eq!(passed(&member(&[4.0], 3.0), options), (1, 0.0, (4.0, 3.0)));
        let (limit, t, (value, bound)) = passed(&member(&[1.0], 3.0), options);
        assert_eq!((limit, bound), (0, -0.5));
        assert!(t >= 2f64.ln() && value > -0.5, "{value} at {t}");
        let (limit, t, (value, _)) = passed(&dosed, options);
        assert_eq!((limit, t), (1, 0.25));
        assert_near(&[value], &[(-0.25f64).exp() + 5.0], 1e-6);
    }
    let members = [
        member(&[1.0], 3.0),
        member(&[1.0], 0.5),
        member(&[4.0], 3.0),
    ];
    let together = run_members(&problem, &members, &options, Width::Four);
    for (member, outcome) in members.iter().zip(&together) {
        assert_eq!(*outcome, run_member(&problem, member, &options));
    }
    assert!(together[1].is_ok());
}
