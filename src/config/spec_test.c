/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From options to what is meant: combinations that are refused, what follows from what, names, the environment. */
#include "config/spec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "config/capability.h"
#include "config/capture.h"
#include "config/given.h"
#include "config/machine_name.h"
#include "base/test.h"

/* Command lines that contradict themselves, the sentence, and a word of the hint. */
static const struct {
    const char *words[5], *says, *hint;
} refused[] = {
    {{"-i/y", "-D/x"}, "--directory=, --image= --mstack= may not be combined.", "give one of them"},
    {{"--mstack=/y", "-D/x"}, "--directory=, --image= --mstack= may not be combined.", "give one of them"},
    {{"--oci-bundle=/y", "-D/x"}, "--oci-bundle= and --directory=", "bundle"},
    {{"--template=/t", "-i/x"}, "--template= and --image=/--mstack= may not be combined.", "--directory="},
    {{"--template=/t", "-x", "-D/x"}, "--ephemeral and --template= may not be combined.", "throw-away"},
    {{"-D/"},
     "Spawning container on root directory is not supported. Consider using --ephemeral, --volatile=yes or "
     "--volatile=state.",
     "-x"},
    {{"-D/", "--volatile=overlay"}, "Spawning container on root directory is not supported.", "-x"},
    {{"-b", "--ambient-capability=CAP_CHOWN"}, "AmbientCapability= setting is not useful for boot mode.", "services"},
    {{"--ambient-capability=all", "true"}, "AmbientCapability= does not support the value all.", "list"},
    {{"--ambient-capability=CAP_SYS_TIME"},
     "AmbientCapability= setting is not fully covered by Capability= setting.",
     "--capability="},
    {{"--ambient-capability=CAP_CHOWN", "--drop-capability=CAP_CHOWN"},
     "is not fully covered by Capability= setting.",
     "--drop-capability="},
    {{"-x", "--link-journal=host"}, "--ephemeral and --link-journal={host,guest} may not be combined.", "try-host"},
    {{"-x", "--link-journal=guest"}, "--ephemeral and --link-journal={host,guest} may not be combined.", "try-guest"},
    {{"--forward-journal-max-use=1K"},
     "--forward-journal-max-use=/--forward-journal-keep-free=/--forward-journal-max-file-size=/"
     "--forward-journal-max-files= require --forward-journal=.",
     "--forward-journal="},
    {{"--network-bridge=a", "--network-zone=b"},
     "--network-bridge= and --network-zone= may not be combined.",
     "choose"},
    {{"--network-namespace-path=/x", "-n"},
     "--network-namespace-path= cannot be combined with other network options.",
     "before the start"},
    {{"--network-namespace-path=/x", "--network-macvlan=a"},
     "--network-namespace-path= cannot be combined with other network options.",
     "before the start"},
    {{"-p80"}, "Cannot use --port= without private networking.", "--network-veth"},
    {{"-p80", "--network-namespace-path=/x"}, "Cannot use --port= without private networking.", "--network-veth"},
    {{"--private-users-delegate=1"}, "--private-users-delegate= requires --private-users=managed.", "managed"},
    {{"--private-users=managed"},
     "Managed user namespace operation requires private networking, as otherwise /sys/ may not be mounted.",
     "--network-veth"},
    {{"--private-users=65537", "--private-users-ownership=chown"},
     "Automatic UID/GID adjusting is only supported for UID/GID ranges starting at multiples of 2^16 with a range of "
     "2^16.",
     "ownership=map"},
    {{"--private-users=65536:65535", "--private-users-ownership=chown"}, "Automatic UID/GID adjusting", "map"},
    {{"--read-only", "--private-users=65536", "--private-users-ownership=chown"},
     "--read-only and --private-users-ownership=chown may not be combined.",
     "map"},
    {{"--user"}, "Managed user namespace operation requires private networking", "--network-veth"},
};

TEST(what_contradicts_itself_is_refused_with_a_way_out)
{
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        CLEANUP(given_done) struct given g = {0};
        const char *const *w = refused[i].words;

        EXPECT_INT(chdir("/usr"), 0);
        EXPECT_FAIL(given_resolve(&g, WORDS(w[0], w[1], w[2]), true, ERR), EINVAL, refused[i].says);
        EXPECT_HINT(refused[i].hint);
        EXPECT_TRUE(error_id(*err_) && strncmp(error_id(*err_), "R12", 3) == 0);
    }
}

