//! Members side by side: the same bits at every width, with any neighbours, threads and instructions.

use std::sync::Mutex;

use myoflux::engine::{
    Breakpoint, EventResponse, Failure, InstructionSet, Member, Options, Outcome, Restore, System,
    Width, run_member, run_members,
};

use crate::members::Random;
use crate::problems::{At, Problem, bits, options};

pub const WIDTHS: [Width; 4] = [Width::One, Width::Four, Width::Eight, Width::Sixteen];

/// Runs members on so many threads.
pub fn run_on<S>(
    threads: usize,
    system: &S,
    members: &[Member],
    options: &Options,
    width: Width,
) -> Vec<Outcome>
where
    S: System<1> + System<4> + System<8> + System<16>,
{
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("threads")
        .install(|| run_members(system, members, options, width))
}

/// Says which members differ from what each gives alone.
pub fn assert_same(found: &[Outcome], alone: &[Outcome], what: &str) {
    assert_eq!(found.len(), alone.len(), "{what}");
    for (at, (found, alone)) in found.iter().zip(alone).enumerate() {
        assert!(bits(found) == bits(alone), "{what}: member {at} differs");
    }
}

/// Calls `test` under every instruction set of this machine; one caller at a time.
pub fn under_every_instruction_set(test: impl Fn(InstructionSet)) {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock();
    for set in InstructionSet::ALL {
        if set <= InstructionSet::available() {
            set.limit();
            test(set);
        }
    }
    InstructionSet::available().limit();
}

/// Gut → plasma ⇌ receptor (fast), and an effort that follows an input and may run away.
///
/// Parameters: absorption, elimination, binding, self-amplification, limits of effort that end the
/// bout and stop the run.
fn effort() -> Problem {
    let mut problem = Problem::new(
        4,
        |At {
             t,
             y,
             parameters: p,
             inputs,
         },
         f| {
            let bound = p[2] * y[1] * (1.0 - y[2]) - 300.0 * y[2];
            f[0] = -p[0] * y[0];
            f[1] = p[0] * y[0] - p[1] * y[1] - bound + 0.1 * (0.5 * t).cos();
            f[2] = bound;
            f[3] = inputs[0] - 0.2 * y[3] + p[3] * y[3] * y[3];
        },
        |At {
             y, parameters: p, ..
         },
         j| {
            let (binding, bound) = (p[2] * (1.0 - y[2]), -p[2] * y[1] - 300.0);
            j[0] = -p[0];
            j[4..7].copy_from_slice(&[p[0], -p[1] - binding, -bound]);
            j[9..11].copy_from_slice(&[binding, bound]);
            j[15] = -0.2 + 2.0 * p[3] * y[3];
        },
    );
    (problem.parameters, problem.inputs) = (6, 2);
    problem.time_derivative = |At { t, .. }, out| {
        out.fill(0.0);
        out[1] = -0.05 * (0.5 * t).sin();
    };
    problem.events = vec![
        |at| at.y[3] - at.parameters[4],
        |at| at.y[3] - at.parameters[5],
        |at| 0.3 - at.y[1],
    ];
    problem.observables = vec![|at| at.y[1] * at.inputs[0], |at| at.t + at.y[2]];
    problem
}

fn effort_options() -> Options {
    Options {
        max_steps: 600,
        event_actions: vec![
            EventResponse::EndBout,
            EventResponse::Stop,
            EventResponse::Mark,
        ],
        bout_inputs: vec![0],
        ..options(1e-6, &[1e-8, 1e-8, 1e-8, f64::INFINITY])
    }
}

