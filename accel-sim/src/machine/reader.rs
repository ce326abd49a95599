//! Takes the keys of a TOML table one by one, so that errors can name them and what is left over is known.

use super::{MachineError, Unit};
use crate::format::Format;
use crate::number::Op;
use toml::de::{DeInteger, DeTable, DeValue};
use toml::{Table, Value};

/// A table of a machine file.
pub(super) struct Reader {
    file: String,
    /// The keys of the tables that this one is in, each with a dot.
    path: String,
    table: Table,
    /// What was asked for.
    known: Vec<String>,
}

impl Reader {
    pub(super) fn new(file: &str, text: &str) -> Result<Reader, MachineError> {
        let table = DeTable::parse(text).map_err(|error| MachineError::Syntax {
            file: file.to_owned(),
            line: text[..error.span().map_or(0, |span| span.start.min(text.len()))].matches('\n').count() + 1,
            reason: error.message().replace('\n', " "),
        })?;
        Ok(Reader { file: file.to_owned(), path: String::new(), table: plain(table.get_ref()), known: Vec::new() })
    }

    fn bad(&self, key: &str, value: &Value, admitted: &str) -> MachineError {
        MachineError::Value {
            file: self.file.clone(),
            key: format!("{}{key}", self.path),
            value: shown(value),
            admitted: admitted.to_owned(),
        }
    }

    fn take(&mut self, key: &str, admitted: &str) -> Result<Value, MachineError> {
        self.known.push(key.to_owned());
        self.table.remove(key).ok_or_else(|| MachineError::Missing {
            file: self.file.clone(),
            key: format!("{}{key}", self.path),
            admitted: admitted.to_owned(),
        })
    }

    pub(super) fn table(&mut self, key: &str) -> Result<Reader, MachineError> {
        match self.take(key, "a table")? {
            Value::Table(table) => {
                Ok(Reader { file: self.file.clone(), path: format!("{}{key}.", self.path), table, known: Vec::new() })
            }
            other => Err(self.bad(key, &other, "a table")),
        }
    }

    pub(super) fn string(&mut self, key: &str) -> Result<String, MachineError> {
        let admitted = "a string that is not empty";
        match self.take(key, admitted)? {
            Value::String(string) if !string.trim().is_empty() => Ok(string),
            other => Err(self.bad(key, &other, admitted)),
        }
    }

    pub(super) fn bool(&mut self, key: &str) -> Result<bool, MachineError> {
        let admitted = "true or false";
        match self.take(key, admitted)? {
            Value::Boolean(value) => Ok(value),
            other => Err(self.bad(key, &other, admitted)),
        }
    }

    pub(super) fn integer<T: TryFrom<i64>>(&mut self, key: &str, least: i64, most: i64) -> Result<T, MachineError> {
        let admitted = format!("whole numbers from {least} to {most}");
        let value = self.take(key, &admitted)?;
        let number = value.as_integer().filter(|number| (least..=most).contains(number));
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| self.bad(key, &value, &admitted))
    }

    pub(super) fn float(&mut self, key: &str, least: f64, most: f64) -> Result<f64, MachineError> {
        let admitted = format!("numbers from {least} to {most}");
        let value = self.take(key, &admitted)?;
        let number = value.as_float().or(value.as_integer().map(|number| number as f64));
        // What is no number is in no range.
        number.filter(|number| (least..=most).contains(number)).ok_or_else(|| self.bad(key, &value, &admitted))
    }

    /// The position of the value among `names`.
    pub(super) fn one_of(&mut self, key: &str, names: &[&str]) -> Result<usize, MachineError> {
        let admitted = names.join(", ");
        let value = self.take(key, &admitted)?;
        let position = value.as_str().and_then(|value| names.iter().position(|name| *name == value));
        position.ok_or_else(|| self.bad(key, &value, &admitted))
    }

    pub(super) fn format(&mut self, key: &str) -> Result<Format, MachineError> {
        let admitted = format!("f64, f32, bf16, f16, and qM.N with M + N from 1 to {}", crate::format::FIXED_BITS);
        let value = self.take(key, &admitted)?;
        value.as_str().and_then(|name| name.parse().ok()).ok_or_else(|| self.bad(key, &value, &admitted))
    }

    /// The units, which together do every operation.
    pub(super) fn units(&mut self, key: &str) -> Result<Vec<Unit>, MachineError> {
        let admitted = "one or more tables with a name and operations";
        let value = self.take(key, admitted)?;
        let Value::Array(tables) = &value else { return Err(self.bad(key, &value, admitted)) };
        let mut units = Vec::new();
        for (index, table) in tables.iter().enumerate() {
            let Value::Table(table) = table else { return Err(self.bad(key, &value, admitted)) };
            let path = format!("{}{key}[{index}].", self.path);
            let mut reader = Reader { file: self.file.clone(), path, table: table.clone(), known: Vec::new() };
            units.push(Unit { name: reader.string("name")?, operations: reader.operations("operations")? });
            reader.finish()?;
        }
        match Op::ALL.iter().find(|op| !units.iter().any(|unit| unit.operations.contains(op))) {
            Some(op) => Err(self.bad(key, &value, &format!("units of which one does {}", op.name()))),
            None => Ok(units),
        }
    }

    fn operations(&mut self, key: &str) -> Result<Vec<Op>, MachineError> {
        let admitted = format!("a list of {}", Op::ALL.map(Op::name).join(", "));
        let value = self.take(key, &admitted)?;
        let op = |name: &Value| Op::ALL.into_iter().find(|op| name.as_str() == Some(op.name()));
        let ops: Option<Vec<Op>> = value.as_array().and_then(|names| names.iter().map(op).collect());
        ops.filter(|ops| !ops.is_empty()).ok_or_else(|| self.bad(key, &value, &admitted))
    }

    /// Nothing may be left.
    pub(super) fn finish(self) -> Result<(), MachineError> {
        match self.table.iter().next() {
            None => Ok(()),
            Some((key, value)) => Err(MachineError::Unknown {
                file: self.file,
                key: format!("{}{key}", self.path),
                value: shown(value),
                admitted: self.known.join(", "),
            }),
        }
    }
}

/// The table with numbers of any size: the parser of [`Table`] refuses those of more than 64 bits without a word about their key.
fn plain(table: &DeTable) -> Table {
    table.iter().map(|(key, value)| (key.get_ref().to_string(), plain_value(value.get_ref()))).collect()
}

fn plain_value(value: &DeValue) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(digits) => integer(digits),
        // The parser has seen that they are digits; too many of them are infinite.
        DeValue::Float(digits) => Value::Float(digits.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(value) => Value::Boolean(*value),
        DeValue::Datetime(date) => Value::Datetime(*date),
        DeValue::Array(values) => Value::Array(values.iter().map(|value| plain_value(value.get_ref())).collect()),
        DeValue::Table(table) => Value::Table(plain(table)),
    }
}

/// A whole number; the nearest float where it has more than 64 bits.
fn integer(digits: &DeInteger) -> Value {
    let (text, radix) = (digits.as_str(), digits.radix());
    match i64::from_str_radix(text, radix) {
        Ok(number) => Value::Integer(number),
        Err(_) => Value::Float(i128::from_str_radix(text, radix).map_or(f64::INFINITY, |number| number as f64)),
    }
}

/// A value on one line, not too long.
fn shown(value: &Value) -> String {
    let line: String = value.to_string().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() > 60 { line.chars().take(57).chain("...".chars()).collect() } else { line }
}
