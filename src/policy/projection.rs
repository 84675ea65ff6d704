//! `evidence`: the claims that may leave the library, by name, in the evidence of an allow and nowhere else.

use super::map::is_name;
use super::pointer::Pointer;
use super::profile::{self, Profile};
use super::reader::Field;
use crate::error::ConfigError;
use crate::wire::canonical;
use crate::wire::json::{Kind, Value};

/// One claim under the name it has in evidence.
pub(crate) struct Projected {
    pub(crate) name: Box<str>,
    source: Source,
}

enum Source {
    Pointer(Pointer),
    /// A field of the provider's profile.
    Field(&'static profile::Field),
}

impl Projected {
    /// Reads an object of names to JSON Pointers, or to fields of the profile if there is one.
    pub(super) fn read_all(field: &Field<'_>, profile: Option<&Profile>) -> Result<Vec<Self>, ConfigError> {
        if field.value.kind() != Kind::Object {
            return field.fail(format!("must be an object, not {}", field.value.kind().name()));
        }
        let mut all = Vec::new();
        for (at, (name, value)) in field.value.members().enumerate() {
            let name = name.text().decode();
            let field = Field { value, path: format!("{}.<{at}>", field.path) };
            if !is_name(&name) {
                return field.fail("the name must be 1 to 64 characters of a-z 0-9 _");
            }
            let text = field.string()?;
            let source = match profile.and_then(|profile| profile.field(&text)) {
                Some(known) => Source::Field(known),
                None => {
                    Source::Pointer(Pointer::read(&text).map_or_else(|| field.fail(expected(profile)), Ok)?)
                }
            };
            all.push(Self { name: name.into(), source });
        }
        Ok(all)
    }

    /// The value as canonical JSON, if the credential has it.
    pub(crate) fn json(&self, claims: Value<'_>, subject: &str, now: i64) -> Option<String> {
        let mut json = String::new();
        match &self.source {
            Source::Pointer(pointer) => canonical::write(&mut json, pointer.find(claims)?),
            Source::Field(field) => field.value(claims, subject, now)?.write_json(&mut json),
        }
        Some(json)
    }
}

fn expected(profile: Option<&Profile>) -> String {
    let fields: Vec<_> = profile.into_iter().flat_map(Profile::field_names).collect();
    match &fields[..] {
        [] => "must be a JSON Pointer such as `/repository_id`".into(),
        _ => format!("must be a JSON Pointer or one of the profile's fields: {}", fields.join(" ")),
    }
}
