//! One evaluation of the athlete's equations for a group of members: what a step does seven times
//! (rates) and once (rates, Jacobian, ∂f/∂t). Items are members: compare items per second.

#[path = "../tests/solver/members.rs"]
#[allow(dead_code, reason = "each user needs a part")]
mod members;

use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::ItemsCount;
use members::{Case, case};
use myoflux::compile::Program;
use myoflux::engine::System;
use myoflux::engine::columns::Columns;

fn main() {
    divan::main();
}

static ATHLETE: LazyLock<Case> = LazyLock::new(|| {
    case(
        "scenarios/iron/low_ferritin_runner.toml",
        &[("duration", "1 d")],
    )
});

/// Everything an evaluation needs, filled with members that differ.
struct Group<const W: usize> {
    y: Columns<W>,
    scratch: Columns<W>,
    rates: Columns<W>,
    jacobian: Columns<W>,
    time_derivative: Columns<W>,
}

impl<const W: usize> Group<W> {
    fn new() -> Group<W> {
        let program: &Program = &ATHLETE.program;
        let n = program.engine_states();
        let entries = System::<W>::jacobian_pattern(program).column.len();
        let mut group = Group {
            y: Columns::zeros(n),
            scratch: Columns::zeros(System::<W>::scratch_len(program)),
            rates: Columns::zeros(n),
            jacobian: Columns::zeros(entries),
            time_derivative: Columns::zeros(n),
        };
        for (lane, member) in ATHLETE.spread(16, 0.1)[..W].iter().enumerate() {
            let scratch = &mut group.scratch;
            System::<W>::set_parameters(program, lane, &member.parameters, scratch);
            System::<W>::set_inputs(program, lane, &member.inputs, scratch);
            for (slot, value) in group.y.iter_mut().zip(&member.y0) {
                slot[lane] = *value;
            }
        }
        group
    }

    fn rates(&mut self) {
        let scratch = &mut self.scratch;
        System::<W>::rates(
            &ATHLETE.program,
            &[0.0; W],
            &self.y,
            &mut self.rates,
            scratch,
        );
    }

    fn linearise(&mut self) {
        System::<W>::linearise(
            &ATHLETE.program,
            &[0.0; W],
            &self.y,
            &mut self.rates,
            &mut self.jacobian,
            &mut self.time_derivative,
            &mut self.scratch,
        );
    }

    /// Bits of the first member's results.
    fn first(&self) -> Vec<u64> {
        let results = self.rates.iter().chain(self.jacobian.iter());
        results.map(|value| value[0].to_bits()).collect()
    }
}

fn check<const W: usize>() -> Group<W> {
    let (mut alone, mut group) = (Group::<1>::new(), Group::<W>::new());
    alone.linearise();
    group.linearise();
    assert_eq!(group.first(), alone.first(), "the same bits as alone");
    group
}

#[divan::bench(consts = [1, 4, 8, 16])]
fn rates<const W: usize>(bencher: Bencher) {
    let mut group = check::<W>();
    bencher
        .counter(ItemsCount::new(W))
        .bench_local(|| group.rates());
}

#[divan::bench(consts = [1, 4, 8, 16])]
fn linearise<const W: usize>(bencher: Bencher) {
    let mut group = check::<W>();
    bencher
        .counter(ItemsCount::new(W))
        .bench_local(|| group.linearise());
}
