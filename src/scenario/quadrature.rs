//! Where to look at a trajectory so that its mean follows from few places.

/// Three-point Gauss–Legendre on [−1, 1].
const NODES: [(f64, f64); 3] = [
    (-0.774_596_669_241_483_4, 5.0 / 9.0),
    (0.0, 8.0 / 9.0),
    (0.774_596_669_241_483_4, 5.0 / 9.0),
];

/// Each piece is longer than the one before it by this factor: what a breakpoint sets off is fastest right
/// after it.
const GROWTH: f64 = 1.4;

/// Nodes and weights that integrate over [first, last] of `ends` (ascending, the breakpoints between them
/// included). No piece crosses an end; the first piece after each is at most `finest` long, and none much
/// longer than `longest`.
pub fn nodes(ends: &[f64], finest: f64, longest: f64) -> Vec<(f64, f64)> {
    let mut nodes = Vec::new();
    for pair in ends.windows(2) {
        let (mut from, mut length) = (pair[0], finest);
        while from < pair[1] {
            // A remnant would be shorter than what comes before it: it joins the last piece.
            let rest = pair[1] - from;
            let to = if rest < length * (1.0 + GROWTH) {
                pair[1]
            } else {
                from + length
            };
            let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
            nodes.extend(NODES.map(|(place, weight)| (middle + half * place, half * weight)));
            from = to;
            length = (length * GROWTH).min(longest);
        }
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::nodes;

    /// Claim: a decay that starts at every end integrates to its exact value.
    #[test]
    fn a_decay_after_each_end_is_integrated_exactly() {
        let ends = [0.0, 0.0015, 0.2, 0.2015, 1.0];
        let nodes = nodes(&ends, 0.0002, f64::INFINITY);
        let start = |t: f64| ends.iter().rev().find(|end| **end <= t).copied();
        let decay = |t: f64| (-(t - start(t).unwrap_or(0.0)) / 0.001).exp();
        let sum: f64 = nodes.iter().map(|(t, weight)| weight * decay(*t)).sum();
        let exact: f64 = ends
            .windows(2)
            .map(|pair| 0.001 * (1.0 - (-(pair[1] - pair[0]) / 0.001).exp()))
            .sum();
        assert!((sum / exact - 1.0).abs() < 1e-5, "{sum} is not {exact}");
        let length: f64 = nodes.iter().map(|(_, weight)| weight).sum();
        assert!((length - 1.0).abs() < 1e-12);
        assert!(nodes.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
