//! The network figure: a model's crosstalk edges, drawn from the edges themselves.
//!
//! Comes in: a checked model and the edges' strengths. Goes out: one scene, in
//! bands of what is acted on, module by module: on the left of a band stand the quantities that act, on
//! the right those that are acted on, and the edges run through the gutter between. `layout.rs` finds the places, `draw.rs` the strokes.
//!
//! Promises: one stroke per edge; text never overlaps, because every quantity has rows of its own and
//! edges keep to the gutter; the same model gives the same picture.
//!
//! Start reading at [`scene`].

pub mod draw;
mod layout;

use super::drawing::{Anchor, Scene};
use super::figure::legend;
use super::figure::style::*;
use crate::model::{Edge, EdgeId, Model, Parameter};
use layout::{LEFT_EDGE, Layout, RIGHT_EDGE, WIDTH};

/// One edge as it is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Drawn<'a> {
    pub edge: &'a Edge,
    /// None for claims, which nothing computes.
    pub strength: Option<f64>,
    /// The strength is not the model's own.
    pub changed: bool,
}

/// The whole network. `parameters`: all of a model's, in its order, for the strengths in force.
pub fn scene(model: &Model, parameters: &[f64]) -> Scene {
    let drawn: Vec<Drawn> = model
        .edges
        .iter()
        .map(|edge| {
            let strength = edge.strength.map(|id| parameters[id.index()]);
            let default = edge.strength.map(|id| model.parameters[id.index()].value);
            Drawn {
                edge,
                strength,
                changed: strength != default,
            }
        })
        .collect();
    let title = format!("{}: crosstalk edges", model.title);
    let mut scene = Scene {
        width: WIDTH,
        description: format!(
            "{} edges. Left: what acts. Right: what it acts on.",
            drawn.len()
        ),
        title: title.clone(),
        ..Scene::default()
    };
    let top = legend::title(&mut scene, &title, 6.0);
    let top = legend::legend(&mut scene, &draw::entries(&drawn), top) + 14.0;
    for (x, anchor, text) in [
        (LEFT_EDGE, Anchor::End, "What acts"),
        (RIGHT_EDGE, Anchor::Start, "What it acts on"),
    ] {
        scene.text((x, top), anchor, TEXT_SIZE, text);
    }
    let layout = Layout::of(model, top + 10.0);
    draw::lanes(&mut scene, &layout);
    // Pale ones first, so that what is in force lies on top.
    let off = |at: &EdgeId| drawn[at.index()].strength == Some(0.0);
    let mut order: Vec<EdgeId> = (0..drawn.len() as u32).map(EdgeId).collect();
    order.sort_by_key(|at| (!off(at), drawn[at.index()].strength.is_some()));
    for at in order {
        draw::edge(&mut scene, &drawn[at.index()], layout.ends[at.index()]);
    }
    scene.height = layout.bottom + MARGIN;
    scene
}

/// The strengths that a model has before anyone changes them.
pub fn default_strengths(model: &Model) -> Vec<f64> {
    let value = |parameter: &Parameter| parameter.value;
    model.parameters.iter().map(value).collect()
}
