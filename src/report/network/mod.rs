//! The network figure: a model's crosstalk edges, drawn from the edges themselves.
//!
//! Comes in: a checked model and the edges' strengths. Goes out: one scene. Systems of the body stand in
//! columns; in each, on the left stands what acts, on the right what it acts on, and the edges run through
//! the gutter between. `layout.rs` says what stands in which system, `place.rs` where, `draw.rs` draws.
//!
//! Promises: one stroke per edge; text never overlaps, because every quantity has rows of its own and
//! edges keep to the gutter; the same model gives the same picture.
//!
//! Start reading at [`scene`].

pub mod draw;
mod layout;
mod place;

use super::drawing::Scene;
use super::figure::legend;
use super::figure::style::*;
use crate::model::{Edge, EdgeId, EdgeKind, Model, Parameter};
use layout::Layout;

/// One edge as it is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Drawn<'a> {
    pub edge: &'a Edge,
    /// None for claims, which nothing computes.
    pub strength: Option<f64>,
    /// The strength is not the model's own.
    pub changed: bool,
    /// Nothing of it is in force.
    pub off: bool,
}

/// How wide the picture may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// As near to a printed page as columns of systems come.
    Page,
    /// One column, for a reader who scrolls.
    Scroll,
}

/// The whole network. `parameters`: all of a model's, in its order, for the strengths in force.
pub fn scene(model: &Model, parameters: &[f64], shape: Shape) -> Scene {
    let drawn: Vec<Drawn> = model
        .edges
        .iter()
        .map(|edge| drawn(model, edge, parameters))
        .collect();
    let mut layout = Layout::of(model);
    let columns = match shape {
        Shape::Scroll => 1,
        // A title and two rows of legend: what they take is known only once the width is.
        Shape::Page => layout.fitting_columns(8.0 * TEXT_SIZE),
    };
    let title = format!("{}: crosstalk edges by system", model.title);
    let mut scene = Scene {
        width: layout::width(columns),
        description: format!(
            "{} edges. Left: what acts. Right: what it acts on.",
            drawn.len()
        ),
        title: title.clone(),
        ..Scene::default()
    };
    let top = legend::title(&mut scene, &title, 6.0);
    let top = legend::legend(&mut scene, &draw::entries(&drawn), top);
    let top = draw::reading(&mut scene, drawn.len(), top) + 8.0;
    layout.settle(columns, top);
    draw::systems(&mut scene, &layout, &drawn);
    // Pale ones first, so that what is in force lies on top.
    let mut order: Vec<EdgeId> = (0..drawn.len() as u32).map(EdgeId).collect();
    order.sort_by_key(|at| {
        let drawn = &drawn[at.index()];
        (!drawn.off, drawn.strength.is_some())
    });
    for at in order {
        draw::edge(&mut scene, &drawn[at.index()], layout.ends[at.index()]);
    }
    scene.height = layout.bottom + MARGIN;
    scene
}

fn drawn<'a>(model: &'a Model, edge: &'a Edge, parameters: &[f64]) -> Drawn<'a> {
    let strength = |edge: &Edge| edge.strength.map(|id| parameters[id.index()]);
    let default = edge.strength.map(|id| model.parameters[id.index()].value);
    // A claim that is made of others is as they are: nothing switches it alone.
    let silent = |edge: &Edge| strength(edge).map_or(!edge.on, |strength| strength == 0.0);
    let mut members = edge.made_of.iter().map(|id| &model.edges[id.index()]);
    Drawn {
        edge,
        strength: strength(edge),
        changed: strength(edge) != default,
        off: match edge.kind {
            EdgeKind::Claim if !edge.made_of.is_empty() => members.all(silent),
            _ => silent(edge),
        },
    }
}

/// The strengths that a model has before anyone changes them.
pub fn default_strengths(model: &Model) -> Vec<f64> {
    let value = |parameter: &Parameter| parameter.value;
    model.parameters.iter().map(value).collect()
}
