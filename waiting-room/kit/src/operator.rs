//! Who operates: the two roles, what proves them, and what they may do.
//!
//! An operator proves to be one with the operator credential, as a bearer token or in
//! [`OPERATOR_CREDENTIAL_HEADER`], or with the cookie that a sign-in gave. Who has the viewer credential may look and
//! not touch. Guessing is slowed for each client address and in all: [`attempts`] says how.
//!
//! A request that shows a cookie and would change something has to say that a page of this site sent it: browsers send
//! cookies along whoever asks them to.

mod address;
mod attempts;
mod name;
mod session;

pub use address::came_by_https;

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use aws_lc_rs::digest;
use http::{Method, StatusCode, request::Parts};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use thiserror::Error;
use utoipa::ToSchema;
use waiting_room_core::Timestamp;

pub use self::{
    address::{TrustedProxies, note_peer},
    name::{InvalidName, LONGEST_NAME, OperatorName},
    session::{SESSION_COOKIE, SESSION_LENGTH, ended as ended_session},
};
use self::{attempts::Attempts, session::SessionKey};
use crate::{
    extract::{
        OPERATOR_CREDENTIAL_HEADER, OperatorCredential, bearer, cookies, is_same_origin,
        says_same_origin,
    },
    problem::Problem,
};

/// In which header a request that carries a credential may say who sends it.
pub const OPERATOR_NAME_HEADER: &str = "x-operator-name";

/// What somebody who proved to be somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything.
    Operator,
    /// To look, at everything.
    Viewer,
}

/// How a request proved who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The credential itself.
    Credential,
    /// The cookie of a sign-in.
    Session {
        /// Until when it is worth something; whole seconds.
        expires_at: Timestamp,
    },
}

/// Somebody who operates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// What they may do.
    pub role: Role,
    /// Who they say they are.
    pub name: Option<OperatorName>,
    /// How they proved the role.
    pub proof: Proof,
}

/// A credential was presented and was no one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedSignIn {
    /// Where it came from.
    pub address: IpAddr,
    /// How many there were since the last that was told, this one included.
    pub attempts: u64,
}

/// Why somebody does not get further.
#[derive(Debug)]
pub struct Stranger {
    problem: Box<Problem>,
    /// What there is to put on record: twenty at once, then one a minute.
    pub refused: Option<RefusedSignIn>,
    /// Whether no credential was presented at all, nor a good session.
    pub showed_nothing: bool,
}

/// A sign-in that succeeded.
#[derive(Debug)]
pub struct SignedIn {
    /// Who it is.
    pub operator: Operator,
    /// The value of `Set-Cookie`.
    pub cookie: String,
    /// When the session ends.
    pub expires_at: Timestamp,
}

/// The two roles can't have one and the same credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the viewer credential is the operator credential")]
pub struct SameCredential;

/// Those who operate, by what they prove it with. Cheap to clone; clones count attempts together.
#[derive(Clone)]
pub struct Operators(Arc<Inner>);

struct Inner {
    accounts: Vec<Account>,
    proxies: TrustedProxies,
    attempts: Mutex<Attempts>,
}

struct Account {
    role: Role,
    credential: Digest,
    sessions: SessionKey,
}

type Digest = [u8; 32];

impl Role {
    /// As it is told.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Viewer => "viewer",
        }
    }
}

impl Operators {
    /// Operators by the credential `operator`, and viewers by `viewer`, if there is one. Takes some tens of
    /// milliseconds: [`session`] says what for.
    ///
    /// # Errors
    /// When the two are the same.
    pub fn new(
        operator: &OperatorCredential,
        viewer: Option<&OperatorCredential>,
        proxies: TrustedProxies,
    ) -> Result<Self, SameCredential> {
        if viewer.is_some_and(|viewer| viewer.reveal() == operator.reveal()) {
            return Err(SameCredential);
        }
        let account = |role, credential: &OperatorCredential| Account {
            role,
            credential: digest_of(credential.reveal().as_bytes()),
            sessions: SessionKey::derive(role, credential.reveal().as_bytes()),
        };
        let accounts = [(Role::Operator, Some(operator)), (Role::Viewer, viewer)];
        let accounts = accounts
            .into_iter()
            .filter_map(|(role, credential)| Some(account(role, credential?)));
        Ok(Self(Arc::new(Inner {
            accounts: accounts.collect(),
            proxies,
            attempts: Mutex::default(),
        })))
    }

