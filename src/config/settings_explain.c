/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `redd config`: each setting, its value, and where that comes from: command line, file and line, `redd set`, the
 * environment, or nobody. What did not count is shown too, with the reason, since that is what people ask about.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/strings.h"
#include "config/settings_list.h"

struct table {
    struct strings cell;        /* three for each line: name, value, origin */
    size_t width[2];
};

/* One long bind specification must not push the last column out of sight. */
enum { WIDTH_MAX = 48 };

static void add_line(struct table *table, const char *name, const char *value, char *origin)
{
    auto_free char *shown = value ? mem_copy_string(value) : mem_copy_string("yes");

    /* values can hold anything; a table is for one line each */
    for (char *p = shown; *p; p++)
        if ((unsigned char) *p < ' ' || *p == 127)
            *p = '?';
    strings_add(&table->cell, name);
    strings_take(&table->cell, TAKE(shown));
    strings_take(&table->cell, origin);
    for (size_t i = 0; i < 2; i++) {
        size_t length = strlen(table->cell.item[table->cell.count - 3 + i]);

        if (length > table->width[i] && length <= WIDTH_MAX)
            table->width[i] = length;
    }
}

static int table_write(const struct table *table, int fd)
{
    CLEANUP(strings_done) struct strings text = {0};
    size_t size = 0, used = 0;

    for (size_t i = 0; i < table->cell.count; i += 3) {
        strings_add_format(&text, "%-*s  %-*s  %s\n", (int) table->width[0], table->cell.item[i], (int) table->width[1],
                           table->cell.item[i + 1], table->cell.item[i + 2]);
        size += strlen(text.item[text.count - 1]);
    }

    auto_free char *all = mem_alloc(size + 1);
    for (size_t i = 0; i < text.count; i++) {
        size_t length = strlen(text.item[i]);

        memcpy(all + used, text.item[i], length);
        used += length;
    }
    return fd_write_full(fd, all, size);
}

static char *origin_text(const struct settings *settings, const struct assignment *item)
{
    static const char *const states[] = {
        [ASSIGNMENT_COUNTS] = "",
        [ASSIGNMENT_OVERRIDDEN] = ", overridden",
        [ASSIGNMENT_UNTRUSTED] = ", ignored: the file is not trusted",
        [ASSIGNMENT_INVALID] = ", ignored: not understood",
        [ASSIGNMENT_TAKEN_BACK] = ", taken back further down",
    };

    if (item->origin == ORIGIN_FILE)
        return mem_format("%s:%u%s", settings->file ? settings->file : "file", item->line, states[item->state]);
    return mem_format("%s%s", item->origin == ORIGIN_KEPT ? "kept by 'redd set'" : "command line", states[item->state]);
}

static const char *row_name(const struct option_row *row, char buffer[OPTION_NAME_SIZE])
{
    if (!row->key)
        return option_name(row, buffer);
    (void) snprintf(buffer, OPTION_NAME_SIZE, "%s=", row->key);
    return buffer;
}

/* What spec_resolve() made of it all. */
static void add_results(struct table *table, const struct spec *spec)
{
    auto_free char *mask = mem_format("0x%016llx", (unsigned long long) spec->capabilities);
    auto_free char *users = spec->userns == USERNS_FIXED
        ? mem_format("%u:%u", spec->userns_base, spec->userns_size)
        : mem_copy_string(userns_mode_name(spec->userns));
    const char *tree = spec->directory ? spec->directory : spec->image ? spec->image : spec->mstack ? spec->mstack
        : spec->oci_bundle ? spec->oci_bundle : "found by the machine's name";

    add_line(table, "machine", spec->machine ? spec->machine : "", mem_copy_string("result"));
    add_line(table, "host name", spec->hostname ? spec->hostname : "", mem_copy_string("result"));
    add_line(table, "tree", tree, mem_copy_string("result"));
    add_line(table, "start", start_mode_name(spec->start), mem_copy_string("result"));
    add_line(table, "private network", spec->private_network ? "yes" : "no", mem_copy_string("result"));
    add_line(table, "private users", users, mem_copy_string("result"));
    add_line(table, "ownership", ownership_mode_name(spec->ownership), mem_copy_string("result"));
    add_line(table, "capabilities", mask, mem_copy_string("result"));
}

