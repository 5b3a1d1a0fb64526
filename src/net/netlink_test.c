/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests as bytes, and answers as the kernel would send them, or would not. */
#include "net/netlink.h"

#include <errno.h>

#include <linux/rtnetlink.h>

#include "base/test.h"

static const struct ifinfomsg info = {.ifi_index = 7};

static const struct nlmsghdr *message_at(const struct netlink_batch *batch, size_t at)
{
    return (const void *) (batch->data + at);
}

TEST(a_request_has_its_header_and_padded_attributes)
{
    struct netlink_batch batch;

    netlink_batch_init(&batch);
    netlink_begin(&batch, RTM_NEWLINK, NLM_F_CREATE, &info, sizeof info);
    netlink_put_string(&batch, IFLA_IFNAME, "ve-web");
    netlink_put_u32(&batch, IFLA_LINK, 3);

    const struct nlmsghdr *message = message_at(&batch, 0);
    EXPECT_INT(message->nlmsg_type, RTM_NEWLINK);
    EXPECT_INT(message->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE);
    EXPECT_INT(message->nlmsg_len, 16 + 16 + 12 + 8);
    EXPECT_INT(batch.used, message->nlmsg_len);
    EXPECT_TRUE(memcmp(batch.data + 16, &info, sizeof info) == 0);

    const unsigned char wanted[] = {11, 0, IFLA_IFNAME, 0, 'v', 'e', '-', 'w', 'e', 'b', 0, 0, 8, 0, IFLA_LINK, 0};
    EXPECT_TRUE(memcmp(batch.data + 32, wanted, sizeof wanted) == 0);
    EXPECT_INT(*(const uint32_t *) (const void *) (batch.data + 48), 3);
}

TEST(a_nest_is_as_long_as_what_is_in_it)
{
    struct netlink_batch batch;

    netlink_batch_init(&batch);
    netlink_begin(&batch, RTM_NEWLINK, 0, &info, sizeof info);
    size_t outer = netlink_nest(&batch, IFLA_LINKINFO);
    netlink_put_string(&batch, IFLA_INFO_KIND, "veth");
    size_t inner = netlink_nest(&batch, IFLA_INFO_DATA);
    netlink_put_u32(&batch, 1, 1);
    netlink_nest_end(&batch, inner);
    netlink_nest_end(&batch, outer);

    const struct nlattr *attribute = (const void *) (batch.data + outer);
    EXPECT_INT(attribute->nla_type, IFLA_LINKINFO);
    EXPECT_INT(attribute->nla_len, 4 + 12 + 4 + 8);
    attribute = (const void *) (batch.data + inner);
    EXPECT_INT(attribute->nla_len, 4 + 8);
    EXPECT_INT(message_at(&batch, 0)->nlmsg_len, batch.used);
}

