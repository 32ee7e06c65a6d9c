//! Numbers, prices and times as the locale writes them. Where its data is missing they are written plainly.

use icu_calendar::Iso;
use icu_datetime::{
    DateTimeFormatter, NoCalendarFormatter, fieldsets,
    input::{Date, DateTime, Time},
};
use icu_decimal::{DecimalFormatter, input::Decimal};
use icu_experimental::dimension::currency::{CurrencyType, formatter::CurrencyFormatter};
use icu_locale_core::{Locale, extensions::unicode::Value};
use icu_plurals::{PluralCategory, PluralRules};
use waiting_room_core::Timestamp;

pub(crate) fn number(locale: &Locale, value: u64) -> String {
    DecimalFormatter::try_new(locale.into(), Default::default()).map_or_else(
        |_| value.to_string(),
        |format| format.format(&Decimal::from(value)).to_string(),
    )
}

/// An amount given in the currency's minor unit.
pub(crate) fn money(locale: &Locale, minor: u64, currency: &str) -> String {
    let mut amount = Decimal::from(minor);
    amount.multiply_pow10(-fraction_digits(currency));
    let kind = Value::try_from_str(&currency.to_ascii_lowercase())
        .ok()
        .and_then(|value| CurrencyType::try_from(value).ok());
    kind.and_then(|kind| {
        CurrencyFormatter::try_new_symbol(locale.into(), kind, Default::default()).ok()
    })
    .map_or_else(
        || format!("{amount} {currency}"),
        |format| format.format_fixed_decimal(&amount).to_string(),
    )
}

/// ISO 4217: how many digits a currency's minor unit has.
fn fraction_digits(currency: &str) -> i16 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX"
        | "UYI" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// The plural form that goes with `count`.
pub(crate) fn plural_form(locale: &Locale, count: u64) -> &'static str {
    let rules = PluralRules::try_new_cardinal(locale.into());
    match rules.map_or(PluralCategory::Other, |rules| rules.category_for(count)) {
        PluralCategory::Zero => "zero",
        PluralCategory::One => "one",
        PluralCategory::Two => "two",
        PluralCategory::Few => "few",
        PluralCategory::Many => "many",
        PluralCategory::Other => "other",
    }
}

/// Day and time of day, in UTC.
pub(crate) fn date_time(locale: &Locale, at: Timestamp) -> String {
    let fields = fieldsets::YMD::long().with_time_hm();
    civil(at)
        .and_then(|civil| {
            let format = DateTimeFormatter::try_new(locale.into(), fields).ok()?;
            Some(format.format(&civil).to_string())
        })
        .unwrap_or_else(|| at.to_string())
}

/// Time of day, in UTC.
pub(crate) fn clock_time(locale: &Locale, at: Timestamp) -> String {
    civil(at)
        .and_then(|civil| {
            let format = NoCalendarFormatter::try_new(locale.into(), fieldsets::T::hm()).ok()?;
            Some(format.format(&civil.time).to_string())
        })
        .unwrap_or_else(|| at.to_string())
}

fn civil(at: Timestamp) -> Option<DateTime<Iso>> {
    let at = jiff::Timestamp::from_second(i64::try_from(at.as_seconds()).ok()?).ok()?;
    let civil = at.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    let part = |value: i8| u8::try_from(value).ok();
    Some(DateTime {
        date: Date::try_new_iso(
            civil.year().into(),
            part(civil.month())?,
            part(civil.day())?,
        )
        .ok()?,
        time: Time::try_new(
            part(civil.hour())?,
            part(civil.minute())?,
            part(civil.second())?,
            0,
        )
        .ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locale(tag: &str) -> Locale {
        tag.parse().unwrap()
    }

    #[test]
    fn numbers_and_prices_are_written_as_the_locale_does() {
        assert_eq!(number(&locale("en-GB"), 12_004), "12,004");
        assert_eq!(number(&locale("pt-PT"), 12_004), "12\u{a0}004");
        assert_eq!(money(&locale("en-GB"), 4_500, "EUR"), "€45.00");
        assert_eq!(money(&locale("pt-PT"), 4_500, "EUR"), "45,00\u{a0}€");
        assert_eq!(money(&locale("pt-BR"), 4_500, "BRL"), "R$\u{a0}45,00");
        assert_eq!(money(&locale("en"), 4_500, "JPY"), "¥4,500");
        assert_eq!(money(&locale("en"), 4_500, "KWD"), "KWD\u{a0}4.500");
    }

    #[test]
    fn times_are_written_as_the_locale_does() {
        let at = Timestamp::parse("2027-06-12T20:05:00Z").unwrap();
        assert_eq!(date_time(&locale("en-GB"), at), "12 June 2027 at 20:05");
        assert_eq!(
            date_time(&locale("pt-PT"), at),
            "12 de junho de 2027 às 20:05"
        );
        assert_eq!(clock_time(&locale("en-US"), at), "8:05\u{202f}PM");
        assert_eq!(clock_time(&locale("pt-PT"), at), "20:05");
    }

    #[test]
    fn plural_forms_are_the_languages_own() {
        assert_eq!(plural_form(&locale("en"), 1), "one");
        assert_eq!(plural_form(&locale("pt-PT"), 0), "other");
        assert_eq!(plural_form(&locale("pt-BR"), 0), "one");
        assert_eq!(plural_form(&locale("ar"), 2), "two");
        assert_eq!(plural_form(&locale("pl"), 3), "few");
    }
}
