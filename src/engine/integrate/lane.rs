//! One member on its way: where it stands in its schedule, its step size, what it has to show so far.
//! Its state is a column of the worker's arrays; nothing here knows which.

use std::borrow::Cow;

use super::control::growth;
use crate::engine::{EventResponse, Member, Options, System, Trajectory};

/// First step after a start or a breakpoint, as a share of the step before it.
const RESTART: f64 = 1e-3;
/// The very first step, as a share of the whole run (the error test corrects it).
const FIRST: f64 = 1e-8;
/// How much the first step after a restart may grow, and every other.
const RESTART_GROWTH: f64 = 50.0;
const GROWTH: f64 = 6.0;

/// A member being integrated.
pub struct Lane<'m> {
    /// Place of the member among its siblings.
    pub id: usize,
    pub member: Cow<'m, Member>,
    /// Values of all input slots now.
    pub inputs: Vec<f64>,
    pub out: Trajectory,
    /// The next stop: steps end on it exactly.
    until: f64,
    /// The step to try next, and the last one accepted.
    h: f64,
    accepted_h: f64,
    /// No step has been accepted since the last stop.
    fresh: bool,
    next_break: usize,
    next_output: usize,
    next_restore: usize,
    /// Bout inputs that an event has ended: ignored until they are scheduled to return to zero.
    ended: Vec<bool>,
}

