//! Rust values to the arguments of a command.
//!
//! One value may be several arguments or none: a slice is its elements, a map its keys and values
//! in turn, `None` nothing. So options and lists need no code of their own at the caller.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::Write;

/// Arguments, encoded as they are sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Args {
    bytes: Vec<u8>,
    count: usize,
}

impl Args {
    /// Adds an argument.
    pub fn push(&mut self, argument: &[u8]) {
        crate::request::argument(&mut self.bytes, argument);
        self.count += 1;
    }

    /// Adds an argument that is written as text. It must not be longer than 64 bytes.
    fn push_text(&mut self, text: std::fmt::Arguments<'_>) {
        let mut space = [0; 64];
        let mut rest = &mut space[..];
        // Numbers fit.
        let _ = rest.write_fmt(text);
        let left = rest.len();
        let used = space.len() - left;
        self.push(&space[..used]);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Appends the request that they make.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        crate::request::header(out, b'*', self.count);
        out.extend_from_slice(&self.bytes);
    }
}

/// A value that can be given to a command.
pub trait ToArgs {
    /// Adds the arguments that it is.
    fn to_args(&self, args: &mut Args);

    /// Adds the arguments that many of them are. Bytes are one argument together, everything else
    /// one after the other.
    fn many_to_args(items: &[Self], args: &mut Args)
    where
        Self: Sized,
    {
        for item in items {
            item.to_args(args);
        }
    }
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl ToArgs for $number {
            fn to_args(&self, args: &mut Args) {
                args.push_text(format_args!("{self}"));
            }
        }
    )*};
}

numbers! { i8 i16 i32 i64 i128 isize u16 u32 u64 u128 usize }

macro_rules! floats {
    ($($number:ty)*) => {$(
        impl ToArgs for $number {
            /// The shortest digits that stand for the same number.
            fn to_args(&self, args: &mut Args) {
                // In full, 1e300 has three hundred digits.
                args.push_text(format_args!("{self:?}"));
            }
        }
    )*};
}

floats! { f32 f64 }

impl ToArgs for u8 {
    fn to_args(&self, args: &mut Args) {
        args.push_text(format_args!("{self}"));
    }

    fn many_to_args(items: &[u8], args: &mut Args) {
        args.push(items);
    }
}

impl ToArgs for bool {
    /// `1` or `0`.
    fn to_args(&self, args: &mut Args) {
        args.push(if *self { b"1" } else { b"0" });
    }
}

impl ToArgs for str {
    fn to_args(&self, args: &mut Args) {
        args.push(self.as_bytes());
    }
}

impl ToArgs for String {
    fn to_args(&self, args: &mut Args) {
        args.push(self.as_bytes());
    }
}

impl<T: ToArgs + ToOwned + ?Sized> ToArgs for Cow<'_, T> {
    fn to_args(&self, args: &mut Args) {
        (**self).to_args(args);
    }
}

impl<T: ToArgs + ?Sized> ToArgs for &T {
    fn to_args(&self, args: &mut Args) {
        (**self).to_args(args);
    }
}

impl<T: ToArgs> ToArgs for Option<T> {
    fn to_args(&self, args: &mut Args) {
        if let Some(value) = self {
            value.to_args(args);
        }
    }
}

impl<T: ToArgs> ToArgs for [T] {
    fn to_args(&self, args: &mut Args) {
        T::many_to_args(self, args);
    }
}

impl<T: ToArgs, const N: usize> ToArgs for [T; N] {
    fn to_args(&self, args: &mut Args) {
        T::many_to_args(self, args);
    }
}

impl<T: ToArgs> ToArgs for Vec<T> {
    fn to_args(&self, args: &mut Args) {
        T::many_to_args(self, args);
    }
}

impl<T: ToArgs> ToArgs for BTreeSet<T> {
    fn to_args(&self, args: &mut Args) {
        self.iter().for_each(|item| item.to_args(args));
    }
}

impl<T: ToArgs, S> ToArgs for HashSet<T, S> {
    fn to_args(&self, args: &mut Args) {
        self.iter().for_each(|item| item.to_args(args));
    }
}

impl<K: ToArgs, V: ToArgs> ToArgs for BTreeMap<K, V> {
    fn to_args(&self, args: &mut Args) {
        self.iter().for_each(|pair| pair.to_args(args));
    }
}

impl<K: ToArgs, V: ToArgs, S> ToArgs for HashMap<K, V, S> {
    fn to_args(&self, args: &mut Args) {
        self.iter().for_each(|pair| pair.to_args(args));
    }
}

macro_rules! tuples {
    ($(($($name:ident $index:tt),+))*) => {$(
        impl<$($name: ToArgs),+> ToArgs for ($($name,)+) {
            fn to_args(&self, args: &mut Args) {
                $(self.$index.to_args(args);)+
            }
        }
    )*};
}

tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The arguments, separated by blanks.
    fn shown(value: impl ToArgs) -> String {
        let mut args = Args::default();
        value.to_args(&mut args);
        let text = String::from_utf8(args.bytes.clone()).unwrap();
        let words: Vec<&str> = text.split("\r\n").skip(1).step_by(2).collect();
        assert_eq!(words.len(), args.count());
        words.join(" ")
    }

    #[test]
    fn values_are_one_argument_several_or_none() {
        assert_eq!(shown(-5), "-5");
        assert_eq!(shown(u128::MAX), u128::MAX.to_string());
        assert_eq!(shown((true, 'x'.to_string(), "y")), "1 x y");
        assert_eq!(shown([1u8, 2].map(u16::from)), "1 2");
        assert_eq!(shown(b"bytes"), "bytes");
        assert_eq!(shown(b"bytes".to_vec()), "bytes");
        assert_eq!(shown(7u8), "7");
        assert_eq!(shown(None::<i32>), "");
        assert_eq!(shown(Some(("EX", 10))), "EX 10");
        assert_eq!(shown(BTreeMap::from([("a", 1), ("b", 2)])), "a 1 b 2");
        assert_eq!(shown(&[("a", 1.5), ("b", 2.0)][..]), "a 1.5 b 2.0");
    }

    #[test]
    fn floats_are_short_and_exact() {
        assert_eq!(shown((0.1, 1e300, f64::INFINITY, -0.5f32)), "0.1 1e300 inf -0.5");
    }
}
