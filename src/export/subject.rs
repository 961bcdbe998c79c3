//! What is exported: a model with numbers to start from, and what a scenario does to it.

use crate::model::evaluate::Values;
use crate::model::*;
use crate::scenario::Arm;
use crate::scenario::initial::Initial;

/// A model with numbers to start from.
#[derive(Debug, Clone)]
pub struct Subject<'m> {
    pub model: &'m Model,
    /// Identifier, title and description of the file.
    pub id: String,
    pub title: String,
    pub about: String,
    /// In model order, references filled in.
    pub parameters: Vec<f64>,
    /// Just after what happens at t = 0.
    pub inputs: Vec<f64>,
    /// Engine states just after what happens at t = 0: declared ones, then accumulators.
    pub initial: Vec<f64>,
    /// States start from their declared formulas, as long as no dose has changed them.
    pub declared: bool,
    pub arm: Option<&'m Arm>,
}

/// A number that no simulator can start from.
#[derive(Debug, Clone, PartialEq)]
pub struct NotFinite {
    pub name: String,
    pub value: f64,
}

/// A start below this share of a state's natural size is written as zero: COPASI multiplies its absolute
/// tolerance by the start, and what is left of that for a trace is no tolerance.
const TRACE: f64 = 1e-30;

impl<'m> Subject<'m> {
    /// What a declared state starts from.
    pub fn start(&self, state: usize) -> f64 {
        let value = self.initial[state];
        if value.abs() < TRACE * self.model.states[state].scale {
            0.0
        } else {
            value
        }
    }

    /// All numbers are numbers, or the first one that is not.
    pub fn finite(&self) -> Result<(), NotFinite> {
        let model = self.model;
        let parameters = model.parameters.iter().map(|it| &it.name);
        let inputs = model.inputs.iter().map(|it| &it.name);
        let states = model.states.iter().map(|it| &it.name);
        let all = (parameters.zip(&self.parameters))
            .chain(inputs.zip(&self.inputs))
            .chain(states.zip(&self.initial));
        match { all }.find(|(_, value)| !value.is_finite()) {
            Some((name, value)) => Err(NotFinite {
                name: name.clone(),
                value: *value,
            }),
            None => Ok(()),
        }
    }

    /// A model and where it starts; with an arm, what happens at t = 0 has happened.
    pub fn new(model: &'m Model, start: &Initial, inputs: &[f64]) -> Subject<'m> {
        Subject {
            model,
            id: model.name.clone(),
            title: model.title.clone(),
            about: model.about.clone(),
            parameters: start.parameters.clone(),
            inputs: inputs.to_vec(),
            initial: start.state.clone(),
            declared: false,
            arm: None,
        }
    }

    /// With what an arm does.
    pub fn with_arm(mut self, arm: &'m Arm) -> Subject<'m> {
        self.arm = Some(arm);
        for point in arm.breakpoints.iter().filter(|point| point.t <= 0.0) {
            for (input, value) in &point.inputs {
                self.inputs[*input as usize] = *value;
            }
            for (input, amount) in &point.boluses {
                self.enter(*input as usize, *amount);
            }
        }
        self
    }

    /// Adds an amount to the states that a bolus input enters, and to its total.
    fn enter(&mut self, input: usize, amount: f64) {
        let model = self.model;
        let InputKind::Bolus { to } = &model.inputs[input].kind else {
            return;
        };
        self.declared = false;
        let values = Values {
            model,
            parameters: &self.parameters,
            inputs: &self.inputs,
            states: &self.initial,
            time: 0.0,
        };
        let known = values.all();
        let parts: Vec<f64> = to
            .iter()
            .map(|(_, share)| values.expr(share, &known))
            .collect();
        for ((state, _), part) in to.iter().zip(parts) {
            self.initial[state.index()] += amount * part;
        }
        let total = self.total(input);
        self.initial[total] += amount;
    }

    /// Engine state that counts what entered through a bolus input: the last ones, in input order.
    pub fn total(&self, input: usize) -> usize {
        let is_bolus = |input: &&Input| matches!(input.kind, InputKind::Bolus { .. });
        let inputs = &self.model.inputs;
        let later = inputs[input..].iter().filter(is_bolus).count();
        self.initial.len() - later
    }
}
