//! Places: one band per module that is acted on, from top to bottom; in it on the left what acts, with its
//! own module's title where that is another, on the right what it acts on, and for every edge the two
//! ports at which it leaves and arrives. A quantity that acts on several modules stands in each of their
//! bands, so that no stroke leaves its band.

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
    /// Of the band in which it stands.
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
    module: String,
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
    let mut known: BTreeMap<(Side, String, String), usize> = BTreeMap::new();
    let mut nodes: Vec<Node> = Vec::new();
    for (at, edge) in model.edges.iter().enumerate() {
        let home = module_of(&edge.name);
        let onto = dotted(&edge.onto, home);
        let band = module_of(&onto);
        for (side, name) in [
            (Side::Left, dotted(&edge.from, home)),
            (Side::Right, onto.clone()),
        ] {
            let key = (side, band.to_string(), name.clone());
            let node = *known.entry(key).or_insert_with(|| {
                let mut text = title(model, &name);
                let module = model.modules.iter().find(|m| m.name == module_of(&name));
                if let Some(module) = module.filter(|module| module.name != band) {
                    text.push_str(&format!(" ({})", words::lower_first(&module.title)));
                }
                nodes.push(Node {
                    module: band.to_string(),
                    side,
                    lines: font::wrap(&text, NODE_SIZE, TEXT_WIDTH),
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

fn module_of(name: &str) -> &str {
    name.split('.').next().unwrap_or_default()
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

/// On each side one lane per band, in the model's order of modules; what belongs to no module comes last.
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
                    module: name.to_string(),
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

/// Stacks the bands: both lanes of a module side by side and equally high, the quantities of the emptier
/// one in its middle; where the last band ends.
fn place(lanes: &mut [Lane], nodes: &mut [Node], top: f64) -> f64 {
    let heading = |lane: &Lane| lane.title.len() as f64 * NODE_LINE + 6.0;
    let inside = |lane: &Lane, nodes: &[Node]| -> f64 {
        lane.nodes.iter().map(|node| nodes[*node].height).sum()
    };
    let mut y = top;
    let mut bands: Vec<Vec<usize>> = Vec::new();
    for at in 0..lanes.len() {
        let of_its_module = |band: &&mut Vec<usize>| lanes[band[0]].module == lanes[at].module;
        match bands.iter_mut().find(of_its_module) {
            Some(band) => band.push(at),
            None => bands.push(vec![at]),
        }
    }
    for band in bands {
        let tallest = band.iter().map(|at| inside(&lanes[*at], nodes));
        let tallest = tallest.fold(0.0, f64::max);
        let bottom = y + heading(&lanes[band[0]]) + tallest + 4.0;
        for at in band {
            let lane = &mut lanes[at];
            (lane.top, lane.bottom) = (y, bottom);
            let mut next = y + heading(lane) + 0.5 * (tallest - inside(lane, nodes));
            for &node in &lane.nodes {
                nodes[node].top = next;
                next += nodes[node].height;
            }
        }
        y = bottom + LANE_GAP;
    }
    y - LANE_GAP
}
