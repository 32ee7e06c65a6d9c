//! The static site, carried in the program; in the cloud a CDN serves the same files.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use rust_embed::{EmbeddedFile, RustEmbed};
use serde::Serialize;
use service_kit::problem::Problem;

#[derive(RustEmbed)]
#[folder = "../../cdn-site"]
#[exclude = "tests/*"]
#[exclude = "*.md"]
#[exclude = "package.json"]
struct Embedded;

/// The site's files: those in the program, and those of a folder, which go before them.
#[derive(Default)]
pub struct Site {
    added: BTreeMap<String, EmbeddedFile>,
}

/// `site.json`: the languages and themes that there is a file of.
#[derive(Debug, Default, Serialize)]
struct Contents {
    /// What each language calls itself, by its tag.
    languages: BTreeMap<String, String>,
    /// The events that have a theme.
    themes: BTreeSet<String>,
}

impl Site {
    /// With the files of the folder at `path`, and of those in it.
    ///
    /// # Errors
    /// When one of them can't be read.
    pub fn with_folder(path: &Path) -> io::Result<Self> {
        let mut added = BTreeMap::new();
        read_folder(path, "", &mut added)?;
        Ok(Self { added })
    }

    /// The files of the folder, by their paths on the site.
    pub fn added(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, [u8]>)> {
        self.added
            .iter()
            .map(|(path, file)| (Cow::from(path), Cow::from(&*file.data)))
    }

    /// Answers what no service's route takes: a file of the site, or that there is none.
    pub(crate) fn serve(&self, request: &Request) -> Response {
        let path = request.uri().path();
        let api = path.starts_with("/v1/") || path.starts_with("/basic/");
        if api || !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Problem::not_found().into_response();
        }
        let name = match path.trim_start_matches('/') {
            "" => "index.html",
            name => name,
        };
        if name == "site.json" {
            return revalidated(axum::Json(self.contents()).into_response());
        }
        match self.get(name) {
            Some(file) => found(request, &file),
            None => self.missing(request),
        }
    }

    fn get(&self, name: &str) -> Option<Cow<'_, EmbeddedFile>> {
        match self.added.get(name) {
            Some(file) => Some(Cow::Borrowed(file)),
            None => Embedded::get(name).map(Cow::Owned),
        }
    }

    fn contents(&self) -> Contents {
        let mut contents = Contents::default();
        let built_in = Embedded::iter().map(Cow::into_owned);
        for path in built_in.chain(self.added.keys().cloned()) {
            let named = |folder| path.strip_prefix(folder)?.strip_suffix(".json");
            if let Some(tag) = named("messages/") {
                let name = self.own_name(&path).unwrap_or_else(|| tag.to_owned());
                contents.languages.insert(tag.to_owned(), name);
            } else if let Some(event) = named("themes/") {
                contents.themes.insert(event.to_owned());
            }
        }
        contents
    }

    /// What the language of the messages at `path` calls itself.
    fn own_name(&self, path: &str) -> Option<String> {
        let file = self.get(path)?;
        let messages: serde_json::Value = serde_json::from_slice(&file.data).ok()?;
        Some(messages.get("language.name")?.as_str()?.to_owned())
    }

    fn missing(&self, request: &Request) -> Response {
        let wants_page = request
            .headers()
            .get(header::ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html"));
        match self.get("404.html").filter(|_| wants_page) {
            Some(page) => {
                let mut response = found(request, &page);
                *response.status_mut() = StatusCode::NOT_FOUND;
                response
            }
            None => Problem::not_found().into_response(),
        }
    }
}

fn read_folder(
    path: &Path,
    below: &str,
    files: &mut BTreeMap<String, EmbeddedFile>,
) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if path.is_dir() {
            read_folder(&path, &format!("{below}{name}/"), files)?;
        } else {
            let file = rust_embed::utils::read_file_from_fs(&path)?;
            files.insert(format!("{below}{name}"), file);
        }
    }
    Ok(())
}

fn found(request: &Request, file: &EmbeddedFile) -> Response {
    let etag = format!("\"{}\"", hex(&file.metadata.sha256_hash()[..16]));
    let known = request
        .headers()
        .get(header::IF_NONE_MATCH)
        .is_some_and(|tag| tag.as_bytes() == etag.as_bytes());
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        file.data.clone().into_response()
    };
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(file.metadata.mimetype()) {
        headers.insert(header::CONTENT_TYPE, with_charset(kind));
    }
    if let Ok(etag) = HeaderValue::try_from(etag) {
        headers.insert(header::ETAG, etag);
    }
    revalidated(response)
}

/// A page and its scripts are to be of one version always.
fn revalidated(mut response: Response) -> Response {
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, no-cache"),
    );
    response
}

fn with_charset(kind: HeaderValue) -> HeaderValue {
    match kind.to_str() {
        Ok(text) if text.starts_with("text/") => {
            HeaderValue::try_from(format!("{text}; charset=utf-8")).unwrap_or(kind)
        }
        _ => kind,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What browsers are told of every page; the fan's pages need nothing from anywhere else.
const OF_PAGES: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; font-src 'self'; manifest-src 'self'; media-src 'self' data:; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=()",
    ),
];

/// Adds what browsers are told of pages, and of every answer that its type is what it says.
pub fn secure(address: &Uri, response: &mut Response) {
    let api = address.path().starts_with("/v1/");
    let kind = response.headers().get(header::CONTENT_TYPE);
    let page = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let headers = response.headers_mut();
    if page {
        for (name, value) in OF_PAGES {
            headers
                .entry(name)
                .or_insert(HeaderValue::from_static(value));
        }
    }
    if api {
        // Whatever of the API does not say that it may be kept must not be.
        headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
}
