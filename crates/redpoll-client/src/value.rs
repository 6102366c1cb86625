//! What a server answers: one owned enum over all RESP2 and RESP3 types.
//!
//! Owned rather than borrowed from the read buffer, because callers keep replies across reads.
//! Text is bytes everywhere: keys and values are binary, and so may error texts be.

/// One reply, or a part of one.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// RESP2's null bulk and null array, and RESP3's null. Programs never need to tell them apart.
    Null,
    /// A simple string (`+OK`).
    Status(Vec<u8>),
    /// A bulk string.
    Bulk(Vec<u8>),
    /// An error, simple or bulk; the text begins with the error's code (`ERR`, `WRONGTYPE`, …).
    Error(Vec<u8>),
    /// An integer.
    Integer(i64),
    /// A double, with the digits the server sent.
    Double(Double),
    /// A boolean.
    Boolean(bool),
    /// An integer of any size: an optional sign and decimal digits, checked.
    BigNumber(Vec<u8>),
    /// Text that is meant for a person, with its three-letter format (`txt`, `mkd`).
    Verbatim {
        /// The format's three letters.
        format: [u8; 3],
        /// The text, without the format and the colon after it.
        text: Vec<u8>,
    },
    /// An array.
    Array(Vec<Value>),
    /// A map, in the server's order. Keys are not checked for being distinct.
    Map(Vec<(Value, Value)>),
    /// A set, in the server's order. Members are not checked for being distinct.
    Set(Vec<Value>),
    /// A message the server sent on its own account.
    Push(Vec<Value>),
    /// A value with out-of-band attributes in front of it.
    Attributed {
        /// The attributes.
        attributes: Vec<(Value, Value)>,
        /// The value they describe.
        value: Box<Value>,
    },
}

/// A floating-point reply.
///
/// The text is kept beside the number because printing the number again could give other digits
/// than the server's.
#[derive(Debug, Clone, PartialEq)]
pub struct Double {
    /// The number; may be infinite or NaN.
    pub number: f64,
    /// The digits as received.
    pub text: Box<str>,
}

impl Value {
    /// The bytes of a status, bulk, error, verbatim, big number or double; `None` for the rest.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Status(text)
            | Self::Bulk(text)
            | Self::Error(text)
            | Self::BigNumber(text)
            | Self::Verbatim { text, .. } => Some(text),
            Self::Double(double) => Some(double.text.as_bytes()),
            Self::Attributed { value, .. } => value.as_bytes(),
            _ => None,
        }
    }

    /// [`as_bytes`](Self::as_bytes) where they are UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(self.as_bytes()?).ok()
    }

    /// The number of an integer reply, or of text that is a decimal integer.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Attributed { value, .. } => value.as_i64(),
            Self::Bulk(_) | Self::Status(_) => self.as_str()?.parse().ok(),
            _ => None,
        }
    }

    /// The elements of an array, set or push; `None` for the rest.
    pub fn as_slice(&self) -> Option<&[Value]> {
        match self {
            Self::Array(items) | Self::Set(items) | Self::Push(items) => Some(items),
            Self::Attributed { value, .. } => value.as_slice(),
            _ => None,
        }
    }

    /// The pairs of a map, or of an array in which keys and values take turns (how RESP2 writes
    /// a map). Empty for everything else; an odd last element is left out.
    pub fn pairs(&self) -> Vec<(&Value, &Value)> {
        match self {
            Self::Map(pairs) => pairs.iter().map(|(key, value)| (key, value)).collect(),
            Self::Array(items) => {
                items.chunks_exact(2).filter_map(|p| Some((p.first()?, p.get(1)?))).collect()
            }
            Self::Attributed { value, .. } => value.pairs(),
            _ => Vec::new(),
        }
    }

    /// The value under a text key of a map (see [`pairs`](Self::pairs)). O(pairs).
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.pairs()
            .into_iter()
            .find(|(key, _)| key.as_bytes() == Some(name.as_bytes()))
            .map(|(_, value)| value)
    }

    /// The text of an error reply.
    pub fn error_text(&self) -> Option<&[u8]> {
        match self {
            Self::Error(text) => Some(text),
            Self::Attributed { value, .. } => value.error_text(),
            _ => None,
        }
    }

    /// Whether this is an error reply.
    pub fn is_error(&self) -> bool {
        self.error_text().is_some()
    }

    /// The value without the attributes in front of it.
    pub fn without_attributes(self) -> Value {
        match self {
            Self::Attributed { value, .. } => value.without_attributes(),
            plain => plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::Bulk(text.as_bytes().to_vec())
    }

    #[test]
    fn pairs_reads_maps_and_flat_arrays_alike() {
        let flat = Value::Array(vec![bulk("a"), Value::Integer(1), bulk("b"), Value::Integer(2)]);
        let map = Value::Map(vec![(bulk("a"), Value::Integer(1)), (bulk("b"), Value::Integer(2))]);
        assert_eq!(flat.pairs(), map.pairs());
        assert_eq!(flat.field("b"), Some(&Value::Integer(2)));
        assert_eq!(map.field("c"), None);
    }

    #[test]
    fn numbers_are_read_from_integers_and_from_text() {
        assert_eq!(Value::Integer(-3).as_i64(), Some(-3));
        assert_eq!(bulk("42").as_i64(), Some(42));
        assert_eq!(bulk("4x").as_i64(), None);
        assert_eq!(Value::Boolean(true).as_i64(), None);
    }

    #[test]
    fn attributes_are_looked_through() {
        let value =
            Value::Attributed { attributes: Vec::new(), value: Box::new(Value::Integer(7)) };
        assert_eq!(value.as_i64(), Some(7));
        assert_eq!(value.without_attributes(), Value::Integer(7));
    }
}
