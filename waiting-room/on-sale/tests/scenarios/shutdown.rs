//! Ending in order.

use std::time::Duration;

use reqwest::Method;

use crate::program::{Program, event, secret};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ends_within_ten_seconds_though_streams_and_idle_connections_are_open() {
    for signal in ["-TERM", "-INT"] {
        let mut program = Program::start(&event(600, ""), &[]);
        program.join(&secret("shutdown", 1)).await;
        let boards = "/v1/events/aurora-live/stream";
        let figures = "/v1/operator/events/aurora-live/stream";
        let mut board = program.request(Method::GET, boards).send().await.unwrap();
        let mut stream = program.operator(Method::GET, figures).send().await.unwrap();
        assert!(board.chunk().await.unwrap().is_some());
        assert!(stream.chunk().await.unwrap().is_some());
        let _idle = tokio::net::TcpStream::connect(program.url("").trim_start_matches("http://"))
            .await
            .unwrap();
        let took = tokio::task::block_in_place(|| program.terminate(signal));
        assert!(took < Duration::from_secs(10), "{signal} took {took:?}");
        println!("shutdown: {signal} took {took:?} with two streams open");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_on_the_same_data_dir_is_refused() {
    let mut program = Program::start(&event(600, ""), &[]);
    let second = std::process::Command::new(env!("CARGO_BIN_EXE_on-sale"))
        .args(["--listen", "127.0.0.1:0", "--data-dir"])
        .arg(program.data_dir.path().join("data"))
        .output()
        .unwrap();
    assert!(!second.status.success());
    let told = String::from_utf8_lossy(&second.stderr);
    assert!(told.contains("in use by another process"), "{told}");
    assert!(program.is_running());
}
