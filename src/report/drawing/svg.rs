//! A scene as SVG text: real dashes, fractions of a pixel, titles for screen readers.

use std::fmt::Write;

use super::font::{FAMILY, rule};
use super::{Anchor, Colour, Mark, Point, Scene, Stroke, Text};
use crate::report::page::escape;

/// Whether the font travels inside the file, or the page around it carries the font once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Font {
    Inside,
    FromPage,
}

pub fn svg(scene: &Scene, font: Font) -> String {
    let (width, height) = (scene.width, scene.height);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
         role=\"img\" aria-label=\"{title}\" font-family=\"&quot;{FAMILY}&quot;, sans-serif\">\n\
         <title>{title}</title>\n<desc>{description}</desc>\n",
        w = short(width),
        h = short(height),
        title = escape(&scene.title),
        description = escape(&scene.description),
    );
    if font == Font::Inside {
        let _ = writeln!(out, "<style>{}</style>", rule());
    }
    let _ = writeln!(
        out,
        "<rect width=\"{}\" height=\"{}\" fill=\"#ffffff\"/>",
        short(width),
        short(height)
    );
    for mark in &scene.marks {
        draw(mark, &mut out);
    }
    out.push_str("</svg>\n");
    out
}

fn draw(mark: &Mark, out: &mut String) {
    let _ = match mark {
        Mark::Line { points, stroke } => writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" {} stroke-linejoin=\"round\"/>",
            places(points),
            outline(stroke)
        ),
        Mark::Area {
            points,
            fill,
            opacity,
        } => writeln!(
            out,
            "<polygon points=\"{}\" fill=\"{}\" fill-opacity=\"{}\"/>",
            places(points),
            hex(*fill),
            short(*opacity)
        ),
        Mark::Dot {
            centre,
            radius,
            fill,
            rim,
        } => writeln!(
            out,
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{}\" {}/>",
            short(centre.0),
            short(centre.1),
            short(*radius),
            hex(*fill),
            outline(rim)
        ),
        Mark::Text(text) => writeln!(out, "{}", words(text)),
        Mark::Group {
            class,
            title,
            marks,
        } => {
            let _ = writeln!(out, "<g class=\"{}\">", escape(class));
            if !title.is_empty() {
                let _ = writeln!(out, "<title>{}</title>", escape(title));
            }
            for mark in marks {
                draw(mark, out);
            }
            writeln!(out, "</g>")
        }
    };
}

fn words(text: &Text) -> String {
    let (x, y) = (short(text.at.0), short(text.at.1));
    let anchor = match text.anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    let turn = if text.upward {
        format!(" transform=\"rotate(-90 {x} {y})\"")
    } else {
        String::new()
    };
    format!(
        "<text x=\"{x}\" y=\"{y}\" font-size=\"{}\" text-anchor=\"{anchor}\" fill=\"{}\"{turn}>{}</text>",
        short(text.size),
        hex(text.colour),
        escape(&text.text)
    )
}

fn outline(stroke: &Stroke) -> String {
    let mut text = format!(
        "stroke=\"{}\" stroke-width=\"{}\"",
        hex(stroke.colour),
        short(stroke.width)
    );
    if !stroke.dash.is_empty() {
        let lengths: Vec<String> = stroke.dash.iter().map(|length| short(*length)).collect();
        let _ = write!(text, " stroke-dasharray=\"{}\"", lengths.join(" "));
    }
    text
}

fn places(points: &[Point]) -> String {
    let pair = |(x, y): &Point| format!("{},{}", short(*x), short(*y));
    points.iter().map(pair).collect::<Vec<_>>().join(" ")
}

fn hex(colour: Colour) -> String {
    format!("#{:02x}{:02x}{:02x}", colour.0, colour.1, colour.2)
}

/// Hundredths of a point are finer than any printer; without trailing zeros or a negative zero.
fn short(value: f64) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    format!("{}", if rounded == 0.0 { 0.0 } else { rounded })
}
