//! A cluster's answer that the key lives elsewhere: `MOVED 3999 127.0.0.1:6381`, or `ASK …` while
//! the slot is on its way.

/// Where to go instead.
#[derive(Debug, PartialEq, Eq)]
pub struct Redirect {
    /// Whether it holds for this one command only, which then needs ASKING.
    pub ask: bool,
    /// The key's slot.
    pub slot: u32,
    /// The host; `None` is the one that answered.
    pub host: Option<String>,
    /// The port.
    pub port: u16,
}

/// Reads an error reply as a redirection.
pub fn parse(error: &[u8]) -> Option<Redirect> {
    let text = std::str::from_utf8(error).ok()?;
    let mut words = text.split(' ');
    let ask = match words.next()? {
        "MOVED" => false,
        "ASK" => true,
        _ => return None,
    };
    let slot = words.next()?.parse().ok()?;
    let (host, port) = words.next()?.rsplit_once(':')?;
    let host = Some(host.to_owned()).filter(|host| !host.is_empty());
    Some(Redirect { ask, slot, host, port: port.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirections_are_told_from_other_errors() {
        let moved = parse(b"MOVED 3999 127.0.0.1:6381").unwrap();
        assert_eq!((moved.ask, moved.slot, moved.port), (false, 3999, 6381));
        assert_eq!(parse(b"ASK 1 :7").unwrap().host, None);
        assert_eq!(parse(b"ASK 1 ::1:7").unwrap().host.as_deref(), Some("::1"));
        for other in ["ERR MOVED", "MOVED", "MOVED x h:1", "MOVED 1 h:99999"] {
            assert_eq!(parse(other.as_bytes()), None, "{other}");
        }
    }
}
