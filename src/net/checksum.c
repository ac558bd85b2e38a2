/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/checksum.h"

#include <netinet/in.h>
#include <string.h>

#define UDP_CHECKSUM_FIELD 6u

uint64_t checksum_add(uint64_t sum, const void *data, size_t len)
{
    const uint8_t *p = data;
    uint64_t word;
    uint16_t half = 0;

    for (; len >= 8; p += 8, len -= 8) {
        memcpy(&word, p, 8);
        sum += word;
        sum += sum < word; /* end-around carry */
    }
    for (; len >= 2; p += 2, len -= 2) {
        memcpy(&half, p, 2);
        sum += half;
        sum += sum < half;
    }
    if (len == 1) {
        half = 0;
        memcpy(&half, p, 1);
        sum += half;
        sum += sum < half;
    }
    return sum;
}

uint16_t checksum_fold(uint64_t sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

uint64_t checksum_pseudo(const struct frame *f, size_t l4_len)
{
    uint8_t tail[8] = { 0 };
    const uint8_t *ip = f->data + FRAME_ETH_LEN;
    uint64_t sum;

    frame_put32(tail, (uint32_t)l4_len);
    tail[7] = f->proto;
    if (f->src.addr.family == AF_INET6)
        sum = checksum_add(0, ip + 8, 32);
    else
        sum = checksum_add(0, ip + 12, 8);
    return checksum_add(sum, tail, sizeof(tail));
}

void checksum_set_ipv4(uint8_t *ip)
{
    uint16_t sum;

    memset(ip + 10, 0, 2);
    sum = (uint16_t)~checksum_fold(
        checksum_add(0, ip, (size_t)(ip[0] & 0x0f) * 4));
    memcpy(ip + 10, &sum, 2);
}

void checksum_set_l4(struct frame *f, size_t field_offset)
{
    uint8_t *l4 = f->data + f->l4;
    size_t len = f->len - f->l4;
    uint16_t sum;

    memset(l4 + field_offset, 0, 2);
    sum = (uint16_t)~checksum_fold(
        checksum_add(checksum_pseudo(f, len), l4, len));
    /* Zero means "no checksum" in UDP (RFC 768). */
    if (sum == 0 && f->proto == IPPROTO_UDP)
        sum = 0xffff;
    memcpy(l4 + field_offset, &sum, 2);
}

void checksum_replace16(uint8_t *field, const uint8_t from[2],
                        const uint8_t to[2])
{
    uint16_t sum, old, new;

    memcpy(&sum, field, 2);
    memcpy(&old, from, 2);
    memcpy(&new, to, 2);
    /* RFC 1624 equation 3: HC' = ~(~HC + ~m + m'). */
    sum = (uint16_t)~checksum_fold((uint64_t)(uint16_t)~sum + (uint16_t)~old +
                                   new);
    memcpy(field, &sum, 2);
}

/* RFC 768: a field of zero means that there is none. */
bool checksum_is_right(const struct frame *f)
{
    const uint8_t *l4 = f->data + f->l4;
    size_t len = f->len - f->l4;
    uint64_t pseudo = 0;

    if (f->proto == IPPROTO_UDP) {
        len = frame_get16(l4 + 4);
        if (f->src.addr.family == AF_INET &&
            frame_get16(l4 + UDP_CHECKSUM_FIELD) == 0)
            return true;
    }
    if (f->proto != IPPROTO_ICMP)
        pseudo = checksum_pseudo(f, len);
    return checksum_fold(checksum_add(pseudo, l4, len)) == 0xffff;
}
