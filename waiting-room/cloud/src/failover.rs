//! The button, for processes of one's own: `waiting-room failover` does what the automation document of
//! `infra/modules/failover` does in the cloud.
//!
//! | step | what it does |
//! |---|---|
//! | answer | nothing is changed unless the region that is to take over answers |
//! | fence | makes it the active one in the control item, with the next epoch and admission at 0 % |
//! | send | has the fans sent there, and goes on when the site shows its board |
//! | hand over | waits until no process of the other region can be admitting any more |
//! | admit | 25 %, 50 %, 100 % of the operator's rate, with a pause between each, as long as the epoch is still its own |
//!
//! [`waiting_room_region`] says why that order admits nobody twice. Each step may be repeated: pressed again, after it
//! was killed or after it is done, the button reads how far it had come and goes on from there.

mod course;
mod error;
mod front;

use std::{
    io::Write,
    str::FromStr,
    time::{Duration, Instant},
};

use clap::Args;
use reqwest::Url;
use tokio::time::sleep;
use waiting_room_region::{Control, ControlItem, ControlSource, HANDOVER, Region};

use self::{
    course::{Course, steps_after},
    front::Front,
};
use crate::aws;

pub use self::error::FailoverError;

/// What the button is told.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Each step may be repeated: pressed again, after it was killed or is done, it goes on from where it was.

Exit status: 0 done, 1 the table does not answer, 2 wrong use or unknown region, 3 somebody else has failed \
over meanwhile, 4 the region does not answer (before the fence: nothing was changed), 5 the fans cannot be sent \
there, 6 the site does not show the region.

For an nginx whose configuration includes active.conf:
  --switch 'cp $REGION.conf new.conf && mv new.conf active.conf && nginx -s reload'")]
pub struct FailoverArgs {
    /// The region that is to be the active one
    #[arg(long, value_name = "REGION")]
    pub to: Region,

    /// A region and one of its waiting rooms, http, which is asked whether it is ready; once at least for each region. A
    /// region that is not named by any is unknown
    #[arg(long = "region", value_name = "REGION=URL", required = true)]
    pub regions: Vec<Address>,

    /// Where the fans come in, whichever region is active; http
    #[arg(long, value_name = "URL", value_parser = http)]
    pub site: Url,

    /// What sends the fans to a region: a command for sh, with REGION in its environment. It may be run again
    #[arg(long, value_name = "COMMAND")]
    pub switch: String,

    /// The DynamoDB table of orders, which has the control item
    #[arg(long, value_name = "TABLE", env = "WAITING_ROOM_ORDERS_TABLE")]
    pub orders_table: String,

    /// The pause after 25 % and after 50 % of the operator's rate, in seconds; 1 to 3600
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 30,
        value_parser = clap::value_parser!(u64).range(1..=3600)
    )]
    pub pause_seconds: u64,

    /// How long the region, and then the site, may take to answer, in seconds; 1 to 3600
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 180,
        value_parser = clap::value_parser!(u64).range(1..=3600)
    )]
    pub patience_seconds: u64,
}

/// A region, and where one of its waiting rooms is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The region.
    pub region: Region,
    /// The waiting room.
    pub url: Url,
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (region, url) = text.split_once('=').ok_or("must be REGION=URL")?;
        Ok(Self {
            region: region.parse().map_err(|error| format!("{error}"))?,
            url: http(url)?,
        })
    }
}

/// No processes of one's own speak TLS among themselves, so the client that asks them can't either.
fn http(text: &str) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|error| format!("{text}: {error}"))?;
    match url.scheme() {
        "http" => Ok(url),
        _ => Err(format!("{text}: must begin with http://")),
    }
}

/// Presses the button and tells each step on `out` when it is done.
///
/// # Errors
/// As [`FailoverError`] says; what was done until then stays, and the next press goes on from there.
pub async fn run(args: &FailoverArgs, out: impl Write) -> Result<(), FailoverError> {
    let rooms = args.rooms()?;
    let dynamodb = aws_sdk_dynamodb::Client::new(&aws::config().await);
    let button = Button {
        to: &args.to,
        item: ControlItem::new(dynamodb, &args.orders_table),
        front: Front::new(rooms, args)?,
        pause: Duration::from_secs(args.pause_seconds),
    };
    button.press(&mut Told::on(out)).await
}

