/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/names.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

static struct ip_addr addr(const char *text)
{
    struct ip_addr out;

    g_assert_true(ip_addr_parse(text, &out));
    return out;
}

static void add(struct names *names, const char *owner, const char *name,
                const char *text)
{
    const struct ip_addr a = addr(text);

    g_assert_cmpint(names_add(names, owner, name, &a), ==, 0);
}

/* The first address, and how many there are. */
static enum names_result find(struct names *names, const char *name,
                              sa_family_t family, char *first, size_t *count)
{
    struct ip_addr out[NAMES_ANSWER_MAX];
    enum names_result result =
        names_find(names, name, family, true, out, count);

    first[0] = '\0';
    if (*count > 0)
        (void)ip_addr_format(&out[0], first);
    return result;
}

static void a_name_is_found_in_any_case_with_and_without_the_domain(void)
{
    struct names *names = names_new();
    static const char *const spellings[] = { "Web", "web", "WEB.dns.podman",
                                             "web.DNS.Podman" };
    char first[IP_ADDR_TEXT_MAX];
    size_t count;

    add(names, "c1", "Web", "10.89.0.2");
    add(names, "c1", "Web", "fd00:89::2");
    for (size_t i = 0; i < G_N_ELEMENTS(spellings); i++) {
        g_assert_cmpint(find(names, spellings[i], AF_INET, first, &count), ==,
                        NAMES_FOUND);
        g_assert_cmpuint(count, ==, 1);
        g_assert_cmpstr(first, ==, "10.89.0.2");
    }
    g_assert_cmpint(find(names, "web", AF_INET6, first, &count), ==,
                    NAMES_FOUND);
    g_assert_cmpstr(first, ==, "fd00:89::2");
    (void)find(names, "web", AF_UNSPEC, first, &count);
    g_assert_cmpuint(count, ==, 2);
    names_free(names);
}

static void only_the_domain_is_ours_to_deny(void)
{
    struct names *names = names_new();
    char first[IP_ADDR_TEXT_MAX];
    size_t count;

    g_assert_cmpint(find(names, "db.dns.podman", AF_INET, first, &count), ==,
                    NAMES_NONE);
    g_assert_cmpint(find(names, "dns.podman", AF_INET, first, &count), ==,
                    NAMES_NONE);
    g_assert_cmpint(find(names, "db", AF_INET, first, &count), ==,
                    NAMES_FOREIGN);
    g_assert_cmpint(find(names, "xdns.podman", AF_INET, first, &count), ==,
                    NAMES_FOREIGN);
    names_free(names);
}

static void a_name_without_such_addresses_exists_all_the_same(void)
{
    struct names *names = names_new();
    char first[IP_ADDR_TEXT_MAX];
    size_t count;

    add(names, "c1", "web", "10.89.0.2");
    g_assert_cmpint(find(names, "web", AF_INET6, first, &count), ==,
                    NAMES_FOUND);
    g_assert_cmpuint(count, ==, 0);
    names_free(names);
}

static void several_share_a_name_and_take_turns(void)
{
    struct names *names = names_new();
    char first[IP_ADDR_TEXT_MAX], second[IP_ADDR_TEXT_MAX];
    size_t count;

    add(names, "c1", "db", "10.89.0.2");
    add(names, "c2", "db", "10.89.0.3");
    add(names, "c2", "db", "10.89.0.3");
    g_assert_cmpuint(names_count(names), ==, 2);
    (void)find(names, "db", AF_INET, first, &count);
    (void)find(names, "db", AF_INET, second, &count);
    g_assert_cmpuint(count, ==, 2);
    g_assert_cmpstr(first, !=, second);
    names_remove(names, "c1");
    (void)find(names, "db", AF_INET, first, &count);
    g_assert_cmpuint(count, ==, 1);
    g_assert_cmpstr(first, ==, "10.89.0.3");
    names_remove(names, "c2");
    g_assert_cmpuint(names_count(names), ==, 0);
    g_assert_cmpint(find(names, "db", AF_INET, first, &count), ==,
                    NAMES_FOREIGN);
    names_free(names);
}

