//! Cycle averages of a model under pulses: each member is stimulated at its rate until it repeats itself.
//!
//! Comes in: a checked study and the points to average at. Goes out: one mean per average and point.
//! Promises: the same numbers whatever the number of threads; a mean is taken over whole periods.
//!
//! A member runs a window of whole periods, then as long again, and again, each time doubling the time
//! simulated. It is periodic when the means over the last window differ from those at half the time by less
//! than [`TOLERANCE`]: what drifts slowly has then had as much time again to show it.

use rayon::prelude::*;

use super::load::{Quantity, Study};
use crate::compile::{Program, Slot};
use crate::engine::{
    Breakpoint, EventResponse, Failure, Member, Method, Options, Trajectory, Width, run_members,
};
use crate::model::*;
use crate::scenario::run::tolerances;
use crate::scenario::{Arm, initial, quadrature};

/// Largest relative change of a mean between windows.
pub const TOLERANCE: f64 = 1e-4;
/// Shortest window, s.
pub const WINDOW_S: f64 = 0.2;
/// Longest time simulated, s.
pub const LONGEST_S: f64 = 60.0;
/// A tenth of what a run uses: the solver must not be what moves a mean by [`TOLERANCE`].
const RTOL: f64 = 1e-6;

/// Where to average.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub rate_hz: f64,
    /// Value of the second axis' quantity, in its unit in the model; `None` as declared.
    pub second: Option<f64>,
}

/// Why a point has no averages.
#[derive(Debug, Clone, PartialEq)]
pub enum Cause {
    Failed(Failure),
    /// Index into the study's averages.
    NotANumber {
        average: usize,
    },
    /// Index into the study's averages, and its relative change over the last doubling.
    Drifts {
        average: usize,
        change: f64,
    },
}

/// The first point without averages.
#[derive(Debug, Clone, PartialEq)]
pub struct Unsettled {
    pub point: Point,
    pub cause: Cause,
}

/// All points of a study's tables: rates of the first second value, then of the next.
pub fn grid(study: &Study) -> Vec<Point> {
    let rates = study.rate.knots.iter().map(|rate| rate * study.rate.factor);
    let seconds: Vec<Option<f64>> = match &study.second {
        None => vec![None],
        Some(second) => {
            let axis = &second.axis;
            axis.knots
                .iter()
                .map(|knot| Some(knot * axis.factor))
                .collect()
        }
    };
    let along = |second| rates.clone().map(move |rate_hz| Point { rate_hz, second });
    seconds.into_iter().flat_map(along).collect()
}

