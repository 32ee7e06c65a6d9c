use waiting_room_core::{Phase, Place, Standing, TicketId};

use super::{OnSale, Step, network_delay, seconds};

impl OnSale {
    pub(super) fn turn(&mut self, instance: usize) {
        let (at, settings) = self.acting(instance);
        let turn = self.queue.turn(at, &self.rules, &settings);
        for _ in 0..turn.called {
            let (place, ticket) = self.waiting.pop_first().expect("called more than wait");
            self.called(ticket, place);
        }
        let snapshot = self.queue.snapshot(at, &self.rules, &settings);
        assert_eq!(snapshot.marks.waiting(), self.waiting.len() as u64);
        if let Some((place, ticket)) = self.waiting.first() {
            let standing = self.queue.standing(*ticket, &self.rules);
            assert_eq!(standing, Some(Standing::Waiting), "{place} was passed over");
        }
        if instance == 0 {
            let phase = Phase::at(at, &self.rules.schedule, settings.mode, snapshot.recovering);
            self.pace = self.meter.observe(&snapshot, phase, &settings);
        }
        let drift = self.dice.between(0.99, 1.01);
        self.plan(seconds(drift), Step::Turn(instance));
    }

    /// A turn called `ticket`: the fan sees it at the next poll.
    pub(super) fn called(&mut self, ticket: TicketId, place: Place) {
        self.calls.push((self.now, place));
        let standing = self.queue.standing(ticket, &self.rules);
        assert!(
            matches!(standing, Some(Standing::Called { .. })),
            "{place} was first and is {standing:?}"
        );
        let fan = Self::fan_of(ticket);
        let waited = self.now.since(self.fans[fan].waits_since);
        let lost_patience = self.crowd.impatience * waited.as_secs_f64() / 60.0;
        if lost_patience > 0.0 && self.dice.chance(lost_patience) {
            self.fans[fan].manner.comes = false;
        }
        let manner = self.fans[fan].manner;
        if !manner.comes {
            return;
        }
        let interval = manner.poll_interval(&mut self.dice);
        let mut after = self.dice.between(0.0, interval) + network_delay(&mut self.dice);
        if manner.late && !self.fans[fan].knows_of_call {
            let overslept = self.rules.call_window.as_secs_f64();
            after += overslept + self.dice.between(1.0, 30.0);
        }
        self.fans[fan].knows_of_call = true;
        self.plan_errand(fan, after, Step::Knock);
    }
}
