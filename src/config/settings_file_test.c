/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* .nspawn files: their syntax, what is said about lines that do not count, and where they are looked for. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "config/capture.h"
#include "config/given.h"
#include "config/settings_lines.h"
#include "base/test.h"

/* Reads TEXT as a file called "f"; *ret_said is given: the remarks. */
static int read_text(struct settings *settings, const char *text, bool trusted, char **ret_said, struct error **err)
{
    struct capture capture = capture_begin();
    int r = settings_parse_file(settings, "f", text, strlen(text), trusted, err);

    *ret_said = capture_end(capture);
    return r;
}

static const char *value_of(const struct settings *settings, const char *section, const char *key)
{
    const char *value = NULL;

    for (size_t i = 0; i < settings->count; i++)
        if (settings->item[i].row == option_by_key(section, key) && settings->item[i].state == ASSIGNMENT_COUNTS)
            value = settings->item[i].value;
    return value;
}

/* One file, the remarks it draws. */
static const struct {
    const char *text, *said;
} remarks[] = {
    {"", ""},
    {"# a\n; b\n\n  # c\n[Exec]\n", ""},
    {"[X-Ours]\nA=b\n[Exec]\nX-Ours=c\n", ""},
    {"Foo=bar\n[Exec]\n", "f:1: Assignment outside of section. Ignoring.\n"},
    {"[Exec]\nHostname\n", "f:2: Missing '=', ignoring line.\n"},
    {"[Exec]\n=x\n", "f:2: Missing key name before '=', ignoring line.\n"},
    {"[Exec]\nNoSuchKey=1\n", "f:2: Unknown key 'NoSuchKey' in section [Exec], ignoring.\n"},
    {"[Exec]\nhostname=x\n", "f:2: Unknown key 'hostname' in section [Exec], ignoring. Did you mean 'Hostname'?\n"},
    {"[Exec]\nBind=/x\n", "f:2: Unknown key 'Bind' in section [Exec], ignoring. It belongs in section [Files].\n"},
    {"[Nonsense]\nX=1\n", "f:1: Unknown section 'Nonsense'. Ignoring.\n"},
    {"[exec]\nHostname=x\n", "f:1: Unknown section 'exec'. Ignoring. Did you mean [Exec]?\n"},
    {"[Exec ]\n", "f:1: Unknown section 'Exec '. Ignoring. Did you mean [Exec]?\n"},
    {"[Exec]\nOOMScoreAdjust=banana\n",
     "f:2: Failed to parse OOMScoreAdjust=banana, ignoring: the score is a number from -1000 to 1000\n"},
    {"[Exec]\nHostname=-bad-\n",
     "f:2: Failed to parse Hostname=-bad-, ignoring: a hyphen may not stand at either end of a "
     "label; the nearest valid name is 'bad'\n"},
    {"[Exec]\nBoot=maybe\n", "f:2: Failed to parse Boot=maybe, ignoring: 'maybe' is neither yes nor no\n"},
    {"[Exec]\nParameters=\"open\n",
     "f:2: Failed to parse Parameters=\"open, ignoring: a quote is not closed, or an escape is unknown\n"},
    {"[Exec]\nBoot=yes\nProcessTwo=yes\n",
     "f:3: Failed to parse ProcessTwo=yes, ignoring: Boot= and ProcessTwo= may not both be set\n"},
    {"[Exec]\nCapability=CAP_FOO CAP_CHOWN\n",
     "f:2: Failed to parse Capability=CAP_FOO, ignoring: names are those of capabilities(7), numbers go to 62\n"},
    {"[Exec]\nEnvironment=A\n", "f:2: Failed to parse Environment=A, ignoring: 'A' is not NAME=VALUE\n"},
    {"[Files]\nBind=x\n", "f:2: Failed to parse Bind=x, ignoring: 'x' is not an absolute path\n"},
    {"[Files]\nBind=/x:/y:z\n",
     "f:2: Failed to parse Bind=/x:/y:z, ignoring: the options are rbind, norbind, idmap, noidmap, rootidmap and "
     "owneridmap; a ':' in a path is written '\\:'\n"},
    {"[Network]\nPort=80\nPort=80\n",
     "f:3: Failed to parse Port=80, ignoring: port 80 of the host already goes to port 80\n"},
    {"[Network]\nInterface=a/b c\n",
     "f:2: Failed to parse Interface=a/b, ignoring: 'a/b' cannot be the name of an interface\n"},
    {"[Exec]\nHostname=\x1b[2J\n", "f:2: String is not UTF-8 clean or has control characters, ignoring line.\n"},
    {"[Exec]\nHostname=\xff\n", "f:2: String is not UTF-8 clean or has control characters, ignoring line.\n"},
    {"[Exec]\nParameters=echo a\n",
     "f:2: Parameters= counts only together with Boot= or ProcessTwo=, ignoring. Add Boot=yes for arguments of init, "
     "Boot=no for a command.\n"},
    {"[Exec]\nParameters=echo a\nBoot=no\n", ""},
};

