//! Time stepping: [`drive`] runs members through lanes, `lane` knows one member's schedule and step
//! size, `events` finds what happens between steps, [`step`] makes one step with the coefficients in
//! [`rodas5p`], [`control`] tests its error, [`explicit`] offers Dopri5 and Dop853.

pub mod control;
pub mod drive;
mod events;
pub mod explicit;
mod lane;
pub mod rodas5p;
pub mod step;
