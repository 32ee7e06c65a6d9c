use std::time::Duration;

use waiting_room_core::Mode;

use crate::support::{Crowd, OnSale, Operator};

/// An on-sale to replay.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// The rate that it begins with.
    per_minute: u32,
    crowd: Crowd,
    /// Fans in the pre-queue, whose order the draw decides.
    prequeue: usize,
    /// Who arrives later: how many, of which crowd, from and to which second.
    arrivals: Vec<(usize, Crowd, f64, f64)>,
    max_sessions: Option<u32>,
    /// What happens in which second.
    events: Vec<(f64, Operator)>,
}

const USUAL: Crowd = Crowd::USUAL;

impl Scenario {
    fn new(name: &'static str, about: &'static str, crowd: Crowd) -> Self {
        Self {
            name,
            about,
            per_minute: 600,
            crowd,
            prequeue: 6_000,
            arrivals: Vec::new(),
            max_sessions: None,
            events: Vec::new(),
        }
    }

    /// The on-sale with its fans, a second before it begins.
    pub(crate) fn open(&self, seed: u64) -> OnSale {
        let mut sale = OnSale::new(seed, self.crowd, self.per_minute, 1);
        if let Some(most) = self.max_sessions {
            sale.operate(&Operator::MaxSessions(most));
        }
        sale.prequeue(self.prequeue);
        for (count, crowd, from, to) in &self.arrivals {
            sale.crowd(*crowd);
            sale.arrivals(*count, *from, *to);
        }
        sale
    }

    /// What happens after second `from` and until `to`.
    pub(crate) fn events(&self, from: f64, to: f64) -> impl Iterator<Item = &Operator> {
        let due = self
            .events
            .iter()
            .filter(move |(at, _)| from < *at && *at <= to);
        due.map(|(_, event)| event)
    }

    /// When it has been going on for long enough.
    pub(crate) const ENDS: f64 = 900.0;
}

/// The on-sales that the ETA has to stand.
pub(crate) fn all() -> Vec<Scenario> {
    let crowd = |no_shows, hidden| Crowd {
        no_shows,
        hidden,
        ..USUAL
    };
    let base = Scenario::new;
    vec![
        base(
            "steady",
            "a lottery of 6,000 fans, four in ten never come",
            USUAL,
        ),
        base("everybody comes", "and looks at the page", Crowd::EAGER),
        base("seven in ten never come", "", crowd(0.7, 0.1)),
        base(
            "other tabs",
            "six in ten look at another tab",
            crowd(0.4, 0.6),
        ),
        Scenario {
            prequeue: 1_000,
            arrivals: vec![
                (2_500, USUAL, 0.0, 20.0),
                (1_500, USUAL, 120.0, 135.0),
                (1_500, USUAL, 240.0, 250.0),
            ],
            ..base(
                "bursts",
                "1,000 in the lottery, then three bursts of arrivals",
                USUAL,
            )
        },
        Scenario {
            prequeue: 4_500,
            arrivals: vec![(1_500, crowd(0.5, 0.1), 0.0, 120.0)],
            ..base(
                "two crowds",
                "three in ten of the lottery never come, five in ten of those who arrive later",
                crowd(0.3, 0.1),
            )
        },
        base(
            "patience wears off",
            "two in ten never come, and 4 % more with each minute of waiting",
            Crowd {
                impatience: 0.04,
                ..crowd(0.2, 0.1)
            },
        ),
        base(
            "leavers",
            "three in ten give their place up within ten minutes",
            Crowd {
                leavers: 0.3,
                leave_within: 600.0,
                ..crowd(0.3, 0.1)
            },
        ),
        base(
            "sleepers",
            "two in ten miss the call and come back",
            Crowd {
                late: 0.2,
                ..crowd(0.3, 0.1)
            },
        ),
        Scenario {
            prequeue: 9_000,
            events: vec![
                (100.0, Operator::Rate(1_200)),
                (220.0, Operator::Rate(300)),
                (340.0, Operator::Rate(900)),
            ],
            ..base(
                "changed rates",
                "600 a minute, then 1,200, 300 and 900",
                USUAL,
            )
        },
        Scenario {
            events: vec![
                (90.0, Operator::Mode(Mode::Pause)),
                (150.0, Operator::Mode(Mode::Admit)),
                (260.0, Operator::Mode(Mode::Pause)),
                (290.0, Operator::Mode(Mode::Admit)),
            ],
            ..base("pauses", "of 60 and 30 seconds", USUAL)
        },
        Scenario {
            max_sessions: Some(400),
            ..base(
                "full checkout",
                "400 sessions of a minute each: less than the rate",
                USUAL,
            )
        },
        Scenario {
            events: vec![(120.0, Operator::LoseStore(Duration::from_secs(60)))],
            ..base(
                "lost store",
                "after two minutes; the order re-forms within one",
                USUAL,
            )
        },
        Scenario {
            per_minute: 60,
            prequeue: 900,
            ..base("a small shop", "60 a minute, 900 fans", USUAL)
        },
    ]
}
