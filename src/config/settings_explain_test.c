/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of `redd config`: every setting, its value, its origin, and why another does not count. */
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/strings.h"
#include "config/capture.h"
#include "config/given.h"
#include "base/test.h"

static char *explained(struct given *given, struct error **err_)
{
    auto_close int fd = memfd_create("table", MFD_CLOEXEC);

    EXPECT_OK(settings_explain(&given->settings, &given->spec, fd, ERR));
    off_t size = lseek(fd, 0, SEEK_END);
    char *text = mem_alloc((size_t) size + 1);
    EXPECT_INT(pread(fd, text, (size_t) size, 0), size);
    return text;
}

/* A line with these three cells, however wide the columns are. */
static bool has_line(const char *text, const char *name, const char *value, const char *origin)
{
    CLEANUP(strings_done) struct strings lines = {0};

    strings_split(&lines, text, "\n");
    for (size_t i = 0; i < lines.count; i++) {
        const char *rest = string_after(lines.item[i], name);

        if (!rest || *rest != ' ')
            continue;
        rest = string_after(rest + strspn(rest, " "), value);
        if (rest && *rest == ' ' && strcmp(rest + strspn(rest, " "), origin) == 0)
            return true;
    }
    return false;
}

TEST(each_setting_has_its_origin)
{
    CLEANUP(given_done)
    struct given g = {
        .file =
            "[Exec]\nHostname=file\nUser=games\nBoot=yes\nCapability=all\nKillSignal=NOPE\nTimezone=off\nTimezone=\n"
            "[Files]\nBind=/x\n"};
    struct capture capture = capture_begin();
    int r = given_resolve(&g, WORDS("-D/srv/web", "--hostname=line", "-n", "-E", "A=1\tb", "true"), true, ERR);
    free(capture_end(capture));

    EXPECT_OK(r);
    auto_free char *text = explained(&g, err_);
    EXPECT_TRUE(has_line(text, "machine", "web", "result"));
    EXPECT_TRUE(has_line(text, "private network", "yes", "result"));
    EXPECT_TRUE(has_line(text, "capabilities", "0x00000000fdecbfff", "result"));
    EXPECT_TRUE(has_line(text, "--directory=", "/srv/web", "command line"));
    EXPECT_TRUE(has_line(text, "Exec.Hostname=", "line", "command line"));
    EXPECT_TRUE(has_line(text, "Exec.Hostname=", "file", GIVEN_FILE ":2, overridden"));
    EXPECT_TRUE(has_line(text, "Exec.User=", "games", GIVEN_FILE ":3"));
    EXPECT_TRUE(has_line(text, "Exec.Boot=", "yes", GIVEN_FILE ":4, overridden"));
    EXPECT_TRUE(has_line(text, "Exec.Parameters=", "true", "command line"));
    EXPECT_TRUE(has_line(text, "Exec.Capability=", "all", GIVEN_FILE ":5, ignored: the file is not trusted"));
    EXPECT_TRUE(has_line(text, "Exec.KillSignal=", "NOPE", GIVEN_FILE ":6, ignored: not understood"));
    EXPECT_TRUE(has_line(text, "Exec.KillSignal=", "RTMIN+3 with --boot, else none", "default"));
    EXPECT_TRUE(has_line(text, "Exec.Timezone=", "off", GIVEN_FILE ":7, taken back further down"));
    EXPECT_TRUE(has_line(text, "Exec.Timezone=", "auto", "default"));
    EXPECT_TRUE(has_line(text, "Files.Bind=", "/x", GIVEN_FILE ":10, ignored: the file is not trusted"));
    EXPECT_TRUE(has_line(text, "Network.VirtualEthernet=", "yes", "command line"));
    EXPECT_TRUE(has_line(text, "Exec.Environment=", "A=1?b", "command line"));
    EXPECT_TRUE(has_line(text, "--register=", "auto", "default"));
}

