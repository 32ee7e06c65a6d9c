//! One line of the table.

use std::time::Duration;

use serde::Serialize;

use crate::{redis_cost::RedisCost, wrk::Measured};

/// What one load measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    /// What was under load.
    pub(crate) target: &'static str,
    /// What was asked of it.
    pub(crate) operation: String,
    /// How many tickets waited when the load began.
    pub(crate) waiting: Option<usize>,
    /// On how many connections.
    pub(crate) connections: u32,
    /// The figures, or why there are none.
    pub(crate) figures: Result<Figures, String>,
    /// The plain handler's before and after, together.
    pub(crate) plain: Option<Figures>,
}

/// The figures of a load.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Figures {
    /// Requests answered a second.
    pub(crate) per_second: f64,
    /// Half of the answers came within this, in microseconds.
    pub(crate) p50_micros: f64,
    /// 99 % of the answers came within this, in microseconds.
    pub(crate) p99_micros: f64,
    /// CPU time of the server's process for each, in microseconds.
    pub(crate) cpu_micros: f64,
    /// What each costs Redis.
    pub(crate) redis: Option<RedisFigures>,
}

/// What one request costs Redis.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct RedisFigures {
    /// Scripts.
    pub(crate) scripts: f64,
    /// Commands that the scripts run.
    pub(crate) commands: f64,
    /// CPU time, in microseconds.
    pub(crate) cpu_micros: f64,
}

/// A part of a measurement: loads are measured in parts, between which the plain handler is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    /// What the load generator measured.
    pub(crate) measured: Measured,
    /// CPU time of the server's process.
    pub(crate) cpu: Duration,
    /// What Redis did.
    pub(crate) redis: Option<RedisCost>,
}

impl Figures {
    /// The figures of all `parts` together; the percentiles are the medians of theirs. `None` of no part.
    pub(crate) fn of(parts: &[Part]) -> Option<Self> {
        let requests: u64 = parts.iter().map(|part| part.measured.requests).sum();
        let took: Duration = parts.iter().map(|part| part.measured.took).sum();
        let cpu: Duration = parts.iter().map(|part| part.cpu).sum();
        let each = |total: f64| total / requests as f64;
        let redis: Option<Vec<RedisCost>> = parts.iter().map(|part| part.redis).collect();
        let redis = redis.map(|costs| {
            let sum = |figure: fn(&RedisCost) -> f64| each(costs.iter().map(figure).sum());
            RedisFigures {
                scripts: sum(|cost| cost.scripts as f64),
                commands: sum(|cost| cost.commands as f64),
                cpu_micros: sum(|cost| micros(cost.cpu)),
            }
        });
        Some(Self {
            per_second: requests as f64 / took.as_secs_f64(),
            p50_micros: median(parts.iter().map(|part| micros(part.measured.p50)))?,
            p99_micros: median(parts.iter().map(|part| micros(part.measured.p99)))?,
            cpu_micros: each(micros(cpu)),
            redis,
        })
    }
}

/// The one in the middle of `figures`, of an even number the upper one.
pub(crate) fn median(figures: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = figures.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_for_each_request_of_all_parts() {
        let part = |requests, p99, cpu, scripts| Part {
            measured: Measured {
                requests,
                took: Duration::from_secs(2),
                p50: Duration::from_micros(100),
                p99: Duration::from_micros(p99),
                ..Measured::default()
            },
            cpu: Duration::from_millis(cpu),
            redis: Some(RedisCost {
                scripts,
                commands: 4 * scripts,
                cpu: Duration::from_millis(3),
                ..RedisCost::default()
            }),
        };
        let parts = [
            part(1_000, 900, 20, 10),
            part(2_000, 700, 40, 20),
            part(3_000, 800, 30, 0),
        ];
        let figures = Figures::of(&parts).unwrap();
        let redis = figures.redis.unwrap();
        assert_eq!((figures.per_second, figures.cpu_micros), (1_000.0, 15.0));
        assert_eq!((figures.p50_micros, figures.p99_micros), (100.0, 800.0));
        assert_eq!(
            (redis.scripts, redis.commands, redis.cpu_micros),
            (0.005, 0.02, 1.5)
        );
        assert!(Figures::of(&[]).is_none());
    }
}
