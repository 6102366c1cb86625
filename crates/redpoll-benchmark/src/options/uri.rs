//! `redis://[user[:password]@]host[:port][/db]`, or `rediss://` for TLS: the server in one word.
//! `rdma://` for RDMA. `redis+unix://` and `redis+shm://` name a Unix socket by its path.

use super::Options;
use redpoll_client::uri::{percent_decode, split_address};

/// Puts what the URI says into the options; what it leaves out stays.
pub fn apply(options: &mut Options, uri: &str) -> Result<(), String> {
    let rest = match uri.split_once("://") {
        Some(("redis", rest)) => rest,
        Some(("rediss", rest)) => {
            options.tls = true;
            rest
        }
        Some(("rdma" | "redis+rdma", rest)) => {
            options.rdma = true;
            rest
        }
        Some((scheme @ ("redis+unix" | "redis+shm"), rest)) => {
            let (login, path) = match rest.rsplit_once('@') {
                Some((login, path)) => (Some(login), path),
                None => (None, rest),
            };
            login.map_or(Ok(()), |login| apply_login(options, login))?;
            options.shm = scheme == "redis+shm";
            options.unix = Some(decode(path)?.into());
            return Ok(());
        }
        _ => return Err("starts with redis://".into()),
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (login, place) = match authority.rsplit_once('@') {
        Some((login, place)) => (Some(login), place),
        None => (None, authority),
    };
    if let Some(login) = login {
        apply_login(options, login)?;
    }
    apply_place(options, place)?;
    if !path.is_empty() {
        options.database = path.parse().map_err(|_| "the database is a number")?;
    }
    Ok(())
}

/// `user:password`, `:password`, or a password alone.
fn apply_login(options: &mut Options, login: &str) -> Result<(), String> {
    let (user, password) = login.split_once(':').unwrap_or(("", login));
    if !user.is_empty() {
        options.user = Some(decode(user)?);
    }
    options.password = Some(decode(password)?);
    Ok(())
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`.
fn apply_place(options: &mut Options, place: &str) -> Result<(), String> {
    let (host, port) = split_address(place);
    if !host.is_empty() {
        options.host = decode(host)?;
    }
    if let Some(port) = port {
        options.port = port.parse().map_err(|_| "Invalid server port.")?;
    }
    Ok(())
}

fn decode(text: &str) -> Result<String, String> {
    let bytes =
        percent_decode(text).map_err(|_| "`%` is followed by two hexadecimal digits".to_owned())?;
    String::from_utf8(bytes).map_err(|_| "not UTF-8".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(uri: &str) -> Result<Options, String> {
        let mut options = Options::default();
        apply(&mut options, uri).map(|()| options)
    }

    #[test]
    fn every_part_may_be_there_or_not() {
        let all = read("redis://me:p%40ss@host.org:7000/3").expect("a URI");
        assert_eq!((all.host.as_str(), all.port, all.database), ("host.org", 7000, 3));
        assert_eq!((all.user.as_deref(), all.password.as_deref()), (Some("me"), Some("p@ss")));
        let host = read("redis://host.org").expect("a URI");
        assert_eq!((host.host.as_str(), host.port, host.password), ("host.org", 6379, None));
        let password = read("redis://secret@host").expect("a URI");
        assert_eq!((password.user, password.password), (None, Some("secret".into())));
        let six = read("redis://[::1]:7000").expect("a URI");
        assert_eq!((six.host.as_str(), six.port), ("::1", 7000));
    }

    #[test]
    fn mistakes_are_refused() {
        for uri in ["host", "http://host", "redis://h:x", "redis://h/x"] {
            assert!(read(uri).is_err(), "{uri}");
        }
        assert!(read("redis://%4@host").is_err());
    }
}
