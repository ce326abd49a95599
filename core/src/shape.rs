//! The shape of an image.

/// Channels × height (P) × width (Q) of an image; its pixels lie in that order, row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// C, the number of channels.
    pub channels: usize,
    /// P, the number of rows.
    pub height: usize,
    /// Q, the number of columns.
    pub width: usize,
}

impl Shape {
    /// The numbers in one image, C·P·Q, or `None` where that overflows.
    pub fn len(&self) -> Option<usize> {
        self.pixels()?.checked_mul(self.channels)
    }

    /// Whether the image holds no number at all.
    pub fn is_empty(&self) -> bool {
        self.channels == 0 || self.height == 0 || self.width == 0
    }

    /// The pixels of one image, P·Q, or `None` where that overflows.
    pub fn pixels(&self) -> Option<usize> {
        self.height.checked_mul(self.width)
    }
}

impl core::fmt::Display for Shape {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}x{}x{}", self.channels, self.height, self.width)
    }
}
