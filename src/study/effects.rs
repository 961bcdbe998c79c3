//! What each switch does: at many states around the reference, the targets of an edge with it on and off,
//! and whether a nudge of what it reads reaches them.

use crate::compile::compile;
use crate::engine::evaluate::math::power;
use crate::engine::{Failure, Method, Options};
use crate::model::evaluate::{Algebraic, Values};
use crate::model::*;
use crate::scenario::Arm;
use crate::scenario::initial;

/// States tried.
const TRIES: usize = 200;
/// Relative change of what an edge reads.
const NUDGE: f64 = 0.1;
/// Relative change of a target that counts as an answer.
const ANSWER: f64 = 1e-9;
const DAY: f64 = 86_400.0;

/// What switching one edge does to what it acts on.
#[derive(Debug, Clone)]
pub struct Effect {
    pub edge: EdgeId,
    /// Formulas that hold the edge, as the model names them.
    pub targets: Vec<String>,
    /// Lowest and highest value of a target with the edge on over that with it off.
    pub ratio: Option<(f64, f64)>,
    /// A target differs between on and off somewhere, and moves with what the edge reads while on.
    pub responds: bool,
    /// A target moves with what the edge reads while off: the switch does not work.
    pub leaks: bool,
}

/// Every factor and structural edge of a model, in its order.
///
/// # Errors
/// The engine's reason if the reference person has no equilibrium.
pub fn effects(model: &Model) -> Result<Vec<Effect>, Failure> {
    let instants = instants(model)?;
    let switches = model.edges.iter().enumerate();
    Ok(switches
        .filter_map(|(at, edge)| Some(effect(model, EdgeId(at as u32), edge.strength?, &instants)))
        .collect())
}

struct Instant {
    parameters: Vec<f64>,
    inputs: Vec<f64>,
    states: Vec<f64>,
    time: f64,
    known: Algebraic,
}

fn effect(model: &Model, id: EdgeId, strength: ParameterId, instants: &[Instant]) -> Effect {
    let formulas = formulas(model);
    let held: Vec<(String, &Expr, Expr)> = formulas
        .filter_map(|(name, expr)| {
            let nudged = nudged(expr, strength, model.edges[id.index()].kind);
            (nudged != *expr).then_some((name, expr, nudged))
        })
        .collect();
    let mut result = Effect {
        edge: id,
        targets: held.iter().map(|(name, _, _)| name.clone()).collect(),
        ratio: None,
        responds: false,
        leaks: false,
    };
    let (mut switched, mut moved) = (false, false);
    for instant in instants {
        let mut parameters = instant.parameters.clone();
        for (_, expr, nudged) in &held {
            let mut at = |value: f64, expr: &Expr| {
                parameters[strength.index()] = value;
                let values = Values {
                    model,
                    parameters: &parameters,
                    inputs: &instant.inputs,
                    states: &instant.states,
                    time: instant.time,
                };
                values.expr(expr, &instant.known)
            };
            let (on, off) = (at(1.0, expr), at(0.0, expr));
            if !on.is_finite() || !off.is_finite() {
                continue;
            }
            switched |= differ(on, off);
            moved |= differ(on, at(1.0, nudged));
            result.leaks |= differ(off, at(0.0, nudged));
            if off != 0.0 {
                let (low, high) = result.ratio.unwrap_or((f64::INFINITY, f64::NEG_INFINITY));
                result.ratio = Some((low.min(on / off), high.max(on / off)));
            }
        }
    }
    result.responds = switched && moved;
    result
}

fn differ(a: f64, b: f64) -> bool {
    (a - b).abs() > ANSWER * a.abs().max(b.abs())
}

/// All formulas of a model with what they compute.
fn formulas(model: &Model) -> impl Iterator<Item = (String, &Expr)> {
    let variables = model.variables.iter().map(|v| (v.name.clone(), &v.expr));
    let processes = model.processes.iter().map(|p| (p.name.clone(), &p.rate));
    let rates = model.rates.iter().map(|rate| {
        let state = &model.states[rate.state.index()].name;
        (format!("change of {state}"), &rate.expr)
    });
    let biomarkers = model.biomarkers.iter().map(|b| (b.name.clone(), &b.expr));
    variables.chain(processes).chain(rates).chain(biomarkers)
}

/// The expression with what an edge reads changed: `strength · x` stands only where the edge does.
fn nudged(expr: &Expr, strength: ParameterId, kind: EdgeKind) -> Expr {
    let mut nudged = expr.clone();
    nudge(&mut nudged, strength, kind);
    nudged
}

/// Conditions stay: they compare parameters and inputs only. Of a law, what it comes to is changed.
fn nudge(expr: &mut Expr, strength: ParameterId, kind: EdgeKind) {
    match expr {
        Expr::Multiply(a, read) if **a == Expr::Parameter(strength) => {
            let more = Box::new(Expr::Number(NUDGE));
            **read = match kind {
                // The argument itself.
                EdgeKind::Structural => {
                    let share = Box::new(Expr::Number(1.0 + NUDGE));
                    Expr::Add(Box::new(Expr::Multiply(share, read.clone())), more)
                }
                // Factor over reference, less 1.
                EdgeKind::Factor | EdgeKind::Claim => Expr::Add(read.clone(), more),
            };
        }
        other => {
            let parts = other.parts_mut();
            parts.for_each(|part| nudge(part, strength, kind));
        }
    }
}

/// The reference person's equilibrium and states around it.
fn instants(model: &Model) -> Result<Vec<Instant>, Failure> {
    let mut arm = Arm::resting("", model);
    if let Some(people) = model.people.first() {
        arm.adopt(people);
    }
    let program = compile(model);
    let options = Options {
        method: Method::Rodas5p,
        rtol: 1e-6,
        atol: vec![1e-9; program.engine_states()],
        max_steps: 1,
        event_actions: Vec::new(),
        bout_inputs: Vec::new(),
    };
    let start = initial::find(model, &program, &arm, &options, 0.0, false);
    let start = start.map_err(|unsettled| unsettled.failure)?;
    let mut dice = Dice(1);
    let mut instants = Vec::with_capacity(TRIES);
    for _ in 0..TRIES {
        let inputs: Vec<f64> = arm.inputs.iter().map(|at| dice.around(*at, 1.0)).collect();
        let states: Vec<f64> = model
            .states
            .iter()
            .zip(&start.state)
            .map(|(state, at)| dice.around(*at, state.scale))
            .collect();
        let time = DAY * dice.uniform();
        let values = Values {
            model,
            parameters: &start.parameters,
            inputs: &inputs,
            states: &states,
            time,
        };
        let known = values.all();
        instants.push(Instant {
            parameters: start.parameters.clone(),
            inputs,
            states,
            time,
            known,
        });
    }
    Ok(instants)
}

/// The same numbers on every machine (splitmix64).
struct Dice(u64);

impl Dice {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// As it was every other time, else up to e-fold more or less; from nought (what is left of a solution
    /// counts as such), up to ten of its size.
    fn around(&mut self, value: f64, size: f64) -> f64 {
        let (stay, by) = (self.uniform() < 0.5, self.uniform());
        if stay {
            value
        } else if value.abs() <= 1e-9 * size {
            size * power(10.0, 3.0 * by - 2.0)
        } else {
            value * (2.0 * by - 1.0).exp()
        }
    }
}
