//! The plan as a picture.

use std::ops::Range;

use plotters::{coord::Shift, prelude::*};

use crate::{
    Plan, PlanError, Point,
    figures::{percent, time, whole},
};

/// Its size in pixels.
const SIZE: (i32, i32) = (1_000, 640);

/// It is drawn so many times as large, because coordinates are whole numbers, and shown at its size.
const FINER: i32 = 4;

/// Its own paper, so that it is legible on a light page and on a dark one.
const PAPER: RGBColor = RGBColor(0xfb, 0xfb, 0xf9);
const INK: RGBColor = RGBColor(0x24, 0x2b, 0x33);
const FAINT: RGBColor = RGBColor(0x5b, 0x66, 0x70);
const GRID: RGBColor = RGBColor(0xdd, 0xe1, 0xe4);

const BLUE: RGBColor = RGBColor(0x1f, 0x5f, 0xa8);
const GREEN: RGBColor = RGBColor(0x1d, 0x7a, 0x56);
const ORANGE: RGBColor = RGBColor(0xb3, 0x54, 0x0b);
const PURPLE: RGBColor = RGBColor(0x6b, 0x46, 0xa3);

const FONT: &str = "sans-serif";

/// Room for the labels on the left, in pixels.
const LEFT: i32 = 64;

/// One curve with its title.
struct Panel<'a> {
    title: String,
    colour: RGBColor,
    curve: Vec<(f64, f64)>,
    across: Range<f64>,
    across_label: fn(f64) -> String,
    across_labels: usize,
    across_title: &'a str,
}

