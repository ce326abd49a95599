//! Proves at link time that the core's entry points cannot panic: the panic handler calls a function that does not exist, so the
//! library links only where the optimiser has found every panic unreachable. `core/no-panic/check` builds it, and builds it
//! once more with a core that can panic, which must fail.
#![no_std]

use ultrawide_core::{dual, *};

unsafe extern "C" {
    fn the_core_can_panic() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    // SAFETY: never run: this function does not exist, and a library that calls it does not link.
    unsafe { the_core_can_panic() }
}

/// Functions that the library exports, so that they and what they call are linked.
macro_rules! entries {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty $body:block)*) => {
        $(#[unsafe(no_mangle)] #[inline(never)] pub fn $name($($argument: $type),*) -> $result $body)*
    };
}

macro_rules! numbers {
    ($float:ty: $($kappa0:ident $kappa1:ident $prepare:ident $conv:ident $dense:ident $layers:ident $deviation:ident
        $product:ident $products:ident $add:ident $cap:ident $flip:ident $average:ident $polynomial:ident)*) => {
        entries! {$(
            $kappa0(x: $float) -> $float { dual::kappa0(x) }
            $kappa1(x: $float) -> $float { dual::kappa1(x) }
            $prepare(net: &Conv, x: &[$float], out: &mut [$float]) -> Result<(), Error> { prepare(net, x, out) }
            $conv(net: &Conv, x: &[$float], y: &[$float], cap: Option<$float>, scratch: &mut [$float], out: &mut [$float])
                -> Result<(), Error> { conv_pair(net, x, y, cap, scratch, out) }
            $dense(net: &Dense, x: &[$float], y: &[$float], cap: Option<$float>, out: &mut [$float])
                -> Result<(), Error> { dense_pair(net, x, y, cap, out) }
            $layers(net: &Dense, covariance: $float, x: (&[$float], [$float; 3]), y: (&[$float], [$float; 3]), cap: Option<$float>,
                out: &mut [$float]) -> Result<(), Error> { dense_layers(net, covariance, x, y, cap, out) }
            $deviation(x: &[$float]) -> [$float; 3] { dense_deviation(x) }
            $product(x: &[$float], y: &[$float]) -> [[$float; 1]; 1] { block_products([x], [y]) }
            $products(x: [&[$float]; 2], y: [&[$float]; 3]) -> [[$float; 3]; 2] { block_products(x, y) }
            $add(sum: [$float; 2], term: $float) -> [$float; 2] { add_exactly(sum, term) }
            $cap(x: &[$float], y: &[$float]) -> Option<$float> { identity_cap(x, y) }
            $flip(x: &[$float], width: usize, out: &mut [$float]) -> Result<(), Error> { flip(x, width, out) }
            $average(x: &mut [$float], y: &[$float]) -> Result<(), Error> { average_flipped(x, y) }
            $polynomial(u: $float, coefficients: &'static [$float], unit: $float) -> $float { polynomial(u, coefficients, unit) }
        )*}
    };
}

numbers! { f32: kappa0_f32 kappa1_f32 prepare_f32 conv_f32 dense_f32 layers_f32 deviation_f32 product_f32 products_f32 add_f32 cap_f32 flip_f32 average_f32 polynomial_f32 }
numbers! { f64: kappa0_f64 kappa1_f64 prepare_f64 conv_f64 dense_f64 layers_f64 deviation_f64 product_f64 products_f64 add_f64 cap_f64 flip_f64 average_f64 polynomial_f64 }

entries! {
    request(kernels: &[Kernel], depths: &[usize], trained: Trained) -> Result<Request, Error> {
        Request::new(kernels, depths, trained)
    }
    dense_net(request: Request, slope: f64, strength: f64) -> Result<Dense, Error> {
        Dense::new(request).with_slope(slope)?.with_residual(strength)
    }
    conv_net(shape: Shape, filter: usize, readouts: &[Readout], request: Request) -> Result<Conv, Error> {
        Conv::new(shape, filter, readouts, request)
    }
    leaky_net(net: Conv, slope: f64) -> Result<Conv, Error> { net.with_slope(slope) }
    tricks(net: &Conv, dense: &Dense) -> (f64, f64, Option<f64>) { (net.slope(), dense.slope(), dense.residual()) }
    lengths(net: &Conv, dense: &Dense, shape: Shape) -> [usize; 8] {
        let shape_lens = [shape.len().unwrap_or(0), shape.pixels().unwrap_or(0), usize::from(shape.is_empty())];
        let [len, pixels, empty] = shape_lens;
        [prepared_len(net), conv_scratch_len(net), net.outputs(), dense.outputs(), len, pixels, empty, net.pixels()]
    }
    conv_description(net: &Conv) -> (Shape, usize, &[Readout], &Request) {
        (net.shape(), net.filter(), net.readouts(), net.request())
    }
    request_description(net: &Dense) -> (&[Kernel], &[usize], Trained, usize) {
        let request = net.request();
        (request.kernels(), request.depths(), request.trained(), request.layers())
    }
    message(error: &Error, shape: &Shape, to: &mut dyn core::fmt::Write) -> core::fmt::Result {
        write!(to, "{error} {shape}")
    }
}
