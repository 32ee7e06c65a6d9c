use serde::Serialize;

/// How an on-sale goes, in at most some thousand points of equal length.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Timeline {
    /// How many seconds one point stands for.
    pub seconds_per_point: f64,
    /// The means over that time, if not said otherwise.
    pub points: Vec<Point>,
    #[serde(skip)]
    per_point: usize,
    #[serde(skip)]
    open: Vec<Point>,
}

/// One moment, or the mean of several.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Point {
    /// When it begins, in seconds after the on-sale begins.
    pub at: f64,
    /// Fans who wait.
    pub waiting: f64,
    /// Fans in checkout.
    pub sessions: f64,
    /// Joins a second.
    pub joins_per_second: f64,
    /// Claims a second that pass the door.
    pub admissions_per_second: f64,
    /// Orders a second.
    pub orders_per_second: f64,
    /// Requests for the board a second, at their most.
    pub board_per_second: f64,
}

/// A plot has no use for more points.
const MOST: usize = 1_000;

impl Timeline {
    /// Adds the second after the last.
    pub(crate) fn push(&mut self, second: Point) {
        if self.per_point == 0 {
            self.per_point = 1;
        }
        self.open.push(second);
        if self.open.len() == self.per_point {
            self.points.push(merged(&self.open));
            self.open.clear();
        }
        if self.points.len() == MOST {
            self.points = self.points.chunks(2).map(merged).collect();
            self.per_point *= 2;
        }
        self.seconds_per_point = self.per_point as f64;
    }
}

/// `points` as one, at the first one's time.
fn merged(points: &[Point]) -> Point {
    let count = points.len().max(1) as f64;
    let of = |field: fn(&Point) -> f64| points.iter().map(field).sum::<f64>() / count;
    Point {
        at: points.first().map_or(0.0, |point| point.at),
        waiting: of(|point| point.waiting),
        sessions: of(|point| point.sessions),
        joins_per_second: of(|point| point.joins_per_second),
        admissions_per_second: of(|point| point.admissions_per_second),
        orders_per_second: of(|point| point.orders_per_second),
        board_per_second: points
            .iter()
            .map(|point| point.board_per_second)
            .fold(0.0, f64::max),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_on_sale_keeps_its_shape_in_few_points() {
        let mut timeline = Timeline::default();
        for second in 0..100_000 {
            timeline.push(Point {
                at: f64::from(second),
                waiting: f64::from(100_000 - second),
                ..Point::default()
            });
        }
        assert!((MOST / 2..MOST).contains(&timeline.points.len()));
        for pair in timeline.points.windows(2) {
            assert_eq!(pair[1].at - pair[0].at, timeline.seconds_per_point);
        }
        for point in &timeline.points {
            let middle = point.at + (timeline.seconds_per_point - 1.0) / 2.0;
            assert!((point.waiting - (100_000.0 - middle)).abs() < 1e-6);
        }
    }
}
