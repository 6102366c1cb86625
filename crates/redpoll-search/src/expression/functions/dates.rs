//! Functions of times, in seconds since 1970. All in UTC; what is no time becomes null.

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::{EvaluationError, Value, text_argument};

/// No formatted time is longer, whatever the format.
const MAX_BYTES: usize = 1024;

const ISO_8601: &[u8] = b"%FT%TZ";

/// `timefmt(time, format)`, with the formats of strftime; without one, as ISO 8601.
pub(super) fn format(values: &[Value]) -> Result<Value, EvaluationError> {
    let format = match values.len() {
        1 => ISO_8601,
        _ => text_argument("timefmt", values, 1)?,
    };
    let text = std::str::from_utf8(format).ok().filter(|format| format.len() <= MAX_BYTES);
    let Some((format, time)) = text.zip(values[0].number().and_then(zoned)) else {
        return Ok(Value::Null);
    };
    let formatted = strtime::format(format, &time)
        .ok()
        .filter(|text| !text.is_empty() && text.len() < MAX_BYTES);
    Ok(formatted.map_or(Value::Null, Value::text))
}

/// `parsetime(text, format)`, with the formats of strptime; without one, as ISO 8601.
pub(super) fn parse(values: &[Value]) -> Result<Value, EvaluationError> {
    let text = text_argument("parsetime", values, 0)?;
    let format = match values.len() {
        1 => ISO_8601,
        _ => text_argument("parsetime", values, 1)?,
    };
    Ok(parsed(text, format).map_or(Value::Null, |seconds| Value::Number(seconds as f64)))
}

/// Text after what the format asks for is of no matter, and neither are time zones.
fn parsed(text: &[u8], format: &[u8]) -> Option<i64> {
    let (time, _) = BrokenDownTime::parse_prefix(format, text).ok()?;
    if let Some(timestamp) = time.timestamp() {
        return Some(timestamp.as_second());
    }
    let date = time.to_date().ok().or_else(|| {
        let (year, month, day) = (time.year(), time.month(), time.day());
        Date::new(year.unwrap_or(1900), month.unwrap_or(1), day.unwrap_or(1)).ok()
    })?;
    let clock = time.to_time().unwrap_or(Time::midnight());
    let moment = DateTime::from_parts(date, clock).to_zoned(TimeZone::UTC).ok()?;
    Some(moment.timestamp().as_second())
}

fn zoned(seconds: f64) -> Option<Zoned> {
    let whole = seconds.is_finite().then_some(seconds as i64)?;
    Some(Timestamp::from_second(whole).ok()?.to_zoned(TimeZone::UTC))
}

/// What `read` reads off the time; null before 1970.
fn of_time(
    values: &[Value],
    read: impl FnOnce(&Zoned) -> Option<f64>,
) -> Result<Value, EvaluationError> {
    let seconds = values[0].number().filter(|seconds| *seconds >= 0.0);
    let value = seconds.and_then(zoned).and_then(|time| read(&time));
    Ok(value.map_or(Value::Null, Value::Number))
}

fn seconds(moment: DateTime) -> Option<f64> {
    Some(moment.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second() as f64)
}

/// The beginning of the minute.
pub(super) fn minute(values: &[Value]) -> Result<Value, EvaluationError> {
    of_time(values, |time| {
        let moment = time.datetime();
        seconds(moment.with().second(0).subsec_nanosecond(0).build().ok()?)
    })
}

/// The beginning of the hour.
pub(super) fn hour(values: &[Value]) -> Result<Value, EvaluationError> {
    of_time(values, |time| seconds(time.date().at(time.hour(), 0, 0, 0)))
}

/// The beginning of the day.
pub(super) fn day(values: &[Value]) -> Result<Value, EvaluationError> {
    of_time(values, |time| seconds(time.date().at(0, 0, 0, 0)))
}

/// The beginning of the month.
pub(super) fn month(values: &[Value]) -> Result<Value, EvaluationError> {
    of_time(values, |time| seconds(time.date().first_of_month().at(0, 0, 0, 0)))
}

/// The month, January being 0.
pub(super) fn month_of_year(values: &[Value]) -> Result<Value, EvaluationError> {
    of_time(values, |time| Some(f64::from(time.month() - 1)))
}

/// The year.
pub(super) fn year(values: &[Value]) -> Result<Value, EvaluationError> {
    of_time(values, |time| Some(f64::from(time.year())))
}

/// The day of the month, from 1.
pub(super) fn day_of_month(values: &[Value]) -> Result<Value, EvaluationError> {
    of_time(values, |time| Some(f64::from(time.day())))
}

/// The day of the week, Sunday being 0.
pub(super) fn day_of_week(values: &[Value]) -> Result<Value, EvaluationError> {
    of_time(values, |time| Some(f64::from(time.weekday().to_sunday_zero_offset())))
}

/// The day of the year, from 0.
pub(super) fn day_of_year(values: &[Value]) -> Result<Value, EvaluationError> {
    of_time(values, |time| Some(f64::from(time.day_of_year() - 1)))
}
