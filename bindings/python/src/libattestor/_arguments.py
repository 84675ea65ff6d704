"""Arguments as the C ABI takes them. A refusal names the argument and types, never a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ._reasons import Reason
from .errors import Misuse

# ATTESTOR_NOW: the library reads the clock.
SYSTEM_CLOCK: Final = -(2**63)


def octets(name: str, value: object) -> bytes:
    """Take text or bytes; a lone surrogate becomes bytes that are not UTF-8, for the library to refuse."""
    if type(value) is bytes:
        return value
    if isinstance(value, str):
        return str.encode(value, "utf-8", "surrogatepass")
    if isinstance(value, (bytes, bytearray, memoryview)):
        # A copy: nobody may change what is being judged.
        return bytes(memoryview(value))
    raise wrong_type(name, "str or a bytes-like object", value)


def text(name: str, value: object) -> bytes:
    """Take text."""
    if not isinstance(value, str):
        raise wrong_type(name, "str", value)
    return octets(name, value)


def binary(name: str, value: object) -> bytes:
    """Take bytes, which text is not."""
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise wrong_type(name, "a bytes-like object", value)
    return octets(name, value)


def certificates(name: str, value: object) -> bytes:
    """Take DER certificates, one by one or already one after the other."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return octets(name, value)
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise wrong_type(name, "a bytes-like object or a sequence of them", value)
    return b"".join([binary(name, certificate) for certificate in value])


def fields(name: str, value: object) -> dict[str, str]:
    """Take a copy of a mapping of text to text."""
    if not isinstance(value, Mapping):
        raise wrong_type(name, "a mapping of str to str", value)
    taken = dict(value)
    for part in (*taken, *taken.values()):
        if not isinstance(part, str):
            raise wrong_type(name, "a mapping of str to str", part)
    return taken


def clock(now: object) -> int:
    """Take Unix seconds, None for the system clock; no time that the ABI cannot hold is a usable one."""
    if now is None:
        return SYSTEM_CLOCK
    number = now if type(now) is int else integer("now", now)
    return number if 0 < number < 2**63 else 0


def seconds(name: str, value: object) -> int:
    """Take Unix seconds that are not now."""
    number = integer(name, value)
    if not 0 < number < 2**63:
        raise Misuse(Reason.ARGUMENT_INVALID, f"{name}: must be positive Unix seconds")
    return number


def age(name: str, value: object) -> int:
    """Take a limit in whole seconds. Not 0: to the ABI that is no limit, which only None may ask for."""
    number = integer(name, value)
    if not 0 < number < 2**64:
        raise Misuse(Reason.ARGUMENT_INVALID, f"{name}: must be a positive 64-bit integer")
    return number


def lifetime(name: str, value: object) -> int:
    """Take how many seconds something is good for; None is 0, which to the ABI is not said.

    0 becomes 1, which the library raises to its least like 0: hosts that cannot cache say 0.
    """
    return 0 if value is None else max(1, number_of_64_bits(name, value))


def number_of_64_bits(name: str, value: object) -> int:
    """Take an unsigned number as the ABI has them."""
    number = integer(name, value)
    if not 0 <= number < 2**64:
        raise Misuse(Reason.ARGUMENT_INVALID, f"{name}: must be an unsigned 64-bit integer")
    return number


def integer(name: str, value: object) -> int:
    """Take an integer, which a truth value is not."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong_type(name, "int", value)
    return value


def choice(name: str, value: object, numbers: Mapping[str, int], reason: Reason) -> int:
    """Take one of a few names and give its number."""
    if not isinstance(value, str):
        raise wrong_type(name, "str", value)
    if value not in numbers:
        raise Misuse(reason, f"{name}: must be one of {', '.join(numbers)}")
    return numbers[value]


def wrong_type(name: str, wanted: str, value: object) -> TypeError:
    """Say what was wanted and which type came."""
    return TypeError(f"{name} must be {wanted}, not {type(value).__name__}")
