/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * redd complete PROGRAM WORD...: what the last WORD of a command line may become, a line each: the word, a tab, and
 * what it means. The completions of the shells (data/completions/) ask it, so that they know what the tables know.
 * Nothing at all means: the name of a file, or something that only the user knows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/strings.h"
#include "cli/run_host.h"
#include "cli/verb.h"
#include "cli/verb_option_table.h"
#include "config/options.h"
#include "image/find.h"
#include "machine/registry.h"

static void offer(const char *begun, const char *before, const char *word, const char *after, const char *help)
{
    auto_free char *whole = mem_format("%s%s%s", before, word, after);

    if (string_after(whole, begun))
        (void) printf("%s\t%s\n", whole, help ? help : "");
}

/* -- words that begin with a dash -- */

static void offer_run_options(enum program program, const char *begun)
{
    for (size_t i = 0; i < n_option_rows; i++) {
        const struct option_row *row = &option_rows[i];

        if (row->flag && row->section && (program == PROGRAM_REDD || !row->extension))
            offer(begun, "--", row->flag, row->argument == ARGUMENT_REQUIRED ? "=" : "", row->help);
    }
}

/* The known values of the option that BEGUN has up to its "=". */
static void offer_run_values(const char *begun)
{
    const struct option_row *row = option_by_flag(begun + 2, strcspn(begun + 2, "="));
    auto_free char *before = mem_copy_bytes(begun, strcspn(begun, "=") + 1);
    char buffer[OPTION_VALUE_SIZE];
    const char *value;

    for (size_t i = 0; row && row->value && (value = row->value(i, buffer)); i++)
        offer(begun, before, value, "", NULL);
}

static void offer_verb_options(enum program program, const struct verb *verb, const char *begun)
{
    for (size_t i = 0; i < verb_option_count; i++) {
        const struct verb_option *row = &verb_option_table[i];

        if (row->name && row->help && verb_option_is_for(row, program, verb))
            offer(begun, "--", row->name, row->argument ? "=" : "", row->help);
    }
}

/* -- words by their place -- */

static void offer_machines(const char *begun, const char *before)
{
    const struct registry registry = host_registry();
    CLEANUP(machine_states_done) struct machine_states machines = {0};
    auto_error struct error *ignored = NULL;

    if (registry_list(&registry, &machines, &ignored) < 0)
        return;
    for (size_t i = 0; i < machines.count; i++)
        offer(begun, before, machines.item[i].name, "", "machine");
}

static void offer_images(const char *begun)
{
    CLEANUP(images_done) struct images images = {0};

    image_list(geteuid() != 0, &images);
    for (size_t i = 0; i < images.count; i++)
        if (images.item[i].name[0] != '.')
            offer(begun, "", images.item[i].name, "", "image");
}

static void offer_names(const struct verb *verb, const char *begun)
{
    /* as in root@web */
    const char *at = strchr(begun, '@');
    auto_free char *user = at ? mem_copy_bytes(begun, (size_t) (at + 1 - begun)) : mem_copy_string("");

    if (verb->flags & VERB_RUNNING)
        offer_machines(begun, user);
    if (!(verb->flags & VERB_RUNNING) || verb->flags & VERB_STOPPED)
        offer_images(begun);
}

static void offer_verbs(enum program program, const char *begun)
{
    for (size_t i = 0; i < n_verbs; i++)
        if (verb_table[i].programs & program && verb_table[i].help)
            offer(begun, "", verb_table[i].name, "", verb_table[i].help);
}

/* One word of a synopsis: "NAME...", "[USER@]NAME", "[start|stop|list]", "FILE|-". */
static void offer_place(enum program program, const struct verb *verb, const char *place, const char *begun)
{
    CLEANUP(strings_done) struct strings words = {0};

    if (strstr(place, "VERB"))
        offer_verbs(program, begun);
    if (strstr(place, "NAME") && !strchr(place, ':'))
        offer_names(verb, begun);
    strings_split(&words, place, "[]|.");
    for (size_t i = 0; i < words.count; i++)
        if (*words.item[i] >= 'a' && *words.item[i] <= 'z')
            offer(begun, "", words.item[i], "", NULL);
}

/* The word with this INDEX behind VERB. Where there are more of them than the synopsis has, its last may repeat. */
static void offer_positional(enum program program, const struct verb *verb, size_t index, const char *begun)
{
    CLEANUP(strings_done) struct strings places = {0};

    strings_split(&places, verb->synopsis, " ");
    if (places.count == 0 || (index >= places.count && !strstr(places.item[places.count - 1], "...")))
        return;
    offer_place(program, verb, places.item[index < places.count ? index : places.count - 1], begun);
}

/* -- lines -- */

/* The word behind the letter of an option that wants one is its argument. */
static bool wants_argument(enum program program, const char *word)
{
    if (word[0] != '-' || word[1] == '\0' || word[1] == '-' || word[2] != '\0')
        return false;
    for (size_t i = 0; i < verb_option_count; i++)
        if (verb_option_table[i].letter == word[1] && verb_option_is_for(&verb_option_table[i], program, NULL))
            return verb_option_table[i].argument;
    return false;
}

static void complete_run(enum program program, const char *begun)
{
    if (string_after(begun, "--") && strchr(begun, '='))
        offer_run_values(begun);
    else if (*begun == '-')
        offer_run_options(program, begun);
}

static void complete_verbs(enum program program, int argc, char **argv)
{
    const char *begun = argv[argc - 1];
    const struct verb *verb = NULL;
    size_t index = 0;

    for (int i = 0; i + 1 < argc; i++) {
        if (wants_argument(program, argv[i]))
            i++;
        else if (*argv[i] == '-')
            continue;
        else if (verb)
            index++;
        else if (!(verb = verb_find(program, argv[i])))
            return;
    }
    if (argc > 1 && wants_argument(program, argv[argc - 2]))
        return;
    if (verb && verb->flags & VERB_RAW) {
        complete_run(program, begun);
        if (index == 0 && *begun != '-' && verb_config == verb->run_raw)
            offer_images(begun);
    } else if (verb && verb->flags & VERB_COMMAND && index > 0) {
        return;                 /* a command line of the machine's */
    } else if (*begun == '-') {
        offer_verb_options(program, verb, begun);
    } else if (verb) {
        offer_positional(program, verb, index, begun);
    } else {
        offer_verbs(program, begun);
    }
}

int verb_complete(int argc, char **argv)
{
    if (argc < 3)
        return EXIT_FAILURE;
    if (string_equal(argv[1], "systemd-nspawn"))
        complete_run(PROGRAM_MACHINECTL, argv[argc - 1]);
    else
        complete_verbs(string_equal(argv[1], "machinectl")  ? PROGRAM_MACHINECTL
                       : string_equal(argv[1], "importctl") ? PROGRAM_IMPORTCTL
                                                            : PROGRAM_REDD, argc - 2, argv + 2);
    return EXIT_SUCCESS;
}
