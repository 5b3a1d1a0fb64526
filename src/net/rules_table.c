/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tables. Each array is one rule: what is loaded and compared, top down, and what is done when all of it fits.
 * Rules are in the order of their chain; an accept ends the chain, not what other programs' chains say.
 */
#include "net/rules_table.h"

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/rtnetlink.h>

#include "base/mem.h"

/* clang-format off */

/* -- words -- */

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define U32(x) {(x) & 0xff, (x) >> 8 & 0xff, (x) >> 16 & 0xff, (x) >> 24 & 0xff}
#define U16(x) {(x) & 0xff, (x) >> 8 & 0xff}
#else
#define U32(x) {(x) >> 24 & 0xff, (x) >> 16 & 0xff, (x) >> 8 & 0xff, (x) & 0xff}
#define U16(x) {(x) >> 8 & 0xff, (x) & 0xff}
#endif

#define R(n) (8 + (n))
#define META(n, k)              {.kind = NFT_OP_META, .reg = R(n), .key = (k)}
#define CT(k)                   {.kind = NFT_OP_CT, .reg = R(0), .key = (k)}
#define LOAD(n, base, at, len)  {.kind = NFT_OP_PAYLOAD, .reg = R(n), .key = (base), .offset = (at), .size = (len)}
#define FIB(k, f)               {.kind = NFT_OP_FIB, .reg = R(0), .key = (k), .flags = (f)}
#define MASK(len, ...)          {.kind = NFT_OP_MASK, .reg = R(0), .size = (len), .bytes = __VA_ARGS__}
#define IS(len, ...)            {.kind = NFT_OP_EQUAL, .reg = R(0), .size = (len), .bytes = __VA_ARGS__}
#define ISNT(len, ...)          {.kind = NFT_OP_UNEQUAL, .reg = R(0), .size = (len), .bytes = __VA_ARGS__}
#define IN_SET(name)            {.kind = NFT_OP_IN, .reg = R(0), .set = (name)}
#define NOT_IN_SET(name)        {.kind = NFT_OP_NOT_IN, .reg = R(0), .set = (name)}
#define DNAT4(map)              {.kind = NFT_OP_MAP, .reg = R(0), .to = R(0), .set = (map)}, \
                                {.kind = NFT_OP_DNAT, .reg = R(0), .to = R(1), .key = NFT_IPV4}
#define DNAT6(map)              {.kind = NFT_OP_MAP, .reg = R(0), .to = R(0), .set = (map)}, \
                                {.kind = NFT_OP_DNAT, .reg = R(0), .to = R(4), .key = NFT_IPV6}
#define MASQUERADE              {.kind = NFT_OP_MASQUERADE}
#define ACCEPT                  {.kind = NFT_OP_VERDICT, .key = NF_ACCEPT}
#define DROP                    {.kind = NFT_OP_VERDICT, .key = NF_DROP}

/* -- phrases -- */

#define NETWORK NFT_PAYLOAD_NETWORK_HEADER
#define TRANSPORT NFT_PAYLOAD_TRANSPORT_HEADER
#define ETHERNET NFT_PAYLOAD_LL_HEADER

#define NEAR(k)         META(0, k), MASK(4, U32(0xfffffffe))
#define FROM_OURS       NEAR(NFT_META_IIFGROUP), IS(4, U32(RULES_GROUP_MANAGED))
#define FROM_OTHERS     NEAR(NFT_META_IIFGROUP), ISNT(4, U32(RULES_GROUP_MANAGED))
#define TO_OURS         NEAR(NFT_META_OIFGROUP), IS(4, U32(RULES_GROUP_MANAGED))
#define TO_OTHERS       NEAR(NFT_META_OIFGROUP), ISNT(4, U32(RULES_GROUP_MANAGED))
#define FROM_MANAGED    META(0, NFT_META_IIFGROUP), IS(4, U32(RULES_GROUP_MANAGED))
#define FROM_PLAIN      META(0, NFT_META_IIFGROUP), IS(4, U32(RULES_GROUP_PLAIN))

