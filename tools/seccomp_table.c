/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes config/seccomp_table.h at build time: the tables declared in config/syscall_names.h, for the ABIs of one
 * family of machines. Facts come from data/syscall-groups.txt (who is in which group) and data/syscall-policy.txt (who
 * may do what), numbers from libseccomp, which runs here and never in a container's start.
 *
 *     seccomp_table GROUPS POLICY CPU-FAMILY >HEADER
 *
 * Runs on the machine that builds and knows every family, so that a cross build works. Anything odd in the data ends
 * the build: a typing error must not open or close a call in silence.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/audit.h>
#include <linux/capability.h>

#include <seccomp.h>

#include "config/syscall_names.h"

#ifndef CAP_BPF
#define CAP_BPF 39
#endif

enum {
    MAX_NAMES = 1024,
    MAX_GROUPS = 32,            /* bits of syscall_name.groups */
    LAST_ORDINARY = 0xfff,      /* libseccomp is asked for numbers up to here … */
    FIRST_PRIVATE = 0xf0000,    /* … and for those that 32-bit ARM keeps to itself */
    LAST_PRIVATE = 0xf00ff,
};

struct abi {
    const char *name;
    uint32_t token;             /* libseccomp's name for it */
    uint32_t architecture;
    uint32_t base;
};

/* clang-format off */
static const struct {
    const char *name;           /* Meson's host_machine.cpu_family() */
    struct abi abi[SYSCALL_ABIS_MAX];
} families[] = {
    {"x86_64",  {{"x86-64",  SCMP_ARCH_X86_64,  AUDIT_ARCH_X86_64,  0},
                 {"x32",     SCMP_ARCH_X32,     AUDIT_ARCH_X86_64,  0x40000000},
                 {"x86",     SCMP_ARCH_X86,     AUDIT_ARCH_I386,    0}}},
    {"x86",     {{"x86",     SCMP_ARCH_X86,     AUDIT_ARCH_I386,    0}}},
    {"aarch64", {{"arm64",   SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, 0},
                 {"arm",     SCMP_ARCH_ARM,     AUDIT_ARCH_ARM,     0}}},
    {"arm",     {{"arm",     SCMP_ARCH_ARM,     AUDIT_ARCH_ARM,     0}}},
    {"riscv64", {{"riscv64", SCMP_ARCH_RISCV64, AUDIT_ARCH_RISCV64, 0}}},
};

/* Calls newer than the oldest libseccomp we build with (2.5.4). From 424 on a number means the same everywhere. */
static const struct {
    const char *name;
    int number;
    const char *only_abi;       /* NULL: all */
} newer_calls[] = {
    {"uretprobe",               335, "x86-64"},
    {"uretprobe",               335, "x32"},
    {"uprobe",                  336, "x86-64"},
    {"uprobe",                  336, "x32"},
    {"riscv_hwprobe",           258, "riscv64"},
    {"riscv_flush_icache",      259, "riscv64"},
    {"futex_waitv",             449, NULL},
    {"set_mempolicy_home_node", 450, NULL},
    {"cachestat",               451, NULL},
    {"fchmodat2",               452, NULL},
    {"map_shadow_stack",        453, NULL},
    {"futex_wake",              454, NULL},
    {"futex_wait",              455, NULL},
    {"futex_requeue",           456, NULL},
    {"statmount",               457, NULL},
    {"listmount",               458, NULL},
    {"lsm_get_self_attr",       459, NULL},
    {"lsm_set_self_attr",       460, NULL},
    {"lsm_list_modules",        461, NULL},
    {"mseal",                   462, NULL},
    {"setxattrat",              463, NULL},
    {"getxattrat",              464, NULL},
    {"listxattrat",             465, NULL},
    {"removexattrat",           466, NULL},
    {"open_tree_attr",          467, NULL},
    {"file_getattr",            468, NULL},
    {"file_setattr",            469, NULL},
    {"listns",                  470, NULL},
    {"rseq_slice_yield",        471, NULL},
};

