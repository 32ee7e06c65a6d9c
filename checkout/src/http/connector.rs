//! How connections to the waiting room are made: plain, and with the feature `aws` over TLS too.

use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;

#[cfg(feature = "aws")]
pub(super) use self::tls::{Connector, NoTls, open};

#[cfg(not(feature = "aws"))]
pub(super) use self::plain::{Connector, NoTls, open};

fn http(timeout: Duration) -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(timeout));
    connector
}

#[cfg(not(feature = "aws"))]
mod plain {
    use std::time::Duration;

    use hyper_util::client::legacy::connect::HttpConnector;
    use thiserror::Error;

    pub(in crate::http) type Connector = HttpConnector;

    /// What never happens: nobody asks for TLS.
    #[derive(Clone, Debug, Error)]
    pub(in crate::http) enum NoTls {}

    pub(in crate::http) fn open(timeout: Duration) -> Result<Connector, NoTls> {
        Ok(super::http(timeout))
    }
}

#[cfg(feature = "aws")]
mod tls {
    use std::time::Duration;

    use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
    use hyper_util::client::legacy::connect::HttpConnector;
    use rustls::crypto::aws_lc_rs;

    pub(in crate::http) type Connector = HttpsConnector<HttpConnector>;
    pub(in crate::http) type NoTls = rustls::Error;

    /// Trusts Mozilla's roots. Names its crypto provider, so that none has to be installed for the process.
    pub(in crate::http) fn open(timeout: Duration) -> Result<Connector, NoTls> {
        let mut http = super::http(timeout);
        // It would refuse the scheme before TLS sees it.
        http.enforce_http(false);
        let builder = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(aws_lc_rs::default_provider())?;
        Ok(builder.https_or_http().enable_http1().wrap_connector(http))
    }
}
