// Nothing but the examples of that document, which are compiled here.
#![doc = include_str!("../../../docs/embedded.md")]
