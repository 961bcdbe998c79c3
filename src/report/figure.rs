//! Figures as a physiology paper prints them, drawn with plotters: one panel per quantity, bouts as pale
//! bars, doses as ticks, the reference range as a band, arms in colours and dashes that survive colour
//! blindness (Okabe & Ito 2008).

use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

use crate::model::Column;
use crate::scenario::measure::{evaluate, series};
use crate::scenario::{Figure, FigureKind, RunResult, Shown, resolve::shown_column};

const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(60, 60, 60),
];

/// (length of a dash, gap) per arm; 0 = solid.
const DASHES: [(i32, i32); 7] = [(0, 0), (10, 5), (3, 4), (14, 4), (6, 6), (2, 3), (8, 3)];

const WIDTH: u32 = 900;
const PANEL: u32 = 270;
const HEAD: u32 = 70;

/// All figures of a run: (file name, bytes), SVG and PNG.
pub fn draw(result: &RunResult) -> Vec<(String, Vec<u8>)> {
    // Registering again is harmless; the face is part of the program.
    let _ = register_font(
        "sans-serif",
        FontStyle::Normal,
        include_bytes!("../../assets/fonts/DejaVuSans.ttf"),
    );
    let figures = if result.scenario.figures.is_empty() {
        usual(result)
    } else {
        result.scenario.figures.clone()
    };
    let mut files = Vec::new();
    for (at, figure) in figures.iter().enumerate() {
        let panels = if figure.kind == FigureKind::Curve {
            1
        } else {
            figure.show.len().max(1) as u32
        };
        let size = (WIDTH, HEAD + panels * PANEL);
        let mut svg = String::new();
        let drawn = paint(
            &SVGBackend::with_string(&mut svg, size).into_drawing_area(),
            result,
            figure,
        );
        if drawn.is_ok() {
            files.push((format!("figure_{}.svg", at + 1), svg.into_bytes()));
        }
        let mut pixels = vec![255; (size.0 * size.1 * 3) as usize];
        let drawn = paint(
            &BitMapBackend::with_buffer(&mut pixels, size).into_drawing_area(),
            result,
            figure,
        );
        if let (Ok(()), Some(png)) = (drawn, png(&pixels, size)) {
            files.push((format!("figure_{}.png", at + 1), png));
        }
    }
    files
}

fn png(pixels: &[u8], (width, height): (u32, u32)) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().ok()?.write_image_data(pixels).ok()?;
    Some(bytes)
}

/// Without figures of its own a scenario shows its biomarkers, six at most.
fn usual(result: &RunResult) -> Vec<Figure> {
    let model = &result.model;
    let show: Vec<Shown> = (0..model.biomarkers.len().min(6))
        .map(|at| {
            shown_column(
                Column::Biomarker(crate::model::BiomarkerId(at as u32)),
                None,
                model,
            )
        })
        .collect();
    vec![Figure {
        title: result.scenario.title.clone(),
        kind: FigureKind::Time,
        show,
        from_s: 0.0,
        to_s: result.scenario.duration_s,
        x_title: None,
        measure: None,
        measure_title: None,
    }]
}

type Drawn = Result<(), String>;

fn words<E: std::fmt::Display>(error: E) -> String {
    error.to_string()
}

fn paint<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    result: &RunResult,
    figure: &Figure,
) -> Drawn {
    area.fill(&WHITE).map_err(words)?;
    let (head, body) = area.split_vertically(HEAD);
    head.draw_text(
        &figure.title,
        &("sans-serif", 20).into_text_style(&head),
        (16, 8),
    )
    .map_err(words)?;
    if figure.kind == FigureKind::Curve {
        curve(&body, result, figure)?;
    } else {
        legend(&head, result)?;
        let panels = body.split_evenly((figure.show.len().max(1), 1));
        for (at, (panel, shown)) in panels.iter().zip(&figure.show).enumerate() {
            time_panel(panel, result, figure, shown, at + 1 == figure.show.len())?;
        }
    }
    area.present().map_err(words)
}

