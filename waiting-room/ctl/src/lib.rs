//! Everything an operator can do, from a terminal: `ctl` asks the operator's API and tells the answer for a person, or as
//! the JSON that it got.

mod act;
mod args;
mod client;
mod error;
mod figures;
mod predict;
mod report;
mod terminal;
mod watch;
mod words;

use std::{io::Write, path::PathBuf, time::Duration};

pub use self::{
    args::{Action, CtlArgs},
    error::CtlError,
};
use self::{client::Client, terminal::Terminal};

/// The environment variable that holds the operator's or the viewer's credential.
pub const CREDENTIAL: &str = "WAITING_ROOM_OPERATOR_CREDENTIAL";

/// Does what `args` say and tells it to `out`. Without `--credential-file` and without [`CREDENTIAL`] the credential is
/// read from `usual_credential_file`, where the program has one.
///
/// # Errors
/// As [`CtlError`] says, in one sentence each.
pub async fn run(
    args: CtlArgs,
    usual_credential_file: Option<PathBuf>,
    out: &mut (dyn Write + Send),
) -> Result<(), CtlError> {
    let credential = credential(args.credential_file.as_ref(), usual_credential_file)?;
    let patience = Duration::from_secs(args.timeout_seconds);
    let client = Client::new(&args.url, &credential, args.name.as_deref(), patience)?;
    let mut terminal = Terminal::new(out, args.json);
    match act::act(&client, &args, &mut terminal).await {
        // Whoever reads has seen enough: `ctl watch | head`.
        Err(CtlError::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

/// From the file that was named, or else the environment, or else the usual file.
fn credential(named: Option<&PathBuf>, usual: Option<PathBuf>) -> Result<String, CtlError> {
    let read = |path: &PathBuf| match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) => Err(CtlError::CredentialFile {
            path: path.clone(),
            reason: error.to_string(),
        }),
    };
    if let Some(path) = named {
        return read(path);
    }
    if let Ok(credential) = std::env::var(CREDENTIAL) {
        return Ok(credential);
    }
    match usual.filter(|path| path.exists()) {
        Some(path) => read(&path),
        None => Err(CtlError::NoCredential),
    }
}
