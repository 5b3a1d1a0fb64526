/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each option refuses, in the words callers of the original look for, and what it takes to mean. */
#include "config/option_parsers.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/given.h"
#include "base/test.h"

/* One option, refused: the sentence; and a hint wherever one can be given. */
static const struct {
    const char *word, *says;
    int code;
} refused[] = {
    {"--settings=bogus", "Failed to parse --settings= argument: bogus", EINVAL},
    {"--volatile=", "Failed to parse --volatile= argument: ", EINVAL},
    {"--volatile=sometimes", "Failed to parse --volatile= argument: sometimes", EINVAL},
    {"--console=teletype", "Unknown console mode: teletype", EINVAL},
    {"--console=", "Unknown console mode: ", EINVAL},
    {"--console=default", "Unknown console mode: default", EINVAL},
    {"--link-journal=maybe", "Failed to parse link journal mode maybe", EINVAL},
    {"--timezone=x", "Failed to parse /etc/localtime mode: x", EINVAL},
    {"--resolv-conf=copy", "Failed to parse /etc/resolv.conf mode: copy", EINVAL},
    {"--private-users-ownership=x", "Cannot parse --private-users-ownership= value: x", EINVAL},
    {"--private-users-delegate=x", "Failed to parse --private-users-delegate= parameter: x", EINVAL},
    {"--private-users-delegate=17", "Failed to parse --private-users-delegate= parameter: 17", EINVAL},
    {"--private-users=perhaps", "Failed to parse UID \"perhaps\": Invalid argument", EINVAL},
    {"--register=maybe", "Failed to parse tristate argument to '--register=': maybe", EINVAL},
    {"--notify-ready=x", "Failed to parse boolean argument to '--notify-ready=': x", EINVAL},
    {"--suppress-sync=maybe", "Failed to parse boolean argument to '--suppress-sync=': maybe", EINVAL},
    {"--no-new-privileges=", "Failed to parse boolean argument to '--no-new-privileges=': ", EINVAL},
    {"--kill-signal=0", "Cannot parse signal: 0", EINVAL},
    {"--kill-signal=list", "Cannot parse signal: list", EINVAL},
    {"--uuid=x", "Invalid UUID: x", EINVAL},
    {"--uuid=00000000000000000000000000000000", "Machine UUID may not be all zeroes.", EINVAL},
    {"--machine=under_score", "Invalid machine name: under_score", EINVAL},
    {"--machine=bad/name", "Invalid machine name: bad/name", EINVAL},
    {"--hostname=-bad_", "Invalid hostname: -bad_", EINVAL},
    {"--chdir=var", "Working directory var is not an absolute path.", EINVAL},
    {"--setenv==x", "Cannot assign environment variable =x: Invalid argument", EINVAL},
    {"--setenv=1bad name=x", "Cannot assign environment variable 1bad name=x: Invalid argument", EINVAL},
    {"--setenv=", "Cannot assign environment variable : Invalid argument", EINVAL},
    {"--pivot-root=x", "Failed to parse --pivot-root= argument x: Invalid argument", EINVAL},
    {"--pivot-root=/x:y", "Failed to parse --pivot-root= argument /x:y: Invalid argument", EINVAL},
    {"--pivot-root=/../x", "Failed to parse --pivot-root= argument /../x: Invalid argument", EINVAL},
    {"--bind=/a:b", "Failed to parse --bind(-ro)= argument /a:b: Invalid argument", EINVAL},
    {"--bind-ro=", "Failed to parse --bind(-ro)= argument : Invalid argument", EINVAL},
    {"--bind=/a:/b:whatever", "Invalid bind mount option: whatever", EINVAL},
    {"--tmpfs=relative", "Failed to parse --tmpfs= argument relative: Invalid argument", EINVAL},
    {"--overlay=/a", "--overlay(-ro)= needs at least two colon-separated directories specified.", EADDRNOTAVAIL},
    {"--overlay-ro=:/b", "Failed to parse --overlay(-ro)= argument :/b: Invalid argument", EINVAL},
    {"--inaccessible=x", "Failed to parse --inaccessible= argument x: Invalid argument", EINVAL},
    {"--bind-user=0", "Invalid user name to bind: 0", EINVAL},
    {"--bind-user-shell=x", "Invalid user shell to bind: x", EINVAL},
    {"--bind-user-shell=/../bin", "Invalid user shell to bind: /../bin", EINVAL},
    {"--bind-user-group=a b", "Invalid bind user auxiliary group name: a b", EINVAL},
    {"--rlimit=NOFILE", "--rlimit= expects an '=' assignment.", EINVAL},
    {"--uid=", "Failed to resolve user .", EINVAL},
    {"--rlimit=NOSUCH=3", "Unknown resource limit: NOSUCH", EINVAL},
    {"--rlimit=NOFILE=3:2", "Failed to parse resource limit: 3:2", EINVAL},
    {"--oom-score-adjust=5000", "Failed to parse --oom-score-adjust= parameter: 5000", EINVAL},
    {"--oom-score-adjust=0b", "Failed to parse --oom-score-adjust= parameter: 0b", EINVAL},
    {"--oom-score-adjust=--5", "Failed to parse --oom-score-adjust= parameter: --5", EINVAL},
    {"--oom-score-adjust=0x10g", "Failed to parse --oom-score-adjust= parameter: 0x10g", EINVAL},
    {"--oom-score-adjust=", "Failed to parse --oom-score-adjust= parameter: ", EINVAL},
    {"--cpu-affinity=banana", "Failed to parse CPU affinity mask banana: Invalid argument", EINVAL},
    {"--cpu-affinity=9999", "Failed to parse CPU affinity mask 9999: Numerical result out of range", ERANGE},
    {"--personality=z80", "Unknown or unsupported personality 'z80'.", EINVAL},
    {"--capability=CAP_NONSENSE", "Failed to parse capability CAP_NONSENSE.", EINVAL},
    {"--drop-capability=CAP_CHOWN,x", "Failed to parse capability x.", EINVAL},
    {"--ambient-capability=63", "Failed to parse capability 63.", EINVAL},
    {"--restrict-address-families=AF_FOO", "Failed to parse --restrict-address-families= argument: AF_FOO", EINVAL},
    {"--restrict-address-families=~none", "Failed to parse --restrict-address-families= argument: ~none", EINVAL},
    {"--network-interface=:b", "Network interface, interface name not valid: ", EINVAL},
    {"--network-interface=a/c:b", "Network interface, interface name not valid: a/c", EINVAL},
    {"--network-macvlan=a:b:c", "MACVLAN network interface, interface name not valid: b:c", EINVAL},
    {"--network-ipvlan=a b/c", "IPVLAN network interface, interface name not valid: b/c", EINVAL},
    {"--network-veth-extra=a:b:c", "Failed to parse --network-veth-extra= parameter: a:b:c", EINVAL},
    {"--network-bridge=br/0", "Bridge interface name not valid: br/0", EINVAL},
    {"--network-address=10.4.0.2", "Failed to parse --network-address= argument: 10.4.0.2", EINVAL},
    {"--network-address=10.4.0.0/24", "Failed to parse --network-address= argument: 10.4.0.0/24", EINVAL},
    {"--network-address=10.4.0.2/0", "Failed to parse --network-address= argument: 10.4.0.2/0", EINVAL},
    {"--network-address=127.0.0.1/8", "Failed to parse --network-address= argument: 127.0.0.1/8", EINVAL},
    {"--network-address=", "Failed to parse --network-address= argument: ", EINVAL},
    {"--network-gateway=10.4.0.1/24", "Failed to parse --network-gateway= argument: 10.4.0.1/24", EINVAL},
    {"--network-dns=ns.example", "Failed to parse --network-dns= argument: ns.example", EINVAL},
    {"--network-isolate=perhaps", "Failed to parse boolean argument to '--network-isolate=': perhaps", EINVAL},
    {"--network-allow=-x-", "Failed to parse --network-allow= argument: -x-", EINVAL},
    {"--network-zone=z/0", "Network zone name not valid: vz-z/0", EINVAL},
    {"--network-zone=thirteenchars", "Network zone name not valid: vz-thirteenchars", EINVAL},
    {"--port=x", "Failed to parse host port x: Invalid argument", EINVAL},
    {"--port=65536", "Failed to parse host port 65536: Numerical result out of range", ERANGE},
    {"--slice=a/b", "Invalid slice name: a/b", EINVAL},
    {"--slice=", "Invalid slice name: ", EINVAL},
    {"--property=x", "Unknown assignment: x", EINVAL},
    {"--root-hash=xyz", "Failed to parse root hash: xyz", EINVAL},
    {"--root-hash=0011", "Root hash must be at least 128-bit long: 0011", EINVAL},
    {"--root-hash-sig=base64:xyz", "Failed to parse root hash signature 'base64:xyz'", EINVAL},
    {"--image-policy=root=foo", "Unknown partition policy flag in image policy: root=foo", EINVAL},
    {"--forward-journal-max-use=1KB", "Failed to parse --forward-journal-max-use= value: 1KB", EINVAL},
    {"--forward-journal-keep-free=", "Failed to parse --forward-journal-keep-free= value: ", EINVAL},
    {"--forward-journal-max-file-size=x", "Failed to parse --forward-journal-max-file-size= value: x", EINVAL},
    {"--forward-journal-max-files=1K", "Failed to parse --forward-journal-max-files= value: 1K", EINVAL},
    {"--background=x", "Invalid --background= argument: x", EINVAL},
    {"--background=1;2;", "Invalid --background= argument: 1;2;", EINVAL},
    {"--background=;1", "Invalid --background= argument: ;1", EINVAL},
    {"--background=1;;2", "Invalid --background= argument: 1;;2", EINVAL},
    {"--set-credential=a/b:x", "Credential name is not valid: a/b", EINVAL},
    {"--load-credential=a", "Missing value for --load-credential=: a", EINVAL},
    {"--tmp-size=10%,mode=777", "Failed to parse --tmp-size= argument: 10%,mode=777", EINVAL},
    {"--tmp-size=", "Failed to parse --tmp-size= argument: ", EINVAL},
    {"--tmp-size=1T", "Failed to parse --tmp-size= argument: 1T", EINVAL},
    {"--console-escape=a b", "Failed to parse --console-escape= argument: a b", EINVAL},
    {"--console-escape=12345678901234567", "Failed to parse --console-escape= argument: 12345678901234567", EINVAL},
};

