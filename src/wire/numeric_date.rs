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
    let digit = |value: i64, byte: u8| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0'));
    if number.len() > 12 { None } else { number.bytes().try_fold(0, digit) }
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

    proptest! {
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