/// Schedules, horizons and parameters all differ; some end early, some fail in different ways.
fn effort_members(count: usize) -> Vec<Member> {
    let mut random = Random(7);
    let mut draw = |k: usize| {
        let mut share = |low: f64, high: f64| low + (high - low) * random.uniform();
        let t0 = share(-5.0, 5.0);
        let t_end = t0 + share(3.0, 40.0);
        let mut parameters = vec![share(0.5, 2.0), share(0.1, 0.5), share(1e2, 1e4), 0.0];
        // End of the bout, end of the run: within reach of some.
        parameters.extend([share(2.0, 12.0), share(4.0, 30.0)]);
        let mut y0 = vec![share(0.0, 5.0), 1.0, 0.1, 0.5];
        match k % 7 {
            2 => parameters[3..].copy_from_slice(&[1.0, 1e30, 1e30]),
            4 => parameters[1] = f64::NAN,
            5 => (parameters[2], y0[1]) = (-1e9, 1e3),
            _ => {}
        }
        let period = share(0.7, 6.0);
        let breakpoint = |j: u32| Breakpoint {
            t: t0 + f64::from(j) * period,
            inputs: vec![(0, f64::from(j % 3)), (1, f64::from(j))],
            boluses: if j.is_multiple_of(2) {
                vec![(0, 1.5)]
            } else {
                vec![]
            },
        };
        Member {
            parameters,
            inputs: vec![0.3, 0.0],
            y0,
            t0,
            t_end,
            breakpoints: (0..100).map(breakpoint).filter(|b| b.t <= t_end).collect(),
            output_times: (0..k * 3)
                .map(|j| t0 + (t_end - t0) * j as f64 / (k * 3) as f64)
                .collect(),
            restore: (k % 3 == 1).then(|| Restore {
                states: vec![1, 2],
                times: vec![t0 + 0.9, t0 + 2.5],
            }),
        }
    };
    (0..count).map(&mut draw).collect()
}

fn alone<S: System<1>>(system: &S, members: &[Member], options: &Options) -> Vec<Outcome> {
    members
        .iter()
        .map(|member| run_member(system, member, options))
        .collect()
}

#[test]
fn the_members_of_these_tests_end_in_every_way() {
    let outcomes = alone(&effort(), &effort_members(42), &effort_options());
    let count = |what: &dyn Fn(&Outcome) -> bool| outcomes.iter().filter(|o| what(o)).count();
    let fired = |event: u32| {
        count(&|o| {
            o.as_ref()
                .is_ok_and(|run| run.events.iter().any(|(k, _)| *k == event))
        })
    };
    assert!(count(&|o| o.is_ok()) >= 20, "most finish");
    assert!(
        [fired(0), fired(1), fired(2)]
            .iter()
            .all(|count| *count >= 3)
    );
    assert!(count(&|o| matches!(o, Err(Failure::Singular { .. }))) >= 3);
    assert!(count(&|o| matches!(o, Err(Failure::TooManySteps { .. }))) >= 3);
}

#[test]
fn every_width_and_thread_count_gives_the_bits_of_a_single_run() {
    let (system, members, options) = (effort(), effort_members(42), effort_options());
    let alone = alone(&system, &members, &options);
    for width in WIDTHS {
        for threads in [1, 2, 4] {
            let found = run_on(threads, &system, &members, &options, width);
            assert_same(&found, &alone, &format!("{width:?}, {threads} threads"));
        }
    }
}

#[test]
fn order_and_neighbours_change_nothing() {
    let (system, options) = (effort(), effort_options());
    let mut members: Vec<(usize, Member)> = effort_members(30).into_iter().enumerate().collect();
    let plain = |members: &[(usize, Member)]| -> Vec<Member> {
        members.iter().map(|(_, member)| member.clone()).collect()
    };
    let alone = alone(&system, &plain(&members), &options);
    let mut random = Random(3);
    for round in 0..6 {
        random.shuffle(&mut members);
        // Fewer members than lanes as well: the empty ones disturb nobody.
        let part = &members[..30 - 5 * round];
        let wanted: Vec<Outcome> = part.iter().map(|(id, _)| alone[*id].clone()).collect();
        for width in WIDTHS {
            let found = run_on(1, &system, &plain(part), &options, width);
            assert_same(
                &found,
                &wanted,
                &format!("{width:?}, {} members", part.len()),
            );
        }
    }
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    let (system, members, options) = (effort(), effort_members(20), effort_options());
    let alone = alone(&system, &members, &options);
    under_every_instruction_set(|set| {
        for width in WIDTHS {
            let found = run_on(1, &system, &members, &options, width);
            assert_same(&found, &alone, &format!("{width:?}, {set:?}"));
        }
    });
}

#[test]
fn no_members_give_no_outcomes() {
    assert!(run_members(&effort(), &[], &effort_options(), Width::Eight).is_empty());
}
