//! The plan as a person reads it.

use std::io::{self, Write};

use crate::{
    Plan,
    figures::{bytes, number, percent, time, whole},
};

/// How wide a line of prose is.
const WIDTH: usize = 100;

pub(crate) fn write(plan: &Plan, out: &mut impl Write) -> io::Result<()> {
    heading(plan, out)?;
    queue(plan, out)?;
    checkout(plan, out)?;
    requests(plan, out)?;
    costs(plan, out)?;
    advice(plan, out)
}

fn heading(plan: &Plan, out: &mut impl Write) -> io::Result<()> {
    let (crowd, door) = (&plan.scenario.crowd, &plan.scenario.door);
    writeln!(
        out,
        "{} fans, {} admissions a minute, {} of those called never come\n",
        whole(crowd.fans as f64),
        whole(door.rate.per_minute().into()),
        percent(crowd.no_show),
    )
}

fn queue(plan: &Plan, out: &mut impl Write) -> io::Result<()> {
    let (course, totals) = (&plan.course, &plan.course.totals);
    let ends = match course.sold_out_at {
        Some(at) => format!("sold out {} after the on-sale begins", time(at)),
        None if course.closed_on_fans => {
            let at = plan.scenario.closes_after.as_secs_f64();
            format!(
                "closed {} after the on-sale begins, on fans who wait",
                time(at)
            )
        }
        None => format!(
            "empty {} after the on-sale begins",
            time(course.last_admission_at)
        ),
    };
    row(out, "The queue", &ends)?;
    row(
        out,
        "  at its longest",
        &format!(
            "{} fans, {} in the queue store",
            whole(course.longest_queue),
            bytes(plan.store_bytes)
        ),
    )?;
    let waits: Vec<String> = plan
        .waits
        .iter()
        .map(|wait| match wait.percentile {
            100 => format!("max {}", time(wait.seconds)),
            percentile => format!("p{percentile} {}", time(wait.seconds)),
        })
        .collect();
    row(out, "  wait to the door", &waits.join(" · "))?;
    let fates = [
        (totals.admitted, "admitted"),
        (totals.never_came, "called and never come"),
        (totals.left, "leave"),
        (totals.turned_away, "wait in vain"),
        (totals.came_too_late, "come too late"),
    ];
    let fates: Vec<String> = fates
        .iter()
        .filter(|(fans, _)| *fans >= 0.5)
        .map(|(fans, what)| format!("{} {what}", whole(*fans)))
        .collect();
    row(out, "  the fans", &fates.join(" · "))
}

fn checkout(plan: &Plan, out: &mut impl Write) -> io::Result<()> {
    let (course, needed) = (&plan.course, &plan.sessions_needed);
    let limit = plan.scenario.door.max_sessions.sessions();
    writeln!(out)?;
    row(
        out,
        "Checkout",
        &format!(
            "{} orders, {} sessions expire",
            whole(course.totals.orders),
            whole(course.totals.expired)
        ),
    )?;
    row(
        out,
        "  sessions",
        &format!(
            "{} of {} at most: {} a second × {} a stay = {}",
            whole(course.most_sessions),
            whole(limit.into()),
            number(plan.scenario.door.rate.per_second()),
            time(needed.mean_stay_seconds),
            whole(needed.at_the_rate),
        ),
    )
}

fn requests(plan: &Plan, out: &mut impl Write) -> io::Result<()> {
    let load = &plan.course.load;
    let (peak, mean) = (&load.peak, &load.mean);
    writeln!(
        out,
        "\n{:<34}{:>12}{:>12}",
        "Requests a second", "peak", "mean"
    )?;
    let board = match plan.scenario.serving.edges {
        Some(_) => "board, at the CDN",
        None => "board, without a CDN",
    };
    let mut lines = vec![
        ("joins", peak.rates.joins, mean.joins),
        (board, peak.rates.board, mean.board),
    ];
    if plan.scenario.serving.edges.is_some() {
        let (peak, mean) = (peak.rates.board_at_origin, mean.board_at_origin);
        lines.push(("board, at the waiting room", peak, mean));
    }
    lines.extend([
        ("event and stock", peak.rates.event, mean.event),
        ("the site's files", peak.rates.files, mean.files),
        ("status polls", peak.rates.status, mean.status),
        ("knocks at the door", peak.rates.claims, mean.claims),
        ("checkout", peak.rates.checkout, mean.checkout),
    ]);
    for (what, peak, mean) in lines {
        writeln!(out, "  {what:<32}{:>12}{:>12}", number(peak), number(mean))?;
    }
    writeln!(
        out,
        "  {:<32}{:>12}{:>12}",
        "scripts of the queue store, ≤",
        number(peak.rates.store_scripts),
        number(mean.store_scripts)
    )
}

fn costs(plan: &Plan, out: &mut impl Write) -> io::Result<()> {
    let used = &plan.course.load.consumption;
    writeln!(
        out,
        "\n{:<34}{:>12}  {:<14}{:>10}",
        "What drives the cost", "units", "", "USD"
    )?;
    for line in &plan.bill.lines {
        writeln!(
            out,
            "  {:<32}{:>12}  {:<14}{:>10.2}",
            line.what,
            number(line.quantity),
            line.unit,
            line.dollars
        )?;
    }
    writeln!(
        out,
        "  {:<32}{:>12}  {:<14}{:>10.2}",
        "all of it", "", "", plan.bill.total
    )?;
    let of_all =
        |requests: f64| percent((requests / used.cdn_requests.max(1.0) * 100.0).round() / 100.0);
    let cdn = match plan.scenario.serving.edges {
        Some(_) => format!(
            "Of the CDN's requests {} are for the board, {} for the event and its stock. ",
            of_all(used.board_requests),
            of_all(used.event_requests)
        ),
        None => String::new(),
    };
    paragraph(
        out,
        "  ",
        "  ",
        &format!(
            "{cdn}{} USD for a million fans, {} for a million hours of waiting, at list prices to be checked: --show-prices, --prices FILE.",
            whole(plan.bill.per_million_fans),
            whole(plan.bill.per_million_hours_waited)
        ),
    )
}

fn advice(plan: &Plan, out: &mut impl Write) -> io::Result<()> {
    writeln!(out)?;
    for advice in &plan.advice {
        let sign = if advice.warning { "! " } else { "- " };
        paragraph(out, sign, "  ", &advice.text)?;
        if let Some(command) = &advice.command {
            writeln!(out, "  {command}")?;
        }
    }
    Ok(())
}

fn row(out: &mut impl Write, what: &str, text: &str) -> io::Result<()> {
    let first = format!("{what:<20}");
    paragraph(out, &first, &" ".repeat(20), text)
}

/// `text` in lines of [`WIDTH`], the first one after `first`, the others after `rest`.
fn paragraph(out: &mut impl Write, first: &str, rest: &str, text: &str) -> io::Result<()> {
    let mut line = first.to_owned();
    let mut begun = false;
    for word in text.split(' ') {
        if begun && line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(out, "{}", line.trim_end())?;
            line = rest.to_owned();
            begun = false;
        }
        if begun {
            line.push(' ');
        }
        line.push_str(word);
        begun = true;
    }
    writeln!(out, "{}", line.trim_end())
}
