//! Days as back ends write them under `format: date`.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A day, or what a back end sent in its place.
///
/// Reading an answer never fails for a day: whatever is not `2024-12-31`, the form of Java's `LocalDate`, is kept as
/// [`Other`](Self::Other) and goes back as it came. A year before 0 or after 9999 has a sign and four to six digits, as Java
/// writes it; years beyond 262142, the range of chrono, are kept as well.
///
/// `java.util.Date` writes an instant even where the document declares a day (`2024-12-30T23:00:00.000+00:00` for the 31st in
/// Paris). It is kept, and not cut: which day it is depends on where it is read. `DateTime` reads its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Date {
    /// A day of the calendar.
    Day(NaiveDate),
    /// Anything else: an epoch number, an array such as `[2024,12,31]`, other text.
    Other(Value),
}

/// Says that a text is not a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidDate;

impl Date {
    /// Returns the day, unless the back end sent something else.
    #[must_use]
    pub fn day(&self) -> Option<NaiveDate> {
        match self {
            Self::Day(day) => Some(*day),
            Self::Other(_) => None,
        }
    }
}

impl From<NaiveDate> for Date {
    fn from(day: NaiveDate) -> Self {
        Self::Day(day)
    }
}

impl FromStr for Date {
    type Err = InvalidDate;

    fn from_str(text: &str) -> Result<Self, InvalidDate> {
        match read_day(text) {
            Some((day, "")) => Ok(Self::Day(day)),
            _ => Err(InvalidDate),
        }
    }
}

impl TryFrom<&str> for Date {
    type Error = InvalidDate;

    fn try_from(text: &str) -> Result<Self, InvalidDate> {
        text.parse()
    }
}

impl TryFrom<String> for Date {
    type Error = InvalidDate;

    fn try_from(text: String) -> Result<Self, InvalidDate> {
        text.parse()
    }
}

impl fmt::Display for Date {
    /// Writes the text that goes on the wire.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => write!(f, "{day}"),
            Self::Other(Value::String(text)) => f.write_str(text),
            Self::Other(value) => write!(f, "{value}"),
        }
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Other(value) => value.serialize(serializer),
            day @ Self::Day(_) => serializer.collect_str(day),
        }
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let read = value.as_str().and_then(|text| text.parse().ok());
        Ok(read.unwrap_or(Self::Other(value)))
    }
}

impl fmt::Display for InvalidDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a day of the form 2024-12-31")
    }
}

impl std::error::Error for InvalidDate {}

/// Reads the day at the beginning of a text, and returns it with what follows.
pub(super) fn read_day(text: &str) -> Option<(NaiveDate, &str)> {
    let (year, rest) = read_year(text)?;
    let (month, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = digits(rest.strip_prefix('-')?, 2)?;
    Some((NaiveDate::from_ymd_opt(year, month, day)?, rest))
}

/// Reads a year as Java's `ISO_LOCAL_DATE` does: four digits, or a sign and what chrono has room for.
fn read_year(text: &str) -> Option<(i32, &str)> {
    let (sign, unsigned, least) = match (text.strip_prefix('-'), text.strip_prefix('+')) {
        (Some(rest), _) => (-1, rest, 4),
        (_, Some(rest)) => (1, rest, 5),
        _ => {
            let (year, rest) = digits(text, 4)?;
            return Some((i32::try_from(year).ok()?, rest));
        }
    };
    let length = unsigned.bytes().take_while(u8::is_ascii_digit).count();
    if !(least..=6).contains(&length) {
        return None;
    }
    let (year, rest) = digits(unsigned, length)?;
    Some((sign * i32::try_from(year).ok()?, rest))
}

/// Reads a number of so many digits at the beginning of a text, and returns it with what follows.
pub(super) fn digits(text: &str, count: usize) -> Option<(u32, &str)> {
    let (number, rest) = text.split_at_checked(count)?;
    let all_digits = number.bytes().all(|byte| byte.is_ascii_digit());
    Some((number.parse().ok().filter(|_| all_digits)?, rest))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn day(year: i32, month: u32, day: u32) -> Date {
        NaiveDate::from_ymd_opt(year, month, day).unwrap().into()
    }

    fn read(value: &Value) -> Date {
        serde_json::from_value(value.clone()).unwrap()
    }

    #[test]
    fn a_day_is_read_and_goes_back_as_it_came() {
        for (text, wanted) in [
            ("2024-12-31", day(2024, 12, 31)),
            ("2024-02-29", day(2024, 2, 29)),
            ("0001-01-01", day(1, 1, 1)),
            ("0000-01-01", day(0, 1, 1)),
            ("9999-12-31", day(9999, 12, 31)),
            ("+10000-01-01", day(10_000, 1, 1)),
            ("+262142-12-31", day(262_142, 12, 31)),
            ("-0044-03-15", day(-44, 3, 15)),
        ] {
            let date = read(&json!(text));
            assert_eq!(date, wanted, "{text}");
            assert_eq!(date.to_string(), text);
            assert_eq!(serde_json::to_value(&date).unwrap(), json!(text));
            assert_eq!(date.day(), wanted.day());
        }
    }

    #[test]
    fn what_is_no_day_is_kept_and_goes_back_as_it_came() {
        for value in [
            json!(""),
            json!("2024-12-31 "),
            json!("2024-2-1"),
            json!("2024-02-30"),
            json!("2024-13-01"),
            json!("2024-+1-01"),
            json!("20241231"),
            json!("31/12/2024"),
            json!("+2024-12-31"),
            json!("-44-03-15"),
            json!("+262143-01-01"),
            json!("+999999999-12-31"),
            json!("+-12345-01-01"),
            json!("２０２４-12-31"),
            json!("2024-é1-01"),
            json!("2024-12-31+01:00"),
            json!("2024-12-30T23:00:00.000+00:00"),
            json!(1_735_603_200_000_i64),
            json!([2024, 12, 31]),
            json!({ "year": 2024 }),
            json!(true),
            json!(null),
        ] {
            let date = read(&value);
            assert_eq!(date, Date::Other(value.clone()));
            assert_eq!(serde_json::to_value(&date).unwrap(), value);
            assert_eq!(date.day(), None);
        }
    }

    #[test]
    fn null_is_the_matter_of_an_option() {
        assert_eq!(serde_json::from_value::<Option<Date>>(json!(null)).unwrap(), None);
    }

    #[test]
    fn other_text_is_shown_without_quotes_and_other_values_as_json() {
        assert_eq!(Date::Other(json!("soon")).to_string(), "soon");
        assert_eq!(Date::Other(json!([2024, 12, 31])).to_string(), "[2024,12,31]");
    }

    #[test]
    fn a_user_cannot_make_a_day_of_other_text() {
        assert_eq!("2024-12-31".parse(), Ok(day(2024, 12, 31)));
        assert_eq!(Date::try_from("2024-12-31"), Ok(day(2024, 12, 31)));
        assert_eq!(Date::try_from("2024-12-31".to_owned()), Ok(day(2024, 12, 31)));
        for text in ["", "hush-hush", "2024-12-31T00:00:00Z"] {
            assert_eq!(Date::try_from(text), Err(InvalidDate), "{text}");
        }
        assert_eq!(InvalidDate.to_string(), "not a day of the form 2024-12-31");
    }
}
