//! `DEBUG LISTPACK key`: the elements of a value that is a listpack. Redis prints them on its
//! standard output; here they are the answer.

use crate::prelude::*;
use redpoll_keyspace::entry::Payload;
use redpoll_types::number::format_f64;
use redpoll_types::value::Value;

pub(super) fn listpack(ctx: &mut Ctx<'_>, key: &[u8]) -> Result {
    ctx.keys.lock_key(key);
    let entry = ctx.keys.peek(key).ok_or(Error::NoSuchKey)?;
    let elements = match entry.payload() {
        Payload::Value(value) if value.encoding().starts_with("listpack") => elements(value),
        _ => return Err(Error::text("ERR Not a listpack encoded object.")),
    };
    let mut text = format!("{} elements\n", elements.len());
    for (index, element) in elements.iter().enumerate() {
        text.push_str(&format!("{index}: {}\n", element.escape_ascii()));
    }
    ctx.reply.verbatim("txt", text.as_bytes());
    ctx.keys.unlock_walk();
    Ok(())
}

/// The elements in the order in which they are stored.
fn elements(value: &Value) -> Vec<Vec<u8>> {
    match value {
        Value::List(list) => list.iter().map(|element| element.to_vec()).collect(),
        Value::Set(set) => set.iter().map(|member| member.to_vec()).collect(),
        Value::ZSet(zset) => zset
            .iter()
            .flat_map(|(member, score)| [member.to_vec(), format_f64(score).into_bytes()])
            .collect(),
        Value::Hash(hash) => {
            hash.iter().flat_map(|field| [field.name.to_vec(), field.value.to_vec()]).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::allow;
    use super::elements;
    use crate::testing::check_after;
    use redpoll_types::limits::Limits;
    use redpoll_types::list::List;
    use redpoll_types::value::Value;

    #[test]
    fn only_listpacks() {
        check_after(
            allow,
            "DEBUG LISTPACK k | SET k v | DEBUG LISTPACK k",
            "ERR no such key | OK | ERR Not a listpack encoded object.",
        );
        let mut list = List::new();
        list.push_back(b"a", &Limits::default());
        list.push_back(b"12", &Limits::default());
        assert_eq!(elements(&Value::List(list)), [b"a".to_vec(), b"12".to_vec()]);
    }
}
