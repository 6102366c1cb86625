//! How far memory is named: `numa:1`, `dax:/dev/dax0.0`, `file:/mnt/far,64gb`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// One piece of far memory, as `far-memory` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FarSpec {
    /// A NUMA node, usually one without processors.
    Numa {
        /// The node's number.
        node: u32,
        /// Bytes to use at most; without it, what is free on the node at the start.
        size: Option<u64>,
    },
    /// A DAX character device, mapped directly.
    Dax {
        /// The device.
        path: PathBuf,
        /// Bytes to use at most; without it, the whole device.
        size: Option<u64>,
    },
    /// A file on any file system, or a directory for a file without a name.
    File {
        /// The file or directory.
        path: PathBuf,
        /// Bytes, reserved at the start.
        size: u64,
    },
}

/// Why a text names no far memory. The message says what would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadSpec(String);

impl fmt::Display for BadSpec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for BadSpec {}

impl FromStr for FarSpec {
    type Err = BadSpec;

    fn from_str(text: &str) -> Result<Self, BadSpec> {
        let bad = |what: &str| BadSpec(format!("'{text}': {what}"));
        let (kind, rest) = text
            .split_once(':')
            .ok_or_else(|| bad("write numa:NODE, dax:/dev/daxX.Y or file:/path,size"))?;
        let (place, size) = match rest.rsplit_once(',') {
            Some((place, size)) => (
                place,
                Some(parse_size(size).ok_or_else(|| bad("the size is not a number of bytes"))?),
            ),
            None => (rest, None),
        };
        if place.is_empty() {
            return Err(bad("the place is missing after the colon"));
        }
        match kind {
            "numa" => {
                let node = place.parse().ok().filter(|&node| node < 1024);
                let node = node.ok_or_else(|| bad("the node is not a number below 1024"))?;
                Ok(Self::Numa { node, size })
            }
            "dax" => Ok(Self::Dax { path: place.into(), size }),
            "file" => {
                let size = size.ok_or_else(|| bad("a file needs its size: file:/path,size"))?;
                Ok(Self::File { path: place.into(), size })
            }
            _ => Err(bad("the kinds are numa, dax and file")),
        }
    }
}

impl fmt::Display for FarSpec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = match self {
            Self::Numa { node, size } => {
                write!(out, "numa:{node}")?;
                *size
            }
            Self::Dax { path, size } => {
                write!(out, "dax:{}", path.display())?;
                *size
            }
            Self::File { path, size } => {
                write!(out, "file:{}", path.display())?;
                Some(*size)
            }
        };
        size.map_or(Ok(()), |size| write!(out, ",{size}"))
    }
}

/// A number of bytes with the units of redis.conf (`1k` is 1000, `1kb` is 1024), not zero.
fn parse_size(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let unit: u64 = match text[digits..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    text[..digits].parse::<u64>().ok()?.checked_mul(unit).filter(|&size| size > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: Result<&str, &str>) {
        match (text.parse::<FarSpec>(), want) {
            (Ok(spec), Ok(shown)) => {
                assert_eq!(spec.to_string(), shown);
                assert_eq!(shown.parse::<FarSpec>(), Ok(spec), "what is shown can be read");
            }
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (got, want) => panic!("{text}: {got:?}, wanted {want:?}"),
        }
    }

    #[test]
    fn each_kind_is_read_and_shown() {
        check("numa:1", Ok("numa:1"));
        check("numa:1,2gb", Ok("numa:1,2147483648"));
        check("dax:/dev/dax0.0", Ok("dax:/dev/dax0.0"));
        check("file:/mnt/a,b,64mb", Ok("file:/mnt/a,b,67108864"));
        check("file:/mnt/far,1000", Ok("file:/mnt/far,1000"));
    }

    #[test]
    fn what_names_nothing_is_refused_with_a_reason() {
        for (text, part) in [
            ("", "write numa:NODE"),
            ("pmem", "write numa:NODE"),
            ("cxl:1", "the kinds are"),
            ("numa:", "the place is missing"),
            ("numa:-1", "not a number below"),
            ("numa:x", "not a number below"),
            ("numa:4096", "not a number below"),
            ("file:/mnt/far", "needs its size"),
            ("file:,1gb", "the place is missing"),
            ("file:/mnt/far,0", "not a number of bytes"),
            ("file:/mnt/far,-1", "not a number of bytes"),
            ("file:/mnt/far,1tb", "not a number of bytes"),
            ("file:/mnt/far,99999999999999999999", "not a number of bytes"),
            ("file:/mnt/far,18446744073709551615gb", "not a number of bytes"),
        ] {
            check(text, Err(part));
        }
    }
}
