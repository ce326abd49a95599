/* Classifies the test images that `ultrawide export --target c --tests` wrote: classes and scores must be the host's, to the bit. */
#include "ultrawide.h"

#include "digits.c"
#include "digits_tests.c"

#ifdef UW_FREESTANDING
#include "cortex-m/board.h"
#else
#include <stdio.h>
static void board_print(const char *text)
{
    fputs(text, stdout);
}
#endif

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TESTS COUNT(digits_test_labels)
#define LEN (COUNT(digits_test_pixels) / TESTS)
#define CLASSES (COUNT(digits_test_scores) / TESTS)

static void print_number(unsigned number)
{
    char text[12], *at = text + sizeof text - 1;
    *at = '\0';
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    board_print(at);
}

int main(void)
{
    static float workspace[DIGITS_WORKSPACE], pixels[LEN], scores[CLASSES];
    unsigned i, k, right = 0, wrong = 0;
    for (i = 0; i < TESTS; i++) {
        uint32_t class_index = 0;
        int equal;
        for (k = 0; k < LEN; k++) {
            pixels[k] = digits_test_pixels[i * LEN + k];
        }
        equal = uw_classify(&digits, pixels, LEN, workspace, DIGITS_WORKSPACE, scores, CLASSES, &class_index) == UW_OK;
        equal = equal && class_index == digits_test_classes[i];
        for (k = 0; k < CLASSES; k++) {
            union {
                float number;
                uint32_t bits;
            } score;
            score.number = scores[k];
            equal = equal && score.bits == digits_test_scores[i * CLASSES + k];
        }
        right += class_index == digits_test_labels[i];
        wrong += !equal;
    }
    print_number(right);
    board_print(" of ");
    print_number(TESTS);
    board_print(" test images are classified right; ");
    print_number(wrong);
    board_print(" differ from the host\n");
    return wrong != 0;
}
