//! Trained classifiers, as `ultrawide export --target c` writes them.

use ultrawide_classifier::{Affine, Images, Model, Network};

use crate::buffer::{apart, input, output, read, span, write};
use crate::error::code;
use crate::error::uw_error::{self, *};
use crate::network::{self, uw_readout};

/// pixel = `number * scale[c] + offset[c]`, one pair for each channel c.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct uw_affine {
    /// As many as there are channels.
    pub scale: *const f32,
    /// As many as there are channels.
    pub offset: *const f32,
}

/// A trained classifier: f(x) = sum over i of k(x, image_i) weight_i, the class is the argmax.
///
/// `ultrawide export --target c` writes one as C source. Everything it points to can lie in read-only memory.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct uw_classifier {
    /// C, the channels of an image.
    pub channels: u32,
    /// P, its rows.
    pub height: u32,
    /// Q, its columns.
    pub width: u32,
    /// The size of the filters, odd; 0 for a fully connected net.
    pub filter: u32,
    /// The readout; {0, 0} for a fully connected net.
    pub readout: uw_readout,
    /// A constant of uw_kernel.
    pub kernel: u32,
    /// A constant of uw_trained.
    pub trained: u32,
    /// Layers with weights.
    pub depth: u32,
    /// The number of classes.
    pub classes: u32,
    /// The number of support images.
    pub support: u32,
    /// Normalises an image that is to be classified.
    pub input: uw_affine,
    /// The support images as normalised pixels, or NULL.
    pub images_f32: *const f32,
    /// The support images as bytes, or NULL; one of the two is not NULL.
    pub images_u8: *const u8,
    /// Normalises the bytes; two NULL where there are none.
    pub bytes: uw_affine,
    /// A row of `classes` weights for each support image.
    pub weights: *const f32,
}

/// What is read while a classifier is at work.
struct Reads<'a> {
    model: Model<'a>,
    spans: [core::ops::Range<usize>; 6],
}

impl uw_classifier {
    /// # Safety
    /// Pointers are NULL or lead to as many numbers as the fields say, which nothing writes as long as the model lives.
    unsafe fn check<'a>(&self) -> Result<Reads<'a>, uw_error> {
        let shape = network::shape(self.channels, self.height, self.width);
        let network = match (self.filter, self.readout) {
            (0, uw_readout { pooling: 0, lap: 0 }) => Network::Dense,
            (0, _) => return Err(UW_ERROR_VALUE),
            (filter, readout) => Network::Conv { filter: filter as usize, readout: network::readout(readout)? },
        };
        let (classes, support) = (self.classes as usize, self.support as usize);
        let numbers = shape.len().and_then(|len| len.checked_mul(support)).ok_or(UW_ERROR_TOO_LARGE)?;
        let weights = classes.checked_mul(support).ok_or(UW_ERROR_TOO_LARGE)?;
        // SAFETY: the caller's promise.
        let affine = |affine: &uw_affine| unsafe {
            let scale = input(affine.scale, shape.channels)?;
            Ok::<_, uw_error>(Affine { scale, offset: input(affine.offset, shape.channels)? })
        };
        let (images, images_span) = match (self.images_f32.is_null(), self.images_u8.is_null()) {
            (true, true) => return Err(UW_ERROR_NULL),
            (false, false) => return Err(UW_ERROR_VALUE),
            (false, true) => {
                // SAFETY: the caller's promise.
                (Images::F32(unsafe { input(self.images_f32, numbers) }?), span(self.images_f32, numbers)?)
            }
            (true, false) => {
                // SAFETY: the caller's promise.
                let pixels = unsafe { input(self.images_u8, numbers) }?;
                (Images::U8 { pixels, affine: affine(&self.bytes)? }, span(self.images_u8, numbers)?)
            }
        };
        let bytes =
            |pointer: *const f32| if self.images_u8.is_null() { Ok(0..0) } else { span(pointer, shape.channels) };
        let spans = [
            images_span,
            span(self.weights, weights)?,
            span(self.input.scale, shape.channels)?,
            span(self.input.offset, shape.channels)?,
            bytes(self.bytes.scale)?,
            bytes(self.bytes.offset)?,
        ];
        let model = Model {
            shape,
            network,
            kernel: network::kernel(self.kernel)?,
            trained: network::trained(self.trained)?,
            depth: self.depth as usize,
            input: affine(&self.input)?,
            images,
            // SAFETY: the caller's promise.
            weights: unsafe { input(self.weights, weights) }?,
            classes,
        };
        Ok(Reads { model, spans })
    }
}

/// The floats of workspace that uw_classify needs.
///
/// Errors: UW_ERROR_NULL and UW_ERROR_ALIGNMENT; what is wrong with the classifier.
///
/// # Safety
/// Pointers, those of the classifier too, are NULL or lead to what they say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uw_classifier_workspace(classifier: *const uw_classifier, len: *mut usize) -> uw_error {
    let run = || {
        // SAFETY: the caller's promise; all fields are integers and pointers.
        let reads = unsafe { read(classifier)?.check() }?;
        // SAFETY: the caller's promise.
        unsafe { write(len, reads.model.workspace_len()?) }
    };
    code(run())
}

/// The class of an image, counted from 0, the lowest one where several have the largest score; and the scores of all classes.
///
/// ```text
///     score_c = sum over i of k(x, image_i) weight_(i,c)
/// ```
///
/// Shapes: `pixels`: C P Q numbers, not yet normalised: for data of bytes 0 to 255, for the bundled digits 0 to 16. `workspace`: at
/// least what uw_classifier_workspace says, of any content. `scores`: one for each class.
/// Accuracy: the bits are those that `ultrawide export` computed, on every machine.
/// Errors: UW_ERROR_NULL, UW_ERROR_ALIGNMENT, UW_ERROR_OVERLAP, UW_ERROR_LENGTH; what is wrong with the classifier. After an error
/// `scores` and `class_index` are as they were.
/// Cost: for each support image what uw_conv_prepare_f32 and uw_conv_pair_f32 cost, or uw_dense_pair_f32.
///
/// # Safety
/// Pointers, those of the classifier too, are NULL or lead to what they say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uw_classify(
    classifier: *const uw_classifier,
    pixels: *const f32,
    pixels_len: usize,
    workspace: *mut f32,
    workspace_len: usize,
    scores: *mut f32,
    scores_len: usize,
    class_index: *mut u32,
) -> uw_error {
    let run = || {
        // SAFETY: the caller's promise; all fields are integers and pointers.
        let Reads { model, spans: [a, b, c, d, e, f] } = unsafe { read(classifier)?.check() }?;
        let outputs = [span(workspace, workspace_len)?, span(scores, scores_len)?, span(class_index, 1)?];
        apart(outputs, [a, b, c, d, e, f, span(pixels, pixels_len)?])?;
        // SAFETY: the caller's promise.
        let pixels = unsafe { input(pixels, pixels_len) }?;
        // SAFETY: the caller's promise, and they do not overlap with each other nor with an input.
        let (workspace, scores) = unsafe { (output(workspace, workspace_len)?, output(scores, scores_len)?) };
        let class = model.classify(pixels, workspace, scores)?;
        // There are as many classes as a u32 can count.
        // SAFETY: the caller's promise.
        unsafe { write(class_index, class as u32) }
    };
    code(run())
}
