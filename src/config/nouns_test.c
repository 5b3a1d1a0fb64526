/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The small value parsers: capabilities, signals, limits, CPUs, ranges, ports, credentials, families, policies. */
#include <errno.h>
#include <signal.h>
#include <sys/personality.h>

#include "base/mem.h"
#include "base/strings.h"
#include "config/address_family.h"
#include "config/capability.h"
#include "config/cpu_list.h"
#include "config/credential_parse.h"
#include "config/idrange.h"
#include "config/image_policy.h"
#include "config/interface_pair.h"
#include "config/personality.h"
#include "config/port_parse.h"
#include "config/quantity.h"
#include "config/rlimit_parse.h"
#include "config/signal_name.h"
#include "base/test.h"

TEST(capabilities_have_names_and_numbers)
{
    unsigned number = 99;

    EXPECT_INT(capability_parse("CAP_CHOWN", &number), 0);
    EXPECT_INT(number, 0);
    EXPECT_INT(capability_parse("cap_Checkpoint_restore", &number), 0);
    EXPECT_INT(number, 40);
    EXPECT_INT(capability_parse("62", &number), 0);
    EXPECT_INT(number, 62);
    EXPECT_INT(capability_parse("63", &number), -EINVAL);
    EXPECT_INT(capability_parse("syslog", &number), -EINVAL);
    EXPECT_INT(capability_parse("", &number), -EINVAL);
    EXPECT_INT(number, 62);
    EXPECT_STR(capability_name(12), "cap_net_admin");
    EXPECT_TRUE(!capability_name(41));
}

TEST(a_list_of_capabilities_is_a_mask)
{
    uint64_t mask = 1;

    EXPECT_OK(capability_parse_list("CAP_SYSLOG,,cap_chown", ",", &mask, ERR));
    EXPECT_TRUE(mask == ((UINT64_C(1) << 34) | 1));
    EXPECT_OK(capability_parse_list("CAP_BPF,all", ",", &mask, ERR));
    EXPECT_TRUE(mask == CAPABILITIES_ALL);
    EXPECT_OK(capability_parse_list("", ",", &mask, ERR));
    EXPECT_TRUE(mask == 0);
}

TEST(an_unknown_capability_is_named_with_the_nearest)
{
    uint64_t mask;

    EXPECT_FAIL(capability_parse_list("CAP_CHOWN,CAP_SYS_ADMN", ",", &mask, ERR), EINVAL,
                "Failed to parse capability CAP_SYS_ADMN.");
    EXPECT_HINT("did you mean cap_sys_admin?");
    EXPECT_FAIL(capability_parse_list("syslog", ",", &mask, ERR), EINVAL, "Failed to parse capability syslog.");
    EXPECT_HINT("did you mean cap_syslog?");
    EXPECT_FAIL(capability_parse_list("ALL", ",", &mask, ERR), EINVAL, "Failed to parse capability ALL.");
    EXPECT_FAIL(capability_parse_list("nonsense", ",", &mask, ERR), EINVAL, "nonsense");
    EXPECT_HINT("capabilities(7)");
}

TEST(signals_are_named_as_the_kernel_counts_them)
{
    static const struct {
        const char *text;
        int number;
    } cases[] = {
        {"TERM", SIGTERM},   {"SIGTERM", SIGTERM}, {"9", 9},        {"+3", 3},
        {"64", 64},          {"33", 33},           {"RTMIN", 34},   {"RTMIN+3", 37},
        {"SIGRTMIN+30", 64}, {"RTMAX", 64},        {"RTMAX-1", 63}, {"SIGIO", SIGIO},
    };
    char buffer[32];
    int number = 0;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        EXPECT_INT(signal_parse(cases[i].text, &number), 0);
        EXPECT_INT(number, cases[i].number);
    }
    EXPECT_STR(signal_name(SIGKILL, buffer), "KILL");
    EXPECT_STR(signal_name(KILL_SIGNAL_OF_INIT, buffer), "RTMIN+3");
    EXPECT_STR(signal_name(32, buffer), "32");
}

