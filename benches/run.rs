//! Whole runs: what a user waits for. One thread; items are members.

#[path = "../tests/solver/members.rs"]
#[allow(dead_code, reason = "each user needs a part")]
mod members;

use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::ItemsCount;
use members::{Case, case};
use myoflux::engine::{Member, Outcome, Width, run_member, run_members};

fn main() {
    divan::main();
}

/// Four weeks of training and iron, hourly rows, after the initial state has been found.
static ATHLETE: LazyLock<Case> = LazyLock::new(|| {
    case(
        "scenarios/iron/low_ferritin_runner.toml",
        &[("duration", "28 d")],
    )
});

/// Fifty pulses in a second, each with two edges to stop at, a row every half millisecond.
static FIBRE: LazyLock<Case> = LazyLock::new(|| {
    case(
        "scenarios/fibre/tetanus_and_relaxation.toml",
        &[("duration", "1 s")],
    )
});

fn alone(case: &Case, member: &Member) -> Outcome {
    run_member(&case.program, member, &case.options)
}

/// A single run is near one with a hundredfold tighter tolerance.
fn check_alone(case: &Case) {
    let mut tight = case.options.clone();
    tight.rtol *= 0.01;
    tight.atol.iter_mut().for_each(|atol| *atol *= 0.01);
    let exact = run_member(&case.program, &case.member, &tight)
        .expect("a solution")
        .final_state;
    let found = alone(case, &case.member).expect("a solution").final_state;
    for (i, atol) in case
        .options
        .atol
        .iter()
        .enumerate()
        .filter(|(_, atol)| atol.is_finite())
    {
        let size = atol / case.options.rtol + exact[i].abs();
        let error = (found[i] - exact[i]).abs() / size;
        assert!(error < 1e-2, "state {i}: {} is not {}", found[i], exact[i]);
    }
}

#[divan::bench(sample_count = 20)]
fn athlete_28_days(bencher: Bencher) {
    check_alone(&ATHLETE);
    bencher.bench(|| alone(&ATHLETE, &ATHLETE.member));
}

#[divan::bench(sample_count = 20)]
fn fibre_tetanus_1_s(bencher: Bencher) {
    check_alone(&FIBRE);
    bencher.bench(|| alone(&FIBRE, &FIBRE.member));
}

/// 64 athletes over 28 days whose parameters differ by about a tenth, hourly rows: what a sweep does.
#[divan::bench(sample_count = 5, consts = [1, 4, 8, 16])]
fn sweep_64_hourly<const W: usize>(bencher: Bencher) {
    sweep::<W>(bencher, &SWEEP.0, Some(&SWEEP.1));
}

/// The same, the end state alone: what is left when no rows are read and kept.
#[divan::bench(sample_count = 5, consts = [1, 4, 8, 16])]
fn sweep_64_end_only<const W: usize>(bencher: Bencher) {
    let mut members = SWEEP.0.clone();
    members.iter_mut().for_each(|m| m.output_times.clear());
    sweep::<W>(bencher, &members, None);
}

fn sweep<const W: usize>(bencher: Bencher, members: &[Member], alone: Option<&Vec<Outcome>>) {
    let width = match W {
        1 => Width::One,
        4 => Width::Four,
        8 => Width::Eight,
        _ => Width::Sixteen,
    };
    let one = rayon::ThreadPoolBuilder::new().num_threads(1);
    let one = one.build().expect("a thread");
    let sweep = || one.install(|| run_members(&ATHLETE.program, members, &ATHLETE.options, width));
    let found = sweep();
    assert!(found.iter().all(Result::is_ok));
    assert!(
        alone.is_none_or(|alone| *alone == found),
        "the same bits as alone"
    );
    bencher
        .counter(ItemsCount::new(members.len()))
        .bench_local(sweep);
}

/// Members and what each gives alone. Those whose iron pools empty into a pole of the model are left
/// out: they end early or late, at random.
static SWEEP: LazyLock<(Vec<Member>, Vec<Outcome>)> = LazyLock::new(|| {
    let mut options = ATHLETE.options.clone();
    options.max_steps = 5_000;
    let candidates = ATHLETE.spread(100, 0.1).into_iter();
    candidates
        .map(|member| {
            let outcome = run_member(&ATHLETE.program, &member, &options);
            (member, outcome)
        })
        .filter(|(_, outcome)| outcome.is_ok())
        .take(64)
        .unzip()
});
