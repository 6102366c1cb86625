//! Tests of pipelines.

use proptest::prelude::*;

use super::*;
use crate::expression::Value;

/// Documents with a brand, a price and a list of colours; the last lacks a price.
const DOCUMENTS: &[(&str, &str, &str)] = &[
    ("acme", "10", "red"),
    ("acme", "20", "blue"),
    ("bolt", "30", "red"),
    ("bolt", "5", "red"),
    ("coil", "", "green"),
];

fn name(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn group(by: &[&str], reduce: &[&str]) -> Step {
    let reduce = reduce.iter().map(|text| {
        let mut words = text.split(' ').map(name);
        let function = words.next().unwrap();
        let arguments: Vec<_> = words.collect();
        let name = Reduce::default_name(&function, &arguments);
        Reduce { function, arguments, name: name[b"__generated_alias".len()..].to_vec() }
    });
    Step::Group { by: by.iter().map(|by| name(by)).collect(), reduce: reduce.collect() }
}

fn apply(expression: &str, as_name: &str) -> Step {
    Step::Apply { expression: name(expression), name: name(as_name) }
}

fn sort(key: &str, ascending: bool, offset: usize, count: usize) -> Step {
    let keys = vec![SortKey { name: name(key), ascending }];
    Step::Arrange(Arrange { keys, offset, count, none: false })
}

fn limit(offset: usize, count: usize) -> Step {
    Step::Arrange(Arrange { offset, count, ..Arrange::default() })
}

fn run(steps: Vec<Step>) -> Result<(Vec<String>, usize), AggregateError> {
    let is_field = |name: &[u8]| matches!(name, b"brand" | b"price" | b"colour");
    let limits = Limits { groups: 100, rows: 1000 };
    let mut pipeline = Plan { steps }.compile(&is_field, limits, 7)?;
    for (brand, price, colour) in DOCUMENTS {
        let mut row = Row::default();
        for input in pipeline.inputs() {
            let value = match &*input.path {
                b"brand" => Value::text(brand),
                b"price" if price.is_empty() => continue,
                b"price" => Value::Number(price.parse().unwrap()),
                b"colour" => Value::text(colour),
                _ => continue,
            };
            row.set(input.column, value);
        }
        if pipeline.loads_all() {
            row.others.push((b"extra"[..].into(), Value::Number(1.0)));
        }
        if pipeline.push(&mut row)?.is_break() {
            break;
        }
    }
    let rows = pipeline.finish()?;
    let shown = rows.iter().map(|row| {
        let columns = pipeline.columns();
        let fields = columns
            .fields(row)
            .map(|(name, value)| format!("{}={}", String::from_utf8_lossy(name), show(value)));
        fields.collect::<Vec<_>>().join(" ")
    });
    Ok((shown.collect(), pipeline.total()))
}

fn show(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Array(values) => {
            format!("[{}]", values.iter().map(show).collect::<Vec<_>>().join(","))
        }
        Value::Map(values) => {
            let fields =
                values.iter().map(|(name, value)| format!("{}:{}", show(name), show(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        value => String::from_utf8_lossy(&value.to_text()).into_owned(),
    }
}

fn check(steps: Vec<Step>, want: &[&str]) {
    assert_eq!(run(steps).unwrap().0, want);
}

fn refused(steps: Vec<Step>, want: &str) {
    assert_eq!(run(steps).unwrap_err().to_string(), want);
}

#[test]
fn rows_pass_through() {
    check(vec![limit(1, 2), Step::Load(vec![(name("brand"), name("b"))])], &["b=acme", "b=bolt"]);
    check(vec![apply("@price*2", "double"), limit(0, 1)], &["price=10 double=20"]);
    check(vec![Step::Filter(name("@colour == 'blue'"))], &["colour=blue"]);
    check(vec![Step::LoadAll, limit(0, 1)], &["extra=1"]);
    check(vec![apply("upper(@brand)", "brand"), limit(0, 1)], &["brand=ACME"]);
}

#[test]
fn groups() {
    check(
        vec![group(&["brand"], &["COUNT", "SUM @price", "AVG @price"])],
        &[
            "brand=acme count=2 sumprice=30 avgprice=15",
            "brand=bolt count=2 sumprice=35 avgprice=17.5",
            "brand=coil count=1 sumprice=nan avgprice=nan",
        ],
    );
    check(
        vec![group(&[], &["MIN @price", "MAX price", "COUNT_DISTINCT @colour", "STDDEV @price"])],
        &["minprice=5 maxprice=30 count_distinctcolour=3 stddevprice=11.086778913"],
    );
    check(
        vec![group(&["brand"], &["TOLIST @colour"]), limit(0, 2)],
        &["brand=acme tolistcolour=[red,blue]", "brand=bolt tolistcolour=[red]"],
    );
    check(
        vec![group(&["brand"], &["TOLIST @colour"]), group(&["tolistcolour"], &["COUNT"])],
        &["tolistcolour=red count=2", "tolistcolour=blue count=1", "tolistcolour=green count=1"],
    );
    check(
        vec![group(&[], &["FIRST_VALUE @brand", "FIRST_VALUE @brand BY @price DESC"])],
        &["first_valuebrand=acme first_valuebrand,by,@price,desc=bolt".replace("@", "").as_str()],
    );
    check(
        vec![group(
            &[],
            &["QUANTILE @price 0.5", "COUNT_DISTINCTISH @colour", "RANDOM_SAMPLE @brand 1"],
        )],
        &["quantileprice,0.5=10 count_distinctishcolour=3 random_samplebrand,1=[coil]"],
    );
}

#[test]
fn collected_rows() {
    check(
        vec![
            group(&["brand"], &["COLLECT FIELDS 2 @price @colour SORTBY 2 @price DESC LIMIT 0 1"]),
            limit(1, 1),
        ],
        &["brand=bolt collectfields,2,price,colour,sortby,2,price,desc,limit,0,1=\
             [{price:30,colour:red}]"],
    );
    check(
        vec![group(&["brand"], &["COLLECT FIELDS 1 @colour DISTINCT"]), limit(1, 1)],
        &["brand=bolt collectfields,1,colour,distinct=[{colour:red}]"],
    );
}

#[test]
fn of_rows_that_look_the_same_the_first_is_collected() {
    let by = |order: &str| {
        let request = format!("COLLECT FIELDS 1 @brand LIMIT 0 2 SORTBY 2 @price {order} DISTINCT");
        vec![group(&[], &[&request])]
    };
    let shown = |order: &str, rows: &str| {
        let order = order.to_lowercase();
        format!("collectfields,1,brand,limit,0,2,sortby,2,price,{order},distinct=[{rows}]")
    };
    check(by("ASC"), &[&shown("ASC", "{brand:bolt},{brand:acme}")]);
    check(by("DESC"), &[&shown("DESC", "{brand:bolt},{brand:acme}")]);
}

#[test]
fn orders() {
    check(vec![sort("price", true, 0, 2)], &["price=5", "price=10"]);
}

#[test]
fn numbers_sort_as_numbers_and_missing_values_last() {
    let number = || apply("case(exists(@price), @price, 0) + 0", "n");
    check(vec![number(), sort("n", false, 1, 2)], &["price=20 n=20", "price=10 n=10"]);
    let steps = vec![Step::Load(vec![(name("brand"), name("brand"))]), sort("price", false, 0, 10)];
    let (rows, total) = run(steps).unwrap();
    assert_eq!(rows.last().unwrap(), "brand=coil");
    assert_eq!(total, 5);
}

#[test]
fn what_there_is_counts_and_not_what_is_shown() {
    let total = |steps| run(steps).unwrap().1;
    let brands = || group(&["brand"], &["COUNT"]);
    assert_eq!(total(vec![sort("price", true, 0, 2), Step::LoadAll, limit(0, 1)]), 5);
    assert_eq!(total(vec![brands(), limit(0, 1)]), 3);
    let none = Step::Arrange(Arrange { none: true, ..Arrange::default() });
    assert_eq!(run(vec![none]).unwrap(), (Vec::new(), 5));
    assert_eq!(total(vec![sort("price", true, 0, 3), brands()]), 2);
    assert_eq!(total(vec![brands(), Step::Filter(name("@count > 1")), limit(0, 9)]), 2);
    assert_eq!(total(vec![Step::Filter(name("@colour == 'red'")), limit(0, 9)]), 3);
}

#[test]
fn very_many_fields_are_grouped_by_in_time() {
    let names: Vec<Vec<u8>> = (0..30_000).map(|number| name(&format!("f{number}"))).collect();
    let load = Step::Load(names.iter().map(|name| (name.clone(), name.clone())).collect());
    let (rows, total) = run(vec![load, Step::Group { by: names, reduce: Vec::new() }]).unwrap();
    assert_eq!((rows.len(), total), (1, 1));
}

#[test]
fn mistakes() {
    refused(vec![group(&["none"], &["COUNT"])], "No such property `none`");
    refused(vec![sort("none", true, 0, 0)], "Property `none` not loaded nor in schema");
    refused(vec![group(&[], &["SUM @none"])], "Property not loaded nor in pipeline: `none`");
    refused(vec![group(&[], &["NOPE @price"])], "No such reducer: NOPE");
    refused(vec![group(&[], &["COUNT 1"])], "Count accepts 0 values only");
    let twice = "Property `brand` specified more than once";
    refused(vec![group(&["brand", "brand"], &[])], twice);
    let twice = "Property `count` specified more than once";
    refused(vec![group(&["brand"], &["COUNT", "COUNT"])], twice);
    refused(
        vec![group(&[], &["SUM"])],
        "Bad arguments for SUM: Expected an argument, but none provided",
    );
    refused(vec![group(&[], &["QUANTILE @price 2"])], "Percentage must be between 0.0 and 1.0");
    refused(vec![group(&[], &["RANDOM_SAMPLE @price 5000"])], "Sample size too large");
    refused(
        vec![group(&[], &["COUNT"]), Step::LoadAll],
        "LOAD cannot be applied after projectors or reducers",
    );
    refused(
        vec![group(&[], &["COUNT"]), apply("@price", "p")],
        "Property not loaded nor in pipeline: `price`",
    );
    refused(vec![apply("1 +", "x")], "Syntax error at offset 2 near '1'");
    let missing = run(vec![apply("@price + 1", "x")]).unwrap_err().to_string();
    assert!(missing.starts_with("Could not find the value"), "{missing}");
}

#[test]
fn cursors_are_read_and_expire() {
    let rows = |count: usize| {
        let row =
            |number| Row { values: vec![Some(Value::Number(number as f64))], ..Row::default() };
        (0..count).map(row).collect::<Vec<_>>()
    };
    let pipeline = || Plan::default().compile(&|_| false, Limits::default(), 1).unwrap();
    let mut cursors = Cursors::default();
    let id = cursors.add(Cursor::new(b"i", pipeline(), rows(5), 2, 100), 1000).unwrap();
    assert_eq!(cursors.take(b"other", id, 1000).unwrap_err(), CursorError::NotFound(id));
    let mut cursor = cursors.take(b"i", id, 1050).unwrap();
    assert_eq!(
        (cursor.read(None).len(), cursor.read(Some(1)).len(), cursor.is_done()),
        (2, 1, false)
    );
    cursors.put_back(id, cursor, 1050);
    let mut cursor = cursors.take(b"i", id, 1150).unwrap();
    // A read that gets what it wants does not know that there is no more.
    assert_eq!((cursor.read(Some(2)).len(), cursor.is_done()), (2, false));
    assert_eq!((cursor.read(Some(9)).len(), cursor.is_done()), (0, true));
    let id = cursors.add(Cursor::new(b"i", pipeline(), rows(5), 2, 100), 2000).unwrap();
    assert_eq!(cursors.take(b"i", id, 2101).unwrap_err(), CursorError::NotFound(id));
    for _ in 0..Cursors::PER_INDEX {
        cursors.add(Cursor::new(b"i", pipeline(), rows(1), 2, 100), 3000).unwrap();
    }
    let more = Cursor::new(b"i", pipeline(), rows(1), 2, 100);
    assert_eq!(cursors.add(more, 3000), Err(CursorError::TooMany));
    cursors.drop_index(b"i");
    assert!(cursors.is_empty());
}

proptest! {
    #[test]
    fn a_bounded_sort_gives_what_a_full_one_gives(
        numbers in prop::collection::vec(0u16..500, 0..3000),
        wanted in 1usize..50,
        offset in 0usize..20,
        ascending: bool,
    ) {
        let steps = vec![sort("n", ascending, offset, wanted)];
        let mut pipeline =
            Plan { steps }.compile(&|_| true, Limits::default(), 1).unwrap();
        for number in &numbers {
            let values = vec![Some(Value::Number(f64::from(*number)))];
            let mut row = Row { values, ..Row::default() };
            prop_assert!(pipeline.push(&mut row).unwrap().is_continue());
        }
        let got: Vec<_> = pipeline.finish().unwrap().iter()
            .map(|row| row.values[0].as_ref().unwrap().number().unwrap() as u16).collect();
        let mut all = numbers.clone();
        all.sort_unstable();
        if !ascending {
            all.reverse();
        }
        let want: Vec<_> = all.into_iter().skip(offset).take(wanted).collect();
        prop_assert_eq!(got, want);
    }
}
