use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::{HeaderMap, Method, header, request::Parts};
use icu_locale_core::Locale;
use service_kit::{extract::cookie, operator::came_by_https};
use waiting_room_core::Timestamp;

use crate::{
    eta, formats,
    library::{ENGLISH, Library, Message},
    page::{Frame, LanguageLink},
    theme::Theme,
};

/// Who reads a page: in which language, how numbers and times are written there, and what the event wears.
#[derive(Clone, Debug)]
pub struct Reader {
    library: &'static Library,
    tag: &'static str,
    locale: Locale,
    event: Option<(String, Option<&'static Theme>)>,
    here: String,
    https: bool,
    chosen: bool,
}

/// Where a language that was chosen on a page is kept.
pub(crate) const LANGUAGE_COOKIE: &str = "wr_language";

/// Nobody lists more languages than this; whoever does is not read on.
const MOST_WISHES: usize = 20;

impl<S: Send + Sync> FromRequestParts<S> for Reader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts, Library::of_process()))
    }
}

impl Reader {
    /// The reader who sent a request with `parts`: asked for are the address's `lang`, then what was chosen earlier, then
    /// what the browser wishes.
    pub(crate) fn of(parts: &Parts, library: &'static Library) -> Self {
        let in_address = parts.uri.query().and_then(language_in);
        let chosen = in_address.and_then(|wish| library.choose([wish]));
        let kept = cookie(&parts.headers, LANGUAGE_COOKIE);
        let accepted = accepted(&parts.headers);
        let tag = chosen
            .or_else(|| library.choose(kept.as_deref()))
            .or_else(|| library.choose(accepted.iter().copied()))
            .map_or(ENGLISH, |(tag, _)| tag);
        let own = |wish: &&&str| {
            library
                .choose([**wish])
                .is_some_and(|(found, _)| found == tag)
        };
        let locale = accepted.iter().find(own).copied().unwrap_or(tag);
        Self {
            library,
            tag,
            locale: parsed(locale)
                .or_else(|| parsed(tag))
                .unwrap_or(Locale::UNKNOWN),
            event: None,
            here: here(parts),
            https: came_by_https(&parts.headers),
            chosen: chosen.is_some(),
        }
    }

    /// The same on a page of `event`, in its theme.
    #[must_use]
    pub fn at(mut self, event: impl Into<String>) -> Self {
        let event = event.into();
        let theme = self.library.theme(&event);
        self.event = Some((event, theme));
        self
    }

