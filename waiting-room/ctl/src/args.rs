use std::path::PathBuf;

use clap::{Args, Subcommand};
use http::Uri;
use waiting_room_core::{AdmissionRate, InvalidSetting, MaxActiveSessions, Message, Mode};

/// Whom to ask, as whom, and what for.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
The credential comes from --credential-file or from WAITING_ROOM_OPERATOR_CREDENTIAL, never from an argument, which \
everybody on the machine could read.

Exit status: 0 done, 1 the service does not answer or fails, 2 wrong use, 3 the credential is missing or not accepted, \
4 refused: no such event, or a value that is not valid, 5 not confirmed.")]
pub struct CtlArgs {
    /// Where the waiting room is
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "WAITING_ROOM_URL",
        default_value = "http://127.0.0.1:8080",
        value_parser = base
    )]
    pub url: Uri,

    /// The event's id; may be left out while there is only one
    #[arg(long, global = true, value_name = "ID", env = "WAITING_ROOM_EVENT")]
    pub event: Option<String>,

    /// A file that holds the operator's credential, or the viewer's
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "WAITING_ROOM_CREDENTIAL_FILE"
    )]
    pub credential_file: Option<PathBuf>,

    /// Who you are, for the audit log
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "WAITING_ROOM_OPERATOR_NAME"
    )]
    pub name: Option<String>,

    /// Prints the answers as JSON
    #[arg(long, global = true)]
    pub json: bool,

    /// How long each answer may take, in seconds; 1 to 300
    #[arg(
        long,
        global = true,
        value_name = "SECONDS",
        default_value_t = 10,
        value_parser = clap::value_parser!(u64).range(1..=300)
    )]
    pub timeout_seconds: u64,

    /// What to do
    #[command(subcommand)]
    pub action: Action,
}

/// What an operator can do.
#[derive(Clone, Debug, Subcommand)]
pub enum Action {
    /// Tells how the event goes
    Status,
    /// Tells it each second, until Ctrl-C
    Watch {
        /// Ends after this many times
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
        times: Option<u64>,
    },
    /// Tells the last hour: each figure's course, lowest, highest and latest
    History {
        /// How far back; 1 to 60
        #[arg(long, value_name = "MINUTES", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=60))]
        minutes: u64,
    },
    /// Sets the admission rate, and tells before what it will do
    Rate {
        /// Claims a minute
        #[arg(value_parser = setting::<AdmissionRate>)]
        per_minute: AdmissionRate,
        /// Does it without asking; where there is no terminal nobody is asked anyway
        #[arg(long, short)]
        yes: bool,
        /// Only tells what it would do
        #[arg(long)]
        dry_run: bool,
    },
    /// Sets how many fans may be in checkout at once
    Sessions {
        /// The limit
        #[arg(value_parser = setting::<MaxActiveSessions>)]
        limit: MaxActiveSessions,
    },
    /// Holds the door shut; everybody keeps their place
    Pause {
        /// Why, for the fans to read
        #[arg(long, value_name = "TEXT", value_parser = setting::<Message>)]
        reason: Option<Message>,
    },
    /// Opens the door again
    Resume {
        /// Leaves the message standing that fans read
        #[arg(long)]
        keep_message: bool,
    },
    /// Tells the fans something, or nothing any more
    Message {
        /// One line
        #[arg(required_unless_present = "clear", conflicts_with = "clear", value_parser = setting::<Message>)]
        text: Option<Message>,
        /// Takes the message away
        #[arg(long)]
        clear: bool,
    },
    /// Sets the mode: admit, pause, bypass (everybody in at once) or closed
    Mode {
        /// The mode
        #[arg(value_parser = setting::<Mode>)]
        mode: Mode,
        /// Does it without asking; where there is no terminal nobody is asked anyway
        #[arg(long, short)]
        yes: bool,
    },
    /// Tells the settings in force, and the values that were refused
    Settings,
    /// Tells who changed what, the newest first
    Audit {
        /// How many entries
        #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=500))]
        limit: u64,
        /// Only those before the entry with this id
        #[arg(long, value_name = "ID")]
        before: Option<String>,
    },
    /// Tells the orders that fulfilment could not get done
    DeadLetters,
    /// Has them tried once more
    Redrive,
    /// Adds a new signing key of each kind; what the old ones signed stays valid
    RotateKeys,
}

fn setting<T: std::str::FromStr<Err = InvalidSetting>>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|error: InvalidSetting| error.reason.to_string())
}

fn base(text: &str) -> Result<Uri, String> {
    let url: Uri = text.parse().map_err(|_| "it is no URL".to_owned())?;
    let is_web = matches!(url.scheme_str(), Some("http" | "https"));
    if !is_web || url.host().is_none() {
        return Err("it does not begin with http:// or https://".to_owned());
    }
    if url.scheme_str() == Some("https") && cfg!(not(feature = "tls")) {
        return Err("this program speaks no TLS: use http, or `waiting-room ctl`".to_owned());
    }
    Ok(url)
}
