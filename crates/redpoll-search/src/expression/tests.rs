//! Tests of expressions.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;

/// A row with a few fields, one of them missing.
struct TestRow(Vec<Arc<[u8]>>);

const NAMES: [&[u8]; 5] = [b"n", b"t", b"gone", b"a-b", b"place"];

impl Row for TestRow {
    fn value(&self, column: usize) -> Option<Value> {
        match column {
            0 => Some(Value::text("5")),
            1 => Some(Value::text("Hello World")),
            3 => Some(Value::Number(2.5)),
            4 => Some(Value::text("-0.12,51.5")),
            _ => None,
        }
    }

    fn matched_terms(&self) -> &[Arc<[u8]>] {
        &self.0
    }
}

fn row() -> TestRow {
    TestRow(vec![b"hello"[..].into(), b"+world"[..].into()])
}

fn column(name: &[u8]) -> Option<usize> {
    NAMES.iter().position(|known| *known == name)
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Array(values) => {
            format!("[{}]", values.iter().map(shown).collect::<Vec<_>>().join(", "))
        }
        value => String::from_utf8_lossy(&value.to_text()).into_owned(),
    }
}

fn check(text: &str, want: &str) {
    let got = match Expression::parse(text.as_bytes(), &mut |name| column(name)) {
        Err(error) => error.to_string(),
        Ok(expression) => match expression.evaluate(&row()) {
            Err(error) => error.to_string(),
            Ok(value) => shown(&value),
        },
    };
    assert_eq!(got, want, "{text}");
}

#[test]
fn arithmetic() {
    check("1 + 2 * 3", "7");
    check("(1+2)*3", "9");
    check("2^3^2", "512");
    check("-2^2", "4");
    check("7 % 4 - 1", "2");
    check("@n-5", "0");
    check("@n * 1.5e1", "75");
    check(r"@a\-b / 2", "1.25");
    check("1/0", "inf");
    check("0/0", "nan");
    check("@t + 1", "Invalid numeric value");
    check(
        "@gone + 1",
        "Could not find the value for a parameter name, consider using EXISTS if \
         applicable for gone",
    );
}

#[test]
fn comparisons_and_logic() {
    check("@n == 5", "1");
    check("@n != '5'", "0");
    check("@n < 10 && @n > 4.9", "1");
    check("'b' > 'a'", "1");
    check("1 > 2 || @t", "1");
    check("!@n == 5", "0");
    check("!!@n", "5");
    check("@t == 5", "0");
    check("@t < 5", "Error converting string");
    check("@gone || 1", "1");
    check("@gone && 1", "0");
    check("NULL == NULL", "1");
    check("1 < 2 < 3", "Syntax error at offset 6 near '2'");
}

