//! The linear algebra of a step on the athlete's own Jacobian: one factorisation, eight solves. Items
//! are members.

#[path = "../tests/solver/members.rs"]
#[allow(dead_code, reason = "each user needs a part")]
mod members;

use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::ItemsCount;
use members::{Case, case};
use myoflux::engine::System;
use myoflux::engine::columns::Columns;
use myoflux::engine::linear::{Symbolic, Workspace};

fn main() {
    divan::main();
}

static ATHLETE: LazyLock<Case> = LazyLock::new(|| {
    case(
        "scenarios/iron/low_ferritin_runner.toml",
        &[("duration", "1 d")],
    )
});

/// 1/(γh) at a step of five minutes.
const SHIFT: f64 = 1.0 / (0.21193756319429014 * 300.0);

struct Problem<const W: usize> {
    symbolic: Symbolic,
    matrix: Workspace<W>,
}

impl<const W: usize> Problem<W> {
    /// The Jacobian at the athlete's start, factorised, and checked: `M·x = b` for a known x.
    fn new() -> Problem<W> {
        let (program, member) = (&ATHLETE.program, &ATHLETE.member);
        let n = program.engine_states();
        let pattern = System::<1>::jacobian_pattern(program);
        let mut scratch = Columns::<1>::zeros(System::<1>::scratch_len(program));
        System::<1>::set_parameters(program, 0, &member.parameters, &mut scratch);
        System::<1>::set_inputs(program, 0, &member.inputs, &mut scratch);
        let y: Vec<[f64; 1]> = member.y0.iter().map(|value| [*value]).collect();
        let (mut rates, mut time) = (vec![[0.0]; n], vec![[0.0]; n]);
        let mut one = vec![[0.0]; pattern.column.len()];
        System::<1>::linearise(
            program,
            &[0.0],
            &y,
            &mut rates,
            &mut one,
            &mut time,
            &mut scratch,
        );
        let symbolic = Symbolic::new(n, pattern);
        let mut problem = Problem {
            matrix: Workspace::new(&symbolic),
            symbolic,
        };
        for (slot, [value]) in problem.matrix.jacobian().iter_mut().zip(&one) {
            *slot = [*value; W];
        }
        for i in 0..n {
            let row = pattern.row_start[i] as usize..pattern.row_start[i + 1] as usize;
            let sum: f64 = row.map(|k| one[k][0]).sum();
            problem.matrix.x()[i] = [SHIFT - sum; W];
        }
        problem.factor();
        problem.solve();
        // How far the sum of a row's numbers may have been rounded, relative to what is left of it.
        for i in 0..n {
            let row = pattern.row_start[i] as usize..pattern.row_start[i + 1] as usize;
            let size: f64 = row.map(|k| one[k][0].abs()).sum();
            let off = (problem.matrix.x()[i][0] - 1.0).abs();
            assert!(
                off < 1e-9 * (1.0 + size / SHIFT),
                "{} is not 1",
                problem.matrix.x()[i][0]
            );
        }
        problem
    }

    fn factor(&mut self) {
        self.symbolic.factor(&[SHIFT; W], &mut self.matrix);
    }

    fn solve(&mut self) {
        self.symbolic.solve(&mut self.matrix);
    }
}

#[divan::bench(consts = [1, 4, 8, 16])]
fn factor<const W: usize>(bencher: Bencher) {
    let mut problem = Problem::<W>::new();
    bencher
        .counter(ItemsCount::new(W))
        .bench_local(|| problem.factor());
}

#[divan::bench(consts = [1, 4, 8, 16])]
fn solve<const W: usize>(bencher: Bencher) {
    let mut problem = Problem::<W>::new();
    bencher.counter(ItemsCount::new(W)).bench_local(|| {
        // Always the same right-hand side: repeated solves would shrink it to subnormal numbers.
        problem.matrix.x().fill([1.0; W]);
        problem.solve();
    });
}
