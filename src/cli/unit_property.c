/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of properties, and how the text of each kind is read. Nothing here speaks to a bus. */
#include "cli/unit_property.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "config/cpu_list.h"
#include "config/quantity.h"
#include "config/signal_name.h"

#define INFINITE UINT64_MAX

/* A percentage counts in hundredths of a percent: "12.5%" is 1250. */
#define PERCENT_WHOLE 10000u

struct row;

/* Reads VALUE into PROPERTY, which has its name and nothing else. The error is the reason: what is wrong with VALUE. */
typedef int read_fn(const struct row *row, const char *value, struct bus_property *property, struct error **err);

struct row {
    const char *name;
    read_fn *read;
    const char *sent_as;        /* NULL: by the same name */
    uint64_t min, max;          /* of numbers */
};

/* -- the kinds of value -- */

static void set_number(struct bus_property *property, enum bus_type type, uint64_t number)
{
    property->type = type;
    property->number = number;
}

static void rename_property(struct bus_property *property, char *name)
{
    free(property->name);
    property->name = name;
}

static int read_text(const struct row *row, const char *value, struct bus_property *property, struct error **err)
{
    (void) row, (void) err;
    property->type = BUS_STRING;
    strings_add(&property->words, value);
    return 0;
}

static int read_boolean(const struct row *row, const char *value, struct bus_property *property, struct error **err)
{
    int r = parse_boolean(value);

    (void) row;
    set_number(property, BUS_BOOLEAN, r == 1);
    return r < 0 ? fail_plain(err, EINVAL, "it is neither yes nor no") : 0;
}

static int read_words(const struct row *row, const char *value, struct bus_property *property, struct error **err)
{
    (void) row;
    property->type = BUS_STRINGS;
    if (strings_split_words(&property->words, value) < 0)
        return fail_plain(err, EINVAL, "a quote is open, or an escape unknown");
    return 0;
}

/* Hundredths of a percent; false when TEXT is no percentage. */
static bool read_percent(const char *text, uint64_t *ret)
{
    size_t length = strlen(text);
    uint64_t whole, part = 0;

    if (length < 2 || text[length - 1] != '%')
        return false;

    auto_free char *number = mem_copy_bytes(text, length - 1);
    char *point = strchr(number, '.');
    if (point) {
        size_t digits = strlen(point + 1);

        *point = '\0';
        if (digits < 1 || digits > 2 || parse_u64(point + 1, &part) < 0)
            return false;
        part *= digits == 1 ? 10 : 1;
    }
    if (parse_u64(number, &whole) < 0 || whole > UINT32_MAX)
        return false;
    *ret = whole * 100 + part;
    return true;
}

/* A share of the machine goes under another name, as a fraction of 2^32 - 1. */
static int read_share(struct bus_property *property, uint64_t percent, struct error **err)
{
    if (percent > PERCENT_WHOLE)
        return fail_plain(err, ERANGE, "it is more than 100%%");
    rename_property(property, mem_format("%sScale", property->name));
    set_number(property, BUS_UINT32, percent * UINT32_MAX / PERCENT_WHOLE);
    return 0;
}

/* Bytes, "infinity", or a share of the machine's memory. */
static int read_memory(const struct row *row, const char *value, struct bus_property *property, struct error **err)
{
    uint64_t number = INFINITE;

    (void) row;
    if (read_percent(value, &number))
        return read_share(property, number, err);
    if (*value && strcmp(value, "infinity") != 0 && quantity_parse_bytes(value, &number) < 0)
        return fail_plain(err, EINVAL, "a size is bytes, with K, M, G or T, a percentage, or infinity");
    set_number(property, BUS_UINT64, number);
    return 0;
}

static int read_count(const struct row *row, const char *value, struct bus_property *property, struct error **err)
{
    uint64_t number = INFINITE;

    (void) row;
    if (read_percent(value, &number))
        return read_share(property, number, err);
    if (*value && strcmp(value, "infinity") != 0 && parse_u64(value, &number) < 0)
        return fail_plain(err, EINVAL, "it is a number, a percentage, or infinity");
    set_number(property, BUS_UINT64, number);
    return 0;
}

/* A number within the row's bounds; empty for "none". */
static int read_weight(const struct row *row, const char *value, struct bus_property *property, struct error **err)
{
    uint64_t number = INFINITE;

    if (strcmp(value, "idle") == 0 && string_ends(row->name, "CPUWeight"))
        number = 0;
    else if (*value && (parse_u64(value, &number) < 0 || number < row->min || number > row->max))
        return fail_plain(err, EINVAL, "it is a number from %llu to %llu", (unsigned long long) row->min,
                          (unsigned long long) row->max);
    set_number(property, BUS_UINT64, number);
    return 0;
}

