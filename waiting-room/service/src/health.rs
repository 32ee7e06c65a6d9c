//! How the parts are on which an event depends, in words for its operator.

use std::{error::Error, time::Duration};

use serde::Serialize;
use utoipa::ToSchema;
use waiting_room_audit::Auditor;
use waiting_room_core::{Phase, Timestamp};

use crate::{queue_store::StoreUnavailable, settings::SettingsView, shop::ShopFigures};

/// A part that can fail while the rest goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Where the queue is kept.
    QueueStore,
    /// Where the settings come from.
    Settings,
    /// The shop's orders and their queue.
    OrderQueue,
    /// The log of what operators changed.
    Audit,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::QueueStore,
        Self::Settings,
        Self::OrderQueue,
        Self::Audit,
    ];

    /// The word for it in answers and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QueueStore => "queue-store",
            Self::Settings => "settings",
            Self::OrderQueue => "order-queue",
            Self::Audit => "audit",
        }
    }
}

/// How a part is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Whether it does its work.
    pub ok: bool,
    /// That in one line, for a person.
    pub detail: String,
}

impl Condition {
    /// It does its work, as `detail` says.
    pub fn well(detail: impl Into<String>) -> Self {
        Self {
            ok: true,
            detail: detail.into(),
        }
    }

    /// It does not, as `detail` says.
    pub fn failing(detail: impl Into<String>) -> Self {
        Self {
            ok: false,
            detail: detail.into(),
        }
    }
}

/// How a part is, and since when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartHealth {
    /// The part.
    pub part: Part,
    /// Whether it does its work.
    pub ok: bool,
    /// Since when it has been so; at the longest since this process started.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// One line for a person.
    pub detail: String,
}

/// Since when each part has been as it is.
#[derive(Debug, Default)]
pub(crate) struct Vitals([Option<(bool, Timestamp)>; Part::ALL.len()]);

impl Vitals {
    /// Takes note that `part` is in this `condition` at `now`.
    pub(crate) fn note(&mut self, part: Part, condition: Condition, now: Timestamp) -> PartHealth {
        let Condition { ok, detail } = condition;
        let known = &mut self.0[part as usize];
        let since = match *known {
            Some((was_ok, since)) if was_ok == ok => since,
            _ => now,
        };
        *known = Some((ok, since));
        PartHealth {
            part,
            ok,
            since,
            detail,
        }
    }
}

/// Settings that were not read for this long are told as missing: several times as long as any source takes between two
/// reads, and longer than one read may take.
const STALE: Duration = Duration::from_secs(15);

/// How the queue store is, by what came of the last turn.
pub(crate) fn of_queue_store(turn: Result<Phase, &StoreUnavailable>) -> Condition {
    match turn {
        Ok(Phase::Recovering) => {
            Condition::well("answers, but lost the queue: fans put their tickets back")
        }
        Ok(_) => Condition::well("answers"),
        Err(error) => Condition::failing(format!(
            "does not answer ({}): nobody is called or admitted, places are kept",
            root_cause(error)
        )),
    }
}

/// How the source of `view` is at `now`.
pub(crate) fn of_settings(view: &SettingsView, now: Timestamp) -> Condition {
    let age = now.since(view.read_at);
    let whole = |setting: &str| matches!(setting, "settings-file" | "parameters");
    if let Some(refused) = view.refused.iter().find(|refused| whole(&refused.setting)) {
        return Condition::failing(format!(
            "cannot be read ({}): the last good ones stay in force",
            refused.reason
        ));
    }
    if age > STALE {
        return Condition::failing(format!(
            "not read for {} s: the last ones stay in force",
            age.as_secs()
        ));
    }
    Condition::well(match view.refused.len() {
        0 => "read and in force".to_owned(),
        1 => "read; one value is refused".to_owned(),
        more => format!("read; {more} values are refused"),
    })
}

/// How the shop is, by what it told of itself.
pub(crate) fn of_order_queue(shop: Option<&ShopFigures>) -> Condition {
    let Some(ShopFigures { orders, .. }) = shop else {
        return Condition::failing(
            "the shop does not tell its orders and stock: orders may be late",
        );
    };
    let waiting = match orders.queue_depth {
        0 => "no order waits".to_owned(),
        1 => "one order waits".to_owned(),
        more => format!("{more} orders wait"),
    };
    Condition::well(match orders.dead_letters {
        0 => waiting,
        1 => format!("{waiting}; one dead letter"),
        more => format!("{waiting}; {more} dead letters"),
    })
}

/// How the log is into which `auditor` writes.
pub(crate) fn of_audit(auditor: &Auditor) -> Condition {
    let waiting_room_audit::Condition { ok, detail } = auditor.condition();
    Condition { ok, detail }
}

/// What stands at the end of the chain of causes.
fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    const SHOWN: usize = 160;
    cause.to_string().chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use waiting_room_core::{AdmissionRate, MaxActiveSessions, Message, Mode, Settings};

    use super::*;
    use crate::settings::Refused;

    fn at(second: u64) -> Timestamp {
        Timestamp::from_seconds(second)
    }

    #[test]
    fn a_part_is_as_it_is_since_it_last_changed() {
        let mut vitals = Vitals::default();
        let mut since = |second: u64, ok| {
            let condition = Condition {
                ok,
                detail: second.to_string(),
            };
            let health = vitals.note(Part::Settings, condition, at(second));
            assert_eq!((health.ok, health.detail), (ok, second.to_string()));
            health.since
        };
        assert_eq!(since(1, true), at(1));
        assert_eq!(since(2, true), at(1));
        assert_eq!(since(3, false), at(3));
        assert_eq!(since(9, false), at(3));
        assert_eq!(since(10, true), at(10));
    }

    #[test]
    fn settings_fail_when_they_are_old_or_unreadable_but_not_for_one_bad_value() {
        let refused = |setting: &str| Refused {
            setting: setting.to_owned(),
            value: "fast".to_owned(),
            reason: "is no number".to_owned(),
            since: at(0),
        };
        let view = |refused| SettingsView {
            settings: Settings {
                admission_rate_per_minute: AdmissionRate::new(60).unwrap(),
                max_active_sessions: MaxActiveSessions::new(10).unwrap(),
                mode: Mode::Admit,
                message: Message::default(),
            },
            refused,
            read_at: at(100),
        };
        assert!(of_settings(&view(vec![]), at(115)).ok);
        assert!(!of_settings(&view(vec![]), at(116)).ok);
        let one = of_settings(&view(vec![refused("mode")]), at(100));
        assert_eq!(one, Condition::well("read; one value is refused"));
        for whole in ["settings-file", "parameters"] {
            let condition = of_settings(&view(vec![refused(whole)]), at(100));
            assert!(!condition.ok);
            assert!(condition.detail.contains("is no number"));
        }
    }
}
