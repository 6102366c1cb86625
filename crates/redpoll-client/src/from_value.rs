//! Replies to Rust values.
//!
//! Both versions of the protocol give the same: a map that came as a flat array, a number that came
//! as text, a truth that came as 0 or 1. An error reply is an error wherever a value is wanted,
//! unless it is wanted as a [`Value`] or as a `Result`.

use crate::error::{Error, ReplyError, TypeError};
use crate::value::{Double, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hash};

/// A value that a reply can be read as.
pub trait FromValue: Sized {
    /// Reads a reply.
    ///
    /// # Errors
    /// If it is an error, or something else.
    fn from_value(value: Value) -> Result<Self, Error>;

    /// Reads the elements of an aggregate.
    ///
    /// # Errors
    /// If one of them is something else.
    fn from_elements(elements: Vec<Value>) -> Result<Vec<Self>, Error> {
        elements.into_iter().map(Self::from_value).collect()
    }

    /// Reads a string as a list, which only bytes are.
    fn from_string(_: &mut Vec<u8>) -> Option<Vec<Self>> {
        None
    }
}

/// The value without attributes, unless it is an error.
fn plain(value: Value) -> Result<Value, Error> {
    match value {
        Value::Error(text) => Err(ReplyError::new(&text).into()),
        Value::Attributed { value, .. } => plain(*value),
        plain => Ok(plain),
    }
}

fn mismatch<T>(wanted: &'static str, got: &Value) -> Result<T, Error> {
    Err(TypeError::new(wanted, got).into())
}

impl FromValue for Value {
    fn from_value(value: Value) -> Result<Self, Error> {
        Ok(value)
    }
}

impl<T: FromValue> FromValue for Result<T, ReplyError> {
    fn from_value(value: Value) -> Result<Self, Error> {
        match T::from_value(value) {
            Ok(value) => Ok(Ok(value)),
            Err(Error::Reply(error)) => Ok(Err(error)),
            Err(error) => Err(error),
        }
    }
}

