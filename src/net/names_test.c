/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The folder of names: what is found in it, and what counts for nothing. */
#include "net/names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/test.h"

static char *make_folder(void)
{
    char template[] = "/tmp/redd-names-XXXXXX";

    return mem_copy_string(mkdtemp(template));
}

static void put(const char *folder, const char *name, pid_t leader, const char *addresses)
{
    auto_free char *path = path_join(folder, name);
    FILE *file = fopen(path, "we");

    fprintf(file, "leader %d 0\n%s", (int) leader, addresses);
    fclose(file);
}

static void remove_folder(const char *folder)
{
    auto_free char *command = mem_format("rm -r %s", folder);

    EXPECT_INT(system(command), 0);
}

static pid_t dead_process(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    (void) waitpid(pid, NULL, 0);
    return pid;
}

TEST(a_machine_is_found_by_its_name_in_any_case)
{
    auto_free char *folder = make_folder();
    struct names_entry entry;

    put(folder, "Web", getpid(), "10.1.2.3\nfd00::3\n");
    EXPECT_INT(names_find(folder, "Web", &entry), 0);
    EXPECT_INT(entry.count, 2);
    EXPECT_INT(entry.address[0].family, AF_INET);
    EXPECT_INT(entry.address[1].family, AF_INET6);
    EXPECT_INT(names_find(folder, "wEB.", &entry), 0);
    EXPECT_STR(entry.name, "Web");
    EXPECT_INT(names_find(folder, "we", &entry), -ENOENT);
    EXPECT_INT(names_find(folder, "", &entry), -ENOENT);
    EXPECT_INT(names_find(folder, "../etc/passwd", &entry), -ENOENT);
    EXPECT_INT(names_find(folder, ".", &entry), -ENOENT);
    EXPECT_INT(names_find("/nonexistent", "web", &entry), -ENOENT);
    remove_folder(folder);
}

TEST(an_address_leads_to_its_machine)
{
    auto_free char *folder = make_folder();
    struct names_entry entry;
    uint8_t byte[16];

    put(folder, "web", getpid(), "10.1.2.3\n");
    put(folder, "db", getpid(), "10.1.2.4\nfd00::4\n");
    EXPECT_INT(inet_pton(AF_INET6, "fd00::4", byte), 1);
    EXPECT_INT(names_find_address(folder, AF_INET6, byte, &entry), 0);
    EXPECT_STR(entry.name, "db");
    EXPECT_INT(inet_pton(AF_INET, "10.1.2.5", byte), 1);
    EXPECT_INT(names_find_address(folder, AF_INET, byte, &entry), -ENOENT);
    remove_folder(folder);
}

TEST(what_a_killed_supervisor_left_counts_for_nothing)
{
    auto_free char *folder = make_folder();
    struct names_entry entry;
    uint8_t byte[4] = {10, 1, 2, 3};

    put(folder, "web", dead_process(), "10.1.2.3\n");
    EXPECT_INT(names_find(folder, "web", &entry), -ENOENT);
    EXPECT_INT(names_find_address(folder, AF_INET, byte, &entry), -ENOENT);
    remove_folder(folder);
}

TEST(lines_that_are_no_addresses_are_skipped)
{
    auto_free char *folder = make_folder();
    struct names_entry entry;

    put(folder, "web", getpid(), "10.1.2.3\nsomething newer\n10.1.2\n\n10.1.2.4");
    EXPECT_INT(names_find(folder, "web", &entry), 0);
    EXPECT_INT(entry.count, 2);
    remove_folder(folder);
}

TESTS(RUN(a_machine_is_found_by_its_name_in_any_case), RUN(an_address_leads_to_its_machine),
      RUN(what_a_killed_supervisor_left_counts_for_nothing), RUN(lines_that_are_no_addresses_are_skipped))