impl FailoverArgs {
    /// The waiting rooms of the region that is to take over.
    fn rooms(&self) -> Result<Vec<Url>, FailoverError> {
        let of_it = self.regions.iter().filter(|known| known.region == self.to);
        let rooms: Vec<Url> = of_it.map(|known| known.url.clone()).collect();
        if rooms.is_empty() {
            let known = self.regions.iter().map(|known| known.region.to_string());
            return Err(FailoverError::UnknownRegion {
                region: self.to.clone(),
                known: known.collect::<Vec<_>>().join(", "),
            });
        }
        Ok(rooms)
    }
}

struct Button<'a> {
    to: &'a Region,
    item: ControlItem,
    front: Front<'a>,
    pause: Duration,
}

impl Button<'_> {
    async fn press<W: Write>(&self, told: &mut Told<W>) -> Result<(), FailoverError> {
        let to = self.to;
        let known = self.item.read().await?;
        told.step(match &known {
            Some(control) => format!("found: {}", said(control)),
            None => "found: no control item, so nothing was fenced".to_owned(),
        });
        self.front.region_answers().await?;
        told.step(format!("{to} answers"));
        let control = match Course::of(known.as_ref(), to) {
            Course::GoOn(control) => control,
            Course::Fence => {
                let control = self.item.fence(to, known.as_ref()).await?;
                told.step(format!("fenced: {}", said(&control)));
                self.front.region_answers().await?;
                told.step(format!("{to} is ready"));
                control
            }
        };
        let fenced_at = Instant::now();
        self.front.switch(to).await?;
        told.step(format!("fans are sent to {to}"));
        self.front.site_shows_region().await?;
        told.step(format!("the site shows {to}"));
        self.admit(control, fenced_at, told).await
    }

    async fn admit<W: Write>(
        &self,
        mut control: Control,
        fenced_at: Instant,
        told: &mut Told<W>,
    ) -> Result<(), FailoverError> {
        if control.percent.number() == 0 {
            sleep(HANDOVER.saturating_sub(fenced_at.elapsed())).await;
            told.step("the other region admits nobody any more, whatever it can read".to_owned());
        }
        let mut steps = steps_after(control.percent).peekable();
        while let Some(percent) = steps.next() {
            control = self.item.admit(self.to, control.epoch, percent).await?;
            told.step(format!("admits {percent}"));
            if steps.peek().is_some() {
                sleep(self.pause).await;
            }
        }
        told.step(format!("done: {}", said(&control)));
        Ok(())
    }
}

fn said(control: &Control) -> String {
    let Control {
        active,
        epoch,
        percent,
    } = control;
    format!("{active} is active, epoch {epoch}, admits {percent}")
}

/// Each step with the seconds since the button was pressed.
struct Told<W> {
    out: W,
    pressed_at: Instant,
}

impl<W: Write> Told<W> {
    fn on(out: W) -> Self {
        Self {
            out,
            pressed_at: Instant::now(),
        }
    }

    fn step(&mut self, what: String) {
        let at = self.pressed_at.elapsed().as_secs_f64();
        // Nobody may be reading: that is no reason to stop half-way.
        let _ = writeln!(self.out, "{at:6.1} s  {what}");
        let _ = self.out.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_region_and_a_url() {
        let address: Address = "eu-west-1=http://127.0.0.1:8080".parse().unwrap();
        assert_eq!(address.region.as_str(), "eu-west-1");
        assert_eq!(address.url.as_str(), "http://127.0.0.1:8080/");
        for wrong in [
            "eu-west-1",
            "EU=http://a",
            "eu-west-1=",
            "=http://a",
            "eu-west-1=https://a",
            "eu-west-1=a:8080",
        ] {
            assert!(wrong.parse::<Address>().is_err(), "{wrong}");
        }
    }
}
