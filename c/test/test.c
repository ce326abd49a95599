/* Checks libultrawide: kernels and scores to the bit, every error code, NULL, lengths, alignment, overlaps, what lies beside buffers.
 *
 * Runs with a C library and, with UW_FREESTANDING, without one (see cortex-m). Exit status 0 where all is right. */
#include <float.h>

#include "ultrawide.h"

#include "reference.h"

#ifdef UW_FREESTANDING
#include "cortex-m/board.h"
static double arena[12 * 1024];
static size_t arena_used;
#else
#include <stdio.h>
#include <stdlib.h>
#endif

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define GUARD 16u

static unsigned checks, failures;

static void say(const char *text)
{
#ifdef UW_FREESTANDING
    board_print(text);
#else
    fputs(text, stdout);
#endif
}

static void say_number(unsigned number)
{
    char text[12], *at = text + sizeof text - 1;
    *at = '\0';
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    say(at);
}

static void check(int right, const char *what, unsigned line)
{
    checks++;
    if (!right) {
        failures++;
        say("line ");
        say_number(line);
        say(": ");
        say(what);
        say("\n");
    }
}

#define CHECK(condition) check((condition) != 0, #condition, __LINE__)
#define GIVES(error, call) check((call) == (error), #call " gives " #error, __LINE__)

