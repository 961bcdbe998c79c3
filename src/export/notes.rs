//! What people and databases read beside the equations: notes in XHTML, annotations in RDF.

use super::names;
use super::subject::Subject;
use super::xml::Element;
use crate::model::{Model, Origin, Parameter, ParameterKind, State};

const XHTML: &str = "http://www.w3.org/1999/xhtml";
const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const BIOLOGY: &str = "http://biomodels.net/biology-qualifiers/";

/// What is said about one element.
#[derive(Debug, Default)]
pub struct About {
    /// Paragraphs.
    pub notes: Vec<String>,
    /// DOIs of what describes it.
    pub described_by: Vec<String>,
    /// What it is: `CHEBI:38290`.
    pub is: Vec<String>,
}

impl About {
    /// What kind of thing it is, in the words of the Systems Biology Ontology: a simple chemical, a chain
    /// of amino acids, or just something material.
    pub fn term(&self) -> &'static str {
        match self.is.first() {
            Some(known) if known.starts_with("CHEBI") => "SBO:0000247",
            Some(_) => "SBO:0000252",
            None => "SBO:0000240",
        }
    }

    /// Adds where a number comes from.
    pub fn origin(&mut self, model: &Model, origin: &Origin) {
        match origin {
            Origin::Source { key, place } => {
                let place = place.as_ref().map(|place| format!(", {place}"));
                self.source("Source", model, key, &place.unwrap_or_default());
            }
            Origin::Assumed(reason) => self.notes.push(format!("Assumed: {reason}")),
            Origin::Computed { model, study, .. } => {
                self.notes
                    .push(format!("Computed from model {model} by {study}"));
            }
        }
    }

    /// Adds a source by its key.
    pub fn source(&mut self, what: &str, model: &Model, key: &str, place: &str) {
        let Some(entry) = model.references_bib.entries.get(key) else {
            return;
        };
        self.notes
            .push(format!("{what}: {}{place}", entry.citation));
        if let Some(doi) = &entry.doi {
            self.described_by.push(doi.clone());
        }
    }

    /// The element with this said about it; it has no children yet.
    pub fn put(self, element: Element, id: &str) -> Element {
        let linked = !self.described_by.is_empty() || !self.is.is_empty();
        let element = if linked {
            element.with("metaid", format!("meta__{}", names::id(id)))
        } else {
            element
        };
        let element = if self.notes.is_empty() {
            element
        } else {
            let paragraph = |text: &String| {
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                Element::new("p").with("xmlns", XHTML).text(text)
            };
            element.child(Element::new("notes").children(self.notes.iter().map(paragraph)))
        };
        if linked {
            element.child(self.annotation(id))
        } else {
            element
        }
    }

    fn annotation(&self, id: &str) -> Element {
        let qualified = |name: &str, links: Vec<String>| {
            let item = |link: String| Element::new("rdf:li").with("rdf:resource", link);
            let bag = Element::new("rdf:Bag").children(links.into_iter().map(item));
            (!bag.is_empty()).then(|| Element::new(name).child(bag))
        };
        let link = |known: &String| format!("https://identifiers.org/{known}");
        let is = qualified("bqbiol:is", self.is.iter().map(link).collect());
        let doi = |doi: &String| format!("https://identifiers.org/doi:{doi}");
        let described = self.described_by.iter().map(doi).collect();
        let described = qualified("bqbiol:isDescribedBy", described);
        let description = Element::new("rdf:Description")
            .with("rdf:about", format!("#meta__{}", names::id(id)))
            .children(is.into_iter().chain(described));
        let rdf = Element::new("rdf:RDF")
            .with("xmlns:rdf", RDF)
            .with("xmlns:bqbiol", BIOLOGY)
            .child(description);
        Element::new("annotation").child(rdf)
    }
}

pub fn about_model(subject: &Subject) -> About {
    let mut about = About::default();
    about.notes.push(subject.about.clone());
    for module in &subject.model.modules {
        about.notes.push(format!(
            "{}: {} {}",
            module.name, module.title, module.about
        ));
    }
    about.notes.push(format!(
        "Written by myoflux {}. For education and research; not dietary or medical advice.",
        env!("CARGO_PKG_VERSION")
    ));
    about
}

pub fn about_parameter(model: &Model, parameter: &Parameter) -> About {
    let mut about = About::default();
    match parameter.kind {
        ParameterKind::Declared => about.origin(model, &parameter.origin),
        ParameterKind::EdgeStrength(id) => {
            let edge = &model.edges[id.index()];
            about.notes.push(edge.claim.clone());
            for key in &edge.sources {
                about.source("Source", model, key, "");
            }
            for key in &edge.against {
                about.source("Against", model, key, "");
            }
            if let Some(reason) = &edge.assumed {
                about.notes.push(format!("Assumed: {reason}"));
            }
        }
        _ => {}
    }
    if let Some(grade) = parameter.grade {
        about.notes.push(format!("Confidence: {grade:?}"));
    }
    about
}

pub fn about_state(state: &State) -> About {
    About {
        is: state.identifiers.clone(),
        ..About::default()
    }
}
