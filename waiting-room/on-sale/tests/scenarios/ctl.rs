//! The operator's night from a terminal: `ctl` against the running program.

use std::{
    process::{Command, Output},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::program::{Program, event};

/// A terminal from which nobody can answer.
struct Terminal<'a> {
    program: &'a Program,
    credential: Option<&'a str>,
}

impl<'a> Terminal<'a> {
    fn of(program: &'a Program) -> Self {
        Self {
            program,
            credential: Some(program.credential()),
        }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_on-sale"));
        command
            .arg("ctl")
            .args(words)
            .env("WAITING_ROOM_URL", self.program.url(""))
            .env("WAITING_ROOM_DATA_DIR", "/nowhere")
            .env_remove("WAITING_ROOM_OPERATOR_CREDENTIAL");
        if let Some(credential) = self.credential {
            command.env("WAITING_ROOM_OPERATOR_CREDENTIAL", credential);
        }
        command
    }

    async fn says(&self, words: &[&str]) -> Output {
        let mut command = self.command(words);
        let said = tokio::task::spawn_blocking(move || command.output());
        said.await.unwrap().unwrap()
    }

    /// What it prints, when it succeeds.
    async fn tells(&self, words: &[&str]) -> String {
        let output = self.says(words).await;
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{words:?}: {out}{err}");
        assert_eq!(err, "", "{words:?}");
        out
    }

    async fn json(&self, words: &[&str]) -> Value {
        let told = self.tells(&[words, &["--json"]].concat()).await;
        serde_json::from_str(&told).unwrap_or_else(|error| panic!("{words:?}: {error}: {told}"))
    }

