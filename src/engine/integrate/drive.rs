//! Runs members through `W` lanes that share nothing but the instruction stream: each lane has its own
//! time, step, error test, schedule, events and rows, and takes the next member from the queue when
//! its own has ended.
//!
//! Comes in: a system, a queue of members. Goes out: (place in the queue, outcome), in no order.
//!
//! Promises: a member's bits depend on that member alone; an empty lane is computed along and never
//! read; nothing is allocated inside a step.
//!
//! Start reading at [`run`].

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::control::Weights;
use super::lane::Lane;
use super::step::Stepper;
use crate::engine::columns::Columns;
use crate::engine::linear::Symbolic;
use crate::engine::{Failure, Member, Options, Outcome, System};

/// Members waiting for a lane, shared by all workers. One is made or looked up when a lane takes it.
pub struct Queue<'q, 'm> {
    count: usize,
    member: &'q (dyn Fn(usize) -> Option<Cow<'m, Member>> + Sync + 'q),
    next: AtomicUsize,
}

impl<'q, 'm> Queue<'q, 'm> {
    /// `member(place)` for places below `count`; a place without a member is passed over.
    pub fn new(
        count: usize,
        member: &'q (dyn Fn(usize) -> Option<Cow<'m, Member>> + Sync + 'q),
    ) -> Queue<'q, 'm> {
        Queue {
            count,
            member,
            next: AtomicUsize::new(0),
        }
    }

    fn take(&self) -> Option<(usize, Cow<'m, Member>)> {
        loop {
            let id = self.next.fetch_add(1, Ordering::Relaxed);
            if id >= self.count {
                return None;
            }
            if let Some(member) = (self.member)(id) {
                return Some((id, member));
            }
        }
    }
}

/// Integrates members until the queue is empty; `each` takes every outcome as soon as it is there.
pub fn run<'a, const W: usize, S: System<W>>(
    system: &'a S,
    symbolic: &'a Symbolic,
    options: &'a Options,
    queue: &Queue<'_, 'a>,
    each: &mut dyn FnMut(usize, Outcome),
) {
    let mut worker = Worker::<W, S>::new(system, symbolic, options);
    while worker.settle(queue) {
        worker.advance();
        for (id, outcome) in worker.finished.drain(..) {
            each(id, outcome);
        }
    }
    for (id, outcome) in worker.finished {
        each(id, outcome);
    }
}

/// The first limit that a lane has passed.
pub(super) fn passed<const W: usize>(t: f64, lane: usize, sides: &[[f64; W]]) -> Option<Failure> {
    let mut limits = sides.chunks_exact(2).zip(0..);
    limits.find_map(|(pair, limit)| {
        let sides = (pair[0][lane], pair[1][lane]);
        (sides.0 > sides.1).then_some(Failure::OutOfRange { t, limit, sides })
    })
}

/// `W` lanes and everything they need; allocated once.
pub(super) struct Worker<'a, const W: usize, S> {
    pub(super) system: &'a S,
    pub(super) options: &'a Options,
    weights: Weights,
    pub(super) stepper: Stepper<'a, W, S>,
    /// `None`: the lane is empty and its column means nothing.
    pub(super) lanes: [Option<Lane<'a>>; W],
    pub(super) t: [f64; W],
    pub(super) h: [f64; W],
    /// States between steps, and what is read from them.
    pub(super) between: Columns<W>,
    observed: Columns<W>,
    /// Events: roots where each lane stands, and at the instant looked at.
    pub(super) roots: Columns<W>,
    pub(super) found: Columns<W>,
    /// Both sides of every limit, where each lane stands.
    sides: Columns<W>,
    finished: Vec<(usize, Outcome)>,
}

impl<'a, const W: usize, S: System<W>> Worker<'a, W, S> {
    fn new(system: &'a S, symbolic: &'a Symbolic, options: &'a Options) -> Self {
        Worker {
            system,
            options,
            weights: Weights::new(options),
            stepper: Stepper::new(system, symbolic),
            lanes: std::array::from_fn(|_| None),
            t: [0.0; W],
            h: [1.0; W],
            between: Columns::zeros(system.state_count()),
            observed: Columns::zeros(system.observable_count()),
            roots: Columns::zeros(system.event_count()),
            found: Columns::zeros(system.event_count()),
            sides: Columns::zeros(2 * system.limit_count()),
            finished: Vec::new(),
        }
    }