TEST(bad_values_are_refused_with_sentence_reason_and_code)
{
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        CLEANUP(given_done) struct given g = {0};

        EXPECT_FAIL(given_read(&g, WORDS(refused[i].word), ERR), refused[i].code, refused[i].says);
        EXPECT_STR(error_text(*err_), refused[i].says);
        EXPECT_TRUE(error_hint(*err_) && *error_hint(*err_));
        EXPECT_TRUE(error_id(*err_) && strncmp(error_id(*err_), "R11", 3) == 0);
        EXPECT_INT(g.settings.count, 0);
    }
}

TEST(values_that_reset_or_say_nothing_are_taken)
{
    static const char *const taken[] = {
        "--machine=", "--hostname=", "--directory=", "--register=", "--capability=", "--capability=,,",
        "--system-call-filter=", "--restrict-address-families=", "--restrict-address-families=~", "--cpu-affinity=",
        "--cpu-affinity=,", "--background=", "--network-interface=", "--network-zone=", "--image-policy=",
        "--selinux-context=", "--console-escape=", "--set-credential=a:", "--root-hash-sig=base64:",
    };

    for (size_t i = 0; i < COUNT_OF(taken); i++) {
        CLEANUP(given_done) struct given g = {0};

        EXPECT_OK(given_apply(&g, WORDS(taken[i]), ERR));
    }
}

