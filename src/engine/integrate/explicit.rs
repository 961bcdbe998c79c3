//! Dopri5 and Dop853 of the `ode_solvers` crate, segment by segment between breakpoints: for non-stiff
//! runs and as an independent check. State events are not supported here and are refused.
//!
//! Promises: stops may be as close as their rounding; output times never steer the steps.

use std::borrow::Cow;
use std::cell::RefCell;

use ode_solvers::dop_shared::{IntegrationError, OutputType, SolverResult, Stats};
use ode_solvers::{DVector, Dop853, Dopri5};

use super::drive::passed;
use super::lane::Lane;
use crate::engine::columns::Columns;
use crate::engine::{Failure, Member, Method, Options, Outcome, System};

/// The right-hand side as the crate wants it: states scaled by the absolute tolerance, because the
/// crate knows one for all, and time counted from the last stop, because it takes a step for too
/// small when it is small beside the time.
struct Scaled<'a, S> {
    system: &'a S,
    scale: Vec<f64>,
    from: f64,
    buffers: RefCell<Buffers>,
}

struct Buffers {
    y: Columns<1>,
    rates: Columns<1>,
    scratch: Columns<1>,
}

impl<S: System<1>> ode_solvers::System<f64, DVector<f64>> for &Scaled<'_, S> {
    fn system(&self, since: f64, z: &DVector<f64>, dz: &mut DVector<f64>) {
        let buffers = &mut *self.buffers.borrow_mut();
        self.unscale(z, &mut buffers.y);
        let (rates, scratch) = (&mut buffers.rates, &mut buffers.scratch);
        self.system
            .rates(&[self.from + since], &buffers.y, rates, scratch);
        for ((dz, [rate]), scale) in dz.iter_mut().zip(buffers.rates.iter()).zip(&self.scale) {
            *dz = rate / scale;
        }
    }
}

impl<S> Scaled<'_, S> {
    fn unscale(&self, z: &DVector<f64>, y: &mut [[f64; 1]]) {
        for ((y, z), scale) in y.iter_mut().zip(z.iter()).zip(&self.scale) {
            *y = [z * scale];
        }
    }
}

/// Integrates one member explicitly.
///
/// # Errors
/// A [`Failure`] where the crate gives up (as on stiff problems).
///
/// # Panics
/// If the system has state events: a bug of the caller, who chooses the method.
pub fn run<S: System<1>>(system: &S, member: &Member, options: &Options) -> Outcome {
    assert_eq!(
        system.event_count(),
        0,
        "explicit methods find no state events"
    );
    let mut scaled = Scaled {
        system,
        // Accumulators are outside the error norm: a scale of 1e30 makes their error vanish in it.
        scale: options
            .atol
            .iter()
            .map(|atol| if atol.is_finite() { *atol } else { 1e30 })
            .collect(),
        from: member.t0,
        buffers: RefCell::new(Buffers {
            y: Columns::zeros(member.y0.len()),
            rates: Columns::zeros(member.y0.len()),
            scratch: Columns::zeros(system.scratch_len()),
        }),
    };
    let mut observed = Columns::zeros(system.observable_count());
    let mut y = Columns::zeros(member.y0.len());
    let mut lane = Lane::new(0, Cow::Borrowed(member), observed.len(), options);
    lane.load(0, system, &mut y, &mut scaled.buffers.get_mut().scratch);
    loop {
        let (t, scratch) = (scaled.from, &mut scaled.buffers.get_mut().scratch);
        lane.apply_schedule(0, t, system, &options.bout_inputs, &mut y, scratch);
        within_limits(system, t, &y, scratch)?;
        if lane.row_until(t) {
            system.observe(&[t], &y, &mut observed, scratch);
        }
        while lane.row_until(t) {
            lane.write_row(0, &y, &observed);
        }
        if t >= member.t_end {
            lane.out.final_state = y.iter().map(|[value]| *value).collect();
            return Ok(lane.out);
        }
        let until = lane.restart(t);
        segment(
            &mut scaled,
            &mut lane,
            options,
            until,
            &mut y,
            &mut observed,
        )?;
        scaled.from = until;
    }
}

/// Steps that the crate keeps before they are read and dropped.
const PART: u64 = 10_000;

/// Goes on to the next stop and writes the rows before it.
fn segment<S: System<1>>(
    scaled: &mut Scaled<'_, S>,
    lane: &mut Lane,
    options: &Options,
    until: f64,
    y: &mut [[f64; 1]],
    observed: &mut [[f64; 1]],
) -> Result<(), Failure> {
    let z = y.iter().zip(&scaled.scale).map(|([y], scale)| y / scale);
    let mut z = DVector::from_iterator(y.len(), z);
    let mut h = 0.0;
    loop {
        let from = scaled.from;
        let left = options.max_steps.saturating_sub(lane.out.statistics.steps);
        let part = integrate(scaled, options, until - from, z, h, left.min(PART));
        let (times, states) = part.steps.get();
        count(lane, &part);
        for (time, z) in times.iter().zip(states) {
            let mut buffers = scaled.buffers.borrow_mut();
            let Buffers {
                y: stepped,
                scratch,
                ..
            } = &mut *buffers;
            scaled.unscale(z, stepped);
            within_limits(scaled.system, from + time, stepped, scratch)?;
        }
        rows(scaled, lane, options, &part, until, observed)?;
        let last = times.len() - 1;
        z = states[last].clone();
        if let Some(state) = z.iter().position(|value| !value.is_finite()) {
            let (t, state) = (from + times[last], state as u32);
            return Err(Failure::NotFinite { t, state });
        }
        match part.ended {
            Ok(_) => break,
            // Goes on with the step it had found, if it went on at all.
            Err(IntegrationError::MaxNumStepReached { .. }) if last > 0 && left > PART => {
                scaled.from = from + times[last];
                h = times[last] - times[last - 1];
            }
            Err(_) => {
                let (t, steps) = (from + times[last], options.max_steps);
                return Err(Failure::TooManySteps { t, steps });
            }
        }
    }
    scaled.unscale(&z, y);
    Ok(())
}

