//! Points in time as back ends write them under `format: date-time`.

use std::fmt;
use std::str::FromStr;

use chrono::{FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::date::{digits, read_day};

/// A point in time in the form in which a back end wrote it, or what it sent in its place.
///
/// Reading an answer never fails for a date: what is not of the forms below is kept as [`Other`](Self::Other) and goes back as
/// it came. That holds for years beyond 262142, for the hour 24, for leap seconds and for fractions finer than nanoseconds.
/// Everything else is kept to the nanosecond, and goes back as the same instant.
///
/// | Java type | text | variant |
/// | --- | --- | --- |
/// | `Instant`, `OffsetDateTime` | `2024-12-31T23:59:59Z`, `2024-12-31T23:59:59.5+01:00` | [`Offset`](Self::Offset) |
/// | `java.util.Date` | `2024-12-31T23:59:59.000+0000`, `2024-12-31T23:59:59.000+00:00` | [`Offset`](Self::Offset) |
/// | `ZonedDateTime` | `2024-12-31T23:59:59+01:00[Europe/Paris]` | [`Zoned`](Self::Zoned) |
/// | `LocalDateTime`, `java.sql.Timestamp` | `2024-12-31T23:59:59.123`, `2024-12-31T23:59`, `2024-12-31 23:59:59` | [`Local`](Self::Local) |
/// | `LocalDate` | `2024-12-31` | [`Day`](Self::Day) |
/// | any, with Jackson's timestamps | `1735689599`, `1735689599000`, `[2024,12,31,23,59]` | [`Other`](Self::Other) |
///
/// A number with a fraction is kept as an `f64`, which holds an epoch in seconds to the microsecond, not to the nanosecond.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DateTime {
    /// An instant with the distance of the local clock from UTC. Two of the same instant are equal.
    Offset(chrono::DateTime<FixedOffset>),
    /// An instant with its distance from UTC and the time zone that it is from.
    Zoned {
        /// The instant.
        at: chrono::DateTime<FixedOffset>,
        /// The zone as it was named, such as `Europe/Paris`. It is not looked up: the offset counts.
        zone: String,
    },
    /// What a clock showed, nobody knows where.
    Local(NaiveDateTime),
    /// A day without a time.
    Day(NaiveDate),
    /// Anything else: an epoch number, an array, an empty string, other text.
    Other(Value),
}

/// Says that a text is not a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidDateTime;

impl DateTime {
    /// Returns the instant, if the back end said enough to know it.
    #[must_use]
    pub fn offset(&self) -> Option<chrono::DateTime<FixedOffset>> {
        match self {
            Self::Offset(at) | Self::Zoned { at, .. } => Some(*at),
            Self::Local(_) | Self::Day(_) | Self::Other(_) => None,
        }
    }

    /// Returns what the clock on the wall showed, wherever it hung.
    #[must_use]
    pub fn local(&self) -> Option<NaiveDateTime> {
        match self {
            Self::Offset(at) | Self::Zoned { at, .. } => Some(wall(at).0),
            Self::Local(local) => Some(*local),
            Self::Day(_) | Self::Other(_) => None,
        }
    }

    /// Returns what the calendar on the wall showed, wherever it hung.
    #[must_use]
    pub fn day(&self) -> Option<NaiveDate> {
        match self {
            Self::Day(day) => Some(*day),
            other => other.local().map(|local| local.date()),
        }
    }
}

impl From<chrono::DateTime<Utc>> for DateTime {
    fn from(at: chrono::DateTime<Utc>) -> Self {
        Self::Offset(at.fixed_offset())
    }
}

impl From<chrono::DateTime<FixedOffset>> for DateTime {
    fn from(at: chrono::DateTime<FixedOffset>) -> Self {
        Self::Offset(at)
    }
}

impl From<NaiveDateTime> for DateTime {
    fn from(local: NaiveDateTime) -> Self {
        Self::Local(local)
    }
}

impl From<NaiveDate> for DateTime {
    fn from(day: NaiveDate) -> Self {
        Self::Day(day)
    }
}

impl FromStr for DateTime {
    type Err = InvalidDateTime;