TEST(these_combinations_are_fine)
{
    static const char *const fine[][4] = {
        {"-D/", "-x"},
        {"-D/", "--volatile"},
        {"-D/", "--volatile=state"},
        {"-D/x", "-x", "-j"},
        {"-D/x", "--template=/t"},
        {"-D/x", "--network-namespace-path=/x", "--private-network"},
        {"-D/x", "--private-users=no", "--private-users-ownership=chown"},
        {"-D/x", "--private-users=0", "--private-users-ownership=chown"},
        {"-D/x", "--private-users=65537", "--private-users-ownership=map"},
        {"-D/x", "-U", "--private-users-ownership=chown"},
        {"-D/x", "--private-users=managed", "-n"},
        {"-D/x", "-p80", "-n"},
        {"-D/x", "-p80", "--network-zone=z"},
        {"-i/x.raw"},
        {"-Mweb"},
    };

    for (size_t i = 0; i < COUNT_OF(fine); i++) {
        CLEANUP(given_done) struct given g = {0};

        EXPECT_OK(given_resolve(&g, WORDS(fine[i][0], fine[i][1], fine[i][2], fine[i][3]), true, ERR));
    }
}

TEST(an_unprivileged_caller_gets_managed_users_or_is_told_why_not)
{
    CLEANUP(given_done) struct given a = {0}, b = {0}, c = {0}, d = {0}, e = {0}, f = {0};

    EXPECT_OK(given_resolve(&a, WORDS("-D/x", "--private-network"), false, ERR));
    EXPECT_INT(a.spec.userns, USERNS_MANAGED);
    EXPECT_INT(a.spec.ownership, OWNERSHIP_AUTO);
    EXPECT_TRUE(a.spec.user_scope);
    EXPECT_OK(given_resolve(&b, WORDS("-D/x", "-U", "-n"), false, ERR));
    EXPECT_INT(b.spec.userns, USERNS_MANAGED);
    EXPECT_FAIL(given_resolve(&c, WORDS("-D/x"), false, ERR), EINVAL, "requires private networking");
    EXPECT_FAIL(given_resolve(&d, WORDS("-D/x", "-n", "--private-users=no"), false, ERR), EINVAL,
                "User-scoped operation requires managed user namespaces, as otherwise no UID range can be acquired.");
    EXPECT_FAIL(given_resolve(&e, WORDS("-D/x", "--network-zone=z"), false, ERR), EINVAL,
                "Only --private-network and --network-veth are available to unprivileged users.");
    EXPECT_OK(given_resolve(&f, WORDS("-D/x", "-n", "--system"), false, ERR));
    EXPECT_TRUE(!f.spec.user_scope);
}

TEST(interfaces_imply_a_private_network)
{
    static const struct {
        const char *word;
        bool veth;
    } cases[] = {
        {"-n", true},
        {"--network-bridge=br0", true},
        {"--network-zone=z", true},
        {"--network-veth-extra=a", false},
        {"--network-interface=a", false},
        {"--network-macvlan=a", false},
        {"--network-ipvlan=a", false},
        {"--network-namespace-path=/x", false},
        {"--private-network", false},
    };
    CLEANUP(given_done) struct given none = {0};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(given_done) struct given g = {0};

        EXPECT_OK(given_resolve(&g, WORDS("-D/x", cases[i].word), true, ERR));
        EXPECT_TRUE(g.spec.private_network);
        EXPECT_INT(g.spec.veth, cases[i].veth);
        EXPECT_INT(g.spec.private_network_given, strcmp(cases[i].word, "--private-network") == 0);
    }
    EXPECT_OK(given_resolve(&none, WORDS("-D/x"), true, ERR));
    EXPECT_TRUE(!none.spec.private_network);
}

