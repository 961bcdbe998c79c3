//! Formula text → syntax tree. Names are not resolved here.
//!
//! `+ - * / ^`, comparisons, `and or not`, calls. `^` is right associative and binds tighter than a
//! sign, so `-x^2` is `-(x^2)`.

use std::ops::Range;

/// A piece of a formula and the bytes it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub kind: NodeKind,
    pub range: Range<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    Number(f64),
    /// May be dotted.
    Name(String),
    Unary(UnaryOp, Box<Node>),
    Binary(BinaryOp, Box<Node>, Box<Node>),
    Call(String, Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    Negate,
    Not,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
}

impl BinaryOp {
    pub fn compares(self) -> bool {
        matches!(
            self,
            BinaryOp::Less | BinaryOp::LessOrEqual | BinaryOp::Greater | BinaryOp::GreaterOrEqual
        )
    }
}

/// What is wrong with a formula, and where in it.
#[derive(Debug, Clone, PartialEq)]
pub struct FormulaError {
    pub range: Range<usize>,
    pub message: String,
    pub help: Option<String>,
}

/// Deeper nesting than any formula needs; keeps hostile files from overflowing the stack.
const DEEPEST: u32 = 100;

/// More words and signs than any formula needs: a chain `a + a + …` makes a tree as deep as it is long,
/// and whoever walks or drops it does so recursively.
const LONGEST: usize = 2000;

/// Parses a whole formula.
///
/// # Errors
/// The first thing that cannot be read, with its place.
pub fn parse(text: &str) -> Result<Node, FormulaError> {
    let tokens = tokenise(text)?;
    if let Some((_, range)) = tokens.get(LONGEST) {
        return Err(error(
            range.clone(),
            "this formula is too long",
            Some("split it into variables"),
        ));
    }
    let mut parser = Parser {
        tokens,
        at: 0,
        depth: 0,
        end: text.len(),
    };
    let node = parser.expression(0)?;
    match parser.tokens.get(parser.at) {
        None => Ok(node),
        Some((_, range)) => Err(error(
            range.clone(),
            "the formula should have ended here",
            Some("put a sign such as `*` between two quantities"),
        )),
    }
}

fn error(range: Range<usize>, message: &str, help: Option<&str>) -> FormulaError {
    FormulaError {
        range,
        message: message.to_string(),
        help: help.map(str::to_string),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Word(String),
    Sign(&'static str),
}

const SIGNS: [&str; 13] = [
    "<=", ">=", "+", "-", "*", "/", "^", "<", ">", "(", ")", ",", "=",
];

fn tokenise(text: &str) -> Result<Vec<(Token, Range<usize>)>, FormulaError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let start = at;
        if c.is_whitespace() {
            at += c.len_utf8();
        } else if c.is_ascii_digit() || c == '.' {
            at = number_end(text, at);
            let number = text[start..at].parse().map_err(|_| {
                error(
                    start..at,
                    "this is not a number",
                    Some("write it such as 0.5 or 1e-3"),
                )
            })?;
            if !f64::is_finite(number) {
                return Err(error(
                    start..at,
                    "this number is out of range",
                    Some("choose a unit in which it is of ordinary size"),
                ));
            }
            tokens.push((Token::Number(number), start..at));
        } else if c.is_ascii_alphabetic() || c == '_' {
            let rest = &text[at..];
            at += rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'))
                .unwrap_or(rest.len());
            tokens.push((Token::Word(text[start..at].to_string()), start..at));
        } else if let Some(sign) = SIGNS.iter().find(|sign| text[at..].starts_with(**sign)) {
            at += sign.len();
            if *sign == "=" {
                return Err(error(
                    start..at,
                    "a formula has no `=`",
                    Some("compare with <, <=, > or >="),
                ));
            }
            tokens.push((Token::Sign(sign), start..at));
        } else {
            return Err(error(
                start..start + c.len_utf8(),
                &format!("`{c}` has no meaning here"),
                Some("a formula is made of names, numbers, + - * / ^ ( ) and comparisons"),
            ));
        }
    }
    Ok(tokens)
}

