//! Which time course to run and what to show → SED-ML Level 1 Version 3, the version that most tools read.

use super::names;
use super::xml::Element;
use crate::model::{Column, Model};
use crate::scenario::{FigureKind, Scenario};
use crate::units::Unit;

const SEDML: &str = "http://sed-ml.org/sed-ml/level1/version3";
const MATHML: &str = "http://www.w3.org/1998/Math/MathML";

/// A scenario's time course: one SBML file per arm.
pub struct Course<'a> {
    pub model: &'a Model,
    pub scenario: &'a Scenario,
    /// (arm, name of its file), in the scenario's order.
    pub arms: &'a [(String, String)],
}

/// A quantity that is reported and drawn.
struct Shown {
    id: String,
    title: String,
    unit: String,
}

/// The document.
pub fn sedml(course: &Course) -> String {
    let shown = shown(course);
    let models = course.arms.iter().enumerate().map(|(k, (arm, file))| {
        Element::new("model")
            .with("id", format!("model_{}", k + 1))
            .with("name", arm.as_str())
            .with("language", "urn:sedml:language:sbml.level-3.version-2")
            .with("source", file.as_str())
    });
    let tasks = (1..=course.arms.len()).map(|k| {
        Element::new("task")
            .with("id", format!("task_{k}"))
            .with("modelReference", format!("model_{k}"))
            .with("simulationReference", "course")
    });
    let generators = (1..=course.arms.len()).flat_map(|k| {
        let time = time_generator(course, k);
        let rest = shown.iter().map(move |shown| generator(k, shown));
        std::iter::once(time).chain(rest)
    });
    Element::new("sedML")
        .with("xmlns", SEDML)
        .with("xmlns:sbml", super::SBML)
        .with("level", "1")
        .with("version", "3")
        .child(Element::new("listOfSimulations").child(simulation(course)))
        .child(Element::new("listOfModels").children(models))
        .child(Element::new("listOfTasks").children(tasks))
        .child(Element::new("listOfDataGenerators").children(generators.collect::<Vec<_>>()))
        .child(Element::new("listOfOutputs").children(outputs(course, &shown)))
        .document()
}

/// What the figures show; what laboratories report where there is no figure.
fn shown(course: &Course) -> Vec<Shown> {
    let figures = course
        .scenario
        .figures
        .iter()
        .filter(|f| f.kind == FigureKind::Time);
    let mut columns: Vec<Column> = Vec::new();
    for shown in figures.flat_map(|figure| &figure.show) {
        if !columns.contains(&shown.column) && !matches!(shown.column, Column::Input(_)) {
            columns.push(shown.column);
        }
    }
    let model = course.model;
    if columns.is_empty() {
        let markers = 0..model.biomarkers.len() as u32;
        columns.extend(markers.map(|at| Column::Biomarker(crate::model::BiomarkerId(at))));
    }
    if columns.is_empty() {
        let states = 0..model.states.len() as u32;
        columns.extend(states.map(|at| Column::State(crate::model::StateId(at))));
    }
    let each = |column: &Column| Shown {
        id: names::column(model, *column),
        title: model.column_title(*column),
        unit: model.column_unit(*column).text.clone(),
    };
    columns.iter().map(each).collect()
}

fn simulation(course: &Course) -> Element {
    let scenario = course.scenario;
    let points = scenario.table_times.len().saturating_sub(1).max(1);
    let parameter = |kisao: &str, value: f64| {
        Element::new("algorithmParameter")
            .with("kisaoID", kisao)
            .with("value", value.to_string())
    };
    // CVODE, relative tolerance and most steps between two points.
    let algorithm = Element::new("algorithm")
        .with("kisaoID", "KISAO:0000019")
        .child(
            Element::new("listOfAlgorithmParameters")
                .child(parameter("KISAO:0000209", 1e-8))
                .child(parameter("KISAO:0000211", 1e-10))
                .child(parameter("KISAO:0000415", 1e6)),
        );
    Element::new("uniformTimeCourse")
        .with("id", "course")
        .with("name", scenario.title.as_str())
        .with("initialTime", "0")
        .with("outputStartTime", "0")
        .with("outputEndTime", scenario.duration_s.to_string())
        .with("numberOfPoints", points.to_string())
        .child(algorithm)
}

fn math(formula: Element) -> Element {
    Element::new("math").with("xmlns", MATHML).child(formula)
}

/// Time in the scenario's unit.
fn time_generator(course: &Course, task: usize) -> Element {
    let unit = &course.scenario.time_unit;
    let second = Unit::parse("s").expect("s is a unit");
    let per_unit = unit.ratio_to(&second).unwrap_or(1.0);
    let variable = Element::new("variable")
        .with("id", format!("time_{task}__s"))
        .with("symbol", "urn:sedml:symbol:time")
        .with("taskReference", format!("task_{task}"));
    let scaled = Element::new("apply")
        .child(Element::new("divide"))
        .child(Element::new("ci").text(format!("time_{task}__s")))
        .child(Element::new("cn").text(per_unit.to_string()));
    Element::new("dataGenerator")
        .with("id", format!("time_{task}"))
        .with("name", format!("Time ({})", unit.text))
        .child(Element::new("listOfVariables").child(variable))
        .child(math(scaled))
}

fn generator(task: usize, shown: &Shown) -> Element {
    let variable = format!("{}__{task}__value", shown.id);
    let target = format!("/sbml:sbml/sbml:model/descendant::*[@id='{}']", shown.id);
    Element::new("dataGenerator")
        .with("id", format!("{}__{task}", shown.id))
        .with("name", format!("{} ({})", shown.title, shown.unit))
        .child(
            Element::new("listOfVariables").child(
                Element::new("variable")
                    .with("id", variable.as_str())
                    .with("target", target)
                    .with("taskReference", format!("task_{task}")),
            ),
        )
        .child(math(Element::new("ci").text(variable)))
}

/// One report per arm, one plot per quantity with a curve per arm.
fn outputs(course: &Course, shown: &[Shown]) -> Vec<Element> {
    let reports = course.arms.iter().enumerate().map(|(k, (arm, _))| {
        let task = k + 1;
        let set = |id: &str, label: &str| {
            Element::new("dataSet")
                .with("id", format!("report_{task}__{id}"))
                .with("label", label)
                .with("dataReference", format!("{id}_{task}"))
        };
        let time = set("time", "time");
        let rest = shown.iter().map(|shown| {
            Element::new("dataSet")
                .with("id", format!("report_{task}__{}", shown.id))
                .with("label", shown.id.as_str())
                .with("dataReference", format!("{}__{task}", shown.id))
        });
        Element::new("report")
            .with("id", format!("report_{task}"))
            .with("name", arm.as_str())
            .child(Element::new("listOfDataSets").child(time).children(rest))
    });
    let plots = shown.iter().map(|shown| {
        let curves = course.arms.iter().enumerate().map(|(k, (arm, _))| {
            let task = k + 1;
            Element::new("curve")
                .with("id", format!("plot__{}__{task}", shown.id))
                .with("name", arm.as_str())
                .with("logX", "false")
                .with("logY", "false")
                .with("xDataReference", format!("time_{task}"))
                .with("yDataReference", format!("{}__{task}", shown.id))
        });
        Element::new("plot2D")
            .with("id", format!("plot__{}", shown.id))
            .with("name", format!("{} ({})", shown.title, shown.unit))
            .child(Element::new("listOfCurves").children(curves))
    });
    reports.chain(plots).collect()
}
