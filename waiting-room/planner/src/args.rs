use std::{path::PathBuf, str::FromStr, time::Duration};

use clap::Args;
use waiting_room_core::{AdmissionRate, InvalidSetting, MaxActiveSessions};

use crate::{Crowd, Door, Purchase, Scenario, ScenarioError, Serving};

/// What is asked of the planner. Shares go from 0 to 1.
#[derive(Clone, Debug, Args)]
pub struct PlanArgs {
    /// How many fans come in all; 1 to 50000000
    #[arg(
        long,
        value_name = "FANS",
        required_unless_present = "show_prices",
        value_parser = clap::value_parser!(u64).range(1..=50_000_000)
    )]
    pub fans: Option<u64>,

    /// The admission rate: claims a minute; 1 to 1000000
    #[arg(
        long,
        value_name = "PER_MINUTE",
        required_unless_present = "show_prices",
        value_parser = setting::<AdmissionRate>
    )]
    pub rate: Option<AdmissionRate>,

    /// The share of those called that never comes; 0 to 0.95
    #[arg(long, value_name = "SHARE", default_value_t = 0.4, value_parser = |text: &str| number(text, 0.0, 0.95))]
    pub no_show: f64,

    /// Of those who come, the share that misses the first call and comes back for a second one; 0 to 0.5
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = |text: &str| number(text, 0.0, 0.5))]
    pub second_call: f64,

    /// The share of those waiting that gives its place up within an hour; 0 to 0.95
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = |text: &str| number(text, 0.0, 0.95))]
    pub leave_per_hour: f64,

    /// The share that looks at another tab while it waits, whose page asks rarely; 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.3, value_parser = |text: &str| number(text, 0.0, 1.0))]
    pub hidden_tabs: f64,

    /// The share that comes to the pre-queue, before the on-sale; 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = |text: &str| number(text, 0.0, 1.0), help_heading = "When the fans come")]
    pub prequeue: f64,

    /// How long before the on-sale the pre-queue opens, in minutes; 1 to 1440
    #[arg(long, value_name = "MINUTES", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=1_440), help_heading = "When the fans come")]
    pub prequeue_minutes: u64,

    /// Over how long those come who want to be first, in seconds; 1 to 86400
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400), help_heading = "When the fans come")]
    pub stampede_seconds: u64,

    /// The share that comes at leisure instead, evenly over --late-minutes; 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = |text: &str| number(text, 0.0, 1.0), help_heading = "When the fans come")]
    pub late: f64,

    /// Over how long they come, in minutes after the on-sale begins; 1 to 10080
    #[arg(long, value_name = "MINUTES", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=10_080), help_heading = "When the fans come")]
    pub late_minutes: u64,

    /// How long after the on-sale begins the event closes, in hours; 0.1 to 168
    #[arg(long, value_name = "HOURS", default_value_t = 24.0, value_parser = |text: &str| number(text, 0.1, 168.0), help_heading = "The event")]
    pub sale_hours: f64,

    /// How many may be in checkout at once; 1 to 1000000
    #[arg(long, value_name = "SESSIONS", default_value = "2000", value_parser = setting::<MaxActiveSessions>, help_heading = "The event")]
    pub sessions: MaxActiveSessions,

    /// How long an admitted fan may stay in checkout, in seconds; 30 to 86400
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(30..=86_400), help_heading = "The event")]
    pub session_seconds: u64,

    /// How long a called fan has to come, in seconds; 5 to 3600
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(5..=3_600), help_heading = "The event")]
    pub call_window_seconds: u64,

    /// How long those who order stay in checkout on average, in seconds; 1 to --session-seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=86_400), help_heading = "In checkout")]
    pub stay_seconds: u64,

    /// The share of those admitted who never order and hold their session until it expires; 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.1, value_parser = |text: &str| number(text, 0.0, 1.0), help_heading = "In checkout")]
    pub abandon: f64,

    /// Units for sale; 1 to 10000000. Without it there are more than anybody wants
    #[arg(long, value_name = "UNITS", value_parser = clap::value_parser!(u64).range(1..=10_000_000), help_heading = "In checkout")]
    pub stock: Option<u64>,

    /// Units an order takes on average; 1 to 100
    #[arg(long, value_name = "UNITS", default_value_t = 2.0, value_parser = |text: &str| number(text, 1.0, 100.0), help_heading = "In checkout")]
    pub per_order: f64,

    /// Processes of the waiting room; 1 to 1000
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1_000), help_heading = "What serves it")]
    pub instances: u32,

    /// Caches that ask the waiting room for the board, each at most once a second: 1 with an origin shield,
    /// one an edge location without; 1 to 1000
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000), help_heading = "What serves it")]
    pub edges: u32,

    /// No CDN: every request reaches the waiting room
    #[arg(long, conflicts_with = "edges", help_heading = "What serves it")]
    pub no_cdn: bool,

    /// A file with your prices instead of list prices
    #[arg(long, value_name = "FILE", help_heading = "What comes out")]
    pub prices: Option<PathBuf>,

    /// Prints the list prices as such a file, and nothing else
    #[arg(long, help_heading = "What comes out")]
    pub show_prices: bool,

    /// Prints JSON, with the whole course of the on-sale
    #[arg(long, help_heading = "What comes out")]
    pub json: bool,

    /// Draws the plan as SVG into a file
    #[arg(long, value_name = "FILE", help_heading = "What comes out")]
    pub svg: Option<PathBuf>,
}