#define V4              META(0, NFT_META_NFPROTO), IS(1, {NFT_IPV4})
#define V6              META(0, NFT_META_NFPROTO), IS(1, {NFT_IPV6})
#define PROTOCOL(p)     META(0, NFT_META_L4PROTO), IS(1, {p})
#define SOURCE4(n)      LOAD(n, NETWORK, 12, 4)
#define TARGET4(n)      LOAD(n, NETWORK, 16, 4)
#define SOURCE6(n)      LOAD(n, NETWORK, 8, 16)
#define TARGET6(n)      LOAD(n, NETWORK, 24, 16)
#define SOURCE_PORT(p)  LOAD(0, TRANSPORT, 0, 2), IS(2, {(p) >> 8, (p) & 0xff})
#define TARGET_PORT(p)  LOAD(0, TRANSPORT, 2, 2), IS(2, {(p) >> 8, (p) & 0xff})
#define TYPE_OF_ICMP(t) LOAD(0, TRANSPORT, 0, 1), IS(1, {t})
#define SENDER(n)       LOAD(n, ETHERNET, 6, 6)
#define FROM_ETHERNET   META(0, NFT_META_IIFTYPE), IS(2, U16(1 /* ARPHRD_ETHER */))
#define TO_THE_HOST     FIB(NFT_FIB_RESULT_ADDRTYPE, NFTA_FIB_F_DADDR), IS(4, U32(RTN_LOCAL))

#define IS_ESTABLISHED  CT(NFT_CT_STATE), MASK(4, U32(NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED))), \
                        ISNT(4, U32(0))
#define IS_FORWARDED    CT(NFT_CT_STATUS), MASK(4, U32(IPS_DST_NAT)), ISNT(4, U32(0))
#define NOT_FORWARDED   CT(NFT_CT_STATUS), MASK(4, U32(IPS_DST_NAT)), IS(4, U32(0))

/* what a forward is found by, and where it leads */
#define AT4             TARGET4(0), META(1, NFT_META_L4PROTO), LOAD(2, TRANSPORT, 2, 2), DNAT4("at4")
#define AT6             TARGET6(0), META(4, NFT_META_L4PROTO), LOAD(5, TRANSPORT, 2, 2), DNAT6("at6")
#define ANY4            META(0, NFT_META_L4PROTO), LOAD(1, TRANSPORT, 2, 2), DNAT4("any4")
#define LOOP4           META(0, NFT_META_L4PROTO), LOAD(1, TRANSPORT, 2, 2), DNAT4("loop4")
#define ANY6            META(0, NFT_META_L4PROTO), LOAD(1, TRANSPORT, 2, 2), DNAT6("any6")

#define SELF4           SOURCE4(0), META(1, NFT_META_L4PROTO), LOAD(2, TRANSPORT, 2, 2), IN_SET("self4")
#define SELF6           SOURCE6(0), META(4, NFT_META_L4PROTO), LOAD(5, TRANSPORT, 2, 2), IN_SET("self6")

#define SOURCE_IS_LOOPBACK LOAD(0, NETWORK, 12, 1), IS(1, {127})
#define TARGET_IS_LOOPBACK LOAD(0, NETWORK, 16, 1), IS(1, {127})
#define TARGET_IS_ELSEWHERE LOAD(0, NETWORK, 16, 1), ISNT(1, {127})

#define RULE(chain, ...) {chain, (const struct nft_op[]) {__VA_ARGS__}, \
                          sizeof((const struct nft_op[]) {__VA_ARGS__}) / sizeof(struct nft_op)}

/* Of linux/netfilter_bridge.h, which does not go together with every C library's headers. */
enum { BRIDGE_PRE_ROUTING = 0, BRIDGE_FORWARD = 2, BRIDGE_FIRST = -300, BRIDGE_FILTER = -200 };