TEST(lines_that_do_not_count_are_remarked_on_by_file_and_line)
{
    for (size_t i = 0; i < COUNT_OF(remarks); i++) {
        CLEANUP(settings_done) struct settings settings = {0};
        auto_free char *said = NULL;

        EXPECT_OK(read_text(&settings, remarks[i].text, true, &said, ERR));
        EXPECT_STR(said, remarks[i].said);
    }
}

TEST(good_lines_beside_bad_ones_count)
{
    CLEANUP(settings_done) struct settings settings = {0};
    auto_free char *said = NULL;

    EXPECT_OK(read_text(&settings, "[Exec]\nNoSuchKey=1\nHostname=still\n[Nonsense]\nX=1\n", true, &said, ERR));
    EXPECT_STR(value_of(&settings, "Exec", "Hostname"), "still");
    EXPECT_STR(settings.file, "f");
    EXPECT_TRUE(settings.file_trusted);
}

TEST(a_broken_section_header_refuses_the_file)
{
    CLEANUP(settings_done) struct settings settings = {0};
    auto_free char *said = NULL, *more = NULL, *again = NULL;

    EXPECT_FAIL(read_text(&settings, "[Exec\nHostname=x\n", true, &said, ERR), EBADMSG,
                "f:1: Invalid section header '[Exec'");
    EXPECT_HINT("a section begins with a line of its own such as [Exec]");
    EXPECT_STR(error_id(*err_), "R1301");
    EXPECT_FAIL(read_text(&settings, "\n[Exec] x\n", true, &more, ERR), EBADMSG,
                "f:2: Invalid section header '[Exec] x'");
    EXPECT_FAIL(read_text(&settings, "[]\n", true, &again, ERR), EBADMSG, "f:1: Section header invalid '[]'");
    EXPECT_TRUE(!settings.file);
}

