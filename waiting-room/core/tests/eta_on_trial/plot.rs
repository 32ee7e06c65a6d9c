use plotters::prelude::*;

use crate::{
    judge::{Look, Verdict, quantile},
    scenarios::Scenario,
    support::START,
};

const SIZE: (u32, u32) = (960, 420);
const BAND: RGBColor = RGBColor(158, 202, 225);
const ESTIMATE: RGBColor = RGBColor(8, 81, 156);
const TRUTH: RGBColor = RGBColor(217, 72, 1);
const INK: RGBColor = RGBColor(36, 41, 47);

/// On the left what one fan saw during an on-sale, on the right how far off the estimates were by the time to go.
pub(crate) fn of(scenarios: &[Scenario], verdicts: &[Verdict]) -> String {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        root.fill(&WHITE).unwrap();
        let (left, right) = root.split_horizontally(480);
        let steady = scenarios.iter().position(|it| it.name == "steady").unwrap();
        one_fan(&left, &verdicts[steady].looks);
        errors(&right, verdicts);
        root.present().unwrap();
    }
    svg
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn text(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK)
}

fn minutes(seconds: f64) -> f64 {
    seconds / 60.0
}

/// When it was, in minutes since the on-sale began.
fn when(look: &Look) -> f64 {
    minutes(look.at.since(START).as_secs_f64())
}

/// The band, the estimate and the truth of the fan who waited longest in the first run.
fn one_fan(area: &Area<'_>, looks: &[Look]) {
    let end = looks.windows(2).position(|pair| pair[1].at < pair[0].at);
    let run = end.map_or(looks, |end| &looks[..=end]);
    let longest = run.iter().max_by(|a, b| a.wait.total_cmp(&b.wait));
    let place = longest.unwrap().place;
    let fan: Vec<Look> = run
        .iter()
        .filter(|look| look.place == place)
        .copied()
        .collect();
    let last = fan.iter().map(when).fold(0.0, f64::max);
    let highest = fan
        .iter()
        .map(|look| minutes(look.eta.high.as_secs_f64()))
        .fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption("What the last fan of a steady on-sale saw", text(16))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(44)
        .build_cartesian_2d(0.0..last, 0.0..highest)
        .unwrap();
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(INK.mix(0.12))
        .axis_style(INK)
        .label_style(text(13))
        .x_desc("minutes since the on-sale began")
        .y_desc("minutes to go")
        .draw()
        .unwrap();
    let low = fan
        .iter()
        .map(|look| (when(look), minutes(look.eta.low.as_secs_f64())));
    let high = fan
        .iter()
        .rev()
        .map(|look| (when(look), minutes(look.eta.high.as_secs_f64())));
    let band: Vec<(f64, f64)> = low.chain(high).collect();
    chart
        .draw_series([Polygon::new(band, BAND.mix(0.7).filled())])
        .unwrap()
        .label("bounds")
        .legend(|(x, y)| Rectangle::new([(x, y - 5), (x + 18, y + 5)], BAND.mix(0.7).filled()));
    let estimates = fan
        .iter()
        .map(|look| (when(look), minutes(look.eta.expected.as_secs_f64())));
    let truths = fan.iter().map(|look| (when(look), minutes(look.wait)));
    for (name, colour, points) in [
        ("estimate", ESTIMATE, estimates.collect::<Vec<_>>()),
        ("truth", TRUTH, truths.collect()),
    ] {
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))
            .unwrap()
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE)
        .border_style(INK.mix(0.3))
        .label_font(text(13))
        .draw()
        .unwrap();
}

/// Median and 90th percentile of the error of all on-sales, by minutes to go.
fn errors(area: &Area<'_>, verdicts: &[Verdict]) {
    const LONGEST: usize = 8;
    let by_minute = |minute: usize, q: f64| {
        let errors = verdicts.iter().flat_map(|verdict| &verdict.looks);
        let errors = errors.filter(|look| (look.wait / 60.0) as usize == minute);
        quantile(errors.map(Look::error).collect(), q) * 100.0
    };
    let mut chart = ChartBuilder::on(area)
        .caption("Error of the estimate, all on-sales", text(16))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(44)
        .build_cartesian_2d(0.0..LONGEST as f64, 0.0..40.0)
        .unwrap();
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(INK.mix(0.12))
        .axis_style(INK)
        .label_style(text(13))
        .x_desc("minutes to go")
        .y_desc("per cent of the wait")
        .draw()
        .unwrap();
    for (name, colour, q) in [
        ("half of the looks", ESTIMATE, 0.5),
        ("nine in ten", TRUTH, 0.9),
    ] {
        let points = (0..LONGEST).map(|minute| (minute as f64 + 0.5, by_minute(minute, q)));
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))
            .unwrap()
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE)
        .border_style(INK.mix(0.3))
        .label_font(text(13))
        .draw()
        .unwrap();
}
