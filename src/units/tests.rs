use super::*;

fn unit(text: &str) -> Unit {
    Unit::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

#[test]
fn everyday_spellings_convert_exactly() {
    for (from, to, factor) in [
        ("mg/d", "ug/h", 1000.0 / 24.0),
        ("µmol/L", "nmol/mL", 1.0),
        ("mL/kg/min", "L/kg/h", 0.06),
        ("g/dL", "g/L", 10.0),
        ("mM", "mmol/L", 1.0),
        ("uM/ms", "mM/s", 1.0),
        ("%VO2max", "1", 0.01),
        ("kcal", "J", 4184.0),
        ("mmHg", "Pa", 133.322387415),
        ("1/h", "1/d", 24.0),
    ] {
        assert_eq!(
            unit(from).ratio_to(&unit(to)),
            Some(factor),
            "{from} to {to}"
        );
    }
}

#[test]
fn mass_and_amount_do_not_mix() {
    assert_eq!(unit("mg/L").factor_to(&unit("umol/L")), None);
    assert_eq!(unit("mg/L").describe(), "mass per volume");
}

#[test]
fn powers_may_be_fractions() {
    let root = unit("mg^0.45/h");
    assert!(root.factor_to(&unit("mg^0.45/h")).is_some());
    assert_eq!(
        unit("m^(1/2)")
            .power(Rational::new(2, 1))
            .map(|u| u.dimension),
        Some(unit("m").dimension)
    );
}

#[test]
fn celsius_is_affine() {
    let quantity = Quantity::parse("37 Cel").expect("a quantity");
    assert_eq!(quantity.value_in(&unit("K")), Some(310.15));
    assert!(Unit::parse("Cel/h").is_err());
}

#[test]
fn a_misspelt_unit_is_placed_and_corrected() {
    let error = Unit::parse("mg/dd").expect_err("no such unit");
    assert_eq!(error.range, 3..5);
    assert!(!error.suggestions.is_empty());
}

#[test]
fn quantities_carry_their_number() {
    for (text, value) in [
        ("18 ug/L", 18.0),
        ("70 %VO2max", 70.0),
        ("1e-3 mol", 1e-3),
        ("-2 Cel", -2.0),
        ("5", 5.0),
    ] {
        assert_eq!(Quantity::parse(text).map(|q| q.value), Ok(value), "{text}");
    }
    assert!(Quantity::parse("mg").is_err());
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,24}") {
        let _ = Unit::parse(&text);
        let _ = Quantity::parse(&text);
    }
}
