//! Source code: the classifier, and the test images with what it makes of them.

use std::fmt::{Display, Write as _};
use std::str::FromStr;

use super::table::{Support, Table};
use super::{Answers, Export};
use crate::data::{Dataset, Pixels};
use ultrawide_classifier::Network;
use ultrawide_core::{Kernel, Readout, Trained};

/// The language of the source code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// C99, for `ultrawide.h`.
    C,
    /// Rust, for the crate `ultrawide-classifier`; a file to `include!` or a module.
    Rust,
}

impl Language {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::C => "c",
            Self::Rust => "rust",
        }
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = [Self::C, Self::Rust].into_iter().find(|language| language.name() == name);
        found.ok_or_else(|| format!("unknown language {name:?}, known are c, rust"))
    }
}

/// Writes source code in one language.
#[derive(Clone, Debug)]
pub struct Source<'a> {
    /// The language.
    pub language: Language,
    /// What the names of C begin with; Rust has modules instead.
    pub name: &'a str,
}

/// The longest line.
const WIDTH: usize = 120;

impl Source<'_> {
    /// The classifier.
    pub fn table(&self, data: &Dataset, export: &Export) -> String {
        let table = &export.table;
        let mut text = self.comment(&[
            format!("A classifier made by `ultrawide export`: {}, {} support images of", table.name(), table.support()),
            format!("{} of {}, {}.", table.shape(), data.name, table.form()),
            format!("It classifies {} of {} test images right.", export.answers.right, data.test.labels.len()),
        ]);
        let workspace = table.model().workspace_len().unwrap_or(0);
        text.push_str(&match self.language {
            Language::C => self.c_constants(table, workspace),
            Language::Rust => rust_constants(table, workspace),
        });
        let mut floats =
            |what: &str, numbers: &[f32]| text.push_str(&self.array(None, what, "f32", &self.floats(numbers)));
        floats("input_scale", &table.input.scale);
        floats("input_offset", &table.input.offset);
        floats("weights", &table.weights);
        match &table.support {
            Support::F32(pixels) => floats("images", pixels),
            Support::U8(pixels, channels) => {
                floats("bytes_scale", &channels.scale);
                floats("bytes_offset", &channels.offset);
                text.push_str(&self.array(None, "images", "u8", pixels));
            }
        }
        text.push_str(&match self.language {
            Language::C => self.c_model(table),
            Language::Rust => rust_model(table),
        });
        text
    }

    /// Test images as they are before they are normalised, their classes, the classes and the bits of the scores that they must get.
    pub fn tests(&self, data: &Dataset, answers: &Answers) -> String {
        let mut text = self.comment(&[
            format!("{} test images of {} and what the classifier that was", data.test.labels.len(), data.name),
            "exported with them makes of them.".to_owned(),
        ]);
        if self.language == Language::C {
            text.push_str("#include <stdint.h>\n");
        }
        let bits: Vec<_> = answers.scores.iter().map(|score| format!("{:#010x}", score.to_bits())).collect();
        let pixels =
            |of, numbers: &[String]| self.array(Some("The images, not normalised."), "test_pixels", of, numbers);
        text.push_str(&match data.test.images.pixels() {
            Pixels::U8(bytes) => pixels("u8", &bytes.iter().map(u8::to_string).collect::<Vec<_>>()),
            Pixels::F32(floats) => pixels("f32", &self.floats(floats)),
            Pixels::F64(doubles) => {
                pixels("f32", &self.floats(&doubles.iter().map(|&pixel| pixel as f32).collect::<Vec<_>>()))
            }
        });
        text.push_str(&self.array(Some("Their classes."), "test_labels", "u16", &data.test.labels));
        text.push_str(&self.array(Some("The classes that they must get."), "test_classes", "u16", &answers.classes));
        text.push_str(&self.array(Some("The bits of the scores that they must get."), "test_scores", "u32", &bits));
        text
    }

    fn comment(&self, lines: &[String]) -> String {
        match self.language {
            // The name of a data set could hold the end of a comment.
            Language::C => format!("/* {} */\n", lines.join("\n * ").replace("*/", "* /")),
            Language::Rust => format!("// {}\n", lines.join("\n// ")),
        }
    }

    /// A constant array of a type that is named as in Rust; in Rust public where it is documented, in C always the file's own.
    fn array<T: Display>(&self, document: Option<&str>, what: &str, of: &str, numbers: &[T]) -> String {
        let count = numbers.len();
        let mut text = match (self.language, document) {
            (Language::C, _) => format!("\nstatic const {} {}_{what}[{count}] = {{", c_type(of), self.name),
            (Language::Rust, None) => {
                format!("\n#[rustfmt::skip]\nstatic {}: [{of}; {count}] = [", what.to_uppercase())
            }
            (Language::Rust, Some(line)) => {
                format!("\n/// {line}\n#[rustfmt::skip]\npub static {}: [{of}; {count}] = [", what.to_uppercase())
            }
        };
        let mut width = WIDTH;
        for number in numbers {
            let number = format!("{number},");
            if width + 1 + number.len() > WIDTH {
                text.push_str("\n    ");
                width = 4;
            } else {
                text.push(' ');
                width += 1;
            }
            width += number.len();
            text.push_str(&number);
        }
        text.push_str(match self.language {
            Language::C => "\n};\n",
            Language::Rust => "\n];\n",
        });
        text
    }

    /// The shortest decimals that are read back as the same bits.
    fn floats(&self, numbers: &[f32]) -> Vec<String> {
        let suffix = if self.language == Language::C { "f" } else { "" };
        numbers.iter().map(|number| format!("{number:?}{suffix}")).collect()
    }

    fn c_constants(&self, table: &Table, workspace: usize) -> String {
        let (name, upper, count) = (self.name, self.name.to_uppercase(), table.classes.len());
        let classes: Vec<_> = table.classes.iter().map(|class| c_string(class)).collect();
        format!(
            "#include \"ultrawide.h\"

/* The floats of workspace that uw_classify needs. */
#define {upper}_WORKSPACE {workspace}

extern const char *const {name}_classes[{count}];
const char *const {name}_classes[{count}] = {{{}}};
",
            classes.join(", ")
        )
    }

    fn c_model(&self, table: &Table) -> String {
        let name = self.name;
        let (filter, readout) = match table.network {
            Network::Dense => (0, "{0, 0}".to_owned()),
            Network::Conv { filter, readout: Readout::Vanilla } => (filter, "{UW_VANILLA, 0}".to_owned()),
            Network::Conv { filter, readout: Readout::Gap } => (filter, "{UW_GAP, 0}".to_owned()),
            Network::Conv { filter, readout: Readout::Lap(lap) } => (filter, format!("{{UW_LAP, {lap}}}")),
        };
        let kernel = if table.output.kernel == Kernel::Ntk { "UW_NTK" } else { "UW_NNGP" };
        let trained = if table.trained == Trained::All { "UW_TRAIN_ALL" } else { "UW_TRAIN_HIDDEN" };
        let (floats, bytes, affine) = match table.support {
            Support::F32(_) => (format!("{name}_images"), "NULL".to_owned(), "{NULL, NULL}".to_owned()),
            Support::U8(..) => {
                ("NULL".to_owned(), format!("{name}_images"), format!("{{{name}_bytes_scale, {name}_bytes_offset}}"))
            }
        };
        let shape = table.shape;
        let mut text = format!("\nextern const uw_classifier {name};\nconst uw_classifier {name} = {{\n");
        let fields: [(&str, &dyn Display); 15] = [
            ("channels", &shape.channels),
            ("height", &shape.height),
            ("width", &shape.width),
            ("filter", &filter),
            ("readout", &readout),
            ("kernel", &kernel),
            ("trained", &trained),
            ("depth", &table.output.depth),
            ("classes", &table.classes.len()),
            ("support", &table.support()),
            ("input", &format!("{{{name}_input_scale, {name}_input_offset}}")),
            ("images_f32", &floats),
            ("images_u8", &bytes),
            ("bytes", &affine),
            ("weights", &format!("{name}_weights")),
        ];
        for (field, value) in fields {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "    .{field} = {value},");
        }
        text.push_str("};\n");
        text
    }
}

