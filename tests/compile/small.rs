//! Small models without files, short spellings for their expressions, and what their programs give at
//! one point.

use std::collections::BTreeMap;

use myoflux::compile::Program;
use myoflux::diagnostics::{FileId, Span};
use myoflux::engine::System;
use myoflux::model::*;
use myoflux::units::Unit;

pub const PARAMETERS: [f64; 3] = [0.7, 1.9, 3.1];
pub const INPUTS: [f64; 2] = [0.4, 2.3];
pub const STATES: [f64; 3] = [0.9, 2.2, 0.35];
pub const TIME: f64 = 1.3;

pub fn span() -> Span {
    Span {
        file: FileId(0),
        range: 0..0,
    }
}

pub fn parameter(k: usize) -> Parameter {
    Parameter {
        name: format!("m.p{k}"),
        title: None,
        kind: ParameterKind::Declared,
        value: PARAMETERS[k],
        unit: Unit::one(),
        range: None,
        cv: None,
        origin: Origin::Assumed("test".into()),
        grade: None,
        span: None,
    }
}

pub fn input(k: usize, kind: InputKind) -> Input {
    Input {
        name: format!("m.i{k}"),
        title: None,
        unit: Unit::one(),
        kind,
        role: None,
        key: None,
        nutrient: None,
        pulse_s: None,
        connected: None,
        span: span(),
    }
}

pub fn state(k: usize) -> State {
    State {
        name: format!("m.s{k}"),
        title: None,
        unit: Unit::one(),
        initial: Expr::Number(STATES[k]),
        scale: 1.0,
        of: Vec::new(),
        equilibrium: Equilibrium::Solve,
        identifiers: Vec::new(),
        signed: false,
        span: span(),
    }
}

pub fn variable(k: usize, expr: Expr) -> Variable {
    Variable {
        name: format!("m.v{k}"),
        title: None,
        unit: Unit::one(),
        text: String::new(),
        raw: expr.clone(),
        expr,
        edges: Vec::new(),
        span: span(),
    }
}

pub fn process(k: usize, from: &[(u32, f64)], to: &[(u32, f64)], rate: Expr) -> Process {
    let ids = |list: &[(u32, f64)]| list.iter().map(|&(s, c)| (StateId(s), c)).collect();
    let open = from.is_empty() || to.is_empty();
    Process {
        name: format!("m.f{k}"),
        title: None,
        unit: Unit::one(),
        from: ids(from),
        to: ids(to),
        text: String::new(),
        raw: rate.clone(),
        rate,
        edges: Vec::new(),
        boundary: open.then(|| (Direction::Loss, 0.5, Unit::one())),
        span: span(),
    }
}

pub fn tables() -> Vec<Table> {
    let table = |y: Vec<f64>, values| Table {
        name: "m.t".into(),
        unit: Unit::one(),
        x: vec![0.0, 1.0, 2.0, 4.0],
        x_unit: Unit::one(),
        y,
        y_unit: Unit::one(),
        values,
        origin: Origin::Assumed("test".into()),
    };
    vec![
        table(vec![], vec![vec![0.0, 0.3, 2.0, 2.5]]),
        table(
            vec![0.0, 1.0, 3.0],
            vec![
                vec![0.0, 0.3, 2.0, 2.5],
                vec![1.0, 1.4, 2.5, 4.5],
                vec![1.5, 3.0, 3.5, 7.0],
            ],
        ),
    ]
}

/// Three states, three parameters, two inputs; `exprs` become variables, and rates of as many states.
pub fn model(exprs: Vec<Expr>) -> Model {
    let rate = |(k, expr): (usize, &Expr)| Rate {
        state: StateId(k as u32),
        text: String::new(),
        expr: expr.clone(),
        span: span(),
    };
    Model {
        name: "m".into(),
        title: String::new(),
        about: String::new(),
        modules: Vec::new(),
        parameters: (0..3).map(parameter).collect(),
        inputs: (0..2)
            .map(|k| input(k, InputKind::Rate { default: INPUTS[k] }))
            .collect(),
        states: (0..3).map(state).collect(),
        rates: exprs.iter().take(3).enumerate().map(rate).collect(),
        order: (0..exprs.len() as u32)
            .map(|k| Algebra::Variable(VariableId(k)))
            .collect(),
        variables: exprs
            .into_iter()
            .enumerate()
            .map(|(k, e)| variable(k, e))
            .collect(),
        processes: Vec::new(),
        edges: Vec::new(),
        references: Vec::new(),
        events: Vec::new(),
        limits: Vec::new(),
        biomarkers: Vec::new(),
        tables: tables(),
        modalities: Vec::new(),
        conserved: Vec::new(),
        nutrients: BTreeMap::new(),
        people: Vec::new(),
        references_bib: Bibliography::default(),
        warm_up_s: 0.0,
        time_unit: Unit::one(),
        files: Vec::new(),
    }
}

