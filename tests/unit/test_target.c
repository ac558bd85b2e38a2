/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/target.h"

#include "base/own.h"
#include "deny_call.h"
#include "own_namespace.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define DEADLINE_MS 20000

/* A loop with one target in it, and what it was told. */
struct scene {
    struct loop *loop;
    struct target *target;
    struct loop_timer timer;
    int calls;
};

static void told(void *self)
{
    struct scene *s = self;

    s->calls++;
    loop_stop(s->loop, 0);
}

static void out_of_time(void *self)
{
    loop_stop(((struct scene *)self)->loop, 1);
}

static struct scene *scene_new(void)
{
    struct scene *s = g_new0(struct scene, 1);

    s->loop = loop_new(NULL);
    s->timer = (struct loop_timer){ .expired = out_of_time, .self = s };
    return s;
}

static struct scene *scene_of_path(const char *path)
{
    g_autoptr(GError) err = NULL;
    struct scene *s = scene_new();

    s->target = target_watch_path(s->loop, path, told, s, &err);
    g_assert_no_error(err);
    return s;
}

static struct scene *scene_of_pid(pid_t pid)
{
    g_autoptr(GError) err = NULL;
    struct scene *s = scene_new();

    s->target = target_watch_pid(s->loop, pid, told, s, &err);
    g_assert_no_error(err);
    return s;
}

static void scene_free(struct scene *s)
{
    target_free(s->target);
    loop_free(s->loop);
    g_free(s);
}

static void assert_not_told_for(struct scene *s, int64_t ms)
{
    loop_timer_in_ms(s->loop, &s->timer, ms);
    g_assert_cmpint(loop_run(s->loop), ==, 1);
    g_assert_cmpint(s->calls, ==, 0);
}

/* Runs the loop over all that is there by now. */
static void assert_not_told(struct scene *s)
{
    assert_not_told_for(s, 1);
}

static void assert_told_once(struct scene *s)
{
    loop_timer_in_ms(s->loop, &s->timer, DEADLINE_MS);
    g_assert_cmpint(loop_run(s->loop), ==, 0);
    loop_timer_in_ms(s->loop, &s->timer, 1);
    g_assert_cmpint(loop_run(s->loop), ==, 1);
    g_assert_cmpint(s->calls, ==, 1);
    scene_free(s);
}

/* --- the stage: a directory with a file "ns" in it --- */

static char *stage_dir, *stage_file, *stage_other;

static void make_file(const char *path)
{
    g_assert_true(g_file_set_contents(path, "", 0, NULL));
}

static void stage_set(void)
{
    g_autofree char *template =
        g_build_filename(g_get_tmp_dir(), "slipgate-target-XXXXXX", NULL);

    stage_dir = g_steal_pointer(&template);
    g_assert_nonnull(g_mkdtemp(stage_dir));
    stage_file = g_build_filename(stage_dir, "ns", NULL);
    stage_other = g_build_filename(stage_dir, "other", NULL);
    make_file(stage_file);
    make_file(stage_other);
}

static void stage_clear(void)
{
    (void)unlink(stage_file);
    (void)unlink(stage_other);
    (void)rmdir(stage_dir);
    g_clear_pointer(&stage_dir, g_free);
    g_clear_pointer(&stage_file, g_free);
    g_clear_pointer(&stage_other, g_free);
}

/* A child that only waits. */
static pid_t start_sleeper(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            (void)pause();
    }
    g_assert_cmpint(pid, >, 0);
    return pid;
}

/* Runs `body` where it can do no harm to the tests that follow. */
static void in_child(void (*body)(void))
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        body();
        _exit(0);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        g_test_skip("not possible on this machine");
    else
        g_assert_cmpint(status, ==, 0);
}

static void deny(unsigned number, int error)
{
    if (!deny_call(number, error))
        _exit(77);
}

static void need_own_mounts(void)
{
    if (!own_namespace_enter() || unshare(CLONE_NEWNS) != 0 ||
        mount("", "/", NULL, MS_PRIVATE | MS_REC, NULL) != 0)
        _exit(77);
}

