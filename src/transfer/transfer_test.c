/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of transfers that are text in, values out. What touches files and networks: tests/integration/transfer. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/strings.h"
#include "transfer/channel.h"
#include "transfer/checksum_list.h"
#include "transfer/chunks.h"
#include "transfer/compress.h"
#include "transfer/inspect.h"
#include "transfer/lock_lines.h"
#include "transfer/oci_document.h"
#include "transfer/oci_reference.h"
#include "transfer/oci_source.h"
#include "transfer/path_set.h"
#include "transfer/registry_login.h"
#include "transfer/registry_places.h"
#include "transfer/signature.h"
#include "transfer/simplestreams.h"
#include "transfer/stream.h"
#include "transfer/unpack_entry.h"
#include "transfer/url.h"

#include "base/test.h"

#define SUM "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define OTHER "03b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void expect_sum(const char *text, bool alone, const char *hex)
{
    char found[2 * DIGEST_MAX + 1];
    struct digest digest;

    EXPECT_INT(checksum_list_find(text, strlen(text), "image.tar", alone, &digest), hex != NULL);
    if (!hex)
        return;
    digest_format(&digest, found);
    EXPECT_STR(found, hex);
}

TEST(lists_of_checksums_come_in_several_forms)
{
    expect_sum(SUM "  image.tar\n", false, SUM);
    expect_sum(OTHER "  other\n" SUM " *image.tar\r\n", false, SUM);
    expect_sum(SUM "  ./image.tar", false, SUM);
    expect_sum("# title\nSHA256 (image.tar) = " SUM "\n", false, SUM);
    expect_sum(SUM "\n", true, SUM);
    expect_sum("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n" SUM "  image.tar\n", false, SUM);
}

TEST(what_is_no_line_about_the_file_is_passed_over)
{
    expect_sum(SUM "\n", false, NULL);
    expect_sum(SUM "  image.tar.xz\n", false, NULL);
    expect_sum("x" SUM "  image.tar\n", false, NULL);
    expect_sum(SUM "0  image.tar\n", false, NULL);
    expect_sum("SHA256 (image.tar) = " SUM "0\n", false, NULL);
    expect_sum("MD5 (image.tar) = d41d8cd98f00b204e9800998ecf8427e\n", false, NULL);
    expect_sum("", true, NULL);
}

TEST(two_sums_that_differ_are_none)
{
    static const char text[] = SUM "  image.tar\n" OTHER "  image.tar\n";
    struct digest digest;

    EXPECT_INT(checksum_list_find(text, strlen(text), "image.tar", false, &digest), -EBADMSG);
}

static void expect_path(const char *name, const char *clean)
{
    auto_error struct error *err = NULL;
    auto_free char *path = NULL;

    EXPECT_INT(entry_path_clean(name, &path, &err), 0);
    EXPECT_STR(path, clean);
}

TEST(names_in_archives_are_cleaned)
{
    auto_free char *path = NULL;

    expect_path("./", "");
    expect_path("./usr//lib/./x", "usr/lib/x");
    expect_path("/etc/passwd", "etc/passwd");
    expect_path("..a/b..", "..a/b..");
    EXPECT_FAIL(entry_path_clean("a/../b", &path, ERR), EBADMSG, "'..'");
    EXPECT_FAIL(entry_path_clean("..", &path, ERR), EBADMSG, "'..'");
}

static void expect_name(const char *source, const char *wanted)
{
    auto_free char *name = image_name_derive(CLASS_MACHINE, source);

    EXPECT_STR(name, wanted);
}

TEST(names_of_images_lose_what_says_how_they_are_packed)
{
    expect_name("/srv/web.tar.xz", "web");
    expect_name("https://host/a/disk.raw.tar.zst?x=1.tar", "disk");
    expect_name("debian-12-generic-amd64.qcow2", "debian-12-generic-amd64");
    expect_name("Rocky_9.1.img/", "Rocky-9.1");
    expect_name("ubuntu.wsl", "ubuntu");
}

