/* What a test needs of a Cortex-M under an emulator or a debugger: output and an exit status by semihosting. */
#ifndef BOARD_H
#define BOARD_H

void board_print(const char *text);
void board_exit(int status);

#endif
