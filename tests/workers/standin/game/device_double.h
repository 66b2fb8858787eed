/* Puts a scripted device in the place of the console's registers, so that the game's client of Slippi's device
 * runs on this machine. Included before every file of the game. */
#ifndef DEVICE_DOUBLE_H
#define DEVICE_DOUBLE_H
unsigned int *exi_register(unsigned int address);
unsigned int device_address(const void *pointer);
#define REG16(address) (*(volatile unsigned short *)exi_register(address))
#define REG32(address) (*(volatile unsigned int *)exi_register(address))
#define PHYSICAL(pointer) device_address(pointer)
#endif
