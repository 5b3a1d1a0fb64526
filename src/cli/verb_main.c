/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From words to a verb: what redd, machinectl and importctl have in common. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/strings.h"
#include "cli/elsewhere.h"
#include "cli/pager.h"
#include "cli/report.h"
#include "cli/status_line.h"
#include "cli/verb.h"
#include "image/user_range.h"

static const char *program_word(enum program program)
{
    return program == PROGRAM_MACHINECTL ? "machinectl" : program == PROGRAM_IMPORTCTL ? "importctl" : "redd";
}

void verb_print_help(enum program program, const struct verb *verb)
{
    enum { COLUMN = 44 };
    const char *word = program_word(program);

    if (verb) {
        (void) printf("%s %s [OPTION...] %s\n\n%c%s.\n\nOptions:\n", word, verb->name, verb->synopsis,
                      *verb->help - 'a' + 'A', verb->help + 1);
        verb_options_print_help(program, verb);
        return;
    }
    (void) printf("%s [OPTION...] VERB ...\n\n%s\n\nVerbs:\n", word,
                  program == PROGRAM_IMPORTCTL ? "Images of containers, in and out."
                                               : "Whole Linux systems in containers on one host.");
    for (size_t i = 0; i < n_verbs; i++) {
        auto_free char *text = mem_format("  %s %s", verb_table[i].name, verb_table[i].synopsis);

        if (!(verb_table[i].programs & program) || !verb_table[i].help)
            continue;
        (void) printf("%-*s%s%s\n", COLUMN, text, strlen(text) < COLUMN ? "" : " ", verb_table[i].help);
    }
    if (program == PROGRAM_REDD) {
        (void) puts("\n'redd VERB --help' says more about a verb. See redd(1).");
        return;
    }
    (void) puts("\nOptions:");
    verb_options_print_help(program, NULL);
}

int verb_help(const struct verb_call *call, int *ret_status, struct error **err)
{
    const struct verb *verb = call->argc > 0 ? verb_find(call->program, call->argv[0]) : NULL;

    (void) err;
    if (verb && verb->flags & VERB_RAW) {
        char help[] = "--help", *words[] = {call->argv[0], help, NULL};

        *ret_status = verb->run_raw(2, words);
        return 0;
    }
    verb_print_help(call->program, verb);
    return 0;
}

int verb_version(const struct verb_call *call, int *ret_status, struct error **err)
{
    (void) ret_status, (void) err;
    if (call->options->json != JSON_OFF)
        print_version_json(call->options->json);
    else
        print_version();
    return 0;
}

static int fail_unknown_verb(enum program program, const char *word, struct error **err)
{
    const char *names[128], *nearest;
    size_t n = 0;
    int r;

    for (size_t i = 0; i < n_verbs && n < COUNT_OF(names); i++)
        if (verb_table[i].programs & program && verb_table[i].help)
            names[n++] = verb_table[i].name;
    nearest = string_nearest(word, names, n);
    if (program == PROGRAM_REDD)
        r = fail_plain(err, EINVAL, "unknown verb '%s'", word);
    else if (nearest)
        r = fail_plain(err, EINVAL, "Unknown command verb '%s', did you mean '%s'?", word, nearest);
    else
        r = fail_plain(err, EINVAL, "Unknown command verb '%s'.", word);
    fail_id(*err, "R1006");
    if (nearest && program == PROGRAM_REDD)
        fail_hint(*err, "did you mean 'redd %s'? 'redd help' lists all verbs", nearest);
    else
        fail_hint(*err, "'%s help' lists all verbs", program_word(program));
    return r;
}

static int check_count(const struct verb *verb, int argc, enum program program, struct error **err)
{
    bool few = argc < verb->min, many = verb->max != VERB_ANY_NUMBER && argc > verb->max;

    if (!few && !many)
        return 0;
    int r = fail_plain(err, EINVAL, "%s", few ? "Too few arguments." : "Too many arguments.");
    fail_id(*err, "R1007");
    fail_hint(*err, "as in: %s %s %s", program_word(program), verb->name, verb->synopsis);
    return r;
}

static const struct verb *default_verb(enum program program)
{
    for (size_t i = 0; i < n_verbs; i++)
        if (verb_table[i].programs & program && verb_table[i].flags & VERB_DEFAULT)
            return &verb_table[i];
    return NULL;
}

static int find_verb(enum program program, const struct verb_words *words, const struct verb **ret, struct error **err)
{
    if (words->argc > 0) {
        *ret = verb_find(program, words->argv[0]);
        return *ret ? 0 : fail_unknown_verb(program, words->argv[0], err);
    }
    *ret = program == PROGRAM_REDD ? NULL : default_verb(program);
    if (!*ret)
        *ret = verb_find(program, "help");
    return 0;
}

