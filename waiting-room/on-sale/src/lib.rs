//! The whole on-sale in one process, assembled from the services and their embedded backends.

mod adapters;
mod app;
mod config;
mod data_dir;
mod site;

pub use app::{RunError, run};
pub use config::{Config, LogFormatArg};