TEST(urls_are_checked_and_taken_apart)
{
    auto_free char *suffixed = url_with_suffix("https://h/a/b.tar?token=1", ".sha256");
    auto_free char *beside = url_beside("https://h/a/b.tar?x=/y", "SHA256SUMS");
    auto_free char *path = url_file_path("file:///a%20b/%00c%zz"), *escaped = url_escape_for_name("http://h/\"x");

    EXPECT_OK(url_check("https://h/x", ERR));
    EXPECT_FAIL(url_check("ftp://h/x", ERR), EINVAL, "URL 'ftp://h/x' is not valid.");
    EXPECT_FAIL(url_check("https:///x", ERR), EINVAL, "not valid");
    EXPECT_FAIL(url_check("https://h/a\nb", ERR), EINVAL, "not valid");
    EXPECT_STR(suffixed, "https://h/a/b.tar.sha256");
    EXPECT_STR(beside, "https://h/a/SHA256SUMS");
    EXPECT_STR(path, "/a b/%00c%zz");
    EXPECT_STR(escaped, "http\\x3a\\x2f\\x2fh\\x2f\\x22x");
}

static void expect_reference(const char *text, const char *registry, const char *repository, const char *tag)
{
    CLEANUP(oci_reference_done) struct oci_reference reference = {0};
    auto_error struct error *err = NULL;

    EXPECT_INT(oci_reference_parse(text, &reference, &err), 0);
    EXPECT_TRUE(string_equal(reference.registry, registry));
    EXPECT_STR(reference.repository, repository);
    EXPECT_TRUE(string_equal(reference.tag, tag));
}

TEST(references_have_a_host_when_it_looks_like_one)
{
    struct oci_reference reference;

    expect_reference("alpine", NULL, "alpine", "latest");
    expect_reference("team/alpine:3.20", NULL, "team/alpine", "3.20");
    expect_reference("localhost/x", "localhost", "x", "latest");
    expect_reference("r.example.org:5000/a/b:c", "r.example.org:5000", "a/b", "c");
    expect_reference("r.example.org/a@sha256:" SUM, "r.example.org", "a", NULL);
    EXPECT_FAIL(oci_reference_parse("Upper", &reference, ERR), EINVAL, "is not valid");
    EXPECT_FAIL(oci_reference_parse("a/../b", &reference, ERR), EINVAL, "is not valid");
    EXPECT_FAIL(oci_reference_parse("a@sha256:12", &reference, ERR), EINVAL, "is not valid");
}

TEST(a_host_in_front_tells_references_from_names)
{
    EXPECT_TRUE(oci_reference_names_host("docker.io/library/alpine:3"));
    EXPECT_TRUE(oci_reference_names_host("localhost/a"));
    EXPECT_TRUE(oci_reference_names_host("host:5000/a"));
    EXPECT_TRUE(!oci_reference_names_host("debian/12.1"));
    EXPECT_TRUE(!oci_reference_names_host("alpine:3.18"));
    EXPECT_TRUE(!oci_reference_names_host("images:debian/12"));
    EXPECT_TRUE(!oci_reference_names_host("host:/a"));
    EXPECT_TRUE(!oci_reference_names_host("debian.12"));
}

static char *login_in(const char *text, const char *place)
{
    auto_error struct error *err = NULL;
    char *login = NULL;

    (void) registry_login_parse(text, strlen(text), "auth.json", place, &login, &err);
    return login ? login : mem_copy_string(err ? error_id(err) : "none");
}

