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

/// True if `test` holds for every leaf of an expression, those of conditions included.
pub fn all_leaves(expr: &Expr, test: &dyn Fn(&Expr) -> bool) -> bool {
    if expr.is_leaf() {
        return test(expr);
    }
    let condition = match expr {
        Expr::Select(condition, ..) => condition.sides(),
        _ => Vec::new(),
    };
    let mut all = condition.into_iter().chain(expr.parts());
    all.all(|part| all_leaves(part, test))
}
