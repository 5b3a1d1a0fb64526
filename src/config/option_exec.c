/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options about what is run, as whom, under which name and within which limits. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/cpu_list.h"
#include "config/machine_name.h"
#include "config/option_parsers.h"
#include "config/personality.h"
#include "config/rlimit_parse.h"
#include "config/signal_name.h"

DEFINE_BOOLEAN(option_notify_ready, notify_ready, "notify-ready")
DEFINE_BOOLEAN(option_suppress_sync, suppress_sync, "suppress-sync")
PARSER(option_uid)
{
    /* in a file an empty value takes back what it said before; here it would silently mean root */
    if (!*value) {
        (void) fail_plain(err, EINVAL, "the user's name is empty");
        return refuse(err, "R1121", mem_format("Failed to resolve user ."));
    }
    text_set(&spec->user, value);
    return 0;
}

PARSER(option_command)
{
    NOTHING_FAILS;
    strings_add(&spec->command, value);
    return 0;
}

static int start_set(struct spec *spec, enum start_mode mode, struct error **err)
{
    if (spec->start != START_COMMAND && spec->start != mode) {
        (void) fail_plain(err, EINVAL, "--boot and --as-pid2 may not be combined.");
        fail_hint(*err, "init wants to be PID 1; --as-pid2 is for commands that do not");
        fail_id(*err, "R1210");
        return -EINVAL;
    }
    spec->start = mode;
    return 0;
}

/* In a file "no" takes back only its own "yes", which may come from a line further up. */
static int start_key_set(struct spec *spec, enum start_mode mode, const char *value, struct error **err)
{
    bool wanted;

    if (switch_parse(value, &wanted, err) < 0)
        return -error_code(*err);
    if (!wanted) {
        spec->start = spec->start == mode ? START_COMMAND : spec->start;
        return 0;
    }
    if (spec->start != START_COMMAND && spec->start != mode)
        return fail_plain(err, EINVAL, "Boot= and ProcessTwo= may not both be set");
    spec->start = mode;
    return 0;
}

PARSER(option_boot)
{
    (void) value;
    return start_set(spec, START_BOOT, err);
}

PARSER(option_as_pid2)
{
    (void) value;
    return start_set(spec, START_STUB_INIT, err);
}

PARSER(option_boot_key)
{
    return start_key_set(spec, START_BOOT, value, err);
}

PARSER(option_as_pid2_key)
{
    return start_key_set(spec, START_STUB_INIT, value, err);
}

PARSER(option_chdir)
{
    auto_free char *path = NULL;

    if (!path_is_absolute(value)) {
        (void) fail_plain(err, EINVAL, "it is a path in the container, where nothing is relative yet");
        return refuse(err, "R1110", mem_format("Working directory %s is not an absolute path.", value));
    }
    if (path_has_dotdot(value)) {
        (void) fail_plain(err, EINVAL, "'..' depends on what the folders in front of it are in the container");
        return refuse(err, "R1110", mem_format("Working directory path is not normalized: %s", value));
    }
    if (path_make_absolute(value, &path, err) < 0)
        return -error_code(*err);
    text_set(&spec->working_directory, path);
    return 0;
}

static int refuse_variable(const char *value, struct error **err)
{
    (void) fail_plain(err, EINVAL, "a variable's name is letters, digits and '_', and does not begin with a digit");
    return refuse(err, "R1111", mem_format("Cannot assign environment variable %s: %s", value, strerror(EINVAL)));
}

/* NAME alone hands on the caller's variable; one that is not set becomes empty. */
PARSER(option_setenv)
{
    size_t length = strcspn(value, "=");

    if (!environment_name_is_valid(value, length))
        return refuse_variable(value, err);
    if (value[length]) {
        environment_set(&spec->environment, value);
        return 0;
    }

    const char *ours = getenv(value);
    auto_free char *assignment = mem_format("%s=%s", value, ours ? ours : "");
    environment_set(&spec->environment, assignment);
    return 0;
}

/* A file is not read in the environment it was written in: no NAME alone. */
PARSER(option_setenv_key)
{
    size_t length = strcspn(value, "=");

    if (!value[length])
        return fail_plain(err, EINVAL, "'%s' is not NAME=VALUE", value);
    if (!environment_name_is_valid(value, length))
        return refuse_variable(value, err);
    environment_set(&spec->environment, value);
    return 0;
}

PARSER(option_kill_signal)
{
    if (signal_parse(value, &spec->kill_signal) < 0) {
        (void) fail_plain(err, EINVAL,
                          "names are in capitals, as in TERM, SIGUSR1 or RTMIN+3; --kill-signal=help lists them");
        return refuse(err, "R1112", mem_format("Cannot parse signal: %s", value));
    }
    return 0;
}

PARSER(option_machine)
{
    if (*value && machine_name_check(value, err) < 0)
        return refuse(err, "R1113", mem_format("Invalid machine name: %s", value));
    text_set(&spec->machine, value);
    spec->machine_given = *value;
    return 0;
}

PARSER(option_hostname)
{
    if (*value && machine_name_check(value, err) < 0)
        return refuse(err, "R1114", mem_format("Invalid hostname: %s", value));
    text_set(&spec->hostname, value);
    return 0;
}

