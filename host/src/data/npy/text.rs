//! The few pieces of Python that a `.npy` header is made of.

use super::header::MAX_DIMENSIONS;

/// The part of the header's text that has not been read.
pub(super) struct Text<'a> {
    rest: &'a [u8],
}

impl<'a> Text<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { rest: text }
    }

    /// The next byte that is no space.
    pub(super) fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.first().copied()
    }

    /// Takes the next byte if it is this one.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    pub(super) fn expect(&mut self, byte: u8) -> Result<(), String> {
        if self.take(byte) {
            return Ok(());
        }
        let found = self.peek().map_or("its end".to_owned(), |byte| format!("{:?}", char::from(byte)));
        Err(format!("{found} where {:?} should be", char::from(byte)))
    }

    /// A string in single or double quotes; the three keys and the element types need no escapes.
    pub(super) fn string(&mut self) -> Result<String, String> {
        let quote = if self.take(b'"') { b'"' } else { self.expect(b'\'').map(|()| b'\'')? };
        let end = self.rest.iter().position(|&byte| byte == quote).ok_or("a string has no end")?;
        let (string, rest) = self.rest.split_at(end);
        self.rest = &rest[1..];
        if string.len() > 64 || !string.iter().all(|&byte| byte.is_ascii_graphic() && byte != b'\\') {
            return Err("a string that names neither a key nor a plain element type".to_owned());
        }
        Ok(string.iter().copied().map(char::from).collect())
    }

    pub(super) fn boolean(&mut self) -> Result<bool, String> {
        self.peek();
        for (word, value) in [(&b"True"[..], true), (b"False", false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err("fortran_order is neither True nor False".to_owned())
    }

    pub(super) fn shape(&mut self) -> Result<Vec<usize>, String> {
        self.expect(b'(')?;
        let mut shape = Vec::new();
        while !self.take(b')') {
            if shape.len() == MAX_DIMENSIONS {
                return Err(format!("more than {MAX_DIMENSIONS} dimensions"));
            }
            shape.push(self.integer()?);
            if !self.take(b',') {
                self.expect(b')')?;
                break;
            }
        }
        Ok(shape)
    }

    pub(super) fn integer(&mut self) -> Result<usize, String> {
        self.peek();
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, rest) = self.rest.split_at(digits);
        if number.is_empty() {
            return Err("a dimension is no number".to_owned());
        }
        // Python 2 wrote long integers with this suffix.
        self.rest = rest.strip_prefix(b"L").unwrap_or(rest);
        number
            .iter()
            .try_fold(0_usize, |value, &digit| value.checked_mul(10)?.checked_add(usize::from(digit - b'0')))
            .ok_or_else(|| "a dimension is too large to count".to_owned())
    }
}
