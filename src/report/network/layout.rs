//! What stands where in words: systems of the body in the model's order, in each on the left what acts and
//! on the right what it acts on. An edge stands in the system of what it acts on; a quantity that acts on
//! several systems stands in each of them, so that no stroke leaves its system.

use std::collections::BTreeMap;

use crate::model::{Edge, EdgeId, Model, Module};
use crate::report::drawing::{Point, font};
use crate::report::figure::style::{MARGIN, TICK_SIZE};
use crate::report::words;

/// Width of a column of systems, and what is left free between two.
pub const COLUMN: f64 = 822.0;
pub const COLUMN_GAP: f64 = 28.0;
/// Within a column: where texts end on the left and begin on the right.
pub const LEFT_EDGE: f64 = 286.0;
pub const RIGHT_EDGE: f64 = 546.0;
/// Between a text on the left and its strokes: room for the edges' tags.
pub const TAG_WIDTH: f64 = 76.0;
pub const NODE_SIZE: f64 = TICK_SIZE;
pub const NODE_LINE: f64 = 13.0;
const PORT: f64 = 12.5;
const NODE_GAP: f64 = 1.5;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Left,
    Right,
}

/// A quantity that acts or is acted on.
#[derive(Debug, Clone)]
pub struct Node {
    pub side: Side,
    /// The title, wrapped.
    pub lines: Vec<String>,
    pub edges: Vec<EdgeId>,
    pub top: f64,
    pub height: f64,
}

impl Node {
    pub fn middle(&self) -> f64 {
        self.top + 0.5 * self.height
    }

    /// Heights at which its edges leave or arrive, from top to bottom.
    pub fn ports(&self) -> impl Iterator<Item = f64> {
        let first = self.middle() - 0.5 * PORT * (self.edges.len() - 1) as f64;
        (0..self.edges.len()).map(move |at| first + PORT * at as f64)
    }
}

/// What stands together under one heading.
#[derive(Debug, Clone)]
pub struct System {
    pub title: String,
    /// Of its column.
    pub left: f64,
    pub top: f64,
    pub bottom: f64,
    /// Indices into [`Layout::nodes`], from top to bottom.
    pub acting: Vec<usize>,
    pub acted_on: Vec<usize>,
}

#[derive(Debug, Clone)]
pub struct Layout {
    pub nodes: Vec<Node>,
    /// In the model's order; the number of one is its place here plus one.
    pub systems: Vec<System>,
    /// One per edge of the model: where its stroke begins and ends.
    pub ends: Vec<(Point, Point)>,
    pub bottom: f64,
}

/// As wide as this many columns need.
pub fn width(columns: usize) -> f64 {
    2.0 * MARGIN + columns as f64 * (COLUMN + COLUMN_GAP) - COLUMN_GAP
}

impl Layout {
    /// Everything but the places, which `place.rs` finds.
    pub fn of(model: &Model) -> Layout {
        let mut layout = Layout {
            nodes: Vec::new(),
            systems: systems(model),
            ends: vec![((0.0, 0.0), (0.0, 0.0)); model.edges.len()],
            bottom: 0.0,
        };
        layout.add_nodes(model);
        layout
    }

    /// Quantities in the order in which the model's edges name them.
    fn add_nodes(&mut self, model: &Model) {
        let mut known: BTreeMap<(usize, Side, String), usize> = BTreeMap::new();
        for (at, edge) in model.edges.iter().enumerate() {
            let (from, onto) = ends(edge);
            let system = self.number(&system_of(model, &onto));
            for (side, name) in [(Side::Left, from), (Side::Right, onto)] {
                let next = self.nodes.len();
                let node = *known.entry((system, side, name)).or_insert(next);
                if node == next {
                    self.nodes.push(Node::new(side));
                    match side {
                        Side::Left => self.systems[system].acting.push(node),
                        Side::Right => self.systems[system].acted_on.push(node),
                    }
                }
                self.nodes[node].edges.push(EdgeId(at as u32));
            }
        }
        self.systems.retain(|system| !system.acting.is_empty());
        // Numbers are known only now that systems without edges are gone.
        let named: Vec<(String, usize)> = known
            .into_iter()
            .map(|((_, _, name), node)| (name, node))
            .collect();
        let texts = self.texts(model, &named);
        for (node, text) in texts {
            self.nodes[node].write(&text);
        }
    }

