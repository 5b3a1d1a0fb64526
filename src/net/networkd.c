/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Its files as systemd.network(5) tells: the first match counts, by name over all folders; /etc masks /usr. */
#include "net/networkd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/strings.h"

#define STATE_FILE "/run/systemd/netif/state"
#define FILE_LIMIT ((size_t) 1 << 20)

/* The first one wins where two have a file of one name. */
static const char *const folders[] = {
    "/etc/systemd/network",
    "/run/systemd/network",
    "/usr/local/lib/systemd/network",
    "/usr/lib/systemd/network",
    "/lib/systemd/network",
};

/* -- does it run -- */

/* The name of the program as the kernel cuts it. */
static bool is_networkd(int proc_fd, const char *pid)
{
    auto_free char *path = mem_format("%s/comm", pid), *comm = NULL;

    return file_read_quiet(proc_fd, path, 64, &comm) == 0 && strcmp(string_trim(comm), "systemd-network") == 0;
}

static bool shares_our_network(int proc_fd, const char *pid)
{
    auto_free char *path = mem_format("%s/ns/net", pid);
    struct stat its, ours;

    return fstatat(proc_fd, path, &its, 0) == 0 && fstatat(proc_fd, "self/ns/net", &ours, 0) == 0 &&
           its.st_dev == ours.st_dev && its.st_ino == ours.st_ino;
}

/* Neither what it wrote below /run nor its unit tell whether it runs: the former is kept, and not every host that has
 * it has systemd. So its process is looked for, but only where it has ever run: it writes the file as it starts. */
static bool is_running(void)
{
    if (access(STATE_FILE, F_OK) < 0)
        return false;

    DIR *proc = opendir("/proc");
    bool found = false;
    if (!proc)
        return false;
    for (struct dirent *entry; !found && (entry = readdir(proc));)
        found = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && is_networkd(dirfd(proc), entry->d_name) &&
                shares_our_network(dirfd(proc), entry->d_name);
    (void) closedir(proc);
    return found;
}

/* -- what its files say -- */

/* A list of shell patterns; with "!" in front of the first, none of them. */
static bool list_matches(const char *list, const char *text)
{
    CLEANUP(strings_done) struct strings words = {0};
    bool negated = *list == '!', found = false;

    strings_split(&words, list + negated, " \t");
    for (size_t i = 0; !found && i < words.count; i++)
        found = fnmatch(words.item[i], text, FNM_NOESCAPE) == 0;
    return found != negated;
}

static bool mac_matches(const char *list, struct mac mac)
{
    CLEANUP(strings_done) struct strings words = {0};
    struct mac word;

    strings_split(&words, list, " \t");
    for (size_t i = 0; i < words.count; i++)
        if (mac_parse(words.item[i], &word) == 0 && mac_equal(word, mac))
            return true;
    return false;
}

/* Whether one line of [Match] holds. Lines about the host rather than the link are taken to hold, as whoever installs
 * a file for another host does not mean this one; lines about what our links do not have do not. */
static bool match_holds(const char *key, const char *value, const struct networkd_link *link)
{
    static const char *const of_host[] = {"Host", "Virtualization", "KernelCommandLine", "KernelVersion", "Version",
                                          "Architecture", "Firmware", "Credential"};

    if (!*value)
        return true;
    if (strcmp(key, "Name") == 0)
        return list_matches(value, link->name);
    if (strcmp(key, "Kind") == 0 || strcmp(key, "Driver") == 0)
        return list_matches(value, link->kind);
    if (strcmp(key, "Type") == 0)
        return list_matches(value, strcmp(link->kind, "bridge") == 0 ? "bridge" : "ether");
    if (strcmp(key, "MACAddress") == 0)
        return mac_matches(value, link->mac);
    for (size_t i = 0; i < COUNT_OF(of_host); i++)
        if (strcmp(key, of_host[i]) == 0)
            return true;
    return *value == '!';
}

