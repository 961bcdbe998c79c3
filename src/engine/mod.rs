//! Numbers and slots → trajectories: integrates anything behind [`System`], many members at once.
//!
//! Promises: a member's bits depend on that member alone, not on lane count, lane, neighbours or
//! threads; output times never steer the steps; a failed member is a [`Failure`], never numbers.
//! Not known here: names, units, files.
//!
//! Start reading at [`System`], then [`Member`] and [`Options`].

pub mod equilibrium;
pub mod evaluate;
pub mod integrate;
pub mod linear;
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
    system: &S,
    parameters: &[f64],
    inputs: &[f64],
    guess: &[f64],
    rows: &[Row],
    scale: &[f64],
) -> Result<Vec<f64>, Failure> {
    equilibrium::solve(system, parameters, inputs, guess, rows, scale)
}

/// Integrates one member.
///
/// # Errors
/// A [`Failure`] with the time and the state that resisted.
pub fn run_member<S: System<1>>(
    system: &S,
    member: &Member,
    options: &Options,
) -> Result<Trajectory, Failure> {
    match options.method {
        Method::Rodas5p => {
            let symbolic = linear::Symbolic::new(system.state_count(), system.jacobian_pattern());
            integrate::drive::run(system, &symbolic, member, options)
        }
        Method::Dopri5 | Method::Dop853 => integrate::explicit::run(system, member, options),
    }
}