    /// What stands at each node: its title, the number of its own system where that is another, its
    /// module where titles alone would leave two quantities side by side with one name.
    fn texts(&self, model: &Model, named: &[(String, usize)]) -> Vec<(usize, String)> {
        let names: BTreeMap<usize, &str> = named.iter().map(|(n, node)| (*node, &**n)).collect();
        let mut texts = Vec::new();
        for system in &self.systems {
            for side in [&system.acting, &system.acted_on] {
                let titles: Vec<String> = side.iter().map(|n| title(model, names[n])).collect();
                for (node, title) in side.iter().zip(&titles) {
                    let mut text = title.clone();
                    if titles.iter().filter(|other| *other == title).count() > 1 {
                        text.push_str(&format!(", {}", module_title(model, names[node])));
                    }
                    let own = system_of(model, names[node]);
                    let number = self.systems.iter().position(|other| other.title == own);
                    match number {
                        Some(at) if own != system.title => text.push_str(&format!(" ({})", at + 1)),
                        None => text.push_str(&format!(" ({})", words::lower_first(&own))),
                        _ => {}
                    }
                    texts.push((*node, text));
                }
            }
        }
        texts
    }

    /// The place of a system in the list; one that no module of the model belongs to comes last.
    fn number(&mut self, title: &str) -> usize {
        let known = self.systems.iter().position(|s| s.title == title);
        known.unwrap_or_else(|| {
            self.systems.push(System::new(title));
            self.systems.len() - 1
        })
    }
}

impl Node {
    fn new(side: Side) -> Node {
        Node {
            side,
            lines: Vec::new(),
            edges: Vec::new(),
            top: 0.0,
            height: 0.0,
        }
    }

    fn write(&mut self, text: &str) {
        let most = match self.side {
            Side::Left => LEFT_EDGE,
            Side::Right => COLUMN - RIGHT_EDGE,
        };
        self.lines = font::wrap(text, NODE_SIZE, most - 6.0);
        let ports = self.edges.len() as f64 * PORT;
        self.height = ports.max(self.lines.len() as f64 * NODE_LINE) + NODE_GAP;
    }
}

impl System {
    fn new(title: &str) -> System {
        System {
            title: title.to_string(),
            left: 0.0,
            top: 0.0,
            bottom: 0.0,
            acting: Vec::new(),
            acted_on: Vec::new(),
        }
    }
}

/// In the order in which the model's modules first name them.
fn systems(model: &Model) -> Vec<System> {
    let mut systems: Vec<System> = Vec::new();
    for module in &model.modules {
        let title = title_of_system(module);
        if systems.iter().all(|system| system.title != title) {
            systems.push(System::new(title));
        }
    }
    systems
}

/// A module that names no system stands for itself.
fn title_of_system(module: &Module) -> &str {
    module.system.as_deref().unwrap_or(&module.title)
}

fn module<'a>(model: &'a Model, name: &str) -> Option<&'a Module> {
    let prefix = name.split('.').next().unwrap_or_default();
    model.modules.iter().find(|module| module.name == prefix)
}

/// By the module of a dotted name; that module's name where the model does not hold it.
fn system_of(model: &Model, name: &str) -> String {
    let known = module(model, name).map(|module| title_of_system(module).to_string());
    known.unwrap_or_else(|| name.split('.').next().unwrap_or_default().to_string())
}

fn module_title(model: &Model, name: &str) -> String {
    let title = module(model, name).map(|module| words::lower_first(&module.title));
    title.unwrap_or_default()
}

/// Dotted names of what acts and what it acts on.
fn ends(edge: &Edge) -> (String, String) {
    let home = edge.name.split('.').next().unwrap_or_default();
    (dotted(&edge.from, home), dotted(&edge.onto, home))
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
