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

#[test]
fn axes_show_what_people_write() {
    for (text, shown) in [
        ("1", ""),
        ("ug/L", "µg/L"),
        ("umol/L/min", "µmol L⁻¹ min⁻¹"),
        ("mL kg^-1 min^-1", "mL kg⁻¹ min⁻¹"),
        ("1/h", "h⁻¹"),
        ("m2", "m²"),
        ("W.min/L", "W min/L"),
        ("mg^0.45/h", "mg^0.45/h"),
        ("ug.RAE/d", "µg RAE/d"),
        ("%VO2max", "%VO2max"),
        ("Cel", "°C"),
    ] {
        assert_eq!(unit(text).pretty(), shown, "{text}");
    }
}

#[test]
fn a_point_between_digits_is_decimal() {
    assert_eq!(unit("1.5.mg").ratio_to(&unit("mg")), Some(1.5));
    assert_eq!(unit("10.mg").ratio_to(&unit("mg")), Some(10.0));
    assert_eq!(
        unit("/h"),
        Unit {
            text: "/h".to_string(),
            ..unit("1/h")
        }
    );
    assert_eq!(unit("hPa").ratio_to(&unit("Pa")), Some(100.0));
}

#[test]
fn inverse_powers_are_inverse() {
    let back = unit("mg^-0.45").factor_to(&unit("1/mg^0.45"));
    assert_eq!(back, Some(Rational::ONE));
    let ratio = unit("g^0.45")
        .ratio_to(&unit("mg^0.45"))
        .expect("one dimension");
    assert!((ratio / 1000f64.powf(0.45) - 1.0).abs() < 1e-14);
}

/// `mcg` is one letter from `mg` and a thousandfold away in dose.
#[test]
fn a_microgram_is_not_corrected_to_a_milligram() {
    assert_eq!(Unit::parse("mcg").expect_err("no UCUM").suggestions, ["ug"]);
}

#[test]
fn conversion_rounds_once() {
    let value = |text: &str, to: &str| Quantity::parse(text).ok()?.value_in(&unit(to));
    assert_eq!(value("70 %VO2max", "1"), Some(0.7));
    assert_eq!(value("18 ug/L", "mg/L"), Some(0.018));
}

#[test]
fn infinite_numbers_are_refused() {
    assert!(Quantity::parse("1e999 g").is_err());
}

proptest::proptest! {
    #[test]
    fn no_unit_like_text_makes_the_parser_panic(text in "[-mkgLsdu/.^()0-9µ% ]{0,24}") {
        if let Ok(unit) = Unit::parse(&text) {
            let _ = (unit.describe(), unit.pretty(), unit.times(&unit), unit.per(&unit));
        }
        let _ = Quantity::parse(&text);
    }

    #[test]
    fn there_and_back_is_one(a in 0usize..8, b in 0usize..8) {
        let units = ["ng/mL", "ug/L", "mg/dL", "g/L", "kg/m^3", "pg/uL", "mg/cm^3", "g.L^-1"].map(unit);
        let there = units[a].factor_to(&units[b]).expect("one dimension");
        let back = units[b].factor_to(&units[a]).expect("one dimension");
        proptest::prop_assert_eq!(there.checked_mul(back), Some(Rational::ONE));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,24}") {
        let _ = Unit::parse(&text);
        let _ = Quantity::parse(&text);
    }
}
