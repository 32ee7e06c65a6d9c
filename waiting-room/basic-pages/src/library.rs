use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    sync::{LazyLock, OnceLock},
};

use rust_embed::RustEmbed;
use serde::{Deserialize, de::DeserializeOwned};

use crate::theme::Theme;

/// Messages by their keys.
pub(crate) type Messages = HashMap<String, Message>;

/// A text with `{name}` holes, or its plural forms.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Message {
    Text(String),
    Forms(HashMap<String, String>),
}

/// The languages and themes that there is a file of.
#[derive(Debug, Default)]
pub struct Library {
    languages: BTreeMap<String, Messages>,
    themes: HashMap<String, Theme>,
}

#[derive(RustEmbed)]
#[folder = "../../cdn-site"]
#[include = "messages/*.json"]
#[include = "themes/*.json"]
struct Files;

/// The language that every message is there in.
pub(crate) const ENGLISH: &str = "en";

static INSTALLED: OnceLock<Library> = OnceLock::new();
static BUILT_IN: LazyLock<Library> = LazyLock::new(|| Library::built_in().with([]));

impl Library {
    /// The files that the program was built with.
    pub fn built_in() -> Self {
        let files = Files::iter().filter_map(|path| Some((Files::get(&path)?.data, path)));
        Self::default().with(files.map(|(data, path)| (path, data)))
    }

    /// Adds `files`, each a path in the site's folder and what is in it. One that is neither language nor theme is left
    /// aside; one that can't be read is too, and the log says so.
    #[must_use]
    pub fn with<'a>(
        mut self,
        files: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, [u8]>)>,
    ) -> Self {
        for (path, data) in files {
            let named = |folder| {
                let name = path.strip_prefix(folder)?.strip_suffix(".json")?;
                Some(name.to_owned())
            };
            if let Some(tag) = named("messages/") {
                if let Some(messages) = read(&path, &data) {
                    self.languages.insert(tag, messages);
                }
            } else if let Some(event) = named("themes/")
                && let Some(theme) = read(&path, &data)
            {
                self.themes.insert(event, theme);
            }
        }
        self
    }

    /// Makes it the one that this process's pages speak from; to be called before any is asked for.
    pub fn install(self) {
        if INSTALLED.set(self).is_err() {
            tracing::error!("the pages' languages were installed twice");
        }
    }

    /// The one that this process's pages speak from.
    pub fn of_process() -> &'static Self {
        INSTALLED.get().unwrap_or_else(|| &BUILT_IN)
    }

    /// The theme of `event`, if it has one.
    pub fn theme(&self, event: &str) -> Option<&Theme> {
        self.themes.get(event)
    }

    /// Each language's tag and what it calls itself.
    pub(crate) fn languages(&self) -> impl Iterator<Item = (&str, &str)> {
        self.languages.iter().map(|(tag, messages)| {
            let name = match messages.get("language.name") {
                Some(Message::Text(name)) => name,
                _ => tag,
            };
            (tag.as_str(), name.as_str())
        })
    }

    pub(crate) fn message(&self, tag: &str, key: &str) -> Option<&Message> {
        self.languages.get(tag)?.get(key)
    }

    /// The lookup of RFC 4647: the first wish that is met wins, and a wish is also met by what it is a variant of (`pt-BR`
    /// by `pt`), or else by another variant of the same language (`pt` by `pt-BR`). Also returns the wish.
    pub(crate) fn choose<'a>(
        &self,
        wishes: impl IntoIterator<Item = &'a str>,
    ) -> Option<(&str, &'a str)> {
        let tags = || self.languages.keys().map(String::as_str);
        wishes.into_iter().find_map(|wish| {
            let mut range = wish;
            loop {
                if let Some(tag) = tags().find(|tag| tag.eq_ignore_ascii_case(range)) {
                    return Some((tag, wish));
                }
                match range.rsplit_once('-') {
                    Some((wider, _)) => range = wider,
                    None => break,
                }
            }
            let kin = |tag: &&str| {
                let language = tag.split('-').next().unwrap_or_default();
                language.eq_ignore_ascii_case(range)
            };
            Some((tags().find(kin)?, wish))
        })
    }
}

fn read<T: DeserializeOwned>(path: &str, data: &[u8]) -> Option<T> {
    serde_json::from_slice(data)
        .inspect_err(|error| tracing::error!(path, %error, "a file of the pages was not read"))
        .ok()
}

#[cfg(test)]
pub(crate) fn library(files: &[(&'static str, &'static str)]) -> &'static Library {
    let files = files
        .iter()
        .map(|(path, text)| (Cow::Borrowed(*path), Cow::Borrowed(text.as_bytes())));
    Box::leak(Box::new(Library::built_in().with(files)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_wish_that_a_language_meets_is_chosen_variants_included() {
        let library = library(&[("messages/zh-Hant.json", "{}"), ("messages/de.json", "{}")]);
        let chosen = |wishes: &[&'static str]| library.choose(wishes.iter().copied());
        assert_eq!(chosen(&["pt-BR", "en"]), Some(("pt", "pt-BR")));
        assert_eq!(chosen(&["fr-FR", "DE-at"]), Some(("de", "DE-at")));
        assert_eq!(chosen(&["zh"]), Some(("zh-Hant", "zh")));
        assert_eq!(chosen(&["zh-Hant-TW"]), Some(("zh-Hant", "zh-Hant-TW")));
        assert_eq!(chosen(&["", "-", "d", "ptx", "*"]), None);
    }

    #[test]
    fn a_file_is_all_that_a_language_or_a_theme_takes() {
        let library = library(&[
            ("messages/eo.json", r#"{"language.name": "Esperanto"}"#),
            ("themes/aurora.json", r#"{"name": "Arena"}"#),
            ("messages/xx.json", "not JSON"),
        ]);
        let names: Vec<_> = library.languages().collect();
        assert_eq!(
            names,
            [("en", "English"), ("eo", "Esperanto"), ("pt", "Português")]
        );
        assert!(library.theme("aurora").is_some());
        assert!(library.theme("matinee").is_none());
    }
}
