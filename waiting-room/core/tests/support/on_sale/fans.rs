use std::time::Duration;

use waiting_room_core::{Claim, Mode, Place, RejoinRefused, SessionId, Standing};

use super::{End, OnSale, START, Step, network_delay, seconds};

impl OnSale {
    pub(super) fn join(&mut self, fan: usize) {
        let (at, settings) = self.any_instance();
        let ticket = self.fans[fan].ticket;
        let drawn = self.fans[fan].drawn;
        let joined = self
            .queue
            .join(ticket, drawn, at, &self.rules, &settings)
            .expect("there is room");
        assert!(joined.new);
        self.fans[fan].place = Some(joined.place);
        self.fans[fan].waits_since = self.now.max(START);
        match joined.standing {
            Standing::Waiting => {
                self.waiting.insert((joined.place, ticket));
            }
            Standing::Called { .. } => {
                assert!(self.waiting.is_empty(), "{} overtook", joined.place);
                self.calls.push((self.now, joined.place));
                if self.fans[fan].manner.comes {
                    let after = network_delay(&mut self.dice) * 3.0;
                    self.plan_errand(fan, after, Step::Knock);
                }
            }
            other => panic!("joined as {other:?}"),
        }
        if self.dice.chance(self.crowd.retried) {
            self.still_stands(fan);
        }
        if self.fans[fan].manner.leaves {
            let after = self.dice.between(0.0, self.crowd.leave_within);
            self.plan(seconds(after), Step::Leave(fan));
        }
    }

    /// A join sent once more finds the ticket where it stood.
    fn still_stands(&mut self, fan: usize) {
        let (at, settings) = self.any_instance();
        let (ticket, drawn) = (self.fans[fan].ticket, self.fans[fan].drawn);
        let again = self
            .queue
            .join(ticket, drawn, at, &self.rules, &settings)
            .expect("it stands there already");
        assert!(!again.new);
        assert_eq!(Some(again.place), self.fans[fan].place);
    }

    /// A fan knocks, or is held at the door for up to `hold` more.
    pub(super) fn knock(&mut self, fan: usize, hold: Duration) {
        let (ticket, Some(place)) = (self.fans[fan].ticket, self.fans[fan].place) else {
            return;
        };
        let known = self.queue.standing(ticket, &self.rules).is_some();
        self.claim_commands += 1;
        match self.claim(fan, place) {
            Claim::Admitted { again, .. } => {
                assert!(!again, "admitted before it knocked");
                self.waiting.remove(&(place, ticket));
                self.enter_checkout(fan);
            }
            Claim::Busy { retry_after } if retry_after <= hold => {
                self.fans[fan].at_door_since.get_or_insert(self.now);
                let errand = self.fans[fan].errand;
                let step = Step::Held(fan, errand, hold - retry_after);
                self.plan(retry_after, step);
            }
            Claim::Busy { retry_after } => {
                self.busy += 1;
                let fan_at_door = &mut self.fans[fan];
                fan_at_door.at_door_since.get_or_insert(self.now);
                let manner = fan_at_door.manner;
                let after = manner.knocks_after(retry_after.as_secs_f64(), &mut self.dice);
                self.plan_errand(fan, after, Step::Knock);
            }
            Claim::NotCalled => {
                if !known {
                    self.waiting.insert((place, ticket));
                }
            }
            Claim::Missed { .. } => self.come_back(fan),
            Claim::Left | Claim::Ended => {}
            other => panic!("{other:?}"),
        }
    }

    fn claim(&mut self, fan: usize, place: Place) -> Claim {
        let (at, settings) = self.any_instance();
        let id =
            SessionId::from_bytes(self.dice.bits().to_be_bytes().repeat(2).try_into().unwrap());
        let ticket = self.fans[fan].ticket;
        let claim = self
            .queue
            .claim(ticket, place, id, at, &self.rules, &settings);
        if let Claim::Admitted { session, again } = claim {
            let epoch = self.queue.epoch();
            let had = self.fans[fan].session.filter(|(of, _)| *of == epoch);
            if again {
                assert_eq!(had, Some((epoch, session.id)), "another session");
            } else {
                assert_eq!(had, None, "a second admission within an epoch");
                self.fans[fan].session = Some((epoch, session.id));
                if settings.mode != Mode::Bypass {
                    self.book.claimed(session.admitted_at);
                }
            }
        }
        claim
    }

