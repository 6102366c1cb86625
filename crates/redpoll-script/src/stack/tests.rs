//! The stack by itself, without a sandbox.

use super::*;
use mlua::{Function, Value};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

fn on_stack(act: &mut dyn FnMut(&mut Stack<'_>) -> Result<(), Problem>) -> mlua::Result<Value> {
    let lua = Lua::new();
    Entry::new(&lua)?.run(&lua, (), act)
}

fn panics(act: &mut dyn FnMut(&mut Stack<'_>)) -> bool {
    catch_unwind(AssertUnwindSafe(|| {
        let _ = on_stack(&mut |stack| {
            act(stack);
            stack.push_nil();
            Ok(())
        });
    }))
    .is_err()
}

#[test]
fn values_go_there_and_back() {
    let value = on_stack(&mut |stack| {
        stack.push_table(1, 1)?;
        for (key, value) in [(Some(1.5), "a"), (None, "nil"), (Some(f64::NAN), "nan")] {
            match key {
                Some(key) => stack.push_number(key),
                None => stack.push_nil(),
            }
            stack.push_string(value.as_bytes())?;
            stack.set_pair();
        }
        stack.set_text("name", b"\0\xff")?;
        stack.push_boolean(true);
        stack.set_index(1);
        let mut seen = Vec::new();
        stack.walk(|stack| {
            stack.push_key();
            seen.push(stack.item(-1).type_name());
            Ok::<(), Problem>(())
        })?;
        seen.sort_unstable();
        assert_eq!(seen, ["number", "number", "string"]);
        stack.get_field("name");
        assert!(matches!(stack.item(-1), Item::String(b"\0\xff")));
        assert!(matches!(stack.item(99), Item::Nil));
        assert!(matches!(stack.item(0), Item::Nil));
        Ok(())
    });
    assert!(value.is_ok_and(|value| value.is_string()));
}

#[test]
fn what_must_not_be_done_is_refused() {
    assert!(panics(&mut |stack| stack.pop(2)));
    assert!(panics(&mut |stack| stack.set_pair()));
    assert!(panics(&mut |stack| stack.get_index(1)));
    assert!(panics(&mut |stack| (0..30).for_each(|_| stack.push_nil())));
    assert!(panics(&mut |stack| {
        stack.protected_call(0, 1, 0);
    }));
    // A table that is walked cannot lose its key, nor be changed.
    for act in [
        |stack: &mut Stack<'_>| stack.pop(1),
        |stack: &mut Stack<'_>| {
            let _ = stack.push_table(0, 0);
            stack.push_nil();
            stack.set_index(1);
        },
    ] {
        assert!(panics(&mut |stack| {
            let _ = stack.push_table(0, 0);
            let _ = stack.set_text("a", b"b");
            let _ = stack.walk(|stack| {
                act(stack);
                Ok::<(), Problem>(())
            });
        }));
    }
}

#[test]
fn room_ends_somewhere() {
    let value = on_stack(&mut |stack| {
        loop {
            stack.reserve(1)?;
            stack.push_nil();
        }
    });
    assert!(value.is_err_and(|error| error.to_string().contains("stack overflow")));
}

#[test]
fn panics_come_out_where_rust_has_called() {
    let lua = Lua::new();
    let broken = native(&lua, |_| panic!("broken")).expect("a function");
    let outer: Function = lua.load("local f = ... return function() f() end").call(broken).unwrap();
    let result = catch_unwind(AssertUnwindSafe(|| outer.call::<()>(())));
    let payload = result.expect_err("it panics");
    assert_eq!(payload.downcast_ref(), Some(&"broken"));
    // The state is as good as before.
    assert_eq!(lua.load("return 1").eval::<i32>().unwrap(), 1);
}

#[test]
fn functions_are_dropped_by_the_collector() {
    let lua = Lua::new();
    let held = Rc::new(());
    let kept = Rc::clone(&held);
    let function = native(&lua, move |stack| {
        stack.push_number(Rc::strong_count(&kept) as f64);
        Ok(())
    });
    let function = function.expect("a function");
    assert_eq!(function.call::<usize>(()).unwrap(), 2);
    drop(function);
    for _ in 0..2 {
        lua.gc_collect().expect("finalizers do not fail");
    }
    assert_eq!(Rc::strong_count(&held), 1);
}

#[test]
fn coroutines_have_stacks_of_their_own() {
    let lua = Lua::new();
    let sum = native(&lua, |stack| {
        let mut sum = 0.0;
        for index in 1..=stack.len() {
            match stack.item(index) {
                Item::Number(number) => sum += number,
                _ => return Err(bad_argument(index as usize, "sum", "number expected")),
            }
        }
        stack.push_number(sum);
        Ok(())
    });
    let (sum, ok, why): (i32, bool, String) = lua
        .load(
            "local sum = ...
            local inside = coroutine.wrap(function(a) return sum(a, coroutine.yield(sum(a, 1))) end)
            local first = inside(1)
            local total = first + inside(40)
            local ok, why = pcall(sum, {})
            return total, ok, tostring(why)",
        )
        .call(sum.expect("a function"))
        .expect("it runs");
    assert_eq!((sum, ok), (43, false));
    assert!(why.contains("bad argument #1 to 'sum' (number expected)"), "{why}");
}