/// Means of every average at every point: `means[point][average]`, in the averages' units.
/// `progress` is called with (points finished, points).
///
/// # Errors
/// The first point that fails or does not become periodic within [`LONGEST_S`].
pub fn means(
    study: &Study,
    program: &Program,
    points: &[Point],
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Vec<Vec<f64>>, Unsettled> {
    let options = options(study, program);
    let mut orbits = points
        .par_iter()
        .map(|point| Orbit::start(study, program, *point, &options))
        .collect::<Result<Vec<Orbit>, Unsettled>>()?;
    loop {
        let waiting: Vec<usize> = (0..orbits.len()).filter(|at| !orbits[*at].done).collect();
        progress(orbits.len() - waiting.len(), orbits.len());
        if waiting.is_empty() {
            return Ok(orbits.into_iter().map(|orbit| orbit.means).collect());
        }
        let rounds: Vec<Round> = waiting.iter().map(|at| orbits[*at].round(study)).collect();
        let members: Vec<Member> = rounds.iter().map(|round| round.member.clone()).collect();
        let outcomes = run_members(program, &members, &options, Width::Eight);
        for ((at, round), outcome) in waiting.into_iter().zip(&rounds).zip(outcomes) {
            orbits[at].take(study, program, round, outcome)?;
        }
    }
}

fn options(study: &Study, program: &Program) -> Options {
    Options {
        method: Method::Rodas5p,
        rtol: RTOL,
        atol: tolerances(&study.model, program, RTOL),
        max_steps: 50_000_000,
        event_actions: vec![EventResponse::Mark; study.model.events.len()],
        bout_inputs: Vec::new(),
    }
}

/// One point on its way to a periodic orbit.
struct Orbit {
    point: Point,
    parameters: Vec<f64>,
    /// Between pulses.
    inputs: Vec<f64>,
    state: Vec<f64>,
    /// Periods in a window, and simulated so far.
    window: u64,
    periods: u64,
    /// Over the last window; empty before the first.
    means: Vec<f64>,
    done: bool,
}

/// The next stretch of an orbit, which ends with a window.
struct Round {
    member: Member,
    periods: u64,
    /// Places and weights; the weights sum to 1.
    nodes: Vec<(f64, f64)>,
}

impl Orbit {
    /// At the equilibrium without pulses.
    fn start(
        study: &Study,
        program: &Program,
        point: Point,
        options: &Options,
    ) -> Result<Orbit, Unsettled> {
        let arm = resting(study, point);
        let start = initial::find(&study.model, program, &arm, options, 0.0, false);
        let start = start.map_err(|unsettled| Unsettled {
            point,
            cause: Cause::Failed(unsettled.failure),
        })?;
        // Rounding must not make a window of 50 Hz eleven periods long.
        let window = (WINDOW_S * point.rate_hz - 1e-9).ceil().max(1.0) as u64;
        Ok(Orbit {
            point,
            parameters: start.parameters,
            inputs: arm.inputs,
            state: start.state,
            window,
            periods: 0,
            means: Vec::new(),
            done: false,
        })
    }

    fn round(&self, study: &Study) -> Round {
        let rate = self.point.rate_hz;
        // Without pulses the start is an equilibrium: one window shows it.
        if rate == 0.0 {
            return self.stretch(Vec::new(), &[0.0, WINDOW_S], 1, study);
        }
        let periods = self.periods.max(self.window);
        let last = self.periods + periods;
        let (rest, width) = (self.inputs[study.stimulus.index()], study.pulse_s);
        let set = |t: f64, value: f64| Breakpoint {
            t,
            inputs: vec![(study.stimulus.0, value)],
            boluses: Vec::new(),
        };
        let mut breakpoints = Vec::new();
        let mut ends = Vec::new();
        for pulse in self.periods..last {
            let t = pulse as f64 / rate;
            breakpoints.extend([set(t, 1.0), set(t + width, rest)]);
            if pulse >= last - self.window {
                ends.extend([t, t + width]);
            }
        }
        ends.push(last as f64 / rate);
        let mut round = self.stretch(breakpoints, &ends, periods, study);
        round.member.t0 = self.periods as f64 / rate;
        round
    }

    /// A member from 0 to the last of `ends`, which records between them.
    fn stretch(
        &self,
        breakpoints: Vec<Breakpoint>,
        ends: &[f64],
        periods: u64,
        study: &Study,
    ) -> Round {
        let (from, to) = (ends[0], ends[ends.len() - 1]);
        // The sensors of a fibre answer within a fraction of the pulse.
        let mut nodes = quadrature::nodes(ends, study.pulse_s / 6.0, f64::INFINITY);
        nodes
            .iter_mut()
            .for_each(|(_, weight)| *weight /= to - from);
        Round {
            member: Member {
                parameters: self.parameters.clone(),
                inputs: self.inputs.clone(),
                y0: self.state.clone(),
                t0: 0.0,
                t_end: to,
                breakpoints,
                output_times: nodes.iter().map(|(t, _)| *t).collect(),
                restore: None,
            },
            periods,
            nodes,
        }
    }

    fn take(
        &mut self,
        study: &Study,
        program: &Program,
        round: &Round,
        outcome: Result<Trajectory, Failure>,
    ) -> Result<(), Unsettled> {
        let point = self.point;
        let run = outcome.map_err(|failure| Unsettled {
            point,
            cause: Cause::Failed(failure),
        })?;
        let means: Vec<f64> = study
            .averages
            .iter()
            .map(|average| average.factor * mean(program, &run, average.of, &round.nodes))
            .collect();
        if let Some(average) = means.iter().position(|mean| !mean.is_finite()) {
            let cause = Cause::NotANumber { average };
            return Err(Unsettled { point, cause });
        }
        let before = std::mem::replace(&mut self.means, means);
        self.periods += round.periods;
        self.state = run.final_state;
        if point.rate_hz == 0.0 {
            self.done = true;
            return Ok(());
        }
        let Some((average, change)) = worst(&before, &self.means) else {
            return Ok(());
        };
        self.done = change < TOLERANCE;
        // The next round would double this.
        let too_long = 2.0 * self.periods as f64 / point.rate_hz > LONGEST_S;
        if !self.done && too_long {
            let cause = Cause::Drifts { average, change };
            return Err(Unsettled { point, cause });
        }
        Ok(())
    }
}

/// The mean that changed most, and its relative change; `None` if there is nothing to compare with.
fn worst(before: &[f64], after: &[f64]) -> Option<(usize, f64)> {
    // What is nothing to the eye may change as it likes.
    let change = |(a, b): (&f64, &f64)| (a - b).abs() / a.abs().max(b.abs()).max(1e-9);
    let changes = before.iter().zip(after).map(change).enumerate();
    changes.max_by(|a, b| a.1.total_cmp(&b.1))
}

/// What a scenario without any protocol would be.
fn resting(study: &Study, point: Point) -> Arm {
    let mut arm = Arm::resting("", &study.model);
    if let (Some(second), Some(value)) = (&study.second, point.second) {
        match second.quantity {
            Quantity::Parameter(id) => arm.parameters[id.index()] = value,
            Quantity::Input(id) => arm.inputs[id.index()] = value,
        }
        arm.settle();
    }
    arm
}

fn mean(program: &Program, run: &Trajectory, column: Column, nodes: &[(f64, f64)]) -> f64 {
    let (values, at) = match program.slot(column) {
        Slot::State(at) => (&run.states, at),
        Slot::Observable(at) => (&run.observables, at),
        Slot::Input(at) => (&run.inputs, at),
    };
    let width = (values.len() / run.times.len().max(1)).max(1);
    let rows = values.chunks(width).zip(nodes);
    rows.map(|(row, (_, weight))| row[at] * weight).sum()
}