impl<'m> Lane<'m> {
    /// Makes room for all rows at once, so that no step has to.
    pub fn new(
        id: usize,
        member: Cow<'m, Member>,
        observables: usize,
        options: &Options,
    ) -> Lane<'m> {
        let rows = member.output_times.len();
        let out = Trajectory {
            times: Vec::with_capacity(rows),
            states: Vec::with_capacity(rows * member.y0.len()),
            observables: Vec::with_capacity(rows * observables),
            inputs: Vec::with_capacity(rows * member.inputs.len()),
            ..Trajectory::default()
        };
        let first = (member.t_end - member.t0) * FIRST;
        Lane {
            id,
            inputs: member.inputs.clone(),
            out,
            until: member.t0,
            member,
            h: first,
            accepted_h: first,
            fresh: true,
            next_break: 0,
            next_output: 0,
            next_restore: 0,
            ended: vec![false; options.bout_inputs.len()],
        }
    }

    /// True once `t` has reached the next stop.
    pub fn has_arrived(&self, t: f64) -> bool {
        t >= self.until
    }

    /// Puts the member's start into column `lane` of the worker's arrays.
    pub fn load<const W: usize, S: System<W>>(
        &self,
        lane: usize,
        system: &S,
        y: &mut [[f64; W]],
        scratch: &mut [[f64; W]],
    ) {
        let member = &self.member;
        assert_eq!(member.y0.len(), y.len(), "one start value per state");
        for (slot, value) in y.iter_mut().zip(&member.y0) {
            slot[lane] = *value;
        }
        system.set_parameters(lane, &member.parameters, scratch);
        system.set_inputs(lane, &member.inputs, scratch);
    }

    /// Does what is due at `t` in column `lane`: restores, inputs, boluses.
    pub fn apply_schedule<const W: usize, S: System<W>>(
        &mut self,
        lane: usize,
        t: f64,
        system: &S,
        bout_inputs: &[u32],
        y: &mut [[f64; W]],
        scratch: &mut [[f64; W]],
    ) {
        if self.take_restore(t) {
            for &state in self.member.restore.iter().flat_map(|r| &r.states) {
                y[state as usize][lane] = self.member.y0[state as usize];
            }
        }
        let mut changed = false;
        while let Some(at) = self.take_breakpoint(t, bout_inputs) {
            system.set_inputs(lane, &self.inputs, scratch);
            for &(input, amount) in &self.member.breakpoints[at].boluses {
                system.apply_bolus(lane, input as usize, amount, t, y, scratch);
            }
            changed = true;
        }
        self.out.statistics.restarts += u64::from(changed);
    }

    /// True if the pinned states are due to be restored; each restore is announced once.
    fn take_restore(&mut self, t: f64) -> bool {
        let times = self.member.restore.as_ref().map_or(&[][..], |r| &r.times);
        let due = times[self.next_restore..]
            .iter()
            .take_while(|time| **time <= t);
        let count = due.count();
        self.next_restore += count;
        count > 0
    }

    /// Place of the next breakpoint due, its inputs already taken over.
    fn take_breakpoint(&mut self, t: f64, bout_inputs: &[u32]) -> Option<usize> {
        let at = self.next_break;
        let breakpoint = self.member.breakpoints.get(at)?;
        if breakpoint.t > t {
            return None;
        }
        self.next_break += 1;
        for k in 0..breakpoint.inputs.len() {
            let (input, value) = self.member.breakpoints[at].inputs[k];
            self.set_input(input, value, bout_inputs);
        }
        Some(at)
    }

    fn set_input(&mut self, input: u32, value: f64, bout_inputs: &[u32]) {
        let bout = bout_inputs.iter().position(|bout| *bout == input);
        let slot = &mut self.inputs[input as usize];
        *slot = value;
        if let Some(bout) = bout.filter(|bout| self.ended[*bout]) {
            self.ended[bout] = value != 0.0;
            *slot = 0.0;
        }
    }

    /// Takes note of an event and says what it does; a bout that ends is over in `inputs` at once.
    pub fn respond(&mut self, event: usize, t: f64, options: &Options) -> EventResponse {
        self.out.events.push((event as u32, t));
        let response = options.event_actions.get(event).copied();
        let response = response.unwrap_or(EventResponse::Mark);
        if response == EventResponse::EndBout {
            for (ended, &input) in self.ended.iter_mut().zip(&options.bout_inputs) {
                let value = &mut self.inputs[input as usize];
                *ended |= *value != 0.0;
                *value = 0.0;
            }
        }
        response
    }

    /// Starts anew from `t`, with a small step, towards the next stop, which it returns.
    pub fn restart(&mut self, t: f64) -> f64 {
        let stop = |time: Option<f64>| time.unwrap_or(f64::INFINITY);
        let breakpoint = self.member.breakpoints.get(self.next_break).map(|b| b.t);
        let restores = self.member.restore.as_ref();
        let restore = restores
            .and_then(|r| r.times.get(self.next_restore))
            .copied();
        self.until = stop(breakpoint).min(stop(restore)).min(self.member.t_end);
        let rest = self.until - t;
        self.h = if self.out.statistics.steps == 0 {
            self.accepted_h.min(rest)
        } else {
            (self.accepted_h * RESTART).max(rest * 1e-10).min(rest)
        };
        self.fresh = true;
        self.until
    }

    /// The step to try from `t`, trimmed to the stop.
    pub fn trim(&mut self, t: f64) -> f64 {
        let rest = self.until - t;
        if self.h >= rest * (1.0 - 1e-12) {
            self.h = rest;
        } else if self.h > 0.55 * rest {
            // Two equal steps instead of a long one and a sliver.
            self.h = 0.5 * rest;
        }
        self.out.statistics.steps += 1;
        self.out.statistics.factorisations += 1;
        self.out.statistics.rates += 8;
        self.h
    }

    /// Where the step from `t` ends: on the stop exactly, if it was meant to.
    pub fn end_of_step(&self, t: f64) -> f64 {
        if self.h == self.until - t {
            self.until
        } else {
            t + self.h
        }
    }

    /// Chooses the next step after one with this error norm was accepted.
    pub fn accept(&mut self, norm: f64) {
        self.accepted_h = self.h;
        self.h *= if self.fresh {
            growth(norm) * (RESTART_GROWTH / GROWTH)
        } else {
            growth(norm)
        };
        self.fresh = false;
    }

    /// Chooses a smaller step after one was rejected.
    ///
    /// # Errors
    /// The step size, if time cannot resolve it.
    pub fn reject(&mut self, norm: f64, t: f64) -> Result<(), f64> {
        self.out.statistics.rejected += 1;
        self.h *= growth(norm).min(0.9);
        let smallest = (16.0 * f64::EPSILON * t.abs()).max(f64::MIN_POSITIVE);
        if self.h >= smallest {
            Ok(())
        } else {
            Err(self.h)
        }
    }

    /// The next output time before `end`.
    pub fn row_before(&self, end: f64) -> Option<f64> {
        let time = self.member.output_times.get(self.next_output).copied();
        time.filter(|time| *time < end)
    }

    /// True if the next row is due at `t`.
    pub fn row_until(&self, t: f64) -> bool {
        let time = self.member.output_times.get(self.next_output);
        time.is_some_and(|time| *time <= t)
    }

    /// Writes one column of `states` and `observables` as the next row.
    pub fn write_row<const W: usize>(
        &mut self,
        lane: usize,
        states: &[[f64; W]],
        observables: &[[f64; W]],
    ) {
        let out = &mut self.out;
        out.times.push(self.member.output_times[self.next_output]);
        out.states.extend(states.iter().map(|state| state[lane]));
        out.observables
            .extend(observables.iter().map(|value| value[lane]));
        out.inputs.extend_from_slice(&self.inputs);
        self.next_output += 1;
    }
}
