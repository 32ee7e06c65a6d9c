//! The ETA on trial: on-sales are replayed, fans look at their ETA, and it is held against the call that came.
//!
//! The table and the plot in `docs/` are what this test gives; `BLESS=1 cargo test -p waiting-room-core --test
//! eta_on_trial` writes them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod judge;
mod plot;
mod scenarios;
#[allow(dead_code, reason = "the invariants need more of it")]
#[path = "../support/mod.rs"]
mod support;
mod table;

use std::{env, fs, path::Path};

use self::judge::{Verdict, judge};

const SEEDS: [u64; 3] = [11, 23, 42];

/// How far apart the bounds may be, as a part of the wait.
const WIDTH: f64 = 0.5;

/// At how many looks the estimate may have climbed without a reason: a fan who looks thirty times sees it once or twice.
const CLIMBED: f64 = 0.085;

fn documented(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(name);
    if env::var_os("BLESS").is_some() {
        fs::write(&path, text).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "{} is not what the simulation gives: run the test with BLESS=1",
        path.display()
    );
}

#[test]
fn the_eta_holds_in_every_on_sale_and_the_documentation_says_how_well() {
    let scenarios = scenarios::all();
    let verdicts: Vec<Verdict> = std::thread::scope(|scope| {
        let runs: Vec<_> = scenarios
            .iter()
            .map(|scenario| scope.spawn(move || judge(scenario, &SEEDS)))
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let table = table::of(scenarios.iter().zip(&verdicts));
    println!("{table}");
    for (scenario, verdict) in scenarios.iter().zip(&verdicts) {
        let name = scenario.name;
        let (error, inside) = (verdict.error(0.5), verdict.inside());
        assert!(verdict.looks.len() > 500, "{name}: too few looks");
        assert!(
            error <= 0.10,
            "{name}: half of the looks are off by {error}"
        );
        assert!(inside >= 0.80, "{name}: {inside} fell between the bounds");
        let width = verdict.width();
        assert!(width <= WIDTH, "{name}: bounds {width} apart say nothing");
        let climbed = verdict.climbed();
        assert!(
            climbed <= CLIMBED,
            "{name}: climbed at {climbed} of the looks"
        );
    }
    documented("eta-on-trial.md", &table);
    documented("eta-on-trial.svg", &plot::of(&scenarios, &verdicts));
}