static int same_text(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* Memory of exactly this size, so that a reader past its end is found by valgrind. */
static void *take(size_t bytes)
{
#ifdef UW_FREESTANDING
    void *memory = arena + arena_used;
    arena_used += (bytes + sizeof *arena - 1) / sizeof *arena;
    if (arena_used > COUNT(arena)) {
        say("the arena is too small\n");
        board_exit(1);
    }
    return memory;
#else
    void *memory = malloc(bytes);
    if (memory == NULL) {
        exit(2);
    }
    return memory;
#endif
}

/* Gives all memory back on the board; the host's is freed one by one. */
static void reset(void)
{
#ifdef UW_FREESTANDING
    arena_used = 0;
#endif
}

static void give(void *memory)
{
#ifdef UW_FREESTANDING
    (void)memory;
#else
    free(memory);
#endif
}

static void fill(void *memory, unsigned char value, size_t bytes)
{
    unsigned char *at = memory;
    size_t i;
    for (i = 0; i < bytes; i++) {
        at[i] = value;
    }
}

static int holds(const void *memory, unsigned char value, size_t bytes)
{
    const unsigned char *at = memory;
    size_t i;
    for (i = 0; i < bytes; i++) {
        if (at[i] != value) {
            return 0;
        }
    }
    return 1;
}

static int same_bytes(const void *a, const void *b, size_t bytes)
{
    const unsigned char *x = a, *y = b;
    size_t i;
    for (i = 0; i < bytes; i++) {
        if (x[i] != y[i]) {
            return 0;
        }
    }
    return 1;
}

/* A buffer between guards. */
static void *take_guarded(size_t bytes)
{
    unsigned char *memory = take(bytes + 2 * GUARD);
    fill(memory, 0xA5, bytes + 2 * GUARD);
    return memory + GUARD;
}

static void give_guarded(void *buffer, size_t bytes)
{
    unsigned char *memory = (unsigned char *)buffer - GUARD;
    CHECK(holds(memory, 0xA5, GUARD));
    CHECK(holds(memory + GUARD + bytes, 0xA5, GUARD));
    give(memory);
}

/* The same tests for float and double. */
#define TESTS(number, suffix) \
    static void conv_##suffix(void) \
    { \
        size_t i, k; \
        for (i = 0; i < COUNT(conv_cases); i++) { \
            const uw_conv *net = &conv_cases[i].net; \
            const size_t len = conv_cases[i].lengths.pixels, prepared = conv_cases[i].lengths.prepared; \
            const size_t scratch_len = conv_cases[i].lengths.scratch, outputs = conv_cases[i].lengths.outputs; \
            const size_t out_bytes = outputs * sizeof(number); \
            number *pixels = take(len * sizeof(number)); \
            number *x = take_guarded(prepared * sizeof(number)), *y = take_guarded(prepared * sizeof(number)); \
            number *scratch = take_guarded(scratch_len * sizeof(number)), *out = take_guarded(out_bytes); \
            for (k = 0; k < len; k++) { \
                pixels[k] = (number)conv_cases[i].images[k]; \
            } \
            GIVES(UW_OK, uw_conv_prepare_##suffix(net, pixels, len, x, prepared)); \
            for (k = 0; k < len; k++) { \
                pixels[k] = (number)conv_cases[i].images[len + k]; \
            } \
            GIVES(UW_OK, uw_conv_prepare_##suffix(net, pixels, len, y, prepared)); \
            GIVES(UW_OK, uw_conv_pair_##suffix(net, x, prepared, y, prepared, scratch, scratch_len, out, outputs)); \
            CHECK(same_bytes(out, conv_cases[i].suffix, out_bytes)); \
            GIVES(UW_OK, uw_conv_pair_##suffix(net, x, prepared, x, prepared, scratch, scratch_len, out, outputs)); \
            CHECK(same_bytes(out, conv_cases[i].suffix + outputs, out_bytes)); \
            GIVES(UW_OK, uw_conv_pair_##suffix(net, y, prepared, x, prepared, scratch, scratch_len, out, outputs)); \
            CHECK(same_bytes(out, conv_cases[i].suffix + 2 * outputs, out_bytes)); \
 \
            fill(out, 0x5A, out_bytes); \
            GIVES(UW_ERROR_LENGTH, uw_conv_prepare_##suffix(net, pixels, len - 1, x, prepared)); \
            GIVES(UW_ERROR_LENGTH, uw_conv_prepare_##suffix(net, pixels, len, x, prepared - 1)); \
            GIVES(UW_ERROR_LENGTH, uw_conv_prepare_##suffix(net, pixels, SIZE_MAX / 2, x, prepared)); \
            GIVES(UW_ERROR_LENGTH, uw_conv_prepare_##suffix(net, pixels, 0, x, prepared)); \
            GIVES(UW_ERROR_OVERLAP, uw_conv_prepare_##suffix(net, x, len, x, prepared)); \
            GIVES(UW_ERROR_OVERLAP, uw_conv_prepare_##suffix(net, x + prepared - 1, len, x, prepared)); \
            GIVES(UW_ERROR_NULL, uw_conv_prepare_##suffix(NULL, pixels, len, x, prepared)); \
            GIVES(UW_ERROR_NULL, uw_conv_prepare_##suffix(net, NULL, len, x, prepared)); \
            GIVES(UW_ERROR_NULL, uw_conv_prepare_##suffix(net, pixels, len, NULL, prepared)); \
            GIVES(UW_ERROR_ALIGNMENT, uw_conv_prepare_##suffix(net, odd(pixels), len, x, prepared)); \
            GIVES(UW_ERROR_ALIGNMENT, uw_conv_prepare_##suffix(net, pixels, len, odd(x), prepared)); \
            GIVES(UW_ERROR_ALIGNMENT, uw_conv_prepare_##suffix(odd(net), pixels, len, x, prepared)); \
            GIVES(UW_ERROR_NULL, uw_conv_pair_##suffix(NULL, x, prepared, y, prepared, scratch, scratch_len, out, outputs)); \
            GIVES(UW_ERROR_NULL, uw_conv_pair_##suffix(net, NULL, prepared, y, prepared, scratch, scratch_len, out, outputs)); \
            GIVES(UW_ERROR_NULL, uw_conv_pair_##suffix(net, x, prepared, NULL, 0, scratch, scratch_len, out, outputs)); \
            GIVES(UW_ERROR_NULL, uw_conv_pair_##suffix(net, x, prepared, y, prepared, NULL, scratch_len, out, outputs)); \
            GIVES(UW_ERROR_NULL, uw_conv_pair_##suffix(net, x, prepared, y, prepared, scratch, scratch_len, NULL, outputs)); \
            GIVES(UW_ERROR_LENGTH, uw_conv_pair_##suffix(net, x, prepared - 1, y, prepared, scratch, scratch_len, out, outputs)); \
            GIVES(UW_ERROR_LENGTH, uw_conv_pair_##suffix(net, x, prepared, y, 0, scratch, scratch_len, out, outputs)); \
            GIVES(UW_ERROR_LENGTH, uw_conv_pair_##suffix(net, x, prepared, y, prepared, scratch, scratch_len - 1, out, outputs)); \
            GIVES(UW_ERROR_LENGTH, uw_conv_pair_##suffix(net, x, prepared, y, prepared, scratch, scratch_len, out, outputs - 1)); \
            GIVES(UW_ERROR_LENGTH, uw_conv_pair_##suffix(net, x, prepared, y, prepared, scratch, SIZE_MAX, out, outputs)); \
            GIVES(UW_ERROR_OVERLAP, uw_conv_pair_##suffix(net, x, prepared, y, prepared, x, scratch_len, out, outputs)); \
            GIVES(UW_ERROR_OVERLAP, uw_conv_pair_##suffix(net, x, prepared, y, prepared, scratch, scratch_len, y, outputs)); \
            GIVES(UW_ERROR_OVERLAP, uw_conv_pair_##suffix(net, x, prepared, y, prepared, scratch, scratch_len, scratch, outputs)); \
            GIVES(UW_ERROR_ALIGNMENT, \
                  uw_conv_pair_##suffix(net, odd(x), prepared, y, prepared, scratch, scratch_len, out, outputs)); \
            GIVES(UW_ERROR_ALIGNMENT, \
                  uw_conv_pair_##suffix(net, x, prepared, y, prepared, scratch, scratch_len, odd(out), outputs)); \
            CHECK(holds(out, 0x5A, out_bytes)); \
            give(pixels); \
            give_guarded(x, prepared * sizeof(number)); \
            give_guarded(y, prepared * sizeof(number)); \
            give_guarded(scratch, scratch_len * sizeof(number)); \
            give_guarded(out, out_bytes); \
            reset(); \
        } \
    } \
 \
    static void dense_##suffix(void) \
    { \
        size_t i, k, count = 0; \
        for (i = 0; i < COUNT(dense_cases); i++) { \
            const uw_dense *net = &dense_cases[i].net; \
            const size_t features = dense_cases[i].features, outputs = dense_cases[i].outputs; \
            const size_t out_bytes = outputs * sizeof(number); \
            number *x = take(features * sizeof(number)), *y = take(features * sizeof(number)); \
            number *out = take_guarded(out_bytes); \
            for (k = 0; k < features; k++) { \
                x[k] = (number)dense_cases[i].inputs[k]; \
                y[k] = (number)dense_cases[i].inputs[features + k]; \
            } \
            GIVES(UW_OK, uw_dense_outputs(net, &count)); \
            CHECK(count == outputs); \
            GIVES(UW_OK, uw_dense_pair_##suffix(net, x, y, features, out, outputs)); \
            CHECK(same_bytes(out, dense_cases[i].suffix, out_bytes)); \
            GIVES(UW_OK, uw_dense_pair_##suffix(net, x, x, features, out, outputs)); \
            CHECK(same_bytes(out, dense_cases[i].suffix + outputs, out_bytes)); \
            GIVES(UW_OK, uw_dense_pair_##suffix(net, y, x, features, out, outputs)); \
            CHECK(same_bytes(out, dense_cases[i].suffix + 2 * outputs, out_bytes)); \
 \
            fill(out, 0x5A, out_bytes); \
            GIVES(UW_ERROR_NULL, uw_dense_pair_##suffix(NULL, x, y, features, out, outputs)); \
            GIVES(UW_ERROR_NULL, uw_dense_pair_##suffix(net, NULL, y, features, out, outputs)); \
            GIVES(UW_ERROR_NULL, uw_dense_pair_##suffix(net, x, NULL, features, out, outputs)); \
            GIVES(UW_ERROR_NULL, uw_dense_pair_##suffix(net, x, y, features, NULL, outputs)); \
            GIVES(UW_ERROR_LENGTH, uw_dense_pair_##suffix(net, x, y, 0, out, outputs)); \
            GIVES(UW_ERROR_LENGTH, uw_dense_pair_##suffix(net, x, y, features, out, outputs + 1)); \
            GIVES(UW_ERROR_LENGTH, uw_dense_pair_##suffix(net, x, y, SIZE_MAX / 4, out, outputs)); \
            GIVES(UW_ERROR_OVERLAP, uw_dense_pair_##suffix(net, x, y, features, y, outputs)); \
            GIVES(UW_ERROR_ALIGNMENT, uw_dense_pair_##suffix(net, x, odd(y), features, out, outputs)); \
            CHECK(holds(out, 0x5A, out_bytes)); \
            give(x); \
            give(y); \
            give_guarded(out, out_bytes); \
            reset(); \
        } \
    }

/* A pointer that is aligned to nothing. It is never followed. */
static void *odd(const void *pointer)
{
    return (void *)((uintptr_t)pointer + 1);
}

TESTS(float, f32)
TESTS(double, f64)

static void lengths(void)
{
    size_t i;
    for (i = 0; i < COUNT(conv_cases); i++) {
        uw_lengths found = {0, 0, 0, 0};
        GIVES(UW_OK, uw_conv_lengths(&conv_cases[i].net, &found));
        CHECK(same_bytes(&found, &conv_cases[i].lengths, sizeof found));
    }
    GIVES(UW_ERROR_NULL, uw_conv_lengths(NULL, NULL));
    GIVES(UW_ERROR_NULL, uw_conv_lengths(&conv_cases[0].net, NULL));
    GIVES(UW_ERROR_ALIGNMENT, uw_conv_lengths(&conv_cases[0].net, odd(&conv_cases[0].lengths)));
    GIVES(UW_ERROR_NULL, uw_dense_outputs(NULL, &i));
    GIVES(UW_ERROR_NULL, uw_dense_outputs(&dense_cases[0].net, NULL));
}

/* Descriptions with one thing wrong. */
static void descriptions(void)
{
    static const uw_conv good = {1, 4, 4, 3, {{UW_VANILLA, 0}}, {{UW_NTK}, {3, 5}, UW_TRAIN_ALL}, 0};
    static const uw_dense good_dense = {{{UW_NTK}, {3, 5}, UW_TRAIN_ALL}, 0, 0, 0};
    uw_conv net;
    uw_dense dense;
    uw_lengths found;
    size_t count;
    float kernels[2];
    unsigned i;
#define WRONG(error, change) \
    net = good; \
    change; \
    GIVES(error, uw_conv_lengths(&net, &found))

    WRONG(UW_OK, (void)0);
    WRONG(UW_ERROR_EMPTY_SHAPE, net.channels = 0);
    WRONG(UW_ERROR_EMPTY_SHAPE, net.height = 0);
    WRONG(UW_ERROR_EMPTY_SHAPE, net.width = 0);
    WRONG(UW_ERROR_TOO_LARGE, net.channels = net.height = net.width = UINT32_MAX);
    WRONG(UW_ERROR_EVEN_FILTER, net.filter = 0);
    WRONG(UW_ERROR_EVEN_FILTER, net.filter = 4);
    WRONG(UW_OK, net.filter = UINT32_MAX);
    WRONG(UW_ERROR_EMPTY_LIST, net.readouts[0].pooling = 0);
    WRONG(UW_ERROR_VALUE, net.readouts[0].pooling = 4);
    WRONG(UW_ERROR_VALUE, net.readouts[0].pooling = UINT32_MAX);
    WRONG(UW_ERROR_VALUE, net.readouts[0].lap = 1);
    WRONG(UW_ERROR_VALUE, (net.readouts[1].pooling = 0, net.readouts[1].lap = 2));
    WRONG(UW_ERROR_POOLING_TOO_LARGE, (net.readouts[0].pooling = UW_LAP, net.readouts[0].lap = 4097));
    WRONG(UW_ERROR_DUPLICATE, net.readouts[1].pooling = UW_VANILLA);
    WRONG(UW_ERROR_LIST, net.readouts[3].pooling = UW_GAP);
    WRONG(UW_OK, net.readouts[1].pooling = UW_GAP);
    WRONG(UW_ERROR_EMPTY_LIST, net.request.kernels[0] = 0);
    WRONG(UW_ERROR_VALUE, net.request.kernels[0] = 3);
    WRONG(UW_ERROR_DUPLICATE, net.request.kernels[1] = UW_NTK);
    WRONG(UW_ERROR_LIST, (net.request.kernels[0] = 0, net.request.kernels[1] = UW_NTK));
    WRONG(UW_ERROR_EMPTY_LIST, net.request.depths[0] = net.request.depths[1] = 0);
    WRONG(UW_ERROR_SHALLOW_DEPTH, net.request.depths[0] = 1);
    WRONG(UW_ERROR_DEEP_DEPTH, net.request.depths[1] = 16385);
    WRONG(UW_ERROR_DEEP_DEPTH, net.request.depths[0] = UINT32_MAX);
    WRONG(UW_ERROR_UNORDERED_DEPTHS, net.request.depths[1] = 3);
    WRONG(UW_ERROR_UNORDERED_DEPTHS, net.request.depths[1] = 2);
    WRONG(UW_ERROR_LIST, net.request.depths[31] = 7);
    WRONG(UW_ERROR_VALUE, net.request.trained = 2);
    WRONG(UW_ERROR_NOTHING_TRAINED, (net.request.depths[0] = 2, net.request.trained = UW_TRAIN_HIDDEN));

    net = good;
    for (i = 0; i < UW_MAX_DEPTHS; i++) {
        net.request.depths[i] = 2 + i;
    }
    GIVES(UW_OK, uw_conv_lengths(&net, &found));
    CHECK(found.outputs == UW_MAX_DEPTHS);
    net = good;
    for (i = 0; i < UW_MAX_READOUTS; i++) {
        net.readouts[i].pooling = UW_LAP;
        net.readouts[i].lap = i;
    }
    GIVES(UW_OK, uw_conv_lengths(&net, &found));
    CHECK(found.outputs == 2 * UW_MAX_READOUTS);

    WRONG(UW_OK, net.slope = -1);
    WRONG(UW_ERROR_NOT_FINITE, (net.slope = DBL_MAX, net.slope *= 2));
    WRONG(UW_ERROR_NOT_FINITE, (net.slope = DBL_MAX, net.slope *= 2, net.slope -= net.slope));
#define WRONG_DENSE(error, change) \
    dense = good_dense; \
    change; \
    GIVES(error, uw_dense_outputs(&dense, &count))

    WRONG_DENSE(UW_OK, (void)0);
    WRONG_DENSE(UW_OK, dense.residual = 1);
    WRONG_DENSE(UW_OK, (dense.residual = 1, dense.strength = -1e6));
    WRONG_DENSE(UW_ERROR_VALUE, dense.strength = 1);
    WRONG_DENSE(UW_ERROR_VALUE, dense.residual = 2);
    WRONG_DENSE(UW_ERROR_VALUE, (dense.strength = DBL_MAX, dense.strength *= 2));
    WRONG_DENSE(UW_ERROR_NOT_FINITE, (dense.residual = 1, dense.strength = DBL_MAX, dense.strength *= 2));
    WRONG_DENSE(UW_ERROR_NOT_FINITE, (dense.slope = DBL_MAX, dense.slope *= 2));
    WRONG_DENSE(UW_ERROR_SHALLOW_DEPTH, dense.request.depths[0] = 1);

    /* Bytes that no program wrote. */
    for (i = 1; i < 256; i++) {
        fill(&net, (unsigned char)i, sizeof net);
        fill(&dense, (unsigned char)i, sizeof dense);
        CHECK(uw_conv_lengths(&net, &found) != UW_OK);
        CHECK(uw_dense_pair_f32(&dense, model_pixels, model_pixels, 2, kernels, 2) != UW_OK);
    }
}

static void classifier(void)
{
    static const uw_classifier models[2] = {
        {2, 3, 4, 3, {UW_LAP, 1}, UW_NTK, UW_TRAIN_ALL, 4, 3, 5, {model_scale, model_offset}, NULL, model_bytes,
         {model_scale, model_offset}, model_weights},
        {2, 3, 4, 0, {0, 0}, UW_NTK, UW_TRAIN_ALL, 4, 3, 5, {model_scale, model_offset}, model_images, NULL, {NULL, NULL},
         model_weights},
    };
    static const uint32_t classes[2] = {MODEL_0_CLASS, MODEL_1_CLASS};
    static const size_t lens[2] = {MODEL_0_WORKSPACE, MODEL_1_WORKSPACE};
    const uint32_t *const expected[2] = {model_0_scores, model_1_scores};
    const size_t len = COUNT(model_pixels);
    uw_classifier model;
    uint32_t found;
    size_t need, i;
    for (i = 0; i < 2; i++) {
        float *workspace = take_guarded(lens[i] * sizeof(float)), *scores = take_guarded(3 * sizeof(float));
        need = 0;
        found = 9;
        GIVES(UW_OK, uw_classifier_workspace(&models[i], &need));
        CHECK(need == lens[i]);
        GIVES(UW_OK, uw_classify(&models[i], model_pixels, len, workspace, need, scores, 3, &found));
        CHECK(found == classes[i]);
        CHECK(same_bytes(scores, expected[i], 3 * sizeof(float)));

        found = 9;
        fill(scores, 0x5A, 3 * sizeof(float));
        GIVES(UW_ERROR_NULL, uw_classify(NULL, model_pixels, len, workspace, need, scores, 3, &found));
        GIVES(UW_ERROR_NULL, uw_classify(&models[i], NULL, len, workspace, need, scores, 3, &found));
        GIVES(UW_ERROR_NULL, uw_classify(&models[i], model_pixels, len, NULL, need, scores, 3, &found));
        GIVES(UW_ERROR_NULL, uw_classify(&models[i], model_pixels, len, workspace, need, NULL, 3, &found));
        GIVES(UW_ERROR_NULL, uw_classify(&models[i], model_pixels, len, workspace, need, scores, 3, NULL));
        GIVES(UW_ERROR_ALIGNMENT, uw_classify(&models[i], model_pixels, len, workspace, need, scores, 3, odd(&found)));
        GIVES(UW_ERROR_LENGTH, uw_classify(&models[i], model_pixels, len - 1, workspace, need, scores, 3, &found));
        GIVES(UW_ERROR_LENGTH, uw_classify(&models[i], model_pixels, len, workspace, need - 1, scores, 3, &found));
        GIVES(UW_ERROR_LENGTH, uw_classify(&models[i], model_pixels, len, workspace, need, scores, 2, &found));
        GIVES(UW_ERROR_OVERLAP, uw_classify(&models[i], workspace, len, workspace, need, scores, 3, &found));
        GIVES(UW_ERROR_OVERLAP, uw_classify(&models[i], model_pixels, len, workspace, need, workspace, 3, &found));
        GIVES(UW_ERROR_OVERLAP,
              uw_classify(&models[i], model_pixels, len, workspace, need, scores, 3, (uint32_t *)(void *)scores));
        GIVES(UW_ERROR_NULL, uw_classifier_workspace(NULL, &need));
        GIVES(UW_ERROR_NULL, uw_classifier_workspace(&models[i], NULL));
        model = models[i];
        model.weights = workspace;
        GIVES(UW_ERROR_OVERLAP, uw_classify(&model, model_pixels, len, workspace, need, scores, 3, &found));
        CHECK(found == 9);
        CHECK(holds(scores, 0x5A, 3 * sizeof(float)));
        give_guarded(workspace, lens[i] * sizeof(float));
        give_guarded(scores, 3 * sizeof(float));
        reset();
    }
#undef WRONG
#define WRONG(error, change) \
    model = models[0]; \
    change; \
    GIVES(error, uw_classifier_workspace(&model, &need))

    WRONG(UW_ERROR_NULL, model.images_u8 = NULL);
    WRONG(UW_ERROR_VALUE, model.images_f32 = model_images);
    WRONG(UW_ERROR_NULL, model.weights = NULL);
    WRONG(UW_ERROR_NULL, model.input.scale = NULL);
    WRONG(UW_ERROR_NULL, model.input.offset = NULL);
    WRONG(UW_ERROR_NULL, model.bytes.scale = NULL);
    WRONG(UW_ERROR_ALIGNMENT, model.weights = odd(model_weights));
    WRONG(UW_ERROR_EMPTY_SHAPE, model.width = 0);
    WRONG(UW_ERROR_TOO_LARGE, model.height = model.width = model.channels = UINT32_MAX);
    WRONG(UW_ERROR_VALUE, model.filter = 0);
    WRONG(UW_ERROR_VALUE, model.readout.pooling = 0);
    WRONG(UW_ERROR_VALUE, model.kernel = 0);
    WRONG(UW_ERROR_VALUE, model.trained = 7);
    WRONG(UW_ERROR_EVEN_FILTER, model.filter = 2);
    WRONG(UW_ERROR_SHALLOW_DEPTH, model.depth = 0);
    WRONG(UW_ERROR_DEEP_DEPTH, model.depth = UINT32_MAX);
    WRONG(UW_ERROR_EMPTY_LIST, model.classes = 0);
    WRONG(UW_ERROR_EMPTY_LIST, model.support = 0);
}

static void texts(void)
{
    int32_t i, k;
    for (i = 0; i <= UW_ERROR_NOT_FINITE; i++) {
        CHECK(!same_text(uw_error_name(i), "unknown"));
        CHECK(*uw_error_message(i) != '\0');
        for (k = 0; k < i; k++) {
            CHECK(!same_text(uw_error_name(i), uw_error_name(k)));
            CHECK(!same_text(uw_error_message(i), uw_error_message(k)));
        }
    }
    CHECK(same_text(uw_error_name(UW_OK), "UW_OK"));
    CHECK(same_text(uw_error_name(UW_ERROR_NULL), "UW_ERROR_NULL"));
    CHECK(same_text(uw_error_name(UW_ERROR_NOTHING_TRAINED), "UW_ERROR_NOTHING_TRAINED"));
    CHECK(same_text(uw_error_name(-1), "unknown"));
    CHECK(same_text(uw_error_name(UW_ERROR_NOT_FINITE + 1), "unknown"));
    CHECK(same_text(uw_error_name(INT32_MIN), "unknown"));
    CHECK(*uw_error_message(INT32_MAX) != '\0');
    CHECK(*uw_version() >= '0' && *uw_version() <= '9');
}

int main(void)
{
    texts();
    lengths();
    descriptions();
    conv_f32();
    conv_f64();
    dense_f32();
    dense_f64();
    classifier();
    say_number(checks - failures);
    say(" passed, ");
    say_number(failures);
    say(" failed\n");
    return failures != 0;
}