/* Types as nft(8) numbers them; those of a concatenation stand in one number, six bits each. */
enum { INTEGER = 4, IPV4 = 7, IPV6 = 8, ETHER = 9, INET_PROTO = 12, INET_SERVICE = 13, DEVGROUP = 35, IFNAME = 41 };
#define PAIR(a, b) ((a) << 6 | (b))
#define TRIPLE(a, b, c) ((a) << 12 | (b) << 6 | (c))

enum { ND_ROUTER_ADVERT = 134, ND_NEIGHBOR_SOLICIT = 135, ND_NEIGHBOR_ADVERT = 136, ND_REDIRECT = 137, PING4 = 8, PING6 = 128 };
enum { BOOTPS = 67, DHCP6_SERVER = 547, DOMAIN = 53 };

/* What nft(8) prints backwards where nothing says that it is in the order of the host's numbers. */
#define NOTE(type, value) type, 4, value, 0, 0, 0
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static const uint8_t note_of_order[] = {NOTE(0, 1)};
#else
static const uint8_t note_of_order[] = {0, 4, 0, 0, 0, 1};
#endif
#define IN_HOST_ORDER .note = note_of_order, .note_size = sizeof note_of_order

/* -- inet -- */

static const struct nft_set inet_sets[] = {
    {"machines",    IFNAME, 16, IN_HOST_ORDER},                                /* who is here: the table goes with the last one */
    {"own4",        PAIR(IFNAME, IPV4), 20},                    /* the host's interface, a machine behind it */
    {"own6",        PAIR(IFNAME, IPV6), 32},
    {"any4",        PAIR(INET_PROTO, INET_SERVICE), 8,          PAIR(IPV4, INET_SERVICE), 8},    /* forwards */
    {"loop4",       PAIR(INET_PROTO, INET_SERVICE), 8,          PAIR(IPV4, INET_SERVICE), 8},    /* of 127.0.0.0/8 */
    {"any6",        PAIR(INET_PROTO, INET_SERVICE), 8,          PAIR(IPV6, INET_SERVICE), 20},
    {"at4",         TRIPLE(IPV4, INET_PROTO, INET_SERVICE), 12, PAIR(IPV4, INET_SERVICE), 8},    /* of one address */
    {"at6",         TRIPLE(IPV6, INET_PROTO, INET_SERVICE), 24, PAIR(IPV6, INET_SERVICE), 20},
    {"self4",       TRIPLE(IPV4, INET_PROTO, INET_SERVICE), 12},    /* a machine behind a bridge, and forwards to itself */
    {"self6",       TRIPLE(IPV6, INET_PROTO, INET_SERVICE), 24},
    {"inward4",     TRIPLE(IPV4, INET_PROTO, INET_SERVICE), 12, PAIR(IPV4, INET_SERVICE), 8},    /* to the host */
    {"isolated",    ETHER, 8},                                  /* send to none but … */
    {"leave4",      PAIR(ETHER, IPV4), 12},                     /* … those */
    {"leave6",      PAIR(ETHER, IPV6), 24},
    {"wishes",      PAIR(ETHER, ETHER), 16},                    /* … and those, once they are here */
    {"guarded4",    IPV4, 4},                                   /* hear from none but … */
    {"guarded6",    IPV6, 16},
    {"enter4",      PAIR(ETHER, IPV4), 12},                     /* … those machines */
    {"enter6",      PAIR(ETHER, IPV6), 24},
    {"clients4",    PAIR(IPV4, IPV4), 8,  .is_interval = true, .field = {4, 4}},   /* … those addresses */
    {"clients6",    PAIR(IPV6, IPV6), 32, .is_interval = true, .field = {16, 16}},
    {"closed_pass", DEVGROUP, 4, IN_HOST_ORDER},                               /* the host's own rules let nothing through … */
    {"closed4",     IPV4, 4},                                   /* … and some of them are behind a bridge of others */
    {"closed6",     IPV6, 16},
    {"closed_in",   DEVGROUP, 4, IN_HOST_ORDER},                               /* … let nothing in: see foreign.h */
};