TEST(the_login_is_the_one_that_is_about_the_most_of_the_name)
{
    const char *text = "{\"auths\": {\"h.example.org\": {\"auth\": \"YTpi\"}, "
                       "\"h.example.org/team\": {\"auth\": \"Yzpk\"}, "
                       "\"https://index.docker.io/v1/\": {\"auth\": \"ZTpm\"}, "
                       "\"bad.example.org\": {\"auth\": \"a\\r\\nb\"}}, "
                       "\"credHelpers\": {\"helped.example.org\": \"pass\"}}";
    static const struct {
        const char *place, *login;
    } cases[] = {
        {"h.example.org/team/app", "Yzpk"},      {"h.example.org/teams/app", "YTpi"},
        {"h.example.org.evil/team/app", "none"}, {"registry-1.docker.io/library/x", "ZTpm"},
        {"bad.example.org/x", "none"},           {"helped.example.org/x", "R5191"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        auto_free char *login = login_in(text, cases[i].place);

        EXPECT_STR(login, cases[i].login);
    }
    auto_free char *broken = login_in("{", "h/x");
    EXPECT_STR(broken, "R5190");
}

static char *places_of(const char *text, const char *place)
{
    CLEANUP(registry_rules_done) struct registry_rules rules = {0};
    CLEANUP(registry_places_done) struct registry_places places = {0};
    auto_error struct error *err = NULL;
    CLEANUP(strings_done) struct strings list = {0};

    if (registry_rules_parse(text, "conf", &rules, &err) < 0 ||
        registry_rules_apply(&rules, place, &places, &err) < 0)
        return mem_copy_string(error_id(err));
    for (size_t i = 0; i < places.count; i++)
        strings_add_format(&list, "%s%s", places.item[i].place, places.item[i].insecure ? "!" : "");
    return strings_join(&list, " ");
}

TEST(mirrors_come_before_the_registry_they_are_of)
{
    const char *text = "short-name-mode = \"enforcing\"\n[[registry]]\nprefix = \"h.org/team\"\n"
                       "location='l.org/x' # there\n"
                       "[[registry.mirror]]\nlocation = \"m1.org\"\ninsecure = true\n"
                       "[[registry.mirror]]\nlocation = \"m2.org/a/b\"\n"
                       "[[registry]]\nprefix = \"*.blocked.org\"\nblocked = true\n[aliases]\n\"a\" = \"b\"\n"
                       "[[registry]]\nlocation = \"plain.org\"\ninsecure = true\n";
    static const struct {
        const char *place, *places;
    } cases[] = {
        {"h.org/team/app", "m1.org/app! m2.org/a/b/app l.org/x/app"},
        {"h.org/teams/app", "h.org/teams/app"},
        {"a.blocked.org/x", "R5193"},
        {"notblocked.org/x", "notblocked.org/x"},
        {"plain.org/x", "plain.org/x!"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        auto_free char *places = places_of(text, cases[i].place);

        EXPECT_STR(places, cases[i].places);
    }
    auto_free char *broken = places_of("[[registry]]\nlocation = yes\n", "h.org/x");
    EXPECT_STR(broken, "R5192");
}

static int keep_size(void *data, const uint8_t *bytes, size_t size, struct error **err)
{
    struct chunk_list *list = data;
    struct chunk chunk = {.size = (uint32_t) size};

    if (chunk_hash(bytes, size, chunk.hash, err) < 0)
        return -error_code(*err);
    chunk_list_add(list, &chunk);
    return 0;
}

static void cut_all(const uint8_t *bytes, size_t size, size_t step, struct chunk_list *ret)
{
    CLEANUP(chunker_done) struct chunker chunker;
    auto_error struct error *err = NULL;

    chunker_init(&chunker, keep_size, ret);
    for (size_t at = 0; at < size; at += step)
        EXPECT_INT(chunker_write(&chunker, bytes + at, size - at < step ? size - at : step, &err), 0);
    EXPECT_INT(chunker_finish(&chunker, &err), 0);
}

TEST(a_byte_that_is_inserted_changes_one_chunk_or_two)
{
    const size_t size = 8u << 20;
    auto_free uint8_t *bytes = mem_alloc(size + 1);
    CLEANUP(chunk_list_done) struct chunk_list before = {0}, again = {0}, after = {0};
    size_t n_new = 0;
    uint64_t state = 1;

    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t) ((state = state * 6364136223846793005 + 1442695040888963407) >> 56);
    cut_all(bytes, size, 100000, &before);
    cut_all(bytes, size, size, &again);
    EXPECT_INT((int) before.count, (int) again.count);
    EXPECT_TRUE(before.count > 60 && before.count < 250);
    (void) memmove(bytes + 3000001, bytes + 3000000, size - 3000000);
    cut_all(bytes, size + 1, 65536, &after);
    for (size_t i = 0; i < after.count; i++)
        n_new += chunk_list_find(&before, after.item[i].hash) == CHUNK_NONE;
    EXPECT_TRUE(n_new >= 1 && n_new <= 2);
}

TEST(of_several_challenges_the_bearer_is_taken_apart)
{
    auto_free char *realm = NULL, *service = NULL, *scope = NULL;

    EXPECT_TRUE(!oci_challenge_parse("Basic realm=\"x\"", &realm, &service, &scope));
    EXPECT_TRUE(oci_challenge_parse("Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:x:pull\"", &realm,
                                    &service, &scope));
    EXPECT_STR(realm, "https://a/t");
    EXPECT_STR(service, "s");
    EXPECT_STR(scope, "repository:x:pull");
}

TEST(an_index_gives_the_manifest_of_a_platform)
{
    static const char text[] =
        "{\"schemaVersion\":2,\"manifests\":["
        "{\"digest\":\"sha256:" SUM "\",\"size\":1,\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\"}},"
        "{\"digest\":\"sha256:" OTHER "\",\"size\":2,\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}}]}";
    CLEANUP(oci_document_done) struct oci_document document = {0};

    EXPECT_OK(oci_document_parse(text, strlen(text), &document, ERR));
    EXPECT_TRUE(document.is_index);
    EXPECT_INT(oci_document_pick(&document, "linux/amd64", NULL)->size, 2);
    EXPECT_TRUE(!oci_document_pick(&document, "linux/s390x", NULL));
}

TEST(documents_that_are_none_are_refused)
{
    struct oci_document document;

    EXPECT_FAIL(oci_document_parse("{", 1, &document, ERR), EBADMSG, "cannot be understood");
    EXPECT_FAIL(oci_document_parse("{}", 2, &document, ERR), EBADMSG, "neither an index nor a manifest");
    EXPECT_FAIL(oci_document_parse("{\"schemaVersion\":1}", 19, &document, ERR), EOPNOTSUPP, "schema 1");
    EXPECT_FAIL(oci_document_parse("{\"manifests\":[{\"digest\":\"md5:1\"}]}", 34, &document, ERR), EBADMSG,
                "no digest");
}

TEST(settings_of_an_image_cannot_add_lines)
{
    static const char text[] = "{\"config\":{\"Env\":[\"A=x\\ny\",\"B\\nC=1\"],\"User\":\"a\\nBoot=yes\","
                               "\"WorkingDir\":\"/x\\n[Files]\",\"Cmd\":[\"a\\n\\\"b\"]}}";
    CLEANUP(oci_config_done) struct oci_config config = {0};
    auto_free char *settings = NULL;

    EXPECT_OK(oci_config_parse(text, strlen(text), &config, ERR));
    settings = oci_config_settings(&config);
    EXPECT_STR(strchr(settings, '['),
               "[Exec]\nBoot=no\nParameters=\"a\\x0a\\\"b\"\nProcessTwo=yes\nEnvironment=\"A=x\\x0ay\"\n");
}

TEST(the_newest_build_of_a_product_counts)
{
    static const char text[] =
        "{\"products\":{\"p\":{\"aliases\":\"x/1,x/one\",\"arch\":\"amd64\",\"versions\":{"
        "\"2024\":{\"items\":{\"a\":{\"ftype\":\"root.tar.xz\",\"path\":\"old\",\"sha256\":\"" SUM "\"}}},"
        "\"2025\":{\"items\":{\"a\":{\"ftype\":\"root.tar.xz\",\"path\":\"new\",\"sha256\":\"" SUM "\"}}}}},"
        "\"q\":{\"aliases\":\"x/2\",\"arch\":\"amd64\",\"versions\":{\"1\":{\"items\":{\"a\":{"
        "\"ftype\":\"root.tar.xz\",\"path\":\"../../etc\",\"sha256\":\"" SUM "\"}}}}}}}";
    CLEANUP(stream_images_done) struct stream_images images = {0};

    EXPECT_OK(stream_images_parse(text, strlen(text), &images, ERR));
    EXPECT_INT(images.count, 1);
    EXPECT_STR(stream_images_find(&images, "x/one", "amd64")->path, "new");
    EXPECT_TRUE(!stream_images_find(&images, "x/one", "arm64"));
}

TEST(the_last_line_of_a_name_counts)
{
    char text[] = "a\tpull-tar\thttp://x\tsha256:1\t-\tt\nb\tpull-tar\thttp://y\t-\t-\tt\n"
                  "a\tpull-raw\thttp://z\t-\tk\tt\n";
    char half[] = "a\tpull-tar\n";
    struct lock_line line;

    EXPECT_INT(lock_lines_find_in(text, "a", &line), 1);
    EXPECT_STR(line.source, "http://z");
    EXPECT_STR(line.key, "k");
    EXPECT_INT(lock_lines_find_in(half, "a", &line), -EBADMSG);
    EXPECT_INT(lock_lines_find_in(half, "none", &line), 0);
}

TEST(exports_say_what_they_were)
{
    CLEANUP(findings_done) struct findings pct = {0}, incus = {0};

    inspect_pct_conf("hostname: web.example\nmemory: 512\nunprivileged: 1\n", &pct);
    EXPECT_STR(pct.name, "web.example");
    EXPECT_TRUE(strstr(pct.settings, "PrivateUsers=pick\n") && strstr(pct.settings, "# it had memory: 512\n"));
    inspect_incus_yaml("name: 'c 1'\nconfig:\n  security.privileged: \"true\"\n", &incus);
    EXPECT_STR(incus.name, "c-1");
    EXPECT_TRUE(strstr(incus.settings, "PrivateUsers=no\n"));
}

TEST(half_a_signature_is_none)
{
    struct minisign minisign;
    struct minisign_key key;

    EXPECT_INT(minisign_parse("untrusted comment: x\nRWQ=\n", 26, &minisign), -EBADMSG);
    EXPECT_INT(minisign_parse("", 0, &minisign), -EBADMSG);
    EXPECT_INT(minisign_key_parse("untrusted comment: x\n", 21, &key), -EBADMSG);
}

TEST(messages_arrive_as_they_were_sent)
{
    int ends[2];
    struct message *message = mem_alloc(sizeof *message);

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    struct channel channel = {.fd = ends[1], .progress_fd = -1};
    channel_line(&channel, "a %d", 1);
    channel_progress(&channel, 5, 10);
    (void) write(ends[1], "junk", 4);
    (void) close(ends[1]);
    EXPECT_INT(channel_receive(ends[0], message), 1);
    EXPECT_STR(message->data, "a 1");
    EXPECT_INT(channel_receive(ends[0], message), 1);
    EXPECT_INT(message->type, MESSAGE_PROGRESS);
    EXPECT_INT(channel_receive(ends[0], message), -EBADMSG);
    (void) close(ends[0]);
    free(message);
}

TEST(a_set_of_paths_holds_many)
{
    struct path_set *set = path_set_new();

    for (int i = 0; i < 5000; i++) {
        auto_free char *path = mem_format("p/%d", i);

        path_set_add(set, path);
    }
    EXPECT_TRUE(path_set_has(set, "p/0") && path_set_has(set, "p/4999") && !path_set_has(set, "p/5000"));
    (void) path_set_free(set);
}

TEST(a_set_of_paths_says_when_it_has_enough)
{
    struct path_set *set = path_set_new();
    char path[16];

    for (unsigned i = 0; i < PATH_SET_MAX; i++) {
        (void) snprintf(path, sizeof path, "%u", i);
        path_set_add(set, path);
    }
    path_set_add(set, "1");
    EXPECT_TRUE(!path_set_is_full(set));
    path_set_add(set, "one more");
    EXPECT_TRUE(path_set_is_full(set) && path_set_has(set, "0") && !path_set_has(set, "one more"));
    (void) path_set_free(set);
}

TEST(a_file_name_says_how_to_compress)
{
    EXPECT_INT(compression_of_file("a.tar.gz"), COMPRESS_GZIP);
    EXPECT_INT(compression_of_file("a.tzst"), COMPRESS_ZSTD);
    EXPECT_INT(compression_of_file("gz"), COMPRESS_NONE);
    EXPECT_INT(compression_parse("zst"), COMPRESS_ZSTD);
}

#define MANY_BYTES (14u << 20)  /* of several jobs, for the quick ones */
#define SOME_BYTES (1u << 20)

/* Quickly compressed, and no two pages the same. */
static void fill(uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t) (i % 64 == 0 ? i >> 12 : i % 64 == 1 ? i >> 20 : i % 64);
}