/// Fails if the system has left the range in which it holds.
fn within_limits<S: System<1>>(
    system: &S,
    t: f64,
    y: &[[f64; 1]],
    scratch: &mut [[f64; 1]],
) -> Result<(), Failure> {
    let mut sides = vec![[0.0]; 2 * system.limit_count()];
    if !sides.is_empty() {
        system.limits(&[t], y, &mut sides, scratch);
    }
    passed(t, 0, &sides).map_or(Ok(()), Err)
}

/// Writes the rows that lie within these steps, each from the start of its step on the side, so that
/// rows do not steer.
fn rows<S: System<1>>(
    scaled: &mut Scaled<'_, S>,
    lane: &mut Lane,
    options: &Options,
    part: &Part,
    until: f64,
    observed: &mut [[f64; 1]],
) -> Result<(), Failure> {
    let (from, (times, states)) = (scaled.from, part.steps.get());
    let end = match part.ended {
        Ok(_) => until,
        Err(_) => from + times[times.len() - 1],
    };
    let mut step = 0;
    while let Some(time) = lane.row_before(end) {
        while step + 1 < times.len() && times[step + 1] <= time - from {
            step += 1;
        }
        let (start, ahead) = (times[step], time - from - times[step]);
        scaled.from = from + start;
        let aside = integrate(scaled, options, ahead, states[step].clone(), ahead, PART);
        scaled.from = from;
        if aside.ended.is_err() {
            let (t, steps) = (time, options.max_steps);
            return Err(Failure::TooManySteps { t, steps });
        }
        let mut buffers = scaled.buffers.borrow_mut();
        let Buffers { y, scratch, .. } = &mut *buffers;
        scaled.unscale(aside.steps.get().1.last().unwrap_or(&states[step]), y);
        scaled.system.observe(&[time], y, observed, scratch);
        lane.write_row(0, y, observed);
    }
    Ok(())
}

/// What the crate did: step ends, the start included, and how it ended.
struct Part {
    steps: SolverResult<f64, DVector<f64>>,
    ended: Result<Stats, IntegrationError>,
}

/// Integrates over `span`; `h` = first step, 0 if the crate shall choose.
fn integrate<S: System<1>>(
    scaled: &Scaled<'_, S>,
    options: &Options,
    span: f64,
    z: DVector<f64>,
    h: f64,
    max_steps: u64,
) -> Part {
    let (rtol, most) = (options.rtol, max_steps.min(u64::from(u32::MAX)) as u32);
    // Stiffness shows as work, which `max_steps` limits: the crate's own test gives up on runs that
    // would end.
    let (untested, sparse) = (u32::MAX, OutputType::Sparse);
    if span <= 0.0 {
        let mut steps = SolverResult::default();
        steps.push(0.0, z);
        let ended = Ok(NO_STEPS);
        return Part { steps, ended };
    }
    // The crate's own defaults for the rest.
    if options.method == Method::Dopri5 {
        let mut solver = Dopri5::from_param(
            scaled, 0.0, span, span, z, rtol, 1.0, 0.9, 0.04, 0.2, 10.0, span, h, most, untested,
            sparse,
        );
        let ended = solver.integrate();
        Part {
            steps: solver.into(),
            ended,
        }
    } else {
        let mut solver = Dop853::from_param(
            scaled, 0.0, span, span, z, rtol, 1.0, 0.9, 0.0, 0.333, 6.0, span, h, most, untested,
            sparse,
        );
        let ended = solver.integrate();
        Part {
            steps: solver.into(),
            ended,
        }
    }
}

const NO_STEPS: Stats = Stats {
    num_eval: 0,
    accepted_steps: 0,
    rejected_steps: 0,
};

/// The crate tells its counts only when it reaches the end; else accepted steps are what is known.
fn count(lane: &mut Lane, part: &Part) {
    let accepted = part.steps.get().0.len() as u64 - 1;
    let (rejected, rates) = match &part.ended {
        Ok(stats) => (u64::from(stats.rejected_steps), u64::from(stats.num_eval)),
        Err(_) => (0, 0),
    };
    let sum = &mut lane.out.statistics;
    sum.steps += accepted + rejected;
    sum.rejected += rejected;
    sum.rates += rates;
}
