/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of options is whole and consistent, has every key of a .nspawn file, and prints as help. */
#include "config/options.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/strings.h"
#include "base/test.h"

TEST(every_row_has_one_name_of_each_kind)
{
    for (size_t i = 0; i < n_option_rows; i++) {
        const struct option_row *row = &option_rows[i];

        EXPECT_TRUE(row->flag || row->short_flag || row->key);
        for (size_t j = i + 1; j < n_option_rows; j++) {
            EXPECT_TRUE(!row->flag || !string_equal(row->flag, option_rows[j].flag));
            EXPECT_TRUE(!row->short_flag || row->short_flag != option_rows[j].short_flag);
            EXPECT_TRUE(!row->key || !string_equal(row->key, option_rows[j].key));
        }
    }
}

TEST(every_row_is_parsed_and_every_visible_one_explained)
{
    for (size_t i = 0; i < n_option_rows; i++) {
        const struct option_row *row = &option_rows[i];
        bool is_action = row->flag && (strcmp(row->flag, "help") == 0 || strcmp(row->flag, "version") == 0);

        EXPECT_TRUE(row->parse || row->alias_of || is_action);
        EXPECT_TRUE(!row->section || (row->help && *row->help));
        EXPECT_TRUE(!row->help || row->help[strlen(row->help) - 1] != '.');
        EXPECT_TRUE((row->argument == ARGUMENT_REQUIRED) <= (row->argument_name != NULL));
        EXPECT_TRUE(row->argument != ARGUMENT_NONE || !row->argument_name);
        EXPECT_TRUE(!row->alias_of || option_by_flag(row->alias_of, strlen(row->alias_of)));
        EXPECT_TRUE(!row->key || row->group != GROUP_NEVER_IN_FILE);
        EXPECT_TRUE(row->key || !row->parse_key);
        EXPECT_TRUE(row->trust != TRUST_ANY_FILE || !row->untrusted_message);
        EXPECT_TRUE(!row->untrusted_message || strstr(row->untrusted_message, "%s"));
    }
}

