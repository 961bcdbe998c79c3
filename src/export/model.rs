//! A model as an SBML document.
//!
//! States that processes move are species: an amount as it is, a concentration in a compartment of one
//! litre, where it is numerically its own amount. Processes are reactions whose extent counts units of the
//! first state they move; each species says with its conversion factor what one such unit is. Everything
//! else that changes is a parameter with a rule.

use super::math::{Math, apply, math, name, second, unnamed};
use super::names;
use super::notes::{About, about_model, about_parameter, about_state};
use super::subject::{NotFinite, Subject};
use super::units::shown;
use super::xml::Element;
use crate::model::*;
use crate::units::{Base, Rational, Unit};

/// How a state appears.
#[derive(Debug, Clone, PartialEq)]
enum Kind {
    /// Species, its id an amount.
    Amount,
    /// Species, its id a concentration; the unit of its substance.
    Concentration(Unit),
    /// Parameter with a rate rule.
    Quantity,
}

/// The document.
pub fn sbml(subject: &Subject) -> Result<String, NotFinite> {
    subject.finite()?;
    let mut document = Document::new(subject);
    document.parameters();
    document.inputs();
    document.states();
    document.variables();
    document.processes();
    document.bolus_totals();
    document.state_events();
    if let Some(arm) = subject.arm {
        document.schedule(arm);
    }
    document.helpers();
    Ok(document.finish().document())
}

/// A document as it grows.
pub(super) struct Document<'s, 'm> {
    pub(super) subject: &'s Subject<'m>,
    pub(super) math: Math<'m>,
    kinds: Vec<Kind>,
    compartments: Vec<Element>,
    species: Vec<Element>,
    parameters: Vec<Element>,
    rules: Vec<Element>,
    assignments: Vec<Element>,
    reactions: Vec<Element>,
    pub(super) events: Vec<Element>,
    /// Conversion factors, by unit.
    factors: Vec<String>,
}

impl<'s, 'm> Document<'s, 'm> {
    fn new(subject: &'s Subject<'m>) -> Document<'s, 'm> {
        let model = subject.model;
        let moved = |at: usize| {
            let id = StateId(at as u32);
            let mut ends = model
                .processes
                .iter()
                .flat_map(|p| p.from.iter().chain(&p.to));
            ends.any(|(state, _)| *state == id)
        };
        let kind = |at: usize| {
            if moved(at) {
                kind_of(&model.states[at].unit)
            } else {
                Kind::Quantity
            }
        };
        let mut document = Document {
            subject,
            math: Math::new(model),
            kinds: (0..model.states.len()).map(kind).collect(),
            compartments: Vec::new(),
            species: Vec::new(),
            parameters: Vec::new(),
            rules: Vec::new(),
            assignments: Vec::new(),
            events: Vec::new(),
            reactions: Vec::new(),
            factors: Vec::new(),
        };
        // Units get their spelling from where they are declared.
        for unit in declared_units(model) {
            document.math.units.id(unit);
        }
        document
    }

    pub(super) fn parameter(
        &mut self,
        id: &str,
        title: &str,
        value: Option<f64>,
        unit: &Unit,
        constant: bool,
    ) {
        self.described_parameter(id, title, (value, unit, constant), About::default());
    }

    fn described_parameter(
        &mut self,
        id: &str,
        title: &str,
        (value, unit, constant): (Option<f64>, &Unit, bool),
        about: About,
    ) {
        let mut element = Element::new("parameter").with("id", id).with("name", title);
        if let Some(value) = value {
            element = element.with("value", value.to_string());
        }
        let element = element
            .with("units", self.math.units.id(unit))
            .with("constant", if constant { "true" } else { "false" })
            .with("sboTerm", "SBO:0000002");
        self.parameters.push(about.put(element, id));
    }

    fn parameters(&mut self) {
        let model = self.subject.model;
        for (parameter, value) in model.parameters.iter().zip(&self.subject.parameters) {
            let title = match parameter.kind {
                ParameterKind::Reference(id) => {
                    format!("reference value of {}", model.references[id.index()].text)
                }
                _ => parameter
                    .title
                    .clone()
                    .unwrap_or_else(|| parameter.name.clone()),
            };
            let id = names::id(&parameter.name);
            let what = (Some(*value), &parameter.unit, true);
            self.described_parameter(&id, &title, what, about_parameter(model, parameter));
        }
    }

    fn inputs(&mut self) {
        let model = self.subject.model;
        for (at, input) in model.inputs.iter().enumerate() {
            if let InputKind::Rate { .. } = input.kind {
                let title = model.column_title(Column::Input(InputId(at as u32)));
                let value = self.subject.inputs[at];
                self.parameter(
                    &names::id(&input.name),
                    &title,
                    Some(value),
                    &input.unit,
                    false,
                );
            }
        }
    }

