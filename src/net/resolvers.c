/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/resolvers.h"

#include "base/fdio.h"
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"

#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT_S 5
#define DEFAULT_ATTEMPTS  2
#define TIMEOUT_MAX_S     10
#define ATTEMPTS_MAX      5
#define FILE_MAX          65536u
#define LOOK_INTERVAL_NS  1000000000LL
#define BLANKS            " \t\r"

struct resolvers {
    char *path;
    struct resolver_list list;
    struct stat seen; /* st_ino 0: never */
    bool looked, was_empty;
    int64_t looked_ns;
};

/* --- text --- */

/* if_nametoindex(3) may use a kind of socket that the filter refuses. */
static uint32_t interface_index(const char *name)
{
    struct ifreq request = { .ifr_ifindex = 0 };
    owned_fd fd = -1;

    if (g_ascii_isdigit(name[0]))
        return (uint32_t)g_ascii_strtoull(name, NULL, 10);
    if (strlen(name) >= sizeof(request.ifr_name))
        return 0;
    memcpy(request.ifr_name, name, strlen(name));
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ioctl(fd, SIOCGIFINDEX, &request) != 0)
        return 0;
    return (uint32_t)request.ifr_ifindex;
}

static void add_server(struct resolver_list *out, char *text)
{
    struct resolver *server = &out->server[out->count];
    char *zone = strchr(text, '%');

    if (out->count == RESOLVERS_MAX)
        return;
    if (zone != NULL)
        *zone++ = '\0';
    if (!ip_addr_parse(text, &server->addr))
        return;
    server->scope = zone != NULL ? interface_index(zone) : 0;
    out->count++;
}

static void take_number(const char *word, const char *option, unsigned max,
                        unsigned *out)
{
    if (g_str_has_prefix(word, option))
        *out = (unsigned)CLAMP(
            g_ascii_strtoull(word + strlen(option), NULL, 10), 1, max);
}

static void take_option(struct resolver_list *out, const char *word)
{
    take_number(word, "timeout:", TIMEOUT_MAX_S, &out->timeout_s);
    take_number(word, "attempts:", ATTEMPTS_MAX, &out->attempts);
}

/* A keyword begins its line and is followed by a blank. */
static void take_line(struct resolver_list *out, char *line)
{
    char *rest = NULL;
    const char *keyword = strtok_r(line, BLANKS, &rest);
    char *word;

    if (keyword == NULL || keyword != line)
        return;
    if (strcmp(keyword, "nameserver") == 0) {
        word = strtok_r(NULL, BLANKS, &rest);
        if (word != NULL)
            add_server(out, word);
    } else if (strcmp(keyword, "options") == 0) {
        while ((word = strtok_r(NULL, BLANKS, &rest)) != NULL)
            take_option(out, word);
    }
}

void resolvers_parse(const char *text, struct resolver_list *out)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    *out = (struct resolver_list){ .timeout_s = DEFAULT_TIMEOUT_S,
                                   .attempts = DEFAULT_ATTEMPTS };
    for (char **line = lines; *line != NULL; line++)
        take_line(out, *line);
    if (out->count == 0)
        out->server[out->count++].addr = ip_addr_v4_host(INADDR_LOOPBACK);
}

/* --- the file --- */

struct resolvers *resolvers_new(const char *path)
{
    struct resolvers *resolvers = g_new0(struct resolvers, 1);

    resolvers->path = g_strdup(path != NULL ? path : "/etc/resolv.conf");
    resolvers_parse("", &resolvers->list);
    return resolvers;
}

void resolvers_free(struct resolvers *resolvers)
{
    if (resolvers == NULL)
        return;
    g_free(resolvers->path);
    g_free(resolvers);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
           a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
           a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* False: not now; it is tried again. */
static bool read_again(struct resolvers *resolvers)
{
    owned_fd fd =
        open(resolvers->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    g_autofree char *text = g_malloc(FILE_MAX + 1);
    size_t len = 0;
    ssize_t n = -1;

    while (fd >= 0 && len < FILE_MAX &&
           (n = read(fd, text + len, FILE_MAX - len)) > 0)
        len += (size_t)n;
    if (fd < 0 || n < 0) {
        LOG_LIMITED("cannot read %s: %m", resolvers->path);
        return false;
    }
    text[len] = '\0';
    resolvers_parse(text, &resolvers->list);
    return true;
}

const struct resolver_list *resolvers_get(struct resolvers *resolvers,
                                          int64_t now_ns)
{
    struct stat now;

    if (resolvers->looked && now_ns - resolvers->looked_ns < LOOK_INTERVAL_NS)
        return &resolvers->list;
    resolvers->looked = true;
    resolvers->looked_ns = now_ns;
    if (stat(resolvers->path, &now) != 0 || !S_ISREG(now.st_mode))
        return &resolvers->list;
    /* One that is empty may just be being written. */
    if (now.st_size == 0 && !resolvers->was_empty) {
        resolvers->was_empty = true;
        return &resolvers->list;
    }
    resolvers->was_empty = now.st_size == 0;
    if (!is_same(&now, &resolvers->seen) && read_again(resolvers))
        resolvers->seen = now;
    return &resolvers->list;
}
