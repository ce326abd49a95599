//! Writes `reference.h` for `test/test.c` to standard output: networks, images, and the bits that the core computes of them in Rust.

use std::fmt::{Display, Write};

use ultrawide_c::{uw_conv, uw_dense, uw_kernel::*, uw_pooling::*, uw_readout, uw_request, uw_trained::*};
use ultrawide_classifier::{Affine, Images, Model, Network};
use ultrawide_core::*;

/// Numbers that look random and are the same everywhere; floats of either precision hold them exactly.
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 20) as f32 / 1024.0 - 2.0
    };
    (0..count).map(next).collect()
}

fn array<T: Display>(text: &mut String, of: &str, name: &str, numbers: impl IntoIterator<Item = T>) {
    let numbers: Vec<String> = numbers.into_iter().map(|number| number.to_string()).collect();
    writeln!(text, "static const {of} {name}[{}] = {{{}}};", numbers.len(), numbers.join(", ")).unwrap();
}

fn bits_f32(values: Vec<f32>) -> impl Iterator<Item = String> {
    values.into_iter().map(|value| format!("{:#x}u", value.to_bits()))
}

fn bits_f64(values: Vec<f64>) -> impl Iterator<Item = String> {
    values.into_iter().map(|value| format!("{:#x}u", value.to_bits()))
}

/// The kernels of (x, y), (x, x) and (y, x), one after the other.
fn conv<S: Scalar>(net: &Conv, images: &[f32]) -> Vec<S> {
    let zero = S::from_f64(0.0);
    let images: Vec<S> = images.iter().map(|&pixel| S::from_f64(pixel.into())).collect();
    let prepared: Vec<(&[S], Vec<S>)> = images
        .chunks(images.len() / 2)
        .map(|image| {
            let mut prepared = vec![zero; prepared_len(net)];
            prepare(net, image, &mut prepared).unwrap();
            (image, prepared)
        })
        .collect();
    let mut scratch = vec![zero; conv_scratch_len(net)];
    let mut kernels = vec![];
    for (x, y) in [(0, 1), (0, 0), (1, 0)] {
        let ((x, x_prepared), (y, y_prepared)) = (&prepared[x], &prepared[y]);
        let mut out = vec![zero; net.outputs()];
        conv_pair(net, x_prepared, y_prepared, identity_cap(x, y), &mut scratch, &mut out).unwrap();
        kernels.extend(out);
    }
    kernels
}

fn dense<S: Scalar>(net: &Dense, inputs: &[f32]) -> Vec<S> {
    let inputs: Vec<S> = inputs.iter().map(|&number| S::from_f64(number.into())).collect();
    let inputs: Vec<&[S]> = inputs.chunks(inputs.len() / 2).collect();
    let mut kernels = vec![];
    for (x, y) in [(0, 1), (0, 0), (1, 0)] {
        let mut out = vec![S::from_f64(0.0); net.outputs()];
        dense_pair(net, inputs[x], inputs[y], identity_cap(inputs[x], inputs[y]), &mut out).unwrap();
        kernels.extend(out);
    }
    kernels
}

fn request(kernels: &[u32], depths: &[u32], trained: u32) -> uw_request {
    let mut request = uw_request { trained, ..Default::default() };
    request.kernels[..kernels.len()].copy_from_slice(kernels);
    request.depths[..depths.len()].copy_from_slice(depths);
    request
}

fn core_request(request: &uw_request) -> Request {
    let kernel = |&number: &u32| if number == UW_NTK as u32 { Kernel::Ntk } else { Kernel::Nngp };
    let kernels: Vec<_> = request.kernels.iter().filter(|&&number| number != 0).map(kernel).collect();
    let depths: Vec<_> = request.depths.iter().filter(|&&depth| depth != 0).map(|&depth| depth as usize).collect();
    let trained = if request.trained == UW_TRAIN_ALL as u32 { Trained::All } else { Trained::Hidden };
    Request::new(&kernels, &depths, trained).unwrap()
}

fn request_text(request: &uw_request) -> String {
    let list = |numbers: &[u32]| numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    format!("{{{{{}}}, {{{}}}, {}}}", list(&request.kernels), list(&request.depths), request.trained)
}

