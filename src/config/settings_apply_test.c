/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who wins where a file and the command line both speak: group by group, in each mode. */
#include <errno.h>

#include "base/mem.h"
#include "base/strings.h"
#include "config/capability.h"
#include "config/capture.h"
#include "config/given.h"
#include "base/test.h"

#define TRUSTED(text) \
    { \
        .file = (text), .trusted = true \
    }
#define OVERRIDE "--settings=override"

/* Applies while remarks go nowhere. */
static int apply_quietly(struct given *given, const char *const *words, struct error **err)
{
    struct capture capture = capture_begin();
    int r = given_apply(given, words, err);
    free(capture_end(capture));
    return r;
}

TEST(a_scalar_is_the_winners)
{
    CLEANUP(given_done)
    struct given yes = TRUSTED("[Exec]\nHostname=file\n"),
                 over = TRUSTED("[Exec]\nHostname=file\n"), alone = TRUSTED("[Exec]\nHostname=file\n"),
                 off = TRUSTED("[Exec]\nHostname=file\n"), trusted = TRUSTED("[Exec]\nHostname=file\n");

    EXPECT_OK(given_apply(&yes, WORDS("--hostname=line"), ERR));
    EXPECT_STR(yes.spec.hostname, "line");
    EXPECT_OK(given_apply(&over, WORDS(OVERRIDE, "--hostname=line"), ERR));
    EXPECT_STR(over.spec.hostname, "file");
    EXPECT_OK(given_apply(&alone, WORDS("-q"), ERR));
    EXPECT_STR(alone.spec.hostname, "file");
    EXPECT_OK(given_apply(&off, WORDS("--settings=no"), ERR));
    EXPECT_TRUE(!off.spec.hostname);
    EXPECT_OK(given_apply(&trusted, WORDS("--settings=trusted", "--hostname=line"), ERR));
    EXPECT_STR(trusted.spec.hostname, "line");
}

TEST(the_last_of_a_files_lines_counts)
{
    CLEANUP(given_done) struct given g = TRUSTED("[Exec]\nHostname=a\nHostname=b\n");

    EXPECT_OK(given_apply(&g, WORDS("-q"), ERR));
    EXPECT_STR(g.spec.hostname, "b");
}

TEST(variables_are_replaced_as_a_whole)
{
    CLEANUP(given_done)
    struct given yes = TRUSTED("[Exec]\nEnvironment=A=1\n"),
                 over = TRUSTED("[Exec]\nEnvironment=A=1\n");

    EXPECT_OK(given_apply(&yes, WORDS("--setenv=B=2"), ERR));
    EXPECT_INT(yes.spec.environment.count, 1);
    EXPECT_STR(yes.spec.environment.item[0], "B=2");
    EXPECT_OK(given_apply(&over, WORDS(OVERRIDE, "--setenv=B=2"), ERR));
    EXPECT_INT(over.spec.environment.count, 1);
    EXPECT_STR(over.spec.environment.item[0], "A=1");
}

TEST(mounts_of_all_kinds_are_one_group)
{
    static const char *const words[] = {"--bind=/x",       "--bind-ro=/x",       "--tmpfs=/x",
                                        "--overlay=/x:/y", "--overlay-ro=/x:/y", "--inaccessible=/x"};
    static const char *const keys[] = {"Bind=/f",       "BindReadOnly=/f",       "TemporaryFileSystem=/f",
                                       "Overlay=/e:/f", "OverlayReadOnly=/e:/f", "Inaccessible=/f"};

    for (size_t i = 0; i < COUNT_OF(words); i++)
        for (size_t j = 0; j < COUNT_OF(keys); j++) {
            auto_free char *text = mem_format("[Files]\n%s\n%s\n", keys[j], keys[0]);
            CLEANUP(given_done) struct given yes = TRUSTED(text), over = TRUSTED(text);

            EXPECT_OK(given_apply(&yes, WORDS(words[i]), ERR));
            EXPECT_INT(yes.spec.n_mounts, 1);
            EXPECT_TRUE(strcmp(yes.spec.mounts[0].target, "/f") != 0);
            EXPECT_OK(given_apply(&over, WORDS(OVERRIDE, words[i]), ERR));
            EXPECT_INT(over.spec.n_mounts, 2);
            EXPECT_STR(over.spec.mounts[0].target, "/f");
        }
}

