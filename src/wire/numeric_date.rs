//! NumericDate (RFC 7519 section 2): exact decimal arithmetic, no float.

use crate::verdict::Reason;

/// 9999-12-31T23:59:59Z.
const MAX: i64 = 253_402_300_799;

/// Which whole second a fraction counts as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Round {
    /// For `exp` and `iat`.
    Down,
    /// For `nbf`.
    Up,
}

/// The whole seconds of a JSON number that the reader has checked.
pub(crate) fn parse(number: &str, round: Round) -> Result<i64, Reason> {
    match plain(number) {
        Some(seconds) if seconds <= MAX => Ok(seconds),
        Some(_) => Err(Reason::NumericDateInvalid),
        None => parse_any(number, round),
    }
}

/// A number of up to twelve digits and nothing else, which is what dates look like.
fn plain(number: &str) -> Option<i64> {
    if number.len() > 12 {
        return None;
    }
    let (eights, rest) = number.as_bytes().as_chunks();
    let high = match eights.first() {
        Some(eight) if are_digits(*eight) => value(*eight),
        Some(_) => return None,
        None => 0,
    };
    let digit = |value: i64, byte: &u8| byte.is_ascii_digit().then(|| value * 10 + i64::from(*byte - b'0'));
    rest.iter().try_fold(high, digit)
}

const EACH: u64 = 0x0101_0101_0101_0101;

/// Whether all of these are decimal digits.
#[inline]
pub(super) fn are_digits(eight: [u8; 8]) -> bool {
    // A digit begins with 3, also if 6 is added: nothing else does.
    let text = u64::from_le_bytes(eight);
    let begins = |text: u64| text & (0xf0 * EACH) == 0x30 * EACH;
    begins(text) && begins(text + 0x06 * EACH)
}

/// What eight digits mean: of two neighbours one number, and so on.
fn value(eight: [u8; 8]) -> i64 {
    let digits = u64::from_le_bytes(eight) & (0x0f * EACH);
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    ((fours * 10_000 + (fours >> 32)) & 0xffff_ffff).cast_signed()
}

fn parse_any(number: &str, round: Round) -> Result<i64, Reason> {
    let (negative, magnitude) = match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number),
    };
    let (mantissa, exponent) = match magnitude.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, saturating_exponent(exponent)),
        None => (magnitude, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    // Digits before the decimal point, once the exponent has moved it.
    let point = i64::try_from(whole.len()).unwrap_or(i64::MAX).saturating_add(exponent);

    let mut seconds: i64 = 0;
    let mut inexact = false;
    let mut position: i64 = 0;
    for digit in whole.bytes().chain(fraction.bytes()).map(|b| i64::from(b - b'0')) {
        if position < point {
            seconds = seconds * 10 + digit;
            if seconds > MAX {
                return Err(Reason::NumericDateInvalid);
            }
        } else {
            inexact |= digit != 0;
        }
        position += 1;
    }
    while position < point && seconds != 0 {
        seconds *= 10;
        position += 1;
        if seconds > MAX {
            return Err(Reason::NumericDateInvalid);
        }
    }
    let away_from_zero = inexact && (negative == (round == Round::Down));
    let seconds = seconds + i64::from(away_from_zero);
    if seconds > MAX {
        return Err(Reason::NumericDateInvalid);
    }
    Ok(if negative { -seconds } else { seconds })
}

/// An exponent of more digits than any date needs saturates: the value is zero or out of range.
fn saturating_exponent(text: &str) -> i64 {
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    };
    let value = digits.iter().fold(0i64, |v, b| v.saturating_mul(10).saturating_add(i64::from(b - b'0')));
    if negative { value.saturating_neg() } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn table() {
        let bad = Err(Reason::NumericDateInvalid);
        for (text, down, up) in [
            ("0", Ok(0), Ok(0)),
            ("-0", Ok(0), Ok(0)),
            ("-0.0e9", Ok(0), Ok(0)),
            ("1700000000", Ok(1_700_000_000), Ok(1_700_000_000)),
            ("1700000000.5", Ok(1_700_000_000), Ok(1_700_000_001)),
            ("1700000000.000", Ok(1_700_000_000), Ok(1_700_000_000)),
            ("1.7e9", Ok(1_700_000_000), Ok(1_700_000_000)),
            ("1.7E+9", Ok(1_700_000_000), Ok(1_700_000_000)),
            ("17000000005e-1", Ok(1_700_000_000), Ok(1_700_000_001)),
            ("0.0000000017e18", Ok(1_700_000_000), Ok(1_700_000_000)),
            ("-1", Ok(-1), Ok(-1)),
            ("-1.5", Ok(-2), Ok(-1)),
            ("-0.5", Ok(-1), Ok(0)),
            ("1e-400", Ok(0), Ok(1)),
            ("1e-99999999999999999999", Ok(0), Ok(1)),
            ("0e99999999999999999999", Ok(0), Ok(0)),
            ("253402300799", Ok(MAX), Ok(MAX)),
            ("253402300799.5", Ok(MAX), bad),
            ("253402300800", bad, bad),
            ("-253402300800", bad, bad),
            ("1e400", bad, bad),
            ("-1e400", bad, bad),
            ("9e18", bad, bad),
            ("18446744073709551616", bad, bad),
            ("1e99999999999999999999", bad, bad),
        ] {
            assert_eq!(parse(text, Round::Down), down, "{text} down");
            assert_eq!(parse(text, Round::Up), up, "{text} up");
        }
    }

    #[test]
    fn eight_digits_are_nothing_else() {
        for (at, byte) in (0..8).flat_map(|at| (0..=255).map(move |byte| (at, byte))) {
            let mut eight = *b"09182736";
            eight[at] = byte;
            assert_eq!(are_digits(eight), byte.is_ascii_digit(), "{at} {byte}");
        }
    }

    proptest! {
        #[test]
        fn plain_numbers_are_what_the_standard_library_reads(number in "[0-9]{1,12}|[0-9.e:/-]{1,12}") {
            let theirs = number.parse::<i64>().ok().filter(|_| number.bytes().all(|b| b.is_ascii_digit()));
            prop_assert_eq!(plain(&number), theirs);
        }

        /// Moving the decimal point and writing an exponent instead changes nothing.
        #[test]
        fn the_point_may_stand_anywhere(units in 0i64..=MAX, millis in 0u32..1000, shift in 0usize..12) {
            let digits = format!("{units:012}{millis:03}");
            let text = format!("{}.{}e{}", digits[..=shift].trim_start_matches('0').to_owned() + if digits[..=shift].trim_start_matches('0').is_empty() { "0" } else { "" }, &digits[shift + 1..], 11 - shift);
            prop_assert_eq!(parse(&text, Round::Down), Ok(units));
            let up = units + i64::from(millis > 0);
            prop_assert_eq!(parse(&text, Round::Up), if up > MAX { Err(Reason::NumericDateInvalid) } else { Ok(up) });
        }
    }
}
