//! Function definitions: rate laws as the model calls them.

use super::math::{math, name};
use super::xml::Element;

/// The functions defined so far, in the order in which they were needed.
#[derive(Debug, Default)]
pub struct Functions {
    known: Vec<Function>,
}

#[derive(Debug)]
struct Function {
    id: String,
    wanted: String,
    arguments: Vec<String>,
    body: Element,
    title: String,
}

impl Functions {
    /// The id of a function with this body: `wanted`, or `wanted` with a number where another body has
    /// taken that name.
    pub fn define(
        &mut self,
        wanted: &str,
        arguments: &[&str],
        body: Element,
        title: &str,
    ) -> String {
        let same_name = |f: &&Function| f.wanted == wanted;
        if let Some(known) = self.known.iter().filter(same_name).find(|f| f.body == body) {
            return known.id.clone();
        }
        let id = match self.known.iter().filter(same_name).count() {
            0 => format!("law__{wanted}"),
            others => format!("law__{wanted}__{}", others + 1),
        };
        self.known.push(Function {
            id: id.clone(),
            wanted: wanted.to_string(),
            arguments: arguments.iter().map(|a| a.to_string()).collect(),
            body,
            title: title.to_string(),
        });
        id
    }

    /// `listOfFunctionDefinitions`; `None` if there is none.
    pub fn definitions(&self) -> Option<Element> {
        let definitions = self.known.iter().map(|function| {
            let bound = |argument: &String| Element::new("bvar").child(name(argument));
            let lambda = Element::new("lambda")
                .children(function.arguments.iter().map(bound))
                .child(function.body.clone());
            Element::new("functionDefinition")
                .with("id", function.id.as_str())
                .with("name", function.title.as_str())
                .with("sboTerm", "SBO:0000064")
                .child(math(lambda))
        });
        let list = Element::new("listOfFunctionDefinitions").children(definitions);
        (!list.is_empty()).then_some(list)
    }
}
