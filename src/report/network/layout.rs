//! Places: on each side lanes of modules from top to bottom, quantities in them, and for every edge the
//! two ports at which it leaves and arrives.

use std::collections::BTreeMap;

use crate::model::{EdgeId, Model};
use crate::report::drawing::{Point, font};
use crate::report::words;

pub const WIDTH: f64 = 1080.0;
/// Where the quantities' texts end on the left and begin on the right.
pub const LEFT_EDGE: f64 = 290.0;
pub const RIGHT_EDGE: f64 = 790.0;
/// Between the quantity and its stroke on the left: room for the edge's tag.
pub const TAG_WIDTH: f64 = 74.0;
pub const NODE_SIZE: f64 = 12.0;
pub const NODE_LINE: f64 = 15.0;
const PORT: f64 = 13.0;
const LANE_GAP: f64 = 10.0;
const TEXT_WIDTH: f64 = 262.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Left,
    Right,
}

/// A quantity that acts or is acted on.
#[derive(Debug, Clone)]
pub struct Node {
    module: String,
    pub side: Side,
    /// The title, wrapped.
    pub lines: Vec<String>,
    edges: Vec<EdgeId>,
    pub top: f64,
    pub height: f64,
}

#[derive(Debug, Clone)]
pub struct Lane {
    /// Wrapped.
    pub title: Vec<String>,
    pub side: Side,
    pub top: f64,
    pub bottom: f64,
    /// Indices into [`Layout::nodes`], from top to bottom.
    pub nodes: Vec<usize>,
}

#[derive(Debug, Clone)]
pub struct Layout {
    pub nodes: Vec<Node>,
    pub lanes: Vec<Lane>,
    /// One per edge of the model: where its stroke begins and ends.
    pub ends: Vec<(Point, Point)>,
    pub bottom: f64,
}

impl Layout {
    pub fn of(model: &Model, top: f64) -> Layout {
        let nodes = nodes(model);
        let mut layout = Layout {
            ends: vec![((0.0, 0.0), (0.0, 0.0)); model.edges.len()],
            bottom: top,
            lanes: lanes(model, &nodes),
            nodes,
        };
        layout.settle(top);
        layout
    }

    /// Orders quantities within their lane by the mean height of what they are joined to, side by side
    /// in turn. A few rounds are enough; their number is fixed so that the result is.
    fn settle(&mut self, top: f64) {
        for round in 0..8 {
            self.bottom = place(&mut self.lanes, &mut self.nodes, top);
            self.connect();
            let (nodes, ends) = (&self.nodes, &self.ends);
            let height = |node: &usize| -> f64 {
                let edges = &nodes[*node].edges;
                let far = edges.iter().map(|edge| match nodes[*node].side {
                    Side::Left => ends[edge.index()].1.1,
                    Side::Right => ends[edge.index()].0.1,
                });
                far.sum::<f64>() / edges.len() as f64
            };
            let side = [Side::Left, Side::Right][round % 2];
            for lane in self.lanes.iter_mut().filter(|lane| lane.side == side) {
                lane.nodes.sort_by(|a, b| height(a).total_cmp(&height(b)));
            }
        }
        self.bottom = place(&mut self.lanes, &mut self.nodes, top);
        self.connect();
    }

    /// Gives every edge a port at both of its quantities; ports of a quantity in the order of the far
    /// ends, so that its edges do not cross at once.
    fn connect(&mut self) {
        let middle = |node: &Node| node.top + 0.5 * node.height;
        let mut far = vec![(0.0, 0.0); self.ends.len()];
        for node in &self.nodes {
            for edge in &node.edges {
                match node.side {
                    Side::Left => far[edge.index()].0 = middle(node),
                    Side::Right => far[edge.index()].1 = middle(node),
                }
            }
        }
        for node in &self.nodes {
            let mut edges = node.edges.clone();
            let other = |edge: &EdgeId| match node.side {
                Side::Left => far[edge.index()].1,
                Side::Right => far[edge.index()].0,
            };
            edges.sort_by(|a, b| other(a).total_cmp(&other(b)).then(a.cmp(b)));
            let first = middle(node) - 0.5 * PORT * (edges.len() - 1) as f64;
            for (at, edge) in edges.iter().enumerate() {
                let y = first + PORT * at as f64;
                match node.side {
                    Side::Left => self.ends[edge.index()].0 = (LEFT_EDGE + TAG_WIDTH, y),
                    Side::Right => self.ends[edge.index()].1 = (RIGHT_EDGE - 8.0, y),
                }
            }
        }
    }
}

