//! Prints, for shapes and depths, the bytes of `f32` of a prepared image and of the scratch of a pair, separated by tabs.

use ultrawide_core::*;

fn main() -> Result<(), Error> {
    let shapes = [[1, 8, 8], [1, 28, 28], [3, 32, 32]];
    for [channels, height, width] in shapes {
        let shape = Shape { channels, height, width };
        for depth in [3, 5, 11, 21] {
            let request = Request::new(&[Kernel::Ntk], &[depth], Trained::All)?;
            let net = Conv::new(shape, 3, &[Readout::Vanilla], request)?;
            let bytes = |numbers: usize| numbers * size_of::<f32>();
            let (prepared, scratch) = (bytes(prepared_len(&net)), bytes(conv_scratch_len(&net)));
            println!("{height}×{width}×{channels}\t{depth}\t{prepared}\t{scratch}");
        }
    }
    Ok(())
}
