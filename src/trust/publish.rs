//! Publishing: the keys of a source as a document for others, and only of the sources that the host named.

use super::bundle;
use super::export::Said;
use super::format::Format;
use super::slot::{Authority, Key, Slot};
use super::source::Source;
use super::store::BundleStore;
use crate::clock::Now;
use crate::error::ConfigError;
use crate::verdict::Reason;
use std::collections::HashSet;
use std::sync::Arc;

impl BundleStore {
    /// Lets a source be published, or no longer. This is configuration: it may come before the source is fed, and
    /// stays when the source is removed.
    ///
    /// # Errors
    /// `source_name_invalid`, `store_poisoned`.
    pub fn allow_publishing(&self, source: Source<'_>, allowed: bool) -> Result<(), ConfigError> {
        let listed = (source.kind, Box::from(source.canonical()?));
        self.change(|_| {
            self.allow_list().update(|list| {
                let mut list = HashSet::clone(list);
                if allowed {
                    list.insert(listed);
                } else {
                    list.remove(&listed);
                }
                Arc::new(list)
            });
            Ok(())
        })
    }

    /// Writes what the store holds of a source as a document, rebuilt from the public members that were read:
    /// [`Format::SpiffeBundle`] of both slots, [`Format::Jwks`], [`Format::WorkloadApiJwks`] and
    /// [`Format::PublicKeyPem`] of the JWT keys, [`Format::X509Pem`] and [`Format::X509Der`] of the authorities.
    ///
    /// Keys that no reader of the format would use (Ed25519 or without a `kid` in the SPIFFE formats) are left out.
    /// `PUBLIC KEY` blocks hold neither `kid` nor `alg`.
    ///
    /// # Errors
    /// `source_not_published` of every source that is not on the list, known or not. `bundle_unavailable` if a slot
    /// that the format speaks for is not filled, `bundle_stale` if one is past its hard age: a new document would
    /// make it young again. `no_usable_keys` if the format has a place for none of the keys, or they were revoked
    /// and the format cannot say so (SPIFFE formats say `{"keys":[]}`). `format_unsupported`,
    /// `source_name_invalid`, `clock_invalid`, `store_poisoned`; `bundle_malformed` if the document would be larger
    /// than a reader takes.
    pub fn publish(&self, source: Source<'_>, format: Format, now: Now) -> Result<Vec<u8>, ConfigError> {
        let name = source.canonical()?;
        let now = now.resolve()?;
        let listed = (source.kind, Box::from(name));
        if !self.allow_list().read(|list| list.contains(&listed)) {
            return Err(Reason::SourceNotPublished.into());
        }
        if !format.feeds(source.kind) || !(format.has_keys() || format.has_authorities()) {
            let what = format!("{} does not hold the keys of such a source", format.name());
            return Err(ConfigError::new(Reason::FormatUnsupported, what));
        }
        let slots = self.between_updates(|| {
            let found = self.find(source.kind, name);
            found.map(|found| (found.jwt(), found.x509())).unwrap_or_default()
        })?;
        let jwt = format.has_keys().then(|| usable(slots.0, now)).transpose()?;
        let x509 = format.has_authorities().then(|| usable(slots.1, now)).transpose()?;
        let document = write(format, jwt.as_deref(), x509.as_deref())?;
        // Nothing goes out that would not be taken.
        bundle::read(name, format, &document)?;
        Ok(document)
    }
}

/// A slot that is filled and not stale.
fn usable<T>(slot: Option<Arc<Slot<T>>>, now: i64) -> Result<Arc<Slot<T>>, Reason> {
    let slot = slot.ok_or(Reason::BundleUnavailable)?;
    slot.origin.check_age(None, now)?;
    Ok(slot)
}

fn write(
    format: Format,
    jwt: Option<&Slot<Key>>,
    x509: Option<&Slot<Authority>>,
) -> Result<Vec<u8>, ConfigError> {
    let all_keys: &[Key] = jwt.map(|slot| slot.entries.as_slice()).unwrap_or_default();
    let keys: Vec<&Key> = all_keys.iter().filter(|key| format.has_place_for(key)).collect();
    let authorities: Vec<&Authority> = x509.iter().flat_map(|slot| slot.entries.iter()).collect();
    // Leaving out every key would read as their revocation.
    let lost = keys.is_empty() && !all_keys.is_empty();
    let revoked = keys.is_empty() && authorities.is_empty();
    if lost || (revoked && !format.can_revoke()) {
        let what = format!("nothing of the source can be written as {}", format.name());
        return Err(ConfigError::new(Reason::NoUsableKeys, what));
    }
    let origins = jwt.map(|slot| &slot.origin).into_iter().chain(x509.map(|slot| &slot.origin));
    let said = Said {
        sequence: origins.clone().filter_map(|origin| origin.sequence).max(),
        refresh_hint: origins.filter_map(|origin| origin.refresh_hint).min(),
    };
    format.write(&keys, &authorities, &said)
}
