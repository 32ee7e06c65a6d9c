use async_trait::async_trait;
use redis::{FromRedisValue, Script};
use waiting_room_core::{EventId, Timestamp};

use super::{FigureHistory, HistoryUnavailable, KEPT, MemoryFigureHistory, Moment, is_recent};
use crate::queue_store::{
    ConnectError, RedisConfig,
    redis::link::{Link, NoAnswer},
};

/// The history of all instances, in the queue store's server: of each event one hash, a field each for the five-second
/// slots of an hour, some 200 kB at most.
///
/// It has a connection of its own, so that nothing it does is in the way of the queue. What this instance kept itself it
/// remembers too, and tells while the server is away.
pub struct RedisFigureHistory {
    link: Link,
    keep: Script,
    read: Script,
    own: MemoryFigureHistory,
}

/// Keeps a moment (ARGV 3) of a slot (ARGV 2) in the field (ARGV 1) that the slot of an hour ago had, unless it has one;
/// a history that nobody adds to is forgotten after two hours.
const KEEP: &str = "#!lua
local kept = redis.call('HGET', KEYS[1], ARGV[1])
local slot = kept and tonumber(string.match(kept, '^%d+') or '')
if slot and slot >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ARGV[3])
redis.call('EXPIRE', KEYS[1], 7200)
return 1";

const READ: &str = "#!lua flags=no-writes
return redis.call('HVALS', KEYS[1])";

impl RedisFigureHistory {
    /// Keeps the history in the server at `config`.
    ///
    /// # Errors
    /// When the address can't be used; of one server, whether it answers is found out later.
    pub async fn open(config: &RedisConfig) -> Result<Self, ConnectError> {
        Ok(Self {
            link: Link::open(config).await?,
            keep: Script::new(KEEP),
            read: Script::new(READ),
            own: MemoryFigureHistory::default(),
        })
    }

    async fn ask(&self, event: &EventId) -> Result<Vec<String>, HistoryUnavailable> {
        let mut call = self.read.prepare_invoke();
        call.key(key(event));
        let values = self.link.call_always(&call).await.map_err(unavailable)?;
        Vec::<String>::from_redis_value(values).map_err(|error| HistoryUnavailable(Box::new(error)))
    }
}

/// Beside the event's queue, on the same node of a cluster.
fn key(event: &EventId) -> String {
    format!("waiting-room:{{{event}}}:history")
}

fn unavailable(error: NoAnswer) -> HistoryUnavailable {
    HistoryUnavailable(Box::new(error))
}

#[async_trait]
impl FigureHistory for RedisFigureHistory {
    async fn keep(&self, event: &EventId, moment: &Moment) -> Result<(), HistoryUnavailable> {
        self.own.keep(event, moment).await?;
        let slot = moment.slot();
        let json =
            serde_json::to_vec(moment).map_err(|error| HistoryUnavailable(Box::new(error)))?;
        let mut call = self.keep.prepare_invoke();
        call.key(key(event)).arg(slot % KEPT).arg(slot).arg(json);
        self.link.call_always(&call).await.map_err(unavailable)?;
        Ok(())
    }

    async fn last_hour(
        &self,
        event: &EventId,
        now: Timestamp,
    ) -> Result<Vec<Moment>, HistoryUnavailable> {
        let kept = match self.ask(event).await {
            Ok(kept) => kept,
            Err(error) => {
                tracing::warn!(
                    %event,
                    error = &error as &dyn std::error::Error,
                    "of the history only this instance's own part is told"
                );
                return self.own.last_hour(event, now).await;
            }
        };
        // What an instance of another version wrote is left out if it does not fit.
        let moments = kept.iter().filter_map(|kept| {
            let (_, json) = kept.split_once(' ')?;
            serde_json::from_str::<Moment>(json).ok()
        });
        let mut moments: Vec<_> = moments
            .filter(|moment| is_recent(moment.slot(), now))
            .collect();
        moments.sort_by_key(|moment| moment.at);
        Ok(moments)
    }
}
