//! Systems written by hand for the tests: plain functions per member, any number of lanes.

use myoflux::engine::{Member, Method, Options, Outcome, Pattern, System, Trajectory, run_member};

/// What a function sees of one member.
pub struct At<'a> {
    pub t: f64,
    pub y: &'a [f64],
    pub parameters: &'a [f64],
    pub inputs: &'a [f64],
}

type Fill = fn(At, &mut [f64]);

pub type Reading = fn(At) -> f64;

/// A dense system from plain functions.
pub struct Problem {
    pub n: usize,
    pub parameters: usize,
    pub inputs: usize,
    pub rates: Fill,
    /// n×n, row by row.
    pub jacobian: Fill,
    pub time_derivative: Fill,
    pub events: Vec<fn(At) -> f64>,
    /// What is read, and what it has to stay below.
    pub limits: Vec<(Reading, f64)>,
    pub observables: Vec<fn(At) -> f64>,
    pattern: Pattern,
}

impl Problem {
    /// One input, no parameters, no explicit time.
    pub fn new(n: usize, rates: Fill, jacobian: Fill) -> Problem {
        let column = (0..n).flat_map(|_| 0..n as u32).collect();
        let row_start = (0..=n).map(|i| (i * n) as u32).collect();
        Problem {
            n,
            parameters: 0,
            inputs: 1,
            rates,
            jacobian,
            time_derivative: |_, out| out.fill(0.0),
            events: vec![],
            limits: vec![],
            observables: vec![],
            pattern: Pattern { row_start, column },
        }
    }

    /// Calls `fill` for every lane with its numbers and puts what it fills into that lane.
    fn each<const W: usize>(
        &self,
        t: &[f64; W],
        y: &[[f64; W]],
        scratch: &[[f64; W]],
        out: &mut [[f64; W]],
        fill: impl Fn(At, &mut [f64]),
    ) {
        for lane in 0..W {
            let own = |from: &[[f64; W]]| from.iter().map(|v| v[lane]).collect::<Vec<f64>>();
            let (y, known) = (own(y), own(scratch));
            let (parameters, inputs) = known.split_at(self.parameters);
            let mut values = vec![0.0; out.len()];
            let at = At {
                t: t[lane],
                y: &y,
                parameters,
                inputs,
            };
            fill(at, &mut values);
            for (slot, value) in out.iter_mut().zip(values) {
                slot[lane] = value;
            }
        }
    }
}

impl<const W: usize> System<W> for Problem {
    fn state_count(&self) -> usize {
        self.n
    }
    /// The scratch holds parameters, then inputs.
    fn scratch_len(&self) -> usize {
        self.parameters + self.inputs
    }
    fn jacobian_pattern(&self) -> &Pattern {
        &self.pattern
    }
    fn set_parameters(&self, lane: usize, parameters: &[f64], scratch: &mut [[f64; W]]) {
        for (slot, value) in scratch.iter_mut().zip(parameters) {
            slot[lane] = *value;
        }
    }
    fn set_inputs(&self, lane: usize, inputs: &[f64], scratch: &mut [[f64; W]]) {
        for (slot, value) in scratch[self.parameters..].iter_mut().zip(inputs) {
            slot[lane] = *value;
        }
    }
    fn rates(
        &self,
        t: &[f64; W],
        y: &[[f64; W]],
        rates: &mut [[f64; W]],
        scratch: &mut [[f64; W]],
    ) {
        self.each(t, y, scratch, rates, self.rates);
    }
    fn linearise(
        &self,
        t: &[f64; W],
        y: &[[f64; W]],
        rates: &mut [[f64; W]],
        jacobian: &mut [[f64; W]],
        time_derivative: &mut [[f64; W]],
        scratch: &mut [[f64; W]],
    ) {
        self.each(t, y, scratch, rates, self.rates);
        self.each(t, y, scratch, jacobian, self.jacobian);
        self.each(t, y, scratch, time_derivative, self.time_derivative);
    }
    fn event_count(&self) -> usize {
        self.events.len()
    }
    fn events(
        &self,
        t: &[f64; W],
        y: &[[f64; W]],
        roots: &mut [[f64; W]],
        scratch: &mut [[f64; W]],
    ) {
        for (event, root) in self.events.iter().zip(roots.chunks_mut(1)) {
            self.each(t, y, scratch, root, |at, out| out[0] = event(at));
        }
    }
    fn limit_count(&self) -> usize {
        self.limits.len()
    }
    fn limits(
        &self,
        t: &[f64; W],
        y: &[[f64; W]],
        sides: &mut [[f64; W]],
        scratch: &mut [[f64; W]],
    ) {
        for ((read, most), pair) in self.limits.iter().zip(sides.chunks_mut(2)) {
            self.each(t, y, scratch, pair, |at, out| {
                (out[0], out[1]) = (read(at), *most)
            });
        }
    }
    fn observable_count(&self) -> usize {
        self.observables.len()
    }
    fn observe(
        &self,
        t: &[f64; W],
        y: &[[f64; W]],
        values: &mut [[f64; W]],
        scratch: &mut [[f64; W]],
    ) {
        for (observable, value) in self.observables.iter().zip(values.chunks_mut(1)) {
            self.each(t, y, scratch, value, |at, out| out[0] = observable(at));
        }
    }
    /// Boluses enter the first state.
    fn apply_bolus(
        &self,
        lane: usize,
        _: usize,
        amount: f64,
        _: f64,
        y: &mut [[f64; W]],
        _: &mut [[f64; W]],
    ) {
        y[0][lane] += amount;
    }
}

pub fn member(y0: &[f64], t_end: f64) -> Member {
    Member {
        parameters: vec![],
        inputs: vec![0.0],
        y0: y0.to_vec(),
        t0: 0.0,
        t_end,
        breakpoints: vec![],
        output_times: vec![t_end],
        restore: None,
    }
}

pub fn options(rtol: f64, atol: &[f64]) -> Options {
    Options {
        method: Method::Rodas5p,
        rtol,
        atol: atol.to_vec(),
        max_steps: 1_000_000,
        event_actions: vec![],
        bout_inputs: vec![],
    }
}

pub fn run(problem: &Problem, member: &Member, options: &Options) -> Trajectory {
    run_member(problem, member, options).expect("this problem has a solution")
}

/// Largest error relative to the reference; NaN fails.
pub fn assert_near(found: &[f64], wanted: &[f64], relative: f64) {
    for (found, wanted) in found.iter().zip(wanted) {
        let error = (found - wanted).abs() / wanted.abs();
        assert!(
            error <= relative,
            "{found} is not {wanted}: relative error {error:e}"
        );
    }
}

/// Everything an outcome holds, bit by bit; NaN and the sign of zero count.
pub fn bits(outcome: &Outcome) -> Result<Vec<u64>, String> {
    let run = outcome.as_ref().map_err(|failure| format!("{failure:?}"))?;
    let events = run
        .events
        .iter()
        .flat_map(|(k, t)| [u64::from(*k), t.to_bits()]);
    let s = run.statistics;
    let numbers = [
        &run.times,
        &run.states,
        &run.observables,
        &run.inputs,
        &run.final_state,
    ];
    let numbers = numbers.into_iter().flatten().map(|value| value.to_bits());
    let counts = [s.steps, s.rejected, s.rates, s.factorisations, s.restarts];
    Ok(numbers.chain(events).chain(counts).collect())
}
