//! Dopri5 and Dop853 of the `ode_solvers` crate, segment by segment between breakpoints: for non-stiff
//! runs and as an independent check. State events are not supported here and are refused.

use ode_solvers::dop_shared::OutputType;
use ode_solvers::{DVector, Dop853, Dopri5};

use crate::engine::{Failure, Member, Method, Options, System, Trajectory};

/// The right-hand side in variables scaled by the absolute tolerance, because the crate knows one
/// absolute tolerance for all.
struct Scaled<'a, S> {
    system: &'a S,
    scale: &'a [f64],
    scratch: std::cell::RefCell<Vec<[f64; 1]>>,
}

impl<S: System<1>> ode_solvers::System<f64, DVector<f64>> for &Scaled<'_, S> {
    fn system(&self, t: f64, z: &DVector<f64>, dz: &mut DVector<f64>) {
        let y: Vec<[f64; 1]> = z.iter().zip(self.scale).map(|(z, s)| [z * s]).collect();
        let mut rates = vec![[0.0]; y.len()];
        self.system
            .rates(&[t], &y, &mut rates, &mut self.scratch.borrow_mut());
        for ((dz, [rate]), scale) in dz.iter_mut().zip(rates).zip(self.scale) {
            *dz = rate / scale;
        }
    }
}

/// Integrates one member explicitly, stopping at every breakpoint and output time.
///
/// # Errors
/// A [`Failure`] where the crate gives up (as on stiff problems).
///
/// # Panics
/// If the system has state events: a bug of the caller, who chooses the method.
pub fn run<S: System<1>>(
    system: &S,
    member: &Member,
    options: &Options,
) -> Result<Trajectory, Failure> {
    assert_eq!(
        system.event_count(),
        0,
        "explicit methods find no state events"
    );
    // Accumulators are outside the error norm: a scale of 1e30 makes their error vanish in it.
    let scale: Vec<f64> = options
        .atol
        .iter()
        .map(|atol| if atol.is_finite() { *atol } else { 1e30 })
        .collect();
    let scaled = Scaled {
        system,
        scale: &scale,
        scratch: std::cell::RefCell::new(vec![[0.0]; system.scratch_len()]),
    };
    system.set_parameters(0, &member.parameters, &mut scaled.scratch.borrow_mut());
    let mut inputs = member.inputs.clone();
    system.set_inputs(0, &inputs, &mut scaled.scratch.borrow_mut());
    let mut y: Vec<[f64; 1]> = member.y0.iter().map(|value| [*value]).collect();
    let mut out = Trajectory::default();
    let mut stops: Vec<f64> = member.breakpoints.iter().map(|b| b.t).collect();
    stops.extend(&member.output_times);
    stops.extend(
        member
            .restore
            .iter()
            .flat_map(|restore| restore.times.iter()),
    );
    stops.extend([member.t0, member.t_end]);
    stops.sort_by(f64::total_cmp);
    stops.dedup();
    let mut t = member.t0;
    for stop in stops {
        if stop > t {
            y = segment(&scaled, options, t, stop, &y, &mut out)?;
            t = stop;
        }
        if member
            .restore
            .as_ref()
            .is_some_and(|restore| restore.times.contains(&t))
        {
            for &state in &member.restore.as_ref().expect("just looked at").states {
                y[state as usize] = [member.y0[state as usize]];
            }
        }
        for breakpoint in member.breakpoints.iter().filter(|b| b.t == t) {
            let mut scratch = scaled.scratch.borrow_mut();
            for &(input, value) in &breakpoint.inputs {
                inputs[input as usize] = value;
            }
            system.set_inputs(0, &inputs, &mut scratch);
            for &(input, amount) in &breakpoint.boluses {
                system.apply_bolus(0, input as usize, amount, t, &mut y, &mut scratch);
            }
        }
        for &time in member.output_times.iter().filter(|time| **time == t) {
            let mut values = vec![[0.0]; system.observable_count()];
            system.observe(&[time], &y, &mut values, &mut scaled.scratch.borrow_mut());
            out.times.push(time);
            out.states.extend(y.iter().map(|[value]| *value));
            out.inputs.extend_from_slice(&inputs);
            out.observables.extend(values.iter().map(|[value]| *value));
        }
    }
    out.final_state = y.iter().map(|[value]| *value).collect();
    Ok(out)
}

fn segment<S: System<1>>(
    scaled: &Scaled<'_, S>,
    options: &Options,
    from: f64,
    to: f64,
    y: &[[f64; 1]],
    out: &mut Trajectory,
) -> Result<Vec<[f64; 1]>, Failure> {
    let z = DVector::from_iterator(y.len(), y.iter().zip(scaled.scale).map(|([y], s)| y / s));
    let dx = to - from;
    let (stats, end) = match options.method {
        Method::Dopri5 => {
            let mut solver = Dopri5::new(scaled, from, to, dx, z, options.rtol, 1.0);
            solver.set_output(OutputType::Sparse);
            (solver.integrate(), solver.y_out().last().cloned())
        }
        _ => {
            let mut solver = Dop853::new(scaled, from, to, dx, z, options.rtol, 1.0);
            solver.set_output(OutputType::Sparse);
            (solver.integrate(), solver.y_out().last().cloned())
        }
    };
    let (Ok(stats), Some(end)) = (stats, end) else {
        return Err(Failure::TooManySteps {
            t: from,
            steps: out.statistics.steps,
        });
    };
    out.statistics.steps += u64::from(stats.accepted_steps + stats.rejected_steps);
    out.statistics.rejected += u64::from(stats.rejected_steps);
    out.statistics.rates += u64::from(stats.num_eval);
    match end.iter().position(|value| !value.is_finite()) {
        Some(state) => Err(Failure::NotFinite {
            t: to,
            state: state as u32,
        }),
        None => Ok(end.iter().zip(scaled.scale).map(|(z, s)| [z * s]).collect()),
    }
}
