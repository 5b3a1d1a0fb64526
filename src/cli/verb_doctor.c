/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* redd doctor: what this host has for machines, what it lacks, and what helps. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/run_host.h"
#include "cli/verb.h"
#include "machine/host_check.h"

static void print_json(const struct check_results *results, enum json_style style)
{
    struct json json = {.style = style};

    json_array(&json, NULL);
    for (size_t i = 0; i < results->count; i++) {
        json_object(&json, NULL);
        json_string(&json, "check", results->item[i].name);
        json_string(&json, "status", check_status_name(results->item[i].status));
        json_string(&json, "finding", results->item[i].finding);
        json_string(&json, "remedy", results->item[i].remedy);
        json_end(&json);
    }
    json_end(&json);
    json_finish(&json);
}

static void print_lines(const struct check_results *results, bool only_problems)
{
    for (size_t i = 0; i < results->count; i++) {
        const struct check_result *result = &results->item[i];

        if (only_problems && result->status == CHECK_OK)
            continue;
        (void) printf("%-4s  %-17s %s\n", check_status_name(result->status), result->name, result->finding);
        if (result->remedy)
            (void) printf("      %-17s hint: %s\n", "", result->remedy);
    }
}

int verb_doctor(const struct verb_call *call, int *ret_status, struct error **err)
{
    const struct registry registry = host_registry();
    CLEANUP(check_results_done) struct check_results results = {0};

    (void) err;
    host_check(&registry, "/var/lib/machines", &results);
    if (call->options->json != JSON_OFF)
        print_json(&results, call->options->json);
    else
        print_lines(&results, call->options->quiet);
    for (size_t i = 0; i < results.count; i++)
        if (results.item[i].status == CHECK_BAD)
            *ret_status = EXIT_FAILURE;
    return 0;
}