TEST(what_is_no_signal_is_refused)
{
    static const char *const bad[] = {"",        "0",          "65",      "-3",       "term",
                                      "sigTERM", "SIGSIGTERM", "rtmin+3", "RTMIN+31", "RTMIN-1",
                                      "RTMAX+1", "RTMIN+x",    "EXIT",    "list",     "99999999999"};
    int number = 1234;

    for (size_t i = 0; i < COUNT_OF(bad); i++)
        EXPECT_INT(signal_parse(bad[i], &number), -EINVAL);
    EXPECT_INT(number, 1234);
}

TEST(every_listed_signal_parses_back)
{
    char buffer[32];
    size_t n = 0;
    int number;

    for (const char *name; (name = signal_value(n, buffer)); n++)
        EXPECT_INT(signal_parse(name, &number), 0);
    EXPECT_TRUE(n > 60);
}

TEST(sizes_have_units_fractions_and_sums)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {
        {"0", 0},
        {"1024", 1024},
        {"1K", 1024},
        {"1B", 1},
        {"1.5K", 1536},
        {"1.5G", 3u << 29},
        {"1G 1M", (1u << 30) + (1u << 20)},
        {"1G1K", (1u << 30) + 1024},
        {" 5 ", 5},
        {"15E", UINT64_C(15) << 60},
        {"0.5E", UINT64_C(1) << 59},
    };
    uint64_t bytes;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        EXPECT_INT(quantity_parse_bytes(cases[i].text, &bytes), 0);
        EXPECT_TRUE(bytes == cases[i].bytes);
    }
    bytes = 77;
    EXPECT_INT(quantity_parse_bytes("", &bytes), -EINVAL);
    EXPECT_INT(quantity_parse_bytes("1g", &bytes), -EINVAL);
    EXPECT_INT(quantity_parse_bytes("1KB", &bytes), -EINVAL);
    EXPECT_INT(quantity_parse_bytes("-1", &bytes), -EINVAL);
    EXPECT_INT(quantity_parse_bytes(".5K", &bytes), -EINVAL);
    EXPECT_INT(quantity_parse_bytes("1.5.2K", &bytes), -EINVAL);
    EXPECT_INT(quantity_parse_bytes("16E", &bytes), -ERANGE);
    EXPECT_INT(quantity_parse_bytes("18446744073709551616", &bytes), -ERANGE);
    EXPECT_TRUE(bytes == 77);
}

TEST(times_have_units_and_a_default_one)
{
    uint64_t usec;

    EXPECT_INT(quantity_parse_time("5", 1, &usec), 0);
    EXPECT_TRUE(usec == 5);
    EXPECT_INT(quantity_parse_time("5", 1000000, &usec), 0);
    EXPECT_TRUE(usec == 5000000);
    EXPECT_INT(quantity_parse_time("1h 30min", 1, &usec), 0);
    EXPECT_TRUE(usec == UINT64_C(5400000000));
    EXPECT_INT(quantity_parse_time("1.5s", 1, &usec), 0);
    EXPECT_TRUE(usec == 1500000);
    EXPECT_INT(quantity_parse_time("100ms20us", 1, &usec), 0);
    EXPECT_TRUE(usec == 100020);
    EXPECT_INT(quantity_parse_time("1 fortnight", 1, &usec), -EINVAL);
    EXPECT_INT(quantity_parse_time("99999999999y", 1, &usec), -ERANGE);
}

static struct rlimit limit_of(const char *name, const char *text, struct error **err_)
{
    struct rlimit limit = {0};

    EXPECT_OK(rlimit_parse(rlimit_number(name, strlen(name)), text, &limit, ERR));
    return limit;
}