TEST(every_default_is_shown_when_nobody_says_anything)
{
    CLEANUP(given_done) struct given g = {0};

    EXPECT_OK(given_resolve(&g, WORDS("-Mweb"), true, ERR));
    auto_free char *text = explained(&g, err_);
    for (size_t i = 0; i < n_option_rows; i++) {
        char name[OPTION_NAME_SIZE];
        const struct option_row *row = &option_rows[i];

        if (!row->fallback || string_equal(row->flag, "machine"))
            continue;
        if (row->key)
            (void) snprintf(name, sizeof name, "%s=", row->key);
        EXPECT_TRUE(has_line(text, row->key ? name : option_name(row, name), row->fallback, "default"));
    }
}

TEST(switches_of_the_environment_are_shown_where_they_change_something)
{
    CLEANUP(given_done) struct given g = {0}, plain = {0};
    char *list[] = {"SYSTEMD_NSPAWN_LOCK=0", "SYSTEMD_NSPAWN_TMPFS_TMP=1", "SYSTEMD_SUPPRESS_SYNC=1",
                    "SYSTEMD_NSPAWN_API_VFS_WRITABLE=network", NULL};

    EXPECT_OK(given_read(&g, WORDS("-Mweb", "--settings=no"), ERR));
    EXPECT_OK(settings_resolve(&g.settings, NULL, true, list, &g.spec, ERR));
    auto_free char *text = explained(&g, err_);
    EXPECT_TRUE(has_line(text, "$SYSTEMD_NSPAWN_LOCK", "no", "environment"));
    EXPECT_TRUE(has_line(text, "$SYSTEMD_NSPAWN_API_VFS_WRITABLE", "network", "environment"));
    EXPECT_TRUE(has_line(text, "Exec.SuppressSync=", "yes", "environment"));
    EXPECT_TRUE(!strstr(text, "$SYSTEMD_NSPAWN_TMPFS_TMP"));

    EXPECT_OK(given_resolve(&plain, WORDS("-Mweb"), true, ERR));
    auto_free char *usual = explained(&plain, err_);
    EXPECT_TRUE(!strstr(usual, "environment") && has_line(usual, "Exec.SuppressSync=", "no", "default"));
}

TEST(two_ways_are_compared_by_what_counts)
{
    CLEANUP(given_done) struct given by_hand = {.file = "[Exec]\nUser=games\nEnvironment=A=b\nEnvironment=C=d\n"};
    CLEANUP(given_done) struct given as_service = {.file = "[Exec]\nUser=games\nEnvironment=A=b\n"};
    auto_close int fd = memfd_create("table", MFD_CLOEXEC);

    EXPECT_OK(given_resolve(&by_hand, WORDS("-D/srv/web", "-n", "-n"), true, ERR));
    EXPECT_OK(given_resolve(&as_service, WORDS("-D/srv/web", "-n", "-b"), true, ERR));
    const struct settings_side sides[2] = {
        {"LEFT", &by_hand.settings, &by_hand.spec},
        {"RIGHT", &as_service.settings, &as_service.spec},
    };
    EXPECT_OK(settings_compare(sides, fd, ERR));
    off_t size = lseek(fd, 0, SEEK_END);
    auto_free char *text = mem_alloc((size_t) size + 1);
    EXPECT_INT(pread(fd, text, (size_t) size, 0), size);
    EXPECT_TRUE(has_line(text, "start", "command", "boot"));
    EXPECT_TRUE(has_line(text, "Exec.Boot=", "no", "yes"));
    EXPECT_TRUE(has_line(text, "Exec.Environment=", "A=b C=d", "A=b"));
    EXPECT_TRUE(strstr(text, "LEFT") && strstr(text, "RIGHT"));
    EXPECT_TRUE(!strstr(text, "Network.VirtualEthernet") && !strstr(text, "Exec.User=") && !strstr(text, "machine "));
}

TEST(a_table_that_cannot_be_written_is_an_error)
{
    CLEANUP(given_done) struct given g = {0};

    EXPECT_OK(given_resolve(&g, WORDS("-Mweb"), true, ERR));
    EXPECT_FAIL(settings_explain(&g.settings, &g.spec, -1, ERR), 9, "cannot print the settings");
}

TESTS(RUN(two_ways_are_compared_by_what_counts), RUN(each_setting_has_its_origin),
      RUN(every_default_is_shown_when_nobody_says_anything),
      RUN(switches_of_the_environment_are_shown_where_they_change_something),
      RUN(a_table_that_cannot_be_written_is_an_error))