    fn states(&mut self) {
        let model = self.subject.model;
        for (at, state) in model.states.iter().enumerate() {
            let title = model.column_title(Column::State(StateId(at as u32)));
            let id = names::id(&state.name);
            let value = self.subject.start(at);
            let module = state.name.split('.').next().unwrap_or_default();
            if self.kinds[at] == Kind::Quantity {
                let what = (Some(value), &state.unit, false);
                self.described_parameter(&id, &title, what, about_state(state));
                self.rate_rule(StateId(at as u32), &id);
            } else {
                let kind = self.kinds[at].clone();
                self.species(
                    (&id, &title, module),
                    (value, &state.unit),
                    &kind,
                    about_state(state),
                );
            }
            let given = matches!(state.initial, Expr::Number(_) | Expr::Factor(..));
            if self.subject.declared && !given {
                let formula = self.math.formula(&state.initial, &state.unit);
                let element = Element::new("initialAssignment").with("symbol", id);
                self.assignments.push(element.child(math(formula)));
            }
        }
    }

    fn species(
        &mut self,
        (id, title, module): (&str, &str, &str),
        (value, unit): (f64, &Unit),
        kind: &Kind,
        about: About,
    ) {
        let compartment = self.compartment(module);
        let (substance, start, amount) = match kind {
            Kind::Concentration(substance) => (substance.clone(), "initialConcentration", "false"),
            _ => (unit.clone(), "initialAmount", "true"),
        };
        let species = Element::new("species")
            .with("id", id)
            .with("name", title)
            .with("compartment", compartment)
            .with(start, value.to_string())
            .with("substanceUnits", self.math.units.id(&substance))
            .with("hasOnlySubstanceUnits", amount)
            .with("boundaryCondition", "false")
            .with("constant", "false")
            .with("conversionFactor", self.factor(&substance))
            .with("sboTerm", about.term());
        self.species.push(about.put(species, id));
    }

    /// One compartment per module that holds species, one litre each.
    fn compartment(&mut self, module: &str) -> String {
        let id = format!("module__{module}");
        let modules = &self.subject.model.modules;
        let title = modules
            .iter()
            .find(|m| m.name == module)
            .map_or(module, |m| m.title.as_str());
        let element = Element::new("compartment")
            .with("id", id.as_str())
            .with("name", title)
            .with("spatialDimensions", "3")
            .with("size", "1")
            .with("units", "litre")
            .with("constant", "true")
            .with("sboTerm", "SBO:0000290");
        if !self.compartments.contains(&element) {
            self.compartments.push(element);
        }
        id
    }

    /// The parameter that says what one unit of a reaction's extent is for a species.
    fn factor(&mut self, substance: &Unit) -> String {
        let unit = self.math.units.id(substance);
        let id = format!("one__{unit}");
        if !self.factors.contains(&id) {
            self.factors.push(id.clone());
            let title = format!("one {} per unit of extent", substance.text);
            self.parameter(&id, &title, Some(1.0), substance, true);
        }
        id
    }

    /// d/dt of a state that is no species: its own rate, or what processes move.
    fn rate_rule(&mut self, state: StateId, id: &str) {
        let model = self.subject.model;
        let unit = &model.states[state.index()].unit;
        let per_second = unnamed(unit.per(&second()).unwrap_or_else(Unit::one));
        let formula = if let Some(rate) = model.rates.iter().find(|rate| rate.state == state) {
            self.math.formula(&rate.expr, &per_second)
        } else {
            let mut terms = Vec::new();
            for process in &model.processes {
                let ends = process.to.iter().map(|(s, c)| (s, *c));
                let ends = ends.chain(process.from.iter().map(|(s, c)| (s, -c)));
                for (_, coefficient) in ends.filter(|(s, _)| **s == state) {
                    terms.push(self.flow(process, coefficient, &per_second));
                }
            }
            match terms.len() {
                0 => return,
                1 => terms.remove(0),
                _ => apply("plus", terms),
            }
        };
        self.rules.push(rule("rateRule", id, formula));
    }

    /// `coefficient · rate`, in a state's unit per second.
    fn flow(&mut self, process: &Process, coefficient: f64, per_second: &Unit) -> Element {
        let ratio = per_second
            .per(&shown(&process.unit))
            .unwrap_or_else(Unit::one);
        let factor = self.math.number(coefficient, &unnamed(ratio));
        apply("times", [factor, name(&names::rate(process))])
    }

    fn variables(&mut self) {
        let model = self.subject.model;
        for (at, variable) in model.variables.iter().enumerate() {
            let title = model.column_title(Column::Variable(VariableId(at as u32)));
            let formula = self.math.formula(&variable.expr, &variable.unit);
            self.assigned(&names::id(&variable.name), &title, &variable.unit, formula);
        }
        for marker in &model.biomarkers {
            let formula = self.math.formula(&marker.expr, &marker.unit);
            let id = names::marker(&marker.name);
            self.assigned(&id, &marker.title, &marker.unit, formula);
        }
    }

