use super::*;
use waiting_room_core::{AdmissionRate, MaxActiveSessions, Message, Mode};

const NOW: Timestamp = Timestamp::from_seconds(1_000);

struct Bench {
    directory: tempfile::TempDir,
    event: EventId,
    source: FileSettings,
}

fn initial() -> Settings {
    Settings {
        admission_rate_per_minute: AdmissionRate::new(600).unwrap(),
        max_active_sessions: MaxActiveSessions::new(10).unwrap(),
        mode: Mode::Admit,
        message: Message::default(),
    }
}

fn open(directory: &Path, event: &EventId) -> FileSettings {
    let initial = initial();
    let events = [(event, &initial)].into_iter();
    FileSettings::open(directory, events, NOW, Auditor::of_nothing()).unwrap()
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let event: EventId = "aurora-live".parse().unwrap();
        let source = open(directory.path(), &event);
        Self {
            directory,
            event,
            source,
        }
    }

    fn write(&self, text: &str) {
        fs::write(self.directory.path().join("settings.toml"), text).unwrap();
        self.look_twice();
    }

    fn look_twice(&self) {
        self.source.read(NOW);
        self.source.read(NOW);
    }

    fn view(&self) -> SettingsView {
        self.source.ledger.view(&self.event).unwrap()
    }
}

#[test]
fn a_new_data_dir_gets_a_file_with_the_initial_settings() {
    let bench = Bench::new();
    let text = fs::read_to_string(bench.directory.path().join("settings.toml")).unwrap();
    assert!(text.contains("[aurora-live]") && text.contains("admission-rate-per-minute = 600"));
    assert_eq!(bench.view().settings, initial());
}

#[test]
fn bad_settings_never_apply_and_are_shown() {
    let bench = Bench::new();
    bench.write("[aurora-live]\nadmission-rate-per-minute = 900");
    for bad in [
        "0", "-5", "10000000", "\"fast\"", "\"900\"", "600.5", "true", "[1]",
    ] {
        bench.write(&format!(
            "[aurora-live]\nmode = \"admit\"\nadmission-rate-per-minute = {bad}"
        ));
        let view = bench.view();
        assert_eq!(
            view.settings.admission_rate_per_minute.per_minute(),
            900,
            "{bad}"
        );
        assert_eq!(view.refused.len(), 1, "{bad}");
        assert_eq!(view.refused[0].setting, "admission-rate-per-minute");
    }
}

#[test]
fn a_bad_value_does_not_hold_back_a_good_one_beside_it() {
    let bench = Bench::new();
    bench.write("[aurora-live]\nadmission-rate-per-minute = 0\nmode = \"pause\"\ncolour = 1");
    let view = bench.view();
    assert_eq!(view.settings.mode, Mode::Pause);
    assert_eq!(view.refused.len(), 2);
}

#[test]
fn a_half_written_missing_or_oversized_file_changes_nothing_and_is_shown() {
    let bench = Bench::new();
    bench.write("[aurora-live]\nadmission-rate-per-minute = 900");
    let huge = "#".repeat(2_000_000);
    for broken in [
        "[aurora-live]\nadmission-rate-per-min",
        "[aurora",
        "\u{0}",
        &huge,
    ] {
        bench.write(broken);
        let view = bench.view();
        assert_eq!(view.settings.admission_rate_per_minute.per_minute(), 900);
        assert_eq!(view.refused[0].setting, "settings-file");
    }
    fs::remove_file(bench.directory.path().join("settings.toml")).unwrap();
    bench.look_twice();
    assert_eq!(bench.view().refused[0].setting, "settings-file");
    bench.write("[aurora-live]\nadmission-rate-per-minute = 700");
    assert_eq!(bench.view().refused, []);
    assert_eq!(
        bench.view().settings.admission_rate_per_minute.per_minute(),
        700
    );
}

#[test]
fn a_number_that_an_editor_has_half_written_is_not_put_in_force() {
    let bench = Bench::new();
    let file = bench.directory.path().join("settings.toml");
    fs::write(&file, "[aurora-live]\nadmission-rate-per-minute = 1").unwrap();
    bench.source.read(NOW);
    fs::write(&file, "[aurora-live]\nadmission-rate-per-minute = 1200").unwrap();
    bench.source.read(NOW);
    assert_eq!(
        bench.view().settings.admission_rate_per_minute.per_minute(),
        600
    );
    bench.source.read(NOW);
    assert_eq!(
        bench.view().settings.admission_rate_per_minute.per_minute(),
        1200
    );
}

#[test]
fn what_is_no_file_is_refused_without_waiting_for_it() {
    let bench = Bench::new();
    let file = bench.directory.path().join("settings.toml");
    fs::remove_file(&file).unwrap();
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&file)
            .status()
            .unwrap()
            .success()
    );
    bench.look_twice();
    assert_eq!(bench.view().refused[0].reason, "is not a file");
}

#[test]
fn a_file_without_the_events_table_changes_nothing_and_is_shown() {
    let bench = Bench::new();
    bench.write("");
    assert_eq!(bench.view().settings, initial());
    assert_eq!(bench.view().refused[0].setting, "settings-file");
}

#[test]
fn looking_at_an_unchanged_file_wakes_nobody() {
    let bench = Bench::new();
    let mut changes = bench.source.watch(&bench.event).unwrap();
    changes.mark_unchanged();
    bench.look_twice();
    assert!(!changes.has_changed().unwrap());
}

#[test]
fn a_pause_survives_a_restart_on_a_broken_file() {
    let bench = Bench::new();
    bench.write("[aurora-live]\nmode = \"pause\"\nadmission-rate-per-minute = 50");
    fs::write(bench.directory.path().join("settings.toml"), "[aurora-").unwrap();
    let reopened = open(bench.directory.path(), &bench.event);
    let view = reopened.ledger.view(&bench.event).unwrap();
    assert_eq!(view.settings.mode, Mode::Pause);
    assert_eq!(view.settings.admission_rate_per_minute.per_minute(), 50);
    assert_eq!(view.refused[0].setting, "settings-file");
}

#[test]
fn the_api_writes_to_the_same_file_and_keeps_its_comments() {
    let bench = Bench::new();
    bench.write("# our notes\n[aurora-live]\nmode = \"admit\" # for now\n");
    let values = [(SettingName::AdmissionRatePerMinute, "1200".to_owned())];
    bench.source.write_change(&bench.event, &values).unwrap();
    let text = fs::read_to_string(bench.directory.path().join("settings.toml")).unwrap();
    assert!(
        text.contains("# our notes") && text.contains("# for now"),
        "{text}"
    );
    assert!(text.contains("admission-rate-per-minute = 1200"), "{text}");
    assert_eq!(
        bench.view().settings.admission_rate_per_minute.per_minute(),
        1200
    );
}

#[test]
fn an_operator_can_pause_even_when_the_file_is_broken() {
    let bench = Bench::new();
    bench.write("[aurora-live]\nadmission-rate-per-minute = 900");
    bench.write("[aurora-live");
    let values = [(SettingName::Mode, "pause".to_owned())];
    bench.source.write_change(&bench.event, &values).unwrap();
    let view = bench.view();
    assert_eq!((view.settings.mode, view.refused), (Mode::Pause, vec![]));
    assert_eq!(view.settings.admission_rate_per_minute.per_minute(), 900);
    let kept = bench.directory.path().join("settings.toml.refused");
    assert_eq!(fs::read_to_string(kept).unwrap(), "[aurora-live");
}