/* --- processes --- */

static void tells_when_a_process_ends(void)
{
    pid_t pid = start_sleeper();
    struct scene *s = scene_of_pid(pid);

    assert_not_told(s);
    g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
    assert_told_once(s);
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
}

static void a_path_below_proc_is_its_process(void)
{
    pid_t pid = start_sleeper();
    g_autofree char *path = g_strdup_printf("/proc/%d/ns/net", (int)pid);
    struct scene *s = scene_of_path(path);

    target_watch_sandboxed(s->target);
    assert_not_told(s);
    g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
    assert_told_once(s);
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
}

static void body_without_pidfd(void)
{
    pid_t pid = start_sleeper();
    struct scene *s;

    deny(SYS_pidfd_open, ENOSYS);
    s = scene_of_pid(pid);
    target_watch_sandboxed(s->target);
    assert_not_told(s);
    g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
    assert_told_once(s); /* not reaped: a zombie is gone too */
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
}

static void manages_without_pidfd(void)
{
    in_child(body_without_pidfd);
}

static void refuses_what_is_gone_already(void)
{
    g_autoptr(GError) err = NULL;
    struct scene *s = scene_new();
    pid_t pid = start_sleeper();

    g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
    g_assert_null(target_watch_pid(s->loop, pid, told, s, &err));
    g_assert_nonnull(strstr(err->message, "No such process"));
    g_clear_error(&err);
    g_assert_null(target_watch_path(s->loop, "/nonexistent/ns", told, s, &err));
    g_assert_cmpstr(err->message, ==,
                    "watch /nonexistent/ns: No such file or directory");
    scene_free(s);
}

static void assert_unwatched(const char *path)
{
    struct scene *s = scene_of_path(path);

    target_watch_sandboxed(s->target);
    assert_not_told(s);
    scene_free(s);
}

static void leaves_descriptor_paths_alone(void)
{
    pid_t pid = start_sleeper();
    g_autofree char *path = g_strdup_printf("/proc/%d/fd/0", (int)pid);

    g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
    assert_unwatched(path);
    assert_unwatched("/proc/self/ns/net");
}

/* --- files --- */

static void end_by_unlink(void)
{
    g_assert_cmpint(unlink(stage_file), ==, 0);
}

static void end_by_rename(void)
{
    g_assert_cmpint(rename(stage_file, stage_other), ==, 0);
}

static void end_by_replacement(void)
{
    g_assert_cmpint(rename(stage_other, stage_file), ==, 0);
}

static void end_with_its_directory(void)
{
    stage_clear();
}

static const struct {
    const char *name;
    void (*end)(void);
} ends[] = {
    { "unlink", end_by_unlink },
    { "rename", end_by_rename },
    { "replacement", end_by_replacement },
    { "directory", end_with_its_directory },
};

/* Sandboxed, so that inotify alone tells. */
static void tells_when_a_file_is_gone(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
        struct scene *s;

        g_test_message("%s", ends[i].name);
        stage_set();
        s = scene_of_path(stage_file);
        target_watch_sandboxed(s->target);
        assert_not_told(s);
        ends[i].end();
        assert_told_once(s);
        if (stage_dir != NULL)
            stage_clear();
    }
}

static void its_neighbours_do_not_matter(void)
{
    g_autofree char *third = NULL;
    struct scene *s;

    stage_set();
    third = g_build_filename(stage_dir, "third", NULL);
    s = scene_of_path(stage_file);
    make_file(third);
    g_assert_cmpint(rename(third, stage_other), ==, 0);
    g_assert_cmpint(unlink(stage_other), ==, 0);
    assert_not_told(s);
    scene_free(s);
    stage_clear();
}

static void body_without_inotify(void)
{
    struct scene *s;

    deny(SYS_inotify_init1, EMFILE);
    s = scene_of_path(stage_file);
    assert_not_told(s);
    end_by_replacement();
    assert_told_once(s);
}