fn main() {
    let both = [UW_NTK as u32, UW_NNGP as u32];
    let ntk = [UW_NTK as u32];
    let (all, hidden) = (UW_TRAIN_ALL as u32, UW_TRAIN_HIDDEN as u32);
    let readouts = |list: &[(u32, u32)]| {
        let mut readouts = [uw_readout::default(); ultrawide_c::UW_MAX_READOUTS];
        for (to, &(pooling, lap)) in readouts.iter_mut().zip(list) {
            *to = uw_readout { pooling, lap };
        }
        readouts
    };
    let (vanilla, gap, lap) = (UW_VANILLA as u32, UW_GAP as u32, UW_LAP as u32);
    let net = |shape: [u32; 3], filter, list: &[(u32, u32)], request| {
        let [channels, height, width] = shape;
        uw_conv { channels, height, width, filter, readouts: readouts(list), request, slope: 0.0 }
    };
    let leaky = |slope, net| uw_conv { slope, ..net };
    let nets = [
        net([1, 8, 8], 3, &[(vanilla, 0), (gap, 0), (lap, 2)], request(&both, &[3, 4], all)),
        net([2, 3, 5], 5, &[(lap, 1)], request(&ntk, &[3, 7], hidden)),
        net([3, 1, 1], 1, &[(vanilla, 0)], request(&ntk, &[2], all)),
        net([1, 4, 3], 3, &[(gap, 0)], request(&both, &[21], hidden)),
        net([3, 6, 6], 3, &[(vanilla, 0), (lap, 4096)], request(&[UW_NNGP as u32], &[2, 5, 11], all)),
        leaky(0.1, net([1, 5, 4], 3, &[(vanilla, 0), (gap, 0)], request(&both, &[3, 6], all))),
        leaky(-1.0, net([2, 3, 3], 5, &[(lap, 1)], request(&ntk, &[4], hidden))),
    ];
    let mut text = String::from("/* Made by c/examples/reference.rs. */\n");
    let mut cases = vec![];
    for (index, net) in nets.iter().enumerate() {
        let shape = Shape { channels: net.channels as usize, height: net.height as usize, width: net.width as usize };
        let list: Vec<_> = (net.readouts.iter())
            .filter(|readout| readout.pooling != 0)
            .map(|readout| match readout.pooling {
                pooling if pooling == vanilla => Readout::Vanilla,
                pooling if pooling == gap => Readout::Gap,
                _ => Readout::Lap(readout.lap as usize),
            })
            .collect();
        let core = Conv::new(shape, net.filter as usize, &list, core_request(&net.request)).unwrap();
        let core = core.with_slope(net.slope).unwrap();
        let images = numbers(2 * shape.len().unwrap(), index as u32);
        array(&mut text, "float", &format!("conv_{index}_images"), images.iter().map(|x| format!("{x:?}f")));
        array(&mut text, "uint32_t", &format!("conv_{index}_f32"), bits_f32(conv(&core, &images)));
        array(&mut text, "uint64_t", &format!("conv_{index}_f64"), bits_f64(conv(&core, &images)));
        let readouts: Vec<_> = net.readouts.iter().map(|r| format!("{{{}, {}}}", r.pooling, r.lap)).collect();
        cases.push(format!(
            "    {{{{{}, {}, {}, {}, {{{}}}, {}, {:?}}}, {{{}, {}, {}, {}}}, conv_{index}_images, conv_{index}_f32, conv_{index}_f64}}",
            net.channels,
            net.height,
            net.width,
            net.filter,
            readouts.join(", "),
            request_text(&net.request),
            net.slope,
            shape.len().unwrap(),
            prepared_len(&core),
            conv_scratch_len(&core),
            core.outputs()
        ));
    }
    writeln!(
        text,
        "static const struct {{\n    uw_conv net;\n    uw_lengths lengths;\n    const float *images;\n    const uint32_t *f32;\n    const \
         uint64_t *f64;\n}} conv_cases[{}] = {{\n{}\n}};",
        cases.len(),
        cases.join(",\n")
    )
    .unwrap();

    let mut cases = vec![];
    let plain = |request| uw_dense { request, ..Default::default() };
    let nets = [
        (64, plain(request(&both, &[2, 3, 5], all))),
        (300, plain(request(&ntk, &[3, 21], hidden))),
        (1, plain(request(&both, &[4], all))),
        (12, uw_dense { slope: -0.5, ..plain(request(&both, &[2, 6], all)) }),
        (30, uw_dense { slope: 0.2, strength: 0.75, residual: 1, ..plain(request(&both, &[3, 9], hidden)) }),
        (30, uw_dense { residual: 1, ..plain(request(&ntk, &[3], all)) }),
    ];
    for (index, (features, net)) in nets.iter().enumerate() {
        let core = Dense::new(core_request(&net.request)).with_slope(net.slope).unwrap();
        let core = if net.residual == 1 { core.with_residual(net.strength).unwrap() } else { core };
        let inputs = numbers(2 * features, 100 + index as u32);
        array(&mut text, "float", &format!("dense_{index}_inputs"), inputs.iter().map(|x| format!("{x:?}f")));
        array(&mut text, "uint32_t", &format!("dense_{index}_f32"), bits_f32(dense(&core, &inputs)));
        array(&mut text, "uint64_t", &format!("dense_{index}_f64"), bits_f64(dense(&core, &inputs)));
        cases.push(format!(
            "    {{{{{}, {:?}, {:?}, {}}}, {features}, {}, dense_{index}_inputs, dense_{index}_f32, dense_{index}_f64}}",
            request_text(&net.request),
            net.slope,
            net.strength,
            net.residual,
            core.outputs()
        ));
    }
    writeln!(
        text,
        "static const struct {{\n    uw_dense net;\n    size_t features;\n    size_t outputs;\n    const float *inputs;\n    const \
         uint32_t *f32;\n    const uint64_t *f64;\n}} dense_cases[{}] = {{\n{}\n}};",
        cases.len(),
        cases.join(",\n")
    )
    .unwrap();
    classifiers(&mut text);
    print!("{text}");
}