TEST(users_of_the_host_are_not_mounts)
{
    CLEANUP(given_done) struct given g = TRUSTED("[Files]\nBindUser=a b\n");

    EXPECT_OK(given_apply(&g, WORDS("--bind=/x"), ERR));
    EXPECT_INT(g.spec.bind_users.count, 2);
}

/* A row of the table of start modes: file, command line, what comes of it. */
static const struct {
    const char *file, *words[4];
    enum start_mode start;
    const char *command; /* first word, NULL: none */
} starts[] = {
    {"ProcessTwo=yes", {"cat"}, START_COMMAND, "cat"},
    {"ProcessTwo=yes", {OVERRIDE, "cat"}, START_STUB_INIT, NULL},
    {"Boot=yes\nParameters=a b", {"-q"}, START_BOOT, "a"},
    {"Boot=yes\nParameters=a b", {"--as-pid2"}, START_STUB_INIT, NULL},
    {"Boot=yes", {"cat"}, START_COMMAND, "cat"},
    {"Boot=no\nParameters=echo file", {"-q"}, START_COMMAND, "echo"},
    {"Parameters=echo file", {"line"}, START_COMMAND, "line"},
    {"Parameters=echo file", {"-q"}, START_COMMAND, NULL},
    {"Parameters=echo file", {OVERRIDE, "line"}, START_COMMAND, "line"},
    {"Parameters=echo file", {OVERRIDE, "--boot"}, START_BOOT, NULL},
    {"Parameters=echo file", {OVERRIDE, "--as-pid2"}, START_STUB_INIT, NULL},
    {"Boot=no\nParameters=echo file", {OVERRIDE, "line"}, START_COMMAND, "echo"},
    {"Boot=no", {OVERRIDE, "line"}, START_COMMAND, NULL},
    {"ProcessTwo=no\nParameters=echo file", {OVERRIDE, "--as-pid2", "line"}, START_COMMAND, "echo"},
    {"Boot=no\nParameters=echo file", {OVERRIDE, "--boot"}, START_COMMAND, "echo"},
    {"Boot=no", {OVERRIDE, "--boot"}, START_COMMAND, NULL},
    {"Boot=yes\nProcessTwo=yes", {"-q"}, START_BOOT, NULL},
    {"ProcessTwo=yes\nBoot=no\nParameters=cat", {"-q"}, START_STUB_INIT, "cat"},
    {"Boot=yes\nBoot=no\nProcessTwo=yes", {"-q"}, START_STUB_INIT, NULL},
    {"Hostname=h", {OVERRIDE, "--boot", "line"}, START_BOOT, "line"},
};

TEST(boot_process_two_and_parameters_are_one_group)
{
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        auto_free char *text = mem_format("[Exec]\n%s\n", starts[i].file);
        CLEANUP(given_done) struct given g = TRUSTED(text);
        const char *const *words = starts[i].words;

        EXPECT_OK(apply_quietly(&g, WORDS(words[0], words[1], words[2]), ERR));
        EXPECT_INT(g.spec.start, starts[i].start);
        EXPECT_TRUE(string_equal(g.spec.command.count ? g.spec.command.item[0] : NULL, starts[i].command));
    }
}

TEST(user_folder_and_host_name_go_with_any_command)
{
    CLEANUP(given_done) struct given g = TRUSTED("[Exec]\nUser=games\nWorkingDirectory=/var\nHostname=h\n");

    EXPECT_OK(given_apply(&g, WORDS("id"), ERR));
    EXPECT_STR(g.spec.user, "games");
    EXPECT_STR(g.spec.working_directory, "/var");
    EXPECT_STR(g.spec.hostname, "h");
}

TEST(the_old_name_of_uid_wins_like_it)
{
    CLEANUP(given_done) struct given g = TRUSTED("[Exec]\nUser=games\n");

    EXPECT_OK(apply_quietly(&g, WORDS("--user=mail"), ERR));
    EXPECT_STR(g.spec.user, "mail");
}

