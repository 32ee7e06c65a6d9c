use std::collections::HashMap;

use serde::Deserialize;

use crate::library::Messages;

/// How an event dresses the pages: `themes/EVENT.json`. What is left out, or is not what it must be, stays as it is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Theme {
    pub(crate) name: Option<String>,
    logo: Option<String>,
    colours: HashMap<String, String>,
    pub(crate) texts: HashMap<String, Messages>,
}

/// The colours that a theme may set; the others carry the pages' contrast.
const SETTABLE: [&str; 2] = ["go", "go-ink"];

impl Theme {
    /// The logo's path on the site.
    pub fn logo(&self) -> Option<&str> {
        let logo = self.logo.as_deref()?;
        (logo.starts_with('/') && !logo.starts_with("//")).then_some(logo)
    }

    /// Its colours as a style sheet.
    pub fn css(&self) -> String {
        let is_hex = |value: &&String| {
            let digits = value.strip_prefix('#').unwrap_or_default();
            matches!(digits.len(), 3 | 6) && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        };
        let set = SETTABLE.iter().filter_map(|token| {
            let value = self.colours.get(*token).filter(is_hex)?;
            Some(format!("--{token}:{value};"))
        });
        format!(":root{{{}}}", set.collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_theme_sets_colours_and_nothing_else() {
        let theme: Theme = serde_json::from_str(
            r##"{"colours": {"go": "#8fe3c0", "go-ink": "red;}body{display:none", "paper": "#000000"}}"##,
        )
        .unwrap();
        assert_eq!(theme.css(), ":root{--go:#8fe3c0;}");
    }

    #[test]
    fn a_logo_is_one_of_the_sites_own() {
        let of = |logo: &str| Theme {
            logo: Some(logo.to_owned()),
            ..Theme::default()
        };
        assert_eq!(of("/assets/arena.svg").logo(), Some("/assets/arena.svg"));
        assert_eq!(of("//elsewhere.example/x.svg").logo(), None);
        assert_eq!(of("https://elsewhere.example/x.svg").logo(), None);
    }
}
