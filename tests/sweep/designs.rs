//! What a study says is what members are; what it draws can be looked at.

use std::fs;

use crate::bench::{Bench, stderr};

/// One failed member of three is told with its reason and stops nobody.
#[test]
fn a_member_that_fails_is_told_with_its_reason() {
    let bench = Bench::new();
    let output = bench.sweep(&["STUDY", "-o", "@out"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("48 members, 16 failed"));
    let failures = fs::read_to_string(bench.path("out/failures.csv")).expect("written");
    let rows: Vec<&str> = failures.lines().skip(1).collect();
    assert_eq!(rows.len(), 16);
    for (row, member) in rows.iter().zip(16..) {
        assert!(
            row.starts_with(&format!("{member},alternate days,start,")),
            "{row}"
        );
        assert!(
            row.contains("there is no equilibrium")
                && row.contains("serum_ferritin = 10000000 ug/L"),
            "{row}"
        );
    }
    let members = fs::read_to_string(bench.path("out/members.csv")).expect("written");
    assert!(
        members
            .lines()
            .nth(17)
            .is_some_and(|row| row.ends_with(",,")),
        "no numbers of a failed member"
    );
}

#[test]
fn figures_are_drawn_and_their_texts_stay_on_the_page() {
    let study = crate::bench::STUDY
        .replace("[[series]]\n", "")
        .replace("1e7 ug/L", "22 ug/L")
        + "[[figure]]\ntitle = \"A curve\"\nrecord = \"gain\"\nx = \"dose\"\nlines = \"ferritin\"\n\
           [[figure]]\ntitle = \"A map\"\nrecord = \"gain\"\nx = \"dose\"\ny = \"ferritin\"\n\
           [[figure]]\ntitle = \"Panels\"\nrecord = \"gain\"\nx = \"dose\"\npanels = \"ferritin\"\n\
           [[figure]]\ntitle = \"Bands\"\nshow = \"serum_ferritin\"\nlines = \"ferritin\"\n"
        + crate::bench::SERIES;
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
        first.contains("A curve") && first.contains("Dose") && first.contains("µg/L"),
        "named axes"
    );
}