    fn assigned(&mut self, id: &str, title: &str, unit: &Unit, formula: Element) {
        self.parameter(id, title, None, unit, false);
        self.rules.push(rule("assignmentRule", id, formula));
    }

    fn processes(&mut self) {
        let model = self.subject.model;
        let mut slot = model.states.len();
        for (at, process) in model.processes.iter().enumerate() {
            let title = model.column_title(Column::Process(ProcessId(at as u32)));
            let formula = self.math.formula(&process.rate, &process.unit);
            let total = process.boundary.as_ref().map(|(_, factor, unit)| {
                slot += 1;
                (*factor, unit, self.subject.initial[slot - 1])
            });
            if self.moves_species(process) {
                self.reaction(process, &title, formula, total);
            } else {
                self.assigned(&names::rate(process), &title, &process.unit, formula);
                if let Some((factor, unit, value)) = total {
                    let id = names::total(&process.name);
                    let total = format!("{title}, total");
                    self.total_of_flow(&id, &total, (value, unit), (process, factor));
                }
            }
        }
    }

    /// What crossed the boundary, where it is no species.
    fn total_of_flow(
        &mut self,
        id: &str,
        title: &str,
        (value, unit): (f64, &Unit),
        (process, factor): (&Process, f64),
    ) {
        self.parameter(id, title, Some(value), unit, false);
        let per_second = unnamed(unit.per(&second()).unwrap_or_else(Unit::one));
        let formula = self.flow(process, factor, &per_second);
        self.rules.push(rule("rateRule", id, formula));
    }

    fn moves_species(&self, process: &Process) -> bool {
        let mut ends = process.from.iter().chain(&process.to);
        ends.any(|(state, _)| self.kinds[state.index()] != Kind::Quantity)
    }

    fn reaction(
        &mut self,
        process: &Process,
        title: &str,
        formula: Element,
        total: Option<(f64, &Unit, f64)>,
    ) {
        let model = self.subject.model;
        let is_species = |state: StateId| self.kinds[state.index()] != Kind::Quantity;
        let ends = process.from.iter().chain(&process.to);
        let first = ends
            .map(|(s, _)| *s)
            .find(|s| is_species(*s))
            .expect("a species is moved");
        let first_unit = &model.states[first.index()].unit;
        let per_second = first_unit.per(&second()).unwrap_or_else(Unit::one);
        // Extent per second and unit of the rate.
        let scale = process.unit.ratio_to(&per_second).unwrap_or(1.0);
        let reference = |(state, coefficient): (String, f64), sbo: &str| {
            Element::new("speciesReference")
                .with("species", state)
                .with("stoichiometry", (coefficient / scale).to_string())
                .with("constant", "true")
                .with("sboTerm", sbo)
        };
        let side = |list: &[(StateId, f64)]| -> Vec<(String, f64)> {
            let species = list.iter().filter(|(state, _)| is_species(*state));
            let named =
                |(state, c): &(StateId, f64)| (names::id(&model.states[state.index()].name), *c);
            species.map(named).collect()
        };
        let reactants = side(&process.from);
        let mut products = side(&process.to);
        if let Some((factor, unit, value)) = total {
            let id = names::total(&process.name);
            let total = format!("{title}, total");
            let module = process.name.split('.').next().unwrap_or_default();
            match kind_of(unit) {
                Kind::Quantity => self.total_of_flow(&id, &total, (value, unit), (process, factor)),
                kind => {
                    self.species(
                        (&id, &total, module),
                        (value, unit),
                        &kind,
                        About::default(),
                    );
                    products.push((id, factor));
                }
            }
        }
        let taking_part: Vec<&str> = reactants
            .iter()
            .chain(&products)
            .map(|(s, _)| s.as_str())
            .collect();
        let modifiers: Vec<String> = formula
            .names()
            .into_iter()
            .filter(|id| !taking_part.contains(&id.as_str()) && self.is_species_id(id))
            .collect();
        let mut element = Element::new("reaction")
            .with("id", names::reaction(process))
            .with("name", title)
            .with("reversible", "true")
            .with("sboTerm", "SBO:0000375");
        let list = |name: &str, children: Vec<Element>| {
            (!children.is_empty()).then(|| Element::new(name).children(children))
        };
        let reactants = reactants
            .into_iter()
            .map(|end| reference(end, "SBO:0000010"))
            .collect();
        let products = products
            .into_iter()
            .map(|end| reference(end, "SBO:0000011"))
            .collect();
        let modifiers = modifiers
            .into_iter()
            .map(|id| {
                Element::new("modifierSpeciesReference")
                    .with("species", id)
                    .with("sboTerm", "SBO:0000019")
            })
            .collect();
        let lists = [
            list("listOfReactants", reactants),
            list("listOfProducts", products),
            list("listOfModifiers", modifiers),
        ];
        element = element.children(lists.into_iter().flatten());
        let per = Unit::one()
            .per(&second())
            .and_then(|u| u.per(&shown(&process.unit)));
        let per = unnamed(per.unwrap_or_else(Unit::one));
        let number = self.math.number(scale, &per);
        let law = Element::new("kineticLaw")
            .with("sboTerm", "SBO:0000001")
            .child(math(apply("times", [number, formula])));
        self.reactions.push(element.child(law));
        let back = unnamed(Unit::one().per(&per).unwrap_or_else(Unit::one));
        let back = self.math.number(1.0 / scale, &back);
        let rate = apply("times", [back, name(&names::reaction(process))]);
        self.assigned(&names::rate(process), title, &process.unit, rate);
    }