/* libseccomp's name for a number, where the groups use the kernel's other one. */
static const struct {
    const char *theirs, *ours;
} aliases[] = {
    {"arm_sync_file_range", "sync_file_range2"},
};

static const struct {
    const char *name;
    uint8_t class;
} looked_at[] = {
    {"socket",              SYSCALL_SOCKET},
    {"socketcall",          SYSCALL_SOCKETCALL},
    {"sync",                SYSCALL_SYNC},
    {"msync",               SYSCALL_SYNC},
    {"syncfs",              SYSCALL_SYNC_FD},
    {"fsync",               SYSCALL_SYNC_FD},
    {"fdatasync",           SYSCALL_SYNC_FD},
    {"sync_file_range",     SYSCALL_SYNC_FD},
    {"sync_file_range2",    SYSCALL_SYNC_FD},   /* 32-bit ARM's order of the same arguments */
    {"open",                SYSCALL_OPEN},
    {"openat",              SYSCALL_OPENAT},
};

static const struct {
    const char *name;
    uint8_t number;
} capabilities[] = {
    {"CAP_BPF",             CAP_BPF},
    {"CAP_IPC_LOCK",        CAP_IPC_LOCK},
    {"CAP_SYSLOG",          CAP_SYSLOG},
    {"CAP_SYS_BOOT",        CAP_SYS_BOOT},
    {"CAP_SYS_MODULE",      CAP_SYS_MODULE},
    {"CAP_SYS_PACCT",       CAP_SYS_PACCT},
    {"CAP_SYS_PTRACE",      CAP_SYS_PTRACE},
    {"CAP_SYS_RAWIO",       CAP_SYS_RAWIO},
    {"CAP_SYS_TIME",        CAP_SYS_TIME},
    {"CAP_SYS_TTY_CONFIG",  CAP_SYS_TTY_CONFIG},
};
/* clang-format on */

struct call {
    char *name;
    uint32_t groups;
    int number[SYSCALL_ABIS_MAX];
    uint8_t class;
};

struct group {
    char *name;
    uint32_t includes;          /* groups whose members are its members too */
    bool has_members;
};

struct table {
    const struct abi *abi;
    size_t n_abis;
    struct call call[MAX_NAMES];
    size_t n_calls;
    struct group group[MAX_GROUPS];
    size_t n_groups;
};

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void) fputs("seccomp_table: ", stderr);
    (void) vfprintf(stderr, fmt, ap);
    (void) fputc('\n', stderr);
    va_end(ap);
    exit(EXIT_FAILURE);
}

static char *copy(const char *text)
{
    char *result = strdup(text);

    if (!result)
        die("no memory");
    return result;
}

static struct call *find_call(struct table *table, const char *name)
{
    for (size_t i = 0; i < table->n_calls; i++)
        if (strcmp(table->call[i].name, name) == 0)
            return &table->call[i];
    return NULL;
}

static struct call *get_call(struct table *table, const char *name)
{
    struct call *call = find_call(table, name);

    if (call)
        return call;
    if (table->n_calls == MAX_NAMES)
        die("more than %d names", MAX_NAMES);
    call = &table->call[table->n_calls++];
    *call = (struct call) {.name = copy(name), .number = {-1, -1, -1}, .class = SYSCALL_UNKNOWN};
    return call;
}

static size_t find_group(const struct table *table, const char *name)
{
    size_t i = 0;

    while (i < table->n_groups && strcmp(table->group[i].name, name) != 0)
        i++;
    return i;
}

/* A group may be named before its own line. */
static size_t get_group(struct table *table, const char *name)
{
    size_t i = find_group(table, name);

    if (i < table->n_groups)
        return i;
    if (table->n_groups == MAX_GROUPS)
        die("more than %d groups", MAX_GROUPS);
    table->group[table->n_groups++] = (struct group) {.name = copy(name)};
    return i;
}

