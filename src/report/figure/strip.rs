//! Where a value stands on the strip of a laboratory marker, and in which zone.
//!
//! In: cut-offs and values. Out: shares of a strip, 0 on the left. Cut-offs stand at the same places on every
//! strip; lack is on the left, whether it lowers a marker or raises it. Between cut-offs a strip is linear from 0
//! on; beyond the last one it closes up, so that any value finds a place.

use crate::model::Band;
use crate::report::status::Level;
use crate::report::words;

/// Where the lower end of the adequate range stands, and its upper end, as shares of a strip.
pub const LOW: f64 = 0.42;
pub const HIGH: f64 = 0.80;
/// Where deficient ends, if there is an insufficient range above it.
pub const BETWEEN: f64 = 0.22;

/// Cut-offs with their places on the strip, from left to right: falling values where lack rises.
pub fn cuts(band: &Band) -> Vec<(f64, f64)> {
    let deficient = band.deficient_below.or(band.deficient_above);
    let insufficient = band.insufficient_below.or(band.insufficient_above);
    let low = match (deficient, insufficient) {
        (Some(deficient), Some(insufficient)) => vec![(BETWEEN, deficient), (LOW, insufficient)],
        (Some(only), None) | (None, Some(only)) => vec![(LOW, only)],
        (None, None) => Vec::new(),
    };
    let high = band.high_above.map(|value| (HIGH, value));
    low.into_iter().chain(high).collect()
}

/// From, to and meaning of each part of a strip.
pub fn zones(band: &Band) -> Vec<(f64, f64, Level)> {
    let mut ends: Vec<f64> = cuts(band).into_iter().map(|(share, _)| share).collect();
    ends.push(1.0);
    let levels = [
        (
            band.deficient_below.or(band.deficient_above).is_some(),
            Level::Deficient,
        ),
        (
            band.insufficient_below
                .or(band.insufficient_above)
                .is_some(),
            Level::Insufficient,
        ),
        (true, Level::Adequate),
        (band.high_above.is_some(), Level::High),
    ];
    let levels = levels.into_iter().filter(|(has, _)| *has);
    let mut from = 0.0;
    let mut zones = Vec::new();
    for ((_, level), to) in levels.zip(ends) {
        zones.push((from, to, level));
        from = to;
    }
    zones
}

/// Where a value stands on the strip, 0 to 1; never falls while the value rises, or never rises where lack
/// does.
pub fn place(band: &Band, value: f64) -> f64 {
    if band.lack_rises() {
        return place_of_rising(band, value);
    }
    let mut before = (0.0, 0.0);
    for (share, cut) in cuts(band) {
        if value <= cut {
            let part = (value - before.1) / (cut - before.1).max(f64::MIN_POSITIVE);
            return (before.0 + part * (share - before.0)).clamp(0.0, 1.0);
        }
        before = (share, cut);
    }
    // Beyond the last cut-off: halfway at twice its value, never off the strip.
    let (share, cut) = before;
    let beyond = if cut > 0.0 { 1.0 - cut / value } else { 0.5 };
    (share + beyond * (0.985 - share)).clamp(0.0, 1.0)
}

/// Most on the left, nothing on the right.
fn place_of_rising(band: &Band, value: f64) -> f64 {
    let cuts = cuts(band);
    let (first, most) = cuts[0];
    if value > most {
        // Halfway to the edge at twice the cut-off.
        return (first * most / value).clamp(0.015, 1.0);
    }
    let mut before = cuts[0];
    for (share, cut) in cuts[1..].iter().copied().chain([(1.0, 0.0)]) {
        if value >= cut {
            let part = (before.1 - value) / (before.1 - cut);
            return (before.0 + part * (share - before.0)).clamp(0.0, 0.985);
        }
        before = (share, cut);
    }
    0.985
}

/// Three significant digits; less than a hundredth of every cut-off is nothing.
pub fn at_a_glance(band: &Band, value: f64) -> String {
    let cuts = band.limits();
    let least = cuts.iter().flatten().fold(f64::INFINITY, |a, b| a.min(*b));
    short(if value.abs() < 0.01 * least {
        0.0
    } else {
        value
    })
}

/// Three significant digits.
pub fn short(value: f64) -> String {
    let rounded: f64 = format!("{value:.2e}").parse().unwrap_or(value);
    words::number(rounded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Origin;

    fn band(deficient: Option<f64>, insufficient: Option<f64>, high: Option<f64>) -> Band {
        Band {
            people: None,
            deficient_below: deficient,
            insufficient_below: insufficient,
            high_above: high,
            insufficient_above: None,
            deficient_above: None,
            origin: Origin::Assumed("a test".to_string()),
        }
    }

    fn rising(insufficient: Option<f64>, deficient: Option<f64>) -> Band {
        Band {
            insufficient_above: insufficient,
            deficient_above: deficient,
            ..band(None, None, None)
        }
    }

    /// Claim: a sign stands in the zone that its value belongs to, and moves right as the value rises, or left
    /// where lack rises.
    #[test]
    fn values_stand_in_their_zone_in_order() {
        let bands = [
            band(Some(15.0), Some(35.0), Some(200.0)),
            band(Some(137.0), None, None),
            band(None, None, Some(3.0)),
            band(None, Some(40.0), Some(125.0)),
            rising(Some(12.0), Some(15.0)),
            rising(None, Some(250.0)),
            rising(Some(195.0), None),
        ];
        for band in &bands {
            let way = if band.lack_rises() { -1.0 } else { 1.0 };
            let mut before = -2.0;
            for step in 0..4000 {
                let value = f64::from(step) * 0.25;
                let at = way * place(band, value);
                assert!(
                    at >= before && (0.0..=1.0).contains(&at.abs()),
                    "{value} at {at}"
                );
                before = at;
                let at = at.abs();
                let on_cut = cuts(band).iter().any(|(_, cut)| *cut == value);
                let level = Level::of(band, value);
                let zone = zones(band).into_iter().find(|(.., l)| *l == level);
                let (from, to, _) = zone.expect("every level of a value has a zone");
                assert!(on_cut || (from..=to).contains(&at), "{value} at {at}");
            }
        }
    }
}
