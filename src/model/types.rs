//! The checked model: plain data, indices are types, every value in its declared unit.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::diagnostics::Span;
use crate::units::Unit;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);
        impl $name {
            pub fn index(self) -> usize { self.0 as usize }
        }
    )*};
}

ids! {
    /// Index into [`Model::parameters`].
    ParameterId,
    /// Index into [`Model::inputs`].
    InputId,
    /// Index into [`Model::states`].
    StateId,
    /// Index into [`Model::variables`].
    VariableId,
    /// Index into [`Model::processes`].
    ProcessId,
    /// Index into [`Model::tables`].
    TableId,
    /// Index into [`Model::edges`].
    EdgeId,
    /// Index into [`Model::references`].
    ReferenceId,
    /// Index into [`Model::biomarkers`].
    BiomarkerId,
}

/// A checked, composed model. Order of every list is file order, modules in the order of composition.
#[derive(Debug, Clone)]
pub struct Model {
    pub name: String,
    pub title: String,
    pub about: String,
    pub modules: Vec<Module>,
    /// Declared ones first, then the hidden ones (see [`ParameterKind`]).
    pub parameters: Vec<Parameter>,
    pub inputs: Vec<Input>,
    /// Declared states. Accumulators are not here: see [`Process::boundary`].
    pub states: Vec<State>,
    /// In an order in which each depends only on earlier ones and on processes that do (see
    /// [`Model::order`]).
    pub variables: Vec<Variable>,
    pub processes: Vec<Process>,
    /// d/dt of states that no process moves, in the state's unit per second.
    pub rates: Vec<Rate>,
    pub edges: Vec<Edge>,
    pub references: Vec<Reference>,
    pub events: Vec<Event>,
    pub limits: Vec<Limit>,
    pub biomarkers: Vec<Biomarker>,
    pub tables: Vec<Table>,
    pub modalities: Vec<Modality>,
    /// An evaluation order of variables and processes.
    pub order: Vec<Algebra>,
    /// Linear combinations of states that no process changes.
    pub conserved: Vec<Conserved>,
    pub nutrients: BTreeMap<String, Nutrient>,
    pub people: Vec<People>,
    pub references_bib: Bibliography,
    pub warm_up_s: f64,
    /// Unit of time for reports (`"d"`, `"ms"`).
    pub time_unit: Unit,
    /// Every file that took part, with its text: for hashes in run.json and for `explain`.
    pub files: Vec<(PathBuf, String)>,
}

#[derive(Debug, Clone)]
pub struct Module {
    pub name: String,
    pub title: String,
    /// The part of the body that figures and pages group it under; without one it stands for itself.
    pub system: Option<String>,
    pub about: String,
    pub uses: Vec<String>,
    pub path: PathBuf,
}

/// Strength of evidence, as graded in the model files.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub enum Grade {
    A,
    B,
    C,
    D,
}

impl Grade {
    /// From its letter.
    pub fn parse(letter: &str) -> Option<Grade> {
        match letter {
            "A" => Some(Grade::A),
            "B" => Some(Grade::B),
            "C" => Some(Grade::C),
            "D" => Some(Grade::D),
            _ => None,
        }
    }
}

/// Where a number comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    Source {
        key: String,
        place: Option<String>,
    },
    Assumed(String),
    /// Worked out by a study from a model of ours.
    Computed {
        model: String,
        /// Path from the folder that holds the models folder.
        study: String,
        /// [`fingerprint::of`](super::fingerprint::of) both, when it was computed.
        hash: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// Written in a module file.
    Declared,
    /// Strength of an edge: 1 as published, 0 knocked out. Named `edges.NAME.strength`.
    EdgeStrength(EdgeId),
    /// Value of an expression at the reference equilibrium. Named `references.N`.
    Reference(ReferenceId),
    /// 1 while the clock turns, 0 in equilibria. Named `clock.on`.
    ClockOn,
    /// Time of day at t = 0, s. Named `clock.offset`.
    ClockOffset,
}