    fn theme(&self) -> Option<&'static Theme> {
        self.event.as_ref()?.1
    }

    /// Whether the request came encrypted, as far as what stands in front of this process says.
    pub fn is_on_https(&self) -> bool {
        self.https
    }

    /// The language that was chosen in this request's address, to be kept.
    pub(crate) fn choice(&self) -> Option<&'static str> {
        self.chosen.then_some(self.tag)
    }

    /// The language's tag.
    pub fn language(&self) -> &'static str {
        self.tag
    }

    /// The message `key`.
    pub fn text(&self, key: &str) -> String {
        self.fill(key, &[])
    }

    /// The message `key` with its holes filled.
    pub fn fill(&self, key: &str, holes: &[(&str, &str)]) -> String {
        filled(self.form(key, None), holes)
    }

    /// The message `key` in the form that goes with `count`.
    pub fn count(&self, key: &str, count: u64) -> String {
        let number = self.number(count);
        filled(self.form(key, Some(count)), &[("count", &number)])
    }

    fn form<'a>(&'a self, key: &'a str, count: Option<u64>) -> &'a str {
        let themed = || self.theme()?.texts.get(self.tag)?.get(key);
        let message = themed()
            .or_else(|| self.library.message(self.tag, key))
            .or_else(|| self.library.message(ENGLISH, key));
        match message {
            Some(Message::Text(text)) => text,
            Some(Message::Forms(forms)) => count
                .and_then(|count| forms.get(formats::plural_form(&self.locale, count)))
                .or_else(|| forms.get("other"))
                .map_or(key, String::as_str),
            None => key,
        }
    }

    /// A number.
    pub fn number(&self, value: u64) -> String {
        formats::number(&self.locale, value)
    }

    /// An amount given in the currency's minor unit.
    pub fn money(&self, minor: u64, currency: &str) -> String {
        formats::money(&self.locale, minor, currency)
    }

    /// A moment, with the day. A server knows no reader's time zone: it says UTC.
    pub fn date_time(&self, at: Timestamp) -> String {
        let time = formats::date_time(&self.locale, at);
        self.fill("basic.utc", &[("time", &time)])
    }

    /// A moment as one says it at `now`: with the day when it is another one.
    pub fn moment(&self, at: Timestamp, now: Timestamp) -> String {
        const DAY: u64 = 86_400;
        if at.as_seconds() / DAY != now.as_seconds() / DAY {
            return self.date_time(at);
        }
        let time = formats::clock_time(&self.locale, at);
        self.fill("basic.utc", &[("time", &time)])
    }

    /// How long something lasts or takes.
    pub fn span(&self, seconds: u64) -> String {
        match seconds {
            0..120 => self.count("basic.seconds", seconds),
            120..5_400 => self.count("steps.window", seconds / 60),
            5_400..172_800 => self.hours(seconds / 60),
            _ => self.count("unit.days", (seconds + 43_200) / 86_400),
        }
    }

    /// How long a wait will be, when it will be between `low` and `high` seconds.
    pub fn wait(&self, low: u64, high: u64) -> String {
        let eta::Words { key, low, high } = eta::words(low, high);
        let in_hours = matches!(key, "eta.hours" | "eta.range_hours");
        let told = |minutes| {
            if in_hours {
                self.hours(minutes)
            } else {
                self.number(minutes)
            }
        };
        self.fill(key, &[("low", &told(low)), ("high", &told(high))])
    }

    fn hours(&self, minutes: u64) -> String {
        let (h, m) = (self.number(minutes / 60), self.number(minutes % 60));
        let key = match (minutes / 60, minutes % 60) {
            (0, _) => "duration.m",
            (_, 0) => "duration.h",
            _ => "duration.hm",
        };
        self.fill(key, &[("h", &h), ("m", &m)])
    }

    /// What stands around a page of this reader's.
    pub fn frame(&self) -> Frame {
        let event = self.event.as_ref();
        let brand = self.theme().and_then(|theme| theme.name.clone());
        let logo = self
            .theme()
            .and_then(Theme::logo)
            .unwrap_or("/assets/logo.svg");
        let language = |(tag, name): (&str, &str)| LanguageLink {
            tag: tag.to_owned(),
            name: name.to_owned(),
            current: tag == self.tag,
        };
        let direction = match self.library.message(self.tag, "language.direction") {
            Some(Message::Text(text)) if text == "rtl" => "rtl",
            _ => "ltr",
        };
        Frame {
            language: self.tag,
            direction,
            brand: brand.unwrap_or_else(|| self.text("site.name")),
            logo: logo.to_owned(),
            theme: event
                .filter(|(_, theme)| theme.is_some())
                .map(|(event, _)| format!("/basic/{event}/theme.css")),
            languages: self.library.languages().map(language).collect(),
            here: self.here.clone(),
            skip: self.text("site.skip"),
            events: self.text("site.events"),
            languages_label: self.text("site.languages"),
            foot: self.text("basic.foot"),
        }
    }
}

/// Where the page can be asked for again: the address itself, or the place that a form was sent from.
fn here(parts: &Parts) -> String {
    let path = parts.uri.path();
    match parts.method {
        Method::GET | Method::HEAD => path,
        _ => path.rsplit_once('/').map_or("/basic/", |(page, _)| page),
    }
    .to_owned()
}

fn language_in(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix("lang="))
}

/// The tags of `Accept-Language`, the dearest first.
fn accepted(headers: &HeaderMap) -> Vec<&str> {
    let values = headers.get_all(header::ACCEPT_LANGUAGE).iter();
    let mut wishes: Vec<(f32, &str)> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .take(MOST_WISHES)
        .filter_map(|wish| {
            let (tag, weight) = wish.split_once(';').unwrap_or((wish, "q=1"));
            let weight = weight.trim().strip_prefix("q=")?.parse().ok()?;
            (weight > 0.0).then_some((weight, tag.trim()))
        })
        .collect();
    wishes.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    wishes.into_iter().map(|(_, tag)| tag).collect()
}

/// Language, script and region alone: what else a tag may ask for is no page's concern.
fn parsed(tag: &str) -> Option<Locale> {
    Some(Locale::try_from_str(tag).ok()?.id.into())
}