impl PlanArgs {
    /// The on-sale that is asked about.
    ///
    /// # Errors
    /// When fans or rate are missing, or when the options contradict each other.
    pub fn scenario(&self) -> Result<Scenario, ScenarioError> {
        let (Some(fans), Some(rate)) = (self.fans, self.rate) else {
            return Err(ScenarioError::NoOnSale);
        };
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        Scenario {
            crowd: Crowd {
                fans,
                prequeue: self.prequeue,
                prequeue_for: minutes(self.prequeue_minutes),
                stampede: Duration::from_secs(self.stampede_seconds),
                late: self.late,
                late_over: minutes(self.late_minutes),
                no_show: self.no_show,
                second_call: self.second_call,
                leave_per_hour: self.leave_per_hour,
                hidden: self.hidden_tabs,
            },
            door: Door {
                rate,
                max_sessions: self.sessions,
                session_length: Duration::from_secs(self.session_seconds),
                call_window: Duration::from_secs(self.call_window_seconds),
            },
            purchase: Purchase {
                stay: Duration::from_secs(self.stay_seconds),
                abandon: self.abandon,
                stock: self.stock,
                per_order: self.per_order,
            },
            serving: Serving {
                instances: self.instances,
                edges: (!self.no_cdn).then_some(self.edges),
            },
            closes_after: Duration::from_secs_f64(self.sale_hours * 3_600.0),
        }
        .checked()
    }
}

/// A setting, as the operator's own are read.
fn setting<T: FromStr<Err = InvalidSetting>>(text: &str) -> Result<T, InvalidSetting> {
    text.parse()
}

fn number(text: &str, least: f64, most: f64) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(format!("must be a number from {least} to {most}")),
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        plan: PlanArgs,
    }

    fn asked(options: &str) -> Result<PlanArgs, String> {
        let arguments = ["plan"].into_iter().chain(options.split_whitespace());
        let parsed = Program::try_parse_from(arguments).map(|program| program.plan);
        parsed.map_err(|error| error.to_string())
    }

    #[test]
    fn the_options_are_consistent() {
        Program::command().debug_assert();
    }

    #[test]
    fn fans_and_rate_are_enough() {
        let plan = asked("--fans 400000 --rate 600").unwrap();
        let scenario = plan.scenario().unwrap();
        assert_eq!(scenario.crowd.fans, 400_000);
        assert_eq!(scenario.door.rate.per_minute(), 600);
    }

    #[test]
    fn what_is_out_of_range_is_refused_with_the_range() {
        for (options, says) in [
            ("--rate 600", "--fans"),
            ("--fans 0 --rate 600", "1..=50000000"),
            ("--fans 10 --rate 0", "from 1 to 1000000"),
            ("--fans 10 --rate 600 --no-show 1", "from 0 to 0.95"),
            ("--fans 10 --rate 600 --no-show much", "from 0 to 0.95"),
            ("--fans 10 --rate 600 --sessions 0", "from 1 to 1000000"),
            ("--fans 10 --rate 600 --no-cdn --edges 3", "cannot be used"),
        ] {
            let refusal = asked(options).unwrap_err();
            assert!(refusal.contains(says), "{options}: {refusal}");
        }
    }

    #[test]
    fn contradictions_are_told() {
        let contradiction = |options: &str| asked(options).unwrap().scenario().unwrap_err();
        assert_eq!(
            contradiction("--fans 10 --rate 1 --prequeue 0.7 --late 0.4"),
            ScenarioError::SharesAboveOne
        );
        assert_eq!(
            contradiction("--fans 10 --rate 1 --stay-seconds 700"),
            ScenarioError::StayAboveSession
        );
    }

    #[test]
    fn prices_can_be_shown_without_an_on_sale() {
        assert!(asked("--show-prices").unwrap().show_prices);
    }
}
