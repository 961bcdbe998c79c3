//! A tree of XML elements → indented text. Order is kept, so equal trees are equal bytes.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

/// One element: either children or text.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Element>,
    text: Option<String>,
}

impl Element {
    pub fn new(name: &str) -> Element {
        Element {
            name: name.to_string(),
            attributes: Vec::new(),
            children: Vec::new(),
            text: None,
        }
    }

    /// With one more attribute.
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Element {
        self.attributes.push((key.to_string(), value.into()));
        self
    }

    /// With one more child.
    pub fn child(mut self, child: Element) -> Element {
        self.children.push(child);
        self
    }

    /// With these children after those it has.
    pub fn children(mut self, children: impl IntoIterator<Item = Element>) -> Element {
        self.children.extend(children);
        self
    }

    /// With text instead of children.
    pub fn text(mut self, text: impl Into<String>) -> Element {
        self.text = Some(text.into());
        self
    }

    /// What `ci` elements in here name, each once, in order.
    pub fn names(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.collect_names(&mut found);
        found
    }

    fn collect_names(&self, found: &mut Vec<String>) {
        if let Some(text) = self.text.as_ref().filter(|_| self.name == "ci")
            && !found.contains(text)
        {
            found.push(text.clone());
        }
        for child in &self.children {
            child.collect_names(found);
        }
    }

    /// Whether this is MathML's `apply` of an operator.
    pub fn applies(&self, operator: &str) -> bool {
        let first = self.children.first();
        self.name == "apply" && first.is_some_and(|first| first.name == operator)
    }

    pub fn is_empty(&self) -> bool {
        self.children.is_empty() && self.text.is_none()
    }

    /// The whole document.
    pub fn document(&self) -> String {
        let mut writer = Writer::new_with_indent(Vec::new(), b' ', 1);
        let declaration = BytesDecl::new("1.0", Some("UTF-8"), None);
        let written = writer
            .write_event(Event::Decl(declaration))
            .and_then(|()| self.write(&mut writer));
        written.expect("memory takes every byte");
        let mut text = String::from_utf8(writer.into_inner()).expect("made of strings");
        text.push('\n');
        text
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>) -> std::io::Result<()> {
        let mut start = BytesStart::new(self.name.as_str());
        for (key, value) in &self.attributes {
            start.push_attribute((key.as_str(), value.as_str()));
        }
        if self.is_empty() {
            return writer.write_event(Event::Empty(start));
        }
        writer.write_event(Event::Start(start))?;
        if let Some(text) = &self.text {
            writer.write_event(Event::Text(BytesText::new(text)))?;
        }
        for child in &self.children {
            child.write(writer)?;
        }
        writer.write_event(Event::End(BytesEnd::new(self.name.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::Element;

    #[test]
    fn what_would_be_markup_is_escaped() {
        let leaf = Element::new("p")
            .with("title", "\"a\" & b")
            .text("1 < 2 & 3 > 2");
        let text = Element::new("notes").child(leaf).document();
        assert_eq!(
            text,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<notes>\n \
             <p title=\"&quot;a&quot; &amp; b\">1 &lt; 2 &amp; 3 &gt; 2</p>\n</notes>\n"
        );
    }
}
