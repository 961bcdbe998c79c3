//! What an expression is made of: which leaves, and how many.

use crate::model::types::*;

/// How many leaves an expression has.
pub fn size(expr: &Expr) -> usize {
    let count = std::cell::Cell::new(0);
    all_leaves(expr, &|_| {
        count.set(count.get() + 1);
        true
    });
    count.get()
}

pub fn depends_on_parameters_only(expr: &Expr) -> bool {
    all_leaves(expr, &|leaf| {
        matches!(
            leaf,
            Expr::Number(_) | Expr::Factor(..) | Expr::Parameter(_)
        )
    })
}

pub fn depends_on_parameters_and_inputs_only(expr: &Expr) -> bool {
    all_leaves(expr, &|leaf| {
        matches!(
            leaf,
            Expr::Number(_) | Expr::Factor(..) | Expr::Parameter(_) | Expr::Input(_)
        )
    })
}

/// True if `test` holds for every leaf of an expression.
pub fn all_leaves(expr: &Expr, test: &dyn Fn(&Expr) -> bool) -> bool {
    match expr {
        Expr::Number(_)
        | Expr::Factor(..)
        | Expr::Parameter(_)
        | Expr::Input(_)
        | Expr::State(_)
        | Expr::Variable(_)
        | Expr::Process(_)
        | Expr::Time => test(expr),
        Expr::Negate(a) | Expr::PowerInteger(a, _) | Expr::Call(_, a) => all_leaves(a, test),
        Expr::Add(a, b)
        | Expr::Subtract(a, b)
        | Expr::Multiply(a, b)
        | Expr::Divide(a, b)
        | Expr::Power(a, b)
        | Expr::Minimum(a, b)
        | Expr::Maximum(a, b) => all_leaves(a, test) && all_leaves(b, test),
        Expr::Select(condition, a, b) => {
            condition_leaves(condition, test) && all_leaves(a, test) && all_leaves(b, test)
        }
        Expr::Law(_, _, value) => all_leaves(value, test),
        Expr::Table(_, arguments) => arguments.iter().all(|argument| all_leaves(argument, test)),
    }
}

fn condition_leaves(condition: &Condition, test: &dyn Fn(&Expr) -> bool) -> bool {
    match condition {
        Condition::Less(a, b) | Condition::LessOrEqual(a, b) => {
            all_leaves(a, test) && all_leaves(b, test)
        }
        Condition::And(a, b) | Condition::Or(a, b) => {
            condition_leaves(a, test) && condition_leaves(b, test)
        }
        Condition::Not(a) => condition_leaves(a, test),
    }
}
