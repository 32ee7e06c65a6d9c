use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
    time::{Duration, Instant},
};

use tokio::{process::Command, time::sleep};

use crate::cluster::SOON;

/// `waiting-room failover`, and what it sends the fans with: a file that says which region the front leads to.
pub(crate) struct Button {
    environment: Vec<(String, String)>,
    front: PathBuf,
    site: String,
    regions: Vec<(&'static str, String)>,
}

impl Button {
    /// The button of an on-sale at `site`, with a waiting room of each region. `directory` is for the front's file.
    pub(crate) fn new(
        environment: Vec<(String, String)>,
        directory: &Path,
        site: String,
        regions: Vec<(&'static str, String)>,
    ) -> Self {
        Self {
            environment,
            front: directory.join("front"),
            site,
            regions,
        }
    }

    /// The file that says which region the front leads to.
    pub(crate) fn front(directory: &Path) -> impl Fn() -> String + Send + 'static {
        let file = directory.join("front");
        move || fs::read_to_string(&file).unwrap_or_default()
    }

    /// Presses it.
    pub(crate) async fn press(&self, to: &str) -> Output {
        self.command(to, SOON).output().await.unwrap()
    }

    /// Presses it, and lets it wait for a second only for anybody's answer.
    pub(crate) async fn press_briefly(&self, to: &str) -> Output {
        let patience = Duration::from_secs(1);
        self.command(to, patience).output().await.unwrap()
    }

    /// Presses it, and kills it as soon as the front leads to the region: in the middle.
    pub(crate) async fn press_and_kill(&self, to: &str) {
        let mut pressed = self.command(to, SOON).spawn().unwrap();
        let begun = Instant::now();
        while fs::read_to_string(&self.front).unwrap_or_default() != to {
            assert!(begun.elapsed() < SOON, "the front is not switched");
            sleep(Duration::from_millis(20)).await;
        }
        pressed.kill().await.unwrap();
    }

    fn command(&self, to: &str, patience: Duration) -> Command {
        let patience = patience.as_secs().to_string();
        let front = self.front.display();
        let switch = format!("printf %s \"$REGION\" >'{front}.new' && mv '{front}.new' '{front}'");
        let mut command = Command::new(env!("CARGO_BIN_EXE_waiting-room"));
        command
            .args(["failover", "--to", to, "--site", &self.site])
            .args(["--switch", &switch, "--pause-seconds", "4"])
            .args(["--patience-seconds", &patience])
            .envs(self.environment.iter().cloned())
            .kill_on_drop(true);
        for (region, url) in &self.regions {
            command.args(["--region", &format!("{region}={url}")]);
        }
        command
    }
}