    /// The one sentence that it ends with, and its exit status.
    async fn fails(&self, words: &[&str]) -> (i32, String) {
        let output = self.says(words).await;
        let err = text(&output.stderr);
        assert_eq!(text(&output.stdout), "", "{words:?}");
        (output.status.code().unwrap(), err.trim_end().to_owned())
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_setting_is_turned_from_a_terminal() {
    let program = Program::start(&event(600, ""), &[]);
    let terminal = Terminal::of(&program);
    for (words, told, setting, value) in [
        (
            &["rate", "1200"][..],
            "1,200/min from now on.",
            "admission_rate_per_minute",
            json!(1_200),
        ),
        (
            &["sessions", "300"],
            "At most 300 sessions from now on.",
            "max_active_sessions",
            json!(300),
        ),
        (
            &["pause", "--reason", "Back at ten"],
            "The door is paused.",
            "mode",
            json!("pause"),
        ),
        (
            &["settings"],
            "“Back at ten”",
            "message",
            json!("Back at ten"),
        ),
        (
            &["resume"],
            "The door is open again.",
            "mode",
            json!("admit"),
        ),
        (&["settings"], "message       none", "message", json!("")),
        (
            &["message", "Zoë's set is at nine"],
            "Published.",
            "message",
            json!("Zoë's set is at nine"),
        ),
        (
            &["message", "--clear"],
            "The message is gone.",
            "message",
            json!(""),
        ),
        (
            &["mode", "bypass"],
            "The mode is bypass from now on.",
            "mode",
            json!("bypass"),
        ),
        (
            &["mode", "admit"],
            "The mode is admit from now on.",
            "mode",
            json!("admit"),
        ),
    ] {
        let told_of = terminal.tells(words).await;
        assert!(told_of.contains(told), "{words:?}: {told_of}");
        let settings = terminal.json(&["settings"]).await;
        assert_eq!(settings[setting], value, "{words:?}");
    }
    terminal.tells(&["pause", "--reason", "Why"]).await;
    terminal.tells(&["resume", "--keep-message"]).await;
    assert_eq!(terminal.json(&["settings"]).await["message"], "Why");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_is_predicted_before_it_is_applied() {
    let program = Program::start(&event(600, ""), &[]);
    let terminal = Terminal::of(&program);
    let told = terminal.tells(&["rate", "900", "--dry-run"]).await;
    assert_eq!(told.trim(), "At 900/min nobody has to wait.");
    assert_eq!(
        terminal.json(&["settings"]).await["admission_rate_per_minute"],
        600
    );
    terminal.tells(&["pause"]).await;
    program
        .figures_once(|figures| figures["phase"] == "paused")
        .await;
    program.join("a-secret-for-the-rate-00001").await;
    program
        .figures_once(|figures| figures["waiting"] == 1)
        .await;
    let told = terminal.tells(&["rate", "900"]).await;
    let (predicted, done) = told.trim().split_once('\n').unwrap();
    assert!(predicted.starts_with("At 900/min the queue"), "{told}");
    assert!(
        predicted.ends_with("Counted from when the door is open again."),
        "{told}"
    );
    assert_eq!(done, "900/min from now on.");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_sees_the_event_in_words_and_a_program_as_json() {
    let program = Program::start(&event(600, ""), &[]);
    let terminal = Terminal::of(&program);
    program.admit("ctl", 1).await;
    program
        .figures_once(|figures| figures["sessions"] == 1)
        .await;
    let told = terminal.tells(&["status"]).await;
    for expected in [
        "aurora-live · admitting · mode admit",
        "sessions      1 of 100,000",
        "standing: 50 of 50 left",
        "0 confirmed · 0 pending",
        "queue-store: answers",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    assert_eq!(terminal.json(&["status"]).await["sessions"], 1);
    assert_eq!(
        terminal.tells(&["dead-letters"]).await,
        "There are no dead letters.\n"
    );
    assert_eq!(
        terminal.tells(&["redrive"]).await,
        "0 orders are tried once more.\n"
    );
    assert!(terminal.json(&["rotate-keys"]).await["queue_token_kid"].is_string());
    let watched = terminal.tells(&["watch", "--times", "2"]).await;
    assert_eq!(
        watched
            .lines()
            .filter(|line| line.contains("sessions 1/100,000"))
            .count(),
        2
    );
    let watched = terminal.tells(&["watch", "--times", "1", "--json"]).await;
    assert_eq!(
        serde_json::from_str::<Value>(&watched).unwrap()["event"],
        "aurora-live"
    );
    let begun = Instant::now();
    while terminal.json(&["history"]).await["points"]
        .as_array()
        .unwrap()
        .is_empty()
    {
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
    let told = terminal.tells(&["history", "--minutes", "5"]).await;
    assert!(told.contains("claims/min"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credential_comes_from_a_file_or_the_environment_and_is_never_shown() {
    let program = Program::start(&event(600, ""), &[]);
    let by_file = Terminal {
        program: &program,
        credential: None,
    };
    let file = program
        .data_dir
        .path()
        .join("data")
        .join("operator-credential");
    let file = file.to_str().unwrap();
    by_file.tells(&["status", "--credential-file", file]).await;
    let (status, told) = by_file.fails(&["status"]).await;
    assert_eq!(status, 3);
    assert!(told.starts_with("There is no credential:"), "{told}");
    let (status, told) = by_file
        .fails(&["status", "--credential-file", "/none"])
        .await;
    assert_eq!(status, 3);
    assert!(
        told.starts_with("The credential file /none cannot be read:"),
        "{told}"
    );
    let stranger = Terminal {
        program: &program,
        credential: Some("wrong-but-quite-long-enough"),
    };
    let (status, told) = stranger.fails(&["pause"]).await;
    let expected = format!("{} does not accept this credential.", program.url(""));
    assert_eq!((status, told.as_str()), (3, expected.as_str()));
    assert!(!told.contains("wrong-but"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_changed_what_is_told() {
    let program = Program::start(&event(600, ""), &[]);
    let terminal = Terminal::of(&program);
    assert_eq!(terminal.tells(&["audit"]).await, "There are no entries.\n");
    terminal.tells(&["rate", "900", "--name", "Zoë"]).await;
    terminal.tells(&["rate", "1200", "--name", "Ana"]).await;
    let told = terminal.tells(&["audit"]).await;
    let lines: Vec<&str> = told.lines().collect();
    assert!(
        lines[0].contains("Ana") && lines[1].contains("Zoë"),
        "{told}"
    );
    let change = "admission-rate-per-minute: “900” → “1200”";
    assert!(lines[0].ends_with(change), "{told}");
    let newest = terminal.json(&["audit", "--limit", "1"]).await;
    assert_eq!(newest["entries"].as_array().unwrap().len(), 1);
    let next = newest["next"].as_str().unwrap();
    let rest = terminal.tells(&["audit", "--before", next]).await;
    assert_eq!(rest.lines().next(), Some(lines[1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_sees_everything_and_turns_nothing() {
    let viewer = "a-viewer-and-nothing-more";
    let program = Program::start(&event(600, ""), &["--viewer-credential", viewer]);
    let terminal = Terminal {
        program: &program,
        credential: Some(viewer),
    };
    for words in ["status", "settings", "history", "dead-letters"] {
        terminal.tells(&[words]).await;
    }
    for words in [
        &["pause"][..],
        &["sessions", "5"],
        &["redrive"],
        &["rotate-keys"],
    ] {
        let (status, told) = terminal.fails(words).await;
        assert_eq!((status, told.lines().count()), (3, 1), "{words:?}: {told}");
    }
    assert_eq!(terminal.json(&["settings"]).await["mode"], "admit");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_wrong_is_told_in_one_sentence_with_a_status_of_its_own() {
    let program = Program::start(&event(600, ""), &[]);
    let terminal = Terminal::of(&program);
    let (status, told) = terminal.fails(&["status", "--event", "nobody-knows"]).await;
    assert_eq!((status, told.as_str()), (4, "There is no such event."));
    for wrong in [
        &["rate", "0"][..],
        &["rate", "fast"],
        &["mode", "party"],
        &["message"],
        &["message", "two\nlines"],
        &["history", "--minutes", "61"],
        &["status", "--url", "localhost"],
        &["status", "--credential", "as-plain-argument"],
        &[],
    ] {
        let (status, told) = terminal.fails(wrong).await;
        assert_eq!(status, 2, "{wrong:?}: {told}");
    }
    let (status, told) = terminal
        .fails(&["status", "--url", "http://127.0.0.1:9"])
        .await;
    assert_eq!(status, 1);
    assert_eq!(told.lines().count(), 1);
    assert!(
        told.starts_with("http://127.0.0.1:9 does not answer:"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_waited_for_for_ever() {
    let program = Program::start(&event(600, ""), &[]);
    // Takes connections and never answers.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let words = [
        "status",
        "--event",
        "aurora-live",
        "--timeout-seconds",
        "1",
        "--url",
        &url,
    ];
    let begun = Instant::now();
    let (status, told) = Terminal::of(&program).fails(&words).await;
    assert_eq!(
        (status, told),
        (1, format!("{url} did not answer within 1 s."))
    );
    assert!(begun.elapsed() < Duration::from_secs(30));
}