fn rust_constants(table: &Table, workspace: usize) -> String {
    format!(
        "
/// The floats of workspace that `classify` needs.
pub const WORKSPACE: usize = {workspace};

/// The names of the classes.
#[rustfmt::skip]
pub static CLASSES: [&str; {}] = {:?};
",
        table.classes.len(),
        table.classes
    )
}

/// The type of C that Rust calls so.
fn c_type(name: &str) -> &str {
    match name {
        "f32" => "float",
        "u8" => "uint8_t",
        "u16" => "uint16_t",
        _ => "uint32_t",
    }
}

fn rust_model(table: &Table) -> String {
    let network = match table.network {
        Network::Dense => "Network::Dense".to_owned(),
        Network::Conv { filter, readout } => {
            format!("Network::Conv {{ filter: {filter}, readout: core::Readout::{readout:?} }}")
        }
    };
    let images = match table.support {
        Support::F32(_) => "Images::F32(&IMAGES)",
        Support::U8(..) => {
            "Images::U8 { pixels: &IMAGES, affine: Affine { scale: &BYTES_SCALE, offset: &BYTES_OFFSET } }"
        }
    };
    let shape = table.shape;
    format!(
        "
/// The classifier.
#[rustfmt::skip]
pub static MODEL: ultrawide_classifier::Model<'static> = {{
    use ultrawide_classifier::{{Affine, Images, Model, Network, core}};
    Model {{
        shape: core::Shape {{ channels: {}, height: {}, width: {} }},
        network: {network},
        kernel: core::Kernel::{:?},
        trained: core::Trained::{:?},
        depth: {},
        input: Affine {{ scale: &INPUT_SCALE, offset: &INPUT_OFFSET }},
        images: {images},
        weights: &WEIGHTS,
        classes: {},
    }}
}};
",
        shape.channels,
        shape.height,
        shape.width,
        table.output.kernel,
        table.trained,
        table.output.depth,
        table.classes.len()
    )
}