/* Calls HANDLE for each line that is more than blanks and a comment, with its first character and its words. */
static void read_lines(struct table *table, const char *path,
                       void (*handle)(struct table *table, bool indented, char **word, size_t n))
{
    char line[512], *word[64], *rest;
    FILE *file = fopen(path, "re");

    if (!file)
        die("cannot open %s", path);
    while (fgets(line, sizeof line, file)) {
        size_t n = 0;
        bool indented = line[0] == ' ';

        line[strcspn(line, "#\n")] = '\0';
        for (char *w = strtok_r(line, " ", &rest); w; w = strtok_r(NULL, " ", &rest)) {
            if (n == sizeof word / sizeof *word)
                die("%s: too many words in a line", path);
            word[n++] = w;
        }
        if (n > 0)
            handle(table, indented, word, n);
    }
    if (ferror(file))
        die("cannot read %s", path);
    (void) fclose(file);
}

static void handle_group_line(struct table *table, bool indented, char **word, size_t n)
{
    static size_t current;      /* the group that indented lines belong to; this program reads one such file */

    if (!indented) {
        if (n != 1 || word[0][0] != '@')
            die("'%s' is not the name of a group", word[n - 1]);
        current = get_group(table, word[0]);
        if (table->group[current].has_members)
            die("%s is there twice", word[0]);
        return;
    }

    struct group *group = &table->group[current];
    if (table->n_groups == 0)
        die("'%s' stands before any group", word[0]);
    group->has_members = true;
    for (size_t i = 0; i < n; i++) {
        if (word[i][0] == '@')
            group->includes |= UINT32_C(1) << get_group(table, word[i]);
        else
            get_call(table, word[i])->groups |= UINT32_C(1) << current;
    }
}

/* Makes a group's members members of the groups that include it, however deep. */
static void close_groups(struct table *table)
{
    for (size_t i = 0; i < table->n_groups; i++)
        if (!table->group[i].has_members)
            die("group %s is named, but has no members", table->group[i].name);

    for (size_t round = 0; round < table->n_groups; round++)
        for (size_t i = 0; i < table->n_groups; i++)
            for (size_t j = 0; j < table->n_groups; j++)
                if (table->group[i].includes & UINT32_C(1) << j)
                    table->group[i].includes |= table->group[j].includes;

    for (size_t c = 0; c < table->n_calls; c++)
        for (size_t i = 0; i < table->n_groups; i++)
            if (table->call[c].groups & table->group[i].includes)
                table->call[c].groups |= UINT32_C(1) << i;
}

static void add_number(struct table *table, size_t abi, int number, const char *name)
{
    struct call *call = get_call(table, name);

    if (call->number[abi] >= 0 && call->number[abi] != number)
        die("%s has numbers %d and %d on %s", name, call->number[abi], number, table->abi[abi].name);
    for (size_t i = 0; i < table->n_calls; i++)
        if (&table->call[i] != call && table->call[i].number[abi] == number)
            die("number %d is both %s and %s on %s", number, table->call[i].name, name, table->abi[abi].name);
    call->number[abi] = number;
}

static const char *our_name(const char *name)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcmp(aliases[i].theirs, name) == 0)
            return aliases[i].ours;
    return name;
}

static void add_numbers(struct table *table, size_t abi, int first, int last)
{
    for (int number = first; number <= last; number++) {
        char *name = seccomp_syscall_resolve_num_arch(table->abi[abi].token, number + (int) table->abi[abi].base);

        if (name)
            add_number(table, abi, number, our_name(name));
        free(name);
    }
}

static void number_calls(struct table *table)
{
    for (size_t abi = 0; abi < table->n_abis; abi++) {
        add_numbers(table, abi, 0, LAST_ORDINARY);
        add_numbers(table, abi, FIRST_PRIVATE, LAST_PRIVATE);
        for (size_t i = 0; i < sizeof newer_calls / sizeof *newer_calls; i++)
            if (!newer_calls[i].only_abi || strcmp(newer_calls[i].only_abi, table->abi[abi].name) == 0)
                add_number(table, abi, newer_calls[i].number, newer_calls[i].name);
    }
}