TEST(limits_are_counted_each_in_its_unit)
{
    static const struct {
        const char *name, *text;
        rlim_t soft, hard;
    } cases[] = {
        {"NOFILE", "3", 3, 3},
        {"NOFILE", "2:3", 2, 3},
        {"NPROC", "infinity", RLIM_INFINITY, RLIM_INFINITY},
        {"CORE", "0:infinity", 0, RLIM_INFINITY},
        {"FSIZE", "1.5G", 1610612736, 1610612736},
        {"STACK", "8M:16M", 8 << 20, 16 << 20},
        {"CPU", "100ms", 1, 1},
        {"CPU", "1500ms:1h30min", 2, 5400},
        {"CPU", "60", 60, 60},
        {"RTTIME", "7", 7, 7},
        {"RTTIME", "5s", 5000000, 5000000},
        {"NICE", "-5", 25, 25},
        {"NICE", "+5", 15, 15},
        {"NICE", "40", 40, 40},
        {"NICE", "0:-20", 0, 40},
        {"LOCKS", "+5", 5, 5},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct rlimit limit = limit_of(cases[i].name, cases[i].text, err_);

        EXPECT_TRUE(limit.rlim_cur == cases[i].soft && limit.rlim_max == cases[i].hard);
    }
}

TEST(bad_limits_are_refused_with_what_the_limit_takes)
{
    static const struct {
        int number, code;
        const char *text, *reason;
    } cases[] = {
        {RLIMIT_NOFILE, EINVAL, "x", "'x' is no limit; NOFILE takes a number or infinity"},
        {RLIMIT_NOFILE, EINVAL, "1K", "'1K' is no limit; NOFILE takes a number"},
        {RLIMIT_NOFILE, EINVAL, "", "'' is no limit"},
        {RLIMIT_NOFILE, EINVAL, ":3", "'' is no limit"},
        {RLIMIT_NOFILE, EINVAL, "3:", "'' is no limit"},
        {RLIMIT_NOFILE, EINVAL, "1:2:3", "'2:3' is no limit"},
        {RLIMIT_NOFILE, EINVAL, "-1", "'-1' is no limit"},
        {RLIMIT_NOFILE, EINVAL, "3:2", "the soft limit 3 is above the hard limit 2"},
        {RLIMIT_CORE, EINVAL, "infinity:0", "the soft limit infinity is above the hard limit 0"},
        {RLIMIT_NOFILE, ERANGE, "18446744073709551615", "out of range"},
        {RLIMIT_NICE, ERANGE, "-21", "'-21' is out of range; NICE takes a nice level"},
        {RLIMIT_NICE, ERANGE, "+20", "out of range"},
        {RLIMIT_NICE, ERANGE, "41", "out of range"},
        {RLIMIT_NICE, EINVAL, "infinity", "NICE takes a nice level"},
        {RLIMIT_FSIZE, EINVAL, "1g", "FSIZE takes bytes with K, M, G or T"},
        {RLIMIT_CPU, EINVAL, "abc", "CPU takes a time such as 90s"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct rlimit limit;

        EXPECT_FAIL(rlimit_parse(cases[i].number, cases[i].text, &limit, ERR), cases[i].code, cases[i].reason);
    }
}

TEST(limits_have_names_with_and_without_prefix)
{
    EXPECT_INT(rlimit_number("NOFILE=3", 6), RLIMIT_NOFILE);
    EXPECT_INT(rlimit_number("RLIMIT_NOFILE", 13), RLIMIT_NOFILE);
    EXPECT_INT(rlimit_number("nofile", 6), -EINVAL);
    EXPECT_INT(rlimit_number("", 0), -EINVAL);
    EXPECT_INT(rlimit_number("RLIMIT_", 7), -EINVAL);
    for (size_t i = 0; i < RESOURCE_LIMITS; i++)
        EXPECT_INT(rlimit_number(rlimit_value(i, NULL), strlen(rlimit_value(i, NULL))) >= 0, 1);
    EXPECT_TRUE(!rlimit_value(RESOURCE_LIMITS, NULL));
    EXPECT_STR(rlimit_name(RLIMIT_RTTIME), "RTTIME");
}

TEST(cpus_are_numbers_and_ranges)
{
    cpu_set_t set;

    EXPECT_OK(cpu_list_parse("0-2,5 7", &set, ERR));
    EXPECT_INT(CPU_COUNT(&set), 5);
    EXPECT_TRUE(CPU_ISSET(2, &set) && CPU_ISSET(5, &set) && CPU_ISSET(7, &set) && !CPU_ISSET(3, &set));
    EXPECT_OK(cpu_list_parse(" , ", &set, ERR));
    EXPECT_INT(CPU_COUNT(&set), 0);
    EXPECT_FAIL(cpu_list_parse("0,3-1", &set, ERR), EINVAL, "the range '3-1' goes backwards");
    EXPECT_FAIL(cpu_list_parse("banana", &set, ERR), EINVAL, "'banana' is neither a CPU's number nor a range");
    EXPECT_FAIL(cpu_list_parse("0-", &set, ERR), EINVAL, "'0-'");
    EXPECT_FAIL(cpu_list_parse("0-1-2", &set, ERR), EINVAL, "'0-1-2'");
    EXPECT_FAIL(cpu_list_parse("1024", &set, ERR), ERANGE, "'1024' goes beyond CPU 1023");
}

TEST(a_range_is_a_base_and_a_count)
{
    uint32_t base, size;

    EXPECT_OK(idrange_parse("524288", &base, &size, ERR));
    EXPECT_TRUE(base == 524288 && size == 65536);
    EXPECT_OK(idrange_parse("0:4294967295", &base, &size, ERR));
    EXPECT_TRUE(base == 0 && size == UINT32_MAX);
    EXPECT_OK(idrange_parse("4294901760:65535", &base, &size, ERR));
    EXPECT_OK(idrange_parse("393217:1", &base, &size, ERR));
    EXPECT_TRUE(base == 393217 && size == 1);
}

TEST(what_is_no_range_is_refused_in_the_words_callers_know)
{
    static const struct {
        const char *text;
        int code;
        const char *says;
    } cases[] = {
        {"", EINVAL, "Failed to parse UID \"\": Invalid argument"},
        {"perhaps", EINVAL, "Failed to parse UID \"perhaps\": Invalid argument"},
        {"00", EINVAL, "Failed to parse UID \"00\": Invalid argument"},
        {"+1", EINVAL, "Failed to parse UID \"+1\": Invalid argument"},
        {"4294967295", ENXIO, "Failed to parse UID \"4294967295\": No such device or address"},
        {"65535:10", ENXIO, "Failed to parse UID \"65535:10\": No such device or address"},
        {"4294967296", ERANGE, "Failed to parse UID \"4294967296\": Numerical result out of range"},
        {"1:y", EINVAL, "Failed to parse UID range \"y\": Invalid argument"},
        {"1:", EINVAL, "Failed to parse UID range \"\": Invalid argument"},
        {"1:2:3", EINVAL, "Failed to parse UID range \"2:3\": Invalid argument"},
        {"65536:0", EINVAL, "UID range cannot be empty or go beyond 4294967295."},
        {"4294901760:65536", EINVAL, "UID range cannot be empty or go beyond 4294967295."},
    };
    uint32_t base = 7, size = 7;

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        EXPECT_FAIL(idrange_parse(cases[i].text, &base, &size, ERR), cases[i].code, cases[i].says);
    EXPECT_TRUE(base == 7 && size == 7);
    EXPECT_FAIL(idrange_parse("perhaps", &base, &size, ERR), EINVAL, "perhaps");
    EXPECT_HINT("a range is BASE or BASE:COUNT");
    EXPECT_STR(error_id(*err_), "R1130");
}

TEST(a_port_forward_has_defaults)
{
    struct port_forward port;

    EXPECT_OK(port_parse("80", &port, ERR));
    EXPECT_TRUE(!port.udp && port.host_port == 80 && port.container_port == 80);
    EXPECT_OK(port_parse("udp:53:5353", &port, ERR));
    EXPECT_TRUE(port.udp && port.host_port == 53 && port.container_port == 5353);
    EXPECT_OK(port_parse("tcp:65535", &port, ERR));
    EXPECT_TRUE(!port.udp && port.host_port == 65535);
    EXPECT_FAIL(port_parse("", &port, ERR), EINVAL, "'' is no port");
    EXPECT_FAIL(port_parse("TCP:80", &port, ERR), EINVAL, "'TCP' is no port");
    EXPECT_FAIL(port_parse("80:", &port, ERR), EINVAL, "'' is no port");
    EXPECT_FAIL(port_parse("tcp:80:81:82", &port, ERR), EINVAL, "'81:82' is no port");
    EXPECT_FAIL(port_parse("0", &port, ERR), EINVAL, "there is no port 0");
    EXPECT_FAIL(port_parse("80:0", &port, ERR), EINVAL, "there is no port 0");
    EXPECT_FAIL(port_parse("65536", &port, ERR), ERANGE, "ports go to 65535");
    EXPECT_FAIL(port_parse("99999999999999999999", &port, ERR), ERANGE, "ports go to 65535");
}

TEST(a_port_forward_may_be_a_range_of_one_address)
{
    struct port_forward port, other;
    char text[PORT_TEXT_SIZE];

    EXPECT_OK(port_parse("udp:5000-5009:6000", &port, ERR));
    EXPECT_TRUE(port.udp && port.host_port == 5000 && port.container_port == 6000 && port.count == 10);
    EXPECT_STR(port_format(&port, text), "udp:5000-5009:6000-6009");
    EXPECT_OK(port_parse("127.0.0.1:80", &port, ERR));
    EXPECT_STR(port_format(&port, text), "tcp:127.0.0.1:80:80");
    EXPECT_OK(port_parse("tcp:[fd00::1]:80:8080", &other, ERR));
    EXPECT_STR(port_format(&other, text), "tcp:[fd00::1]:80:8080");
    EXPECT_TRUE(!port_collides(&port, &other));
    EXPECT_OK(port_parse("0.0.0.0:79-81:8080", &other, ERR));
    EXPECT_STR(port_format(&other, text), "tcp:79-81:8080-8082");
    EXPECT_TRUE(port_collides(&port, &other) && port_collides(&other, &port));
    EXPECT_FAIL(port_parse("5009-5000", &port, ERR), EINVAL, "'5009-5000' ends before it begins");
    EXPECT_FAIL(port_parse("1-513", &port, ERR), ERANGE, "a range has 512 ports at most");
    EXPECT_FAIL(port_parse("1-5:1-6", &port, ERR), EINVAL, "the ranges in '1-5:1-6' are not of one length");
    EXPECT_FAIL(port_parse("1-5:65532", &port, ERR), ERANGE, "ports go to 65535");
    EXPECT_FAIL(port_parse("[fd00::1]80", &port, ERR), EINVAL, "has no ']:' behind it");
    EXPECT_FAIL(port_parse("[1.2.3.4]:80", &port, ERR), EINVAL, "'1.2.3.4' is no address");
    EXPECT_FAIL(port_parse("1.2.3.4/8:80", &port, ERR), EINVAL, "'1.2.3.4/8' is no address");
}

TEST(a_port_forward_may_lead_to_the_host)
{
    struct port_forward port, other;
    char text[PORT_TEXT_SIZE];

    EXPECT_OK(port_parse("5432:5432:in", &port, ERR));
    EXPECT_TRUE(port.inward && !port.udp && port.host_port == 5432 && port.container_port == 5432);
    EXPECT_STR(port_format(&port, text), "tcp:5432:5432:in");
    EXPECT_OK(port_parse("5432", &other, ERR));
    EXPECT_TRUE(!port_collides(&port, &other));
    EXPECT_OK(port_parse("10.0.0.1:1:5432:in", &other, ERR));
    EXPECT_TRUE(port_collides(&port, &other) && !port_equal(&port, &other));
    EXPECT_FAIL(port_parse("[::1]:1:2:in", &port, ERR), EINVAL, "at an IPv4 address");
    EXPECT_FAIL(port_parse(":in", &port, ERR), EINVAL, "'' is no port");
}

TEST(names_of_interfaces_are_those_the_kernel_takes)
{
    static const char *const good[] = {"eth0", "a", "fifteen-chars-0", "a_b", "veth0.5", "5a"};
    static const char *const bad[] = {
        "", ".", "..", "all", "default", "123", "a/b", "a:b", "a%", "a b", "sixteen-chars-00", "\x80", "a\n"};

    for (size_t i = 0; i < COUNT_OF(good); i++)
        EXPECT_TRUE(interface_name_is_valid(good[i]));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        EXPECT_TRUE(!interface_name_is_valid(bad[i]));
}

TEST(an_interface_pair_defaults_to_prefix_and_host_name)
{
    static const struct {
        const char *text, *host, *container;
    } cases[] = {{"eth0", "eth0", "mv-eth0"}, {"eth0:", "eth0", "mv-eth0"}, {"eth0:lan", "eth0", "lan"}};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(interface_pairs_done) struct interface_pairs pairs = {0};
        struct interface_pair pair;

        EXPECT_OK(interface_pair_parse(cases[i].text, "mv-", &pair, NULL, ERR));
        interface_pairs_take(&pairs, pair);
        EXPECT_STR(pair.host, cases[i].host);
        EXPECT_STR(pair.container, cases[i].container);
    }
}