/// One classifier by bytes on a convolutional net and one by floats on a dense net.
fn classifiers(text: &mut String) {
    let shape = Shape { channels: 2, height: 3, width: 4 };
    let (support, classes, len) = (5, 3, 24);
    let images = numbers(support * len, 200);
    let bytes: Vec<u8> = images.iter().map(|x| ((x + 2.0) * 63.0) as u8).collect();
    let (weights, pixels) = (numbers(support * classes, 201), numbers(len, 202));
    let (scale, offset) = ([0.5_f32, 0.25], [-0.125_f32, 0.375]);
    let affine = Affine { scale: &scale, offset: &offset };
    let model = |network, images| Model {
        shape,
        network,
        kernel: Kernel::Ntk,
        trained: Trained::All,
        depth: 4,
        input: affine,
        images,
        weights: &weights,
        classes,
    };
    let conv = Network::Conv { filter: 3, readout: Readout::Lap(1) };
    let models = [model(conv, Images::U8 { pixels: &bytes, affine }), model(Network::Dense, Images::F32(&images))];
    let floats = |numbers: &[f32]| numbers.iter().map(|x| format!("{x:?}f")).collect::<Vec<_>>();
    array(text, "float", "model_scale", floats(&scale));
    array(text, "float", "model_offset", floats(&offset));
    array(text, "float", "model_weights", floats(&weights));
    array(text, "float", "model_pixels", floats(&pixels));
    array(text, "float", "model_images", floats(&images));
    array(text, "uint8_t", "model_bytes", &bytes);
    for (index, model) in models.iter().enumerate() {
        let (mut workspace, mut scores) = (vec![0.0; model.workspace_len().unwrap()], vec![0.0; classes]);
        let class = model.classify(&pixels, &mut workspace, &mut scores).unwrap();
        writeln!(text, "#define MODEL_{index}_CLASS {class}u\n#define MODEL_{index}_WORKSPACE {}u", workspace.len())
            .unwrap();
        array(text, "uint32_t", &format!("model_{index}_scores"), bits_f32(scores));
    }
}
