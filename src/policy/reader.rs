//! A strict reader of configuration objects: every member is asked for, and what nobody asked for is an error.
//!
//! Errors name the JSON path and the kind of the mistake, never a value.

use crate::error::ConfigError;
use crate::verdict::Reason;
use crate::wire::json::{Kind, Str, Value};
use core::ops::RangeInclusive;

/// Ten years: no limit on a duration needs more.
pub(crate) const MAX_SECS: i64 = 10 * 366 * 86400;

/// A value and the path that leads to it.
pub(crate) struct Field<'a> {
    pub(crate) value: Value<'a>,
    pub(crate) path: String,
}

impl<'a> Field<'a> {
    pub(crate) fn fail<T>(&self, what: impl AsRef<str>) -> Result<T, ConfigError> {
        Err(ConfigError::new(Reason::ConfigInvalid, format!("{}: {}", self.path, what.as_ref())))
    }

    fn wrong_type<T>(&self, wanted: &str) -> Result<T, ConfigError> {
        self.fail(format!("must be {wanted}, not {}", self.value.kind().name()))
    }

    pub(crate) fn string(&self) -> Result<String, ConfigError> {
        match self.value.as_str() {
            Some(text) if text.is_empty() => self.fail("must not be empty"),
            Some(text) => Ok(text.decode()),
            None => self.wrong_type("a string"),
        }
    }

    pub(crate) fn boolean(&self) -> Result<bool, ConfigError> {
        self.value.as_bool().map_or_else(|| self.wrong_type("a boolean"), Ok)
    }

    pub(crate) fn integer(&self, range: RangeInclusive<i64>) -> Result<i64, ConfigError> {
        let Some(number) = self.value.as_number() else {
            return self.wrong_type("an integer");
        };
        match number.parse() {
            Ok(value) if range.contains(&value) => Ok(value),
            _ => self.fail(format!("must be an integer from {} to {}", range.start(), range.end())),
        }
    }

    /// The elements of a non-empty array.
    pub(crate) fn list(&self) -> Result<Vec<Field<'a>>, ConfigError> {
        if self.value.kind() != Kind::Array {
            return self.wrong_type("an array");
        }
        let element = |(at, value)| Field { value, path: format!("{}[{at}]", self.path) };
        let list: Vec<_> = self.value.elements().enumerate().map(element).collect();
        if list.is_empty() { self.fail("must not be empty") } else { Ok(list) }
    }

    /// The strings of a non-empty array without repetition.
    pub(crate) fn strings(&self) -> Result<Vec<Box<str>>, ConfigError> {
        let mut strings: Vec<Box<str>> = Vec::new();
        for element in self.list()? {
            let text: Box<str> = element.string()?.into();
            if strings.contains(&text) {
                return element.fail("occurs twice");
            }
            strings.push(text);
        }
        Ok(strings)
    }

    /// Reads an object; `known` is every member it may have.
    pub(crate) fn object(&self, known: &[&str]) -> Result<Object<'_, 'a>, ConfigError> {
        if self.value.kind() != Kind::Object {
            return self.wrong_type("an object");
        }
        for (name, value) in self.value.members() {
            if !known.iter().any(|k| name.is(k)) {
                let path = format!("{}.{}", self.path, printable(name.text()));
                let hint = known.iter().find(|k| is_typo(&name.text().decode(), k));
                let hint = hint.map_or(String::new(), |k| format!(" (did you mean `{k}`?)"));
                return Field { value, path }.fail(format!("unknown field{hint}"));
            }
        }
        Ok(Object { field: self })
    }
}

/// An object whose member names have been checked.
pub(crate) struct Object<'f, 'a> {
    field: &'f Field<'a>,
}

impl<'a> Object<'_, 'a> {
    pub(crate) fn optional(&self, name: &str) -> Option<Field<'a>> {
        let value = self.field.value.get(name)?;
        Some(Field { value, path: format!("{}.{name}", self.field.path) })
    }

    pub(crate) fn required(&self, name: &str) -> Result<Field<'a>, ConfigError> {
        self.optional(name).map_or_else(|| self.field.fail(format!("`{name}` is required")), Ok)
    }

    /// An optional member that is one of a few words.
    pub(crate) fn one_of<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, ConfigError> {
        let Some(field) = self.optional(name) else {
            return Ok(None);
        };
        let text = field.string()?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(Some(*value));
        }
        let words: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        field.fail(format!("must be {}", words.join(" or ")))
    }

    pub(crate) fn integer_or(
        &self,
        name: &str,
        range: RangeInclusive<i64>,
        default: i64,
    ) -> Result<i64, ConfigError> {
        self.optional(name).map_or(Ok(default), |field| field.integer(range))
    }

    pub(crate) fn boolean_or(&self, name: &str, default: bool) -> Result<bool, ConfigError> {
        self.optional(name).map_or(Ok(default), |field| field.boolean())
    }
}

/// A member name as far as it can be shown: names are configuration, but may hold anything.
fn printable(name: Str<'_>) -> String {
    name.chars().take(40).map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect()
}

/// One letter off, or two swapped.
fn is_typo(name: &str, known: &str) -> bool {
    let (a, b) = (name.as_bytes(), known.as_bytes());
    let start = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[start..], &b[start..]);
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[..a.len() - end], &b[..b.len() - end]);
    (a.len() <= 1 && b.len() <= 1) || (a.len() == 2 && b.len() == 2 && a[0] == b[1] && a[1] == b[0])
}
