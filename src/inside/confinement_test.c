/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The line that says what confines a machine's processes. */
#include "inside/confinement.h"

#include <errno.h>

#include "base/mem.h"
#include "base/test.h"

static char *once_more(const char *text)
{
    struct spec spec;
    auto_error struct error *err = NULL;
    char *again;

    spec_init(&spec);
    if (confinement_parse(text, &spec, &err) < 0)
        fail_msg("'%s' is refused: %s", text, error_text(err));
    again = confinement_format(&spec);
    spec_done(&spec);
    return again;
}

TEST(what_confines_nothing_special_is_the_capabilities_alone)
{
    struct spec spec;

    spec_init(&spec);
    spec.capabilities = CAPABILITIES_DEFAULT;
    auto_free char *text = confinement_format(&spec);
    EXPECT_STR(text, "cap:fdecafff");
    spec_done(&spec);
}

TEST(each_word_comes_back_as_it_was)
{
    static const char *const texts[] = {
        "cap:0",
        "cap:ffffffffffffffff userns no-new-privileges no-filter log suppress-sync",
        "cap:1 allow:@raw-io allow:bpf deny:kexec_load deny:@clock",
        "cap:1 families:deny family:16 family:1",
        "cap:1 families:allow",
        "cap:1 limit:3=8388608=18446744073709551615 limit:7=1024=4096 oom:-500 cpu:0 cpu:1023 personality:8",
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        auto_free char *again = once_more(texts[i]);
        EXPECT_STR(again, texts[i]);
    }
}

TEST(a_word_of_a_newer_program_is_not_passed_over)
{
    struct spec spec;
    auto_error struct error *err = NULL;

    spec_init(&spec);
    EXPECT_INT(confinement_parse("cap:1 landlock:yes", &spec, &err), -EPROTONOSUPPORT);
    EXPECT_TRUE(strstr(error_text(err), "'landlock:yes'"));
    spec_done(&spec);
}

TEST(what_is_damaged_confines_nobody_and_is_refused)
{
    static const char *const texts[] = {
        "", " ", "allow:bpf", "cap:", "cap:12345678901234567", "cap:-1", "cap:xyz", "cap", "cap:1 limit:16=1=1",
        "cap:1 limit:1=1", "cap:1 limit:1=x=1", "cap:1 cpu:1024", "cap:1 family:-1", "cap:1 oom:many",
        "cap:1 families:maybe", "cap:1 log:yes", "cap:1 personality:x",
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct spec spec;
        auto_error struct error *err = NULL;

        spec_init(&spec);
        if (confinement_parse(texts[i], &spec, &err) >= 0)
            fail_msg("'%s' is taken", texts[i]);
        spec_done(&spec);
    }
}

TESTS(RUN(what_confines_nothing_special_is_the_capabilities_alone), RUN(each_word_comes_back_as_it_was),
      RUN(a_word_of_a_newer_program_is_not_passed_over), RUN(what_is_damaged_confines_nobody_and_is_refused))
