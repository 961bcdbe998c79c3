//! State events: found on the dense output, fired where they rise through zero.
//!
//! Promises: an event fires once per rise; events that rise at the same instant all fire, in the
//! order of their indices; time is located to what its rounding resolves.

use super::drive::Worker;
use crate::engine::{EventResponse, System};

/// Instants at which a step is searched for rises; two rises between neighbours may be missed.
const PROBES: u32 = 4;
/// Halvings of such an interval: more than the 53 bits of its share of the step.
const HALVINGS: u32 = 60;

impl<const W: usize, S: System<W>> Worker<'_, W, S> {
    /// Cuts accepted steps at the first rise inside: `share` of the step and `end` become smaller.
    /// Afterwards `roots` hold values of an instant before the rise, or of the step's end.
    pub(super) fn find_events(
        &mut self,
        accepted: &[bool; W],
        end: &mut [f64; W],
        share: &mut [f64; W],
    ) {
        let mut low = [0.0; W];
        let mut found = [false; W];
        for probe in 1..=PROBES {
            let at = f64::from(probe) / f64::from(PROBES);
            let looking: [bool; W] = std::array::from_fn(|k| accepted[k] && !found[k]);
            self.look(&[at; W]);
            for lane in (0..W).filter(|lane| looking[*lane]) {
                if self.has_risen(lane) {
                    (found[lane], share[lane]) = (true, at);
                } else {
                    self.keep_roots(lane);
                    low[lane] = at;
                }
            }
        }
        if !found.contains(&true) {
            return;
        }
        self.halve(&found, low, share);
        for lane in (0..W).filter(|lane| share[*lane] < 1.0) {
            end[lane] = self.t[lane] + share[lane] * self.h[lane];
        }
    }

    /// Narrows `low..high` around the first instant at which anything has risen.
    fn halve(&mut self, found: &[bool; W], mut low: [f64; W], high: &mut [f64; W]) {
        for _ in 0..HALVINGS {
            let middle: [f64; W] = std::array::from_fn(|lane| 0.5 * (low[lane] + high[lane]));
            let time = |lane: usize, share: f64| self.t[lane] + share * self.h[lane];
            let open: [bool; W] = std::array::from_fn(|lane| {
                let middle = time(lane, middle[lane]);
                found[lane] && time(lane, low[lane]) < middle && middle < time(lane, high[lane])
            });
            if !open.contains(&true) {
                return;
            }
            self.look(&middle);
            for lane in (0..W).filter(|lane| open[*lane]) {
                if self.has_risen(lane) {
                    high[lane] = middle[lane];
                } else {
                    low[lane] = middle[lane];
                }
            }
        }
    }

    /// `found` = roots at these shares of the step.
    fn look(&mut self, share: &[f64; W]) {
        let at = std::array::from_fn(|lane| self.t[lane] + share[lane] * self.h[lane]);
        self.stepper.interpolate(share, &mut self.between);
        let scratch = &mut self.stepper.scratch;
        self.system
            .events(&at, &self.between, &mut self.found, scratch);
    }

    fn has_risen(&self, lane: usize) -> bool {
        let mut pairs = self.roots.iter().zip(self.found.iter());
        pairs.any(|(root, found)| root[lane] < 0.0 && found[lane] >= 0.0)
    }

    fn keep_roots(&mut self, lane: usize) {
        for (root, found) in self.roots.iter_mut().zip(self.found.iter()) {
            root[lane] = found[lane];
        }
    }

    /// Fires what has risen since `roots` were taken, in these lanes; says which runs are over.
    pub(super) fn fire_events(&mut self, which: &[bool; W]) -> [bool; W] {
        let (mut stopped, mut ended) = ([false; W], [false; W]);
        if self.roots.is_empty() || !which.contains(&true) {
            return stopped;
        }
        self.read_roots();
        for lane in (0..W).filter(|lane| which[*lane]) {
            let Some(own) = &mut self.lanes[lane] else {
                continue;
            };
            for event in 0..self.roots.len() {
                if self.roots[event][lane] < 0.0 && self.found[event][lane] >= 0.0 {
                    match own.respond(event, self.t[lane], self.options) {
                        EventResponse::Mark => {}
                        EventResponse::Stop => stopped[lane] = true,
                        EventResponse::EndBout => ended[lane] = true,
                    }
                }
            }
            if ended[lane] {
                self.system
                    .set_inputs(lane, &own.inputs, &mut self.stepper.scratch);
                own.restart(self.t[lane]);
            }
            self.keep_roots(lane);
        }
        if ended.contains(&true) {
            // What the end of a bout sets off at the same instant does not fire.
            self.read_roots();
            for lane in (0..W).filter(|lane| ended[*lane]) {
                self.keep_roots(lane);
            }
        }
        stopped
    }

    fn read_roots(&mut self) {
        let (y, scratch) = (&self.stepper.y, &mut self.stepper.scratch);
        self.system.events(&self.t, y, &mut self.found, scratch);
    }
}