TEST(the_bad_half_of_an_interface_pair_is_named)
{
    struct interface_pair pair;
    const char *bad;

    EXPECT_FAIL(interface_pair_parse("a:b:c", "", &pair, &bad, ERR), EINVAL, "'b:c' cannot be the name");
    EXPECT_STR(bad, "b:c");
    EXPECT_FAIL(interface_pair_parse(":b", "", &pair, &bad, ERR), EINVAL, "the interface's name is empty");
    EXPECT_FAIL(interface_pair_parse("sixteen-chars-00", "", &pair, &bad, ERR), EINVAL,
                "longer than the 15 characters");
}

TEST(a_credential_is_unescaped_and_may_hold_any_byte)
{
    CLEANUP(credential_done) struct credential credential = {0};

    EXPECT_OK(credential_parse_set("esc:a\\nb\\x00c:d", &credential, ERR));
    EXPECT_STR(credential.id, "esc");
    EXPECT_INT(credential.size, 7);
    EXPECT_TRUE(memcmp(credential.data, "a\nb\0c:d", 7) == 0);
    EXPECT_TRUE(!credential.path);
}

TEST(a_credential_can_be_empty)
{
    CLEANUP(credential_done) struct credential credential = {0};

    EXPECT_OK(credential_parse_set("a:", &credential, ERR));
    EXPECT_INT(credential.size, 0);
    EXPECT_STR(credential.data, "");
}

