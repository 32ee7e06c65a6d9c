use crate::Place;

/// What the queue keeps of each ticket it ever held, in eight bytes: 53 bits of place, three of
/// stage, eight of how often it was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record(u64);

/// How far a ticket has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Waiting,
    Called,
    Admitted,
    Missed,
    Left,
    Ended,
}

impl Stage {
    /// Whether the ticket has no more business with the queue.
    pub(super) fn is_gone(self) -> bool {
        matches!(self, Self::Left | Self::Ended)
    }
}

const STAGE_SHIFT: u32 = 53;
const CALLS_SHIFT: u32 = 56;
const PLACE_MASK: u64 = (1 << STAGE_SHIFT) - 1;

impl Record {
    pub(super) fn waiting(place: Place) -> Self {
        Self(place.number())
    }

    pub(super) fn place(self) -> Place {
        Place::new(self.0 & PLACE_MASK).unwrap_or_default()
    }

    pub(super) fn stage(self) -> Stage {
        match (self.0 >> STAGE_SHIFT) & 0b111 {
            0 => Stage::Waiting,
            1 => Stage::Called,
            2 => Stage::Admitted,
            3 => Stage::Missed,
            4 => Stage::Left,
            _ => Stage::Ended,
        }
    }

    pub(super) fn calls(self) -> u8 {
        (self.0 >> CALLS_SHIFT) as u8
    }

    pub(super) fn at(self, stage: Stage) -> Self {
        let cleared = self.0 & !(0b111 << STAGE_SHIFT);
        Self(cleared | ((stage as u64) << STAGE_SHIFT))
    }

    pub(super) fn called_once_more(self) -> Self {
        let calls = u64::from(self.calls().saturating_add(1));
        Self((self.0 & !(0xff << CALLS_SHIFT)) | (calls << CALLS_SHIFT)).at(Stage::Called)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_stage_and_calls_do_not_touch_each_other() {
        let place = Place::new((1 << 53) - 1).unwrap();
        let mut record = Record::waiting(place);
        for expected in 1..=300_u16 {
            record = record.called_once_more();
            assert_eq!(u16::from(record.calls()), expected.min(255));
            for stage in [
                Stage::Waiting,
                Stage::Called,
                Stage::Admitted,
                Stage::Missed,
                Stage::Left,
                Stage::Ended,
            ] {
                record = record.at(stage);
                assert_eq!((record.stage(), record.place()), (stage, place));
            }
        }
    }
}
