//! Pointers of the caller, checked before anything is read or written.

use core::ops::Range;

use crate::error::uw_error::{self, *};

/// The addresses of `len` values, if there can be values.
pub(crate) fn span<T>(pointer: *const T, len: usize) -> Result<Range<usize>, uw_error> {
    if pointer.is_null() {
        return Err(UW_ERROR_NULL);
    }
    if !pointer.is_aligned() {
        return Err(UW_ERROR_ALIGNMENT);
    }
    let bytes = len.checked_mul(size_of::<T>()).filter(|&bytes| isize::try_from(bytes).is_ok());
    let end = bytes.and_then(|bytes| pointer.addr().checked_add(bytes));
    end.map(|end| pointer.addr()..end).ok_or(UW_ERROR_LENGTH)
}

/// Checks that no output overlaps with an input or another output.
pub(crate) fn apart<const O: usize, const I: usize>(
    outputs: [Range<usize>; O],
    inputs: [Range<usize>; I],
) -> Result<(), uw_error> {
    for (index, output) in outputs.iter().enumerate() {
        for other in inputs.iter().chain(outputs.iter().take(index)) {
            if output.start < other.end && other.start < output.end {
                return Err(UW_ERROR_OVERLAP);
            }
        }
    }
    Ok(())
}

/// A copy of a structure of plain numbers and pointers.
///
/// # Safety
/// Unless [`span`] refuses `pointer`, it leads to a `T`, of which every pattern of bits is a value.
pub(crate) unsafe fn read<T: Copy>(pointer: *const T) -> Result<T, uw_error> {
    span(pointer, 1)?;
    // SAFETY: not null and aligned; the caller answers for the rest.
    Ok(unsafe { pointer.read() })
}

/// Writes a number.
///
/// # Safety
/// Unless [`span`] refuses `pointer`, it leads to memory for a `T` that may be written.
pub(crate) unsafe fn write<T>(pointer: *mut T, value: T) -> Result<(), uw_error> {
    span(pointer, 1)?;
    // SAFETY: not null and aligned; the caller answers for the rest.
    unsafe { pointer.write(value) };
    Ok(())
}

/// The numbers of an input.
///
/// # Safety
/// Unless [`span`] refuses them, `len` numbers lie at `pointer`, and nothing writes them as long as the slice lives.
pub(crate) unsafe fn input<'a, T>(pointer: *const T, len: usize) -> Result<&'a [T], uw_error> {
    span(pointer, len)?;
    // SAFETY: not null, aligned, within the address space and at most isize::MAX bytes; the caller answers for the rest.
    Ok(unsafe { core::slice::from_raw_parts(pointer, len) })
}

/// The numbers of an output or of a scratch.
///
/// # Safety
/// Unless [`span`] refuses them, `len` numbers lie at `pointer`, and nothing else reads or writes them as long as the slice lives:
/// [`apart`] has been asked.
pub(crate) unsafe fn output<'a, T>(pointer: *mut T, len: usize) -> Result<&'a mut [T], uw_error> {
    span(pointer, len)?;
    // SAFETY: not null, aligned, within the address space and at most isize::MAX bytes; the caller answers for the rest.
    Ok(unsafe { core::slice::from_raw_parts_mut(pointer, len) })
}