/* Switches that only the environment has, where they are not as usual. */
static void add_environment(struct table *table, const struct spec *spec)
{
    const struct {
        const char *name;
        bool value, usual;
    } switches[] = {
        {"$SYSTEMD_NSPAWN_API_VFS_WRITABLE", spec->api_vfs_writable, false},
        {"$SYSTEMD_NSPAWN_CHECK_OS_RELEASE", spec->check_os_release, true},
        {"$SYSTEMD_NSPAWN_LOCK", spec->lock_images, true},
        {"$SYSTEMD_NSPAWN_TMPFS_TMP", spec->tmpfs_tmp, true},
        {"$SYSTEMD_NSPAWN_UNIFIED_HIERARCHY", !spec->legacy_cgroups, true},
        {"$SYSTEMD_NSPAWN_USE_CGNS", spec->use_cgroup_namespace, true},
        {"$SYSTEMD_LOG_SECCOMP", spec->seccomp_log, false},
        {"$SYSTEMD_SECCOMP", spec->seccomp, true},
    };

    for (size_t i = 0; i < COUNT_OF(switches); i++)
        if (switches[i].value != switches[i].usual)
            add_line(table, switches[i].name, switches[i].value ? "yes" : "no", mem_copy_string("environment"));
    if (spec->api_vfs_writable_network)
        add_line(table, "$SYSTEMD_NSPAWN_API_VFS_WRITABLE", "network", mem_copy_string("environment"));
    if (spec->network_mac)
        add_line(table, "$SYSTEMD_NSPAWN_NETWORK_MAC", spec->network_mac, mem_copy_string("environment"));
}

/* What holds where no assignment counts: the option's default, but for the one that a variable can change. */
static void add_fallback(struct table *table, const struct option_row *row, const struct spec *spec, const char *name)
{
    if (row->parse == option_by_key("Exec", "SuppressSync")->parse && spec->suppress_sync)
        add_line(table, name, "yes", mem_copy_string("environment"));
    else if (row->fallback)
        add_line(table, name, row->fallback, mem_copy_string("default"));
}

/* EFFECTIVE: without what does not count. */
static void fill(struct table *table, const struct settings *settings, const struct spec *spec, bool effective)
{
    char name[OPTION_NAME_SIZE];

    add_results(table, spec);
    for (size_t i = 0; i < n_option_rows; i++) {
        const struct option_row *row = &option_rows[i];
        bool counted = false;

        for (size_t j = 0; j < settings->count; j++) {
            const struct assignment *item = &settings->item[j];

            if (item->row != row || (effective && item->state != ASSIGNMENT_COUNTS))
                continue;
            add_line(table, row_name(row, name), item->value, origin_text(settings, item));
            counted = counted || item->state == ASSIGNMENT_COUNTS;
        }
        if (!counted)
            add_fallback(table, row, spec, row_name(row, name));
    }
    add_environment(table, spec);
}

int settings_explain(const struct settings *settings, const struct spec *spec, int fd, struct error **err)
{
    struct table table = {0};

    fill(&table, settings, spec, false);

    int r = table_write(&table, fd);
    strings_clear(&table.cell);
    return r < 0 ? fail(err, -r, "cannot print the settings") : 0;
}

void settings_visit(const struct settings *settings, const struct spec *spec,
                    void (*each)(void *data, const char *name, const char *value, const char *origin), void *data)
{
    struct table table = {0};

    fill(&table, settings, spec, false);
    for (size_t i = 0; i < table.cell.count; i += 3)
        each(data, table.cell.item[i], table.cell.item[i + 1], table.cell.item[i + 2]);
    strings_clear(&table.cell);
}

/* All values of the setting NAME in one text; "-" without one. Gives. */
static char *values_of(const struct table *table, const char *name)
{
    CLEANUP(strings_done) struct strings values = {0};

    for (size_t i = 0; i < table->cell.count; i += 3)
        if (strcmp(table->cell.item[i], name) == 0 && !strings_contain(&values, table->cell.item[i + 1]))
            strings_add(&values, table->cell.item[i + 1]);
    return values.count > 0 ? strings_join(&values, " ") : mem_copy_string("-");
}

static bool has_line(const struct table *table, const char *name, size_t before)
{
    for (size_t i = 0; i < before; i += 3)
        if (strcmp(table->cell.item[i], name) == 0)
            return true;
    return false;
}

/* Adds a line for each setting of OF that is another in LEFT than in RIGHT, unless DIFFERENCES has one of that name. */
static void add_differences(struct table *differences, const struct table *of, const struct table *left,
                            const struct table *right)
{
    for (size_t i = 0; i < of->cell.count; i += 3) {
        const char *name = of->cell.item[i];
        auto_free char *one = values_of(left, name), *other = values_of(right, name);

        if (strcmp(one, other) != 0 && !has_line(differences, name, differences->cell.count))
            add_line(differences, name, one, TAKE(other));
    }
}

int settings_compare(const struct settings_side side[2], int fd, struct error **err)
{
    struct table table[2] = {{{0}}}, differences = {0};

    for (size_t i = 0; i < 2; i++)
        fill(&table[i], side[i].settings, side[i].spec, true);
    add_line(&differences, "", side[0].title, mem_copy_string(side[1].title));
    add_differences(&differences, &table[0], &table[0], &table[1]);
    add_differences(&differences, &table[1], &table[0], &table[1]);

    int r = table_write(&differences, fd);
    strings_clear(&table[0].cell);
    strings_clear(&table[1].cell);
    strings_clear(&differences.cell);
    return r < 0 ? fail(err, -r, "cannot print the settings") : 0;
}