static void addresses_have_the_names_as_they_were_given(void)
{
    struct names *names = names_new();
    const struct ip_addr a = addr("10.89.0.2"), free = addr("10.89.0.9"),
                         other = addr("192.0.2.1");
    const struct ip_prefix net = { addr("10.89.0.0"), 24 };
    const char *out[NAMES_ANSWER_MAX];
    size_t count;

    names_add_subnet(names, &net);
    add(names, "c1", "Web", "10.89.0.2");
    add(names, "c1", "alias", "10.89.0.2");
    g_assert_cmpint(names_find_addr(names, &a, out, &count), ==, NAMES_FOUND);
    g_assert_cmpuint(count, ==, 2);
    g_assert_cmpstr(out[0], ==, "Web");
    g_assert_cmpstr(out[1], ==, "alias");
    g_assert_cmpint(names_find_addr(names, &free, out, &count), ==, NAMES_NONE);
    g_assert_cmpint(names_find_addr(names, &other, out, &count), ==,
                    NAMES_FOREIGN);
    names_free(names);
}

static void the_host_has_names_where_it_may_be_reached(void)
{
    struct names *names = names_new();
    const struct ip_addr gateway = addr("10.89.0.1");
    struct ip_addr out[NAMES_ANSWER_MAX];
    size_t count;

    g_assert_cmpint(
        names_find(names, "host.docker.internal", AF_INET, true, out, &count),
        ==, NAMES_NONE);
    names_add_gateway(names, &gateway);
    g_assert_cmpint(names_find(names, "Host.Containers.Internal", AF_INET, true,
                               out, &count),
                    ==, NAMES_FOUND);
    g_assert_cmpuint(count, ==, 1);
    g_assert_true(ip_addr_equal(&out[0], &gateway));
    g_assert_cmpint(
        names_find(names, "host.docker.internal", AF_INET6, true, out, &count),
        ==, NAMES_FOUND);
    g_assert_cmpuint(count, ==, 0);
    g_assert_cmpint(
        names_find(names, "host.docker.internal", AF_INET, false, out, &count),
        ==, NAMES_NONE);
    names_free(names);
}

static void what_is_no_name_is_refused(void)
{
    static const char *const bad[] = { "",   ".",   "a..b", ".a",
                                       "a.", "a b", "a/b",  "\xc3\xa4" };
    struct names *names = names_new();
    const struct ip_addr a = addr("10.89.0.2"), none = { .family = AF_UNSPEC };
    char label[66];

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_cmpint(names_add(names, "c1", bad[i], &a), ==, -EINVAL);
    memset(label, 'a', sizeof(label));
    label[64] = '\0';
    g_assert_false(names_is_valid(label));
    label[63] = '\0';
    g_assert_true(names_is_valid(label));
    g_assert_true(names_is_valid("my_app-1.web"));
    g_assert_cmpint(names_add(names, "c1", "web", &none), ==, -EINVAL);
    g_assert_cmpuint(names_count(names), ==, 0);
    names_free(names);
}

static void there_is_an_end_to_names(void)
{
    struct names *names = names_new();
    const struct ip_addr a = addr("10.89.0.2");

    for (unsigned i = 0; i < NAMES_MAX; i++) {
        g_autofree char *name = g_strdup_printf("n%u", i);

        g_assert_cmpint(names_add(names, "c1", name, &a), ==, 0);
    }
    g_assert_cmpint(names_add(names, "c1", "more", &a), ==, -ENOSPC);
    names_remove(names, "c1");
    g_assert_cmpint(names_add(names, "c1", "more", &a), ==, 0);
    names_free(names);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func(
        "/names/a name is found in any case with and without the domain",
        a_name_is_found_in_any_case_with_and_without_the_domain);
    g_test_add_func("/names/only the domain is ours to deny",
                    only_the_domain_is_ours_to_deny);
    g_test_add_func("/names/a name without such addresses exists all the same",
                    a_name_without_such_addresses_exists_all_the_same);
    g_test_add_func("/names/several share a name and take turns",
                    several_share_a_name_and_take_turns);
    g_test_add_func("/names/addresses have the names as they were given",
                    addresses_have_the_names_as_they_were_given);
    g_test_add_func("/names/the host has names where it may be reached",
                    the_host_has_names_where_it_may_be_reached);
    g_test_add_func("/names/what is no name is refused",
                    what_is_no_name_is_refused);
    g_test_add_func("/names/there is an end to names",
                    there_is_an_end_to_names);
    return g_test_run();
}
