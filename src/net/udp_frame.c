/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ethernet, IPv4 or IPv6, UDP: the headers in front of a datagram, off and on. */
#include "net/udp_frame.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/filter.h>
#include <linux/if_ether.h>

#include "base/mem.h"
#include "net/checksum.h"
#include "net/packet_socket.h"

enum { ETHERNET = 14, IPV4 = 20, IPV6 = 40, UDP = 8, PROTOCOL_UDP = 17, HOPS = 64 };

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t) (at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t) get16(at) << 16 | get16(at + 2);
}

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t) (value >> 8);
    at[1] = (uint8_t) value;
}

/* -- the socket -- */

/* Whoever floods us with other things does not even wake us. An address that is not there is one no packet has. */
int udp_frame_open(int link_index, const struct ip_prefix *address4, const struct ip_prefix *address6, uint16_t port,
                   int *ret_fd, struct error **err)
{
    const uint8_t *v6 = address6->byte;
    const uint32_t host4 = address4->family ? get32(address4->byte) : UINT32_MAX;
    /* clang-format off */
    struct sock_filter code[] = {
        /*  0 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
        /*  1 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 9),
        /*  2 */ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ETHERNET + 16),
        /*  3 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, host4, 0, 20),
        /*  4 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETHERNET + 9),
        /*  5 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROTOCOL_UDP, 0, 18),
        /*  6 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ETHERNET + 6),      /* parts of datagrams have no port */
        /*  7 */ BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x3fff, 16, 0),
        /*  8 */ BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, ETHERNET),
        /*  9 */ BPF_STMT(BPF_LD | BPF_H | BPF_IND, ETHERNET + 2),
        /* 10 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 14, 13),
        /* 11 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, address6->family ? ETH_P_IPV6 : 0, 0, 12),
        /* 12 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETHERNET + 6),
        /* 13 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROTOCOL_UDP, 0, 10),
        /* 14 */ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ETHERNET + 24),
        /* 15 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, get32(v6), 0, 8),
        /* 16 */ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ETHERNET + 28),
        /* 17 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, get32(v6 + 4), 0, 6),
        /* 18 */ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ETHERNET + 32),
        /* 19 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, get32(v6 + 8), 0, 4),
        /* 20 */ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ETHERNET + 36),
        /* 21 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, get32(v6 + 12), 0, 2),
        /* 22 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ETHERNET + IPV6 + 2),
        /* 23 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 1, 0),
        /* 24 */ BPF_STMT(BPF_RET | BPF_K, 0),
        /* 25 */ BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    /* clang-format on */
    const struct sock_fprog program = {.len = COUNT_OF(code), .filter = code};

    return packet_socket_open(link_index, &program, ret_fd, err);
}

/* -- off -- */

static void set_address(struct ip_prefix *address, int family, const uint8_t *byte)
{
    size_t size = ip_family_bytes(family);

    *address = (struct ip_prefix){.family = (uint8_t) family, .length = (uint8_t) (8 * size)};
    memcpy(address->byte, byte, size);
}

/* Gives where UDP begins, and how much of the packet, of SIZE bytes, is the sender's. */
static int parse_ipv4(const uint8_t *ip, size_t size, size_t *ret_offset, size_t *ret_end, struct udp_frame *ret)
{
    if (size < IPV4 || ip[0] >> 4 != 4 || ip[9] != PROTOCOL_UDP || (get16(ip + 6) & 0x3fff))
        return -EBADMSG;
    *ret_offset = (size_t) (ip[0] & 0xf) * 4;
    *ret_end = get16(ip + 2);
    set_address(&ret->source, AF_INET, ip + 12);
    set_address(&ret->target, AF_INET, ip + 16);
    return *ret_offset < IPV4 ? -EBADMSG : 0;
}

static int parse_ipv6(const uint8_t *ip, size_t size, size_t *ret_offset, size_t *ret_end, struct udp_frame *ret)
{
    if (size < IPV6 || ip[0] >> 4 != 6 || ip[6] != PROTOCOL_UDP)
        return -EBADMSG;
    *ret_offset = IPV6;
    *ret_end = (size_t) IPV6 + get16(ip + 4);
    set_address(&ret->source, AF_INET6, ip + 8);
    set_address(&ret->target, AF_INET6, ip + 24);
    return 0;
}