    /// Brings every lane to where it can step: fills empty ones, does what is due at stops, hands in
    /// what has ended. False when nothing is left to do.
    fn settle(&mut self, queue: &Queue<'_, 'a>) -> bool {
        loop {
            for lane in 0..W {
                if self.lanes[lane].is_none()
                    && let Some((id, member)) = queue.take()
                {
                    self.load(lane, id, member);
                }
            }
            let arrived = self.which(|lane, t| lane.has_arrived(t));
            if !arrived.contains(&true) {
                return self.lanes.iter().any(Option::is_some);
            }
            for lane in (0..W).filter(|lane| arrived[*lane]) {
                if let Some(own) = &mut self.lanes[lane] {
                    let (y, scratch) = (&mut self.stepper.y, &mut self.stepper.scratch);
                    let bout_inputs = &self.options.bout_inputs;
                    own.apply_schedule(lane, self.t[lane], self.system, bout_inputs, y, scratch);
                }
            }
            self.keep_within_limits(&arrived);
            let stopped = self.fire_events(&arrived);
            self.rows_at_stops(&arrived);
            for lane in (0..W).filter(|lane| arrived[*lane]) {
                self.depart(lane, stopped[lane]);
            }
        }
    }

    /// Lanes with a member for which this holds at their time.
    fn which(&self, holds: impl Fn(&Lane, f64) -> bool) -> [bool; W] {
        std::array::from_fn(|lane| {
            self.lanes[lane]
                .as_ref()
                .is_some_and(|member| holds(member, self.t[lane]))
        })
    }

    fn load(&mut self, lane: usize, id: usize, member: Cow<'a, Member>) {
        self.t[lane] = member.t0;
        let own = Lane::new(id, member, self.observed.len(), self.options);
        let (y, scratch) = (&mut self.stepper.y, &mut self.stepper.scratch);
        own.load(lane, self.system, y, scratch);
        // Not a number: nothing can have risen from it.
        for root in self.roots.iter_mut() {
            root[lane] = f64::NAN;
        }
        self.lanes[lane] = Some(own);
    }

    /// Goes on to the next stop, or hands the member in.
    fn depart(&mut self, lane: usize, stopped: bool) {
        let t = self.t[lane];
        if let Some(own) = &mut self.lanes[lane] {
            if stopped || t >= own.member.t_end {
                self.finish(lane);
            } else {
                own.restart(t);
            }
        }
    }

    fn finish(&mut self, lane: usize) {
        if let Some(mut own) = self.lanes[lane].take() {
            own.out.final_state = self.stepper.y.iter().map(|state| state[lane]).collect();
            self.finished.push((own.id, Ok(own.out)));
        }
    }

    fn fail(&mut self, lane: usize, failure: Failure) {
        if let Some(own) = self.lanes[lane].take() {
            self.finished.push((own.id, Err(failure)));
        }
    }

    /// One step of every lane, accepted or not.
    fn advance(&mut self) {
        for lane in 0..W {
            if let Some(own) = &mut self.lanes[lane] {
                self.h[lane] = own.trim(self.t[lane]);
            }
        }
        let singular = self.stepper.step(&self.t, &self.h);
        let stepper = &self.stepper;
        let norm = self
            .weights
            .norm(stepper.errors(), &stepper.y, &stepper.y_new);
        let (mut accepted, mut end, mut share) = ([false; W], self.t, [1.0; W]);
        for lane in 0..W {
            if let Some(time) = self.judge(lane, norm[lane], singular[lane]) {
                (accepted[lane], end[lane]) = (true, time);
            }
        }
        if !self.roots.is_empty() && accepted.contains(&true) {
            self.stepper.prepare_dense();
            self.find_events(&accepted, &mut end, &mut share);
        }
        self.rows_inside(&accepted, &end);
        self.take_over(&accepted, &end, &share);
        self.keep_within_limits(&accepted);
        // Where a stop is reached, what it does comes before events: see `settle`.
        let moving = self.which(|lane, t| !lane.has_arrived(t));
        let stopped = self.fire_events(&std::array::from_fn(|k| accepted[k] && moving[k]));
        for lane in (0..W).filter(|lane| stopped[*lane]) {
            self.finish(lane);
        }
    }