static void expect_stream_of(int fd, const char *compression, const uint8_t *bytes, size_t size,
                             struct error **err_)
{
    CLEANUP(stream_closep) struct stream *stream = NULL;
    const void *part;
    size_t n, at = 0;

    (void) lseek(fd, 0, SEEK_SET);
    EXPECT_OK(stream_open(fd, &stream, ERR));
    EXPECT_STR(stream_compression(stream), compression);
    while (stream_next(stream, &part, &n, ERR) == 1) {
        EXPECT_TRUE(n <= size - at && memcmp(part, bytes + at, n) == 0);
        at += n;
    }
    EXPECT_INT(at, size);
}

TEST(what_is_compressed_by_many_threads_is_one_stream)
{
    auto_free uint8_t *bytes = mem_alloc(MANY_BYTES);

    fill(bytes, MANY_BYTES);
    for (enum compression kind = COMPRESS_NONE; kind <= COMPRESS_LZ4; kind++) {
        CLEANUP(compressor_closep) struct compressor *compressor = NULL;
        auto_close int fd = memfd_create("compressed", MFD_CLOEXEC);
        size_t size = kind == COMPRESS_XZ || kind == COMPRESS_BZIP2 ? SOME_BYTES : MANY_BYTES;

        EXPECT_OK(compressor_open(kind, fd, &compressor, ERR));
        EXPECT_OK(compressor_write(compressor, bytes, 1, ERR));
        EXPECT_OK(compressor_write(compressor, bytes + 1, size - 1, ERR));
        EXPECT_OK(compressor_finish(compressor, ERR));
        expect_stream_of(fd, kind == COMPRESS_NONE ? "none" : compression_name(kind), bytes, size, err_);
    }
}

