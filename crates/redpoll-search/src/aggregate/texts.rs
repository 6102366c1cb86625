//! Texts that come again and again, as those that rows are grouped by do.

use std::sync::Arc;

use crate::expression::Value;

/// So many texts are remembered.
const SLOTS: usize = 256;
/// Longer ones hardly come twice.
const LEN_MAX: usize = 64;

/// Makes values of texts. A text that has come lately is not copied again.
#[derive(Debug, Default)]
pub struct Texts {
    /// Each text has one place; of those that share it, the last stays.
    slots: Vec<Option<Arc<[u8]>>>,
}

impl Texts {
    /// The value of a text.
    pub fn value(&mut self, text: &[u8]) -> Value {
        if text.len() > LEN_MAX {
            return Value::text(text);
        }
        if self.slots.is_empty() {
            self.slots.resize(SLOTS, None);
        }
        let mix = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        let hash = text.iter().fold(0x811c_9dc5, mix);
        let slot = &mut self.slots[(hash >> 16) as usize % SLOTS];
        match slot {
            Some(known) if **known == *text => {}
            _ => *slot = Some(text.into()),
        }
        slot.clone().map_or(Value::Null, Value::Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_copied_once() {
        let mut texts = Texts::default();
        for text in ["", "red", "blue", "red", &"long".repeat(50)] {
            assert_eq!(texts.value(text.as_bytes()), Value::text(text));
        }
        let (Value::Text(one), Value::Text(other)) = (texts.value(b"red"), texts.value(b"red"))
        else {
            panic!("a text is a text");
        };
        assert!(Arc::ptr_eq(&one, &other));
    }
}