TEST(paths_of_the_host_become_absolute)
{
    CLEANUP(given_done) struct given g = {0};

    EXPECT_INT(chdir("/usr"), 0);
    EXPECT_OK(given_apply(&g, WORDS("-D", "lib/./x/", "--template=/a//b", "--network-namespace-path=n",
                                    "--forward-journal=j"), ERR));
    EXPECT_STR(g.spec.directory, "/usr/lib/x");
    EXPECT_STR(g.spec.template_path, "/a/b");
    EXPECT_STR(g.spec.netns_path, "/usr/n");
    EXPECT_STR(g.spec.forward_journal, "/usr/j");
}

TEST(a_variable_without_value_is_the_callers)
{
    CLEANUP(given_done) struct given g = {0};

    EXPECT_INT(setenv("REDD_TEST_SET", "from host", 1), 0);
    EXPECT_INT(unsetenv("REDD_TEST_UNSET"), 0);
    EXPECT_OK(given_apply(&g, WORDS("-E", "REDD_TEST_SET", "-E", "REDD_TEST_UNSET", "-E", "X=a=b"), ERR));
    EXPECT_STR(environment_get(&g.spec.environment, "REDD_TEST_SET"), "from host");
    EXPECT_STR(environment_get(&g.spec.environment, "REDD_TEST_UNSET"), "");
    EXPECT_STR(environment_get(&g.spec.environment, "X"), "a=b");
}