fn number_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = start;
    while at < bytes.len() && (bytes[at].is_ascii_digit() || bytes[at] == b'.') {
        at += 1;
    }
    if at < bytes.len() && (bytes[at] | 32) == b'e' {
        let mut next = at + 1;
        if next < bytes.len() && (bytes[next] == b'+' || bytes[next] == b'-') {
            next += 1;
        }
        if next < bytes.len() && bytes[next].is_ascii_digit() {
            while next < bytes.len() && bytes[next].is_ascii_digit() {
                next += 1;
            }
            at = next;
        }
    }
    at
}

struct Parser {
    tokens: Vec<(Token, Range<usize>)>,
    at: usize,
    depth: u32,
    end: usize,
}

/// Operator, binding power, right associative.
fn infix(token: &Token) -> Option<(BinaryOp, u32, bool)> {
    let found = match token {
        Token::Word(word) if word == "or" => (BinaryOp::Or, 1, false),
        Token::Word(word) if word == "and" => (BinaryOp::And, 2, false),
        Token::Sign("<") => (BinaryOp::Less, 4, false),
        Token::Sign("<=") => (BinaryOp::LessOrEqual, 4, false),
        Token::Sign(">") => (BinaryOp::Greater, 4, false),
        Token::Sign(">=") => (BinaryOp::GreaterOrEqual, 4, false),
        Token::Sign("+") => (BinaryOp::Add, 5, false),
        Token::Sign("-") => (BinaryOp::Subtract, 5, false),
        Token::Sign("*") => (BinaryOp::Multiply, 6, false),
        Token::Sign("/") => (BinaryOp::Divide, 6, false),
        Token::Sign("^") => (BinaryOp::Power, 8, true),
        _ => return None,
    };
    Some(found)
}

const NOT: u32 = 3;
const SIGN: u32 = 7;

impl Parser {
    fn here(&self) -> Range<usize> {
        self.tokens
            .get(self.at)
            .map_or(self.end..self.end, |(_, range)| range.clone())
    }

