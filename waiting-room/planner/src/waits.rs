/// How long those admitted waited, in whole seconds.
#[derive(Clone, Debug, Default)]
pub struct Waits {
    fans: Vec<f64>,
    total: f64,
}

impl Waits {
    pub(crate) fn record(&mut self, seconds: f64, fans: f64) {
        let second = seconds.round().max(0.0) as usize;
        if self.fans.len() <= second {
            self.fans.resize(second + 1, 0.0);
        }
        self.fans[second] += fans;
        self.total += fans;
    }

    /// The wait in seconds that a share of `quantile` (0 to 1) of those admitted did not exceed; 0 when
    /// nobody was.
    pub fn quantile(&self, quantile: f64) -> f64 {
        let wanted = quantile * self.total;
        let mut so_far = 0.0;
        let mut longest = 0.0;
        for (second, fans) in self.fans.iter().enumerate() {
            if *fans > 0.0 {
                longest = second as f64;
                so_far += fans;
                // A share of one is not to be missed by a rounding error.
                if so_far >= wanted - self.total * 1e-9 {
                    return longest;
                }
            }
        }
        longest
    }

    /// The mean wait in seconds; 0 when nobody was admitted.
    pub fn mean(&self) -> f64 {
        if self.total <= 0.0 {
            return 0.0;
        }
        let seconds = self.fans.iter().enumerate();
        let sum: f64 = seconds.map(|(second, fans)| second as f64 * fans).sum();
        sum / self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_wait_that_so_many_did_not_exceed() {
        let mut waits = Waits::default();
        assert_eq!(waits.quantile(0.5), 0.0);
        for second in 1..=100 {
            waits.record(f64::from(second), 2.0);
        }
        assert_eq!(waits.quantile(0.1), 10.0);
        assert_eq!(waits.quantile(0.5), 50.0);
        assert_eq!(waits.quantile(1.0), 100.0);
        assert_eq!(waits.mean(), 50.5);
    }
}
