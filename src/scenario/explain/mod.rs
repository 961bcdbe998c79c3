//! Why a quantity has the value it has: its equation with the numbers of one instant, the edges that
//! weigh on it, the fluxes that move it.
//!
//! In: a scenario, an arm, a time, a name. Out: plain values for whoever writes them down. `why.rs`
//! compares two arms. Start reading at [`at_instant`].

mod why;

use std::cell::RefCell;

use super::initial::{References, Unsettled, told};
use super::run::prepare;
use super::{Arm, Scenario};
use crate::compile::Program;
use crate::engine::{Failure, run_member};
use crate::model::check::lower::all_leaves;
use crate::model::evaluate::{Algebraic, Values};
use crate::model::*;

pub use why::{Cause, Flow, Knockout, Question, Why, why};

/// A name with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    pub name: String,
    pub title: Option<String>,
    pub value: f64,
    pub unit: String,
}

/// An edge that weighs on the quantity at this instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Weight {
    pub edge: EdgeId,
    /// Its factor now and at the reference.
    pub factor: f64,
    pub reference: f64,
    pub strength: f64,
    /// What the target is multiplied by.
    pub multiplier: f64,
}

/// A flux into (positive) or out of a state, in the state's unit per second.
#[derive(Debug, Clone, PartialEq)]
pub struct Flux {
    pub process: ProcessId,
    pub rate: f64,
}

/// Everything about one quantity at one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    pub quantity: Quantity,
    /// As written in the model file; `None` for inputs and for states that processes move.
    pub formula: Option<String>,
    /// `formula` is the time derivative (states with a rate of their own), not the value.
    pub is_rate: bool,
    /// What the formula reads, in order of appearance.
    pub arguments: Vec<Quantity>,
    pub edges: Vec<Weight>,
    /// Structural edges inside the formula, with their strengths.
    pub structural: Vec<(EdgeId, f64)>,
    /// States only: largest first.
    pub fluxes: Vec<Flux>,
    /// States only: what the fluxes and the rate sum to, per second.
    pub derivative: Option<f64>,
}

/// One arm at one instant.
pub struct Instant {
    pub t: f64,
    pub parameters: Vec<f64>,
    pub inputs: Vec<f64>,
    pub states: Vec<f64>,
}

impl Instant {
    pub fn values<'a>(&'a self, model: &'a Model) -> Values<'a> {
        Values {
            model,
            parameters: &self.parameters,
            inputs: &self.inputs,
            states: &self.states,
            time: self.t,
        }
    }
}

/// Why nothing can be explained.
#[derive(Debug, Clone, PartialEq)]
pub enum Unexplained {
    Failed(Failure),
    /// What the arm asks for has no start.
    Refused(String),
    /// An event stopped the run before the instant asked for.
    Stopped {
        at_s: f64,
    },
}

impl From<Failure> for Unexplained {
    fn from(failure: Failure) -> Self {
        Unexplained::Failed(failure)
    }
}

impl Unexplained {
    fn unsettled(model: &Model, arm: &Arm, unsettled: &Unsettled) -> Self {
        let Unsettled { failure, refusal } = unsettled;
        match refusal {
            Some(refusal) => Self::Refused(told(model, arm, failure, refusal).message),
            None => Self::Failed(failure.clone()),
        }
    }
}

/// Runs one arm up to an instant.
///
/// # Errors
/// If the run fails or ends earlier.
pub fn reach(
    model: &Model,
    program: &Program,
    scenario: &Scenario,
    arm: &Arm,
    t: f64,
) -> Result<Instant, Unexplained> {
    let references = References::default();
    // The run goes on to its end: cut short it would take other steps and give other digits than the
    // tables show.
    let end = scenario.duration_s;
    reach_before(model, program, scenario, arm, &references, t, end)
}

/// The same with a run that need not go to the scenario's end.
fn reach_before(
    model: &Model,
    program: &Program,
    scenario: &Scenario,
    arm: &Arm,
    references: &References,
    t: f64,
    end: f64,
) -> Result<Instant, Unexplained> {
    let (_, mut member, options) = prepare(model, program, scenario, arm, references)
        .map_err(|u| Unexplained::unsettled(model, arm, &u))?;
    member.t_end = end;
    member.output_times = vec![t];
    let run = run_member(program, &member, &options)?;
    if run.times.is_empty() {
        let at_s = run.events.last().map_or(0.0, |(_, time)| *time);
        return Err(Unexplained::Stopped { at_s });
    }
    Ok(Instant {
        t,
        parameters: member.parameters,
        inputs: run.inputs,
        states: run.states,
    })
}