static uint8_t class_for(const char *when)
{
    if (strcmp(when, "always") == 0)
        return SYSCALL_ALLOWED;
    for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++)
        if (strcmp(capabilities[i].name, when) == 0)
            return (uint8_t) (SYSCALL_NEEDS_CAPABILITY + capabilities[i].number);
    die("'%s' is neither \"always\" nor a capability this program knows", when);
}

/* "Always" wins over a capability; two capabilities for one call would need a rule that nobody has thought about. */
static void allow(struct call *call, uint8_t class)
{
    if (call->class >= SYSCALL_NEEDS_CAPABILITY && class >= SYSCALL_NEEDS_CAPABILITY && call->class != class)
        die("%s depends on two capabilities", call->name);
    if (call->class != SYSCALL_ALLOWED)
        call->class = class;
}

static void handle_policy_line(struct table *table, bool indented, char **word, size_t n)
{
    if (indented || n != 2)
        die("policy: the line of '%s' is not of two words", word[0]);

    uint8_t class = class_for(word[1]);
    if (word[0][0] != '@') {
        struct call *call = find_call(table, word[0]);

        if (!call)
            die("policy: '%s' is no system call", word[0]);
        allow(call, class);
        return;
    }

    size_t group = find_group(table, word[0]);
    if (group == table->n_groups)
        die("policy: there is no group %s", word[0]);
    for (size_t i = 0; i < table->n_calls; i++)
        if (table->call[i].groups & UINT32_C(1) << group)
            allow(&table->call[i], class);
}

/* What is known is refused, unless the policy says otherwise; the rest does not exist. */
static void refuse_known(struct table *table)
{
    size_t known = find_group(table, "@known");

    if (known == table->n_groups)
        die("there is no group @known");
    for (size_t i = 0; i < table->n_calls; i++)
        if (table->call[i].groups & UINT32_C(1) << known)
            table->call[i].class = SYSCALL_REFUSED;
}

static void mark_looked_at(struct table *table)
{
    for (size_t i = 0; i < sizeof looked_at / sizeof *looked_at; i++) {
        struct call *call = find_call(table, looked_at[i].name);

        if (!call || call->class != SYSCALL_ALLOWED)
            die("%s has to be in a group and always allowed: filters look at its arguments", looked_at[i].name);
        call->class = looked_at[i].class;
    }
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct call *) a)->name, ((const struct call *) b)->name);
}

/* The numbers FIRST..LAST that are used in an ABI: one past the greatest of them, or FIRST. */
static int range_end(const struct table *table, size_t abi, int first, int last)
{
    int end = first;

    for (size_t i = 0; i < table->n_calls; i++) {
        int number = table->call[i].number[abi];

        if (number >= end && number <= last)
            end = number + 1;
    }
    return end;
}

static int class_of(const struct table *table, size_t abi, int number)
{
    int class = SYSCALL_UNKNOWN;

    for (size_t i = 0; i < table->n_calls; i++)
        if (table->call[i].number[abi] == number)
            class = table->call[i].class;
    return class;
}

static void print_range(const struct table *table, size_t abi, int first, int end)
{
    for (int number = first; number < end; number++)
        (void) printf("%s%d,", (number - first) % 24 == 0 ? "\n    " : " ", class_of(table, abi, number));
}

/* LAST is the class in front of the range, and becomes the one behind it. Counts what is printed in *n. */
static void print_stretches(const struct table *table, size_t abi, int first, int end, int *last, size_t *n)
{
    for (int number = first; number <= end; number++) {
        int class = number < end ? class_of(table, abi, number) : SYSCALL_UNKNOWN;

        if (class != *last)
            (void) printf("%s{0x%x, %d},", (*n)++ % 8 == 0 ? "\n    " : " ", (unsigned) number, class);
        *last = class;
    }
}

