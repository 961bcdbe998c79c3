//! What happens when → breakpoints of the habit and of the scenario, and what the habit is on the whole.
//!
//! Instants are whole nanoseconds, negative before t = 0. Promise: where one thing ends and the next
//! begins at the same instant, the beginning counts.

use std::collections::BTreeMap;

use crate::engine::{Breakpoint, Share};
use crate::model::InputId;

#[derive(Default)]
pub struct Timeline {
    /// Later entries of the same instant win.
    inputs: BTreeMap<i128, Vec<(u32, f64)>>,
    boluses: BTreeMap<i128, Vec<(u32, f64)>>,
    /// Per input: when it is held, from → to.
    held: BTreeMap<u32, BTreeMap<i128, i128>>,
}

/// Whole nanoseconds.
pub fn ns(seconds: f64) -> i128 {
    (seconds * 1e9).round() as i128
}

fn seconds(ns: i128) -> f64 {
    ns as f64 / 1e9
}

impl Timeline {
    /// From `at_s` on, until something else is set.
    pub fn set(&mut self, at_s: f64, input: InputId, value: f64) {
        let at = self.inputs.entry(ns(at_s)).or_default();
        at.push((input.0, value));
    }

    /// Holds a value from `from_s` to `to_s`, then returns to `rest`.
    ///
    /// # Errors
    /// When the same input is already held at that time: since when, s.
    pub fn hold(
        &mut self,
        (from_s, to_s): (f64, f64),
        input: InputId,
        value: f64,
        rest: f64,
    ) -> Result<(), f64> {
        let (from, to) = (ns(from_s), ns(to_s));
        let held = self.held.entry(input.0).or_default();
        let before = held.range(..to).next_back();
        if let Some((since, _)) = before.filter(|(_, until)| **until > from) {
            return Err(seconds(*since));
        }
        held.insert(from, to);
        self.set(from_s, input, value);
        let end = self.inputs.entry(to).or_default();
        end.insert(0, (input.0, rest));
        Ok(())
    }

    pub fn add(&mut self, at_s: f64, input: InputId, amount: f64) {
        let at = self.boluses.entry(ns(at_s)).or_default();
        at.push((input.0, amount));
    }

    /// All breakpoints in [from, to], to included only if it is not 0 (what happens at t = 0 belongs to
    /// the scenario, not to the habit).
    pub fn breakpoints(&self, from_s: f64, to_s: f64) -> Vec<Breakpoint> {
        let (from, to) = (ns(from_s), ns(to_s));
        let mut times: Vec<i128> = self
            .inputs
            .keys()
            .chain(self.boluses.keys())
            .copied()
            .filter(|at| (from..=to).contains(at) && !(*at == 0 && to == 0))
            .collect();
        times.sort_unstable();
        times.dedup();
        times
            .into_iter()
            .map(|time| Breakpoint {
                t: seconds(time),
                inputs: self.inputs.get(&time).map_or(Vec::new(), |set| last(set)),
                boluses: self.boluses.get(&time).cloned().unwrap_or_default(),
            })
            .collect()
    }

    /// Values of all inputs just before `at_s`, given those before everything.
    pub fn inputs_before(&self, at_s: f64, first: &[f64]) -> Vec<f64> {
        let mut values = first.to_vec();
        for (input, value) in self.inputs.range(..ns(at_s)).flat_map(|(_, set)| set) {
            values[*input as usize] = *value;
        }
        values
    }

    /// Which inputs hold for which share of the time from `from_s` to 0, the commonest first. A bolus
    /// input shows its mean flow, its unit per second, throughout.
    pub fn habit(&self, from_s: f64, first: &[f64]) -> Vec<Share> {
        let mut now = self.inputs_before(from_s, first);
        let mut flows = vec![0.0; first.len()];
        for (input, amount) in self.boluses.range(ns(from_s)..0).flat_map(|(_, add)| add) {
            flows[*input as usize] += amount / -from_s;
        }
        let mut lasting: BTreeMap<Vec<u64>, i128> = BTreeMap::new();
        let mut since = ns(from_s);
        let mut last = |now: &[f64], span: i128| {
            let key = now.iter().map(|value| value.to_bits()).collect();
            *lasting.entry(key).or_default() += span;
        };
        for (at, set) in self.inputs.range(ns(from_s)..0) {
            last(&now, at - since);
            since = *at;
            for (input, value) in set {
                now[*input as usize] = *value;
            }
        }
        last(&now, -since);
        let mut shares: Vec<Share> = lasting
            .into_iter()
            .filter(|(_, span)| *span > 0)
            .map(|(bits, span)| Share {
                share: seconds(span) / -from_s,
                inputs: bits
                    .into_iter()
                    .zip(&flows)
                    .map(|(bits, flow)| f64::from_bits(bits) + flow)
                    .collect(),
            })
            .collect();
        shares.sort_by(|a, b| b.share.total_cmp(&a.share));
        shares
    }
}

/// The last value of each input: one step of a bout ends where the next begins, and the bout goes on.
fn last(set: &[(u32, f64)]) -> Vec<(u32, f64)> {
    let later = |at: usize| set[at + 1..].iter().any(|(input, _)| *input == set[at].0);
    let kept = (0..set.len()).filter(|at| !later(*at));
    kept.map(|at| set[at]).collect()
}

#[cfg(test)]
mod tests {
    use super::Timeline;
    use crate::model::InputId;

    const DAY: f64 = 86_400.0;

    #[test]
    fn a_habit_knows_what_holds_for_how_long() {
        let mut timeline = Timeline::default();
        for day in [-2.0, -1.0, 0.0] {
            let at = day * DAY + 3600.0;
            timeline
                .hold((at, at + 1800.0), InputId(0), 48.0, 0.0)
                .expect("nothing else is held");
            timeline.add(at, InputId(1), 43_200.0);
        }
        let habit = timeline.habit(-2.0 * DAY, &[0.0, 0.0, 7.0]);
        let shares: Vec<f64> = habit.iter().map(|part| part.share).collect();
        assert_eq!(shares, [47.0 / 48.0, 1.0 / 48.0]);
        assert_eq!(habit[0].inputs, [0.0, 0.5, 7.0]);
        assert_eq!(habit[1].inputs, [48.0, 0.5, 7.0]);
    }

    #[test]
    fn one_thing_at_a_time_and_the_next_may_follow_at_once() {
        let mut timeline = Timeline::default();
        let mut hold = |from: f64, to: f64| timeline.hold((from, to), InputId(0), 1.0, 0.0);
        assert_eq!(hold(10.0, 20.0), Ok(()));
        assert_eq!(hold(20.0, 30.0), Ok(()));
        assert_eq!(hold(15.0, 16.0), Err(10.0));
        assert_eq!(hold(5.0, 11.0), Err(10.0));
        assert_eq!(hold(0.0, 10.0), Ok(()));
        let points = timeline.breakpoints(0.0, 100.0);
        // The end of the first hold does not undo the beginning of the second.
        let last = points[2].inputs.last().expect("two entries");
        assert_eq!((points[2].t, *last), (20.0, (0, 1.0)));
    }
}
