/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/tcp_mss.h"

#include "net/checksum.h"

#define TCP_CHECKSUM_OFFSET 16u

#define OPTION_END  0
#define OPTION_NONE 1
#define OPTION_MSS  2
#define MSS_LEN     4u

/* The option's two bytes of value, or NULL. */
static uint8_t *find_mss(const struct frame *syn)
{
    uint8_t *option = syn->data + syn->l4 + FRAME_TCP_LEN;
    const uint8_t *end = syn->data + syn->payload;

    while (option < end && *option != OPTION_END) {
        if (*option == OPTION_NONE) {
            option++;
            continue;
        }
        if (end - option < 2 || option[1] < 2 || option[1] > end - option)
            return NULL;
        if (option[0] == OPTION_MSS)
            return option[1] == MSS_LEN ? option + 2 : NULL;
        option += option[1];
    }
    return NULL;
}

uint16_t tcp_mss_of(const struct frame *syn)
{
    const uint8_t *value = find_mss(syn);

    return value == NULL ? 0 : frame_get16(value);
}

void tcp_mss_set(struct frame *syn, uint16_t mss)
{
    uint8_t *value = find_mss(syn);

    if (value == NULL || frame_get16(value) == mss)
        return;
    frame_put16(value, mss);
    checksum_set_l4(syn, TCP_CHECKSUM_OFFSET);
}

void tcp_mss_lower(struct frame *syn, uint16_t mss)
{
    if (tcp_mss_of(syn) > mss)
        tcp_mss_set(syn, mss);
}
