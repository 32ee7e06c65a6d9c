//! From where the button goes on.

use waiting_room_region::{AdmissionPercent, Control, Region};

/// What is to be done about the control item.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// Another region is active, or there never was an item.
    Fence,
    /// The region is the active one already: a press that was broken off, or is repeated. A new epoch would make its
    /// fans put their tickets back once more.
    GoOn(Control),
}

impl Course {
    pub(super) fn of(known: Option<&Control>, to: &Region) -> Self {
        match known {
            Some(control) if control.active == *to => Self::GoOn(control.clone()),
            _ => Self::Fence,
        }
    }
}

/// The steps in which admission comes back, as far as they are above `percent`.
pub(super) fn steps_after(percent: AdmissionPercent) -> impl Iterator<Item = AdmissionPercent> {
    let steps = [25, 50, 100].into_iter();
    let steps = steps.filter_map(|number: u64| AdmissionPercent::try_from(number).ok());
    steps.filter(move |step| *step > percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(active: &str, percent: u64) -> Control {
        Control {
            active: active.parse().unwrap(),
            epoch: 7,
            percent: percent.try_into().unwrap(),
        }
    }

    fn left(percent: u64) -> Vec<u8> {
        let percent = percent.try_into().unwrap();
        steps_after(percent).map(AdmissionPercent::number).collect()
    }

    #[test]
    fn only_a_region_that_is_not_active_yet_is_fenced_in() {
        let to = "east".parse().unwrap();
        assert_eq!(Course::of(None, &to), Course::Fence);
        assert_eq!(Course::of(Some(&control("west", 100)), &to), Course::Fence);
        for percent in [0, 25, 100] {
            let known = control("east", percent);
            assert_eq!(Course::of(Some(&known), &to), Course::GoOn(known.clone()));
        }
    }

    #[test]
    fn admission_comes_back_in_steps_and_never_goes_down() {
        assert_eq!(left(0), [25, 50, 100]);
        assert_eq!(left(25), [50, 100]);
        assert_eq!(left(60), [100]);
        assert!(left(100).is_empty());
    }
}