#[derive(Debug, Clone)]
pub struct Parameter {
    /// Dotted: `kidney.clearance`.
    pub name: String,
    pub title: Option<String>,
    pub kind: ParameterKind,
    /// In `unit`. For edge strengths the default (0 or 1); for references NaN until solved.
    pub value: f64,
    pub unit: Unit,
    /// Plausible range in `unit`.
    pub range: Option<(f64, f64)>,
    pub cv: Option<f64>,
    pub origin: Origin,
    pub grade: Option<Grade>,
    pub span: Option<Span>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    Diet,
    Meal,
    Supplement,
    Training,
    Stimulation,
    /// Intake now relative to the day's mean: driven by the meals of the habitual diet.
    Eating,
}

#[derive(Debug, Clone)]
pub struct Input {
    pub name: String,
    pub title: Option<String>,
    pub unit: Unit,
    pub kind: InputKind,
    pub role: Option<Role>,
    pub key: Option<String>,
    pub nutrient: Option<String>,
    /// Pulse length of a stimulation input, s.
    pub pulse_s: Option<f64>,
    /// What the model file connects it to: formulas read that instead, and no scenario drives it.
    pub connected: Option<String>,
    pub span: Span,
}

impl Input {
    /// Whether the end of a bout by an event stops it. What rests at something else than zero (a weight of
    /// the kind of exercise) does nothing without work.
    pub fn ends_with_bout(&self) -> bool {
        let at_rest = matches!(self.kind, InputKind::Rate { default } if default == 0.0);
        self.role == Some(Role::Training) && at_rest
    }
}

#[derive(Debug, Clone)]
pub enum InputKind {
    /// Constant between breakpoints; an input slot. `default` in the input's unit.
    Rate { default: f64 },
    /// `state += amount · coefficient`, coefficient in state unit per input unit.
    Bolus { to: Vec<(StateId, Expr)> },
}