    fn enter_checkout(&mut self, fan: usize) {
        let since = self.fans[fan].at_door_since.unwrap_or(self.now);
        self.fans[fan].time_at_door = Some(self.now.since(since));
        self.fans[fan].end = Some(End::Admitted);
        let (from, to) = self.crowd.stay;
        let stay = self.dice.between(from, to);
        self.plan(seconds(stay), Step::Order(fan));
        if self.dice.chance(self.crowd.retried) {
            let after = self.dice.between(0.0, stay * 1.5);
            self.plan(seconds(after), Step::ClaimAgain(fan));
        }
    }

    /// While the session lives the same one, afterwards none.
    pub(super) fn claim_again(&mut self, fan: usize) {
        let (ticket, Some(place)) = (self.fans[fan].ticket, self.fans[fan].place) else {
            return;
        };
        let before = self.queue.standing(ticket, &self.rules);
        match (before, self.claim(fan, place)) {
            (None, _) => {
                let standing = self.queue.standing(ticket, &self.rules);
                assert!(matches!(standing, Some(Standing::Waiting)), "{standing:?}");
                self.waiting.insert((place, ticket));
                // Only asked: this fan has been in checkout under the epoch before.
                self.leave(fan);
            }
            (_, Claim::Admitted { again: true, .. } | Claim::Ended | Claim::Left) => {}
            (before, claim) => panic!("{before:?}, then {claim:?}"),
        }
    }

    /// A fan who finds the store lost, or the call missed, puts the ticket back.
    pub(super) fn come_back(&mut self, fan: usize) {
        let (ticket, Some(place)) = (self.fans[fan].ticket, self.fans[fan].place) else {
            return;
        };
        let times = 1 + usize::from(self.dice.chance(self.crowd.retried));
        for _ in 0..times {
            let (at, settings) = self.any_instance();
            match self.queue.rejoin(ticket, place, at, &self.rules, &settings) {
                Ok(Standing::Waiting) => {
                    self.waiting.insert((place, ticket));
                }
                Ok(Standing::Called { .. }) => {
                    let after = network_delay(&mut self.dice);
                    self.plan_errand(fan, after, Step::Knock);
                }
                Ok(Standing::Admitted(_)) | Err(RejoinRefused::Left | RejoinRefused::Ended) => {}
                Err(RejoinRefused::CalledTooOften) => {
                    self.fans[fan].end = Some(End::MissedForGood);
                }
                other => panic!("{other:?}"),
            }
        }
        if self.dice.chance(self.crowd.retried) {
            self.still_stands(fan);
        }
    }

    pub(super) fn leave(&mut self, fan: usize) {
        let Some(place) = self.fans[fan].place else {
            return;
        };
        let ticket = self.fans[fan].ticket;
        let times = 1 + usize::from(self.dice.chance(self.crowd.retried));
        for _ in 0..times {
            let (at, settings) = self.any_instance();
            let known = self.queue.standing(ticket, &self.rules).is_some();
            let left = self.queue.leave(ticket, at, &self.rules, &settings);
            assert_eq!(left, known);
        }
        self.waiting.remove(&(place, ticket));
        self.fans[fan].errand += 1;
        self.fans[fan].end.get_or_insert(End::Left);
    }

    /// The order ends the session; a redelivered end changes nothing.
    pub(super) fn order(&mut self, fan: usize) {
        let Some((epoch, session)) = self.fans[fan].session else {
            return;
        };
        let ticket = self.fans[fan].ticket;
        let lives = matches!(
            self.queue.standing(ticket, &self.rules),
            Some(Standing::Admitted(_))
        ) && epoch == self.queue.epoch();
        assert_eq!(self.queue.end_session(ticket, session), lives);
        assert!(!self.queue.end_session(ticket, session));
    }
}