static const struct nft_chain inet_chains[] = {
    {"arrive", "filter", NF_INET_PRE_ROUTING,  -300},           /* before connections are tracked */
    {"enter",  "nat",    NF_INET_PRE_ROUTING,  -105},           /* before what other programs forward */
    {"leave",  "nat",    NF_INET_LOCAL_OUT,    -105},
    {"depart", "nat",    NF_INET_POST_ROUTING, 95},
    {"pass",   "filter", NF_INET_FORWARD,      0},
    {"reach",  "filter", NF_INET_LOCAL_IN,     0},
};

static const struct nft_rule inet_rules[] = {
    /* Who a packet says it is from. The loopback first: route_localnet, which forwards need, would let it in. */
    RULE("arrive", FROM_OTHERS, ACCEPT),
    RULE("arrive", V4, TARGET_IS_LOOPBACK, DROP),
    RULE("arrive", V4, SOURCE_IS_LOOPBACK, DROP),
    RULE("arrive", V6, PROTOCOL(IPPROTO_ICMPV6), TYPE_OF_ICMP(ND_ROUTER_ADVERT), DROP),
    RULE("arrive", V6, PROTOCOL(IPPROTO_ICMPV6), TYPE_OF_ICMP(ND_REDIRECT), DROP),
    RULE("arrive", V4, META(0, NFT_META_IIFNAME), SOURCE4(4), IN_SET("own4"), ACCEPT),
    RULE("arrive", V6, META(0, NFT_META_IIFNAME), SOURCE6(4), IN_SET("own6"), ACCEPT),
    RULE("arrive", FROM_PLAIN, ACCEPT),
    RULE("arrive", V4, SOURCE4(0), IS(4, {0}), ACCEPT),
    RULE("arrive", V6, SOURCE6(0), MASK(16, {0xff, 0xc0}), IS(16, {0xfe, 0x80}), ACCEPT),
    RULE("arrive", V6, SOURCE6(0), IS(16, {0}), ACCEPT),
    /* What the host would not send back there did not come from there. */
    RULE("arrive", FIB(NFT_FIB_RESULT_OIF, NFTA_FIB_F_SADDR | NFTA_FIB_F_IIF | NFTA_FIB_F_PRESENT), IS(4, {0}), DROP),

    /* Forwards: from a machine to the host, to a machine from everywhere. */
    RULE("enter", FROM_OURS, V4, TO_THE_HOST,
         SOURCE4(0), META(1, NFT_META_L4PROTO), LOAD(2, TRANSPORT, 2, 2), DNAT4("inward4")),
    /* Where bridges hand frames to these chains (br_netfilter), what is forwarded to where it came from would have to go
     * out by the port that it came in by, which bridges do not do. A process of the machine's passes that on. */
    RULE("enter", V4, SELF4, ACCEPT),
    RULE("enter", V6, SELF6, ACCEPT),
    RULE("enter", V4, AT4),
    RULE("enter", V4, TO_THE_HOST, ANY4),
    RULE("enter", V6, AT6),
    RULE("enter", V6, TO_THE_HOST, ANY6),
    /* The host's own. There is no route from ::1 to anywhere: what it says to itself, a process forwards. */
    RULE("leave", V4, AT4),
    RULE("leave", V4, TARGET_IS_LOOPBACK, LOOP4),
    RULE("leave", V4, TARGET_IS_ELSEWHERE, TO_THE_HOST, ANY4),
    RULE("leave", V6, AT6),
    RULE("leave", V6, TARGET6(0), ISNT(16, {[15] = 1}), TO_THE_HOST, ANY6),

    /* Answers have to come back this way: to the host's loopback, and from a machine to itself or one beside it. */
    RULE("depart", TO_OURS, V4, SOURCE_IS_LOOPBACK, MASQUERADE),
    RULE("depart", IS_FORWARDED, V4, META(0, NFT_META_IIFNAME), TARGET4(4), IN_SET("own4"), MASQUERADE),
    RULE("depart", IS_FORWARDED, V6, META(0, NFT_META_IIFNAME), TARGET6(4), IN_SET("own6"), MASQUERADE),
    /* Private addresses mean nothing outside. */
    RULE("depart", FROM_MANAGED, TO_OTHERS, V4, LOAD(0, NETWORK, 12, 1), IS(1, {10}), MASQUERADE),
    RULE("depart", FROM_MANAGED, TO_OTHERS, V4, LOAD(0, NETWORK, 12, 2), IS(2, {192, 168}), MASQUERADE),
    RULE("depart", FROM_MANAGED, TO_OTHERS, V4, SOURCE4(0), MASK(4, {255, 240}), IS(4, {172, 16}), MASQUERADE),
    RULE("depart", FROM_MANAGED, TO_OTHERS, V4, SOURCE4(0), MASK(4, {255, 192}), IS(4, {100, 64}), MASQUERADE),
    RULE("depart", FROM_MANAGED, TO_OTHERS, V6, SOURCE6(0), MASK(16, {0xfe}), IS(16, {0xfc}), MASQUERADE),

    RULE("pass", IS_ESTABLISHED, ACCEPT),
    RULE("pass", V4, TARGET4(0), IN_SET("closed4"), NOT_FORWARDED, DROP),
    RULE("pass", V6, TARGET6(0), IN_SET("closed6"), NOT_FORWARDED, DROP),
    RULE("pass", TO_OTHERS, ACCEPT),
    /* From outside to a machine. */
    RULE("pass", FROM_OTHERS, V4, TARGET4(0), IN_SET("guarded4"),
         SOURCE4(0), TARGET4(1), NOT_IN_SET("clients4"), DROP),
    RULE("pass", FROM_OTHERS, V6, TARGET6(0), IN_SET("guarded6"),
         SOURCE6(0), TARGET6(4), NOT_IN_SET("clients6"), DROP),
    RULE("pass", FROM_OTHERS, META(0, NFT_META_OIFGROUP), IN_SET("closed_pass"), NOT_FORWARDED, DROP),
    RULE("pass", FROM_OTHERS, ACCEPT),
    /* From one to another. Where bridges hand frames to these chains (br_netfilter), there is what is never routed among
     * them: by which neighbours find each other. */
    RULE("pass", V6, LOAD(0, NETWORK, 24, 1), IS(1, {0xff}), ACCEPT),
    RULE("pass", V6, TARGET6(0), MASK(16, {0xff, 0xc0}), IS(16, {0xfe, 0x80}), ACCEPT),
    RULE("pass", FROM_ETHERNET, SENDER(0), IN_SET("isolated"), V4, SENDER(0), TARGET4(2), NOT_IN_SET("leave4"),
         TARGET4(0), SOURCE4(1), NOT_IN_SET("clients4"), DROP),
    RULE("pass", FROM_ETHERNET, SENDER(0), IN_SET("isolated"), V6, SENDER(0), TARGET6(2), NOT_IN_SET("leave6"),
         TARGET6(0), SOURCE6(4), NOT_IN_SET("clients6"), DROP),
    RULE("pass", V4, FROM_ETHERNET, SENDER(0), TARGET4(2), IN_SET("enter4"), ACCEPT),
    RULE("pass", V6, FROM_ETHERNET, SENDER(0), TARGET6(2), IN_SET("enter6"), ACCEPT),
    RULE("pass", V4, SOURCE4(0), TARGET4(1), IN_SET("clients4"), ACCEPT),
    RULE("pass", V6, SOURCE6(0), TARGET6(4), IN_SET("clients6"), ACCEPT),
    RULE("pass", V4, TARGET4(0), IN_SET("guarded4"), DROP),
    RULE("pass", V6, TARGET6(0), IN_SET("guarded6"), DROP),

    /* To a host that lets nothing in: what makes a network, and the forwards to it. */
    RULE("reach", FROM_OTHERS, ACCEPT),
    RULE("reach", META(0, NFT_META_IIFGROUP), NOT_IN_SET("closed_in"), ACCEPT),
    RULE("reach", IS_ESTABLISHED, ACCEPT),
    RULE("reach", IS_FORWARDED, ACCEPT),
    RULE("reach", V4, SELF4, ACCEPT),
    RULE("reach", V6, SELF6, ACCEPT),
    RULE("reach", PROTOCOL(IPPROTO_ICMP), ACCEPT),
    RULE("reach", PROTOCOL(IPPROTO_ICMPV6), ACCEPT),
    RULE("reach", PROTOCOL(IPPROTO_UDP), TARGET_PORT(DOMAIN), ACCEPT),
    RULE("reach", PROTOCOL(IPPROTO_TCP), TARGET_PORT(DOMAIN), ACCEPT),
    RULE("reach", PROTOCOL(IPPROTO_UDP), TARGET_PORT(BOOTPS), ACCEPT),
    RULE("reach", PROTOCOL(IPPROTO_UDP), TARGET_PORT(DHCP6_SERVER), ACCEPT),
    RULE("reach", DROP),
};