    fn is_species_id(&self, id: &str) -> bool {
        let states = self.subject.model.states.iter().zip(&self.kinds);
        let mut species = states.filter(|(_, kind)| **kind != Kind::Quantity);
        species.any(|(state, _)| names::id(&state.name) == id)
    }

    fn bolus_totals(&mut self) {
        let model = self.subject.model;
        for (at, input) in model.inputs.iter().enumerate() {
            if let InputKind::Bolus { .. } = input.kind {
                let title = format!("{}, total", input.title.as_deref().unwrap_or(&input.name));
                let value = self.subject.initial[self.subject.total(at)];
                self.parameter(
                    &names::total(&input.name),
                    &title,
                    Some(value),
                    &input.unit,
                    false,
                );
            }
        }
    }

    /// What tables are read from.
    fn helpers(&mut self) {
        for helper in std::mem::take(&mut self.math.helpers) {
            self.assigned(&helper.id, &helper.title, &Unit::one(), helper.formula);
        }
    }

    fn finish(self) -> Element {
        let list = |name: &str, children: Vec<Element>| {
            (!children.is_empty()).then(|| Element::new(name).children(children))
        };
        let subject = self.subject;
        let mut parts = Vec::new();
        parts.extend(self.math.functions.definitions());
        parts.push(self.math.units.definitions());
        parts.extend(list("listOfCompartments", self.compartments));
        parts.extend(list("listOfSpecies", self.species));
        parts.extend(list("listOfParameters", self.parameters));
        parts.extend(list("listOfInitialAssignments", self.assignments));
        parts.extend(list("listOfRules", self.rules));
        parts.extend(list("listOfReactions", self.reactions));
        parts.extend(list("listOfEvents", self.events));
        let model = Element::new("model")
            .with("id", subject.id.as_str())
            .with("name", subject.title.as_str())
            .with("timeUnits", "second")
            .with("substanceUnits", "mole")
            .with("volumeUnits", "litre")
            .with("extentUnits", "dimensionless")
            .with("sboTerm", "SBO:0000293");
        let model = about_model(subject).put(model, &subject.id).children(parts);
        Element::new("sbml")
            .with("xmlns", super::SBML)
            .with("level", "3")
            .with("version", "2")
            .child(model)
    }
}

fn rule(kind: &str, variable: &str, formula: Element) -> Element {
    Element::new(kind)
        .with("variable", variable)
        .child(math(formula))
}

/// What a state's unit makes of it.
fn kind_of(unit: &Unit) -> Kind {
    let substance = |base: Base| {
        matches!(
            base,
            Base::Mass
                | Base::Amount
                | Base::Activity
                | Base::InternationalUnit
                | Base::Equivalent(_)
        )
    };
    match unit.dimension.exponents() {
        [] => Kind::Amount,
        [(base, Rational::ONE)] if substance(*base) => Kind::Amount,
        [(Base::Length, power), (base, Rational::ONE)]
            if *power == Rational::new(-3, 1) && substance(*base) =>
        {
            let litre = Unit::parse("L").expect("L is a unit");
            unit.times(&litre)
                .map_or(Kind::Quantity, |u| Kind::Concentration(unnamed(u)))
        }
        _ => Kind::Quantity,
    }
}

fn declared_units(model: &Model) -> impl Iterator<Item = &Unit> {
    let states = model.states.iter().map(|it| &it.unit);
    let parameters = model.parameters.iter().map(|it| &it.unit);
    let inputs = model.inputs.iter().map(|it| &it.unit);
    let variables = model.variables.iter().map(|it| &it.unit);
    let processes = model.processes.iter().map(|it| &it.unit);
    states
        .chain(parameters)
        .chain(inputs)
        .chain(variables)
        .chain(processes)
}