/* Who has no range has no such trees, and the kernel that allows no namespaces allowed none when they were made. */
static int act_for_range(struct error **err)
{
    struct user_range range;

    if (geteuid() == 0 || !user_range_has_mappers() || !user_range_find(NULL, &range) ||
        user_range_enter(&range, false) != -EACCES)
        return 0;
    int r = fail_plain(err, EPERM, "newuidmap or newgidmap refuses to map the ids of /etc/subuid and /etc/subgid");
    fail_id(*err, "R1008");
    fail_hint(*err, "both have to be set-user-id root, or to have the capability cap_setuid or cap_setgid");
    return r;
}

static int run_with_status_line(const struct verb_call *call, int *ret_status, struct error **err)
{
    auto_free char *words = strings_join(&(struct strings){.item = call->argv, .count = (size_t) call->argc}, " ");
    bool is_plain = string_is_printable(words);
    auto_free char *text = mem_format("%s %s%s%s", program_word(call->program), call->verb->name, is_plain ? " " : "",
                                      is_plain ? words : "");
    struct status_line line = status_line_open(text);
    int r = call->verb->run(call, ret_status, err);

    status_line_close(&line);
    return r;
}

static int call_verb(enum program program, const struct verb_words *words, int *ret_status, char **ret_name,
                     struct error **err)
{
    const struct verb *verb;

    if (find_verb(program, words, &verb, err) < 0)
        return -EINVAL;
    if (program == PROGRAM_REDD && words->argc > 0) {
        free(*ret_name);
        *ret_name = mem_format("redd %s", verb->name);
    }
    if (words->options.help) {
        verb_print_help(program, words->argc > 0 && program == PROGRAM_REDD ? verb : NULL);
        return 0;
    }
    if (words->options.version) {
        print_version();
        return 0;
    }

    int argc = words->argc > 0 ? words->argc - 1 : 0;
    const struct verb_call call = {
        .verb = verb, .program = program, .program_name = *ret_name,
        .argc = argc, .argv = words->argv + (words->argc > 0), .options = &words->options,
    };
    if (check_count(verb, argc, program, err) < 0)
        return -EINVAL;
    if (verb->flags & VERB_OWNERS && words->options.user_scope && act_for_range(err) < 0)
        return -EPERM;
    bool paged = verb->flags & VERB_PAGED && !words->options.no_pager && words->options.json == JSON_OFF;
    pid_t pager = paged ? pager_open() : 0;
    int r = verb->flags & VERB_LONG && !words->options.quiet ? run_with_status_line(&call, ret_status, err)
                                                             : verb->run(&call, ret_status, err);

    pager_close(pager);
    return r;
}

/* -M of the empty name, and of ".host", is here. */
static bool is_elsewhere(const struct verb_options *options)
{
    const char *machine = options->machine;

    return options->host || (machine && *machine && strcmp(machine, ".host") != 0);
}

static int go_elsewhere(enum program program, const struct verb_words *words, struct error **err)
{
    CLEANUP(strings_done) struct strings all = {0};

    strings_add(&all, program_word(program));
    for (size_t i = 0; i < words->passed.count; i++)
        strings_add(&all, words->passed.item[i]);
    strings_add(&all, "--");
    for (int i = 0; i < words->argc; i++)
        strings_add(&all, words->argv[i]);
    return elsewhere_call(words->options.host, words->options.machine, &all,
                          isatty(STDIN_FILENO) && isatty(STDOUT_FILENO), err);
}

int verb_main(enum program program, int argc, char **argv)
{
    CLEANUP(verb_words_done) struct verb_words words = {0};
    auto_error struct error *err = NULL;
    auto_free char *name = mem_copy_string(program_word(program));
    const struct verb *verb = argc > 1 ? verb_find(program, argv[1]) : NULL;
    int status = EXIT_SUCCESS;

    if (verb && verb->flags & VERB_RAW)
        return verb->run_raw(argc - 1, argv + 1);
    if (verb_options_read(program, argc, argv, &words, &err) < 0 ||
        (is_elsewhere(&words.options) && go_elsewhere(program, &words, &err) < 0) ||
        call_verb(program, &words, &status, &name, &err) < 0)
        return report(name, err);
    if (fflush(stdout) != 0 && errno != EPIPE) {
        log_error("%s: cannot write: %s", name, strerror(errno));
        return EXIT_FAILURE;
    }
    return status;
}