/* The keys of the format, and whether an untrusted file may use them. */
static const struct {
    const char *section, *key;
    enum trust trust;
} keys[] = {
    {"Exec", "Boot", TRUST_ANY_FILE},
    {"Exec", "Ephemeral", TRUST_PRIVILEGED},
    {"Exec", "ProcessTwo", TRUST_ANY_FILE},
    {"Exec", "Parameters", TRUST_ANY_FILE},
    {"Exec", "Environment", TRUST_ANY_FILE},
    {"Exec", "User", TRUST_ANY_FILE},
    {"Exec", "WorkingDirectory", TRUST_ANY_FILE},
    {"Exec", "PivotRoot", TRUST_ANY_FILE},
    {"Exec", "Capability", TRUST_PRIVILEGED},
    {"Exec", "DropCapability", TRUST_ANY_FILE},
    {"Exec", "AmbientCapability", TRUST_PRIVILEGED},
    {"Exec", "NoNewPrivileges", TRUST_ANY_FILE},
    {"Exec", "KillSignal", TRUST_ANY_FILE},
    {"Exec", "Personality", TRUST_ANY_FILE},
    {"Exec", "MachineID", TRUST_PRIVILEGED},
    {"Exec", "PrivateUsers", TRUST_PRIVILEGED},
    {"Exec", "PrivateUsersDelegate", TRUST_PRIVILEGED},
    {"Exec", "NotifyReady", TRUST_ANY_FILE},
    {"Exec", "SystemCallFilter", TRUST_TIGHTEN},
    {"Exec", "RestrictAddressFamilies", TRUST_ANY_FILE},
    {"Exec", "LimitCPU", TRUST_PRIVILEGED},
    {"Exec", "LimitFSIZE", TRUST_PRIVILEGED},
    {"Exec", "LimitDATA", TRUST_PRIVILEGED},
    {"Exec", "LimitSTACK", TRUST_PRIVILEGED},
    {"Exec", "LimitCORE", TRUST_PRIVILEGED},
    {"Exec", "LimitRSS", TRUST_PRIVILEGED},
    {"Exec", "LimitNOFILE", TRUST_PRIVILEGED},
    {"Exec", "LimitAS", TRUST_PRIVILEGED},
    {"Exec", "LimitNPROC", TRUST_PRIVILEGED},
    {"Exec", "LimitMEMLOCK", TRUST_PRIVILEGED},
    {"Exec", "LimitLOCKS", TRUST_PRIVILEGED},
    {"Exec", "LimitSIGPENDING", TRUST_PRIVILEGED},
    {"Exec", "LimitMSGQUEUE", TRUST_PRIVILEGED},
    {"Exec", "LimitNICE", TRUST_PRIVILEGED},
    {"Exec", "LimitRTPRIO", TRUST_PRIVILEGED},
    {"Exec", "LimitRTTIME", TRUST_PRIVILEGED},
    {"Exec", "OOMScoreAdjust", TRUST_PRIVILEGED},
    {"Exec", "CPUAffinity", TRUST_PRIVILEGED},
    {"Exec", "Hostname", TRUST_ANY_FILE},
    {"Exec", "ResolvConf", TRUST_ANY_FILE},
    {"Exec", "Timezone", TRUST_ANY_FILE},
    {"Exec", "LinkJournal", TRUST_PRIVILEGED},
    {"Exec", "SuppressSync", TRUST_ANY_FILE},
    {"Exec", "ConsoleEscape", TRUST_PRIVILEGED},
    {"Files", "ReadOnly", TRUST_ANY_FILE},
    {"Files", "Volatile", TRUST_ANY_FILE},
    {"Files", "Bind", TRUST_PRIVILEGED},
    {"Files", "BindReadOnly", TRUST_PRIVILEGED},
    {"Files", "TemporaryFileSystem", TRUST_PRIVILEGED},
    {"Files", "Inaccessible", TRUST_PRIVILEGED},
    {"Files", "Overlay", TRUST_PRIVILEGED},
    {"Files", "OverlayReadOnly", TRUST_PRIVILEGED},
    {"Files", "BindUser", TRUST_PRIVILEGED},
    {"Files", "BindUserShell", TRUST_PRIVILEGED},
    {"Files", "PrivateUsersOwnership", TRUST_PRIVILEGED},
    {"Files", "PrivateUsersChown", TRUST_PRIVILEGED},
    {"Files", "TMPSize", TRUST_PRIVILEGED},
    {"Network", "Private", TRUST_PRIVILEGED},
    {"Network", "NamespacePath", TRUST_PRIVILEGED},
    {"Network", "VirtualEthernet", TRUST_PRIVILEGED},
    {"Network", "VirtualEthernetExtra", TRUST_PRIVILEGED},
    {"Network", "Interface", TRUST_PRIVILEGED},
    {"Network", "MACVLAN", TRUST_PRIVILEGED},
    {"Network", "IPVLAN", TRUST_PRIVILEGED},
    {"Network", "Bridge", TRUST_PRIVILEGED},
    {"Network", "Zone", TRUST_PRIVILEGED},
    {"Network", "Port", TRUST_PRIVILEGED},
    {"Network", "Address", TRUST_PRIVILEGED},
    {"Network", "Gateway", TRUST_PRIVILEGED},
    {"Network", "DNS", TRUST_PRIVILEGED},
    {"Network", "Isolate", TRUST_PRIVILEGED},
    {"Network", "Allow", TRUST_PRIVILEGED},
    {"Machine", "After", TRUST_PRIVILEGED},
    {"Machine", "Requires", TRUST_PRIVILEGED},
    {"Machine", "ReadyWhen", TRUST_PRIVILEGED},
    {"Machine", "Restart", TRUST_PRIVILEGED},
    {"Machine", "RestartSec", TRUST_PRIVILEGED},
    {"Resources", "MemoryMax", TRUST_PRIVILEGED},
    {"Resources", "MemoryHigh", TRUST_PRIVILEGED},
    {"Resources", "MemoryLow", TRUST_PRIVILEGED},
    {"Resources", "MemoryMin", TRUST_PRIVILEGED},
    {"Resources", "MemorySwapMax", TRUST_PRIVILEGED},
    {"Resources", "CPUQuota", TRUST_PRIVILEGED},
    {"Resources", "CPUWeight", TRUST_PRIVILEGED},
    {"Resources", "IOWeight", TRUST_PRIVILEGED},
    {"Resources", "TasksMax", TRUST_PRIVILEGED},
    {"Resources", "AllowedCPUs", TRUST_PRIVILEGED},
    {"Resources", "AllowedMemoryNodes", TRUST_PRIVILEGED},
};

TEST(every_key_of_a_file_is_there_with_its_trust)
{
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        const struct option_row *row = option_by_key(keys[i].section, keys[i].key);

        if (!row)
            fail_msg("[%s] %s= is missing", keys[i].section, keys[i].key);
        EXPECT_INT(row->trust, keys[i].trust);
    }
    for (size_t i = 0; i < n_option_rows; i++)
        count += option_rows[i].key != NULL;
    EXPECT_INT(count, COUNT_OF(keys));
    EXPECT_TRUE(!option_by_key("Exec", "Bind") && !option_by_key("Ex", "ec.Boot") && !option_by_key("", ""));
}

