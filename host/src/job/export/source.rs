//! Source code: the classifier, and the test images with what it makes of them.

use std::fmt::{Display, Write as _};
use std::str::FromStr;

use super::table::{Channels, Support, Table};
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
        let workspace = table.model().workspace_len().unwrap_or(0);
        let mut text = self.comment(&format!(
            "A classifier made by `ultrawide export`: {}, {} support images of {} of {}, {}. {} of {} test images are classified \
             right.",
            table.name(),
            table.support(),
            table.shape(),
            data.name,
            table.form(),
            export.answers.right,
            data.test.labels.len()
        ));
        let mut line = |line: String| {
            text.push_str(&line);
            text.push('\n');
        };
        let (c, name, upper) = (self.language == Language::C, self.name, self.name.to_uppercase());
        if c {
            line("#include \"ultrawide.h\"".to_owned());
            line(format!(
                "\n/* The floats of workspace that uw_classify needs. */\n#define {upper}_WORKSPACE {workspace}"
            ));
            let names: Vec<_> = table.classes.iter().map(|class| c_string(class)).collect();
            line(format!("\nextern const char *const {name}_classes[{}];", names.len()));
            line(format!("const char *const {name}_classes[{}] = {{{}}};", names.len(), names.join(", ")));
        } else {
            line(format!(
                "/// The floats of workspace that `classify` needs.\npub const WORKSPACE: usize = {workspace};"
            ));
            line(format!(
                "\n/// The names of the classes.\n#[rustfmt::skip]\npub static CLASSES: [&str; {}] = {:?};",
                table.classes.len(),
                table.classes
            ));
        }
        let floats = |numbers: &[f32]| numbers.iter().map(|&number| self.float(number)).collect::<Vec<_>>();
        let affine = |what: &str, channels: &Channels| {
            self.array(&format!("{what}_scale"), self.f32(), &floats(&channels.scale))
                + &self.array(&format!("{what}_offset"), self.f32(), &floats(&channels.offset))
        };
        line(affine("input", &table.input));
        match &table.support {
            Support::F32(pixels) => line(self.array("images", self.f32(), &floats(pixels))),
            Support::U8(pixels, channels) => {
                line(affine("bytes", channels));
                line(self.array("images", self.u8(), pixels));
            }
        }
        line(self.array("weights", self.f32(), &floats(&table.weights)));
        text.push_str(&if c { self.c_model(table) } else { rust_model(table) });
        text
    }

    /// Test images as they are before they are normalised, their classes, the classes and the bits of the scores that they must get.
    pub fn tests(&self, data: &Dataset, answers: &Answers) -> String {
        let (images, labels) = (&data.test.images, &data.test.labels);
        let mut text = self.comment(&format!(
            "{} test images of {}, their labels, and the classes and the bits of the scores that the classifier gives them.",
            labels.len(),
            data.name
        ));
        if self.language == Language::C {
            text.push_str("#include <stdint.h>\n");
        }
        text.push_str(&match images.pixels() {
            Pixels::U8(pixels) => self.array("test_pixels", self.u8(), pixels),
            Pixels::F32(pixels) => self.array(
                "test_pixels",
                self.f32(),
                &pixels.iter().map(|&pixel| self.float(pixel)).collect::<Vec<_>>(),
            ),
            Pixels::F64(pixels) => {
                let pixels = pixels.iter().map(|&pixel| self.float(pixel as f32)).collect::<Vec<_>>();
                self.array("test_pixels", self.f32(), &pixels)
            }
        });
        text.push_str(&self.array("test_labels", self.u16(), labels));
        text.push_str(&self.array("test_classes", self.u16(), &answers.classes));
        let bits: Vec<_> = answers.scores.iter().map(|score| format!("{:#010x}", score.to_bits())).collect();
        text.push_str(&self.array("test_scores", self.u32(), &bits));
        text
    }

    fn comment(&self, text: &str) -> String {
        match self.language {
            // Names of data sets could hold the end of a comment; class names are strings.
            Language::C => format!("/* {} */\n", text.replace("*/", "* /")),
            Language::Rust => format!("// {text}\n"),
        }
    }

    /// A constant array; in C public for the test images alone, whose file holds nothing else.
    fn array<T: Display>(&self, what: &str, of: &str, numbers: &[T]) -> String {
        let count = numbers.len();
        let mut text = match self.language {
            Language::C => format!("\nstatic const {of} {}_{what}[{count}] = {{", self.name),
            Language::Rust => {
                let public = if what.starts_with("test_") { "/// See above.\npub " } else { "" };
                format!("\n{public}#[rustfmt::skip]\nstatic {}: [{of}; {count}] = [", what.to_uppercase())
            }
        };
        if let Some(rest) = text.strip_prefix("\n/// See above.\npub ") {
            text = format!("\n/// See above.\n{}", rest.replacen("static", "pub static", 1));
        }
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

    fn f32(&self) -> &'static str {
        if self.language == Language::C { "float" } else { "f32" }
    }

    fn u8(&self) -> &'static str {
        if self.language == Language::C { "uint8_t" } else { "u8" }
    }

    fn u16(&self) -> &'static str {
        if self.language == Language::C { "uint16_t" } else { "u16" }
    }

    fn u32(&self) -> &'static str {
        if self.language == Language::C { "uint32_t" } else { "u32" }
    }

    /// The shortest decimal that is read back as the same bits.
    fn float(&self, number: f32) -> String {
        if self.language == Language::C { format!("{number:?}f") } else { format!("{number:?}") }
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
        let numbers = [0.1_f32, -0.0, 1e-45, f32::MAX, 1.0, 16_777_216.0];
        for (language, suffix) in [(Language::Rust, ""), (Language::C, "f")] {
            let source = Source { language, name: "digits" };
            let words: Vec<_> = numbers.iter().map(|&number| source.float(number)).collect();
            let text = source.array("weights", source.f32(), &words);
            let (_, inside) = text.split_once(['{', '=']).unwrap();
            let read: Vec<u32> = inside
                .split(',')
                .filter_map(|word| {
                    word.trim_matches([' ', '\n', '{', '[', '=']).strip_suffix(suffix)?.parse::<f32>().ok()
                })
                .map(f32::to_bits)
                .collect();
            assert_eq!(read, numbers.map(f32::to_bits), "{text}");
            assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
        }
    }
}
