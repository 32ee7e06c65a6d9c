//! How a service connects to another: plain, and with the feature `tls` over TLS too.

use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;

#[cfg(feature = "tls")]
pub use self::tls::{Connector, NoTls, open};

#[cfg(not(feature = "tls"))]
pub use self::plain::{Connector, NoTls, open};

fn http(timeout: Duration) -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(timeout));
    connector
}

#[cfg(not(feature = "tls"))]
mod plain {
    use std::time::Duration;

    use hyper_util::client::legacy::connect::HttpConnector;
    use thiserror::Error;

    /// Makes connections.
    pub type Connector = HttpConnector;

    /// What never happens: nobody asks for TLS.
    #[derive(Clone, Debug, Error)]
    pub enum NoTls {}

    /// A connector that gives up after `timeout`.
    ///
    /// # Errors
    /// None.
    pub fn open(timeout: Duration) -> Result<Connector, NoTls> {
        Ok(super::http(timeout))
    }
}

#[cfg(feature = "tls")]
mod tls {
    use std::time::Duration;

    use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
    use hyper_util::client::legacy::connect::HttpConnector;
    use rustls::crypto::aws_lc_rs;

    /// Makes connections.
    pub type Connector = HttpsConnector<HttpConnector>;
    /// Why TLS can't be used.
    pub type NoTls = rustls::Error;

    /// A connector that gives up after `timeout`. Trusts Mozilla's roots. Names its crypto provider, so that none has to
    /// be installed for the process.
    ///
    /// # Errors
    /// When the provider lacks what TLS needs.
    pub fn open(timeout: Duration) -> Result<Connector, NoTls> {
        let mut http = super::http(timeout);
        // It would refuse the scheme before TLS sees it.
        http.enforce_http(false);
        let builder = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(aws_lc_rs::default_provider())?;
        Ok(builder.https_or_http().enable_http1().wrap_connector(http))
    }
}
