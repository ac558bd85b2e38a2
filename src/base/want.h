/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* How much something is asked for that a machine may refuse. */
enum want {
    WANT_OFF,
    WANT_TRY,   /* what is refused is left out, with a warning */
    WANT_DEMAND /* what is refused is an error */
};
