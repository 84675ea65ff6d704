//! Tiles by BMI2 and ADX, in rows of eight limbs by one: two chains of carries side by side, which no compiler makes of plain
//! integers.

#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // a call would pass eight registers through memory

use super::Tile;
use crate::crypto::mulx::Mulx;
use core::arch::asm;

/// acc += a rdx for the acc of nine limbs in `$r0` to `$r7` and, above them, `$r0` again: the lowest one is finished by
/// the first product, and `$lowest` says where it goes. The low halves of the products are one chain of carries (CF),
/// the high halves another (OF); both are cleared first, so that no row waits for the one before.
#[rustfmt::skip]
macro_rules! row {
    ($lowest:expr, $r0:literal $r1:literal $r2:literal $r3:literal $r4:literal $r5:literal $r6:literal $r7:literal) => {
        concat!(
            "xor {low:e}, {low:e}\n",
            "mulx {high}, {low}, [{a}]\n adcx ", $r0, ", {low}\n adox ", $r1, ", {high}\n",
            $lowest,
            "mulx {high}, {low}, [{a} + 8]\n adcx ", $r1, ", {low}\n adox ", $r2, ", {high}\n",
            "mulx {high}, {low}, [{a} + 16]\n adcx ", $r2, ", {low}\n adox ", $r3, ", {high}\n",
            "mulx {high}, {low}, [{a} + 24]\n adcx ", $r3, ", {low}\n adox ", $r4, ", {high}\n",
            "mulx {high}, {low}, [{a} + 32]\n adcx ", $r4, ", {low}\n adox ", $r5, ", {high}\n",
            "mulx {high}, {low}, [{a} + 40]\n adcx ", $r5, ", {low}\n adox ", $r6, ", {high}\n",
            "mulx {high}, {low}, [{a} + 48]\n adcx ", $r6, ", {low}\n adox ", $r7, ", {high}\n",
            "mulx ", $r0, ", {low}, [{a} + 56]\n adcx ", $r7, ", {low}\n",
            // What is left of both chains has room above.
            "mov {low:e}, 0\n adox ", $r0, ", {low}\n adcx ", $r0, ", {low}\n",
        )
    };
}

/// A row by the limb at `$at`, in whose place the lowest limb goes.
#[rustfmt::skip]
macro_rules! multiply {
    ($at:literal, $r0:literal $($r:literal)*) => {
        concat!("mov rdx, [{b} + ", $at, "]\n", row!(concat!("mov [{b} + ", $at, "], ", $r0, "\n"), $r0 $($r)*))
    };
}

/// A row by the multiple that makes the lowest limb zero: that limb times the one at `$at`, in whose place it goes.
#[rustfmt::skip]
macro_rules! reduce {
    ($at:literal, $r0:literal $($r:literal)*) => {
        concat!(
            "mov rdx, [{b} + ", $at, "]\n imul rdx, ", $r0, "\n mov [{b} + ", $at, "], rdx\n",
            row!("", $r0 $($r)*),
        )
    };
}

/// Eight rows, each of which begins a limb higher.
macro_rules! tile {
    ($row:ident, $acc:expr, $a:expr, $b:expr) => {{
        let [mut r0, mut r1, mut r2, mut r3, mut r4, mut r5, mut r6, mut r7]: Tile = $acc;
        let (a, b): (&Tile, &mut Tile) = ($a, $b);
        // SAFETY: a `Mulx` proves BMI2 and ADX. What is read is the eight limbs of `a` and of `b`, what is written those
        // of `b`; nothing is pushed.
        unsafe {
            asm!(
                $row!("0", "{r0}" "{r1}" "{r2}" "{r3}" "{r4}" "{r5}" "{r6}" "{r7}"),
                $row!("8", "{r1}" "{r2}" "{r3}" "{r4}" "{r5}" "{r6}" "{r7}" "{r0}"),
                $row!("16", "{r2}" "{r3}" "{r4}" "{r5}" "{r6}" "{r7}" "{r0}" "{r1}"),
                $row!("24", "{r3}" "{r4}" "{r5}" "{r6}" "{r7}" "{r0}" "{r1}" "{r2}"),
                $row!("32", "{r4}" "{r5}" "{r6}" "{r7}" "{r0}" "{r1}" "{r2}" "{r3}"),
                $row!("40", "{r5}" "{r6}" "{r7}" "{r0}" "{r1}" "{r2}" "{r3}" "{r4}"),
                $row!("48", "{r6}" "{r7}" "{r0}" "{r1}" "{r2}" "{r3}" "{r4}" "{r5}"),
                $row!("56", "{r7}" "{r0}" "{r1}" "{r2}" "{r3}" "{r4}" "{r5}" "{r6}"),
                a = in(reg) a.as_ptr(),
                b = in(reg) b.as_mut_ptr(),
                low = out(reg) _,
                high = out(reg) _,
                out("rdx") _,
                r0 = inout(reg) r0,
                r1 = inout(reg) r1,
                r2 = inout(reg) r2,
                r3 = inout(reg) r3,
                r4 = inout(reg) r4,
                r5 = inout(reg) r5,
                r6 = inout(reg) r6,
                r7 = inout(reg) r7,
                options(nostack),
            );
        }
        [r0, r1, r2, r3, r4, r5, r6, r7]
    }};
}

/// [`Tiles::multiply`](super::Tiles::multiply).
#[inline(always)]
pub(super) fn multiply(_: Mulx, acc: Tile, a: &Tile, b: &mut Tile) -> Tile {
    tile!(multiply, acc, a, b)
}

/// [`Tiles::reduce`](super::Tiles::reduce).
#[inline(always)]
pub(super) fn reduce(_: Mulx, acc: Tile, n: &Tile, m: &mut Tile) -> Tile {
    tile!(reduce, acc, n, m)
}
