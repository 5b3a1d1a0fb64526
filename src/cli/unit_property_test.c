/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Assignments of unit files as the service manager wants them over its bus. */
#include <errno.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "cli/unit_property.h"
#include "base/test.h"

static void expect_number(const char *assignment, const char *name, enum bus_type type, uint64_t number,
                          struct error **err_)
{
    CLEANUP(bus_properties_done) struct bus_properties list = {0};

    EXPECT_OK(unit_property_parse(assignment, &list, ERR));
    EXPECT_INT(list.count, 1);
    EXPECT_STR(list.item[0].name, name);
    EXPECT_INT(list.item[0].type, type);
    if (list.item[0].number != number)
        fail_msg("%s: %llu is not %llu", assignment, (unsigned long long) list.item[0].number,
                 (unsigned long long) number);
}

static void expect_refused(const char *assignment, const char *text, struct error **err_)
{
    CLEANUP(bus_properties_done) struct bus_properties list = {0};

    EXPECT_FAIL(unit_property_parse(assignment, &list, ERR), EINVAL, text);
}

TEST(sizes_are_bytes_or_a_share_of_the_machine)
{
    expect_number("MemoryMax=1G", "MemoryMax", BUS_UINT64, UINT64_C(1) << 30, err_);
    expect_number("MemoryHigh=infinity", "MemoryHigh", BUS_UINT64, UINT64_MAX, err_);
    expect_number("MemoryMax=50%", "MemoryMaxScale", BUS_UINT32, UINT32_MAX / 2, err_);
    expect_number("MemoryLow=100%", "MemoryLowScale", BUS_UINT32, UINT32_MAX, err_);
    expect_number("TasksMax=1000", "TasksMax", BUS_UINT64, 1000, err_);
    expect_number("TasksMax=10%", "TasksMaxScale", BUS_UINT32, UINT32_MAX / 10, err_);
    expect_refused("MemoryMax=lots", "Failed to parse MemoryMax= setting 'lots': a size is bytes", err_);
    expect_refused("TasksMax=-1", "it is a number, a percentage, or infinity", err_);
}

TEST(a_share_above_the_whole_is_refused)
{
    CLEANUP(bus_properties_done) struct bus_properties list = {0};

    EXPECT_FAIL(unit_property_parse("MemoryMax=101%", &list, ERR), ERANGE, "it is more than 100%");
}

TEST(processor_time_is_counted_in_processors_and_weights_in_bounds)
{
    expect_number("CPUQuota=20%", "CPUQuotaPerSecUSec", BUS_UINT64, 200000, err_);
    expect_number("CPUQuota=150.5%", "CPUQuotaPerSecUSec", BUS_UINT64, 1505000, err_);
    expect_number("CPUQuota=", "CPUQuotaPerSecUSec", BUS_UINT64, UINT64_MAX, err_);
    expect_number("CPUQuotaPeriodSec=50ms", "CPUQuotaPeriodUSec", BUS_UINT64, 50000, err_);
    expect_number("CPUWeight=100", "CPUWeight", BUS_UINT64, 100, err_);
    expect_number("CPUWeight=idle", "CPUWeight", BUS_UINT64, 0, err_);
    expect_number("IOWeight=10000", "IOWeight", BUS_UINT64, 10000, err_);
    expect_refused("CPUQuota=2", "it is a percentage of one CPU", err_);
    expect_refused("CPUQuota=0%", "it is a percentage of one CPU", err_);
    expect_refused("CPUWeight=10001", "it is a number from 1 to 10000", err_);
    expect_refused("IOWeight=idle", "it is a number from 1 to 10000", err_);
}

TEST(words_times_signals_and_switches_have_their_types)
{
    expect_number("RuntimeMaxSec=1min 30s", "RuntimeMaxUSec", BUS_UINT64, 90000000, err_);
    expect_number("TimeoutStopSec=infinity", "TimeoutStopUSec", BUS_UINT64, UINT64_MAX, err_);
    expect_number("KillSignal=SIGTERM", "KillSignal", BUS_INT32, 15, err_);
    expect_number("CPUAccounting=yes", "CPUAccounting", BUS_BOOLEAN, 1, err_);
    expect_number("Delegate=no", "Delegate", BUS_BOOLEAN, 0, err_);
    expect_refused("KillSignal=SIGNOTHING", "there is no such signal", err_);
    expect_refused("CPUAccounting=perhaps", "it is neither yes nor no", err_);
}