/* What a file says besides, line by line. */
static void take_setting(const char *section, const char *key, const char *value, struct networkd_file *file)
{
    bool is_network = strcmp(section, "[Network]") == 0;

    if (is_network && strcmp(key, "DHCPServer") == 0)
        file->serves_dhcp = parse_boolean(value) == 1;
    if ((is_network || strcmp(section, "[Address]") == 0) && strcmp(key, "Address") == 0 && strchr(value, ':'))
        file->leaves_ipv6 = false;
    if (is_network && (strcmp(key, "DHCPPrefixDelegation") == 0 || strcmp(key, "DHCPv6PrefixDelegation") == 0) &&
        parse_boolean(value) == 1)
        file->leaves_ipv6 = false;
    /* without an address of the link's own there is no router for the other end */
    if (is_network && strcmp(key, "LinkLocalAddressing") == 0 && parse_boolean(value) != 1 &&
        strcmp(value, "ipv6") != 0)
        file->leaves_ipv6 = false;
}

struct networkd_file networkd_file_read(const char *text, const struct networkd_link *link)
{
    CLEANUP(strings_done) struct strings lines = {0};
    struct networkd_file file = {.leaves_ipv6 = true};
    bool matches = true, has_match = false, is_unmanaged = false;
    const char *section = "";

    strings_split(&lines, text, "\n");
    for (size_t i = 0; i < lines.count; i++) {
        char *line = string_trim(lines.item[i]), *equals = strchr(line, '=');

        if (*line == '[')
            section = line;
        if (strcmp(line, "[IPv6Prefix]") == 0)
            file.leaves_ipv6 = false;
        if (*line == '#' || *line == ';' || *line == '[' || !equals)
            continue;
        *equals = '\0';
        const char *key = string_trim(line), *value = string_trim(equals + 1);
        if (strcmp(section, "[Match]") == 0) {
            has_match = true;
            matches = matches && match_holds(key, value, link);
        } else if (strcmp(section, "[Link]") == 0 && strcmp(key, "Unmanaged") == 0)
            is_unmanaged = parse_boolean(value) == 1;
        else
            take_setting(section, key, value, &file);
    }
    file.match = !matches || !has_match ? NETWORKD_OTHER : is_unmanaged ? NETWORKD_UNMANAGED : NETWORKD_MATCHES;
    return file;
}

/* Adds the names of the files in FOLDER that end in ENDING, each once. */
static void list_folder(const char *folder, const char *ending, struct strings *ret)
{
    DIR *dir = opendir(folder);

    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (string_ends(entry->d_name, ending) && !strings_contain(ret, entry->d_name))
            strings_add(ret, entry->d_name);
    (void) closedir(dir);
}

/* The names of all files in FOLDER of the folders there are, "" for these themselves. */
static void list_files(const char *folder, const char *ending, struct strings *ret)
{
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        auto_free char *path = mem_format("%s/%s", folders[i], folder);

        list_folder(path, ending, ret);
    }
    strings_sort(ret);
}

/* An empty file, as a link to /dev/null reads too, masks those of its name in the folders behind. */
static char *read_first(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        auto_free char *path = mem_format("%s/%s", folders[i], name);
        char *text = NULL;

        if (file_read_quiet(AT_FDCWD, path, FILE_LIMIT, &text) == 0)
            return text;
    }
    return NULL;
}

/* The file NAME and what is added to it in the folders NAME.d. NULL: masked. */
static char *read_whole(const char *name)
{
    CLEANUP(strings_done) struct strings names = {0}, texts = {0};
    auto_free char *folder = mem_format("%s.d", name), *text = read_first(name);

    if (!text || !*text)
        return NULL;
    strings_add(&texts, text);
    list_files(folder, ".conf", &names);
    for (size_t i = 0; i < names.count; i++) {
        auto_free char *path = mem_format("%s/%s", folder, names.item[i]), *more = read_first(path);

        if (more)
            strings_add(&texts, more);
    }
    return strings_join(&texts, "\n");
}

bool networkd_manages(const struct networkd_link *link, struct networkd_file *ret)
{
    CLEANUP(strings_done) struct strings files = {0};

    if (!is_running())
        return false;
    list_files("", ".network", &files);
    for (size_t i = 0; i < files.count; i++) {
        auto_free char *text = read_whole(files.item[i]);

        if (!text)
            continue;
        *ret = networkd_file_read(text, link);
        if (ret->match != NETWORKD_OTHER)
            return ret->match == NETWORKD_MATCHES;
    }
    return false;
}
