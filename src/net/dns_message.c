/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes to questions, answers to bytes. Who asks whom is the resolver's business (runtime/name_server.c). */
#include "net/dns_message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum { LABEL_MAX = 63, WIRE_NAME_MAX = 255, EXTENSION_SIZE = 11, POINTER = 0xc0, CLASS_INTERNET = 1, CLASS_ANY = 255 };
enum { IS_REPLY = 0x8000, OPERATION = 0x7800, AUTHORITY = 0x0400, TRUNCATED = 0x0200, WANTS_RECURSION = 0x0100,
       HAS_RECURSION = 0x0080 };

/* What a datagram may bring along the way to a guest without being cut in pieces. */
enum { ROOM_MAX = 1232 };

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t) (at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t) (value >> 8);
    at[1] = (uint8_t) value;
}

uint16_t dns_id(const uint8_t *message)
{
    return get16(message);
}

void dns_set_id(uint8_t *message, uint16_t id)
{
    put16(message, id);
}

static char lower(uint8_t c)
{
    return (char) (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* -- questions -- */

/* Appends a label as text; false where it is none of a host's. */
static bool append_label(char *name, size_t *used, const uint8_t *label, size_t length)
{
    if (*used > 0)
        name[(*used)++] = '.';
    for (size_t i = 0; i < length; i++) {
        char c = lower(label[i]);

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
            return false;
        name[(*used)++] = c;
    }
    return true;
}

/* Reads the name at *AT and leaves *AT behind it. No pointers: in front of a question there is nothing to point to. */
static int read_name(const uint8_t *message, size_t size, size_t *at, char name[DNS_NAME_SIZE])
{
    size_t start = *at, used = 0;
    bool is_host = true;

    for (;;) {
        if (*at >= size)
            return -EBADMSG;
        size_t length = message[(*at)++];
        if (length == 0)
            break;
        if (length > LABEL_MAX || *at + length > size || *at + length - start >= WIRE_NAME_MAX)
            return -EBADMSG;
        is_host = is_host && append_label(name, &used, message + *at, length);
        *at += length;
    }
    name[is_host ? used : 0] = '\0';
    return 0;
}

/* An OPT record, which says how much the asker can take, right behind the question. */
static void read_extension(const uint8_t *message, size_t size, struct dns_query *query)
{
    const uint8_t *record = message + query->size;

    if (get16(message + 6) != 0 || get16(message + 8) != 0 || get16(message + 10) == 0 ||
        size - query->size < EXTENSION_SIZE || record[0] != 0 || get16(record + 1) != DNS_OPT)
        return;

    uint16_t room = get16(record + 3);
    query->has_extension = true;
    query->room = room > ROOM_MAX ? ROOM_MAX : room > DNS_PLAIN_SIZE ? room : DNS_PLAIN_SIZE;
}

int dns_query_parse(const uint8_t *message, size_t size, struct dns_query *ret)
{
    size_t at = DNS_HEADER_SIZE;

    if (size < DNS_HEADER_SIZE)
        return -EBADMSG;
    *ret = (struct dns_query){.id = get16(message), .flags = get16(message + 2), .room = DNS_PLAIN_SIZE};
    if (ret->flags & (IS_REPLY | OPERATION | TRUNCATED) || get16(message + 4) != 1 ||
        read_name(message, size, &at, ret->name) < 0 || size - at < 4)
        return -EBADMSG;
    ret->type = get16(message + at);
    ret->class = get16(message + at + 2);
    ret->size = at + 4;
    read_extension(message, size, ret);
    return 0;
}

bool dns_query_is_internet(const struct dns_query *query)
{
    return query->class == CLASS_INTERNET || query->class == CLASS_ANY;
}

/* -- answers -- */

/* The header and the question; returns the size. */
static size_t begin(const uint8_t *message, const struct dns_query *query, unsigned flags, uint8_t *out)
{
    memcpy(out, message, query->size);
    put16(out + 2, IS_REPLY | HAS_RECURSION | (query->flags & WANTS_RECURSION) | flags);
    put16(out + 4, 1);
    memset(out + 6, 0, 6);
    return query->size;
}

static size_t end(const struct dns_query *query, uint8_t *out, size_t used, unsigned n_answers)
{
    put16(out + 6, n_answers);
    if (!query->has_extension)
        return used;
    put16(out + 10, 1);
    memset(out + used, 0, EXTENSION_SIZE);
    put16(out + used + 1, DNS_OPT);
    put16(out + used + 3, ROOM_MAX);
    return used + EXTENSION_SIZE;
}

/* A record about the name in the question. It may be kept for no time at all: the machine may end any moment. */
static size_t add_record(uint8_t *out, size_t used, enum dns_type type, const void *data, size_t size)
{
    static const uint8_t name[2] = {POINTER, DNS_HEADER_SIZE};

    memcpy(out + used, name, 2);
    put16(out + used + 2, type);
    put16(out + used + 4, CLASS_INTERNET);
    memset(out + used + 6, 0, 4);
    put16(out + used + 10, (unsigned) size);
    memcpy(out + used + 12, data, size);
    return used + 12 + size;
}

size_t dns_answer_addresses(const uint8_t *message, const struct dns_query *query, const struct names_entry *entry,
                            uint8_t *out)
{
    size_t used = begin(message, query, AUTHORITY, out);
    unsigned n = 0;

    for (unsigned i = 0; i < entry->count; i++) {
        const struct names_address *address = &entry->address[i];
        enum dns_type type = address->family == AF_INET6 ? DNS_AAAA : DNS_A;
        size_t size = names_address_size(address->family);

        if ((query->type != type && query->type != DNS_ANY) || used + 12 + size + EXTENSION_SIZE > DNS_PLAIN_SIZE)
            continue;
        used = add_record(out, used, type, address->byte, size);
        n++;
    }
    return end(query, out, used, n);
}

/* NAME as labels; it is a machine's, so it fits. A label that is too long, which nobody could ask for, is cut. */
static size_t write_name(const char *name, uint8_t *out)
{
    size_t used = 0;

    while (*name) {
        size_t length = strcspn(name, ".");

        size_t written = length < LABEL_MAX ? length : LABEL_MAX;

        out[used++] = (uint8_t) written;
        memcpy(out + used, name, written);
        used += written;
        name += length + (name[length] == '.');
    }
    out[used++] = 0;
    return used;
}

size_t dns_answer_name(const uint8_t *message, const struct dns_query *query, const char *name, uint8_t *out)
{
    uint8_t wire[NAMES_NAME_SIZE + 2];
    size_t used = begin(message, query, AUTHORITY, out);

    if (query->type != DNS_PTR && query->type != DNS_ANY)
        return end(query, out, used, 0);
    used = add_record(out, used, DNS_PTR, wire, write_name(name, wire));
    return end(query, out, used, 1);
}

size_t dns_answer_status(const uint8_t *message, const struct dns_query *query, enum dns_status status, uint8_t *out)
{
    return end(query, out, begin(message, query, status, out), 0);
}

size_t dns_answer_truncated(const uint8_t *message, const struct dns_query *query, uint8_t *out)
{
    return end(query, out, begin(message, query, TRUNCATED, out), 0);
}

bool dns_reply_is_to(const uint8_t *message, const struct dns_query *query, const uint8_t *reply, size_t size)
{
    size_t name_end = query->size - 4;

    if (size < DNS_HEADER_SIZE || !(get16(reply + 2) & IS_REPLY) || (get16(reply + 2) & OPERATION))
        return false;
    /* servers that cannot make anything of a question may leave it out */
    if (get16(reply + 4) == 0)
        return (get16(reply + 2) & 0xf) != DNS_NO_ERROR;
    if (get16(reply + 4) != 1 || size < query->size)
        return false;
    for (size_t i = DNS_HEADER_SIZE; i < name_end; i++)
        if (lower(message[i]) != lower(reply[i]))
            return false;
    return memcmp(message + name_end, reply + name_end, 4) == 0;
}

/* -- reverse names -- */

static bool read_reverse4(const char *name, struct names_address *ret)
{
    ret->family = AF_INET;
    for (int i = 3; i >= 0; i--) {
        unsigned value = 0, digits = 0;

        for (; *name >= '0' && *name <= '9' && digits < 3; name++, digits++)
            value = value * 10 + (unsigned) (*name - '0');
        if (digits == 0 || value > 255 || *name++ != '.')
            return false;
        ret->byte[i] = (uint8_t) value;
    }
    return strcmp(name, "in-addr.arpa") == 0;
}

static bool read_reverse6(const char *name, struct names_address *ret)
{
    static const char digits[] = "0123456789abcdef";

    if (strlen(name) != 64 + strlen("ip6.arpa") || strcmp(name + 64, "ip6.arpa") != 0)
        return false;
    ret->family = AF_INET6;
    for (int i = 0; i < 32; i++) {
        const char *digit = name[2 * i] ? strchr(digits, name[2 * i]) : NULL;

        if (!digit || name[2 * i + 1] != '.')
            return false;
        ret->byte[15 - i / 2] |= (uint8_t) ((digit - digits) << (i % 2 ? 4 : 0));
    }
    return true;
}

bool dns_reverse_parse(const char *name, struct names_address *ret)
{
    struct names_address address = {0};

    if (!read_reverse4(name, &address) && !read_reverse6(name, &address))
        return false;
    *ret = address;
    return true;
}
