//! The checked scenario and the result of running it.

use std::path::PathBuf;
use std::sync::Arc;

use crate::compile::Program;
use crate::diagnostics::{Diagnostic, Span};
use crate::engine::{Breakpoint, Failure, Method, Share, Trajectory};
use crate::model::{Column, Model, ParameterId, StateId};
use crate::units::Unit;

/// A scenario that was checked against its model: everything resolved, values in model units.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub path: PathBuf,
    pub title: String,
    pub about: String,
    pub lesson: Option<Lesson>,
    pub model: String,
    pub duration_s: f64,
    /// Clock time of t = 0, seconds after Monday 00:00.
    pub start_s: f64,
    pub time_unit: Unit,
    pub method: Method,
    pub rtol: f64,
    pub declared_initial: bool,
    pub warm_up_s: f64,
    /// Output grid, s, ascending; holds every time an expectation or figure asks for.
    pub output_times: Vec<f64>,
    /// The subset of `output_times` that goes into timeseries.csv.
    pub table_times: Vec<f64>,
    /// Base arm first.
    pub arms: Vec<Arm>,
    pub figures: Vec<Figure>,
    pub data: Vec<Data>,
    pub expectations: Vec<Expectation>,
    /// The text after `extends` and `set`, and every file read, for run.json.
    pub text: String,
    pub files: Vec<(PathBuf, String)>,
    /// What the command line changed.
    pub overrides: crate::scenario::load::Overrides,
}

#[derive(Debug, Clone)]
pub struct Lesson {
    pub predict: String,
    pub run: String,
    pub explain: String,
}

/// One protocol to integrate.
#[derive(Debug, Clone)]
pub struct Arm {
    pub name: String,
    /// People preset of `reference.toml`.
    pub people: String,
    /// All model parameters in model order; hidden references still NaN.
    pub parameters: Vec<f64>,
    /// Which parameters differ from the model's default, for reports.
    pub changed: Vec<ParameterId>,
    /// (biomarker index, wanted value in its unit, state that it sets).
    pub status: Vec<(usize, f64, StateId)>,
    /// Where each of them stands.
    pub status_at: Vec<Span>,
    /// All inputs just before t = 0 (diet, defaults, and what a habit left on).
    pub inputs: Vec<f64>,
    /// All inputs when the warm-up begins.
    pub inputs_at_warm_up: Vec<f64>,
    /// The habit from t = −warm-up up to 0; then the scenario's own breakpoints.
    pub habitual: Vec<Breakpoint>,
    pub breakpoints: Vec<Breakpoint>,
    /// The habit as a whole: what holds for which share of the time.
    pub habit: Vec<Share>,
    /// For figures: bouts and doses.
    pub bouts: Vec<Bout>,
    pub doses: Vec<Dose>,
    /// Electrical pulses, (from, to) in s, each once whatever it drives.
    pub pulses: Vec<(f64, f64)>,
    /// Position on a curve's x axis, in the unit written.
    pub x: Option<(f64, Unit)>,
}

#[derive(Debug, Clone)]
pub struct Bout {
    pub from_s: f64,
    pub to_s: f64,
    pub label: String,
}