TEST(rows_are_found_by_each_of_their_names)
{
    char name[OPTION_NAME_SIZE];

    EXPECT_TRUE(option_by_flag("bind", 4) != option_by_flag("bind-ro", 7));
    EXPECT_TRUE(!option_by_flag("bin", 3) && !option_by_flag("binds", 5) && !option_by_flag("", 0));
    EXPECT_TRUE(option_by_short('D') == option_by_flag("directory", 9));
    EXPECT_TRUE(!option_by_short('Q') && !option_by_short(0));
    EXPECT_STR(option_name(option_by_flag("directory", 9), name), "--directory=");
    EXPECT_STR(option_name(option_by_flag("quiet", 5), name), "--quiet");
    EXPECT_STR(option_name(option_by_short('U'), name), "-U");
    EXPECT_STR(option_name(option_of_command(), name), "Exec.Parameters=");
}

static char *printed(int (*print)(int fd, const char *program, unsigned width), const char *program, unsigned width)
{
    auto_close int fd = memfd_create("help", MFD_CLOEXEC);

    EXPECT_INT(print(fd, program, width), 0);
    off_t size = lseek(fd, 0, SEEK_END);
    char *text = mem_alloc((size_t) size + 1);
    EXPECT_INT(pread(fd, text, (size_t) size, 0), size);
    return text;
}

TEST(help_keeps_within_the_width)
{
    static const unsigned widths[] = {0, 40, 72, 80, 100, 132, 1000};

    for (size_t i = 0; i < COUNT_OF(widths); i++) {
        auto_free char *text = printed(options_print_help, "redd run", widths[i]);
        CLEANUP(strings_done) struct strings lines = {0};

        strings_split(&lines, text, "\n");
        for (size_t j = 0; j < lines.count; j++) {
            size_t length = strlen(lines.item[j]);

            EXPECT_TRUE(length <= (widths[i] < 72 ? 72 : widths[i]));
            EXPECT_TRUE(length == 0 || lines.item[j][length - 1] != ' ');
        }
    }
}

TEST(help_names_every_visible_option)
{
    auto_free char *text = printed(options_print_help, "redd run", 80);

    for (size_t i = 0; i < n_option_rows; i++) {
        const struct option_row *row = &option_rows[i];
        auto_free char *flag = mem_format("--%s", row->flag ? row->flag : "");

        if (row->section && row->flag)
            EXPECT_TRUE(strstr(text, flag));
        if (row->section)
            EXPECT_TRUE(strstr(text, row->section));
    }
    EXPECT_TRUE(!strstr(text, "--share-system") && !strstr(text, "--private-users-chown"));
    EXPECT_TRUE(string_starts(text, "Usage: redd run [OPTION]..."));
}

TEST(under_the_name_of_the_original_our_own_options_are_not_shown)
{
    auto_free char *text = printed(options_print_help, "systemd-nspawn", 80);

    EXPECT_TRUE(string_starts(text, "Usage: systemd-nspawn [OPTION]..."));
    EXPECT_TRUE(!strstr(text, "--explain") && !strstr(text, "--tmp-size") && !strstr(text, "--console-escape"));
    EXPECT_TRUE(!strstr(text, "--mstack") && !strstr(text, "Extensions"));
    EXPECT_TRUE(strstr(text, "--bind-user-group"));
}

TEST(known_values_are_printed_one_a_line)
{
    auto_close int fd = memfd_create("values", MFD_CLOEXEC);
    char text[256] = "";

    EXPECT_INT(option_print_values(fd, option_by_flag("volatile", 8)), 0);
    EXPECT_TRUE(pread(fd, text, sizeof text - 1, 0) > 0);
    EXPECT_STR(text, "no\nyes\nstate\noverlay\n");
}

TEST(every_known_value_is_accepted)
{
    for (size_t i = 0; i < n_option_rows; i++) {
        const struct option_row *row = &option_rows[i];
        char buffer[OPTION_VALUE_SIZE];
        const char *value;

        for (size_t n = 0; row->value && (value = row->value(n, buffer)); n++) {
            CLEANUP(spec_done) struct spec spec;
            auto_free char *text =
                strcmp(row->flag, "rlimit") == 0 ? mem_format("%s=1", value) : mem_copy_string(value);

            spec_init(&spec);
            EXPECT_OK(row->parse(&spec, text, ERR));
        }
    }
}

TESTS(RUN(every_row_has_one_name_of_each_kind), RUN(every_row_is_parsed_and_every_visible_one_explained),
      RUN(every_key_of_a_file_is_there_with_its_trust), RUN(rows_are_found_by_each_of_their_names),
      RUN(help_keeps_within_the_width), RUN(help_names_every_visible_option),
      RUN(under_the_name_of_the_original_our_own_options_are_not_shown), RUN(known_values_are_printed_one_a_line),
      RUN(every_known_value_is_accepted))
