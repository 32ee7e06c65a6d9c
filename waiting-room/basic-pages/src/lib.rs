//! What the pages without JavaScript share: the reader's language, the event's theme, numbers, prices and times by
//! locale, and the frame. They speak the same files as the pages of the site do.

mod eta;
mod formats;
mod library;
mod page;
mod reader;
mod theme;

pub use library::Library;
pub use page::{Frame, LanguageLink, POLICY, private_cookie, render, set_cookie};
pub use reader::Reader;
pub use theme::Theme;
