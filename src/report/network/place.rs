//! Places: systems stacked in even columns, quantities within a system in an
//! order and at heights that keep strokes level, and for every edge the two ports at which it leaves and
//! arrives.

use super::layout::{
    COLUMN, COLUMN_GAP, LEFT_EDGE, Layout, Node, RIGHT_EDGE, Side, TAG_WIDTH, width,
};
use crate::report::figure::style::MARGIN;

/// From the top of a system to its first quantity.
pub const HEADING: f64 = 23.0;
const SYSTEM_GAP: f64 = 8.0;
const FOOT: f64 = 3.0;
/// Rounds of ordering: few are enough, and their number is fixed so that the result is.
const ROUNDS: usize = 12;

/// Height over width of the pages that papers are printed on (ISO 216).
const PROPORTION: f64 = std::f64::consts::SQRT_2;

impl Layout {
    /// As many columns as bring the page nearest to the proportion of a printed one. `above`: height
    /// of what stands over the systems.
    pub fn fitting_columns(&self, above: f64) -> usize {
        let off = |columns: &usize| {
            let heights = self.split(*columns).into_iter().map(|(height, _)| height);
            let tallest = heights.fold(0.0, f64::max);
            ((above + tallest) / width(*columns) / PROPORTION)
                .ln()
                .abs()
        };
        let most = self.systems.len().clamp(1, 6);
        (1..=most)
            .min_by(|a, b| off(a).total_cmp(&off(b)))
            .unwrap_or(1)
    }

    /// Finds every place below `top`.
    pub fn settle(&mut self, columns: usize, top: f64) {
        self.stack(columns, top);
        for round in 0..ROUNDS {
            self.fill();
            self.connect();
            self.order([Side::Left, Side::Right][round % 2]);
        }
        self.fill();
        self.connect();
        for side in [Side::Right, Side::Left] {
            self.level(side);
            self.connect();
        }
    }

    fn tall(&self, nodes: &[usize]) -> f64 {
        nodes.iter().map(|node| self.nodes[*node].height).sum()
    }

    /// What the system needs, its gap to the next one included.
    fn height(&self, system: usize) -> f64 {
        let system = &self.systems[system];
        let inside = self.tall(&system.acting).max(self.tall(&system.acted_on));
        HEADING + inside + FOOT + SYSTEM_GAP
    }

    /// The systems of each column: the tallest goes first to the emptiest one, and each column keeps the
    /// model's order.
    fn split(&self, columns: usize) -> Vec<(f64, Vec<usize>)> {
        let mut split = vec![(0.0_f64, Vec::new()); columns];
        let mut order: Vec<usize> = (0..self.systems.len()).collect();
        order.sort_by(|a, b| self.height(*b).total_cmp(&self.height(*a)));
        for system in order {
            let emptiest = split
                .iter_mut()
                .min_by(|a, b| a.0.total_cmp(&b.0))
                .expect("there is a column");
            emptiest.0 += self.height(system);
            emptiest.1.push(system);
        }
        for (_, systems) in &mut split {
            systems.sort();
        }
        // Read from the left, the picture begins with what the model begins with.
        split.sort_by_key(|(_, systems)| systems.first().copied());
        split
    }

    fn stack(&mut self, columns: usize, top: f64) {
        self.bottom = top;
        for (column, (_, systems)) in self.split(columns).into_iter().enumerate() {
            let mut y = top;
            for at in systems {
                let height = self.height(at);
                let system = &mut self.systems[at];
                system.left = MARGIN + column as f64 * (COLUMN + COLUMN_GAP);
                (system.top, system.bottom) = (y, y + height - SYSTEM_GAP);
                y += height;
            }
            self.bottom = self.bottom.max(y - SYSTEM_GAP);
        }
    }

    /// Sets quantities below each other, those of the emptier side in the middle of their system.
    fn fill(&mut self) {
        for at in 0..self.systems.len() {
            let system = &self.systems[at];
            let (first, last) = (system.top + HEADING, system.bottom - FOOT);
            for nodes in [system.acting.clone(), system.acted_on.clone()] {
                let mut y = first + 0.5 * (last - first - self.tall(&nodes));
                for node in nodes {
                    self.nodes[node].top = y;
                    y += self.nodes[node].height;
                }
            }
        }
    }

    /// Mean height of what a quantity is joined to.
    fn pull(&self, node: &Node) -> f64 {
        let far = node.edges.iter().map(|edge| match node.side {
            Side::Left => self.ends[edge.index()].1.1,
            Side::Right => self.ends[edge.index()].0.1,
        });
        far.sum::<f64>() / node.edges.len() as f64
    }

    /// Orders the quantities of one side by the mean height of what they are joined to.
    fn order(&mut self, side: Side) {
        for at in 0..self.systems.len() {
            let mut nodes = self.side(at, side).to_vec();
            nodes.sort_by(|a, b| {
                let (a, b) = (&self.nodes[*a], &self.nodes[*b]);
                self.pull(a).total_cmp(&self.pull(b))
            });
            match side {
                Side::Left => self.systems[at].acting = nodes,
                Side::Right => self.systems[at].acted_on = nodes,
            }
        }
    }

    /// Moves the quantities of one side, in their order, as near as there is room to the height of what
    /// they are joined to.
    fn level(&mut self, side: Side) {
        for at in 0..self.systems.len() {
            let nodes = self.side(at, side).to_vec();
            let mut least = self.systems[at].top + HEADING;
            for node in &nodes {
                let wanted = self.pull(&self.nodes[*node]) - 0.5 * self.nodes[*node].height;
                self.nodes[*node].top = wanted.max(least);
                least = self.nodes[*node].top + self.nodes[*node].height;
            }
            let mut most = self.systems[at].bottom - FOOT;
            for node in nodes.iter().rev() {
                let node = &mut self.nodes[*node];
                node.top = node.top.min(most - node.height);
                most = node.top;
            }
        }
    }

    fn side(&self, system: usize, side: Side) -> &[usize] {
        match side {
            Side::Left => &self.systems[system].acting,
            Side::Right => &self.systems[system].acted_on,
        }
    }

    /// Gives every edge a port at both of its quantities; ports of a quantity in the order of the far
    /// ends, so that its edges do not cross at once.
    fn connect(&mut self) {
        let mut far = vec![(0.0, 0.0); self.ends.len()];
        for node in &self.nodes {
            for edge in &node.edges {
                match node.side {
                    Side::Left => far[edge.index()].0 = node.middle(),
                    Side::Right => far[edge.index()].1 = node.middle(),
                }
            }
        }
        for system in &self.systems {
            for node in system.acting.iter().chain(&system.acted_on) {
                let node = &self.nodes[*node];
                let mut edges = node.edges.clone();
                let other = |edge: usize| match node.side {
                    Side::Left => far[edge].1,
                    Side::Right => far[edge].0,
                };
                edges.sort_by(|a, b| {
                    let (first, second) = (other(a.index()), other(b.index()));
                    first.total_cmp(&second).then(a.cmp(b))
                });
                for (edge, y) in edges.iter().zip(node.ports()) {
                    let ends = &mut self.ends[edge.index()];
                    match node.side {
                        Side::Left => ends.0 = (system.left + LEFT_EDGE + TAG_WIDTH, y),
                        Side::Right => ends.1 = (system.left + RIGHT_EDGE - 8.0, y),
                    }
                }
            }
        }
    }
}