TEST(a_credential_is_loaded_from_a_path_or_by_name)
{
    CLEANUP(credential_done) struct credential file = {0}, name = {0};

    EXPECT_OK(credential_parse_load("token:/run/a:b", &file, ERR));
    EXPECT_STR(file.path, "/run/a:b");
    EXPECT_TRUE(!file.data);
    EXPECT_OK(credential_parse_load("token:other", &name, ERR));
    EXPECT_STR(name.path, "other");
}

TEST(bad_credentials_are_refused_in_the_words_callers_know)
{
    struct credential credential;

    EXPECT_FAIL(credential_parse_set("a", &credential, ERR), EINVAL, "Missing value for --set-credential=: a");
    EXPECT_HINT("ID:VALUE");
    EXPECT_FAIL(credential_parse_load("a", &credential, ERR), EINVAL, "Missing value for --load-credential=: a");
    EXPECT_HINT("ID:PATH");
    EXPECT_FAIL(credential_parse_set("a/b:x", &credential, ERR), EINVAL, "Credential name is not valid: a/b");
    EXPECT_FAIL(credential_parse_set(":x", &credential, ERR), EINVAL, "Credential name is not valid: ");
    EXPECT_FAIL(credential_parse_set("..:x", &credential, ERR), EINVAL, "Credential name is not valid: ..");
    EXPECT_FAIL(credential_parse_set("\xc3\xa4:x", &credential, ERR), EINVAL, "Credential name is not valid");
    EXPECT_FAIL(credential_parse_set("a:\\q", &credential, ERR), EINVAL, "Failed to unescape credential data: \\q");
    EXPECT_FAIL(credential_parse_load("a:", &credential, ERR), EINVAL,
                "Credential source appears to be neither a valid path nor a credential name: ");
    EXPECT_FAIL(credential_parse_load("a:b/c", &credential, ERR), EINVAL, "neither a valid path nor");
}

