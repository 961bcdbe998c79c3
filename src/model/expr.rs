//! What an expression is directly made of: the one place that knows how each kind is put together, for all
//! that walk through expressions.

use super::types::{Condition, Expr};

/// The parts of an expression, shared or (`mut`) to be changed.
macro_rules! parts_of {
    ($expr:expr $(, $mutable:tt)?) => {{
        let (pair, list): ([Option<&$($mutable)? Expr>; 2], &$($mutable)? [Expr]) = match $expr {
            Expr::Number(_)
            | Expr::Factor(..)
            | Expr::Parameter(_)
            | Expr::Input(_)
            | Expr::State(_)
            | Expr::Variable(_)
            | Expr::Process(_)
            | Expr::Time => ([None, None], &$($mutable)? []),
            Expr::Negate(a) | Expr::PowerInteger(a, _) | Expr::Call(_, a) | Expr::Law(_, _, a) => {
                ([Some(a), None], &$($mutable)? [])
            }
            Expr::Add(a, b)
            | Expr::Subtract(a, b)
            | Expr::Multiply(a, b)
            | Expr::Divide(a, b)
            | Expr::Power(a, b)
            | Expr::Minimum(a, b)
            | Expr::Maximum(a, b)
            | Expr::Select(_, a, b) => ([Some(a), Some(b)], &$($mutable)? []),
            Expr::Table(_, arguments) => ([None, None], arguments),
        };
        pair.into_iter().flatten().chain(list)
    }};
}

impl Expr {
    /// The expressions that this one is directly made of; for a law, what it comes to. A condition is no part:
    /// see [`Condition::sides`].
    pub fn parts(&self) -> impl Iterator<Item = &Expr> {
        parts_of!(self)
    }

    /// The same, to be changed.
    pub fn parts_mut(&mut self) -> impl Iterator<Item = &mut Expr> {
        parts_of!(self, mut)
    }

    /// Whether it is made of nothing else.
    pub fn is_leaf(&self) -> bool {
        self.parts().next().is_none()
    }
}

impl Condition {
    /// Everything that it compares.
    pub fn sides(&self) -> Vec<&Expr> {
        match self {
            Condition::Less(a, b) | Condition::LessOrEqual(a, b) => vec![a, b],
            Condition::And(a, b) | Condition::Or(a, b) => [a.sides(), b.sides()].concat(),
            Condition::Not(a) => a.sides(),
        }
    }
}