#[derive(Debug, Clone)]
pub struct Dose {
    pub at_s: f64,
    pub label: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureKind {
    Time,
    Curve,
    /// The panel of laboratory markers: `show` names some of them, or none for all.
    Status,
}

#[derive(Debug, Clone)]
pub struct Figure {
    pub title: String,
    pub kind: FigureKind,
    /// One panel each (time figures).
    pub show: Vec<Shown>,
    pub from_s: f64,
    pub to_s: f64,
    pub x_title: Option<String>,
    /// Curve figures: what is measured, and how it is called on the y axis.
    pub measure: Option<Measure>,
    pub measure_title: Option<String>,
}

/// A quantity to draw or tabulate.
#[derive(Debug, Clone)]
pub struct Shown {
    pub column: Column,
    pub name: String,
    pub title: String,
    /// Unit of the recorded values.
    pub unit: Unit,
    /// Unit to show, and the factor from `unit` to it.
    pub display: Unit,
    pub factor: f64,
}

#[derive(Debug, Clone)]
pub struct Data {
    pub file: PathBuf,
    pub label: String,
    pub shown: Shown,
    pub source: Option<String>,
    /// (time s, value in display unit, sd, arm name).
    pub points: Vec<(f64, f64, Option<f64>, Option<String>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExpectationRole {
    Port,
    Fit,
    Test,
}

#[derive(Debug, Clone)]
pub struct Expectation {
    pub what: String,
    pub is: String,
    pub measure: Measure,
    pub low: f64,
    pub high: f64,
    pub unit: Unit,
    pub role: ExpectationRole,
    pub source: Option<String>,
    pub row: Option<String>,
    pub note: Option<String>,
    pub not_required: bool,
    pub arm: usize,
    pub span: Span,
}

/// `term [over | minus term]`.
#[derive(Debug, Clone)]
pub struct Measure {
    pub first: Term,
    pub second: Option<(Join, Term)>,
    /// Unit of the result, and the factor from the raw result to it.
    pub unit: Unit,
    pub factor: f64,
}

impl Measure {
    /// The one or two terms that it is made of.
    pub fn terms(&self) -> impl Iterator<Item = &Term> {
        let second = self.second.iter().map(|(_, term)| term);
        std::iter::once(&self.first).chain(second)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    Over,
    Minus,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    pub simple: Simple,
    /// Arm index; `None` = the expectation's arm.
    pub arm: Option<usize>,
    /// From the term's own unit to the first term's.
    pub factor: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Simple {
    At {
        column: Column,
        at_s: f64,
    },
    Extreme {
        kind: Extreme,
        column: Column,
        from_s: f64,
        to_s: f64,
    },
    TimeOf {
        maximum: bool,
        column: Column,
        from_s: f64,
        to_s: f64,
    },
    Between {
        kind: Between,
        column: Column,
        from_s: f64,
        to_s: f64,
    },
    Crossing {
        column: Column,
        rising: bool,
        level: f64,
        after_s: f64,
    },
    HalfWidth {
        column: Column,
        from_s: f64,
        to_s: f64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extreme {
    Maximum,
    Minimum,
    Mean,
    Area,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Between {
    Change,
    Ratio,
    RelativeChange,
}

/// What reports see.
#[derive(Debug, Clone)]
pub struct RunResult {
    pub model: Arc<Model>,
    pub program: Arc<Program>,
    pub scenario: Arc<Scenario>,
    pub arms: Vec<ArmResult>,
    pub expectations: Vec<ExpectationResult>,
}

impl RunResult {
    /// Forgets the rows, of which long runs have hundreds of megabytes: what was measured stays.
    pub fn without_rows(mut self) -> RunResult {
        for trajectory in self
            .arms
            .iter_mut()
            .filter_map(|arm| arm.outcome.as_mut().ok())
        {
            trajectory.times = Vec::new();
            trajectory.states = Vec::new();
            trajectory.observables = Vec::new();
            trajectory.inputs = Vec::new();
        }
        self
    }
}

#[derive(Debug, Clone)]
pub struct ArmResult {
    /// Parameters with references filled in.
    pub parameters: Vec<f64>,
    /// Engine state vector at t = 0, after the warm-up.
    pub initial: Vec<f64>,
    pub outcome: Result<Trajectory, Failure>,
    /// Pinned pools: (state, drift per day in its unit at t = 0).
    pub drift: Vec<(StateId, f64)>,
    /// Largest relative change of each conserved total.
    pub conserved: Vec<f64>,
    /// One per kind of matter.
    pub ledger: Vec<Ledger>,
    /// Why there is no start, where something that was asked for stands in the way.
    pub refusal: Option<Diagnostic>,
    /// Things worth telling: a table was left, a state went below −atol …
    pub warnings: Vec<String>,
}

/// Intake = change of stores + losses, for one kind of matter. All amounts in `unit`.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub matter: String,
    pub unit: Unit,
    /// In all stores.
    pub start: f64,
    pub gained: f64,
    pub lost: f64,
    pub end: f64,
    /// What crossed the boundary, either way.
    pub throughput: f64,
    /// Intake − losses − change of stores.
    pub left_over: f64,
    /// `left_over` relative to the largest of stores and throughput.
    pub error: f64,
    /// Without those that moved nothing.
    pub crossings: Vec<Crossing>,
    pub stores: Vec<Store>,
}

/// What one boundary process or bolus input brought in or out.
#[derive(Debug, Clone)]
pub struct Crossing {
    /// Of the process, the bolus input, or the pool that counts what left.
    pub name: String,
    pub entry: Entry,
    /// `diet`, `supplement`, `given`, `made inside`, or `out`.
    pub route: &'static str,
    /// Positive along `entry`.
    pub amount: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    Intake,
    Loss,
}

/// Content of one state at both ends.
#[derive(Debug, Clone)]
pub struct Store {
    pub state: StateId,
    pub start: f64,
    pub end: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Pass,
    Near,
    Miss,
}

#[derive(Debug, Clone)]
pub struct ExpectationResult {
    /// Index into [`Scenario::expectations`].
    pub expectation: usize,
    /// In the expectation's unit; NaN when it could not be measured.
    pub value: f64,
    pub verdict: Verdict,
    /// Why it could not be measured.
    pub problem: Option<String>,
}