TEST(a_credential_of_more_than_a_mebibyte_is_refused)
{
    struct credential credential;
    auto_free char *text = mem_alloc((1 << 20) + 16);

    memset(text, 'x', (1 << 20) + 3);
    text[1] = ':';
    EXPECT_FAIL(credential_parse_set(text, &credential, ERR), EINVAL, "is larger than 1 MiB");
}

TEST(families_are_named_in_any_case)
{
    int family = 0;

    EXPECT_INT(address_family_parse("AF_INET6", &family), 0);
    EXPECT_INT(family, 10);
    EXPECT_INT(address_family_parse("af_vsock", &family), 0);
    EXPECT_INT(family, 40);
    EXPECT_INT(address_family_parse("AF_LOCAL", &family), 0);
    EXPECT_INT(family, 1);
    EXPECT_INT(address_family_parse("AF_ROUTE", &family), 0);
    EXPECT_INT(family, 16);
    EXPECT_INT(address_family_parse("AF_UNSPEC", &family), 0);
    EXPECT_INT(family, 0);
    EXPECT_INT(address_family_parse("2", &family), -EINVAL);
    EXPECT_STR(address_family_name(17), "AF_PACKET");
    EXPECT_TRUE(!address_family_name(0) && !address_family_name(46));
}

TEST(lists_of_families_add_up_and_the_other_kind_takes_out)
{
    CLEANUP(spec_done) struct spec spec;

    spec_init(&spec);
    EXPECT_OK(address_families_add(&spec, "AF_INET AF_UNIX", ERR));
    EXPECT_OK(address_families_add(&spec, "AF_UNIX AF_INET6", ERR));
    EXPECT_TRUE(spec.families_given && !spec.families_deny);
    EXPECT_INT(spec.n_families, 3);
    EXPECT_OK(address_families_add(&spec, "~AF_INET", ERR));
    EXPECT_INT(spec.n_families, 2);
    EXPECT_OK(address_families_add(&spec, "none", ERR));
    EXPECT_TRUE(spec.families_given && !spec.families_deny && spec.n_families == 0);
    EXPECT_OK(address_families_add(&spec, "", ERR));
    EXPECT_TRUE(!spec.families_given);
    EXPECT_OK(address_families_add(&spec, "~AF_PACKET", ERR));
    EXPECT_TRUE(spec.families_given && spec.families_deny && spec.n_families == 1);
    EXPECT_FAIL(address_families_add(&spec, "AF_INET AF_FOO", ERR), EINVAL, "'AF_FOO' is no address family");
    EXPECT_FAIL(address_families_add(&spec, "netlink", ERR), EINVAL, "did you mean AF_NETLINK?");
    EXPECT_INT(spec.n_families, 1);
}