static void manages_without_inotify(void)
{
    stage_set();
    in_child(body_without_inotify);
    stage_clear();
}

static void bind_namespace(void)
{
    if (mount("/proc/self/ns/net", stage_file, NULL, MS_BIND, NULL) != 0)
        _exit(77);
}

static void body_unmounted_only(void)
{
    struct scene *s;

    need_own_mounts();
    bind_namespace();
    s = scene_of_path(stage_file);
    assert_not_told(s);
    g_assert_cmpint(umount2(stage_file, MNT_DETACH), ==, 0);
    assert_told_once(s);
}

static void tells_when_it_is_unmounted_only(void)
{
    stage_set();
    in_child(body_unmounted_only);
    stage_clear();
}

/*
 * A container engine: unmounts and unlinks, in a mount namespace of its own,
 * when the returned descriptor is closed.
 */
static pid_t start_engine(int *go)
{
    int ends_of_go[2];
    pid_t engine;
    char c;

    g_assert_cmpint(pipe2(ends_of_go, O_CLOEXEC), ==, 0);
    engine = fork();
    if (engine == 0) {
        (void)close(ends_of_go[1]);
        g_assert_cmpint(read(ends_of_go[0], &c, 1), ==, 0);
        g_assert_cmpint(umount2(stage_file, MNT_DETACH), ==, 0);
        g_assert_cmpint(unlink(stage_file), ==, 0);
        _exit(0);
    }
    (void)close(ends_of_go[0]);
    *go = ends_of_go[1];
    return engine;
}

/* Loses sight of the stage, and takes the mount namespace before with it. */
static void enter_sandbox(void)
{
    g_assert_cmpint(unshare(CLONE_NEWNS), ==, 0);
    g_assert_cmpint(mount("none", g_get_tmp_dir(), "tmpfs", 0, NULL), ==, 0);
    g_assert_cmpint(access(stage_file, F_OK), ==, -1);
}

/* The way of podman, which gives the helper a mount namespace to begin with. */
static void body_sandboxed(void)
{
    struct scene *s;
    int go, status = -1;
    pid_t engine;

    need_own_mounts();
    bind_namespace();
    engine = start_engine(&go);
    g_assert_cmpint(unshare(CLONE_NEWNS), ==, 0);
    s = scene_of_path(stage_file);
    enter_sandbox();
    target_watch_sandboxed(s->target);
    assert_not_told_for(s, 2500); /* longer than the interval of looking */
    (void)close(go);
    g_assert_cmpint(waitpid(engine, &status, 0), ==, engine);
    g_assert_cmpint(status, ==, 0);
    assert_told_once(s);
}

static void body_sandboxed_without_inotify(void)
{
    deny(SYS_inotify_init1, EMFILE);
    body_sandboxed();
}

static void sees_the_end_from_a_sandbox(void)
{
    static void (*const bodies[])(void) = { body_sandboxed,
                                            body_sandboxed_without_inotify };

    for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++) {
        stage_set();
        in_child(bodies[i]);
        stage_clear();
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/target/tells when a process ends",
                    tells_when_a_process_ends);
    g_test_add_func("/target/a path below proc is its process",
                    a_path_below_proc_is_its_process);
    g_test_add_func("/target/manages without pidfd", manages_without_pidfd);
    g_test_add_func("/target/refuses what is gone already",
                    refuses_what_is_gone_already);
    g_test_add_func("/target/leaves descriptor paths alone",
                    leaves_descriptor_paths_alone);
    g_test_add_func("/target/tells when a file is gone",
                    tells_when_a_file_is_gone);
    g_test_add_func("/target/its neighbours do not matter",
                    its_neighbours_do_not_matter);
    g_test_add_func("/target/manages without inotify", manages_without_inotify);
    g_test_add_func("/target/tells when it is unmounted only",
                    tells_when_it_is_unmounted_only);
    g_test_add_func("/target/sees the end from a sandbox",
                    sees_the_end_from_a_sandbox);
    return g_test_run();
}
