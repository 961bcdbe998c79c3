//! The one bundled font: its bytes, how wide a text is in it, and lines that fit a width.

use std::sync::Once;

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};

/// As SVG and HTML call it. Renamed from DejaVu Sans because it was cut down: assets/fonts/README.md.
pub const FAMILY: &str = "Myoflux Sans";

static BYTES: &[u8] = include_bytes!("../../../assets/fonts/MyofluxSans.ttf");

/// (ascender + descender) / em of the file: plotters scales by that height, we by the em.
pub const HEIGHT_PER_EM: f64 = (1901.0 + 483.0) / 2048.0;

/// The face for plotters, `size` the em square.
pub fn face(size: f64) -> FontDesc<'static> {
    static REGISTER: Once = Once::new();
    REGISTER.call_once(|| {
        let known = register_font(FAMILY, FontStyle::Normal, BYTES);
        assert!(known.is_ok(), "the bundled font is a font");
    });
    FontDesc::new(
        FontFamily::Name(FAMILY),
        size * HEIGHT_PER_EM,
        FontStyle::Normal,
    )
}

/// Width of a text whose em square is `size`.
pub fn width(text: &str, size: f64) -> f64 {
    // Measured large, because plotters answers in whole pixels.
    const LARGE: f64 = 1000.0;
    let ((left, _), (right, _)) = face(LARGE)
        .layout_box(text)
        .expect("the bundled font is registered");
    f64::from(right - left) * size / LARGE
}

/// Breaks at spaces so that no line is wider than `most`; a longer word is broken between letters.
pub fn wrap(text: &str, size: f64, most: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let longer = if line.is_empty() {
            word.to_string()
        } else {
            format!("{line} {word}")
        };
        if width(&longer, size) <= most {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for letter in word.chars() {
            line.push(letter);
            if width(&line, size) > most && line.chars().count() > 1 {
                line.pop();
                lines.push(std::mem::replace(&mut line, letter.to_string()));
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// The rule that carries the font inside an SVG or a page.
pub fn rule() -> String {
    format!(
        "@font-face{{font-family:\"{FAMILY}\";src:url(data:font/ttf;base64,{}) format(\"truetype\")}}",
        base64(BYTES)
    )
}

/// RFC 4648, §4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= three.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: RFC 4648, §10, test vectors.
    #[test]
    fn base64_follows_the_rfc() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn wrapped_lines_fit_and_lose_nothing() {
        let text = "Eight weeks of running after an illness and an_unreasonably_long_word_without_any_space";
        let lines = wrap(text, 12.0, 140.0);
        assert!(lines.iter().all(|line| width(line, 12.0) <= 140.0));
        let letters = |text: &str| text.replace(' ', "");
        assert_eq!(letters(&lines.concat()), letters(text));
    }
}
