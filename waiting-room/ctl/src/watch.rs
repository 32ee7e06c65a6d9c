//! The figures, each second.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{sleep, timeout};

use crate::{client::Client, error::CtlError, figures::Figures, report, terminal::Terminal};

/// The service sends something at least every 15 s.
const SILENCE: Duration = Duration::from_secs(40);

/// Before a stream that broke off is asked for again.
const PAUSE: Duration = Duration::from_secs(1);

/// Longer figures are none.
const LARGEST: usize = 1024 * 1024;

/// Tells the figures as the stream at `path` sends them, `times` times or until it is interrupted. A stream that breaks
/// off is asked for again.
pub(crate) async fn watch(
    client: &Client,
    path: &str,
    times: Option<u64>,
    terminal: &mut Terminal<'_>,
) -> Result<(), CtlError> {
    let mut left = times.unwrap_or(u64::MAX);
    let mut body = client.stream(path).await?;
    loop {
        let broken = match follow(client, body, &mut left, terminal).await {
            Ok(()) if left == 0 => return Ok(()),
            Ok(()) => "the stream ended".to_owned(),
            Err(error @ CtlError::Unreachable { .. }) => error.to_string(),
            Err(error) => return Err(error),
        };
        terminal.remark(&format!("{broken} – asking again …"))?;
        body = loop {
            sleep(PAUSE).await;
            match client.stream(path).await {
                Ok(body) => break body,
                Err(CtlError::Unreachable { .. } | CtlError::TooSlow { .. }) => {}
                Err(error) if error.exit_status() == 1 => {}
                Err(error) => return Err(error),
            }
        };
    }
}

async fn follow(
    client: &Client,
    mut body: Incoming,
    left: &mut u64,
    terminal: &mut Terminal<'_>,
) -> Result<(), CtlError> {
    let mut events = Events::default();
    let attended = terminal.is_attended();
    while *left > 0 {
        let silence = |_| CtlError::Unreachable {
            url: client.base().to_owned(),
            reason: "it says nothing any more".to_owned(),
        };
        let frame = timeout(SILENCE, body.frame()).await.map_err(silence)?;
        let Some(frame) = frame else {
            return Ok(());
        };
        let frame = frame.map_err(|error| client.unreachable(&error))?;
        let Ok(chunk) = frame.into_data() else {
            continue;
        };
        for data in events.add(&chunk) {
            let answer =
                serde_json::from_str(&data).map_err(|error| client.not_understood(&error))?;
            if terminal.is_for_programs() {
                terminal.answer(&answer, String::new)?;
            } else {
                let figures: Figures = client.understood(answer)?;
                match attended {
                    true => terminal.redraw(&report::status(&figures))?,
                    false => terminal.remark(&report::line(&figures))?,
                }
            }
            *left -= 1;
            if *left == 0 {
                break;
            }
        }
    }
    Ok(())
}

/// Server-sent events as they arrive, of which only the data matters here.
#[derive(Default)]
struct Events {
    rest: Vec<u8>,
}

impl Events {
    /// The data of the events that are complete with `chunk`.
    fn add(&mut self, chunk: &[u8]) -> Vec<String> {
        self.rest.extend_from_slice(chunk);
        let mut complete = Vec::new();
        while let Some(end) = self.rest.windows(2).position(|pair| pair == b"\n\n") {
            let event: Vec<u8> = self.rest.drain(..end + 2).collect();
            let event = String::from_utf8_lossy(&event);
            let data = event.lines().filter_map(|line| line.strip_prefix("data:"));
            let data: Vec<&str> = data.map(str::trim_start).collect();
            if !data.is_empty() {
                complete.push(data.join("\n"));
            }
        }
        if self.rest.len() > LARGEST {
            self.rest.clear();
        }
        complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_put_together_from_whatever_arrives() {
        let mut events = Events::default();
        assert_eq!(events.add(b": keep-alive\n\nevent: figures\nda"), [""; 0]);
        assert_eq!(events.add(b"ta: {\"a\":1}\n"), [""; 0]);
        let expected = ["{\"a\":1}", "x\ny"];
        assert_eq!(events.add(b"\ndata: x\ndata: y\n\ndata: z"), expected);
        assert_eq!(events.add(b"\n\n"), ["z"]);
    }
}