static void print_abis(const struct table *table)
{
    int ordinary_end[SYSCALL_ABIS_MAX], private_end[SYSCALL_ABIS_MAX];
    size_t n_stretches[SYSCALL_ABIS_MAX] = {0};

    for (size_t abi = 0; abi < table->n_abis; abi++) {
        ordinary_end[abi] = range_end(table, abi, 0, LAST_ORDINARY);
        private_end[abi] = range_end(table, abi, FIRST_PRIVATE, LAST_PRIVATE);
        if (ordinary_end[abi] + private_end[abi] - FIRST_PRIVATE > SYSCALL_NUMBERS_MAX)
            die("%s has more than %d numbers", table->abi[abi].name, SYSCALL_NUMBERS_MAX);

        (void) printf("/* %s */\nstatic const uint8_t class_%zu[] = {", table->abi[abi].name, abi);
        print_range(table, abi, 0, ordinary_end[abi]);
        print_range(table, abi, FIRST_PRIVATE, private_end[abi]);
        (void) printf("\n};\nstatic const struct syscall_stretch stretch_%zu[] = {", abi);

        int last = -1;
        print_stretches(table, abi, 0, ordinary_end[abi], &last, &n_stretches[abi]);
        print_stretches(table, abi, FIRST_PRIVATE, private_end[abi], &last, &n_stretches[abi]);
        (void) printf("\n};\n\n");
    }

    (void) printf("const struct syscall_abi syscall_abis[] = {\n");
    for (size_t abi = 0; abi < table->n_abis; abi++)
        (void) printf("    {\"%s\", 0x%x, 0x%x, {{0, %d}, {0x%x, %d}}, class_%zu, stretch_%zu, %zu},\n",
                      table->abi[abi].name, table->abi[abi].architecture, table->abi[abi].base, ordinary_end[abi],
                      FIRST_PRIVATE, private_end[abi] - FIRST_PRIVATE, abi, abi, n_stretches[abi]);
    (void) printf("};\nconst size_t n_syscall_abis = %zu;\n\n", table->n_abis);
}

static void print_names(const struct table *table)
{
    (void) printf("static const char *const group_names[] = {\n");
    for (size_t i = 0; i < table->n_groups; i++)
        (void) printf("    \"%s\",\n", table->group[i].name);
    (void) printf("};\n\nstatic const struct syscall_name syscall_names[] = {\n");
    for (size_t i = 0; i < table->n_calls; i++) {
        const struct call *call = &table->call[i];

        (void) printf("    {\"%s\", 0x%x, {%d, %d, %d}},\n", call->name, call->groups, call->number[0], call->number[1],
                      call->number[2]);
    }
    (void) printf("};\n");
}

int main(int argc, char **argv)
{
    static struct table table;
    size_t family = 0, n_families = sizeof families / sizeof *families;

    if (argc != 4)
        die("usage: seccomp_table GROUPS POLICY CPU-FAMILY");
    while (family < n_families && strcmp(families[family].name, argv[3]) != 0)
        family++;
    if (family == n_families)
        die("no table of ABIs for machines of the family '%s'; add one to this program", argv[3]);
    table.abi = families[family].abi;
    while (table.n_abis < SYSCALL_ABIS_MAX && table.abi[table.n_abis].name)
        table.n_abis++;

    read_lines(&table, argv[1], handle_group_line);
    close_groups(&table);
    number_calls(&table);
    refuse_known(&table);
    read_lines(&table, argv[2], handle_policy_line);
    mark_looked_at(&table);
    qsort(table.call, table.n_calls, sizeof *table.call, compare_names);

    (void) printf("/* Generated by tools/seccomp_table.c; the sources are data/syscall-groups.txt and -policy.txt. */\n\n");
    print_abis(&table);
    print_names(&table);
    if (fflush(stdout) != 0)
        die("cannot write");
    return EXIT_SUCCESS;
}