    /// The end of the step if the error test accepts it; the next step is chosen, or the member fails.
    fn judge(&mut self, lane: usize, norm: f64, singular: Option<usize>) -> Option<f64> {
        let (t, own) = (self.t[lane], self.lanes[lane].as_mut()?);
        let steps = own.out.statistics.steps;
        if steps > self.options.max_steps {
            let steps = self.options.max_steps;
            self.fail(lane, Failure::TooManySteps { t, steps });
            return None;
        }
        let norm = if singular.is_some() { f64::NAN } else { norm };
        if norm <= 1.0 {
            let end = own.end_of_step(t);
            own.accept(norm);
            return Some(end);
        }
        if let Err(h) = own.reject(norm, t) {
            let s = &self.stepper;
            let state = match singular {
                Some(state) => state as u32,
                None => self.weights.worst(lane, s.errors()[0], &s.y, &s.y_new),
            };
            let failure = match singular {
                Some(_) => Failure::Singular { t, state },
                None if norm.is_nan() => Failure::NotFinite { t, state },
                None => Failure::StepTooSmall { t, h, state },
            };
            self.fail(lane, failure);
        }
        None
    }

    /// Accepted lanes move to the end of their step, or to the share of it at which an event cut it.
    fn take_over(&mut self, accepted: &[bool; W], end: &[f64; W], share: &[f64; W]) {
        let stepper = &mut self.stepper;
        if accepted.iter().all(|yes| *yes) && share.iter().all(|share| *share == 1.0) {
            stepper.y.copy_from_slice(&stepper.y_new);
            self.t = *end;
            return;
        }
        if share.iter().any(|share| *share < 1.0) {
            stepper.interpolate(share, &mut self.between);
        }
        for i in 0..stepper.y.len() {
            for lane in 0..W {
                if accepted[lane] {
                    stepper.y[i][lane] = if share[lane] < 1.0 {
                        self.between[i][lane]
                    } else {
                        stepper.y_new[i][lane]
                    };
                }
            }
        }
        for lane in 0..W {
            if accepted[lane] {
                self.t[lane] = end[lane];
            }
        }
    }

    /// Ends the members of these lanes that have left the range in which the system holds.
    fn keep_within_limits(&mut self, which: &[bool; W]) {
        if self.sides.is_empty() || !which.contains(&true) {
            return;
        }
        let (y, scratch) = (&self.stepper.y, &mut self.stepper.scratch);
        self.system.limits(&self.t, y, &mut self.sides, scratch);
        for lane in (0..W).filter(|lane| which[*lane]) {
            let t = self.t[lane];
            if let Some(failure) = passed(t, lane, &self.sides) {
                self.fail(lane, failure);
            }
        }
    }

    /// Rows strictly inside the step; those at its end wait for what happens there. One round reads
    /// at most one row of every lane.
    fn rows_inside(&mut self, accepted: &[bool; W], end: &[f64; W]) {
        let mut prepared = !self.roots.is_empty();
        loop {
            let (mut due, mut at, mut theta) = ([false; W], self.t, [0.0; W]);
            for lane in (0..W).filter(|lane| accepted[*lane]) {
                let own = self.lanes[lane].as_ref();
                if let Some(time) = own.and_then(|own| own.row_before(end[lane])) {
                    (due[lane], at[lane]) = (true, time);
                    theta[lane] = (time - self.t[lane]) / self.h[lane];
                }
            }
            if !due.contains(&true) {
                return;
            }
            if !prepared {
                self.stepper.prepare_dense();
                prepared = true;
            }
            self.stepper.interpolate(&theta, &mut self.between);
            let scratch = &mut self.stepper.scratch;
            self.system
                .observe(&at, &self.between, &mut self.observed, scratch);
            for lane in (0..W).filter(|lane| due[*lane]) {
                if let Some(own) = &mut self.lanes[lane] {
                    own.write_row(lane, &self.between, &self.observed);
                }
            }
        }
    }

    /// Rows due where these lanes stand.
    fn rows_at_stops(&mut self, arrived: &[bool; W]) {
        let due = self.which(|lane, t| lane.row_until(t));
        let due: [bool; W] = std::array::from_fn(|lane| arrived[lane] && due[lane]);
        if !due.contains(&true) {
            return;
        }
        let (y, scratch) = (&self.stepper.y, &mut self.stepper.scratch);
        self.system.observe(&self.t, y, &mut self.observed, scratch);
        for lane in (0..W).filter(|lane| due[*lane]) {
            let t = self.t[lane];
            while let Some(own) = self.lanes[lane].as_mut().filter(|own| own.row_until(t)) {
                own.write_row(lane, &self.stepper.y, &self.observed);
            }
        }
    }
}