/* "150%": one and a half CPUs, which is that much time in each second. */
static int read_cpu_quota(const struct row *row, const char *value, struct bus_property *property, struct error **err)
{
    uint64_t percent = 0;

    (void) row;
    if (*value && (!read_percent(value, &percent) || percent == 0))
        return fail_plain(err, EINVAL, "it is a percentage of one CPU, as in 150%%");
    set_number(property, BUS_UINT64, *value ? percent * 100 : INFINITE);
    return 0;
}

static int read_time(const struct row *row, const char *value, struct bus_property *property, struct error **err)
{
    uint64_t number = INFINITE;

    (void) row;
    if (*value && strcmp(value, "infinity") != 0 && quantity_parse_time(value, 1000000, &number) < 0)
        return fail_plain(err, EINVAL, "a time is seconds, or as in 1min 30s, or infinity");
    set_number(property, BUS_UINT64, number);
    return 0;
}

static int read_signal(const struct row *row, const char *value, struct bus_property *property, struct error **err)
{
    int number;

    (void) row;
    if (signal_parse(value, &number) < 0)
        return fail_plain(err, EINVAL, "there is no such signal");
    set_number(property, BUS_INT32, (uint64_t) number);
    return 0;
}

/* A set of CPUs or memory nodes travels as a bitmap, lowest first. */
static int read_bitmap(const struct row *row, const char *value, struct bus_property *property, struct error **err)
{
    cpu_set_t set;

    (void) row;
    if (cpu_list_parse(value, &set, err) < 0)
        return -error_code(*err);
    property->type = BUS_BYTES;
    property->bytes = mem_alloc(CPU_SETSIZE / 8);
    for (size_t i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &set)) {
            property->bytes[i / 8] |= (uint8_t) (1 << i % 8);
            property->n_bytes = i / 8 + 1;
        }
    return 0;
}

/* -- devices -- */

/* Takes the first word off VALUE; *REST is what follows it. */
static char *first_word(const char *value, const char **rest)
{
    size_t length = strcspn(value, " \t");

    *rest = value + length + strspn(value + length, " \t");
    return mem_copy_bytes(value, length);
}

static int check_device(const char *device, bool may_be_group, struct error **err)
{
    if (path_is_absolute(device))
        return 0;
    if (may_be_group && (string_starts(device, "char-") || string_starts(device, "block-")))
        return 0;
    return fail_plain(err, EINVAL, may_be_group ? "'%s' is neither a path nor as in char-pts or block-*"
                                                : "'%s' is not an absolute path", device);
}

static int read_device_allow(const struct row *row, const char *value, struct bus_property *property,
                             struct error **err)
{
    const char *rights;

    (void) row;
    property->type = BUS_PAIRS;
    if (!*value)        /* an empty list takes back what was allowed before */
        return 0;

    auto_free char *device = first_word(value, &rights);
    if (check_device(device, true, err) < 0)
        return -error_code(*err);
    if (rights[strspn(rights, "rwm")] != '\0')
        return fail_plain(err, EINVAL, "'%s' is not made of r, w and m", rights);
    strings_take(&property->words, TAKE(device));
    strings_add(&property->words, *rights ? rights : "rwm");
    return 0;
}

/* Of bandwidths: decimal units, as disks are sold. */
static int read_bandwidth(const char *text, uint64_t *ret)
{
    static const char units[] = "KMGT";
    size_t length = strlen(text);
    const char *unit = length > 1 ? strchr(units, text[length - 1]) : NULL;
    auto_free char *digits = mem_copy_bytes(text, length - (unit != NULL));

    if (strcmp(text, "infinity") == 0) {
        *ret = INFINITE;
        return 0;
    }

    int r = parse_u64(digits, ret);
    for (const char *u = unit; r == 0 && u && u >= units; u--)
        r = __builtin_mul_overflow(*ret, 1000, ret) ? -ERANGE : 0;
    return r;
}

static int read_device_number(const struct row *row, const char *value, struct bus_property *property,
                              struct error **err)
{
    const char *text;
    uint64_t number;

    property->type = BUS_NUMBERED;
    if (!*value)
        return 0;

    auto_free char *device = first_word(value, &text);
    if (check_device(device, false, err) < 0)
        return -error_code(*err);