#[derive(Debug, Clone)]
pub struct State {
    pub name: String,
    pub title: Option<String>,
    pub unit: Unit,
    /// Over parameters only, in `unit`.
    pub initial: Expr,
    pub scale: f64,
    /// Matter in one unit of the state.
    pub of: Vec<(String, f64)>,
    pub equilibrium: Equilibrium,
    pub signed: bool,
    /// What it is in public databases: `CHEBI:38290`, `uniprot:P81172`.
    pub identifiers: Vec<String>,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Equilibrium {
    /// Solved for.
    Solve,
    /// Slower than a year: keeps the reference value unless a status sets it.
    Hold,
}

#[derive(Debug, Clone)]
pub struct Variable {
    pub name: String,
    pub title: Option<String>,
    pub unit: Unit,
    /// As written.
    pub text: String,
    /// In `unit`, edges applied.
    pub expr: Expr,
    /// Without edges.
    pub raw: Expr,
    pub edges: Vec<EdgeId>,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct Process {
    pub name: String,
    pub title: Option<String>,
    /// Display unit.
    pub unit: Unit,
    /// Multiplies `rate` (display unit) to give this state's unit per second: coefficient and
    /// conversion together, both positive.
    pub from: Vec<(StateId, f64)>,
    pub to: Vec<(StateId, f64)>,
    /// As written.
    pub text: String,
    /// In `unit`, edges applied.
    pub rate: Expr,
    /// Without edges.
    pub raw: Expr,
    pub edges: Vec<EdgeId>,
    /// Set when matter crosses the body's boundary here: factor from `rate` to the accumulator's unit
    /// per second, and that unit.
    pub boundary: Option<(Direction, f64, Unit)>,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Gain,
    Loss,
}

#[derive(Debug, Clone)]
pub struct Rate {
    pub state: StateId,
    /// As written.
    pub text: String,
    /// In the state's unit per second.
    pub expr: Expr,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdgeKind {
    Factor,
    Structural,
    Claim,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Facilitates,
    Inhibits,
    Both,
}

#[derive(Debug, Clone)]
pub struct Edge {
    /// Dotted: `gut.acid_raises_absorption`.
    pub name: String,
    /// Row of the list of edges (`"F03"`).
    pub id: Option<String>,
    pub kind: EdgeKind,
    pub from: String,
    pub onto: String,
    pub effect: Effect,
    pub grade: Grade,
    pub sources: Vec<String>,
    pub assumed: Option<String>,
    pub against: Vec<String>,
    pub claim: String,
    pub on: bool,
    pub made_of: Vec<EdgeId>,
    /// Factor edges: the factor as written and lowered (its own unit, dimensionless ratio taken with
    /// the reference).
    pub factor: Option<(String, Expr)>,
    /// None for claims.
    pub strength: Option<ParameterId>,
    pub reference: Option<ReferenceId>,
    pub span: Span,
}

/// An expression whose value at the reference equilibrium a formula needs.
#[derive(Debug, Clone)]
pub struct Reference {
    pub parameter: ParameterId,
    pub of: Expr,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventAction {
    Mark,
    Stop,
    EndBout,
}

#[derive(Debug, Clone)]
pub struct Event {
    pub name: String,
    pub title: String,
    /// Fires when this rises through zero.
    pub root: Expr,
    pub action: EventAction,
}

/// A bound of the range in which a module holds: `lower` stays below `upper`.
#[derive(Debug, Clone)]
pub struct Limit {
    pub name: String,
    pub title: String,
    /// As written.
    pub text: String,
    pub lower: Expr,
    pub upper: Expr,
    /// Both sides are in this unit.
    pub unit: Unit,
    /// What is watched is the left side of `text`: `lower`, unless this says that it is `upper`.
    pub from_below: bool,
    /// What happens beyond it that the module leaves out.
    pub beyond: String,
}

#[derive(Debug, Clone)]
pub struct Biomarker {
    /// Bare name, unique in the model.
    pub name: String,
    pub module: String,
    pub title: String,
    pub unit: Unit,
    /// A second unit, and the factor from `unit` to it.
    pub conventional: Option<(Unit, f64)>,
    pub text: String,
    pub expr: Expr,
    /// Pools that a status may set: the first that no other given marker sets.
    pub pins: Vec<StateId>,
    pub bands: Vec<Band>,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct Band {
    /// Name of a people preset; `None` = everyone.
    pub people: Option<String>,
    pub deficient_below: Option<f64>,
    pub insufficient_below: Option<f64>,
    pub high_above: Option<f64>,
    /// Of a marker that rises in lack (an activation coefficient, homocysteine); none of the others then.
    pub insufficient_above: Option<f64>,
    pub deficient_above: Option<f64>,
    pub origin: Origin,
}

impl Band {
    /// Whether lack shows as a high value.
    pub fn lack_rises(&self) -> bool {
        self.insufficient_above.is_some() || self.deficient_above.is_some()
    }