TEST(image_policies_are_checked_word_by_word)
{
    static const char *const good[] = {"",
                                       "*",
                                       "-",
                                       "~",
                                       "root=verity",
                                       "root=verity+signed:usr=absent:=ignore",
                                       "root = verity + open",
                                       "root=",
                                       "root-verity-sig=unused+growfs-off"};
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"x", "Failed to parse image policy: x"},
        {"root=verity:", "Failed to parse image policy: root=verity:"},
        {"foo=verity", "Unknown partition type in image policy: foo=verity"},
        {"root=foo", "Unknown partition policy flag in image policy: root=foo"},
        {"root=verity+", "Unknown partition policy flag in image policy: root=verity+"},
        {"root=verity:root=signed", "Duplicate rule in image policy: root=verity:root=signed"},
        {"=ignore:=open", "Duplicate rule in image policy: =ignore:=open"},
    };

    for (size_t i = 0; i < COUNT_OF(good); i++)
        EXPECT_OK(image_policy_check(good[i], ERR));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        EXPECT_FAIL(image_policy_check(bad[i].text, ERR), EINVAL, bad[i].says);
    EXPECT_FAIL(image_policy_check("root=verit", ERR), EINVAL, "flag");
    EXPECT_HINT("did you mean 'verity'?");
}

