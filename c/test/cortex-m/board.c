/* Startup of a Cortex-M without a C library: vectors, memory, floating-point unit; then main. */
#include "board.h"

#include <stdint.h>

extern uint32_t stack_top, data_load, data_start, data_end, bss_start, bss_end;

int main(void);
void reset(void);

static uintptr_t semihost(uintptr_t operation, uintptr_t argument)
{
    register uintptr_t r0 __asm__("r0") = operation;
    register uintptr_t r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void board_print(const char *text)
{
    semihost(0x04, (uintptr_t)text); /* SYS_WRITE0 */
}

void board_exit(int status)
{
    uintptr_t block[2];
    block[0] = 0x20026; /* ADP_Stopped_ApplicationExit */
    block[1] = (uintptr_t)status;
    semihost(0x20, (uintptr_t)block); /* SYS_EXIT_EXTENDED */
    for (;;) {
    }
}

static void fault(void)
{
    board_print("fault\n");
    board_exit(3);
}

void reset(void)
{
    uint32_t *from = &data_load, *to;
    for (to = &data_start; to < &data_end;) {
        *to++ = *from++;
    }
    for (to = &bss_start; to < &bss_end;) {
        *to++ = 0;
    }
    *(volatile uint32_t *)(uintptr_t)0xE000ED88u |= 0xFu << 20; /* CPACR: access to the floating-point unit */
    __asm__ volatile("dsb\n\tisb" ::: "memory");
    board_exit(main());
}

__attribute__((section(".vectors"), used)) static const uintptr_t vectors[16] = {
    (uintptr_t)&stack_top, (uintptr_t)reset, (uintptr_t)fault, (uintptr_t)fault, (uintptr_t)fault, (uintptr_t)fault, (uintptr_t)fault,
};