/// Explains one quantity at one instant.
pub fn at_instant(model: &Model, instant: &Instant, column: Column) -> Explanation {
    let values = instant.values(model);
    let known = values.all();
    let (formula, expr, edges) = match column {
        Column::Variable(id) => {
            let it = &model.variables[id.index()];
            (Some(it.text.clone()), Some(&it.raw), it.edges.as_slice())
        }
        Column::Process(id) | Column::Accumulator(id) => {
            let it = &model.processes[id.index()];
            (Some(it.text.clone()), Some(&it.raw), it.edges.as_slice())
        }
        Column::Biomarker(id) => {
            let it = &model.biomarkers[id.index()];
            (Some(it.text.clone()), Some(&it.expr), [].as_slice())
        }
        Column::State(id) => {
            let own = model.rates.iter().find(|rate| rate.state == id);
            let text = own.map(|rate| rate.text.clone());
            (text, own.map(|rate| &rate.expr), [].as_slice())
        }
        Column::Input(_) => (None, None, [].as_slice()),
    };
    let ids = expr.map(leaves).unwrap_or_default();
    let mut explanation = Explanation {
        quantity: quantity(model, &values, &known, column),
        formula,
        is_rate: matches!(column, Column::State(_)),
        arguments: ids
            .iter()
            .filter_map(|leaf| argument(model, &values, &known, *leaf))
            .collect(),
        edges: edges
            .iter()
            .filter_map(|id| weight(model, &values, &known, *id))
            .collect(),
        structural: ids
            .iter()
            .filter_map(|leaf| structural(model, &values, *leaf))
            .collect(),
        fluxes: Vec::new(),
        derivative: None,
    };
    if let Column::State(id) = column {
        explanation.fluxes = fluxes(model, &known, id);
        let own = expr.map_or(0.0, |expr| values.expr(expr, &known));
        let moved: f64 = explanation.fluxes.iter().map(|flux| flux.rate).sum();
        explanation.derivative = Some(own + moved);
    }
    explanation
}

/// Value of any column from the tree evaluator.
pub fn value_of(values: &Values, known: &Algebraic, column: Column) -> f64 {
    match column {
        Column::State(id) => values.states[id.index()],
        Column::Variable(id) => known.variables[id.index()],
        Column::Process(id) => known.processes[id.index()],
        Column::Biomarker(id) => values.expr(&values.model.biomarkers[id.index()].expr, known),
        Column::Input(id) => values.inputs[id.index()],
        Column::Accumulator(_) => f64::NAN,
    }
}

fn quantity(model: &Model, values: &Values, known: &Algebraic, column: Column) -> Quantity {
    Quantity {
        name: model.column_name(column),
        title: Some(model.column_title(column)),
        value: value_of(values, known, column),
        unit: model.column_unit(column).text.clone(),
    }
}

/// Net coefficient of a process in a state: positive if it fills it, state unit per second per unit of
/// the rate.
pub fn coefficient(process: &Process, state: StateId) -> f64 {
    let of = |list: &[(StateId, f64)]| -> f64 {
        let own = list.iter().filter(|(id, _)| *id == state);
        own.map(|(_, coefficient)| coefficient).sum()
    };
    of(&process.to) - of(&process.from)
}

fn fluxes(model: &Model, known: &Algebraic, state: StateId) -> Vec<Flux> {
    let mut fluxes: Vec<Flux> = model
        .processes
        .iter()
        .enumerate()
        .map(|(at, process)| (at, coefficient(process, state)))
        .filter(|(_, coefficient)| *coefficient != 0.0)
        .map(|(at, coefficient)| Flux {
            process: ProcessId(at as u32),
            rate: coefficient * known.processes[at],
        })
        .collect();
    fluxes.sort_by(|a, b| b.rate.abs().total_cmp(&a.rate.abs()));
    fluxes
}

fn weight(model: &Model, values: &Values, known: &Algebraic, id: EdgeId) -> Option<Weight> {
    let edge = &model.edges[id.index()];
    let (_, expr) = edge.factor.as_ref()?;
    let reference = model.references[edge.reference?.index()].parameter;
    let reference = values.parameters[reference.index()];
    let strength = values.parameters[edge.strength?.index()];
    let factor = values.expr(expr, known);
    Some(Weight {
        edge: id,
        factor,
        reference,
        strength,
        multiplier: (1.0 + strength * (factor / reference - 1.0)).max(0.0),
    })
}

fn structural(model: &Model, values: &Values, leaf: Leaf) -> Option<(EdgeId, f64)> {
    let Leaf::Parameter(id) = leaf else {
        return None;
    };
    let ParameterKind::EdgeStrength(edge) = model.parameters[id.index()].kind else {
        return None;
    };
    Some((edge, values.parameters[id.index()]))
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Leaf {
    Parameter(ParameterId),
    Column(Column),
}

fn argument(model: &Model, values: &Values, known: &Algebraic, leaf: Leaf) -> Option<Quantity> {
    match leaf {
        Leaf::Column(column) => Some(quantity(model, values, known, column)),
        Leaf::Parameter(id) => {
            let parameter = &model.parameters[id.index()];
            let (name, title) = match parameter.kind {
                ParameterKind::Declared => (parameter.name.clone(), parameter.title.clone()),
                ParameterKind::Reference(id) => {
                    let text = &model.references[id.index()].text;
                    (format!("reference({text})"), None)
                }
                // The clock and the strengths of edges are told elsewhere.
                _ => return None,
            };
            Some(Quantity {
                name,
                title,
                value: values.parameters[id.index()],
                unit: parameter.unit.text.clone(),
            })
        }
    }
}

/// What an expression reads, each once, in order of appearance.
fn leaves(expr: &Expr) -> Vec<Leaf> {
    let found = RefCell::new(Vec::new());
    all_leaves(expr, &|leaf| {
        let leaf = match leaf {
            Expr::Parameter(id) => Some(Leaf::Parameter(*id)),
            Expr::Input(id) => Some(Leaf::Column(Column::Input(*id))),
            Expr::State(id) => Some(Leaf::Column(Column::State(*id))),
            Expr::Variable(id) => Some(Leaf::Column(Column::Variable(*id))),
            Expr::Process(id) => Some(Leaf::Column(Column::Process(*id))),
            _ => None,
        };
        let mut found = found.borrow_mut();
        if let Some(leaf) = leaf.filter(|leaf| !found.contains(leaf)) {
            found.push(leaf);
        }
        true
    });
    found.into_inner()
}