const struct nft_table rules_inet = {
    .family = NFT_INET, .name = RULES_TABLE,
    .sets = inet_sets, .n_sets = COUNT_OF(inet_sets),
    .chains = inet_chains, .n_chains = COUNT_OF(inet_chains),
    .rules = inet_rules, .n_rules = COUNT_OF(inet_rules),
};

/* -- bridge -- */

#define FRAME(type)     META(0, NFT_META_PROTOCOL), IS(2, {(type) >> 8, (type) & 0xff})
#define IN_PORT(n)      META(n, NFT_META_IIFNAME)
#define OUT_PORT(n)     META(n, NFT_META_OIFNAME)
#define ARP_MAC(n)      LOAD(n, NETWORK, 8, 6)
#define ARP_IP(n)       LOAD(n, NETWORK, 14, 4)
#define ND_TARGET(n)    LOAD(n, TRANSPORT, 8, 16)
#define NOT_A_PORT(k)   META(0, k), ISNT(4, U32(RULES_GROUP_PORT))

/* The address that a neighbour advertisement is about has no name in older versions of nft(8), so they would print it
 * as a number and not read back what they have printed, but for a note that says: "@th,64,128", "iifname . @th,64,128".
 * Each is a type, a size, and so many bytes, in which there may be more of them. */