    /// Who sent the request `parts`, if they may do what it asks for: a viewer may `GET`, and who shows a cookie may
    /// change something from this site alone.
    ///
    /// # Errors
    /// The problems `invalid-credential`, `too-many-attempts`, `cross-site-request` and `viewer-may-not`.
    pub fn check(&self, parts: &Parts) -> Result<Operator, Stranger> {
        let operator = self.identify(parts)?;
        let looks = matches!(parts.method, Method::GET | Method::HEAD);
        if !looks && matches!(operator.proof, Proof::Session { .. }) && !says_same_origin(parts) {
            return Err(Problem::cross_site().into());
        }
        if !looks && operator.role == Role::Viewer {
            let problem = Problem::new(
                StatusCode::FORBIDDEN,
                "viewer-may-not",
                "A viewer may look, and change nothing",
            );
            return Err(problem.into());
        }
        Ok(operator)
    }

    /// Who sent the request `parts`, whatever it asks for.
    ///
    /// # Errors
    /// The problems `invalid-credential` and `too-many-attempts`.
    pub fn identify(&self, parts: &Parts) -> Result<Operator, Stranger> {
        let beside = parts.headers.get(OPERATOR_CREDENTIAL_HEADER);
        let presented = [
            bearer(&parts.headers).map(str::as_bytes),
            beside.map(http::HeaderValue::as_bytes),
        ];
        let presented = presented.map(Option::unwrap_or_default);
        if presented.iter().any(|credential| !credential.is_empty()) {
            let role = self.role_of(parts, &presented)?;
            let name = parts.headers.get(OPERATOR_NAME_HEADER);
            return Ok(Operator {
                role,
                name: name.and_then(|name| OperatorName::tidied(name.as_bytes())),
                proof: Proof::Credential,
            });
        }
        let now = crate::now();
        cookies(&parts.headers, SESSION_COOKIE)
            .find_map(|token| self.session(token, now))
            .ok_or_else(|| Stranger {
                showed_nothing: true,
                ..invalid_credential().into()
            })
    }

    /// Signs in who sent the request `parts` with `credential` and is called `name`.
    ///
    /// # Errors
    /// The problems `invalid-credential`, `too-many-attempts` and `cross-site-request`.
    pub fn sign_in(
        &self,
        parts: &Parts,
        credential: &str,
        name: Option<OperatorName>,
    ) -> Result<SignedIn, Stranger> {
        if !is_same_origin(parts) {
            return Err(Problem::cross_site().into());
        }
        let role = self.role_of(parts, &[credential.as_bytes()])?;
        let now = crate::now();
        let account = self.0.accounts.iter().find(|account| account.role == role);
        let account = account.ok_or_else(invalid_credential)?;
        let (token, expires_at) = account.sessions.issue(name.as_ref(), now);
        Ok(SignedIn {
            operator: Operator {
                role,
                name,
                proof: Proof::Session { expires_at },
            },
            cookie: session::cookie(token, address::came_by_https(&parts.headers)),
            expires_at,
        })
    }

    fn session(&self, token: &str, now: Timestamp) -> Option<Operator> {
        self.0.accounts.iter().find_map(|account| {
            let session = account.sessions.verify(token, now)?;
            Some(Operator {
                role: account.role,
                name: session.name,
                proof: Proof::Session {
                    expires_at: session.expires_at,
                },
            })
        })
    }

    /// The role of which one of the `presented` credentials is; takes the same time whatever was presented.
    fn role_of(&self, parts: &Parts, presented: &[&[u8]]) -> Result<Role, Stranger> {
        let address = self.0.proxies.client_of(parts);
        let attempts = self.0.attempts.lock();
        let mut attempts = attempts.unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if let Err(wait) = attempts.admit(address, now) {
            let problem = Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-attempts",
                "Too many wrong credentials: nothing was looked at",
            );
            return Err(problem.retry_after(wait).into());
        }
        let mut role = None;
        for credential in presented {
            let credential = digest_of(credential);
            for account in &self.0.accounts {
                if bool::from(credential.ct_eq(&account.credential)) {
                    role = role.or(Some(account.role));
                }
            }
        }
        if let Some(role) = role {
            attempts.succeeded(address, now);
            return Ok(role);
        }
        let told = attempts.failed(address, now);
        Err(Stranger {
            refused: told.map(|attempts| RefusedSignIn { address, attempts }),
            ..invalid_credential().into()
        })
    }
}

fn digest_of(credential: &[u8]) -> Digest {
    let mut bytes = Digest::default();
    bytes.copy_from_slice(digest::digest(&digest::SHA256, credential).as_ref());
    bytes
}

fn invalid_credential() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "invalid-credential",
        "The operator credential is needed",
    )
}

impl From<Problem> for Stranger {
    fn from(problem: Problem) -> Self {
        Self {
            problem: Box::new(problem),
            refused: None,
            showed_nothing: false,
        }
    }
}

impl From<Stranger> for Problem {
    fn from(stranger: Stranger) -> Self {
        *stranger.problem
    }
}

impl std::fmt::Debug for Operators {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Operators([redacted])")
    }
}

#[cfg(test)]
mod tests;
