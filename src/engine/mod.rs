//! Numbers and slots → trajectories: integrates anything behind [`System`], many members at once.
//!
//! Promises: a member's bits depend on that member alone, not on lane count, lane, neighbours or
//! threads; output times never steer the steps; a failed member is a [`Failure`], never numbers.
//! Not known here: names, units, files.
//!
//! Start reading at [`System`], then [`Member`] and [`Options`].

pub mod columns;
pub mod equilibrium;
pub mod evaluate;
pub mod instructions;
pub mod integrate;
pub mod linear;
pub mod system;

use std::borrow::Cow;

use integrate::drive::{self, Queue};
use rayon::prelude::*;

pub use equilibrium::{equilibrium, equilibrium_directly, equilibrium_near, mean_rates};
pub use instructions::InstructionSet;
pub use system::*;

/// One equation of an equilibrium, one per state.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// Its rate is zero.
    Steady,
    /// It keeps this value.
    Hold(f64),
    /// It is set so that this observable has this value.
    Observable { index: usize, value: f64 },
    /// Σ weight·state = value.
    Total {
        weights: Vec<(usize, f64)>,
        value: f64,
    },
}

/// Inputs that hold for a share of the time.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// Shares sum to 1.
    pub share: f64,
    /// One per input slot.
    pub inputs: Vec<f64>,
}

impl Share {
    /// Inputs that never change.
    pub fn always(inputs: &[f64]) -> [Share; 1] {
        [Share {
            share: 1.0,
            inputs: inputs.to_vec(),
        }]
    }
}

/// Integrates one member.
///
/// # Errors
/// A [`Failure`] with the time and the state that resisted.
pub fn run_member<S: System<1>>(system: &S, member: &Member, options: &Options) -> Outcome {
    match options.method {
        Method::Rodas5p => {
            let symbolic = linear::Symbolic::new(system.state_count(), system.jacobian_pattern());
            let only = |_| Some(Cow::Borrowed(member));
            let mut outcome = None;
            let mut keep = |_, found| outcome = Some(found);
            drive::run::<1, S>(system, &symbolic, options, &Queue::new(1, &only), &mut keep);
            outcome.expect("every member has an outcome")
        }
        Method::Dopri5 | Method::Dop853 => integrate::explicit::run(system, member, options),
    }
}

/// Integrates many members, `width` at a time on every thread of the rayon pool it is called in.
///
/// Returns one outcome per member, in their order; each has the bits that [`run_member`] gives. A
/// member that fails concerns nobody else. Parameters, schedules and horizons may differ.
///
/// Memory: all rows of all members. A larger sweep comes in parts, each reduced before the next.
pub fn run_members<S>(
    system: &S,
    members: &[Member],
    options: &Options,
    width: Width,
) -> Vec<Outcome>
where
    S: System<1> + System<4> + System<8> + System<16>,
{
    match (options.method, width) {
        (Method::Dopri5 | Method::Dop853, _) => members
            .par_iter()
            .map(|member| integrate::explicit::run(system, member, options))
            .collect(),
        (Method::Rodas5p, Width::One) => run_lanes::<1, S>(system, members, options),
        (Method::Rodas5p, Width::Four) => run_lanes::<4, S>(system, members, options),
        (Method::Rodas5p, Width::Eight) => run_lanes::<8, S>(system, members, options),
        (Method::Rodas5p, Width::Sixteen) => run_lanes::<16, S>(system, members, options),
    }
}

fn run_lanes<const W: usize, S: System<W>>(
    system: &S,
    members: &[Member],
    options: &Options,
) -> Vec<Outcome> {
    let symbolic = linear::Symbolic::new(system.state_count(), system.jacobian_pattern());
    let listed = |id: usize| Some(Cow::Borrowed(&members[id]));
    let queue = Queue::new(members.len(), &listed);
    let workers = rayon::current_num_threads().min(members.len().div_ceil(W));
    let mut done: Vec<(usize, Outcome)> = (0..workers)
        .into_par_iter()
        .with_max_len(1)
        .flat_map_iter(|_| {
            let mut own = Vec::new();
            let mut keep = |id, outcome| own.push((id, outcome));
            drive::run::<W, S>(system, &symbolic, options, &queue, &mut keep);
            own
        })
        .collect();
    done.sort_unstable_by_key(|(id, _)| *id);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

/// Integrates members as they come, `width` at a time on the calling thread: each is made by `member`
/// when a lane is free for it and is gone when `each` has seen its outcome, so memory does not grow
/// with `count`. Places for which there is no member are passed over; outcomes come in no order.
pub fn stream_members<S>(
    system: &S,
    count: usize,
    member: &(dyn Fn(usize) -> Option<Member> + Sync),
    options: &Options,
    width: Width,
    each: &mut dyn FnMut(usize, Outcome),
) where
    S: System<1> + System<4> + System<8> + System<16>,
{
    if options.method != Method::Rodas5p {
        for id in 0..count {
            if let Some(member) = member(id) {
                each(id, integrate::explicit::run(system, &member, options));
            }
        }
        return;
    }
    let symbolic = linear::Symbolic::new(
        System::<1>::state_count(system),
        System::<1>::jacobian_pattern(system),
    );
    let made = |id: usize| member(id).map(Cow::Owned);
    let queue = Queue::new(count, &made);
    match width {
        Width::One => drive::run::<1, S>(system, &symbolic, options, &queue, each),
        Width::Four => drive::run::<4, S>(system, &symbolic, options, &queue, each),
        Width::Eight => drive::run::<8, S>(system, &symbolic, options, &queue, each),
        Width::Sixteen => drive::run::<16, S>(system, &symbolic, options, &queue, each),
    }
}
