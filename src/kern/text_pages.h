/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Lets go of the pages of code and constants that this process has mapped, of
 * the program and of its libraries.  Those that are used again come back from
 * the page cache, at a small fault each; those that only the start needed do
 * not.  See madvise(2), MADV_DONTNEED: nothing that was written is lost, since
 * only what cannot be written is let go.
 */
void text_pages_release(void);