#[test]
fn texts() {
    check("lower(@t)", "hello world");
    check("UPPER('ab')", "AB");
    check("lower(5)", "null");
    check("substr(@t, 0, 5)", "Hello");
    check("substr(@t, -5, -1)", "Worl");
    check("substr(@t, 100, 5)", "");
    check(
        "substr(@t, '1', 5)",
        "Invalid type (2) for argument 1 in function 'substr'. \
         VALIDATE_ARG__TYPE(v, RSValueType_Number) was false.",
    );
    check("format('%s is 100%% %s', @t, 1.5)", "Hello World is 100% 1.5");
    check("format('%s')", "Not enough arguments for format");
    check("format('%d', 1)", "Unknown format specifier passed");
    check("format('x%')", "Bad format string!");
    check("split('a, b ,,c')", "[a, b, c]");
    check("split('a-b_c', '-_')", "[a, b, c]");
    check("split('(a);(b)', ';', '()')", "[a, b]");
    check("startswith(@t, 'Hell')", "1");
    check("contains('aXbXc', 'X')", "2");
    check("contains('aaaa', 'aa')", "3");
    check("contains('abab', 'abc')", "0");
    check("contains('abc', '')", "4");
    check("strlen(@t)", "11");
    check("to_number('1e3')", "1000");
    check("to_number('x')", "to_number: cannot convert string 'x'");
    check("to_str(12)", "12");
    check(r#"'it\'s' "#, "it's");
}

#[test]
fn existence_and_cases() {
    check("exists(@n)", "1");
    check("exists(@gone)", "0");
    check("exists(NULL)", "0");
    check("case(@n > 3, 'big', 'small')", "big");
    check("case(exists(@gone), @gone, 'none')", "none");
    check("matched_terms()", "[hello, +world]");
    check("matched_terms(1)", "[hello]");
}

#[test]
fn numbers() {
    check("floor(2.7) + ceil(2.1) + abs(-1)", "6");
    check("sqrt(16) + log2(8) + exp(0)", "8");
    check("log(1)", "0");
    check("sqrt('x')", "nan");
}

#[test]
fn times() {
    check("timefmt(0)", "1970-01-01T00:00:00Z");
    check("timefmt(1528797962, '%d.%m.%Y %H:%M:%S')", "12.06.2018 10:06:02");
    check("timefmt('x')", "null");
    check("timefmt(0, '%!')", "null");
    check("parsetime('2018-06-12T10:06:02Z', '%FT%TZ')", "1528797962");
    check("parsetime('2018-06-12T10:06:02Z')", "1528797962");
    check("parsetime('2018-06-12', '%Y-%m-%d')", "1528761600");
    check("parsetime('june', '%Y')", "null");
    check("minute(1528797962)", "1528797960");
    check("hour(1528797962)", "1528797600");
    check("day(1528797962)", "1528761600");
    check("month(1528797962)", "1527811200");
    check("year(1528797962)", "2018");
    check("monthofyear(1528797962)", "5");
    check("dayofmonth(1528797962)", "12");
    check("dayofweek(1528797962)", "2");
    check("dayofyear(1528797962)", "162");
    check("hour(-5)", "null");
    check("year(1e300)", "null");
}

#[test]
fn places() {
    check("geodistance('2.35,48.85', @place)", "343224.69");
    check("geodistance(2.35, 48.85, @place) == geodistance('2.35,48.85', -0.12, 51.5)", "1");
    check("geodistance(2.35, 48.85, 2.35, 48.85)", "0");
    check("geodistance('x', @place)", "nan");
}

#[test]
fn mistakes() {
    check("", "Syntax error at offset 0 near ''");
    check("1 +", "Syntax error at offset 2 near '1'");
    check("(1", "Syntax error at offset 1 near '1'");
    check("1 2", "Syntax error at offset 2 near '2'");
    check("@none", "Property not loaded nor in pipeline: `none`");
    check("foo(1)", "Unknown function name 'foo'");
    check("foo", "Unknown symbol 'foo'");
    check("lower()", "Function 'lower' expects 1 arguments, but got 0");
    check("split(1,2,3,4)", "Function 'split' expects between 1 and 3 arguments, but got 4");
    check(&"(".repeat(10_000), "Expression is nested too deeply");
    check(&"!".repeat(10_000), "Expression is nested too deeply");
    check(&"1+".repeat(10_000), "Expression is nested too deeply");
}

#[test]
fn a_filter_takes_what_is_missing_for_false() {
    let accepts = |text: &str| {
        Expression::parse(text.as_bytes(), &mut |name| column(name)).unwrap().accepts(&row())
    };
    assert!(accepts("@n == 5"));
    assert!(!accepts("@gone == 5"));
    assert!(!accepts("@gone != 5"));
    assert!(accepts("@gone == 5 || @n == 5"));
    assert!(!accepts("lower(@gone) == 'x'"));
}

proptest! {
    #[test]
    fn no_text_breaks_it(text in "[@nt0-9a-z().,'\"<>=!&|+*/%^ -]{0,40}") {
        if let Ok(expression) = Expression::parse(text.as_bytes(), &mut |name| column(name)) {
            let _ = expression.evaluate(&row());
            expression.accepts(&row());
        }
    }

    #[test]
    fn no_bytes_break_it(text in prop::collection::vec(any::<u8>(), 0..40)) {
        let _ = Expression::parse(&text, &mut |name| column(name));
    }

    #[test]
    fn no_time_breaks_it(seconds in any::<f64>(), format in "(%[a-zA-Z%]|[ -:]){0,5}") {
        for name in ["minute", "hour", "day", "month", "year", "dayofweek", "dayofyear"] {
            let function = functions::named(name.as_bytes()).unwrap();
            if let functions::Implementation::Plain(run) = function.run {
                run(&[Value::Number(seconds)]).unwrap();
            }
        }
        for text in [format.as_bytes(), b"2018-06-12 10:06"] {
            let function = functions::named(b"parsetime").unwrap();
            if let functions::Implementation::Plain(run) = function.run {
                run(&[Value::text(text), Value::text(&format)]).unwrap();
            }
        }
        let function = functions::named(b"timefmt").unwrap();
        if let functions::Implementation::Plain(run) = function.run {
            run(&[Value::Number(seconds), Value::text(&format)]).unwrap();
        }
    }
}
