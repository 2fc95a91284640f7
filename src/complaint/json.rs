//! JSON from outside, within bounds: values are counted while they are read, a field that stands twice is a fault, and what
//! is `_internal` is gone before it is ever held.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::fault::{Cause, Fault};
use crate::bounds::{COMPLAINT_JSON_DEPTH_MAX, COMPLAINT_JSON_VALUES_MAX};

/// The field of XARF that is of one house alone.
const INTERNAL: &str = "_internal";

/// Reads one value and nothing behind it.
pub(super) fn read(bytes: &[u8]) -> Result<Value, Fault> {
    let whole = |cause| Fault { path: "$".to_owned(), cause };
    let text = std::str::from_utf8(bytes)
        .map_err(|fault| whole(Cause::NotUtf8 { at: fault.valid_up_to() }))?;
    let count = Count { left: Cell::new(COMPLAINT_JSON_VALUES_MAX), why: Cell::new(None) };
    let mut source = serde_json::Deserializer::from_str(text);
    let read = Reading { count: &count, depth: 0 }.deserialize(&mut source);
    let value = read.and_then(|value| source.end().map(|()| value)).map_err(|fault| {
        let place = Cause::NotJson { line: fault.line(), column: fault.column() };
        whole(count.why.get().unwrap_or(place))
    })?;
    match count.why.get() {
        Some(cause) => Err(whole(cause)),
        None => Ok(value),
    }
}

/// What a whole document has left, and why it ended where that was no fault of the grammar.
struct Count {
    left: Cell<usize>,
    why: Cell<Option<Cause>>,
}

impl Count {
    fn fail<E: Error>(&self, cause: Cause) -> E {
        self.why.set(Some(cause));
        E::custom("bound")
    }
}

#[derive(Clone, Copy)]
struct Reading<'a> {
    count: &'a Count,
    depth: usize,
}

impl Reading<'_> {
    fn inside<E: Error>(self) -> Result<Self, E> {
        if self.depth >= COMPLAINT_JSON_DEPTH_MAX {
            return Err(self.count.fail(Cause::TooDeep { most: COMPLAINT_JSON_DEPTH_MAX }));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        let Some(left) = self.count.left.get().checked_sub(1) else {
            return Err(self.count.fail(Cause::TooMany { most: COMPLAINT_JSON_VALUES_MAX }));
        };
        self.count.left.set(left);
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut list = Vec::new();
        while let Some(entry) = entries.next_element_seed(inside)? {
            list.push(entry);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            if name == INTERNAL {
                entries.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = entries.next_value_seed(inside)?;
            if object.insert(name, value).is_some() {
                self.count.why.set(Some(Cause::Repeated));
            }
        }
        Ok(Value::Object(object))
    }
}
