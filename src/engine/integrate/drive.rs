//! Runs one member: steps exactly onto breakpoints and restarts there, finds events, writes rows.

use super::control::{growth, norm};
use super::step::Stepper;
use crate::engine::linear::Symbolic;
use crate::engine::{EventResponse, Failure, Member, Options, System, Trajectory};

/// First step after a start or a breakpoint, as a share of the step before it.
const RESTART: f64 = 1e-3;
/// The very first step, as a share of the whole run (the error test corrects it).
const FIRST: f64 = 1e-8;
/// How much the first step after a restart may grow.
const RESTART_GROWTH: f64 = 50.0;

struct Run<'a, S> {
    member: &'a Member,
    options: &'a Options,
    system: &'a S,
    stepper: Stepper<'a, 1, S>,
    t: f64,
    h: f64,
    inputs: Vec<f64>,
    next_break: usize,
    next_output: usize,
    next_restore: usize,
    roots: Vec<f64>,
    /// Bout inputs that an event has ended: ignored until they are scheduled to return to zero.
    ended: Vec<bool>,
    row: Vec<f64>,
    out: Trajectory,
}

/// Integrates one member.
///
/// # Errors
/// A [`Failure`] with the time and the state that resisted.
pub fn run<S: System<1>>(
    system: &S,
    symbolic: &Symbolic,
    member: &Member,
    options: &Options,
) -> Result<Trajectory, Failure> {
    let mut stepper = Stepper::new(system, symbolic);
    for (slot, value) in stepper.y.iter_mut().zip(&member.y0) {
        *slot = [*value];
    }
    system.set_parameters(0, &member.parameters, &mut stepper.scratch);
    let mut run = Run {
        member,
        options,
        system,
        stepper,
        t: member.t0,
        h: (member.t_end - member.t0) * FIRST,
        inputs: member.inputs.clone(),
        next_break: 0,
        next_output: 0,
        next_restore: 0,
        roots: vec![0.0; system.event_count()],
        ended: vec![false; options.bout_inputs.len()],
        row: vec![0.0; system.state_count()],
        out: Trajectory::default(),
    };
    run.system
        .set_inputs(0, &run.inputs, &mut run.stepper.scratch);
    run.whole()?;
    run.out.final_state = run.stepper.y.iter().map(|[value]| *value).collect();
    Ok(run.out)
}