    /// Every cut-off.
    pub fn limits(&self) -> [Option<f64>; 5] {
        [
            self.deficient_below,
            self.insufficient_below,
            self.high_above,
            self.insufficient_above,
            self.deficient_above,
        ]
    }
}

/// Monotone cubic table; slopes are computed by whoever evaluates it.
#[derive(Debug, Clone)]
pub struct Table {
    pub name: String,
    pub unit: Unit,
    pub x: Vec<f64>,
    pub x_unit: Unit,
    /// Empty when the table has one axis.
    pub y: Vec<f64>,
    pub y_unit: Unit,
    /// One row per y (one row when there is no y).
    pub values: Vec<Vec<f64>>,
    pub origin: Origin,
}

#[derive(Debug, Clone)]
pub struct Modality {
    pub name: String,
    pub verbs: Vec<String>,
    /// Values in each input's unit.
    pub set: Vec<(InputId, f64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algebra {
    Variable(VariableId),
    Process(ProcessId),
}

/// `Σ weight·state = constant`.
#[derive(Debug, Clone)]
pub struct Conserved {
    pub weights: Vec<(StateId, f64)>,
    pub text: String,
}

#[derive(Debug, Clone)]
pub struct Nutrient {
    pub key: String,
    pub title: String,
    pub molar_mass_g_per_mol: Option<f64>,
    /// Unit of potency (`IU`, `RAE`, …) → quantity of the nutrient one such unit stands for.
    pub potency: Vec<(String, f64, Unit)>,
    /// The nutrient that this one is eaten as, too: by the unit of potency that both have.
    pub part_of: Option<String>,
    pub intakes: Vec<ReferenceIntake>,
}

/// One reference intake of one preset of people.
#[derive(Debug, Clone)]
pub struct ReferenceIntake {
    pub people: String,
    /// `ear`, `rda`, `ai`, `ul`, `ul_eu` or `studied`.
    pub kind: String,
    pub value: f64,
    /// Of an intake: mass or amount per time.
    pub unit: Unit,
    /// The form that it counts, in words.
    pub note: Option<String>,
    /// What counts towards it; empty for everything.
    pub counts: Vec<Counted>,
}

/// A form of a nutrient that counts towards a reference intake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counted {
    /// What inputs of this role bring, or those of one key.
    Role(Role, Option<String>),
    /// Another nutrient that is part of this one, by its own mass.
    Part(String),
}

/// A preset of `reference.toml`.
#[derive(Debug, Clone)]
pub struct People {
    pub name: String,
    pub title: String,
    pub sex: String,
    pub parameters: Vec<(ParameterId, f64)>,
    pub inputs: Vec<(InputId, f64)>,
}

/// `models/references.bib`, as far as reports need it.
#[derive(Debug, Clone, Default)]
pub struct Bibliography {
    pub entries: BTreeMap<String, BibEntry>,
}

#[derive(Debug, Clone)]
pub struct BibEntry {
    pub key: String,
    /// One line for people: authors, year, title, journal.
    pub citation: String,
    /// As the entry gives it; nobody guesses one.
    pub doi: Option<String>,
    /// The entry as written.
    pub bibtex: String,
}

/// A purely numeric expression: names resolved, laws inlined (a call keeps its name beside what it
/// comes to), unit factors explicit.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    Number(f64),
    /// A number with a unit (its text left empty): a conversion, a molar mass, a literal beside a
    /// quantity in per cent.
    Factor(f64, Unit),
    Parameter(ParameterId),
    Input(InputId),
    State(StateId),
    Variable(VariableId),
    /// Rate of a process in its display unit.
    Process(ProcessId),
    /// Seconds since the scenario's t = 0.
    Time,
    Negate(Box<Expr>),
    Add(Box<Expr>, Box<Expr>),
    Subtract(Box<Expr>, Box<Expr>),
    Multiply(Box<Expr>, Box<Expr>),
    Divide(Box<Expr>, Box<Expr>),
    /// Integer exponent: plain repeated multiplication, no floor.
    PowerInteger(Box<Expr>, i32),
    /// `max(base, 1e-12)^exponent`.
    Power(Box<Expr>, Box<Expr>),
    Call(Function, Box<Expr>),
    Minimum(Box<Expr>, Box<Expr>),
    Maximum(Box<Expr>, Box<Expr>),
    /// Both branches are evaluated, one is chosen.
    Select(Box<Condition>, Box<Expr>, Box<Expr>),
    /// One argument or two.
    Table(TableId, Vec<Expr>),
    /// A rate law as it was called (its name, its arguments by name), and what that comes to; the value
    /// holds each argument wherever the law names it.
    Law(String, Vec<(String, Expr)>, Box<Expr>),
}

/// `Ln`, `Log10` and `SquareRoot` act on `max(x, 1e-12)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Function {
    Exp,
    Ln,
    Log10,
    SquareRoot,
    Sin,
    Cos,
    Tanh,
    Abs,
}

/// Over parameters and inputs only.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    Less(Expr, Expr),
    LessOrEqual(Expr, Expr),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
}

/// Something whose values a run records and people ask for by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Column {
    State(StateId),
    Variable(VariableId),
    Process(ProcessId),
    Biomarker(BiomarkerId),
    Input(InputId),
    /// Accumulator of a boundary process.
    Accumulator(ProcessId),
}