TESTS(RUN(lists_of_checksums_come_in_several_forms), RUN(what_is_no_line_about_the_file_is_passed_over),
      RUN(two_sums_that_differ_are_none), RUN(names_in_archives_are_cleaned),
      RUN(names_of_images_lose_what_says_how_they_are_packed), RUN(urls_are_checked_and_taken_apart),
      RUN(the_login_is_the_one_that_is_about_the_most_of_the_name), RUN(mirrors_come_before_the_registry_they_are_of),
      RUN(a_byte_that_is_inserted_changes_one_chunk_or_two),
      RUN(references_have_a_host_when_it_looks_like_one), RUN(a_host_in_front_tells_references_from_names),
      RUN(of_several_challenges_the_bearer_is_taken_apart),
      RUN(an_index_gives_the_manifest_of_a_platform), RUN(documents_that_are_none_are_refused),
      RUN(settings_of_an_image_cannot_add_lines), RUN(the_newest_build_of_a_product_counts),
      RUN(the_last_line_of_a_name_counts), RUN(exports_say_what_they_were), RUN(half_a_signature_is_none),
      RUN(messages_arrive_as_they_were_sent), RUN(a_set_of_paths_holds_many),
      RUN(a_set_of_paths_says_when_it_has_enough), RUN(a_file_name_says_how_to_compress),
      RUN(what_is_compressed_by_many_threads_is_one_stream))
