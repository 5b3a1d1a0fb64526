/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine/autostart.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/test.h"

static void changes_done(struct autostart_changes *changes)
{
    strings_done(&changes->lines);
}

TEST(enabling_makes_the_links_that_systemctl_makes)
{
    CLEANUP(changes_done) struct autostart_changes changes = {0};
    CLEANUP(strings_done) struct strings names = {0};
    char root[] = "/tmp/redd-autostart-XXXXXX", target[256] = "";

    EXPECT_TRUE(mkdtemp(root));
    EXPECT_OK(autostart_list(root, &names, ERR));
    EXPECT_INT(names.count, 0);
    EXPECT_OK(autostart_enable(root, "web", true, &changes, ERR));
    EXPECT_INT(changes.lines.count, 2);
    auto_free char *link = mem_format("%s/machines.target.wants/systemd-nspawn@web.service", root);
    EXPECT_TRUE(readlink(link, target, sizeof target - 1) > 0);
    EXPECT_TRUE(strstr(target, "/systemd-nspawn@.service"));
    auto_free char *line = mem_format("Created symlink '%s' → '%s'.", link, target);
    EXPECT_STR(changes.lines.item[0], line);

    EXPECT_OK(autostart_enable(root, "web", true, &changes, ERR));      /* nothing new */
    EXPECT_INT(changes.lines.count, 2);
    EXPECT_OK(autostart_enable(root, "db-1.x", false, &changes, ERR));
    EXPECT_OK(autostart_list(root, &names, ERR));
    EXPECT_INT(names.count, 2);
    EXPECT_STR(names.item[0], "db-1.x");
    EXPECT_STR(names.item[1], "web");
    EXPECT_INT(tree_remove_at(AT_FDCWD, root), 0);
}

TEST(what_a_machine_needs_is_a_drop_in_of_its_unit)
{
    CLEANUP(changes_done) struct autostart_changes changes = {0};
    CLEANUP(order_done) struct order order = {0};
    char root[] = "/tmp/redd-autostart-XXXXXX";
    auto_free char *text = NULL;

    EXPECT_TRUE(mkdtemp(root));
    struct order_node *node = order_add(&order, "app");
    EXPECT_OK(autostart_write_order(root, node, &changes, ERR));
    EXPECT_INT(changes.lines.count, 0);
    strings_add(&node->requires, "db");
    strings_add(&node->after, "web");
    EXPECT_OK(autostart_write_order(root, node, &changes, ERR));
    EXPECT_OK(autostart_write_order(root, node, &changes, ERR));        /* nothing new */
    EXPECT_INT(changes.lines.count, 1);
    auto_free char *path = mem_format("%s/systemd-nspawn@app.service.d/50-redd-order.conf", root);
    EXPECT_INT(file_read_quiet(AT_FDCWD, path, 4096, &text), 0);
    EXPECT_TRUE(strstr(text, "[Unit]\nRequires=systemd-nspawn@db.service\nAfter=systemd-nspawn@db.service\n"
                             "After=systemd-nspawn@web.service\n"));

    EXPECT_OK(autostart_disable(root, "app", &changes, ERR));
    EXPECT_INT(changes.lines.count, 2);
    EXPECT_INT(access(path, F_OK), -1);
    EXPECT_INT(tree_remove_at(AT_FDCWD, root), 0);
}

TEST(disabling_takes_the_link_back)
{
    CLEANUP(changes_done) struct autostart_changes changes = {0};
    CLEANUP(strings_done) struct strings names = {0};
    char root[] = "/tmp/redd-autostart-XXXXXX";

    EXPECT_TRUE(mkdtemp(root));
    EXPECT_OK(autostart_disable(root, "web", &changes, ERR));
    EXPECT_INT(changes.lines.count, 0);
    EXPECT_OK(autostart_enable(root, "web", false, &changes, ERR));
    EXPECT_OK(autostart_disable(root, "web", &changes, ERR));
    EXPECT_TRUE(string_starts(changes.lines.item[1], "Removed '"));
    EXPECT_OK(autostart_list(root, &names, ERR));
    EXPECT_INT(names.count, 0);
    EXPECT_INT(tree_remove_at(AT_FDCWD, root), 0);
}

TESTS(RUN(enabling_makes_the_links_that_systemctl_makes), RUN(what_a_machine_needs_is_a_drop_in_of_its_unit),
      RUN(disabling_takes_the_link_back))