TEST(blanks_comments_and_continuations_are_as_in_unit_files)
{
    static const struct {
        const char *text, *section, *key, *value;
    } cases[] = {
        {"[Exec]\n  Hostname = spaced \n", "Exec", "Hostname", "spaced"},
        {"[Exec]\r\nHostname=crlf\r\n", "Exec", "Hostname", "crlf"},
        {"\xef\xbb\xbf[Exec]\nHostname=bom\n", "Exec", "Hostname", "bom"},
        {"[Exec]\nHostname=end", "Exec", "Hostname", "end"},
        {"[Exec]\nHostname=a\\\n", "Exec", "Hostname", "a"},
        {"[Exec]\nSystemCallFilter=a \\\n# between\n  b\\\n\tc\n", "Exec", "SystemCallFilter", "a    b \tc"},
        {"[Files]\nBind=/a#b\n", "Files", "Bind", "/a#b"},
        {"[Exec]\nHostname=a\n[Files]\n[Exec]\nHostname=b\n", "Exec", "Hostname", "b"},
        {"[Exec]\nSystemCallFilter==x\n", "Exec", "SystemCallFilter", "=x"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(settings_done) struct settings settings = {0};
        auto_free char *said = NULL;

        EXPECT_OK(read_text(&settings, cases[i].text, true, &said, ERR));
        EXPECT_STR(said, "");
        EXPECT_TRUE(value_of(&settings, cases[i].section, cases[i].key));
        EXPECT_STR(value_of(&settings, cases[i].section, cases[i].key), cases[i].value);
    }
}

TEST(a_joined_line_has_the_number_it_begins_with)
{
    CLEANUP(settings_done) struct settings settings = {0};
    auto_free char *said = NULL;

    EXPECT_OK(read_text(&settings, "[Exec]\n\nNo\\\nSuch=1\nHostname=a\n", true, &said, ERR));
    EXPECT_STR(said, "f:3: Unknown key 'No Such' in section [Exec], ignoring.\n");
    EXPECT_INT(settings.item[0].line, 5);
}

TEST(words_are_quoted_and_escaped)
{
    CLEANUP(given_done)
    struct given g = {.trusted = true,
                      .file = "[Exec]\nBoot=no\nParameters=/bin/echo \"a b\" 'c\td' \\x41\n"
                              "Environment=A=1 \"B=two words\"\nEnvironment=A=2\n"};

    EXPECT_OK(given_apply(&g, WORDS("-q"), ERR));
    EXPECT_INT(g.spec.command.count, 4);
    EXPECT_STR(g.spec.command.item[1], "a b");
    EXPECT_STR(g.spec.command.item[2], "c\td");
    EXPECT_STR(g.spec.command.item[3], "A");
    EXPECT_STR(environment_get(&g.spec.environment, "A"), "2");
    EXPECT_STR(environment_get(&g.spec.environment, "B"), "two words");
}

TEST(parameters_of_several_lines_add_up)
{
    CLEANUP(given_done)
    struct given g = {.trusted = true, .file = "[Exec]\nBoot=no\nParameters=echo hi\nParameters=ho\n"};

    EXPECT_OK(given_apply(&g, WORDS("-q"), ERR));
    EXPECT_INT(g.spec.command.count, 3);
}

TEST(a_denied_list_is_denied_word_by_word)
{
    CLEANUP(given_done)
    struct given g = {.trusted = true,
                      .file = "[Exec]\nRestrictAddressFamilies=~AF_INET AF_PACKET\nCPUAffinity=0\n"
                              "CPUAffinity=2\n"};

    EXPECT_OK(given_apply(&g, WORDS("-q"), ERR));
    EXPECT_TRUE(g.spec.families_deny);
    EXPECT_INT(g.spec.n_families, 2);
    EXPECT_INT(CPU_COUNT(&g.spec.affinity), 2);
}

TEST(an_empty_value_takes_back_what_the_file_said)
{
    CLEANUP(given_done)
    struct given g = {
        .trusted = true,
        .file =
            "[Exec]\nUser=games\nUser=\nEnvironment=A=1\nEnvironment=\nEnvironment=B=2\nHostname=q\nHostname=\n"
            "Boot=yes\nBoot=\n[Files]\nBind=/x\nBind=\n[Network]\nZone=z\nZone=\nPort=80\nPort=\n"};

    EXPECT_OK(given_apply(&g, WORDS("--settings=override", "--uid=mail", "--hostname=line"), ERR));
    EXPECT_STR(g.spec.user, "mail");
    EXPECT_STR(g.spec.hostname, "line");
    EXPECT_INT(g.spec.environment.count, 1);
    EXPECT_STR(g.spec.environment.item[0], "B=2");
    EXPECT_INT(g.spec.start, START_COMMAND);
    EXPECT_TRUE(g.spec.n_mounts == 0 && !g.spec.zone && g.spec.n_ports == 0);
}

TEST(an_empty_list_of_families_is_a_value)
{
    CLEANUP(given_done) struct given g = {.trusted = true, .file = "[Exec]\nRestrictAddressFamilies=\n"};

    EXPECT_OK(given_apply(&g, WORDS("--settings=override", "--restrict-address-families=none"), ERR));
    EXPECT_TRUE(!g.spec.families_given);
}

TEST(zero_and_one_are_booleans_in_a_file)
{
    CLEANUP(given_done)
    struct given no = {.trusted = true, .file = "[Exec]\nPrivateUsers=0\n"},
                 yes = {.trusted = true, .file = "[Exec]\nPrivateUsers=1\n"};

    EXPECT_OK(given_apply(&no, WORDS("-q"), ERR));
    EXPECT_INT(no.spec.userns, USERNS_NO);
    EXPECT_OK(given_apply(&yes, WORDS("-q"), ERR));
    EXPECT_INT(yes.spec.userns, USERNS_OWNER);
}

TEST(ranges_to_delegate_belong_to_private_users)
{
    CLEANUP(given_done)
    struct given alone = {.trusted = true, .file = "[Exec]\nPrivateUsersDelegate=1\n"},
                 none = {.trusted = true, .file = "[Exec]\nPrivateUsersDelegate=1\nPrivateUsers=no\n"};

    EXPECT_OK(given_apply(&alone, WORDS("-q"), ERR));
    EXPECT_INT(alone.spec.userns_delegate, 0);
    EXPECT_OK(given_apply(&none, WORDS("-q"), ERR));
    EXPECT_INT(none.spec.userns_delegate, 1);
}

/* One line of an untrusted file, and the remark it draws; "": it counts. */
static const struct {
    const char *text, *said;
} untrusted[] = {
    {"[Exec]\nCapability=CAP_SYSLOG", "Ignoring Capability= setting, file f is not trusted.\n"},
    {"[Exec]\nAmbientCapability=CAP_CHOWN", "Ignoring AmbientCapability= setting, file f is not trusted.\n"},
    {"[Exec]\nMachineID=0123456789abcdef0123456789abcdef", "Ignoring MachineID= setting, file f is not trusted.\n"},
    {"[Exec]\nPrivateUsers=yes", "Ignoring PrivateUsers= and PrivateUsersChown= settings, file f is not trusted.\n"},
    {"[Exec]\nPrivateUsersDelegate=1",
     "Ignoring PrivateUsers= and PrivateUsersChown= settings, file f is not trusted.\n"},
    {"[Files]\nPrivateUsersOwnership=map",
     "Ignoring PrivateUsers= and PrivateUsersChown= settings, file f is not trusted.\n"},
    {"[Files]\nPrivateUsersChown=yes",
     "Ignoring PrivateUsers= and PrivateUsersChown= settings, file f is not trusted.\n"},
    {"[Files]\nBind=/x\nBindReadOnly=/x\nTemporaryFileSystem=/x\nInaccessible=/x\nOverlay=/x:/y\nOverlayReadOnly=/x:/y",
     "Ignoring TemporaryFileSystem=, Bind= and BindReadOnly= settings, file f is not trusted.\n"},
    {"[Files]\nBindUser=a b", "Ignoring bind user setting, file f is not trusted.\n"},
    {"[Files]\nBindUserShell=no", "Ignoring bind user shell setting, file f is not trusted.\n"},
    {"[Network]\nPrivate=yes\nNamespacePath=/x\nVirtualEthernet=no\nVirtualEthernetExtra=a\nInterface=a\nMACVLAN=a\n"
     "IPVLAN=a\nBridge=a\nZone=a",
     "Ignoring network settings, file f is not trusted.\n"},
    {"[Network]\nPort=80", "Ignoring Port= setting, file f is not trusted.\n"},
    {"[Exec]\nLimitNOFILE=100\nLimitCPU=5", "Ignoring LimitNOFILE= setting, file 'f' is not trusted.\n"
                                            "Ignoring LimitCPU= setting, file 'f' is not trusted.\n"},
    {"[Exec]\nOOMScoreAdjust=50", "Ignoring OOMScoreAdjust= setting, file 'f' is not trusted.\n"},
    {"[Exec]\nCPUAffinity=0", "Ignoring CPUAffinity= setting, file 'f' is not trusted.\n"},
    {"[Exec]\nLinkJournal=no", "Ignoring journal link setting, file 'f' is not trusted.\n"},
    {"[Exec]\nEphemeral=yes", "Ignoring ephemeral setting, file f is not trusted.\n"},
    {"[Exec]\nSystemCallFilter=bpf", "Ignoring SystemCallFilter= settings, file f is not trusted.\n"},
    {"[Files]\nTMPSize=90%", "Ignoring TMPSize= setting, file 'f' is not trusted.\n"},
    {"[Exec]\nConsoleEscape=none", "Ignoring ConsoleEscape= setting, file 'f' is not trusted.\n"},
    {"[Exec]\nSystemCallFilter=~bpf", ""},
    {"[Exec]\nDropCapability=all\nRestrictAddressFamilies=AF_UNIX\nNoNewPrivileges=yes\nUser=a\n"
     "Environment=A=1\nHostname=h",
     ""},
    {"[Exec]\nBoot=no\nParameters=a\nProcessTwo=yes\nWorkingDirectory=/a\nPivotRoot=/a\nKillSignal=TERM\n"
     "NotifyReady=yes",
     ""},
    {"[Exec]\nResolvConf=off\nTimezone=off\nSuppressSync=yes\n[Files]\nReadOnly=yes\nVolatile=yes", ""},
};

TEST(what_an_untrusted_file_may_not_say_is_remarked_on_once)
{
    for (size_t i = 0; i < COUNT_OF(untrusted); i++) {
        CLEANUP(settings_done) struct settings settings = {0};
        auto_free char *said = NULL;

        EXPECT_OK(read_text(&settings, untrusted[i].text, false, &said, ERR));
        EXPECT_STR(said, untrusted[i].said);
        EXPECT_TRUE(settings.count > 0);
        for (size_t j = 0; j < settings.count; j++)
            EXPECT_INT(settings.item[j].state, *untrusted[i].said ? ASSIGNMENT_UNTRUSTED : ASSIGNMENT_COUNTS);
    }
}

static void write_file(const char *folder, const char *name, const char *text)
{
    auto_free char *path = path_join(folder, name);

    EXPECT_INT(dir_make_all(folder, 0755), 0);
    auto_close int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    EXPECT_TRUE(fd >= 0);
    EXPECT_INT(fd_write_full(fd, text, strlen(text)), 0);
}

/* Three folders below a temporary one, as /etc, /run and the one beside the tree. */
struct places {
    char top[32];
    char *etc, *run, *beside;
    struct strings trusted;
};

static struct places places_make(void)
{
    struct places p = {.top = "/tmp/redd-nspawn-XXXXXX"};

    if (!mkdtemp(p.top))
        abort();
    p.etc = path_join(p.top, "etc");
    p.run = path_join(p.top, "run");
    p.beside = path_join(p.top, "machines");
    strings_add(&p.trusted, p.etc);
    strings_add(&p.trusted, p.run);
    return p;
}

static void places_done(struct places *p)
{
    (void) tree_remove_at(AT_FDCWD, p->top);
    free(p->etc);
    free(p->run);
    free(p->beside);
    strings_clear(&p->trusted);
}

TEST(the_first_file_found_counts_and_the_one_beside_is_not_trusted)
{
    CLEANUP(places_done) struct places p = places_make();
    CLEANUP(settings_done) struct settings none = {0}, beside = {0}, all = {0}, run = {0}, etc = {0};

    EXPECT_OK(settings_read_file_in(&none, &p.trusted, "web", p.beside, false, ERR));
    EXPECT_TRUE(!none.file && none.count == 0);

    write_file(p.beside, "web.nspawn", "[Exec]\nHostname=beside\n");
    EXPECT_OK(settings_read_file_in(&beside, &p.trusted, "web", p.beside, false, ERR));
    EXPECT_STR(value_of(&beside, "Exec", "Hostname"), "beside");
    EXPECT_TRUE(!beside.file_trusted);
    EXPECT_OK(settings_read_file_in(&all, &p.trusted, "web", p.beside, true, ERR));
    EXPECT_TRUE(all.file_trusted);

    write_file(p.run, "web.nspawn", "[Exec]\nHostname=run\n");
    EXPECT_OK(settings_read_file_in(&run, &p.trusted, "web", p.beside, false, ERR));
    EXPECT_STR(value_of(&run, "Exec", "Hostname"), "run");
    EXPECT_TRUE(run.file_trusted);

    write_file(p.etc, "web.nspawn", "[Exec]\nHostname=etc\n");
    EXPECT_OK(settings_read_file_in(&etc, &p.trusted, "web", NULL, false, ERR));
    EXPECT_STR(value_of(&etc, "Exec", "Hostname"), "etc");
    EXPECT_INT(etc.count, 1);
}

TEST(a_file_that_is_there_but_cannot_be_read_is_an_error)
{
    CLEANUP(places_done) struct places p = places_make();
    CLEANUP(settings_done) struct settings settings = {0};
    auto_free char *folder = path_join(p.etc, "a.nspawn"), *pipe = path_join(p.etc, "b.nspawn"),
                   *large = path_join(p.etc, "c.nspawn"), *loop = path_join(p.etc, "d.nspawn");

    EXPECT_INT(dir_make_all(folder, 0755), 0);
    EXPECT_FAIL(settings_read_file_in(&settings, &p.trusted, "a", NULL, false, ERR), EISDIR, "cannot read");
    EXPECT_HINT("--settings=no starts without the file");
    EXPECT_STR(error_id(*err_), "R1302");
    EXPECT_INT(mkfifo(pipe, 0600), 0);
    EXPECT_FAIL(settings_read_file_in(&settings, &p.trusted, "b", NULL, false, ERR), EINVAL, "cannot read");
    write_file(p.etc, "c.nspawn", "");
    EXPECT_INT(truncate(large, (1 << 20) + 1), 0);
    EXPECT_FAIL(settings_read_file_in(&settings, &p.trusted, "c", NULL, false, ERR), EFBIG, "cannot read");
    EXPECT_INT(symlink("d.nspawn", loop), 0);
    EXPECT_FAIL(settings_read_file_in(&settings, &p.trusted, "d", NULL, false, ERR), ELOOP, "cannot read");
}

TEST(a_users_folders_come_from_the_environment)
{
    CLEANUP(strings_done) struct strings system = {0}, user = {0}, bare = {0};

    settings_list_folders(false, &system);
    EXPECT_INT(system.count, 2);
    EXPECT_STR(system.item[0], "/etc/systemd/nspawn");
    EXPECT_STR(system.item[1], "/run/systemd/nspawn");

    EXPECT_INT(unsetenv("XDG_CONFIG_HOME"), 0);
    EXPECT_INT(setenv("HOME", "/home/u", 1), 0);
    EXPECT_INT(setenv("XDG_RUNTIME_DIR", "/run/user/7", 1), 0);
    settings_list_folders(true, &user);
    EXPECT_INT(user.count, 2);
    EXPECT_STR(user.item[0], "/home/u/.config/systemd/nspawn");
    EXPECT_STR(user.item[1], "/run/user/7/systemd/nspawn");

    EXPECT_INT(setenv("XDG_CONFIG_HOME", "/c", 1), 0);
    EXPECT_INT(unsetenv("XDG_RUNTIME_DIR"), 0);
    struct capture capture = capture_begin();
    settings_list_folders(true, &bare);
    auto_free char *said = capture_end(capture);
    EXPECT_INT(bare.count, 1);
    EXPECT_STR(bare.item[0], "/c/systemd/nspawn");
    EXPECT_STR(said, "Failed to determine settings directory, ignoring: $XDG_RUNTIME_DIR is not set\n");
}

TEST(text_is_utf8_without_control_characters)
{
    static const char *const good[] = {"", "a\tb", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x90\x9f", "\xc2\xa0"};
    static const char *const bad[] = {
        "\x1b[2J",  "\x7f",         "\xc2\x80",         "\xc2\x9f",     "\xff", "\xc3",
        "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe0\x80\xaf", "\x80", "\xf0\x80\x80\xaf",
        "\xe2\x82"};

    for (size_t i = 0; i < COUNT_OF(good); i++)
        EXPECT_TRUE(lines_is_text(good[i]));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        EXPECT_TRUE(!lines_is_text(bad[i]));
}

TEST(a_nul_ends_a_line)
{
    static const char text[] = "[Exec]\nHostname=nul\0x\n";
    CLEANUP(settings_done) struct settings settings = {0};
    struct capture capture = capture_begin();
    int r = settings_parse_file(&settings, "f", text, sizeof text - 1, true, ERR);
    auto_free char *said = capture_end(capture);

    EXPECT_OK(r);
    EXPECT_STR(value_of(&settings, "Exec", "Hostname"), "nul");
    EXPECT_STR(said, "f:3: Missing '=', ignoring line.\n");
}

TESTS(RUN(lines_that_do_not_count_are_remarked_on_by_file_and_line), RUN(good_lines_beside_bad_ones_count),
      RUN(a_broken_section_header_refuses_the_file), RUN(blanks_comments_and_continuations_are_as_in_unit_files),
      RUN(a_joined_line_has_the_number_it_begins_with), RUN(words_are_quoted_and_escaped),
      RUN(parameters_of_several_lines_add_up), RUN(a_denied_list_is_denied_word_by_word),
      RUN(an_empty_value_takes_back_what_the_file_said), RUN(an_empty_list_of_families_is_a_value),
      RUN(zero_and_one_are_booleans_in_a_file), RUN(ranges_to_delegate_belong_to_private_users),
      RUN(what_an_untrusted_file_may_not_say_is_remarked_on_once),
      RUN(the_first_file_found_counts_and_the_one_beside_is_not_trusted),
      RUN(a_file_that_is_there_but_cannot_be_read_is_an_error), RUN(a_users_folders_come_from_the_environment),
      RUN(text_is_utf8_without_control_characters), RUN(a_nul_ends_a_line))
