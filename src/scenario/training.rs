//! `"run 6 x (4 min at 90 %VO2max, 3 min at 50 %VO2max)"` → verb and pieces of work.

use crate::units::{Quantity, Unit};

/// Work from `from_s` to `to_s` after the start of the session.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Piece {
    pub from_s: f64,
    pub to_s: f64,
    /// Share of the maximum (VO2max or one-repetition maximum).
    pub intensity: f64,
}

/// The forms of a session, for messages.
pub const FORMS: &str = "a session reads `run 50 min at 70 %VO2max`, \
    `run 6 x (4 min at 90 %VO2max, 3 min at 50 %VO2max)` or `squat 5 x 8 at 75 %1RM rest 3 min`";

/// How long one repetition of a lift takes, s: a usual tempo, assumed.
const REPETITION_S: f64 = 4.0;
const REST_S: f64 = 120.0;

/// Reads a session.
///
/// # Errors
/// What cannot be understood or done, in words.
pub fn session(text: &str) -> Result<(String, Vec<Piece>), String> {
    let (verb, rest) = text
        .trim()
        .split_once(' ')
        .ok_or("a session begins with a verb such as `run`")?;
    let rest = rest.trim();
    let pieces = if let Some((count, inner)) = rest.split_once(" x (") {
        intervals(count, inner)?
    } else if rest.contains("%1RM") {
        sets(rest)?
    } else {
        vec![work(rest, 0.0)?]
    };
    if pieces.is_empty() {
        return Err("this session holds no work".to_string());
    }
    Ok((verb.to_string(), pieces))
}

fn seconds(text: &str) -> Result<f64, String> {
    let second = Unit::parse("s").expect("s is a unit");
    let value = Quantity::parse(text.trim())
        .ok()
        .and_then(|quantity| quantity.value_in(&second));
    value
        .filter(|s| *s > 0.0 && *s < 1e7)
        .ok_or(format!("`{text}` is not a time above zero"))
}

fn share(text: &str) -> Result<f64, String> {
    let value = Quantity::parse(text.trim())
        .ok()
        .and_then(|quantity| quantity.value_in(&Unit::one()));
    value
        .filter(|share| (0.0..=1.5).contains(share))
        .ok_or(format!(
            "`{text}` is not an intensity between 0 and 150 % of the maximum"
        ))
}

/// `"50 min at 70 %VO2max"`
fn work(text: &str, from_s: f64) -> Result<Piece, String> {
    let (time, intensity) = text
        .split_once(" at ")
        .ok_or(format!("`{text}` should read `50 min at 70 %VO2max`"))?;
    Ok(Piece {
        from_s,
        to_s: from_s + seconds(time)?,
        intensity: share(intensity)?,
    })
}

fn count(text: &str) -> Result<u32, String> {
    text.trim()
        .parse()
        .ok()
        .filter(|n| (1..=200).contains(n))
        .ok_or(format!("`{text}` is not a number of times"))
}

fn intervals(times: &str, inner: &str) -> Result<Vec<Piece>, String> {
    let inner = inner
        .strip_suffix(')')
        .ok_or("the parenthesis is not closed")?;
    let mut pieces = Vec::new();
    let mut at = 0.0;
    for _ in 0..count(times)? {
        for part in inner.split(',') {
            let piece = work(part.trim(), at)?;
            at = piece.to_s;
            pieces.push(piece);
        }
    }
    Ok(pieces)
}

/// `"5 x 8 at 75 %1RM rest 3 min"`
fn sets(text: &str) -> Result<Vec<Piece>, String> {
    let (body, rest) = text
        .split_once(" rest ")
        .map_or((text, None), |(body, rest)| (body, Some(rest)));
    let (amount, load) = body
        .split_once(" at ")
        .ok_or("sets read `5 x 8 at 75 %1RM`")?;
    let (sets, repetitions) = amount
        .split_once('x')
        .ok_or("sets read `5 x 8 at 75 %1RM`")?;
    let (sets, repetitions) = (count(sets)?, count(repetitions)?);
    let rest = rest.map_or(Ok(REST_S), seconds)?;
    let intensity = share(load)?;
    let set = f64::from(repetitions) * REPETITION_S;
    Ok((0..sets)
        .map(|k| {
            let from_s = f64::from(k) * (set + rest);
            Piece {
                from_s,
                to_s: from_s + set,
                intensity,
            }
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_read_as_written() {
        let (verb, pieces) = session("run 50 min at 70 %VO2max").expect("a session");
        assert_eq!(
            (verb.as_str(), pieces[0].to_s, pieces[0].intensity),
            ("run", 3000.0, 0.7)
        );
        let (_, pieces) =
            session("run 6 x (4 min at 90 %VO2max, 3 min at 50 %VO2max)").expect("a session");
        assert_eq!((pieces.len(), pieces[11].to_s), (12, 6.0 * 7.0 * 60.0));
        let (_, pieces) = session("squat 5 x 8 at 75 %1RM rest 3 min").expect("a session");
        assert_eq!((pieces.len(), pieces[1].from_s), (5, 32.0 + 180.0));
        assert!(session("run 50 min at 700 %VO2max").is_err());
        assert!(session("run").is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,40}") {
            let _ = session(&text);
        }
    }
}