fn legend<DB: DrawingBackend>(head: &DrawingArea<DB, Shift>, result: &RunResult) -> Drawn {
    if result.scenario.arms.len() < 2 {
        return Ok(());
    }
    let mut x = 16;
    for (at, arm) in result.scenario.arms.iter().enumerate() {
        line(head, vec![(x, 52), (x + 34, 52)], at)?;
        head.draw_text(
            &arm.name,
            &("sans-serif", 14).into_text_style(head),
            (x + 40, 44),
        )
        .map_err(words)?;
        x += 60 + 9 * arm.name.chars().count() as i32;
    }
    Ok(())
}

fn line<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    points: Vec<(i32, i32)>,
    arm: usize,
) -> Drawn {
    let style = COLOURS[arm % COLOURS.len()].stroke_width(2);
    match DASHES[arm % DASHES.len()] {
        (0, _) => area.draw(&PathElement::new(points, style)).map_err(words),
        (dash, gap) => area
            .draw(&DashedPathElement::new(points, dash, gap, style))
            .map_err(words),
    }
}

/// A unit of time that gives readable numbers, and its length in seconds.
fn time_scale(span_s: f64) -> (&'static str, f64) {
    match span_s {
        s if s > 3.0 * 86_400.0 => ("d", 86_400.0),
        s if s > 3.0 * 3600.0 => ("h", 3600.0),
        s if s > 180.0 => ("min", 60.0),
        s if s > 3.0 => ("s", 1.0),
        _ => ("ms", 1e-3),
    }
}

fn axis_title(shown: &Shown) -> String {
    match shown.display.pretty() {
        unit if unit.is_empty() => shown.title.clone(),
        unit => format!("{} ({unit})", shown.title),
    }
}

fn time_panel<DB: DrawingBackend>(
    panel: &DrawingArea<DB, Shift>,
    result: &RunResult,
    figure: &Figure,
    shown: &Shown,
    last: bool,
) -> Drawn {
    let (unit, second) = time_scale(figure.to_s - figure.from_s);
    let (from, to) = (figure.from_s / second, figure.to_s / second);
    let lines: Vec<Vec<(f64, f64)>> = result
        .arms
        .iter()
        .map(|arm| match &arm.outcome {
            Ok(run) => run
                .times
                .iter()
                .zip(series(&result.program, run, shown.column))
                .filter(|(time, _)| **time >= figure.from_s && **time <= figure.to_s)
                .map(|(time, value)| (time / second, value * shown.factor))
                .collect(),
            Err(_) => Vec::new(),
        })
        .collect();
    let (low, high) = span(lines.iter().flatten().map(|(_, y)| *y));
    let mut chart = ChartBuilder::on(panel)
        .margin(12)
        .x_label_area_size(if last { 44 } else { 26 })
        .y_label_area_size(78)
        .build_cartesian_2d(from..to, low..high)
        .map_err(words)?;
    // Behind everything: the reference range, then bouts.
    if let Some((a, b)) = reference_band(result, shown) {
        let band = Rectangle::new(
            [(from, a.clamp(low, high)), (to, b.clamp(low, high))],
            RGBColor(0, 158, 115).mix(0.10).filled(),
        );
        chart.draw_series([band]).map_err(words)?;
    }
    let arm = &result.scenario.arms[0];
    for bout in arm
        .bouts
        .iter()
        .filter(|bout| bout.to_s >= figure.from_s && bout.from_s <= figure.to_s)
    {
        let (a, b) = (
            (bout.from_s / second).max(from),
            (bout.to_s / second).min(to),
        );
        chart
            .draw_series([Rectangle::new(
                [(a, low), (b, high)],
                BLACK.mix(0.09).filled(),
            )])
            .map_err(words)?;
    }
    let title = axis_title(shown);
    let mut mesh = chart.configure_mesh();
    mesh.disable_x_mesh()
        .light_line_style(WHITE.mix(0.0))
        .bold_line_style(BLACK.mix(0.08));
    mesh.label_style(("sans-serif", 13))
        .axis_desc_style(("sans-serif", 14))
        .y_desc(title)
        .y_labels(6);
    let x_title = format!("Time ({unit})");
    if last {
        mesh.x_desc(x_title);
    }
    mesh.draw().map_err(words)?;
    for (at, points) in lines.into_iter().enumerate() {
        let style = COLOURS[at % COLOURS.len()].stroke_width(2);
        match DASHES[at % DASHES.len()] {
            (0, _) => chart.draw_series(segments(&points, style)).map_err(words)?,
            (dash, gap) => chart
                .draw_series(DashedLineSeries::new(points, dash, gap, style))
                .map_err(words)?,
        };
    }
    let tick = (high - low) * 0.05;
    for dose in arm
        .doses
        .iter()
        .filter(|dose| (figure.from_s..=figure.to_s).contains(&dose.at_s))
    {
        let x = dose.at_s / second;
        chart
            .draw_series([PathElement::new(
                vec![(x, low), (x, low + tick)],
                BLACK.stroke_width(2),
            )])
            .map_err(words)?;
    }
    Ok(())
}

