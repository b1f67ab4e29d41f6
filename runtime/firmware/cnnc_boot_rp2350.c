/* SPDX-License-Identifier: MIT-0 */
/* What the boot ROM of RP2350 looks for in the first 4 kB of an image: a block that says that this
 * is a program for its Arm cores in the Secure state (RP2350 datasheet, section 5.9.5.1). Without
 * an item for it, the vector table is at the image's start. */
#include <stdint.h>

#define BLOCK_BEGIN 0xffffded3U
/* Item 0x42, one word: executable, Secure, Arm, RP2350. */
#define IMAGE_TYPE 0x10210142U
/* Item 0xff: one word of items came before. */
#define LAST_ITEM 0x000001ffU
/* The next block is this one. */
#define NEXT_BLOCK 0U
#define BLOCK_END 0xab123579U

extern const uint32_t cnnc_image_definition[5];

__attribute__((section(".image_definition"), used)) const uint32_t cnnc_image_definition[5] = {
    BLOCK_BEGIN, IMAGE_TYPE, LAST_ITEM, NEXT_BLOCK, BLOCK_END};