TEST(the_second_request_stands_behind_the_first)
{
    struct netlink_batch batch;

    netlink_batch_init(&batch);
    netlink_begin(&batch, RTM_NEWLINK, 0, &info, sizeof info);
    netlink_put_string(&batch, IFLA_IFNAME, "a");
    size_t first = batch.used;
    netlink_begin(&batch, RTM_GETLINK, NLM_F_DUMP, &info, sizeof info);
    netlink_put_u32(&batch, IFLA_MASTER, 1);

    EXPECT_INT(batch.count, 2);
    EXPECT_INT(message_at(&batch, 0)->nlmsg_len, first);
    EXPECT_INT(message_at(&batch, first)->nlmsg_type, RTM_GETLINK);
    EXPECT_INT(message_at(&batch, first)->nlmsg_len, batch.used - first);
    /* a dump ends by itself */
    EXPECT_INT(message_at(&batch, first)->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
}

TEST(a_batch_that_is_full_is_not_sent)
{
    struct netlink netlink = {.fd = -1, .sequence = 1};
    struct netlink_remark remark;
    struct netlink_batch batch;
    char text[200];

    memset(text, 'x', sizeof text);
    netlink_batch_init(&batch);
    netlink_begin(&batch, RTM_NEWLINK, 0, &info, sizeof info);
    for (int i = 0; i < 6; i++)
        netlink_put(&batch, IFLA_IFALIAS, text, sizeof text);
    EXPECT_TRUE(batch.is_full);
    EXPECT_TRUE(batch.used <= batch.size);
    netlink_nest_end(&batch, netlink_nest(&batch, IFLA_LINKINFO));
    EXPECT_INT(netlink_talk(&netlink, &batch, NULL, NULL, &remark), -EMSGSIZE);
}

/* -- answers -- */

struct answers {
    _Alignas(8) unsigned char data[256];
    size_t size;
};

static void add_answer(struct answers *answers, uint16_t type, uint16_t flags, uint32_t sequence, const void *data,
                       size_t size)
{
    const struct nlmsghdr header = {
        .nlmsg_len = (uint32_t) (NLMSG_HDRLEN + size), .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = sequence};

    memset(answers->data + answers->size, 0, NLMSG_ALIGN(header.nlmsg_len));
    memcpy(answers->data + answers->size, &header, sizeof header);
    memcpy(answers->data + answers->size + NLMSG_HDRLEN, data, size);
    answers->size += NLMSG_ALIGN(header.nlmsg_len);
}

static void add_error(struct answers *answers, uint32_t sequence, int code)
{
    const struct nlmsgerr error = {.error = -code};

    add_answer(answers, NLMSG_ERROR, 0x100, sequence, &error, sizeof error);
}

static void count_reply(const struct nlmsghdr *message, void *data)
{
    (void) message;
    ++*(int *) data;
}

TEST(all_requests_are_waited_for_and_the_first_failure_counts)
{
    struct netlink_remark remark = {""};
    struct netlink_progress progress = {.first_sequence = 5, .expected = 3, .remark = &remark};
    struct answers answers = {.size = 0};

    add_error(&answers, 5, 0);
    add_error(&answers, 6, EEXIST);
    EXPECT_INT(netlink_read_answers(&progress, answers.data, answers.size), 0);
    EXPECT_INT(progress.finished, 2);
    answers.size = 0;
    add_error(&answers, 7, ENODEV);
    EXPECT_INT(netlink_read_answers(&progress, answers.data, answers.size), 0);
    EXPECT_INT(progress.finished, 3);
    EXPECT_INT(progress.result, -EEXIST);
    EXPECT_STR(remark.text, "");
}

TEST(the_words_of_the_kernel_are_read)
{
    struct netlink_remark remark = {""};
    struct netlink_progress progress = {.first_sequence = 1, .expected = 1, .remark = &remark};
    struct answers answers = {.size = 0};
    struct {
        struct nlmsgerr error;
        struct nlattr head;
        char text[8];
    } answer = {{.error = -EINVAL, .msg.nlmsg_len = 500}, {.nla_len = 4 + 8, .nla_type = 1}, "no such"};

    /* 0x300: only the header of the request is repeated, whatever length it tells, and attributes follow */
    add_answer(&answers, NLMSG_ERROR, 0x300, 1, &answer, sizeof answer);
    EXPECT_INT(netlink_read_answers(&progress, answers.data, answers.size), 0);
    EXPECT_STR(remark.text, "no such");
    EXPECT_INT(progress.result, -EINVAL);
}

TEST(words_that_reach_over_the_end_are_not_read)
{
    struct netlink_remark remark = {""};
    struct netlink_progress progress = {.first_sequence = 1, .expected = 1, .remark = &remark};
    struct answers answers = {.size = 0};
    struct {
        struct nlmsgerr error;
        struct nlattr head;
    } answer = {{.error = -EINVAL}, {.nla_len = 60, .nla_type = 1}};

    add_answer(&answers, NLMSG_ERROR, 0x300, 1, &answer, sizeof answer);
    EXPECT_INT(netlink_read_answers(&progress, answers.data, answers.size), 0);
    EXPECT_STR(remark.text, "");
    EXPECT_INT(progress.finished, 1);
}

TEST(replies_are_handed_on_and_old_ones_are_not)
{
    int replies = 0;
    struct netlink_remark remark = {""};
    struct netlink_progress progress = {
        .first_sequence = 9, .expected = 1, .reply = count_reply, .data = &replies, .remark = &remark};
    struct answers answers = {.size = 0};

    add_answer(&answers, RTM_NEWLINK, 0, 8, &info, sizeof info);
    add_answer(&answers, RTM_NEWLINK, NLM_F_DUMP_INTR, 9, &info, sizeof info);
    add_answer(&answers, NLMSG_DONE, 0, 9, &(int){0}, sizeof(int));
    EXPECT_INT(netlink_read_answers(&progress, answers.data, answers.size), 0);
    EXPECT_INT(replies, 1);
    EXPECT_INT(progress.finished, 1);
    EXPECT_TRUE(progress.was_interrupted);
}

TEST(what_cannot_be_an_answer_is_refused)
{
    struct netlink_progress progress = {.first_sequence = 1, .expected = 1, .remark = &(struct netlink_remark){""}};
    struct answers answers = {.size = 0};

    add_answer(&answers, NLMSG_ERROR, 0, 1, &(int){0}, 2);
    EXPECT_INT(netlink_read_answers(&progress, answers.data, answers.size), -EBADMSG);
    EXPECT_INT(netlink_read_answers(&progress, answers.data, 17), -EBADMSG);
    ((struct nlmsghdr *) (void *) answers.data)->nlmsg_len = 3;
    EXPECT_INT(netlink_read_answers(&progress, answers.data, answers.size), -EBADMSG);
    EXPECT_INT(progress.finished, 0);
}

TESTS(RUN(a_request_has_its_header_and_padded_attributes), RUN(a_nest_is_as_long_as_what_is_in_it),
      RUN(the_second_request_stands_behind_the_first), RUN(a_batch_that_is_full_is_not_sent),
      RUN(all_requests_are_waited_for_and_the_first_failure_counts), RUN(the_words_of_the_kernel_are_read),
      RUN(words_that_reach_over_the_end_are_not_read), RUN(replies_are_handed_on_and_old_ones_are_not),
      RUN(what_cannot_be_an_answer_is_refused))
