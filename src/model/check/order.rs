//! An evaluation order of variables and processes; cycles among them are refused.

use super::lower::all_leaves;
use crate::diagnostics::Diagnostic;
use crate::model::file::problem_with_help;
use crate::model::types::*;

/// Fills [`Model::order`].
pub fn check(model: &mut Model, out: &mut Vec<Diagnostic>) {
    let variables = model.variables.len();
    let count = variables + model.processes.len();
    let mut mark = vec![Mark::New; count];
    let mut order = Vec::with_capacity(count);
    let mut path = Vec::new();
    for node in 0..count {
        visit(
            model, variables, node, &mut mark, &mut order, &mut path, out,
        );
    }
    model.order = order;
}

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    New,
    Open,
    Done,
}

fn visit(
    model: &Model,
    variables: usize,
    node: usize,
    mark: &mut [Mark],
    order: &mut Vec<Algebra>,
    path: &mut Vec<usize>,
    out: &mut Vec<Diagnostic>,
) {
    match mark[node] {
        Mark::Done => return,
        Mark::Open => {
            report(model, variables, node, path, out);
            return;
        }
        Mark::New => {}
    }
    mark[node] = Mark::Open;
    path.push(node);
    for next in dependencies(model, variables, node) {
        visit(model, variables, next, mark, order, path, out);
    }
    path.pop();
    mark[node] = Mark::Done;
    order.push(if node < variables {
        Algebra::Variable(VariableId(node as u32))
    } else {
        Algebra::Process(ProcessId((node - variables) as u32))
    });
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

fn report(model: &Model, variables: usize, node: usize, path: &[usize], out: &mut Vec<Diagnostic>) {
    let name = |node: usize| {
        if node < variables {
            model.variables[node].name.clone()
        } else {
            model.processes[node - variables].name.clone()
        }
    };
    let start = path.iter().position(|other| *other == node).unwrap_or(0);
    let mut circle: Vec<String> = path[start..].iter().map(|node| name(*node)).collect();
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