pub struct Linear {
    pub rates: Vec<f64>,
    pub jacobian: BTreeMap<(usize, usize), f64>,
    pub time: Vec<f64>,
}

pub fn scratch<const W: usize>(program: &Program) -> Vec<[f64; W]> {
    let mut scratch = vec![[f64::NAN; W]; System::<W>::scratch_len(program)];
    for lane in 0..W {
        program.set_parameters(lane, &PARAMETERS, &mut scratch);
        program.set_inputs(lane, &INPUTS, &mut scratch);
    }
    scratch
}

pub fn extended<const W: usize>(program: &Program, states: &[f64]) -> Vec<[f64; W]> {
    let mut y = vec![[0.0; W]; program.engine_states()];
    for (slot, &value) in y.iter_mut().zip(states) {
        *slot = [value; W];
    }
    y
}

pub fn rates(program: &Program, t: f64, states: &[f64]) -> Vec<f64> {
    let mut out = vec![[0.0; 1]; program.engine_states()];
    program.rates(
        &[t],
        &extended(program, states),
        &mut out,
        &mut scratch(program),
    );
    out.into_iter().map(|[v]| v).collect()
}

pub fn observe(program: &Program, t: f64, states: &[f64]) -> Vec<f64> {
    let mut out = vec![[0.0; 1]; System::<1>::observable_count(program)];
    program.observe(
        &[t],
        &extended(program, states),
        &mut out,
        &mut scratch(program),
    );
    out.into_iter().map(|[v]| v).collect()
}

pub fn linearise(program: &Program, t: f64, states: &[f64]) -> Linear {
    let count = program.engine_states();
    let pattern = System::<1>::jacobian_pattern(program);
    let mut rates = vec![[0.0; 1]; count];
    let mut entries = vec![[0.0; 1]; pattern.column.len()];
    let mut time = vec![[0.0; 1]; count];
    let y = extended(program, states);
    program.linearise(
        &[t],
        &y,
        &mut rates,
        &mut entries,
        &mut time,
        &mut scratch(program),
    );
    let mut jacobian = BTreeMap::new();
    for row in 0..count {
        for k in pattern.row_start[row] as usize..pattern.row_start[row + 1] as usize {
            jacobian.insert((row, pattern.column[k] as usize), entries[k][0]);
        }
    }
    let plain = |v: Vec<[f64; 1]>| v.into_iter().map(|[v]| v).collect();
    Linear {
        rates: plain(rates),
        jacobian,
        time: plain(time),
    }
}

pub fn s(k: u32) -> Expr {
    Expr::State(StateId(k))
}
pub fn p(k: u32) -> Expr {
    Expr::Parameter(ParameterId(k))
}
pub fn i(k: u32) -> Expr {
    Expr::Input(InputId(k))
}
pub fn n(value: f64) -> Expr {
    Expr::Number(value)
}
pub fn call(function: Function, a: Expr) -> Expr {
    Expr::Call(function, Box::new(a))
}
pub fn add(a: Expr, b: Expr) -> Expr {
    Expr::Add(Box::new(a), Box::new(b))
}
pub fn subtract(a: Expr, b: Expr) -> Expr {
    Expr::Subtract(Box::new(a), Box::new(b))
}
pub fn multiply(a: Expr, b: Expr) -> Expr {
    Expr::Multiply(Box::new(a), Box::new(b))
}
pub fn divide(a: Expr, b: Expr) -> Expr {
    Expr::Divide(Box::new(a), Box::new(b))
}
pub fn power(a: Expr, b: Expr) -> Expr {
    Expr::Power(Box::new(a), Box::new(b))
}
pub fn less(a: Expr, b: Expr) -> Box<Condition> {
    Box::new(Condition::Less(a, b))
}
pub fn select(condition: Box<Condition>, yes: Expr, no: Expr) -> Expr {
    Expr::Select(condition, Box::new(yes), Box::new(no))
}
pub fn table(k: u32, arguments: Vec<Expr>) -> Expr {
    Expr::Table(TableId(k), arguments)
}