TEST(a_file_with_any_network_key_overrides_all_network_options)
{
    static const char *const keys[] = {"Private=no",      "VirtualEthernet=no",     "Interface=a", "MACVLAN=a",
                                       "IPVLAN=a",        "VirtualEthernetExtra=a", "Bridge=a",    "Zone=a",
                                       "NamespacePath=/a"};

    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        auto_free char *text = mem_format("[Network]\n%s\n", keys[i]);
        CLEANUP(given_done) struct given over = TRUSTED(text), yes = TRUSTED(text);

        EXPECT_OK(given_apply(&over, WORDS(OVERRIDE, "--network-veth", "--network-veth-extra=x"), ERR));
        EXPECT_TRUE(!over.spec.veth);
        EXPECT_TRUE(over.spec.veth_extras.count == 0 || strcmp(over.spec.veth_extras.item[0].host, "a") == 0);
        EXPECT_OK(given_apply(&yes, WORDS("--network-veth"), ERR));
        EXPECT_TRUE(yes.spec.veth && !yes.spec.bridge && !yes.spec.zone && !yes.spec.netns_path);
        EXPECT_INT(yes.spec.interfaces.count + yes.spec.macvlans.count + yes.spec.ipvlans.count, 0);
    }
}

TEST(an_empty_file_changes_nothing)
{
    CLEANUP(given_done) struct given g = TRUSTED("");

    EXPECT_OK(given_apply(&g, WORDS(OVERRIDE, "-n", "-U", "-b", "--bind=/x"), ERR));
    EXPECT_TRUE(g.spec.veth && g.spec.n_mounts == 1);
    EXPECT_INT(g.spec.userns, USERNS_PICK);
    EXPECT_INT(g.spec.start, START_BOOT);
}

TEST(ports_are_a_group_of_their_own)
{
    CLEANUP(given_done)
    struct given a = TRUSTED("[Network]\nPort=80\n"),
                 b = TRUSTED("[Network]\nPort=80\n"), c = TRUSTED("[Network]\nPort=80\n");

    EXPECT_OK(given_apply(&a, WORDS("--private-network"), ERR));
    EXPECT_TRUE(a.spec.private_network && a.spec.n_ports == 1);
    EXPECT_OK(given_apply(&b, WORDS(OVERRIDE, "--private-network", "-p81"), ERR));
    EXPECT_TRUE(b.spec.private_network && b.spec.n_ports == 1 && b.spec.ports[0].host_port == 80);
    EXPECT_OK(given_apply(&c, WORDS("-n", "-p81"), ERR));
    EXPECT_TRUE(c.spec.n_ports == 1 && c.spec.ports[0].host_port == 81);
}

TEST(a_files_range_replaces_the_command_lines_users)
{
    CLEANUP(given_done)
    struct given a = TRUSTED("[Exec]\nPrivateUsers=no\n"),
                 b = TRUSTED("[Exec]\nPrivateUsers=65536\n[Files]\nPrivateUsersOwnership=map\n"),
                 c = TRUSTED("[Exec]\nPrivateUsers=65536\n[Files]\nPrivateUsersOwnership=map\n");

    EXPECT_OK(given_apply(&a, WORDS(OVERRIDE, "-U"), ERR));
    EXPECT_INT(a.spec.userns, USERNS_NO);
    EXPECT_TRUE(!a.spec.ownership_given);
    EXPECT_OK(given_apply(&b, WORDS(OVERRIDE, "--private-users=131072", "--private-users-ownership=chown"), ERR));
    EXPECT_INT(b.spec.userns_base, 65536);
    EXPECT_INT(b.spec.ownership, OWNERSHIP_MAP);
    EXPECT_OK(given_apply(&c, WORDS("--private-users=131072"), ERR));
    EXPECT_INT(c.spec.userns_base, 131072);
    EXPECT_TRUE(!c.spec.ownership_given);
}