TEST(private_users_have_words_and_ranges)
{
    static const struct {
        const char *word;
        enum userns_mode mode;
        uint32_t base, size;
    } cases[] = {
        {"--private-users", USERNS_OWNER, 0, 65536},       {"--private-users=yes", USERNS_OWNER, 0, 65536},
        {"--private-users=no", USERNS_NO, 0, 65536},       {"--private-users=OFF", USERNS_NO, 0, 65536},
        {"--private-users=pick", USERNS_PICK, 0, 65536},   {"--private-users=managed", USERNS_MANAGED, 0, 65536},
        {"--private-users=0", USERNS_FIXED, 0, 65536},     {"--private-users=1", USERNS_FIXED, 1, 65536},
        {"--private-users=524288:10", USERNS_FIXED, 524288, 10},
        {"--private-users=identity", USERNS_FIXED, 0, 65536},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(given_done) struct given g = {0};

        EXPECT_OK(given_apply(&g, WORDS(cases[i].word), ERR));
        EXPECT_TRUE(g.spec.userns_given && !g.spec.userns_optional && !g.spec.ownership_given);
        EXPECT_INT(g.spec.userns, cases[i].mode);
        EXPECT_INT(g.spec.userns_base, cases[i].base);
        EXPECT_INT(g.spec.userns_size, cases[i].size);
    }
}

TEST(a_later_range_takes_the_place_of_an_earlier_choice)
{
    CLEANUP(given_done) struct given g = {0};

    EXPECT_OK(given_apply(&g, WORDS("-U", "--private-users=no"), ERR));
    EXPECT_INT(g.spec.userns, USERNS_NO);
    EXPECT_TRUE(!g.spec.userns_optional);
}

TEST(ports_are_forwarded_once)
{
    CLEANUP(given_done) struct given g = {0}, twice = {0};

    EXPECT_OK(given_apply(&g, WORDS("-p80", "-pudp:80", "-p81:80"), ERR));
    EXPECT_INT(g.spec.n_ports, 3);
    EXPECT_FAIL(given_read(&twice, WORDS("-p80", "-p80:81"), ERR), EEXIST, "Duplicate port specification: 80:81");
    EXPECT_HINT("port 80 of the host already goes to port 80");
}

