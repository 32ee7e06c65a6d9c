//! The whole on-sale in one process, assembled from the services and their embedded backends.

pub mod adapters;
mod app;
mod config;
mod data_dir;
pub mod site;

pub use app::{RunError, run};
pub use config::{Command, Config, Invocation, LogFormatArg, USUAL_DATA_DIR, credential};
pub use data_dir::CREDENTIAL_FILE;