TEST(speaking_of_owners_alone_does_not_undo_a_range)
{
    CLEANUP(given_done)
    struct given a = TRUSTED("[Files]\nPrivateUsersOwnership=off\n"),
                 b = TRUSTED("[Files]\nPrivateUsersChown=yes\n"), c = TRUSTED("[Exec]\nPrivateUsers=65536\n");

    EXPECT_OK(given_apply(&a, WORDS(OVERRIDE, "-U"), ERR));
    EXPECT_INT(a.spec.userns, USERNS_PICK);
    EXPECT_INT(a.spec.ownership, OWNERSHIP_OFF);
    EXPECT_OK(given_apply(&b, WORDS(OVERRIDE, "--private-users=pick", "--private-users-ownership=map"), ERR));
    EXPECT_INT(b.spec.userns, USERNS_PICK);
    EXPECT_INT(b.spec.ownership, OWNERSHIP_CHOWN);
    EXPECT_OK(given_apply(&c, WORDS("--private-users-ownership=map"), ERR));
    EXPECT_INT(c.spec.userns_base, 65536);
    EXPECT_INT(c.spec.ownership, OWNERSHIP_MAP);
}

static uint64_t kept(const struct spec *spec)
{
    return (CAPABILITIES_DEFAULT | spec->capabilities_add) & ~spec->capabilities_drop;
}

/* File, command line, and what is kept, as far as it differs from the default. */
static const struct {
    const char *file, *words[3];
    uint64_t more, less;
} capabilities[] = {
    {"Capability=CAP_SYS_TIME", {"-q"}, 1 << 25, 0},
    {"Capability=CAP_SYS_TIME", {"--capability=CAP_SYSLOG"}, UINT64_C(1) << 34, 0},
    {"Capability=CAP_SYS_TIME", {"--drop-capability=CAP_CHOWN"}, 0, 1},
    {"DropCapability=CAP_CHOWN", {"--capability=CAP_CHOWN"}, 0, 0},
    {"Capability=CAP_SYS_TIME", {OVERRIDE, "--capability=CAP_SYSLOG"}, UINT64_C(1) << 34 | 1 << 25, 0},
    {"Capability=CAP_SYS_TIME\nDropCapability=CAP_KILL",
     {OVERRIDE, "--capability=CAP_SYSLOG", "--drop-capability=CAP_CHOWN"},
     UINT64_C(1) << 34 | 1 << 25,
     1 << 5 | 1},
    {"DropCapability=CAP_KILL", {OVERRIDE, "--capability=CAP_KILL"}, 0, 1 << 5},
    {"Capability=CAP_KILL", {OVERRIDE, "--drop-capability=CAP_KILL"}, 0, 0},
    {"DropCapability=all", {"-q"}, 0, CAPABILITIES_DEFAULT},
    {"Capability=all", {"-q"}, ~CAPABILITIES_DEFAULT, 0},
};

TEST(capabilities_of_an_overriding_file_come_on_top)
{
    for (size_t i = 0; i < COUNT_OF(capabilities); i++) {
        auto_free char *text = mem_format("[Exec]\n%s\n", capabilities[i].file);
        CLEANUP(given_done) struct given g = TRUSTED(text);
        const char *const *words = capabilities[i].words;

        EXPECT_OK(given_apply(&g, WORDS(words[0], words[1], words[2]), ERR));
        EXPECT_TRUE(kept(&g.spec) == ((CAPABILITIES_DEFAULT | capabilities[i].more) & ~capabilities[i].less));
    }
}

TEST(ambient_capabilities_are_of_the_same_group)
{
    CLEANUP(given_done)
    struct given a = TRUSTED("[Exec]\nAmbientCapability=CAP_CHOWN\n"),
                 b = TRUSTED("[Exec]\nAmbientCapability=CAP_CHOWN\n");

    EXPECT_OK(given_apply(&a, WORDS("--capability=CAP_KILL"), ERR));
    EXPECT_TRUE(a.spec.ambient_capabilities == 0);
    EXPECT_OK(given_apply(&b, WORDS(OVERRIDE, "--ambient-capability=CAP_KILL"), ERR));
    EXPECT_TRUE(b.spec.ambient_capabilities == 0x21);
}

TEST(limits_are_contested_one_by_one)
{
    CLEANUP(given_done)
    struct given a = TRUSTED("[Exec]\nLimitNOFILE=100\nLimitCPU=7\n"),
                 b = TRUSTED("[Exec]\nLimitNOFILE=100\n");

    EXPECT_OK(given_apply(&a, WORDS("--rlimit=NOFILE=50", "--rlimit=CORE=5"), ERR));
    EXPECT_TRUE(a.spec.limits[RLIMIT_NOFILE].value.rlim_cur == 50);
    EXPECT_TRUE(a.spec.limits[RLIMIT_CORE].value.rlim_cur == 5);
    EXPECT_TRUE(a.spec.limits[RLIMIT_CPU].value.rlim_cur == 7);
    EXPECT_OK(given_apply(&b, WORDS(OVERRIDE, "--rlimit=RLIMIT_NOFILE=50", "--rlimit=CORE=5"), ERR));
    EXPECT_TRUE(b.spec.limits[RLIMIT_NOFILE].value.rlim_cur == 100);
    EXPECT_TRUE(b.spec.limits[RLIMIT_CORE].value.rlim_cur == 5);
}