    fn from_str(text: &str) -> Result<Self, InvalidDateTime> {
        read(text).ok_or(InvalidDateTime)
    }
}

impl TryFrom<&str> for DateTime {
    type Error = InvalidDateTime;

    fn try_from(text: &str) -> Result<Self, InvalidDateTime> {
        text.parse()
    }
}

impl TryFrom<String> for DateTime {
    type Error = InvalidDateTime;

    fn try_from(text: String) -> Result<Self, InvalidDateTime> {
        text.parse()
    }
}

impl fmt::Display for DateTime {
    /// Writes the text that goes on the wire: RFC 3339 where there is an offset, with as many digits as the fraction needs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offset(at) => write_instant(f, at),
            Self::Zoned { at, zone } => {
                write_instant(f, at)?;
                write!(f, "[{zone}]")
            }
            Self::Local(local) => write_local(f, *local),
            Self::Day(day) => write!(f, "{day}"),
            Self::Other(Value::String(text)) => f.write_str(text),
            Self::Other(value) => write!(f, "{value}"),
        }
    }
}

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Other(value) => value.serialize(serializer),
            known => serializer.collect_str(known),
        }
    }
}

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let read = value.as_str().and_then(read);
        Ok(read.unwrap_or(Self::Other(value)))
    }
}

impl fmt::Display for InvalidDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not a point in time of the form 2024-12-31T23:59:59Z, 2024-12-31T23:59:59+01:00, \
             2024-12-31T23:59:59+01:00[Europe/Paris], 2024-12-31T23:59:59 or 2024-12-31",
        )
    }
}

impl std::error::Error for InvalidDateTime {}

fn read(text: &str) -> Option<DateTime> {
    let (day, rest) = read_day(text)?;
    if rest.is_empty() {
        return Some(DateTime::Day(day));
    }
    let (time, rest) = read_time(rest.strip_prefix(['T', 't', ' '])?)?;
    let local = day.and_time(time);
    if rest.is_empty() {
        return Some(DateTime::Local(local));
    }
    let (offset, rest) = read_offset(rest)?;
    let at = local.and_local_timezone(offset).single()?;
    if rest.is_empty() {
        return Some(DateTime::Offset(at));
    }
    let zone = rest.strip_prefix('[')?.strip_suffix(']')?;
    let one_name = !zone.is_empty() && !zone.contains(['[', ']']);
    one_name.then(|| DateTime::Zoned { at, zone: zone.to_owned() })
}