impl<S: System<1>> Run<'_, S> {
    fn whole(&mut self) -> Result<(), Failure> {
        loop {
            self.arrive();
            self.row_at_current();
            if self.t >= self.member.t_end {
                return Ok(());
            }
            let until = self.next_stop();
            if self.segment(until)? {
                return Ok(());
            }
        }
    }

    /// Applies what happens at this instant: restores, inputs, boluses.
    fn arrive(&mut self) {
        if let Some(restore) = &self.member.restore {
            while restore
                .times
                .get(self.next_restore)
                .is_some_and(|time| *time <= self.t)
            {
                for &state in &restore.states {
                    self.stepper.y[state as usize] = [self.member.y0[state as usize]];
                }
                self.next_restore += 1;
            }
        }
        let member = self.member;
        let mut changed = false;
        while let Some(breakpoint) = member
            .breakpoints
            .get(self.next_break)
            .filter(|b| b.t <= self.t)
        {
            for &(input, value) in &breakpoint.inputs {
                self.set_input(input, value);
            }
            self.system
                .set_inputs(0, &self.inputs, &mut self.stepper.scratch);
            for &(input, amount) in &breakpoint.boluses {
                let (y, scratch) = (&mut self.stepper.y, &mut self.stepper.scratch);
                self.system
                    .apply_bolus(0, input as usize, amount, self.t, y, scratch);
            }
            self.next_break += 1;
            changed = true;
        }
        if changed {
            self.out.statistics.restarts += 1;
        }
        self.evaluate_roots();
    }

    fn set_input(&mut self, input: u32, value: f64) {
        if let Some(at) = self
            .options
            .bout_inputs
            .iter()
            .position(|bout| *bout == input)
            && self.ended[at]
        {
            self.ended[at] = value != 0.0;
            self.inputs[input as usize] = 0.0;
            return;
        }
        self.inputs[input as usize] = value;
    }

    fn evaluate_roots(&mut self) {
        let mut roots = vec![[0.0]; self.roots.len()];
        let (y, scratch) = (&self.stepper.y, &mut self.stepper.scratch);
        self.system.events(&[self.t], y, &mut roots, scratch);
        for (slot, [root]) in self.roots.iter_mut().zip(roots) {
            *slot = root;
        }
    }

    fn next_stop(&self) -> f64 {
        let breakpoint = self
            .member
            .breakpoints
            .get(self.next_break)
            .map_or(f64::INFINITY, |b| b.t);
        let restore = self.member.restore.as_ref();
        let restore = restore
            .and_then(|r| r.times.get(self.next_restore))
            .copied();
        breakpoint
            .min(restore.unwrap_or(f64::INFINITY))
            .min(self.member.t_end)
    }

    /// Steps until the next stop; true if an event ended the run.
    fn segment(&mut self, until: f64) -> Result<bool, Failure> {
        let mut fresh = true;
        let mut h = (self.h * RESTART)
            .max((until - self.t) * 1e-10)
            .min(until - self.t);
        if self.out.statistics.steps == 0 {
            h = self.h.min(until - self.t);
        }
        while self.t < until {
            let rest = until - self.t;
            let mut last = false;
            if h >= rest * (1.0 - 1e-12) {
                h = rest;
                last = true;
            } else if h > 0.55 * rest {
                // Two equal steps instead of a long one and a sliver.
                h = 0.5 * rest;
            }
            let smallest = 16.0 * f64::EPSILON * self.t.abs().max(1e-300);
            let singular = self.stepper.step(&[self.t], &[h])[0];
            self.out.statistics.steps += 1;
            self.out.statistics.factorisations += 1;
            self.out.statistics.rates += 8;
            let (size, state) = match singular {
                Some(state) => (f64::NAN, state as u32),
                None => norm(
                    0,
                    &self.stepper.error,
                    &self.stepper.y,
                    &self.stepper.y_new,
                    self.options,
                ),
            };
            if self.out.statistics.steps > self.options.max_steps {
                return Err(Failure::TooManySteps {
                    t: self.t,
                    steps: self.options.max_steps,
                });
            }
            if size <= 1.0 {
                let t_new = if last { until } else { self.t + h };
                let most = if fresh { RESTART_GROWTH } else { 6.0 };
                let factor = if fresh {
                    growth(size) * most / 6.0
                } else {
                    growth(size)
                };
                fresh = false;
                self.h = h;
                if self.accept(t_new, h)? {
                    return Ok(true);
                }
                h *= factor.min(most);
                // An event may have cut the step short; then the segment goes on from there.
            } else {
                self.out.statistics.rejected += 1;
                h *= growth(size).min(0.9);
                if h.is_nan() || h < smallest.max(f64::MIN_POSITIVE) {
                    return Err(self.give_up(singular, size, h, state));
                }
            }
        }
        Ok(false)
    }

    fn give_up(&self, singular: Option<usize>, size: f64, h: f64, state: u32) -> Failure {
        match singular {
            Some(state) => Failure::Singular {
                t: self.t,
                state: state as u32,
            },
            None if size.is_nan() => Failure::NotFinite { t: self.t, state },
            None => Failure::StepTooSmall {
                t: self.t,
                h,
                state,
            },
        }
    }

    /// Takes over an accepted step: rows inside it, events, the new state. True if the run is over.
    fn accept(&mut self, t_new: f64, h: f64) -> Result<bool, Failure> {
        let wants_rows = self
            .member
            .output_times
            .get(self.next_output)
            .is_some_and(|time| *time < t_new);
        if wants_rows || !self.roots.is_empty() {
            self.stepper.prepare_dense();
        }
        let event = self.first_event(t_new, h);
        let end = event.map_or(t_new, |(_, time)| time);
        self.rows_inside(end, h);
        match event {
            None => {
                self.stepper.y.copy_from_slice(&self.stepper.y_new);
                self.t = t_new;
                if !self.roots.is_empty() {
                    self.evaluate_roots();
                }
                Ok(false)
            }
            Some((index, time)) => {
                let theta = (time - self.t) / h;
                self.stepper.interpolate(0, theta, &mut self.row);
                for (slot, value) in self.stepper.y.iter_mut().zip(&self.row) {
                    *slot = [*value];
                }
                self.t = time;
                self.out.events.push((index as u32, time));
                self.respond(index)
            }
        }
    }

    fn respond(&mut self, index: usize) -> Result<bool, Failure> {
        let response = self
            .options
            .event_actions
            .get(index)
            .copied()
            .unwrap_or(EventResponse::Mark);
        if response == EventResponse::EndBout {
            for (at, &input) in self.options.bout_inputs.iter().enumerate() {
                self.ended[at] = self.inputs[input as usize] != 0.0;
                self.inputs[input as usize] = 0.0;
            }
            self.system
                .set_inputs(0, &self.inputs, &mut self.stepper.scratch);
        }
        self.evaluate_roots();
        // It has fired: it must fall below zero before it can fire again.
        self.roots[index] = self.roots[index].max(f64::MIN_POSITIVE);
        Ok(response == EventResponse::Stop)
    }

    /// The earliest root that rises through zero within the step, located by bisection on the dense
    /// output.
    fn first_event(&mut self, t_new: f64, h: f64) -> Option<(usize, f64)> {
        let mut found: Option<(usize, f64)> = None;
        const PROBES: usize = 4;
        for index in 0..self.roots.len() {
            let mut before = (0.0, self.roots[index]);
            for probe in 1..=PROBES {
                let theta = probe as f64 / PROBES as f64 * ((t_new - self.t) / h).min(1.0);
                let value = self.root_at(index, theta, h);
                if before.1 < 0.0 && value >= 0.0 {
                    let time = self.bisect(index, before.0, theta, h);
                    if found.is_none_or(|(_, earliest)| time < earliest) {
                        found = Some((index, time));
                    }
                    break;
                }
                before = (theta, value);
            }
        }
        found
    }

    fn root_at(&mut self, index: usize, theta: f64, h: f64) -> f64 {
        self.stepper.interpolate(0, theta, &mut self.row);
        let y: Vec<[f64; 1]> = self.row.iter().map(|value| [*value]).collect();
        let mut roots = vec![[0.0]; self.roots.len()];
        self.system.events(
            &[self.t + theta * h],
            &y,
            &mut roots,
            &mut self.stepper.scratch,
        );
        roots[index][0]
    }

    fn bisect(&mut self, index: usize, mut low: f64, mut high: f64, h: f64) -> f64 {
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                break;
            }
            if self.root_at(index, middle, h) >= 0.0 {
                high = middle;
            } else {
                low = middle;
            }
        }
        self.t + high * h
    }

    /// Rows strictly inside the step; those at its end wait for what happens there.
    fn rows_inside(&mut self, end: f64, h: f64) {
        while let Some(&time) = self.member.output_times.get(self.next_output) {
            if time >= end {
                break;
            }
            let theta = (time - self.t) / h;
            let mut row = std::mem::take(&mut self.row);
            self.stepper.interpolate(0, theta, &mut row);
            self.write_row(time, &row);
            self.row = row;
            self.next_output += 1;
        }
    }

    fn row_at_current(&mut self) {
        while self
            .member
            .output_times
            .get(self.next_output)
            .is_some_and(|time| *time <= self.t)
        {
            let row: Vec<f64> = self.stepper.y.iter().map(|[value]| *value).collect();
            let time = self.member.output_times[self.next_output];
            self.write_row(time, &row);
            self.next_output += 1;
        }
    }

    fn write_row(&mut self, time: f64, row: &[f64]) {
        self.out.times.push(time);
        self.out.states.extend_from_slice(row);
        self.out.inputs.extend_from_slice(&self.inputs);
        let y: Vec<[f64; 1]> = row.iter().map(|value| [*value]).collect();
        let mut values = vec![[0.0]; self.system.observable_count()];
        self.system
            .observe(&[time], &y, &mut values, &mut self.stepper.scratch);
        self.out
            .observables
            .extend(values.iter().map(|[value]| *value));
    }
}