fn reference_band(result: &RunResult, shown: &Shown) -> Option<(f64, f64)> {
    let Column::Biomarker(id) = shown.column else {
        return None;
    };
    let people = &result.scenario.arms[0].people;
    let bands = &result.model.biomarkers[id.index()].bands;
    let band = bands
        .iter()
        .find(|b| b.people.as_ref() == Some(people))
        .or_else(|| bands.iter().find(|b| b.people.is_none()))?;
    let low = band
        .insufficient_below
        .or(band.deficient_below)
        .unwrap_or(f64::MIN);
    let high = band.high_above.unwrap_or(f64::MAX);
    Some((low * shown.factor, high * shown.factor))
}

/// The range of values with some air, never empty.
fn span(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.filter(|value| value.is_finite()) {
        (low, high) = (low.min(value), high.max(value));
    }
    if low > high {
        return (0.0, 1.0);
    }
    // A line that hardly moves is drawn as one that does not.
    let least = 0.02 * low.abs().max(high.abs()).max(1e-12);
    let air = 0.06 * (high - low).max(least);
    (
        if low >= 0.0 && low < 0.4 * high {
            0.0
        } else {
            low - air
        },
        high + air,
    )
}

/// A measure against the arms' places on the x axis.
fn curve<DB: DrawingBackend>(
    panel: &DrawingArea<DB, Shift>,
    result: &RunResult,
    figure: &Figure,
) -> Drawn {
    let Some(measure) = &figure.measure else {
        return Ok(());
    };
    let mut points = Vec::new();
    let mut x_unit = String::new();
    for (at, arm) in result.scenario.arms.iter().enumerate() {
        if let Some((x, unit)) = &arm.x
            && let Ok(y) = evaluate(measure, &result.program, &result.arms, at)
        {
            x_unit = unit.pretty();
            points.push((*x, y));
        }
    }
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (x_low, x_high) = span(points.iter().map(|(x, _)| *x));
    let (low, high) = span(points.iter().map(|(_, y)| *y));
    let mut chart = ChartBuilder::on(panel)
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(78)
        .build_cartesian_2d(x_low..x_high, low..high)
        .map_err(words)?;
    let with_unit = |title: &str, unit: &str| {
        if unit.is_empty() {
            title.to_string()
        } else {
            format!("{title} ({unit})")
        }
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(WHITE.mix(0.0))
        .bold_line_style(BLACK.mix(0.08))
        .label_style(("sans-serif", 13))
        .axis_desc_style(("sans-serif", 14))
        .x_desc(with_unit(
            figure.x_title.as_deref().unwrap_or("Arm"),
            &x_unit,
        ))
        .y_desc(with_unit(
            figure.measure_title.as_deref().unwrap_or("Measure"),
            &measure.unit.pretty(),
        ))
        .draw()
        .map_err(words)?;
    chart
        .draw_series(LineSeries::new(points.clone(), COLOURS[0].stroke_width(2)))
        .map_err(words)?;
    let marks = points
        .into_iter()
        .map(|point| Circle::new(point, 4, COLOURS[0].filled()));
    chart.draw_series(marks).map_err(words)?;
    Ok(())
}

/// A line as separate strokes: joined ones grow spikes beyond sharp peaks.
fn segments(
    points: &[(f64, f64)],
    style: ShapeStyle,
) -> impl Iterator<Item = PathElement<(f64, f64)>> {
    points
        .windows(2)
        .map(move |pair| PathElement::new(pair.to_vec(), style))
}
