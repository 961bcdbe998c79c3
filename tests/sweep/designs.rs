//! What a study says is what members are; what it draws can be looked at.

use std::fs;

use crate::bench::{Bench, stderr};

/// One failed member of three is told with its reason and stops nobody.
#[test]
fn a_member_that_fails_is_told_with_its_reason() {
    let bench = Bench::new();
    let output = bench.sweep(&["STUDY", "-o", "@out"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("768 members, 256 failed"));
    let failures = fs::read_to_string(bench.path("out/failures.csv")).expect("written");
    let rows: Vec<&str> = failures.lines().skip(1).collect();
    assert_eq!(rows.len(), 256);
    for (row, member) in rows.iter().zip(256..) {
        // Nothing divided by a volume of nothing: no state has a rate.
        assert!(row.starts_with(&format!("{member},base,start,")), "{row}");
        assert!(row.contains("`kinetics.signal` finds no rest"), "{row}");
    }
    let members = fs::read_to_string(bench.path("out/members.csv")).expect("written");
    let failed = members.lines().nth(1 + 256).expect("a row of every member");
    assert!(
        failed.starts_with("256,failed,0.0,") && failed.ends_with(",,"),
        "{failed}"
    );
}

#[test]
fn figures_are_drawn_and_their_texts_stay_on_the_page() {
    let figures = r#"
[[figure]]
title = "A curve"
record = "tired"
x = "minutes"
lines = "volume"
[[figure]]
title = "A map"
record = "rise"
x = "minutes"
y = "volume"
[[figure]]
title = "Panels"
record = "tired"
x = "minutes"
panels = "volume"
[[figure]]
title = "Bands"
show = "tiredness_score"
lines = "volume"
"#;
    let (study, series) = (crate::bench::STUDY, crate::bench::SERIES);
    let study = format!("{study}{figures}{series}").replace("\"0 L\"", "\"3.5 L\"");
    let bench = Bench::with(&study);
    let output = bench.sweep(&["STUDY", "-o", "@out"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for at in 1..=4 {
        let svg =
            fs::read_to_string(bench.path(&format!("out/figures/figure_{at}.svg"))).expect("drawn");
        assert!(svg.contains("</svg>"));
        let png = fs::read(bench.path(&format!("out/figures/figure_{at}.png"))).expect("drawn");
        assert_eq!(&png[1..4], b"PNG");
    }
    let first = fs::read_to_string(bench.path("out/figures/figure_1.svg")).expect("drawn");
    assert!(
        first.contains("A curve")
            && first.contains("run … min")
            && first.contains("Change of tiredness from 0 h to 8 h"),
        "named axes"
    );
}