TEST(kept_capabilities_follow_from_what_was_asked)
{
    static const struct {
        const char *words[3];
        uint64_t mask;
    } cases[] = {
        {{"-q"}, UINT64_C(0xfdecafff)},
        {{"--private-network"}, UINT64_C(0xfdecbfff)},
        {{"-n"}, UINT64_C(0xfdecbfff)},
        {{"--network-namespace-path=/x"}, UINT64_C(0xfdecafff)},
        {{"--network-namespace-path=/x", "--private-network"}, UINT64_C(0xfdecbfff)},
        {{"-n", "--drop-capability=CAP_NET_ADMIN"}, UINT64_C(0xfdecafff)},
        {{"--capability=CAP_SYS_TIME,CAP_SYSLOG", "--drop-capability=CAP_CHOWN"}, UINT64_C(0x4ffecaffe)},
        {{"--capability=all"}, UINT64_MAX},
        {{"--capability=all", "--drop-capability=CAP_SYS_MODULE,CAP_BPF"}, ~(UINT64_C(1) << 16 | UINT64_C(1) << 39)},
        {{"--drop-capability=CAP_CHOWN", "--capability=CAP_CHOWN"}, UINT64_C(0xfdecaffe)},
        {{"--drop-capability=all"}, 0},
        {{"--capability=cap_syslog", "--drop-capability=0"}, UINT64_C(0x4fdecaffe)},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(given_done) struct given g = {0};

        EXPECT_OK(given_resolve(&g, WORDS("-D/x", cases[i].words[0], cases[i].words[1]), true, ERR));
        if (g.spec.capabilities != cases[i].mask)
            fail_msg("%s: 0x%llx", cases[i].words[0], (unsigned long long) g.spec.capabilities);
    }
}

TEST(owners_are_shifted_by_themselves_only_where_a_range_is_picked)
{
    static const struct {
        const char *word;
        enum ownership_mode mode;
    } cases[] = {
        {"-q", OWNERSHIP_OFF},
        {"--private-users=pick", OWNERSHIP_AUTO},
        {"-U", OWNERSHIP_AUTO},
        {"--private-users=65536", OWNERSHIP_OFF},
        {"--private-users", OWNERSHIP_OFF},
        {"--private-users=identity", OWNERSHIP_OFF},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(given_done) struct given g = {0};

        EXPECT_OK(given_resolve(&g, WORDS("-D/x", cases[i].word), true, ERR));
        EXPECT_INT(g.spec.ownership, cases[i].mode);
    }
}

TEST(init_is_asked_to_stop_by_a_signal_of_the_kernels_number)
{
    CLEANUP(given_done) struct given boot = {0}, own = {0}, command = {0};

    EXPECT_OK(given_resolve(&boot, WORDS("-bD/x"), true, ERR));
    EXPECT_INT(boot.spec.kill_signal, 37);
    EXPECT_OK(given_resolve(&own, WORDS("-bD/x", "--kill-signal=TERM"), true, ERR));
    EXPECT_INT(own.spec.kill_signal, 15);
    EXPECT_OK(given_resolve(&command, WORDS("-D/x", "true"), true, ERR));
    EXPECT_INT(command.spec.kill_signal, 0);
}

TEST(assignments_for_init_become_variables_unless_their_key_has_a_dot)
{
    CLEANUP(given_done) struct given g = {0}, command = {0};

    EXPECT_OK(given_resolve(&g,
                            WORDS("-bD/x", "--setenv=A=0", "A=1", "c-d=e=f", "f.g=h", "plain", "=x", "1a=b", "a b=c",
                                  "-X=3", "\xc3\xa9=x", "A=2"),
                            true, ERR));
    EXPECT_INT(g.spec.command.count, 6);
    EXPECT_STR(g.spec.command.item[0], "f.g=h");
    EXPECT_STR(g.spec.command.item[1], "plain");
    EXPECT_STR(g.spec.command.item[2], "=x");
    EXPECT_STR(g.spec.command.item[3], "1a=b");
    EXPECT_INT(g.spec.environment.count, 3);
    EXPECT_STR(environment_get(&g.spec.environment, "A"), "2");
    EXPECT_STR(environment_get(&g.spec.environment, "c_d"), "e=f");
    EXPECT_STR(environment_get(&g.spec.environment, "_X"), "3");
    EXPECT_OK(given_resolve(&command, WORDS("-D/x", "env", "A=1"), true, ERR));
    EXPECT_INT(command.spec.command.count, 2);
}