    int r = string_ends(row->name, "Sec") ? quantity_parse_time(text, 1000000, &number) : read_bandwidth(text, &number);
    if (r < 0 || number < row->min || number > row->max)
        return fail_plain(err, EINVAL, "'%s' is not a value for a device", text);
    strings_take(&property->words, TAKE(device));
    property->number = number;
    return 0;
}

/* -- network -- */

static void add_prefix(struct bus_property *property, int family, const char *address, uint32_t length)
{
    MEM_GROW(property->prefixes, property->n_prefixes);

    struct bus_prefix *prefix = &property->prefixes[property->n_prefixes++];
    *prefix = (struct bus_prefix){.family = family, .length = length};
    (void) inet_pton(family, address, prefix->address);
}

static int read_prefix(struct bus_property *property, char *word)
{
    static const struct {
        const char *word;
        const char *address4;
        uint32_t length4;
        const char *address6;
        uint32_t length6;
    } named[] = {
        {"any", "0.0.0.0", 0, "::", 0},
        {"localhost", "127.0.0.0", 8, "::1", 128},
        {"link-local", "169.254.0.0", 16, "fe80::", 64},
        {"multicast", "224.0.0.0", 4, "ff00::", 8},
    };
    uint8_t scratch[16];

    for (size_t i = 0; i < COUNT_OF(named); i++)
        if (strcmp(word, named[i].word) == 0) {
            add_prefix(property, AF_INET, named[i].address4, named[i].length4);
            add_prefix(property, AF_INET6, named[i].address6, named[i].length6);
            return 0;
        }

    char *slash = strchr(word, '/');
    if (slash)
        *slash = '\0';
    int family = strchr(word, ':') ? AF_INET6 : AF_INET;
    uint32_t length = family == AF_INET ? 32 : 128, given = length;
    if (inet_pton(family, word, scratch) != 1 || (slash && parse_u32(slash + 1, &given) < 0) || given > length)
        return -EINVAL;
    add_prefix(property, family, word, given);
    return 0;
}

static int read_prefixes(const struct row *row, const char *value, struct bus_property *property, struct error **err)
{
    CLEANUP(strings_done) struct strings words = {0};

    (void) row;
    property->type = BUS_PREFIXES;
    strings_split(&words, value, " \t");
    for (size_t i = 0; i < words.count; i++)
        if (read_prefix(property, words.item[i]) < 0)
            return fail_plain(err, EINVAL, "'%s' is not an address, with or without /LENGTH, nor any, localhost, "
                              "link-local or multicast", words.item[i]);
    return 0;
}

/* -- the table -- */

/* A boolean, or the controllers that are meant. */
static int read_delegate(const struct row *row, const char *value, struct bus_property *property, struct error **err)
{
    if (parse_boolean(value) >= 0)
        return read_boolean(row, value, property, err);
    rename_property(property, mem_copy_string("DelegateControllers"));
    return read_words(row, value, property, err);
}

#define ANY 0, INFINITE