/// Reads `23:59`, `23:59:59` or `23:59:59.999999999`.
fn read_time(text: &str) -> Option<(NaiveTime, &str)> {
    let (hour, rest) = digits(text, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (second, nano, rest) = match rest.strip_prefix(':') {
        Some(rest) => {
            let (second, rest) = digits(rest, 2)?;
            let (nano, rest) = read_fraction(rest)?;
            (second, nano, rest)
        }
        None => (0, 0, rest),
    };
    Some((NaiveTime::from_hms_nano_opt(hour, minute, second, nano)?, rest))
}

/// Reads a fraction in nanoseconds, which may be missing.
fn read_fraction(text: &str) -> Option<(u32, &str)> {
    const DIGITS: usize = 9;
    let Some(fraction) = text.strip_prefix('.') else { return Some((0, text)) };
    let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
    let missing = u32::try_from(DIGITS.checked_sub(length)?).ok()?;
    let (number, rest) = digits(fraction, length)?;
    Some((number * 10_u32.pow(missing), rest))
}

/// Reads `Z`, `+01`, `+0100`, `+01:00`, or `+00:09:21`, which Java writes for days before the zones of today.
fn read_offset(text: &str) -> Option<(FixedOffset, &str)> {
    if let Some(rest) = text.strip_prefix(['Z', 'z']) {
        return Some((Utc.fix(), rest));
    }
    let unsigned = text.strip_prefix(['+', '-'])?;
    let (hours, rest) = digits(unsigned, 2)?;
    let (minutes, rest) = read_sixtieth(rest)?;
    let (seconds, rest) = read_sixtieth(rest)?;
    let distance = i32::try_from((hours * 60 + minutes) * 60 + seconds).ok()?;
    let east = if text.starts_with('-') { -distance } else { distance };
    Some((FixedOffset::east_opt(east)?, rest))
}

/// Reads minutes or seconds of an offset, with or without a colon; they may be missing.
fn read_sixtieth(text: &str) -> Option<(u32, &str)> {
    match digits(text.strip_prefix(':').unwrap_or(text), 2) {
        Some((number, rest)) => (number < 60).then_some((number, rest)),
        None => Some((0, text)),
    }
}

fn write_instant(f: &mut fmt::Formatter<'_>, at: &chrono::DateTime<FixedOffset>) -> fmt::Result {
    let (local, offset) = wall(at);
    write_local(f, local)?;
    write_offset(f, offset)
}

fn write_local(f: &mut fmt::Formatter<'_>, local: NaiveDateTime) -> fmt::Result {
    write!(f, "{}T{}", local.date(), local.time())
}

/// Writes an offset to the second. chrono's own RFC 3339 rounds it to minutes, which would be another instant.
fn write_offset(f: &mut fmt::Formatter<'_>, offset: FixedOffset) -> fmt::Result {
    let east = offset.local_minus_utc();
    let (sign, distance) = (if east < 0 { '-' } else { '+' }, east.unsigned_abs());
    let (hours, minutes, seconds) = (distance / 3600, distance / 60 % 60, distance % 60);
    match (distance, seconds) {
        (0, _) => f.write_str("Z"),
        (_, 0) => write!(f, "{sign}{hours:02}:{minutes:02}"),
        _ => write!(f, "{sign}{hours:02}:{minutes:02}:{seconds:02}"),
    }
}

/// Returns what a clock at that offset shows, or UTC at the two ends of chrono's time, where `naive_local` panics.
fn wall(at: &chrono::DateTime<FixedOffset>) -> (NaiveDateTime, FixedOffset) {
    let (utc, offset) = (at.naive_utc(), *at.offset());
    utc.checked_add_offset(offset).map_or((utc, Utc.fix()), |local| (local, offset))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(value: &Value) -> DateTime {
        serde_json::from_value(value.clone()).unwrap()
    }

    fn noon() -> NaiveDateTime {
        NaiveDate::from_ymd_opt(2024, 1, 2).unwrap().and_hms_opt(12, 0, 0).unwrap()
    }

    fn paris() -> chrono::DateTime<FixedOffset> {
        noon().and_local_timezone(FixedOffset::east_opt(3600).unwrap()).unwrap()
    }

    /// Reads a text with an offset; returns the instant in nanoseconds, the variant's initial and the text that goes back.
    fn instant(text: &str) -> (i64, char, String) {
        let read = parse(&json!(text));
        let initial = if matches!(read, DateTime::Offset(_)) { 'O' } else { 'Z' };
        let nanos = read.offset().and_then(|at| at.timestamp_nanos_opt()).expect(text);
        let written = serde_json::to_value(&read).unwrap();
        assert_eq!(written, json!(read.to_string()));
        assert_eq!(parse(&written), read, "{text}");
        (nanos, initial, read.to_string())
    }

    #[test]
    fn every_form_with_an_offset_is_an_instant_and_goes_back_as_the_same() {
        const SECOND: i64 = 1_000_000_000;
        const NOON: i64 = 1_704_196_800 * SECOND;
        const HOUR: i64 = 3600 * SECOND;
        for (text, nanos, wanted) in [
            ("2024-01-02T12:00:00Z", NOON, "2024-01-02T12:00:00Z"),
            ("2024-01-02t12:00:00z", NOON, "2024-01-02T12:00:00Z"),
            ("2024-01-02 12:00:00Z", NOON, "2024-01-02T12:00:00Z"),
            ("2024-01-02T12:00Z", NOON, "2024-01-02T12:00:00Z"),
            ("2024-01-02T12:00:00+00:00", NOON, "2024-01-02T12:00:00Z"),
            ("2024-01-02T12:00:00-00:00", NOON, "2024-01-02T12:00:00Z"),
            ("2024-01-02T12:00:00.000+0000", NOON, "2024-01-02T12:00:00Z"),
            ("2024-01-02T12:00:00+01:00", NOON - HOUR, "2024-01-02T12:00:00+01:00"),
            ("2024-01-02T12:00:00+0100", NOON - HOUR, "2024-01-02T12:00:00+01:00"),
            ("2024-01-02T12:00:00+01", NOON - HOUR, "2024-01-02T12:00:00+01:00"),
            ("2024-01-02T12:00-0330", NOON + HOUR * 7 / 2, "2024-01-02T12:00:00-03:30"),
            ("2024-01-02T12:00:00+00:09:21", NOON - 561 * SECOND, "2024-01-02T12:00:00+00:09:21"),
            ("2024-01-02T12:00:00.5Z", NOON + SECOND / 2, "2024-01-02T12:00:00.500Z"),
            ("2024-01-02T12:00:00.123Z", NOON + 123_000_000, "2024-01-02T12:00:00.123Z"),
            ("2024-01-02T12:00:00.123456Z", NOON + 123_456_000, "2024-01-02T12:00:00.123456Z"),
            ("2024-01-02T12:00:00.1234567Z", NOON + 123_456_700, "2024-01-02T12:00:00.123456700Z"),
            ("2024-01-02T12:00:00.123456789Z", NOON + 123_456_789, "2024-01-02T12:00:00.123456789Z"),
            ("1969-12-31T23:59:59.999+00:00", -SECOND / 1000, "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(instant(text), (nanos, 'O', wanted.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_zone_is_kept_beside_the_instant() {
        for (text, wanted) in [
            ("2024-01-02T12:00:00+01:00[Europe/Paris]", "2024-01-02T12:00:00+01:00[Europe/Paris]"),
            ("2024-01-02T12:00+01:00[Europe/Paris]", "2024-01-02T12:00:00+01:00[Europe/Paris]"),
            ("2024-01-02T11:00:00Z[UTC]", "2024-01-02T11:00:00Z[UTC]"),
            ("2024-01-02T12:00:00.000+0100[UTC+01:00]", "2024-01-02T12:00:00+01:00[UTC+01:00]"),
        ] {
            assert_eq!(instant(text), (1_704_193_200_000_000_000, 'Z', wanted.to_owned()), "{text}");
        }
        let read = parse(&json!("2024-01-02T12:00:00+01:00[Europe/Paris]"));
        assert_eq!(read, DateTime::Zoned { at: paris(), zone: "Europe/Paris".to_owned() });
    }

    #[test]
    fn without_an_offset_it_is_what_a_clock_showed() {
        for (text, wanted) in [
            ("2024-01-02T12:00:00", "2024-01-02T12:00:00"),
            ("2024-01-02T12:00", "2024-01-02T12:00:00"),
            ("2024-01-02 12:00:00.0", "2024-01-02T12:00:00"),
        ] {
            let read = parse(&json!(text));
            assert_eq!(read, DateTime::Local(noon()), "{text}");
            assert_eq!(serde_json::to_value(&read).unwrap(), json!(wanted));
        }
        let fine = parse(&json!("2024-01-02T12:00:00.123456789"));
        assert_eq!(fine.to_string(), "2024-01-02T12:00:00.123456789");
    }

    #[test]
    fn a_bare_date_stays_a_day() {
        let read = parse(&json!("2024-01-02"));
        assert_eq!(read, DateTime::Day(noon().date()));
        assert_eq!(serde_json::to_value(&read).unwrap(), json!("2024-01-02"));
    }

    #[test]
    fn what_is_no_known_form_is_kept_and_goes_back_as_it_came() {
        for value in [
            json!(""),
            json!("now"),
            json!("2024-01-02T24:00:00Z"),
            json!("2024-01-02T23:59:60Z"),
            json!("2024-01-02T12:60:00Z"),
            json!("2024-02-30T12:00:00Z"),
            json!("2024-01-02T12:00:00.1234567890Z"),
            json!("2024-01-02T12:00:00.Z"),
            json!("2024-01-02T12:00.5Z"),
            json!("2024-01-02T12:00:00,5Z"),
            json!("2024-01-02T12Z"),
            json!("2024-01-02T"),
            json!("2024-01-02Z"),
            json!("2024-01-02T12:00:00+1"),
            json!("2024-01-02T12:00:00+24:00"),
            json!("2024-01-02T12:00:00+01:60"),
            json!("2024-01-02T12:00:00+01:00:"),
            json!("2024-01-02T12:00:00 CET"),
            json!("2024-01-02T12:00:00[Europe/Paris]"),
            json!("2024-01-02T12:00:00Z[]"),
            json!("2024-01-02T12:00:00Z[UTC][u-ca=iso8601]"),
            json!("+999999999-12-31T23:59:59.999999999Z"),
            json!("-262143-01-01T00:00:00+01:00"),
            json!("Tue, 02 Jan 2024 12:00:00 GMT"),
            json!(1_704_196_800),
            json!(1_704_196_800_000_i64),
            json!(1_704_196_800.5),
            json!([2024, 1, 2, 3, 4]),
            json!({ "seconds": 1_704_196_800 }),
            json!(false),
            json!(null),
        ] {
            let read = parse(&value);
            assert_eq!(read, DateTime::Other(value.clone()));
            assert_eq!(serde_json::to_value(&read).unwrap(), value);
            assert_eq!((read.offset(), read.local(), read.day()), (None, None, None));
        }
    }

    #[test]
    fn null_is_the_matter_of_an_option() {
        assert_eq!(serde_json::from_value::<Option<DateTime>>(json!(null)).unwrap(), None);
    }

    #[test]
    fn each_form_says_what_it_knows() {
        let zoned = DateTime::Zoned { at: paris(), zone: "Europe/Paris".to_owned() };
        let today = noon().date();
        for (value, wanted) in [
            (DateTime::from(paris()), (Some(paris()), Some(noon()), Some(today))),
            (zoned, (Some(paris()), Some(noon()), Some(today))),
            (DateTime::from(noon()), (None, Some(noon()), Some(today))),
            (DateTime::from(today), (None, None, Some(today))),
        ] {
            assert_eq!((value.offset(), value.local(), value.day()), wanted, "{value}");
        }
        assert_eq!(DateTime::from(paris().to_utc()).to_string(), "2024-01-02T11:00:00Z");
    }

    #[test]
    fn the_two_ends_of_time_are_written_without_a_panic() {
        let latest = chrono::DateTime::<Utc>::MAX_UTC.with_timezone(&FixedOffset::east_opt(3600).unwrap());
        let earliest = chrono::DateTime::<Utc>::MIN_UTC.with_timezone(&FixedOffset::west_opt(3600).unwrap());
        assert_eq!(DateTime::from(latest).to_string(), "+262142-12-31T23:59:59.999999999Z");
        assert_eq!(DateTime::from(earliest).to_string(), "-262143-01-01T00:00:00Z");
        assert_eq!(DateTime::from(latest).local(), Some(latest.naive_utc()));
    }

    #[test]
    fn other_text_is_shown_without_quotes_and_other_values_as_json() {
        assert_eq!(DateTime::Other(json!("soon")).to_string(), "soon");
        assert_eq!(DateTime::Other(json!([2024, 1, 2])).to_string(), "[2024,1,2]");
    }

    #[test]
    fn a_user_cannot_make_a_point_in_time_of_other_text() {
        assert_eq!("2024-01-02T12:00:00+01:00".parse(), Ok(DateTime::from(paris())));
        assert_eq!(DateTime::try_from("2024-01-02T12:00"), Ok(DateTime::from(noon())));
        assert_eq!(DateTime::try_from("2024-01-02".to_owned()), Ok(DateTime::from(noon().date())));
        for text in ["", "hush-hush", "1704196800"] {
            assert_eq!(DateTime::try_from(text), Err(InvalidDateTime), "{text}");
        }
        let shown = InvalidDateTime.to_string();
        assert!(shown.starts_with("not a point in time of the form 2024-12-31T23:59:59Z, "), "{shown}");
    }
}
