//! Sizes, colours and dashes that all figures share.

use crate::report::drawing::{Colour, Stroke};

pub const WIDTH: f64 = 900.0;
pub const MARGIN: f64 = 16.0;
pub const PANEL_HEIGHT: f64 = 200.0;

pub const TITLE_SIZE: f64 = 17.0;
pub const TEXT_SIZE: f64 = 13.0;
pub const TICK_SIZE: f64 = 12.0;

pub const AXIS: Stroke = Stroke {
    colour: Colour::BLACK,
    width: 1.0,
    dash: &[],
};
pub const GRID: Stroke = Stroke {
    colour: Colour(232, 232, 232),
    width: 1.0,
    dash: &[],
};

/// What is not an arm: bouts grey, the reference range pale green, measured points without an arm dark.
pub const BOUT: Colour = Colour(222, 222, 222);
pub const REFERENCE: Colour = Colour(0, 158, 115);
pub const REFERENCE_OPACITY: f64 = 0.12;
/// Between lowest and highest of swings that no line can show.
pub const BAND_OPACITY: f64 = 0.2;
pub const OBSERVED: Colour = Colour(60, 60, 60);
pub const EXPECTED: Colour = Colour(170, 170, 170);

/// Okabe & Ito 2008, without the yellow that vanishes on white; told apart in every common colour
/// blindness.
const COLOURS: [Colour; 7] = [
    Colour(0, 114, 178),
    Colour(213, 94, 0),
    Colour(0, 158, 115),
    Colour(204, 121, 167),
    Colour(86, 180, 233),
    Colour(230, 159, 0),
    Colour(60, 60, 60),
];

/// Five patterns against seven colours: thirty-five arms before a pair repeats.
const DASHES: [&[f64]; 5] = [
    &[],
    &[9.0, 4.0],
    &[2.5, 3.0],
    &[12.0, 3.0, 2.5, 3.0],
    &[5.0, 2.5],
];

pub fn arm_colour(arm: usize) -> Colour {
    COLOURS[arm % COLOURS.len()]
}

pub fn arm_stroke(arm: usize) -> Stroke {
    Stroke {
        colour: arm_colour(arm),
        width: 1.8,
        dash: DASHES[arm % DASHES.len()],
    }
}