fn filled(text: &str, holes: &[(&str, &str)]) -> String {
    let mut told = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        told.push_str(before);
        let hole = after.split_once('}').and_then(|(name, after)| {
            let (_, value) = holes.iter().find(|(hole, _)| *hole == name)?;
            Some((value, after))
        });
        match hole {
            Some((value, after)) => {
                told.push_str(value);
                rest = after;
            }
            None => {
                told.push('{');
                rest = after;
            }
        }
    }
    told.push_str(rest);
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::library;

    fn reader(uri: &str, headers: &[(&str, &str)]) -> Reader {
        let library = library(&[
            (
                "messages/ar.json",
                r#"{"language.name": "العربية", "language.direction": "rtl", "home.left": {"two": "{count} اثنان", "other": "{count}"}}"#,
            ),
            (
                "themes/aurora.json",
                r##"{"name": "Arena", "logo": "/assets/arena.svg", "texts": {"pt": {"intro.lead": "A Arena espera."}}}"##,
            ),
        ]);
        let mut request = http::Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Reader::of(&request.body(()).unwrap().into_parts().0, library)
    }

    fn who_accepts(languages: &str) -> Reader {
        reader("/basic/aurora", &[("accept-language", languages)])
    }

    #[test]
    fn the_browsers_wish_is_heard_and_its_variant_tells_the_formats() {
        let pt = who_accepts("fr;q=0.9, pt-PT;q=0.95, en;q=0.8, ar;q=0");
        assert_eq!(pt.language(), "pt");
        assert_eq!(pt.number(12_004), "12\u{a0}004");
        assert_eq!(pt.text("home.title"), "À venda");
        assert_eq!(who_accepts("fr, de").language(), "en");
        assert_eq!(who_accepts("pt;q=0, ;;, pt;q=x").language(), "en");
        assert_eq!(who_accepts("en-GB").text("home.title"), "On sale");
    }

    #[test]
    fn a_choice_goes_before_the_browsers_wish_and_the_address_before_both() {
        let wishes = [("accept-language", "en-GB"), ("cookie", "wr_language=pt")];
        assert_eq!(reader("/basic/", &wishes).language(), "pt");
        assert_eq!(reader("/basic/", &wishes).choice(), None);
        let chosen = reader("/basic/?a=b&lang=ar", &wishes);
        assert_eq!((chosen.language(), chosen.choice()), ("ar", Some("ar")));
        let unknown = reader("/basic/?lang=%3Cscript%3E", &wishes);
        assert_eq!((unknown.language(), unknown.choice()), ("pt", None));
    }

    #[test]
    fn a_language_that_is_added_brings_its_direction_and_plural_forms_and_borrows_the_rest() {
        let reader = who_accepts("ar");
        assert_eq!(reader.frame().direction, "rtl");
        assert_eq!(reader.count("home.left", 2), "2 اثنان");
        assert_eq!(reader.text("home.title"), "On sale");
    }

    #[test]
    fn waits_and_spans_are_told_in_words() {
        let pt = who_accepts("pt-PT");
        assert_eq!(pt.wait(720, 890), "cerca de 12 a 15 minutos");
        let en = who_accepts("en-GB");
        assert_eq!(en.wait(720, 890), "about 12 to 15 minutes");
        assert_eq!(en.wait(4_000, 6_000), "about 1 h 5 min to 1 h 45 min");
        assert_eq!(en.span(1), "1 second");
        assert_eq!(en.span(119), "119 seconds");
        assert_eq!(en.span(120), "2 minutes");
        assert_eq!(en.span(7_200), "2 h");
        assert_eq!(en.span(3 * 86_400), "3 days");
    }

    #[test]
    fn moments_say_that_they_are_utc_and_the_day_when_it_is_another() {
        let en = who_accepts("en-GB");
        let at = |text| Timestamp::parse(text).unwrap();
        let ten = at("2026-11-21T10:00:00Z");
        assert_eq!(en.moment(ten, at("2026-11-21T23:59:00Z")), "10:00 UTC");
        assert_eq!(
            en.moment(ten, at("2026-11-20T23:59:00Z")),
            "21 November 2026 at 10:00 UTC"
        );
    }

    #[test]
    fn an_event_wears_its_theme_and_others_do_not() {
        let reader = who_accepts("pt");
        let themed = reader.clone().at("aurora");
        assert_eq!(themed.frame().brand, "Arena");
        assert_eq!(themed.frame().logo, "/assets/arena.svg");
        assert_eq!(
            themed.frame().theme.as_deref(),
            Some("/basic/aurora/theme.css")
        );
        assert_eq!(themed.text("intro.lead"), "A Arena espera.");
        let plain = reader.at("matinee");
        assert_eq!(plain.frame().theme, None);
        assert_ne!(plain.text("intro.lead"), "A Arena espera.");
    }

    #[test]
    fn what_fills_a_hole_is_not_looked_into() {
        assert_eq!(
            filled("{a} and {b}", &[("a", "{b}"), ("b", "2")]),
            "{b} and 2"
        );
        assert_eq!(filled("{a} {", &[]), "{a} {");
    }

    #[test]
    fn who_sits_behind_a_proxy_is_known_to_be_on_https() {
        assert!(reader("/basic/", &[("x-forwarded-proto", "https")]).is_on_https());
        assert!(
            reader(
                "/basic/",
                &[
                    ("cloudfront-forwarded-proto", "https"),
                    ("x-forwarded-proto", "http")
                ]
            )
            .is_on_https()
        );
        assert!(!reader("/basic/", &[]).is_on_https());
    }
}
