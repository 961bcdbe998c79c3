//! Numbers and slots → trajectories: integrates anything behind [`System`], many members at once.
//!
//! Promises: a member's bits depend on that member alone, not on lane count, lane, neighbours or
//! threads; output times never steer the steps; a failed member is a [`Failure`], never numbers.
//! Not known here: names, units, files.
//!
//! Start reading at [`System`], then [`Member`] and [`Options`].

pub mod evaluate;
pub mod system;

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

/// Solves for a steady state: Newton with damping (dense, nalgebra), pseudo-transient continuation
/// where Newton fails. `scale`: natural size of each state, for the norm.
///
/// # Errors
/// [`Failure::NoEquilibrium`] naming the state that drifts most.
pub fn equilibrium<S: System<1>>(
    _system: &S,
    _parameters: &[f64],
    _inputs: &[f64],
    _guess: &[f64],
    _rows: &[Row],
    _scale: &[f64],
) -> Result<Vec<f64>, Failure> {
    unimplemented!("engine")
}

/// Integrates one member.
///
/// # Errors
/// A [`Failure`] with the time and the state that resisted.
pub fn run_member<S: System<1>>(
    _system: &S,
    _member: &Member,
    _options: &Options,
) -> Result<Trajectory, Failure> {
    unimplemented!("engine")
}

/// Integrates many members in lanes of `W`, on all cores; results in member order, each bit for bit
/// what [`run_member`] gives.
pub fn run_members<const W: usize, S: System<W>>(
    _system: &S,
    _members: &[Member],
    _options: &Options,
) -> Vec<Result<Trajectory, Failure>> {
    unimplemented!("engine")
}
