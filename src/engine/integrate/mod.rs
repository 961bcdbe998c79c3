//! Time stepping: [`rodas5p`] holds the coefficients, [`step`] makes one step, [`drive`] runs a member
//! over its breakpoints, [`control`] chooses step sizes, [`explicit`] offers Dopri5 and Dop853.

pub mod control;
pub mod drive;
pub mod explicit;
pub mod rodas5p;
pub mod step;
