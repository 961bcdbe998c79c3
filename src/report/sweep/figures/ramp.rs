//! Numbers as colours: one ramp from pale to dark for quantities, one with a neutral middle for changes of
//! either sign. Both climb in lightness, so they survive grey print and every common colour blindness.

use crate::report::drawing::Colour;

/// Nodes of viridis (van der Walt & Smith 2015), dark to light: perceptually even steps.
const SEQUENTIAL: [Colour; 9] = [
    Colour(68, 1, 84),
    Colour(72, 40, 120),
    Colour(62, 74, 137),
    Colour(49, 104, 142),
    Colour(38, 130, 142),
    Colour(31, 158, 137),
    Colour(53, 183, 121),
    Colour(110, 206, 88),
    Colour(253, 231, 37),
];

/// Blue, white, orange: the first two colours of the arms at either end.
const DIVERGING: [Colour; 5] = [
    Colour(0, 84, 140),
    Colour(120, 178, 214),
    Colour(247, 247, 247),
    Colour(238, 160, 104),
    Colour(176, 72, 0),
];

/// How a range of numbers is coloured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ramp {
    pub low: f64,
    pub high: f64,
    diverging: bool,
}

impl Ramp {
    /// For these numbers: about zero where both signs are there to a good part.
    pub fn of(values: impl Iterator<Item = f64>) -> Ramp {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|value| value.is_finite()) {
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        let diverging = low < -0.1 * high.abs() && high > 0.1 * low.abs();
        if diverging {
            let size = high.max(-low);
            (low, high) = (-size, size);
        } else if high - low < 1e-12 * high.abs().max(1e-300) {
            high = low + low.abs().max(1.0);
        }
        Ramp {
            low,
            high,
            diverging,
        }
    }

    /// For shares of a whole.
    pub fn shares() -> Ramp {
        Ramp {
            low: 0.0,
            high: 1.0,
            diverging: false,
        }
    }

    pub fn colour(&self, value: f64) -> Colour {
        let nodes: &[Colour] = if self.diverging {
            &DIVERGING
        } else {
            &SEQUENTIAL
        };
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        let place = share * (nodes.len() - 1) as f64;
        let at = (place.floor() as usize).min(nodes.len() - 2);
        let part = place - at as f64;
        let mix =
            |a: u8, b: u8| (f64::from(a) + part * (f64::from(b) - f64::from(a))).round() as u8;
        let (a, b) = (nodes[at], nodes[at + 1]);
        Colour(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Claim: what is more is lighter in the ramp of quantities (relative luminance, ITU-R BT.709).
    #[test]
    fn lightness_climbs() {
        let ramp = Ramp::of([2.0, 5.0].into_iter());
        let light = |value: f64| {
            let Colour(r, g, b) = ramp.colour(value);
            0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b)
        };
        let steps: Vec<f64> = (0..=30).map(|k| light(2.0 + 0.1 * f64::from(k))).collect();
        assert!(steps.windows(2).all(|pair| pair[1] > pair[0]), "{steps:?}");
    }

    #[test]
    fn zero_is_neutral_where_both_signs_are() {
        let ramp = Ramp::of([-4.0, 6.0].into_iter());
        assert_eq!((ramp.low, ramp.high), (-6.0, 6.0));
        assert_eq!(ramp.colour(0.0), Colour(247, 247, 247));
        assert!(!Ramp::of([0.0, 6.0].into_iter()).diverging);
    }
}
