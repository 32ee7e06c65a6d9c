//! The plan that the README shows. `BLESS=1 cargo test -p waiting-room-planner` writes what it compares.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{fs, path::PathBuf};

use clap::Parser;
use waiting_room_planner::{PlanArgs, PlanError, PricesError, run};

#[derive(Parser)]
struct Asked {
    #[command(flatten)]
    plan: PlanArgs,
}

const EXAMPLE: &str = "--fans 400000 --rate 600 --no-show 0.4 --prequeue 0.3 --late 0.2";

fn answer(options: &str) -> Result<String, PlanError> {
    let arguments = ["plan"].into_iter().chain(options.split_whitespace());
    let mut out = Vec::new();
    run(&Asked::parse_from(arguments).plan, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

/// Compares with a file of the repository, or writes it.
fn is_as_in(file: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "{file} is not what the planner says any more; if that is right, BLESS=1 writes it:\n{text}"
    );
}

#[test]
fn the_example_reads_as_in_the_repository() {
    is_as_in("tests/example.txt", &answer(EXAMPLE).unwrap());
}

#[test]
fn the_example_s_plot_is_the_one_of_the_readme() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("plan.svg");
    answer(&format!("{EXAMPLE} --svg {}", path.display())).unwrap();
    is_as_in("../../docs/plan.svg", &fs::read_to_string(path).unwrap());
}

#[test]
fn json_tells_the_same() {
    let json = answer(&format!("{EXAMPLE} --json")).unwrap();
    let plan: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(plan["scenario"]["crowd"]["fans"], 400_000);
    assert_eq!(plan["scenario"]["door"]["rate"], 600);
    let admitted = plan["course"]["totals"]["admitted"].as_f64().unwrap();
    assert!((admitted - 240_000.0).abs() < 1.0, "{admitted}");
    assert!(plan["course"]["load"]["peak"]["joins"].is_f64());
    assert!(
        !plan["course"]["timeline"]["points"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn own_prices_make_another_bill() {
    let list = answer("--show-prices").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("prices.toml");
    fs::write(&path, list.replace("= 1.00", "= 2.00")).unwrap();
    let bill = |options: &str| {
        let plan = answer(&format!("{EXAMPLE} --json {options}")).unwrap();
        let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
        plan["bill"]["total"].as_f64().unwrap()
    };
    assert!(bill(&format!("--prices {}", path.display())) > 1.3 * bill(""));
}

/// The published estimate for a distribution without WAF is about 160 US dollars of board requests and boards for a
/// million fans who wait an hour and ask every 30 s on average.
#[test]
fn boards_for_a_million_hours_of_waiting_cost_what_a_hand_calculation_says() {
    let json = answer(
        "--fans 1000000 --rate 60 --hidden-tabs 0 --sale-hours 1 --stampede-seconds 1 --json",
    )
    .unwrap();
    let plan: serde_json::Value = serde_json::from_str(&json).unwrap();
    let used = &plan["course"]["load"]["consumption"];
    let of = |field: &str| used[field].as_f64().unwrap();
    let requests = of("board_requests") / of("hours_waited");
    assert!(
        (requests / 120.0 - 1.0).abs() < 0.05,
        "{requests} for an hour"
    );
    let dollars = of("board_requests") / 1e6 * 1.00 + of("board_gb_out") * 0.085;
    assert!((140.0..190.0).contains(&dollars), "{dollars} dollars");
}

#[test]
fn what_can_t_be_read_or_written_is_told() {
    let refused = answer(&format!("{EXAMPLE} --prices /nowhere/prices.toml"));
    assert!(matches!(
        refused,
        Err(PlanError::Prices(PricesError::File { .. }))
    ));
    let refused = answer(&format!("{EXAMPLE} --svg /nowhere/plan.svg"));
    assert!(matches!(refused, Err(PlanError::PlotFile { .. })));
}

/// What the report warns of, by a word of the warning.
#[test]
fn advice_fits_the_on_sale() {
    for (options, word) in [
        (
            "--fans 100000 --rate 600 --sessions 500",
            "The limit of 500 sessions binds",
        ),
        ("--fans 100000 --rate 600 --stock 20000", "It is sold out"),
        (
            "--fans 100000 --rate 600 --sale-hours 1",
            "longer than the sale",
        ),
        (
            "--fans 2000000 --rate 6000 --sessions 20000 --stampede-seconds 20",
            "joins a second",
        ),
        (
            "--fans 3000000 --rate 60000 --sessions 200000 --prequeue 0.9",
            "CloudFront's default",
        ),
        ("--fans 1000000 --rate 600 --no-cdn", "requests in all"),
    ] {
        let told = answer(options).unwrap();
        let warnings: Vec<&str> = told.lines().filter(|line| line.starts_with("! ")).collect();
        let flowing = told.replace("\n  ", " ");
        assert!(flowing.contains(word), "{options}: {told}");
        assert!(!warnings.is_empty(), "{options}: {told}");
    }
    let calm = answer("--fans 2000 --rate 600").unwrap();
    assert!(!calm.lines().any(|line| line.starts_with("! ")), "{calm}");
    assert!(
        calm.contains("k6 run -e FANS=2000 -e NO_SHOW=0.4"),
        "{calm}"
    );
}
