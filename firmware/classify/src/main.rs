//! Classifies test images with a classifier that the host exported: exit status 0 where every class and every bit of every score is
//! what the host found with the same code.
//!
//! All memory is static: the classifier lies in flash, the workspace in RAM, and the stack is painted to see how much it holds.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod classifier {
    include!(concat!(env!("OUT_DIR"), "/classifier.rs"));
}
#[cfg(target_os = "none")]
mod tests {
    include!(concat!(env!("OUT_DIR"), "/tests.rs"));
}

#[cfg(target_os = "none")]
#[board::entry]
fn main() -> ! {
    use board::{print, print_decimal};
    use classifier::{CLASSES, MODEL, WORKSPACE};
    use tests::{TEST_CLASSES, TEST_LABELS, TEST_PIXELS, TEST_SCORES};

    board::stack::paint();
    const LEN: usize = TEST_PIXELS.len() / TEST_LABELS.len();
    let (mut workspace, mut pixels, mut scores) = ([0.0; WORKSPACE], [0.0; LEN], [0.0; CLASSES.len()]);
    if cfg!(feature = "measure") {
        let counter = board::counter::Counter::start();
        let instructions = counter.count(|| {
            let _ = core::hint::black_box(MODEL.classify(&pixels, &mut workspace, &mut scores));
        });
        print_decimal(instructions);
        print(" instructions an image\n");
        board::exit(true)
    }
    let (mut right, mut different) = (0, 0);
    let images = TEST_PIXELS.chunks_exact(LEN).zip(TEST_SCORES.chunks_exact(CLASSES.len()));
    let known = TEST_LABELS.iter().zip(TEST_CLASSES.iter());
    for (index, ((image, expected), (&label, &class))) in images.zip(known).enumerate() {
        for (pixel, &byte) in pixels.iter_mut().zip(image) {
            *pixel = f32::from(byte);
        }
        let found = MODEL.classify(&pixels, &mut workspace, &mut scores);
        let provoked = u32::from(cfg!(feature = "provoke") && index == 0);
        let same = scores.iter().zip(expected).all(|(score, &bits)| score.to_bits() == bits ^ provoked);
        right += u64::from(found == Ok(usize::from(label)));
        different += u64::from(found != Ok(usize::from(class)) || !same);
    }
    print_decimal(right);
    print(" of ");
    print_decimal(TEST_LABELS.len() as u64);
    print(" test images are classified right; ");
    print_decimal(different);
    print(" differ from the host\nworkspace ");
    print_decimal(size_of_val(&workspace) as u64);
    print(" bytes, stack with it ");
    print_decimal(board::stack::peak() as u64);
    print(" bytes\n");
    board::exit(different == 0)
}

/// On the host `ultrawide export` does this.
#[cfg(not(target_os = "none"))]
fn main() {}