int udp_frame_parse(const void *frame, size_t size, struct udp_frame *ret)
{
    const uint8_t *ethernet = frame, *ip = ethernet + ETHERNET;
    struct udp_frame found = {0};
    size_t offset, end;

    if (size < ETHERNET)
        return -EBADMSG;
    memcpy(found.target_mac.byte, ethernet, 6);
    memcpy(found.source_mac.byte, ethernet + 6, 6);
    size -= ETHERNET;

    unsigned type = get16(ethernet + 12);
    int r = type == ETH_P_IP     ? parse_ipv4(ip, size, &offset, &end, &found)
            : type == ETH_P_IPV6 ? parse_ipv6(ip, size, &offset, &end, &found)
                                 : -EBADMSG;
    if (r < 0 || end > size || offset > end || end - offset < UDP)
        return -EBADMSG;

    const uint8_t *udp = ip + offset;
    size_t length = get16(udp + 4);
    if (length < UDP || length > end - offset)
        return -EBADMSG;
    found.source_port = get16(udp);
    found.target_port = get16(udp + 2);
    found.data = udp + UDP;
    found.size = length - UDP;
    *ret = found;
    return 0;
}

/* -- on -- */

/* The UDP header at UDP of a datagram with SIZE bytes of data behind it. ADDRESSES are those of the packet. */
static void finish_udp(uint8_t *udp, const struct udp_frame *to, size_t size, const uint8_t *addresses,
                       size_t addresses_size)
{
    size_t length = UDP + size;

    put16(udp, to->target_port);
    put16(udp + 2, to->source_port);
    put16(udp + 4, (unsigned) length);
    put16(udp + 6, 0);

    uint32_t sum = checksum_add((uint32_t) (PROTOCOL_UDP + length), addresses, addresses_size);
    uint16_t result = checksum_finish(checksum_add(sum, udp, length));
    put16(udp + 6, result ? result : 0xffff);   /* 0 would say that there is none */
}

static size_t put_ipv4(uint8_t *ip, const struct udp_frame *to, size_t size)
{
    memset(ip, 0, IPV4);
    ip[0] = 0x45;
    put16(ip + 2, (unsigned) (IPV4 + UDP + size));
    ip[8] = HOPS;
    ip[9] = PROTOCOL_UDP;
    memcpy(ip + 12, to->target.byte, 4);
    memcpy(ip + 16, to->source.byte, 4);
    put16(ip + 10, checksum_finish(checksum_add(0, ip, IPV4)));
    finish_udp(ip + IPV4, to, size, ip + 12, 8);
    return IPV4 + UDP + size;
}

static size_t put_ipv6(uint8_t *ip, const struct udp_frame *to, size_t size)
{
    memset(ip, 0, IPV6);
    ip[0] = 0x60;
    put16(ip + 4, (unsigned) (UDP + size));
    ip[6] = PROTOCOL_UDP;
    ip[7] = HOPS;
    memcpy(ip + 8, to->target.byte, 16);
    memcpy(ip + 24, to->source.byte, 16);
    finish_udp(ip + IPV6, to, size, ip + 8, 32);
    return IPV6 + UDP + size;
}

size_t udp_frame_answer(const struct udp_frame *to, struct mac source_mac, const void *data, size_t size,
                        uint8_t *out)
{
    bool is_v6 = to->source.family == AF_INET6;
    uint8_t *ip = out + ETHERNET;

    memcpy(out, to->source_mac.byte, 6);
    memcpy(out + 6, source_mac.byte, 6);
    put16(out + 12, is_v6 ? ETH_P_IPV6 : ETH_P_IP);
    memcpy(ip + (is_v6 ? IPV6 : IPV4) + UDP, data, size);
    return ETHERNET + (is_v6 ? put_ipv6(ip, to, size) : put_ipv4(ip, to, size));
}
