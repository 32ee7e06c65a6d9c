use std::collections::VecDeque;

/// Fans who came in the same second, as a fluid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Slice {
    /// Since when they wait, in seconds after the on-sale begins.
    pub(crate) since: f64,
    /// How many they are.
    pub(crate) fans: f64,
    /// Whether a call to them has been missed.
    pub(crate) missed_one: bool,
}

/// Fans who wait behind one another.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    slices: VecDeque<Slice>,
    fans: f64,
    /// Of those who ever stood here, the share that did not leave: slices count those before leaving, so
    /// that leaving does not touch each of them.
    staying: f64,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            slices: VecDeque::new(),
            fans: 0.0,
            staying: 1.0,
        }
    }
}

impl Line {
    pub(crate) fn fans(&self) -> f64 {
        self.fans
    }

    /// `slice` comes, behind everybody.
    pub(crate) fn push_back(&mut self, slice: Slice) {
        if slice.fans <= 0.0 {
            return;
        }
        self.fans += slice.fans;
        let fans = slice.fans / self.staying;
        match self.slices.back_mut() {
            Some(last) if last.since == slice.since && last.missed_one == slice.missed_one => {
                last.fans += fans;
            }
            _ => self.slices.push_back(Slice { fans, ..slice }),
        }
    }

    /// `slice` comes back to a place before everybody.
    pub(crate) fn push_front(&mut self, slice: Slice) {
        if slice.fans > 0.0 {
            self.fans += slice.fans;
            let fans = slice.fans / self.staying;
            self.slices.push_front(Slice { fans, ..slice });
        }
    }

    /// A `share` of everybody leaves; tells how many.
    pub(crate) fn leave(&mut self, share: f64) -> f64 {
        let left = self.fans * share;
        self.fans -= left;
        self.staying *= 1.0 - share;
        left
    }

    /// Takes slices of up to `wanted` fans off the front, weighed by `weigh`: what a slice counts for each
    /// of its fans.
    pub(crate) fn take(&mut self, mut wanted: f64, weigh: impl Fn(&Slice) -> f64) -> Vec<Slice> {
        let mut taken = Vec::new();
        while wanted > 0.0
            && let Some(first) = self.slices.front_mut()
        {
            let weight = weigh(first);
            let fans = first.fans * self.staying;
            if fans * weight <= wanted {
                wanted -= fans * weight;
                taken.push(Slice { fans, ..*first });
                self.slices.pop_front();
                self.fans -= fans;
            } else {
                let fans = wanted / weight;
                first.fans -= fans / self.staying;
                taken.push(Slice { fans, ..*first });
                self.fans -= fans;
                wanted = 0.0;
            }
        }
        if self.slices.is_empty() {
            self.fans = 0.0;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(since: f64, fans: f64) -> Slice {
        Slice {
            since,
            fans,
            missed_one: false,
        }
    }

    #[test]
    fn first_come_first_taken_and_leavers_are_of_all() {
        let mut line = Line::default();
        line.push_back(slice(0.0, 100.0));
        line.push_back(slice(1.0, 100.0));
        assert_eq!(line.leave(0.5), 100.0);
        line.push_back(slice(2.0, 10.0));
        let taken = line.take(75.0, |_| 1.0);
        assert_eq!(taken, [slice(0.0, 50.0), slice(1.0, 25.0)]);
        assert_eq!(line.fans(), 35.0);
        line.push_front(slice(-1.0, 5.0));
        let rest = line.take(1e9, |_| 1.0);
        assert_eq!(rest, [slice(-1.0, 5.0), slice(1.0, 25.0), slice(2.0, 10.0)]);
        assert_eq!(line.fans(), 0.0);
    }

    #[test]
    fn who_counts_less_is_taken_in_greater_number() {
        let mut line = Line::default();
        line.push_back(slice(0.0, 100.0));
        assert_eq!(line.take(30.0, |_| 0.5), [slice(0.0, 60.0)]);
    }
}
