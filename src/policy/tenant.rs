//! Issuers with a slot for the tenant: `https://login.example/{tenantid}/v2.0`, compared in place.

/// Stands for a tenant id, once or more often, always the same.
pub(crate) const SLOT: &str = "{tenantid}";
const GUID: usize = 36;

pub(crate) fn is_template(issuer: &str) -> bool {
    issuer.contains(SLOT)
}

/// Eight, four, four, four and twelve hexadecimal digits of either case.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == GUID && text.bytes().enumerate().all(|(at, byte)| is_guid_byte(at, byte))
}

fn is_guid_byte(at: usize, byte: u8) -> bool {
    if matches!(at, 8 | 13 | 18 | 23) { byte == b'-' } else { byte.is_ascii_hexdigit() }
}

/// The tenant that makes the template this `iss`, byte for byte.
pub(crate) fn tenant_in<'i>(template: &str, iss: &'i str) -> Option<&'i str> {
    let at = template.find(SLOT)?;
    let tenant = iss.get(at..at + GUID).filter(|tenant| is_guid(tenant))?;
    let mut parts = template.split(SLOT);
    let mut rest = iss.strip_prefix(parts.next()?)?;
    for part in parts {
        rest = rest.strip_prefix(tenant)?.strip_prefix(part)?;
    }
    rest.is_empty().then_some(tenant)
}

/// The pieces of the template filled with a tenant, in order. Any other issuer is one piece.
pub(crate) fn filled<'a>(template: &'a str, tenant: &'a str) -> impl Iterator<Item = &'a str> {
    let parts = template.split(SLOT).enumerate();
    parts.flat_map(move |(at, part)| [if at == 0 { "" } else { tenant }, part])
}

/// Whether one `iss` could be meant by either; slots of different tenants count as equal.
pub(crate) fn overlap(a: &str, b: &str) -> bool {
    let (a, b) = (widened(a), widened(b));
    a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| could_be(*a, *b) || could_be(*b, *a))
}

/// A byte of an issuer, or a place of a slot.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Byte(u8),
    Slot(usize),
}

fn widened(issuer: &str) -> Vec<Place> {
    let mut places = Vec::with_capacity(issuer.len() + GUID);
    for (at, part) in issuer.split(SLOT).enumerate() {
        if at > 0 {
            places.extend((0..GUID).map(Place::Slot));
        }
        places.extend(part.bytes().map(Place::Byte));
    }
    places
}

fn could_be(a: Place, b: Place) -> bool {
    match (a, b) {
        (Place::Slot(at), Place::Byte(byte)) => is_guid_byte(at, byte),
        // Slots that are out of step still share hexadecimal digits.
        (Place::Slot(_), Place::Slot(_)) => true,
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    const V2: &str = "https://login.microsoftonline.com/{tenantid}/v2.0";
    const CIAM: &str = "https://{tenantid}.ciamlogin.com/{tenantid}/v2.0";

    #[test]
    fn a_tenant_is_a_guid() {
        assert!(is_guid(TENANT) && is_guid(&TENANT.to_uppercase()));
        for bad in
            ["", "common", "../../../../../../../../../../../..", &TENANT[1..], &TENANT.replace('-', "a")]
        {
            assert!(!is_guid(bad), "{bad}");
        }
        assert!(!is_guid(&TENANT.replace("72f", "72g")) && !is_guid(&format!("{TENANT}0")));
    }

    #[test]
    fn templates_match_whole_issuers() {
        let iss = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
        assert_eq!(tenant_in(V2, &iss), Some(TENANT));
        for other in [
            iss.replace("v2.0", "v2.0/"),
            iss.replace("v2.0", "v1.0"),
            iss.replace("https", "http"),
            iss.replace(TENANT, "common"),
            iss.replace(TENANT, "{tenantid}"),
            iss.replace(TENANT, &TENANT[1..]),
            iss.replace(TENANT, &format!("{TENANT}/{TENANT}")),
            format!("{iss}x"),
            String::new(),
        ] {
            assert_eq!(tenant_in(V2, &other), None, "{other}");
        }
        assert_eq!(tenant_in(&iss, &iss), None); // no slot, no tenant
    }

    #[test]
    fn every_slot_holds_the_same_tenant() {
        let iss = |a: &str, b: &str| format!("https://{a}.ciamlogin.com/{b}/v2.0");
        assert_eq!(tenant_in(CIAM, &iss(TENANT, TENANT)), Some(TENANT));
        assert_eq!(tenant_in(CIAM, &iss(TENANT, &TENANT.to_uppercase())), None);
        assert_eq!(tenant_in(CIAM, &iss(TENANT, &TENANT.replace('7', "8"))), None);
    }

    #[test]
    fn filling_is_the_reverse() {
        assert_eq!(
            filled(CIAM, TENANT).collect::<String>(),
            format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0")
        );
        assert_eq!(filled("https://issuer.example", "").collect::<String>(), "https://issuer.example");
    }

    #[test]
    fn overlaps() {
        let one = V2.replace(SLOT, TENANT);
        for (a, b, expected) in [
            (V2, V2, true),
            (V2, &one, true),
            (&one, &one, true),
            (V2, CIAM, false),
            (V2, &*V2.replace(SLOT, "common"), false),
            (&one, &*one.replace('7', "8"), false),
            (V2, "https://sts.windows.net/{tenantid}/", false),
        ] {
            assert_eq!((overlap(a, b), overlap(b, a)), (expected, expected), "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn any_issuer_is_read(template in ".*\\{tenantid\\}.*", iss in ".*") {
            if let Some(tenant) = tenant_in(&template, &iss) {
                prop_assert_eq!(filled(&template, tenant).collect::<String>(), iss);
            }
        }

        #[test]
        fn what_was_filled_is_found(before in ".{0,9}", after in ".{0,9}") {
            let template = format!("{before}{SLOT}{after}");
            let iss: String = filled(&template, TENANT).collect();
            prop_assert_eq!(tenant_in(&template, &iss), Some(TENANT));
            prop_assert!(overlap(&template, &iss));
        }
    }
}
