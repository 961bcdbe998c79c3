//! A drawing as data: lines, areas, dots and texts on a page measured in points, laid out once and then
//! written as SVG (`svg.rs`) or painted as PNG (`png.rs`), so that both show the same picture.
//!
//! Comes in: marks with coordinates; x to the right, y downward, text on its baseline. Goes out: bytes.
//! Promises: the same marks give the same bytes; texts are measured with the font they are drawn in, so
//! a layout that keeps boxes apart keeps them apart on every machine. Not known here: runs and models.
//!
//! Start reading at [`Scene`].

pub mod font;
pub mod png;
pub mod svg;

/// One picture, background white.
#[derive(Debug, Clone, Default)]
pub struct Scene {
    pub width: f64,
    pub height: f64,
    /// What a screen reader says first, and the rest of it.
    pub title: String,
    pub description: String,
    /// Later ones lie over earlier ones.
    pub marks: Vec<Mark>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub u8, pub u8, pub u8);

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stroke {
    pub colour: Colour,
    pub width: f64,
    /// Lengths drawn and left out in turn; empty for a solid line.
    pub dash: &'static [f64],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

pub type Point = (f64, f64);

#[derive(Debug, Clone)]
pub enum Mark {
    Line {
        points: Vec<Point>,
        stroke: Stroke,
    },
    /// A closed shape.
    Area {
        points: Vec<Point>,
        fill: Colour,
        opacity: f64,
    },
    Dot {
        centre: Point,
        radius: f64,
        fill: Colour,
        rim: Stroke,
    },
    Text(Text),
    /// Marks that mean one thing together: a class for programs, a title for people who point at it.
    Group {
        class: String,
        title: String,
        marks: Vec<Mark>,
    },
}

#[derive(Debug, Clone)]
pub struct Text {
    /// Where the baseline starts, has its middle, or ends.
    pub at: Point,
    pub anchor: Anchor,
    /// Height of the em square.
    pub size: f64,
    pub colour: Colour,
    /// Reads upward instead of to the right.
    pub upward: bool,
    pub text: String,
}

/// Left, top, right, bottom.
pub type Bounds = (f64, f64, f64, f64);

impl Text {
    pub fn bounds(&self) -> Bounds {
        let width = font::width(&self.text, self.size);
        let start = match self.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -0.5 * width,
            Anchor::End => -width,
        };
        let (x, y) = self.at;
        // Ascenders and descenders of the letters, not of the tallest accent.
        let (above, below) = (0.76 * self.size, 0.22 * self.size);
        if self.upward {
            (x - above, y - start - width, x + below, y - start)
        } else {
            (x + start, y - above, x + start + width, y + below)
        }
    }
}

impl Colour {
    pub const BLACK: Colour = Colour(0, 0, 0);
    pub const WHITE: Colour = Colour(255, 255, 255);

    /// Mixed with white: 0 is white, 1 the colour itself. Lines stay opaque that way, so that the
    /// overlap of two strokes is no darker than either.
    pub fn tint(self, share: f64) -> Colour {
        let mix = |c: u8| (255.0 + (f64::from(c) - 255.0) * share).round() as u8;
        Colour(mix(self.0), mix(self.1), mix(self.2))
    }
}

impl Stroke {
    pub fn solid(colour: Colour, width: f64) -> Stroke {
        Stroke {
            colour,
            width,
            dash: &[],
        }
    }
}

/// A rectangle as the corners of a closed shape.
pub fn rectangle((left, top, right, bottom): Bounds) -> Vec<Point> {
    vec![(left, top), (right, top), (right, bottom), (left, bottom)]
}

impl Scene {
    pub fn line(&mut self, points: Vec<Point>, stroke: Stroke) {
        self.marks.push(Mark::Line { points, stroke });
    }

    pub fn area(&mut self, points: Vec<Point>, fill: Colour, opacity: f64) {
        self.marks.push(Mark::Area {
            points,
            fill,
            opacity,
        });
    }

    /// Black text that reads to the right.
    pub fn text(&mut self, at: Point, anchor: Anchor, size: f64, text: &str) {
        self.marks.push(Mark::Text(Text {
            at,
            anchor,
            size,
            colour: Colour::BLACK,
            upward: false,
            text: text.to_string(),
        }));
    }

    /// Every text of the picture, groups included.
    pub fn texts(&self) -> Vec<&Text> {
        fn collect<'a>(marks: &'a [Mark], found: &mut Vec<&'a Text>) {
            for mark in marks {
                match mark {
                    Mark::Text(text) => found.push(text),
                    Mark::Group { marks, .. } => collect(marks, found),
                    _ => {}
                }
            }
        }
        let mut found = Vec::new();
        collect(&self.marks, &mut found);
        found
    }
}
