//! A scene as a PNG of twice its size, painted with plotters.
//!
//! plotters counts whole pixels and does not smooth thick lines. So the scene is painted four times as
//! large and every two by two pixels are averaged: smooth edges and letters in their right places.

use plotters::backend::{BitMapBackend, DrawingBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontTransform, RGBColor, TextStyle};

use super::font::{HEIGHT_PER_EM, face};
use super::{Anchor, Colour, Mark, Point, Scene, Stroke, Text};

/// Pixels of the file per point of the scene.
pub const SCALE: u32 = 2;
/// Painted pixels per pixel of the file, in each direction.
const FINER: u32 = 2;
const PAINTED: f64 = (SCALE * FINER) as f64;

/// The file's bytes.
pub fn png(scene: &Scene) -> Vec<u8> {
    paint_all(scene).expect("memory refuses no pixel")
}

fn paint_all(scene: &Scene) -> Result<Vec<u8>, String> {
    let size = |length: f64| (length.ceil() as u32) * SCALE;
    let (width, height) = (size(scene.width), size(scene.height));
    let painted = (width * FINER, height * FINER);
    let mut pixels = vec![255; painted.0 as usize * painted.1 as usize * 3];
    {
        let mut canvas = BitMapBackend::with_buffer(&mut pixels, painted);
        for mark in &scene.marks {
            paint(&mut canvas, mark)?;
        }
        canvas.present().map_err(in_words)?;
    }
    encode(
        &averaged(&pixels, width as usize, height as usize),
        width,
        height,
    )
}

fn in_words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn averaged(pixels: &[u8], width: usize, height: usize) -> Vec<u8> {
    let finer = FINER as usize;
    let mut small = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            for channel in 0..3 {
                let mut sum = 0;
                for at in 0..finer * finer {
                    let row = y * finer + at / finer;
                    let column = x * finer + at % finer;
                    sum += usize::from(pixels[(row * width * finer + column) * 3 + channel]);
                }
                small.push(((sum + finer * finer / 2) / (finer * finer)) as u8);
            }
        }
    }
    small
}

fn encode(pixels: &[u8], width: u32, height: u32) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(in_words)?;
    writer.write_image_data(pixels).map_err(in_words)?;
    writer.finish().map_err(in_words)?;
    Ok(bytes)
}

fn rgb(colour: Colour) -> RGBColor {
    RGBColor(colour.0, colour.1, colour.2)
}

fn place((x, y): Point) -> (i32, i32) {
    ((x * PAINTED).round() as i32, (y * PAINTED).round() as i32)
}

fn paint(canvas: &mut BitMapBackend, mark: &Mark) -> Result<(), String> {
    match mark {
        Mark::Line { points, stroke } => {
            for piece in dashes(points, stroke.dash) {
                line(canvas, &piece, stroke)?;
            }
            Ok(())
        }
        Mark::Area {
            points,
            fill,
            opacity,
        } => canvas
            .fill_polygon(
                points.iter().map(|point| place(*point)),
                &rgb(*fill).mix(*opacity),
            )
            .map_err(in_words),
        Mark::Dot {
            centre,
            radius,
            fill,
            rim,
        } => {
            let mut disc = |radius: f64, colour: Colour| {
                canvas
                    .draw_circle(
                        place(*centre),
                        (radius * PAINTED).round() as u32,
                        &rgb(colour),
                        true,
                    )
                    .map_err(in_words)
            };
            disc(radius + 0.5 * rim.width, rim.colour)?;
            disc(radius - 0.5 * rim.width, *fill)
        }
        Mark::Text(text) => write(canvas, text),
        Mark::Group { marks, .. } => marks.iter().try_for_each(|mark| paint(canvas, mark)),
    }
}

/// Each segment as a bar and each corner as a disc: joined bars grow spikes beyond sharp peaks.
fn line(canvas: &mut BitMapBackend, points: &[Point], stroke: &Stroke) -> Result<(), String> {
    let colour = rgb(stroke.colour);
    let half = 0.5 * stroke.width;
    for pair in points.windows(2) {
        let ((ax, ay), (bx, by)) = (pair[0], pair[1]);
        let length = (bx - ax).hypot(by - ay);
        if length == 0.0 {
            continue;
        }
        let (nx, ny) = (-(by - ay) / length * half, (bx - ax) / length * half);
        let bar = [
            (ax + nx, ay + ny),
            (bx + nx, by + ny),
            (bx - nx, by - ny),
            (ax - nx, ay - ny),
        ];
        canvas
            .fill_polygon(bar.into_iter().map(place), &colour)
            .map_err(in_words)?;
    }
    let corners = points.get(1..points.len().saturating_sub(1));
    for corner in corners.unwrap_or_default() {
        canvas
            .draw_circle(
                place(*corner),
                (half * PAINTED).floor() as u32,
                &colour,
                true,
            )
            .map_err(in_words)?;
    }
    Ok(())
}

/// The pieces of a line that a dash pattern draws.
fn dashes(points: &[Point], pattern: &[f64]) -> Vec<Vec<Point>> {
    if pattern.is_empty() || points.len() < 2 {
        return vec![points.to_vec()];
    }
    let mut pieces = Vec::new();
    let (mut at, mut left) = (0, pattern[0]);
    let mut piece = vec![points[0]];
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        loop {
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            if length <= left {
                left -= length;
                piece.push(to);
                break;
            }
            let share = left / length;
            from = (
                from.0 + share * (to.0 - from.0),
                from.1 + share * (to.1 - from.1),
            );
            piece.push(from);
            if at % 2 == 0 {
                pieces.push(std::mem::take(&mut piece));
            }
            piece = vec![from];
            at += 1;
            left = pattern[at % pattern.len()];
        }
    }
    if at % 2 == 0 {
        pieces.push(piece);
    }
    pieces
}

fn write(canvas: &mut BitMapBackend, text: &Text) -> Result<(), String> {
    let size = text.size * PAINTED;
    let (transform, shift) = if text.upward {
        (FontTransform::Rotate270, (-1, 0))
    } else {
        (FontTransform::None, (0, -1))
    };
    let h_pos = match text.anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    let colour = rgb(text.colour);
    let style = TextStyle::from(face(size).transform(transform))
        .color(&colour)
        .pos(Pos::new(h_pos, VPos::Top));
    // plotters sets the baseline half a line height below the point it is given.
    let baseline = (0.5 * size * HEIGHT_PER_EM).round() as i32;
    let (x, y) = place(text.at);
    canvas
        .draw_text(
            &text.text,
            &style,
            (x + shift.0 * baseline, y + shift.1 * baseline),
        )
        .map_err(in_words)
}

#[cfg(test)]
mod tests {
    use super::dashes;

    #[test]
    fn dashes_run_on_around_corners() {
        let line = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)];
        let pieces = dashes(&line, &[8.0, 4.0]);
        assert_eq!(pieces.len(), 2);
        assert_eq!(pieces[0], [(0.0, 0.0), (8.0, 0.0)]);
        assert_eq!(pieces[1], [(10.0, 2.0), (10.0, 10.0)]);
    }
}
