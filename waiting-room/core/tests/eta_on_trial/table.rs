use std::fmt::Write;

use crate::{SEEDS, judge::Verdict, scenarios::Scenario};

const HOW: &str = "\
# The ETA on trial

Simulated on-sales, replayed second by second against the real queue, controller and estimator. One fan in forty looks at
the page every ten seconds; what it says is held against the call that comes.

- *error*: of the estimate, as a part of the true wait; half of the looks, and nine in ten, are off by at most this.
- *between the bounds*: looks whose turn came neither before the low nor after the high bound. The aim is 80 %.
- *width*: how far apart the bounds are, as a part of the true wait; the median.
- *climbed*: looks at which the estimate was more than a second later than ten seconds before, although the operator had not
  slowed down and the store had not been lost.

Nobody can foresee what the operator will do, so time is counted at the rate that was in force when the fan looked: a second at
twice that rate counts two, a second of a pause or of a recovery none. Looks whose turn came after a loss of the store are not
judged, nor is the last quarter of a minute, when the page says \"any moment now\". Those called and fans who leave are not asked.
In the first ten seconds of an on-sale there is no estimate: nobody knows yet who of those called will come.
";

/// The documentation of `verdicts`.
pub(crate) fn of<'a>(verdicts: impl Iterator<Item = (&'a Scenario, &'a Verdict)>) -> String {
    let mut text = format!(
        "{HOW}\n{} runs of each. `BLESS=1 cargo test -p waiting-room-core --test eta_on_trial` writes this file and the plot.\n\n\
         ![Estimates and truth](eta-on-trial.svg)\n\n\
         | on-sale | looks | error, half | error, nine in ten | between the bounds | width | climbed |\n\
         |---|--:|--:|--:|--:|--:|--:|\n",
        SEEDS.len()
    );
    for (scenario, verdict) in verdicts {
        let about = match scenario.about {
            "" => String::new(),
            about => format!(": {about}"),
        };
        let _ = writeln!(
            text,
            "| **{}**{about} | {} | {:.1} % | {:.1} % | {:.1} % | {:.0} % | {:.1} % |",
            scenario.name,
            verdict.looks.len(),
            verdict.error(0.5) * 100.0,
            verdict.error(0.9) * 100.0,
            verdict.inside() * 100.0,
            verdict.width() * 100.0,
            verdict.climbed() * 100.0,
        );
    }
    text
}
