/* The convolutional NTK of two images of 4x4 pixels, with two readouts at two depths, in buffers that no allocator gave. */
#include <stdio.h>

#include "ultrawide.h"

#define PREPARED 146 /* what uw_conv_lengths tells for this net: asked once, written down */
#define SCRATCH 92

int main(void)
{
    static const uw_conv net = {
        .channels = 1,
        .height = 4,
        .width = 4,
        .filter = 3,
        .readouts = {{UW_VANILLA, 0}, {UW_GAP, 0}},
        .request = {.kernels = {UW_NTK}, .depths = {3, 5}, .trained = UW_TRAIN_ALL},
    };
    static const float x[16] = {0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 1, 1};
    static const float y[16] = {1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1};
    static float x_prepared[PREPARED], y_prepared[PREPARED], scratch[SCRATCH], kernels[4];
    uw_lengths need;
    uw_error error = uw_conv_lengths(&net, &need);
    if (error == UW_OK && (need.prepared != PREPARED || need.scratch > SCRATCH || need.outputs != 4)) {
        printf("prepared %zu, scratch %zu, outputs %zu are needed\n", need.prepared, need.scratch, need.outputs);
        return 1;
    }
    if (error == UW_OK) {
        error = uw_conv_prepare_f32(&net, x, need.pixels, x_prepared, PREPARED);
    }
    if (error == UW_OK) {
        error = uw_conv_prepare_f32(&net, y, need.pixels, y_prepared, PREPARED);
    }
    if (error == UW_OK) {
        error = uw_conv_pair_f32(&net, x_prepared, PREPARED, y_prepared, PREPARED, scratch, SCRATCH, kernels, need.outputs);
    }
    if (error != UW_OK) {
        printf("%s: %s\n", uw_error_name(error), uw_error_message(error));
        return 1;
    }
    printf("vanilla: %g at depth 3, %g at depth 5\n", kernels[0], kernels[1]);
    printf("gap:     %g at depth 3, %g at depth 5\n", kernels[2], kernels[3]);
    return 0;
}