impl FromValue for () {
    fn from_value(value: Value) -> Result<Self, Error> {
        match plain(value)? {
            // What a pipeline's replies are looked at for, if for nothing else.
            Value::Array(items) => match items.iter().find_map(Value::error_text) {
                Some(text) => Err(ReplyError::new(text).into()),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

macro_rules! integers {
    ($($number:ty)*) => {$(
        impl FromValue for $number {
            fn from_value(value: Value) -> Result<Self, Error> {
                let value = plain(value)?;
                let number = match &value {
                    Value::Integer(number) => <$number>::try_from(*number).ok(),
                    Value::Bulk(_) | Value::Status(_) | Value::BigNumber(_) => {
                        value.as_str().and_then(|text| text.parse().ok())
                    }
                    _ => None,
                };
                match number {
                    Some(number) => Ok(number),
                    None => mismatch(concat!("an integer (", stringify!($number), ")"), &value),
                }
            }
        }
    )*};
}

integers! { i8 i16 i32 i64 i128 isize u16 u32 u64 u128 usize }

impl FromValue for u8 {
    fn from_value(value: Value) -> Result<Self, Error> {
        let number = u16::from_value(value)?;
        u8::try_from(number)
            .or_else(|_| mismatch("an integer (u8)", &Value::Integer(i64::from(number))))
    }

    fn from_string(text: &mut Vec<u8>) -> Option<Vec<u8>> {
        Some(std::mem::take(text))
    }
}

impl FromValue for f64 {
    fn from_value(value: Value) -> Result<Self, Error> {
        let value = plain(value)?;
        let number = match &value {
            Value::Double(Double { number, .. }) => Some(*number),
            Value::Integer(number) => Some(*number as f64),
            _ => value.as_str().and_then(|text| text.parse().ok()),
        };
        number.map_or_else(|| mismatch("a number", &value), Ok)
    }
}

impl FromValue for f32 {
    fn from_value(value: Value) -> Result<Self, Error> {
        f64::from_value(value).map(|number| number as f32)
    }
}

impl FromValue for bool {
    /// Also: 1 or 0, `OK`, and null for what was not done.
    fn from_value(value: Value) -> Result<Self, Error> {
        match plain(value)? {
            Value::Boolean(truth) => Ok(truth),
            Value::Integer(number) => Ok(number != 0),
            Value::Null => Ok(false),
            Value::Status(text) if text == b"OK" => Ok(true),
            Value::Bulk(text) if text == b"1" || text == b"0" => Ok(text == b"1"),
            other => mismatch("a truth", &other),
        }
    }
}

/// The bytes of a string, or of a number.
fn bytes(value: Value) -> Result<Vec<u8>, Error> {
    match plain(value)? {
        Value::Bulk(text)
        | Value::Status(text)
        | Value::BigNumber(text)
        | Value::Verbatim { text, .. } => Ok(text),
        Value::Double(double) => Ok(double.text.as_bytes().to_vec()),
        Value::Integer(number) => Ok(number.to_string().into_bytes()),
        other => mismatch("a string", &other),
    }
}

impl FromValue for String {
    fn from_value(value: Value) -> Result<Self, Error> {
        String::from_utf8(bytes(value)?).map_err(|_| TypeError::not_text().into())
    }
}

impl FromValue for Box<str> {
    fn from_value(value: Value) -> Result<Self, Error> {
        String::from_value(value).map(String::into_boxed_str)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self, Error> {
        match plain(value)? {
            Value::Null => Ok(None),
            other => T::from_value(other).map(Some),
        }
    }
}

/// The elements of an aggregate, a map's as keys and values in turn; none of null.
fn elements(value: Value) -> Result<Vec<Value>, Error> {
    match plain(value)? {
        Value::Array(items) | Value::Set(items) | Value::Push(items) => Ok(items),
        Value::Map(pairs) => Ok(pairs.into_iter().flat_map(|(key, value)| [key, value]).collect()),
        Value::Null => Ok(Vec::new()),
        other => mismatch("a list", &other),
    }
}

impl<T: FromValue> FromValue for Vec<T> {
    fn from_value(value: Value) -> Result<Self, Error> {
        match plain(value)? {
            Value::Bulk(mut text) | Value::Status(mut text) | Value::Verbatim { mut text, .. } => {
                match T::from_string(&mut text) {
                    Some(list) => Ok(list),
                    None => mismatch("a list", &Value::Bulk(text)),
                }
            }
            other => T::from_elements(elements(other)?),
        }
    }
}

impl<T: FromValue, const N: usize> FromValue for [T; N] {
    fn from_value(value: Value) -> Result<Self, Error> {
        let list = T::from_elements(elements(value)?)?;
        let count = list.len();
        list.try_into().map_err(|_| TypeError::count(N, count).into())
    }
}

impl<T: FromValue + Ord> FromValue for BTreeSet<T> {
    fn from_value(value: Value) -> Result<Self, Error> {
        Ok(T::from_elements(elements(value)?)?.into_iter().collect())
    }
}

impl<T: FromValue + Eq + Hash, S: BuildHasher + Default> FromValue for HashSet<T, S> {
    fn from_value(value: Value) -> Result<Self, Error> {
        Ok(T::from_elements(elements(value)?)?.into_iter().collect())
    }
}

impl<K: FromValue + Ord, V: FromValue> FromValue for BTreeMap<K, V> {
    fn from_value(value: Value) -> Result<Self, Error> {
        Ok(<(K, V)>::from_elements(elements(value)?)?.into_iter().collect())
    }
}

impl<K: FromValue + Eq + Hash, V: FromValue, S: BuildHasher + Default> FromValue
    for HashMap<K, V, S>
{
    fn from_value(value: Value) -> Result<Self, Error> {
        Ok(<(K, V)>::from_elements(elements(value)?)?.into_iter().collect())
    }
}

macro_rules! tuples {
    ($(($count:literal $($name:ident),+))*) => {$(
        impl<$($name: FromValue),+> FromValue for ($($name,)+) {
            fn from_value(value: Value) -> Result<Self, Error> {
                let items = elements(value)?;
                if items.len() != $count {
                    return Err(TypeError::count($count, items.len()).into());
                }
                let mut items = items.into_iter();
                Ok(($($name::from_value(items.next().unwrap_or(Value::Null))?,)+))
            }

            /// Each element is one, or so many in a row are, as in a map that came as an array.
            fn from_elements(elements: Vec<Value>) -> Result<Vec<Self>, Error> {
                let nested = |value: &Value| matches!(value, Value::Array(_) | Value::Set(_));
                if elements.iter().all(nested) {
                    return elements.into_iter().map(Self::from_value).collect();
                }
                let mut items = elements.into_iter();
                let mut list = Vec::with_capacity(items.len() / $count);
                while items.len() >= $count {
                    list.push(($($name::from_value(items.next().unwrap_or(Value::Null))?,)+));
                }
                if items.len() > 0 {
                    return Err(TypeError::count($count, items.len()).into());
                }
                Ok(list)
            }
        }
    )*};
}

tuples! {
    (1 A)
    (2 A, B)
    (3 A, B, C)
    (4 A, B, C, D)
    (5 A, B, C, D, E)
    (6 A, B, C, D, E, F)
    (7 A, B, C, D, E, F, G)
    (8 A, B, C, D, E, F, G, H)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::Bulk(text.into())
    }

    fn read<T: FromValue>(value: Value) -> T {
        T::from_value(value).unwrap()
    }

    fn why<T: FromValue + std::fmt::Debug>(value: Value) -> String {
        T::from_value(value).unwrap_err().to_string()
    }

    #[test]
    fn numbers_come_as_integers_and_as_text() {
        assert_eq!(read::<i64>(Value::Integer(-7)), -7);
        assert_eq!(read::<u16>(bulk("65535")), 65535);
        assert_eq!(read::<f64>(bulk("1.5")), 1.5);
        assert_eq!(read::<f64>(Value::Integer(2)), 2.0);
        assert_eq!(read::<u128>(Value::BigNumber(b"36893488147419103232".to_vec())), 1 << 65);
        assert!(why::<u8>(Value::Integer(256)).contains("u8"));
        assert!(why::<u32>(Value::Integer(-1)).contains("u32"));
        assert!(why::<i64>(bulk("x")).contains("an integer"));
    }

    #[test]
    fn text_and_bytes() {
        assert_eq!(read::<String>(bulk("é")), "é");
        assert_eq!(read::<String>(Value::Integer(5)), "5");
        assert_eq!(read::<Vec<u8>>(Value::Bulk(vec![255, 0])), [255, 0]);
        assert!(why::<String>(Value::Bulk(vec![255])).contains("UTF-8"));
        assert_eq!(read::<Option<String>>(Value::Null), None);
        assert!(why::<String>(Value::Null).contains("null"));
    }

    #[test]
    fn truths() {
        let truths = [Value::Boolean(true), Value::Integer(1), Value::Status(b"OK".to_vec())];
        assert!(truths.into_iter().all(read::<bool>));
        assert!(!read::<bool>(Value::Null) && !read::<bool>(Value::Integer(0)));
    }

    #[test]
    fn maps_are_the_same_in_both_protocols() {
        let flat = Value::Array(vec![bulk("a"), bulk("1"), bulk("b"), bulk("2")]);
        let map = Value::Map(vec![(bulk("a"), bulk("1")), (bulk("b"), bulk("2"))]);
        let pair = |key: &str, value: &str| Value::Array(vec![bulk(key), bulk(value)]);
        let nested = Value::Array(vec![pair("a", "1"), pair("b", "2")]);
        for value in [flat, map, nested] {
            let expected = BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)]);
            assert_eq!(read::<BTreeMap<String, i64>>(value.clone()), expected);
            assert_eq!(read::<Vec<(String, u8)>>(value), [("a".into(), 1), ("b".into(), 2)]);
        }
        assert_eq!(read::<HashMap<String, i64>>(Value::Null).len(), 0);
        assert!(why::<BTreeMap<String, i64>>(Value::Array(vec![bulk("a")])).contains('1'));
    }

    #[test]
    fn tuples_take_as_many_as_they_have() {
        let list = Value::Array(vec![bulk("0"), Value::Array(vec![bulk("k")])]);
        assert_eq!(read::<(u64, Vec<String>)>(list.clone()), (0, vec!["k".to_owned()]));
        assert_eq!(why::<(u64,)>(list), "the reply has 2 elements, and 1 are wanted");
    }

    #[test]
    fn error_replies_are_errors_wherever_they_stand() {
        let error = || Value::Error(b"WRONGTYPE Operation".to_vec());
        assert_eq!(why::<i64>(error()), "WRONGTYPE Operation");
        assert_eq!(
            why::<Vec<i64>>(Value::Array(vec![Value::Integer(1), error()])),
            why::<()>(error())
        );
        assert_eq!(read::<Value>(error()), error());
        let one: Result<i64, ReplyError> = read(error());
        assert_eq!(one.unwrap_err().code(), "WRONGTYPE");
    }
}
