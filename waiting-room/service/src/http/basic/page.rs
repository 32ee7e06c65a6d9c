//! What the page of one place says.

use askama::Template;
use waiting_room_core::Phase;

use crate::{
    desk::{State as FanState, Status},
    room::Room,
};

#[derive(Template)]
#[template(path = "place.html")]
pub(super) struct PlacePage {
    pub(super) event_id: String,
    pub(super) event_name: String,
    pub(super) venue: Option<String>,
    pub(super) message: Option<String>,
    pub(super) title: &'static str,
    pub(super) go: bool,
    pub(super) number: Option<String>,
    pub(super) unit: &'static str,
    pub(super) lines: Vec<String>,
    pub(super) actions: Vec<Action>,
    pub(super) link: Option<Link>,
    pub(super) refresh_seconds: Option<u64>,
    pub(super) offers: Vec<OfferRow>,
}

pub(super) struct Action {
    path: &'static str,
    label: &'static str,
    class: &'static str,
}

pub(super) struct Link {
    href: String,
    label: &'static str,
}

pub(super) struct OfferRow {
    name: String,
    price: String,
    left: String,
}

pub(super) const CHECK: Action = Action {
    path: "check",
    label: "Check my place",
    class: "button-quiet",
};
const LEAVE: Action = Action {
    path: "leave",
    label: "Leave the queue",
    class: "button-quiet",
};
pub(super) const ENTER: Action = Action {
    path: "enter",
    label: "Enter the shop",
    class: "button-go",
};
const REJOIN: Action = Action {
    path: "rejoin",
    label: "Take my place again",
    class: "button-go",
};
pub(super) const JOIN: Action = Action {
    path: "join",
    label: "Join the queue",
    class: "button-go",
};
pub(super) const JOIN_ANEW: Action = Action {
    path: "join",
    label: "Join again at the back",
    class: "button-go",
};

pub(super) fn phase_in_words(phase: Phase) -> &'static str {
    match phase {
        Phase::Prequeue => "Not on sale yet",
        Phase::Admitting => "On sale now",
        Phase::Paused => "On sale, paused for a moment",
        Phase::Recovering => "On sale, the queue is being put back in order",
        Phase::Bypass => "On sale now, without waiting",
        Phase::Closed => "Closed",
    }
}

impl PlacePage {
    pub(super) fn new(room: &Room) -> Self {
        let offers = room
            .figures()
            .offers
            .iter()
            .map(|offer| OfferRow {
                name: offer.name.clone(),
                price: format!(
                    "{}.{:02} {}",
                    offer.price_cents / 100,
                    offer.price_cents % 100,
                    offer.currency
                ),
                left: match offer.stock_left {
                    Some(0) => "Sold out".to_owned(),
                    Some(left) => left.to_string(),
                    None => "–".to_owned(),
                },
            })
            .collect();
        Self {
            event_id: room.event().id.to_string(),
            event_name: room.event().name.clone(),
            venue: room.event().venue.clone(),
            message: room.settings().settings.message.shown().map(str::to_owned),
            title: "",
            go: false,
            number: None,
            unit: "",
            lines: Vec::new(),
            actions: Vec::new(),
            link: None,
            refresh_seconds: None,
            offers,
        }
    }

    pub(super) fn before_joining(room: &Room) -> Self {
        let mut page = Self::new(room);
        let phase = room.board().phase;
        page.title = phase_in_words(phase);
        page.lines = vec![match phase {
            Phase::Closed => "No more places are given.".to_owned(),
            Phase::Prequeue => "Everybody who joins before the on-sale begins is put in order by \
                                a draw: being early gives no advantage."
                .to_owned(),
            _ => {
                "You get a place in the queue and keep it, even if you close this page.".to_owned()
            }
        }];
        if phase != Phase::Closed {
            page.actions = vec![JOIN];
        }
        page
    }

    pub(super) fn of(room: &Room, status: &Status) -> Self {
        let mut page = Self::new(room);
        let refresh = status.poll_after_ms.div_ceil(1_000).max(2);
        match status.state {
            FanState::Prequeue => {
                page.title = "You are in";
                page.lines = vec![
                    "The on-sale has not begun. When it does, a draw puts everybody who is here in \
                     order: being early gives no advantage."
                        .to_owned(),
                ];
                page.actions = vec![CHECK, LEAVE];
                page.refresh_seconds = Some(refresh);
            }
            FanState::Waiting => {
                page.title = match status.phase {
                    Phase::Paused => "Paused for a moment",
                    Phase::Recovering => "The queue is being put back in order",
                    _ => "You are in the queue",
                };
                page.number = status.ahead.map(|ahead| ahead.to_string());
                page.unit = if status.ahead == Some(1) {
                    "person ahead of you"
                } else {
                    "people ahead of you"
                };
                page.lines = vec![match (status.eta_low_seconds, status.eta_high_seconds) {
                    (Some(low), Some(high)) => wait_in_words(low, high),
                    _ => "You keep your place.".to_owned(),
                }];
                page.actions = vec![CHECK, LEAVE];
                page.refresh_seconds = Some(refresh);
            }
            FanState::Called => {
                page.title = "It is your turn";
                page.go = true;
                page.lines = vec![match status.call_expires_at {
                    Some(until) => {
                        let left = until.since(room.now()).as_secs();
                        format!("Please go in within {}.", duration_in_words(left))
                    }
                    None => "You can go in now.".to_owned(),
                }];
                page.actions = vec![ENTER, LEAVE];
            }
            FanState::Admitted => {
                page.title = "You are in the shop";
                page.link = Some(Link {
                    href: format!("/basic/{}/checkout", room.event().id),
                    label: "Go to checkout",
                });
            }
            FanState::Expired => {
                page.title = "Your turn has passed";
                if status.may_rejoin {
                    page.lines = vec![
                        "You were called and did not come in time. You may take your place again, \
                         once: you are called next."
                            .to_owned(),
                    ];
                    page.actions = vec![REJOIN];
                } else {
                    page.lines = vec!["You can join the queue again, at the back.".to_owned()];
                    page.actions = vec![JOIN_ANEW];
                }
            }
            FanState::Left => {
                page.title = "You left the queue";
                page.actions = vec![JOIN_ANEW];
            }
            FanState::Closed => {
                page.title = "Closed";
                page.lines = vec!["This event is closed.".to_owned()];
            }
        }
        page
    }
}

fn wait_in_words(low: u64, high: u64) -> String {
    let (low, high) = (low / 60, high.div_ceil(60));
    match (low, high) {
        (_, 0 | 1) => "About a minute or less.".to_owned(),
        (0, high) => format!("Up to {high} minutes."),
        (low, high) if low == high => format!("About {high} minutes."),
        (low, high) => format!("About {low} to {high} minutes."),
    }
}

fn duration_in_words(seconds: u64) -> String {
    match seconds {
        0..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_read_like_speech() {
        assert_eq!(wait_in_words(0, 40), "About a minute or less.");
        assert_eq!(wait_in_words(30, 100), "Up to 2 minutes.");
        assert_eq!(wait_in_words(720, 890), "About 12 to 15 minutes.");
        assert_eq!(wait_in_words(720, 720), "About 12 minutes.");
    }
}
