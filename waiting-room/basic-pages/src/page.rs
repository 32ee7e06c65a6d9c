use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use cookie::{Cookie, SameSite, time::Duration};
use http::{HeaderName, HeaderValue, StatusCode, header};
use service_kit::problem::Problem;

use crate::reader::{LANGUAGE_COOKIE, Reader};

/// What stands around every page; `layout.html` shows it.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The language's tag.
    pub language: &'static str,
    /// `ltr` or `rtl`.
    pub direction: &'static str,
    /// Who sells.
    pub brand: String,
    /// The logo's path.
    pub logo: String,
    /// The path of the theme's style sheet.
    pub theme: Option<String>,
    /// All languages.
    pub languages: Vec<LanguageLink>,
    /// Where the page can be asked for again.
    pub here: String,
    /// Words of the frame.
    pub skip: String,
    /// Words of the frame.
    pub events: String,
    /// Words of the frame.
    pub languages_label: String,
    /// Words of the frame.
    pub foot: String,
}

/// A language to read on in.
#[derive(Clone, Debug)]
pub struct LanguageLink {
    /// Its tag.
    pub tag: String,
    /// What it calls itself.
    pub name: String,
    /// Whether the page is in it.
    pub current: bool,
}

/// What a page without scripts needs, and nothing else.
pub const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                          base-uri 'none'; frame-ancestors 'none'";

/// The answer with `page`, which is its reader's alone.
pub fn render(status: StatusCode, page: &impl Template, reader: &Reader) -> Response {
    let html = match page.render() {
        Ok(html) => html,
        Err(error) => {
            tracing::error!(%error, "a page was not rendered");
            return Problem::internal().into_response();
        }
    };
    let headers = [
        (header::CACHE_CONTROL, "private, no-store"),
        (header::VARY, "Cookie, Accept-Language"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    let mut response = (status, headers, Html(html)).into_response();
    if let Ok(language) = HeaderValue::try_from(reader.language()) {
        response
            .headers_mut()
            .insert(header::CONTENT_LANGUAGE, language);
    }
    if let Some(language) = reader.choice() {
        let mut cookie = private_cookie(LANGUAGE_COOKIE.to_owned(), language.to_owned(), reader);
        cookie.set_max_age(Duration::days(365));
        set_cookie(&mut response, &cookie);
    }
    response
}

const CROSS_ORIGIN_OPENER_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-opener-policy");

/// A cookie that only these pages get, out of reach of scripts and of other sites.
pub fn private_cookie(name: String, value: String, reader: &Reader) -> Cookie<'static> {
    Cookie::build((name, value))
        .path("/basic")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(reader.is_on_https())
        .build()
}

/// Sends `cookie` along with `response`.
pub fn set_cookie(response: &mut Response, cookie: &Cookie<'static>) {
    if let Ok(value) = HeaderValue::try_from(cookie.to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}