TEST(a_credential_comes_once)
{
    CLEANUP(given_done) struct given g = {0};

    EXPECT_FAIL(given_read(&g, WORDS("--set-credential=a:1", "--load-credential=a:/x"), ERR), EEXIST,
                "Duplicated credential 'a', refusing.");
}

TEST(boot_and_as_pid2_exclude_each_other)
{
    CLEANUP(given_done) struct given a = {0}, b = {0};

    EXPECT_FAIL(given_read(&a, WORDS("-b", "-a"), ERR), EINVAL, "--boot and --as-pid2 may not be combined.");
    EXPECT_HINT("PID 1");
    EXPECT_FAIL(given_read(&b, WORDS("-ab"), ERR), EINVAL, "--boot and --as-pid2 may not be combined.");
}

TEST(a_users_shell_is_a_boolean_or_a_path)
{
    CLEANUP(given_done) struct given yes = {0}, path = {0}, no = {0};

    EXPECT_OK(given_apply(&yes, WORDS("--bind-user-shell=/bin/x", "--bind-user-shell=yes"), ERR));
    EXPECT_INT(yes.spec.bind_user_shell, TRI_YES);
    EXPECT_TRUE(!yes.spec.bind_user_shell_path);
    EXPECT_OK(given_apply(&path, WORDS("--bind-user-shell=/bin/x", "--bind-user=a", "--bind-user=a"), ERR));
    EXPECT_INT(path.spec.bind_user_shell, TRI_AUTO);
    EXPECT_STR(path.spec.bind_user_shell_path, "/bin/x");
    EXPECT_INT(path.spec.bind_users.count, 1);
    EXPECT_OK(given_apply(&no, WORDS("--bind-user-shell=0"), ERR));
    EXPECT_INT(no.spec.bind_user_shell, TRI_NO);
}

TEST(system_calls_are_listed_on_two_sides)
{
    CLEANUP(given_done) struct given g = {0};

    EXPECT_OK(given_apply(&g, WORDS("--system-call-filter=add_key keyctl", "--system-call-filter=~@mount,mkdir",
                                    "--system-call-filter=bpf"), ERR));
    EXPECT_INT(g.spec.syscalls_allowed.count, 3);
    EXPECT_INT(g.spec.syscalls_denied.count, 2);
    EXPECT_STR(g.spec.syscalls_denied.item[0], "@mount");
}

TEST(modes_have_booleans_where_the_original_takes_them)
{
    CLEANUP(given_done) struct given g = {0}, h = {0};

    EXPECT_OK(given_apply(&g, WORDS("--volatile=on", "--timezone=no", "--resolv-conf=off", "--link-journal=yes",
                                    "--settings=1"), ERR));
    EXPECT_INT(g.spec.volatile_mode, VOLATILE_YES);
    EXPECT_INT(g.spec.timezone, TIMEZONE_OFF);
    EXPECT_INT(g.spec.resolv_method, RESOLV_OFF);
    EXPECT_INT(g.spec.journal, JOURNAL_AUTO);
    EXPECT_INT(g.spec.settings_mode, SETTINGS_YES);
    EXPECT_OK(given_apply(&h, WORDS("--resolv-conf=replace-stub", "--resolv-conf=bind-uplink"), ERR));
    EXPECT_INT(h.spec.resolv_method, RESOLV_BIND);
    EXPECT_INT(h.spec.resolv_source, RESOLV_UPLINK);
    EXPECT_STR(resolv_mode_name(h.spec.resolv_method, h.spec.resolv_source), "bind-uplink");
    EXPECT_STR(resolv_mode_name(RESOLV_AUTO, RESOLV_STUB), "auto");
}

