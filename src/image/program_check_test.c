/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a program does not start. */
#include "image/program_check.h"

#include "image/architecture.h"

#include "base/test.h"

#include "image/test_fs.h"

static int tree(const char *name, const char *script)
{
    RUN_OK("mkdir -p %s/%s && cd %s/%s && %s", test_folder(), name, test_folder(), name, script);
    auto_free char *path = mem_format("%s/%s", test_folder(), name);
    return open_dir(path);
}

TEST(a_program_that_can_run_gives_no_reason)
{
    auto_close int fd = open_dir("/");

    EXPECT_OK(program_check(fd, "/bin/true", ERR));
    auto_close int script =
        tree("script", "mkdir bin && cp /bin/true bin/sh && printf '#! /bin/sh -e\\n' >x && chmod +x x");
    EXPECT_OK(program_check(script, "/x", ERR));
}

TEST(what_is_missing_or_not_executable_is_told_apart)
{
    auto_close int fd =
        tree("plain", "mkdir d && touch f && printf 'hello' >text && : >empty && chmod +x text empty && mkfifo p");

    EXPECT_FAIL(program_check(fd, "/none", ERR), ENOENT, "there is no /none in the tree");
    EXPECT_FAIL(program_check(fd, "/d", ERR), EACCES, "/d is a directory, not a program");
    EXPECT_FAIL(program_check(fd, "/p", ERR), EACCES, "/p is a special file, not a program");
    EXPECT_FAIL(program_check(fd, "/f", ERR), EACCES, "/f is not executable");
    EXPECT_HINT("chmod a+x");
    EXPECT_FAIL(program_check(fd, "/text", ERR), ENOEXEC, "neither a program nor a script");
    EXPECT_FAIL(program_check(fd, "/empty", ERR), ENOEXEC, "/empty is empty");
}

TEST(a_script_without_its_interpreter_names_it)
{
    auto_close int fd = tree("lost", "printf '#!/usr/bin/python3 -E\\n' >x && chmod +x x");

    EXPECT_FAIL(program_check(fd, "/x", ERR), ENOENT,
                "the script /x needs the interpreter /usr/bin/python3, which the tree has not");
}

/* An ELF header that names a loader, for MACHINE. */
static void write_elf(int dir_fd, const char *name, unsigned machine)
{
    unsigned char elf[200] = {0x7f, 'E', 'L', 'F', 2, 1, 1, [16] = 2, 0, [32] = 64, [54] = 56, 0, 1, 0};
    static const unsigned char header[] = {3, 0, 0, 0, 4, 0, 0, 0, 130};
    static const char loader[] = "/lib64/ld-test.so";

    elf[18] = (unsigned char) machine;
    elf[19] = (unsigned char) (machine >> 8);
    memcpy(elf + 64, header, sizeof header);
    elf[64 + 32] = sizeof loader;
    memcpy(elf + 130, loader, sizeof loader);
    auto_close int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    EXPECT_INT(write(fd, elf, sizeof elf), sizeof elf);
}

TEST(a_program_for_another_machine_says_for_which)
{
    auto_close int fd = tree("elf", "true");
    const char *native = architecture_native();

    write_elf(fd, "foreign", strcmp(native, "riscv64") == 0 ? 183 : 243);
    write_elf(fd, "strange", 0xfffe);
    EXPECT_FAIL(program_check(fd, "/foreign", ERR), ENOEXEC,
                strcmp(native, "riscv64") == 0 ? "is a program for arm64, and this machine is "
                                               : "is a program for riscv64, and this machine is ");
    EXPECT_HINT("binfmt_misc");
    EXPECT_FAIL(program_check(fd, "/strange", ERR), ENOEXEC, "for an unknown architecture");
}

TEST(a_program_without_its_loader_names_it)
{
    auto_close int fd = tree("loader", "cp -L /bin/true true");
    auto_free char *bytes = NULL, *interpreter = NULL;
    size_t size;

    EXPECT_OK(file_read_at(AT_FDCWD, "/bin/true", 1 << 20, &bytes, &size, ERR));
    EXPECT_INT(program_interpreter(bytes, size, &interpreter), 0);
    if (!interpreter)
        SKIP_TEST("/bin/true is a static program");
    EXPECT_TRUE(strstr(interpreter, "/ld"));
    EXPECT_FAIL(program_check(fd, "/true", ERR), ENOENT, interpreter);
    EXPECT_HINT("/lib64");
}

TEST(a_header_cut_anywhere_is_harmless)
{
    auto_close int fd = tree("cut", "true");
    auto_free char *bytes = NULL;
    size_t size;

    write_elf(fd, "whole", 62);
    EXPECT_OK(file_read_at(fd, "whole", 4096, &bytes, &size, ERR));
    for (size_t n = 0; n <= size; n++) {
        auto_free char *cut = mem_copy_bytes(bytes, n), *interpreter = NULL;

        (void) program_interpreter(cut, n, &interpreter);
    }
}

TEST(a_mount_without_exec_is_named)
{
    NEED_ROOT();
    auto_close int fd = tree("forbidden", "mkdir m && mount -t tmpfs -o noexec t m && cp /bin/true m/");
    auto_free char *said =
        mem_format("the file system mounted on %s/forbidden/m, where /m/true lies, has noexec", test_folder());

    EXPECT_FAIL(program_check(fd, "/m/true", ERR), EACCES, said);
}

TESTS(RUN(a_program_that_can_run_gives_no_reason), RUN(what_is_missing_or_not_executable_is_told_apart),
      RUN(a_script_without_its_interpreter_names_it), RUN(a_program_for_another_machine_says_for_which),
      RUN(a_program_without_its_loader_names_it), RUN(a_header_cut_anywhere_is_harmless),
      RUN(a_mount_without_exec_is_named))
