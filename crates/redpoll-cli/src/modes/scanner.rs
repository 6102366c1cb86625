//! Walking through all keys with SCAN, for the modes that look at each.

use redpoll_client::Value;

use crate::session::Session;
use crate::stop::Stop;

/// A walk in progress.
#[derive(Default)]
pub struct Scanner {
    cursor: Vec<u8>,
}

impl Scanner {
    /// The keys of the next round; `None` when the walk is over. A round may be empty.
    pub fn round(&mut self, session: &mut Session) -> Result<Option<Vec<Vec<u8>>>, Stop> {
        if self.cursor == b"0" {
            return Ok(None);
        }
        let cursor = if self.cursor.is_empty() { b"0".to_vec() } else { self.cursor.clone() };
        let mut command = vec![b"SCAN".to_vec(), cursor];
        if let Some(pattern) = &session.options.pattern {
            command.extend([b"MATCH".to_vec(), pattern.clone()]);
        }
        command.extend([b"COUNT".to_vec(), session.options.count.to_string().into_bytes()]);
        let reply = session.ask(&command).map_err(|_| Stop::failed("\nI/O error"))?;
        if let Some(text) = reply.error_text() {
            return Err(Stop::failed(format!("SCAN error: {}", String::from_utf8_lossy(text))));
        }
        let Value::Array(parts) = reply else {
            return Err(Stop::failed("Non ARRAY response from SCAN!"));
        };
        let [Value::Bulk(next), Value::Array(keys)] = parts.as_slice() else {
            return Err(Stop::failed("Invalid element count from SCAN!"));
        };
        self.cursor.clone_from(next);
        if self.cursor.is_empty() {
            return Err(Stop::failed("Invalid cursor from SCAN!"));
        }
        Ok(Some(keys.iter().filter_map(|key| key.as_bytes().map(<[u8]>::to_vec)).collect()))
    }
}

/// How far a walk is.
pub struct Progress {
    /// Keys seen.
    pub sampled: u64,
    total: u64,
}

impl Progress {
    /// Asks the server how many keys there are.
    pub fn new(session: &mut Session) -> Result<Self, Stop> {
        let reply = session.ask(&["DBSIZE"]).map_err(|_| Stop::failed("\nI/O error"))?;
        match reply {
            Value::Integer(total) => {
                Ok(Self { sampled: 0, total: u64::try_from(total).unwrap_or(0) })
            }
            Value::Error(text) => Err(Stop::failed(format!(
                "Couldn't determine DBSIZE: {}",
                String::from_utf8_lossy(&text)
            ))),
            _ => Err(Stop::failed("Non INTEGER response from DBSIZE!")),
        }
    }

    /// The share of keys seen, as `[12.34%]`.
    pub fn label(&self) -> String {
        let percent =
            if self.total == 0 { 0.0 } else { 100.0 * self.sampled as f64 / self.total as f64 };
        format!("[{percent:05.2}%]")
    }
}
