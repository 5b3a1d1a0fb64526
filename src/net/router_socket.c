/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/router_socket.h"

#include <sys/socket.h>

#include <linux/filter.h>
#include <linux/if_ether.h>

#include "base/mem.h"
#include "net/dhcp.h"
#include "net/packet_socket.h"

enum { ETHERNET = 14, PROTOCOL_UDP = 17, PROTOCOL_ICMPV6 = 58, SOLICITATION = 133 };

/* Some forty questions; who asks more at once repeats himself. */
enum { BUFFER_BYTES = 32 * 1024 };

int router_socket_open(int link_index, int *ret_fd, struct error **err)
{
    /* clang-format off */
    struct sock_filter code[] = {
        /*  0 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
        /*  1 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 7),
        /*  2 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETHERNET + 9),
        /*  3 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROTOCOL_UDP, 0, 10),
        /*  4 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ETHERNET + 6),      /* parts of datagrams have no port */
        /*  5 */ BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x3fff, 8, 0),
        /*  6 */ BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, ETHERNET),
        /*  7 */ BPF_STMT(BPF_LD | BPF_H | BPF_IND, ETHERNET + 2),
        /*  8 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DHCP_SERVER_PORT, 6, 5),
        /*  9 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 4),
        /* 10 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETHERNET + 6),
        /* 11 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROTOCOL_ICMPV6, 0, 2),
        /* 12 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETHERNET + 40),
        /* 13 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SOLICITATION, 1, 0),
        /* 14 */ BPF_STMT(BPF_RET | BPF_K, 0),
        /* 15 */ BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    /* clang-format on */
    const struct sock_fprog program = {.len = COUNT_OF(code), .filter = code};

    if (packet_socket_open(link_index, &program, ret_fd, err) < 0)
        return -error_code(*err);
    (void) setsockopt(*ret_fd, SOL_SOCKET, SO_RCVBUF, &(int){BUFFER_BYTES}, sizeof(int));
    return 0;
}
