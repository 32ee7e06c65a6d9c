//! The disk that the servers keep their data on.

use std::{env, fs::File, io::Write, path::Path, time::Instant};

use tempfile::TempDir;

use crate::Outcome;

/// How often the disk is tried.
const WRITES: usize = 101;

/// A new directory beside this program: the system's own for temporary files may be in memory, which tells
/// nothing of durable writes.
pub(crate) fn directory() -> Outcome<TempDir> {
    let program = env::current_exe()?;
    let beside = program.parent().unwrap_or(Path::new("."));
    Ok(tempfile::Builder::new()
        .prefix("bench-")
        .tempdir_in(beside)?)
}

/// How long a durable write of 4 kB takes, in microseconds: the median of a hundred.
pub(crate) fn durable_write_micros() -> Outcome<f64> {
    let directory = directory()?;
    let mut file = File::create(directory.path().join("written"))?;
    let mut times = Vec::with_capacity(WRITES);
    for _ in 0..WRITES {
        let started = Instant::now();
        file.write_all(&[7; 4_096])?;
        file.sync_data()?;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    Ok(times[WRITES / 2].as_secs_f64() * 1e6)
}