#define NOTE_TARGET NOTE(0, 7), 1, 30, NOTE(0, 0), NOTE(1, 0), NOTE(2, 3), NOTE(3, 64), NOTE(4, 128)
static const uint8_t note_of_target[] = {NOTE(0, 2), 3, 38, NOTE_TARGET};
static const uint8_t note_of_port_and_target[] = {
    NOTE(0, 0), 3, 64, NOTE(0, 13), 1, 56, 0, 14, NOTE(0, 9), 1, 6, NOTE(0, 6), 1, 38, NOTE_TARGET};

static const struct nft_set bridge_sets[] = {
    {"machines", IFNAME, 16, IN_HOST_ORDER},
    {"macs",     PAIR(IFNAME, ETHER), 24},
    {"own4",     PAIR(IFNAME, IPV4), 20},
    {"own6",     PAIR(IFNAME, IPV6), 32},
    {"taken4",   IPV4, 4},                                      /* some machine's own */
    {"taken6",   IPV6, 16},
    {"denied4",  PAIR(IFNAME, IPV4), 20},                       /* the host's, as seen from each machine */
    {"denied6",  PAIR(IFNAME, IPV6), 32},
    {"nd_taken", INTEGER, 16, .note = note_of_target, .note_size = sizeof note_of_target},
    {"nd_own",   PAIR(IFNAME, INTEGER), 32, .note = note_of_port_and_target, .note_size = sizeof note_of_port_and_target},
    {"nd_denied", PAIR(IFNAME, INTEGER), 32, .note = note_of_port_and_target,
     .note_size = sizeof note_of_port_and_target},
    {"isolated", IFNAME, 16, IN_HOST_ORDER},
    {"leave",    PAIR(IFNAME, IFNAME), 32},
    {"guarded",  IFNAME, 16, IN_HOST_ORDER},
    {"enter",    PAIR(IFNAME, IFNAME), 32},
    {"clients4", PAIR(IPV4, IPV4), 8,  .is_interval = true, .field = {4, 4}},
    {"clients6", PAIR(IPV6, IPV6), 32, .is_interval = true, .field = {16, 16}},
};