/// A string of C; what is no printable ASCII character is written in octal, which ends after three digits.
fn c_string(text: &str) -> String {
    let mut string = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' | b'?' => string.extend(['\\', char::from(byte)]),
            b' '..=b'~' => string.push(char::from(byte)),
            _ => string.push_str(&format!("\\{byte:03o}")),
        }
    }
    string + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_c_are_escaped() {
        assert_eq!(c_string("ankle boot"), "\"ankle boot\"");
        assert_eq!(c_string("a\"b\\c??=\u{e9}1\n"), "\"a\\\"b\\\\c\\?\\?=\\303\\2511\\012\"");
    }

    #[test]
    fn arrays_are_read_back_to_the_bit() {
        let numbers = [0.1_f32, -0.0, 1e-45, f32::MAX, 1.0, 16_777_216.0].repeat(9);
        for (language, suffix, close) in [(Language::Rust, "", "];"), (Language::C, "f", "};")] {
            let source = Source { language, name: "digits" };
            let text = source.array(None, "weights", "f32", &source.floats(&numbers));
            assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
            let (_, inside) = text.split_once("= ").unwrap();
            let (inside, _) = inside[1..].split_once(close).unwrap();
            let words = inside.split(',').map(str::trim).filter(|word| !word.is_empty());
            let read: Vec<f32> = words.map(|word| word.strip_suffix(suffix).unwrap().parse().unwrap()).collect();
            let bits = |numbers: &[f32]| numbers.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&read), bits(&numbers), "{text}");
        }
    }
}