TEST(an_untrusted_file_that_overrides_knocks_nothing_out)
{
    CLEANUP(given_done)
    struct given g = {
        .file = "[Exec]\nPrivateUsers=no\nOOMScoreAdjust=5\nLimitNOFILE=100\nHostname=file\n[Network]\nPrivate=no\n"
                "[Files]\nBind=/etc\n"};

    EXPECT_OK(apply_quietly(
        &g, WORDS(OVERRIDE, "-U", "-n", "--oom-score-adjust=50", "--rlimit=NOFILE=50", "--bind=/x", "--hostname=line"),
        ERR));
    EXPECT_INT(g.spec.userns, USERNS_PICK);
    EXPECT_TRUE(g.spec.veth);
    EXPECT_INT(g.spec.oom_score_adjust, 50);
    EXPECT_TRUE(g.spec.limits[RLIMIT_NOFILE].value.rlim_cur == 50);
    EXPECT_INT(g.spec.n_mounts, 1);
    EXPECT_STR(g.spec.mounts[0].target, "/x");
    EXPECT_STR(g.spec.hostname, "file");
}

TEST(an_ephemeral_machine_is_named_apart_only_by_the_command_line)
{
    CLEANUP(given_done)
    struct given file = TRUSTED("[Exec]\nEphemeral=yes\n"),
                 both = TRUSTED("[Exec]\nEphemeral=yes\n"), no = TRUSTED("[Exec]\nEphemeral=no\n");

    EXPECT_OK(given_apply(&file, WORDS("-q"), ERR));
    EXPECT_TRUE(file.spec.ephemeral && file.spec.ephemeral_from_file);
    EXPECT_OK(given_apply(&both, WORDS(OVERRIDE, "-x"), ERR));
    EXPECT_TRUE(both.spec.ephemeral && !both.spec.ephemeral_from_file);
    EXPECT_OK(given_apply(&no, WORDS(OVERRIDE, "-x"), ERR));
    EXPECT_TRUE(!no.spec.ephemeral);
}

TEST(a_decision_can_be_taken_again_in_another_mode)
{
    CLEANUP(given_done) struct given g = TRUSTED("[Exec]\nHostname=file\n");
    CLEANUP(spec_done) struct spec again;

    EXPECT_OK(given_apply(&g, WORDS("--hostname=line"), ERR));
    spec_init(&again);
    EXPECT_OK(settings_apply(&g.settings, SETTINGS_OVERRIDE, &again, ERR));
    EXPECT_STR(again.hostname, "file");
}

TESTS(RUN(a_scalar_is_the_winners), RUN(the_last_of_a_files_lines_counts), RUN(variables_are_replaced_as_a_whole),
      RUN(mounts_of_all_kinds_are_one_group), RUN(users_of_the_host_are_not_mounts),
      RUN(boot_process_two_and_parameters_are_one_group), RUN(user_folder_and_host_name_go_with_any_command),
      RUN(the_old_name_of_uid_wins_like_it), RUN(a_file_with_any_network_key_overrides_all_network_options),
      RUN(an_empty_file_changes_nothing), RUN(ports_are_a_group_of_their_own),
      RUN(a_files_range_replaces_the_command_lines_users), RUN(speaking_of_owners_alone_does_not_undo_a_range),
      RUN(capabilities_of_an_overriding_file_come_on_top), RUN(ambient_capabilities_are_of_the_same_group),
      RUN(limits_are_contested_one_by_one), RUN(an_untrusted_file_that_overrides_knocks_nothing_out),
      RUN(an_ephemeral_machine_is_named_apart_only_by_the_command_line),
      RUN(a_decision_can_be_taken_again_in_another_mode))