TEST(an_image_policy_says_what_may_be_done_with_a_partition)
{
    enum { OPEN = 63, IGNORE = IMAGE_UNUSED | IMAGE_ABSENT };
    static const struct {
        const char *text, *name;
        unsigned uses;
        enum image_switch read_only;
        const char *file_systems;
    } rows[] = {
        {NULL, "home", IMAGE_ENCRYPTED | IMAGE_UNPROTECTED | IMAGE_ABSENT, IMAGE_SWITCH_ANY, ""},
        {NULL, "swap", IGNORE, IMAGE_SWITCH_ANY, ""},
        {"*", "root", OPEN, IMAGE_SWITCH_ANY, ""},
        {"-", "root", IGNORE, IMAGE_SWITCH_ANY, ""},
        {"~", "root", IMAGE_ABSENT, IMAGE_SWITCH_ANY, ""},
        {"root=verity : =ignore", "root", IMAGE_VERITY, IMAGE_SWITCH_ANY, ""},
        {"root=verity:=absent", "usr", IMAGE_ABSENT, IMAGE_SWITCH_ANY, ""},
        {"root=verity", "usr", IGNORE, IMAGE_SWITCH_ANY, ""},
        {"root=read-only-on", "root", OPEN, IMAGE_SWITCH_ON, ""},
        {"root=unprotected+read-only-off+ext4+btrfs", "root", IMAGE_UNPROTECTED, IMAGE_SWITCH_OFF, " ext4 btrfs "},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct image_policy policy;

        image_policy_of(rows[i].text, rows[i].name, &policy);
        if (policy.uses != rows[i].uses || policy.read_only != rows[i].read_only)
            fail_msg("%s: %s: uses %u, read-only %d", rows[i].text, rows[i].name, policy.uses, policy.read_only);
        EXPECT_STR(policy.file_systems, rows[i].file_systems);
    }
}

TEST(the_machine_has_a_personality)
{
    unsigned long value = 77;
    auto_free char *list = mem_copy_string(personality_list());
    CLEANUP(strings_done) struct strings names = {0};

    strings_split(&names, list, ", ");
    EXPECT_TRUE(names.count >= 1);
    EXPECT_INT(personality_parse(names.item[0], &value), 0);
    EXPECT_TRUE(value == PER_LINUX);
    EXPECT_STR(personality_name(PER_LINUX), names.item[0]);
    EXPECT_INT(personality_parse("z80", &value), -EINVAL);
    EXPECT_INT(personality_parse("", &value), -EINVAL);
}

TESTS(RUN(capabilities_have_names_and_numbers), RUN(a_list_of_capabilities_is_a_mask),
      RUN(an_unknown_capability_is_named_with_the_nearest), RUN(signals_are_named_as_the_kernel_counts_them),
      RUN(what_is_no_signal_is_refused), RUN(every_listed_signal_parses_back), RUN(sizes_have_units_fractions_and_sums),
      RUN(times_have_units_and_a_default_one), RUN(limits_are_counted_each_in_its_unit),
      RUN(bad_limits_are_refused_with_what_the_limit_takes), RUN(limits_have_names_with_and_without_prefix),
      RUN(cpus_are_numbers_and_ranges), RUN(a_range_is_a_base_and_a_count),
      RUN(what_is_no_range_is_refused_in_the_words_callers_know), RUN(a_port_forward_has_defaults),
      RUN(a_port_forward_may_be_a_range_of_one_address), RUN(a_port_forward_may_lead_to_the_host),
      RUN(names_of_interfaces_are_those_the_kernel_takes), RUN(an_interface_pair_defaults_to_prefix_and_host_name),
      RUN(the_bad_half_of_an_interface_pair_is_named), RUN(a_credential_is_unescaped_and_may_hold_any_byte),
      RUN(a_credential_can_be_empty), RUN(a_credential_is_loaded_from_a_path_or_by_name),
      RUN(bad_credentials_are_refused_in_the_words_callers_know), RUN(a_credential_of_more_than_a_mebibyte_is_refused),
      RUN(families_are_named_in_any_case), RUN(lists_of_families_add_up_and_the_other_kind_takes_out),
      RUN(image_policies_are_checked_word_by_word),
      RUN(an_image_policy_says_what_may_be_done_with_a_partition), RUN(the_machine_has_a_personality))