TEST(a_machine_is_named_after_its_tree)
{
    static const struct {
        const char *word, *machine;
    } cases[] = {
        {"-D/srv/web", "web"},     {"-D/srv/a_b", "ab"},          {"-D/srv/foo.raw", "foo.raw"},
        {"-i/srv/foo.raw", "foo"}, {"--mstack=/s/x.mstack", "x"}, {"--oci-bundle=/b/bundle", "bundle"},
        {"-Mother", "other"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(given_done) struct given g = {0};

        EXPECT_OK(given_resolve(&g, WORDS(cases[i].word), true, ERR));
        EXPECT_STR(g.spec.machine, cases[i].machine);
        EXPECT_STR(g.spec.settings_name, cases[i].machine);
        EXPECT_STR(g.spec.hostname, cases[i].machine);
        EXPECT_INT(g.spec.machine_given, string_starts(cases[i].word, "-M"));
    }
}

TEST(without_a_tree_the_working_directory_is_it_unless_a_machine_is_named)
{
    CLEANUP(given_done) struct given g = {0}, machine = {0}, root = {0};
    struct utsname host;

    EXPECT_INT(chdir("/usr/bin"), 0);
    EXPECT_OK(given_resolve(&g, WORDS("-q"), true, ERR));
    EXPECT_TRUE(g.spec.directory && path_is_absolute(g.spec.directory));
    EXPECT_STR(g.spec.machine, "bin");
    EXPECT_OK(given_resolve(&machine, WORDS("-Mweb"), true, ERR));
    EXPECT_TRUE(!machine.spec.directory);

    EXPECT_INT(uname(&host), 0);
    auto_free char *name = machine_name_from_text(host.nodename);
    EXPECT_OK(given_resolve(&root, WORDS("-D/", "-x", "-Mx"), true, ERR));
    EXPECT_STR(root.spec.machine, "x");
    if (name) {
        CLEANUP(given_done) struct given own = {0};

        EXPECT_OK(given_resolve(&own, WORDS("-D/", "--volatile"), true, ERR));
        EXPECT_STR(own.spec.machine, name);
    }
}

TEST(a_throw_away_copy_gets_a_name_of_its_own)
{
    CLEANUP(given_done)
    struct given a = {0},
                 b = {0}, named = {0}, longest = {0}, file = {.trusted = true, .file = "[Exec]\nEphemeral=yes\n"};
    auto_free char *path =
        mem_format("-D/%s-%s", "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeee", "xxxxxxxxxxxxxxxxxx");

    EXPECT_OK(given_resolve(&a, WORDS("-xD/srv/web"), true, ERR));
    EXPECT_OK(given_resolve(&b, WORDS("-xD/srv/web"), true, ERR));
    EXPECT_TRUE(string_starts(a.spec.machine, "web-") && strlen(a.spec.machine) == 20);
    EXPECT_TRUE(strcmp(a.spec.machine, b.spec.machine) != 0);
    EXPECT_STR(a.spec.settings_name, "web");
    EXPECT_STR(a.spec.hostname, a.spec.machine);
    EXPECT_OK(given_resolve(&named, WORDS("-xD/srv/web", "-Mown"), true, ERR));
    EXPECT_STR(named.spec.machine, "own");
    EXPECT_OK(given_resolve(&longest, WORDS("-x", path), true, ERR));
    EXPECT_TRUE(machine_name_is_valid(longest.spec.machine) && strlen(longest.spec.machine) == 63);
    EXPECT_OK(given_resolve(&file, WORDS("-D/srv/web"), true, ERR));
    EXPECT_TRUE(file.spec.ephemeral);
    EXPECT_STR(file.spec.machine, "web");
}

TEST(a_tree_without_a_usable_name_asks_for_one)
{
    CLEANUP(given_done) struct given g = {0};

    EXPECT_FAIL(given_resolve(&g, WORDS("-D/srv/___"), true, ERR), EINVAL,
                "Failed to determine machine name automatically, please use -M.");
    EXPECT_HINT("no letter or digit");
}

TEST(a_fresh_spec_has_the_defaults_and_nothing_to_free)
{
    struct spec spec;

    spec_init(&spec);
    EXPECT_TRUE(spec.lock_images && spec.tmpfs_tmp && spec.seccomp && spec.check_os_release &&
                spec.use_cgroup_namespace);
    EXPECT_INT(spec.register_machine, TRI_AUTO);
    EXPECT_INT(spec.resolv_method, RESOLV_AUTO);
    EXPECT_INT(spec.settings_mode, SETTINGS_YES);
    EXPECT_TRUE(spec.personality == ULONG_MAX && spec.userns_size == 65536);
    EXPECT_STR(start_mode_name(spec.start), "command");
    EXPECT_STR(userns_mode_name(spec.userns), "no");
    EXPECT_STR(console_mode_name(spec.console), "default");
}

TEST(switches_are_read_from_the_environment)
{
    CLEANUP(spec_done) struct spec spec;
    char *list[] = {"SYSTEMD_NSPAWN_LOCK=0",
                    "SYSTEMD_NSPAWN_TMPFS_TMP=no",
                    "SYSTEMD_NSPAWN_USE_CGNS=0",
                    "SYSTEMD_NSPAWN_CHECK_OS_RELEASE=0",
                    "SYSTEMD_SUPPRESS_SYNC=1",
                    "SYSTEMD_SECCOMP=0",
                    "SYSTEMD_LOG_SECCOMP=1",
                    "SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes",
                    "SYSTEMD_NSPAWN_CONTAINER_SERVICE=x",
                    "SYSTEMD_NSPAWN_NETWORK_MAC=02:00:00:aa:BB:01",
                    "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=0",
                    "SYSTEMD_NSPAWN_LOCKS=1",
                    NULL};

    spec_init(&spec);
    EXPECT_OK(spec_read_environment(&spec, list, ERR));
    EXPECT_TRUE(!spec.lock_images && !spec.tmpfs_tmp && !spec.use_cgroup_namespace && !spec.check_os_release);
    EXPECT_TRUE(spec.suppress_sync && !spec.seccomp && spec.seccomp_log && spec.api_vfs_writable);
    EXPECT_TRUE(!spec.api_vfs_writable_network);
    EXPECT_STR(spec.container_service, "x");
    EXPECT_STR(spec.network_mac, "02:00:00:aa:BB:01");
    EXPECT_INT(spec.legacy_cgroups, 1);
}

TEST(an_empty_environment_changes_nothing)
{
    CLEANUP(spec_done) struct spec spec;
    char *list[] = {NULL};

    spec_init(&spec);
    EXPECT_OK(spec_read_environment(&spec, list, ERR));
    EXPECT_OK(spec_read_environment(&spec, NULL, ERR));
    EXPECT_TRUE(spec.lock_images && spec.seccomp && !spec.container_service && !spec.legacy_cgroups);
}

TEST(only_the_network_part_can_be_made_writable)
{
    CLEANUP(spec_done) struct spec spec;
    char *list[] = {"SYSTEMD_NSPAWN_API_VFS_WRITABLE=network", NULL};

    spec_init(&spec);
    EXPECT_OK(spec_read_environment(&spec, list, ERR));
    EXPECT_TRUE(spec.api_vfs_writable_network && !spec.api_vfs_writable);
}

TEST(a_switch_somebody_got_wrong_is_refused_or_remarked_on)
{
    static const struct {
        char *variable;
        const char *error, *said;
    } cases[] = {
        {"SYSTEMD_NSPAWN_USE_CGNS=foo", "Failed to parse $SYSTEMD_NSPAWN_USE_CGNS: Invalid argument", ""},
        {"SYSTEMD_NSPAWN_TMPFS_TMP=foo", "Failed to parse $SYSTEMD_NSPAWN_TMPFS_TMP: Invalid argument", ""},
        {"SYSTEMD_NSPAWN_API_VFS_WRITABLE=", "Failed to parse $SYSTEMD_NSPAWN_API_VFS_WRITABLE: Invalid argument", ""},
        {"SYSTEMD_NSPAWN_NETWORK_MAC=foo", "Failed to parse provided MAC address via environment variable", ""},
        {"SYSTEMD_NSPAWN_NETWORK_MAC=01:00:00:00:00:01", "Failed to parse provided MAC address", ""},
        {"SYSTEMD_NSPAWN_LOCK=foo", NULL,
         "Failed to parse $SYSTEMD_NSPAWN_LOCK, ignoring: 'foo' is neither yes nor no\n"},
        {"SYSTEMD_NSPAWN_CHECK_OS_RELEASE=foo", NULL,
         "Failed to parse $SYSTEMD_NSPAWN_CHECK_OS_RELEASE, ignoring: 'foo' is neither yes nor no\n"},
        {"SYSTEMD_NSPAWN_CONTAINER_SERVICE=a\nb", NULL,
         "Ignoring $SYSTEMD_NSPAWN_CONTAINER_SERVICE: it is not printable text.\n"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(spec_done) struct spec spec;
        char *list[] = {cases[i].variable, NULL};

        spec_init(&spec);
        struct capture capture = capture_begin();
        int r = spec_read_environment(&spec, list, ERR);
        auto_free char *said = capture_end(capture);
        EXPECT_STR(said, cases[i].said);
        if (cases[i].error)
            EXPECT_FAIL(r, EINVAL, cases[i].error);
        else
            EXPECT_OK(r);
        EXPECT_TRUE(spec.lock_images && spec.check_os_release && !spec.container_service && !spec.network_mac);
    }
}

static void write_file(const char *path, const char *text)
{
    auto_close int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    EXPECT_TRUE(fd >= 0);
    EXPECT_INT(fd_write_full(fd, text, strlen(text)), 0);
}

static void remove_tree(char (*path)[22])
{
    (void) tree_remove_at(AT_FDCWD, *path);
}

TEST(the_whole_way_reads_the_file_beside_the_tree)
{
    CLEANUP(given_done) struct given g = {0}, off = {0};
    CLEANUP(remove_tree) char top[] = "/tmp/redd-spec-XXXXXX";
    char *list[] = {"SYSTEMD_NSPAWN_LOCK=0", NULL};

    EXPECT_TRUE(mkdtemp(top));
    auto_free char *tree = mem_format("-D%s/redd-test-tree", top), *file = mem_format("%s/redd-test-tree.nspawn", top);
    write_file(file, "[Exec]\nHostname=beside\nBoot=yes\nParameters=a=b c\n");

    EXPECT_OK(given_read(&g, WORDS("-x", tree), ERR));
    EXPECT_OK(settings_resolve(&g.settings, NULL, true, list, &g.spec, ERR));
    EXPECT_STR(g.spec.hostname, "beside");
    EXPECT_INT(g.spec.start, START_BOOT);
    EXPECT_INT(g.spec.command.count, 1);
    EXPECT_TRUE(!g.spec.lock_images && string_starts(g.spec.machine, "redd-test-tree-"));

    EXPECT_OK(given_read(&off, WORDS(tree, "--settings=no"), ERR));
    EXPECT_OK(settings_resolve(&off.settings, NULL, true, list, &off.spec, ERR));
    EXPECT_STR(off.spec.hostname, "redd-test-tree");
}

TEST(the_place_beside_can_be_given_for_a_machine_found_by_name)
{
    CLEANUP(given_done) struct given g = {0};
    CLEANUP(remove_tree) char top[] = "/tmp/redd-spec-XXXXXX";

    EXPECT_TRUE(mkdtemp(top));
    auto_free char *file = mem_format("%s/redd-test-web.nspawn", top);
    write_file(file, "[Exec]\nHostname=beside\n");
    EXPECT_OK(given_read(&g, WORDS("-Mredd-test-web"), ERR));
    EXPECT_OK(settings_resolve(&g.settings, top, true, NULL, &g.spec, ERR));
    EXPECT_STR(g.spec.hostname, "beside");
    EXPECT_TRUE(!g.spec.directory);
}

TESTS(RUN(what_contradicts_itself_is_refused_with_a_way_out), RUN(these_combinations_are_fine),
      RUN(an_unprivileged_caller_gets_managed_users_or_is_told_why_not), RUN(interfaces_imply_a_private_network),
      RUN(kept_capabilities_follow_from_what_was_asked),
      RUN(owners_are_shifted_by_themselves_only_where_a_range_is_picked),
      RUN(init_is_asked_to_stop_by_a_signal_of_the_kernels_number),
      RUN(assignments_for_init_become_variables_unless_their_key_has_a_dot), RUN(a_machine_is_named_after_its_tree),
      RUN(without_a_tree_the_working_directory_is_it_unless_a_machine_is_named),
      RUN(a_throw_away_copy_gets_a_name_of_its_own), RUN(a_tree_without_a_usable_name_asks_for_one),
      RUN(a_fresh_spec_has_the_defaults_and_nothing_to_free), RUN(switches_are_read_from_the_environment),
      RUN(an_empty_environment_changes_nothing), RUN(only_the_network_part_can_be_made_writable),
      RUN(a_switch_somebody_got_wrong_is_refused_or_remarked_on), RUN(the_whole_way_reads_the_file_beside_the_tree),
      RUN(the_place_beside_can_be_given_for_a_machine_found_by_name))
