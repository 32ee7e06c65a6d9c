use serde::Serialize;

use crate::{
    Course, Scenario,
    figures::{percent, time, whole},
    traffic::DRAW_SPREAD,
};

/// What somebody who has run on-sales would say of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// Whether something has to change before this on-sale.
    pub warning: bool,
    /// What, and what to do about it.
    pub text: String,
    /// The command that does it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// What CloudFront allows a distribution by default, in requests a second.
const CDN_QUOTA: f64 = 250_000.0;

/// What to expect of one process of the waiting room, a second: joins, claims, and boards or statuses. Half or less of
/// what `docs/benchmark.md` has for two cores that the load and Redis share, so that nothing runs at its limit.
const JOINS_OF_AN_INSTANCE: f64 = 10_000.0;
const CLAIMS_OF_AN_INSTANCE: f64 = 2_000.0;
const REQUESTS_OF_AN_INSTANCE: f64 = 20_000.0;

/// Longer than this few people look at a page that counts down, in seconds.
const PATIENCE: f64 = 2.0 * 3_600.0;

/// A rehearsal with this many fans is over within minutes on one machine.
const REHEARSAL: u64 = 2_000;

impl Advice {
    fn warning(text: String) -> Self {
        Self {
            warning: true,
            text,
            command: None,
        }
    }

    fn remark(text: String) -> Self {
        Self {
            warning: false,
            text,
            command: None,
        }
    }

    pub(crate) fn on(scenario: &Scenario, course: &Course) -> Vec<Self> {
        let mut all = Vec::new();
        all.extend(sessions(scenario));
        all.extend(sold_out(scenario, course));
        all.extend(closing(scenario, course));
        all.extend(patience(course));
        all.extend(instances(scenario, course));
        all.extend(cdn(scenario, course));
        all.extend(draw(scenario, course));
        all.push(rehearsal(scenario));
        all
    }
}

fn sessions(scenario: &Scenario) -> Option<Advice> {
    let rate = scenario.door.rate.per_second();
    let stay = scenario.mean_stay().as_secs_f64();
    let limit = scenario.door.max_sessions.sessions();
    let needed = rate * stay;
    if scenario.sessions_bind() {
        return Some(Advice::warning(format!(
            "The limit of {} sessions binds: at {} a stay it admits {} a minute, not {}. Allow {} sessions, or lower the rate.",
            whole(limit.into()),
            time(stay),
            whole(scenario.sustained_per_second() * 60.0),
            whole(rate * 60.0),
            whole((needed * 1.1).ceil()),
        )));
    }
    (needed > 0.9 * f64::from(limit)).then(|| {
        Advice::remark(format!(
            "The rate fills {} of {} sessions: fans who take a little longer than planned slow the queue down.",
            whole(needed),
            whole(limit.into()),
        ))
    })
}

fn sold_out(scenario: &Scenario, course: &Course) -> Option<Advice> {
    let at = course.sold_out_at?;
    let totals = &course.totals;
    let in_vain = totals.turned_away + totals.left + totals.came_too_late;
    let units = scenario.purchase.stock.unwrap_or_default() as f64;
    let buyers = units / scenario.purchase.per_order;
    let ordering = scenario.show_share().max(0.01) * (1.0 - scenario.purchase.abandon);
    let enough = buyers / ordering;
    Some(Advice::warning(format!(
        "It is sold out {} after it begins, while {} fans wait, leave or still come, and {} are in checkout. \
         From about {} people ahead a place is hopeless: say so, in the message to the fans, before they wait.",
        time(at),
        whole(in_vain),
        whole(totals.admitted_in_vain),
        whole(enough),
    )))
}

fn closing(scenario: &Scenario, course: &Course) -> Option<Advice> {
    if !course.closed_on_fans {
        return None;
    }
    let closes_at = scenario.closes_after.as_secs_f64();
    let totals = &course.totals;
    let to_come = totals.turned_away * scenario.show_share();
    let rate = scenario.door.rate.per_second() + to_come / closes_at;
    Some(Advice::warning(format!(
        "The wait is longer than the sale: the event closes {} after it begins, on {} waiting fans. \
         To serve them all it takes {} admissions a minute, or a later closing time.",
        time(closes_at),
        whole(totals.turned_away),
        whole((rate * 60.0).ceil()),
    )))
}

fn patience(course: &Course) -> Option<Advice> {
    let median = course.waits.quantile(0.5);
    (median > PATIENCE).then(|| {
        Advice::remark(format!(
            "Half of those admitted wait longer than {}: expect more of them to be away when they are called. \
             No-shows cost nobody else time, and whoever closes the laptop keeps the place.",
            time(median),
        ))
    })
}

fn instances(scenario: &Scenario, course: &Course) -> Option<Advice> {
    let peak = &course.load.peak;
    let demands = [
        (peak.rates.joins, JOINS_OF_AN_INSTANCE, "joins"),
        (peak.rates.claims, CLAIMS_OF_AN_INSTANCE, "claims"),
        (peak.at_origin, REQUESTS_OF_AN_INSTANCE, "requests in all"),
    ];
    let needs = |(demand, each, _): &(f64, f64, &str)| (demand / each).ceil();
    let worst = demands
        .into_iter()
        .max_by(|a, b| needs(a).total_cmp(&needs(b)))?;
    let needed = needs(&worst);
    let (demand, each, what) = worst;
    (needed > f64::from(scenario.serving.instances)).then(|| {
        Advice::warning(format!(
            "{} {what} a second at the peak are more than {} of the waiting room's processes are planned to take \
             ({} each): run {} and one to spare, up before the fans come. Scaling takes minutes, a stampede seconds.",
            whole(demand),
            scenario.serving.instances,
            whole(each),
            whole(needed),
        ))
    })
}

fn cdn(scenario: &Scenario, course: &Course) -> Option<Advice> {
    scenario.serving.edges?;
    let peak = course.load.peak.at_cdn;
    (peak > CDN_QUOTA).then(|| {
        Advice::warning(format!(
            "{} requests a second at the CDN are above CloudFront's default of {} a distribution: ask for more \
             some weeks before.",
            whole(peak),
            whole(CDN_QUOTA),
        ))
    })
}

fn draw(scenario: &Scenario, course: &Course) -> Option<Advice> {
    let peak = &course.load.peak;
    let right_after = (0.0..DRAW_SPREAD).contains(&peak.board_at);
    (scenario.crowd.prequeue > 0.0 && right_after).then(|| {
        Advice::remark(format!(
            "Most ask for the board right after the draw, {} a second: every page of the pre-queue looks then, \
             spread over {} s.",
            whole(peak.rates.board),
            whole(DRAW_SPREAD),
        ))
    })
}

fn rehearsal(scenario: &Scenario) -> Advice {
    let fans = scenario.crowd.fans.min(REHEARSAL);
    let rate = scenario.door.rate.per_minute();
    let minutes = fans as f64 * (1.0 - scenario.crowd.no_show) / f64::from(rate);
    let no_show = scenario.crowd.no_show;
    let scale = if fans < scenario.crowd.fans {
        let share = fans as f64 / scenario.crowd.fans as f64;
        format!(" with {} of the fans", percent(share))
    } else {
        String::new()
    };
    let patience = (minutes * 1.5 + 2.0).ceil() * 60.0;
    let text = format!(
        "Rehearse it{scale}, some {} at the same rate:",
        time(minutes * 60.0)
    );
    Advice {
        command: Some(format!(
            "k6 run -e FANS={fans} -e NO_SHOW={no_show} -e MAX_WAIT={patience:.0} k6/stampede.js"
        )),
        ..Advice::remark(text)
    }
}