static const struct nft_chain bridge_chains[] = {
    {"arrive", "filter", BRIDGE_PRE_ROUTING, BRIDGE_FIRST},
    {"pass",   "filter", BRIDGE_FORWARD,     BRIDGE_FILTER},
};

static const struct nft_rule bridge_rules[] = {
    RULE("arrive", NOT_A_PORT(NFT_META_IIFGROUP), ACCEPT),
    RULE("arrive", IN_PORT(0), SENDER(4), NOT_IN_SET("macs"), DROP),
    RULE("arrive", FRAME(ETH_P_ARP), IN_PORT(0), ARP_MAC(4), NOT_IN_SET("macs"), DROP),
    RULE("arrive", FRAME(ETH_P_ARP), IN_PORT(0), ARP_IP(4), IN_SET("own4"), ACCEPT),
    RULE("arrive", FRAME(ETH_P_ARP), ARP_IP(0), IN_SET("taken4"), DROP),
    RULE("arrive", FRAME(ETH_P_ARP), IN_PORT(0), ARP_IP(4), IN_SET("denied4"), DROP),
    RULE("arrive", FRAME(ETH_P_ARP), ACCEPT),
    /* Leases and routes are the host's to give. */
    RULE("arrive", FRAME(ETH_P_IP), PROTOCOL(IPPROTO_UDP), SOURCE_PORT(BOOTPS), DROP),
    RULE("arrive", FRAME(ETH_P_IPV6), PROTOCOL(IPPROTO_UDP), SOURCE_PORT(DHCP6_SERVER), DROP),
    RULE("arrive", FRAME(ETH_P_IPV6), PROTOCOL(IPPROTO_ICMPV6), TYPE_OF_ICMP(ND_ROUTER_ADVERT), DROP),
    RULE("arrive", FRAME(ETH_P_IPV6), PROTOCOL(IPPROTO_ICMPV6), TYPE_OF_ICMP(ND_REDIRECT), DROP),
    RULE("arrive", FRAME(ETH_P_IP), IN_PORT(0), SOURCE4(4), IN_SET("own4"), ACCEPT),
    RULE("arrive", FRAME(ETH_P_IP), SOURCE4(0), IN_SET("taken4"), DROP),
    RULE("arrive", FRAME(ETH_P_IP), IN_PORT(0), SOURCE4(4), IN_SET("denied4"), DROP),
    /* Nobody says of another's address that it is his. */
    RULE("arrive", FRAME(ETH_P_IPV6), PROTOCOL(IPPROTO_ICMPV6), TYPE_OF_ICMP(ND_NEIGHBOR_ADVERT),
         IN_PORT(0), ND_TARGET(4), IN_SET("nd_denied"), DROP),
    RULE("arrive", FRAME(ETH_P_IPV6), PROTOCOL(IPPROTO_ICMPV6), TYPE_OF_ICMP(ND_NEIGHBOR_ADVERT),
         ND_TARGET(0), IN_SET("nd_taken"), IN_PORT(0), ND_TARGET(4), NOT_IN_SET("nd_own"), DROP),
    RULE("arrive", FRAME(ETH_P_IPV6), IN_PORT(0), SOURCE6(4), IN_SET("own6"), ACCEPT),
    RULE("arrive", FRAME(ETH_P_IPV6), SOURCE6(0), IN_SET("taken6"), DROP),
    RULE("arrive", FRAME(ETH_P_IPV6), IN_PORT(0), SOURCE6(4), IN_SET("denied6"), DROP),

    RULE("pass", NOT_A_PORT(NFT_META_IIFGROUP), ACCEPT),
    RULE("pass", NOT_A_PORT(NFT_META_OIFGROUP), ACCEPT),
    /* Who is where may be known; it is what they have to say that stays with them. */
    RULE("pass", FRAME(ETH_P_ARP), ACCEPT),
    RULE("pass", FRAME(ETH_P_IPV6), PROTOCOL(IPPROTO_ICMPV6), TYPE_OF_ICMP(ND_NEIGHBOR_SOLICIT), ACCEPT),
    RULE("pass", FRAME(ETH_P_IPV6), PROTOCOL(IPPROTO_ICMPV6), TYPE_OF_ICMP(ND_NEIGHBOR_ADVERT), ACCEPT),
    RULE("pass", IN_PORT(0), IN_SET("isolated"), IN_PORT(0), OUT_PORT(4), NOT_IN_SET("leave"),
         FRAME(ETH_P_IP), TARGET4(0), SOURCE4(1), NOT_IN_SET("clients4"), DROP),
    RULE("pass", IN_PORT(0), IN_SET("isolated"), IN_PORT(0), OUT_PORT(4), NOT_IN_SET("leave"),
         FRAME(ETH_P_IPV6), TARGET6(0), SOURCE6(4), NOT_IN_SET("clients6"), DROP),
    RULE("pass", OUT_PORT(0), IN_SET("isolated"), OUT_PORT(0), IN_PORT(4), NOT_IN_SET("leave"),
         FRAME(ETH_P_IP), SOURCE4(0), TARGET4(1), NOT_IN_SET("clients4"), DROP),
    RULE("pass", OUT_PORT(0), IN_SET("isolated"), OUT_PORT(0), IN_PORT(4), NOT_IN_SET("leave"),
         FRAME(ETH_P_IPV6), SOURCE6(0), TARGET6(4), NOT_IN_SET("clients6"), DROP),
    RULE("pass", OUT_PORT(0), NOT_IN_SET("guarded"), ACCEPT),
    RULE("pass", IN_PORT(0), OUT_PORT(4), IN_SET("enter"), ACCEPT),
    RULE("pass", FRAME(ETH_P_IP), SOURCE4(0), TARGET4(1), IN_SET("clients4"), ACCEPT),
    RULE("pass", FRAME(ETH_P_IPV6), SOURCE6(0), TARGET6(4), IN_SET("clients6"), ACCEPT),
    /* A bridge keeps no account of connections (where it could, it would for all bridges of the host), so answers are
     * told from questions by what they look like. */
    RULE("pass", PROTOCOL(IPPROTO_TCP), LOAD(0, TRANSPORT, 13, 1), MASK(1, {0x17}), ISNT(1, {0x02}), ACCEPT),
    RULE("pass", PROTOCOL(IPPROTO_ICMP), LOAD(0, TRANSPORT, 0, 1), ISNT(1, {PING4}), ACCEPT),
    RULE("pass", PROTOCOL(IPPROTO_ICMPV6), LOAD(0, TRANSPORT, 0, 1), ISNT(1, {PING6}), ACCEPT),
    RULE("pass", DROP),
};

const struct nft_table rules_bridge = {
    .family = NFT_BRIDGE, .name = RULES_TABLE,
    .sets = bridge_sets, .n_sets = COUNT_OF(bridge_sets),
    .chains = bridge_chains, .n_chains = COUNT_OF(bridge_chains),
    .rules = bridge_rules, .n_rules = COUNT_OF(bridge_rules),
};
/* clang-format on */