PARSER(option_uuid)
{
    struct id128 id;

    if (id128_parse(value, &id) < 0) {
        (void) fail_plain(err, EINVAL, "an id is 32 hex digits, or the form with dashes");
        return refuse(err, "R1115", mem_format("Invalid UUID: %s", value));
    }
    if (id128_is_null(id)) {
        (void) fail_plain(err, EINVAL, "leave the option out for a random one");
        return refuse(err, "R1116", mem_format("Machine UUID may not be all zeroes."));
    }
    spec->uuid = id;
    return 0;
}

static int limit_set(struct spec *spec, int number, const char *value, struct error **err)
{
    struct rlimit limit;

    if (rlimit_parse(number, value, &limit, err) < 0)
        return refuse(err, "R1118", mem_format("Failed to parse resource limit: %s", value));
    spec->limits[number] = (struct resource_limit){.set = true, .value = limit};
    return 0;
}

PARSER(option_rlimit)
{
    const char *equals = strchr(value, '=');

    if (!equals) {
        (void) fail_plain(err, EINVAL, "as in --rlimit=NOFILE=1024:4096; --rlimit=help lists the names");
        return refuse(err, "R1117", mem_format("--rlimit= expects an '=' assignment."));
    }

    int number = rlimit_number(value, (size_t) (equals - value));
    if (number < 0) {
        (void) fail_plain(err, EINVAL, "--rlimit=help lists the names");
        return refuse(err, "R1119", mem_format("Unknown resource limit: %.*s", (int) (equals - value), value));
    }
    return limit_set(spec, number, equals + 1, err);
}

#define DEFINE_LIMIT(name, number) \
    PARSER(name) \
    { \
        return limit_set(spec, number, value, err); \
    }

DEFINE_LIMIT(option_limit_cpu, RLIMIT_CPU)
DEFINE_LIMIT(option_limit_fsize, RLIMIT_FSIZE)
DEFINE_LIMIT(option_limit_data, RLIMIT_DATA)
DEFINE_LIMIT(option_limit_stack, RLIMIT_STACK)
DEFINE_LIMIT(option_limit_core, RLIMIT_CORE)
DEFINE_LIMIT(option_limit_rss, RLIMIT_RSS)
DEFINE_LIMIT(option_limit_nproc, RLIMIT_NPROC)
DEFINE_LIMIT(option_limit_nofile, RLIMIT_NOFILE)
DEFINE_LIMIT(option_limit_memlock, RLIMIT_MEMLOCK)
DEFINE_LIMIT(option_limit_as, RLIMIT_AS)
DEFINE_LIMIT(option_limit_locks, RLIMIT_LOCKS)
DEFINE_LIMIT(option_limit_sigpending, RLIMIT_SIGPENDING)
DEFINE_LIMIT(option_limit_msgqueue, RLIMIT_MSGQUEUE)
DEFINE_LIMIT(option_limit_nice, RLIMIT_NICE)
DEFINE_LIMIT(option_limit_rtprio, RLIMIT_RTPRIO)
DEFINE_LIMIT(option_limit_rttime, RLIMIT_RTTIME)

/* A number as C writes it: 16, 0x10, 020, and 0b10000 and 0o20. */
static int score_parse(const char *text, long *ret)
{
    const char *digits = text + (*text == '-' || *text == '+');
    int base = strncmp(digits, "0b", 2) == 0 ? 2 : strncmp(digits, "0o", 2) == 0 ? 8 : 0;
    const char *first = base ? digits + 2 : digits;
    char *end;

    if (hex_digit_value(*first) < 0)
        return -EINVAL;
    errno = 0;
    *ret = strtol(first, &end, base);
    *ret = *text == '-' ? -*ret : *ret;
    return errno || *end ? -EINVAL : 0;
}

PARSER(option_oom_score_adjust)
{
    long score;

    if (score_parse(value, &score) < 0 || score < -1000 || score > 1000) {
        (void) fail_plain(err, EINVAL, "the score is a number from -1000 to 1000");
        return refuse(err, "R1170", mem_format("Failed to parse --oom-score-adjust= parameter: %s", value));
    }
    spec->oom_score_adjust = (int32_t) score;
    spec->oom_score_given = true;
    return 0;
}

static int affinity_parse(const char *value, cpu_set_t *ret, struct error **err)
{
    int r = cpu_list_parse(value, ret, err);

    return r < 0 ? refuse(err, "R1171", mem_format("Failed to parse CPU affinity mask %s: %s", value, strerror(-r)))
                 : 0;
}

PARSER(option_cpu_affinity)
{
    cpu_set_t set;

    if (affinity_parse(value, &set, err) < 0)
        return -error_code(*err);
    spec->affinity = set;
    spec->affinity_given = CPU_COUNT(&set) > 0;
    return 0;
}

/* Lines of a file add up. */
PARSER(option_cpu_affinity_key)
{
    cpu_set_t set;

    if (affinity_parse(value, &set, err) < 0)
        return -error_code(*err);
    CPU_OR(&spec->affinity, &spec->affinity, &set);
    spec->affinity_given = CPU_COUNT(&spec->affinity) > 0;
    return 0;
}

PARSER(option_personality)
{
    if (personality_parse(value, &spec->personality) < 0) {
        (void) fail_plain(err, EINVAL, "this machine runs %s", personality_list());
        return refuse(err, "R1172", mem_format("Unknown or unsupported personality '%s'.", value));
    }
    return 0;
}