TEST(lists_are_taken_apart)
{
    CLEANUP(bus_properties_done) struct bus_properties list = {0};

    EXPECT_OK(unit_property_parse("Description=the web, a=b", &list, ERR));
    EXPECT_STR(list.item[0].words.item[0], "the web, a=b");
    EXPECT_OK(unit_property_parse("After=a.service \"b c.service\"", &list, ERR));
    EXPECT_INT(list.item[1].words.count, 2);
    EXPECT_STR(list.item[1].words.item[1], "b c.service");
    EXPECT_OK(unit_property_parse("Delegate=cpu memory", &list, ERR));
    EXPECT_STR(list.item[2].name, "DelegateControllers");
    EXPECT_INT(list.item[2].words.count, 2);
    EXPECT_OK(unit_property_parse("AllowedCPUs=0-1,9", &list, ERR));
    EXPECT_INT(list.item[3].n_bytes, 2);
    EXPECT_INT(list.item[3].bytes[0], 3);
    EXPECT_INT(list.item[3].bytes[1], 2);
    EXPECT_FAIL(unit_property_parse("After='open", &list, ERR), EINVAL, "a quote is open");
}

TEST(devices_are_named_by_path_or_group)
{
    CLEANUP(bus_properties_done) struct bus_properties list = {0};

    EXPECT_OK(unit_property_parse("DeviceAllow=/dev/kvm rw", &list, ERR));
    EXPECT_INT(list.item[0].type, BUS_PAIRS);
    EXPECT_STR(list.item[0].words.item[0], "/dev/kvm");
    EXPECT_STR(list.item[0].words.item[1], "rw");
    EXPECT_OK(unit_property_parse("DeviceAllow=block-*", &list, ERR));
    EXPECT_STR(list.item[1].words.item[1], "rwm");
    EXPECT_OK(unit_property_parse("DeviceAllow=", &list, ERR));
    EXPECT_INT(list.item[2].words.count, 0);
    EXPECT_OK(unit_property_parse("IOReadBandwidthMax=/dev/sda 5M", &list, ERR));
    EXPECT_INT(list.item[3].type, BUS_NUMBERED);
    EXPECT_INT(list.item[3].number, 5000000);
    EXPECT_OK(unit_property_parse("IODeviceLatencyTargetSec=/dev/sda 25ms", &list, ERR));
    EXPECT_STR(list.item[4].name, "IODeviceLatencyTargetUSec");
    EXPECT_INT(list.item[4].number, 25000);
    expect_refused("DeviceAllow=kvm rw", "'kvm' is neither a path nor", err_);
    expect_refused("DeviceAllow=/dev/kvm rx", "'rx' is not made of r, w and m", err_);
    expect_refused("IODeviceWeight=/dev/sda 0", "'0' is not a value for a device", err_);
    expect_refused("IOReadIOPSMax=sda 100", "'sda' is not an absolute path", err_);
}

TEST(addresses_have_a_length_or_a_name)
{
    CLEANUP(bus_properties_done) struct bus_properties list = {0};

    EXPECT_OK(unit_property_parse("IPAddressAllow=10.1.2.0/24 fe80::1 localhost", &list, ERR));
    EXPECT_INT(list.item[0].n_prefixes, 4);
    EXPECT_INT(list.item[0].prefixes[0].family, AF_INET);
    EXPECT_INT(list.item[0].prefixes[0].address[1], 1);
    EXPECT_INT(list.item[0].prefixes[0].length, 24);
    EXPECT_INT(list.item[0].prefixes[1].length, 128);
    EXPECT_INT(list.item[0].prefixes[3].family, AF_INET6);
    expect_refused("IPAddressDeny=10.0.0.0/33", "'10.0.0.0' is not an address", err_);
    expect_refused("IPAddressDeny=nowhere", "'nowhere' is not an address", err_);
}

TEST(what_no_scope_has_is_unknown)
{
    expect_refused("MemoryMaks=1G", "Unknown assignment: MemoryMaks=1G", err_);
    EXPECT_HINT("did you mean MemoryMax=?");
    EXPECT_STR(error_id(*err_), "R1105");
    expect_refused("ExecStart=/bin/true", "Unknown assignment: ExecStart=/bin/true", err_);
    EXPECT_HINT("systemd.resource-control(5)");
    expect_refused("MemoryMax", "Unknown assignment: MemoryMax", err_);
}

TESTS(RUN(sizes_are_bytes_or_a_share_of_the_machine), RUN(a_share_above_the_whole_is_refused),
      RUN(processor_time_is_counted_in_processors_and_weights_in_bounds),
      RUN(words_times_signals_and_switches_have_their_types), RUN(lists_are_taken_apart),
      RUN(devices_are_named_by_path_or_group), RUN(addresses_have_a_length_or_a_name),
      RUN(what_no_scope_has_is_unknown))