/* clang-format off */
static const struct row rows[] = {
    /* what it is and what it goes with */
    {"Description",             read_text},
    {"Documentation",           read_words},
    {"Slice",                   read_text},
    {"CollectMode",             read_text},
    {"Requires",                read_words},
    {"Requisite",               read_words},
    {"Wants",                   read_words},
    {"BindsTo",                 read_words},
    {"PartOf",                  read_words},
    {"Upholds",                 read_words},
    {"Conflicts",               read_words},
    {"Before",                  read_words},
    {"After",                   read_words},
    {"OnFailure",               read_words},
    {"OnSuccess",               read_words},

    /* its end */
    {"KillMode",                read_text},
    {"KillSignal",              read_signal},
    {"FinalKillSignal",         read_signal},
    {"SendSIGHUP",              read_boolean},
    {"SendSIGKILL",             read_boolean},
    {"TimeoutStopSec",          read_time,          "TimeoutStopUSec"},
    {"RuntimeMaxSec",           read_time,          "RuntimeMaxUSec"},
    {"RuntimeRandomizedExtraSec", read_time,        "RuntimeRandomizedExtraUSec"},
    {"OOMPolicy",               read_text},
    {"CoredumpReceive",         read_boolean},

    /* control groups */
    {"Delegate",                read_delegate},
    {"DisableControllers",      read_words},
    {"CPUAccounting",           read_boolean},
    {"MemoryAccounting",        read_boolean},
    {"TasksAccounting",         read_boolean},
    {"IOAccounting",            read_boolean},
    {"BlockIOAccounting",       read_boolean},
    {"IPAccounting",            read_boolean},

    {"CPUWeight",               read_weight,        NULL, 1, 10000},
    {"StartupCPUWeight",        read_weight,        NULL, 1, 10000},
    {"CPUShares",               read_weight,        NULL, 2, 262144},
    {"StartupCPUShares",        read_weight,        NULL, 2, 262144},
    {"CPUQuota",                read_cpu_quota,     "CPUQuotaPerSecUSec"},
    {"CPUQuotaPeriodSec",       read_time,          "CPUQuotaPeriodUSec"},
    {"AllowedCPUs",             read_bitmap},
    {"StartupAllowedCPUs",      read_bitmap},
    {"AllowedMemoryNodes",      read_bitmap},
    {"StartupAllowedMemoryNodes", read_bitmap},

    {"MemoryMin",               read_memory},
    {"MemoryLow",               read_memory},
    {"MemoryHigh",              read_memory},
    {"MemoryMax",               read_memory},
    {"MemorySwapMax",           read_memory},
    {"MemoryZSwapMax",          read_memory},
    {"MemoryLimit",             read_memory},
    {"DefaultMemoryMin",        read_memory},
    {"DefaultMemoryLow",        read_memory},
    {"StartupMemoryLow",        read_memory},
    {"StartupMemoryHigh",       read_memory},
    {"StartupMemoryMax",        read_memory},
    {"StartupMemorySwapMax",    read_memory},
    {"StartupMemoryZSwapMax",   read_memory},
    {"MemoryZSwapWriteback",    read_boolean},
    {"TasksMax",                read_count},

    {"IOWeight",                read_weight,        NULL, 1, 10000},
    {"StartupIOWeight",         read_weight,        NULL, 1, 10000},
    {"IODeviceWeight",          read_device_number, NULL, 1, 10000},
    {"IOReadBandwidthMax",      read_device_number, NULL, ANY},
    {"IOWriteBandwidthMax",     read_device_number, NULL, ANY},
    {"IOReadIOPSMax",           read_device_number, NULL, ANY},
    {"IOWriteIOPSMax",          read_device_number, NULL, ANY},
    {"IODeviceLatencyTargetSec", read_device_number, "IODeviceLatencyTargetUSec", ANY},
    {"BlockIOWeight",           read_weight,        NULL, 10, 1000},
    {"StartupBlockIOWeight",    read_weight,        NULL, 10, 1000},
    {"BlockIODeviceWeight",     read_device_number, NULL, 10, 1000},
    {"BlockIOReadBandwidth",    read_device_number, NULL, ANY},
    {"BlockIOWriteBandwidth",   read_device_number, NULL, ANY},

    {"DevicePolicy",            read_text},
    {"DeviceAllow",             read_device_allow},
    {"IPAddressAllow",          read_prefixes},
    {"IPAddressDeny",           read_prefixes},

    {"ManagedOOMSwap",          read_text},
    {"ManagedOOMMemoryPressure", read_text},
    {"ManagedOOMPreference",    read_text},
    {"MemoryPressureWatch",     read_text},
    {"MemoryPressureThresholdSec", read_time,       "MemoryPressureThresholdUSec"},
};
/* clang-format on */

static int fail_unknown(const char *assignment, const char *name, struct error **err)
{
    const char *names[COUNT_OF(rows)];

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        names[i] = rows[i].name;

    const char *nearest = string_nearest(name, names, COUNT_OF(names));
    fail_plain(err, EINVAL, "Unknown assignment: %s", assignment);
    fail_id(*err, "R1105");
    if (nearest)
        fail_hint(*err, "did you mean %s=?", nearest);
    else
        fail_hint(*err, "a property is one that scopes have, as in systemd.resource-control(5): MemoryMax=1G, "
                        "CPUQuota=50%%, TasksMax=1000");
    return -EINVAL;
}

int unit_property_parse(const char *assignment, struct bus_properties *list, struct error **err)
{
    size_t length = strcspn(assignment, "=");
    auto_free char *name = mem_copy_bytes(assignment, length);
    const struct row *row = NULL;

    for (size_t i = 0; i < COUNT_OF(rows) && assignment[length] == '='; i++)
        if (strcmp(rows[i].name, name) == 0)
            row = &rows[i];
    if (!row)
        return fail_unknown(assignment, name, err);

    MEM_GROW(list->item, list->count);
    struct bus_property *property = &list->item[list->count++];
    *property = (struct bus_property){.name = mem_copy_string(row->sent_as ? row->sent_as : row->name)};

    if (row->read(row, assignment + length + 1, property, err) < 0)
        return fail_in(err, "Failed to parse %s= setting '%s'", row->name, assignment + length + 1);
    return 0;
}
