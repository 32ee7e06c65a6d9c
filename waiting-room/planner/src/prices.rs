use std::{fs, io, path::PathBuf};

use serde::Deserialize;
use thiserror::Error;

/// What things cost, in US dollars.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// A million HTTPS requests at the CDN.
    pub cdn_per_million_requests: f64,
    /// A GB (10⁹ bytes) that the CDN sends.
    pub cdn_per_gb: f64,
    /// A million write request units.
    pub dynamodb_per_million_writes: f64,
    /// A million read request units.
    pub dynamodb_per_million_reads: f64,
    /// A million requests to SQS.
    pub sqs_per_million_requests: f64,
    /// An hour of one process of the waiting room.
    pub instance_per_hour: f64,
    /// An hour of one cache node.
    pub cache_node_per_hour: f64,
    /// How many cache nodes there are.
    pub cache_nodes: u32,
}

/// Why prices can't be used.
#[derive(Debug, Error)]
pub enum PricesError {
    /// The file can't be read.
    #[error("the prices in {path} cannot be read")]
    File {
        /// Its path.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is not a list of prices.
    #[error("{what} is not a list of prices as --show-prices prints it")]
    Format {
        /// What was read.
        what: String,
        /// Why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A price is negative or not a number.
    #[error("{what} has a price that is not 0 or more")]
    Negative {
        /// What was read.
        what: String,
    },
}

impl Prices {
    /// List prices, as a file to be copied and corrected.
    pub const LIST: &str = include_str!("prices.toml");

    /// List prices.
    ///
    /// # Errors
    /// Never, as a test proves.
    pub fn list() -> Result<Self, PricesError> {
        Self::parse(Self::LIST, "the list of prices")
    }

    /// The prices in a file.
    ///
    /// # Errors
    /// When it can't be read, lacks one, or has one too many.
    pub fn from_file(path: &PathBuf) -> Result<Self, PricesError> {
        let text = fs::read_to_string(path).map_err(|source| PricesError::File {
            path: path.clone(),
            source,
        })?;
        Self::parse(&text, &path.display().to_string())
    }

    fn parse(text: &str, what: &str) -> Result<Self, PricesError> {
        let what = what.to_owned();
        let prices: Self = match toml::from_str(text) {
            Ok(prices) => prices,
            Err(source) => {
                let source = Box::new(source);
                return Err(PricesError::Format { what, source });
            }
        };
        let all = [
            prices.cdn_per_million_requests,
            prices.cdn_per_gb,
            prices.dynamodb_per_million_writes,
            prices.dynamodb_per_million_reads,
            prices.sqs_per_million_requests,
            prices.instance_per_hour,
            prices.cache_node_per_hour,
        ];
        if all.iter().all(|price| *price >= 0.0) {
            Ok(prices)
        } else {
            Err(PricesError::Negative { what })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_can_be_read() {
        assert_eq!(Prices::list().unwrap().cdn_per_million_requests, 1.0);
    }

    #[test]
    fn a_missing_an_unknown_and_a_negative_price_are_refused() {
        let list = Prices::LIST;
        let missing = list.replace("cdn_per_gb = 0.085", "");
        let unknown = format!("{list}\ncdn_per_tb = 85.0");
        let negative = list.replace("cdn_per_gb = 0.085", "cdn_per_gb = -0.085");
        for text in [missing, unknown, negative] {
            assert!(Prices::parse(&text, "it").is_err(), "{text}");
        }
    }
}