    fn expression(&mut self, least: u32) -> Result<Node, FormulaError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(error(
                self.here(),
                "this formula is nested too deeply",
                Some("split it into variables"),
            ));
        }
        let mut left = self.operand()?;
        while let Some((token, sign)) = self.tokens.get(self.at) {
            let Some((op, power, right)) = infix(token) else {
                break;
            };
            if power < least {
                break;
            }
            let compared = matches!(&left.kind, NodeKind::Binary(first, ..) if first.compares());
            if compared && op.compares() {
                return Err(error(
                    sign.clone(),
                    "two comparisons in a row mean nothing",
                    Some("write `a < b and b < c`"),
                ));
            }
            self.at += 1;
            let inner = self.expression(if right { power } else { power + 1 })?;
            let range = left.range.start..inner.range.end;
            left = Node {
                kind: NodeKind::Binary(op, Box::new(left), Box::new(inner)),
                range,
            };
        }
        self.depth -= 1;
        Ok(left)
    }

    fn operand(&mut self) -> Result<Node, FormulaError> {
        let Some((token, range)) = self.tokens.get(self.at).cloned() else {
            return Err(error(
                self.end..self.end,
                "something is missing here",
                Some("a quantity stands here: a name, a number or a call"),
            ));
        };
        self.at += 1;
        match token {
            Token::Number(number) => Ok(Node {
                kind: NodeKind::Number(number),
                range,
            }),
            Token::Sign("-") => self.prefixed(UnaryOp::Negate, SIGN, range),
            Token::Sign("+") => self.expression(SIGN),
            Token::Word(word) if word == "not" => self.prefixed(UnaryOp::Not, NOT, range),
            Token::Word(word) if word == "and" || word == "or" => Err(error(
                range,
                &format!("`{word}` stands between two conditions"),
                Some("write `a < b and b < c`"),
            )),
            Token::Word(word) => self.name_or_call(word, range),
            Token::Sign("(") => {
                let inner = self.expression(0)?;
                let close = self.expect(")", &range)?;
                Ok(Node {
                    kind: inner.kind,
                    range: range.start..close.end,
                })
            }
            Token::Sign(sign) => Err(error(
                range,
                &format!("`{sign}` cannot stand here"),
                Some("a quantity stands here: a name, a number or a call"),
            )),
        }
    }

    fn prefixed(
        &mut self,
        op: UnaryOp,
        power: u32,
        range: Range<usize>,
    ) -> Result<Node, FormulaError> {
        let inner = self.expression(power)?;
        let range = range.start..inner.range.end;
        Ok(Node {
            kind: NodeKind::Unary(op, Box::new(inner)),
            range,
        })
    }

    fn expect(&mut self, sign: &str, open: &Range<usize>) -> Result<Range<usize>, FormulaError> {
        match self.tokens.get(self.at) {
            Some((Token::Sign(found), range)) if *found == sign => {
                let range = range.clone();
                self.at += 1;
                Ok(range)
            }
            _ => Err(error(
                open.start..self.here().start.max(open.end),
                "this parenthesis is not closed",
                Some("add the missing `)`"),
            )),
        }
    }

    fn name_or_call(&mut self, word: String, range: Range<usize>) -> Result<Node, FormulaError> {
        if !matches!(self.tokens.get(self.at), Some((Token::Sign("("), _))) {
            return Ok(Node {
                kind: NodeKind::Name(word),
                range,
            });
        }
        let open = self.here();
        self.at += 1;
        let mut arguments = Vec::new();
        if !matches!(self.tokens.get(self.at), Some((Token::Sign(")"), _))) {
            loop {
                arguments.push(self.expression(0)?);
                match self.tokens.get(self.at) {
                    Some((Token::Sign(","), _)) => self.at += 1,
                    _ => break,
                }
            }
        }
        let close = self.expect(")", &open)?;
        Ok(Node {
            kind: NodeKind::Call(word, arguments),
            range: range.start..close.end,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> String {
        fn show(node: &Node) -> String {
            match &node.kind {
                NodeKind::Number(number) => number.to_string(),
                NodeKind::Name(name) => name.clone(),
                NodeKind::Unary(op, a) => format!("({op:?} {})", show(a)),
                NodeKind::Binary(op, a, b) => format!("({op:?} {} {})", show(a), show(b)),
                NodeKind::Call(name, list) => {
                    format!(
                        "{name}[{}]",
                        list.iter().map(show).collect::<Vec<_>>().join(" ")
                    )
                }
            }
        }
        show(&parse(text).expect("a formula"))
    }

    #[test]
    fn operators_bind_as_in_a_textbook() {
        assert_eq!(shape("a - b - c"), "(Subtract (Subtract a b) c)");
        assert_eq!(shape("-x^2"), "(Negate (Power x 2))");
        assert_eq!(shape("2^3^2"), "(Power 2 (Power 3 2))");
        assert_eq!(shape("x^-2 * y"), "(Multiply (Power x (Negate 2)) y)");
        assert_eq!(
            shape("a < b and not c > 1"),
            "(And (Less a b) (Not (Greater c 1)))"
        );
        assert_eq!(
            shape("hill(blood.ratio, 1e-3, 2)"),
            "hill[blood.ratio 0.001 2]"
        );
    }

    #[test]
    fn problems_are_placed() {
        assert_eq!(parse("a + ").expect_err("unfinished").range, 4..4);
        assert_eq!(parse("a ? b").expect_err("no such sign").range, 2..3);
        assert!(parse("(a + b").is_err());
        assert!(parse(&"(".repeat(100_000)).is_err());
        assert!(parse(&"a+".repeat(100_000)).is_err());
        assert!(parse("1e999").is_err());
        assert_eq!(parse("a < b < c").expect_err("a chain").range, 6..7);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,40}") {
            let _ = parse(&text);
        }
    }
}
