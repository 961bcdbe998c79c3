//! Files → a COMBINE archive: manifest, metadata and all, packed with one fixed date so that equal content is
//! equal bytes.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::xml::Element;

const SPECIFICATIONS: &str = "http://identifiers.org/combine.specifications/";

/// One file of an archive.
pub struct Member {
    pub name: String,
    pub text: String,
    /// As COMBINE calls it: `sbml.level-3.version-2`.
    pub format: &'static str,
    /// The one that says what to run.
    pub master: bool,
}

/// The archive's bytes.
pub fn archive(title: &str, about: &str, members: &[Member]) -> Vec<u8> {
    let metadata = Member {
        name: "metadata.rdf".to_string(),
        text: metadata(title, about),
        format: "omex-metadata",
        master: false,
    };
    let all: Vec<&Member> = members.iter().chain([&metadata]).collect();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    let manifest = ("manifest.xml", manifest(&all));
    let files = all
        .iter()
        .map(|member| (member.name.as_str(), member.text.clone()));
    for (name, text) in std::iter::once(manifest).chain(files) {
        writer.start_file(name, options).expect("a short name");
        writer
            .write_all(text.as_bytes())
            .expect("memory takes every byte");
    }
    writer
        .finish()
        .expect("memory takes every byte")
        .into_inner()
}

fn manifest(members: &[&Member]) -> String {
    let content = |location: &str, format: &str| {
        Element::new("content")
            .with("location", location)
            .with("format", format!("{SPECIFICATIONS}{format}"))
    };
    let listed = members.iter().map(|member| {
        let listed = content(&format!("./{}", member.name), member.format);
        if member.master {
            listed.with("master", "true")
        } else {
            listed
        }
    });
    Element::new("omexManifest")
        .with("xmlns", format!("{SPECIFICATIONS}omex-manifest"))
        .child(content(".", "omex"))
        .child(content("./manifest.xml", "omex-manifest"))
        .children(listed)
        .document()
}

fn metadata(title: &str, about: &str) -> String {
    let about = about.split_whitespace().collect::<Vec<_>>().join(" ");
    let writer = format!("myoflux {}", env!("CARGO_PKG_VERSION"));
    let description = Element::new("rdf:Description")
        .with("rdf:about", ".")
        .child(Element::new("dcterms:title").text(title))
        .child(Element::new("dcterms:description").text(about))
        .child(Element::new("dcterms:provenance").text(writer));
    Element::new("rdf:RDF")
        .with("xmlns:rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#")
        .with("xmlns:dcterms", "http://purl.org/dc/terms/")
        .child(description)
        .document()
}