/// Draws `plan`.
pub(crate) fn svg(plan: &Plan) -> Result<String, PlanError> {
    let mut drawn = String::new();
    draw(plan, &mut drawn).map_err(|error| PlanError::Plot(error.to_string()))?;
    let size = |by: i32| format!("<svg width=\"{}\" height=\"{}\"", SIZE.0 * by, SIZE.1 * by);
    Ok(drawn.replacen(&size(FINER), &size(1), 1))
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

fn draw(plan: &Plan, into: &mut String) -> Drawn {
    let size = (px(SIZE.0).unsigned_abs(), px(SIZE.1).unsigned_abs());
    let area = SVGBackend::with_string(into, size).into_drawing_area();
    area.fill(&PAPER)?;
    let (head, body) = area.split_vertically(px(58));
    let crowd = &plan.scenario.crowd;
    let title = format!(
        "{} fans, {} admissions a minute, {} of those called never come",
        whole(crowd.fans as f64),
        whole(plan.scenario.door.rate.per_minute().into()),
        percent(crowd.no_show),
    );
    head.draw_text(
        &title,
        &(FONT, px(21)).into_font().color(&INK),
        (px(24), px(24)),
    )?;
    for (area, panel) in body.split_evenly((2, 2)).iter().zip(panels(plan)) {
        panel.draw(area)?;
    }
    area.present()?;
    Ok(())
}

fn panels(plan: &Plan) -> [Panel<'static>; 4] {
    let (course, timeline) = (&plan.course, &plan.course.timeline);
    let points = &timeline.points;
    let begin = points.first().map_or(0.0, |point| point.at);
    let end = points.last().map_or(1.0, |point| point.at) + timeline.seconds_per_point;
    let (unit, across_title) = Unit::of(end - begin).across();
    let over_time = |title, colour, of: fn(&Point) -> f64| Panel {
        title,
        colour,
        curve: points
            .iter()
            .map(|point| (point.at / unit, of(point)))
            .collect(),
        across: begin / unit..end / unit,
        across_label: short,
        across_labels: 8,
        across_title,
    };
    let peak = &course.load.peak;
    let longest = plan.wait(100);
    let (unit, name) = Unit::of(longest).up();
    let wait = |percentile| (f64::from(percentile), plan.wait(percentile) / unit);
    [
        over_time(
            format!("Fans who wait: at most {}", whole(course.longest_queue)),
            BLUE,
            |point| point.waiting,
        ),
        over_time(
            format!(
                "Admissions a minute: {} in all",
                whole(course.totals.admitted)
            ),
            GREEN,
            |point| point.admissions_per_second * 60.0,
        ),
        over_time(
            format!(
                "Board requests a second: at most {}",
                whole(peak.rates.board)
            ),
            ORANGE,
            |point| point.board_per_second,
        ),
        Panel {
            title: format!(
                "Wait in {name}, by percentile: half up to {}",
                time(plan.wait(50))
            ),
            colour: PURPLE,
            curve: (0..=100_u32).map(wait).collect(),
            across: 0.0..100.0,
            across_label: |percentile| format!("p{percentile:.0}"),
            across_labels: 11,
            across_title: "of those admitted",
        },
    ]
}

/// In what a span of time reads best.
enum Unit {
    Seconds,
    Minutes,
    Hours,
}

impl Unit {
    fn of(seconds: f64) -> Self {
        match seconds {
            s if s > 7_200.0 => Self::Hours,
            s if s > 240.0 => Self::Minutes,
            _ => Self::Seconds,
        }
    }

    fn across(self) -> (f64, &'static str) {
        match self {
            Self::Seconds => (1.0, "seconds after the on-sale begins"),
            Self::Minutes => (60.0, "minutes after the on-sale begins"),
            Self::Hours => (3_600.0, "hours after the on-sale begins"),
        }
    }

    fn up(self) -> (f64, &'static str) {
        match self {
            Self::Seconds => (1.0, "seconds"),
            Self::Minutes => (60.0, "minutes"),
            Self::Hours => (3_600.0, "hours"),
        }
    }
}

impl Panel<'_> {
    fn draw(self, area: &DrawingArea<SVGBackend<'_>, Shift>) -> Drawn {
        let most = self.curve.iter().map(|(_, y)| *y).fold(0.0, f64::max);
        let top = if most > 0.0 { most * 1.08 } else { 1.0 };
        let caption = (FONT, px(16)).into_font().color(&INK);
        let (head, area) = area.split_vertically(px(30));
        head.draw_text(&self.title, &caption, (px(LEFT), px(6)))?;
        let mut chart = ChartBuilder::on(&area)
            .margin_right(px(28))
            .margin_bottom(px(12))
            .x_label_area_size(px(44))
            .y_label_area_size(px(LEFT))
            .build_cartesian_2d(self.across.clone(), 0.0..top)?;
        let small = (FONT, px(13)).into_font().color(&FAINT);
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID.stroke_width(FINER.unsigned_abs()))
            .axis_style(FAINT.stroke_width(FINER.unsigned_abs()))
            .set_all_tick_mark_size(px(4))
            .label_style(small.clone())
            .axis_desc_style(small)
            .x_labels(self.across_labels)
            .y_labels(5)
            .x_label_formatter(&|x| (self.across_label)(*x))
            .y_label_formatter(&|y| short(*y))
            .x_desc(self.across_title)
            .draw()?;
        let fill = self.colour.mix(0.14);
        chart.draw_series(AreaSeries::new(self.curve.iter().copied(), 0.0, fill))?;
        let line = self.colour.stroke_width(2 * FINER.unsigned_abs());
        chart.draw_series(LineSeries::new(self.curve, line))?;
        Ok(())
    }
}

/// So many pixels of the shown size.
fn px(pixels: i32) -> i32 {
    pixels * FINER
}

/// 400k, 1.5M, 20, -0.5.
fn short(number: f64) -> String {
    let with = |number: f64, unit| {
        if (number - number.round()).abs() < 0.05 {
            format!("{:.0}{unit}", number + 0.0)
        } else {
            format!("{number:.1}{unit}")
        }
    };
    match number {
        n if n >= 1e6 => with(n / 1e6, "M"),
        n if n >= 1e4 => with(n / 1e3, "k"),
        n => with(n, ""),
    }
}