TEST(each_modes_name_parses_back)
{
    for (enum ownership_mode m = OWNERSHIP_OFF; m <= OWNERSHIP_AUTO; m++) {
        CLEANUP(given_done) struct given g = {0};
        auto_free char *word = mem_format("--private-users-ownership=%s", ownership_mode_name(m));

        EXPECT_OK(given_apply(&g, WORDS(word), ERR));
        EXPECT_INT(g.spec.ownership, m);
    }
    for (enum journal_mode m = JOURNAL_NO; m <= JOURNAL_AUTO; m++) {
        CLEANUP(given_done) struct given g = {0};
        auto_free char *word = mem_format("--link-journal=%s", journal_mode_name(m));

        EXPECT_OK(given_apply(&g, WORDS(word), ERR));
        EXPECT_INT(g.spec.journal, m);
    }
    for (enum console_mode m = CONSOLE_INTERACTIVE; m <= CONSOLE_AUTOPIPE; m++) {
        CLEANUP(given_done) struct given g = {0};
        auto_free char *word = mem_format("--console=%s", console_mode_name(m));

        EXPECT_OK(given_apply(&g, WORDS(word), ERR));
        EXPECT_INT(g.spec.console, m);
    }
    for (enum timezone_mode m = TIMEZONE_OFF; m <= TIMEZONE_AUTO; m++) {
        CLEANUP(given_done) struct given g = {0};
        auto_free char *word = mem_format("--timezone=%s", timezone_mode_name(m));

        EXPECT_OK(given_apply(&g, WORDS(word), ERR));
        EXPECT_INT(g.spec.timezone, m);
    }
    for (enum volatile_mode m = VOLATILE_NO; m <= VOLATILE_OVERLAY; m++) {
        CLEANUP(given_done) struct given g = {0};
        auto_free char *word = mem_format("--volatile=%s", volatile_mode_name(m));

        EXPECT_OK(given_apply(&g, WORDS(word), ERR));
        EXPECT_INT(g.spec.volatile_mode, m);
    }
}

TEST(single_values_land_in_their_fields)
{
    CLEANUP(given_done) struct given g = {0};

    EXPECT_OK(given_apply(&g,
                          WORDS("--rlimit=RLIMIT_NOFILE=3:4", "--oom-score-adjust=-1000", "--slice=foo",
                                "--property=A=b", "--keep-unit", "--register=no", "--pivot-root=/x:/y",
                                "--kill-signal=SIGUSR1", "--uuid=01234567-89ab-cdef-0123-456789abcdef",
                                "--network-macvlan=a:b c", "--background=48;2;1;2;3", "--tmp-size=10%"), ERR));
    EXPECT_TRUE(g.spec.limits[RLIMIT_NOFILE].set && g.spec.limits[RLIMIT_NOFILE].value.rlim_max == 4);
    EXPECT_TRUE(!g.spec.limits[RLIMIT_CORE].set);
    EXPECT_TRUE(g.spec.oom_score_given && g.spec.oom_score_adjust == -1000);
    EXPECT_STR(g.spec.slice, "foo.slice");
    EXPECT_STR(g.spec.properties.item[0], "A=b");
    EXPECT_TRUE(g.spec.keep_unit && g.spec.register_machine == TRI_NO);
    EXPECT_STR(g.spec.pivot_root_new, "/x");
    EXPECT_STR(g.spec.pivot_root_old, "/y");
    EXPECT_INT(g.spec.uuid.byte[15], 0xef);
    EXPECT_INT(g.spec.macvlans.count, 2);
    EXPECT_STR(g.spec.macvlans.item[1].container, "mv-c");
    EXPECT_STR(g.spec.background, "48;2;1;2;3");
    EXPECT_STR(g.spec.tmp_size, "10%");
}

TEST(a_score_is_a_number_as_c_writes_it)
{
    static const struct {
        const char *word;
        int score;
    } cases[] = {{"--oom-score-adjust=0x10", 16}, {"--oom-score-adjust=017", 15}, {"--oom-score-adjust=0b101", 5},
                 {"--oom-score-adjust=-0o17", -15}, {"--oom-score-adjust=+5", 5}};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(given_done) struct given g = {0};

        EXPECT_OK(given_apply(&g, WORDS(cases[i].word), ERR));
        EXPECT_INT(g.spec.oom_score_adjust, cases[i].score);
    }
}

