//! Which vector instructions to use: found out at run time, the same bits whichever it is.
//!
//! `widest!` compiles one function body for every set; the language never contracts `a * b + c` or
//! reorders sums, so the copies differ in speed alone.

use std::sync::atomic::{AtomicU8, Ordering};

/// Vector instructions, narrow to wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstructionSet {
    /// What every processor of this architecture has.
    Baseline,
    Avx2,
    Avx512,
}

static LIMIT: AtomicU8 = AtomicU8::new(InstructionSet::Avx512 as u8);

impl InstructionSet {
    pub const ALL: [InstructionSet; 3] = [Self::Baseline, Self::Avx2, Self::Avx512];

    /// The widest that this processor has.
    pub fn available() -> InstructionSet {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
            {
                return InstructionSet::Avx512;
            }
            if is_x86_feature_detected!("avx2") {
                return InstructionSet::Avx2;
            }
        }
        InstructionSet::Baseline
    }

    /// Uses nothing wider than this from now on, in the whole process: for comparing the sets. Changes
    /// speed, never bits, so that it may be called at any time.
    pub fn limit(self) {
        LIMIT.store(self as u8, Ordering::Relaxed);
    }

    /// What `width` numbers side by side gain from: a vector must be full.
    #[inline]
    pub fn for_width(width: usize) -> InstructionSet {
        let limit = LIMIT.load(Ordering::Relaxed);
        if width >= 8 && limit == Self::Avx512 as u8 && Self::available() == Self::Avx512 {
            InstructionSet::Avx512
        } else if width >= 4 && limit >= Self::Avx2 as u8 && Self::available() >= Self::Avx2 {
            InstructionSet::Avx2
        } else {
            InstructionSet::Baseline
        }
    }
}

/// Defines a function over lanes that runs compiled for the widest set that pays at its lane count,
/// its first constant.
macro_rules! widest {
    ($(#[$meta:meta])* fn $name:ident<const $W:ident: usize $(, const $K:ident: usize)?>(
        $($argument:ident: $type:ty),* $(,)?
    ) $(-> $out:ty)? $body:block) => {
        $(#[$meta])*
        #[allow(clippy::too_many_arguments, reason = "plain slices are what vectorises")]
        fn $name<const $W: usize $(, const $K: usize)?>($($argument: $type),*) $(-> $out)? {
            #[inline(always)]
            fn portable<const $W: usize $(, const $K: usize)?>($($argument: $type),*) $(-> $out)? $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512dq,avx512vl")]
            fn avx512<const $W: usize $(, const $K: usize)?>($($argument: $type),*) $(-> $out)? {
                portable::<$W $(, $K)?>($($argument),*)
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2")]
            fn avx2<const $W: usize $(, const $K: usize)?>($($argument: $type),*) $(-> $out)? {
                portable::<$W $(, $K)?>($($argument),*)
            }

            #[cfg(target_arch = "x86_64")]
            match $crate::engine::instructions::InstructionSet::for_width($W) {
                // SAFETY (both): only a set that this processor was found to have is named.
                $crate::engine::instructions::InstructionSet::Avx512 => {
                    return unsafe { avx512::<$W $(, $K)?>($($argument),*) };
                }
                $crate::engine::instructions::InstructionSet::Avx2 => {
                    return unsafe { avx2::<$W $(, $K)?>($($argument),*) };
                }
                $crate::engine::instructions::InstructionSet::Baseline => {}
            }
            portable::<$W $(, $K)?>($($argument),*)
        }
    };
}
pub(crate) use widest;
