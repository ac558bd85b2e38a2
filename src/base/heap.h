/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the C library does with large blocks, for the whole process: the stack
 * gives each connection two buffers of 128 KB, of which most never use much.
 * Elsewhere than in glibc (mallopt(3)) these do nothing.
 */

/*
 * Large blocks become mappings of their own, which the kernel can enlarge in
 * place, and go back to the system when they are freed.  By default the library
 * would begin to keep them on the heap, and copy what is enlarged: what was
 * never used of it would then take memory too.
 */
void heap_return_large_blocks(void);

/*
 * Large blocks, up to 256 KB, stay on the heap: a connection then takes no new
 * pages from the system and gives none back, which made short ones a quarter
 * faster.  For blocks that are hardly ever enlarged, and with heap_trim(). What
 * one owner used of a block stays in memory while the next has it, used or not:
 * all blocks together take no more than if each owner used all of its own.
 */
void heap_keep_large_blocks(void);

/*
 * Gives free pages of the heap back, wherever they are; to be called when much
 * may have been freed: it takes some ms for thousands of blocks.
 */
void heap_trim(void);