TEST(addresses_of_the_container_add_up_and_one_gateway_of_each_family_counts)
{
    CLEANUP(given_done) struct given g = {0}, alone = {0};

    EXPECT_OK(given_apply(&g, WORDS("-n", "--network-address=10.4.0.2/24, fd00::2/64", "--network-address=10.5.0.2/32",
                                    "--network-gateway=10.4.0.1,fd00::1", "--network-gateway=10.4.0.9",
                                    "--network-dns=10.4.0.1", "--network-isolate=yes",
                                    "--network-allow=web,192.0.2.0/24", "--network-allow=db"), ERR));
    EXPECT_INT(g.spec.addresses.count, 3);
    EXPECT_INT(g.spec.addresses.item[1].length, 64);
    EXPECT_INT(g.spec.gateways.count, 2);
    EXPECT_INT(g.spec.gateways.item[0].byte[3], 9);
    EXPECT_INT(g.spec.dns.count, 1);
    EXPECT_TRUE(g.spec.isolate);
    EXPECT_INT(g.spec.network_allow.count, 3);
    EXPECT_STR(g.spec.network_allow.item[1], "192.0.2.0/24");
    EXPECT_OK(given_apply(&alone, WORDS("--network-address=10.4.0.2/24", "-Mx"), ERR));
    EXPECT_FAIL(spec_resolve(&alone.spec, true, ERR), EINVAL, "--network-address=");
    EXPECT_HINT("--network-veth");
}

TEST(who_may_connect_is_asked_for_only_where_the_rules_are_passed)
{
    static const char *const cables[] = {"-n", "--network-zone=lan"};
    static const char *const others[] = {"--network-bridge=br0", "--network-macvlan=eth0", "--network-ipvlan=eth0",
                                         "--network-interface=eth1", "--network-veth-extra=one:two"};

    for (size_t i = 0; i < COUNT_OF(cables); i++) {
        CLEANUP(given_done) struct given g = {0};

        EXPECT_OK(given_apply(&g, WORDS("-D/srv/web", "-Mx", cables[i], "--network-isolate=yes",
                                        "--network-allow=db"), ERR));
        EXPECT_OK(spec_resolve(&g.spec, true, ERR));
    }
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        CLEANUP(given_done) struct given isolated = {0}, allows = {0};

        EXPECT_OK(given_apply(&isolated, WORDS("-D/srv/web", "-Mx", others[i], "--network-isolate=yes"), ERR));
        EXPECT_FAIL(spec_resolve(&isolated.spec, true, ERR), EINVAL, "--network-isolate=");
        EXPECT_OK(given_apply(&allows, WORDS("-D/srv/web", "-Mx", others[i], "--network-allow=db"), ERR));
        EXPECT_FAIL(spec_resolve(&allows.spec, true, ERR), EINVAL, "--network-allow=");
        EXPECT_HINT("--network-zone=");
    }
}

TESTS(RUN(a_score_is_a_number_as_c_writes_it),
      RUN(addresses_of_the_container_add_up_and_one_gateway_of_each_family_counts),
      RUN(who_may_connect_is_asked_for_only_where_the_rules_are_passed),
      RUN(bad_values_are_refused_with_sentence_reason_and_code), RUN(values_that_reset_or_say_nothing_are_taken),
      RUN(paths_of_the_host_become_absolute), RUN(a_variable_without_value_is_the_callers),
      RUN(private_users_have_words_and_ranges), RUN(a_later_range_takes_the_place_of_an_earlier_choice),
      RUN(ports_are_forwarded_once), RUN(a_credential_comes_once), RUN(boot_and_as_pid2_exclude_each_other),
      RUN(a_users_shell_is_a_boolean_or_a_path), RUN(system_calls_are_listed_on_two_sides),
      RUN(modes_have_booleans_where_the_original_takes_them), RUN(each_modes_name_parses_back),
      RUN(single_values_land_in_their_fields))
