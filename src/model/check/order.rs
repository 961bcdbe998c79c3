//! An evaluation order of variables and processes; cycles among them are refused.

use super::lower::all_leaves;
use crate::diagnostics::Diagnostic;
use crate::model::file::problem_with_help;
use crate::model::types::*;

/// Fills [`Model::order`]: depth first, each behind what it depends on.
///
/// The path is kept in a list, not on the stack: a file may hold a chain of any length.
pub fn check(model: &mut Model, out: &mut Vec<Diagnostic>) {
    let variables = model.variables.len();
    let count = variables + model.processes.len();
    let mut mark = vec![Mark::New; count];
    let mut order = Vec::with_capacity(count);
    for first in 0..count {
        if mark[first] != Mark::New {
            continue;
        }
        mark[first] = Mark::Open;
        let mut path = vec![Step::new(model, variables, first)];
        while let Some(step) = path.last_mut() {
            let Some(next) = step.waiting.pop() else {
                mark[step.node] = Mark::Done;
                order.push(algebra(variables, step.node));
                path.pop();
                continue;
            };
            match mark[next] {
                Mark::Done => {}
                Mark::Open => report(model, variables, next, &path, out),
                Mark::New => {
                    mark[next] = Mark::Open;
                    path.push(Step::new(model, variables, next));
                }
            }
        }
    }
    model.order = order;
}

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    New,
    Open,
    Done,
}

/// A variable or process on the path, with what it depends on and has not yet followed.
struct Step {
    node: usize,
    /// Last first.
    waiting: Vec<usize>,
}

impl Step {
    fn new(model: &Model, variables: usize, node: usize) -> Step {
        let mut waiting = dependencies(model, variables, node);
        waiting.reverse();
        Step { node, waiting }
    }
}

fn algebra(variables: usize, node: usize) -> Algebra {
    if node < variables {
        Algebra::Variable(VariableId(node as u32))
    } else {
        Algebra::Process(ProcessId((node - variables) as u32))
    }
}

fn dependencies(model: &Model, variables: usize, node: usize) -> Vec<usize> {
    let expr = if node < variables {
        &model.variables[node].expr
    } else {
        &model.processes[node - variables].rate
    };
    let found = std::cell::RefCell::new(Vec::new());
    all_leaves(expr, &|leaf| {
        match leaf {
            Expr::Variable(id) => found.borrow_mut().push(id.index()),
            Expr::Process(id) => found.borrow_mut().push(variables + id.index()),
            _ => {}
        }
        true
    });
    found.into_inner()
}

fn report(model: &Model, variables: usize, node: usize, path: &[Step], out: &mut Vec<Diagnostic>) {
    let name = |node: usize| {
        if node < variables {
            model.variables[node].name.clone()
        } else {
            model.processes[node - variables].name.clone()
        }
    };
    let start = path.iter().position(|step| step.node == node).unwrap_or(0);
    let mut circle: Vec<String> = path[start..].iter().map(|step| name(step.node)).collect();
    circle.push(name(node));
    let span = if node < variables {
        model.variables[node].span.clone()
    } else {
        model.processes[node - variables].span.clone()
    };
    out.push(problem_with_help(
        "cyclic-variables",
        format!("`{}` depends on itself", name(node)),
        span,
        "part of a circle",
        Some(format!(
            "the circle is {}; make one of them a state",
            circle.join(" → ")
        )),
    ));
}