/// Quantities in the order in which the model's edges name them.
fn nodes(model: &Model) -> Vec<Node> {
    let mut known: BTreeMap<(Side, String), usize> = BTreeMap::new();
    let mut nodes: Vec<Node> = Vec::new();
    for (at, edge) in model.edges.iter().enumerate() {
        let home = edge.name.split('.').next().unwrap_or_default();
        for (side, text) in [(Side::Left, &edge.from), (Side::Right, &edge.onto)] {
            let name = dotted(text, home);
            let node = *known.entry((side, name.clone())).or_insert_with(|| {
                nodes.push(Node {
                    module: name.split('.').next().unwrap_or_default().to_string(),
                    side,
                    lines: font::wrap(&title(model, &name), NODE_SIZE, TEXT_WIDTH),
                    edges: Vec::new(),
                    top: 0.0,
                    height: 0.0,
                });
                nodes.len() - 1
            });
            nodes[node].edges.push(EdgeId(at as u32));
        }
    }
    for node in &mut nodes {
        let ports = node.edges.len() as f64 * PORT;
        node.height = ports.max(node.lines.len() as f64 * NODE_LINE) + 7.0;
    }
    nodes
}

/// `processes.release` of module `fibre` → `fibre.release`.
fn dotted(text: &str, home: &str) -> String {
    let kinds = [
        "processes.",
        "variables.",
        "states.",
        "parameters.",
        "inputs.",
    ];
    let name = kinds
        .iter()
        .find_map(|kind| text.strip_prefix(kind))
        .unwrap_or(text);
    if name.contains('.') {
        name.to_string()
    } else {
        format!("{home}.{name}")
    }
}

fn title(model: &Model, name: &str) -> String {
    if let Some(column) = model.column(name) {
        return model.column_title(column);
    }
    let parameter = model
        .parameter(name)
        .map(|id| &model.parameters[id.index()]);
    parameter
        .and_then(|parameter| parameter.title.clone())
        .unwrap_or_else(|| words::plain(name))
}

/// On each side one lane per module that has a quantity there, in the model's order; what belongs to no
/// module comes last.
fn lanes(model: &Model, nodes: &[Node]) -> Vec<Lane> {
    let modules = model.modules.iter();
    let mut names: Vec<(&str, &str)> = modules
        .map(|m| (m.name.as_str(), m.title.as_str()))
        .collect();
    for node in nodes {
        if names.iter().all(|(name, _)| *name != node.module) {
            names.push((&node.module, &node.module));
        }
    }
    let mut lanes = Vec::new();
    for side in [Side::Left, Side::Right] {
        for (name, title) in &names {
            let all = nodes.iter().enumerate();
            let here: Vec<usize> = all
                .filter(|(_, node)| node.side == side && node.module == *name)
                .map(|(at, _)| at)
                .collect();
            if !here.is_empty() {
                lanes.push(Lane {
                    title: font::wrap(title, NODE_SIZE, TEXT_WIDTH),
                    side,
                    top: 0.0,
                    bottom: 0.0,
                    nodes: here,
                });
            }
        }
    }
    lanes
}

/// Stacks the lanes of each side and the quantities in them, the lanes of the shorter side farther apart,
/// so that a module's lanes stand nearly opposite; where the longer side ends.
fn place(lanes: &mut [Lane], nodes: &mut [Node], top: f64) -> f64 {
    let heading = |lane: &Lane| lane.title.len() as f64 * NODE_LINE + 6.0;
    let height = |lane: &Lane, nodes: &[Node]| -> f64 {
        let inside: f64 = lane.nodes.iter().map(|node| nodes[*node].height).sum();
        heading(lane) + inside + 4.0
    };
    let total = |side: Side| -> f64 {
        let own = lanes.iter().filter(|lane| lane.side == side);
        own.map(|lane| height(lane, nodes) + LANE_GAP).sum::<f64>() - LANE_GAP
    };
    let totals = [total(Side::Left), total(Side::Right)];
    let longest = totals[0].max(totals[1]);
    for (side, total) in [Side::Left, Side::Right].into_iter().zip(totals) {
        let count = lanes.iter().filter(|lane| lane.side == side).count();
        let apart = (longest - total) / count.max(1) as f64;
        let mut y = top + 0.5 * apart;
        for lane in lanes.iter_mut().filter(|lane| lane.side == side) {
            (lane.top, lane.bottom) = (y, y + height(lane, nodes));
            let mut inside = y + heading(lane);
            for &node in &lane.nodes {
                nodes[node].top = inside;
                inside += nodes[node].height;
            }
            y = lane.bottom + LANE_GAP + apart;
        }
    }
    top + longest
}
